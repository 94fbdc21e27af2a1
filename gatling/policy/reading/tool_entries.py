"""Entries for single tools: argument schemas, switches, scopes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gatling.errors import InputError
from gatling.policy.dialects.argument_schema import ArgumentSchema
from gatling.policy.reading.reader import Reader, RulePosition
from gatling.policy.reading.roles import read_required_scopes
from gatling.policy.reading.rule_objects import read_list, read_rule, take_roles
from gatling.policy.reading.vocabulary import is_ruling, texts_of
from gatling.policy.rules import ClauseKind, Condition, Operator
from gatling.policy.tree import Effect


def read_tools(reader: Reader, key: str, value: Any, place: RulePosition) -> None:
    entries: list[tuple[str | int, Any, Any]]
    if isinstance(value, dict):
        entries = [(name, item, name) for name, item in value.items()]
    else:
        entries = [(i, item, item.get("name")) for i, item in enumerate(value)]
    for part, item, name in entries:
        here = place.at(part)
        if not isinstance(item, dict) or not isinstance(name, str) or not name:
            reader.skip(here.path, "not an entry for a tool")
            continue
        _read_tool(reader, name, dict(item), here)


SCHEMA_KEYS = ("input_schema", "inputSchema", "parameters", "arguments_schema", "schema")


def _read_tool(reader: Reader, name: str, entry: dict[str, Any], place: RulePosition) -> None:
    roles, is_clear = take_roles(entry)
    here = replace(place, tools=(name,), roles=roles or place.roles)
    for key in SCHEMA_KEYS:
        schema = entry.get(key)
        if isinstance(schema, dict):
            entry.pop(key)
            _add_schema(reader, schema, entry, here.at(key))
            entry.pop("required", None)
    entry.pop("name", None)
    scopes = texts_of(entry.pop("scopes")) if texts_of(entry.get("scopes")) else None
    if scopes:
        read_required_scopes(reader, "", {name: list(scopes)}, here)
    switches = [entry.pop(key) for key in ("allowed", "enabled") if key in entry]
    if any(switch is False for switch in switches):
        reader.add(here.clause(ClauseKind.DENY))
    elif not all(switch is True for switch in switches) or not is_clear:
        reader.skip(here.path, "a switch that is neither true nor false, or roles that are not clear")
    elif switches:
        read_list(reader, Effect.ALLOW, name, here)
    for key in ("returns", "title", "description"):
        if isinstance(entry.get(key), str) and not is_ruling(entry[key]):
            entry.pop(key)
    if entry:
        read_rule(reader, {"tool": name, **entry}, here, Effect.NONE)


def _add_schema(reader: Reader, schema: dict[str, Any], entry: dict[str, Any], place: RulePosition) -> None:
    if "properties" not in schema and "type" not in schema and all(isinstance(v, dict) for v in schema.values()):
        schema = {"type": "object", "properties": schema}  # parameters by name, as function catalogues have them
        if isinstance(entry.get("required"), list):
            schema["required"] = entry["required"]
    try:
        check = Condition("schema", Operator.VALID, ArgumentSchema(schema))
    except InputError as error:
        reader.skip(place.path, f"a schema that is not read whole: {error}")
        check = Condition("schema", Operator.UNKNOWN, f"the schema {error}")
    reader.add(replace(place.clause(ClauseKind.REQUIRE, checks=(check,)), dialect="schema"))
