"""What each operating system answers in its own way: how much memory was used, and who holds a file."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_TRIES = 50
_BETWEEN_TRIES_S = 0.02


def peak_memory(*, of_children: bool = False) -> int | None:
    """Return the largest resident size so far, in bytes; None where the system does not say.

    Args:
        of_children: of the largest child process that has ended, in place of this process.
    """
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_CHILDREN if of_children else resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def replace_file(part: str | Path, path: str | Path) -> None:
    """Put a finished file in the place of another one, at once for whoever reads.

    Windows refuses that while anybody has the old file open, so there it is tried for a second.

    Raises:
        OSError: if it cannot be done; the part is still there.
    """
    for _ in range(_TRIES if sys.platform == "win32" else 0):
        try:
            os.replace(part, path)
        except PermissionError:
            time.sleep(_BETWEEN_TRIES_S)
        else:
            return
    os.replace(part, path)


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Hold a lock file while the block runs; it goes when the block or the process ends.

    Raises:
        BlockingIOError: if another process holds it.
    """
    with path.open("a") as stream:
        try:
            _lock(stream.fileno())
        except OSError:
            raise BlockingIOError(f"{path} is held by another process") from None
        try:
            yield
        finally:
            if sys.platform != "win32":  # an open file cannot go there; an empty one stays
                path.unlink(missing_ok=True)


@contextmanager
def locked(descriptor: int) -> Iterator[None]:
    """Hold an open file, which all who want it open for themselves, until the block ends; wait for whoever holds it.

    Raises:
        OSError: if it cannot be had; on Windows also after ten seconds of waiting.
    """
    if sys.platform == "win32":
        import msvcrt

        os.lseek(descriptor, 0, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)
        try:
            yield
        finally:
            os.lseek(descriptor, 0, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(descriptor, fcntl.LOCK_UN)


def _lock(descriptor: int) -> None:
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
