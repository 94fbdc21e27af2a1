"""How data flows through a plan, computed once: which calls carry what was read, and which must go with others."""

from __future__ import annotations

import graphlib
from collections.abc import Collection

from gatling.repair.tools import reads
from gatling.schema import ExecutionPlan
from gatling.schema.lazy import cached_property


class Flow:
    """The data edges of one plan."""

    def __init__(self, plan: ExecutionPlan) -> None:
        self._tool = {node.node_id: node.tool_name for node in plan.nodes}
        self._parents: dict[str, list[str]] = {node_id: [] for node_id in self._tool}
        for edge in plan.edges:
            self._parents[edge.target].append(edge.source)
        self._order = list(graphlib.TopologicalSorter(self._parents).static_order())

    @cached_property
    def carriers(self) -> frozenset[str]:
        """Calls whose output may hold what was read: readers, and all calls that data from a reader reaches."""
        found: set[str] = set()
        for node_id in self._order:
            if reads(self._tool[node_id]) or any(p in found for p in self._parents[node_id]):
                found.add(node_id)
        return frozenset(found)

    def calls_that_go(self, roots: Collection[str]) -> frozenset[str]:
        """Return all calls that must go if some do: those that only they feed, and those that may hold what they had read.

        The second kind may have other sources too. Left in the plan they would keep a value whose origin is no longer to be
        seen, which is how provenance is laundered.
        """
        gone = set(roots)
        for node_id in self._order:
            sources = self._parents[node_id]
            if sources and (all(p in gone for p in sources) or any(p in gone and p in self.carriers for p in sources)):
                gone.add(node_id)
        return frozenset(gone)
