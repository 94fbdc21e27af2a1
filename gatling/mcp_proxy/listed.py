"""What a server says of its tools, asked without a client: for a person who is to accept it."""

from __future__ import annotations

import queue
import threading
import time
from typing import Any

from gatling.errors import ConfigError, InputError
from gatling.mcp_proxy.ends import Server
from gatling.mcp_proxy.proxy import Message

VERSION = "2025-06-18"
_MAX_PAGES = 1_000


def listed_tools(server: Server, *, timeout_s: float) -> list[dict[str, Any]]:
    """Return all that a server says of its tools, and close it. Raises: ConfigError, InputError."""
    answers: queue.Queue[Message | None] = queue.Queue()
    ends = time.monotonic() + timeout_s

    def read() -> None:
        server.run()
        answers.put(None)

    def tell(message: Message) -> None:
        try:
            server.send({"jsonrpc": "2.0", **message})
        except (OSError, ValueError) as error:
            raise ConfigError(f"the server has ended: {error}") from None

    def ask(id: int, method: str, params: Message) -> Message:
        tell({"id": id, "method": method, "params": params})
        while True:
            try:
                message = answers.get(timeout=max(0.0, ends - time.monotonic()))
            except queue.Empty:
                message = None
            if message is None:
                raise ConfigError(f"the server ended, or did not answer {method} in {timeout_s:g} s")
            if message.get("id") == id and "method" not in message:
                result = message.get("result")
                if not isinstance(result, dict):
                    raise ConfigError(f"the server answers {method} with an error: {message.get('error')}")
                return result

    server.begin(answers.put, lambda text: None)
    threading.Thread(target=read, daemon=True).start()
    try:
        ask(
            1,
            "initialize",
            {"protocolVersion": VERSION, "capabilities": {}, "clientInfo": {"name": "gatling", "version": "1"}},
        )
        tell({"method": "notifications/initialized"})
        tools: list[dict[str, Any]] = []
        cursor: Any = None
        for id in range(2, _MAX_PAGES):
            page = ask(id, "tools/list", {} if cursor is None else {"cursor": cursor})
            found = page.get("tools")
            if not isinstance(found, list) or not all(
                isinstance(t, dict) and isinstance(t.get("name"), str) for t in found
            ):
                raise InputError("wanted a list of tools with names", path="result.tools")
            tools += found
            cursor = page.get("nextCursor")
            if cursor is None:
                return tools
        raise InputError("the list of tools does not end")
    finally:
        server.close()
