"""The texts of a shard as they were written: UTF-8 in one array of bytes, each by its start and length there.

A part of a longer text (`TextTable.chunks`) is a slice of that text's bytes, so nothing is written twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import overload

import numpy as np

from gatling.errors import InputError
from gatling.features.text import CHUNK_WORDS

Columns = dict[str, np.ndarray]


class RawWriter:
    """Collects the texts of a shard."""

    def __init__(self) -> None:
        self._content = bytearray()
        self._spans: list[tuple[int, int]] = []
        self._cursor = 0  # where the next part of the last long text is

    def visit(self, text: str, num_words: int, *, is_new: bool) -> None:
        """See the next text of a record, which is stored if it is new to the shard."""
        encoded = text.encode()
        start, is_part = self._cursor, 0 < num_words <= CHUNK_WORDS
        if is_part and encoded and self._content.startswith(encoded, start):
            self._cursor += len(encoded)
        else:
            start = len(self._content)
            if is_new:
                self._content += encoded
                if num_words > CHUNK_WORDS:
                    self._cursor = start
        if is_new:
            self._spans.append((start, len(encoded)))

    def columns(self) -> Columns:
        """Return the arrays of the file, by name; integers are not yet narrow."""
        spans = np.array(self._spans, np.int64).reshape(-1, 2)
        return {
            "raw_bytes": np.frombuffer(bytes(self._content), np.uint8),
            "raw_start": spans[:, 0],
            "raw_length": spans[:, 1],
        }


def require_raw(columns: Columns, source: Path | None) -> None:
    """Refuse a shard that keeps no texts as they were written. Raises: InputError, which says what to run again."""
    if "raw_bytes" not in columns:
        raise InputError(
            "this shard was written by an older version, without the texts that the backbone reads; delete "
            f"{source.parent if source else 'it'} and run the command again, so that the traces are tokenised anew",
            file=str(source) if source else None,
        )


class RawTexts(Sequence[str]):
    """Some texts of a shard, decoded when they are asked for.

    Args:
        columns: of the shard.
        numbers: which texts.
        source: names the shard's file.

    Raises:
        InputError: when one is asked for, see `require_raw`.
    """

    def __init__(self, columns: Columns, numbers: np.ndarray, source: Path | None) -> None:
        self._columns = columns
        self._numbers = numbers
        self._source = source

    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return self._read(self._numbers[index])
        return self._read(self._numbers[[index]])[0]

    def __iter__(self) -> Iterator[str]:
        return iter(self._read(self._numbers))

    def _read(self, numbers: np.ndarray) -> list[str]:
        require_raw(self._columns, self._source)
        content = memoryview(self._columns["raw_bytes"])  # type: ignore[arg-type]
        starts, lengths = (self._columns[name][numbers].tolist() for name in ("raw_start", "raw_length"))
        return [str(content[a : a + length], "utf-8") for a, length in zip(starts, lengths, strict=True)]
