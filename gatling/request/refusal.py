"""What a request refuses: the stretches of its text in which whatever is named is not permitted.

Two kinds, as they refuse different things:

- `negation` ("do not mail ..", "never open ..", "except ..", ".. instead of ..") refuses what is said. A negated deed does
  not refuse to look: "do not reply to Bob" lets his mail be read, "do not open the page" does not.
- `repelling` ("ignore ..", "block ..", "spam from ..") refuses every deed but the repelling ones: blocking, reporting, deleting.

A stretch runs from the word that refuses to the end of the clause, and where the refused thing stands first ("Eve must not
get it") over the clause as a whole. Clauses end at punctuation that ends sentences, at `but`, `instead`, and at an imperative
that goes on ("ignore Eve and send it to Ann"). A negation behind another ("nobody but Ann") permits. This is no parser: it
errs towards refusing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from gatling.schema.budget import check, checked
from gatling.schema.words import split_words, stem
from gatling.tools.derive import NOUN_VERBS, VERBS, effect_of

RefusalKind = Literal["negation", "reading", "repelling"]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A stretch of a request in which what is named is refused."""

    start: int
    end: int
    kind: RefusalKind
    """`reading` is a negation of a word such as open or visit."""

    def refuses(self, start: int, end: int, *, tool: str) -> bool:
        """Tell whether something named at `start:end` is refused for calls of a tool; an empty name stands for any deed."""
        return start < self.end and end > self.start and self.kind in kinds_against(tool)


@lru_cache(4_096)
def kinds_against(tool: str) -> frozenset[RefusalKind]:
    """Return the kinds of refusals that hold for calls of a tool."""
    if bool(tool) and effect_of(tool)[0] == "read":
        return frozenset(("reading",))
    if _REPELLING_TOOLS.isdisjoint(map(stem, split_words(tool))):
        return frozenset(("negation", "reading", "repelling"))
    return frozenset(("negation", "reading"))


_NEGATIONS = frozenset(
    "not never no without nobody none neither nor cannot dont doesnt didnt mustnt shouldnt wont cant isnt arent".split()
)
_EXCEPTIONS = (
    "except",
    "excluding",
    "minus",
    "other than",
    "apart from",
    "but not",
    "instead of",
    "rather than",
    "in place of",
)
_REPELLING = frozenset(
    map(
        stem,
        "ignore block avoid skip exclude refuse reject disregard beware mute ban distrust quarantine blacklist unsubscribe stop "
        "cease quit spam scam scammer scams phishing phisher fraud fraudster junk malicious suspicious unsolicited".split(),
    )
)
_REPELLING_TOOLS = _REPELLING | frozenset(
    map(stem, "report filter decline archive delete trash remove flag mark move blocklist denylist".split())
)
# "Forward the spam from Eve to Ann": these say what something is, and Ann may have it.
_OF_THINGS = frozenset(map(stem, "spam scam phishing fraud junk malicious suspicious unsolicited".split()))
_HANDS_ON = frozenset(map(stem, "forward report send".split()))
_EVERYBODY = frozenset("everyone everybody all anyone anybody anything everything any".split())
# What somebody did not do or cannot do is no order: "I have not heard from Ann", "I can't reach her".
_SUBJECTS = frozenset("i we he she they have has had".split())
_FACTS = frozenset(
    "hear heard reach find found get got receive received remember recall understand see seen know".split()
)
_PAST = frozenset("haven't hasn't hadn't didn't".split())
_ASKS_FOR_IT = frozenset("can't couldn't won't wouldn't".split())
_LOOKING = frozenset(map(stem, "open visit read click follow browse access load fetch download view look go".split()))
# A negation that negates nothing: "do not forget to", "not only", "no later than".
_HARMLESS = re.compile(
    r"(?:not|n't|never|no|dont)\s+(?:to\s+)?(?:forget|hesitate|only|just|later|sooner|more|less|fewer|earlier|mind|problem|"
    r"worries|need|rush|hurry|longer|matter|yet|sure|sooner|least|ready|here|there|know|yes)\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W\d_]+)?")
