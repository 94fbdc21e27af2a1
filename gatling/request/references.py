"""The words by which a request points to one record of a list: an order, a person, a title.

    "the second mail", "the latest ticket"                an order of places, of dates
    "the repository with the most stars", "the cheapest"  an order of numbers
    "Kim's mail", "what Kim asks"                         whose it is
    "the mail 'Roadmap'", "the file notes.md"             what it is called

Linear in the request.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

from gatling.request.request import STOP_WORDS, Request, content_words
from gatling.schema.budget import checked
from gatling.schema.words import normalise, stem

_MAX_REFERENCES = 16

# What requests call the records of a list, and what tools and fields call them; the words of a row stand for each other.
_KINDS = tuple(
    frozenset(map(stem, words.split()))
    for words in (
        "mail email inbox message letter thread",
        "message dm chat post channel",
        "file document doc attachment",
        "bill invoice",
        "ticket issue case",
        "repository repositories repo project",
        "page site website article result link hit",
        "post tweet article",
        "event meeting appointment",
        "task todo",
        "order purchase",
        "product item offer listing",
        "review comment rating",
        "flight connection",
        "hotel apartment",
        "note memo",
        "payment transaction transfer",
    )
)
_NOUNS = frozenset().union(*_KINDS)
_ANY = frozenset(map(stem, "one option entry record choice".split()))
_PLURAL = re.compile(r"(?:[^s]s|ies)$")
_ORDINALS = {
    word: i + 1 for i, word in enumerate("first second third fourth fifth sixth seventh eighth ninth tenth".split())
} | {f"{i + 1}{'st nd rd'.split()[i] if i < 3 else 'th'}": i + 1 for i in range(10)}
_BY_DATE = {"latest": -1, "newest": -1, "most recent": -1, "last": -1, "oldest": 1, "earliest": 1}
_HIGH = frozenset("most highest largest biggest greatest best top".split())
_LOW = frozenset("fewest least lowest smallest worst".split())
_SIZES = "|".join(sorted(_HIGH | _LOW))
_ORDER = re.compile(
    rf"\b({'|'.join((*_BY_DATE, *_ORDINALS))})(?=\s+([^\W\d_][\w-]*)(?:\s+([^\W\d_][\w-]*))?(?:\s+([^\W\d_][\w-]*))?)"
)
_TO_LAST = re.compile(r"\b(?:to|but)\s+$")
"""As in "the second to last mail"."""
_WITH_MOST = re.compile(
    rf"\b(?:with|has|have|having|by)\s+(?:the\s+)?({_SIZES})\s+(?:(?:number|count|amount)\s+of\s+)?([^\W\d_][\w-]*)(?:\s+([^\W\d_][\w-]*))?"
)
_CHEAPEST = re.compile(
    r"\b(cheapest|priciest|dearest|(?:most|least)[ -](?:expensive|costly)|(?:top|best|highest|lowest|worst)[ -]rated|"
    r"(?:most|least)[ -](?:starred|forked|viewed|liked|downloaded))(?:\s+([^\W\d_][\w-]*))?"
)
_LARGEST = re.compile(r"\b(highest|largest|biggest|lowest|smallest)\s+([^\W\d_][\w-]*)")
_PRICES = frozenset(map(stem, "price cost amount total fare fee sum due".split()))
_RATINGS = frozenset(map(stem, "rating stars score".split()))
_SIZE = frozenset(map(stem, "size bytes".split()))
_PRICED = frozenset(map(stem, "bill invoice payment transaction transfer order purchase offer".split()))
_COUNTED = {stem("star"): frozenset(map(stem, "star stargazers".split()))}
_DONE = {
    "starred": _COUNTED[stem("star")],
    "forked": frozenset((stem("fork"),)),
    "viewed": frozenset((stem("view"),)),
    "liked": frozenset((stem("like"),)),
    "downloaded": frozenset((stem("download"),)),
}

_TELLS = (
    r"(?:asks?|asked|wants?|wanted|wishes|needs?|writes?|wrote|says?|said|sent|sends|mailed|e-?mailed|posted|shared|messaged|"
    r"requests?|requested|suggests?|suggested|proposes?|proposed|reported|filed|opened)\b"
)
_AFTER_PERSON = re.compile(rf"(?:['\u2019]s?\s+(?:[\w-]+\s+){{0,2}}?([^\W\d_][\w-]*)\b|\s+(?:has\s+|have\s+)?{_TELLS})")
_BEFORE_PERSON = re.compile(r"\b([^\W\d_][\w-]*)\s+(?:that\s+(?:came|is|was)\s+)?(?:from|by|of)\s+$")
_QUOTED = re.compile(r"(?<!\w)[\"\u201c\u201e']([^\"\u201c\u201d\u201e'\n]{2,120})[\"\u201d\u201c'](?!\w)")
_ENTITLED = re.compile(r"\b(?:subject|titled?|entitled|called|named|headed)(?:\s+line)?(?:\s+is)?\s*:?\s*$")
_ENTITLED_WORDS = re.compile(
    r"\b(?:subject|title|titled|entitled|called|named)\s+([A-Z][\w-]*(?:\s+[A-Z0-9][\w-]*){0,6})(?=\s|[.,;:!?]|$)"
)
_FILE_NAME = re.compile(r"(?<![\w@/.~-])[\w./~-]*[\w-]\.[a-z][a-z0-9]{1,4}(?![\w@/])", re.IGNORECASE)
JOINING = re.compile(r"[.;:!?\n]|\b(?:and|then|or)\b")

_QUALIFIED = re.compile(
    r"\b(?:about|on|for|in|to|into|named|called|of|under|below|over|above|near)\s+((?:[\w@.-]+\s*){1,4})"
)

Way = Literal["date", "place", "number"]


@dataclass(frozen=True, slots=True)
class Order:
    """ "The latest mail", as a request says it."""

    way: Way
    rank: int
    """From the front 1, 2, ..; from the back -1."""
    noun: str
    """Stem of what it calls the record; empty if it says only "the one" or nothing."""
    fields: frozenset[str]
    """Stems of the words of the field that is compared."""
    span: tuple[int, int]
    only: frozenset[str] = frozenset()
    """Stems of what it says besides: "unread", "about parsers". A list that was not asked for with them may hold others."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody whose record a request speaks of."""

    name: str
    noun: str
    span: tuple[int, int]


