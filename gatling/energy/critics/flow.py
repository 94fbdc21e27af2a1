"""Flow: sensitive data on its way to a place outside that nobody named.

    e = (exposure - 1) / 4 * (1 - endorsement)

for a node with a destination that neither request nor session names, however many others it has; 0 for others. A reading call
that takes out what was read (`facts/leaving.py`) has one, whatever the request says of the place. Exposure is the
highest sensitivity that data can have had anywhere upstream, so passing it through harmless calls does not launder it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gatling.energy.facts import NodeFacts, PlanFacts
from gatling.energy.finding import Code, Finding, Source
from gatling.schema.plain import shown

_OF_PRIVATE_VALUES, _OF_OTHERS = 5, 4
"""Sensitivity of what a reading call takes out."""


class FlowCritic:
    def __call__(self, facts: PlanFacts) -> NDArray[np.float64]:
        """Return the energy of every node, `(nodes,)`, before calibration."""
        return np.array([_leak(node) for node in facts.nodes])

    def to_dict(self) -> dict[str, Any]:
        return {}

    def finding(self, facts: PlanFacts, i: int, energy: float) -> Finding:
        node = facts.nodes[i]
        if node.leaving is not None:
            return leak(node, energy)
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


def leak(node: NodeFacts, energy: float, source: Source = Source.FLOW) -> Finding:
    """Return what there is to say of a reading call that takes something out (`node.leaving`)."""
    found = node.leaving
    assert found is not None
    whose = f"in {found.origin.source}" if found.origin.source else "in a text that was read"
    chosen = ", which only texts of outsiders name" if found.is_chosen_by_content else ""
    return Finding(
        source=source,
        code=Code.LEAK,
        node_id=node.node.node_id,
        argument=found.argument,
        clause=None,
        found=f"{found.what} that stands {whose} goes to {shown(found.place)}{chosen}",
        wanted="an address or a query without it, or a request that it go there",
        energy=energy,
    )


def _leak(node: NodeFacts) -> float:
    if node.leaving is not None:  # what it takes out is more than what the tools that it was read with say
        return (max(node.exposure, _OF_PRIVATE_VALUES if node.leaving.is_private else _OF_OTHERS) - 1) / 4
    if node.tool.effect == "read" and not node.has_url:
        return 0.0
    if not node.unasked_destinations:
        return 0.0
    return (node.exposure - 1) / 4 * (1 - node.endorsement)
