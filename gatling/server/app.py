"""The server as an ASGI application: what is checked before anybody judges, in this order.

path and method, where the request comes from and whose token it holds, whether the server takes any, the kind of the body and its
length, and whether somebody is free to judge. Whatever fails is an error in JSON that allows nothing.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qsl

from gatling import __version__
from gatling.server.access import Access
from gatling.server.guardrail import blocked
from gatling.server.openapi import document
from gatling.server.pages import HEADERS as PAGE_HEADERS
from gatling.server.pages import Pages, shown
from gatling.server.pool import Answered, BusyError, LateError, Pool, WorkerError
from gatling.server.routes import Route, matches
from gatling.server.service import Reply, error
from gatling.server.settings import Bounds

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

RETRY_S = 1
MAX_QUERY_CHARS = 2_000
_log = logging.getLogger("gatling")
_ONCE = ("authorization", "content-encoding", "content-length", "content-type", "host", "origin")
_FIXED_HEADERS = (
    (b"content-type", b"application/json"),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
)


class App:
    """Answers HTTP requests.

    Args:
        pool: who judges; started and closed with the application.
        has_pages: whether there are pages for people, at `/ui`.
    """

    def __init__(self, pool: Pool, access: Access, bounds: Bounds, *, has_pages: bool = False) -> None:
        self._pages = Pages(pool, access) if has_pages else None
        self._pool = pool
        self._access = access
        self._bounds = bounds
        self._num_open = 0
        self._is_started = False
        self.is_stopping = False
        """Set when the server shall end: what runs is answered, and what comes is refused."""
        self.why_not = ""
        """Why nobody can judge, where the start has failed."""
        self._document = json.dumps(document(__version__)).encode()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            answered, headers = await self._answered(scope, receive)
            await _send(send, answered, headers, with_body=scope["method"] != "HEAD")
        else:
            await send({"type": "websocket.close", "code": 1008})

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                try:
                    await self._pool.start()
                except WorkerError as failed:
                    self.why_not = str(failed)
                    await send({"type": "lifespan.startup.failed", "message": str(failed)})
                    return
                self._is_started = True
                await send({"type": "lifespan.startup.complete"})
            else:
                self.is_stopping = True
                await self._pool.close()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _answered(self, scope: Message, receive: Receive) -> tuple[Answered, list[tuple[bytes, bytes]]]:
        headers: list[tuple[bytes, bytes]] = []
        given: dict[str, str] = {}
        for name, value in scope["headers"]:
            known = name.decode("latin-1")
            if known in given and known in _ONCE:
                return _encoded(error(400, "refused", f"the header {known} stands twice")), headers
            given[known] = value.decode("latin-1")
        path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
        if self._pages is not None and self._pages.takes(path):
            answered = await self._safely(
                "pages", self._page(self._pages, scope, path, given, receive, headers), headers
            )
            return shown(answered), [*PAGE_HEADERS, *headers]
        route, reply = self._route(scope)
        if route is None:
            return _encoded(reply), headers
        refused = self._access.refused(route.who, given)
        if refused is not None:
            if refused.status == 401:
                headers.append((b"www-authenticate", b"Bearer"))
            return _encoded(
                error(refused.status, "token" if refused.status == 401 else "forbidden", refused.message)
            ), headers
        if route.is_front:
            return await self._front(route), headers
        answered = await self._safely(route.name, self._judged(route, scope, given, receive), headers)
        if route.refuses_in_200 and answered.status != 200:
            message = json.loads(answered.body)["error"]["message"]
            answered = _encoded(Reply(200, blocked(f"The guard could not judge: {message}")))
        return answered, headers

    async def _safely(self, name: str, asked: Awaitable[Answered], headers: list[tuple[bytes, bytes]]) -> Answered:
        """Return the answer; an error, with its headers, whatever is raised."""
        try:
            return await asked
        except BusyError:
            headers.append((b"retry-after", b"%d" % RETRY_S))
            why = "the server is about to end" if self.is_stopping else "the server is busy, nothing was judged"
            return _encoded(error(503, "stopping" if self.is_stopping else "busy", why))
        except LateError:
            return _encoded(error(504, "late", f"there is no decision within {self._bounds.judge_s:g} s"))
        except WorkerError:
            return _encoded(error(500, "fault", "the process that judged has ended"))
        except Exception as fault:
            _log.exception("a request of %s could not be answered", name)
            return _encoded(error(500, "fault", f"a fault of the server: {type(fault).__name__}"))

    async def _page(
        self,
        pages: Pages,
        scope: Message,
        path: str,
        given: dict[str, str],
        receive: Receive,
        headers: list[tuple[bytes, bytes]],
    ) -> Answered:
        if self.is_stopping or not self._is_started or self._num_open >= self._bounds.max_open:
            raise BusyError
        self._num_open += 1
        try:
            method = "GET" if scope["method"] == "HEAD" else scope["method"]
            answered, more = await pages.answer(method, path, given, lambda most: self._read(given, receive, most))
            headers += more
            return answered
        finally:
            self._num_open -= 1

    def _route(self, scope: Message) -> tuple[Route | None, Reply]:
        raw = scope.get("raw_path") or scope["path"].encode()
        try:
            found = list(matches(raw.decode("ascii")))
        except ValueError:
            found = []
        if not found:
            return None, error(404, "not_found", "there is nothing at this path; see /openapi.json")
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        for route, params in found:
            if route.method == method:
                scope["gatling.params"] = params
                return route, error(500, "fault", "")
        known = ", ".join(route.method for route, _ in found)
        return None, error(405, "method", f"this path takes {known}")

    async def _judged(self, route: Route, scope: Message, headers: dict[str, str], receive: Receive) -> Answered:
        if self.is_stopping or not self._is_started or self._num_open >= self._bounds.max_open:
            raise BusyError
        params: dict[str, str] = scope["gatling.params"]
        key = params.get("session")
        fault = _query_fault(route, scope["query_string"], params)
        if fault:
            return _encoded(error(400, "refused", fault))
        self._num_open += 1
        try:
            body = await self._body(route, headers, receive)
            if isinstance(body, Reply):
                return _encoded(body)
            return await self._pool.ask(route.name, params, body, key=key)
        finally:
            self._num_open -= 1

    async def _body(self, route: Route, headers: dict[str, str], receive: Receive) -> bytes | Reply:
        """Read the body, and no more of it than may be."""
        most = self._bounds.max_body_bytes if route.body is not None else 0
        if (
            route.body is not None
            and headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json"
        ):
            return error(415, "media_type", "the body must be application/json")
        return await self._read(headers, receive, most)

    async def _read(self, headers: dict[str, str], receive: Receive, most: int) -> bytes | Reply:
        if headers.get("content-encoding", "identity").lower() != "identity":
            return error(415, "media_type", "the body must not be packed")
        length = headers.get("content-length", "0")
        if length.isascii() and length.isdigit() and (len(length) > 12 or int(length) > most):
            return _too_long(most)
        parts, size = [], 0
        try:
            async with asyncio.timeout(self._bounds.read_s):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return error(400, "refused", "the client has gone")
                    parts.append(message.get("body", b""))
                    size += len(parts[-1])
                    if size > most:
                        return _too_long(most)
                    if not message.get("more_body", False):
                        return b"".join(parts)
        except TimeoutError:
            return error(408, "late", f"the body did not come within {self._bounds.read_s:g} s")

    async def _front(self, route: Route) -> Answered:
        if route.name == "openapi":
            return Answered(200, self._document)
        if route.name == "health":
            return _encoded(Reply(200, {"status": "ok", "version": __version__}))
        fault = self._pool.fault
        if self.is_stopping:
            status = "stopping"
        elif not self._is_started:
            status = "starting"
        elif not self._pool.num_ready:
            status = "failing"
        else:
            status, fault = await self._store_state()
        data = {
            "status": status,
            "workers": self._pool.num_ready,
            "waiting": self._pool.num_waiting,
            "fault": fault or None,
        }
        return _encoded(Reply(200 if status == "ready" else 503, data))

    async def _store_state(self) -> tuple[str, str]:
        """Ask a worker whether what is kept can be read; a server that is merely busy is ready."""
        try:
            status, body = await self._pool.ask("ready", {}, b"")
        except BusyError:
            return "ready", ""
        except (LateError, WorkerError) as failed:
            return "failing", str(failed)
        return ("ready", "") if status == 200 else ("failing", json.loads(body)["error"]["message"])


def _query_fault(route: Route, query: bytes, params: dict[str, str]) -> str:
    """Take the query into the parameters; return what is wrong with it."""
    if not query:
        return ""
    if len(query) > MAX_QUERY_CHARS:
        return f"a query of {len(query)} characters, at most {MAX_QUERY_CHARS} are taken"
    known = [name for name, _ in route.query]
    try:
        pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, strict_parsing=True, errors="strict")
    except ValueError:
        return "the query cannot be read"
    for name, value in pairs:
        if name not in known:
            return f"unknown parameter {name[:50]!r}" + (f"; known are {', '.join(known)}" if known else "")
        if name in params:
            return f"the parameter {name!r} stands twice"
        params[name] = value
    return ""


def _too_long(most: int) -> Reply:
    return error(413, "too_long", f"the body has more than {most:,} bytes" if most else "this request takes no body")


def _encoded(reply: Reply) -> Answered:
    return Answered(reply.status, json.dumps(reply.data).encode())


async def _send(send: Send, answered: Answered, headers: list[tuple[bytes, bytes]], *, with_body: bool) -> None:
    length = (b"content-length", b"%d" % len(answered.body))
    given = {name for name, _ in headers}
    fixed = [header for header in _FIXED_HEADERS if header[0] not in given]
    await send({"type": "http.response.start", "status": answered.status, "headers": [*fixed, length, *headers]})
    await send({"type": "http.response.body", "body": answered.body if with_body else b""})
