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
    "company language jurisdiction license licence created modified changelog timezone purpose locale "
    "version description title name id sid comment comments note notes owner author date updated review tags "
    "metadata meta domain organization organisation department contact contacts reviewed approved by classification "
    "revision last url schema policy".split()
)


DESCRIPTIVE = frozenset(
    "$schema agent assistant author brand changelog classification comment company contact created department description domain "
    "entity id industry institution jurisdiction label language license locale maintainer name organisation organization owner "
    "policy_id product project purpose reviewed reviewed_by revision state_changing_operations summary tags team "
    "timezone title updated url vendor version "
    "metadata".split()
)
"""Keys that say what a policy is and whose: with text, numbers or lists of text they grant nothing and restrict nothing. What in
their text rules is prose. Not among them is what may be a condition: `role`, `environment`, `status`, `effective`, `servers`."""


PROSE = frozenset(("notes", "known_risks", "risky_actions"))
"""Keys of sentences for people, beside `rules` and `sections`."""


REMARKS = frozenset(
    "comment comments note notes description purpose changelog revision review version title metadata meta".split()
)


PEOPLE = frozenset("contact contacts directory people staff employee employees team member members colleagues".split())


PARTS_OF_A_PERSON = frozenset(
    "name first last full given family email mail phone telephone mobile id department company organization "
    "organisation city".split()
)


_MAIL_ADDRESS = re.compile(r"[\w.+'-]{1,64}@[\w.-]{1,253}")
_PHONE_NUMBER = re.compile(r"\+?[\d\s()./-]{5,30}")
_PERSON_ID = re.compile(r"[\w.-]{1,64}")
# `Ann Lee`, `van den Berg`, `R&D`: one word in upper case at least, and no sign that names of tools or patterns have.
_PROPER_NAME = re.compile(r"(?=.*[^\W\d_a-z])[^\W\d_]+(?:(?:[ '’.-]|\. | & |&|, )[^\W\d_]+){0,7}\.?")


CONTAINERS = frozenset(
    "policy access control controls permissions permission rules rule authorization authorisation security governance settings "
    "guardrails constraints restrictions operations tools scope config spec general global common defaults".split()
)


# What a sentence has and a name, a file or a command has not.
_FINITE_VERBS = frozenset(
    "is are was were be been must may might can cannot shall should will would do does did has have had need needs never".split()
)
# Numbers, paths, flags and pipes: amounts, files and commands, however many words they have.
_NO_PROSE = re.compile(r"\d|(?<!\S)--?\w|[|<>`$\\]|\w/\w*/|\w\.\w{2,4}\b|(?<!\S)/")


@lru_cache(maxsize=16_384)
def words_of(key: str) -> frozenset[str]:
    return frozenset(split_words(key))


LENIENT_NOT = frozenset(("dont", "cannot", "cant", "mustnt"))


EFFECT_WORDS = frozenset(
    "allow allowed allows allowlist permit permitted permits whitelist grant granted grants authorized authorised approved "
    "accept accepted deny denied denies denylist forbid forbidden forbids block blocked blocklist blacklist prohibit prohibited "
    "disallow disallowed restricted banned never call not".split()
)


_VERDICT_WORDS = (
    EFFECT_WORDS
    | EXCEPT_WORDS
    | frozenset(
        "no none nobody only must cannot may ban bans bar barred stop suspended revoked disabled inactive excluded sanctioned "
        "trusted untrusted unknown external internal approval required".split()
    )
)


ALL = frozenset(("all", "any", "everything", "everyone", "anyone", "everybody"))


NOT_A_NAME = re.compile(r"[\s,|{}\[\]()^$\\!]")
NOT_A_ROLE = re.compile(r"[,|{}\[\]()^$\\!\r\n\t]")
"""The name of a role may have spaces."""


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
    is_refusal = len(words) >= 2 and words[0] in ("no", "never") and not words[1].isdigit()  # `No payments`
    return is_refusal or (len(words) >= 3 and not MODAL_WORDS.isdisjoint(words))


_HEADING = re.compile(r"(?:[^.:;!?]{0,200}, )?(?:what|who|whom|when|where|how|which)\b[^.:;!?]{0,200}", re.IGNORECASE)


def is_heading(text: str) -> bool:
    """Tell whether a title only says what follows: `What the bot can and cannot do`. That is no rule."""
    return _HEADING.fullmatch(text.strip()) is not None


def is_prose(text: str) -> bool:
    """Tell whether a text is several words in a row, as sentences are: no name, no value, no pattern."""
    return len(text.split()) >= 4 and len(split_words(text)) >= 4


def is_directory(value: Any) -> bool:
    """Tell whether a value lists people, and nothing else: it grants nothing and forbids nothing."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(entry, dict) and all(map(_is_part_of_a_person, entry, entry.values())) for entry in value)
    )


def _is_part_of_a_person(key: str, value: Any) -> bool:
    """Tell whether a member says who somebody is: each in the form that its key promises, and without a word of a verdict."""
    words = words_of(key)
    if not words or not words <= PARTS_OF_A_PERSON or isinstance(value, bool) or not isinstance(value, (str, int)):
        return False
    text = str(value)
    if words & {"email", "mail"}:
        return bool(_MAIL_ADDRESS.fullmatch(text))
    if words & {"phone", "telephone", "mobile"}:
        return bool(_PHONE_NUMBER.fullmatch(text))
    if "id" in words:
        return bool(_PERSON_ID.fullmatch(text)) and _is_plain(text)
    return isinstance(value, str) and bool(_PROPER_NAME.fullmatch(text)) and _is_plain(text)


def _is_plain(text: str) -> bool:
    return _VERDICT_WORDS.isdisjoint(split_words(text)) and effect_of_key(text) is Effect.NONE


def is_list_of_sentences(value: Any) -> bool:
    """Tell whether a value is a list of whole sentences. Names, files and commands of several words are none."""
    return isinstance(value, list) and bool(value) and all(isinstance(v, str) and is_sentence(v) for v in value)


def is_sentence(text: str) -> bool:
    """Tell whether a text has a verb that only sentences have, or is a long run of words as sentences are."""
    words = split_words(text)
    if len(words) < 4 or " " not in text.strip():
        return False
    written = text.split()
    is_run = len(written) >= 6 and 2 * sum(word[0].islower() for word in written) > len(written)
    return not _FINITE_VERBS.isdisjoint(words) or (is_run and not _NO_PROSE.search(text))


def texts_of(value: Any) -> tuple[str, ...] | None:
    items = [value] if isinstance(value, str) else value
    if isinstance(items, list) and items and all(isinstance(item, str) and item for item in items):
        return tuple(items)
    return None
