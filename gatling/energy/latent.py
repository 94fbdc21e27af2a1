"""The latent term: how far each single call lies from its context in the encoders' space.

    e = 1 - cos(z_g, z_e(node)), in [0, 2]

A node is encoded as a plan of its own with trust and scope taken off, and the context without its denials: a plan's worst
node then never gets better by removing trust, widening scope, adding a call or adding a denial, which no encoder of whole
plans can promise. Trust, scope and denials are judged by the other critics and by the oracle.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gatling.encoders import DualEncoder
from gatling.energy.facts import PlanFacts
from gatling.energy.finding import Code, Finding, Source
from gatling.policy import ClauseKind, Rulebook
from gatling.policy.source import DataPath
from gatling.schema import ExecutionPlan, GovernanceContext


class LatentCritic:
    """Args: model: its precision should be fp32, see `guard`."""

    def __init__(self, model: DualEncoder) -> None:
        self.model = model

    def context_latent(self, context: GovernanceContext, rules: Rulebook) -> NDArray[np.float64]:
        """Return z_g of a context without its denials, `(D,)`; worth keeping for as long as the context lasts."""
        denials = {c.path for c in rules.clauses if c.kind is ClauseKind.DENY}
        policy = _without(context.policy, denials)
        bare = GovernanceContext.model_construct(
            policy=policy, user_role=context.user_role, session_context=context.session_context
        )
        return np.asarray(self.model.governance.encode(bare)[0].numpy(), np.float64)

    def __call__(self, facts: PlanFacts, z_g: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the energy of every node, `(nodes,)`, before calibration."""
        distinct: dict[tuple[str, str], int] = {}
        plans: list[ExecutionPlan] = []
        rows: list[int] = []
        for node in facts.plan.nodes:
            bare = node.model_copy(update={"provenance_tier": 1, "scope_volume": 1, "scope_sensitivity": 1})
            key = (node.tool_name, repr(node.arguments))
            rows.append(distinct.setdefault(key, len(distinct)))
            if rows[-1] == len(plans):
                plans.append(ExecutionPlan.model_construct(nodes=(bare,), edges=()))
        z_e = np.asarray(self.model.execution.encode(plans).numpy(), np.float64)
        return np.asarray(np.clip(1 - np.einsum("nd,d->n", z_e, z_g), 0, 2)[rows], np.float64)

    def finding(self, facts: PlanFacts, i: int, energy: float) -> Finding:
        node = facts.nodes[i].node
        return Finding(
            source=Source.LATENT,
            code=Code.UNUSUAL,
            node_id=node.node_id,
            argument=None,
            clause=None,
            found=f"{node.tool_name} with these arguments lies far from this context",
            wanted="a call like those that such contexts have",
            energy=energy,
        )


def _without(data: Any, paths: set[DataPath], here: DataPath = ()) -> Any:
    """Return the data without the parts at some paths, and without what is empty then. Depth is bounded by the schema."""
    if not isinstance(data, (dict, list)):
        return data
    items = data.items() if isinstance(data, dict) else enumerate(data)
    kept = [(k, _without(v, paths, (*here, k))) for k, v in items if (*here, k) not in paths]
    kept = [(k, v) for k, v in kept if not (isinstance(v, (dict, list)) and not v)]
    return dict(kept) if isinstance(data, dict) else [v for _, v in kept]
