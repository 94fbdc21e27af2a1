"""JSON-RPC over lines: one message a line, read within bounds and written anew.

What is handed on is written from what was read here, not copied: a message with a key that stands twice, or that is no JSON in
some other way, could mean one thing to the guard and another to the server.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from gatling.adapters.encoded import without_encoded
from gatling.errors import InputError
from gatling.schema.plain import decode_json

MAX_LINE_BYTES = 32 * 1024 * 1024
MAX_ID_CHARS = 200


def lines(read: Callable[[int], bytes], *, max_bytes: int = MAX_LINE_BYTES) -> Iterator[bytes]:
    """Yield the lines of a stream that are not empty.

    Args:
        read: returns what there is, of so many bytes at most, and nothing at the end.

    Raises:
        InputError: at a line that is too long; what follows it is not read.
    """
    pieces: list[bytes] = []
    size = 0
    while piece := read(1 << 16):
        *ends, rest = piece.split(b"\n")
        for end in ends:
            if size + len(end) > max_bytes:
                raise InputError(f"a line of more than {max_bytes:,} bytes")
            line = b"".join((*pieces, end))
            pieces, size = [], 0
            if line.strip():
                yield line
        pieces.append(rest)
        size += len(rest)
        if size > max_bytes:
            raise InputError(f"a line of more than {max_bytes:,} bytes")
    line = b"".join(pieces)
    if line.strip():
        yield line


def message_of(line: bytes) -> dict[str, Any]:
    """Return the message in a line. Raises: InputError for what is no single JSON-RPC message."""
    try:
        message = decode_json(line.decode("utf-8"), read_as=without_encoded)
    except UnicodeDecodeError:
        raise InputError("no text in UTF-8") from None
    if not isinstance(message, dict):
        raise InputError("no JSON-RPC message; several in one are not taken")
    if message.get("jsonrpc") != "2.0":
        raise InputError("not JSON-RPC 2.0", path="jsonrpc")
    is_call, is_answer = "method" in message, "result" in message or "error" in message
    if is_call == is_answer:
        raise InputError("wanted a method, or a result or an error")
    if is_call and not isinstance(message["method"], str):
        raise InputError("wanted a text", path="method")
    if is_call and not isinstance(message.get("params", {}), dict):
        raise InputError("wanted an object", path="params")
    if "id" in message:
        key_of(message["id"])
    elif is_answer:
        raise InputError("missing", path="id")
    return message


def key_of(id: Any) -> str:
    """Return an id as text; 1 and "1" are two. Raises: InputError."""
    if isinstance(id, str) and len(id) <= MAX_ID_CHARS:
        return f"s{id}"
    if isinstance(id, int) and not isinstance(id, bool):
        return f"i{id}"
    raise InputError(f"wanted a whole number or a text of {MAX_ID_CHARS} characters at most", path="id")


def line_of(message: dict[str, Any]) -> bytes:
    """Raises: InputError for a value that is no JSON."""
    try:
        text = json.dumps(message, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError):
        raise InputError("a key stands twice, or a value is no JSON") from None
    return text.encode("utf-8", errors="strict") + b"\n"
