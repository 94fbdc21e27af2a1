"""A plan while it is edited: what changed, which nodes are to blame, which of them the request no longer asks for."""

from __future__ import annotations

import copy
from collections.abc import Collection
from typing import Any

from gatling.schema import ExecutionPlan, PlanEdge, PlanNode

_DIGITS = "0123456789"
ID_DIGITS = 9


class Draft:
    """An edit of a plan. The plan itself is never touched; nodes and edges that no edit names are shared with it.

    Args:
        plan: what the edit starts from.
    """

    def __init__(self, plan: ExecutionPlan) -> None:
        self._plan = plan
        self._nodes = list(plan.nodes)
        self._edges = list(plan.edges)
        self._pairs = {(e.source, e.target) for e in plan.edges}
        self._names_arguments = any(e.argument is not None for e in plan.edges)
        self.blamed: list[str] = []
        """Nodes that were changed or added and carry the violation, in the order of the edits."""
        self.unasked: set[str] = set()
        """Nodes that the request does not ask for, as they are now."""

    def copy(self) -> Draft:
        """Return an independent draft in the same state."""
        other = Draft(self._plan)
        other._nodes, other._edges, other._pairs = list(self._nodes), list(self._edges), set(self._pairs)
        other.blamed, other.unasked = list(self.blamed), set(self.unasked)
        return other

    def node(self, node_id: str) -> PlanNode:
        return next(n for n in self._nodes if n.node_id == node_id)

    def change(self, node_id: str, *, is_blamed: bool = True, is_asked: bool = True, **fields: Any) -> None:
        """Give a node other fields."""
        place = next(i for i, n in enumerate(self._nodes) if n.node_id == node_id)
        self._nodes[place] = self._nodes[place].model_copy(update=fields)
        self._mark(node_id, is_blamed, is_asked)

    def set_argument(self, node_id: str, path: tuple[str | int, ...], value: Any, **change: Any) -> None:
        """Replace, or add, what stands at a path of a node's arguments."""
        arguments = copy.deepcopy(self.node(node_id).arguments)
        inner: Any = arguments
        for part in path[:-1]:
            inner = inner[part]
        inner[path[-1]] = value
        self.change(node_id, arguments=arguments, **change)

    def add(
        self,
        call: PlanNode,
        *,
        tier: int | None = None,
        after: str | None = None,
        is_blamed: bool = True,
        is_asked: bool = True,
    ) -> str:
        """Add a call like a given one behind a node, or at the end; return its id.

        Args:
            tier: its provenance tier. Default: that of the given call.
        """
        node_id = self._new_id()
        node = PlanNode(
            tool_name=call.tool_name,
            node_id=node_id,
            arguments=call.arguments,
            provenance_tier=call.provenance_tier if tier is None else tier,
            scope_volume=call.scope_volume,
            scope_sensitivity=call.scope_sensitivity,
        )
        place = len(self._nodes)
        if after is not None:
            place = 1 + next(i for i, n in enumerate(self._nodes) if n.node_id == after)
        self._nodes.insert(place, node)
        self._mark(node_id, is_blamed, is_asked)
        return node_id

    def remove(self, node_ids: Collection[str]) -> None:
        """Take nodes out, with their edges."""
        self._nodes = [n for n in self._nodes if n.node_id not in node_ids]
        self._edges = [e for e in self._edges if e.source not in node_ids and e.target not in node_ids]
        self._pairs = {(e.source, e.target) for e in self._edges}

    def connect(self, source: str, target: str, argument: str | None = None) -> None:
        """Let data flow from one node to another; the argument is written down where the plan's own edges do so."""
        fields: dict[str, Any] = {"source": source, "target": target}
        if self._names_arguments and argument is not None:
            fields["argument"] = argument
        if (source, target) not in self._pairs:
            self._edges.append(PlanEdge(**fields))
            self._pairs.add((source, target))

    def disconnect(self, sources: Collection[str], target: str) -> None:
        """Let no data flow from some nodes straight to another."""
        self._edges = [e for e in self._edges if e.target != target or e.source not in sources]
        self._pairs = {(e.source, e.target) for e in self._edges}

    def blame(self, node_id: str) -> None:
        """Blame a node for a change made elsewhere."""
        self._mark(node_id, is_blamed=True, is_asked=True)

    def build(self) -> ExecutionPlan:
        """Return the edited plan. Raises: InputError (as pydantic's ValidationError) if the edges form a cycle."""
        return ExecutionPlan(nodes=tuple(self._nodes), edges=tuple(self._edges), **(self._plan.model_extra or {}))

    def _mark(self, node_id: str, is_blamed: bool, is_asked: bool) -> None:
        if is_blamed and node_id not in self.blamed:
            self.blamed.append(node_id)
        if not is_asked:
            self.unasked.add(node_id)

    def _new_id(self) -> str:
        """Return an id in the style of the plan's last node."""
        known = {n.node_id for n in self._nodes}
        last = self._plan.nodes[-1].node_id
        digits = last[len(last.rstrip(_DIGITS)) :][-ID_DIGITS:]
        stem, number = (last[: -len(digits)], int(digits)) if digits else (last + "_", 1)
        while (new := f"{stem}{number:0{len(digits)}}") in known:
            number += 1
        return new
