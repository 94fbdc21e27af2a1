"""What the guard is asked about one call of a conversation: in which context, and what counts as an answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from gatling.errors import InputError
from gatling.guard.decision import Decision, denial, fault_of
from gatling.policy import PolicySource
from gatling.schema import ExecutionPlan, GovernanceContext, PlanEdge, PlanNode, parse_context


class CallJudge(Protocol):
    """What is asked: a `Guard`, or `gatling.testing.FixedGuard`."""

    def audit_pending(
        self,
        context: GovernanceContext | dict[str, Any],
        past: ExecutionPlan | dict[str, Any] | None,
        call: PlanNode | dict[str, Any],
        edges: Iterable[PlanEdge | tuple[str, str]] = (),
    ) -> Decision: ...

    def know_policy(self, source: PolicySource) -> None: ...


class Asking:
    """The context of a conversation, in which the request grows unless it is stated. It is read once.

    Raises:
        InputError: if the context cannot be read, or its `user_request` is no text.
    """

    def __init__(self, context: GovernanceContext | dict[str, Any]) -> None:
        known = context if isinstance(context, GovernanceContext) else parse_context(context)
        self._context = known.snapshot()
        stated = self._context.session_context.get("user_request")
        if stated is not None and not isinstance(stated, str):
            raise InputError(f"a {type(stated).__name__}, wanted text", path="session_context.user_request")
        self.stated: str | None = stated
        self._now = self._context
        self._said = ""

    def request(self, said: str) -> str:
        """Return what was asked: the stated request, with what the user said after it where it was said to the letter; else all
        that the user has said so far."""
        return self.stated if self.stated is not None and not self.is_open(said) else said

    def is_open(self, said: str) -> bool:
        """Tell whether what the user says adds to the request: none is stated, or the user began with it, to the letter."""
        return self.stated is None or f"{said}\n\n".startswith(f"{self.stated.strip()}\n\n")

    def context(self, said: str) -> GovernanceContext:
        """Return the context after the user has said so much."""
        request = self.request(said)
        if request != self._said:
            session = {**self._context.session_context, "user_request": request}
            self._now = self._context.model_copy(update={"session_context": session})
            self._said = request
        return self._now


def judge_call(
    guard: CallJudge,
    question: Callable[[], tuple[GovernanceContext, ExecutionPlan]],
    call: PlanNode,
    *,
    deadline_ms: float | None = None,
) -> Decision:
    """Return the guard's decision on a call that waits. Whatever goes wrong is a denial, and so is what is no decision.

    Args:
        question: returns the context, and the plan with the call in it.
        deadline_ms: in place of the guard's; a guard that knows none then denies.
    """
    try:
        limit: dict[str, Any] = {} if deadline_ms is None else {"deadline_ms": deadline_ms}
        decision = guard.audit_pending(*question(), call, **limit)
        if isinstance(decision, Decision):
            return decision
        return denial(f"an error of the guard: it answers a {type(decision).__name__}")
    except Exception as error:  # whatever it is, it must not allow
        return denial(fault_of(error))
