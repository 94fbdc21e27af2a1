"""The client and its place on systems without Unix sockets, without an alarm, with files that are not replaced while read."""

from __future__ import annotations

import _socket
import os
import runpy
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from gatling.hook import client, place
from gatling.hook.client import HookError, ask
from gatling.hook.place import Place
from gatling.hook.resident import Reply


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client.sys, "platform", "win32")


def test_without_unix_sockets_a_port_is_used(run_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(_socket, "AF_UNIX")
    loaded = runpy.run_path(str(place.__file__))
    assert not loaded["HAS_UNIX_SOCKETS"]
    found = loaded["Place"](b"")
    assert found.uses_port
    assert found.socket.endswith(".port")


def test_a_resident_and_its_client_speak_over_a_port(
    resident: Any, run_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place, "HAS_UNIX_SOCKETS", False)
    monkeypatch.delattr(_socket, "AF_UNIX")
    found = Place(b"i")
    resident(found, lambda settings, event: Reply(0, b"answered"))
    parts = (b"event", b"i", b"", b"{}")
    assert ask(found, parts, time.monotonic() + 20.0, starts=None) == (0, b"answered", b"")


# --- the alarm --------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("windows")
def test_on_windows_a_thread_ends_what_waits_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    late = threading.Event()
    monkeypatch.setattr(client, "_late", late.set)
    client._set_alarm(0.02)
    assert late.wait(20.0)
    client._set_alarm(0)


@pytest.mark.usefixtures("windows")
def test_on_windows_an_alarm_is_taken_back(monkeypatch: pytest.MonkeyPatch) -> None:
    late = threading.Event()
    monkeypatch.setattr(client, "_late", late.set)
    client._set_alarm(0.2)
    client._set_alarm(0)
    assert not late.wait(0.4)


def test_the_alarm_ends_a_client_that_waits_for_its_event(run_folder: Path, tmp_path: Path) -> None:
    """With a thread in place of the signal, in a process of its own, whose stdin never ends."""
    code = (
        "import sys\n"
        "from gatling.hook import client\n"
        "sys.platform = 'win32'\n"
        "sys.exit(client.main(['--policy=p', '--role=r', '--timeout-s=0.1']))\n"
    )
    read, write = os.pipe()
    try:
        done = subprocess.run(
            [sys.executable, "-c", code], stdin=read, capture_output=True, timeout=60, cwd=tmp_path, check=False
        )
    finally:
        os.close(read)
        os.close(write)
    assert done.returncode == 2
    assert b"no answer in time, so the call may not run" in done.stderr


# --- files and processes ----------------------------------------------------------------------------------------------


class Busy:
    """A place whose file is being replaced, for a while or for ever."""

    errors = "/nowhere"

    def __init__(self, times: int) -> None:
        self.times = times

    def connect(self, timeout_s: float) -> Any:
        self.times -= 1
        if self.times >= 0:
            raise PermissionError(13, "used by another process")
        raise ConnectionRefusedError


@pytest.mark.usefixtures("windows")
def test_on_windows_a_file_that_is_being_replaced_is_read_again() -> None:
    busy: Any = Busy(3)
    with pytest.raises(HookError, match="no guard runs"):
        ask(busy, (b"event",), time.monotonic() + 20.0, starts=None)
    assert busy.times == -1
    with pytest.raises(HookError, match="did not answer in time"):
        ask(Busy(10**6), (b"event",), time.monotonic() + 0.1, starts=None)  # type: ignore[arg-type]


def test_elsewhere_a_socket_that_may_not_be_used_is_a_refusal() -> None:
    with pytest.raises(PermissionError):
        ask(Busy(1), (b"event",), time.monotonic() + 20.0, starts=None)  # type: ignore[arg-type]


@pytest.mark.parametrize(("platform", "flags"), [("win32", 0x208), ("linux", 0), ("darwin", 0)])
def test_a_resident_outlives_whoever_starts_it(
    platform: str, flags: int, run_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, Any] = {}
    found = Place(b"i")
    monkeypatch.setattr(subprocess, "Popen", lambda command, **settings: given.update(settings, command=command))
    monkeypatch.setattr(client.sys, "platform", platform)
    client._start(found, {"idle_minutes": "5"})
    assert given["command"][1:] == ["-m", "gatling.hook.resident", "--idle-minutes=5"]
    assert (given["start_new_session"], given["creationflags"], given["cwd"]) == (True, flags, found.folder)
