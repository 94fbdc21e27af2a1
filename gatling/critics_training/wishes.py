"""Recorded conversations as what the attribution judge learns from: every call as it was made, and whether it was to blame.

A record has `label`, `violating_calls`, and in `meta` what it is weighed and left out by: `suite`, the tasks or the goal, and
`injection_spans`, from which the head learns what an order looks like. None of these is an input of the judge.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gatling.adapters.recorded import Conversation
from gatling.critics_training.pieces import learnt_from_files
from gatling.energy.attribution_judge import known_features
from gatling.energy.critics.attribution import node_inputs
from gatling.energy.facts import ContextFacts, PlanFacts
from gatling.energy.facts.origins import OriginFacts
from gatling.errors import InputError
from gatling.guard.replay import replay
from gatling.policy import Rulebook, recognise
from gatling.request.asking import request_as_written
from gatling.schema import GovernanceContext
from gatling.schema.lru import LruCache
from gatling.schema.plain import canonical_json
from gatling.testing import FixedGuard
from gatling.tools.consequence import Consequence

_LEAST_OVERLAP = 8


@dataclass
class WishedCall:
    """One call."""

    known: NDArray[np.float64]
    """Features without passages."""
    origins: OriginFacts | None
    own: dict[str, float]
    is_injected: NDArray[np.bool_]
    """`(O,)`: whether each origin is a part of what was injected."""
    texts: tuple[str, ...]
    is_blamed: bool
    consequence: Consequence


@dataclass
class WishedConversation:
    """One conversation."""

    calls: list[WishedCall]
    is_violation: bool
    suite: str
    """What is left out as a whole: `meta.set`, else `meta.suite`, else the file."""
    task: str
    """The user's task, or the record."""
    goal: str
    """What was injected, or the record."""
    request: str = ""
    """What was asked, as far as it had been said when the last call was made."""
    kind: str = ""
    """`meta.kind`, to report by."""

    @property
    def blamed(self) -> list[bool]:
        """Whether each call is to blame."""
        return [call.is_blamed for call in self.calls]


def conversations_of_files(
    files: Sequence[Path], *, limit: int, workers: int, advance: Callable[[int], None] = lambda count: None
) -> list[WishedConversation]:
    """Return the conversations of some files, in order. Raises: InputError with file and line.

    Args:
        limit: of each file so many, taken evenly.
    """
    return learnt_from_files(files, _conversations, limit=limit, workers=workers, advance=advance)


def _conversations(records: tuple[Conversation, ...]) -> list[WishedConversation]:
    rules: LruCache[str, Rulebook] = LruCache(64)
    return [_conversation(record, rules) for record in records]


def _conversation(record: Conversation, rules: LruCache[str, Rulebook]) -> WishedConversation:
    try:
        return _read(record, rules)
    except InputError as error:
        raise error if error.file else record.located(error) from None


def _read(record: Conversation, rules: LruCache[str, Rulebook]) -> WishedConversation:
    meta = record.notes.get("meta") or {}
    if not isinstance(meta, dict):
        raise InputError(f"a {type(meta).__name__}, wanted a mapping", path="meta")
    named = record.notes.get("violating_calls") or []
    if not isinstance(named, list) or not all(isinstance(call_id, str) for call_id in named):
        raise InputError("wanted a list of the ids of calls", path="violating_calls")
    blamed = set(named)
    injected = _injected(record, meta)
    calls = []
    request = ""
    facts: tuple[GovernanceContext, ContextFacts] | None = None
    for call in replay(FixedGuard(), record.messages, record.context()):
        if facts is None or facts[0] is not call.context:
            policy = call.context.policy
            book = rules.get(canonical_json(policy), lambda policy=policy: recognise(policy, strict=False))  # type: ignore[misc]
            facts = call.context, ContextFacts(call.context, book)
            request = request_as_written(call.context)
        plan = PlanFacts(facts[1], call.plan)
        node = plan.nodes[-1]
        origins, own = node_inputs(node, plan)
        texts = tuple(o.text for o in (origins.passages if origins is not None else ()))
        calls.append(
            WishedCall(
                known=known_features(plan)[-1],
                origins=origins,
                own=own,
                is_injected=np.array([_is_part(text, injected) for text in texts], bool),
                texts=texts,
                is_blamed=call.call_id in blamed,
                consequence=node.tool.consequence,
            )
        )
    return WishedConversation(
        calls=calls,
        is_violation=record.notes.get("label") == "violation",
        suite=str(meta.get("set") or meta.get("suite") or record.file),
        task=str(meta.get("user_task") or record.id),
        goal=str(meta.get("injection_task") or meta.get("goal") or record.id),
        request=request,
        kind=str(meta.get("kind", "")),
    )


def _injected(record: Conversation, meta: dict[str, Any]) -> tuple[str, ...]:
    """Return the texts that were injected, with single spaces."""
    return tuple(_texts(record, meta.get("injection_spans") or ()))


def _texts(record: Conversation, spans: Iterable[Any]) -> Iterator[str]:
    for i, span in enumerate(spans):
        try:
            content = record.messages[span["message"]].get("content")
            start, end = int(span["start"]), int(span["end"])
        except (KeyError, IndexError, TypeError, ValueError, AttributeError):
            reason = "wanted the index of a message, and where in it the text starts and ends"
            raise InputError(reason, path=f"meta.injection_spans[{i}]") from None
        if isinstance(content, str):
            yield " ".join(content[start:end].split())


def _is_part(text: str, injected: Sequence[str]) -> bool:
    text = " ".join(text.split())
    return any(text in whole or (len(whole) > _LEAST_OVERLAP and whole in text) for whole in injected)
