"""What a session may do in all: calls, sums of amounts, minutes; and how often the same call may be refused.

    Limits(calls=50, tool_calls={"send_*": 5}, sums={"send_money": {"amount": 1_000}}, minutes=30, same_refused=3)

A policy judges one call; what many small calls add up to is bounded here. Allowed calls count when they are allowed, whether or
not they then run. The session's children count with it.
"""

from __future__ import annotations

import math
import re
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from gatling.energy import Code
from gatling.errors import ConfigError
from gatling.guard.decision import Decision, denial
from gatling.policy.globs import matches
from gatling.schema.arguments import keys_of, leaves

_PLAIN = re.compile(r"[0-9]{1,18}(?:\.[0-9]{1,2})?")
MAX_REMEMBERED = 10_000
"""Refused calls that are told apart; beyond that, what is new counts as one and the same."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """Bounds of a session; None or an empty table for none.

    Raises:
        ConfigError: for a bound that is no number, or below 0.
    """

    calls: int | None = None
    """Calls that are allowed in all."""
    tool_calls: Mapping[str, int] = field(default_factory=dict)
    """The same by tool name, or by a pattern with `*` and `?`: of all tools that it matches together."""
    sums: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """By tool name or pattern, and by the dotted path of an argument: what it may add up to. A call without it, or with what is
    no plain number of 0 or more, is denied."""
    minutes: float | None = None
    """From the session's start."""
    same_refused: int | None = 5
    """So often the same call (tool and arguments) may be refused; then it is denied without being judged. None for no bound."""

    def __post_init__(self) -> None:
        bounds = {"calls": self.calls, "minutes": self.minutes, "same_refused": self.same_refused}
        bounds |= {f"tool_calls[{name!r}]": bound for name, bound in self.tool_calls.items()}
        for tool, sums in self.sums.items():
            bounds |= {f"sums[{tool!r}][{name!r}]": bound for name, bound in sums.items()}
        for name, bound in bounds.items():
            if bound is None and name in ("calls", "minutes", "same_refused"):
                continue
            if isinstance(bound, bool) or not isinstance(bound, (int, float)) or not 0 <= bound < math.inf:
                raise ConfigError(f"{name} is {bound!r}, wanted a finite number of 0 or more")


class Counters:
    """What one session has used of its limits. Not safe to share between threads: the session's lock holds."""

    def __init__(self, limits: Limits, *, clock: Callable[[], float] = time.monotonic, age_s: float = 0.0) -> None:
        self.limits = limits
        self._clock = clock
        self._started = clock() - age_s
        self._tools: Counter[str] = Counter()
        self._num_calls = 0
        self._sums: dict[tuple[str, str], Fraction] = {}
        self._refused: dict[str, set[str]] = {}

    def before(self, call_digest: str) -> Decision | None:
        """Return the denial of a call that need not be judged; None for every other one."""
        most = self.limits.same_refused
        if most is not None and len(self._refused.get(self._key(call_digest), ())) >= most:
            reason = f"this call was refused {most} times"
            return denial(reason, code=Code.LOOP, wanted="another call; this one stays refused")
        if self.limits.minutes is not None and self._clock() - self._started > 60 * self.limits.minutes:
            wanted = f"a call within {self.limits.minutes:g} minutes of the session's start"
            return denial("the session's time is over", code=Code.BUDGET, wanted=wanted)
        return None

    def over(self, tool_name: str, arguments: Mapping[str, Any]) -> Decision | None:
        """Return the denial of a call that would go beyond a limit; None for every other one."""
        return self._added(tool_name, arguments)[0]

    def count(self, tool_name: str, arguments: Mapping[str, Any]) -> None:
        """Count a call that is allowed and within the limits."""
        patterns, added = self._added(tool_name, arguments)[1:]
        self._num_calls += 1
        self._tools.update(patterns)
        self._sums |= added

    def _added(
        self, tool_name: str, arguments: Mapping[str, Any]
    ) -> tuple[Decision | None, list[str], dict[tuple[str, str], Fraction]]:
        """Return the denial, or what the call adds: one to each of these patterns, and the new sums."""
        limits = self.limits
        if limits.calls is not None and self._num_calls + 1 > limits.calls:
            return _used_up(f"at most {limits.calls} calls in this session"), [], {}
        patterns = [pattern for pattern in limits.tool_calls if matches(pattern, tool_name)]
        for pattern in patterns:
            if self._tools[pattern] + 1 > limits.tool_calls[pattern]:
                return _used_up(f"at most {limits.tool_calls[pattern]} calls of {pattern} in this session"), [], {}
        added: dict[tuple[str, str], Fraction] = {}
        bounds = [
            (tool, *item) for tool, sums in limits.sums.items() if matches(tool, tool_name) for item in sums.items()
        ]
        for tool, argument, most in bounds:
            amount = _amount(arguments, argument)
            if amount is None:
                wanted = "a plain number of 0 or more, as it is summed up over the session"
                refused = denial("no amount that can be summed up", code=Code.BUDGET, wanted=wanted, argument=argument)
                return refused, [], {}
            added[tool, argument] = self._sums.get((tool, argument), Fraction(0)) + amount
            if added[tool, argument] > Fraction(most):
                return _used_up(f"at most {most:g} in all in this session", argument), [], {}
        return None, patterns, added

    def refused(self, call_digest: str, call_id: str) -> None:
        """Count a refusal. A framework that asks for the same call again, by its id, is not the agent that tries again."""
        if self.limits.same_refused is not None:
            self._refused.setdefault(self._key(call_digest), set()).add(call_id)

    def _key(self, call_digest: str) -> str:
        is_known = call_digest in self._refused or len(self._refused) < MAX_REMEMBERED
        return call_digest if is_known else ""


def _used_up(wanted: str, argument: str | None = None) -> Decision:
    return denial("the limit is reached", code=Code.BUDGET, wanted=wanted, argument=argument)


def _amount(arguments: Mapping[str, Any], argument: str) -> Fraction | None:
    """Return the sum of all values under an argument's dotted path; None if there is none, or one that is no amount.

    A text such as `1.000` is one thing here and another there, so it is none.
    """
    found = [value for where, value in leaves(dict(arguments)) if ".".join(keys_of(where)) == argument]
    total = Fraction(0)
    for value in found:
        is_text = isinstance(value, str) and _PLAIN.fullmatch(value)
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0
        if not (is_text or is_number):
            return None
        total += Fraction(value)
    return total if found else None
