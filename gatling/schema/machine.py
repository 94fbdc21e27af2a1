"""What each operating system answers in its own way: how much memory was used, and who holds a file."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


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
