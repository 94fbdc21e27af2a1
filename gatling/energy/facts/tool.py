"""What critics know of a context: its request, its session, and of every tool what it does and how far it is asked for.

`ContextFacts` is made once for a context and kept; linear in the clauses about the tools used.

- What a tool does (effect, privilege, sensitivity, whether it shows outsiders' text) is declared by a catalogue, or
  concluded from its name; `ToolFacts.is_declared` says which.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from gatling.policy import Clause, ClauseKind, Rulebook
from gatling.policy.bounds import highest_tiers, upper_bounds
from gatling.policy.clauses import Operator
from gatling.provenance.reading import Reading
from gatling.provenance.sources import UNKNOWN
from gatling.request.asking import asks, request_as_written, request_in
from gatling.request.handed import RequestWithPaste
from gatling.request.handover import HandOver
from gatling.request.request import STOP_WORDS, Request, content_words
from gatling.schema import GovernanceContext, PlanNode
from gatling.schema.arguments import dotted_leaves
from gatling.schema.lazy import cached_property
from gatling.schema.lru import LruCache
from gatling.schema.words import split_words, stem
from gatling.tools import by_name
from gatling.tools.authorship import shows_outside_text
from gatling.tools.call_effect import effect_of_call
from gatling.tools.consequence import Consequence, consequence_of
from gatling.tools.derive import verb_of
from gatling.tools.spec import ToolSpec
from gatling.tools.stated import StatedDeed, worse

T = TypeVar("T")

MAX_KNOWN_CALLS = 8_192
MAX_KNOWN_BYTES = 64_000_000
# Words of prose rules that say nothing about what they rule on.
USER_MESSAGE = "the user's message"
"""The source of passages that the user pasted into the request."""
_RULE_FILLER = frozenset("request name address stat say want only must need".split())


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
    is_asked_for: bool
    """Whether the request asks for what the tool does, by a verb for it."""
    is_item_of_request: bool
    """Whether the request speaks of the kind of text that the tool returns."""
    is_named: bool
    """Whether any clause speaks of the tool by name or pattern."""
    keeps: bool = False
    """Whether it is called so that it keeps what it reads in a place that the call states: `effect` is `write` then."""
    deed: StatedDeed | None = None
    """What a call of it states to do in an argument, where that is worse than what its name says."""

    @property
    def consequence(self) -> Consequence:
        """What the call can cost."""
        return consequence_of(f"{self.name} {self.deed.deed}" if self.deed else self.name, self.effect)

    def doing(self, deed: StatedDeed) -> ToolFacts:
        """Return what is known of the tool where a call of it states a deed; what a catalogue declares to read only reads."""
        if self.is_declared and self.effect == "read":
            return self
        return replace(self, effect=worse(self.effect, deed.effect), deed=deed)


@dataclass
class ContextFacts:
    """A context, as critics see it.

    Args:
        context: its policy must be the one that `rules` are of.
        rules: the explicit part of the policy.
        catalog: tools that are declared, by name.
        latent: returns its latent, `(D,)`, where the latent term may be asked for. It is computed when it is: of a policy of
            4,000 nodes that takes longer than all else, and calls whose origins are known are judged without.
        known: facts of calls, kept for the next plan that has the same call; contexts may share one.
    """

    context: GovernanceContext
    rules: Rulebook
    catalog: Mapping[str, ToolSpec] = field(default_factory=dict)
    latent: Callable[[], NDArray[np.float64]] | None = None
    known: LruCache[tuple[Any, ...], Any] = field(
        default_factory=lambda: LruCache(MAX_KNOWN_CALLS, max_bytes=MAX_KNOWN_BYTES), repr=False
    )

    @cached_property
    def z_g(self) -> NDArray[np.float64] | None:
        """The latent of the context; None where nobody says how it is computed."""
        return None if self.latent is None else self.latent()

    @cached_property
    def _answers(self) -> dict[Callable[[ContextFacts], Any], Any]:
        return {}

    @cached_property
    def token(self) -> object:
        """What stands for the context in the keys of `known`."""
        return object()

    @cached_property
    def request(self) -> Request:
        return request_in(self.context)

    @cached_property
    def written(self) -> str:
        """The request as it is written, in lower case."""
        return request_as_written(self.context).lower()

    @cached_property
    def pasted(self) -> Reading | None:
        """What the user pasted into the request, as something that was read; None where he pasted nothing."""
        request = self.request
        if not isinstance(request, RequestWithPaste):
            return None
        reading = Reading()
        reading.add(USER_MESSAGE, [part.text for part in request.pasted], UNKNOWN, is_written=True)
        return reading

    @cached_property
    def hand_over(self) -> HandOver:
        return HandOver(self.request)

    @cached_property
    def own_words(self) -> frozenset[str]:
        """Words of the session beside the request: who the user is, and what the user's system states."""
        found: set[str] = set()
        for _, value in dotted_leaves(self.context.session_context):
            if isinstance(value, str) and value.lower() != self.written:
                found.update(split_words(value))
        return frozenset(found)

    @cached_property
    def own_text(self) -> str:
        """The session beside the request as one run of letters and digits, to find an organisation's host in."""
        values = (v for _, v in dotted_leaves(self.context.session_context) if isinstance(v, str))
        return " ".join("".join(split_words(v)) for v in values if v.lower() != self.written)

    def once(self, ask: Callable[[ContextFacts], T]) -> T:
        """Return what a function says of this context; it is called once. Nobody may change the answer."""
        if ask not in self._answers:
            self._answers[ask] = ask(self)
        return self._answers[ask]  # type: ignore[no-any-return]

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

    def tool_of(self, node: PlanNode) -> ToolFacts:
        """Return what is known of a tool as a call uses it."""
        tool = self.tool(node.tool_name)
        effect = effect_of_call(tool.name, tool.effect, node.arguments)
        return tool if effect == tool.effect else replace(tool, effect=effect, keeps=True)

    def _look_up(self, name: str) -> ToolFacts:
        request, words = self.request, tuple(split_words(name))
        known = verb_of(name)
        verb = known[0] if known else words[0] if words else ""
        objects = [w for w in words if w != verb and w not in STOP_WORDS] or list(words)
        in_other_words = request.words_asked_for(name)
        near = [
            max(n, float(stem(w) in in_other_words)) for w, n in zip(objects, request.nearness(objects), strict=True)
        ]
        near = near or [0.0]
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
            shows_outside_text=shows_outside_text(name),
            is_declared=spec is not None,
            verb_asked=max(request.share([verb]), float(bool(in_other_words))) if verb else 0.0,
            verb_nearness=max(request.nearness([verb])[0], float(bool(in_other_words))) if verb else 0.0,
            object_asked=sum(request.has(w) or stem(w) in in_other_words for w in objects) / max(1, len(objects)),
            object_nearness=sum(near) / len(near),
            object_nearest=max(near),
            needs_request=next((c for c in wanting if star not in c.tools), None),
            general_rule=next((c for c in wanting if star in c.tools), None),
            tiers=tuple(Tier(*t) for t in highest_tiers(self.rules, name, role)),
            bounds=upper_bounds(self.rules, name, role),
            rule_asked=rule_asked,
            rule_nearness=rule_nearness,
            num_rules=num_rules,
            is_asked_for=request.asks_for(name),
            is_item_of_request=self.hand_over.speaks_of(words),
            is_named=any(star not in c.tools for c in clauses),
        )

    def _prose(self, clauses: tuple[Clause, ...]) -> tuple[float, float, int]:
        asked = nearness = 0.0
        count = 0
        for clause in clauses:
            if clause.kind is not ClauseKind.REQUIRE or "*" in clause.tools or clause.dialect == "prose":
                continue  # what a sentence enforces is said by the sentence
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
