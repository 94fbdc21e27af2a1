"""A guard of fixed answers, for tests of agents: no model is loaded, and all else is the real guard's.

What cannot be read is denied, an answer that takes too long is denied, an answer that raises is denied, as by `Guard`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any, cast

from gatling.energy import Assessment, Code, Finding, Source, Verdict
from gatling.energy.audit import PlanAuditor, digest_of_policy
from gatling.energy.finding import SEVERITY
from gatling.errors import ConfigError
from gatling.guard import Guard
from gatling.guard.guard import DEADLINE_MS, REPAIR_MS
from gatling.policy import Oracle, PolicySource, recognise
from gatling.schema import ExecutionPlan, GovernanceContext, PlanNode

Answers = Mapping[str, Verdict] | Callable[[GovernanceContext, ExecutionPlan, PlanNode], Verdict]
_ENERGY: dict[Verdict, float] = {"allow": 0.0, "escalate": 0.9, "deny": 2.0}


class FixedGuard(Guard):
    """Answers by the names of tools, or by a function; the worst answer on a call is that on its plan.

        FixedGuard({"read_file": "allow"})                       # any other tool is denied
        FixedGuard({"send_email": "escalate"}, default="allow")
        FixedGuard(lambda context, plan, node: "deny" if node.provenance_tier == 3 else "allow")

    Args:
        answers: verdicts by tool name, or a function of context, plan and call. One that raises, or sleeps longer than the
            deadline, shows what an agent does with a guard that fails.
        default: for tools that have no answer.
        deadline_ms, repair_ms: as of `Guard`.
    """

    def __init__(
        self,
        answers: Answers | None = None,
        *,
        default: Verdict = "deny",
        deadline_ms: float | None = DEADLINE_MS,
        repair_ms: float = REPAIR_MS,
    ) -> None:
        answers = {} if answers is None else answers
        if not callable(answers):
            for tool, verdict in (*answers.items(), ("default", default)):
                if verdict not in SEVERITY:
                    raise ConfigError(f"the answer for {tool} is {verdict!r}, it must be one of {', '.join(SEVERITY)}")
        self._fixed = _FixedAuditor(answers, default)
        super().__init__(
            cast("PlanAuditor", self._fixed), model_digest="fixed", deadline_ms=deadline_ms, repair_ms=repair_ms
        )

    @property
    def asked(self) -> tuple[tuple[GovernanceContext, ExecutionPlan], ...]:
        """What was judged so far, in order; of a pending call the plan with it. A repair asks about each candidate, too."""
        return tuple(self._fixed.asked)


class _Line:
    escalate = _ENERGY["escalate"]


class _FixedAuditor:
    """What `Guard` wants of a judge."""

    calibration = _Line()

    def __init__(self, answers: Answers, default: Verdict) -> None:
        self._answers = answers
        self._default = default
        self._lock = threading.Lock()
        self.asked: list[tuple[GovernanceContext, ExecutionPlan]] = []

    def know_policy(self, source: PolicySource) -> None:
        pass

    def is_quick(self, context: Any) -> bool:
        return True

    def snapshot(self, context: GovernanceContext) -> GovernanceContext:
        return context.snapshot()

    def policy_digest(self, context: GovernanceContext) -> str:
        return digest_of_policy(context)

    def oracle(self, context: GovernanceContext) -> Oracle:
        return Oracle(recognise(context.policy, strict=False))

    def assess(self, context: GovernanceContext, plan: ExecutionPlan) -> Assessment:
        with self._lock:
            self.asked.append((context, plan))
        verdicts = {node.node_id: self._answer(context, plan, node) for node in plan.nodes}
        energies = {node_id: _ENERGY[verdict] for node_id, verdict in verdicts.items()}
        findings = tuple(
            _finding(node, verdicts[node.node_id]) for node in plan.nodes if verdicts[node.node_id] != "allow"
        )
        worst = max(verdicts.values(), key=SEVERITY.__getitem__)
        return Assessment(worst, _ENERGY[worst], energies, findings)

    def only(self, assessment: Assessment, node_id: str) -> Assessment:
        energy = assessment.node_energy[node_id]
        verdict = next(v for v, e in _ENERGY.items() if e == energy)
        findings = tuple(f for f in assessment.findings if f.node_id == node_id)
        return Assessment(verdict, energy, {node_id: energy}, findings)

    def explain(self, context: GovernanceContext, plan: ExecutionPlan) -> list[dict[str, Any]]:
        energies = self.assess(context, plan).node_energy
        return [
            {"node_id": n.node_id, "tool_name": n.tool_name, "energy": {"all": energies[n.node_id]}, "facts": {}}
            for n in plan.nodes
        ]

    def _answer(self, context: GovernanceContext, plan: ExecutionPlan, node: PlanNode) -> Verdict:
        if callable(self._answers):
            return self._answers(context, plan, node)
        return self._answers.get(node.tool_name, self._default)


def _finding(node: PlanNode, verdict: Verdict) -> Finding:
    code = Code.FORBIDDEN if verdict == "deny" else Code.UNDECIDED
    found, wanted = f"{node.tool_name} is answered with {verdict}", "another answer of the fixed guard"
    return Finding(Source.ORACLE, code, node.node_id, None, None, found, wanted, _ENERGY[verdict])
