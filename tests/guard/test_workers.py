"""What takes long takes it from nobody else: budgets, lanes, and work that ends when nobody waits for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from gatling.energy.audit import PlanAuditor
from gatling.errors import ConfigError, DeadlineError
from gatling.guard import Guard
from gatling.guard.workers import NUM_LARGE, SMALL_VALUES, Workers
from gatling.schema.budget import Budget, check, checked, preparing, spending
from gatling.schema.sizes import Size
from tests import hostile
from tests.energy.critics import auditor

SMALL, LARGE = Size(10, 100), Size(SMALL_VALUES + 1, 100)


def busy(seconds: float, *, is_checked: bool = True) -> None:
    """Work for some processor time of this thread."""
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        if is_checked:
            check()


# --- budgets ----------------------------------------------------------------------------------------------------------


def test_without_a_budget_nothing_is_checked() -> None:
    busy(0.01)
    assert list(checked(range(3))) == [0, 1, 2]


def test_processor_time_is_counted_and_waiting_is_not() -> None:
    with spending(Budget(work_s=0.05)):
        time.sleep(0.1)
        check()
        with pytest.raises(DeadlineError, match="no decision within 50 ms of processor time"):
            busy(5.0)
        with pytest.raises(DeadlineError):  # once over, always over
            check()
    check()


def test_time_on_the_wall_is_counted_from_the_start() -> None:
    budget = Budget(wait_s=0.03)
    time.sleep(0.04)
    with spending(budget), pytest.raises(DeadlineError, match="no decision within 30 ms"):
        check()


def test_what_is_cancelled_ends_at_its_next_check() -> None:
    budget = Budget(wait_s=60.0)
    with spending(budget):
        check()
        budget.cancel()
        with pytest.raises(DeadlineError):
            check()


def test_what_is_made_once_is_not_the_time_of_who_comes_first() -> None:
    budget = Budget(wait_s=20.0, work_s=0.02)
    with spending(budget):
        with preparing("reading the policy", work_s=5.0):
            assert budget.is_preparing
            budget.cancel()  # nobody waits, and it is made all the same
            busy(0.1)
        assert not budget.is_preparing
        assert 10.0 < (budget.left_s or 0.0) <= 20.0
        time.sleep(0.002)
        with pytest.raises(DeadlineError):
            check()


def test_what_is_made_once_has_a_bound_of_its_own() -> None:
    with (
        spending(Budget(wait_s=60.0)),
        pytest.raises(DeadlineError, match=r"reading the policy takes more than 0\.02 s"),
        preparing("reading the policy", work_s=0.02),
    ):
        busy(5.0)


# --- workers ----------------------------------------------------------------------------------------------------------


def test_work_ends_when_its_caller_has_gone() -> None:
    ended = threading.Event()

    def work() -> None:
        try:
            busy(30.0)
        finally:
            ended.set()

    with pytest.raises(DeadlineError, match="40 ms"):
        Workers().run(work, SMALL, Budget(wait_s=0.04))
    assert ended.wait(10.0)


def test_large_work_of_many_callers_leaves_small_work_alone() -> None:
    workers, release, started = Workers(), threading.Event(), threading.Semaphore(0)

    def hang() -> None:  # what does not look at its budget
        started.release()
        release.wait(30.0)

    def attack() -> None:
        with pytest.raises(DeadlineError):
            workers.run(hang, LARGE, Budget(wait_s=0.2))

    threads = [threading.Thread(target=attack) for _ in range(12)]
    for thread in threads:
        thread.start()
    for _ in range(NUM_LARGE):
        assert started.acquire(timeout=10.0)
    assert workers.run(lambda: "done", SMALL, Budget(wait_s=20.0)) == "done"
    with pytest.raises(DeadlineError):
        workers.run(lambda: "done", SMALL, Budget(wait_s=0.02), is_quick=False)
    for thread in threads:
        thread.join()
    release.set()


def test_an_error_of_the_work_is_that_of_its_caller() -> None:
    for error in (KeyError("k"), TimeoutError("of the work")):

        def fail(error: Exception = error) -> None:
            raise error

        with pytest.raises(type(error), match=str(error.args[0])):
            Workers().run(fail, SMALL, Budget(wait_s=20.0))


# --- the guard --------------------------------------------------------------------------------------------------------


def guard(**settings: Any) -> Guard:
    return Guard(auditor(line=1e9), **settings)


GOOD = hostile.context(), hostile.plan(hostile.call("read_file", path="docs/a.txt"))


def test_work_ms_is_a_time() -> None:
    for bad in (0, -1, float("inf"), float("nan")):
        with pytest.raises(ConfigError, match="work_ms"):
            guard(work_ms=bad)


def test_a_machine_that_is_busy_denies_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a second on the wall in which this thread did not work, as where others have the processor."""
    assess = PlanAuditor.assess

    def starved(*given: Any) -> Any:
        time.sleep(0.4)
        check()
        return assess(*given)

    monkeypatch.setattr(PlanAuditor, "assess", starved)
    decision = guard(deadline_ms=20_000, work_ms=300).audit(*GOOD)
    assert "no decision" not in str(decision.reasons)


