"""Reading: never more than the bound, one sentence for what is no file, and streams in the place of files."""

from __future__ import annotations

import gzip
import io
import itertools
import json
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from gatling.adapters import recorded
from gatling.adapters.recorded import read_conversations
from gatling.errors import GatlingError, InputError
from gatling.policy import read_policy
from gatling.policy.source import parse_policy
from gatling.provenance.sources import ToolSources
from gatling.schema import files, parse_context, parse_plan, parse_trace, read_traces, write_traces
from gatling.schema.files import read_at_most, trace_files
from gatling.tools.files import read_catalog, read_document
from tests.builders import many_traces


class Endless(io.RawIOBase):
    """A stream without an end that counts what is taken from it."""

    name = "endless"

    def __init__(self, line: bytes) -> None:
        self._bytes = itertools.cycle(line)
        self.num_read = 0

    def read(self, size: int = -1) -> bytes:
        assert size >= 0, "an unbounded read"
        self.num_read += size
        return bytes(itertools.islice(self._bytes, size))

    def readline(self, size: int | None = -1) -> bytes:
        assert size is not None
        assert size >= 0, "an unbounded read"
        line = bytearray()
        for byte in itertools.islice(self._bytes, size):
            line.append(byte)
            if byte == 10:
                break
        self.num_read += len(line)
        return bytes(line)


@pytest.mark.parametrize("size", [0, 9, 10])
def test_what_is_within_the_bound_is_read(size: int) -> None:
    Path("f").write_bytes(b"x" * size)
    Path("f.gz").write_bytes(gzip.compress(b"x" * size))
    assert read_at_most(Path("f"), 10) == read_at_most(Path("f.gz"), 10) == b"x" * size
    assert read_at_most(io.BytesIO(b"x" * size), 10) == b"x" * size


def test_one_byte_more_is_refused() -> None:
    Path("f").write_bytes(b"x" * 11)
    Path("f.gz").write_bytes(gzip.compress(b"x" * 11))
    for name in ("f", "f.gz"):
        with pytest.raises(InputError, match=f"^{name}: more than 10 bytes$"):
            read_at_most(Path(name), 10)
    stream = Endless(b"x")
    with pytest.raises(InputError, match="^endless: more than 10 bytes$"):
        read_at_most(stream, 10)  # type: ignore[arg-type]
    assert stream.num_read == 11


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="this system has no /dev/zero")
@pytest.mark.parametrize(
    ("read", "name"),
    [(read_policy, "zero"), (ToolSources.from_file, "zero"), (read_document, "zero.json"), (read_catalog, "zero.json")],
)
def test_a_device_without_an_end_is_a_file_that_is_too_long(read: Callable[[str], object], name: str) -> None:
    Path(name).symlink_to("/dev/zero")
    with pytest.raises(InputError, match=f"^{name}: more than 64000000 bytes$"):
        read(name)


@pytest.mark.parametrize("line", [b"not json\n", b'{"role": "user", "content": "hi"}\n'])
def test_a_conversation_without_an_end_is_refused(line: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorded, "MAX_DOCUMENT_BYTES", 1_000)
    stream = Endless(line)
    with pytest.raises(InputError, match="^endless: one conversation of more than 1000 characters$"):
        list(read_conversations(stream))  # type: ignore[arg-type]
    assert stream.num_read < 2_000


def test_a_line_without_an_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_LINE_BYTES", 100)
    for read in (read_traces, read_conversations):
        stream = Endless(b"x")
        with pytest.raises(InputError, match="^endless:1: a line of more than 100 bytes$"):
            list(read(stream))  # type: ignore[arg-type]
        assert stream.num_read == 101


def test_conversations_of_a_long_file_are_read_one_by_one() -> None:
    stream = Endless(json.dumps({"id": "c", "messages": [{"role": "user", "content": "hi"}]}).encode() + b"\n")
    taken = list(itertools.islice(read_conversations(stream), 3))  # type: ignore[arg-type]
    assert [(c.id, c.file, c.lines) for c in taken] == [("c", "endless", [n]) for n in (1, 2, 3)]


def test_a_stream_is_json_lines() -> None:
    traces = many_traces(3)
    write_traces("t.jsonl", traces)
    content = Path("t.jsonl").read_bytes()
    assert [t.to_dict() for t in read_traces(io.BytesIO(content))] == [t.to_dict() for t in traces]
    with pytest.raises(InputError, match=f"^<stream>:{len(traces) + 1}: not JSON"):
        list(read_traces(io.BytesIO(content + b"{\n")))
    with pytest.raises(InputError, match="^a stream of text, wanted one of bytes$"):
        list(read_traces(io.StringIO("{}")))  # type: ignore[arg-type]


PATHS: list[Callable[[Any], object]] = [
    lambda v: list(read_traces(v)),
    lambda v: list(read_conversations(v)),
    lambda v: write_traces(v, []),
    read_policy,
    read_catalog,
    read_document,
    ToolSources.from_file,
    trace_files,
]
DATA: list[Callable[[Any], object]] = [parse_trace, parse_plan, parse_context, parse_policy, ToolSources.from_dict]
ODD = [
    None, 7, 1.5, True, [], [1], ["x"], b"x", {1: 2}, {"a": 1}, object(), PurePosixPath("x"), io.StringIO("x"),
    float("nan"), "", ("x",), set(), {"tools": 3}, {"governance_context": 3}, {"nodes": None},
]  # fmt: skip


@pytest.mark.parametrize("value", ODD, ids=lambda v: f"{type(v).__name__}:{str(v)[:12]!r}")
def test_loaders_answer_every_type_with_one_sentence(value: Any) -> None:
    for load in [*PATHS, *DATA]:
        with pytest.raises(GatlingError) as caught:
            load(value)
        assert str(caught.value)
        assert "\n" not in str(caught.value)


def test_a_name_with_a_null_character_is_no_file() -> None:
    for load in PATHS:
        with pytest.raises(InputError, match="is no path of a file"):
            load("a\0b")
