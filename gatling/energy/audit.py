"""One plan, judged in full: the oracle, then the critics, and how the two are fused.

- What the oracle denies is denied, whatever the critics say.
- What it cannot decide stays open: a part of the policy that may withhold the grant escalates; prose and the question
  whether a call was asked for are what the critics are for.
- The critics only tighten: they escalate or deny what the oracle lets pass.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gatling.energy.calibration import Calibration
from gatling.energy.composite import CompositeEnergy
from gatling.energy.facts import ContextFacts, PlanFacts, ToolFacts
from gatling.energy.finding import CRITICS, SEVERITY, Assessment, Code, Finding, Source, Verdict
from gatling.energy.kept import Kept
from gatling.policy import ClauseKind, Oracle, Rulebook, Undecided, Violation, recognise
from gatling.policy.bounds import squashed_path
from gatling.policy.oracle import Judgement
from gatling.policy.source import PolicySource
from gatling.schema import ExecutionPlan, GovernanceContext
from gatling.schema.plain import canonical_json
from gatling.tools.spec import ToolSpec

_MAX_POLICIES = 64
_MAX_CONTEXTS = 1_024
_FINDING_SHARE = 0.5  # of the alarm line; a critic below it has nothing to say


@dataclass(frozen=True)
class _Known:
    """What is kept of a context."""

    facts: ContextFacts
    oracle: Oracle
    z_g: NDArray[np.float64] | None


class PlanAuditor:
    """Judges plans. Safe to share between threads; the same plan in the same context has the same assessment, to the bit.

    Args:
        critics: with the latent term's encoders, where it has a weight.
        calibration: of these critics.
        policies: read from files, so that findings name lines; others are read from the context and have none.
        catalog: tools that are declared, by name; the rest is concluded from names.
    """

    def __init__(
        self,
        critics: CompositeEnergy,
        calibration: Calibration,
        *,
        policies: tuple[PolicySource, ...] = (),
        catalog: Mapping[str, ToolSpec] | None = None,
    ) -> None:
        self.critics = critics
        self.calibration = calibration
        self.catalog = catalog or {}
        self._sources = {canonical_json(source.data): source for source in policies}
        self._oracles: Kept[str, Oracle] = Kept(_MAX_POLICIES)
        self._contexts: Kept[bytes, _Known] = Kept(_MAX_CONTEXTS)

    def oracle(self, context: GovernanceContext) -> Oracle:
        """Return the oracle of a context's policy, compiled once."""
        text = canonical_json(context.policy)
        return self._oracles.get(text, lambda: Oracle(recognise(self._sources.get(text, context.policy))))

    def _known(self, context: GovernanceContext) -> _Known:
        def make() -> _Known:
            own = context.model_copy(deep=True)  # facts are read from it later on too
            oracle = self.oracle(own)
            latent = self.critics.latent if self.critics.uses_latent else None
            z_g = latent.context_latent(own, oracle.rules) if latent else None
            return _Known(ContextFacts(own, oracle.rules, self.catalog), oracle, z_g)

        # Not `context.digest`, which is remembered: a policy that was changed in place must not be judged by as it was before.
        key = canonical_json([context.policy, context.user_role, context.session_context])
        return self._contexts.get(hashlib.sha256(key.encode()).digest(), make)

    def assess(self, context: GovernanceContext, plan: ExecutionPlan) -> Assessment:
        """Judge a plan in full.

        Raises:
            InputError: if the policy cannot be read. The guard turns that into a denial.
        """
        known = self._known(context)
        judgement = known.oracle.judge(context, plan)
        facts = PlanFacts(known.facts, plan)
        raw = self.critics.energies(facts, known.z_g)
        total = self._settled(known, facts, raw)
        if not np.isfinite(total).all():
            return _fault("an energy is not a number")
        learned = float(total.max())
        verdict: Verdict = self.calibration.verdict(learned)
        tools = {node.node_id: node.tool_name for node in plan.nodes}
        findings = [_of_violation(v, known.facts.tool(tools[v.node_id])) for v in judgement.violations]
        forbidden = {
            f.node_id for f in findings if f.code is Code.FORBIDDEN
        }  # that it is not granted either says no more
        findings = [f for f in findings if f.code is not Code.NOT_GRANTED or f.node_id not in forbidden]
        findings += self._of_critics(facts, raw, total)
        for finding in _open_questions(judgement, facts, known.oracle.rules):
            findings.append(finding)
            verdict = max(verdict, "escalate", key=SEVERITY.__getitem__)
        if judgement.violations:
            verdict = "deny"
        if verdict == "allow":
            findings = []
        findings.sort(key=lambda f: -f.energy)  # stable: the oracle's own order within
        return Assessment(
            verdict=verdict,
            energy=math.inf if judgement.violations else learned,
            node_energy={n.node_id: float(e) for n, e in zip(plan.nodes, total, strict=True)},
            findings=tuple(findings),
            critic_energy={s: float(raw[s].max()) / self.calibration.lines[s] for s in CRITICS},
        )

    def _settled(self, known: _Known, facts: PlanFacts, raw: dict[Source, NDArray[np.float64]]) -> NDArray[np.float64]:
        """Return the energy of every node, on the calibrated scale.

        A guard band around each line makes verdicts independent of rounding: within it, so close that the precision of the
        latent term could decide, that term is computed anew in double precision. `raw` is changed in place.
        """
        total = self.critics.combine(raw) / self.calibration.line
        latent = self.critics.latent
        if known.z_g is None or latent is None:
            return total
        band = latent.tolerance * self.critics.weights[Source.LATENT] / self.calibration.line
        lines = np.array([self.calibration.escalate, 1.0])
        close = np.flatnonzero((np.abs(total[:, None] - lines) < band).any(axis=1))
        if not len(close):
            return total
        z_g = latent.exact.context_latent(known.facts.context, known.oracle.rules)
        raw[Source.LATENT][close] = latent.exact([facts.nodes[i] for i in close], z_g)
        return self.critics.combine(raw) / self.calibration.line

    def explain(self, context: GovernanceContext, plan: ExecutionPlan) -> list[dict[str, Any]]:
        """Return for every node its calibrated energies by critic, and the facts that they rest on; for people."""
        known = self._known(context)
        facts = PlanFacts(known.facts, plan)
        raw = self.critics.energies(facts, known.z_g)
        total = self._settled(known, facts, raw)
        rows = []
        for i, node in enumerate(facts.nodes):
            energy = {"all": float(total[i]), **{str(s): float(raw[s][i]) / self.calibration.lines[s] for s in CRITICS}}
            rows.append(
                {
                    "node_id": node.node.node_id,
                    "tool_name": node.tool.name,
                    "energy": {name: round(value, 4) for name, value in energy.items()},
                    "facts": {
                        "effect": node.tool.effect + ("" if node.tool.is_declared else " (by its name)"),
                        "privilege": node.tool.privilege,
                        "tier": node.effective_tier,
                        "endorsed": round(node.endorsement, 2),
                        "exposure": node.exposure,
                        "tool asked": round(max(node.tool.object_asked, node.tool.verb_asked), 2),
                        "values asked": round(sum(v.asked for v in node.said) / max(1, len(node.values)), 2),
                    },
                }
            )
        return rows

    def only(self, assessment: Assessment, node_id: str) -> Assessment:
        """Return what an assessment says of one call: its own energy and findings, and those of the plan as a whole."""
        findings = tuple(f for f in assessment.findings if f.node_id in (node_id, None))
        energy = assessment.node_energy.get(node_id, math.inf)
        verdict = self.calibration.verdict(energy)
        for finding in findings:
            if finding.source in (Source.ORACLE, Source.GUARD):
                stated: Verdict = "escalate" if finding.code is Code.UNDECIDED else "deny"
                verdict = max(verdict, stated, key=SEVERITY.__getitem__)
                energy = max(energy, finding.energy)
        return Assessment(
            verdict=verdict,
            energy=energy,
            node_energy={node_id: energy},
            findings=() if verdict == "allow" else findings,
            critic_energy=assessment.critic_energy,
        )

    def _of_critics(
        self, facts: PlanFacts, raw: dict[Source, NDArray[np.float64]], total: NDArray[np.float64]
    ) -> list[Finding]:
        """Return what the critics found: for each node above the line to escalate, those that carry its energy."""
        found: list[Finding] = []
        weights, line = self.critics.weights, self.calibration.line
        for i in np.flatnonzero(total >= self.calibration.escalate):
            shares = {s: weights[s] * float(raw[s][i]) / line for s in CRITICS}
            largest = max(shares.values())
            for source, share in shares.items():
                alone = float(raw[source][i]) / self.calibration.lines[source]
                if share == largest or (share > 0 and alone >= 1.0 and share >= _FINDING_SHARE * largest):
                    found.append(self.critics.finding(source, facts, int(i), float(total[i]) * share / largest))
        return found


