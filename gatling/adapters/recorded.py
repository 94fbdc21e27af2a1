"""Files of recorded conversations.

- JSON Lines, a conversation a line: a list of messages, or an object with `messages` (or `input`, as the Responses API calls
  it), and optionally `system` or `instructions` and `id`.
- JSON Lines, a message or JSON-RPC object a line: the file is one conversation.
- One JSON document: a conversation in either form, or a list of conversations.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO

from gatling.adapters.messages import ConversationTracer
from gatling.errors import InputError
from gatling.provenance.sources import ToolSources
from gatling.schema.files import MAX_DOCUMENT_BYTES, Source, as_source, source_name, text_lines
from gatling.schema.plain import decode_json


@dataclass(frozen=True, slots=True)
class Conversation:
    """A list of messages with the place it was read from."""

    messages: list[Any]
    id: str
    file: str
    lines: list[int] | None
    """The line of each message, or the one line of all; None where the file is one document."""

    def trace(self, sources: ToolSources) -> ConversationTracer:
        """Return a tracer that was fed all messages. Raises: InputError with file and line."""
        tracer = ConversationTracer(sources=sources)
        for i, message in enumerate(self.messages):
            try:
                tracer.feed(message)
            except InputError as error:
                line = self.lines[min(i, len(self.lines) - 1)] if self.lines else None
                raise error.at(self.file, line) from None
        return tracer


def read_conversations(path: str | Path | BinaryIO) -> Iterator[Conversation]:
    """Yield the conversations of a file, or of an open stream, in order. Raises: InputError with file and line."""
    source = as_source(path)
    file = source_name(source)
    stem = source.stem if isinstance(source, Path) else "conversation"
    lines = _lines(source)
    start = list(islice(lines, 2))
    if not start:
        raise InputError("empty", file=file)
    try:
        first = decode_json(start[0][1])
        is_document = len(start) == 1 and not _is_message(first)
    except InputError as error:
        if len(start) == 1:
            raise error.at(file, None) from None
        first, is_document = None, True
    if is_document:
        try:
            data = first if len(start) == 1 else decode_json("\n".join(t for _, t in _whole(start, lines, file)))
        except InputError as error:
            raise error.at(file, None) from None
        many = isinstance(data, list) and bool(data) and not any(_is_message(item) for item in data)
        for i, item in enumerate(data if many else [data]):
            yield _conversation(item, file, f"{stem}-{i + 1}", None)
    elif _is_message(first):
        whole = _whole(start, lines, file)
        messages = [_decode(text, file, line) for line, text in whole]
        yield Conversation(messages, stem, file, [line for line, _ in whole])
    else:
        for line, text in chain(start, lines):
            yield _conversation(_decode(text, file, line), file, f"{stem}-{line}", line)


def _whole(start: list[tuple[int, str]], rest: Iterator[tuple[int, str]], file: str) -> list[tuple[int, str]]:
    """Return all lines of what is one conversation or document. Raises: InputError if it is longer than a document may be."""
    lines, size = [], 0
    for line in chain(start, rest):
        size += len(line[1])
        if size > MAX_DOCUMENT_BYTES:
            raise InputError(f"one conversation of more than {MAX_DOCUMENT_BYTES} characters", file=file)
        lines.append(line)
    return lines


def _is_message(data: Any) -> bool:
    return isinstance(data, dict) and not ({"messages", "input"} & data.keys() and "type" not in data)


def _conversation(data: Any, file: str, default_id: str, line: int | None) -> Conversation:
    head: list[Any] = []
    name = default_id
    if isinstance(data, dict):
        for key in ("system", "instructions"):
            if data.get(key) is not None:
                head.append({"role": "system", "content": data[key]})
        if isinstance(data.get("id"), str) and data["id"]:
            name = data["id"]
        data = data.get("messages", data.get("input"))
        if isinstance(data, str):
            data = [{"role": "user", "content": data}]
    if not isinstance(data, list):
        raise InputError(f"a {type(data).__name__}, wanted a list of messages", file=file, line=line)
    return Conversation([*head, *data], name, file, None if line is None else [line])


def _decode(text: str, file: str, line: int) -> Any:
    try:
        return decode_json(text)
    except InputError as error:
        raise error.at(file, line) from None


def _lines(source: Source) -> Iterator[tuple[int, str]]:
    name = source_name(source)
    try:
        with source.open("rb") if isinstance(source, Path) else nullcontext(source) as stream:
            for number, text in text_lines(stream, name=name):
                if isinstance(text, InputError):
                    raise text.at(name, number)
                yield number, text
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", file=name) from None
