"""The threads that judge: small plans before large ones, and nobody's work goes on after he has stopped waiting for it.

- A decision has a budget (`schema.budget`): so long as it may work, and so long as its caller waits. What ends first ends both.
- Plans of more than `SMALL_VALUES` values or `SMALL_CHARS` characters have threads of their own, few of them. Whoever sends such
  plans, from however many threads, holds up others of the same size only.
- Few threads judge at once. A processor shared by many makes all of them late; one after another most are early.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from typing import TypeVar

from gatling.errors import DeadlineError
from gatling.schema.budget import Budget, spending
from gatling.schema.sizes import Size

T = TypeVar("T")

SMALL_VALUES = 4_096
SMALL_CHARS = 100_000
NUM_SMALL = 4
NUM_LARGE = 2
PREPARING_WAIT_S = 10.0
"""So long a caller waits beyond his deadline for what is made once, such as the rules of a large policy."""
_LOOK_S = 0.02


class Workers:
    """The threads of one guard. A guard that was made before a fork has none in the child, and gets new ones there."""

    def __init__(self) -> None:
        self._process = 0
        self._small: ThreadPoolExecutor | None = None
        self._large: ThreadPoolExecutor | None = None

    def run(self, work: Callable[[], T], size: Size, budget: Budget, *, is_quick: bool = True) -> T:
        """Return what the work returns.

        Args:
            is_quick: nothing has to be made first that takes long, such as the rules of a large policy.

        Raises:
            DeadlineError: if it takes longer than the budget says, or its caller has waited so long. It then ends at its next
                `check`, or is not begun.
            RuntimeError: if no thread is left, or the interpreter is shutting down.
        """

        def spent() -> T:
            with spending(budget):
                return work()

        future = self._lane(size, is_quick).submit(spent)
        try:
            return self._waited(future, budget)
        finally:
            if not future.done():
                future.cancel()
                budget.cancel()

    def _waited(self, future: Future[T], budget: Budget) -> T:
        more_s = PREPARING_WAIT_S
        while True:
            left_s = budget.left_s
            if left_s is not None and left_s <= 0:
                if not budget.is_preparing or more_s <= 0:
                    raise DeadlineError(budget.late)
                more_s -= _LOOK_S
                left_s = _LOOK_S
            try:
                return future.result(timeout=left_s)
            except FutureTimeout:
                if future.done():  # in this very moment
                    return future.result()

    def _lane(self, size: Size, is_quick: bool) -> ThreadPoolExecutor:
        if self._process != os.getpid():
            self._small = ThreadPoolExecutor(NUM_SMALL, "gatling-guard")
            self._large = ThreadPoolExecutor(NUM_LARGE, "gatling-guard-large")
            self._process = os.getpid()
        is_small = is_quick and size.values <= SMALL_VALUES and size.chars <= SMALL_CHARS
        lane = self._small if is_small else self._large
        assert lane is not None
        return lane
