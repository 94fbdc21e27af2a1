"""What an unread part of a policy may be about: which calls it leaves open, and no others.

Only policies inside records of data are read with parts left over (`recognise(.., strict=False)`). Such a part may hold a
denial or a limit, so the calls that it may mean must not simply pass; but a name of the company must not stop a calendar.

| the part | is about |
| --- | --- |
| names a tool, by its name or by all the words of a shorter one (`delete_file` for `mcp__fs__delete_file`) | that tool |
| has in a key, a word or a sentence a word of the tool's name, or another word for the same deed | that tool |
| looks like a denial, a limit or a condition, and names no tool that is known | every tool that acts |
| none of these | nothing |

A number or a switch is a limit or a condition, as far as anybody knows. What acts is concluded from names, as everywhere.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from gatling.policy.globs import matches, squashed, squashed_name
from gatling.schema.arguments import walk
from gatling.schema.lazy import cached_property
from gatling.schema.words import NEGATIONS, split_words, stem
from gatling.tools.derive import NOUN_VERBS, effect_of, verb_of
from gatling.tools.lookalikes import NAMESPACE

MAX_LEAVES = 256
MAX_WORDS = 4_096
"""A part with more different leaves than the one, or a leaf with more words than the other, is about every tool."""

_RESTRICTING = frozenset(
    map(
        stem,
        "deny denied forbid forbidden block blocked disable disabled exclude excluded except ban banned prohibit "
        "prohibited reject "
        "refuse refused restrict restricted restriction suspend suspended revoke revoked inactive stop limit limits "
        "max maximum min "
        "minimum cap quota ceiling threshold budget bound most least under above below over exceed must require "
        "required requires "
        " "
        "kill veto quarantine hold frozen locked requirement prerequisite need needs approve "
        "approved approval approver confirm confirmation consent review "
        "permission allow "
        "allowed permit permitted grant granted authorized when if while until before after during between hours expire expires "
        "expiry effective valid status mode readonly dry sandbox trusted untrusted unknown protected dangerous "
        "sensitive sanctioned "
        "confidential secret private condition constraint rule forever always every each per daily weekly monthly".split(),
    )
) | frozenset(map(stem, NEGATIONS))  # fmt: skip
# What says nothing about which tool is meant.
_GENERIC = _RESTRICTING | frozenset(
    map(
        stem,
        "tool tools operation operations action actions function functions call calls command commands method api "
        "apis list lists "
        "policy policies access control scope user users role roles agent assistant system name names value values type kind "
        "switch mode lock gate guard off "
        "the a an of to in on at by for from with and or is are be been has have had do does this that these those it its as "
        "who whom which what only other than any all no none can may will shall should there their they them we our you your "
        "true false yes item items key id com org net www http https".split(),
    )
)
# Different words for one deed, by stem.
_DEEDS = tuple(
    frozenset(map(stem, group.split()))
    for group in (
        "pay payment payments transfer money wire remit payout spend spending purchase buy checkout invoice charge payee payees",
        "delete remove erase wipe purge drop trash destroy destructive deletion removal",
        "mail email mails emails message messages send reply forward recipient recipients",
        "refund reimburse credit",
        "run execute shell bash command terminal exec script",
        "share publish public export upload external outside",
        "grant permission permissions admin privilege collaborator access delegate role",
    )
)
_LONG_RESTRICTING = sorted(word for word in _RESTRICTING if len(word) >= 5)
_LONG_NAME = 4
_TOOLS = frozenset(("tool", "tools"))
_SEPARATORS = re.compile(r"[\s,;|(){}\[\]\"'`]+")
_PLACE = re.compile(
    r"@|://|\.(?:com|org|net|edu|gov|co|info|biz|example|eu|uk|de|fr|ch|nl|ru|cn)(?:/|$)", re.IGNORECASE
)
# A text that is an amount, a time or a date and little else. A digit in a name ("Meridian Cup 2025", "OPO1") limits nothing.
_AMOUNT = re.compile(
    r"(?=.*\d)(?:[\W\d_]++|\b(?:eur|usd|gbp|chf|euros?|dollars?|pounds?|[kmgt]b?|ms|s|sec|seconds?|h|hrs?|hours?|min|minutes?|d|days?|w|weeks?|"
    r"months?|y|years?|am|pm|mon|tue|wed|thu|fri|sat|sun|[a-z]+day|to|and|x|items?|rows?|times?|pct|percent|z|utc|cet|gmt)\b|(?<=\d)[kmgtxhdz]b?\b)*",
    re.IGNORECASE | re.DOTALL,
)
_TIMES = frozenset(map(stem, ("hours", "daily", "weekly", "monthly")))
"""Words of conditions where a number stands beside them, and of anything else where none does: the show "Half Hour"."""
_HOURS_OF_BUSINESS = re.compile(r"opening(?:[_\s-]?(?:hours?|times?))?", re.IGNORECASE)
_COMPARED = re.compile(r"[<>=\u2264\u2265\u20ac$\u00a3]")


@dataclass(frozen=True, slots=True)
class Mentions:
    """The names and words of one scalar in an unread part, and of the keys that lead to it."""

    names: frozenset[tuple[str, ...]] = frozenset()
    """What is written as a name, by its words' stems: `delete_file`."""
    words: frozenset[str] = frozenset()
    """Stems of all other words that may say which tool is meant, with other words for the same deed."""
    patterns: tuple[str, ...] = ()
    is_restricting: bool = False
    names_a_tool: bool = False
    """A name in it is that of a tool, whether there is such a tool or not: no word of it means another one."""
    lists_tools: bool = False
    """It is a name below a key that speaks of tools: it may be a group of them, and no tool beside those."""

    def may_mean(self, tool: str) -> bool:
        """Tell whether it names a tool, or has a word of the tool's name."""
        if any(matches(pattern, name) for pattern in self.patterns for name in _names(tool)):
            return True
        stems = _stems(tool)
        if any(stems.issuperset(name) for name in self.names):
            return True
        return not self.names_a_tool and not self.words.isdisjoint(stems)


