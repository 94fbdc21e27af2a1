"""Ask a running MCP server for its tools: it is started, asked `tools/list` over its standard streams, and stopped.

Only what the user names is started, and nothing but `initialize` and `tools/list` is asked. What comes back is untrusted: it is
bounded in time and size, and read like a saved `tools/list`.
"""

from __future__ import annotations

import json
import queue
import shlex
import subprocess
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import IO, Any

from gatling.errors import InputError
from gatling.schema.plain import decode_json

PROTOCOL = "2025-06-18"
TIMEOUT_S = 30.0
MAX_LINE_CHARS = 8_000_000
MAX_PAGES = 100


def ask_server(words: Sequence[str], *, timeout_s: float = TIMEOUT_S) -> dict[str, Any]:
    """Start a server and return its tools as a saved `tools/list` has them.

    Args:
        words: the command and its arguments.
        timeout_s: for everything together.

    Raises:
        InputError: if it cannot be started, does not answer in time, or answers with something else.
    """
    name = shlex.join(words)
    try:
        process = subprocess.Popen(
            list(words), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8", errors="replace"
        )
    except OSError as error:
        raise InputError(f"cannot be started: {error.strerror or error}", file=name) from None
    try:
        return _Client(process, name, time.monotonic() + timeout_s).tools()
    finally:
        _stop(process)


def _stop(process: subprocess.Popen[str]) -> None:
    """Close the server's input, which tells it to end, and wait a moment before it is made to."""
    assert process.stdin is not None
    assert process.stdout is not None
    with suppress(OSError):  # what was not sent to a server that has gone
        process.stdin.close()
    try:
        process.wait(timeout=1)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    process.stdout.close()


class _Client:
    def __init__(self, process: subprocess.Popen[str], name: str, deadline: float) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process, self._name, self._deadline = process, name, deadline
        self._stdin = process.stdin
        self._lines: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=_read, args=(process.stdout, self._lines), daemon=True).start()
        self._count = 0

    def tools(self) -> dict[str, Any]:
        client = {"name": "gatling", "version": "1"}
        self._ask("initialize", {"protocolVersion": PROTOCOL, "capabilities": {}, "clientInfo": client})
        self._send({"jsonrpc": "2.0", "method": "notifications/initialized"})
        tools: list[Any] = []
        cursor: Any = None
        for _ in range(MAX_PAGES):
            result = self._ask("tools/list", {} if cursor is None else {"cursor": cursor})
            if not isinstance(result.get("tools"), list):
                raise InputError("tools/list has no list of tools", file=self._name)
            tools += result["tools"]
            cursor = result.get("nextCursor")
            if not cursor:
                return {"tools": tools}
        raise InputError(f"more than {MAX_PAGES} pages of tools", file=self._name)

    def _send(self, message: dict[str, Any]) -> None:
        try:
            self._stdin.write(json.dumps(message) + "\n")
            self._stdin.flush()
        except OSError:
            self._next(str(message.get("method")))  # what it said before it went tells more
            raise self._gone() from None

    def _ask(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        self._count += 1
        self._send({"jsonrpc": "2.0", "id": self._count, "method": method, "params": params})
        while True:
            message = self._next(method)
            if message.get("id") == self._count and "method" not in message:
                if isinstance(message.get("result"), dict):
                    result: dict[str, Any] = message["result"]
                    return result
                raise InputError(f"answers {method} with an error: {_said(message)}", file=self._name)
            if "method" in message and "id" in message:  # what a server asks of us
                answer = (
                    {"result": {}}
                    if message["method"] == "ping"
                    else {"error": {"code": -32601, "message": "not served"}}
                )
                self._send({"jsonrpc": "2.0", "id": message["id"], **answer})

    def _next(self, method: str) -> dict[str, Any]:
        while True:
            try:
                line = self._lines.get(timeout=max(0.0, self._deadline - time.monotonic()))
            except queue.Empty:
                raise InputError(f"did not answer {method} in time", file=self._name) from None
            if line is None:
                raise self._gone()
            if len(line) > MAX_LINE_CHARS:
                raise InputError(f"a message of more than {MAX_LINE_CHARS} characters", file=self._name)
            if line.strip():
                try:
                    message = decode_json(line)
                except InputError as error:
                    raise InputError(f"no MCP server on its standard output: {error.reason}", file=self._name) from None
                if isinstance(message, dict):
                    return message

    def _gone(self) -> InputError:
        try:
            status: Any = self._process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            status = "closed its output"
        return InputError(f"ended before it answered (status {status})", file=self._name)


def _said(message: dict[str, Any]) -> str:
    error = message.get("error")
    return str(error.get("message", error))[:200] if isinstance(error, dict) else "no result"


def _read(stream: IO[str], lines: queue.Queue[str | None]) -> None:
    """Pass on what the server writes, a line at a time, until it ends or is stopped."""
    try:
        while line := stream.readline(MAX_LINE_CHARS + 1):
            lines.put(line)
    except (OSError, ValueError):  # closed under our hands
        pass
    lines.put(None)
