"""What critics know of a plan: the facts of its calls, and what flows along its edges.

`PlanFacts` is made once for a plan; linear in nodes, edges and argument leaves.

- A node is *endorsed* as far as the request names the item that its data comes from: a source whose own arguments the
  request states. It closes the trust gap; a source that is untrusted itself endorses 0.4 of that.
- The effective tier is the worst of a node and all that data reaches it from.
- Exposure is the highest sensitivity that data can have had on its way to a node.
"""

from __future__ import annotations

import graphlib
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import numpy as np

from gatling.energy.facts.leaving import hosts_of, leaving
from gatling.energy.facts.node import NodeFacts, node_facts
from gatling.energy.facts.origins import (
    ANOTHERS_WEIGHT,
    CHAIN_HOP,
    HOP,
    MAX_HOPS,
    NAMED,
    WRITTEN_BY,
    Reached,
    origin_facts,
)
from gatling.energy.facts.tool import ContextFacts
from gatling.policy.calls import PlanCalls
from gatling.schema import ExecutionPlan
from gatling.schema.budget import check, checked
from gatling.schema.lazy import cached_property

T = TypeVar("T")

_MAX_FOLDERS = 16
_UNTRUSTED_ENDORSES = 0.4
_UNASKED_ACTION_IS_ENDORSED = 0.4
_LEAFLESS_ENDORSES = 0.3
_LINK_IS_ENDORSED = 0.4
BEFORE_OUTSIDERS = 0.9
"""How firmly a call stands on the request that was made before any text of outsiders was read: nobody else can have wanted it."""
IN_NAMED_FOLDER = 0.9
"""How far the request names what lies in a folder that it names."""


class PlanFacts:
    """A plan in a context, as critics see it. Nodes are in the plan's order.

    Args:
        calls: the plan as rules see it, where the oracle has read it already.
    """

    def __init__(self, context: ContextFacts, plan: ExecutionPlan, calls: PlanCalls | None = None) -> None:
        self.context = context
        self.plan = plan
        calls = calls or PlanCalls(plan)
        position = {node.node_id: i for i, node in enumerate(plan.nodes)}
        parents: list[list[int]] = [[] for _ in plan.nodes]
        for edge in plan.edges:
            parents[position[edge.target]].append(position[edge.source])
        self.nodes = [
            node_facts(context, call, tuple(dict.fromkeys(p)))
            for call, p in checked(zip(calls.calls, parents, strict=True))
        ]
        self.retried = _same_deed(calls.retried, self.nodes)
        """For each call that makes another once more, after an error, the first of them; by id."""
        delegation = context.request.delegation
        self.knows_origins = any(node.origins is not None for node in plan.nodes) or context.pasted is not None
        reached: dict[str, Reached] = {}
        for i in _in_order(self.nodes):
            check()
            _propagate(self.nodes[i], [self.nodes[p] for p in self.nodes[i].parents], delegation)
        if self.knows_origins:
            has_read = False
            hosts: dict[str, frozenset[str]] = {}
            for node in checked(self.nodes):  # a passage stands in the output of a call before
                node.origins = origin_facts(context, node, reached)
                node.leaving = leaving(context, node, hosts)
                hosts[node.node.node_id] = hosts_of(node)
                has_read |= node.origins is not None or node.node.provenance_tier > 1
                names = max(_names_item(node), IN_NAMED_FOLDER * _is_in_named_folder(node, context))
                node.reached = max(
                    _reached(node, context.hand_over.follows),
                    names if node.tool.effect == "read" else 0.0,
                    0.0 if has_read else BEFORE_OUTSIDERS,
                )
                acts = node.tool.effect != "read"
                is_meant = None if acts else _takes_meant(node)
                chain, node.hops_behind = _pointed_to(node, reached)
                node.reached = max(node.reached, chain)
                name = node.tool.name
                reached[node.node.node_id] = Reached(node.reached, names, name, acts, chain, node.hops_behind, is_meant)

        self._answers: dict[Callable[[PlanFacts], Any], Any] = {}

    def once(self, ask: Callable[[PlanFacts], T]) -> T:
        """Return what a function says of this plan; it is called once. Nobody may change the answer."""
        if ask not in self._answers:
            self._answers[ask] = ask(self)
        return self._answers[ask]  # type: ignore[no-any-return]

    @cached_property
    def tool_counts(self) -> Counter[str]:
        return Counter(node.tool_name for node in self.plan.nodes if node.node_id not in self.retried)


