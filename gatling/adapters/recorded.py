"""Files of recorded conversations, `.gz` and `.zst` unpacked.

- JSON Lines, a conversation a line: a list of messages, or an object with `messages` (or `input`, as the Responses API calls
  it), and optionally `system` or `instructions`, `id`, `governance_context` and fields of one's own.
- JSON Lines, a message or JSON-RPC object a line: the file is one conversation.
- One JSON document: a conversation in either form, or a list of conversations.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO

from gatling.adapters.messages import ConversationTracer
from gatling.errors import InputError
from gatling.provenance.sources import ToolSources
from gatling.schema import GovernanceContext, parse_context
from gatling.schema.files import (
    MAX_DOCUMENT_BYTES,
    UNREADABLE,
    Source,
    as_source,
    open_unpacked,
    source_name,
    text_lines,
)
from gatling.schema.plain import decode_json

_RECORD_KEYS = {"messages", "input", "governance_context"}
_Line = tuple[int, str | InputError]


@dataclass(frozen=True, slots=True)
class Conversation:
    """A list of messages with the place it was read from."""

    messages: list[Any]
    id: str
    file: str
    lines: list[int] | None
    """The line of each message, or the one line of all; None where the file is one document."""
    governance_context: Any = None
    """As it stands in the record, not checked; None if there is none."""
    notes: dict[str, Any] = field(default_factory=dict)
    """The other fields of the record: labels, `meta`. To measure with, never to judge by."""

    def context(self) -> GovernanceContext:
        """Return the record's governance context. Raises: InputError with file and line, also if there is none."""
        try:
            if self.governance_context is None:
                raise InputError("missing")
            return parse_context(self.governance_context)
        except InputError as error:
            path = "governance_context" + (f".{error.path}" if error.path else "")
            raise self.located(InputError(error.reason, path=path)) from None

    def trace(self, sources: ToolSources) -> ConversationTracer:
        """Return a tracer that was fed all messages. Raises: InputError with file and line."""
        tracer = ConversationTracer(sources=sources)
        for i, message in enumerate(self.messages):
            try:
                tracer.feed(message)
            except InputError as error:
                raise self.located(error, i) from None
        return tracer

    def located(self, error: InputError, message: int = 0) -> InputError:
        """Return an error about one of the messages, or about the record, with file and line."""
        line = self.lines[min(message, len(self.lines) - 1)] if self.lines else None
        return error.at(self.file, line)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """What stands in the place of a record that cannot be read."""

    id: str
    """Its own, if that much could be read."""
    error: InputError
    """With file and line."""


def read_conversations(path: str | Path | BinaryIO) -> Iterator[Conversation]:
    """Yield the conversations of a file, or of an open stream, in order. Raises: InputError with file and line."""
    for item in read_each(path):
        if isinstance(item, Unreadable):
            raise item.error
        yield item


def read_each(path: str | Path | BinaryIO) -> Iterator[Conversation | Unreadable]:
    """Yield every record of a file, or of an open stream, in order: the conversation, or why it is none.

    Where the rest of a file cannot be read, as it is cut off or damaged, that is the last item.

    Raises:
        InputError: if the file has no first record: it cannot be opened, is empty, or no JSON of any kind.
    """
    source = as_source(path)
    file = source_name(source)
    stem = _stem(source)
    lines = _lines(source)
    start = list(islice(lines, 2))
    if not start:
        raise InputError("empty", file=file)
    firsts = [_decoded(text) for _, text in start]
    if len(start) == 1 and isinstance(firsts[0], InputError):
        raise firsts[0].at(file, None)
    if len(start) == 1 and not _is_message(firsts[0]):
        yield from _of_document(firsts[0], file, stem, line=start[0][0])
    elif not isinstance(firsts[0], InputError) and _is_message(firsts[0]):
        yield _of_messages(_whole(start, lines, file), file, stem)
    elif not isinstance(firsts[0], InputError):
        yield from _of_lines(start, lines, file, stem)
    else:
        whole = _whole(start, lines, file)
        data = _joined(whole)
        if not isinstance(data, InputError):
            yield from _of_document(data, file, stem)
        elif isinstance(firsts[1], (dict, list)):
            yield from _of_lines(whole, iter(()), file, stem)  # records, of which the first is broken
        else:
            raise data.at(file, data.line)


