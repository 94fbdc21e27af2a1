"""A process that judges: it reads requests from stdin, one after the other, and writes the answers to stdout.

    python -P -m gatling.server.worker

The first message holds the settings; the answer says whether they can be used. It ends when stdin does, which is when the server
has ended, however that came about.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
from typing import Any, BinaryIO

from gatling.cores import one_thread_a_process
from gatling.hook.wire import WireError, pack, read

READY, FAILED = b"ready", b"failed"


def main() -> int:
    """Answer until stdin ends."""
    one_thread_a_process()
    for one in ("SIGINT", "SIGTERM", "SIGHUP"):  # they go to all processes of a group; the server says when it is over
        if hasattr(signal, one):
            signal.signal(getattr(signal, one), signal.SIG_IGN)
    replies = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # what anything prints is no answer
    requests = sys.stdin.buffer
    try:
        service = _service(read(requests.read)[0])
    except Exception as error:
        _write(replies, (FAILED, " ".join(f"{_named(error)}{error}".split()).encode(errors="replace")[:2_000]))
        return 1
    from gatling.server.service import Request

    leave_to_itself()
    _write(replies, (READY,))
    while True:
        try:
            name, params, body = read(requests.read)
        except (WireError, ValueError):  # the server has gone
            break
        reply = service.answer(Request(name.decode(), json.loads(params), body))
        _write(replies, packed(reply))
    service.close()
    return 0


def leave_to_itself() -> None:
    """Keep the collector of cycles off what is loaded, which stays: a round over all of it held a decision up for tens of
    milliseconds. How often it looks is left as it is: contexts that are not kept any longer are freed by it."""
    gc.collect()
    gc.freeze()


def packed(reply: Any) -> tuple[bytes, bytes]:
    """Return a `Reply` as the parts of a message. One that is too long is an error."""
    from gatling.server.service import error

    data = json.dumps(reply.data).encode()
    if len(data) > MAX_REPLY_BYTES:
        reply = error(500, "too_long", f"the answer has {len(data):,} bytes, at most {MAX_REPLY_BYTES:,} are sent")
        data = json.dumps(reply.data).encode()
    return b"%d" % reply.status, data


MAX_REPLY_BYTES = 15_000_000


def _service(settings: bytes) -> Any:
    from gatling.server.service import Service
    from gatling.server.settings import Settings

    return Service(Settings.from_json(settings.decode()))


def _named(error: Exception) -> str:
    from gatling.errors import GatlingError

    return "" if isinstance(error, GatlingError) else f"{type(error).__name__}: "


def _write(stream: BinaryIO, parts: tuple[bytes, ...]) -> None:
    view = memoryview(pack(parts))
    while view:
        view = view[stream.write(view) :]


if __name__ == "__main__":
    sys.exit(main())
