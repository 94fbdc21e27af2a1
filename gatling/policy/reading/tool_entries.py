"""Entries for single tools: argument schemas, switches, scopes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gatling.policy.clauses import ClauseKind
from gatling.policy.reading.reader import Reader, RulePosition
from gatling.policy.reading.rule_objects import QUIET_KEYS, read_list, read_rule, take_roles
from gatling.policy.reading.vocabulary import is_ruling
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
        reader.entries.add(name)
        _read_tool(reader, name, dict(item), here)


def _read_tool(reader: Reader, name: str, entry: dict[str, Any], place: RulePosition) -> None:
    roles, is_clear = take_roles(entry)
    here = replace(place, tools=(name,), roles=roles or place.roles)
    for dialect in reader.dialects:
        dialect.take_from_entry(reader, name, entry, here)
    entry.pop("name", None)
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
    if entry.keys() - QUIET_KEYS:
        read_rule(reader, {"tool": name, **entry}, here, Effect.NONE)
