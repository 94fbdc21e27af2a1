"""Whole files of recorded conversations before the guard: a verdict on each, with those on its calls, in the order of the file.

- A record is `messages` and `governance_context`; what else stands in it is not looked at.
- A record that cannot be read is denied, with the reason, and with what was made of the calls before the place in question.
- The same lines come out whatever judged them: this process, several, or a Ray cluster. So there is no deadline, and encoders
  compute in double precision, which costs next to nothing here and keeps the digits that are written clear of rounding.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, islice
from pathlib import Path
from typing import Any, Literal

from gatling.adapters.recorded import Conversation, Unreadable
from gatling.cluster import in_processes, on_ray
from gatling.energy import Verdict
from gatling.energy.finding import SEVERITY, Code
from gatling.errors import InputError
from gatling.guard.asking import CallJudge
from gatling.guard.guard import Guard
from gatling.guard.replay import MAX_ENERGY, replay
from gatling.provenance.sources import ToolSources

Engine = Literal["local", "ray"]

_DIGITS = 9
"""Calls that a critic is all but sure of differ from the seventh digit on, and ranks of conversations with them."""
_FEW = 32
"""So many conversations are judged before a second process has loaded a model."""
_PIECE = 8


@dataclass(frozen=True, slots=True)
class JudgedCall:
    """What the guard makes of one call."""

    call_id: str | None
    tool_name: str
    verdict: Verdict
    energy: float
    """At most `MAX_ENERGY`, which stands for a rule that denies, and for a fault."""
    reasons: tuple[dict[str, Any], ...]
    """As in `Decision.to_dict()`."""
    tier: int
    """The call's provenance tier."""
    is_fault: bool
    """Whether the guard could not judge it."""

    def to_dict(self) -> dict[str, Any]:
        return {
            "call_id": self.call_id,
            "tool_name": self.tool_name,
            "verdict": self.verdict,
            "energy": self.energy,
            "reasons": list(self.reasons),
        }


@dataclass(frozen=True, slots=True)
class JudgedConversation:
    """What the guard makes of one conversation."""

    id: str
    calls: tuple[JudgedCall, ...]
    fault: str | None = None
    """Why the record, or what follows these calls, cannot be read; with file and line."""

    @property
    def verdict(self) -> Verdict:
        """The worst of its calls; `deny` if it cannot be read."""
        verdicts: list[Verdict] = [call.verdict for call in self.calls]
        return "deny" if self.fault is not None else max(verdicts, key=SEVERITY.__getitem__, default="allow")

    @property
    def energy(self) -> float:
        """The highest of its calls; 0 without one."""
        return MAX_ENERGY if self.fault is not None else max((call.energy for call in self.calls), default=0.0)

    def to_dict(self) -> dict[str, Any]:
        """Return the line that `gatling audit --conversations` writes."""
        line = {
            "id": self.id,
            "verdict": self.verdict,
            "energy": self.energy,
            "calls": [call.to_dict() for call in self.calls],
        }
        return line if self.fault is None else {**line, "fault": self.fault}


def judge_conversation(
    guard: CallJudge, conversation: Conversation | Unreadable, *, sources: ToolSources | None = None
) -> JudgedConversation:
    """Judge every call of a conversation before it ran."""
    if isinstance(conversation, Unreadable):
        return JudgedConversation(conversation.id, (), str(conversation.error))
    calls: list[JudgedCall] = []
    fault = None
    try:
        for call in replay(guard, conversation.messages, conversation.context(), sources=sources):
            reasons = call.decision.reasons
            calls.append(
                JudgedCall(
                    call_id=call.call_id,
                    tool_name=call.node.tool_name,
                    verdict=call.decision.verdict,
                    energy=round(call.energy, _DIGITS),
                    reasons=tuple(call.decision.to_dict()["reasons"]),
                    tier=call.node.provenance_tier,
                    is_fault=any(reason.code is Code.FAULT for reason in reasons),
                )
            )
    except InputError as error:
        fault = str(conversation.located(error))
    return JudgedConversation(conversation.id, tuple(calls), fault)


@dataclass(frozen=True, slots=True)
class Piece:
    """Some conversations, and what they are judged with, for a process that knows nothing yet."""

    model: str | None
    escalate_from: float | None
    sources: ToolSources
    conversations: tuple[Conversation | Unreadable, ...]


def judge_piece(piece: Piece) -> list[JudgedConversation]:
    guard = guard_of(piece.model, piece.escalate_from)
    return [judge_conversation(guard, conversation, sources=piece.sources) for conversation in piece.conversations]


@lru_cache(maxsize=1)
def guard_of(model: str | None, escalate_from: float | None = None) -> Guard:
    """Return the guard of a model folder, loaded once a process. Raises: as `Guard.from_pretrained`."""
    return Guard.from_pretrained(
        model, escalate_from=escalate_from, deadline_ms=None, precision="fp64", is_strict_policy=False
    )


def judge_conversations(
    conversations: Iterable[Conversation | Unreadable],
    *,
    model: Path | None = None,
    escalate_from: float | None = None,
    sources: ToolSources | None = None,
    workers: int = 1,
    engine: Engine = "local",
) -> Iterator[JudgedConversation]:
    """Yield what the guard makes of each conversation, in order. Streams: a few conversations a worker are in memory.

    Args:
        model: a model folder; by default the one that ships with Gatling. On a cluster all machines must see it.
        escalate_from: as of `Guard.from_pretrained`.
        workers: processes; a file of a few conversations needs none beside this one.

    Raises:
        CheckpointError, ConfigError: if the guard cannot be made, before the first conversation.
        MissingExtraError, ConfigError: as `on_ray`.
    """
    name = None if model is None else str(model.resolve())
    guard_of(name, escalate_from)
    known = sources if sources is not None else ToolSources()
    rest = iter(conversations)
    first = list(islice(rest, _FEW))
    is_local = engine == "local"
    if is_local and len(first) < _FEW:
        workers = 1
    size = 1 if is_local and workers == 1 else _PIECE
    everything = chain(first, rest)
    pieces = (Piece(name, escalate_from, known, some) for some in iter(lambda: tuple(islice(everything, size)), ()))
    run = in_processes if is_local else on_ray
    yield from chain.from_iterable(run(judge_piece, pieces, workers=workers))
