"""Which tools a few words mean, where all tools are known: every word of the tool is said, and every word that is said is in it.

`telescope status` is `telescope_status`, `CALENDAR_READ` is `read_calendar`, `take cake orders` is `create_cake_order`, and
`orders` alone is none of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from gatling.policy.language.deeds import LIGHT, NOUN_DEEDS, READS, permits_deed, root, same_deed, same_object
from gatling.policy.language.lexicon import Lexicon
from gatling.schema.words import split_words
from gatling.tools.derive import NOUN_VERBS, VERBS, effect_of

FILLERS = frozenset(
    map(
        root,
        "the a an of to in on for about by from with and or is are be its it their his her our your new any all every own via at into as "
        "tool tools use using do".split(),
    )
)
"""Words that say nothing of which tool is meant."""
_SAME = tuple(
    frozenset(map(root, group.split()))
    for group in (
        "read view see look lookup show display get fetch consult inspect retrieve",
        "search find query browse lookup",
        "create add make new take place enter open accept file raise write record log register",
        "update edit modify change alter amend adjust set correct enter put",
        "delete remove erase purge destroy",
        "send mail email dispatch message deliver",
        "answer reply respond",
        "refund reimburse",
        "pay transfer disburse remit",
        "order buy purchase",
        "book reserve schedule",
        "page call phone",
        "start begin switch launch",
        "export download",
        "grant give apply award",
        "assign allocate",
        "query look see read",
    )
)
_ALL_DEEDS = frozenset().union(*_SAME, map(root, VERBS), map(root, NOUN_VERBS))


_LOOK_UP = re.compile(r"\blook(?:ing|ed|s)?[ _-]up\b", re.IGNORECASE)


def words_for(text: str) -> tuple[str, ...]:
    """Return the words of a text that may say which tool is meant, by root."""
    text = _LOOK_UP.sub("lookup", text)
    found = (root(word) for word in split_words(text) if word[:1].isalnum())
    return tuple(dict.fromkeys(word for word in found if word not in FILLERS))


@lru_cache(65_536)
def _is_said(word: str, said: str, is_loose: bool) -> bool:
    """Tell whether a word of a tool's name is said by a word: the same, another for the thing, or another for the deed."""
    if word == said or NOUN_DEEDS.get(said, said) == word:
        return True
    if word in _ALL_DEEDS and said in _ALL_DEEDS:
        if word in READS and said in READS:
            return permits_deed(said, word)
        return is_loose and any(word in group and said in group for group in _SAME)
    return word not in _ALL_DEEDS and said not in _ALL_DEEDS and same_object(word, said)


def matched(text: str | Iterable[str], lexicon: Lexicon) -> tuple[str, ...]:
    """Return the tools that some words mean, all of them and no more; those of the same words before those of like words."""
    said = words_for(text) if isinstance(text, str) else tuple(text)
    if not said or len(said) > 12:
        return ()
    exact = [name for name in lexicon.names if set(words_for(name)) == set(said)]
    if exact:
        return tuple(exact)
    for is_loose in (False, True):
        found = [name for name in lexicon.names if _covers(words_for(name), said, is_loose=is_loose)]
        if found and (not is_loose or len(found) == 1):
            return tuple(found)
    return ()


def _covers(words: tuple[str, ...], said: tuple[str, ...], *, is_loose: bool) -> bool:
    if not words or len(words) > len(said) + 1:
        return False
    left = list(said)
    has_noun = any(s in NOUN_DEEDS for s in said)
    for word in words:
        if has_noun and word in LIGHT and word not in said:
            continue  # `payments` are made
        hit = next((s for s in left if _is_said(word, s, is_loose)), None)
        if hit is None:
            return False
        left.remove(hit)
    return all(any(_is_said(word, s, is_loose) for word in words) for s in left)


def concerned(text: str | Iterable[str], lexicon: Lexicon) -> tuple[str, ...]:
    """Return the tools that a text may restrict which is not understood: those that share a thing with it, in their names or
    those of their parameters, and those that act and do what it speaks of."""
    said = words_for(text) if isinstance(text, str) else tuple(text)
    found = []
    for name in lexicon.names:
        spec = lexicon.specs.get(name)
        own = {*words_for(name), *(w for p in (spec.parameters if spec else ()) for w in words_for(p.name))}
        acts = effect_of(name)[0] != "read"
        if any(
            _is_said(word, s, True) if word not in _ALL_DEEDS else acts and (s in _ALL_DEEDS and same_deed(word, s))
            for word in own
            for s in said
        ):
            found.append(name)
    return tuple(found)


def perhaps_granted(text: str, lexicon: Lexicon, *, is_whole: bool = False) -> tuple[str, ...]:
    """Return the tools that a permission may be about which is not understood: those of its deeds and things, if there are none
    those of its things, and else those of its deeds.

    Args:
        is_whole: only those of which each word is said.
    """
    said = words_for(text)
    by_both: list[str] = []
    by_thing: list[str] = []
    by_deed: list[str] = []
    for name in lexicon.names:
        words = words_for(name)
        hits = [word for word in words if any(_is_said(word, s, True) for s in said)]
        has_thing = any(word not in _ALL_DEEDS for word in hits)
        has_deed = any(word in _ALL_DEEDS for word in hits)
        if (1 if is_whole else 2) * len(hits) >= len(words) > 0:
            (by_both if has_thing and has_deed else by_thing if has_thing else by_deed).append(name)
    return tuple(by_both or by_thing or by_deed)
