"""Hierarchy: a call that untrusted content may have asked for, and the request did not.

The request stands above what tools return. Each node attends to the words of the request and of the clauses about its tool
(`request.Request.nearness`: hard attention in the frozen word space); what comes out, with trust and effect, is weighed by
a learned monotone network. Energy of a node: softplus of its logit, in [0, inf).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gatling.energy.critics.monotone import MonotoneNet, softplus
from gatling.energy.critics.relevance import SIGNS, relevance
from gatling.energy.facts import NodeFacts, PlanFacts
from gatling.energy.finding import Code, Finding, Source
from gatling.request.values import Value
from gatling.schema.plain import shown


@dataclass(frozen=True)
class HierarchyCritic:
    net: MonotoneNet

    def __call__(self, facts: PlanFacts) -> NDArray[np.float64]:
        """Return the energy of every node, `(nodes,)`, before calibration."""
        return self.of_features(relevance(facts))

    def of_features(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the energies of nodes, `(nodes,)`, from their features, `(nodes, F)`."""
        return softplus(self.net(features))

    def to_dict(self) -> dict[str, Any]:
        return self.net.to_dict()

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], source: str) -> HierarchyCritic:
        """Read what `to_dict` gave. Raises: CheckpointError."""
        return cls(MonotoneNet.from_dict(data, SIGNS, source=source))

    def finding(self, facts: PlanFacts, i: int, energy: float) -> Finding:
        node = facts.nodes[i]
        value = least_asked(node)
        clause = node.tool.needs_request or node.tool.general_rule
        found = f"the request does not ask for {node.tool.name}"
        if value is not None and value.asked < 0.5:
            found = f"{shown(value.value)} is not in the request"
            if node.node.provenance_tier > 1:
                found += f" and comes from a source of tier {node.node.provenance_tier}"
        return Finding(
            source=Source.HIERARCHY,
            code=Code.NOT_ASKED,
            node_id=node.node.node_id,
            argument=value.path if value is not None and value.asked < 0.5 else None,
            clause=clause.place if clause else None,
            found=found,
            wanted="a call that the request asks for",
            energy=energy,
        )


def least_asked(node: NodeFacts) -> Value | None:
    """Return the argument value that the request states least, one that names something in the world first."""
    candidates = [v for v in node.values if v.kind != "limit"]
    return min(candidates, key=lambda v: (v.asked, v.kind != "identity", v.kind == "long"), default=None)
