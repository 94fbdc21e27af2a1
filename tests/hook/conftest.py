"""A resident process of this test's own: a thread that answers at a place in a folder that nobody else uses."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gatling.hook.client import identity_of
from gatling.hook.place import Place
from gatling.hook.resident import Answer, Resident

Client = Callable[..., "subprocess.CompletedProcess[bytes]"]


@pytest.fixture
def run_folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="gatling-test-"))  # short: a socket's path is
    monkeypatch.setenv("GATLING_RUN", str(folder / "run"))
    monkeypatch.setenv("GATLING_STATE", str(folder / "state"))
    monkeypatch.delenv("GATLING_PORT", raising=False)
    yield folder / "run"
    shutil.rmtree(folder)


@pytest.fixture
def place(run_folder: Path) -> Place:
    return Place(identity_of("", is_lenient=False))


@pytest.fixture
def resident() -> Iterator[Callable[..., Resident]]:
    """Serve answers at a place until the test ends."""
    served: list[tuple[Resident, threading.Thread]] = []

    def serve(place: Place, answer: Answer) -> Resident:
        found = Resident(place, answer, idle_minutes=5)
        thread = threading.Thread(target=found.serve, daemon=True)
        thread.start()
        while not os.path.exists(place.socket):
            time.sleep(0.005)
        served.append((found, thread))
        return found

    yield serve
    for found, thread in served:
        found._ends.set()
        thread.join(10)
        assert not thread.is_alive()


@pytest.fixture
def client(tmp_path: Path) -> Client:
    """Run `gatling hook` as Claude Code does."""
    policy = tmp_path / "policy.yaml"
    policy.write_text("allowed_operations: [Read, Bash]\n")

    def call(data: bytes | None, *flags: str, **settings: object) -> subprocess.CompletedProcess[bytes]:
        command = [sys.executable, "-m", "gatling", "hook", f"--policy={policy}", "--role=developer", *flags]
        return subprocess.run(command, input=data, capture_output=True, timeout=60, **settings)  # type: ignore[call-overload,no-any-return]

    return call
