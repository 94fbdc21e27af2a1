"""Where a text first stood: an index of all that an agent has seen, filled once and never scanned again.

- Text is a sequence of words. Pairs and runs of four of them have numbers of their own, so that a phrase is found by looking up
  its runs: it stands where all of them do, and its place is the worst of theirs. Adding costs a few dictionary entries a
  word, looking up as many a word of the value, whatever has been seen.
- A place is a tier and a call, packed into one number that orders places from best to worst.
- What is trusted (tiers 1 and 2) is compared as it is written, in NFC and without case; the text of outsiders after
  `normalise`, which undoes look-alikes and invisible characters. So an address that only looks like one of the request does
  not pass for it, and a disguised copy of an outsider's text is still a copy.
- Of what names one thing (an address, an account, a code with a digit) every output that holds it is remembered, `MAX_PLACES` at
  most: the first ones and the last.
- Text that is no copy stands where most of its content words do, if that is half of them or more: in one text, else in one
  output, else in several outputs of outsiders together, in words that no trusted text has. A word that stands in more than
  `MAX_POSTINGS` texts counts as part of every text of outsiders: it can lower trust and never raise it.
"""

from __future__ import annotations

import re
import unicodedata
from array import array
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise

from gatling.schema.addresses import addresses, last_part, shorter
from gatling.schema.words import normalise, split_words

MAX_POSTINGS = 64
MIN_CONTENT_WORDS = 3
SHORT_CHARS = 3
MAX_PLACES = 8
_MAX_CODE_CHARS = 64

_NODE_BITS = 24
_NONE = 2**62
_ID_BITS = 40
_TOKEN = re.compile(r"[\w-]+")
_YEAR_OR_DAY = re.compile(r"(?:19|20)\d\d(?:-\d\d){0,2}")
_RUN = re.compile(r"[\x00-\x7f]+|[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]|[^\x00-\x7f\W]+")


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a text stood; the better place is the smaller."""

    tier: int
    """1 to 3."""
    node: int
    """The position of the call whose output it is; -1 for messages."""


MESSAGE = Place(1, -1)


def _pack(place: Place) -> int:
    return place.tier << _NODE_BITS | (place.node + 1)


def _unpack(code: int) -> Place:
    return Place(code >> _NODE_BITS, (code & (1 << _NODE_BITS) - 1) - 1)


def exact(text: str) -> str:
    """Return the text as trusted text is compared."""
    return text.lower() if text.isascii() else unicodedata.normalize("NFC", text).lower()


def folded(text: str) -> str:
    """Return the text as the text of outsiders is compared."""
    return normalise(text).lower()


def exact_words(text: str) -> list[str]:
    """Split into words without undoing look-alikes: every other letter than a plain one stays what it is."""
    found: list[str] = []
    for run in [text] if text.isascii() else _RUN.findall(exact(text)):
        found += (w for w in split_words(run.lower()) if w[-1].isalnum()) if run.isascii() else (run,)
    return found


def _codes(folded_text: str) -> list[str]:
    """Return the words of a text, as outsiders' text is compared, that name one thing: four characters or more, with a digit."""
    return [
        token
        for token in dict.fromkeys(_TOKEN.findall(folded_text))
        if 4 <= len(token) <= _MAX_CODE_CHARS and any(map(str.isdigit, token)) and not _YEAR_OR_DAY.fullmatch(token)
    ]


def _names(folded_text: str) -> list[str]:
    return [*(address for address, _ in addresses(folded_text)), *_codes(folded_text)]


def folded_words(text: str) -> list[str]:
    return [w for w in split_words(folded(text)) if w[-1].isalnum()]


@dataclass(frozen=True, slots=True)
class Echo:
    """What a call was given: where its output repeats that, it is as good as it was."""

    tiers: dict[int, int]
    """Run of words: tier."""
    addresses: dict[str, int]
    names: frozenset[str] = frozenset()
    """Addresses and codes: an output that repeats them is no further place of theirs."""


class _Table:
    """The best place of each run, address and short value, for one way of comparing."""

    def __init__(self) -> None:
        self.runs = array("q")
        self.addresses: dict[str, int] = {}
        self.short: dict[str, int] = {}

    def put(self, run: int, code: int) -> None:
        if run >= len(self.runs):
            self.runs.extend([_NONE] * (max(run + 1, 2 * len(self.runs)) - len(self.runs)))
        if code < self.runs[run]:
            self.runs[run] = code

    def get(self, run: int) -> int:
        return self.runs[run] if 0 <= run < len(self.runs) else _NONE


