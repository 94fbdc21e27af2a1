"""Files of labelled conversations, read and turned into what a judge learns from, some at a time and in several processes."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from gatling.adapters.recorded import Conversation, read_conversations
from gatling.cluster import in_processes

_PIECE = 16
LearntT = TypeVar("LearntT")


def learnt_from_files(
    files: Sequence[Path],
    learnt: Callable[[tuple[Conversation, ...]], list[LearntT]],
    *,
    limit: int,
    workers: int,
    advance: Callable[[int], None] = lambda count: None,
) -> list[LearntT]:
    """Return what `learnt` makes of the conversations of some files, in order. Raises: InputError with file and line.

    Args:
        learnt: called in other processes, with some conversations at a time.
        limit: of each file so many, taken evenly.
        advance: told how many conversations are done.
    """
    found: list[LearntT] = []
    try:
        for file in files:
            records = list(read_conversations(file))
            if len(records) > limit:
                records = [records[i * len(records) // limit] for i in range(limit)]
            pieces = [tuple(records[i : i + _PIECE]) for i in range(0, len(records), _PIECE)]
            for piece, some in zip(pieces, in_processes(learnt, pieces, workers=workers), strict=True):
                found += some
                # What is kept is no garbage: looked through again and again, it takes longer than tracing a call may.
                gc.freeze()
                advance(len(piece))
    finally:
        gc.unfreeze()
    return found