def _of_document(data: Any, file: str, stem: str, *, line: int | None = None) -> Iterator[Conversation | Unreadable]:
    many = isinstance(data, list) and bool(data) and not any(_is_message(item) for item in data)
    for i, item in enumerate(data if many else [data]):
        yield _conversation(item, file, f"{stem}-{i + 1}", line)


def _of_messages(lines: list[_Line], file: str, stem: str) -> Conversation | Unreadable:
    messages = []
    for line, text in lines:
        message = _decoded(text)
        if isinstance(message, InputError):
            return Unreadable(stem, message.at(file, line))
        messages.append(message)
    return Conversation(messages, stem, file, [line for line, _ in lines])


def _of_lines(start: list[_Line], rest: Iterator[_Line], file: str, stem: str) -> Iterator[Conversation | Unreadable]:
    number = 0
    try:
        for number, text in chain(start, rest):
            yield _conversation(_decoded(text), file, f"{stem}-{number}", number)
    except InputError as error:
        yield Unreadable(f"{stem}-{number + 1}", error if error.line else error.at(file, number + 1))


def _whole(start: list[_Line], rest: Iterator[_Line], file: str) -> list[_Line]:
    """Return all lines of what is one conversation or document. Raises: InputError if it is longer than a document may be."""
    lines, size = [], 0
    for line in chain(start, rest):
        size += len(line[1]) if isinstance(line[1], str) else 0
        if size > MAX_DOCUMENT_BYTES:
            raise InputError(f"one conversation of more than {MAX_DOCUMENT_BYTES} characters", file=file)
        lines.append(line)
    return lines


def _joined(lines: list[_Line]) -> Any:
    """Return the document that all lines are together, or the error why they are none."""
    for line, text in lines:
        if isinstance(text, InputError):
            return text.at(None, line)
    return _decoded("\n".join(str(text) for _, text in lines))


def _is_message(data: Any) -> bool:
    return isinstance(data, dict) and not (_RECORD_KEYS & data.keys() and "type" not in data)


def _conversation(data: Any, file: str, default_id: str, line: int | None) -> Conversation | Unreadable:
    """Return the conversation that a record holds, or the error that the record is, or that it has."""
    if isinstance(data, InputError):
        return Unreadable(default_id, data.at(file, line))
    head: list[Any] = []
    name, context, notes, messages = default_id, None, {}, data
    if isinstance(data, dict):
        for key in ("system", "instructions"):
            if data.get(key) is not None:
                head.append({"role": "system", "content": data[key]})
        given = data.get("id")
        if isinstance(given, (str, int)) and not isinstance(given, bool) and given != "":
            name = str(given)
        context = data.get("governance_context")
        known = {*_RECORD_KEYS, "system", "instructions", "id"}
        notes = {key: value for key, value in data.items() if key not in known}
        messages = data.get("messages", data.get("input"))
        if isinstance(messages, str):
            messages = [{"role": "user", "content": messages}]
    if not isinstance(messages, list):
        reason = f"a {type(messages).__name__}, wanted a list of messages"
        return Unreadable(name, InputError(reason, file=file, line=line))
    return Conversation([*head, *messages], name, file, None if line is None else [line], context, notes)


def _decoded(text: str | InputError) -> Any:
    """Return the data that a line is, or the error why it is none."""
    try:
        return text if isinstance(text, InputError) else decode_json(text)
    except InputError as error:
        return error


def _stem(source: Source) -> str:
    if not isinstance(source, Path):
        return "conversation"
    return Path(source.name.removesuffix(".gz").removesuffix(".zst")).stem


def _lines(source: Source) -> Iterator[_Line]:
    name = source_name(source)
    try:
        with open_unpacked(source) if isinstance(source, Path) else nullcontext(source) as stream:
            yield from text_lines(stream, name=name)
    except UNREADABLE as error:
        raise InputError(f"cannot be read: {getattr(error, 'strerror', None) or error}", file=name) from None
