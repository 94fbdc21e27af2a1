"""Lists of tools, and rules that are objects: an effect, the calls it is about, conditions, sentences."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from gatling.policy.clauses import ClauseKind, Condition, Operator
from gatling.policy.reading.conditions import conditions_of, facts, is_condition
from gatling.policy.reading.reader import Reader, RulePosition, add_prose, add_unread, is_role
from gatling.policy.reading.vocabulary import (
    ALL,
    EFFECT_WORDS,
    LIMIT_WORDS,
    NOT_A_NAME,
    is_prose,
    is_ruling,
    stated_effect,
    texts_of,
    words_of,
)
from gatling.policy.tree import Effect


def read_list(reader: Reader, effect: Effect, value: Any, place: RulePosition) -> None:
    kind = ClauseKind.ALLOW if effect is Effect.ALLOW else ClauseKind.DENY
    if kind is ClauseKind.ALLOW and not place.may_grant:
        reader.skip(place.path, "grants below a key that is not known grant nothing")
    elif isinstance(value, str):
        _add_named(reader, kind, value, place)
    elif isinstance(value, list):
        for i, item in enumerate(value):
            if isinstance(item, str):
                _add_named(reader, kind, item, place.at(i))
            elif isinstance(item, dict):
                read_rule(reader, item, place.at(i), effect)
            else:
                reader.skip((*place.path, i), "not the name of a tool")
    elif isinstance(value, dict):
        for name, item in value.items():
            _add_named_with(reader, effect, name, item, place.at(name))
    elif value is not None:
        reader.skip(place.path, "not a list of tools")


def _add_named(reader: Reader, kind: ClauseKind, text: str, place: RulePosition) -> None:
    """Read one entry of a list of tools: a name or a pattern, several by commas, or what is none."""
    name = text.strip()
    if _A_PLACE.search(name):
        reader.skip(place.path, "a place among the names of tools")
    if name[:1] in ("!", "-") and kind is ClauseKind.ALLOW:  # all but this one
        reader.add(place.clause(ClauseKind.DENY, tools=(name[1:].strip(),)))
    elif name and not NOT_A_NAME.search(name):
        tools = ("*",) if kind is ClauseKind.DENY and name.lower() in ALL else (name,)
        reader.add(place.clause(kind, tools=tools))
    else:
        if kind is ClauseKind.DENY:
            for part in re.split(r"[,|;]", name):
                if part.strip() and not NOT_A_NAME.search(part.strip()):
                    reader.add(place.clause(kind, tools=(part.strip(),)))
        if kind is ClauseKind.ALLOW and is_prose(text):
            add_prose(reader, text, place)
        else:
            reader.skip(place.path, "not the name of a tool")


# An address, a URL or a host. `files.read` is a tool.
_A_PLACE = re.compile(
    r"@|://|\bwww\.|\.(?:com|org|net|edu|gov|io|co|info|biz|dev|app|example|eu|uk|de|fr|ch|at|nl|us|ru|cn)$",
    re.IGNORECASE,
)


def _add_named_with(reader: Reader, effect: Effect, name: str, item: Any, place: RulePosition) -> None:
    """Read one member of a mapping below an allow or a deny key: a tool with conditions, or a role with tools."""
    if isinstance(item, bool):
        if item or effect is Effect.ALLOW:
            reader.add(
                place.clause(ClauseKind.ALLOW if item and effect is Effect.ALLOW else ClauseKind.DENY, tools=(name,))
            )
    elif isinstance(item, dict):
        read_rule(reader, {"tool": name, **item}, place, effect)
    elif isinstance(item, list) and is_role(reader, name):
        read_list(reader, effect, item, replace(place, roles=(name,)))
    elif effect is Effect.DENY:  # by group or by role, whatever it is: all of it is forbidden, to everybody
        reader.add(place.clause(ClauseKind.DENY, tools=(name,)))
        read_list(reader, effect, item, place)
        if not isinstance(item, list):
            reader.skip(place.path, "neither a tool with conditions nor a role of this policy")
    else:
        reader.skip(place.path, "neither a tool with conditions nor a role of this policy")


NAME_KEYS = ("tool", "tools", "operation", "operations", "action", "actions", "name", "applies_to", "function")


WHEN_KEYS = ("when", "condition", "conditions", "if", "where")


MUST_KEYS = ("constraints", "require", "must", "only_if", "arguments")


REQUIRES = "requires"
"""A condition where the rule names tools; beside a deed in words it is prose."""


TEXT_KEYS = ("rule", "text", "statement", "sentence")


QUIET_KEYS = frozenset(("id", "sid", "description", "reason", "comment", "title", "severity", "priority", "note"))


def take_tool_names(rule: dict[str, Any]) -> tuple[tuple[str, ...] | None, list[str]]:
    """Return the tools that a rule names and the keys that named them; a name with spaces in it is a description.

    `name` counts only where no other key does.
    """
    found: dict[str, tuple[str, ...]] = {}
    for key in NAME_KEYS:
        names = texts_of(rule.get(key))
        if names and not any(NOT_A_NAME.search(name) for name in names):
            found[key] = names
    if len(found) > 1:
        found.pop("name", None)
    return tuple(dict.fromkeys(n for names in found.values() for n in names)) or None, list(found)


def read_rules(reader: Reader, value: list[Any], place: RulePosition, *, start: int = 0) -> None:
    """Read a list of sentences and rules, whose first has the number `start`."""
    for i, item in enumerate(value, start):
        here = place.at(i)
        if isinstance(item, str) and is_condition(item):
            reader.skip(here.path, "an expression; it belongs to a rule: {tool: ..., require: ...}")
        elif isinstance(item, str) and len(item.split()) > 1:
            add_prose(reader, item, here)
        elif isinstance(item, dict):
            dialect = next((d for d in reader.dialects if d.is_rule(item, is_listed=True)), None)
            if dialect is not None:
                dialect.read_rule(reader, item, here)
            else:
                read_rule(reader, item, here, Effect.NONE)
        else:
            reader.skip(here.path, "not a rule")


def take_effect(rest: dict[str, Any], effect: Effect) -> tuple[Effect, bool]:
    """Take the effect out of a rule; tell also whether one is stated that is not known. Of several, the strictest."""
    found: list[Effect] = []
    unknown = False
    for key in ("effect", "decision"):
        if key in rest:
            value = rest.pop(key)
            stated = stated_effect(value) if isinstance(value, str) else Effect.NONE
            found.append(stated)
            unknown = unknown or stated is Effect.NONE
    for key in ("action", "permission", "access"):  # may also name the tool
        value = rest.get(key)
        stated = stated_effect(value) if isinstance(value, str) else Effect.NONE
        if stated is not Effect.NONE and words_of(value) <= EFFECT_WORDS:
            found.append(stated_effect(rest.pop(key)))
        elif stated is not Effect.NONE and len(words_of(value)) == 1:  # `stop` and the like
            rest.pop(key)
            unknown = True
    if Effect.DENY in found:
        return Effect.DENY, unknown
    return (Effect.ALLOW if Effect.ALLOW in found else effect), unknown


def take_roles(rest: dict[str, Any]) -> tuple[tuple[str, ...], bool]:
    """Take the roles out of a rule; tell also whether they are clear. No roles: everybody."""
    names: list[str] = []
    is_clear = True
    for key in ("roles", "role"):
        if key not in rest:
            continue
        value = rest.pop(key)
        found = texts_of([part.strip() for part in value.split(",")] if isinstance(value, str) else value)
        if found is None or any(name[:1] in ("!", "-") for name in found):
            is_clear = False
        elif not any(name.lower() in ALL or name == "*" for name in found):
            names += found
    return tuple(names), is_clear


def read_rule(reader: Reader, rule: dict[str, Any], place: RulePosition, effect: Effect) -> None:
    """Read one rule object; `effect` is that of the list it stands in."""
    rest = dict(rule)
    effect, has_unknown_effect = take_effect(rest, effect)
    tools, keys = take_tool_names(rest)
    for key in keys:
        rest.pop(key)
    if len(keys) == 0 or "name" in keys:
        pass
    else:
        rest.pop("name", None)  # the rule's own name
    roles, is_clear = take_roles(rest)
    here = replace(place, tools=tools or place.tools, roles=(roles if is_clear else ()) or place.roles)
    if effect is Effect.ALLOW and (not is_clear or len(keys) > 1 or has_unknown_effect):
        reader.skip(here.path, "it is not clear whom or what this grants")
        return
    says_nothing = effect is Effect.NONE and not has_unknown_effect and not rest.keys() - QUIET_KEYS - {"name"}
    if says_nothing and keys and not any(isinstance(rest.get(k), str) and is_prose(rest[k]) for k in QUIET_KEYS):
        reader.skip(here.path, "a rule that says nothing of the tools it names", tools=tools or ())
    if has_unknown_effect or not is_clear:
        add_unread(reader, "an effect or roles that are not read", here)
    if isinstance(rest.get("rules"), list) and not any(k in rest for k in TEXT_KEYS):  # a section
        read_rules(reader, rest.pop("rules"), here.at("rules"))
        rest.pop("section", None)
        if not rest and effect is Effect.NONE:
            return
    text = next((rest.pop(key) for key in TEXT_KEYS if isinstance(rest.get(key), str)), None)
    when = [c for key in WHEN_KEYS if key in rest for c in conditions_of(rest.pop(key))]
    must = [c for key in MUST_KEYS if key in rest for c in conditions_of(rest.pop(key))]
    if tools and is_condition(rest.get(REQUIRES)):
        must += conditions_of(rest.pop(REQUIRES))
    deed = rest.get("action")
    if (
        not tools and isinstance(deed, str) and is_condition(rest.get(REQUIRES))
    ):  # {action: Book a hotel, requires: age >= 18}
        about = (Condition("deed", Operator.UNKNOWN, deed),)
        reader.add(replace(here.clause(ClauseKind.REQUIRE, when=about, checks=facts(rest[REQUIRES])), dialect="prose"))
    quiet = [str(rest.pop(k)) for k in list(rest) if k in QUIET_KEYS and isinstance(rest[k], (str, int, float))]
    is_vague = tools is None and not when
    if effect is Effect.DENY and must:  # `must` of a denial: what lifts it, or what triggers it? Not read as either
        add_unread(reader, "a denial with constraints", here)
        when, must = [*when, *must], []
    if effect is not Effect.NONE and not is_vague:
        kind = ClauseKind.ALLOW if effect is Effect.ALLOW else ClauseKind.DENY
        if kind is ClauseKind.ALLOW and not here.may_grant:
            reader.skip(here.path, "grants below a key that is not known grant nothing")
        else:
            reader.add(here.clause(kind, when=tuple(when)))
    if must:
        reader.add(here.clause(ClauseKind.REQUIRE, when=tuple(when), checks=tuple(must)))
    if text is not None:
        add_prose(reader, text, here)
    elif not must and is_vague and not quiet and not rest and effect is Effect.NONE and not when:
        reader.skip(here.path, "an empty rule")
    elif (effect is Effect.NONE and not must and when) or (effect is not Effect.NONE and is_vague):
        reader.skip(here.path, "a rule that says neither which calls it is about nor what they must be")
    for said in quiet:
        if is_ruling(said) or (
            text is None and effect is Effect.NONE and not must and not rest and len(said.split()) > 3
        ):
            add_prose(reader, said, here)
    for key, value in rest.items():
        if isinstance(value, (dict, list)) or words_of(key) & (LIMIT_WORDS | {"max", "maximum", "tier", "sensitivity"}):
            reader.member(key, value, here.at(key))
        elif effect is Effect.DENY and keys == ["name"] and value not in (None, ""):
            reader.skip((*here.path, key), "whether this rule names a tool or somebody is not clear")
        elif value not in (None, ""):
            is_sentence = isinstance(value, str) and is_prose(value)
            add = add_prose if is_sentence or not (tools or effect is not Effect.NONE) else add_unread
            add(reader, f"{key}: {value}", here.at(key))
            if effect is Effect.DENY:  # what is forbidden may be what the key names
                reader.skip((*here.path, key), "not a part of a denial that is read")
