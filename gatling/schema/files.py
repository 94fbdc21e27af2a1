"""Trace files: `.jsonl`, `.jsonl.gz`, `.jsonl.zst` and `.parquet`, told apart by name.

Reading streams: memory does not grow with the file. Writing goes to a temporary file beside the target, which is renamed
at the end, so a reader never sees half a file. In Parquet, nested fields are columns of JSON text.
"""

from __future__ import annotations

import gzip
import io
import json
import logging
import os
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Literal

from gatling.errors import InputError
from gatling.schema.parse import parse_trace
from gatling.schema.plain import decode_json
from gatling.schema.trace import Trace

log = logging.getLogger(__name__)

SUFFIXES = (".jsonl", ".jsonl.gz", ".jsonl.zst", ".parquet")
MAX_LINE_BYTES = 64_000_000
_PARQUET_CHUNK = 1_024

OnError = Literal["stop", "skip"]
RawRecord = str | dict[str, Any] | InputError
"""A line's text, a row of Parquet, or why the line is no text."""


@dataclass
class ReadReport:
    """What `read_traces` met: filled while the traces are read."""

    num_read: int = 0
    skipped: list[str] = field(default_factory=list)
    """One message per record that was left out, only with `on_error="skip"`."""


def file_kind(path: Path) -> str:
    """Return the entry of `SUFFIXES` that the name ends in. Raises: InputError for any other name."""
    for suffix in SUFFIXES:
        if path.name.endswith(suffix):
            return suffix
    raise InputError(f"the name must end in one of {', '.join(SUFFIXES)}", file=str(path))


def trace_files(path: Path) -> list[Path]:
    """Return the file itself, or the trace files of a folder in the order of their names.

    Raises:
        InputError: if there is nothing of that name, or no trace file in the folder; subfolders are not looked into.
    """
    if not path.is_dir():
        file_kind(path)
        if not path.is_file():
            raise InputError("no such file" if not path.exists() else "not a file", file=str(path))
        return [path]
    entries = sorted(entry for entry in path.iterdir() if not entry.name.startswith("."))
    files = [entry for entry in entries if entry.is_file() and entry.name.endswith(SUFFIXES)]
    if not files:
        folders = [entry.name for entry in entries if entry.is_dir()]
        hint = f"; name one of its folders: {', '.join(folders[:8])}" if folders else ""
        raise InputError(f"no trace file ({', '.join(SUFFIXES)}) in this folder{hint}", file=str(path))
    return files


def read_traces(path: str | Path, *, on_error: OnError = "stop", report: ReadReport | None = None) -> Iterator[Trace]:
    """Yield the traces of a file, in order.

    Args:
        path: the file; its name says the format.
        on_error: `stop` raises at the first record that is refused; `skip` leaves it out, counts it in `report` and
            logs a warning. A file that cannot be read at all always raises.

    Raises:
        InputError: `file:line: path: reason`.
    """
    path = Path(path)
    report = report if report is not None else ReadReport()
    for line, content in raw_records(path):
        try:
            trace = parse_trace(decode_record(content))
        except InputError as error:
            located = error.at(str(path), line)
            if on_error == "stop":
                raise located from None
            log.warning("skipped: %s", located)
            report.skipped.append(str(located))
            continue
        report.num_read += 1
        yield trace


def raw_records(path: Path) -> Iterator[tuple[int, RawRecord]]:
    """Yield line and undecoded content of each record of a file. Raises: InputError if the file cannot be read."""
    kind = file_kind(path)
    if not path.is_file():
        raise InputError("no such file" if not path.exists() else "not a file", file=str(path))
    yield from _parquet_rows(path) if kind == ".parquet" else _json_lines(path, kind)


def decode_record(content: RawRecord) -> Any:
    """Decode a record that `raw_records` gave. Raises: InputError if it is refused."""
    if isinstance(content, InputError):
        raise content
    if isinstance(content, str):
        return decode_json(content)
    record = {k: v for k, v in content.items() if v is not None}
    for key in ("governance_context", "execution_plan", "meta"):
        if isinstance(record.get(key), str):
            record[key] = decode_json(record[key])
    if isinstance(record.get("extra"), str):
        extra = decode_json(record.pop("extra"))
        if not isinstance(extra, dict) or extra.keys() & record.keys():
            raise InputError("not an object of further fields", path="extra")
        record.update(extra)
    return record


@contextmanager
def _open_bytes(path: Path, kind: str) -> Iterator[BinaryIO]:
    if kind == ".jsonl.gz":
        with gzip.open(path, "rb") as stream:
            yield stream  # type: ignore[misc]
    elif kind == ".jsonl.zst":
        import pyarrow as pa  # 0.1 s, only where it is needed

        with pa.input_stream(str(path), compression="zstd") as stream:
            yield io.BufferedReader(stream)
    else:
        with path.open("rb") as stream:
            yield stream


