"""A corpus: traces as arrays, each distinct context and plan once, and nothing of `meta`.

Only compliant traces are positives; violating ones are hard negatives of their context.

What grows with the number of traces are the columns, about 25 bytes a trace, and the pairs made of them. Contexts and plans
stay in their shards, which are mapped files, until they are asked for.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar, overload

import numpy as np

from gatling.features import ContextFeatures, PlanFeatures
from gatling.schema import ExecutionPlan, GovernanceContext, Trace
from gatling.schema.lazy import cached_property
from gatling.store.groups import GroupKey
from gatling.store.pairs import Pairs
from gatling.store.shards import DIGEST_BYTES, Shard, ShardBuilder, Strings

S = TypeVar("S")
T = TypeVar("T")
_READ_CHUNK = 65_536
_COLUMNS = ("context", "plan", "is_compliant", "source", "violation_type", "group")


class Rows(Sequence[T], Generic[T]):
    """Distinct records of several shards by number; a record is made anew each time it is asked for.

    Args:
        read: makes the record from a shard and its row there.
        digest: names the shards' digests of these records; equal ones are one record, that of the first.
    """

    def __init__(self, shards: list[Shard], read: Callable[[Shard, int], T], digest: str) -> None:
        self.shards = shards
        self._read = read
        self._digest = digest
        self._first_row = np.cumsum([0, *(len(getattr(shard, digest)) for shard in shards)])
        self._place = np.zeros(0, np.int64)

    def number(self, columns: list[np.ndarray]) -> np.ndarray:
        """Number the distinct records in the order of their first occurrence.

        Args:
            columns: per shard, rows of its records.

        Returns:
            The numbers of those rows, joined, int32.
        """
        number, self._place = number_digests([getattr(shard, self._digest) for shard in self.shards])
        return _joined([number[first:][rows] for first, rows in zip(self._first_row, columns, strict=False)])

    def digests(self) -> np.ndarray:
        """Return the digest of each record, `(n, 16)` uint8."""
        out = np.empty((len(self), DIGEST_BYTES), np.uint8)
        for i, shard in enumerate(self.shards):
            first, last = np.searchsorted(self._place, self._first_row[i : i + 2])
            out[first:last] = getattr(shard, self._digest)[self._place[first:last] - self._first_row[i]]
        return out

    def __len__(self) -> int:
        return len(self._place)

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[T]: ...
    def __getitem__(self, index: int | slice) -> T | Sequence[T]:
        if isinstance(index, slice):
            return Chosen(self, np.arange(len(self))[index])
        return next(self.read(np.array([index])))

    def read(self, numbers: np.ndarray) -> Iterator[T]:
        """Make some records, one after the other."""
        for start in range(0, len(numbers), _READ_CHUNK):
            place = self._place[numbers[start : start + _READ_CHUNK]]
            shard = np.searchsorted(self._first_row, place, side="right") - 1
            rows = place - self._first_row[shard]
            for i, own_row in zip(shard.tolist(), rows.tolist(), strict=True):
                yield self._read(self.shards[i], own_row)

    def read_as(self, read: Callable[[Shard, int], S], number: int) -> S:
        """Make something else of one record, with another reader of shards."""
        place = self._place[number]
        shard = int(np.searchsorted(self._first_row, place, side="right")) - 1
        return read(self.shards[shard], int(place - self._first_row[shard]))

    def __iter__(self) -> Iterator[T]:
        return self.read(np.arange(len(self)))

    def choose(self, numbers: np.ndarray) -> Chosen[T]:
        """Return some of the records, in the order given, none of them made yet."""
        return Chosen(self, numbers)


class Chosen(Sequence[T], Generic[T]):
    """Some records of `Rows`, by their numbers."""

    def __init__(self, rows: Rows[T], numbers: np.ndarray) -> None:
        self._rows = rows
        self._numbers = numbers

    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[T]: ...
    def __getitem__(self, index: int | slice) -> T | Sequence[T]:
        if isinstance(index, slice):
            return Chosen(self._rows, self._numbers[index])
        return self._rows[int(self._numbers[index])]

    def __iter__(self) -> Iterator[T]:
        return self._rows.read(self._numbers)


def number_digests(digests: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Number the distinct digests in the order of their first occurrence.

    Returns:
        The number of each row, int32, and for each number its first row, int64.
    """
    if len(digests) < 2:  # a shard has each once
        count = sum(map(len, digests))
        return np.arange(count, dtype=np.int32), np.arange(count)
    halves = np.concatenate(digests).view(np.uint64)  # (n, 2)
    order = np.argsort(halves[:, 0], kind="stable")  # of equal ones the first stays first
    is_new = _differs_from_before(halves[order, 0])
    if (_differs_from_before(halves[order, 1]) > is_new).any():  # the first halves alone do not tell them apart
        order = np.lexsort((halves[:, 1], halves[:, 0]))
        is_new = _differs_from_before(halves[order, 0]) | _differs_from_before(halves[order, 1])
    first = order[is_new]
    is_first = np.zeros(len(order), bool)
    is_first[first] = True
    rank = np.cumsum(is_first, dtype=np.int32) - 1
    number = np.empty(len(order), np.int32)
    number[order] = rank[first][np.cumsum(is_new, dtype=np.int32) - 1]
    return number, np.flatnonzero(is_first)