@dataclass(frozen=True, slots=True)
class References:
    """All by which a request may point to one record of a list."""

    orders: tuple[Order, ...]
    people: tuple[Person, ...]
    titles: frozenset[str]


def references_in(request: Request) -> References | None:
    """Return all by which a request may point to records; None if a part of that is refused, and nothing is certain."""
    text = request.text
    orders = [replace(order, only=order.only | _besides(text, order)) for order in _orders(text)]
    spans = (*((n.start, n.end) for n in request.people), *request.address_spans)
    people = [
        Person(text[start:end].rstrip(".,;:!?"), noun, (start, end))
        for start, end in checked(spans)
        if (noun := _noun_of_person(text, start, end)) is not None
    ]
    quoted = [m for m in checked(_QUOTED.finditer(request.as_written)) if _is_title(text, m.start(), m.end())]
    plain = (*_ENTITLED_WORDS.finditer(request.as_written), *_FILE_NAME.finditer(request.as_written))
    titles = frozenset(
        folded(m.group(m.re.groups)) for m in (*quoted, *plain) if not request.is_refused(m.start(), m.end())
    )
    is_refused = any(request.is_refused(*span) for span in (*(o.span for o in orders), *(p.span for p in people)))
    if is_refused or max(len(orders), len(people), len(titles)) > _MAX_REFERENCES:
        return None
    return References(tuple(orders), tuple(people), titles)