_ALL = Mentions(patterns=("*",), is_restricting=True, names_a_tool=True)


@lru_cache(maxsize=16_384)
def _stems(tool: str) -> frozenset[str]:
    return frozenset(map(stem, split_words(tool)))


@lru_cache(maxsize=16_384)
def _names(tool: str) -> tuple[str, str]:
    return squashed_name(tool), squashed_name(NAMESPACE.split(tool)[-1])


@lru_cache(maxsize=4_096)
def _restricts(word: str) -> bool:
    """Tell whether a stem is a word of denials, limits and conditions, or one with a slip of the pen: `forbiden`."""
    return word in _RESTRICTING or (
        5 <= len(word) <= 20 and bool(difflib.get_close_matches(word, _LONG_RESTRICTING, n=1, cutoff=0.86))
    )


def mentions(path: tuple[str | int, ...], value: Any) -> tuple[Mentions, ...]:
    """Return what each scalar of a part mentions, with the keys that lead to it; without repetitions."""
    found: dict[Mentions, None] = {}
    for where, item in walk(value, path):
        if isinstance(item, (dict, list)) and item:
            continue
        found[_of_leaf([part for part in where if isinstance(part, str)], item)] = None
        if len(found) > MAX_LEAVES:
            return (_ALL,)
    return tuple(found)


@lru_cache(maxsize=1_024)
def _mentioned(sentence: str) -> tuple[tuple[Mentions, ...], frozenset[str]]:
    return mentions((), sentence), _stems(sentence)


def falls_under(tool: str, sentence: str) -> bool:
    """Tell whether calls of a tool may fall under the words of a sentence: any that acts by one of its words, and one that only
    reads by its verb, as `read_email` is not meant by "never mail anybody"."""
    found, said = _mentioned(sentence)
    verb = verb_of(tool)
    if effect_of(tool)[0] == "read" and (verb is None or stem(verb[0]) not in said):
        return False
    return any(leaf.may_mean(tool) for leaf in found)


