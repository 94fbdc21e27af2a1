"""Values that satisfy a JSON Schema of the kind that stands in policies."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from random import Random
from typing import Any

from gatling.attack.calls import described_call
from gatling.errors import InputError
from gatling.policy.dialects.argument_schema import ArgumentSchema
from gatling.schema.plain import canonical_json
from gatling.tools import Parameter
from gatling.tools.spec import TYPES

_MAX_OPTIONAL = 8
_MAX_DEPTH = 6
_PIECE = re.compile(r"(\[[^\]]+\]|\\.|[^\\^$])(?:\{(\d+)[^}]*\}|([+*?]))?")
_GROUP = re.compile(r"(?<!\\)\((?:\?:)?([^()|]*)(?:\|[^()]*)?\)")
_CLASSES = {"\\d": "5", "\\w": "a", "\\s": " ", "\\S": "a", "\\D": "a", ".": "a"}


def valid_arguments(rng: Random, schema: ArgumentSchema, old: dict[str, Any]) -> dict[str, Any] | None:
    """Return arguments that the schema takes, with what is valid of the old ones; None if none were found."""
    found = _Examples(rng, schema).arguments(schema.data, old)
    return found if found is not None and schema.accepts(found) else None


def example(rng: Random, name: str, schema: ArgumentSchema) -> Any:
    """Return a value for a schema; it need not fit where the schema asks for something unusual, such as an odd pattern."""
    return _Examples(rng, schema).value(name, schema.data)


@lru_cache(4_096)
def _part(text: str) -> ArgumentSchema | None:
    try:
        return ArgumentSchema(json.loads(text))
    except InputError:  # its references stand elsewhere in the whole
        return None


def _accepts(part: Any, value: Any) -> bool:
    """Tell whether a part of a schema takes a value by itself; the whole decides about what only it can read."""
    known = _part(canonical_json(part))
    return known is None or known.accepts(value)


class _Examples:
    """Values for the parts of one schema. Rings of references end `_MAX_DEPTH` levels down."""

    def __init__(self, rng: Random, schema: ArgumentSchema) -> None:
        self._rng, self._schema = rng, schema

    def arguments(self, part: Any, old: dict[str, Any], depth: int = 0) -> dict[str, Any] | None:
        schema = self._flat(part)
        if not isinstance(schema, dict):
            return dict(old) if schema is True else None
        properties, required = schema.get("properties", {}), schema.get("required", [])
        others = schema.get("additionalProperties", True)
        found = {k: v for k, v in old.items() if _accepts(self._flat(properties.get(k, others)), v)}
        for name, child in properties.items():
            if name in found or (name not in required and len(found) >= _MAX_OPTIONAL):
                continue
            value = self.value(name, child, depth + 1)
            if _accepts(self._flat(child), value):
                found[name] = value
        for name in required:
            found.setdefault(name, plain(self._rng, name, "string"))
        return found

    def value(self, name: str, part: Any, depth: int = 0) -> Any:
        schema = self._flat(part)
        if not isinstance(schema, dict) or depth > _MAX_DEPTH:
            return plain(self._rng, name, "string")
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            return schema["enum"][0]
        types = schema.get("type", "object" if "properties" in schema else "string")
        kind = types if isinstance(types, str) else next((t for t in types if t != "null"), "string")
        if kind == "object":
            return self.arguments(schema, {}, depth) or {}
        if kind == "array":
            items = schema.get("items", {"type": "string"})
            return [self.value(name, items, depth + 1) for _ in range(max(1, schema.get("minItems", 1)))]
        if kind in ("integer", "number"):
            return _number(schema, is_whole=kind == "integer")
        if kind != "string":
            return {"boolean": True, "null": None}[kind]
        text = _match(schema["pattern"]) if "pattern" in schema else str(plain(self._rng, name, "string"))
        least = schema.get("minLength", 0)
        return (text + "a" * max(0, least - len(text)))[: schema.get("maxLength", max(len(text), least))]

    def _flat(self, part: Any) -> Any:
        """Return a part with its references followed, all of `allOf` in one, and the first of the alternatives."""
        for _ in range(_MAX_DEPTH):
            part = self._schema.resolve(part)
            inner = [] if not isinstance(part, dict) else [*part.get("allOf", ())]
            inner += [part[key][0] for key in ("anyOf", "oneOf") if isinstance(part, dict) and key in part]
            if not inner:
                break
            whole: dict[str, Any] = {k: v for k, v in part.items() if k not in ("allOf", "anyOf", "oneOf")}
            for other in map(self._schema.resolve, inner):
                for key, value in other.items() if isinstance(other, dict) else ():
                    old = whole.get(key)
                    if isinstance(old, dict) and isinstance(value, dict):
                        whole[key] = {**old, **value}
                    else:
                        whole[key] = [*old, *value] if key in ("required", "allOf") and old else value
            part = whole
        return part


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
