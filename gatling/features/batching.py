"""Records to features, and features to batches that fit into memory; the same for every encoder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from gatling.errors import InputError
from gatling.schema import GovernanceContext, Trace
from gatling.schema.budget import checked

_MAX_BATCH = 64
MAX_BATCH_SIZE = 16_384
"""Tokens, or nodes and leaves."""

FeatureT = TypeVar("FeatureT")


def features_of(records: Any, features: Callable[[Any], FeatureT]) -> list[FeatureT]:
    """Return the features of one record, or of a sequence of them. Raises: InputError, with position and path."""
    found: list[FeatureT] = []
    for i, item in enumerate(checked(records if isinstance(records, (list, tuple)) else [records])):
        try:
            found.append(features(item))
        except InputError as error:
            place = f"records[{i}].{error.path}" if error.path else f"records[{i}]"
            raise InputError(error.reason, path=place) from None
    return found


def distinct_contexts(traces: list[Trace]) -> tuple[list[GovernanceContext], list[int]]:
    """Return the distinct contexts of traces, and for each trace the number of its own among them."""
    row: dict[str, int] = {}
    contexts: list[GovernanceContext] = []
    for trace in traces:
        if row.setdefault(trace.governance_context.digest, len(row)) == len(contexts):
            contexts.append(trace.governance_context)
    return contexts, [row[trace.governance_context.digest] for trace in traces]


def bounded_batches(sizes: list[int]) -> Iterator[list[int]]:
    """Cut records, ordered by size, into batches bounded in count and in total size."""
    rows: list[int] = []
    total = 0
    for i in sorted(range(len(sizes)), key=sizes.__getitem__):
        if rows and (len(rows) == _MAX_BATCH or total + sizes[i] > MAX_BATCH_SIZE):
            yield rows
            rows, total = [], 0
        rows.append(i)
        total += sizes[i]
    if rows:
        yield rows
