"""Work that may have to ask a person in between, driven by a caller that waits or by one that awaits: the work is written once.

It is a generator that yields an `Escalation`, is sent what came back, and returns its outcome. It holds no lock while it asks.
"""

from __future__ import annotations

import inspect
from collections.abc import Generator
from typing import Any, TypeVar

from gatling.errors import InputError
from gatling.guard.escalation import Answer, Escalation, OnEscalate, answer_of

T = TypeVar("T")
Reply = Answer | Exception | None
"""What came back: an answer, what `on_escalate` raised, or None where nobody has decided."""
Steps = Generator[Escalation, Reply, T]


def run(steps: Steps[T], on_escalate: OnEscalate | None) -> T:
    """Return the outcome; a coroutine function is run in a loop of its own, and refused inside one."""
    reply: Reply = None
    while True:
        question, outcome = _advance(steps, reply)
        if question is None:
            return outcome  # type: ignore[no-any-return]
        try:
            given: Any = on_escalate(question) if on_escalate is not None else None
            reply = answer_of(_outcome(given) if inspect.iscoroutine(given) else given)
        except Exception as error:
            reply = error


async def arun(steps: Steps[T], on_escalate: OnEscalate | None) -> T:
    """Return the outcome; judging goes on in threads, so that the event loop does."""
    import asyncio  # for those who await alone

    reply: Reply = None
    while True:
        question, outcome = await asyncio.to_thread(_advance, steps, reply)
        if question is None:
            return outcome  # type: ignore[no-any-return]
        try:
            given: Any = on_escalate(question) if on_escalate is not None else None
            reply = answer_of(await given if inspect.isawaitable(given) else given)
        except Exception as error:
            reply = error


def _advance(steps: Steps[Any], reply: Reply) -> tuple[Escalation | None, Any]:
    """Go on to the next question, or to the outcome; a `StopIteration` cannot leave a thread."""
    try:
        return steps.send(reply), None
    except StopIteration as end:
        return None, end.value


def _outcome(coroutine: Any) -> Any:
    import asyncio

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(coroutine)
    coroutine.close()  # else Python warns that nobody awaited it
    raise InputError("on_escalate is a coroutine function: use acheck or ajudge inside an event loop")
