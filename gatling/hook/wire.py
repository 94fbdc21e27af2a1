"""What goes over the socket: a number of byte strings, each with its length before it.

    message = MAGIC, number of parts (1 byte), then for each part its length (4 bytes, big endian) and its bytes

With a token (a loopback port, which any user of the machine can reach) both sides show that they know it: the message begins with
a code over the caller's nonce and the parts. Messages that are too long, cut off, or of something else raise `WireError`.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

MAGIC = b"GATLING1"
MAX_BYTES = 16 * 1024 * 1024
"""Of one message; an event with more is refused, and its call does not run."""
MAX_PARTS = 16
NONCE_BYTES = 16
_MAC_BYTES = 32


class WireError(Exception):
    """What came is no message."""


def pack(parts: tuple[bytes, ...], *, token: bytes = b"", nonce: bytes = b"") -> bytes:
    """Return a message. Raises: WireError if it would be too long."""
    if sum(map(len, parts)) > MAX_BYTES or len(parts) > MAX_PARTS:
        raise WireError(f"more than {MAX_BYTES:,} bytes")
    body = bytes([len(parts)]) + b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    return MAGIC + _code(token, nonce, body) + body


def read(receive: Callable[[int], bytes], *, token: bytes = b"", nonce: bytes = b"") -> tuple[bytes, ...]:
    """Read one message.

    Args:
        receive: returns at most so many bytes, and none at the end, like `socket.recv`.

    Raises:
        WireError: for anything that is not one whole message.
        OSError: of the socket.
    """
    if _exactly(receive, len(MAGIC)) != MAGIC:
        raise WireError("not a message of gatling")
    code = _exactly(receive, _MAC_BYTES) if token else b""
    count = _exactly(receive, 1)
    if count[0] > MAX_PARTS:
        raise WireError(f"{count[0]} parts")
    parts, body, room = [], [count], MAX_BYTES
    for _ in range(count[0]):
        size = _exactly(receive, 4)
        length = int.from_bytes(size, "big")
        if length > room:
            raise WireError(f"more than {MAX_BYTES:,} bytes")
        room -= length
        parts.append(_exactly(receive, length))
        body += [size, parts[-1]]
    if token:
        import hmac

        if not hmac.compare_digest(code, _code(token, nonce, b"".join(body))):
            raise WireError("somebody who does not know the token")
    return tuple(parts)


def answered(nonce: bytes) -> bytes:
    """Return the nonce of the answer: another one, so that a request sent back is none."""
    return nonce + b"answer" if nonce else b""


def _exactly(receive: Callable[[int], bytes], count: int) -> bytes:
    pieces = []
    while count:
        piece = receive(min(count, 1 << 16))
        if not piece:
            raise WireError("it was cut off")
        pieces.append(piece)
        count -= len(piece)
    return b"".join(pieces)


def _code(token: bytes, nonce: bytes, body: bytes) -> bytes:
    if not token:
        return b""
    import hmac

    return hmac.digest(token, nonce + body, "sha256")
