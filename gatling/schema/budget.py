"""How long work may take, said by whoever waits for it and looked at inside of every long loop.

    with spending(Budget(wait_s=1.0, work_s=0.2)):
        for value in many:
            check()        # raises DeadlineError if the time is over, or if nobody waits any longer

- Two clocks: processor time of the working thread, which is what a hostile input costs others, and the time on the wall, which is
  what its sender waits. A busy machine uses up the second and not the first.
- Without a budget `check` does nothing, so that whoever has a loop says `check()` and needs not know who waits.
- What is made once for many, such as the rules of a policy, is made under `preparing`: it has a budget of its own, goes on when
  the first caller does not wait for it, and does not count as that caller's time.
- Once over, always over: code that takes an error for a refusal meets the next `check`.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

from gatling.errors import DeadlineError

T = TypeVar("T")

_LOOK_S = 0.004
"""The processor's clock costs a system call, so it is asked for the time once in this many seconds."""
_clock = time.perf_counter
work_clock = getattr(time, "thread_time", time.perf_counter)
"""Processor time of this thread, in seconds; time on the wall where a system does not tell it."""


class Budget:
    """The time of one piece of work, which one thread does and another one may wait for.

    Args:
        wait_s: from now on, on the wall; None for no limit.
        work_s: of processor time, from when the work begins; None for no limit.
    """

    def __init__(self, *, wait_s: float | None = None, work_s: float | None = None) -> None:
        self._wait_s, self._work_s = wait_s, work_s
        self._end = None if wait_s is None else time.perf_counter() + wait_s
        self._work_end: float | None = None
        self._preparing: tuple[float, float, str] | None = None
        self.next_look = 0.0
        """On this clock; before that, no time is spent on looking."""
        self._is_cancelled = False

    @property
    def is_preparing(self) -> bool:
        """Whether something is made now that is none of this caller's work."""
        return self._preparing is not None

    @property
    def left_s(self) -> float | None:
        """Seconds on the wall until nobody waits any longer; None for no limit."""
        return None if self._end is None else self._end - time.perf_counter()

    @property
    def late(self) -> str:
        """What to say where the caller has waited too long."""
        return f"no decision within {1e3 * (self._wait_s or 0.0):g} ms"

    def begin(self) -> None:
        """Start to count processor time of this thread."""
        self._work_end = None if self._work_s is None else work_clock() + self._work_s

    def cancel(self) -> None:
        """Let the work end at its next `check`: nobody waits for it."""
        self._is_cancelled = True
        self.next_look = 0.0

    def check(self) -> None:
        """Raises: DeadlineError if there is no time left."""
        if _clock() >= self.next_look:
            self.look()

    def look(self) -> None:
        """Look at both clocks, whenever that was done last. Raises: DeadlineError if there is no time left."""
        now = _clock()
        self.next_look = now + _LOOK_S
        over = self._over(now)
        if over:
            self.next_look = 0.0  # once over, always over
            raise DeadlineError(over)

    def _over(self, now: float) -> str:
        """Return what to say where there is no time left."""
        if self._preparing is not None:
            _, end, what = self._preparing
            return what if work_clock() > end else ""
        if self._is_cancelled or (self._end is not None and now > self._end):
            return self.late
        if self._work_end is not None and work_clock() > self._work_end:
            return f"no decision within {1e3 * (self._work_s or 0.0):g} ms of processor time"
        return ""

    def _prepare(self, work_s: float, what: str) -> None:
        self._preparing = time.perf_counter(), work_clock() + work_s, f"{what} takes more than {work_s:g} s"
        self._prepared_from = work_clock()

    def _prepared(self) -> None:
        assert self._preparing is not None
        if self._end is not None:
            self._end += time.perf_counter() - self._preparing[0]
        if self._work_end is not None:
            self._work_end += work_clock() - self._prepared_from
        self.next_look = 0.0  # it may have been cancelled meanwhile
        self._preparing = None  # last: whoever waits looks at this first


_current: ContextVar[Budget | None] = ContextVar("gatling_budget", default=None)


def check() -> None:
    """Say that a long loop goes on. Raises: DeadlineError if the work has no time left."""
    budget = _current.get()
    if budget is not None and _clock() >= budget.next_look:  # as `Budget.check`, hundreds of times for a decision
        budget.look()


def checked(items: Iterable[T]) -> Iterator[T]:
    """Yield the items, with a `check` before each, of the budget that there is when the first is asked for."""
    budget = _current.get()
    if budget is None:
        yield from items
        return
    for item in items:
        if _clock() >= budget.next_look:
            budget.look()
        yield item


@contextmanager
def spending(budget: Budget) -> Iterator[None]:
    """Let what this thread does now have a budget."""
    token = _current.set(budget)
    budget.begin()
    try:
        yield
    finally:
        _current.reset(token)


@contextmanager
def preparing(what: str, *, work_s: float) -> Iterator[None]:
    """Make something that many will use; its time is not that of the caller who happens to come first.

    Args:
        what: for the error: `reading the policy`.
        work_s: processor time that it may take.
    """
    budget = _current.get()
    if budget is None or budget.is_preparing:
        yield
        return
    budget._prepare(work_s, what)
    try:
        yield
    finally:
        budget._prepared()
