"""Finding the lines: from scored plans to a `Calibration`, with figures that say how good it is."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gatling.critics_training.examples import Example
from gatling.energy.calibration import Calibration, conformal_line, expected_calibration_error, fit_logistic
from gatling.energy.composite import combined
from gatling.energy.critics.table import CRITICS
from gatling.errors import ConfigError
from gatling.evaluation.intervals import clopper_pearson

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Scored:
    """Plans with the energies of their worst nodes, before calibration."""

    composite: Floats
    critics: dict[str, Floats]
    is_violation: NDArray[np.bool_]
    context: list[str]
    group: list[str]
    """`given`, or the mutation that a violation was made by, or its violation type."""

    @classmethod
    def of(cls, examples: Sequence[Example], raw: Sequence[dict[str, Floats]], weights: Mapping[str, float]) -> Scored:
        """Take the worst nodes of examples with their energies by critic."""
        total = [combined(r, weights) for r in raw]
        return cls(
            composite=np.array([t.max() for t in total]),
            critics={s: np.array([r[s].max() for r in raw]) for s in CRITICS},
            is_violation=np.array([e.is_violation for e in examples]),
            context=[e.context for e in examples],
            group=[e.violation_type or "given" for e in examples],
        )


def check_rates(max_false_alarms: float, max_escalations: float) -> None:
    """Refuse rates that no line can have. Raises: ConfigError."""
    if not 0 < max_false_alarms < 1:
        raise ConfigError(f"--max-false-alarms is {max_false_alarms}, it must be between 0 and 1")
    if not max_false_alarms <= max_escalations < 1:
        raise ConfigError(f"--max-escalations is {max_escalations}, it must be at least --max-false-alarms and below 1")


def check_promise(num_contexts: int, max_false_alarms: float) -> None:
    """Refuse a rate that so few contexts with a compliant plan cannot promise. Raises: ConfigError."""
    if not math.isfinite(conformal_line(np.zeros(num_contexts), max_false_alarms)):
        raise ConfigError(
            f"{num_contexts} contexts with a compliant plan cannot promise a rate of {max_false_alarms}: "
            f"at least {math.ceil(1 / max_false_alarms) - 1} are needed"
        )


def calibrate(scored: Scored, *, critics_digest: str, max_false_alarms: float, max_escalations: float) -> Calibration:
    """Choose the lines on compliant plans, one score a context, and measure what they do.

    Args:
        max_false_alarms: probability that a compliant plan of a new context is denied, at most.
        max_escalations: probability that it is denied or escalated, at most; not below `max_false_alarms`.

    Raises:
        ConfigError: if a rate is out of range, or there are too few contexts to promise it.
    """
    check_rates(max_false_alarms, max_escalations)
    gold = ~scored.is_violation
    by_context = _worst_of_context(scored.composite, scored.context, gold)
    n = len(by_context)
    check_promise(n, max_false_alarms)
    line = max(conformal_line(by_context, max_false_alarms), 1e-6)
    escalate = min(1.0, max(conformal_line(by_context, max_escalations) / line, 1e-6))
    lines = {}
    for source in CRITICS:
        found = conformal_line(_worst_of_context(scored.critics[source], scored.context, gold), max_false_alarms)
        largest = float(scored.critics[source].max(initial=0.0))
        lines[source] = found if found > 0 else max(largest, 1.0)
    energy = scored.composite / line
    slope, intercept = fit_logistic(energy, scored.is_violation) if scored.is_violation.any() else (0.0, 0.0)
    calibration = Calibration(line, lines, escalate, slope, intercept, critics_digest)
    denied = int((by_context > line).sum())
    not_allowed = int((by_context / line > escalate).sum())
    figures: dict[str, Any] = {
        "max_false_alarms": max_false_alarms,
        "max_escalations": max_escalations,
        "contexts": n,
        "plans": len(scored.composite),
        "violations": int(scored.is_violation.sum()),
        "denied_contexts": rate_of(denied, n),
        "not_allowed_contexts": rate_of(not_allowed, n),
        "expected_calibration_error": round(
            expected_calibration_error(calibration.probability(energy), scored.is_violation), 4
        ),
        "by_violation": _by_violation(scored, calibration),
    }
    return Calibration(line, lines, escalate, slope, intercept, critics_digest, figures)


def _worst_of_context(scores: Floats, context: list[str], chosen: NDArray[np.bool_]) -> Floats:
    worst: dict[str, float] = {}
    for i in np.flatnonzero(chosen):
        worst[context[i]] = max(worst.get(context[i], -math.inf), float(scores[i]))
    return np.array(list(worst.values()))


def rate_of(count: int, trials: int) -> dict[str, Any]:
    """Return a share with its exact 95 % interval, as figures have it."""
    low, high = clopper_pearson(count, trials)
    return {"share": round(count / trials, 4), "interval": [round(low, 4), round(high, 4)], "of": trials}


def _by_violation(scored: Scored, calibration: Calibration) -> dict[str, Any]:
    """Return for each kind of violation how much is denied and caught, and the calibration error beside all gold plans."""
    rows: dict[str, list[int]] = defaultdict(list)
    for i in np.flatnonzero(scored.is_violation):
        rows[scored.group[i]].append(int(i))
    energy = scored.composite / calibration.line
    gold = np.flatnonzero(~scored.is_violation)
    found = {}
    for name, chosen in sorted(rows.items()):
        both = np.concatenate([gold, chosen])
        probability = calibration.probability(energy[both])
        found[name] = {
            "denied": rate_of(int((energy[chosen] >= 1).sum()), len(chosen)),
            "caught": rate_of(int((energy[chosen] >= calibration.escalate).sum()), len(chosen)),
            "expected_calibration_error": round(expected_calibration_error(probability, scored.is_violation[both]), 4),
        }
    return found
