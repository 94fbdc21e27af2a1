"""What critics know of a context and of a plan, computed once and shared.

`ContextFacts` is made once for a context and kept; `PlanFacts` once for a plan. Both are linear: in the clauses about the
tools used, and in nodes plus edges plus argument leaves.

- What a tool does (effect, privilege, sensitivity, whether it shows outsiders' text) is declared by a catalogue, or
  concluded from its name; `ToolFacts.is_declared` says which.
- An argument value is *asked* as far as the request states it: 1 to the letter, else the share of its content words.
- Free text (subjects, bodies, what is longer than a few words) of a call that comes from outsiders' text is *muted* where the
  call names an address, a host or an account that nobody asked for: who wrote that wrote the text too, and can quote the
  request in it. However many other values such a call has, two of them are listened to.
- A node is *endorsed* as far as the request names the item that its data comes from: a source whose own arguments the
  request states. It closes the trust gap; a source that is untrusted itself endorses 0.4 of that.
- The effective tier is the worst of a node and all that data reaches it from.
- Exposure is the highest sensitivity that data can have had on its way to a node.
"""

from __future__ import annotations

import graphlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from gatling.policy import Clause, ClauseKind, Rulebook
from gatling.policy.bounds import highest_tiers, upper_bounds
from gatling.policy.facts import Call, Destination, leaves
from gatling.policy.rules import Operator
from gatling.request.asking import asks, request_as_written
from gatling.request.request import STOP_WORDS, Request, content_words
from gatling.request.values import Value, is_foreign, names_in_keys, read_value
from gatling.schema import ExecutionPlan, GovernanceContext, PlanNode
from gatling.schema.words import split_words, stem
from gatling.tools import by_name
from gatling.tools.derive import verb_of
from gatling.tools.spec import ToolSpec

# Words of prose rules that say nothing about what they rule on.
_RULE_FILLER = frozenset("request name address stat say want only must need".split())
# What a request calls the texts that tools return, by kind: "the bill" is a file, "his message" stands in an inbox.
_ITEMS = tuple(
    frozenset(map(stem, words.split()))
    for words in (
        "inbox email mail message thread chat dm conversation",
        "page webpage website site web link article blog url post",
        "file document doc folder drive bill invoice statement report note minutes list todo notice letter attachment",
        "calendar event meeting appointment schedule",
        "review rating comment feedback",
    )
)
# Of a muted call: more arguments that repeat the request say no more for it.
_SPEAKING_VALUES = 2
_UNTRUSTED_ENDORSES = 0.4
_UNASKED_ACTION_IS_ENDORSED = 0.4
_LEAFLESS_ENDORSES = 0.3
_LINK_IS_ENDORSED = 0.4


@dataclass(frozen=True, slots=True)
class Tier:
    """A clause about the trust of a call, or of one of its arguments."""

    highest: int
    argument: str
    clause: Clause


@dataclass(frozen=True)
class ToolFacts:
    """What is known of a tool in one context."""

    name: str
    words: tuple[str, ...]
    verb: str
    effect: str
    privilege: int
    sensitivity: int
    shows_outside_text: bool
    is_declared: bool
    """Whether a catalogue says so; else it is concluded from the name."""
    verb_asked: float
    verb_nearness: float
    object_asked: float
    """Share of the words beside the verb that the request has."""
    object_nearness: float
    object_nearest: float
    needs_request: Clause | None
    """The clause of this tool that wants it asked for."""
    general_rule: Clause | None
    """The clause of all tools that wants them asked for."""
    tiers: tuple[Tier, ...]
    bounds: dict[str, tuple[float, Clause]]
    rule_asked: float
    """How far prose rules on this tool speak of what the request speaks of, 0 to 1."""
    rule_nearness: float
    num_rules: int
    is_item_of_request: bool
    """Whether the request speaks of the kind of text that the tool returns."""
    is_named: bool
    """Whether any clause speaks of the tool by name or pattern."""


