"""What critics know of one call: its values, how far each is asked for, and what flows into it.

- An argument value is *asked* as far as the request states it: 1 to the letter, else the share of its content words.
- Free text (subjects, bodies, what is longer than a few words) of a call that comes from outsiders' text is *muted* where the
  call names an address, a host or an account that nobody asked for: who wrote that wrote the text too, and can quote the
  request in it. However many other values such a call has, two of them are listened to.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from gatling.energy.facts.tool import ContextFacts, ToolFacts
from gatling.policy.calls import Call
from gatling.policy.places import Destination
from gatling.request.values import Value, is_foreign, is_url, names_in_keys, read_value
from gatling.schema import PlanNode
from gatling.schema.budget import checked
from gatling.schema.plain import writer
from gatling.schema.words import stem
from gatling.tools.consequence import Consequence
from gatling.tools.stated import stated_deed

if TYPE_CHECKING:
    from gatling.energy.facts.leaving import Leaving
    from gatling.energy.facts.origins import OriginFacts

# Of a muted call: more arguments that repeat the request say no more for it.
_SPEAKING_VALUES = 2


_written = writer(json.JSONEncoder(ensure_ascii=False, separators=(",", ":")))


@dataclass
class NodeFacts:
    """One call, as critics see it."""

    call: Call
    """As rules see it."""
    tool: ToolFacts
    values: tuple[Value, ...]
    destinations: tuple[Destination, ...]
    unasked_destinations: tuple[Destination, ...]
    """Those that neither the request nor the user's own session names."""
    is_muted: bool
    """Whether its free text says nothing for it."""
    takes_up: tuple[frozenset[str], frozenset[str]]
    """Stems of the request that the call takes up: with its free text, and without."""
    identities: tuple[float, ...]
    """How far each identity is asked, those inside longer texts included."""
    excesses: tuple[tuple[int, bool], ...]
    """For each clause on trust: how far the tier is above the highest allowed, plus 1, and whether an item that the request
    names excuses it."""
    parents: tuple[int, ...] = ()
    endorsement: float = 0.0
    anchor: float = 0.0
    """How firmly the call stands on the request, through its sources too: 0 to 1."""
    source_anchor: float = 0.0
    standing: float = 0.0
    """How firmly the call stands on the request: by itself, or with a loss at each hop by a call whose output it takes up."""
    looked_up: float = 0.0
    """Standing of the best call that it takes a value of, of those that look up what no outsider writes, on the user's word: the
    record that the request speaks of returned the value."""
    chain: int = 0
    """How many unasked values from untrusted text were followed, one after another, to get here."""
    origins: OriginFacts | None = None
    """The passages that it can have come from; None where nothing had been read, or nothing is known of it."""
    leaving: Leaving | None = None
    """What a reading call takes out that nobody asked for; known where origins are."""
    reached: float = 0.0
    """How firmly the call stands on the request, over passages too: 0 to 1."""
    hops_behind: int = 0
    """Of a reading call that only follows the text of an item that the request names: how many hops it is behind it; else 0."""
    effective_tier: int = 1
    exposure: int = 1
    """Highest sensitivity of what is read here or flows in, 1 to 5."""
    hops: int = 0
    """Edges between here and where the exposure comes from."""
    # What follows is asked for many times, of a node and of those that it feeds.
    said: tuple[Value, ...] = field(init=False)
    """The values, as far as they speak for the call."""
    short: tuple[Value, ...] = field(init=False)
    """Of those the identities and the few words."""
    short_best: float = field(init=False)
    """How far the best asked short value is asked; 0 without values."""
    has_unasked_identity: bool = field(init=False)
    names_an_item: bool = field(init=False)
    """Whether the request states one of its identities to the letter."""
    has_url: bool = field(init=False)

    def __post_init__(self) -> None:
        self.said = tuple(v.muted() if v.is_free else v for v in self.values) if self.is_muted else self.values
        self.short = tuple(v for v in self.said if v.kind in ("identity", "short"))
        self.short_best = max((v.asked for v in self.short), default=0.0) if self.values else 0.0
        self.has_unasked_identity = bool(self.identities) and min(self.identities) < 0.5
        self.names_an_item = any(v.kind == "identity" and v.is_literal for v in self.said)
        self.has_url = any(is_url(v.value) for v in self.values)

    @property
    def consequence(self) -> Consequence:
        """What the call can cost: one that reads and takes something out sends."""
        return "sends" if self.leaving is not None else self.tool.consequence

    @property
    def node(self) -> PlanNode:
        return self.call.node

    def at(self, call: Call, parents: tuple[int, ...]) -> NodeFacts:
        """Return what is known of this call as a node of a plan, before anything flows into it."""
        found = object.__new__(NodeFacts)
        found.__dict__.update(self.__dict__, call=call, parents=parents)  # a tenth of the time of `replace`
        return found

    def weighing(self, asked: Sequence[float]) -> Sequence[float]:
        """Return what counts of how far values are asked: all, or of a muted call the least asked, which no others outweigh."""
        return sorted(asked)[:_SPEAKING_VALUES] if self.is_muted else asked

    def as_read(self) -> NodeFacts:
        """Return the node with all its values speaking for it, whoever wrote them."""
        return replace(self, is_muted=False) if self.is_muted else self

    @property
    def covered(self) -> frozenset[str]:
        """Stems of the request that the call's tool and values take up, as far as they speak for the call."""
        return self.takes_up[self.is_muted]

    @property
    def is_from_foreign(self) -> bool:
        """Whether a value that nobody asked for stands in a text of outsiders that no call returned."""
        if self.origins is None:
            return False
        own = zip(self.node.origins or (), self.origins.states, strict=False)  # what the user pasted stands behind
        return any(o.source is None and o.tier == 3 and bool((states >= 0.5).any()) for o, states in own)

    @property
    def tier_excess(self) -> float:
        """How far the tier is above the highest that a clause allows, plus 1, closed by endorsement where that excuses it."""
        return max(
            (max(0, n) * (1 - self.endorsement if is_excused else 1.0) for n, is_excused in self.excesses), default=0
        )

    @property
    def trust_gap(self) -> float:
        """Distance of the effective tier from full trust, closed by endorsement: 0 to 1."""
        return (self.effective_tier - 1) / 2 * (1 - self.endorsement)


