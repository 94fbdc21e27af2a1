"""JSON Schema (draft 2020-12) over a tool's arguments: read whole, or not at all.

jsonschema-rs decides whether a value is valid: its regular expressions take linear time, and it needs nothing but itself. What
it must not be left to decide is refused when the schema is read, and what is refused is undecided, never allowed:

- a keyword that is not in the tables below (it might restrict), or a value that the keyword does not take
- a reference that leaves the document or leads to what is no schema, so nothing is ever fetched or opened
- a schema that refers to itself without going down into the value, which no value satisfies or fails
- a schema that could look at one value more than `MAX_LOOKS` times, or nests references deeper than `MAX_CHAIN`

Titles and the like are skipped; so is `format`, which does not restrict in this draft. Python's names of types, which many
tool descriptions use (`dict`, `float`), are read as what they are in JSON.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from gatling.errors import InputError
from gatling.policy.clauses import ClauseKind, Condition, Operator
from gatling.policy.reading.reader import Dialect, Reader, RulePosition
from gatling.schema.lazy import cached_property
from gatling.schema.plain import canonical_json, join_path
from gatling.schema.sizes import MAX_DEPTH

MAX_PARTS = 4_096
MAX_LOOKS = 1_000
MAX_CHAIN = 32

_ANNOTATIONS = frozenset(
    "title description default examples example $schema $id $comment deprecated readOnly writeOnly format".split()
)
# By what stands below a keyword, and whether it looks at the same value or at what the value holds.
_SAME = frozenset("not if then else".split())
_SAME_LISTS = frozenset("allOf anyOf oneOf".split())
_SAME_MAPS = frozenset(("dependentSchemas",))
_BELOW = frozenset("items additionalProperties contains propertyNames".split())
_BELOW_LISTS = frozenset(("prefixItems",))
_BELOW_MAPS = frozenset("properties patternProperties".split())
_ASIDE = frozenset("$defs definitions".split())
_NUMBERS = frozenset("minimum maximum exclusiveMinimum exclusiveMaximum multipleOf".split())
_COUNTS = frozenset("minLength maxLength minItems maxItems minContains maxContains minProperties maxProperties".split())
_PLAIN = frozenset("type enum const pattern required dependentRequired uniqueItems $ref".split())
_LISTS = _SAME_LISTS | _BELOW_LISTS
_MAPS = _SAME_MAPS | _BELOW_MAPS | _ASIDE
_SINGLE = _SAME | _BELOW
KEYWORDS = _LISTS | _MAPS | _SINGLE | _NUMBERS | _COUNTS | _PLAIN
_OF_PYTHON = {
    "dict": "object",
    "list": "array",
    "tuple": "array",
    "str": "string",
    "float": "number",
    "int": "integer",
    "bool": "boolean",
}
_TYPES = frozenset("object array string boolean null number integer".split())


_ENTRY_KEYS = ("input_schema", "inputSchema", "parameters", "arguments_schema", "schema")


class SchemaDialect(Dialect):
    """Schemas in the entries of tools, as MCP servers and function catalogues write them."""

    name = "schema"
    summary = "JSON Schema of a tool's arguments"

    def take_from_entry(self, reader: Reader, tool: str, entry: dict[str, Any], place: RulePosition) -> None:
        for key in _ENTRY_KEYS:
            schema = entry.get(key)
            if isinstance(schema, dict):
                entry.pop(key)
                _add_schema(reader, schema, entry, place.at(key))
                entry.pop("required", None)


class ArgumentSchema:
    """A schema that is read whole. `data` is a copy of its own, so that a policy changed in place does not change it.

    Raises:
        InputError: with the path and the reason of the first part that is not read.
    """

    def __init__(self, data: Any) -> None:
        self.data: Any = data
        self.parts: dict[str, Any] = {}
        """Every schema in it, by JSON pointer: `""` is the whole."""
        self._read(data)
        self._check_references()
        _ = self._validator  # compiles, and so refuses a pattern that the engine does not take

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ArgumentSchema) and canonical_json(self.data) == canonical_json(other.data)

    def __repr__(self) -> str:
        return f"ArgumentSchema({canonical_json(self.data)})"

    def accepts(self, value: Any) -> bool:
        """Tell whether a value is valid."""
        try:
            return bool(self._validator.is_valid(value))
        except ValueError:  # members of enumerations and other kinds of text and number
            return bool(self._validator.is_valid(json.loads(canonical_json(value))))

    def first_failure(self, value: Any) -> tuple[str, str, str] | None:
        """Check a value. Returns: None if it is valid, else (path of the value, what was wanted, what was found)."""
        if self.accepts(value):
            return None
        value = json.loads(canonical_json(value))
        error = next(self._validator.iter_errors(value))
        path, item = "", value
        for step in error.instance_path:
            path, item = join_path(path, step), item[step]
        kind = error.kind
        if kind.name == "required":
            return join_path(path, kind.property), "present", "absent"
        if kind.name == "additionalProperties":
            return join_path(path, kind.unexpected[0]), "absent", _shown(item[kind.unexpected[0]])
        if kind.name == "falseSchema":
            is_open = isinstance(item, dict) and bool(item) and error.schema_path[-1] == "additionalProperties"
            name = next(iter(item)) if is_open else None  # without `properties`, no argument is known
            return (
                (path, "absent", _shown(item))
                if name is None
                else (join_path(path, name), "absent", _shown(item[name]))
            )
        return path, _wanted(kind), _shown(item)

    def resolve(self, part: Any) -> Any:
        """Follow `$ref` to the schema that it names. References that lead nowhere but to themselves are never read."""
        while isinstance(part, dict) and "$ref" in part:
            part = self.parts[_pointer(part["$ref"]) or ""]
        return part

    @cached_property
    def _validator(self) -> Any:
        import jsonschema_rs  # 0.03 s, only where a policy has a schema

        try:
            return jsonschema_rs.Draft202012Validator(
                self.data,
                pattern_options=jsonschema_rs.RegexOptions(),  # the linear-time engine
                validate_formats=False,
                retriever=_refuse,
            )
        except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
            where = "".join(f".{step}" for step in getattr(error, "instance_path", ())).lstrip(".")
            reason = str(getattr(error, "message", error)).splitlines()[0]
            raise InputError(f"not a schema that is read: {reason[:200]}", path=where) from None

    def _read(self, data: Any) -> None:
        """Walk through every part, refuse what is not known, and copy the rest into `data`."""
        holder: dict[str, Any] = {}
        stack: list[tuple[str, str, Any, Any, Any]] = [("", "", data, holder, "data")]
        while stack:
            path, pointer, part, into, key = stack.pop()
            if isinstance(part, bool):
                into[key] = self.parts[pointer] = part
                continue
            if not isinstance(part, dict):
                raise InputError("not a schema", path=path or "(schema)")
            if len(self.parts) >= MAX_PARTS:
                raise InputError(f"more than {MAX_PARTS} schemas in one", path=path)
            copy = into[key] = self.parts[pointer] = {}
            for name, value in part.items():
                where = join_path(path, name)
                if name in _ANNOTATIONS:
                    if name == "$id" and pointer:
                        raise InputError("keyword not read", path=where)
                    continue
                if name not in KEYWORDS:
                    raise InputError("keyword not read", path=where)
                if name in _SINGLE:
                    stack.append((where, f"{pointer}/{name}", value, copy, name))
                elif name in _LISTS:
                    if not isinstance(value, list) or not value:
                        raise InputError("not a list of schemas", path=where)
                    items = copy[name] = [None] * len(value)
                    for i, child in enumerate(value):
                        stack.append((join_path(where, i), f"{pointer}/{name}/{i}", child, items, i))
                elif name in _MAPS:
                    if not isinstance(value, dict):
                        raise InputError("not an object", path=where)
                    members = copy[name] = {}
                    for step, child in value.items():
                        stack.append(
                            (join_path(where, step), f"{pointer}/{name}/{_escaped(step)}", child, members, step)
                        )
                else:
                    copy[name] = _plain_value(name, value, where)
        self.data = holder["data"]

    def _check_references(self) -> None:
        """Refuse references out of the document, rings of them, and what would look at a value too often."""
        same: dict[str, list[str]] = {}
        for pointer, part in self.parts.items():
            same[pointer] = list(_children(pointer, part, _SAME, _SAME_LISTS, _SAME_MAPS))
            if isinstance(part, dict) and "$ref" in part:
                target = _pointer(part["$ref"])
                if target is None or target not in self.parts:
                    reason = f"$ref {part['$ref'][:80]!r} leads to no schema of this document"
                    raise InputError(reason, path=_path_of(f"{pointer}/$ref"))
                same[pointer].append(target)
        # How often one value is looked at by what is asked about the value that holds it, 0, 1, 2 ... levels above.
        order, looks = _by_depth(same), dict.fromkeys(self.parts, 0)
        for level in range(MAX_DEPTH + 1):
            deeper: dict[str, int] = {}
            for pointer in order:
                own = 1 if level == 0 else _looks_below(pointer, self.parts[pointer], looks)
                deeper[pointer] = own + sum(deeper[child] for child in same[pointer])
                if deeper[pointer] > MAX_LOOKS:
                    raise InputError(
                        f"one value would be looked at more than {MAX_LOOKS} times", path=_path_of(pointer)
                    )
            if deeper == looks:
                return
            looks = deeper


def _looks_below(pointer: str, part: Any, looks: dict[str, int]) -> int:
    """Of `properties` and `prefixItems`, and of what takes the rest, one looks at an item; the others may all do."""
    one = _children(pointer, part, {"additionalProperties", "items"}, _BELOW_LISTS, {"properties"})
    every = _children(pointer, part, {"contains", "propertyNames"}, (), {"patternProperties"})
    return max((looks[child] for child in one), default=0) + sum(looks[child] for child in every)


def _add_schema(reader: Reader, schema: dict[str, Any], entry: dict[str, Any], place: RulePosition) -> None:
    if "properties" not in schema and "type" not in schema and all(isinstance(v, dict) for v in schema.values()):
        schema = {"type": "object", "properties": schema}  # parameters by name, as function catalogues have them
        if isinstance(entry.get("required"), list):
            schema["required"] = entry["required"]
    try:
        check = Condition("schema", Operator.VALID, ArgumentSchema(schema))
    except InputError as error:
        reader.skip(place.path, f"a schema that is not read whole: {error}", tools=place.tools)
        check = Condition("schema", Operator.UNKNOWN, f"the schema {error}")
    reader.add(replace(place.clause(ClauseKind.REQUIRE, checks=(check,)), dialect="schema"))


def _refuse(uri: str) -> Any:
    raise ValueError(f"{uri} is not fetched")


def _children(pointer: str, part: Any, single: Any, lists: Any, maps: Any) -> Iterator[str]:
    if not isinstance(part, dict):
        return
    for name, value in part.items():
        if name in single:
            yield f"{pointer}/{name}"
        elif name in lists:
            yield from (f"{pointer}/{name}/{i}" for i in range(len(value)))
        elif name in maps:
            yield from (f"{pointer}/{name}/{_escaped(key)}" for key in value)


def _by_depth(same: dict[str, list[str]]) -> list[str]:
    """Order schemas so that each stands behind those that it asks about the same value. Raises: InputError for a ring."""
    depth: dict[str, int] = {}
    open_: set[str] = set()
    for start in same:
        stack = [start]
        while stack:
            pointer = stack[-1]
            waiting = [child for child in same[pointer] if child not in depth]
            if not waiting:
                stack.pop()
                open_.discard(pointer)
                depth[pointer] = 1 + max((depth[child] for child in same[pointer]), default=0)
                if depth[pointer] > MAX_CHAIN:
                    reason = f"more than {MAX_CHAIN} schemas ask each other about one value"
                    raise InputError(reason, path=_path_of(pointer))
                continue
            open_.add(pointer)
            ring = next((child for child in waiting if child in open_), None)
            if ring is not None:
                raise InputError("refers to itself", path=_path_of(ring))
            stack.append(waiting[0])
    return sorted(depth, key=depth.__getitem__)


def _plain_value(name: str, value: Any, path: str) -> Any:
    """Return what a keyword that holds no schema is given, in JSON's words. Raises: InputError."""
    wrong = ""
    if name == "type":
        names = value if isinstance(value, list) else [value]
        known = [_OF_PYTHON.get(n, n) for n in names if isinstance(n, str)]
        if len(known) == len(names) and known and set(known) <= _TYPES:
            return known[0] if isinstance(value, str) else list(dict.fromkeys(known))
        wrong = "not a type"
    elif name in _NUMBERS:
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        wrong = "" if is_number and (name != "multipleOf" or value > 0) else "not a number that it takes"
    elif name in _COUNTS:
        is_count = isinstance(value, int) and not isinstance(value, bool) and value >= 0
        wrong = "" if is_count else "not a whole number from 0 on"
    elif name == "enum":
        wrong = "" if isinstance(value, list) else "not a list"
    elif name == "required":
        wrong = "" if _are_names(value) else "not a list of names"
    elif name == "dependentRequired":
        wrong = "" if isinstance(value, dict) and all(map(_are_names, value.values())) else "not lists of names"
    elif name == "uniqueItems":
        wrong = "" if isinstance(value, bool) else "neither true nor false"
    elif name in ("pattern", "$ref"):
        wrong = "" if isinstance(value, str) else "not text"
    if wrong:
        raise InputError(wrong, path=path)
    return list(dict.fromkeys(value)) if name == "required" else json.loads(canonical_json(value))


