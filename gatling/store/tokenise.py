"""One chunk of a trace file to one shard. Runs in this process or in a worker; needs nothing but its arguments."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from gatling.errors import InputError
from gatling.schema.files import OnError, RawRecord, atomic_write, decode_record
from gatling.schema.parse import RecentContexts
from gatling.store.groups import GroupKey
from gatling.store.shards import ShardBuilder


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some records of a file, in order."""

    source: Path
    target: Path
    """The shard's file; what is known of it is written beside it, see `ShardInfo`."""
    records: list[tuple[int, RawRecord]] = field(repr=False)
    """Line and undecoded content."""


@dataclass(frozen=True, slots=True)
class ShardInfo:
    """What is known of a shard besides its content."""

    sha256: str
    size_bytes: int
    num_traces: int
    num_missing: int
    """Traces that lack a field of `group_by`."""
    skipped: list[tuple[int, str, str]]
    """Line, path and reason of each record that was refused."""

    @classmethod
    def checked(cls, shard: Path) -> ShardInfo | None:
        """Read what was written beside a shard; None if there is none or the shard is not what it says."""
        try:
            value: dict[str, Any] = json.loads(shard.with_suffix(".json").read_text("utf-8"))
            skipped = [(int(line), str(path), str(reason)) for line, path, reason in value["skipped"]]
            counts = {name: int(value[name]) for name in ("size_bytes", "num_traces", "num_missing")}
            info = cls(sha256=str(value["sha256"]), skipped=skipped, **counts)
            return info if file_digest(shard) == (info.sha256, info.size_bytes) else None
        except (OSError, ValueError, KeyError, TypeError):
            return None


def tokenise(
    chunk: Chunk,
    group_by: str,
    on_error: OnError,
    keep_records: bool,
    on_trace: Callable[[int], None] | None = None,
) -> ShardInfo:
    """Tokenise a chunk, write its shard, then what is known of it; take the shard as it is if it is whole already.

    Args:
        keep_records: keep the contexts and plans themselves too.
        on_trace: told the number of the chunk's traces so far, now and then.

    Raises:
        InputError: at the first record that is refused, if `on_error` is `stop`.
    """
    known = ShardInfo.checked(chunk.target)
    if known is not None:
        return known
    builder, key, contexts = ShardBuilder(keep_records=keep_records), GroupKey(group_by), RecentContexts()
    skipped: list[tuple[int, str, str]] = []
    for line, content in chunk.records:
        try:
            trace = contexts.parse_trace(decode_record(content))
            builder.add(trace, key(trace))
        except InputError as error:
            if on_error == "stop":
                raise error.at(str(chunk.source), line) from None
            skipped.append((line, error.path, error.reason))
        if on_trace and len(builder) % 100 == 0:
            on_trace(len(builder))
    with atomic_write(chunk.target) as stream:
        builder.write(stream)
    info = ShardInfo(*file_digest(chunk.target), len(builder), key.num_missing, skipped)
    with atomic_write(chunk.target.with_suffix(".json")) as stream:
        stream.write(json.dumps(asdict(info)).encode())
    return info


def file_digest(path: Path) -> tuple[str, int]:
    """Return the SHA-256 of a file, in hex, and its size."""
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
        return digest, stream.tell()
