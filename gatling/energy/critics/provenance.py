"""Provenance: privilege times trust gap, closed by endorsement.

    e = privilege / 5 * (effective tier - 1) / 2 * (1 - endorsement)

in [0, 1] for a node. The effective tier is the worst of the node and of all that data reaches it from; endorsement is how
far the request names the item that the data comes from (see `facts`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gatling.energy.critics.hierarchy import least_asked
from gatling.energy.facts import PlanFacts
from gatling.energy.finding import Code, Finding, Source
from gatling.schema.plain import shown


class ProvenanceCritic:
    def __call__(self, facts: PlanFacts) -> NDArray[np.float64]:
        """Return the energy of every node, `(nodes,)`, before calibration."""
        return np.array([n.tool.privilege / 5 * n.trust_gap for n in facts.nodes])

    def to_dict(self) -> dict[str, Any]:
        return {}

    def finding(self, facts: PlanFacts, i: int, energy: float) -> Finding:
        node = facts.nodes[i]
        value = least_asked(node)
        tier = min(node.tool.tiers, key=lambda t: t.highest, default=None)
        how = "declared" if node.tool.is_declared else "by its name"
        what = f"{shown(value.value)} " if value is not None else ""
        return Finding(
            source=Source.PROVENANCE,
            code=Code.UNTRUSTED_VALUE,
            node_id=node.node.node_id,
            argument=value.path if value is not None else None,
            clause=tier.clause.place if tier else None,
            found=f"{what}of tier {node.effective_tier} in a call of privilege {node.tool.privilege} ({how})",
            wanted=f"tier {tier.highest} or a source that the request names"
            if tier
            else "a source that the request names",
            energy=energy,
        )
