"""What one operating system has and another has not is asked for in few places, and each of them is tested with a fake.

The tests run on Linux; what they cannot show is that Windows and macOS behave as the fakes do.
"""

from __future__ import annotations

import ast
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatling.cores import num_cores
from gatling.guard import Approvals

PACKAGE = Path(__file__).parents[1] / "gatling"
ONE_SYSTEM = frozenset(
    "fcntl msvcrt resource pwd grp termios tty pty winreg _winapi syslog posix nt select.epoll".split()
)
"""Modules that are there on some systems only."""
ATTRIBUTES = frozenset(
    "os.fork os.getuid os.geteuid os.getgid os.setsid os.killpg os.getpgid os.chown os.pread os.pwrite os.mkfifo "
    "os.nice "
    "os.sched_getaffinity os.sched_setaffinity os.getloadavg os.sysconf os.uname os.wait os.waitpid os.register_at_fork "
    "socket.AF_UNIX _socket.AF_UNIX signal.SIGALRM signal.SIGKILL signal.SIGHUP signal.SIGUSR1 signal.pause signal.setitimer "
    "_signal.SIGALRM _signal.setitimer sys.platform os.name os.O_BINARY os.O_NOFOLLOW os.O_CLOEXEC os.replace os.rename".split()
)
TESTED = {
    "cores.py": "tests/test_platforms.py",  # falls back, below
    "guard/database.py": "tests/test_platforms.py",
    "guard/log/writer.py": "tests/guard/test_log.py",
    "guard/stop.py": "tests/guard/test_stop.py",
    "hook/client.py": "tests/hook/test_platforms.py",
    "hook/place.py": "tests/hook/test_platforms.py",
    "hook/resident.py": "tests/hook/test_platforms.py",
    "schema/machine.py": "tests/schema/test_machine.py",
    "server/access.py": "tests/server/test_app.py",
}
"""The files that ask, by the test that fakes the answer."""


def asked(tree: ast.AST) -> Iterator[str]:
    """Yield what a file asks of its operating system."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (a.name for a in node.names if a.name in ONE_SYSTEM)
        elif isinstance(node, ast.ImportFrom) and node.module in ONE_SYSTEM:
            yield str(node.module)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            name = f"{node.value.id}.{node.attr}"
            if name in ATTRIBUTES:
                yield name
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("hasattr", "getattr"):
            owner, attribute = node.args[:2]
            if isinstance(owner, ast.Name) and isinstance(attribute, ast.Constant):
                name = f"{owner.id}.{attribute.value}"
                if name in ATTRIBUTES:
                    yield name


@pytest.mark.skipif(not PACKAGE.is_dir(), reason="the sources are elsewhere")
def test_every_file_that_asks_has_a_test_with_a_fake() -> None:
    found = {
        path.relative_to(PACKAGE).as_posix(): sorted(set(asked(ast.parse(path.read_text(encoding="utf-8")))))
        for path in PACKAGE.rglob("*.py")
    }
    asking = {name for name, calls in found.items() if calls}
    assert asking == set(TESTED), {name: found[name] for name in asking ^ set(TESTED) if name in found}
    for test in TESTED.values():
        assert (PACKAGE.parent / test).is_file()


def test_the_sieve_finds_what_it_looks_for() -> None:
    code = "import fcntl, os\nfrom pwd import getpwnam\nos.fork()\nhasattr(os, 'pread')\nx.fork\nos.path\n"
    assert sorted(asked(ast.parse(code))) == ["fcntl", "os.fork", "os.pread", "pwd"]


LIKE_WINDOWS = """
import os, sys, signal, socket, types, _socket
# These know their system already.
import concurrent.futures, sqlite3, subprocess, tempfile, threading, asyncio, numpy, pydantic, sysconfig, yaml
sysconfig.get_config_vars()
for name in ("fcntl", "resource", "pwd", "grp", "termios"):
    sys.modules[name] = None
for owner, names in (
    (os, "fork getuid geteuid getgid pread pwrite sched_getaffinity getloadavg register_at_fork O_CLOEXEC uname"),
    (signal, "SIGALRM SIGKILL SIGHUP setitimer pause"),
    (socket, "AF_UNIX"),
    (_socket, "AF_UNIX"),
):
    for name in names.split():
        if hasattr(owner, name):
            delattr(owner, name)
sys.modules["msvcrt"] = types.ModuleType("msvcrt")
sys.modules["msvcrt"].LK_LOCK = sys.modules["msvcrt"].LK_NBLCK = sys.modules["msvcrt"].LK_UNLCK = 0
locked = []
sys.modules["msvcrt"].locking = lambda descriptor, how, size: locked.append(descriptor)
sys.platform = "win32"
"""
AN_AGENT = """
from gatling.guard import Approvals, AuditLog, Session, StopSwitch
from gatling.guard.log.verify import verify
from gatling.cores import num_cores
from gatling.schema.machine import peak_memory
from gatling.testing import FixedGuard

assert num_cores() >= 1
assert peak_memory() is None
guard = FixedGuard({"read": "allow", "pay": "escalate"}, deadline_ms=20_000)
log = AuditLog("log")
session = Session(
    guard, policy={}, role="r", log=log, approvals=Approvals("approvals.db"), stops=StopSwitch("stops"), id="s"
)
session.feed_user("Read it.")
assert session.judge("read", {"path": "a"}, call_id="c1").verdict == "allow"
session.feed_result("c1", "text")
waits = session.judge("pay", {"amount": 1}, call_id="c2")
session.approvals.approve(waits.pending, by="ann")
assert session.judge("pay", {"amount": 1}, call_id="c3").verdict == "allow"
session.stop(by="ann")
assert session.judge("read", {"path": "b"}, call_id="c4").verdict == "deny"
log.close()
from pathlib import Path
assert locked
print("entries", verify(Path("log"), log.key).num_entries)
"""


def test_an_agent_runs_where_only_what_all_systems_have_is_there(tmp_path: Path) -> None:
    """Not the other system itself: its modules are missing, its files and its threads behave as here."""
    done = subprocess.run(
        [sys.executable, "-c", LIKE_WINDOWS + AN_AGENT],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "entries 4\n"


def test_pending_approvals_are_private_where_modes_are_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for platform, mode in (("linux", 0o600), ("darwin", 0o600), ("win32", None)):
        monkeypatch.setattr(sys, "platform", platform)
        path = tmp_path / platform / "approvals.db"
        path.parent.mkdir()
        path.touch(0o640)
        path.chmod(0o640)
        Approvals(path).waiting()
        assert stat.S_IMODE(path.stat().st_mode) == (mode or 0o640)


def test_cores_are_counted_where_nobody_says_which_may_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    for count, wanted in ((6, 6), (None, 1)):
        monkeypatch.setattr(os, "cpu_count", lambda count=count: count)
        assert num_cores() == wanted
