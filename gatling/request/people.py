"""People whom a text names: runs of words that are used as names there.

A capitalised word inside a sentence is a name; at its start only before a possessive or a verb of persons ("Ann wants .."),
as every sentence starts with a capital. A word in lower case is one only where names stand ("mail ann", "to bob and kim"),
and then an address must have no other word in it: `plans.based@gmail.com` is nobody that "her plans, based on .." names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from gatling.schema.budget import check, checked
from gatling.schema.lru import remembered
from gatling.schema.words import normalise, split_words, stem
from gatling.tools.derive import NOUN_VERBS, VERBS


@dataclass(frozen=True, slots=True)
class Name:
    """A run of words that names somebody."""

    start: int
    end: int
    words: tuple[str, ...]
    """In lower case, without apostrophes."""
    is_capitalised: bool

    def fits(self, local: str) -> bool:
        """Tell whether the part of an address before the `@` is one of this name: `ann.lee`, `ann`, `alee`, `annlee`."""
        parts = parts_of(local)
        return bool(parts) and any(self._fits(words, parts) for words in _spellings(self.words))

    def _fits(self, words: tuple[str, ...], parts: tuple[str, ...]) -> bool:
        pieces = tuple(piece for word in words for piece in word.split("-"))
        words = tuple(word.replace("-", "") for word in words)
        joined = "".join(parts)
        if joined == "".join(words):
            return True
        if not self.is_capitalised:
            return len(parts) <= len(words) and parts == words[: len(parts)]
        if len(pieces) > 1 and set(pieces) <= set(parts):
            return True
        if len(words) > 1:
            first, last = words[0], words[-1]
            if joined in (first[0] + last, first + last[0], last + first[0]):
                return True
            return set(words) <= set(parts) or parts in ((first,), (last,), (first, last), (last, first))
        return len(words[0]) > 2 and words[0] in parts


@remembered(1_024)
def parts_of(local: str) -> tuple[str, ...]:
    """Return the words in the part of an address before the `@`; none for one that is longer than mail allows."""
    return tuple(word for word in split_words(local) if word.isalpha()) if len(local) <= MAX_LOCAL_CHARS else ()


def _spellings(words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Yield the ways that an address may write a name: `muller` and `mueller`."""
    plain = tuple(normalise(word) for word in words)
    yield plain
    expanded = tuple(normalise(word.translate(_EXPANDED)) for word in words)
    if expanded != plain:
        yield expanded