def test_a_decision_that_works_too_long_is_a_denial(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PlanAuditor, "assess", lambda *_: busy(30.0))
    decision = guard(deadline_ms=20_000, work_ms=50).audit(*GOOD)
    assert decision.verdict == "deny"
    assert decision.reasons[0].found == "no decision within 50 ms of processor time"


def test_a_longer_deadline_of_one_call_lets_it_work_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    assess = PlanAuditor.assess

    def long(*given: Any) -> Any:
        busy(0.3)
        return assess(*given)

    monkeypatch.setattr(PlanAuditor, "assess", long)
    judge = guard(deadline_ms=1_000, work_ms=50)
    context, plan = GOOD
    late = judge.audit_pending(context, None, plan["nodes"][0])
    assert late.verdict == "deny"
    assert "no decision within" in late.reasons[0].found
    decision = judge.audit_pending(context, None, plan["nodes"][0], deadline_ms=60_000)
    assert "no decision" not in str(decision.reasons)


def test_a_policy_that_takes_long_to_read_is_read_once_and_denies_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    read, count = PlanAuditor._read, []

    def slow(*given: Any) -> Any:
        count.append(1)
        busy(0.4)
        return read(*given)

    monkeypatch.setattr(PlanAuditor, "_read", slow)
    judge = guard(deadline_ms=30_000, work_ms=200)
    for _ in range(3):
        assert "no decision" not in str(judge.audit(*GOOD).reasons)
    assert len(count) == 1


def test_a_repair_that_runs_out_of_time_leaves_the_decision(monkeypatch: pytest.MonkeyPatch) -> None:
    def endless(*_: Any, **__: Any) -> None:
        busy(30.0)

    monkeypatch.setattr("gatling.guard.guard.repair", endless)
    forbidden = hostile.plan(hostile.call("wipe_disk"))
    guard(deadline_ms=20_000, work_ms=20_000).audit(
        GOOD[0], forbidden
    )  # what a process reads once takes as long as a decision
    decision = guard(deadline_ms=20_000, work_ms=150).repair(GOOD[0], forbidden)
    assert (decision.verdict, decision.repaired) == ("deny", None)
    assert "no decision" not in str(decision.reasons)


TOO_MUCH: dict[str, tuple[Callable[[], hostile.Case], str]] = {
    name: (hostile.cases()[name], message)
    for name, message in {
        "400,000 numbers": "nodes[0].arguments.amounts: more than 131072 values in all",
        "400,000 names": "nodes[0].arguments: more than 131072 values in all",
        "400,000 empty lists": "nodes[0].arguments.a: more than 131072 values in all",
        "400,000 calls": "nodes: 100000 nodes, at most 4096 are taken",
        "1,000,000 edges": "edges: 1000000 edges, at most 65536 are taken",
        "a policy of 400,000 numbers": "policy.metadata: more than 65536 values in all",
        "a session of 400,000 values": "session_context.facts: more than 65536 values in all",
        "nine texts of a million": "more than 8000000 characters in all",
        "a name of a million": "nodes[0].tool_name: 950005 characters, at most 1000 are taken",
    }.items()
}


@pytest.mark.parametrize("name", TOO_MUCH)
def test_what_is_too_large_is_refused_with_its_path_and_its_bound(name: str) -> None:
    make, message = TOO_MUCH[name]
    decision = guard(deadline_ms=60_000, work_ms=10_000).audit(*make())
    assert decision.verdict == "deny"
    assert message in decision.reasons[0].found


def test_what_is_too_large_is_refused_before_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise AssertionError("it was read")

    monkeypatch.setattr("gatling.guard.guard.parse_plan", fail)
    monkeypatch.setattr(PlanAuditor, "snapshot", fail)
    for settings in ({}, {"deadline_ms": None}):
        decision = guard(**settings).audit(*hostile.cases()["400,000 numbers"]())
        assert "131072" in decision.reasons[0].found
