"""Clients over HTTP ("streamable HTTP"): an endpoint on the loopback interface, `http://127.0.0.1:PORT/mcp`.

| request | what it is |
| --- | --- |
| POST of `initialize` | begins a conversation: a session, a proxy and a connection to the server; the answer has its id |
| POST of another request | is answered when the server has answered |
| POST of a note or an answer | 202 |
| GET | what the server asks and tells by itself, as events, one listener a conversation |
| DELETE | ends the conversation |

- What comes from a page in a browser is refused: a `Host` or an `Origin` that is not this machine, a body that is not declared
  as JSON.
- Another address than the loopback interface needs a token, which every request has to show.
- Spoken are the versions that begin with `initialize`; clients of later ones fall back to them.
"""

from __future__ import annotations

import hmac
import json
import threading
import urllib.parse
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from gatling.errors import ConfigError, GatlingError, InputError
from gatling.mcp_proxy.conversations import Conversations
from gatling.mcp_proxy.lines import MAX_LINE_BYTES, message_of
from gatling.mcp_proxy.proxy import Message, error_of
from gatling.mcp_proxy.remote import LOOPBACK
from gatling.mcp_proxy.sse import event_of

PATH = "/mcp"
MAX_CALLERS = 128
_SESSION = "Mcp-Session-Id"
_REQUEST_S = 30.0
"""So long a client may take to send a request."""
_SILENCE_S = 15.0
"""After so long without an event, something is sent that tells whether the listener is still there."""


def address_of(text: str) -> tuple[str, int]:
    """Read `PORT` or `HOST:PORT`; the host is 127.0.0.1 by default. Raises: ConfigError."""
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]") or "127.0.0.1"
    if not port.isascii() or not port.isdigit() or int(port) > 65_535:
        raise ConfigError(f"--listen is {text!r}, wanted PORT or HOST:PORT")
    return host, int(port)


class Listener(ThreadingHTTPServer):
    """Answers HTTP requests until it is shut down.

    Args:
        token: what requests have to show; empty for none.

    Raises:
        ConfigError: for an address of others without a token, or one that cannot be listened at.
    """

    daemon_threads = True

    def __init__(self, address: tuple[str, int], conversations: Conversations, *, token: str = "") -> None:
        host, _ = address
        if host not in LOOPBACK and len(token) < 16:
            raise ConfigError(f"{host} can be reached from other machines: give a token of 16 characters or more")
        self.is_local = host in LOOPBACK
        self.conversations = conversations
        self.token = token
        self.slots = threading.BoundedSemaphore(MAX_CALLERS)
        if ":" in host:
            import socket

            self.address_family = socket.AF_INET6
        try:
            super().__init__(address, _Request)
        except OSError as error:
            raise ConfigError(f"{host}:{address[1]} cannot be listened at: {error.strerror or error}") from None

    @property
    def url(self) -> str:
        host, port = self.server_address[:2]
        return f"http://{f'[{host!s}]' if ':' in str(host) else host!s}:{port}{PATH}"

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer by a thread of its own; of too many callers at once the last is cut off."""
        if self.slots.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.slots.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that has gone is no news."""

    def server_close(self) -> None:
        super().server_close()
        self.conversations.close()


class _Request(BaseHTTPRequestHandler):
    server: Listener
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "gatling", ""
    timeout = _REQUEST_S

    def do_POST(self) -> None:
        self._guarded(self._post)

    def do_GET(self) -> None:
        self._guarded(self._get)

    def do_DELETE(self) -> None:
        self._guarded(self._delete)

    def _guarded(self, answer: Callable[[], None]) -> None:
        """Answer if the caller may ask; an error, whatever it is, is an answer that nothing has run."""
        self.close_connection = True
        try:
            refused = self._refused()
            if refused is not None:
                self._say(*refused)
            else:
                answer()
        except (GatlingError, OSError, ValueError) as error:
            with suppress(OSError):
                self._say(500, f"the guard could not take it: {error}")

    def _refused(self) -> tuple[int, str] | None:
        if urllib.parse.urlsplit(self.path).path != PATH:
            return 404, f"the endpoint is {PATH}"
        token = self.server.token
        shown = self.headers.get("Authorization", "")
        if token and not hmac.compare_digest(shown.encode(), f"Bearer {token}".encode()):
            return 401, "the token is missing or another one"
        if self.server.is_local and _host_of(f"//{self.headers.get('Host', '')}") not in LOOPBACK:
            return 403, "the Host is not this machine"
        origin = self.headers.get("Origin")
        if origin is not None and _host_of(origin) not in LOOPBACK:
            return 403, "the Origin is not this machine"
        return None

    def _post(self) -> None:
        message = self._message()
        if message is None:
            return
        conversations = self.server.conversations
        is_request = "method" in message and "id" in message
        if is_request and message["method"] == "initialize":
            conversation = conversations.open()
            if conversation is None:
                self._say(503, "too many conversations are open", id=message["id"])
                return
        else:
            found = self.headers.get(_SESSION)
            conversation = conversations.of(found or "")
            if conversation is None:
                self._say(
                    404 if found else 400, "no conversation of this id: begin with initialize", id=message.get("id")
                )
                return
        if not is_request:
            conversation.take(message)
            self._send(202, b"")
            return
        self._send(200, conversation.ask(message), {_SESSION: conversation.id})

    def _message(self) -> Message | None:
        """Return the message of the body; None if there is none, and the caller was told."""
        if self.headers.get_content_type() != "application/json":
            self._say(415, "wanted application/json")
            return None
        length = self.headers.get("Content-Length", "")
        if not length.isascii() or not length.isdigit() or "Transfer-Encoding" in self.headers:
            self._say(411, "wanted a Content-Length")
            return None
        if int(length) > MAX_LINE_BYTES:
            self._say(413, f"more than {MAX_LINE_BYTES:,} bytes")
            return None
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            return None  # cut off; nobody waits for an answer
        try:
            return message_of(body)
        except InputError as error:
            self._say(400, f"not taken: {error}", code=-32700)
            return None

    def _get(self) -> None:
        conversation = self.server.conversations.of(self.headers.get(_SESSION, ""))
        if conversation is None:
            self._say(404, "no conversation of this id: begin with initialize")
            return
        if not conversation.listening.acquire(blocking=False):
            self._say(409, "somebody listens already")
            return
        try:
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Cache-Control", "no-store")
            self.send_header("Connection", "close")
            self.end_headers()
            while not conversation.is_closed:
                line = conversation.told(_SILENCE_S)
                self.wfile.write(b": \n\n" if line is None else event_of(line))
                self.wfile.flush()
        except OSError:  # the listener has gone
            pass
        finally:
            conversation.listening.release()

    def _delete(self) -> None:
        is_known = self.server.conversations.end(self.headers.get(_SESSION, ""))
        self._send(200 if is_known else 404, b"")

    def _say(self, status: int, why: str, *, id: Any = None, code: int = -32600) -> None:
        self._send(status, json.dumps(error_of(id, code, why)).encode())

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Length": str(len(body)), "Connection": "close"}.items():
            self.send_header(name, value)
        if body:
            self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: what was decided stands in the audit log."""


def _host_of(url: str) -> str:
    try:
        return urllib.parse.urlsplit(url).hostname or ""
    except ValueError:
        return ""
