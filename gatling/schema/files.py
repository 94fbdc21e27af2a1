"""Trace files: `.jsonl`, `.jsonl.gz`, `.jsonl.zst` and `.parquet`, told apart by name.

Reading streams: memory does not grow with the file, and what is read as a whole is read up to a bound, so that a device
without an end is refused like any other file that is too long. An open stream in the place of a file is JSON Lines. Writing
goes to a temporary file beside the target, which is renamed at the end, so a reader never sees half a file. In Parquet, nested
fields are columns of JSON text.
"""

from __future__ import annotations

import gzip
import io
import json
import logging
import os
import stat
import sys
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Literal

from gatling.errors import InputError, extra_for
from gatling.schema.machine import replace_file
from gatling.schema.parse import parse_trace
from gatling.schema.plain import decode_json
from gatling.schema.trace import Trace

log = logging.getLogger(__name__)

SUFFIXES = (".jsonl", ".jsonl.gz", ".jsonl.zst", ".parquet")
MAX_LINE_BYTES = 64_000_000
MAX_DOCUMENT_BYTES = 64_000_000
UNREADABLE = (EOFError, zlib.error, OSError)
"""What reading a file raises that is missing, damaged or cut off, packed or not."""
_PARQUET_CHUNK = 1_024

OnError = Literal["stop", "skip"]
Source = Path | BinaryIO
"""A file, or an open stream of bytes, such as standard input."""
RawRecord = str | dict[str, Any] | InputError
"""A line's text, a row of Parquet, or why the line is no text."""


def as_path(path: Any) -> Path:
    """Return what a caller names a file by as a path. Raises: InputError if it is neither text nor a path."""
    if isinstance(path, Path):
        return path
    if not isinstance(path, (str, os.PathLike)) or not isinstance(os.fspath(path), str):
        raise InputError(f"a {type(path).__name__}, wanted the path of a file")
    text = os.fspath(path)
    if not text or "\0" in text:
        raise InputError(f"{text!r} is no path of a file")
    return Path(text)


def as_source(source: Any) -> Source:
    """Return a file's path, or a stream of bytes as it is. Raises: InputError for anything else."""
    if isinstance(source, io.TextIOBase):
        raise InputError("a stream of text, wanted one of bytes")
    is_stream = callable(getattr(source, "read", None)) and callable(getattr(source, "readline", None))
    stream: BinaryIO = source
    return stream if is_stream else as_path(source)


def source_name(source: Source) -> str:
    """Return how messages call a source: the path, or the name of a stream, as `<stdin>`."""
    return str(source) if isinstance(source, Path) else str(getattr(source, "name", "<stream>"))


def read_at_most(source: Source, most: int = MAX_DOCUMENT_BYTES) -> bytes:
    """Return the content of a file or stream; that of a file named `*.gz` unpacked. Never reads more than `most` + 1 bytes.

    Raises:
        InputError: naming the source, if it cannot be read, or holds more than `most` bytes.
    """
    name = source_name(source)
    try:
        if not isinstance(source, Path):
            content = source.read(most + 1)
        else:
            opener: Any = gzip.open if source.name.endswith(".gz") else open
            with opener(source, "rb") as stream:
                content = stream.read(most + 1)
    except UNREADABLE as error:
        raise InputError(f"cannot be read: {getattr(error, 'strerror', None) or error}", file=name) from None
    if len(content) > most:
        raise InputError(f"more than {most} bytes", file=name)
    return bytes(content)


def read_text_at_most(source: Source, most: int = MAX_DOCUMENT_BYTES) -> str:
    """Return what `read_at_most` returns as text. Raises: InputError, also if it is not UTF-8."""
    try:
        return read_at_most(source, most).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"not UTF-8 at byte {error.start}", file=source_name(source)) from None


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


def trace_files(path: str | Path) -> list[Path]:
    """Return the file itself, or the trace files of a folder in the order of their names.

    Raises:
        InputError: if there is nothing of that name, or no trace file in the folder; subfolders are not looked into.
    """
    path = as_path(path)
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


def read_traces(
    path: str | Path | BinaryIO, *, on_error: OnError = "stop", report: ReadReport | None = None
) -> Iterator[Trace]:
    """Yield the traces of a file, in order.

    Args:
        path: the file, whose name says the format; or an open stream of JSON Lines.
        on_error: `stop` raises at the first record that is refused; `skip` leaves it out, counts it in `report` and
            logs a warning. A file that cannot be read at all always raises.

    Raises:
        InputError: `file:line: path: reason`.
    """
    source = as_source(path)
    report = report if report is not None else ReadReport()
    for line, content in raw_records(source):
        try:
            trace = parse_trace(decode_record(content))
        except InputError as error:
            located = error.at(source_name(source), line)
            if on_error == "stop":
                raise located from None
            log.warning("skipped: %s", located)
            report.skipped.append(str(located))
            continue
        report.num_read += 1
        yield trace


