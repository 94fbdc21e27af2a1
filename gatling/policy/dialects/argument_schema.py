"""The part of JSON Schema that bounds a tool's arguments.

`type, enum, const, minimum, maximum, exclusiveMinimum, exclusiveMaximum, minLength, maxLength, pattern, minItems, maxItems,
items, properties, required, additionalProperties`, as in draft 2020-12. Any other keyword that restricts makes the answer
undecided; titles and the like are skipped. Python's names of types, which many tool descriptions use (`dict`, `float`), are
read as what they are in JSON. `pattern` runs on a linear-time engine (RE2), so it cannot be made to hang.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from gatling.schema.plain import canonical_json, join_path

_ANNOTATIONS = frozenset(
    "title description default examples example $schema $id $comment deprecated readOnly writeOnly format".split()
)
_KNOWN = frozenset(
    "type enum const minimum maximum exclusiveMinimum exclusiveMaximum minLength maxLength pattern minItems maxItems items "
    "properties required additionalProperties".split()
)
_CLASSES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}
_OF_PYTHON = {
    "dict": "object",
    "list": "array",
    "tuple": "array",
    "str": "string",
    "float": "number",
    "int": "integer",
    "bool": "boolean",
}
_TYPES = frozenset((*_CLASSES, *_OF_PYTHON, "number", "integer"))


def unknown_keywords(schema: Any) -> list[str]:
    """Return what of a schema is not read here, each as `path: what`; empty if all of it is."""
    problems: list[str] = []
    stack: list[tuple[str, Any]] = [("", schema)]
    while stack:
        path, part = stack.pop()
        if isinstance(part, bool):
            continue
        if not isinstance(part, dict):
            problems.append(f"{path or '(schema)'}: not a schema")
            continue
        problems += [f"{join_path(path, key)}: keyword not read" for key in part if key not in _KNOWN | _ANNOTATIONS]
        problems += [f"{join_path(path, key)}: {why}" for key, why in _malformed(part)]
        if isinstance(part.get("properties"), dict):
            stack += [(join_path(join_path(path, "properties"), k), v) for k, v in part["properties"].items()]
        for key in ("items", "additionalProperties"):
            if key in part:
                stack.append((join_path(path, key), part[key]))
    return problems


def _malformed(part: dict[str, Any]) -> Iterator[tuple[str, str]]:
    types = part["type"] if isinstance(part.get("type"), list) else [part.get("type", "object")]
    if not _are_strings(types) or not set(types) <= _TYPES:
        yield "type", "not a type"
    for key in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"):
        if key in part and (isinstance(part[key], bool) or not isinstance(part[key], (int, float))):
            yield key, "not a number"
    for key in ("minLength", "maxLength", "minItems", "maxItems"):
        if key in part and (isinstance(part[key], bool) or not isinstance(part[key], int)):
            yield key, "not a whole number"
    if "enum" in part and not isinstance(part["enum"], list):
        yield "enum", "not a list"
    if "properties" in part and not isinstance(part["properties"], dict):
        yield "properties", "not an object"
    if "required" in part and not (isinstance(part["required"], list) and _are_strings(part["required"])):
        yield "required", "not a list of names"
    if "pattern" in part and not _is_pattern(part["pattern"]):
        yield "pattern", "not a regular expression that RE2 reads"


def _are_strings(items: list[Any]) -> bool:
    return all(isinstance(item, str) for item in items)


def _is_pattern(pattern: Any) -> bool:
    return isinstance(pattern, str) and _search(pattern, "") is not None


def _search(pattern: str, text: str) -> bool | None:
    import pyarrow as pa  # 0.1 s, only where a policy has a pattern
    import pyarrow.compute as pc

    try:
        return bool(pc.match_substring_regex(pa.array([text]), pattern)[0].as_py())
    except pa.ArrowException:
        return None


def first_failure(schema: Any, value: Any) -> tuple[str, str, str] | None:
    """Check a value against a schema whose every keyword is known.

    Returns:
        None if it is valid, else (path of the value, what was wanted, what was found) of the first failure.
    """
    stack: list[tuple[str, Any, Any]] = [("", schema, value)]
    while stack:
        path, part, item = stack.pop()
        if part is True:
            continue
        if part is False:
            return path, "absent", _shown(item)
        failure = _check(part, item)
        if failure:
            return path, failure, _shown(item)
        if isinstance(item, dict):
            properties = part.get("properties", {})
            for name in part.get("required", []):
                if name not in item:
                    return join_path(path, name), "present", "absent"
            for name, child in item.items():
                if name in properties:
                    stack.append((join_path(path, name), properties[name], child))
                elif "additionalProperties" in part:
                    stack.append((join_path(path, name), part["additionalProperties"], child))
        if isinstance(item, list) and "items" in part:
            stack += [(join_path(path, i), part["items"], child) for i, child in enumerate(item)]
    return None


def _check(part: dict[str, Any], item: Any) -> str | None:
    types = part.get("type")
    if types is not None and not any(_is_type(item, t) for t in (types if isinstance(types, list) else [types])):
        return f"type {types}"
    if "enum" in part and not any(_equal(item, choice) for choice in part["enum"]):
        return f"one of {_shown(part['enum'])}"
    if "const" in part and not _equal(item, part["const"]):
        return _shown(part["const"])
    if isinstance(item, (int, float)) and not isinstance(item, bool):
        if "minimum" in part and item < part["minimum"]:
            return f"at least {part['minimum']}"
        if "maximum" in part and item > part["maximum"]:
            return f"at most {part['maximum']}"
        if "exclusiveMinimum" in part and item <= part["exclusiveMinimum"]:
            return f"above {part['exclusiveMinimum']}"
        if "exclusiveMaximum" in part and item >= part["exclusiveMaximum"]:
            return f"below {part['exclusiveMaximum']}"
    if isinstance(item, str):
        if len(item) < part.get("minLength", 0) or len(item) > part.get("maxLength", math.inf):
            return f"{part.get('minLength', 0)} to {part.get('maxLength', 'any number of')} characters"
        if "pattern" in part and not _search(part["pattern"], item):
            return f"a match of {part['pattern']}"
    if isinstance(item, list) and not part.get("minItems", 0) <= len(item) <= part.get("maxItems", math.inf):
        return f"{part.get('minItems', 0)} to {part.get('maxItems', 'any number of')} items"
    return None


def _is_type(item: Any, name: str) -> bool:
    name = _OF_PYTHON.get(name, name)
    if name == "number":
        return isinstance(item, (int, float)) and not isinstance(item, bool)
    if name == "integer":
        return not isinstance(item, bool) and (isinstance(item, int) or (isinstance(item, float) and item.is_integer()))
    return isinstance(item, _CLASSES[name])


def _equal(a: Any, b: Any) -> bool:
    """JSON's equality: 1 is 1.0 but not true. Plain data is at most `MAX_DEPTH` deep, so recursion is bounded."""
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_equal(a[key], b[key]) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(_equal, a, b))
    return bool(a == b)


def _shown(value: Any) -> str:
    text = canonical_json(value)
    return text if len(text) <= 80 else text[:77] + "..."
