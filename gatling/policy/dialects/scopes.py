"""OAuth scopes: which a role holds, and which a tool needs.

Granted scopes stand at the top or in a role; required ones under a key that says so, or as `scopes` in a tool's entry. Any one of
a tool's scopes is needed, and enough.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import Any

from gatling.policy.clauses import ClauseKind, Condition, Operator
from gatling.policy.reading.reader import Dialect, Reader, RulePosition
from gatling.policy.reading.vocabulary import stated_effect, texts_of, words_of
from gatling.policy.tree import Effect

_SCOPES = {
    "description": "a list of scopes",
    "type": ["string", "array"],
    "items": {"type": "string", "description": "a scope"},
}
_BY_NAME = {"description": "a mapping of names to scopes", "type": "object", "additionalProperties": _SCOPES}
_LISTS = {"description": "a list of scopes, or a mapping of roles to scopes", "anyOf": [_SCOPES, _BY_NAME]}
_GRANTED = frozenset("granted grants grant scopes oauth".split())
_REQUIRED = frozenset("required tool requires operation".split())


class ScopesDialect(Dialect):
    """`granted_scopes` and `required_scopes`."""

    name = "scopes"
    summary = "OAuth scopes: granted_scopes of a role, required_scopes of a tool"
    format = "oauth"
    members = MappingProxyType({"granted_scopes": _LISTS, "required_scopes": _BY_NAME})
    role_members = MappingProxyType({"granted_scopes": _SCOPES})
    entry_members = MappingProxyType({"scopes": _SCOPES})

    def is_member(self, words: frozenset[str], value: Any) -> bool:
        return _is_granted(words) or _is_required(words)

    def read_member(self, reader: Reader, key: str, value: Any, place: RulePosition) -> None:
        read = read_granted_scopes if _is_granted(words_of(key)) else read_required_scopes
        read(reader, value, place)

    def take_from_entry(self, reader: Reader, tool: str, entry: dict[str, Any], place: RulePosition) -> None:
        scopes = texts_of(entry.pop("scopes")) if texts_of(entry.get("scopes")) else None
        if scopes:
            read_required_scopes(reader, {tool: list(scopes)}, place)


def _is_granted(words: frozenset[str]) -> bool:
    return words <= _GRANTED and "scopes" in words and len(words) > 1


def _is_required(words: frozenset[str]) -> bool:
    is_about = "scopes" in words and not words.isdisjoint(_REQUIRED)
    return is_about and stated_effect(" ".join(sorted(words))) is not Effect.DENY  # a list of denials is one


def read_granted_scopes(reader: Reader, value: Any, place: RulePosition) -> None:
    lists = [(place.roles, value)] if not isinstance(value, dict) else [((role,), v) for role, v in value.items()]
    for roles, items in lists:
        scopes = texts_of(items.split() if isinstance(items, str) else items)
        if place.roles and roles != place.roles:
            scopes = None
        if scopes is None or not place.may_grant:
            reader.skip(place.path, "not a list of scopes, or not clear whose")
        else:
            reader.scopes.append((roles, frozenset(scopes)))


def read_required_scopes(reader: Reader, value: Any, place: RulePosition) -> None:
    """Any one of a tool's scopes is needed, and enough."""
    if not isinstance(value, dict):
        reader.skip(place.path, "not a mapping of tools to scopes")
        return
    for tool, items in value.items():
        scopes, here = texts_of(items), place if place.path[-1:] == (tool,) else place.at(tool)
        if scopes is None:
            reader.skip(here.path, "not a list of scopes")
            continue
        condition = Condition("scopes", Operator.IN, scopes)
        if place.may_grant:
            reader.add(replace(here.clause(ClauseKind.ALLOW, tools=(tool,), when=(condition,)), dialect="scopes"))
        reader.add(replace(here.clause(ClauseKind.REQUIRE, tools=(tool,), checks=(condition,)), dialect="scopes"))
