"""Typed edits of a plan, what each costs, and what undoes it.

The unit of cost is one call: removing a call takes away all that it was to do. What keeps the call costs less, in the order of
how much of its sense is lost:

    drop_argument   0.1   an addition goes: a copy to somebody, an attachment. The call does what it did
    narrow          0.2   the same deed on less
    redirect        0.4   the same deed towards another
    de_escalate     0.6   another, weaker deed on the same thing
    prune           1     a call is not made; with what only it feeds, 1 for each

An edit of a plan where it does not fit (no such node, another value there) gives None. Apply and then `inverse` give the
plan back, node for node and edge for edge.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Protocol

from gatling.schema import ExecutionPlan, PlanEdge, PlanNode
from gatling.schema.arguments import ArgumentPath, dotted

DROP_COST = 0.1
NARROW_COST = 0.2
REDIRECT_COST = 0.4
DE_ESCALATE_COST = 0.6
PRUNE_COST = 1.0

_MISSING = object()


class Edit(Protocol):
    """A change of a plan that takes something away and adds nothing."""

    @property
    def cost(self) -> float: ...

    @property
    def inverse(self) -> Restore: ...

    def apply(self, plan: ExecutionPlan) -> ExecutionPlan | None: ...


@dataclass(frozen=True, slots=True)
class Restore:
    """What an edit took away, to be put back. No candidate of a repair: it widens."""

    node_id: str | None = None
    """The call that was changed; None where calls were removed."""
    tool_name: str | None = None
    scope_volume: int | None = None
    values: tuple[tuple[ArgumentPath, Any], ...] = ()
    argument: tuple[str, int, Any] | None = None
    """A dropped argument: name, position among the arguments, value."""
    nodes: tuple[tuple[int, PlanNode], ...] = ()
    """Removed calls with their positions, ascending."""
    edges: tuple[tuple[int, PlanEdge], ...] = ()

    def apply(self, plan: ExecutionPlan) -> ExecutionPlan | None:
        nodes, edges = list(plan.nodes), list(plan.edges)
        for i, node in self.nodes:
            nodes.insert(i, node)
        for i, edge in self.edges:
            edges.insert(i, edge)
        if self.node_id is not None:
            place = _place(plan, self.node_id)
            if place is None:
                return None
            arguments = nodes[place].arguments
            for path, value in self.values:
                arguments = with_value(arguments, path, value)
            if self.argument is not None:
                name, position, value = self.argument
                items = list(arguments.items())
                items.insert(position, (name, value))
                arguments = dict(items)
            fields: dict[str, Any] = {"arguments": arguments} if arguments is not nodes[place].arguments else {}
            if self.tool_name is not None:
                fields["tool_name"] = self.tool_name
            if self.scope_volume is not None:
                fields["scope_volume"] = self.scope_volume
            nodes[place] = nodes[place].model_copy(update=fields)
        return rebuilt(plan, nodes, edges)


@dataclass(frozen=True, slots=True)
class DropArgument:
    """Take away an argument that only adds to the call, with the data that flows into it."""

    node_id: str
    name: str
    """An argument of the call itself, not one inside another."""
    value: Any
    position: int
    """Among the call's arguments."""
    edges: tuple[tuple[int, PlanEdge], ...] = ()
    """Edges into the argument, with their positions in the plan."""

    @classmethod
    def of(cls, plan: ExecutionPlan, node: PlanNode, name: str) -> DropArgument:
        into = [(i, e) for i, e in enumerate(plan.edges) if e.target == node.node_id and e.argument == name]
        return cls(node.node_id, name, node.arguments[name], list(node.arguments).index(name), tuple(into))

    @property
    def cost(self) -> float:
        return DROP_COST

    @property
    def inverse(self) -> Restore:
        return Restore(self.node_id, argument=(self.name, self.position, self.value), edges=self.edges)

    def apply(self, plan: ExecutionPlan) -> ExecutionPlan | None:
        place = _place(plan, self.node_id)
        if place is None or not same(plan.nodes[place].arguments.get(self.name, _MISSING), self.value):
            return None
        arguments = {key: value for key, value in plan.nodes[place].arguments.items() if key != self.name}
        edges = [e for e in plan.edges if e.target != self.node_id or e.argument != self.name]
        return _with_node(plan, place, edges, arguments=arguments)

    def __str__(self) -> str:
        return f"drop {self.name} of {self.node_id}: {shown(self.value)}"


@dataclass(frozen=True, slots=True)
class Narrow:
    """Make a limit, a range or a list smaller. The volume that the call states goes along."""

    node_id: str
    path: ArgumentPath
    """Empty where only the stated volume changes."""
    old: Any
    new: Any
    old_volume: int
    new_volume: int

    @property
    def cost(self) -> float:
        return NARROW_COST

    @property
    def inverse(self) -> Restore:
        values = ((self.path, self.old),) if self.path else ()
        volume = self.old_volume if self.new_volume != self.old_volume else None
        return Restore(self.node_id, values=values, scope_volume=volume)

    def apply(self, plan: ExecutionPlan) -> ExecutionPlan | None:
        place = _place(plan, self.node_id)
        if place is None or plan.nodes[place].scope_volume != self.old_volume:
            return None
        fields: dict[str, Any] = {}
        if self.new_volume != self.old_volume:
            fields["scope_volume"] = self.new_volume
        if self.path:
            if not same(value_at(plan.nodes[place].arguments, self.path), self.old):
                return None
            fields["arguments"] = with_value(plan.nodes[place].arguments, self.path, self.new)
        return _with_node(plan, place, plan.edges, **fields)

    def __str__(self) -> str:
        name = dotted(self.path) or "volume"
        return f"narrow {name} of {self.node_id}: {shown(self.old)} to {shown(self.new)}"