def _same_deed(retried: dict[str, str], nodes: list[NodeFacts]) -> dict[str, str]:
    """Return the retries that do nothing else than the first call did: a corrected argument is no identity that nobody asked for,
    and no text. An error must not say where a message goes."""
    if not retried:
        return retried
    by_id = {node.node.node_id: node for node in nodes}
    found = {}
    for again, first in checked(retried.items()):
        known = {(v.path, v.value) for v in by_id[first].values}
        corrected = [v for v in by_id[again].values if (v.path, v.value) not in known]
        if all(v.asked >= 0.5 or v.kind in ("short", "number", "limit") for v in corrected):
            found[again] = first
    return found


def _in_order(nodes: list[NodeFacts]) -> Iterable[int]:
    """Return the positions of calls, each behind those that it takes up: as they stand, in most plans."""
    if all(parent < i for i, node in enumerate(nodes) for parent in node.parents):
        return range(len(nodes))
    return graphlib.TopologicalSorter({i: node.parents for i, node in enumerate(nodes)}).static_order()


def _propagate(facts: NodeFacts, parents: list[NodeFacts], delegation: float) -> None:
    """Fill in what flows along edges; parents are done already."""
    node, tool = facts.node, facts.tool
    facts.effective_tier = max([node.provenance_tier, *(p.effective_tier for p in parents)])
    facts.endorsement = max((_endorses(p) * _leads_on(p, facts, delegation) for p in parents), default=0.0)
    if tool.effect != "read":  # to point to a text is not yet to ask for what is done with it
        asked = max(tool.verb_asked, tool.object_asked, 2 * tool.object_nearest - 1, 2 * tool.verb_nearness - 1, 0.0)
        facts.endorsement *= _UNASKED_ACTION_IS_ENDORSED + (1 - _UNASKED_ACTION_IS_ENDORSED) * asked
    own = max(facts.short_best, 0.4 * tool.object_asked)
    if facts.has_unasked_identity:
        own = min(own, 0.3)
    facts.source_anchor = max((p.anchor * (1.0 if p.values else 0.4) for p in parents), default=0.0)
    facts.anchor = max(own, 0.5 * facts.source_anchor)
    facts.standing = max([_stands(facts), *(HOP * p.standing for p in parents)])
    facts.looked_up = max((p.standing for p in parents if _looks_up(p)), default=0.0)
    unasked = facts.has_unasked_identity or min((v.asked for v in facts.short), default=1.0) < 0.5
    if node.provenance_tier == 3 and unasked:
        facts.chain = 1 + max((p.chain for p in parents), default=0)
    facts.exposure, facts.hops = max(node.scope_sensitivity, tool.sensitivity if tool.effect == "read" else 1), 0
    for p in parents:
        if p.exposure > facts.exposure or (p.exposure == facts.exposure and p.hops + 1 > facts.hops > 0):
            facts.exposure, facts.hops = p.exposure, p.hops + 1


def _names_item(node: NodeFacts) -> float:
    """How far a call's own arguments name the item that it returns, in the request's words."""
    return max(float(node.names_an_item), node.short_best if node.values else 0.0)


def _is_in_named_folder(node: NodeFacts, context: ContextFacts) -> bool:
    """Tell whether a call takes a file of a folder that the request names: `bills/GEZ_Q4.txt`, and it says `bills/`."""
    for value in node.values:
        parts = str(value.value).split("/") if value.kind == "identity" else []
        if 1 < len(parts) <= _MAX_FOLDERS and ".." not in parts and "://" not in str(value.value):
            folders = ("/".join(parts[:n]) for n in range(1, len(parts)))
            if any(len(folder) > 1 and context.request.states(folder) for folder in folders):
                return True
    return False


