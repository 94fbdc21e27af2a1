"""The request, and the one answer to what it says.

| question | method |
| --- | --- |
| does it state this value, for a call of this tool? | `states` |
| does it name it at all, permitted or refused? | `mentions` |
| does it name the person whose address this is? | `names` |
| does it ask for what a tool does? | `asks_for` |
| how much of these words does it have, how near are they to its own? | `share`, `nearness` |
| how does it read in English? | `english` |

- A value is stated where it stands to the letter, apart from case, and is no part of a longer name: `ann@acme.com` is not stated
  by `ann@acme.com.evil.example`, nor `ann` by `joann`. Addresses are compared in one spelling: `www.x.com`, `x.com/` and
  `http://www.x.com` are one place.
- What a request refuses states no permission (`refusal.py`).
- Two words agree when their stems are equal, and to a degree when the word table places them close together. That knows neither
  order nor negation: it says what a request is about, not what it says about it.
- In another language (`languages.py`) its deeds and words are those that it has in English, too; values stand in it as written.
"""

from __future__ import annotations

import functools
import itertools
import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import InitVar, dataclass, field
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gatling.features.words import LEXICON_DIM, length_of, lexicon_row
from gatling.request.deeds import asking_words, deeds_of, effect_of_verb
from gatling.request.knowing import without_questions
from gatling.request.languages import Refused, Said, in_english
from gatling.request.people import Name, names_in
from gatling.request.refusal import Refusal, kinds_against, refusals, sentences
from gatling.schema.addresses import located, one_address
from gatling.schema.arguments import leaves, number_of
from gatling.schema.budget import checked
from gatling.schema.lazy import cached_property
from gatling.schema.lru import remembered
from gatling.schema.words import is_disguised, split_words, stem

STOP_WORDS = frozenset(
    "the a an of to in on for and or is are be with from at by it this that my me i you please can could all any your his "
    "her their our we he she they as if not no do does did what which who there was were has have had will would should "
    "also then than so into about up out".split()
)
MAX_NAMED = 64
"""Numbers or days that are taken from one request."""
_MAX_MENTIONS = 64
_MAX_COMPARED = 2_048
_MAX_LOCALS = 256
_MAX_WORDS_OF_A_VALUE = 6
_CURRENCIES = "usd|eur|gbp|chf|inr|jpy|cny|cad|aud|sek|nok|dkk|pln"
_NUMBER = re.compile(
    rf"(?:(?<![\w./:@#+-])|(?<![\w./:@#+-](?=\w))\b(?:{_CURRENCIES})(?=\d))"
    r"(?:(\d{1,3}(?:\.\d{3})+,\d{1,2}(?!\d))"  # 1.250,50
    r"|((?:\d{1,3}(?:,\d{3})+|\d{1,15})(?:\.\d{1,6})?))"
    rf"(?:(?:{_CURRENCIES}|x)\b)?(?![\w@]|[.:/-]\w)"
)
# A bound is no refusal of its number: "do not pay more than 500".
_BOUND = re.compile(r"(?:than|over|above|exceeds?|exceeding|beyond|under|below|until|before|after)\s+\W{0,3}$")
_DAY = re.compile(r"(?<!\d)\d{4}-\d{2}-\d{2}(?!\d)")
_SPELLED = {
    word: number
    for number, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
        "eighteen nineteen twenty".split()
    )
    if word != "one"  # "the one who .."
}
_SPELLED_NUMBER = re.compile(rf"\b(?:{'|'.join(_SPELLED)})\b")
# "Post it to www.acme.com.They sent it": the next sentence, and no longer host.
_END_OF_SENTENCE = re.compile(r"(?<=[a-z0-9])\.(?=[A-Z][a-z]*(?:\s|$))")
# Words by which a request hands over to another text.
_DELEGATING = frozenset(
    "instruction instruct task step follow action todo accord mention describ say said note request do perform handl "
    "complet".split()
)


def content_words(text: str) -> list[str]:
    """Return the words of a text that carry content, in order, repeats included."""
    return [word for word in split_words(text) if word not in STOP_WORDS]


def _ends_here(text: str, start: int, end: int, ends: frozenset[int]) -> bool:
    """Tell whether `text[start:end]` is bounded by what does not continue a word, an address or a host.

    Args:
        ends: positions of full stops that end a sentence though no space follows.
    """
    before, after = text[max(0, start - 2) : start], text[end : end + 2]
    goes_back = bool(before) and (
        before[-1].isalnum() or (before[-1] in "@._+-" and before[0].isalnum() and len(before) > 1)
    )
    goes_on = bool(after) and (after[0].isalnum() or (after[0] in "@._+-" and len(after) > 1 and after[1].isalnum()))
    return not (goes_back and (text[start].isalnum() or text[start] == "@")) and not (
        goes_on and text[end - 1].isalnum() and end not in ends
    )