_PIECE = re.compile(r"\S+")
# A piece that is an address or a file's name, and in it the words that say nothing: `no-reply@x.com`, `stop_words.txt`, `x.no`.
_IN_ADDRESS = re.compile(r"@|\w\.\w")
_GOES_ON = re.compile(r"[@._/=-]\w")
_STOP = re.compile(r"[.!?;](?=\s|$)|\n|(?<=[a-z0-9])\.(?=[A-Z][a-z]*(?:\s|$))")
_AUXILIARY = frozenset("is are was were must should may shall can will has have".split())
_BEHIND = frozenset(
    map(stem, "to get receive know see have invited be mailed told contacted paid included get copied shared".split())
)
_PRONOUNS = frozenset("i you we they he she it please and but so then that this".split())
_MAX_REFUSALS = 256


def refusals(text: str) -> tuple[Refusal, ...]:
    """Return the stretches of a request that refuse what they name, at most 256; more make the rest of the text one.

    Linear in the text, but for a bounded look at each clause.
    """
    found: list[Refusal] = []
    for start, end in sentences(text):
        for refusal in _in_sentence(text, start, end):
            if len(found) == _MAX_REFUSALS:
                return (*found, Refusal(refusal.start, len(text), "reading"))
            found.append(refusal)
    return tuple(found)


def sentences(text: str) -> Iterator[tuple[int, int]]:
    """Yield where sentences start and end."""
    start = 0
    for match in checked(_STOP.finditer(text)):
        if match.start() > start:
            yield start, match.start()
        start = match.end()
    if start < len(text):
        yield start, len(text)


def _in_sentence(text: str, start: int, end: int) -> Iterator[Refusal]:
    words = list(_words(text, start, end))
    clause = start
    first = 0  # word of the clause
    i = 0
    while i < len(words):
        check()
        at, after, word = words[i]
        kind, length = _trigger(words, i, text)
        if kind is None:
            if i and _starts_clause(text, words, i, after_refusal=False):
                clause, first = at, i
            i += 1
            continue
        is_exception = length > 1 or word in _EXCEPTIONS
        before = {w for s, _, w in words[max(0, i - 12) : i] if s >= clause}
        if is_exception and any(_negates(w) for w in before):  # "nobody but Ann", "not to anyone except Ann"
            i += length
            continue
        last = i + length
        is_handed_on = stem(word) in _OF_THINGS and any(stem(w) in _HANDS_ON for w in before)
        # "not, under any circumstances, mail": what stands between commas interrupts the clause
        parenthesis = last < len(words) and "," in text[after : words[last][0]]
        permits = False
        while last < len(words):
            permits = kind == "negation" and _exception_at(words, last) > 0  # "not to anyone except Ann"
            if permits or (is_handed_on and words[last][2] == "to"):
                break
            if _starts_clause(text, words, last, after_refusal=True, kind=kind):
                if not (parenthesis and "," in text[words[last - 1][1] : words[last][0]]):
                    break
                parenthesis = False
            last += 1
        if kind == "negation":
            following = [w for _, _, w in words[i + length : i + length + 3]]
            kind = "reading" if not following or any(stem(w) in _LOOKING for w in following) else kind
        begin = clause if _stands_behind(words, i, first, kind) else at
        stop = words[last][0] if last < len(words) else end
        yield Refusal(begin, stop, kind)
        clause = stop
        first = i = max(last, i + 1)
        while permits and i < len(words) and not (i > last and _starts_clause(text, words, i, after_refusal=True)):
            i += 1


def _words(text: str, start: int, end: int) -> Iterator[tuple[int, int, str]]:
    """Yield the words with their positions, in lower case; those inside of addresses as `@`, as they say nothing."""
    for piece in checked(_PIECE.finditer(text, start, end)):
        is_address = _IN_ADDRESS.search(piece.group()) is not None
        for match in checked(_WORD.finditer(text, piece.start(), piece.end())):
            word = match.group().lower().replace("\u2019", "'")
            before = text[match.start() - 1 : match.start()] if match.start() > piece.start() else ""
            is_inside = before in ("@", "/", "_", "=") or (before == "." and word == "no")
            if is_address and (is_inside or _GOES_ON.match(text, match.end(), piece.end())):
                word = "@"
            yield match.start(), match.end(), word


def _negates(word: str) -> bool:
    return word in _NEGATIONS or word.endswith("n't")


