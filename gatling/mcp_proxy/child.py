"""A server that is a child process, and speaks over its stdin and stdout."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from typing import IO

from gatling.errors import ConfigError
from gatling.mcp_proxy.ends import Note, Sink, pump, stream_sink
from gatling.mcp_proxy.proxy import Message

END_S = 5.0
"""So long a server may take to end after its input has ended."""


class Child:
    """Starts a server; what it writes to stderr goes where ours goes. Raises: ConfigError if it cannot be started."""

    def __init__(self, command: Sequence[str]) -> None:
        try:
            self._process = subprocess.Popen(list(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        except OSError as error:
            raise ConfigError(f"{command[0]}: {error.strerror or error}") from None
        self._send = stream_sink(_pipe(self._process.stdin))

    def begin(self, take: Sink, note: Note) -> None:
        self._take, self._note = take, note

    def send(self, message: Message) -> None:
        self._send(message)

    def run(self) -> None:
        descriptor = _pipe(self._process.stdout).fileno()
        pump(lambda size: os.read(descriptor, size), "server", self._take, self._note)

    def close(self) -> None:
        """End the server: its input first, then by signals."""
        with suppress(OSError, ValueError):
            _pipe(self._process.stdin).close()
        for ask in (self._process.terminate, self._process.kill):
            try:
                self._process.wait(END_S)
            except subprocess.TimeoutExpired:
                ask()
        self._process.wait()

    @property
    def outcome(self) -> str:
        return f"the server has ended with status {self._process.returncode}"


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None
    return stream
