"""A person's word on one call: bound to it, counted once, kept in a file."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from gatling.cli import main
from gatling.energy import Code
from gatling.errors import ConfigError, InputError
from gatling.guard import ApprovalError, Approvals, Session
from gatling.testing import FixedGuard

PAY = {"to": "ann", "amount": 5}


def session(approvals: Approvals | None = None, **settings: Any) -> Session:
    guard = FixedGuard({"pay": "escalate", "mail": "escalate"}, default="allow", deadline_ms=None)
    return Session(guard, approvals=approvals, **{"policy": {"a": 1}, "role": "clerk", "id": "s1", **settings})


def test_a_word_counts_once_and_for_this_call_only(tmp_path: Path) -> None:
    approvals = Approvals(tmp_path / "a.db")
    held = session(approvals)
    waits = held.judge("pay", PAY)
    word = approvals.approve(waits.pending, by="ann")
    assert (word.by, word.until - word.at) == ("ann", 3_600)
    others = [
        held.judge("pay", {**PAY, "amount": 6}),
        held.judge("mail", PAY),
        session(approvals, id="s2").judge("pay", PAY),
        session(approvals, policy={"a": 2}).judge("pay", PAY),
        held.child("c").judge("pay", PAY),
    ]
    assert {d.verdict for d in others} == {"escalate"}
    assert len({d.pending for d in (*others, waits)}) == 6
    again = held.judge("pay", dict(reversed(PAY.items())))
    assert (again.verdict, again.approval) == ("allow", word)
    assert held.judge("pay", PAY).verdict == "escalate"


def test_words_and_waiting_calls_survive_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    first = Approvals(path)
    waits = session(first).judge("pay", PAY)
    first.close()
    second = Approvals(path)
    assert [p.id for p in second.waiting()] == [waits.pending]
    second.approve(waits.pending, by="ann")
    second.close()
    assert session(Approvals(path)).judge("pay", PAY).verdict == "allow"


def test_a_word_expires(tmp_path: Path) -> None:
    now = [1_000.0]
    approvals = Approvals(tmp_path / "a.db", minutes=10, clock=lambda: now[0])
    held = session(approvals)
    waits = held.judge("pay", PAY)
    approvals.approve(waits.pending, by="ann", minutes=1)
    now[0] += 61
    late = held.judge("pay", PAY)
    assert (late.verdict, late.pending != waits.pending) == ("escalate", True)
    now[0] += 601
    with pytest.raises(ApprovalError, match="waits no more, it is expired"):
        approvals.approve(late.pending, by="ann")
    assert [p.state for p in approvals.all()] == ["expired", "expired"]


def test_a_no_stands_and_nothing_is_decided_twice(tmp_path: Path) -> None:
    approvals = Approvals(tmp_path / "a.db")
    held = session(approvals)
    waits = held.judge("pay", PAY)
    approvals.refuse(waits.pending, by="bob")
    refused = [held.judge("pay", PAY) for _ in range(3)]
    assert {(d.verdict, d.reasons[0].code) for d in refused} == {("deny", Code.REFUSED)}
    for decide in (approvals.approve, approvals.refuse):
        with pytest.raises(ApprovalError, match="it is refused"):
            decide(waits.pending, by="ann")
    with pytest.raises(InputError, match="no call waits under the id"):
        approvals.approve("nothing", by="ann")
    with pytest.raises(InputError, match="say who decides"):
        approvals.approve(waits.pending, by=" ")
    for minutes in (0, -1, float("inf"), float("nan")):
        with pytest.raises(ConfigError):
            approvals.approve(waits.pending, by="ann", minutes=minutes)


def test_a_word_is_used_by_one_thread_only(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    approvals = Approvals(path)
    waits = session(approvals).judge("pay", PAY)
    approvals.approve(waits.pending, by="ann")
    verdicts: list[str] = []
    barrier = threading.Barrier(8)

    def ask(own: Approvals) -> None:
        held = session(own)
        barrier.wait()
        verdicts.append(held.judge("pay", PAY).verdict)

    threads = [threading.Thread(target=ask, args=(Approvals(path) if n % 2 else approvals,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(verdicts) == ["allow", *["escalate"] * 7]


def test_another_process_may_decide(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    approvals = Approvals(path)
    held = session(approvals)
    waits = held.judge("pay", PAY)
    command = [
        sys.executable,
        "-m",
        "gatling",
        "approvals",
        "approve",
        waits.pending,
        "--by",
        "ann",
        "--file",
        str(path),
    ]
    assert subprocess.run(command, check=False).returncode == 0
    assert held.judge("pay", PAY).verdict == "allow"


def test_a_file_that_cannot_be_used_denies(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    approvals = Approvals(path)
    held = session(approvals)
    assert held.judge("pay", PAY).verdict == "escalate"
    approvals.close()
    path.write_bytes(b"no database" * 100)
    decision = held.judge("pay", PAY)
    assert (decision.verdict, decision.reasons[0].code) == ("deny", Code.FAULT)
    assert held.judge("read", {}).verdict == "allow"  # needs nobody's word
    for broken in (path, tmp_path / "no" / "folder.db"):
        with pytest.raises(ApprovalError):
            Approvals(broken)


def test_what_is_kept_is_private_and_without_secrets(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    approvals = Approvals(path)
    session(approvals).judge("pay", {"password": "hunter2", "note": "API_KEY=k-4711", "to": "ann"})
    [pending] = approvals.waiting("s1")
    assert pending.arguments == {"password": "[secret]", "note": "API_KEY=[secret]", "to": "ann"}
    approvals.close()
    assert not [word for word in (b"hunter2", b"k-4711") if word in path.read_bytes()]
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATLING_STATE", str(tmp_path))
    assert main(["approvals", "list"]) == 2
    held = session(Approvals(tmp_path / "approvals.db"))
    first, second = held.judge("pay", PAY), held.judge("mail", {"to": "bob"})
    assert main(["approvals", "list"]) == 0
    assert first.pending in (out := capsys.readouterr().out)
    assert "pay" in out
    assert "because" in out
    assert main(["approvals", "refuse", second.pending, "--by", "ann"]) == 0
    assert main(["approvals", "approve", second.pending, "--by", "ann"]) == 1
    assert main(["approvals", "approve"]) == 2
    capsys.readouterr()
    assert main(["approvals", "list", "--all", "--json"]) == 0
    assert '"state": "refused", "by": "ann"' in capsys.readouterr().out


def test_a_damaged_row_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    approvals = Approvals(path)
    session(approvals).judge("pay", PAY)
    with sqlite3.connect(path) as db:
        db.execute("UPDATE approvals SET arguments = '{'")
    db.close()
    with pytest.raises(ApprovalError, match="damaged"):
        approvals.all()
