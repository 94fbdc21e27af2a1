"""Start a decision server, and end it in good order.

On SIGTERM or SIGINT it takes no further connection and no further request, answers what runs, and ends. Where it is killed, the
processes that judge end by themselves; what was answered before is in log and store.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import signal
import socket
from collections.abc import Callable
from typing import Any

import uvicorn

from gatling.errors import ConfigError, GatlingError
from gatling.server.access import Access
from gatling.server.app import App
from gatling.server.pages import PATH
from gatling.server.pool import Pool
from gatling.server.settings import Bounds, Settings
from gatling.server.workers import ProcessWorker

KEEP_ALIVE_S = 30
MAX_HEADER_BYTES = 32_768


class ServerError(GatlingError):
    """The server could not start."""


def serve(
    settings: Settings,
    access: Access,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    workers: int = 2,
    bounds: Bounds | None = None,
    has_pages: bool = False,
    note: Callable[[str], None] = lambda text: None,
) -> None:
    """Serve until a signal says to stop.

    Args:
        port: 0 for any that is free.
        workers: how many processes judge.
        has_pages: whether people find pages for a browser at `/ui`.
        note: told the address when decisions are made there.

    Raises:
        ConfigError: if the address is open to others and there is no token.
        ServerError: if nothing can be heard at the address, or no process can judge, with its reason.
    """
    bounds = bounds if bounds is not None else Bounds()
    if workers < 1:
        raise ConfigError(f"workers is {workers}, it must be at least 1")
    if not access.has_token and not _is_loopback(host):
        raise ConfigError(f"{host} can be reached by others: name a token with --token-env or --token-file")
    listener = _listener(host, port)
    address = f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}"
    app = App(Pool(lambda: ProcessWorker(settings), workers, bounds), access, bounds, has_pages=has_pages)
    server = _Server(
        _config(app, bounds),
        app,
        lambda: note(f"serving at {address}{f', pages at {address}{PATH}' if has_pages else ''}"),
    )
    with listener:
        try:
            asyncio.run(server.serve(sockets=[listener]))
        except SystemExit:  # that is how uvicorn ends where the application could not start
            raise ServerError(app.why_not or "the server could not start") from None


class _Server(uvicorn.Server):
    """Tells the application when the end is near, and others when it has begun."""

    def __init__(self, config: uvicorn.Config, app: App, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._app = app
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self.started:
            self._on_ready()

    def handle_exit(self, sig: int, frame: Any) -> None:
        """Take a signal. Of the base class's, this one does not raise it again at the end: the end is a good one."""
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self._app.is_stopping = True
        self.should_exit = True


def _config(app: App, bounds: Bounds) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http="h11",
        ws="none",
        lifespan="on",
        loop="asyncio",
        log_config=None,
        log_level=logging.CRITICAL,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=int(bounds.drain_s) + 1,
        limit_concurrency=4 * bounds.max_open,
        h11_max_incomplete_event_size=MAX_HEADER_BYTES,
    )


def _listener(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=512)
    except OSError as error:
        raise ServerError(f"cannot listen at {host}:{port}: {error.strerror or error}") from None


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