class PlaceIndex:
    """Remembers texts with their places, and finds the place of a value."""

    def __init__(self) -> None:
        self._ids: dict[str, int] = {}
        self._joined: dict[int, int] = {}
        self._count = 0
        self._trusted, self._outside = _Table(), _Table()
        self._holders: dict[str, list[int]] = {}
        """Of each address and code the positions of the calls whose output it stood in."""
        self._texts = array("q")  # the place of each text
        self._postings: dict[
            int, list[int] | int
        ] = {}  # content word: texts that hold it, or the place of the last of too many

    def add(self, text: str, place: Place, echo: Echo | None = None) -> None:
        """Remember a text that was seen at a place."""
        is_outside = place.tier == 3
        if place.node >= 0:
            self._add_holder(folded(text), place.node, echo.names if echo else frozenset())
        self._add_runs(text, place, echo, outside=is_outside)
        if echo and echo.tiers:
            self._add_runs(text, place, echo, outside=not is_outside)

    def _add_holder(self, folded_text: str, node: int, given: frozenset[str]) -> None:
        for name in _names(folded_text):
            if name in given:
                continue
            nodes = self._holders.setdefault(name, [])
            if nodes and nodes[-1] == node:
                continue
            if len(nodes) < MAX_PLACES:
                nodes.append(node)
            else:
                nodes[-1] = node

    def holders(self, text: str) -> list[int]:
        """Return the positions of the calls whose outputs hold an address or a code that a short value is, in order."""
        plain = folded(text.strip()) if len(text) <= 400 else ""
        names = [address for address, is_whole in addresses(plain) if is_whole]
        names += [code for code in _codes(plain) if code == plain]
        return sorted({node for name in names for node in self._holders.get(name, ())})[:MAX_PLACES]

    def _add_runs(self, text: str, place: Place, echo: Echo | None, *, outside: bool) -> None:
        """Put into one of the tables what of a text belongs there."""
        table = self._outside if outside else self._trusted
        words = folded_words(text) if outside else exact_words(text)
        repeated = echo.tiers if echo else {}

        def code_of(tier: int) -> int | None:
            return _pack(Place(tier, place.node)) if (tier == 3) == outside else None

        singles, pairs, fours = self._runs(words, create=True)
        for run in (*singles, *pairs, *fours):
            code = code_of(repeated.get(run, place.tier))
            if code is not None:
                table.put(run, code)
        given = echo.addresses if echo else {}
        for address, _ in addresses(folded(text) if outside else exact(text)):
            for form in (address, *shorter(address), last_part(address)):
                code = code_of(given.get(form, place.tier)) if form else None
                if form and code is not None:
                    table.addresses[form] = min(code, table.addresses.get(form, _NONE))
        whole = code_of(repeated.get(singles[0], place.tier) if len(singles) == 1 else place.tier)
        if whole is not None and len(text) <= 2 * SHORT_CHARS:
            key = " ".join(words)
            table.short[key] = min(whole, table.short.get(key, _NONE))
        content = {run for run, word in zip(singles, words, strict=True) if _is_content(word, 3)}
        # As many texts as its words have tiers, each with the words of a tier and of all better ones: what shares nothing of an
        # outsider's own words with it is no worse for that, and whatever does is.
        tiers = {run: repeated.get(run, place.tier) for run in content}
        for tier in sorted(set(tiers.values())):
            code = code_of(tier)
            if code is not None:
                self._post((run for run in content if tiers[run] <= tier), code)

    def _post(self, content: Iterable[int], code: int) -> None:
        number = len(self._texts)
        self._texts.append(code)
        for run in content:
            texts = self._postings.setdefault(run, [])
            if isinstance(texts, int):
                if code >> _NODE_BITS == 3:
                    self._postings[run] = code
            elif len(texts) < MAX_POSTINGS:
                texts.append(number)
            else:
                outside = [self._texts[t] for t in texts if self._texts[t] >> _NODE_BITS == 3]
                self._postings[run] = code if code >> _NODE_BITS == 3 else outside[-1] if outside else _NONE

    def _runs(self, words: list[str], *, create: bool) -> tuple[list[int], list[int], list[int]]:
        """Return the numbers of the words, their pairs and their fours; -1 where there is none."""
        singles = [self._number(self._ids, word, create) for word in words]
        pairs = [self._join(a, b, create) for a, b in pairwise(singles)]
        fours = [self._join(a, b, create) for a, b in zip(pairs, pairs[2:], strict=False)]
        return singles, pairs, fours

    def _join(self, a: int, b: int, create: bool) -> int:
        return -1 if a < 0 or b < 0 else self._number(self._joined, a << _ID_BITS | b, create)

    def _number(self, numbers: dict[str, int] | dict[int, int], key: str | int, create: bool) -> int:
        found: int = numbers.get(key, -1)  # type: ignore[arg-type]
        if found < 0 and create:
            found = numbers[key] = self._count  # type: ignore[index]
            self._count += 1
        return found

    def echo(self, values: Iterable[tuple[str, int]]) -> Echo:
        """Return what a call was given, from its values and their tiers; a run in several of them has the worst tier."""
        tiers: dict[int, int] = {}
        known: dict[str, int] = {}
        names: set[str] = set()
        for text, tier in values:
            names.update(_names(folded(text)))
            forms = [(exact_words(text), exact(text))]
            if not text.isascii():
                forms.append((folded_words(text), folded(text)))
            for words, plain in forms:
                for runs in self._runs(words, create=True):
                    for run in runs:
                        tiers[run] = max(tier, tiers.get(run, 1))
                for address, _ in addresses(plain):
                    for form in (address, *shorter(address)):
                        known[form] = max(tier, known.get(form, 1))
        return Echo(tiers, known, frozenset(names))

    def find(self, text: str) -> list[Place]:
        """Return the places of a value: of the whole, and of each address in it; none if it cannot be traced."""
        codes: list[int] = []
        is_address = False
        strict = list(addresses(exact(text)))
        loose = strict if text.isascii() else list(addresses(folded(text)))
        for i, (address, is_whole) in enumerate(loose):
            is_address |= is_whole
            codes.append(self._find_address(strict[i][0] if len(strict) == len(loose) else "", address))
        if not is_address or (text.strip().isdigit() and codes == [_NONE]):  # a plain number may stand as 4,250,000.00
            codes += self._find_text(text)
        return [_unpack(code) for code in codes if code != _NONE]

    def _find_address(self, strict: str, loose: str) -> int:
        longer = shorter(strict) if strict else []
        forms = [
            (strict, loose),
            *((longer[i] if i < len(longer) else "", form) for i, form in enumerate(shorter(loose))),
        ]
        for exactly, folded_form in forms:
            code = min(self._trusted.addresses.get(exactly, _NONE), self._outside.addresses.get(folded_form, _NONE))
            if code != _NONE:
                return code
        return self._spelled_out(loose)

    def _spelled_out(self, address: str) -> int:
        """Find an address whose words stand in one text of outsiders, as in `eve (at) evil (dot) com`."""
        words = {word for word in folded_words(address) if _is_content(word, 3)}
        found = self._most_shared(words, len(words), self._texts.__getitem__) if len(words) > 1 else _NONE
        return found if found >> _NODE_BITS == 3 else _NONE

    def _find_text(self, text: str) -> list[int]:
        strict = exact_words(text)
        loose = strict if text.isascii() else folded_words(text)
        if not loose:
            return []
        if len(text.strip()) <= SHORT_CHARS:
            return [self._find_short(strict, loose)]
        code = min(self._find_phrase(strict, self._trusted), self._find_phrase(loose, self._outside))
        return [code] if code != _NONE else self._find_content(strict, loose)

    def _find_content(self, strict: list[str], loose: list[str]) -> list[int]:
        """Find the text, else the output, else the outputs of outsiders that half or more of the content words stand in."""
        content = {word for word in loose if _is_content(word, 4)}
        wanted = -(-len(content) // 2)
        if len(content) < MIN_CONTENT_WORDS:
            return []
        words = content | {word for word in strict if _is_content(word, 4)}
        for place_of in (None, self._texts.__getitem__):
            code = self._most_shared(words, wanted, place_of)
            if code != _NONE:
                return [code]
        alien = [code for word in content if (code := self._only_outside(word)) != _NONE]
        return list(dict.fromkeys(alien)) if len(alien) >= wanted else []

    def _only_outside(self, word: str) -> int:
        """Return the place of a word that stands in text of outsiders and in no trusted text."""
        run = self._ids.get(word, -1)
        return self._outside.get(run) if self._trusted.get(run) == _NONE else _NONE

    def _find_short(self, strict: list[str], loose: list[str]) -> int:
        """A number such as 9 stands inside many texts: in an output it must be the whole of a value."""
        if all(len(word) < SHORT_CHARS and word.isalpha() and word.isascii() for word in loose):
            return _NONE  # `r`, `en`
        message = _pack(MESSAGE)
        if self._find_phrase(strict, self._trusted) == message:
            return message
        return min(self._trusted.short.get(" ".join(strict), _NONE), self._outside.short.get(" ".join(loose), _NONE))

    def _find_phrase(self, words: list[str], table: _Table) -> int:
        if not words:
            return _NONE
        singles, pairs, fours = self._runs(words, create=False)
        # The runs of a phrase that stands somewhere have all been seen there or before: its place is the last of theirs.
        return max(table.get(run) for run in (fours or pairs or singles))

    def _most_shared(self, words: set[str], wanted: int, place_of: Callable[[int], int] | None) -> int:
        """Return the place of the text that holds the most of the words, at least `wanted`; of several the best.

        With `place_of` words are counted over all texts of a place together.
        """
        counts: Counter[int] = Counter()
        everywhere, last = 0, _NONE
        for word in words:
            texts = self._postings.get(self._ids.get(word, -1), [])
            if isinstance(texts, int):
                if texts != _NONE:
                    everywhere, last = everywhere + 1, texts
            else:
                counts.update(texts if place_of is None else {place_of(number) for number in texts})
        best = (-everywhere, last) if everywhere >= wanted else (0, _NONE)
        for key, count in counts.items():
            code = self._texts[key] if place_of is None else key
            shared = count + everywhere if code >> _NODE_BITS == 3 else count
            if shared >= wanted:
                best = min(best, (-shared, code))
        return best[1]


def _is_content(word: str, min_chars: int) -> bool:
    return len(word) >= min_chars or not word.isascii()