@dataclass(frozen=True, slots=True)
class Redirect:
    """Send to a place that request or policy names, or give a value that both name."""

    node_id: str
    path: ArgumentPath
    old: str
    new: str
    named_by: str
    """`request` or `policy`."""

    @property
    def cost(self) -> float:
        return REDIRECT_COST

    @property
    def inverse(self) -> Restore:
        return Restore(self.node_id, values=((self.path, self.old),))

    def apply(self, plan: ExecutionPlan) -> ExecutionPlan | None:
        place = _place(plan, self.node_id)
        if place is None or not same(value_at(plan.nodes[place].arguments, self.path), self.old):
            return None
        arguments = with_value(plan.nodes[place].arguments, self.path, self.new)
        return _with_node(plan, place, plan.edges, arguments=arguments)

    def __str__(self) -> str:
        change = f"{shown(self.old)} to {shown(self.new)}"
        return f"redirect {dotted(self.path)} of {self.node_id}: {change}, which the {self.named_by} names"


@dataclass(frozen=True, slots=True)
class DeEscalate:
    """Make the call with a weaker tool that acts on the same kind of thing, or with the one that its name only looks like.
    Arguments stay."""

    node_id: str
    old: str
    new: str

    @property
    def cost(self) -> float:
        return DE_ESCALATE_COST

    @property
    def inverse(self) -> Restore:
        return Restore(self.node_id, tool_name=self.old)

    def apply(self, plan: ExecutionPlan) -> ExecutionPlan | None:
        place = _place(plan, self.node_id)
        if place is None or plan.nodes[place].tool_name != self.old:
            return None
        return _with_node(plan, place, plan.edges, tool_name=self.new)

    def __str__(self) -> str:
        return f"call {self.new} instead of {self.old} at {self.node_id}"


@dataclass(frozen=True, slots=True)
class Prune:
    """Remove calls, and the edges at them."""

    roots: tuple[str, ...]
    """The calls that are to blame; the others go because they live on them."""
    nodes: tuple[tuple[int, PlanNode], ...]
    """All calls that go, with their positions, ascending."""
    edges: tuple[tuple[int, PlanEdge], ...]

    @classmethod
    def of(cls, plan: ExecutionPlan, roots: tuple[str, ...], gone: frozenset[str]) -> Prune:
        """Make the edit. Args: gone: ids of all calls that go, the roots among them."""
        nodes = tuple((i, n) for i, n in enumerate(plan.nodes) if n.node_id in gone)
        edges = tuple((i, e) for i, e in enumerate(plan.edges) if e.source in gone or e.target in gone)
        return cls(roots, nodes, edges)

    @property
    def cost(self) -> float:
        return PRUNE_COST * len(self.nodes)

    @property
    def inverse(self) -> Restore:
        return Restore(nodes=self.nodes, edges=self.edges)

    def apply(self, plan: ExecutionPlan) -> ExecutionPlan | None:
        gone = {node.node_id for _, node in self.nodes}
        kept = [n for n in plan.nodes if n.node_id not in gone]
        if not kept or len(kept) + len(gone) != len(plan.nodes):
            return None
        return rebuilt(plan, kept, [e for e in plan.edges if e.source not in gone and e.target not in gone])

    def __str__(self) -> str:
        names = [f"{n.node_id} ({n.tool_name})" for _, n in self.nodes]
        more = f" and {len(names) - 4} more" if len(names) > 4 else ""
        return f"remove call{'s' if len(names) > 1 else ''} {', '.join(names[:4])}{more}"


def rebuilt(plan: ExecutionPlan, nodes: list[PlanNode], edges: list[PlanEdge]) -> ExecutionPlan:
    """Return a plan with other nodes and edges; whether edges are written down stays as it was."""
    fields: dict[str, Any] = {"nodes": tuple(nodes)}
    if edges or "edges" in plan.model_fields_set:
        fields["edges"] = tuple(edges)
    return ExecutionPlan(**fields, **(plan.model_extra or {}))


def value_at(arguments: dict[str, Any], path: ArgumentPath) -> Any:
    """Return what stands at a path; an object of its own where nothing does."""
    inner: Any = arguments
    for part in path:
        is_item = isinstance(inner, (list, tuple)) and isinstance(part, int) and part < len(inner)
        if not is_item and not (isinstance(inner, dict) and part in inner):
            return _MISSING
        inner = inner[part]
    return inner


def with_value(arguments: dict[str, Any], path: ArgumentPath, value: Any) -> dict[str, Any]:
    """Return arguments with another value at a path that exists; what lies beside the path is shared."""
    around: list[Any] = [arguments]
    for part in path[:-1]:
        around.append(around[-1][part])
    for container, part in zip(reversed(around), reversed(path), strict=True):
        copied: Any = dict(container) if isinstance(container, dict) else list(container)
        copied[part] = value
        value = copied
    return dict(value)


def same(a: Any, b: Any) -> bool:
    """Compare JSON values; unlike `==`, true is not 1 and 1.0 is not 1."""
    return type(a) is type(b) and bool(a == b)


def shown(value: Any) -> str:
    """Write a value for a sentence, 60 characters at most."""
    text = json.dumps(value, ensure_ascii=False, default=list)
    return text if len(text) <= 60 else text[:57] + "..."


def _place(plan: ExecutionPlan, node_id: str) -> int | None:
    return next((i for i, node in enumerate(plan.nodes) if node.node_id == node_id), None)


def _with_node(plan: ExecutionPlan, place: int, edges: Any, **fields: Any) -> ExecutionPlan:
    nodes = list(plan.nodes)
    nodes[place] = nodes[place].model_copy(update=fields)
    return rebuilt(plan, nodes, list(edges))