def _differs_from_before(values: np.ndarray) -> np.ndarray:
    differs = np.ones(len(values), bool)
    np.not_equal(values[1:], values[:-1], out=differs[1:])
    return differs


@dataclass(frozen=True)
class Corpus:
    """M traces as columns; contexts, plans and groups by number, in the order of their first occurrence."""

    contexts: Rows[ContextFeatures]
    plans: Rows[PlanFeatures]
    group_names: Rows[str]
    source_names: list[str]
    violation_type_names: list[str]
    context: np.ndarray
    """`(M,)` int32: number of the context."""
    plan: np.ndarray
    """`(M,)` int32: number of the plan."""
    is_compliant: np.ndarray
    """`(M,)` bool."""
    source: np.ndarray
    """`(M,)` int32: number of the source's name."""
    violation_type: np.ndarray
    """`(M,)` int32: number of the type's name."""
    group: np.ndarray
    """`(M,)` int32: number of the group. Traces of one group are never split apart."""

    @classmethod
    def from_shards(cls, shards: list[Shard]) -> Corpus:
        """Join shards, in their order."""
        contexts = Rows(shards, Shard.context_features, "context_digest")
        plans = Rows(shards, Shard.plan_features, "plan_digest")
        groups = Rows(shards, Shard.group_name, "group_digest")
        sources, source = _join_names([(s.source_names, s.source) for s in shards])
        violation_types, violation_type = _join_names([(s.violation_type_names, s.violation_type) for s in shards])
        return cls(
            contexts=contexts,
            plans=plans,
            group_names=groups,
            source_names=sources,
            violation_type_names=violation_types,
            context=contexts.number([s.context for s in shards]),
            plan=plans.number([s.plan for s in shards]),
            is_compliant=_joined([s.is_compliant for s in shards]).astype(bool),
            source=source,
            violation_type=violation_type,
            group=groups.number([s.group for s in shards]),
        )

    @classmethod
    def from_traces(cls, traces: Iterable[Trace], group_by: str = "context", *, keep_records: bool = False) -> Corpus:
        """Tokenise traces into a single shard in memory. `group_by`: see `GroupKey`."""
        return cls.from_shards([shard_of(traces, GroupKey(group_by), keep_records=keep_records)])

    def require_raw(self) -> None:
        """Check that texts are kept as they were written. Raises: InputError, which says what to run again."""
        for shard in self.contexts.shards:
            shard.require_raw()

    def context_record(self, number: int) -> GovernanceContext:
        """Return a context itself, where records were kept."""
        return self.contexts.read_as(Shard.context_record, number)

    def plan_record(self, number: int) -> ExecutionPlan:
        """Return a plan itself, where records were kept."""
        return self.plans.read_as(Shard.plan_record, number)

    def __len__(self) -> int:
        return len(self.context)

    def subset(self, rows: np.ndarray) -> Corpus:
        """Return a corpus of some traces, by their index, that shares contexts and plans."""
        return replace(self, **{name: getattr(self, name)[rows] for name in _COLUMNS})

    def extended(self, shard: Shard) -> Corpus:
        """Return a corpus with the traces of one more shard behind these."""
        whole = Corpus.from_shards([*self.contexts.shards, shard])  # what it numbers first keeps its number
        new = whole.subset(np.arange(len(whole) - len(shard), len(whole)))
        columns: dict[str, Any] = {n: np.concatenate([getattr(self, n), getattr(new, n)]) for n in _COLUMNS}
        return replace(whole, **columns)

    @property
    def num_compliant(self) -> int:
        return int(self.is_compliant.sum())

    @cached_property
    def pairs(self) -> Pairs:
        """Which plans go with which contexts."""
        return Pairs(self.context, self.plan, self.is_compliant, num_contexts=len(self.contexts))


def shard_of(traces: Iterable[Trace], group: Callable[[Trace], str], *, keep_records: bool) -> Shard:
    """Tokenise traces into a shard in memory; `group` names the group of each."""
    builder, content = ShardBuilder(keep_records=keep_records), io.BytesIO()
    for trace in traces:
        builder.add(trace, group(trace))
    builder.write(content)
    return Shard(content.getvalue())


def _joined(parts: list[np.ndarray]) -> np.ndarray:
    return np.concatenate([np.zeros(0, np.int32), *(part.astype(np.int32) for part in parts)])


def _join_names(parts: list[tuple[Strings, np.ndarray]]) -> tuple[list[str], np.ndarray]:
    """Number names across shards; there are few of them. Returns: the names and the joined column."""
    known: dict[str, int] = {}
    columns = []
    for names, column in parts:
        numbers = [known.setdefault(names[i], len(known)) for i in range(len(names))]
        columns.append(np.array(numbers, np.int32)[column])
    return list(known), _joined(columns)
