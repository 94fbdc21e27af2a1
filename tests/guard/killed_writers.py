"""Run by `test_log_killed.py`: writers that are killed at random moments, one after the other, on one log.

usage: killed_writers.py FOLDER COUNT SEED

Each writer asks a session before every call, and "runs" an allowed call by writing its number down. Forked from here, so that 200
of them take seconds.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from pathlib import Path

from gatling.guard import AuditLog, Session
from gatling.testing import FixedGuard


def work(folder: Path, writer: int, started: int) -> None:
    log = AuditLog(folder / "log", max_bytes=20_000)
    held = Session(FixedGuard(default="allow", deadline_ms=None), policy={}, role="r", id=f"w{writer}", log=log)
    ran = os.open(folder / "ran", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(ran, b"start\n")
    os.write(started, b"x")
    for n in range(100_000):
        decision = held.judge("read", {"n": n, "text": "x" * (n % 700)}, call_id=f"{writer}-{n}")
        if decision.is_allowed:
            os.write(ran, f"{writer}-{n}\n".encode())
            held.feed_result(decision.call_id, "")
        else:
            os.write(ran, f"denied {decision.reasons[0].found}\n".encode())


def main() -> None:
    folder, count, rng = Path(sys.argv[1]), int(sys.argv[2]), random.Random(int(sys.argv[3]))
    for writer in range(count):
        reads, started = os.pipe()
        child = os.fork()
        if not child:
            work(folder, writer, started)
            os._exit(0)
        if writer % 2:  # the others are killed while they open the log, too
            os.read(reads, 1)
        time.sleep(rng.uniform(0.0, 0.06))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(reads)
        os.close(started)


if __name__ == "__main__":
    main()
