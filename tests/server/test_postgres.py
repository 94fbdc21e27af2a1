"""Sessions and approvals that several servers share, in a real PostgreSQL server that is started here."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gatling.guard import Approvals
from gatling.guard.approval import TABLE
from gatling.guard.database import ConflictError, DatabaseError
from gatling.server import Service
from gatling.server.service import Request
from gatling.testing import FixedGuard
from tests.server.asgi import ANSWERS, service

pytestmark = pytest.mark.extra
psycopg = pytest.importorskip("psycopg", reason="the extra postgres is not installed")
PLACES = (*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True), Path("/usr/bin"), Path("/usr/local/bin"))


def _program(name: str) -> str | None:
    return next((str(place / name) for place in PLACES if (place / name).is_file()), shutil.which(name))


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server on a socket in a folder of its own; it refuses to run for root, so that root lends it to another user."""
    initdb, control = _program("initdb"), _program("pg_ctl")
    if initdb is None or control is None:
        pytest.skip(
            "NO POSTGRESQL SERVER IS INSTALLED (apt-get install postgresql): sessions in PostgreSQL are NOT tested"
        )
    folder = Path(tmp_path_factory.mktemp("pg"))
    data = folder / "data"
    user: list[str] = []
    if os.geteuid() == 0:
        user = ["runuser", "-u", "nobody", "--"]
        for parent in (folder, *folder.parents):
            if parent == Path("/tmp"):
                break
            parent.chmod(parent.stat().st_mode | 0o011)
        shutil.chown(folder, "nobody")

    def run(*words: str) -> None:
        done = subprocess.run([*user, *words], cwd="/", capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr

    run(initdb, "-D", str(data), "-A", "trust", "-U", "gatling", "--no-sync")
    flags = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off"
    run(control, "-D", str(data), "-o", flags, "-l", str(folder / "log"), "-w", "start")
    yield f"postgresql://gatling@/postgres?host={folder}"
    run(control, "-D", str(data), "-m", "immediate", "stop")


def fresh(address: str) -> str:
    with psycopg.connect(address, autocommit=True) as db:
        db.execute("DROP TABLE IF EXISTS sessions, entries, approvals")
    return address


def ask(asked: Service, name: str, data: Any = None, **params: str) -> tuple[int, Any]:
    reply = asked.answer(Request(name, params, b"" if data is None else json.dumps(data).encode()))
    return reply.status, reply.data


def test_servers_share_sessions_and_approvals(address: str, tmp_path: Path) -> None:
    guard = FixedGuard(ANSWERS)  # type: ignore[arg-type]
    here, there = (service(tmp_path / name, guard, database=fresh(address)) for name in ("here", "there"))
    assert (
        ask(here, "begin_session", {"role": "clerk", "id": "s1", "request": "Read.", "limits": {"calls": 4}})[0] == 201
    )
    assert ask(there, "begin_session", {"role": "clerk", "id": "s1"})[0] == 409
    email = {"tool_name": "send_email", "arguments": {"to": "ann"}}
    _, asked = ask(here, "judge_call", email, session="s1")
    assert asked["verdict"] == "escalate"
    [waiting] = ask(there, "list_approvals")[1]["approvals"]
    assert waiting["id"] == asked["pending"]
    word = {"answer": "approve", "by": "ann"}
    assert ask(there, "answer_approval", word, approval=waiting["id"])[1]["state"] == "approved"
    assert ask(here, "answer_approval", word, approval=waiting["id"])[0] == 409
    assert ask(there, "judge_call", email, session="s1")[1]["verdict"] == "allow"
    assert ask(here, "judge_call", email, session="s1")[1]["verdict"] == "escalate"
    for n, asked_of in enumerate((here, there, here)):
        got = ask(asked_of, "judge_call", {"tool_name": "read_file", "arguments": {"n": n}}, session="s1")[1]
        assert got["verdict"] == "allow"
    for asked_of in (here, there):  # the limit is that of the session, whoever was asked
        got = ask(asked_of, "judge_call", {"tool_name": "read_file", "arguments": {}}, session="s1")[1]
        assert got["reasons"][0]["code"] == "budget"
    assert [r["id"] for r in ask(there, "list_sessions")[1]["sessions"]] == ["s1"]
    assert ask(there, "delete_session", session="s1")[0] == 200
    assert ask(here, "judge_call", email, session="s1")[0] == 404
    here.close()
    there.close()


def test_two_servers_at_once_lose_nothing_and_count_once(address: str, tmp_path: Path) -> None:
    """The same session is asked by two servers at the same time: entries are in one order, and a limit of 20 lets 20 pass."""
    fresh(address)
    services = [service(tmp_path / str(n), FixedGuard(default="allow"), database=address) for n in range(2)]
    ask(services[0], "begin_session", {"role": "clerk", "id": "s1", "limits": {"calls": 20, "same_refused": None}})
    verdicts: list[str] = []

    def agent(asked: Service, name: str) -> None:
        for n in range(15):
            status, got = ask(
                asked, "judge_call", {"tool_name": "read_file", "arguments": {"n": f"{name}{n}"}}, session="s1"
            )
            assert status == 200, got
            verdicts.append(got["verdict"])
        asked.close()

    threads = [threading.Thread(target=agent, args=(asked, name)) for asked, name in zip(services, "ab", strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert (verdicts.count("allow"), len(verdicts)) == (20, 30)
    assert len(ask(services[0], "show_session", session="s1")[1]["entries"]) == 30
    for asked in services:
        asked.close()


def test_a_word_counts_once_for_all_who_ask_at_once(address: str) -> None:
    from gatling.server.postgres import Postgres

    fresh(address)
    shared = Approvals(Postgres(address, TABLE))
    for round_ in range(5):
        id = shared.ask(f"b{round_}", session="s", tool_name="t", arguments={}, reasons=())
        shared.approve(id, by="ann")
        taken: list[Any] = []
        at_once = threading.Barrier(4)

        def take(round_: int = round_, taken: list[Any] = taken, at_once: threading.Barrier = at_once) -> None:
            mine = Postgres(address, TABLE)
            at_once.wait(30)
            taken.append(Approvals(mine).take(f"b{round_}"))
            mine.close()

        threads = [threading.Thread(target=take) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert sum(word is not None for word in taken) == 1
    shared.close()


def test_transactions(address: str) -> None:
    from gatling.server.postgres import Postgres

    fresh(address)
    database = Postgres(address, TABLE)
    approvals = Approvals(database)
    id = approvals.ask("b", session="s", tool_name="t", arguments={"a": "it's 100 % \u00e9"}, reasons=("why?",))
    assert approvals.waiting()[0].arguments == {"a": "it's 100 % \u00e9"}

    def broken() -> None:
        with database.transaction() as db:
            db.execute("UPDATE approvals SET state = 'approved' WHERE id = ?", (id,))
            raise ValueError("not now")

    def twice() -> None:
        with database.transaction() as db:
            for _ in range(2):
                db.execute(
                    "INSERT INTO approvals (id, binding, session, tool_name, arguments, reasons, asked_at, until, state) "
                    "VALUES ('x', '', '', '', '', '', 0, 0, '')"
                )

    with pytest.raises(ValueError, match="not now"):
        broken()
    assert approvals.waiting()[0].id == id  # nothing of it counts
    with pytest.raises(ConflictError):
        twice()
    with pytest.raises(DatabaseError), database.transaction() as db:
        db.execute("SELECT * FROM nothing")
    assert [p.id for p in approvals.all()] == [id]
    database.close()


def test_a_lost_connection_denies_and_is_made_again(address: str, tmp_path: Path) -> None:
    asked = service(tmp_path, FixedGuard(ANSWERS), database=fresh(address))  # type: ignore[arg-type]
    ask(asked, "begin_session", {"role": "clerk", "id": "s1"})
    with psycopg.connect(address, autocommit=True) as db:
        db.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND usename = 'gatling'"
        )
    status, got = ask(asked, "judge_call", {"tool_name": "read_file", "arguments": {}}, session="s1")
    assert (status, got["may_run"]) == (503, False)
    assert ask(asked, "judge_call", {"tool_name": "read_file", "arguments": {}}, session="s1")[1]["verdict"] == "allow"
    asked.close()
    with pytest.raises(DatabaseError, match="PostgreSQL"):
        service(tmp_path, FixedGuard(), database="postgresql://gatling@/postgres?host=/nowhere")
