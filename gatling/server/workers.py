"""Who can judge for a `Pool`: a process of its own, or this one."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from contextlib import suppress

from gatling.hook.wire import WireError, pack, read
from gatling.server.pool import Answered, WorkerError
from gatling.server.service import Request, Service
from gatling.server.settings import Settings
from gatling.server.worker import READY, packed


class ProcessWorker:
    """A process that holds a guard of its own: judging is bound by the processor, and threads of one process share one."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None
        self._replies: io.BufferedReader | None = None

    @property
    def is_alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start the process, and wait until its guard is loaded. Raises: WorkerError with the process's own sentence."""
        self.kill()
        self.close()
        command = [sys.executable, "-P", "-m", "gatling.server.worker"]
        try:
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
            assert isinstance(self._process.stdout, io.FileIO)
            self._replies = io.BufferedReader(self._process.stdout)  # most replies come in one piece
            [state, *why] = self._asked((self._settings.to_json().encode(),))
        except OSError as error:
            raise WorkerError(f"no process could be started: {error}") from None
        if state != READY:
            self.close()
            raise WorkerError(b"".join(why).decode(errors="replace") or "the process that judges could not start")

    def ask(self, name: str, params: dict[str, str], body: bytes) -> Answered:
        """Raises: WorkerError if the process has ended."""
        status, data = self._asked((name.encode(), json.dumps(params).encode(), body))
        return Answered(int(status), data)

    def kill(self) -> None:
        process = self._process
        if process is not None:
            process.kill()

    def close(self) -> None:
        process = self._process
        if process is not None and process.stdin is not None and self._replies is not None:
            with suppress(OSError):
                process.stdin.close()
            try:
                process.wait(timeout=5.0)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            self._replies.close()
            self._process = self._replies = None

    def _asked(self, parts: tuple[bytes, ...]) -> tuple[bytes, ...]:
        process, replies = self._process, self._replies
        if process is None or process.stdin is None or replies is None:
            raise WorkerError("there is no process")
        try:
            view = memoryview(pack(parts))
            while view:
                view = view[process.stdin.write(view) :]
            return read(replies.read)
        except (OSError, ValueError, WireError) as error:
            raise WorkerError(f"the process {process.pid} has ended: {error}") from None


class ThreadWorker:
    """This process, for tests and for applications that hold the server inside of them.

    What it is asked cannot be ended.
    """

    def __init__(self, service: Service) -> None:
        self._service = service

    @property
    def is_alive(self) -> bool:
        return True

    def start(self) -> None:
        pass

    def ask(self, name: str, params: dict[str, str], body: bytes) -> Answered:
        status, data = packed(self._service.answer(Request(name, params, body)))
        return Answered(int(status), data)

    def kill(self) -> None:
        pass

    def close(self) -> None:
        pass
