"""Names for sets of values: what stands under `zones.intranet` is meant by `@intranet`, and `local.repos` by `locals.repos`."""

from __future__ import annotations

import re
from typing import Any

from gatling.schema.arguments import walk

_REFERENCE = re.compile(r"(?:@|\$\{?|(?:local|locals|var|vars|set|sets|data)\.|\*)(?P<name>[A-Za-z_][\w.-]*)\}?")
_MAX_NAMES = 1_000


def with_sets(data: Any) -> Any:
    """Return a tree in which each reference to a list of values, of which one stands in it under that name, is the list itself.

    The list that is meant is left out where it stands by itself: it says nothing but what its name means.
    """
    named: dict[str, list[Any]] = {}
    twice: set[str] = set()
    said: set[str] = set()
    for path, value in walk(data):
        if isinstance(value, str) and (name := _name_in(value)):
            said.add(name)
        if not path or not isinstance(path[-1], str) or not isinstance(value, list) or len(named) >= _MAX_NAMES:
            continue
        if value and all(isinstance(v, (str, int, float)) and not isinstance(v, bool) for v in value):
            twice |= {path[-1]} & named.keys()
            named[path[-1]] = value
    meant = {name: items for name, items in named.items() if name in said and name not in twice}
    return _replaced(data, meant) if meant else data


def _name_in(text: str) -> str:
    match = _REFERENCE.fullmatch(text)
    return match.group("name").rpartition(".")[2] if match else ""


def _replaced(value: Any, named: dict[str, list[Any]]) -> Any:
    """Depth is bounded by the decoder."""
    if isinstance(value, dict):
        return {
            key: _replaced(child, named) for key, child in value.items() if not (key in named and child == named[key])
        }
    if isinstance(value, list):
        found: list[Any] = []
        for item in value:
            inner = _replaced(item, named)
            found += inner if isinstance(item, str) and isinstance(inner, list) else [inner]
        return found
    name = _name_in(value) if isinstance(value, str) else ""
    return list(named[name]) if name in named else value