def _are_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _escaped(step: str | int) -> str:
    return str(step).replace("~", "~0").replace("/", "~1")


def _pointer(reference: str) -> str | None:
    """Return the pointer that a reference into the document itself makes; None for any other."""
    if reference != "#" and not reference.startswith("#/"):
        return None
    return unquote(reference[1:])


def _path_of(pointer: str) -> str:
    path = ""
    for step in pointer.split("/")[1:]:
        path = join_path(path, step.replace("~1", "/").replace("~0", "~"))
    return path or "(schema)"


_MESSAGES = {
    "minimum": "at least {limit}",
    "maximum": "at most {limit}",
    "exclusiveMinimum": "above {limit}",
    "exclusiveMaximum": "below {limit}",
    "multipleOf": "a multiple of {multiple_of}",
    "minLength": "at least {limit} characters",
    "maxLength": "at most {limit} characters",
    "minItems": "at least {limit} items",
    "maxItems": "at most {limit} items",
    "minProperties": "at least {limit} arguments",
    "maxProperties": "at most {limit} arguments",
    "uniqueItems": "no item twice",
    "contains": "an item of the kind that must be there",
    "pattern": "a match of {pattern}",
    "anyOf": "what one of the alternatives takes",
    "oneOf": "what exactly one of the alternatives takes",
    "not": "anything but what is excluded",
    "propertyNames": "a name that is taken",
}


def _wanted(kind: Any) -> str:
    if kind.name == "type":
        return f"type {' or '.join(sorted(kind.types))}"
    if kind.name == "enum":
        return f"one of {_shown(kind.options)}"
    if kind.name == "const":
        return _shown(kind.expected_value)
    text = _MESSAGES.get(kind.name, f"what {kind.name} takes")
    values = {key: getattr(kind, key) for key in ("limit", "multiple_of", "pattern") if hasattr(kind, key)}
    return text.format(**values)


def _shown(value: Any) -> str:
    text = canonical_json(value)
    return text if len(text) <= 80 else text[:77] + "..."