def _of_leaf(keys: list[str], value: Any) -> Mentions:
    texts = [*keys, value] if isinstance(value, str) else keys
    names: set[tuple[str, ...]] = set()
    words: set[str] = set()
    patterns: list[str] = []
    names_a_tool = False
    is_restricting = isinstance(value, (bool, int, float))
    if keys and _HOURS_OF_BUSINESS.fullmatch(keys[0]) and isinstance(value, str):
        return Mentions()  # when a shop is open says nothing about what an agent may do
    count = 0
    for i, text in enumerate(texts):
        said = [stem(word) for word in split_words(text)]
        count += len(said)
        if count > MAX_WORDS:
            return _ALL
        telling = said if i < len(keys) or any(map(str.isdigit, text)) else [w for w in said if w not in _TIMES]
        is_restricting |= bool(_AMOUNT.fullmatch(text) or _COMPARED.search(text)) or any(map(_restricts, telling))
        for token in dict.fromkeys(filter(None, _SEPARATORS.split(text))):  # a token that stands again says no more
            if "*" in token or "?" in token:
                if squashed(token).strip("*?"):
                    patterns.append(squashed(token))
                    names_a_tool |= verb_of(token) is not None
                continue
            patterns += [flat] if len(flat := squashed(token)) >= _LONG_NAME else []
            names_a_tool |= _add_names(token, names, words, is_key=i < len(keys))
    for deed in _DEEDS:
        if not words.isdisjoint(deed):
            words |= deed
    lists_tools = isinstance(value, str) and bool(words) and not _SEPARATORS.search(value.strip())
    lists_tools = lists_tools and any(not _TOOLS.isdisjoint(split_words(key)) for key in keys)
    unique = tuple(dict.fromkeys(patterns))
    return Mentions(frozenset(names), frozenset(words), unique, is_restricting, names_a_tool, lists_tools)


def _add_names(token: str, names: set[tuple[str, ...]], words: set[str], *, is_key: bool) -> bool:
    """Add what one token names: itself, and of `tool.argument` what stands before the dot. Tell whether it is a tool's name by
    its form. Addresses and hosts name no tool, and a key such as `mail_footer` has no verb, though `mail` can be one."""
    if _PLACE.search(token):
        return False
    head = token.strip(".").rpartition(".")[0]
    is_tool = False
    for name in (token, head):
        parts = [stem(word) for word in split_words(name)]
        plain = tuple(p for p in parts if p not in _GENERIC and not _restricts(p) and len(p) > 1)
        verb = verb_of(name)
        is_name = len(parts) > 1 and len(plain) == len(parts) and verb is not None
        is_name = is_name and not (is_key and verb is not None and verb[0] in NOUN_VERBS)
        is_tool |= is_name
        if is_name or (
            plain and name is head and "/" not in token
        ):  # `release/4.x` is a branch and no argument of a tool
            names.add(plain)
        elif not head:
            words.update(plain)
    return is_tool


class UnreadPart(Protocol):
    """What is asked of an unread part."""

    @property
    def tools(self) -> tuple[str, ...]: ...

    @property
    def mentions(self) -> tuple[Mentions, ...]: ...


class UnreadParts:
    """Answers which unread parts may be about a tool.

    Args:
        parts: in the policy's order.
        known: names of the tools that the policy grants, and of those of the catalogue.
    """

    def __init__(self, parts: Iterable[UnreadPart], known: Iterable[str]) -> None:
        self._parts = tuple(parts)
        self._known = frozenset(map(_stems, known))
        self._words: frozenset[str] = frozenset().union(*self._known)
        self._kept: dict[str, tuple[int, ...]] = {}

    @cached_property
    def _is_open(self) -> tuple[bool, ...]:
        """For each part whether some of it restricts and names no tool: it may be about any that acts."""
        return tuple(not part.tools and any(map(self._names_nothing, part.mentions)) for part in self._parts)

    def _names_nothing(self, leaf: Mentions) -> bool:
        if not leaf.is_restricting or leaf.names_a_tool or leaf.lists_tools or not leaf.words.isdisjoint(self._words):
            return False
        return not any(stems.issuperset(name) for name in leaf.names for stems in self._known)

    def about(self, tool: str) -> tuple[int, ...]:
        """Return the positions of the parts that may be about a tool."""
        if not self._parts:
            return ()
        known = self._kept.get(tool)
        if known is None:
            acts = effect_of(tool)[0] != "read"
            known = tuple(
                i
                for i, part in enumerate(self._parts)
                if (acts and self._is_open[i])
                or any(leaf.may_mean(tool) for leaf in part.mentions)
                or any(matches(squashed(pattern), name) for pattern in part.tools for name in _names(tool))
            )
            if len(self._kept) < MAX_WORDS:
                self._kept[tool] = known
        return known
