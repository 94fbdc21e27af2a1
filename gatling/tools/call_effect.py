"""What one call does, by its arguments too: a tool that fetches reads, unless the call says where what it fetched is to be kept.

| call | effect |
| --- | --- |
| `download_file(url=..)`, `read_file(path=..)`, `download_file(path=..)` | `read` |
| `download_file(url=.., path=..)`, `download_attachment(id=.., folder=..)`, `fetch_and_save(url=.., save_to=..)` | `write` |

A name such as `path` says where to only beside something else that says what, and the name of a file only beside a URL: an
attachment has one, too. Of `destination` and the like the value must be a path, as trains have destinations.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from gatling.schema.arguments import is_limit, name_words
from gatling.schema.lru import remembered
from gatling.schema.words import split_words

_FETCHES = frozenset(
    "download downloads fetch save export pull clone get retrieve backup dump scrape crawl grab".split()
)
_KEEPS = frozenset("download downloads save clone backup dump".split())
_PLACES = frozenset("path filepath folder directory dir filename file location".split())
_FILE_NAMES = frozenset((("filename",), ("file", "name"), ("file",)))
_WHERE_TO = frozenset("save to output out outfile dest destination target local download store into saved".split())
_SAVE_TO = frozenset(
    "saveto saveas savepath savedir outdir outfile outputpath downloadpath downloaddir localpath destpath".split()
)
_OPTIONS = frozenset("format timeout overwrite encoding mode version type quality".split())
_PATH = re.compile(r"(?:[~.\\/]|[A-Za-z]:[\\/]|[^/\s:]{1,100}/)\S{0,1000}|[\w.-]{1,200}\.[A-Za-z]\w{0,4}")


def effect_of_call(tool_name: str, effect: str, arguments: Mapping[str, Any]) -> str:
    """Return what a call does, `read`, `write`, `send`, `delete` or `admin`.

    Args:
        effect: of its tool, declared or concluded.
    """
    if effect != "read" or len(arguments) < 1 or not _is_fetching(tool_name):
        return effect
    keeps = _is_keeping(tool_name)
    given = [(name, value) for name, value in arguments.items() if isinstance(value, str) and value.strip()]
    places = [name for name, value in given if _is_where_to(name, value)]
    if not places and keeps:
        has_url = any("://" in value for _, value in given)
        weak = [name for name, _ in given if _is_place(name, has_url=has_url)]
        what = [n for n, v in arguments.items() if n not in weak and v is not None and v != "" and _is_thing(n)]
        places = weak[-1:] if what or len(weak) > 1 else []
    return "write" if places else effect


@remembered(4_096)
def _is_fetching(tool_name: str) -> bool:
    return not _FETCHES.isdisjoint(split_words(tool_name))


@remembered(4_096)
def _is_keeping(tool_name: str) -> bool:
    return not _KEEPS.isdisjoint(split_words(tool_name))


def _is_thing(name: str) -> bool:
    """Tell whether an argument can say what is fetched."""
    return not is_limit(name) and _OPTIONS.isdisjoint(name_words(name))


def _is_place(name: str, *, has_url: bool) -> bool:
    words = name_words(name)
    return not _PLACES.isdisjoint(words) and "id" not in words and (has_url or words not in _FILE_NAMES)


def _is_where_to(name: str, value: str) -> bool:
    """Tell whether an argument says where to by its name: `save_to`, `output_path`; `destination`, if it is a path."""
    words = frozenset(name_words(name))
    if (
        not _SAVE_TO.isdisjoint(words)
        or (words & _WHERE_TO and words & _PLACES)
        or {"save", "to"} <= words
        or {"save", "as"} <= words
    ):
        return True
    return bool(words) and words <= _WHERE_TO and _PATH.fullmatch(value.strip()) is not None and "@" not in value
