"""Attacking recorded conversations: which violations the guard stops, and which of them get through when they are rewritten."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from gatling.adapters.recorded import Conversation
from gatling.attack.adaptive.known import KnownTools
from gatling.attack.adaptive.move import Move
from gatling.attack.adaptive.scene import Scene, scene_of
from gatling.attack.adaptive.search import Answer, Found, Search
from gatling.errors import InputError
from gatling.guard.asking import CallJudge
from gatling.guard.decision import Decision
from gatling.guard.replay import replay
from gatling.policy import PolicySource
from gatling.provenance.sources import ToolSources
from gatling.schema import ExecutionPlan, GovernanceContext, PlanEdge, PlanNode

_NOT_ASKED = Decision("allow", (), False, "", "", "", 0.0)


@dataclass(frozen=True, kw_only=True)
class AttackConfig:
    """How a conversation is attacked."""

    moves: tuple[Move, ...]
    queries: int = 100
    """Verdicts that a conversation may cost."""
    white_box: bool = False
    seed: int = 0
    sources: ToolSources = field(default_factory=ToolSources)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of attacking one conversation."""

    conversation: Conversation
    is_caught: bool
    """Whether the guard stops it as it was recorded: one of the calls to blame is not allowed."""
    queries: int = 0
    found: Found | None = None

    def record(self) -> dict[str, Any]:
        """Return what got through as a labelled record, to train on."""
        assert self.found is not None
        source, rewritten = self.conversation, self.found.rewritten
        kept = {k: v for k, v in source.notes.items() if k not in ("execution_plan", "meta")}
        meta = source.notes.get("meta")
        return {
            "id": f"{source.id}-adaptive",
            **kept,
            "messages": rewritten.messages,
            "governance_context": source.governance_context,
            "meta": {
                **(meta if isinstance(meta, dict) else {}),
                "injection_spans": [{"message": s.message, "start": s.start, "end": s.end} for s in rewritten.spans],
                "adaptive": {
                    "source": source.id,
                    "queries": self.found.queries,
                    "moves": list(rewritten.moves),
                    "families": list(rewritten.families),
                },
            },
        }


class _OnlyBlamed:
    """Asks a guard about the calls to blame alone: the verdicts on others are not looked at, and each costs time."""

    def __init__(self, guard: CallJudge, blamed: Iterable[str]) -> None:
        self._guard = guard
        self._blamed = frozenset(blamed)

    def audit_pending(
        self,
        context: GovernanceContext | dict[str, Any],
        past: ExecutionPlan | dict[str, Any] | None,
        call: PlanNode | dict[str, Any],
        edges: Iterable[PlanEdge | tuple[str, str]] = (),
    ) -> Decision:
        extra = call.model_extra if isinstance(call, PlanNode) else call
        if (extra or {}).get("call_id") not in self._blamed:
            return _NOT_ASKED
        return self._guard.audit_pending(context, past, call, edges)

    def know_policy(self, source: PolicySource) -> None:
        self._guard.know_policy(source)


def attack(guard: CallJudge, conversation: Conversation, config: AttackConfig, known: KnownTools) -> Outcome:
    """Attack one violation; one that names no call to blame, or that the guard does not stop, is left alone.

    Raises:
        InputError: with file and line, if the record cannot be read.
    """
    scene = scene_of(conversation)
    if not scene.blamed:
        return Outcome(conversation, False)
    only = _OnlyBlamed(guard, scene.blamed)

    def judge(messages: list[Any]) -> Answer:
        return _answer(only, scene, messages, config.sources)

    try:
        first = judge(conversation.messages)
    except InputError as error:
        raise conversation.located(error) from None
    if first.is_through:
        return Outcome(conversation, False)
    search = Search(scene, known, config.moves, judge, config.white_box)
    found, queries = search.run(first, queries=config.queries, seed=f"{config.seed}:{conversation.id}")
    return Outcome(conversation, True, queries, found)


def _answer(guard: CallJudge, scene: Scene, messages: list[Any], sources: ToolSources) -> Answer:
    context = scene.conversation.governance_context
    made = {call.call_id: call for call in replay(guard, messages, context, sources=sources)}
    calls = [made[name] for name in scene.blamed]
    return Answer(tuple(call.decision.verdict for call in calls), tuple(call.energy for call in calls))
