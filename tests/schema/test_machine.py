"""What each operating system answers in its own way, with the other systems' modules faked."""

from __future__ import annotations

import os
import sys
import threading
import time
import types
from pathlib import Path

import pytest

from gatling.schema import machine
from gatling.schema.machine import held, locked, peak_memory, replace_file


def opened(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT)


def test_a_lock_waits_for_whoever_holds_it(tmp_path: Path) -> None:
    """Two descriptors of one file, as two processes have them."""
    first, second = opened(tmp_path / "lock"), opened(tmp_path / "lock")
    order: list[str] = []

    def other() -> None:
        with locked(second):
            order.append("second")

    with locked(first):
        thread = threading.Thread(target=other)
        thread.start()
        time.sleep(0.05)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]
    os.close(first)
    os.close(second)


def test_on_windows_the_first_byte_is_locked_and_let_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[int, str, int]] = []

    class Fake(types.ModuleType):
        LK_LOCK, LK_UNLCK = "lock", "unlock"

        @staticmethod
        def locking(descriptor: int, how: str, size: int) -> None:
            calls.append((os.lseek(descriptor, 0, os.SEEK_CUR), how, size))

    monkeypatch.setitem(sys.modules, "msvcrt", Fake("msvcrt"))
    monkeypatch.setattr(sys, "platform", "win32")
    descriptor = opened(tmp_path / "lock")
    os.write(descriptor, b"abc")

    def work() -> None:
        with locked(descriptor):
            os.lseek(descriptor, 2, os.SEEK_SET)
            raise KeyError

    with pytest.raises(KeyError):
        work()
    assert calls == [(0, "lock", 1), (0, "unlock", 1)]
    os.close(descriptor)


# --- files ------------------------------------------------------------------------------------------------------------


def test_a_file_takes_the_place_of_another(tmp_path: Path) -> None:
    (tmp_path / "part").write_text("new")
    (tmp_path / "file").write_text("old")
    replace_file(tmp_path / "part", tmp_path / "file")
    assert (tmp_path / "file").read_text() == "new"
    assert not (tmp_path / "part").exists()


@pytest.mark.parametrize(("platform", "num_tries"), [("linux", 1), ("darwin", 1), ("win32", 51)])
def test_windows_is_asked_again_while_somebody_reads_the_old_file(
    platform: str, num_tries: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[int] = []

    def refuse(part: object, path: object) -> None:
        tries.append(1)
        raise PermissionError(13, "used by another process")

    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(machine, "_BETWEEN_TRIES_S", 0.0)
    monkeypatch.setattr(machine.os, "replace", refuse)
    with pytest.raises(PermissionError):
        replace_file(tmp_path / "part", tmp_path / "file")
    assert len(tries) == num_tries


def test_on_windows_a_file_is_replaced_as_soon_as_nobody_reads_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace, tries = os.replace, []

    def busy_at_first(part: Path, path: Path) -> None:
        tries.append(1)
        if len(tries) < 4:
            raise PermissionError(13, "used by another process")
        replace(part, path)

    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(machine, "_BETWEEN_TRIES_S", 0.0)
    monkeypatch.setattr(machine.os, "replace", busy_at_first)
    (tmp_path / "part").write_text("new")
    replace_file(tmp_path / "part", tmp_path / "file")
    assert ((tmp_path / "file").read_text(), len(tries)) == ("new", 4)


# --- who holds a file -------------------------------------------------------------------------------------------------


def windows(monkeypatch: pytest.MonkeyPatch, *, is_held: bool) -> list[str]:
    """Let this be Windows, with a file that somebody else holds or nobody."""
    calls: list[str] = []

    class Fake(types.ModuleType):
        LK_NBLCK = "try"

        @staticmethod
        def locking(descriptor: int, how: str, size: int) -> None:
            calls.append(how)
            if is_held:
                raise PermissionError(13, "locked")

    monkeypatch.setitem(sys.modules, "msvcrt", Fake("msvcrt"))
    monkeypatch.setitem(sys.modules, "fcntl", None)
    monkeypatch.setattr(sys, "platform", "win32")
    return calls


def test_on_windows_a_lock_file_stays_and_is_let_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = windows(monkeypatch, is_held=False)
    with held(tmp_path / "lock"):
        assert calls == ["try"]
    assert (tmp_path / "lock").exists()  # an open file cannot be removed there


def test_on_windows_a_lock_of_another_process_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    windows(monkeypatch, is_held=True)
    with pytest.raises(BlockingIOError, match="is held by another process"), held(tmp_path / "lock"):
        raise AssertionError("it is not held")


def test_elsewhere_a_lock_file_goes_with_its_holder(tmp_path: Path) -> None:
    with (
        held(tmp_path / "lock"),
        pytest.raises(BlockingIOError, match="is held by another process"),
        held(tmp_path / "lock"),
    ):
        raise AssertionError("it is held twice")
    assert not (tmp_path / "lock").exists()


# --- memory -----------------------------------------------------------------------------------------------------------


class Usage:
    def __init__(self, peak: int) -> None:
        self.ru_maxrss = peak


@pytest.mark.parametrize(("platform", "unit"), [("linux", 1024), ("darwin", 1)])
def test_peak_memory_is_bytes_whatever_the_system_counts_in(
    platform: str, unit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = types.ModuleType("resource")
    fake.RUSAGE_SELF, fake.RUSAGE_CHILDREN = 0, -1  # type: ignore[attr-defined]
    fake.getrusage = lambda who: Usage(7 if who == 0 else 9)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "resource", fake)
    monkeypatch.setattr(sys, "platform", platform)
    assert peak_memory() == 7 * unit
    assert peak_memory(of_children=True) == 9 * unit


def test_peak_memory_is_not_known_on_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "resource", None)
    assert peak_memory() is None
