"""The two ends of a conversation, and what takes a message from one of them, through the proxy, to where it belongs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import IO, Protocol

from gatling.errors import InputError
from gatling.mcp_proxy.lines import line_of, lines, message_of
from gatling.mcp_proxy.proxy import Message, Proxy, Sent, Side, error_of

Sink = Callable[[Message], None]
"""Takes a message. Raises: OSError, ValueError if its end is closed; InputError for what is no JSON."""
Note = Callable[[str], None]


class Server(Protocol):
    """The server's end."""

    def send(self, message: Message) -> None:
        """Send a message. Raises: as a `Sink` does."""

    def begin(self, take: Sink, note: Note) -> None:
        """Say who takes what the server sends; before anything is sent."""

    def run(self) -> None:
        """Hand on what the server sends, until it ends or is closed."""

    def close(self) -> None:
        """End the connection; harmless if it has ended."""

    @property
    def outcome(self) -> str:
        """How it ended, once it is closed."""


class Ends:
    """The ends that messages are sent to, and the proxy between them."""

    def __init__(self, proxy: Proxy, client: Sink, server: Sink, note: Note) -> None:
        self._proxy = proxy
        self._note = note
        self._sinks: dict[Side, Sink] = {"client": client, "server": server}

    def of_client(self, message: Message) -> None:
        """Take a message of the client through the proxy. Raises: OSError, ValueError if an end is closed."""
        try:
            self._send(self._proxy.of_client(message))
        except InputError as error:  # what was read cannot be written: a key that stands twice in what nobody reads
            self._note(f"dropped a message of the client: {error}")
            if "id" in message and "method" in message:
                self._sinks["client"](error_of(message["id"], -32600, f"not taken: {error}"))

    def of_server(self, message: Message) -> None:
        """Take a message of the server through the proxy. Raises: OSError, ValueError if an end is closed."""
        try:
            self._send(self._proxy.of_server(message))
        except InputError as error:
            self._note(f"dropped a message of the server: {error}")
            if "id" in message and "method" not in message:
                why = f"what the server answered is withheld: {error}"
                self._sinks["client"](error_of(message["id"], -32603, why))

    def ended(self, why: str) -> None:
        """Answer all requests that wait with an error: no other answer will come."""
        with suppress(OSError, ValueError):
            self._send([("client", answer) for answer in self._proxy.unanswered(why)])

    def _send(self, sent: Sent) -> None:
        for side, message in sent:
            self._sinks[side](message)


def stream_sink(stream: IO[bytes]) -> Sink:
    """Return what writes messages to a stream, a line each and one at a time."""
    lock = threading.Lock()

    def write(message: Message) -> None:
        data = line_of(message)
        with lock:
            stream.write(data)
            stream.flush()

    return write


def pump(
    read: Callable[[int], bytes],
    side: Side,
    take: Sink,
    note: Note,
    *,
    refuse: Callable[[str], None] = lambda why: None,
) -> None:
    """Hand on messages until the stream ends, or holds a line that is too long, or the other end is closed.

    Args:
        refuse: told why a line is no message.
    """
    try:
        for line in lines(read):
            try:
                message = message_of(line)
            except InputError as error:
                note(f"dropped a line of the {side}: {error}")
                refuse(f"not taken: {error}")
                continue
            take(message)
    except InputError as error:
        note(f"closed the connection: the {side} sent {error}")
    except (OSError, ValueError):  # the other end has gone
        pass