@dataclass
class ContextFacts:
    """A context, as critics see it.

    Args:
        context: its policy must be the one that `rules` are of.
        rules: the explicit part of the policy.
        catalog: tools that are declared, by name.
    """

    context: GovernanceContext
    rules: Rulebook
    catalog: Mapping[str, ToolSpec] = field(default_factory=dict)

    @cached_property
    def request(self) -> Request:
        return Request(request_as_written(self.context))

    @cached_property
    def own_words(self) -> frozenset[str]:
        """Words of the session beside the request: who the user is, and what the user's system states."""
        found: set[str] = set()
        for _, value in leaves(self.context.session_context):
            if isinstance(value, str) and value.lower() != self.request.text:
                found.update(split_words(value))
        return frozenset(found)

    @cached_property
    def own_text(self) -> str:
        """The session beside the request as one run of letters and digits, to find an organisation's host in."""
        values = (v for _, v in leaves(self.context.session_context) if isinstance(v, str))
        return " ".join("".join(split_words(v)) for v in values if v.lower() != self.request.text)

    def is_own(self, text: str) -> bool:
        """Tell whether an address is the user's own: a local part of the session's words, at the session's organisation."""
        local, at, host = text.lower().strip().rpartition("@")
        if not at:
            words = split_words(text)
            return bool(words) and all(word in self.own_words for word in words)
        labels = host.split(".")
        name = "".join(split_words(labels[0])) if len(labels) == 2 else ""  # `acme.evil.example` is not Acme's
        words = split_words(local)
        return len(name) >= 3 and name in self.own_text and bool(words) and all(w in self.own_words for w in words)

    @cached_property
    def _tools(self) -> dict[str, ToolFacts]:
        return {}

    def tool(self, name: str) -> ToolFacts:
        """Return what is known of a tool; remembered, as plans call the same tools again."""
        found = self._tools.get(name)
        if found is None:
            found = self._look_up(name)
            if len(self._tools) < 4_096:
                self._tools[name] = found
        return found

    def _look_up(self, name: str) -> ToolFacts:
        request, words = self.request, tuple(split_words(name))
        known = verb_of(name)
        verb = known[0] if known else words[0] if words else ""
        objects = [w for w in words if w != verb and w not in STOP_WORDS] or list(words)
        near = request.nearness(objects) or [0.0]
        spec = self.catalog.get(name)
        role, star = self.context.user_role, "*"
        clauses = self.rules.clauses_for(name, role)
        wanting = [c for c in clauses if c.kind is ClauseKind.REQUIRE and any(map(asks, c.checks))]
        rule_asked, rule_nearness, num_rules = self._prose(clauses)
        return ToolFacts(
            name=name,
            words=words,
            verb=verb,
            effect=spec.effect if spec else by_name.effect(name),
            privilege=spec.privilege if spec else by_name.privilege(name),
            sensitivity=spec.sensitivity if spec else by_name.sensitivity(name),
            shows_outside_text=by_name.shows_outside_text(name),
            is_declared=spec is not None,
            verb_asked=request.share([verb]) if verb else 0.0,
            verb_nearness=request.nearness([verb])[0] if verb else 0.0,
            object_asked=request.share(objects),
            object_nearness=sum(near) / len(near),
            object_nearest=max(near),
            needs_request=next((c for c in wanting if star not in c.tools), None),
            general_rule=next((c for c in wanting if star in c.tools), None),
            tiers=tuple(Tier(*t) for t in highest_tiers(self.rules, name, role)),
            bounds=upper_bounds(self.rules, name, role),
            rule_asked=rule_asked,
            rule_nearness=rule_nearness,
            num_rules=num_rules,
            is_item_of_request=any(
                not kind.isdisjoint(map(stem, words)) and not kind.isdisjoint(request.stems) for kind in _ITEMS
            ),
            is_named=any(star not in c.tools for c in clauses),
        )

    def _prose(self, clauses: tuple[Clause, ...]) -> tuple[float, float, int]:
        asked = nearness = 0.0
        count = 0
        for clause in clauses:
            if clause.kind is not ClauseKind.REQUIRE or "*" in clause.tools:
                continue
            for check in clause.checks:
                if check.operator is not Operator.UNKNOWN:
                    continue
                count += 1
                words = [w for w in dict.fromkeys(content_words(str(check.value))) if len(w) > 2]
                words = [w for w in words if stem(w) not in _RULE_FILLER]
                if words:
                    near = sorted(self.request.nearness(words))[-4:]
                    asked = max(asked, min(1.0, sum(map(self.request.has, words)) / 4))
                    nearness = max(nearness, sum(near) / len(near))
        return asked, nearness, count