@remembered(16_384, max_chars=64)
def _direction(word: str) -> NDArray[np.float32]:
    vector = lexicon_row(word)
    return np.asarray(vector / max(length_of(vector), 1e-6), np.float32)


def directions(words: Sequence[str]) -> NDArray[np.float32]:
    """Return unit vectors of the word table, `(len(words), LEXICON_DIM)`; zeros for words that it does not know."""
    return np.stack([_direction(word) for word in words]) if words else np.zeros((0, LEXICON_DIM), np.float32)


@dataclass(frozen=True)
class Request:
    """What was asked, in forms to compare with."""

    written: InitVar[str]
    as_written: str = field(init=False)
    text: str = field(init=False)
    """In lower case."""
    words: frozenset[str] = field(init=False)
    content: tuple[str, ...] = field(init=False)
    """Distinct content words, in order."""
    stems: frozenset[str] = field(init=False)
    delegation: float = field(init=False)
    """Share of content words by which a request hands over to another text, 0 to 1."""
    _near: dict[str, float] = field(init=False, repr=False, default_factory=dict)
    _ends: frozenset[int] = field(init=False, repr=False)

    def __post_init__(self, written: str) -> None:
        text = written.lower()
        words = split_words(text)
        content = [w for w in dict.fromkeys(words) if w.isdigit() or (w not in STOP_WORDS and len(w) > 1)]
        set_field = functools.partial(object.__setattr__, self)
        set_field("as_written", written if len(text) == len(written) else text)  # positions are those of `text`
        set_field("text", text)
        ends = (m.start() for m in checked(_END_OF_SENTENCE.finditer(written)))
        set_field("_ends", frozenset(ends) if len(text) == len(written) else frozenset())
        set_field("words", frozenset(words))
        set_field("content", tuple(content))
        set_field("stems", frozenset(map(stem, content)))
        set_field("delegation", sum(stem(w) in _DELEGATING for w in content) / max(1, len(content)))

    @property
    def wishes(self) -> str:
        """The text as far as it may hand over to another, with blanks in place of the rest."""
        return self.text

    # --- other languages ----------------------------------------------------------------------------------------------

    @cached_property
    def _said(self) -> Said | None:
        return in_english(self.as_written)

    @cached_property
    def english(self) -> Request:
        """The request as it reads in English: its deeds and words, not its values; itself if it is in no other language."""
        return self if self._said is None else InEnglish(self._said.text)

    @cached_property
    def _vectors(self) -> NDArray[np.float32]:
        return directions(self.content if len(self.content) <= _MAX_COMPARED else [])

    # --- what it states -----------------------------------------------------------------------------------------------

    def states(self, value: Any, *, tool: str = "") -> bool:
        """Tell whether the request states a value in a way that permits a call with it.

        Args:
            value: a text or a number; nothing else is stated.
            tool: the tool that is called with it, as some deeds are refused and others not; empty for any deed.
        """
        if isinstance(value, bool) or value is None:
            return False
        if isinstance(value, (int, float)):
            spans = self._number_spans.get(number_of(value), ())
            return any(not self._is_refused(start, end, tool) for start, end in spans)
        return any(not self._is_refused(start, end, tool) for start, end in self._mentions(str(value)))

    def hands_over(self, value: Any, *, tool: str) -> bool:
        """Tell whether the user pasted a value that he hands over to a call of a tool; here he pasted nothing."""
        return False

    def mentions(self, value: Any) -> bool:
        """Tell whether the request names a value at all: to the letter, a person by name, or by all of its few words.

        It errs towards yes, for those who must be sure that nobody asked for a value.
        """
        if isinstance(value, bool) or value is None:
            return False
        if isinstance(value, (list, tuple, dict)):
            return any(self.mentions(item) for _, item in leaves(value))
        if isinstance(value, (int, float)):
            return abs(value) in self.numbers
        text = str(value)
        if any(True for _ in self._mentions(text)):
            return True
        words = content_words(text)
        if "@" in text:
            words = split_words(text.partition("@")[0])
            return any(len(word) > 2 and word in self.words for word in words)
        return 0 < len(words) <= _MAX_WORDS_OF_A_VALUE and all(word in self.words for word in words)

    def refuses(self, value: str, *, tool: str = "") -> bool:
        """Tell whether the request names a value only to refuse it."""
        spans = list(self._mentions(value))
        return bool(spans) and all(self._is_refused(start, end, tool) for start, end in spans)

    def _mentions(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield where a text stands: to the letter, then as an address in another spelling."""
        text = text.lower().strip()
        if len(text) < 2:
            return
        at = self.text.find(text)
        for _ in checked(range(_MAX_MENTIONS)):  # a bound on what a request of one letter repeated costs
            if at < 0:
                break
            end = at + len(text)
            runs_on = bisect_left(self._sorted_ends, at) < bisect_left(
                self._sorted_ends, end - 1
            )  # into the next sentence
            if not runs_on and _ends_here(self.text, at, end, self._ends) and not self._is_inside_address(text, at):
                yield at, end
            at = self.text.find(text, at + 1)
        address = one_address(text)
        if address is not None:
            yield from self._addresses.get(address, ())

    @cached_property
    def _sorted_ends(self) -> list[int]:
        return sorted(self._ends)

    def _is_inside_address(self, text: str, at: int) -> bool:
        """Tell whether a host or a name stands only as a part of an address: `acme.com` in `acme.com/login`."""
        before, after = self.text[at - 1 : at], self.text[at + len(text) :][:2]
        if before == "/" or (after[:1] == "/" and len(after) > 1 and not after[1].isspace() and after[1] not in "'\")"):
            return "." in text
        return after[:1] == ":" and len(after) > 1 and after[1].isdigit() and "." in text

    @cached_property
    def _addresses(self) -> dict[str, list[tuple[int, int]]]:
        """Where each address stands, in its one spelling."""
        found: dict[str, list[tuple[int, int]]] = {}
        for address, start, end in located(self._cut):
            spans = found.setdefault(address, [])
            if len(spans) < _MAX_MENTIONS:
                spans.append((start, end))
        return found

    @cached_property
    def _cut(self) -> str:
        """The text with a space in place of each full stop that ends a sentence without one."""
        return "".join(" " if i in self._ends else c for i, c in enumerate(self.text)) if self._ends else self.text

    @cached_property
    def _refusals(self) -> tuple[Refusal, ...]:
        own = refusals(self.as_written)
        if self._said is None or not self._said.refused:
            return own
        return tuple(sorted((*own, *map(_negation, self._said.refused)), key=lambda r: r.start))

    def is_refused(self, start: int, end: int, *, tool: str = "") -> bool:
        """Tell whether what stands between two positions of `text` is refused, for a call of a tool or for any deed."""
        return self._is_refused(start, end, tool)

    def _is_refused(self, start: int, end: int, tool: str) -> bool:
        return any(r.start < end and start < r.end for r in self._refusals_of(tool))

    def _refusals_of(self, tool: str) -> list[Refusal]:
        kinds = kinds_against(tool)
        return [r for r in self._refusals if r.kind in kinds]

    # --- people -------------------------------------------------------------------------------------------------------

    def names(self, address: str, *, tool: str = "") -> bool:
        """Tell whether the request names the person whose mail address this is, by name and in a way that permits a call.

        A person whose address the request states has no other. Where it states more than 256 addresses, it names nobody else.
        """
        local, at, domain = address.lower().strip().rpartition("@")
        if not at or not local or not domain or "@" in local or is_disguised(address):
            return False
        return any(
            name.fits(local) and not self._is_refused(name.start, name.end, tool) for name in self._unaddressed_names
        )

    @cached_property
    def names_anybody(self) -> bool:
        """Whether it names a person, by name or by an address."""
        return bool(self.people) or any("@" in address for address in self._addresses)

    def calls_by_name(self, local: str) -> bool:
        """Tell whether the request names a person whose name is written `ann.lee`."""
        return any(name.fits(local) and not self._is_refused(name.start, name.end, "") for name in self.people)

    @cached_property
    def people(self) -> tuple[Name, ...]:
        """The people that it names, in order, refused or not."""
        return tuple(names_in(self.as_written))

    @property
    def address_spans(self) -> tuple[tuple[int, int], ...]:
        """Where mail addresses stand in it."""
        return tuple(span for address, spans in self._addresses.items() if "@" in address for span in spans)

    @cached_property
    def _unaddressed_names(self) -> tuple[Name, ...]:
        locals_ = {a.rpartition("@")[0] for a in self._addresses if "@" in a}
        if len(locals_) > _MAX_LOCALS:
            return ()
        return tuple(n for n in self.people if not any(map(n.fits, locals_)))

    # --- deeds --------------------------------------------------------------------------------------------------------

    def asks_for(self, tool: str) -> bool:
        """Tell whether the request asks for what a tool does, in the tool's own verb or one that people use for it."""
        return any(not deed.asked.isdisjoint(self.permitted_stems) for deed in deeds_of(tool))

    @cached_property
    def effects(self) -> frozenset[str]:
        """What the verbs that may ask for deeds do: `read`, `write`, `send`, `delete`, `admin`."""
        return frozenset(effect for word in self.permitted_stems if (effect := effect_of_verb(word)) is not None)

    def words_asked_for(self, tool: str) -> frozenset[str]:
        """Return the stems of a tool's name that the request asks for in other words: `send` and `money` by `pay`."""
        deeds = (deed.done for deed in deeds_of(tool) if not deed.asked.isdisjoint(self.permitted_stems))
        return frozenset().union(*deeds)

    @cached_property
    def permitted_stems(self) -> frozenset[str]:
        """Stems of the words that may ask for deeds and do not stand in a negation."""
        if self.english is not self:
            return self.english.permitted_stems  # `wir` is no form of `wire`
        found: set[str] = set()
        negated = [r for r in self._refusals if r.kind != "repelling"]
        first = 0  # of the refusals, in order, that may reach into the sentence
        for start, end in checked(sentences(self.text)):
            while first < len(negated) and negated[first].end <= start:
                first += 1
            at, i = start, first
            while i < len(negated) and negated[i].start < end:
                found |= asking_words(self.text[at : max(at, negated[i].start)])
                at = max(at, min(end, negated[i].end))
                i += 1
            found |= asking_words(self.text[at:end])
        return frozenset(found)

    # --- numbers and days ---------------------------------------------------------------------------------------------

    @cached_property
    def numbers(self) -> tuple[float, ...]:
        """Numbers that are words of their own, the largest first; no parts of dates, ids or names."""
        return tuple(sorted((n for n in self._number_spans if n is not None), reverse=True))

    @cached_property
    def _number_spans(self) -> dict[float | None, list[tuple[int, int]]]:
        """Where each number stands; an empty stretch for one that is a bound, which is never refused."""
        found: dict[float | None, list[tuple[int, int]]] = {}
        digits = list(itertools.islice(_NUMBER.finditer(self.text), MAX_NAMED))
        for match in (*digits, *_SPELLED_NUMBER.finditer(self.text)):
            if match.re is _SPELLED_NUMBER:
                number = float(_SPELLED[match.group()])
            elif match.group(1):
                number = float(match.group(1).replace(".", "").replace(",", "."))
            else:
                number = float(match.group(2).replace(",", ""))
            spans = found.setdefault(number, [])
            if len(spans) < _MAX_MENTIONS:
                is_bound = _BOUND.search(self.text, max(0, match.start() - 16), match.start())
                spans.append((0, 0) if is_bound else match.span())
        return found

    @cached_property
    def days(self) -> tuple[date, ...]:
        """Days written as `2026-03-01`, ascending."""
        found = set()
        for text in _DAY.findall(self.text)[:MAX_NAMED]:
            try:
                found.add(date.fromisoformat(text))
            except ValueError:
                continue
        return tuple(sorted(found))

    # --- words --------------------------------------------------------------------------------------------------------

    def has(self, word: str) -> bool:
        """Tell whether the request has the word, in any form."""
        return stem(word) in self.all_stems

    @cached_property
    def all_stems(self) -> frozenset[str]:
        """Stems of its words, as they are written and in English."""
        return self.stems | self.english.stems

    def share(self, words: Sequence[str], *, tool: str = "") -> float:
        """Return the share of words that the request has, for a call of a tool or for any deed: 0 to 1; 0 for none."""
        return sum(map(self.has, words)) / len(words) if words else 0.0

    def nearness(self, words: Sequence[str]) -> list[float]:
        """Return for each word the cosine to the nearest word of the request, in [-1, 1], 1.0 for a word that it has.

        Of a request of more than 2,048 distinct words no word is near that it does not have: -1.
        """
        if self.english is not self:
            return list(map(max, self._nearness(words), self.english.nearness(words)))
        return self._nearness(words)

    def _nearness(self, words: Sequence[str]) -> list[float]:
        if not self.content:
            return [0.0] * len(words)
        missing = [w for w in dict.fromkeys(words) if w not in self._near]
        if missing:
            # In double precision and rounded, so that a word is as near whatever else is asked for in the same call.
            cosines = (directions(missing).astype(np.float64) @ self._vectors.T.astype(np.float64)).max(
                axis=1, initial=-1.0
            )
            found = {w: 1.0 if self.has(w) else round(float(c), 6) for w, c in zip(missing, cosines, strict=True)}
            if len(self._near) < 4_096:
                self._near.update(found)
            else:
                return [self._near[w] if w in self._near else found[w] for w in words]
        return [self._near[w] for w in words]


class InEnglish(Request):
    """What a request of another language says in English; what is left in it of other languages is read no further."""

    @property
    def _said(self) -> None:
        return None

    @property
    def wishes(self) -> str:
        return without_questions(self.text)


def _negation(clause: Refused) -> Refusal:
    """Return the refusal of a clause that is negated in another language; one of looking refuses to look."""
    looks = any(r.kind == "reading" for r in refusals(clause.english))
    return Refusal(clause.start, clause.end, "reading" if looks else "negation")
