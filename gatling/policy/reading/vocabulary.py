"""Words by which the keys of a policy are known."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from gatling.policy.tree import Effect, effect_of_key
from gatling.schema.words import split_words

TOOL_WORDS = frozenset(
    "operation operations tool tools action actions function functions call calls method methods api apis command commands "
    "capability capabilities permission permissions endpoint endpoints".split()
)


LIST_WORDS = frozenset("list allowlist denylist blocklist blacklist whitelist".split())


PLACE_WORDS = frozenset(
    "domain domains destination destinations recipient recipients host hosts url urls address addresses site sites email "
    "emails endpoint egress outbound".split()
)


LIMIT_WORDS = frozenset("limit limits quota quotas cap caps ceiling ceilings bound bounds threshold thresholds".split())


VOLUME_WORDS = frozenset(
    "limit limits max maximum rows records results items volume files entries count size page n top k num number".split()
)


EXCEPT_WORDS = frozenset("except excepting excluding unless without but other than".split())


MODAL_WORDS = frozenset(
    "never not only must cannot may no except unless without always forbidden prohibited denied banned allowed permitted "
    "required requires needs approval".split()
)


ABOUT = frozenset(
    "company language environment status jurisdiction license licence created modified changelog timezone purpose locale "
    "version description title name id sid comment comments note notes owner author date effective updated review tags "
    "metadata meta domain organization organisation department contact contacts reviewed approved by classification "
    "revision last url schema policy".split()
)


PEOPLE = frozenset("contact contacts directory people staff employee employees team member members colleagues".split())


PARTS_OF_A_PERSON = frozenset(
    "name first last full given family email mail phone telephone mobile number id department company organization "
    "organisation city".split()
)


CONTAINERS = frozenset(
    "policy access control controls permissions permission rules rule authorization authorisation security governance settings "
    "guardrails constraints restrictions operations tools scope config spec general global common defaults".split()
)


@lru_cache(maxsize=16_384)
def words_of(key: str) -> frozenset[str]:
    return frozenset(split_words(key))


LENIENT_NOT = frozenset(("dont", "cannot", "cant", "mustnt"))


EFFECT_WORDS = frozenset(
    "allow allowed allows allowlist permit permitted permits whitelist grant granted grants authorized authorised approved "
    "accept accepted deny denied denies denylist forbid forbidden forbids block blocked blocklist blacklist prohibit prohibited "
    "disallow disallowed restricted banned never call not".split()
)


ALL = frozenset(("all", "any", "everything", "everyone", "anyone", "everybody"))


NOT_A_NAME = re.compile(r"[\s,|{}\[\]()^$\\!]")


@lru_cache(maxsize=16_384)
def stated_effect(key: str) -> Effect:
    """Return the effect that a key or a word states, negations such as `dont` included."""
    effect = effect_of_key(key)
    if effect is Effect.ALLOW and words_of(key) & LENIENT_NOT:
        return Effect.DENY
    if effect is Effect.NONE and words_of(key) & {
        "block",
        "blocks",
        "ban",
        "bans",
        "prohibits",
        "disallows",
        "rejects",
        "stop",
    }:
        return Effect.DENY
    return effect


def is_ruling(text: str) -> bool:
    """Tell whether a description says what may or may not be done."""
    words = split_words(text)
    return len(words) >= 3 and not MODAL_WORDS.isdisjoint(words)


def is_directory(value: Any) -> bool:
    """Tell whether a value lists people, and nothing else: it grants nothing and forbids nothing."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(entry, dict) and all(map(_is_part_of_a_person, entry, entry.values())) for entry in value)
    )


def _is_part_of_a_person(key: str, value: Any) -> bool:
    words = words_of(key)
    return bool(words) and words <= PARTS_OF_A_PERSON and isinstance(value, (str, int)) and not is_ruling(str(value))


def is_list_of_sentences(value: Any) -> bool:
    """Tell whether a value is a list of strings of four words or more."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(v, str) and len(split_words(v)) >= 4 and " " in v for v in value)
    )


def texts_of(value: Any) -> tuple[str, ...] | None:
    items = [value] if isinstance(value, str) else value
    if isinstance(items, list) and items and all(isinstance(item, str) and item for item in items):
        return tuple(items)
    return None
