"""Policies and models that follow their files."""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from typing import Any

import pytest

from gatling.energy import Code
from gatling.energy.audit import PlanAuditor
from gatling.errors import InputError
from gatling.guard import Guard, LiveGuard, PolicyFile, Session
from gatling.testing import FixedGuard
from tests.energy.critics import auditor, made_up_calibration, made_up_critics


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def policy_file(path: Path, **settings: Any) -> tuple[PolicyFile, Clock]:
    clock = Clock()
    return PolicyFile(path, clock=clock, **settings), clock


def test_a_new_file_counts_when_it_has_come_to_rest(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text("allowed_operations: [read_file]\n")
    policy, clock = policy_file(path)
    held = Session(Guard(auditor(line=1e9), deadline_ms=None), policy=policy, role="clerk")
    before = held.judge("read_file", {})
    assert before.verdict == "allow"
    assert held.judge("pay", {}).verdict == "deny"
    path.write_text("allowed_operations: [read_file, pay]\n")
    assert held.judge("pay", {"n": 1}).verdict == "deny"  # not at rest
    clock.now = 0.19
    assert held.judge("pay", {"n": 2}).verdict == "deny"
    path.write_text("allowed_operations: [read_file, pay, wipe]\n")  # and again
    clock.now = 0.3
    assert held.judge("pay", {"n": 3}).verdict == "deny"
    clock.now = 0.51
    after = held.judge("pay", {"n": 4})
    assert after.verdict == "allow"
    assert before.policy_digest != after.policy_digest


@pytest.mark.parametrize(
    "text", ["allowed_operations: [", "forbiden_operations: [x]\n", None], ids=["broken", "strict", "gone"]
)
def test_a_broken_file_keeps_the_old_one_and_says_so(
    tmp_path: Path, text: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text("allowed_operations: [read_file]\n")
    said: list[tuple[str, str]] = []
    policy, clock = policy_file(path, on_change=lambda *what: said.append(what))
    strict = PlanAuditor(made_up_critics(), made_up_calibration(line=1e9), is_strict_policy=True)
    held = Session(Guard(strict, deadline_ms=None), policy=policy, role="clerk")
    path.unlink() if text is None else path.write_text(text)
    with caplog.at_level(logging.WARNING, "gatling"):
        for clock.now in (1.0, 2.0, 3.0, 4.0):
            assert held.judge("read_file", {"n": clock.now}).verdict == "allow"
    assert held.judge("pay", {}).verdict == "deny"
    assert policy.fault
    assert "the one before stays" in caplog.text
    assert len(said) >= 1
    assert said[-1] == (str(path), policy.fault)
    path.write_text("allowed_operations: [pay]\n")
    held.judge("pay", {"n": 1})
    clock.now = 5.0
    assert held.judge("pay", {"n": 2}).verdict == "allow"
    assert policy.fault == ""


def test_a_file_that_cannot_be_read_at_the_start_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        PolicyFile(tmp_path / "gone.yaml")


def test_an_approval_does_not_survive_a_change_of_policy(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text("allowed_operations: [pay]\n")
    policy, _ = policy_file(path)
    held = Session(FixedGuard(default="escalate", deadline_ms=None), policy=policy, role="clerk")
    first = held.judge("pay", {})
    held.approvals.approve(first.pending, by="ann")
    path.write_text("allowed_operations: [pay, read]\n")
    assert policy.reload()
    second = held.judge("pay", {})
    assert (second.verdict, second.pending != first.pending) == ("escalate", True)


def test_every_decision_under_load_is_bound_to_one_policy(tmp_path: Path) -> None:
    """Two policies that allow one tool each: no decision mixes them."""
    path = tmp_path / "policy.yaml"
    texts = ["allowed_operations: [a]\n", "allowed_operations: [b]\n"]
    path.write_text(texts[0])
    policy = PolicyFile(path, settle_s=0.0)
    guard = Guard(auditor(line=1e9), deadline_ms=None)
    seen: list[tuple[str, str, str]] = []
    done = threading.Event()

    def ask(number: int) -> None:
        held = Session(guard, policy=policy, role="r")
        for n in range(60):
            for tool in "ab":
                decision = held.judge(tool, {"n": n})
                seen.append((decision.policy_digest, tool, decision.verdict))
                if decision.is_allowed:
                    held.feed_result(decision.call_id, "")

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(4)]

    def change() -> None:
        n = 0
        while not done.is_set():
            n += 1
            part = tmp_path / "part"
            part.write_text(texts[n % 2])
            part.replace(path)
            done.wait(0.005)

    changing = threading.Thread(target=change)
    changing.start()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done.set()
    changing.join()
    allowed = {(digest, tool) for digest, tool, verdict in seen if verdict == "allow"}
    denied = {(digest, tool) for digest, tool, verdict in seen if verdict == "deny"}
    assert len(seen) == 480
    assert len({digest for digest, *_ in seen}) == 2
    assert len(allowed) == len(denied) == 2
    assert not allowed & denied


def test_a_model_follows_its_folder_and_a_broken_one_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    guards: list[Any] = [
        FixedGuard(default="allow", deadline_ms=None),
        FixedGuard(default="deny", deadline_ms=None),
        InputError("damaged", file="critics.json"),
        FixedGuard(default="escalate", deadline_ms=None),
    ]

    def load(path: Any, **settings: Any) -> Any:
        made = guards.pop(0)
        if isinstance(made, Exception):
            raise made
        return made

    monkeypatch.setattr(Guard, "from_pretrained", load)
    weights = tmp_path / "critics.json"
    weights.write_text("1")
    clock = Clock()
    changed = threading.Event()
    live = LiveGuard(tmp_path, clock=clock, on_change=lambda *_: changed.set())
    held = Session(live, policy={}, role="r")
    verdicts = []
    for text in ("1", "22", "333", "4444"):
        if text != "1":
            weights.write_text(text)
        held.judge("x", {"seen": text})
        clock.now += 1
        held.judge("x", {"due": text})
        if text != "1":
            assert changed.wait(5)
            changed.clear()
        verdicts.append((held.judge("x", {"text": text}).verdict, bool(live.fault)))
    assert verdicts == [("allow", False), ("deny", False), ("deny", True), ("escalate", False)]
    assert held.judge("x", {"f": 1}).reasons[0].code != Code.FAULT
