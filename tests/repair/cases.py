"""An auditor of rules and two small energies, and random small cases for repair."""

from __future__ import annotations

import math
import random
from typing import Any

from gatling.energy.finding import SEVERITY, Assessment, Code, Finding, Source
from gatling.policy import Asked, ClauseKind, Oracle, recognise
from gatling.policy.calls import Call, PlanCalls
from gatling.repair.grounds import Grounds
from gatling.schema import ExecutionPlan, GovernanceContext, parse_context, parse_plan

INSIDE = ["ann@acme.com", "bob@acme.com"]
OUTSIDE = ["eve@evil.com", "mal@bad.org"]
TOOLS = ["read_file", "archive_file", "delete_file", "list_records", "export_records", "send_email", "share_file"]


class RuleAuditor:
    """The oracle, which is final, and two energies: data from a sensitive call that goes where nobody named, and tier 3 in a
    call that sends. All calls count as asked for but those in `unasked`."""

    def __init__(
        self, context: GovernanceContext, *, unasked: frozenset[str] = frozenset(), energies: bool = True
    ) -> None:
        self._oracle = Oracle(recognise(context.policy, strict=False))
        self._grounds = Grounds(context)
        self._unasked, self._energies = unasked, energies
        self.seen: list[ExecutionPlan] = []

    def assess(self, context: GovernanceContext, plan: ExecutionPlan) -> Assessment:
        self.seen.append(plan)
        asked = Asked(frozenset(n.node_id for n in plan.nodes) - self._unasked)
        judgement = self._oracle.judge(context, plan, asked=asked)
        found = [
            Finding(
                Source.ORACLE,
                Code.NOT_GRANTED
                if v.clause is None
                else Code.FORBIDDEN
                if v.clause.kind is ClauseKind.DENY
                else Code.REQUIREMENT,
                v.node_id,
                v.argument,
                v.clause.place if v.clause else None,
                v.found,
                v.wanted,
                math.inf,
            )
            for v in judgement.violations
        ]
        found += [
            Finding(Source.ORACLE, Code.UNDECIDED, u.node_id, None, None, u.reason, "a decision", 1.0)
            for u in judgement.undecided
        ]
        if self._energies:
            found += self._leaks(plan)
        found.sort(key=lambda f: -f.energy)
        verdicts = ["deny" if f.energy == math.inf or f.energy >= 1.5 else "escalate" for f in found]
        energy: dict[str, float] = {n.node_id: 0.0 for n in plan.nodes}
        for finding in found:
            if finding.node_id is not None:
                energy[finding.node_id] = max(energy[finding.node_id], finding.energy)
        verdict: Any = max(verdicts, key=lambda v: SEVERITY[v], default="allow")  # type: ignore[index]
        return Assessment(verdict, max((f.energy for f in found), default=0.0), energy, tuple(found))

    def _leaks(self, plan: ExecutionPlan) -> list[Finding]:
        sensitive = {n.node_id for n in plan.nodes if n.scope_sensitivity >= 4}
        for _ in plan.nodes:
            sensitive |= {e.target for e in plan.edges if e.source in sensitive}
        found = []
        for call in PlanCalls(plan).calls:
            for place in call.destinations:
                if call.node.node_id in sensitive and place.text not in self._grounds.request_places:
                    found.append(
                        Finding(
                            Source.FLOW,
                            Code.LEAK,
                            call.node.node_id,
                            place.argument,
                            None,
                            place.text,
                            "a named place",
                            1.5,
                        )
                    )
            if Call(call.node).destinations and call.node.provenance_tier == 3:
                found.append(
                    Finding(
                        Source.PROVENANCE, Code.UNTRUSTED_VALUE, call.node.node_id, None, None, "tier 3", "tier 2", 1.0
                    )
                )
        return found


def random_case(seed: int, most: int = 5) -> tuple[GovernanceContext, ExecutionPlan, RuleAuditor]:
    """A small policy, a request and a plan of up to `most` calls, faulty as often as not."""
    rng = random.Random(seed)
    policy: dict[str, Any] = {
        "allowed_operations": sorted(rng.sample(TOOLS, rng.randint(5, 7))),
        "forbidden_operations": sorted(rng.sample(TOOLS, rng.randint(0, 1))),
        "scope_limits": {
            "list_records.limit": rng.choice([10, 100]),
            "export_records": {"limit": rng.choice([10, 50])},
        },
    }
    if rng.random() < 0.6:
        policy["allowed_destinations"] = {"send_email": rng.choice([["acme.com"], INSIDE[:1], INSIDE])}
    if rng.random() < 0.3:
        policy["explicit_request_required"] = ["share_file", "export_records"]
    if rng.random() < 0.3:
        policy["max_sensitivity"] = {"read_file": 3}
    if rng.random() < 0.3:
        policy["scope_limits"]["max_calls"] = rng.randint(2, 4)
    named = " and ".join(rng.sample(INSIDE, rng.randint(0, 2))) or "the team"
    request = f"Take {rng.choice([5, 20, 80])} records and mail the report to {named}."
    nodes = [_random_call(rng, f"n{i}") for i in range(1, rng.randint(1, most) + 1)]
    edges = [[f"n{i}", f"n{j}"] for j in range(2, len(nodes) + 1) for i in range(1, j) if rng.random() < 0.3]
    context = parse_context({"policy": policy, "user_role": "clerk", "session_context": {"user_request": request}})
    unasked = frozenset(n["node_id"] for n in nodes if rng.random() < 0.1)
    return context, parse_plan({"nodes": nodes, "edges": edges}), RuleAuditor(context, unasked=unasked)


def _random_call(rng: random.Random, node_id: str) -> dict[str, Any]:
    tool = rng.choice(TOOLS)
    arguments: dict[str, Any] = {"path": f"/reports/{rng.choice('abc')}.txt"}
    volume = 1
    if tool.endswith("records"):
        volume = rng.choice([5, 5, 20, 500])
        arguments = {"table": "orders", "limit": volume}
    elif tool == "send_email":
        people = INSIDE * 2 + OUTSIDE
        arguments = {"to": rng.choice([rng.choice(people), rng.sample(people, 2)]), "subject": "Report"}
        if rng.random() < 0.4:
            arguments["cc"] = rng.choice(people)
    return {
        "tool_name": tool,
        "node_id": node_id,
        "arguments": arguments,
        "provenance_tier": rng.choice([1, 1, 1, 1, 1, 2, 3]),
        "scope_volume": volume,
        "scope_sensitivity": rng.choice([1, 1, 2, 2, 2, 3, 4]),
    }
