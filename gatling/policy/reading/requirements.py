"""What calls must keep: destinations, provenance, a request, an order."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from gatling.policy.clauses import ClauseKind, Condition, Operator
from gatling.policy.reading.conditions import destination_pattern, trust_tier
from gatling.policy.reading.reader import Reader, RulePosition, is_role
from gatling.policy.reading.rule_objects import take_tool_names
from gatling.policy.reading.vocabulary import (
    ALL,
    EFFECT_WORDS,
    EXCEPT_WORDS,
    LENIENT_NOT,
    NOT_A_NAME,
    PLACE_WORDS,
    TOOL_WORDS,
    stated_effect,
    texts_of,
    words_of,
)
from gatling.policy.tree import Effect


def names_places(words: frozenset[str], value: Any) -> bool:
    """Tell whether a key lists where data may or may not go; `domains` alone may be anything."""
    is_clear = bool(words & {"destination", "destinations", "recipient", "recipients", "egress"})
    has_effect = stated_effect(" ".join(sorted(words))) is not Effect.NONE
    return (
        bool(words & PLACE_WORDS)
        and not words & TOOL_WORDS
        and (has_effect or (is_clear and not isinstance(value, str)))
    )


def read_destinations(reader: Reader, key: str, value: Any, place: RulePosition) -> None:
    operator = Operator.NOT_LIKE if stated_effect(key) is Effect.DENY else Operator.LIKE
    if not isinstance(value, dict):
        _destination_list(reader, operator, value, place)
        return
    if not value:
        reader.skip(place.path, "no destinations")
    for name, items in value.items():
        here = place.at(name)
        stated = stated_effect(name)
        if stated is not Effect.NONE and words_of(name) <= EFFECT_WORDS | PLACE_WORDS:
            _destination_list(reader, Operator.NOT_LIKE if stated is Effect.DENY else Operator.LIKE, items, here)
        elif is_role(reader, name):
            _destination_list(reader, operator, items, replace(here, roles=(name,)))
        else:
            _destination_list(reader, operator, items, replace(here, tools=(name,)))


def _destination_list(reader: Reader, operator: Operator, items: Any, place: RulePosition) -> None:
    if isinstance(items, str):
        items = [part for part in re.split(r"[,;\s]+", items) if part]
    patterns = texts_of(items)
    if patterns is None and items == []:
        if operator is Operator.NOT_LIKE:
            return
        patterns = ()
    cleaned = tuple(destination_pattern(p) for p in patterns) if patterns is not None else ()
    if patterns is None or None in cleaned:
        reader.skip(place.path, "not a list of hosts and addresses")
    if patterns is not None:
        known = tuple(p for p in cleaned if p is not None)
        reader.add(place.clause(ClauseKind.REQUIRE, checks=(Condition("destination", operator, known),)))


def read_provenance(reader: Reader, key: str, value: Any, place: RulePosition) -> None:
    if stated_effect(key) is Effect.DENY or words_of(key) & LENIENT_NOT | words_of(key) & EXCEPT_WORDS:
        reader.skip(place.path, "denied sources are not read")
    elif isinstance(value, list) and all(isinstance(item, str) for item in value):  # trusted_sources_only: [tools]
        if any(trust_tier(item) is not None or NOT_A_NAME.search(item) for item in value):
            reader.skip(place.path, "a list of sources is not read; name the tools")
            return
        for i, item in enumerate(value):
            check = Condition("tier", Operator.AT_MOST, 2)
            reader.add(place.at(i).clause(ClauseKind.REQUIRE, tools=(item,), checks=(check,)))
    elif isinstance(value, list):
        for i, item in enumerate(value):
            _provenance_item(reader, item, place.at(i), None)
    elif isinstance(value, dict):
        for name, item in value.items():
            here = place.at(name)
            head, dot, argument = name.rpartition(".")
            is_general = name.lower() in ALL | {"default", "max_tier", "tier", "*"}
            if isinstance(item, dict):
                _provenance_item(reader, item, here, None if is_general else (name,))
            elif is_general:
                _tier_clause(reader, here, ("*",), None, trust_tier(item), "")
            else:
                _tier_clause(reader, here, (name,), None, trust_tier(item), "")
                if dot and head:
                    _tier_clause(reader, here, (head,), argument, trust_tier(item), "")
    else:
        _tier_clause(reader, place, None, None, trust_tier(value), "")


def _provenance_item(reader: Reader, item: Any, place: RulePosition, tools: tuple[str, ...] | None) -> None:
    if not isinstance(item, dict):
        reader.skip(place.path, "not a provenance requirement")
        return
    named = take_tool_names(item)[0] or tools
    stated = [trust_tier(v) for k, v in item.items() if words_of(k) & {"tier", "trust", "source", "sources"}]
    tier = None if None in stated or not stated else min(t for t in stated if t is not None)
    unless = item.get("unless", item.get("except", ""))
    _tier_clause(reader, place, named, item.get("argument"), tier, unless if isinstance(unless, str) else "a condition")


def _tier_clause(
    reader: Reader, place: RulePosition, tools: tuple[str, ...] | None, argument: Any, tier: int | None, unless: str
) -> None:
    if tier is None:
        reader.skip(place.path, "not a tier from 1 to 3 or a word such as internal, partner or public")
        return
    subject = f"tier:{argument}" if isinstance(argument, str) else "tier"
    check = Condition(subject, Operator.AT_MOST, tier)
    reader.add(place.clause(ClauseKind.REQUIRE, tools=tools, checks=(check,), exception=unless))


def read_requests(reader: Reader, key: str, value: Any, place: RulePosition) -> None:
    check = Condition("request", Operator.EQUALS, "asks for the call")
    if value is True or (isinstance(value, str) and value.lower() in ALL | {"yes", "always", "true", "*"}):
        reader.add(place.clause(ClauseKind.REQUIRE, checks=(check,)))
        return
    tools = texts_of([part.strip() for part in value.split(",")] if isinstance(value, str) else value)
    for i, tool in enumerate(tools or ()):
        here = place.at(i) if isinstance(value, list) else place
        if NOT_A_NAME.search(tool):
            reader.skip(here.path, "not the name of a tool")
        else:
            reader.add(here.clause(ClauseKind.REQUIRE, tools=(tool,), checks=(check,)))
    if tools is None and value not in (False, []):
        reader.skip(place.path, "not a list of tools")


def read_before(reader: Reader, key: str, value: Any, place: RulePosition) -> None:
    """What must come before a tool: of several, each."""
    if not isinstance(value, dict):
        reader.skip(place.path, "not a mapping of tools to what must come before them")
        return
    for tool, earlier in value.items():
        names = texts_of(earlier)
        if names is None or any(NOT_A_NAME.search(n) for n in names):
            reader.skip((*place.path, tool), "not the name of a tool")
        for name in names or ():
            check = Condition("before", Operator.IN, (name,))
            reader.add(place.at(tool).clause(ClauseKind.REQUIRE, tools=(tool,), checks=(check,)))
