"""The resident process: loads the guard once, listens, and answers one event a connection.

    python -m gatling.hook.resident --model=... --lenient --idle-minutes=60

Clients start it. Of several that are started at once only the one that gets the lock file stays; the others end at once. It
listens when the guard is loaded, and ends when nobody has asked for an hour, or for `gatling hook --stop`.
"""

from __future__ import annotations

import os
import secrets
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from gatling.hook.client import BLOCK, STARTS_ELSEWHERE, identity_of
from gatling.hook.place import Place, PlaceError
from gatling.hook.wire import NONCE_BYTES, WireError, answered, pack, read
from gatling.schema.machine import replace_file

IDLE_MINUTES = 60.0
_CALLERS = 32
_REQUEST_S = 10.0
"""So long a client may take to send its event."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the client does: exit status, stdout, stderr."""

    status: int = 0
    out: bytes = b""
    err: bytes = b""


def refusal(why: str) -> Reply:
    """Return the reply that keeps a call from running."""
    return Reply(BLOCK, b"", f"gatling hook: {why}, so the call may not run\n".encode(errors="replace"))


Answer = Callable[[dict[str, str], bytes], Reply]


class Resident:
    """Listens at a place.

    Args:
        answer: makes a reply of the client's settings and event. What it raises is a refusal.
        idle_minutes: without a call, after which it ends.
    """

    def __init__(self, place: Place, answer: Answer, *, idle_minutes: float = IDLE_MINUTES) -> None:
        self._place = place
        self._answer = answer
        self._idle_s = idle_minutes * 60
        self._latest = time.monotonic()
        self._ends = threading.Event()
        self._slots = threading.BoundedSemaphore(_CALLERS)
        self._token = b""

    def serve(self) -> None:
        """Answer until it is told to stop, or is idle. Raises: OSError if it cannot listen."""
        listener = self._listen()
        try:
            listener.settimeout(0.5)
            while not self._ends.is_set() and time.monotonic() - self._latest < self._idle_s:
                try:
                    caller, _ = listener.accept()
                except TimeoutError:
                    continue
                self._latest = time.monotonic()
                self._slots.acquire()
                threading.Thread(target=self._call, args=(caller,), daemon=True).start()
        finally:
            with suppress(OSError):
                os.unlink(self._place.socket)
            listener.close()
            for _ in range(_CALLERS):  # those that are being answered
                self._slots.acquire(timeout=5.0)

    def _listen(self) -> socket.socket:
        """Listen under a name of its own first, so that whoever finds the socket can connect and nobody else may."""
        part = f"{self._place.socket}.{os.getpid()}"
        if self._place.uses_port:
            listener = socket.create_server(("127.0.0.1", 0), backlog=64)
            self._token = secrets.token_hex(32).encode()
            with suppress(FileNotFoundError):
                os.unlink(part)
            with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
                stream.write(b"%d %s" % (listener.getsockname()[1], self._token))
        else:
            listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            before = os.umask(0o177)
            try:
                listener.bind(part)
            finally:
                os.umask(before)
            listener.listen(64)
        replace_file(part, self._place.socket)
        return listener

    def _call(self, caller: socket.socket) -> None:
        try:
            with caller, suppress(OSError):
                caller.settimeout(_REQUEST_S)
                nonce = _nonce(caller) if self._token else b""
                try:
                    reply = self._reply(read(caller.recv, token=self._token, nonce=nonce))
                    message = pack(
                        (b"%d" % reply.status, reply.out, reply.err), token=self._token, nonce=answered(nonce)
                    )
                except WireError:
                    return  # the client takes silence for a refusal; a stranger learns nothing
                caller.sendall(message)
        finally:
            self._slots.release()

    def _reply(self, parts: tuple[bytes, ...]) -> Reply:
        try:
            what, identity, flat, event = parts
            if identity != self._place.identity:
                return refusal("the guard that runs is of another version or model")
            if what == b"stop":
                self._ends.set()
                return Reply(err=b"the guard has ended\n")
            words = flat.decode().split("\0") if flat else []
            return self._answer(dict(zip(words[::2], words[1::2], strict=True)), event)
        except Exception as error:
            return refusal(f"an error of the guard: {type(error).__name__}: {str(error)[:300]}")


def _nonce(caller: socket.socket) -> bytes:
    found = b""
    while len(found) < NONCE_BYTES and (piece := caller.recv(NONCE_BYTES - len(found))):
        found += piece
    return found


def main(words: list[str]) -> int:
    """Load the guard and listen. The last line on stderr says why it does not."""
    from pathlib import Path

    from gatling.errors import GatlingError
    from gatling.schema.machine import held

    flags = dict(word.removeprefix("--").partition("=")[::2] for word in words)
    model, is_lenient = flags.get("model", ""), "lenient" in flags
    try:
        place = Place(identity_of(model, is_lenient=is_lenient))
        idle_minutes = float(flags.get("idle-minutes", IDLE_MINUTES))
        with held(Path(place.lock)):
            from gatling.hook.service import Service

            Resident(place, Service.load(model, is_lenient=is_lenient).answer, idle_minutes=idle_minutes).serve()
    except BlockingIOError:
        return STARTS_ELSEWHERE
    except (GatlingError, PlaceError, OSError, ValueError) as error:
        print(" ".join(str(error).split()), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
