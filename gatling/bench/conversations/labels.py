"""Labels of recorded conversations, joined with what the guard made of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from gatling.adapters import Conversation, read_conversations
from gatling.energy import Verdict
from gatling.errors import InputError
from gatling.guard.conversations import JudgedCall, JudgedConversation
from gatling.store.groups import field_of

Task = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LabelledResult:
    """What is counted of one conversation."""

    suite: str
    """`meta.suite`; empty where there is none."""
    task: Task
    """What is drawn together."""
    group: str
    """The value of the field that a table is made by."""
    is_violation: bool
    weight: float
    energy: float
    verdict: Verdict
    has_tier3: bool
    stopped: tuple[bool, ...]
    """Of each call to blame, whether it is not allowed; empty where none is named."""
    tier3_stopped: tuple[bool, ...]
    """Of each call to blame, whether it is of tier 3."""
    is_localised: bool
    """Whether the call of the highest energy is to blame."""


def read_labelled(path: Path | BinaryIO, *, limit: int | None = None) -> list[Conversation]:
    """Return the conversations of a labelled file; with a limit so many, taken evenly.

    Raises:
        InputError: with file and line, at the first record that cannot be read or has no label.
    """
    found = list(read_conversations(path))
    for conversation in found:
        _check(conversation)
    if limit is not None and limit < len(found):
        found = [found[i * len(found) // limit] for i in range(limit)]
    return found


def result_of(conversation: Conversation, judged: JudgedConversation, *, by: str | None = None) -> LabelledResult:
    """Join a conversation's labels with the verdicts on its calls.

    Args:
        by: the field to make a table by, as a dotted path into the record.

    Raises:
        InputError: if the conversation could not be read to its end, or a call to blame is none of its calls.
    """
    if judged.fault is not None:
        raise InputError(judged.fault)
    notes = conversation.notes
    is_violation = notes["label"] == "violation"
    to_blame = set(notes.get("violating_calls") or ()) if is_violation else set()
    blamed = [call for call in judged.calls if call.call_id in to_blame]
    missing = to_blame - {call.call_id for call in blamed}
    if missing:
        reason = f"no call of the conversation has the id {sorted(missing)[0]!r}"
        raise conversation.located(InputError(reason, path="violating_calls"))
    return LabelledResult(
        suite=_text(field_of(notes, "meta.suite")),
        task=task_of(conversation),
        group="" if by is None else _text(field_of(notes, by)),
        is_violation=is_violation,
        weight=_weight(conversation),
        energy=judged.energy,
        verdict=judged.verdict,
        has_tier3=any(map(_is_tier3, judged.calls)),
        stopped=tuple(call.verdict != "allow" for call in blamed),
        tier3_stopped=tuple(map(_is_tier3, blamed)),
        is_localised=bool(blamed) and max(judged.calls, key=lambda call: call.energy) in blamed,
    )


def _is_tier3(call: JudgedCall) -> bool:
    return call.tier == 3


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def task_of(conversation: Conversation) -> Task:
    """Return what a record is drawn with: its user task with its injection task, or itself."""
    user_task = field_of(conversation.notes, "meta.user_task")
    if user_task is None:
        return ("record", conversation.file, conversation.id)
    injection = field_of(conversation.notes, "meta.injection_task")
    return ("task", _text(field_of(conversation.notes, "meta.suite")), _text(user_task), _text(injection))


def _weight(conversation: Conversation) -> float:
    weight = 1.0
    for name in ("copies", "sample_weight"):
        value = field_of(conversation.notes, f"meta.{name}")
        if value is None:
            continue
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not is_number or not 0 < value < math.inf:
            raise conversation.located(InputError(f"{value!r}, wanted a number above 0", path=f"meta.{name}"))
        weight *= value
    return weight


def _check(conversation: Conversation) -> None:
    """Refuse labels that cannot be counted."""
    label = conversation.notes.get("label")
    if label not in ("compliant", "violation"):
        raise conversation.located(InputError(f"{label!r}, wanted compliant or violation", path="label"))
    calls = conversation.notes.get("violating_calls")
    if calls is not None and not (isinstance(calls, list) and all(isinstance(name, str) for name in calls)):
        raise conversation.located(InputError("wanted a list of ids of calls", path="violating_calls"))
    _weight(conversation)