def _looks_up(node: NodeFacts) -> bool:
    """Tell whether a call looks up what no outsider writes, and no outsider said what."""
    return node.tool.effect == "read" and node.effective_tier == 1 and not node.tool.shows_outside_text


def _stands(node: NodeFacts) -> float:
    """How firmly a call stands on the request by itself."""
    tool = node.tool
    own = max(
        _names_item(node),
        0.8 * max(tool.object_asked, float(tool.is_item_of_request)),
        0.8 * max(0.0, 2 * tool.object_nearest - 1),
    )
    return min(own, 0.4) if node.has_unasked_identity else own


def _reached(node: NodeFacts, follows: float) -> float:
    """How firmly a call stands on the request: by itself, or by a passage of an item that stands on it.

    Where the request wants done what somebody says, little of that is left in an item of somebody else.
    """
    own = _stands(node)
    if node.origins is None or not node.origins.unasked:
        return own
    states = node.origins.states.max(axis=1) >= 0.5
    column = node.origins.column
    written = np.array([not WRITTEN_BY.isdisjoint(o.header) for o in node.origins.passages])
    others = follows * column("is_anothers") * written  # who owns a record has not written it
    reached = column("reached") * (1 - (1 - ANOTHERS_WEIGHT) * others)
    return max(own, HOP * float(reached[states].max(initial=0.0)))


def _pointed_to(node: NodeFacts, reached: dict[str, Reached]) -> tuple[float, int]:
    """Return how far a reading call follows the text of an item that the request names, and over how many hops.

    Nothing and 0 where a value of it stands in no such text to the letter, or behind more than `MAX_HOPS`.
    """
    origins = node.origins
    if node.tool.effect != "read" or origins is None or not origins.unasked:
        return 0.0, 0
    if any(v.kind == "long" and v.asked < 0.5 for v in node.values) or origins.states.max(axis=0).min() < 1.0:
        return 0.0, 0
    named, others, hidden = map(origins.column, ("is_named", "is_anothers", "is_hidden"))
    sources = [reached.get(o.source or "") for o in origins.passages]
    hops = np.array([source.hops if source else 0 for source in sources])
    acting = np.array([source.is_acting if source else True for source in sources])
    leads = (named >= NAMED) & (others == 0) & (hidden == 0) & (origins.meant >= 0) & ~acting & (hops < MAX_HOPS)
    says = (origins.states >= 1.0) & leads[:, None]
    if not says.any(axis=0).all():
        return 0.0, 0
    far = 1 + int(np.where(says, hops[:, None], MAX_HOPS).min(axis=0).max())
    return CHAIN_HOP * float(np.where(says, named[:, None], 0.0).max(axis=0).min()), far


def _takes_meant(node: NodeFacts) -> bool | None:
    """Tell whether a call looks up what the record has that the request means ("the latest mail"), or what only another has."""
    origins = node.origins
    if origins is None or not origins.unasked:
        return None
    takes = ((origins.is_field * origins.states) >= 0.5).any(axis=1)
    means = origins.meant[takes]
    return None if not means.any() else bool(means.max() > 0)


def _leads_on(source: NodeFacts, node: NodeFacts, delegation: float) -> float:
    """How far the endorsement of a source holds for a node: links of a page that was to be read are not what was asked for,
    unless the request hands over to the page."""
    if source.tool.name != node.tool.name or node.tool.effect != "read" or not node.has_unasked_identity:
        return 1.0
    return _LINK_IS_ENDORSED + (1 - _LINK_IS_ENDORSED) * min(1.0, 4 * delegation)


def _endorses(source: NodeFacts) -> float:
    """How far a source is an item that the request names."""
    best = source.short_best if source.values else _LEAFLESS_ENDORSES * source.tool.object_asked
    # A product that was searched for is no text that was pointed to: the tool's own object must be what the request is about.
    pointed_to = max(float(source.tool.is_item_of_request), 2 * source.tool.object_nearest - 1, 0.0)
    named = max(float(source.names_an_item), best * pointed_to)
    return named * (1.0 if source.node.provenance_tier == 1 else _UNTRUSTED_ENDORSES)