MAX_LOCAL_CHARS = 64
_EXPANDED = str.maketrans(
    {"\u00e4": "ae", "\u00f6": "oe", "\u00fc": "ue", "\u00df": "ss", "\u00f8": "oe", "\u00e5": "aa"}
)
_TOKEN = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+|['\u2019][A-Z][^\W\d_]+)?")  # Ann, Anne-Marie, O'Brien; not Ann's
_PIECE = re.compile(r"\S+")
_ADDRESS_SIGNS = frozenset("@/")
# Words that no name is: months and days, the words that sentences are made of.
_NO_NAMES = frozenset(
    "i a an the this that these those it its he she they we you me him her his them us our your my mine yours monday tuesday "
    "wednesday thursday friday saturday sunday january february march april may june july august september october november "
    "december today tomorrow yesterday please hi hello dear hey thanks thank ok yes no not and or but if so then also all any "
    "each every everyone everybody anyone someone nobody who what which when where why how there here to from with for of in on "
    "at by as is are was were be been has have had do does did will would can could should must may might shall about into out "
    "up down over under again just only now later soon new old next last first one two three more most some other another "
    "same".split()
)
_BEFORE_NAMES = frozenset(
    "to with from cc bcc tell mail email message invite ask remind pay notify dm call text contact ping inform phone meet".split()
)
_TELLING = _BEFORE_NAMES - frozenset("to with from".split())
_VERBS_OF_PEOPLE = frozenset(
    "wants want needs need asked asks said says sent sends wrote writes is has will would wanted needed told mentioned "
    "shared proposed invited suggested".split()
)
_APOSTROPHE = re.compile("['\u2019]")
# Before a place, a brand or a thing, not before a person: "in Paris", "my Gmail", "the Invoice"; but "the Support team".
_BEFORE_THINGS = frozenset("in on at the my our this".split())
_GROUPS = frozenset("team teams department desk group office".split())
_TITLES = frozenset("mr mrs ms dr prof professor".split())
_ACTS = frozenset(map(stem, [*VERBS, *NOUN_VERBS]))
_MAX_WORDS = 4
_MAX_NAMES = 256


def names_in(text: str) -> tuple[Name, ...]:
    """Return the names in a text that is cut into sentences by the usual signs, `_MAX_NAMES` at most; addresses are no names."""
    found: list[Name] = []
    blank = _PIECE.sub(lambda m: m.group() if _ADDRESS_SIGNS.isdisjoint(m.group()) else " " * len(m.group()), text)
    for name in _names(blank):
        found.append(name)
        if len(found) == _MAX_NAMES:
            break
    return tuple(found)


def _names(text: str) -> Iterator[Name]:
    tokens = [(m.start(), m.end(), m.group()) for m in checked(_TOKEN.finditer(text))]
    i = 0
    before_is_name = False
    while i < len(tokens):
        check()
        run = _run(text, tokens, i, before_is_name)
        if run is None:
            before_is_name = before_is_name and tokens[i][2].lower() == "and"
            i += 1
            continue
        length, is_capitalised = run
        words = tuple(_APOSTROPHE.sub("", w.lower()) for _, _, w in tokens[i : i + length])
        yield Name(tokens[i][0], tokens[i + length - 1][1], words, is_capitalised)
        before_is_name = True
        i += length


def _run(text: str, tokens: list[tuple[int, int, str]], i: int, after_name: bool) -> tuple[int, bool] | None:
    """Return how many words of a name start at a token, and whether they are capitalised; None if none does."""
    start, end, word = tokens[i]
    before = tokens[i - 1][2].lower() if i else ""
    is_will = word == "Will" and before in _BEFORE_NAMES and text[tokens[i - 1][1] : start] == " "
    if (word.lower() in _NO_NAMES and not is_will) or word.lower() in _TITLES:
        return None
    if word[0].isupper() and (not word.isupper() or len(word) == 1):
        length = 1
        while length < _MAX_WORDS and i + length < len(tokens) and _goes_on(text, tokens, i + length):
            length += 1
        end = tokens[i + length - 1][1]
        following = tokens[i + length][2].lower() if i + length < len(tokens) else ""
        is_possessive = text[end : end + 2] in ("'s", "\u2019s")
        if before in _BEFORE_THINGS and not is_possessive and following not in _GROUPS:
            return None
        is_act = stem(word.lower()) in _ACTS or word.lower() in _TELLING  # "Tell Ann Lee": nobody is called Tell
        if not _starts_sentence(text, start) or before in _TITLES or (length > 1 and not is_act):
            return length, True
        other = tokens[i + length + 1][2] if i + length + 1 < len(tokens) else ""
        are_two = following == "and" and other[:1].isupper() and not is_act  # "Sam and Alex want .."
        return (length, True) if is_possessive or are_two or following in _VERBS_OF_PEOPLE else None
    if word.isupper() and before in _TELLING and text[tokens[i - 1][1] : start] == " ":
        return 1, False  # "email HR", "tell ANN"
    if word.islower() and (before in _BEFORE_NAMES or (after_name and before == "and")) and stem(word) not in _ACTS:
        after = tokens[i + 1] if i + 1 < len(tokens) else (len(text), len(text), "")
        is_two = after[2].islower() and text[end : after[0]] == " " and after[2] not in _NO_NAMES
        return (2 if is_two else 1), False
    return None


def _goes_on(text: str, tokens: list[tuple[int, int, str]], i: int) -> bool:
    start, _, word = tokens[i]
    gap = text[tokens[i - 1][1] : start]
    return gap in (" ", ". ") and word[0].isupper() and not word.isupper() and word.lower() not in _NO_NAMES


def _starts_sentence(text: str, start: int) -> bool:
    at = start - 1
    while at >= 0 and text[at] in " \t\"'(*-\u201c":
        at -= 1
    return at < 0 or text[at] in ".!?:;\n"