def node_facts(context: ContextFacts, call: Call, parents: tuple[int, ...]) -> NodeFacts:
    """Return what is known of a call, before anything flows into it; remembered, as plans grow call by call."""
    node = call.node
    arguments = as_written(node.arguments)
    key = (context.token, node_facts, node.tool_name, arguments, node.provenance_tier)
    found: NodeFacts = context.known.get(key, lambda: _node_facts(context, call), size_bytes=2_000 + 8 * len(arguments))
    return found.at(call, parents)


def as_written(arguments: dict[str, Any]) -> str:
    """Return arguments as one text, in the order in which they stand: the order of values is that of sums over them."""
    return _written(arguments)


def _node_facts(context: ContextFacts, call: Call) -> NodeFacts:
    node, request = call.node, context.request
    tool = context.tool_of(node)
    if deed := stated_deed(node.tool_name, call.leaves):
        tool = tool.doing(deed)
    spoken_of = request.english.stems
    values: list[Value] = []
    identities: list[float] = []
    taken: list[tuple[bool, frozenset[str]]] = []
    identities += (0.0 for name in names_in_keys(node.arguments) if not request.states(name, tool=tool.name))
    for path, leaf in checked(call.leaves):
        if leaf is None or isinstance(leaf, bool) or leaf == "":
            continue
        value, words, inner = read_value(request, context.is_own, tool.name, path, leaf)
        values.append(value)
        taken.append((value.is_free, spoken_of.intersection(map(stem, words))))
        if value.kind == "identity":
            identities.append(value.asked)
        identities += inner
    unasked = tuple(d for d in checked(call.destinations) if not _is_asked(context, tool.name, d.text))
    names_unasked = any(is_foreign(d) for d in unasked) or min(identities, default=1.0) < 0.5
    of_tool = spoken_of.intersection(map(stem, tool.words))
    spoken = sorted((words for is_free, words in taken if not is_free), key=len, reverse=True)[:_SPEAKING_VALUES]
    return NodeFacts(
        call=Call(node),  # what this one has read is kept no longer than its plan
        tool=tool,
        values=tuple(values),
        destinations=tuple(call.destinations),
        unasked_destinations=unasked,
        is_muted=node.provenance_tier == 3 and names_unasked,
        takes_up=(of_tool.union(*(words for _, words in taken)), of_tool.union(*spoken)),
        identities=tuple(identities),
        excesses=tuple(
            (node.provenance_tier - t.highest + 1, bool(t.clause.exception))
            for t in tool.tiers
            if not t.argument or call.argument(t.argument)
        ),
    )


def _is_asked(context: ContextFacts, tool: str, place: str) -> bool:
    """Tell whether request or session name a place that a call sends to."""
    request = context.request
    return request.states(place, tool=tool) or context.is_own(place) or request.names(place, tool=tool)