def _json_lines(path: Path, kind: str) -> Iterator[tuple[int, str | InputError]]:
    try:
        with _open_bytes(path, kind) as stream:
            line = 0
            while raw := stream.readline(MAX_LINE_BYTES + 1):
                line += 1
                if len(raw) > MAX_LINE_BYTES:
                    raise InputError(f"a line of more than {MAX_LINE_BYTES} bytes", file=str(path), line=line)
                try:
                    text = raw.decode("utf-8-sig" if line == 1 else "utf-8").strip()
                except UnicodeDecodeError as error:
                    yield line, InputError(f"not UTF-8 at byte {error.start}")
                    continue
                if text:
                    yield line, text
    except (EOFError, zlib.error, OSError) as error:
        raise InputError(f"cannot be read: {error}", file=str(path)) from None


def _parquet_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        line = 0
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=_PARQUET_CHUNK):
                for row in batch.to_pylist():
                    line += 1
                    yield line, row
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"cannot be read: {error}", file=str(path)) from None


@contextmanager
def atomic_write(path: Path) -> Iterator[BinaryIO]:
    """Open a temporary file beside `path`; on success it is synced and takes the name, on an error it is removed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(name, 0o666 & ~umask)  # mkstemp makes it private
        os.replace(name, path)
    except BaseException as error:
        Path(name).unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename is None:
            error.filename = str(path)  # a full disk is reported without one
        raise


def write_traces(path: str | Path, traces: Iterable[Trace]) -> int:
    """Write traces to a file whose name says the format; return how many.

    Raises:
        InputError: if the name has another ending.
    """
    return write_records(path, (trace.to_dict() for trace in traces))


def write_records(path: str | Path, records: Iterable[dict[str, Any] | str]) -> int:
    """Write traces that are plain data already, as `Trace.to_dict` returns them; otherwise as `write_traces`.

    A record may also be the JSON text of one, as `raw_records` gives it; it is written as it stands where the format allows.
    """
    path = Path(path)
    kind = file_kind(path)
    with atomic_write(path) as stream:
        if kind == ".parquet":
            return _write_parquet(stream, records)
        count = 0
        with _compressed(stream, kind) as out:
            for record in records:
                text = record if isinstance(record, str) else json.dumps(record, ensure_ascii=False, allow_nan=False)
                out.write((text + "\n").encode())
                count += 1
        return count


@contextmanager
def _compressed(stream: BinaryIO, kind: str) -> Iterator[Any]:
    if kind == ".jsonl.gz":
        with gzip.GzipFile(fileobj=stream, mode="wb", mtime=0, filename="") as out:  # same traces, same bytes
            yield out
    elif kind == ".jsonl.zst":
        import pyarrow as pa

        with pa.CompressedOutputStream(pa.PythonFile(_Unclosed(stream)), "zstd") as out:
            yield out
    else:
        yield stream


class _Unclosed(io.RawIOBase):
    """Passes writes on; closing it leaves the file below open."""

    def __init__(self, below: BinaryIO) -> None:
        self._below = below

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        return self._below.write(bytes(data))


def _write_parquet(stream: BinaryIO, records: Iterable[dict[str, Any] | str]) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    text = (
        "id",
        "source",
        "request",
        "label",
        "violation_type",
        "governance_context",
        "execution_plan",
        "meta",
        "extra",
    )
    schema = pa.schema([(name, pa.string()) for name in text] + [("violating_nodes", pa.list_(pa.string()))])
    known = set(schema.names) - {"extra"}
    count = 0
    with pq.ParquetWriter(_Unclosed(stream), schema, compression="zstd") as writer:
        rows: list[dict[str, Any]] = []

        def flush() -> None:
            writer.write_table(pa.Table.from_pylist(rows, schema=schema))
            rows.clear()

        for given in records:
            record = decode_json(given) if isinstance(given, str) else given
            extra = {k: v for k, v in record.items() if k not in known}
            row = {k: v for k, v in record.items() if k in known}
            for key in ("governance_context", "execution_plan", "meta"):
                if record.get(key) is not None:
                    row[key] = json.dumps(record[key], ensure_ascii=False, allow_nan=False)
            if extra:
                row["extra"] = json.dumps(extra, ensure_ascii=False, allow_nan=False)
            rows.append(row)
            count += 1
            if len(rows) == _PARQUET_CHUNK:
                flush()
        if rows:
            flush()
    return count
