"""What a person is asked about a call, and what she may answer."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from gatling.errors import InputError
from gatling.guard.decision import Decision


@dataclass(frozen=True, slots=True)
class Escalation:
    """A call that only a person may let pass."""

    id: str
    """Under which it waits (`Approvals.approve`)."""
    session: str
    tool_name: str
    arguments: dict[str, Any] = field(repr=False)
    """As they are: whoever decides must see what would run."""
    decision: Decision = field(repr=False)

    @property
    def reasons(self) -> tuple[str, ...]:
        return tuple(str(reason) for reason in self.decision.reasons)

    @property
    def repaired_arguments(self) -> dict[str, Any] | None:
        """Arguments with which the call needs nobody's word, where the session looked for some."""
        return self.decision.repaired_arguments


@dataclass(frozen=True, slots=True)
class Answer:
    """What somebody says to an escalation."""

    is_approved: bool
    by: str = "on_escalate"
    takes_repaired: bool = False
    """Run it with `repaired_arguments` instead."""


OnEscalate = Callable[[Escalation], "bool | Answer | Awaitable[bool | Answer | None] | None"]
"""Answers True or False, an `Answer`, or None: nobody has decided yet, and the call goes on waiting."""


def answer_of(given: Any) -> Answer | None:
    """Read what a callback answered. Raises: InputError for what is no answer."""
    if given is None or isinstance(given, Answer):
        return given
    if isinstance(given, bool):
        return Answer(given)
    if inspect.iscoroutine(given):
        given.close()  # else Python warns that nobody awaited it
    raise InputError(f"on_escalate answered a {type(given).__name__}, wanted True, False, an Answer or None")
