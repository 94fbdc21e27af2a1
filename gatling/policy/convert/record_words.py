"""Words of keys, values and columns: which of them say who, whether, what and how, and which only hold others."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from gatling.policy.convert.qualities import NOTHING
from gatling.policy.language import keys
from gatling.policy.language.amounts import amount_of
from gatling.policy.language.deeds import OBJECTS, deed_of, root
from gatling.policy.language.effects import Effect, effect_in
from gatling.policy.language.grammar import ROLE_NOUNS
from gatling.policy.language.keys import ALLOW, ASK, DENY
from gatling.policy.reading.conditions import KEYED_OPERATORS
from gatling.schema.words import split_words
from gatling.tools.naming import singular

NOBODY = frozenset(("nobody", "none", "no one", "no-one", "noone"))

EVERYBODY = frozenset("* all everyone everybody any anyone anybody public".split())

WHO = keys.ROLE_KEYS | frozenset("who for actor actors grantee team teams staff member members by whom".split())

TOOL = keys.TOOL_KEYS | frozenset(
    "what do does task tasks activity activities verb verbs capability capabilities deed deeds permission permissions right rights step "
    "job use case name".split()
)

EFFECT = frozenset(
    "effect decision verdict status permission access policy outcome result mode then ruling answer allowed permitted state treatment ok okay granted".split()
)

OBJECT = frozenset("resource resources object objects on target targets entity item asset".split())

NOTE = frozenset("id sid title comment comments note notes reason remark remarks why rationale description priority severity nr no label version "
                  "explanation ref reference".split())  # fmt: skip

STRUCTURE = frozenset(
    "policy policies rule rules list lists table matrix grants statement statements entries general access settings config rbac acl "
    "security permissions permission rights tools tool operations operation actions action functions function capabilities roles role groups "
    "group who documents kind type what line lines entry capability capabilities chain stanza block blocks item items case cases spec module modules limits limit constraints conditions scope spec agent assistant bot may can name by per the of for and".split()
)

INNER = frozenset("if when match where condition conditions args arguments params parameters input then x policy effect annotations annotation target "
                   "subject limits limit constraints".split())  # fmt: skip

LIMITS = keys.LIMITING | frozenset("constraint constraints restriction restrictions bounds".split())

TITLE = frozenset("agent assistant bot policy policies rules copilot helper permissions".split())

EXCEPT = frozenset(
    "except exception exceptions excepted unless excluding exclude excluded excludes without provided other_than but".split()
)

ELSE = frozenset(
    "default fallback otherwise else other others anything everything rest unlisted remaining unknown missing".split()
)

THINGS = frozenset().union(*OBJECTS)

PREFIX = re.compile(
    r"(?:(?:the )?(?:agent|assistant|bot|it)[ _])?(may|can|is allowed to|must not|may not|cannot|never|should not)[ _](.+)",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Around:
    """What the keys above say."""

    effect: str = ""
    roles: tuple[str, ...] = ()
    has_roles: bool = False
    is_guess: bool = False
    words: tuple[str, ...] = ()
    """Keys that are neither an effect nor certainly a role: things, topics, or roles."""
    qualities: tuple[tuple[str, Any], ...] = ()
    is_limit: bool = False
    names_roles: bool = False
    """The next key is a role."""
    above: tuple[str, ...] = ()
    """The names of the key that says so, which is a role itself where a tool stands below it: `users: {read_file: yes}`."""
    names_places: str = ""
    """The next key is a value of this."""
    doubt: str = ""


NO_NAMES = re.compile(
    r"[\d<>=%:/!]|\b(?:if|when|unless|except|but|only|not|no|never|up|to|in|on|at|from|with|without|under|below|above|over|max|after|before|"
    r"during|until|within|per|own|for|by)\b",
    re.IGNORECASE,
)


def tier_of(key: str, value: Any) -> Effect | None:
    """Return the effect that a bound has in its own key: `max_without_approval`, `automatic_up_to`."""
    if amount_of(value) is None or not key:
        return None
    said = effect_in(" ".join(w for w in split_words(key) if w.isalnum()))
    return said if said.effect in (ALLOW, ASK) and said.rest else None


NUMBERS = frozenset("# no nr id row rule number pos position n".split())
"""Columns that number the rows."""

ROLE_OF_BINDING = frozenset(("role", "role_ref", "role_name"))

MEMBERS = frozenset("members subjects users groups subject member user group principals".split())

ROLE_KINDS = frozenset("role roles cluster group groups profile persona".split())
"""`kind: Role`: the name beside it is that of a role."""

APPROVAL = frozenset(
    "approval approvals approver approvers approve approved confirmation confirm consent signoff".split()
)

NO_APPROVAL = NOTHING | {"no", "false", "not needed", "not required", "not necessary", "n"}

EXCEEDING = frozenset("over above beyond exceeding exceeded exceeds".split())

OTHERS = frozenset("other others else".split())


def exceeds(key: str, value: Any) -> bool:
    """Tell whether a member says what becomes of calls beyond a bound that another one states: `above: refuse`."""
    words = set(split_words(key))
    if words & OTHERS and keys.effect_of_value(value) == DENY:
        return True
    return (
        bool(words & EXCEEDING)
        and amount_of(value) is None
        and isinstance(value, (str, bool))
        and not re.search(r"\d", str(value))
    )


def column_kind(header: str) -> str:
    """Return what the cells of a column say, by its name: tool, who, effect, bound or note; empty for a name of its own."""
    words = set(split_words(header))
    if not words or words <= NOTE:
        return "note"
    for kind, names in (("tool", TOOL), ("who", WHO), ("effect", EFFECT | frozenset(("approval", "required")))):
        if words & names and words <= names | {
            "of",
            "the",
            "agent",
            "by",
            "allowed",
            "needed",
            "for",
            "is",
            "it",
            "to",
        }:
            return kind
    return "bound" if words & LIMITS or words & INNER or words & {"amount", "value", "max"} else ""


def turned_by(effect: str, switch: str) -> str:
    """Return the effect of `may_pay: no`, `must_not_pay: yes`; nothing for a double negation."""
    if switch == ALLOW:
        return effect
    if effect == ALLOW:
        return switch
    return ""


def is_role_word(text: str) -> bool:
    words = split_words(text)
    return bool(words) and len(words) <= 4 and singular(words[-1]) in ROLE_NOUNS - {"agent"}


def is_of(key: str, names: frozenset[str]) -> bool:
    words = set(split_words(key))
    return bool(words & names) and words <= names | {"allowed", "permitted", "names", "name", "list", "of", "the", "to"}


def are_deeds(value: str) -> bool:
    """Tell whether a value is deeds and nothing else: `read and update`."""
    parts = re.split(r"\s*(?:,|/|&|\+|\band\b)\s*", value.strip())
    return 0 < len(parts) <= 6 and all(
        part.isalpha() and part.islower() and deed_of(part) == root(part) for part in parts
    )


def are_scalars(value: list[Any]) -> bool:
    return all(not isinstance(item, (dict, list)) for item in value)


def are_names(value: Any) -> bool:
    items = [value] if isinstance(value, str) else value
    return (
        isinstance(items, list) and bool(items) and all(isinstance(i, str) and 0 < len(i.split()) <= 6 for i in items)
    )


def are_operators(value: dict[str, Any]) -> bool:
    return bool(value) and all(key in KEYED_OPERATORS for key in value)


def stated_effect_of(value: Any) -> str:
    known = keys.effect_of_value(value)
    if known or not isinstance(value, str):
        return known
    said = effect_in(value)
    return said.effect if not said.rest else ""


def flattened(block: dict[str, Any]) -> list[tuple[str, Any]]:
    """Return the members of a record, with those of the mappings in it that only hold some of them."""
    found: list[tuple[str, Any]] = []
    for key, value in block.items():
        if isinstance(value, dict) and not are_operators(value) and set(split_words(key)) <= INNER:
            found += flattened(value)
        else:
            found.append((key, value))
    return found


def environments_of(key: str) -> list[str]:
    """Return the ways in which hosts write an environment."""
    for group in (("prod", "production"), ("dev", "development"), ("stage", "staging"), ("test", "testing")):
        if key.lower() in group:
            return [*dict.fromkeys((key, key.lower(), *group))]
    return [*dict.fromkeys((key, key.lower()))]
