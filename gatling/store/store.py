"""The store: every trace file is tokenised once, into shards that later runs map.

    .gatling_cache/
      .gitignore                  ignores the folder itself
      3f6c.../                    one set for one file's content: `_key`
        00000.arrow 00000.json    a shard and its digest, counts and skipped records
        manifest.json             how many shards there are; written last, so a set without it is not finished

- A set is named after what it depends on: the bytes of the file (not its name), the features, the grouping, the layout.
  So nothing is ever stale; delete the folder to free the space.
- Files are written whole or not at all, and equal input gives equal bytes. A build that was killed goes on from its finished
  shards; two builds at once do the same work twice and do not harm each other.
- A shard that is not what its digest says is built again from the file, with a warning.
"""

from __future__ import annotations

import hashlib
import json
import logging
import multiprocessing
import signal
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import chain, islice
from itertools import count as count_from
from pathlib import Path

from gatling.cores import num_cores
from gatling.errors import GatlingError, InputError
from gatling.features import feature_digest
from gatling.schema.files import OnError, atomic_write, file_kind, raw_records
from gatling.store.shards import LAYOUT_VERSION, Shard
from gatling.store.tokenise import Chunk, ShardInfo, file_digest, tokenise

log = logging.getLogger(__name__)

CHUNK_TRACES = 10_000
_MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class Stored:
    """The shards of some trace files, in order."""

    shards: list[Shard]
    num_missing: int
    """Traces that lack a field of `group_by`."""
    skipped: dict[Path, list[str]]
    """For each file with records that were refused, one message each."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Store:
    """A folder of shards.

    Args:
        chunk_traces: records of a file that make one shard, at most.
        num_processes: that tokenise, if there is more than one chunk of records. Default: one for each core.
    """

    folder: Path
    chunk_traces: int = CHUNK_TRACES
    num_processes: int | None = None

    def open(
        self,
        files: list[Path],
        *,
        group_by: str = "context",
        on_error: OnError = "stop",
        keep_records: bool = False,
        on_progress: Callable[[int], None] | None = None,
    ) -> Stored:
        """Return the shards of trace files, tokenising those that are not in the store.

        Args:
            on_error: `stop` refuses a file at its first bad record; `skip` leaves such records out.
            keep_records: keep the contexts and plans themselves too.
            on_progress: told the number of traces so far.

        Raises:
            InputError: `file:line: path: reason`.
        """
        progress = on_progress or (lambda count: None)
        self._prepare()
        with ThreadPoolExecutor(num_cores()) as threads:  # hashing lets go of the interpreter's lock
            keys = list(threads.map(lambda path: _key(path, group_by, self.chunk_traces, keep_records), files))
            sets = [self.folder / key for key in keys]
            found = dict(zip(sets, threads.map(_finished, sets, files), strict=True))
        infos = {folder: known or [] for folder, known in found.items()}
        missing = {folder: path for folder, path in zip(sets, files, strict=True) if found[folder] is None}
        count = sum(info.num_traces for known in infos.values() for info in known)
        progress(count)
        build = self._build(missing, group_by, on_error, keep_records, lambda new: progress(count + new))
        for folder, info in build:
            infos[folder].append(info)
            count += info.num_traces
            progress(count)
        for folder, path in missing.items():
            content = {"source": path.name, "num_shards": len(infos[folder])}
            with atomic_write(folder / _MANIFEST) as stream:
                stream.write(json.dumps(content).encode())
        return _load(sets, files, infos, on_error)

    def _prepare(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        ignore = self.folder / ".gitignore"
        if not ignore.is_file():
            with atomic_write(ignore) as stream:
                stream.write(b"*\n")

    def _build(
        self,
        missing: dict[Path, Path],
        group_by: str,
        on_error: OnError,
        keep_records: bool,
        on_trace: Callable[[int], None],
    ) -> Iterator[tuple[Path, ShardInfo]]:
        """Tokenise files, by the folder of their set; yield what is known of each shard, in order."""
        chunks = self._chunks(missing)
        ahead = list(_until(chunks, self.chunk_traces))
        num_processes = self.num_processes or num_cores()
        if num_processes == 1 or sum(len(chunk.records) for chunk in ahead) <= self.chunk_traces:
            for chunk in chain(ahead, chunks):
                yield chunk.target.parent, tokenise(chunk, group_by, on_error, keep_records, on_trace)
            return
        waiting: deque[tuple[Path, Future[ShardInfo]]] = deque()
        spawn = multiprocessing.get_context("spawn")  # a fork would copy the threads' locks
        with ProcessPoolExecutor(num_processes, mp_context=spawn, initializer=_leave_interrupts_to_parent) as pool:
            try:
                for chunk in chain(ahead, chunks):
                    waiting.append(
                        (chunk.target.parent, pool.submit(tokenise, chunk, group_by, on_error, keep_records))
                    )
                    while len(waiting) > num_processes + 1:  # what is read but not tokenised is bounded
                        yield waiting[0][0], waiting.popleft()[1].result()
                while waiting:
                    yield waiting[0][0], waiting.popleft()[1].result()
            except BrokenProcessPool:
                raise GatlingError("a process that tokenises traces was killed, perhaps for want of memory") from None
            finally:
                pool.shutdown(wait=False, cancel_futures=True)

    def _chunks(self, missing: dict[Path, Path]) -> Iterator[Chunk]:
        for folder, path in missing.items():
            before = path.stat()
            records = raw_records(path)
            for number in count_from(0):
                content = list(islice(records, self.chunk_traces))
                if not content:
                    break
                yield Chunk(path, _shard_path(folder, number), content)
            after = path.stat()
            if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
                raise InputError("changed while it was read", file=str(path))


def _until(chunks: Iterator[Chunk], num_records: int) -> Iterator[Chunk]:
    """Yield chunks until they hold more than so many records."""
    total = 0
    for chunk in chunks:
        yield chunk
        total += len(chunk.records)
        if total > num_records:
            return


def _leave_interrupts_to_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _key(path: Path, group_by: str, chunk_traces: int, keep_records: bool) -> str:
    kind = file_kind(path)
    try:
        sha256, _ = file_digest(path)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", file=str(path)) from None
    parts = [LAYOUT_VERSION, feature_digest(), group_by, chunk_traces, kind, sha256]
    parts += ["records"] if keep_records else []
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def _shard_path(folder: Path, number: int) -> Path:
    return folder / f"{number:05d}.arrow"


def _finished(folder: Path, source: Path) -> list[ShardInfo] | None:
    """Return what is known of the shards of a set; None if it must be built, or has lost shards that must be."""
    try:
        num_shards = int(json.loads((folder / _MANIFEST).read_text("utf-8"))["num_shards"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError):
        num_shards = 0
        infos: list[ShardInfo | None] = [None]
    else:
        infos = [ShardInfo.checked(_shard_path(folder, number)) for number in range(num_shards)]
    for number, info in enumerate(infos):
        if info is None:
            log.warning("%s is damaged; it is built again from %s", _shard_path(folder, number), source)
    known = [info for info in infos if info is not None]
    return known if len(known) == len(infos) else None


def _load(sets: list[Path], files: list[Path], infos: dict[Path, list[ShardInfo]], on_error: OnError) -> Stored:
    shards: list[Shard] = []
    skipped: dict[Path, list[str]] = {}
    for folder, path in zip(sets, files, strict=True):
        for number, info in enumerate(infos[folder]):
            for line, place, reason in info.skipped:
                error = InputError(reason, path=place, file=str(path), line=line)
                if on_error == "stop":
                    raise error
                log.warning("skipped: %s", error)
                skipped.setdefault(path, []).append(str(error))
            if info.num_traces:
                shards.append(Shard(_shard_path(folder, number)))
    num_missing = sum(info.num_missing for folder in sets for info in infos[folder])
    return Stored(shards, num_missing, skipped)
