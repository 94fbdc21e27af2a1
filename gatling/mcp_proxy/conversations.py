"""The conversations of clients over HTTP: each has a session, a proxy, and a connection to the server of its own."""

from __future__ import annotations

import queue
import secrets
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from gatling.errors import GatlingError
from gatling.mcp_proxy.ends import Ends, Note, Server
from gatling.mcp_proxy.lines import key_of, line_of
from gatling.mcp_proxy.proxy import Message, Proxy, error_of

MAX_CONVERSATIONS = 64
IDLE_S = 3_600.0
"""After so long without a request a conversation is closed to make room for another one."""
ANSWER_S = 600.0
"""So long an answer of the server is waited for."""
MAX_UNHEARD = 1_000
"""Messages of the server that nobody has listened to yet; the oldest are dropped."""


class Conversation:
    """One client's conversation."""

    def __init__(self, id: str, proxy: Proxy, server: Server, note: Note) -> None:
        self.id = id
        self.listening = threading.Semaphore(1)
        self.latest = time.monotonic()
        self.is_closed = False
        self._ends = Ends(proxy, self._to_client, server.send, note)
        self._server = server
        self._note = note
        self._lock = threading.Lock()
        self._asked: dict[str, queue.SimpleQueue[bytes]] = {}
        self._unheard: queue.Queue[bytes] = queue.Queue(MAX_UNHEARD)
        server.begin(self._ends.of_server, note)
        threading.Thread(target=self._run, daemon=True).start()

    def take(self, message: Message) -> None:
        """Take a note or an answer of the client."""
        self.latest = time.monotonic()
        self._ends.of_client(message)

    def ask(self, message: Message) -> bytes:
        """Take a request of the client; return the answer to it, an error if there is none in time."""
        self.latest = time.monotonic()
        key = key_of(message["id"])
        answer: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        with self._lock:
            if key in self._asked:
                return line_of(error_of(message["id"], -32600, "another request waits under this id"))
            self._asked[key] = answer
        try:
            self._ends.of_client(message)
            return answer.get(timeout=ANSWER_S)
        except queue.Empty:
            why = "the server did not answer in time"
        except (OSError, ValueError):
            why = "the server has ended"
        finally:
            with self._lock:
                del self._asked[key]
        return line_of(error_of(message["id"], -32603, why))

    def told(self, timeout_s: float) -> bytes | None:
        """Return the next message that the server has sent by itself; None if there is none in time."""
        with suppress(queue.Empty):
            return self._unheard.get(timeout=timeout_s)
        return None

    def close(self) -> None:
        self.is_closed = True
        self._server.close()

    def _run(self) -> None:
        self._server.run()
        self._ends.ended("the server has ended")
        self.close()

    def _to_client(self, message: Message) -> None:
        line = line_of(message)
        if "method" not in message:
            with self._lock:
                waiting = self._asked.get(key_of(message["id"])) if message["id"] is not None else None
            if waiting is not None:
                waiting.put(line)
            return  # else nobody waits for it any more
        while True:
            try:
                self._unheard.put_nowait(line)
                return
            except queue.Full:
                self._note("dropped a message of the server: nobody listens")
                with suppress(queue.Empty):
                    self._unheard.get_nowait()


class Conversations:
    """Opens, finds and ends conversations.

    Args:
        make: makes the proxy and the connection of the so-manieth conversation, from 1. Raises: what keeps it from beginning.
    """

    def __init__(self, make: Callable[[int], tuple[Proxy, Server]], note: Note) -> None:
        self._make = make
        self._note = note
        self._lock = threading.Lock()
        self._open: dict[str, Conversation] = {}
        self._count = 0

    def open(self) -> Conversation | None:
        """Begin a conversation; None if too many are open. Raises: GatlingError, OSError if it cannot begin."""
        with self._lock:
            for known in [c for c in self._open.values() if c.is_closed]:
                del self._open[known.id]
            if len(self._open) >= MAX_CONVERSATIONS:
                idlest = min(self._open.values(), key=lambda c: c.latest)
                if time.monotonic() - idlest.latest < IDLE_S:
                    return None
                threading.Thread(
                    target=self._open.pop(idlest.id).close, daemon=True
                ).start()  # a server may take its time
            self._count += 1
            proxy, server = self._make(self._count)
            conversation = Conversation(secrets.token_hex(16), proxy, server, self._note)
            self._open[conversation.id] = conversation
            return conversation

    def of(self, id: str) -> Conversation | None:
        """Return a conversation that is open."""
        with self._lock:
            found = self._open.get(id)
            return None if found is None or found.is_closed else found

    def end(self, id: str) -> bool:
        """End a conversation; return whether there was one."""
        with self._lock:
            found = self._open.pop(id, None)
        if found is not None:
            found.close()
        return found is not None

    def close(self) -> None:
        """End all of them."""
        with self._lock:
            ids = list(self._open)
        for id in ids:
            with suppress(GatlingError, OSError):
                self.end(id)
