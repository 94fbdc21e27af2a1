"""All that an agent has read, as passages, and which of them a call can have come from: its origins.

A call is compared with every passage by words that are rare in the conversation: the words of its tool, of what people call that
deed, and of its values. What has most of them, and whatever holds a value to the letter, is kept, `MAX_ORIGINS` at most.
Adding costs a few dictionary entries a word; a call costs as many look-ups as it has words, and reads `MAX_POSTINGS` passages
of each at most.

A passage with a private value that a reading call carries (`carried.py`) is among its origins, however many others are alike.
"""

from __future__ import annotations

import heapq
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from gatling.provenance.carried import CarriedValues
from gatling.provenance.passages import Listed, Passage, cut
from gatling.provenance.sources import ToolOutput
from gatling.request.deeds import deeds_of
from gatling.request.forms import ACCOUNT, forms_in
from gatling.request.meant import MAX_RECORDS, Pointing
from gatling.request.request import Request, content_words
from gatling.schema.addresses import addresses
from gatling.schema.arguments import leaf_text, leaves
from gatling.schema.plain import canonical_json
from gatling.schema.trace import Origin
from gatling.schema.words import normalise, split_words, stem
from gatling.tools.derive import effect_of
from gatling.tools.private_values import private_values

MAX_ORIGINS = 8
MAX_POSTINGS = 256
"""Passages that are read for one word; a word in more of them tells little."""
MAX_NEARBY_CHARS = 300
_MAX_NEARBY = 3
_MAX_CALL_WORDS = 400
_IDENTITY_WEIGHT = 2.5
_MAX_RESERVED = 3
"""Origins that are kept for private values that a call carries."""


@dataclass(slots=True)
class _Read:
    passage: Passage
    node_id: str | None
    text_number: int
    """Passages of one text have the same, in all the conversation."""
    records: tuple[tuple[int, int], ...]
    """The lists that it stands in, by their numbers in all the conversation, and its places in them."""


