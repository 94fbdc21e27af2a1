"""Writing the log: every decision is in the file before its call runs.

    log = AuditLog("audit/")
    session = Session(guard, policy=..., role=..., log=log)

- An entry is handed to the operating system before the decision is returned, so a process that is killed loses none. A machine
  that loses power may lose the latest ones, unless `sync=True`: then the disk has them, which takes many times as long.
- What cannot be written is an error, and the session denies: a full disk, a folder that was removed, a log that was changed.
- Several processes may write to one log. Each entry is in the file whole, or is cut off when the log is opened next: then its
  decision was never returned, and its call has not run.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gatling.errors import ConfigError
from gatling.guard.decision import Decision
from gatling.guard.log.chain import HEAD_BYTES, MAX_LINE_BYTES, Head, LogError, LogKey, entry_of, line_of, segment_name
from gatling.guard.log.entry import entry_of_decision, entry_of_plan, entry_of_unjudged
from gatling.guard.log.masks import Masks
from gatling.guard.log.questions import Questions
from gatling.schema import ExecutionPlan, GovernanceContext, PlanNode
from gatling.schema.machine import locked

MAX_SEGMENT_BYTES = 64_000_000
_BINARY = getattr(os, "O_BINARY", 0)
_HAS_PLACES = hasattr(os, "pwrite")
"""Windows reads and writes only where the file stands."""


class AuditLog:
    """A log of decisions. Safe to share between threads and processes.

    Args:
        folder: made if it is not there.
        key: by default that of `folder/key`, made if it is not there. Keep it where those who could change the log cannot
            read it.
        max_bytes: of one file; then the next one is begun.
        keep_files: how many files are kept, two at least; by default all. The oldest are thrown away, which the head notes.
        sync: wait until the disk has each entry.
        keeps_questions: also keep what the guard was asked, values included, in a file of its own that only this user may read,
            so that `gatling log replay` can ask again. Whoever reads it reads the agent's data.

    Raises:
        LogError: if the folder holds a log that was changed.
        InputError: if the key cannot be read.
        OSError: if the folder or a file in it cannot be made.
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        key: LogKey | bytes | None = None,
        max_bytes: int = MAX_SEGMENT_BYTES,
        keep_files: int | None = None,
        sync: bool = False,
        keeps_questions: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._process = 0
        self._files: dict[str, int] = {}
        self._identity: dict[str, tuple[int, int]] = {}
        """Which file each open one is."""
        if max_bytes < 1 or (keep_files is not None and keep_files < 2):
            raise ConfigError(f"max_bytes is {max_bytes}, keep_files {keep_files}: wanted at least 1 and at least 2")
        self.folder = Path(folder)
        self._folder = os.fspath(self.folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        given = LogKey(key) if isinstance(key, bytes) else key
        self.key = given if given is not None else LogKey.read_or_make(self.folder / "key")
        self._masks = Masks(self.key.secret)
        self._questions = Questions(self.folder, self._masks) if keeps_questions else None
        self._max_bytes, self._keep_files, self._sync, self._clock = max_bytes, keep_files, sync, clock
        self._lock = threading.Lock()
        self._head = Head()
        self._block = b""
        with self._held():
            pass

    def decision(
        self,
        session: str,
        node: PlanNode,
        decision: Decision,
        question: tuple[GovernanceContext, ExecutionPlan] | None,
    ) -> None:
        """Write a decision. Raises: LogError, OSError."""
        kept = None if self._questions is None or question is None else self._questions.keep(question, node)
        self.write(entry_of_decision(session, node, decision, self._masks, question=kept))

    def plan(self, role: str, plan: Any, decision: Decision) -> None:
        """Write a decision on a whole plan. Raises: LogError, OSError."""
        self.write(entry_of_plan(role, plan, decision, self._masks))

    def unjudged(self, session: str, decision: Decision) -> None:
        """Write the denial of a call that could not be taken. Raises: LogError, OSError."""
        self.write(entry_of_unjudged(session, decision))

    def write(self, entry: dict[str, Any]) -> int:
        """Write an entry of any kind (`event` says which); return its number. Raises: LogError, OSError."""
        now = datetime.fromtimestamp(self._clock(), UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        with self._held():
            return self._append({"time": now, **entry})

    def close(self) -> None:
        """Close the files; the next entry opens them again."""
        with self._lock:
            self._close()

    # --- one entry ----------------------------------------------------------------------------------------------------

    def _append(self, entry: dict[str, Any]) -> int:
        head = self._head
        line, mac = line_of(entry, head.seq + 1, head.mac, self.key)
        if len(line) > MAX_LINE_BYTES:
            raise LogError(f"an entry of {len(line)} bytes, at most {MAX_LINE_BYTES} are taken")
        if head.size and head.size + len(line) > self._max_bytes:
            head = self._next_segment(head)
        descriptor = self._files["segment"]
        try:
            _write_at(descriptor, head.size, line)
            if self._sync:
                os.fsync(descriptor)
        except OSError:
            with suppress(OSError):  # else it is cut off when the log is opened next
                os.ftruncate(descriptor, head.size)
            raise
        self._seal(replace(head, seq=head.seq + 1, mac=mac, size=head.size + len(line)))
        return head.seq + 1

    def _next_segment(self, head: Head) -> Head:
        os.close(self._files.pop("segment"))
        head = replace(head, segment=head.segment + 1, size=0)
        self._open("segment", segment_name(head.segment))
        os.ftruncate(self._files["segment"], 0)  # of a writer that was killed here
        oldest = head.segment - self._keep_files + 1 if self._keep_files is not None else head.first_segment
        while head.first_segment < oldest:
            head = self._without_the_oldest(head)
        return head

    def _without_the_oldest(self, head: Head) -> Head:
        """Throw the oldest file away. The head knows first, so that nobody misses it."""
        with (self.folder / segment_name(head.first_segment + 1)).open("rb") as stream:
            line = stream.readline(MAX_LINE_BYTES)
        first: dict[str, Any] = {"seq": head.seq + 1, "previous": head.mac}  # the next file is the one just begun
        if line:
            first = json.loads(line)
        old = head.first_segment
        kept: dict[str, Any] = {
            "first_segment": old + 1,
            "first_seq": int(first["seq"]),
            "first_previous": str(first["previous"]),
        }
        self._seal(replace(self._head, **kept))
        (self.folder / segment_name(old)).unlink(missing_ok=True)
        return replace(head, **kept)

    def _seal(self, head: Head) -> None:
        block = head.block(self.key)
        _write_at(self._files["head"], 0, block)
        if self._sync:
            os.fsync(self._files["head"])
        self._head, self._block = head, block

    # --- the files ----------------------------------------------------------------------------------------------------

    @contextmanager
    def _held(self) -> Iterator[None]:
        """Hold the log, with the head of this moment. Raises: LogError, OSError."""
        with self._lock:
            if self._process != os.getpid():  # after a fork the files are the parent's
                self._files = {}
                self._process = os.getpid()
            try:
                if "lock" not in self._files:
                    self._open("lock", "lock")
                with locked(self._files["lock"]):
                    self._look()
                    yield
            except BaseException:
                self._close()  # whatever it is, the next entry begins by looking at the files
                raise

    def _look(self) -> None:
        """Read the head if another process has written, and mend what one that was killed has left."""
        if "head" not in self._files:
            self._open("head", "head")
            self._block = b""
        for name in ("lock", "head"):
            self._check_is_there(name, name)
        block = _read_at(self._files["head"], 0, HEAD_BYTES + 1)
        if block != self._block:
            if not block:
                self._begin()
                return
            head = Head.parse(block, self.key, str(self.folder / "head"))
            if "segment" in self._files:
                os.close(self._files.pop("segment"))
            self._head, self._block = head, block
        if "segment" not in self._files:
            # Begun by a writer that was killed before the head knew of it: what it decided was never returned.
            (self.folder / segment_name(self._head.segment + 1)).unlink(missing_ok=True)
            self._open("segment", segment_name(self._head.segment))
        self._check_is_there("segment", segment_name(self._head.segment))
        size = os.fstat(self._files["segment"]).st_size
        if size != self._head.size:
            self._mend(size)

    def _begin(self) -> None:
        """Begin a log. Raises: LogError if there are entries, whose head is gone."""
        self._head = Head()
        self._open("segment", segment_name(1))
        if os.fstat(self._files["segment"]).st_size:
            raise LogError(f"{self.folder} has entries and no head: it was changed")
        self._seal(self._head)

    def _mend(self, size: int) -> None:
        """Take the one entry that was written and not sealed, or cut off a part of one. Raises: LogError if entries are gone."""
        head, descriptor = self._head, self._files["segment"]
        if size < head.size:
            name = segment_name(head.segment)
            raise LogError(f"{self.folder / name} has {size} bytes and its head says {head.size}: entries were removed")
        tail = _read_at(descriptor, head.size, size - head.size)
        line, end, rest = tail.partition(b"\n")
        num_cut = len(tail)
        with suppress(LogError):
            entry = entry_of(line + end, head.seq + 1, head.mac, self.key)
            self._seal(replace(head, seq=head.seq + 1, mac=entry["mac"], size=head.size + len(line) + 1))
            num_cut = len(rest)
        if num_cut:
            os.ftruncate(descriptor, self._head.size)
            now = datetime.fromtimestamp(self._clock(), UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            self._append({"time": now, "event": "mended", "bytes_cut_off": num_cut})

    def _open(self, name: str, file: str) -> None:
        flags = os.O_RDWR | os.O_CREAT | _BINARY | getattr(os, "O_CLOEXEC", 0)
        self._files[name] = os.open(self.folder / file, flags, 0o600)
        stat = os.fstat(self._files[name])
        self._identity[name] = stat.st_ino, stat.st_dev

    def _check_is_there(self, name: str, file: str) -> None:
        """Refuse to write into a file that was removed or replaced: nobody would ever read it."""
        try:
            there = os.stat(os.path.join(self._folder, file))  # in the way of every call, so no `Path` is made
        except FileNotFoundError:
            raise LogError(f"{self.folder / file} was removed") from None
        if self._identity[name] != (there.st_ino, there.st_dev):
            raise LogError(f"{self.folder / file} was replaced")

    def _close(self) -> None:
        for descriptor in self._files.values():
            with suppress(OSError):
                os.close(descriptor)
        self._files = {}
        self._block = b""

    def __del__(self) -> None:
        if self._process == os.getpid():
            self._close()


def _write_at(descriptor: int, place: int, data: bytes) -> None:
    view = memoryview(data)
    if not _HAS_PLACES:
        os.lseek(descriptor, place, os.SEEK_SET)
    while view:
        written = os.pwrite(descriptor, view, place) if _HAS_PLACES else os.write(descriptor, view)
        view, place = view[written:], place + written


def _read_at(descriptor: int, place: int, size: int) -> bytes:
    parts = []
    if not _HAS_PLACES:
        os.lseek(descriptor, place, os.SEEK_SET)
    while size > 0:
        part = os.pread(descriptor, size, place) if _HAS_PLACES else os.read(descriptor, size)
        if not part:
            break
        parts.append(part)
        size, place = size - len(part), place + len(part)
    return b"".join(parts)