def _fault(reason: str) -> Assessment:
    finding = Finding(Source.GUARD, Code.FAULT, None, None, None, reason, "a plan that can be judged", math.inf)
    return Assessment("deny", math.inf, {}, (finding,))


def _of_violation(violation: Violation, tool: ToolFacts) -> Finding:
    clause = violation.clause
    code = Code.REQUIREMENT
    if clause is None:
        code = Code.NOT_GRANTED
    elif clause.kind is ClauseKind.DENY:
        code = Code.FORBIDDEN
    bound = tool.bounds.get(
        "#volume" if violation.argument == "scope_volume" else squashed_path(violation.argument or "")
    )
    return Finding(
        source=Source.ORACLE,
        code=code,
        node_id=violation.node_id,
        argument=violation.argument,
        clause=clause.place if clause else None,
        found=violation.found,
        wanted=violation.wanted,
        energy=math.inf,
        bound=bound[0] if bound and bound[1] is clause else None,
    )


def _open_questions(judgement: Judgement, facts: PlanFacts, rules: Rulebook) -> list[Finding]:
    """Return what the oracle could not decide and no critic is for: grants that may be missing, tools that nobody named."""
    found = [
        Finding(
            source=Source.ORACLE,
            code=Code.UNDECIDED,
            node_id=undecided.node_id,
            argument=None,
            clause=undecided.clause.place if undecided.clause else None,
            found=undecided.reason,
            wanted="a rule that can be read",
            energy=1.0,
        )
        for undecided in judgement.undecided
        if _withholds(undecided) or _goes_somewhere_unclear(undecided, facts)
    ]
    if rules.is_allow_by_default:
        for node in facts.nodes:
            if not node.tool.is_named and not node.tool.is_declared:
                found.append(
                    Finding(
                        source=Source.ORACLE,
                        code=Code.UNDECIDED,
                        node_id=node.node.node_id,
                        argument=None,
                        clause=None,
                        found=f"{node.tool.name} is named by no clause and by no catalogue",
                        wanted="a tool that is known",
                        energy=1.0,
                    )
                )
    return found


def _goes_somewhere_unclear(undecided: Undecided, facts: PlanFacts) -> bool:
    """Tell whether a rule on places is open because a call sends to a bare name that the user did not state."""
    clause = undecided.clause
    if clause is None or {c.subject for c in clause.checks}.isdisjoint(("destination", "host")):
        return False
    node = next((n for n in facts.nodes if n.node.node_id == undecided.node_id), None)
    return node is None or any(not place.host for place in node.unasked_destinations)


def _withholds(undecided: Undecided) -> bool:
    """Tell whether an open question is about the grant itself, a denial, or a check of what session or call do not state.

    Prose, and whether a call was asked for, are what the critics are for.
    """
    clause = undecided.clause
    if clause is None or clause.kind is not ClauseKind.REQUIRE:
        return True
    subjects = {c.subject.partition(":")[0] for c in (*clause.when, *clause.checks)}
    return not clause.is_sentence and not subjects.isdisjoint(("session", "resource"))
