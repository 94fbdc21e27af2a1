"""The parameters that a JSON Schema of an object declares, as MCP, OpenAPI and Pydantic write them.

Only the top level becomes parameters. `$ref` is followed inside the document alone, `allOf` is merged, of `anyOf` and `oneOf`
the first that is not null decides a type; all with a budget of steps, so rings of references end. A value without a type is
what its other keywords imply, else a string.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gatling.errors import InputError
from gatling.schema.plain import canonical_json, join_path
from gatling.tools.formats import format_of
from gatling.tools.spec import TYPES, Parameter, Scalar

MAX_STEPS = 100
_CHOICES = ("anyOf", "oneOf")


def parameters_of(schema: Any, root: Any, path: str) -> tuple[Parameter, ...]:
    """Return the parameters of an object schema.

    Args:
        root: the document that `$ref` points into.
        path: where the schema stands, for messages.

    Raises:
        InputError: for a schema that is not one, or a reference that leads nowhere.
    """
    found: dict[str, Parameter] = {}
    parts = list(_parts(schema, root, path))
    required = {name for part, _ in parts for name in _names(part, path)}
    for part, is_choice in parts:
        properties = part.get("properties", {})
        if not isinstance(properties, dict):
            raise InputError("must be an object", path=join_path(path, "properties"))
        for name, value in properties.items():
            where = join_path(join_path(path, "properties"), name)
            if name not in found:
                found[name] = parameter_of(name, value, root, where, is_required=name in required and not is_choice)
    return tuple(found.values())


def _parts(schema: Any, root: Any, path: str) -> Iterator[tuple[dict[str, Any], bool]]:
    """Yield a schema and all that it is composed of; the flag says that it is one of several choices."""
    pending, steps = [(schema, False)], 0
    while pending:
        part, is_choice = pending.pop(0)
        steps += 1
        if steps > MAX_STEPS:
            raise InputError(f"composed of more than {MAX_STEPS} schemas", path=path)
        part = resolve(part, root, path)
        yield part, is_choice
        for key in ("allOf", *_CHOICES):
            pending += [(item, is_choice or key in _CHOICES) for item in _list(part, key, path)]


def resolve(schema: Any, root: Any, path: str) -> dict[str, Any]:
    """Follow `$ref` until a schema stands there. `true` is the schema without keywords. Raises: InputError."""
    seen: set[str] = set()
    while isinstance(schema, dict) and "$ref" in schema:
        reference = schema["$ref"]
        if not isinstance(reference, str) or not (reference == "#" or reference.startswith("#/")):
            raise InputError(f"$ref {reference!r} is not a path in this document, '#/...'", path=path)
        if reference in seen or len(seen) > MAX_STEPS:
            raise InputError(f"$ref {reference!r} leads back to itself", path=path)
        seen.add(reference)
        schema = _lookup(reference, root, path)
    if schema is True:
        return {}
    if not isinstance(schema, dict):
        raise InputError(f"must be a schema, it is {type(schema).__name__}", path=path)
    return schema


def _lookup(reference: str, root: Any, path: str) -> Any:
    target = root
    for part in reference.lstrip("#").split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if not isinstance(target, dict) or key not in target:
            raise InputError(f"$ref {reference!r} leads nowhere", path=path)
        target = target[key]
    return target


def parameter_of(name: str, schema: Any, root: Any, path: str, *, is_required: bool) -> Parameter:
    """Return one parameter. Raises: InputError with the path."""
    shape = _typed(schema, root, path)
    kind = _type(shape, path)
    item = _typed(shape.get("items", True), root, join_path(path, "items")) if kind == "array" else {}
    values = [shape["const"]] if "const" in shape else _list(shape, "enum", path) or _list(item, "enum", path)
    enum = tuple(dict.fromkeys(v if isinstance(v, str) else canonical_json(v) for v in values if v is not None))
    stated = shape.get("format", item.get("format", ""))
    least, most = _bounds(shape, kind, path)
    default = resolve(schema, root, path).get("default", shape.get("default"))
    try:
        return Parameter(
            name=name,
            type=kind,
            is_required=is_required,
            enum=enum,
            default=_scalar(default),
            minimum=least,
            maximum=most,
            format="" if enum else format_of(name, kind, stated if isinstance(stated, str) else ""),
            item_type=_type(item, path) if kind == "array" and item else "",
        )
    except InputError as error:
        raise InputError(error.reason, path=join_path(path, error.path)) from None


def _typed(schema: Any, root: Any, path: str) -> dict[str, Any]:
    """Descend through compositions to the first schema that has a type of its own."""
    shape = resolve(schema, root, path)
    for _ in range(MAX_STEPS):
        if "type" in shape or "enum" in shape or "const" in shape:
            return shape
        parts = [resolve(part, root, path) for key in ("allOf", *_CHOICES) for part in _list(shape, key, path)]
        real = [part for part in parts if part.get("type") != "null"]
        if not real:
            return shape
        shape = real[0]
    raise InputError(f"composed of more than {MAX_STEPS} schemas", path=path)


def _type(schema: dict[str, Any], path: str) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((k for k in kind if k != "null"), None)
    if kind is None or kind == "null":
        kind = "object" if "properties" in schema else "array" if "items" in schema else "string"
    if not isinstance(kind, str) or kind not in TYPES:
        raise InputError(f"{kind!r} is not one of {', '.join(TYPES)}", path=join_path(path, "type"))
    return kind


def _bounds(schema: dict[str, Any], kind: str, path: str) -> tuple[float | None, float | None]:
    """Return the inclusive bounds of a number; an excluded bound of a whole number is the next one inside."""
    if kind not in ("integer", "number"):
        return None, None
    bounds: list[float | None] = []
    for key, excluded, step in (("minimum", "exclusiveMinimum", 1), ("maximum", "exclusiveMaximum", -1)):
        value, is_excluded = schema.get(key), schema.get(excluded) is True  # OpenAPI 3.0 writes a flag
        if value is None and not isinstance(schema.get(excluded), (bool, type(None))):
            value, is_excluded = schema[excluded], True
        if value is None:
            bounds.append(None)
            continue
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not -1e308 <= value <= 1e308:
            raise InputError("must be a finite number", path=join_path(path, key))
        bounds.append(float(value) + (step if is_excluded and kind == "integer" else 0))
    return bounds[0], bounds[1]


def _list(schema: dict[str, Any], key: str, path: str) -> list[Any]:
    value = schema.get(key, [])
    if not isinstance(value, list):
        raise InputError("must be a list", path=join_path(path, key))
    return value


def _names(schema: dict[str, Any], path: str) -> list[str]:
    names = schema.get("required", [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise InputError("must be a list of names", path=join_path(path, "required"))
    return names


def _scalar(value: Any) -> Scalar:
    return value if isinstance(value, (str, int, float, bool)) else None
