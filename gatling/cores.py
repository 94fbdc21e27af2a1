"""How many processor cores there are to use, and by how many threads."""

from __future__ import annotations

import os


def num_cores() -> int:
    """Return how many cores this process may use, which can be fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def one_thread_a_process() -> None:
    """Let matrices be multiplied by one thread, here and in processes started from now on, unless the user says otherwise.

    The matrices of single calls are small: more threads wait for each other, on a busy machine four times as long as the work
    takes, and two processes with a thread for each core are slower than one. Has no effect where numpy is loaded already.
    """
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
        os.environ.setdefault(name, "1")