def raw_records(source: Source) -> Iterator[tuple[int, RawRecord]]:
    """Yield line and undecoded content of each record of a source. Raises: InputError if it cannot be read."""
    if not isinstance(source, Path):
        yield from text_lines(source)
        return
    kind = file_kind(source)
    if not source.is_file():
        raise InputError("no such file" if not source.exists() else "not a file", file=str(source))
    if kind == ".parquet":
        yield from _parquet_rows(source)
        return
    try:
        with open_unpacked(source) as stream:
            yield from text_lines(stream, name=str(source))
    except UNREADABLE as error:
        raise InputError(f"cannot be read: {error}", file=str(source)) from None


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
def open_unpacked(path: Path) -> Iterator[BinaryIO]:
    """Open a file to read bytes from, unpacked where its name ends in .gz or .zst. Reading may raise any of `UNREADABLE`."""
    if path.name.endswith(".gz"):
        with gzip.open(path, "rb") as stream:
            yield stream  # type: ignore[misc]
    elif path.name.endswith(".zst"):
        with extra_for("a .zst file"):
            import pyarrow as pa  # 0.1 s, only where it is needed

        with pa.input_stream(str(path), compression="zstd") as stream:
            yield io.BufferedReader(stream)
    else:
        with path.open("rb") as stream:
            yield stream


def text_lines(stream: BinaryIO, *, name: str | None = None) -> Iterator[tuple[int, str | InputError]]:
    """Yield number and text of each line that is not blank, or why it is no text.

    Raises:
        InputError: at a line of more than `MAX_LINE_BYTES`; no more than that is read of it.
    """
    line = 0
    while raw := stream.readline(MAX_LINE_BYTES + 1):
        line += 1
        if len(raw) > MAX_LINE_BYTES:
            file = name or source_name(stream)
            raise InputError(f"a line of more than {MAX_LINE_BYTES} bytes", file=file, line=line)
        try:
            text = raw.decode("utf-8-sig" if line == 1 else "utf-8").strip()
        except UnicodeDecodeError as error:
            yield line, InputError(f"not UTF-8 at byte {error.start}")
            continue
        if text:
            yield line, text


def _parquet_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    with extra_for("a Parquet file"):
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
    """Open a file for writing that appears under its name when it is whole, and not at all after an error.

    A temporary file beside it takes the name at the end, with the permissions of the file that it replaces. A symbolic link
    stays one: the file that it points to is replaced. A device, a pipe and this process's own output are no files to
    replace: they are written to directly.
    """
    try:
        target = _existing(path)
        if target is not None and not stat.S_ISREG(target.st_mode):
            with _written_through(path.open("wb")) as stream:
                yield stream
        elif target is not None and (own := _own_output(target)) is not None:
            with _written_through(os.fdopen(os.dup(own), "wb")) as stream:
                yield stream
        else:
            with _replacing(Path(os.path.realpath(path)) if path.is_symlink() else path, target) as stream:
                yield stream
    except OSError as error:
        if error.filename is None:
            error.filename = str(path)  # a full disk is reported without one
        raise


def _existing(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def _own_output(target: os.stat_result) -> int | None:
    """Return the descriptor of stdout or stderr if it is that file, as `/dev/stdout` is after `> file`."""
    for stream in (sys.stdout, sys.stderr):
        try:
            number = stream.fileno()
            if os.path.samestat(os.fstat(number), target):
                stream.flush()
                return number
        except (AttributeError, ValueError, OSError):  # no stream, or one that is no file
            continue
    return None


@contextmanager
def _written_through(stream: BinaryIO) -> Iterator[BinaryIO]:
    try:
        yield stream
        stream.flush()
    finally:
        with suppress(OSError):  # what could not be flushed has been reported
            stream.close()


@contextmanager
def _replacing(path: Path, replaced: os.stat_result | None) -> Iterator[BinaryIO]:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(name, _permissions(replaced))  # mkstemp makes it private
        replace_file(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _permissions(replaced: os.stat_result | None) -> int:
    if replaced is not None:
        return stat.S_IMODE(replaced.st_mode)
    umask = os.umask(0)
    os.umask(umask)
    return 0o666 & ~umask


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
    path = as_path(path)
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
        with extra_for("a .zst file"):
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
    with extra_for("a Parquet file"):
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