class Reading:
    """The passages of a conversation."""

    def __init__(self) -> None:
        self._read: list[_Read] = []
        self._postings: dict[str, list[int]] = defaultdict(list)
        self._count: dict[str, int] = defaultdict(int)
        self._words: list[tuple[str, ...]] = []  # in order, as sums over them are
        self._num_texts = 0
        self._accounts: set[str] = set()
        self._lists: list[tuple[str, Listed, frozenset[str]]] = []
        self._asked: Pointing | None = None
        self._meant: dict[int, int | None] = {}
        self._private: dict[str, int] = {}  # letters and digits of a value: the passage that it stood in first
        self._private_lengths: set[int] = set()

    def __len__(self) -> int:
        return len(self._read)

    def add(
        self,
        node_id: str | None,
        parts: Iterable[Any],
        rule: ToolOutput,
        *,
        is_written: bool = False,
        tool_name: str = "",
        arguments: dict[str, Any] | None = None,
    ) -> None:
        """Remember what a call of a tool returned, or with None a text that no call did; `is_written` as of `passages.cut`."""
        for part in parts:
            first, first_list = self._num_texts, len(self._lists)
            found = cut(part, rule, is_written=is_written)
            if found.lists:
                given = frozenset(
                    word for _, value in leaves(arguments or {}) for word in split_words(leaf_text(value))
                )
                self._lists += ((tool_name, listed, given) for listed in found.lists)
                self._meant.clear()
            for passage in found.passages:
                number = len(self._read)
                self._num_texts = first + passage.part + 1
                records = tuple((first_list + of, at) for of, at in passage.records)
                self._read.append(_Read(passage, node_id, first + passage.part, records))
                if len(self._accounts) < 2:
                    self._accounts.update(value for form, value in forms_in(passage.text.lower()) if form == ACCOUNT)
                self._note_private_values(number)
                words = tuple(dict.fromkeys(words_of(passage.text)))
                self._words.append(words)
                for word in words:
                    self._count[word] += 1
                    postings = self._postings[word]
                    if len(postings) < MAX_POSTINGS:
                        postings.append(number)
                    elif passage.tier == 3:  # the latest stays known
                        postings[number % MAX_POSTINGS] = number

    def _note_private_values(self, number: int) -> None:
        for value in private_values(self._read[number].passage.text, self._nearby(number, -1)):
            self._private.setdefault(value.squashed, number)
            self._private_lengths.add(len(value.squashed))

    def outputs(self) -> dict[str | None, list[Passage]]:
        """Return the passages by the node that returned them, in order; under None those that no call returned."""
        found: dict[str | None, list[Passage]] = {}
        for read in self._read:
            found.setdefault(read.node_id, []).append(read.passage)
        return found

    def origins(self, tool_name: str, arguments: dict[str, Any], request: Request | None = None) -> tuple[Origin, ...]:
        """Return the passages that a call can have come from, the likeliest first.

        Args:
            request: what was asked so far, for which records it means; None if that is not known.
        """
        if not self._read:
            return ()
        wanted = call_words(tool_name, arguments)
        score: dict[int, float] = defaultdict(float)
        total = 0.0
        for word, weight in wanted.items():
            count = self._count.get(word, 0)
            rarity = weight * self._rarity(count)
            total += rarity
            if count:
                for number in set(self._postings[word]):
                    score[number] += rarity
        reserved = self._carried(tool_name, arguments)
        if not score and not reserved:
            return ()
        ranked: list[tuple[float, int]] = []
        for number, shared in score.items():
            mass = sum(self._rarity(self._count[w]) for w in self._words[number]) or 1.0
            # How much of the call stands there, and how much of what stands there the call does.
            ranked.append((shared / max(total, 1.0) + 0.5 * min(1.0, shared / mass), number))
        if request is not (self._asked.request if self._asked else None):
            self._asked = None if request is None else Pointing(request)
            self._meant.clear()
        best = heapq.nlargest(MAX_ORIGINS, ranked, key=lambda item: (round(item[0], 9), item[1]))
        found = [number for _, number in best]
        missing = [number for number in reserved if number not in found]
        return tuple(map(self._origin, (*found[: MAX_ORIGINS - len(missing)], *missing)))

    def _carried(self, tool_name: str, arguments: dict[str, Any]) -> list[int]:
        """Return the passages with private values that a reading call carries, `_MAX_RESERVED` at most."""
        if not self._private or effect_of(tool_name)[0] != "read":
            return []
        carried = CarriedValues(arguments).of(self._private.__contains__, self._private_lengths)
        return list(dict.fromkeys(self._private[value] for value in carried))[:_MAX_RESERVED]

    def _rarity(self, count: int) -> float:
        return math.log1p(max(len(self._read), 20) / (1 + count))

    def _origin(self, number: int) -> Origin:
        read = self._read[number]
        passage = read.passage
        return Origin(
            source=read.node_id,
            text=passage.text,
            header=dict(passage.header),
            tier=passage.tier,
            is_record=passage.is_record,
            is_hidden=passage.is_hidden,
            before=self._before(number),
            after=self._nearby(number, 1),
            **({"is_one_account": True} if len(self._accounts) == 1 and read.node_id is not None else {}),
            **({} if (is_meant := self._is_meant(read)) is None else {"is_meant": is_meant}),
        )

    def _before(self, number: int) -> str:
        """Return the sentences before a passage, the heading of its table first."""
        heading, before = self._read[number].passage.heading, self._nearby(number, -1)
        return before if not heading or heading in before.split("\n") else f"{heading}\n{before}".rstrip("\n")

    def _is_meant(self, read: _Read) -> bool | None:
        """Tell whether the request means the record that a passage stands in, or another of its list; None if that is not certain."""
        if self._asked is None:
            return None
        answers = [(at, meant) for of, at in read.records if (meant := self._meant_of(of)) is not None]
        return all(at == meant for at, meant in answers) if answers else None

    def _meant_of(self, number: int) -> int | None:
        """Return the place of the record of a list that the request means; -1 if it is in another list of the same tool."""
        if number not in self._meant:
            self._settle(number)
        return self._meant[number]

    def _settle(self, number: int) -> None:
        """Ask which record of a list, and of those that the same tool returned beside it, the request means."""
        tool_name, listed, _ = self._lists[number]
        alike = [i for i, (tool, of, _) in enumerate(self._lists) if tool == tool_name and of.name == listed.name]
        self._meant.update(dict.fromkeys(alike))
        if self._asked is None or sum(len(self._lists[i][1].records) for i in alike) > MAX_RECORDS:
            return
        whole: dict[str, tuple[dict[str, Any], list[tuple[int, int]]]] = {}  # what is listed twice is one record
        for i in alike:
            for at, record in enumerate(self._lists[i][1].records):
                whole.setdefault(canonical_json(record), (record, []))[1].append((i, at))
        given = frozenset.intersection(*(self._lists[i][2] for i in alike))
        words = [*split_words(tool_name), *split_words(listed.name), *sorted(given)]
        records = list(whole.values())
        is_one_list = len(records) == len(listed.records)
        found = self._asked.record([r for r, _ in records], words, is_one_list=is_one_list)
        if found is not None:
            self._meant.update(dict.fromkeys(alike, -1))
            self._meant.update(records[found][1])

    def _nearby(self, number: int, step: int) -> str:
        """Return the sentences before or after a passage in the same text, as many as fit."""
        found: list[str] = []
        text_number, size = self._read[number].text_number, 0
        for _ in range(_MAX_NEARBY):
            number += step
            if not 0 <= number < len(self._read) or self._read[number].text_number != text_number:
                break
            text = self._read[number].passage.text
            size += len(text) + 1
            if size > MAX_NEARBY_CHARS and found:
                break
            found.append(text[:MAX_NEARBY_CHARS])
        return "\n".join(found[::step])


def words_of(text: str) -> list[str]:
    """Return what a text is compared by: stems of its content words, and its addresses as one word each."""
    plain = normalise(text).lower()
    found = [stem(word) for word in content_words(plain) if word[-1].isalnum()]
    found += [f"={address}" for address, _ in addresses(plain)]
    return found


def call_words(tool_name: str, arguments: dict[str, Any]) -> dict[str, float]:
    """Return the words of a call with their weights: its tool's, those by which people ask for it, and its values'."""
    found: dict[str, float] = {}
    for word in split_words(tool_name):
        found[stem(word)] = 0.6
    for deed in deeds_of(tool_name):
        for word in sorted(deed.asked):
            found.setdefault(word, 0.15)
    for _, value in leaves(arguments):
        text = leaf_text(value)
        words = words_of(text)
        long = len(words) > 12
        for word in words:
            weight = _IDENTITY_WEIGHT if word[:1] == "=" or any(c.isdigit() for c in word) else 0.4 if long else 1.0
            found[word] = max(weight, found.get(word, 0.0))
            if len(found) >= _MAX_CALL_WORDS:
                return found
    return found


def sources_of(origins: Sequence[Origin]) -> frozenset[str]:
    return frozenset(o.source for o in origins if o.source)
