"""What each operating system answers in its own way, with the other system's module faked."""

from __future__ import annotations

import os
import sys
import threading
import time
import types
from pathlib import Path

import pytest

from gatling.schema.machine import locked


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
