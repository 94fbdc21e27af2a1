"""Roles, what they inherit, and the OAuth scopes that they hold."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gatling.policy.reading.reader import Reader, RulePosition
from gatling.policy.reading.rule_objects import read_list
from gatling.policy.reading.vocabulary import ALL, NOT_A_ROLE, texts_of
from gatling.policy.tree import Effect

INHERITS = ("inherits", "extends", "inherits_from")


def read_roles(reader: Reader, key: str, value: Any, place: RulePosition) -> None:
    if isinstance(value, list) and all(isinstance(item, dict) for item in value):
        named = [(i, item, item.get("name", item.get("role"))) for i, item in enumerate(value)]
        blocks = [(i, {k: v for k, v in item.items() if k not in ("name", "role")}, n) for i, item, n in named]
    elif isinstance(value, dict):
        blocks = [(name, item, name) for name, item in value.items()]
    else:
        reader.skip(place.path, "not a mapping of roles")
        return
    for part, block, name in blocks:
        here = place.at(part)
        if not isinstance(name, str) or place.roles or (isinstance(block, dict) and {"name", "role"} & block.keys()):
            reader.skip(here.path, "a role without one clear name, or inside another role")
            if isinstance(block, dict):
                reader.restrictions(block, replace(here, may_grant=False))
        elif isinstance(block, dict):
            parents: list[str] = []
            for word in INHERITS:
                names = texts_of(block[word]) if word in block else ()
                if names is None or any(NOT_A_ROLE.search(n) for n in names):
                    reader.skip((*here.path, word), "not a list of roles")
                else:
                    parents += names
            if parents:
                reader.inherits[name] = tuple(parents)
                path = next((*here.path, word) for word in INHERITS if word in block)
                reader.inherits_from[name] = path, reader.lines.get(path)
            rest = {k: v for k, v in block.items() if k not in INHERITS}
            is_all = name.lower() in ALL | {"*", "default"}
            reader.block(rest, replace(here, roles=() if is_all else (name,), may_grant=place.may_grant and not is_all))
        elif isinstance(block, list) and texts_of(block):
            read_list(reader, Effect.ALLOW, block, replace(here, roles=(name,)))
        else:
            reader.skip(here.path, "not a role's permissions")


def read_denied_by_role(reader: Reader, key: str, value: Any, place: RulePosition) -> None:
    """Denials under the names of roles; what is not a list of tools is left unread."""
    for role, tools in value.items():
        read_list(reader, Effect.DENY, tools, replace(place.at(role), roles=(role,)))
