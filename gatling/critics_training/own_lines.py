"""The lines of the attribution judge, found on conversations of one's own: those of a phase in which nothing was stopped.

The lines that ship are a compromise between kinds of work that were never seen: honest work that delegates much scores higher
than attacks on work that delegates little. One's own honest conversations say where the lines belong there. Of the conversations
with one request the worst call counts. A new conversation drawn like these has a call above a line with a probability of at most
the stated rate (split conformal prediction, Vovk et al., 2005).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gatling.critics_training.attribution import MARGINS, Worst, worst_of
from gatling.critics_training.calibrate import rate_of
from gatling.critics_training.wishes import WishedConversation
from gatling.energy.attribution_judge import AttributionJudge, Lines
from gatling.energy.calibration import conformal_line
from gatling.errors import ConfigError
from gatling.tools.consequence import CONSEQUENCES

Floats = NDArray[np.float64]
_LEAST_GAP = 0.1
"""In log odds: how far the line to deny at is above the one to escalate at, at least."""


def with_own_lines(
    judge: AttributionJudge,
    conversations: Sequence[WishedConversation],
    *,
    max_escalations: float,
    max_false_alarms: float,
    has_floors: bool = True,
) -> AttributionJudge:
    """Return the judge with lines of these conversations; its figures say under `own` how they came about.

    Floors stop calls at any line, of honest conversations too. Where they stop more of them than may be, no line keeps the
    promise, and only a judge without floors can.

    Args:
        conversations: one's own. Honest ones give the lines; what the lines stop is measured on those that are violations.
        max_escalations: probability that the judge denies or escalates a call of a new honest conversation, at most.
        max_false_alarms: probability that it denies one. Where that cannot be promised, the line to deny at stays where it was.
        has_floors: whether the judge that is returned has them.

    Raises:
        ConfigError: if a rate is out of range, or `max_escalations` cannot be promised: there are too few requests, or too many
            of them have a call that is stopped at any line.
    """
    if not 0 < max_false_alarms <= max_escalations < 1:
        raise ConfigError(
            f"--max-false-alarms is {max_false_alarms} and --max-escalations {max_escalations}: above 0, below 1, in this order"
        )
    scored = _scored(judge, conversations, has_floors)
    honest = [(c.request, worst) for c, worst in zip(conversations, scored, strict=True) if not c.is_violation]
    blamed = _blamed(conversations, scored)
    escalated, denied = (_worst_by_request([(r, w[i]) for r, w in honest]) for i in range(2))
    if max_escalations * (len(escalated) + 1) < 1:
        raise ConfigError(
            f"{len(escalated)} honest requests with a call cannot promise a rate of {max_escalations}: "
            f"at least {math.ceil(1 / max_escalations) - 1} are needed"
        )
    escalate = conformal_line(escalated, max_escalations)
    if escalate == math.inf:
        raise ConfigError(
            f"{int((escalated == math.inf).sum())} of {len(escalated)} honest requests have a call that is stopped at any line, "
            f"more than --max-escalations {max_escalations} leaves room for: with --no-floors nothing is stopped at any line"
        )
    deny = conformal_line(denied, max_false_alarms)
    promises_denials = math.isfinite(deny)
    if not promises_denials:
        deny = judge.lines["changes"].deny - MARGINS["changes"]
    # A score at a line is above it: the verdict changes there.
    lines = _lines(np.nextafter(escalate, np.inf), np.nextafter(deny, np.inf))
    figures: dict[str, Any] = {
        "conversations": len(honest),
        "requests": len(escalated),
        "max_escalations": max_escalations,
        "max_false_alarms": max_false_alarms if promises_denials else None,
        "escalated_on_the_other_half": _on_the_other_half([(r, w.escalated) for r, w in honest], max_escalations),
        "lines_before": _base(judge.lines),
        "lines": _base(lines),
        "floors": has_floors,
    }
    if not has_floors:
        floored = _scored(judge, conversations, True)
        worst = [(c.request, w.escalated) for c, w in zip(conversations, floored, strict=True) if not c.is_violation]
        figures["honest_on_floors"] = _rate(_worst_by_request(worst) == math.inf)
    if len(blamed):
        before = blamed if has_floors == judge.has_floors else _blamed(conversations, _scored(judge, conversations))
        figures["stopped_before"] = _rate(before >= _base(judge.lines)[0])
        figures["stopped"] = _rate(blamed >= _base(lines)[0])
        if not has_floors:
            figures["stopped_by_floors_alone"] = _rate(
                (_blamed(conversations, floored) == math.inf) & (blamed < _base(lines)[0])
            )
    return replace(judge, lines=lines, figures={**judge.figures, "own": figures}, has_floors=has_floors)


def _scored(
    judge: AttributionJudge, conversations: Sequence[WishedConversation], has_floors: bool | None = None
) -> list[Worst]:
    """Return the largest scores of each conversation; with the floors that the judge has by default."""
    has_floors = judge.has_floors if has_floors is None else has_floors
    return [worst_of(c, judge.head, judge.trees, has_floors=has_floors) for c in conversations]


def _blamed(conversations: Sequence[WishedConversation], scored: Sequence[Worst]) -> Floats:
    """Return the largest score of a call to blame in each conversation that is a violation."""
    return np.array([w.blamed for c, w in zip(conversations, scored, strict=True) if c.is_violation])


def _lines(escalate: float, deny: float) -> dict[Any, Lines]:
    deny = max(deny, escalate + _LEAST_GAP)
    return {c: Lines(float(escalate + MARGINS[c]), float(deny + MARGINS[c])) for c in CONSEQUENCES}


def _base(lines: Any) -> list[float]:
    """Return the lines of a consequence without a margin."""
    return [lines["changes"].escalate - MARGINS["changes"], lines["changes"].deny - MARGINS["changes"]]


def _worst_by_request(honest: Sequence[tuple[str, float]]) -> Floats:
    """Return the largest score of each request of which some call was made."""
    worst: dict[str, float] = {}
    for request, score in honest:
        if score > -math.inf:
            worst[request] = max(worst.get(request, -math.inf), score)
    return np.array(list(worst.values()))


def half_of(request: str) -> int:
    """Return the half that a request is in, 0 or 1: the same in every process."""
    return sha256(request.encode()).digest()[0] & 1


def _on_the_other_half(honest: Sequence[tuple[str, float]], rate: float) -> dict[str, Any] | None:
    """Return which share of conversations has a call above a line that was found on the other half of the requests.

    Each half in turn; None where a half has too few requests for a line.
    """
    halves: tuple[list[tuple[str, float]], list[tuple[str, float]]] = ([], [])
    for request, score in honest:
        halves[half_of(request)].append((request, score))
    above: list[bool] = []
    for one, other in (halves, halves[::-1]):
        line = conformal_line(_worst_by_request(one), rate)
        if not math.isfinite(line):
            return None
        above += [score > line for _, score in other]
    return _rate(np.array(above))


def _rate(flags: NDArray[np.bool_]) -> dict[str, Any]:
    return rate_of(int(flags.sum()), len(flags))
