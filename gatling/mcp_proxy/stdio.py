"""A server that is a child process: it is started, what passes to and from it goes through the proxy, and it is ended."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import IO, Any

from gatling.errors import ConfigError, InputError
from gatling.mcp_proxy.lines import line_of, lines, message_of
from gatling.mcp_proxy.proxy import Message, Proxy, Sent, Side, error_of

END_S = 5.0
"""So long a server may take to end after its input has ended."""


def start(command: Sequence[str]) -> subprocess.Popen[bytes]:
    """Start a server; what it writes to stderr goes where ours goes. Raises: ConfigError."""
    try:
        return subprocess.Popen(list(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    except OSError as error:
        raise ConfigError(f"{command[0]}: {error.strerror or error}") from None


def end(server: subprocess.Popen[bytes]) -> None:
    """End a server: its input first, then by signals."""
    with suppress(OSError, ValueError):
        _pipe(server.stdin).close()
    for ask in (server.terminate, server.kill):
        try:
            server.wait(END_S)
        except subprocess.TimeoutExpired:
            ask()
    server.wait()


class _Ends:
    """The two ends that messages are written to; one message at a time."""

    def __init__(self, client: IO[bytes], server: IO[bytes]) -> None:
        self._streams: dict[Side, IO[bytes]] = {"client": client, "server": server}
        self._locks: dict[Side, threading.Lock] = {"client": threading.Lock(), "server": threading.Lock()}

    def send(self, sent: Sent) -> None:
        """Raises: OSError, ValueError if an end is closed; InputError for what is no JSON."""
        for side, message in sent:
            data = line_of(message)
            with self._locks[side]:
                self._streams[side].write(data)
                self._streams[side].flush()


def serve(
    proxy: Proxy, command: Sequence[str], *, note: Callable[[str], None], client_in: IO[bytes] | None = None
) -> int:
    """Stand between this process's stdin and stdout and a server, until either ends; return 0, or 1 if the server has failed.

    Raises:
        ConfigError: if the server cannot be started.
    """
    server = start(command)
    ends = _Ends(sys.stdout.buffer, _pipe(server.stdin))
    ended_by_client = threading.Event()

    def read_client() -> None:
        try:
            # Not `sys.stdin`: a thread that waits in it when the process ends makes Python abort.
            _pump(lambda size: os.read(0, size), "client", proxy.of_client, ends, note)
        finally:
            ended_by_client.set()
            end(server)

    reader = threading.Thread(target=read_client, daemon=True)
    reader.start()
    try:
        _pump(_read_of(server), "server", proxy.of_server, ends, note)
        with suppress(OSError, ValueError):
            ends.send([("client", answer) for answer in proxy.unanswered("the server has ended")])
    finally:
        end(server)
    if ended_by_client.is_set():
        return 0
    note(f"the server has ended with status {server.returncode}")
    return 1


def _pump(
    read: Callable[[int], bytes],
    side: Side,
    take: Callable[[Message], Sent],
    ends: _Ends,
    note: Callable[[str], None],
) -> None:
    """Hand on messages until the stream ends, or holds a line that is too long, or the other end is closed."""
    try:
        for line in lines(read):
            try:
                message = message_of(line)
            except InputError as error:
                note(f"dropped a line of the {side}: {error}")
                if side == "client":
                    ends.send([("client", error_of(None, -32700, f"not taken: {error}"))])
                continue
            try:
                ends.send(take(message))
            except InputError as error:  # what was read cannot be written: a key that stands twice in what nobody reads
                note(f"dropped a message of the {side}: {error}")
                if "id" in message and side == "client" and "method" in message:
                    ends.send([("client", error_of(message["id"], -32600, f"not taken: {error}"))])
                elif "id" in message and side == "server" and "method" not in message:
                    ends.send(
                        [("client", error_of(message["id"], -32603, f"what the server answered is withheld: {error}"))]
                    )
    except InputError as error:
        note(f"closed the connection: the {side} sent {error}")
    except (OSError, ValueError):  # the other end has gone
        pass


def listed_tools(command: Sequence[str], *, timeout_s: float) -> list[dict[str, Any]]:
    """Start a server and return all that it says of its tools. Raises: ConfigError, InputError."""
    server = start(command)
    late = threading.Timer(timeout_s, server.kill)
    late.start()
    try:
        answers = lines(_read_of(server))

        def ask(id: int, method: str, params: Message) -> Message:
            _tell(server, {"jsonrpc": "2.0", "id": id, "method": method, "params": params})
            for line in answers:
                with suppress(InputError):
                    message = message_of(line)
                    if message.get("id") == id and "method" not in message:
                        result = message.get("result")
                        if not isinstance(result, dict):
                            raise ConfigError(f"the server answers {method} with an error: {message.get('error')}")
                        return result
            raise ConfigError(f"the server ended, or did not answer {method} in {timeout_s:g} s")

        client = {"name": "gatling", "version": "1"}
        ask(1, "initialize", {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client})
        _tell(server, {"jsonrpc": "2.0", "method": "notifications/initialized"})
        tools: list[dict[str, Any]] = []
        cursor: Any = None
        for id in range(2, 1_000):
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
        late.cancel()
        end(server)


def _tell(server: subprocess.Popen[bytes], message: Message) -> None:
    try:
        _pipe(server.stdin).write(line_of(message))
        _pipe(server.stdin).flush()
    except OSError as error:
        raise ConfigError(f"the server has ended: {error.strerror or error}") from None


def _read_of(server: subprocess.Popen[bytes]) -> Callable[[int], bytes]:
    descriptor = _pipe(server.stdout).fileno()
    return lambda size: os.read(descriptor, size)


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None
    return stream
