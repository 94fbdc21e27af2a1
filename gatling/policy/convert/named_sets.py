"""Names for sets of values: what stands under `zones.intranet` is meant by `@intranet`, and `local.repos` by `locals.repos`."""

from __future__ import annotations

import re
from typing import Any

from gatling.schema.arguments import walk

_REFERENCE = re.compile(r"(?:@|\$\{?|(?:local|locals|var|vars|set|sets|data)\.|\*)(?P<name>[A-Za-z_][\w.-]*)\}?")
_MAX_NAMES = 1_000


def with_sets(data: Any) -> Any:
    """Return a tree in which each reference to a list of values that stands in it once under that name is the list itself."""
    named: dict[str, list[Any]] = {}
    twice: set[str] = set()
    for path, value in walk(data):
        if not path or not isinstance(path[-1], str) or not isinstance(value, list):
            continue
        if value and all(isinstance(v, (str, int, float)) and not isinstance(v, bool) for v in value) and len(named) < _MAX_NAMES:
            twice |= {path[-1]} & named.keys()
            named[path[-1]] = value
    return _replaced(data, {name: items for name, items in named.items() if name not in twice}) if named else data


def _replaced(value: Any, named: dict[str, list[Any]]) -> Any:
    """Depth is bounded by the decoder."""
    if isinstance(value, dict):
        return {key: _replaced(child, named) for key, child in value.items()}
    if isinstance(value, list):
        found: list[Any] = []
        for item in value:
            inner = _replaced(item, named)
            found += inner if isinstance(item, str) and isinstance(inner, list) else [inner]
        return found
    match = _REFERENCE.fullmatch(value) if isinstance(value, str) else None
    name = match.group("name").rpartition(".")[2] if match else ""
    return list(named[name]) if name in named else value