def _orders(text: str) -> list[Order]:
    found = []
    for match in checked(_ORDER.finditer(text)):
        word, *after = match.groups()
        if _TO_LAST.search(text, max(0, match.start() - 8), match.start()):
            continue
        words = [w for w in after if w]
        noun = next((w for w in words if stem(w) in _NOUNS), "")
        before = words[: words.index(noun)] if noun else []
        if not noun or _is_plural(noun) or any(w in ("to", "but", "of", "and", "or", "last", "few") for w in before):
            continue
        way: Way = "date" if word in _BY_DATE else "place"
        rank = _BY_DATE[word] if word in _BY_DATE else _ORDINALS[word]
        fields = frozenset(("last",)) if word == "last" else frozenset[str]()
        only = frozenset(stem(w) for w in before if w not in STOP_WORDS)
        span = match.start(), match.end(2 + len(before))
        found.append(Order(way, rank, stem(noun), fields, span, only))
    for match in checked(_WITH_MOST.finditer(text)):
        words = [w for w in match.groups()[1:] if w]
        wanted = frozenset(stem(w) for w in words[:1])
        wanted |= frozenset().union(*(_COUNTED.get(w, frozenset()) for w in wanted))
        found.append(Order("number", -1 if match.group(1) in _HIGH else 1, "", wanted, match.span()))
    for match in checked(_CHEAPEST.finditer(text)):
        said, noun = match.group(1).replace("-", " "), match.group(2) or ""
        is_low = said.startswith(("cheapest", "least", "lowest", "worst"))
        last_word = said.split()[-1]
        if last_word == "rated":
            wanted = _RATINGS
        elif last_word in ("cheapest", "priciest", "dearest", "expensive", "costly"):
            wanted = _PRICES
        else:
            wanted = _DONE[last_word]
        if not _is_plural(noun):
            found.append(Order("number", 1 if is_low else -1, _noun(noun), wanted, match.span()))
    compared = [order.span for order in found if order.way == "number"]
    for match in checked(_LARGEST.finditer(text)):
        noun = stem(match.group(2))
        if any(start <= match.start() < end for start, end in compared):
            continue  # "with the highest rating"
        if noun in _NOUNS and not _is_plural(match.group(2)):
            wanted = _PRICES if noun in _PRICED else _SIZE
            found.append(Order("number", 1 if match.group(1) in _LOW else -1, noun, wanted, match.span()))
    return found


def _besides(text: str, order: Order) -> frozenset[str]:
    """Return the stems of what a phrase says of a record besides its order: "the cheapest flight to Rome"."""
    start, end = order.span
    before, after = text[max(0, start - 60) : start], text[end : end + 60]
    phrase = f"{JOINING.split(before)[-1]} {text[start:end]} {JOINING.split(after)[0]}"
    words = (stem(word) for match in _QUALIFIED.finditer(phrase) for word in content_words(match.group(1))[:1])
    return frozenset(word for word in words if word not in _NOUNS | _ANY | order.fields)


def _noun(word: str) -> str:
    return stem(word) if stem(word) in _NOUNS else ""


def _is_plural(word: str) -> bool:
    return bool(_PLURAL.search(word)) and stem(word) in _NOUNS | _ANY


def _noun_of_person(text: str, start: int, end: int) -> str | None:
    """Return what of somebody a request speaks of, as a stem; empty for "what Kim asks", None where it speaks of no record."""
    before = _BEFORE_PERSON.search(text, max(0, start - 60), start)
    if before and stem(before.group(1)) in _NOUNS and not _is_plural(before.group(1)):
        return stem(before.group(1))
    after = _AFTER_PERSON.match(text, end)
    if after is None:
        return None
    if after.group(1) is None:
        return ""
    words = after.group().split()[1:] or [after.group(1)]
    rest = text[after.end() : after.end() + 60].split(None, 2)[:2] if stem(words[-1]) not in _NOUNS else []
    noun = next((w.strip(".,;:!?") for w in (*words, *rest) if stem(w.strip(".,;:!?")) in _NOUNS), "")
    return stem(noun) if noun and not _is_plural(noun) else None


def _is_title(text: str, start: int, end: int) -> bool:
    """Tell whether what stands in quotes is what a record is called: "the mail 'Roadmap'", "the 'Roadmap' mail"."""
    if _ENTITLED.search(text, max(0, start - 40), start):
        return True
    before = text[max(0, start - 30) : start].split()
    after = text[end : end + 30].split()
    return bool(before and stem(before[-1]) in _NOUNS) or bool(after and stem(after[0].strip(".,;:!?")) in _NOUNS)


def folded(text: str) -> str:
    return " ".join(normalise(text).lower().split()).strip(".,;:!?")


def is_called(noun: str, words: frozenset[str]) -> bool:
    """Tell whether a request's word for a record fits what a list is called; no word fits any."""
    return not noun or noun in words or any(noun in kind and not kind.isdisjoint(words) for kind in _KINDS)
