"""A server over HTTP ("streamable HTTP"): each message is a request of its own, which its answers come back by.

- Redirects are not followed, and what is encoded is not read. Plain HTTP is for this machine alone: on the way to another one
  anybody could answer for the server.
- A request that gets no answer, for whatever reason, is answered with an error.
- Spoken are the versions that begin with `initialize` (2025-03-26 to 2025-11-25).
"""

from __future__ import annotations

import http.client
import re
import threading
import urllib.parse
from collections.abc import Iterator
from contextlib import suppress

from gatling.errors import ConfigError, InputError
from gatling.mcp_proxy.ends import Note, Sink
from gatling.mcp_proxy.lines import MAX_LINE_BYTES, key_of, line_of, message_of
from gatling.mcp_proxy.proxy import Message, error_of
from gatling.mcp_proxy.sse import events

LOOPBACK = ("127.0.0.1", "localhost", "::1")
MAX_OPEN = 64
"""Requests that wait for an answer at once."""
_SESSION, _VERSION = "Mcp-Session-Id", "MCP-Protocol-Version"
_VISIBLE = re.compile(r"[\x21-\x7e]{1,200}")
_A_VERSION = re.compile(r"\d{4}-\d\d-\d\d")
_FAULTS = (OSError, http.client.HTTPException, InputError, ValueError)


class Remote:
    """The server's end.

    Args:
        url: of the endpoint.
        authorization: what the header of that name says; empty for none.
        timeout_s: without a byte, after which an answer is not waited for.

    Raises:
        ConfigError: for a URL that is none of HTTP, or of plain HTTP to another machine.
    """

    def __init__(self, url: str, *, authorization: str = "", timeout_s: float = 300.0) -> None:
        parts = urllib.parse.urlsplit(url)
        try:
            self._host, self._port = parts.hostname or "", parts.port
        except ValueError as error:
            raise ConfigError(f"{url}: {error}") from None
        if parts.scheme not in ("http", "https") or not self._host or parts.username is not None or parts.fragment:
            raise ConfigError(f"{url} is no URL of a server: wanted https://HOST/PATH")
        if parts.scheme == "http" and self._host not in LOOPBACK:
            raise ConfigError(f"{url}: plain http is for this machine alone, wanted https")
        if re.search(r"[^\x20-\x7e]", authorization):
            raise ConfigError("the authorization holds what no header can")
        self._is_safe = parts.scheme == "https"
        self._path = urllib.parse.urlunsplit(("", "", parts.path or "/", parts.query, ""))
        self._authorization = authorization
        self._timeout_s = timeout_s
        self._session = self._version = ""
        self._slots = threading.BoundedSemaphore(MAX_OPEN)
        self._take: Sink = lambda message: None
        self._is_closed = threading.Event()

    def begin(self, take: Sink, note: Note) -> None:
        self._take = take

    def run(self) -> None:
        self._is_closed.wait()

    @property
    def outcome(self) -> str:
        return "the connection to the server was closed"

    def send(self, message: Message) -> None:
        """Send a message; a request is answered later, by another thread."""
        line_of(message)  # refused here, where somebody can be told
        if "id" not in message or "method" not in message:
            for _ in self.exchange(message):
                pass
        elif self._slots.acquire(blocking=False):
            threading.Thread(target=self._ask, args=(message,), daemon=True).start()
        else:
            self._take(error_of(message["id"], -32603, f"{MAX_OPEN} requests wait for an answer"))

    def _ask(self, message: Message) -> None:
        why = "the server ended its answer without one"
        try:
            key = key_of(message["id"])
            for answer in self.exchange(message):
                is_it = "method" not in answer and key_of(answer["id"]) == key
                if is_it and message["method"] == "initialize":
                    self._opened(answer)
                self._take(answer)
                if is_it:
                    return
        except _FAULTS as error:
            why = f"the server did not answer: {str(error) or type(error).__name__}"
        finally:
            self._slots.release()
        with suppress(OSError, ValueError):  # the client has gone
            self._take(error_of(message["id"], -32603, why))

    def _opened(self, answer: Message) -> None:
        result = answer.get("result")
        version = result.get("protocolVersion") if isinstance(result, dict) else None
        if isinstance(version, str) and _A_VERSION.fullmatch(version):
            self._version = version
            threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        """Take what the server tells without being asked, if it does so."""
        connection = self._connection(None)
        try:
            connection.request("GET", self._path, headers=self._headers("text/event-stream"))
            response = connection.getresponse()
            if response.status == 200 and _kind(response) == "text/event-stream":
                for data in events(response.readline):
                    with suppress(InputError):
                        self._take(message_of(data))
        except _FAULTS:
            pass
        finally:
            connection.close()

    def exchange(self, message: Message) -> Iterator[Message]:
        """Send a message, and yield what comes back.

        Raises:
            InputError: for an answer that is none.
            OSError, http.client.HTTPException: of the connection.
        """
        connection = self._connection(self._timeout_s)
        try:
            headers = {"Content-Type": "application/json", **self._headers("application/json, text/event-stream")}
            connection.request("POST", self._path, line_of(message).rstrip(), headers)
            response = connection.getresponse()
            if message.get("method") == "initialize":
                session = response.getheader(_SESSION) or ""
                if session and not _VISIBLE.fullmatch(session):
                    raise InputError("a session id that is none")
                self._session = session
            yield from _messages(response)
        finally:
            connection.close()

    def close(self) -> None:
        """Tell the server that the conversation is over."""
        if not self._is_closed.is_set() and self._session:
            connection = self._connection(5.0)
            try:
                connection.request("DELETE", self._path, headers=self._headers("application/json"))
                connection.getresponse()
            except _FAULTS:
                pass
            finally:
                connection.close()
        self._is_closed.set()

    def _connection(self, timeout_s: float | None) -> http.client.HTTPConnection:
        kind = http.client.HTTPSConnection if self._is_safe else http.client.HTTPConnection
        return kind(self._host, self._port, timeout=timeout_s)

    def _headers(self, accepts: str) -> dict[str, str]:
        given = {_SESSION: self._session, _VERSION: self._version, "Authorization": self._authorization}
        return {"Accept": accepts, "Accept-Encoding": "identity", **{k: v for k, v in given.items() if v}}


def _kind(response: http.client.HTTPResponse) -> str:
    return (response.getheader("Content-Type") or "").partition(";")[0].strip().lower()


def _messages(response: http.client.HTTPResponse) -> Iterator[Message]:
    """Yield the messages of an answer. Raises: InputError."""
    if response.getheader("Content-Encoding", "identity") != "identity":
        raise InputError("an encoded answer, which was not asked for")
    kind = _kind(response)
    if kind == "text/event-stream" and response.status == 200:
        for data in events(response.readline):
            yield message_of(data)
        return
    body = response.read(MAX_LINE_BYTES + 1)
    if len(body) > MAX_LINE_BYTES:
        raise InputError(f"an answer of more than {MAX_LINE_BYTES:,} bytes")
    if kind == "application/json" and body.strip():
        message = message_of(body)
        if response.status == 200 or "error" in message:
            yield message
            return
    if response.status not in (200, 202, 204):
        raise InputError(f"HTTP {response.status} {response.reason}")
