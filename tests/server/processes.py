"""A server in processes of its own, as a user starts it, and a client that speaks HTTP over a socket."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

POLICY = "allowed_operations: [read_file, search]\nforbidden_operations: [delete_file]\n"
START_S = 90.0
DEADLINE_MS = 20_000
"""A busy machine is not what is tested."""
PERSON = "people-0123456789abcdef"


class Server:
    """`gatling serve` on a free port."""

    def __init__(
        self, folder: Path, *flags: str, workers: int = 1, wait: bool = True, env: dict[str, str] | None = None
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        policy = folder / "policy.yaml"
        if not policy.exists():
            policy.write_text(POLICY)
        self.log = folder / "audit"
        command = [
            sys.executable,
            "-m",
            "gatling",
            "serve",
            "--policy",
            str(policy),
            "--port",
            "0",
            "--log",
            str(self.log),
        ]
        command += [
            "--state",
            str(folder / "state"),
            "--workers",
            str(workers),
            "--deadline-ms",
            str(DEADLINE_MS),
            "--approver-token-env",
            "PERSON",
            *flags,
        ]
        environment = {**os.environ, "PERSON": PERSON, **(env or {})}
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
        self.said: list[str] = []
        self._clients: list[HTTPConnection] = []
        self._is_heard = threading.Event()
        self.port = 0
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        if wait:
            assert self._is_heard.wait(START_S), self.said
            assert self.port, self.said

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.said.append(line.rstrip())
            if found := re.search(r"serving at http://127\.0\.0\.1:(\d+)", line):
                self.port = int(found.group(1))
                self._is_heard.set()
        self._is_heard.set()

    def client(self) -> HTTPConnection:
        """Return a client, which is closed when the server ends."""
        self._clients.append(HTTPConnection("127.0.0.1", self.port, timeout=60))
        return self._clients[-1]

    def ask(self, method: str, path: str, data: Any = None, client: HTTPConnection | None = None) -> tuple[int, Any]:
        if client is not None:
            return ask(client, method, path, data)
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=60)) as once:
            return ask(once, method, path, data)

    def workers(self) -> list[int]:
        """Return the processes that judge."""
        found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(self.process.pid)], capture_output=True, text=True)
        return [int(word) for word in found.stdout.split()]

    def end(self, sig: int | None = signal.SIGTERM) -> int:
        """Send a signal, and return the exit status; None where it ends by itself."""
        if sig is not None:
            self.process.send_signal(sig)
        status = self.process.wait(START_S)
        for client in self._clients:
            client.close()
        self._reader.join(10)
        assert self.process.stderr is not None
        self.process.stderr.close()
        return status


def ask(client: HTTPConnection, method: str, path: str, data: Any = None, **headers: str) -> tuple[int, Any]:
    """Ask over a connection. Raises: OSError, HTTPException where the server goes."""
    body = None if data is None else json.dumps(data)
    client.request(method, path, body, {"content-type": "application/json", **headers})
    answer = client.getresponse()
    return answer.status, json.loads(answer.read())


def refuses_connections(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError:
        return True
    return False


def gone(pid: int, within_s: float = 20.0) -> bool:
    """Whether a process ends by itself."""
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        if (
            Path(f"/proc/{pid}/stat").is_file()
            and Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
        ):
            return True
        time.sleep(0.05)
    return False


LOST = (OSError, HTTPException)
"""What a client sees of a server that goes."""
