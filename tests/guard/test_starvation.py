"""Hostile input keeps nobody waiting: it is refused, or its work ends, and honest plans are judged meanwhile.

`benchmarks/starvation.py` measures the same with more callers, for longer, and on a machine that has other work.
"""

from __future__ import annotations

import threading
import time
from random import Random

import pytest

from gatling.energy.calibration import CALIBRATION_NAME
from gatling.guard import Guard, Session
from gatling.runtime.folder import PRETRAINED
from gatling.testing import FixedGuard
from tests import hostile
from tests.sizes import num_cases

pytestmark = pytest.mark.skipif(
    not (PRETRAINED / CALIBRATION_NAME).is_file(),
    reason="THE SHIPPED CRITICS ARE ABSENT: make them with gatling train-energy",
)

SOME = (
    "60,000 numbers",
    "9,000 accounts",
    "4,096 tools",
    "nested 100,000 deep",
    "integers of 4,000 bits",
    "65,536 edges between 4,096 calls",
    "a chain of 4,096 different tools",
    "a text of distinct words",
    "a text of blanks",
    "10,000 addresses",
    "a path of encodings of encodings",
    "JSON in JSON in JSON",
    "base64 of base64",
    "SQL of 1,000,000: brackets",
    "Python of 19,900: sums",
    "a request of refusals",
    "a request of quotes",
    "a session of 60,000 texts",
    "10,000 limits, 2,000 values",
    "a policy of a glob of 400 stars",
)
WORK_S = 0.2
MOST_S = 2.0
"""Processor time of a decision with a budget of 0.2 s, wherever its last check stands: a search in a text of a million characters
takes half a second, and nobody can look at a clock meanwhile."""


@pytest.fixture(scope="module")
def judge() -> Guard:
    guard = Guard.from_pretrained(deadline_ms=120_000, work_ms=1e3 * WORK_S)
    guard.audit(hostile.context(), hostile.plan(hostile.call("read_file", path="report.txt")))
    return guard


@pytest.mark.parametrize("name", SOME)
def test_the_work_of_a_decision_is_bounded(name: str, judge: Guard) -> None:
    context, plan = hostile.cases()[name]()
    started = time.process_time()
    decision = judge.audit(context, plan)
    assert time.process_time() - started < MOST_S
    assert decision.verdict != "allow"


@pytest.mark.thorough
def test_the_work_of_every_hostile_plan_is_bounded(judge: Guard) -> None:
    for name, make in hostile.cases().items():
        context, plan = make()
        started = time.process_time()
        decision = judge.audit(context, plan)
        bound = MOST_S if "policy" not in name else 12.0  # what is made once of a policy has a budget of its own
        assert time.process_time() - started < bound, name
        assert decision.verdict != "allow" or "policy" in name, name


@pytest.mark.thorough
def test_honest_plans_are_judged_beside_hostile_ones() -> None:
    """Eight callers send plans that take all their time; by the clock of the work nobody else is late."""
    guard = Guard.from_pretrained(deadline_ms=120_000, work_ms=1e3 * WORK_S)
    bad = [hostile.cases()[name]() for name in ("9,000 accounts", "10,000 addresses", "400,000 numbers", "4,096 calls")]
    is_over = threading.Event()
    answers: set[str] = set()

    def attack(number: int) -> None:
        while not is_over.is_set():
            answers.add(guard.audit(*bad[number % len(bad)]).verdict)

    threads = [threading.Thread(target=attack, args=(i,), daemon=True) for i in range(8)]
    for thread in threads:
        thread.start()
    rng = Random(0)
    for i in range(num_cases(many=50, few=12)):
        asked = hostile.context(f"Read report-{rng.randrange(99)}.txt and send it to ann@acme.com.")
        call = hostile.call("read_file", path=f"docs/{i}.txt", limit=3) | {"provenance_tier": 1}
        decision = guard.audit(asked, hostile.plan(call))
        assert "no decision" not in str(decision.reasons)
    is_over.set()
    for thread in threads:
        thread.join()
    assert answers
    assert "allow" not in answers


@pytest.mark.parametrize("name", ["400,000 numbers", "100,000 records", "nested 100,000 deep"])
def test_an_output_that_is_too_large_is_refused_at_once(name: str) -> None:
    session = Session(FixedGuard(default="allow", deadline_ms=None), policy={}, role="clerk")
    session.feed_user(hostile.REQUEST)
    assert session.judge("read_file", {"path": "docs/report.txt"}, call_id="c1").verdict == "allow"
    output = hostile.outputs()[name]()
    started = time.process_time()
    with pytest.raises(ValueError, match=r"more than 65536 values|nested deeper than 64"):
        session.feed_result("c1", output)
    assert time.process_time() - started < 1.0


def test_a_call_that_takes_too_long_to_trace_is_denied_and_waits_for_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("gatling.provenance.tracer.MAX_TRACING_S", 0.05)
    session = Session(FixedGuard(default="allow", deadline_ms=None), policy={}, role="clerk")
    session.feed_user(hostile.REQUEST)
    decision = session.judge("pay", {"notes": [f"note {i}" for i in range(60_000)]}, call_id="c1")
    assert decision.verdict == "deny"
    assert "to trace" in decision.reasons[0].found
    assert session.plan is None
    with pytest.raises(ValueError, match="does not stand before it"):
        session.feed_result("c1", "done")
