"""What a phrase wants of the calls that it is about: limits, places, paths, an approval, a request."""

from __future__ import annotations

from typing import Any

from gatling.policy.language.grammar import Who
from gatling.policy.language.lexicon import Lexicon
from gatling.policy.language.phrase import Phrase
from gatling.policy.language.statement import NativeRule
from gatling.tools.derive import effect_of

APPROVED = {"session.approved": True}
_MONEY = frozenset("amount total price value sum cost".split())
_COUNTS = frozenset("limit count max page size top number".split())
_PATHS = frozenset("path file filename filepath directory folder".split())


def restrictions(phrase: Phrase, tools: tuple[str, ...], who: Who, lexicon: Lexicon) -> list[NativeRule]:
    """Return what a phrase wants of the calls that it is about: limits, places, paths, an approval, a request."""
    rules: list[NativeRule] = []
    if phrase.limits and not phrase.rate:
        for tool in tools:
            operators = bounds_of(phrase, tool, lexicon)
            rules.append(NativeRule("requirement", (tool,), who.roles, require=_with_floor(operators, tool)))
            currency = next((amount.currency for _, amount in phrase.limits if amount.currency), "")
            rules += currency_rules((tool,), who.roles, currency, lexicon)
    if phrase.places:
        rules.append(NativeRule("places", tools, who.roles, value=list(phrase.places)))
    if phrase.paths:
        for tool in tools:
            rules.append(NativeRule("requirement", (tool,), who.roles, require=within(phrase.paths, tool, lexicon)))
    if phrase.needs_approval:
        rules.append(NativeRule("requirement", tools, who.roles, require=APPROVED))
    if phrase.needs_request:
        rules.append(NativeRule("request", tools, who.roles))
    return rules


def currency_rules(tools: tuple[str, ...], roles: tuple[str, ...], currency: str, lexicon: Lexicon) -> list[NativeRule]:
    """A limit in one currency bounds nothing in another one: where a call states its currency, it must be that."""
    if not currency:
        return []
    tools = tuple(t for t in tools if t not in lexicon.specs or lexicon.parameter(t, frozenset(("currency",))))
    return [
        NativeRule("requirement", (tool,), roles, when={name: {"like": "*"}}, require={name: {"in": [currency]}})
        for tool in tools
        for name in [lexicon.parameter(tool, frozenset(("currency",))) or "currency"]
    ]


def argument_for(tool: str, lexicon: Lexicon, amount_is_count: bool) -> str:
    """Return the argument that a bare limit of a tool is about."""
    if amount_is_count:
        return lexicon.parameter(tool, _COUNTS) or "limit"
    return lexicon.parameter(tool, _MONEY) or "amount"


def is_count(tool: str, phrase_text: str = "") -> bool:
    return effect_of(tool)[0] == "read"


def bounds_of(phrase: Phrase, tool: str, lexicon: Lexicon) -> dict[str, dict[str, Any]]:
    has_currency = any(amount.currency for _, amount in phrase.limits)
    argument = argument_for(tool, lexicon, is_count(tool) and not has_currency)
    return {argument: {key: amount.number for key, amount in phrase.limits}}


def _with_floor(operators: dict[str, dict[str, Any]], tool: str) -> dict[str, dict[str, Any]]:
    """Want the argument to be there: what does not say how much may be any much."""
    return {
        name: {"min": 0, **bounds} if "max" in bounds or "<" in bounds else bounds for name, bounds in operators.items()
    }


def stated(phrase: Phrase, tools: tuple[str, ...], roles: tuple[str, ...], lexicon: Lexicon) -> list[NativeRule]:
    return [
        NativeRule("requirement", (tool,), roles, require={name: {"min": 0}})
        for tool in tools
        for name in bounds_of(phrase, tool, lexicon)
    ]


def when_of(phrase: Phrase, tools: tuple[str, ...], lexicon: Lexicon) -> dict[str, Any]:
    """Return the condition under which a whole rule holds; none if the limits would be on different arguments."""
    if not phrase.limits or phrase.rate:
        return {}
    found = {name: bounds for tool in tools for name, bounds in bounds_of(phrase, tool, lexicon).items()}
    return dict(found) if len(found) == 1 else {}


def within(paths: tuple[str, ...], tool: str, lexicon: Lexicon) -> dict[str, Any]:
    """Return that a path lies below one of some folders, however it is written (`policy.places`)."""
    name = lexicon.parameter(tool, _PATHS) or "path"
    below = [path if path.endswith("*") else path.rstrip("/") + "/*" for path in paths]
    return {name: {"like": below}}


def not_there(phrase: Phrase, tools: tuple[str, ...], roles: tuple[str, ...], lexicon: Lexicon) -> list[NativeRule]:
    rules = []
    for tool in tools:
        name = lexicon.parameter(tool, _PATHS) or "path"
        folders = [path.rstrip("/*") for path in phrase.paths]
        barred = [form for folder in folders for form in (folder, folder + "/*")]
        rules.append(NativeRule("requirement", (tool,), roles, require={name: {"not_like": barred, "like": "/*"}}))
    return rules
