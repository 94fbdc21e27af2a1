"""Server-sent events: how a server over HTTP answers with more than one message, and tells what was not asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from gatling.errors import InputError
from gatling.mcp_proxy.lines import MAX_LINE_BYTES


def events(readline: Callable[[int], bytes], *, max_bytes: int = MAX_LINE_BYTES) -> Iterator[bytes]:
    """Yield the data of each event that has any. One that the stream ends in the middle of is none.

    Args:
        readline: returns a line with its end, or so many bytes of it at most, and nothing at the end.

    Raises:
        InputError: at an event that is too long.
    """
    data: list[bytes] = []
    size = 0
    while line := readline(max_bytes + 1):
        size += len(line)
        if size > max_bytes:
            raise InputError(f"an event of more than {max_bytes:,} bytes")
        line = line.rstrip(b"\r\n")
        if not line:
            if data:
                yield b"\n".join(data)
            data, size = [], 0
            continue
        name, _, value = line.partition(b":")
        if name == b"data":
            data.append(value.removeprefix(b" "))


def event_of(line: bytes) -> bytes:
    """Return the event that tells one message."""
    return b"event: message\ndata: " + line.strip() + b"\n\n"