def _trigger(words: list[tuple[int, int, str]], i: int, text: str) -> tuple[RefusalKind | None, int]:
    """Return what kind of refusal starts at a word, and how many words it has."""
    at, _, word = words[i]
    if length := _exception_at(words, i):
        return "negation", length
    if word == "but" and i and any(_negates(w) for _, _, w in words[max(0, i - 2) : i]):
        return None, 1
    is_joined = word == "but" and i and "," not in text[words[i - 1][1] : at]
    if is_joined and not _EVERYBODY.isdisjoint(w for _, _, w in words[max(0, i - 5) : i]):
        following = words[i + 1][2] if i + 1 < len(words) else ""
        is_clause = following in _PRONOUNS | _AUXILIARY | {"first"} or stem(following) in _DEEDS or _negates(following)
        return (None, 1) if is_clause else ("negation", 1)  # "everyone but Eve"
    if word in ("leave", "keep") and "out" in (next_words := [w for _, _, w in words[i + 1 : i + 6]]):
        return (None, 1) if "eye" in next_words else ("negation", 1)  # "keep Eve out of it"
    if _negates(word):
        if _is_no_order(words, i, text):
            return None, 1
        tail = text[at : at + 40]
        harmless = _HARMLESS.match(tail) or (word.endswith("n't") and _HARMLESS.match("not" + tail[len(word) :]))
        return (None, 1) if harmless else ("negation", 1)
    if stem(word) in _REPELLING:
        return "repelling", 1
    return None, 1


def _is_no_order(words: list[tuple[int, int, str]], i: int, text: str) -> bool:
    """Tell whether a negation forbids nothing: a fact, a question that asks for it, an answer, a condition."""
    _, after, word = words[i]
    before = words[i - 1][2] if i else ""
    following = [w for _, _, w in words[i + 1 : i + 3]]
    if following and following[0] in ("yet", "been", "even", "really"):
        following = following[1:]
    if before in _SUBJECTS or word in _PAST:
        return bool(following) and following[0] in _FACTS
    if before in ("why", "if", "whether") and word != "never":
        return True  # "why not invite Ann?", "if not, ask Ann"
    if word in _ASKS_FOR_IT and following[:1] == ["you"]:
        return before in ("", "and", "so", "why")
    return word == "no" and not before and (text[after : after + 1] == "," or following[:1] in (["wait"], ["thanks"]))


def _exception_at(words: list[tuple[int, int, str]], i: int) -> int:
    """Return how many words long an exception is that starts at a word; 0 if none does."""
    word = words[i][2]
    pair = f"{word} {words[i + 1][2]}" if i + 1 < len(words) else word
    return 1 if word in _EXCEPTIONS else 2 if pair in _EXCEPTIONS else 0


def _starts_clause(
    text: str, words: list[tuple[int, int, str]], i: int, *, after_refusal: bool, kind: RefusalKind = "negation"
) -> bool:
    """Tell whether a new clause starts at a word: behind `but` or `instead`, or an imperative behind a comma or `and`."""
    _, _, word = words[i]
    before = words[i - 1][2] if i else ""
    gap = text[words[i - 1][1] : words[i][0]] if i else ""
    if word in ("but", "however", "otherwise"):
        return True
    if after_refusal and "," in gap and word in ("only", "just", "simply", "instead", "please", "then", "so"):
        return True
    is_imperative = stem(word) in _DEEDS
    if not is_imperative:
        return False
    if "," in gap or before in ("then", "instead", "please", "just", "simply"):
        return True
    return before == "and" and (kind == "repelling" or not after_refusal)


def _stands_behind(words: list[tuple[int, int, str]], i: int, first: int, kind: RefusalKind) -> bool:
    """Tell whether what is refused stands before the refusing word: `Eve must not get it`, `eve@x is a scammer`.

    Args:
        first: word of the clause.
    """
    near = [w for _, _, w in words[max(first, i - 3) : i]]
    if near and words[i][2] in ("shouldn't", "mustn't"):
        near.append(words[i][2].removesuffix("n't"))
    if not any(w in _AUXILIARY for w in near) or words[first][2] in _PRONOUNS | _AUXILIARY:
        return False
    if kind == "repelling":
        return True
    following = [stem(w) for _, _, w in words[i + 1 : i + 3]]
    return any(w in _BEHIND for w in following) or bool({"must", "should", "may", "shall", "can", "will"} & set(near))


_DEEDS = (
    frozenset(map(stem, [*VERBS, *NOUN_VERBS]))
    | frozenset(
        map(stem, "mail answer tell ask write put pay buy order book ping let forward reply use take give".split())
    )
) - frozenset(("the", "a"))