@dataclass(slots=True)
class NodeFacts:
    """One call, as critics see it."""

    node: PlanNode
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
    chain: int = 0
    """How many unasked values from untrusted text were followed, one after another, to get here."""
    effective_tier: int = 1
    exposure: int = 1
    """Highest sensitivity of what is read here or flows in, 1 to 5."""
    hops: int = 0
    """Edges between here and where the exposure comes from."""

    @property
    def said(self) -> tuple[Value, ...]:
        """The values, as far as they speak for the call."""
        return tuple(v.muted() if v.is_free else v for v in self.values) if self.is_muted else self.values

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
    def short(self) -> list[Value]:
        return [v for v in self.said if v.kind in ("identity", "short")]

    @property
    def short_best(self) -> float:
        """How far the best asked short value is asked; 0 without values."""
        return max((v.asked for v in self.short), default=0.0) if self.values else 0.0

    @property
    def has_unasked_identity(self) -> bool:
        return bool(self.identities) and min(self.identities) < 0.5

    @property
    def names_an_item(self) -> bool:
        """Whether the request states one of its identities to the letter."""
        return any(v.kind == "identity" and v.is_literal for v in self.said)

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


class PlanFacts:
    """A plan in a context, as critics see it. Nodes are in the plan's order."""

    def __init__(self, context: ContextFacts, plan: ExecutionPlan) -> None:
        self.context = context
        self.plan = plan
        position = {node.node_id: i for i, node in enumerate(plan.nodes)}
        parents: list[list[int]] = [[] for _ in plan.nodes]
        for edge in plan.edges:
            parents[position[edge.target]].append(position[edge.source])
        self.nodes = [
            _node_facts(context, node, tuple(dict.fromkeys(p))) for node, p in zip(plan.nodes, parents, strict=True)
        ]
        delegation = context.request.delegation
        for i in graphlib.TopologicalSorter({i: n.parents for i, n in enumerate(self.nodes)}).static_order():
            _propagate(self.nodes[i], [self.nodes[p] for p in self.nodes[i].parents], delegation)

    @cached_property
    def tool_counts(self) -> Counter[str]:
        return Counter(node.tool_name for node in self.plan.nodes)


def _node_facts(context: ContextFacts, node: PlanNode, parents: tuple[int, ...]) -> NodeFacts:
    tool = context.tool(node.tool_name)
    call = Call(node)
    values: list[Value] = []
    identities: list[float] = []
    taken: list[tuple[bool, frozenset[str]]] = []
    identities += (0.0 for name in names_in_keys(node.arguments) if not context.request.states(name))
    for path, leaf in call.leaves:
        if leaf is None or isinstance(leaf, bool) or leaf == "":
            continue
        value, words, inner = read_value(context.request, context.is_own, path, leaf)
        values.append(value)
        taken.append((value.is_free, context.request.stems.intersection(map(stem, words))))
        if value.kind == "identity":
            identities.append(value.asked)
        identities += inner
    unasked = tuple(d for d in call.destinations if not context.request.states(d.text) and not context.is_own(d.text))
    names_unasked = any(is_foreign(d) for d in unasked) or min(identities, default=1.0) < 0.5
    of_tool = context.request.stems.intersection(map(stem, tool.words))
    spoken = sorted((words for is_free, words in taken if not is_free), key=len, reverse=True)[:_SPEAKING_VALUES]
    return NodeFacts(
        node=node,
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
        parents=parents,
    )


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
    unasked = facts.has_unasked_identity or min((v.asked for v in facts.short), default=1.0) < 0.5
    if node.provenance_tier == 3 and unasked:
        facts.chain = 1 + max((p.chain for p in parents), default=0)
    facts.exposure, facts.hops = max(node.scope_sensitivity, tool.sensitivity if tool.effect == "read" else 1), 0
    for p in parents:
        if p.exposure > facts.exposure or (p.exposure == facts.exposure and p.hops + 1 > facts.hops > 0):
            facts.exposure, facts.hops = p.exposure, p.hops + 1


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
