"""Reading the log, and finding what was done to it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gatling.errors import InputError
from gatling.guard.log.chain import (
    MAX_LINE_BYTES,
    Head,
    LogError,
    LogKey,
    entry_of,
    read_head,
    segment_name,
    segments,
)

MAX_PROBLEMS = 20


@dataclass(slots=True)
class Verification:
    """What was found."""

    num_entries: int = 0
    first_seq: int = 1
    last_seq: int = 0
    last_mac: str = ""
    problems: list[str] = field(default_factory=list)
    """What somebody has done to the log, with file and line; the first ones."""
    notes: list[str] = field(default_factory=list)
    """What is as it should be after a process was killed."""

    @property
    def is_sound(self) -> bool:
        return not self.problems


def verify(
    folder: str | Path,
    key: LogKey | None = None,
    *,
    anchor: tuple[int, str] | None = None,
    each: Callable[[dict[str, Any]], object] | None = None,
) -> Verification:
    """Read a whole log and say what is wrong with it. Nothing is changed.

    Args:
        key: by default that of `folder/key`.
        anchor: number and digest of an entry that were kept elsewhere (`gatling log head`): it must still be there.
        each: called with every entry that is what was written.

    Raises:
        InputError: if there is no log, or no key.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError("there is no log: wanted the folder of one", file=str(folder))
    key = key if key is not None else LogKey.read(folder / "key")
    found = Verification()
    numbers = segments(folder)
    try:
        head: Head | None = read_head(folder, key)
    except FileNotFoundError:
        if not numbers:
            raise InputError("there is no log: neither a head nor entries", file=str(folder)) from None
        found.problems.append(f"{folder / 'head'} is gone")
        head = None
    except LogError as error:
        found.problems.append(str(error))
        head = None
    _check_files(folder, numbers, head, found)
    reader = _Reader(folder, key, head, found, anchor)
    for entry in reader.entries(numbers):
        if each is not None:
            each(entry)
    reader.end()
    return found


def read_entries(folder: str | Path, key: LogKey | None = None) -> Iterator[dict[str, Any]]:
    """Yield the entries of a log, in order.

    Raises:
        LogError: at the first place that is not what was written.
        InputError: as `verify`.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError("there is no log: wanted the folder of one", file=str(folder))
    key = key if key is not None else LogKey.read(folder / "key")
    numbers = segments(folder)
    try:
        head = read_head(folder, key)
    except FileNotFoundError:
        raise InputError("there is no log: its head is gone", file=str(folder)) from None
    found = Verification()
    _check_files(folder, numbers, head, found)
    reader = _Reader(folder, key, head, found, None)
    yield from reader.entries(numbers)
    reader.end()
    if found.problems:
        raise LogError(found.problems[0])


def _check_files(folder: Path, numbers: list[int], head: Head | None, found: Verification) -> None:
    if head is None:
        return
    wanted = set(range(head.first_segment, head.segment + 1))
    for number in sorted(wanted - set(numbers)):
        if not (number == head.segment and head.size == 0):
            found.problems.append(f"{folder / segment_name(number)} is gone")
    for number in sorted(set(numbers) - wanted):
        if number != head.segment + 1:  # that one may be of a writer that was killed
            found.problems.append(f"{folder / segment_name(number)} is no file of this log")


class _Reader:
    """Reads files line by line, with the number and the digest that the next entry must have."""

    def __init__(
        self, folder: Path, key: LogKey, head: Head | None, found: Verification, anchor: tuple[int, str] | None
    ) -> None:
        self._folder, self._key, self._head, self._found, self._anchor = folder, key, head, found, anchor
        first = head if head is not None else Head()
        self._seq, self._previous = first.first_seq, first.first_previous
        found.first_seq, found.last_seq, found.last_mac = self._seq, self._seq - 1, self._previous
        self._has_anchor = anchor is None or (anchor[0] == self._seq - 1 and anchor[1] == self._previous)

    def entries(self, numbers: list[int]) -> Iterator[dict[str, Any]]:
        number = max(min(numbers, default=1), self._head.first_segment if self._head is not None else 1)
        while (path := self._folder / segment_name(number)).is_file() or number < max(numbers, default=0):
            if path.is_file():
                place = 0
                with path.open("rb") as stream:
                    for line_number, line in enumerate(iter(lambda: stream.readline(MAX_LINE_BYTES + 1), b""), start=1):
                        is_sealed = self._is_sealed(number, place)
                        place += len(line)
                        try:
                            entry = entry_of(line, self._seq, self._previous, self._key)
                        except LogError as error:
                            if not self._fault(f"{path}:{line_number}: {error}", is_sealed):
                                return
                            self._resume(line)
                            continue
                        self._took(entry, is_sealed, path)
                        yield entry
                head = self._head
                if head is not None and number == head.segment and place < head.size:
                    self._problem(f"{path} has {place} bytes, its head says {head.size}: entries were cut off")
            number += 1

    def _is_sealed(self, number: int, place: int) -> bool:
        """Whether the head knows of what stands at a place; a writer at work may have moved it meanwhile."""
        if self._head is None:
            return True
        for is_fresh in (False, True):
            head = self._head
            if number < head.segment or (number == head.segment and place < head.size):
                return True
            if not is_fresh:
                with suppress(OSError, LogError):
                    self._head = read_head(self._folder, self._key)
        return False

    def _took(self, entry: dict[str, Any], is_sealed: bool, path: Path) -> None:
        found = self._found
        self._seq, self._previous = entry["seq"] + 1, entry["mac"]
        found.num_entries += 1
        found.last_seq, found.last_mac = entry["seq"], entry["mac"]
        if self._anchor is not None and entry["seq"] == self._anchor[0]:
            self._has_anchor = entry["mac"] == self._anchor[1]
        if not is_sealed:
            found.notes.append(
                f"{path}: entry {entry['seq']} is not sealed yet: its writer is at work, or was killed before the call ran"
            )

    def _fault(self, text: str, is_sealed: bool) -> bool:
        """Note a line that is none; return whether to go on."""
        if not is_sealed:
            text = (
                f"{text}; it stands behind the last sealed entry, so a writer was killed here or somebody has added it"
            )
        self._problem(text)
        return len(self._found.problems) < MAX_PROBLEMS

    def _resume(self, line: bytes) -> None:
        """Go on behind a broken line: after an entry that is whole in itself, with what follows that."""
        self._seq += 1
        try:
            entry = json.loads(line)
            seq, mac = entry["seq"], entry["mac"]
        except (ValueError, TypeError, KeyError, RecursionError):
            return
        if isinstance(seq, int) and isinstance(mac, str):
            self._seq, self._previous = seq + 1, mac

    def _problem(self, text: str) -> None:
        if len(self._found.problems) < MAX_PROBLEMS:
            self._found.problems.append(text)

    def end(self) -> None:
        """Compare the end with the head, and with what was kept elsewhere."""
        found, head = self._found, self._head
        if head is not None and not found.problems:
            sealed = found.last_seq - len(found.notes)
            if sealed != head.seq or (not found.notes and found.last_mac != head.mac):
                self._problem(
                    f"the log ends with entry {sealed}, its head says {head.seq}: entries were removed or added"
                )
            elif len(found.notes) > 1:
                self._problem(
                    f"{len(found.notes)} entries stand behind the last sealed one, a killed writer leaves one"
                )
        if not self._has_anchor and self._anchor is not None:
            self._problem(f"entry {self._anchor[0]} with the digest that was kept elsewhere is not in the log")
