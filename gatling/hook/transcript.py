"""The conversation's file, as Claude Code writes it: what was said and returned that no event told.

It is read from where it was read before, so that a call costs a look at its size. A line that is not whole yet is left for later;
one that cannot be read is text of somebody, and of nobody whose word counts.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gatling.adapters.encoded import has_encoded, without_encoded
from gatling.errors import InputError
from gatling.schema.plain import decode_json

MAX_BYTES = 256 * 1024 * 1024
"""Of one look."""
_NOT_READ_BY_THE_MODEL = {
    "summary", "file-history-snapshot", "queue-operation", "progress", "last-prompt", "permission-mode", "custom-title",
    "ai-title", "agent-name", "mode",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Told:
    """One thing that a transcript tells."""

    by: str
    """`user`, `assistant`, `call`, `result`, or `others`."""
    data: Any
    """The text; the arguments of a call; the output of one."""
    call_id: str = ""
    tool_name: str = ""
    has_media: bool = False
    is_error: bool = False
    """Of a result: the call has failed, or has not run."""


class Transcript:
    """Reads a file that grows. Raises: InputError, where it is read, if that cannot be done or it has shrunk."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._read = 0

    @property
    def is_there(self) -> bool:
        return os.path.isfile(self.path)

    def new(self) -> Iterator[Told]:
        """Yield what has been added since the last look."""
        try:
            with open(self.path, "rb") as stream:
                size = os.fstat(stream.fileno()).st_size
                if size < self._read:
                    raise InputError("it is shorter than it was", file=self.path)
                if size - self._read > MAX_BYTES:
                    raise InputError(f"{size:,} bytes, at most {MAX_BYTES:,} are read", file=self.path)
                stream.seek(self._read)
                data = stream.read(size - self._read)
        except OSError as error:
            raise InputError(f"cannot be read: {error.strerror or error}", file=self.path) from None
        whole = data[: data.rfind(b"\n") + 1]
        self._read += len(whole)
        for line in whole.splitlines():
            if line.strip():
                yield from _told(line)


def _told(line: bytes) -> Iterator[Told]:
    text = line.decode("utf-8", errors="replace")
    try:
        data = decode_json(text, read_as=without_encoded)
    except InputError:
        yield from (Told("others", text[i : i + 500_000]) for i in range(0, len(text), 500_000))
        return
    if not isinstance(data, dict):
        yield Told("others", data)
        return
    kind, message = data.get("type"), data.get("message")
    if kind in _NOT_READ_BY_THE_MODEL or data.get("isSidechain") is True:
        return
    if kind not in ("user", "assistant") or not isinstance(message, dict):
        yield Told("others", without_encoded(data), has_media=has_encoded(data))
        return
    is_aside = data.get("isMeta") is True or data.get("isCompactSummary") is True
    content = message.get("content")
    for block in content if isinstance(content, list) else [{"type": "text", "text": content}]:
        yield _of_block(block, str(kind), is_aside=is_aside)


def _of_block(block: Any, kind: str, *, is_aside: bool) -> Told:
    what = block.get("type") if isinstance(block, dict) else None
    text = block.get("text") if what == "text" else None
    if isinstance(text, str):
        if kind == "assistant":
            return Told("assistant", text)
        # What the program puts into a prompt stands in tags: reminders, output of commands.
        return Told("others" if is_aside or text.lstrip().startswith("<") else "user", text)
    if what == "tool_result" and kind == "user":
        call_id = block.get("tool_use_id")
        content = block.get("content")
        known = call_id if isinstance(call_id, str) else ""
        is_error = block.get("is_error") is True
        return Told("result", without_encoded(content), known, has_media=has_encoded(content), is_error=is_error)
    if kind == "assistant":
        call_id, name = (block.get("id"), block.get("name")) if what == "tool_use" else (None, None)
        if isinstance(call_id, str) and isinstance(name, str):
            return Told("call", block.get("input"), call_id, name)
        return Told("assistant", "")  # thoughts
    return Told("others", without_encoded(block), has_media=has_encoded(block))
