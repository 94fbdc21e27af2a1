"""Files of recorded conversations.

- JSON Lines, a conversation a line: a list of messages, or an object with `messages` (or `input`, as the Responses API calls
  it), and optionally `system` or `instructions` and `id`.
- JSON Lines, a message or JSON-RPC object a line: the file is one conversation.
- One JSON document: a conversation in either form, or a list of conversations.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gatling.adapters.messages import ConversationTracer
from gatling.errors import InputError
from gatling.provenance.sources import ToolSources
from gatling.schema.files import MAX_LINE_BYTES
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


def read_conversations(path: str | Path) -> Iterator[Conversation]:
    """Yield the conversations of a file, in order. Raises: InputError with file and line."""
    path = Path(path)
    lines = list(_lines(path))
    if not lines:
        raise InputError("empty", file=str(path))
    try:
        first = decode_json(lines[0][1])
        is_document = len(lines) == 1 and not _is_message(first)
    except InputError:
        if len(lines) == 1:
            raise
        first, is_document = None, True
    if is_document:
        try:
            data = first if len(lines) == 1 else decode_json("\n".join(text for _, text in lines))
        except InputError as error:
            raise error.at(str(path), None) from None
        many = isinstance(data, list) and bool(data) and not any(_is_message(item) for item in data)
        for i, item in enumerate(data if many else [data]):
            yield _conversation(item, path, f"{path.stem}-{i + 1}", None)
    elif _is_message(first):
        messages = [_decode(text, path, line) for line, text in lines]
        yield Conversation(messages, path.stem, str(path), [line for line, _ in lines])
    else:
        for line, text in lines:
            yield _conversation(_decode(text, path, line), path, f"{path.stem}-{line}", line)


def _is_message(data: Any) -> bool:
    return isinstance(data, dict) and not ({"messages", "input"} & data.keys() and "type" not in data)


def _conversation(data: Any, path: Path, default_id: str, line: int | None) -> Conversation:
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
        raise InputError(f"a {type(data).__name__}, wanted a list of messages", file=str(path), line=line)
    return Conversation([*head, *data], name, str(path), None if line is None else [line])


def _decode(text: str, path: Path, line: int) -> Any:
    try:
        return decode_json(text)
    except InputError as error:
        raise error.at(str(path), line) from None


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        with path.open("rb") as stream:
            number = 0
            while raw := stream.readline(MAX_LINE_BYTES + 1):
                number += 1
                if len(raw) > MAX_LINE_BYTES:
                    raise InputError(f"a line of more than {MAX_LINE_BYTES} bytes", file=str(path), line=number)
                text = raw.decode("utf-8-sig" if number == 1 else "utf-8").strip()
                if text:
                    yield number, text
    except UnicodeDecodeError as error:
        raise InputError(f"not UTF-8 at byte {error.start}", file=str(path), line=number) from None
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", file=str(path)) from None
