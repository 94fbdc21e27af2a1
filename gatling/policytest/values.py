"""Values that satisfy a JSON Schema of the kind that stands in policies."""

from __future__ import annotations

import re
from random import Random
from typing import Any

from gatling.attack.calls import described_call
from gatling.policy.dialects.argument_schema import first_failure
from gatling.tools import Parameter
from gatling.tools.spec import TYPES

_MAX_OPTIONAL = 8
_PIECE = re.compile(r"(\[[^\]]+\]|\\.|[^\\^$])(?:\{(\d+)[^}]*\}|([+*?]))?")
_GROUP = re.compile(r"(?<!\\)\((?:\?:)?([^()|]*)(?:\|[^()]*)?\)")
_CLASSES = {"\\d": "5", "\\w": "a", "\\s": " ", "\\S": "a", "\\D": "a", ".": "a"}


def valid_arguments(rng: Random, schema: Any, old: dict[str, Any]) -> dict[str, Any] | None:
    """Return arguments that the schema takes, with what is valid of the old ones; None if none were found."""
    if not isinstance(schema, dict):
        return dict(old) if schema is True else None
    properties, required = schema.get("properties", {}), schema.get("required", [])
    others = schema.get("additionalProperties", True)
    found = {k: v for k, v in old.items() if first_failure(properties.get(k, others), v) is None}
    for name, part in properties.items():
        if name in found or (name not in required and len(found) >= _MAX_OPTIONAL):
            continue
        value = example(rng, name, part)
        if first_failure(part, value) is None:
            found[name] = value
    for name in required:
        found.setdefault(name, example(rng, name, True))
    return found if first_failure(schema, found) is None else None


def example(rng: Random, name: str, schema: Any) -> Any:
    """Return a value for a schema; it need not fit where the schema asks for something unusual, such as an odd pattern."""
    if not isinstance(schema, dict):
        return plain(rng, name, "string")
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return schema["enum"][0]
    types = schema.get("type", "object" if "properties" in schema else "string")
    kind = types if isinstance(types, str) else next((t for t in types if t != "null"), "string")
    if kind == "object":
        return valid_arguments(rng, schema, {}) or {}
    if kind == "array":
        items = schema.get("items", {"type": "string"})
        return [example(rng, name, items) for _ in range(max(1, schema.get("minItems", 1)))]
    if kind in ("integer", "number"):
        return _number(schema, is_whole=kind == "integer")
    if kind != "string":
        return {"boolean": True, "null": None}[kind]
    text = _match(schema["pattern"]) if "pattern" in schema else str(plain(rng, name, "string"))
    least = schema.get("minLength", 0)
    return (text + "a" * max(0, least - len(text)))[: schema.get("maxLength", max(len(text), least))]


def plain(rng: Random, name: str, kind: str) -> Any:
    """Return a value that an argument of this name usually has; `kind` is one of the catalogue's types."""
    parameter = Parameter(name or "value", kind if kind in TYPES else "string", is_required=True)
    return described_call(rng, "call", [parameter]).arguments[parameter.name]


def _number(schema: dict[str, Any], *, is_whole: bool) -> float:
    step = 1 if is_whole else 0.5
    low = max(schema.get("minimum", -1e15), schema.get("exclusiveMinimum", -1e15) + step)
    high = min(schema.get("maximum", 1e15), schema.get("exclusiveMaximum", 1e15) - step)
    value = max(low, min(10, high))
    return int(value) if is_whole or value == int(value) else float(value)


def _match(pattern: str) -> str:
    """Return a text that a simple pattern matches: literals, classes, counts, the first of alternatives."""
    text, before = "", ""
    while before != pattern:
        before, pattern = pattern, _GROUP.sub(r"\1", pattern)
    pattern = pattern.partition("|")[0]
    for piece, count, sign in _PIECE.findall(pattern):
        if piece.startswith("["):
            one = piece[1] if piece[1] != "\\" else _CLASSES.get(piece[1:3], piece[2:3])
        else:
            one = _CLASSES.get(piece, piece[-1])
        text += one * (int(count) if count else 0 if sign in ("*", "?") and sign else 1)
    return text
