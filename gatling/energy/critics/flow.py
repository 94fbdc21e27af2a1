"""Flow: sensitive data on its way to a place outside that nobody named.

    e = (exposure - 1) / 4 * (1 - endorsement)

for a node with a destination that neither request nor session names, however many others it has; 0 for others. Exposure is the
highest sensitivity that data can have had anywhere upstream, so passing it through harmless calls does not launder it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gatling.energy.facts import NodeFacts, PlanFacts
from gatling.energy.finding import Code, Finding, Source
from gatling.schema.plain import shown


class FlowCritic:
    def __call__(self, facts: PlanFacts) -> NDArray[np.float64]:
        """Return the energy of every node, `(nodes,)`, before calibration."""
        return np.array([_leak(node) for node in facts.nodes])

    def to_dict(self) -> dict[str, Any]:
        return {}

    def finding(self, facts: PlanFacts, i: int, energy: float) -> Finding:
        node = facts.nodes[i]
        place = node.unasked_destinations[0] if node.unasked_destinations else None
        where = shown(place.text) if place else "a place"
        how = f", {node.hops} calls on" if node.hops else ""
        return Finding(
            source=Source.FLOW,
            code=Code.LEAK,
            node_id=node.node.node_id,
            argument=place.argument if place else None,
            clause=node.tool.needs_request.place if node.tool.needs_request else None,
            found=f"data of sensitivity {node.exposure}{how} goes to {where}",
            wanted="a destination that the request or the policy names",
            energy=energy,
        )


def _leak(node: NodeFacts) -> float:
    if node.tool.effect == "read" and not node.has_url:
        return 0.0
    if not node.unasked_destinations:
        return 0.0
    return (node.exposure - 1) / 4 * (1 - node.endorsement)
