"""Which values of a call are paths, or may be: by how they are written, and under which name they stand.

| value | under | a list of forbidden places | a list of allowed ones |
| --- | --- | --- | --- |
| any text | the name of a path: `path`, `filename` | counts | counts |
| `/a/b`, `~/a`, `../a`, `C:\\a`, `file:///a` | any name, in JSON too | counts | counts |
| `/a`, `/a/b` for a page or a pattern, keys of mappings | any name | counts | is open, if not listed |
| `a/b`, `a.txt` | a name of a place: `source`, `document` | counts | is open, if not listed |
| `a/b`, `a.txt`, `see /a/b` | any other name | is open | does not count |
| nothing but a path | free text, a query | is open | does not count |
| `b`, beside a folder `cwd: /a` | a name of a place | counts as `/a/b` | as it stands |
| the folder `cwd: /a` itself | | counts | counts as what is in it |
| `s3://a/b` | any other name | is open; counts, if the list has such | counts, if the list has such |

Free text that only mentions a path is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

from gatling.policy.alike import is_path_name
from gatling.schema.arguments import is_free_text_name, name_words, walk
from gatling.schema.budget import checked
from gatling.schema.lru import remembered
from gatling.schema.paths import MAX_PATH_CHARS, decoded
from gatling.schema.words import split_words

Weight = Literal["certain", "folder", "likely", "joined", "page", "doubtful"]
"""How much a value counts: as a path; as the folder of others; as a path, where places are forbidden; the same, as part of
another; as an address with a scheme; as what may be a path."""

MAX_CHARS = 32_768
"""A longer text under no name of a path is none."""
MAX_FOLDERS = 4
"""With so many folders at most is a name joined."""

_NAMES = frozenset("path paths file files filename filenames filepath directory dir folder src".split())
_NO_PATH = frozenset("id type format size content text mode count".split())
_PLACES = frozenset(
    "uri url document documents doc docs resource resources location object objects old new args argv arg arguments name names "
    "item items workspace archive image script notebook report config log backup template".split()
)
_ENVIRONMENTS = frozenset("env environ environment".split())
_WORKING = frozenset("cwd root base basedir workdir workspace".split())
_FOLDERS = _WORKING | frozenset("dir directory folder parent".split())
_QUERIES = frozenset(
    "query queries q question search keyword keywords term terms phrase xpath selector jsonpath regex".split()
)
_NOT_FILES = frozenset(
    "pattern patterns glob globs url uri href link endpoint route routes api expression filter".split()
)
_OF_FILES = frozenset("file files dir directory folder path document read cat open upload attachment".split())

_ROOTED = re.compile(
    r"(?:[/\\~]|[A-Za-z]:[\\/]|\$\{?[A-Za-z_][\w:]{0,60}\}?(?:[/\\]|$)|%\w{1,40}%(?:[/\\]|$)|file:)", re.IGNORECASE
)
_OTHER_PAGE = re.compile(r"(?!file:)[a-z][a-z0-9+.-]{1,20}:", re.IGNORECASE)
_CLIMBS = re.compile(r"(?:^|[/\\])\.\.(?:[/\\]|$)")
_ONE_PART = re.compile(r"[/\\]+[^/\\]*")
_HAS_ENDING = re.compile(r"\.[A-Za-z][A-Za-z0-9]{0,7}$")
_TIME = re.compile(r"[\d\s/.:T+-]*")
_SPACE = re.compile(r"\s")
_FURTHER = re.compile(r"[\s,;:|=\"'()](?:/\w|~/|\.\./|[A-Za-z]:\\|file:/)")
_QUOTES = " \t\r\n\"'`<>"


@dataclass(frozen=True, slots=True)
class PathValue:
    """A value that is a path, or may be."""

    argument: str
    text: str
    weight: Weight
    is_named: bool = False
    """It stands under the name of a path."""


def path_values(
    tool: str,
    arguments: dict[str, Any],
    leaves: Iterable[tuple[str, Any]],
    inner: Iterable[tuple[str, Any]],
    programs: set[str],
) -> list[PathValue]:
    """Return the values of a call that are paths, or may be.

    Args:
        leaves: the scalars of its arguments with their paths.
        inner: what stands inside its texts, with paths.
        programs: arguments that are programs, which are read as such.
    """
    of_files = not _OF_FILES.isdisjoint(split_words(tool))
    found: list[PathValue] = []
    relative: list[tuple[str, str]] = []
    folders: list[str] = []
    for where, leaf, is_inner in checked([*((p, v, False) for p, v in leaves), *((p, v, True) for p, v in inner)]):
        if not isinstance(leaf, str) or not leaf or _is_in(where, programs):
            continue
        name = where.rpartition(".")[2]
        weight = _weight(leaf, name, of_files=of_files)
        if is_inner and any(map(is_free_text_name, where.split(".")[:-1])):
            weight = "doubtful" if weight and names_a_path(name) and _ROOTED.match(leaf) else None
        elif is_inner and weight == "certain" and not _may_be_place(name):
            weight = "likely"
        if weight in ("certain", "likely") and not _ENVIRONMENTS.isdisjoint(map(str.lower, where.split(".")[:-1])):
            weight = "doubtful"
        if weight:
            found.append(PathValue(where, leaf, weight, names_a_path(name)))
        plain = _plain(leaf)
        if _ROOTED.match(plain):
            if not _FOLDERS.isdisjoint(name_words(name)) and len(folders) < MAX_FOLDERS:
                folders.append(leaf)
        elif _may_be_place(name) and len(leaf) <= MAX_CHARS:
            relative.append((where, leaf))
    found = [_as_folder(value, has_names=bool(relative)) for value in found] if folders else found
    found += (
        PathValue(where, joined(folder, text), "joined") for where, text in checked(relative) for folder in folders
    )
    found += _keys(arguments)
    return found


def _as_folder(value: PathValue, *, has_names: bool) -> PathValue:
    """Return a value as the folder that a call works in, if it is one: by its name, or as there are names in it."""
    is_folder = value.weight == "certain" and not (_FOLDERS if has_names else _WORKING).isdisjoint(
        name_words(value.argument)
    )
    return replace(value, weight="folder") if is_folder and _ROOTED.match(_plain(value.text)) else value


def joined(folder: str, text: str) -> str:
    """Return a relative path in a folder."""
    return f"{folder.rstrip('/')}/{text.strip(_QUOTES)}"


def folders_of(leaves: Iterable[tuple[str, Any]]) -> list[str]:
    """Return the folders that a call says it works in, written in full."""
    found = (
        leaf
        for where, leaf in leaves
        if isinstance(leaf, str) and not _FOLDERS.isdisjoint(name_words(where)) and _ROOTED.match(_plain(leaf))
    )
    return list(dict.fromkeys(found))[:MAX_FOLDERS]


def _is_in(where: str, programs: set[str]) -> bool:
    return where in programs or any(where.startswith(f"{program}.") for program in programs)


@remembered(4_096)
def names_a_path(name: str) -> bool:
    """Tell whether a name says that whatever stands under it is a path."""
    words = split_words(name)
    return bool(words) and not _NAMES.isdisjoint(words) and words[-1] not in _NO_PATH


@remembered(4_096)
def _may_be_place(name: str) -> bool:
    return names_a_path(name) or is_path_name(name) or not _PLACES.isdisjoint(split_words(name))


def _plain(text: str) -> str:
    return decoded(text)[0].strip(_QUOTES) if len(text) <= MAX_CHARS else text[:1]


def _weight(text: str, name: str, *, of_files: bool) -> Weight | None:
    """Return how much a text under a name counts as a path; None for what is none."""
    if names_a_path(name):
        return "certain"
    if len(text) > MAX_CHARS:
        return None
    plain = _plain(text)
    words = frozenset(split_words(name))
    has_space = _SPACE.search(plain) is not None
    is_rooted = _ROOTED.match(plain) is not None
    if is_free_text_name(name) or not words.isdisjoint(_QUERIES):
        return "doubtful" if is_rooted and not has_space else None
    if _OTHER_PAGE.match(plain) and not is_rooted:
        return "page"
    if is_rooted and len(plain.strip("/\\")) == 0:  # `/` alone separates, as often as it is the root
        return "certain" if is_path_name(name) else "likely" if _may_be_place(name) else None
    if is_rooted or (_CLIMBS.search(plain) and not has_space):
        is_place = _may_be_place(name)
        if "\n" in plain and not is_place:
            return "doubtful"
        if plain.lower().startswith("file:") or (is_place and (of_files or words.isdisjoint(_NOT_FILES))):
            return "certain"
        if has_space or _ONE_PART.fullmatch(plain) or not words.isdisjoint(_NOT_FILES):
            return "likely"
        return "certain"
    if has_space and _FURTHER.search(plain):
        return "doubtful"
    has_parts = "/" in plain or "\\" in plain
    if len(plain) > MAX_PATH_CHARS or not (has_parts or _HAS_ENDING.search(plain)):
        return None
    if _TIME.fullmatch(plain) or ("@" in plain and not has_parts):
        return None
    if has_space or not _may_be_place(name):
        return "doubtful"
    return "likely"


def _keys(arguments: dict[str, Any]) -> Iterator[PathValue]:
    """Yield the keys of mappings that are paths: `files: {"/a/b": ..}`."""
    for path, item in walk(arguments):
        if isinstance(item, dict) and path:
            name = next((part for part in reversed(path) if isinstance(part, str)), "")
            for key in checked(item):
                plain = _plain(str(key))
                is_path = _ROOTED.match(plain) and not _ONE_PART.fullmatch(plain) and not _SPACE.search(plain)
                if is_path and not is_free_text_name(name):
                    yield PathValue(name, str(key), "likely")
