"""A critic of one's own is a file and a row: it is asked, weighed, explained, trained with, and gone when its row is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gatling.critics_training.examples import ExampleMaker
from gatling.energy.critics.critic import Critic, CriticKind
from gatling.energy.critics.table import CRITICS
from gatling.energy.facts import PlanFacts
from gatling.energy.finding import Code, Finding
from gatling.guard import Guard
from gatling.schema import parse_trace

CONTEXT = {
    "policy": {"allowed_operations": ["read_file", "delete_file"]},
    "user_role": "clerk",
    "session_context": {"user_request": "Read a.txt and delete b.txt."},
}
PLAN: dict[str, Any] = {
    "nodes": [
        {"tool_name": "read_file", "node_id": "n1", "arguments": {"path": "a.txt"}},
        {"tool_name": "delete_file", "node_id": "n2", "arguments": {"path": "b.txt"}},
    ],
    "edges": [],
}


class Deletions:
    """Every deletion has the energy 50."""

    def __call__(self, facts: PlanFacts) -> NDArray[np.float64]:
        return np.array([50.0 * (node.tool.effect == "delete") for node in facts.nodes])

    def to_dict(self) -> dict[str, Any]:
        return {}

    def finding(self, facts: PlanFacts, i: int, energy: float) -> Finding:
        node_id = facts.nodes[i].node.node_id
        return Finding("deletions", Code.UNUSUAL, node_id, None, None, "a deletion", "none", energy)


@pytest.fixture
def _deletions() -> Iterator[None]:
    def read(data: Any, source: str) -> Critic:
        return Deletions()

    CRITICS["deletions"] = CriticKind(read, weight=1.0)
    yield
    del CRITICS["deletions"]


@pytest.mark.usefixtures("_deletions")
def test_a_registered_critic_is_asked_by_the_shipped_guard() -> None:
    guard = Guard.from_pretrained(deadline_ms=None)
    decision = guard.audit(CONTEXT, PLAN)
    assert decision.verdict == "deny"
    (reason,) = [r for r in decision.reasons if r.source == "deletions"]
    assert (reason.node_id, reason.found) == ("n2", "a deletion")
    assert [row["energy"]["deletions"] for row in guard.explain(CONTEXT, PLAN)] == [0.0, 50.0]


@pytest.mark.usefixtures("_deletions")
def test_a_registered_critic_is_trained_with() -> None:
    trace = parse_trace({"governance_context": CONTEXT, "execution_plan": PLAN, "label": "compliant"})
    example = ExampleMaker(None).make(trace, kind="given", source=0)
    assert example.fixed["deletions"].tolist() == [0.0, 50.0]


def test_without_its_row_it_is_gone() -> None:
    guard = Guard.from_pretrained(deadline_ms=None)
    assert "deletions" not in CRITICS
    assert guard.audit(CONTEXT, PLAN).verdict == "allow"
    assert all("deletions" not in row["energy"] for row in guard.explain(CONTEXT, PLAN))
