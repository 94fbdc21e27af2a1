"""Calibration: from energies to verdicts with a stated share of false alarms.

On plans that are known to be compliant, grouped by context (one plan counts for each context: its worst), the line of a
score is the smallest value that at most a share of contexts exceeds. With n contexts, the k-th largest score as a line,
a new context drawn like these exceeds it with a probability of at most k / (n + 1) (split conformal prediction, Vovk et
al., 2005); the Clopper-Pearson interval says how far the rate on these very data may be off.

    energy < escalate line   allow
    energy < 1.0             escalate: somebody should look
    otherwise                deny
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gatling.energy.composite import missing_critics
from gatling.energy.critics.critic import CriticKind
from gatling.energy.critics.table import CRITICS
from gatling.energy.finding import Verdict
from gatling.errors import CheckpointError, ConfigError
from gatling.runtime.sealed import read_sealed, sealed

CALIBRATION_NAME = "calibration.json"
FORMAT_VERSION = 1


def conformal_line(scores: NDArray[np.float64], rate: float) -> float:
    """Return the line that a new score exceeds with a probability of at most `rate`.

    Args:
        scores: one of each context, exchangeable with the new one.
        rate: in (0, 1). If `rate` is below 1 / (n + 1), nothing finite promises it, and the answer is infinite.
    """
    n = len(scores)
    k = math.floor(rate * (n + 1))
    return math.inf if k < 1 else float(np.sort(scores)[n - k])


@dataclass(frozen=True)
class Calibration:
    """The scale of energies, and where verdicts change.

    Attributes:
        line: the composite energy, before calibration, that reads as 1.0 from here on.
        lines: the same for each critic alone.
        escalate: on the calibrated scale, in (0, 1]: from here on a plan is not simply allowed.
        slope, intercept: probability of a violation is the logistic of `slope * energy + intercept`.
        figures: how it came about; nothing reads them but people.
    """

    line: float
    lines: dict[str, float]
    escalate: float
    slope: float
    intercept: float
    critics_digest: str
    figures: dict[str, Any] = field(default_factory=dict)
    digest: str = ""

    def verdict(self, energy: float) -> Verdict:
        """Return the learned part's verdict; what is not a number denies."""
        if energy < self.escalate:
            return "allow"
        return "escalate" if energy < 1.0 else "deny"

    def stricter(self, escalate: float) -> Calibration:
        """Return the same with a lower line to escalate at. Raises: ConfigError if it is not lower, or not above 0."""
        if not 0 < escalate <= self.escalate:
            raise ConfigError(f"plans escalate from {escalate} on, it must be above 0 and at most {self.escalate:.4f}")
        return replace(self, escalate=escalate)

    def probability(self, energy: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the probability of a violation by energy, on plans like those calibrated on."""
        return np.asarray(1 / (1 + np.exp(-np.clip(self.slope * energy + self.intercept, -60, 60))), np.float64)

    def to_json(self) -> bytes:
        return sealed(
            {
                "format_version": FORMAT_VERSION,
                "line": self.line,
                "lines": {str(s): self.lines[s] for s in CRITICS},
                "escalate": self.escalate,
                "slope": self.slope,
                "intercept": self.intercept,
                "critics": self.critics_digest,
                "figures": self.figures,
            }
        )

    @classmethod
    def read(cls, path: Path, critics_digest: str) -> Calibration:
        """Read `calibration.json`. Raises: CheckpointError if it is not one, or of other critics."""
        data, digest = read_sealed(path, FORMAT_VERSION, missing=missing_critics(path))
        try:
            lines = {name: float(_line(data["lines"], name, kind)) for name, kind in CRITICS.items()}
            numbers = {name: float(data[name]) for name in ("line", "escalate", "slope", "intercept")}
            critics = str(data["critics"])
        except (KeyError, TypeError, ValueError):
            raise CheckpointError(f"{path}: a line is missing") from None
        values = [*lines.values(), *numbers.values()]
        if not all(map(math.isfinite, values)) or min(*lines.values(), numbers["line"]) <= 0:
            raise CheckpointError(f"{path}: a line is not a positive number")
        if not 0 < numbers["escalate"] <= 1:
            raise CheckpointError(f"{path}: the line to escalate at is {numbers['escalate']}, wanted one in (0, 1]")
        if critics != critics_digest:
            raise CheckpointError(f"{path}: made for other critics: run `gatling calibrate` again")
        return cls(lines=lines, critics_digest=critics, figures=data.get("figures", {}), digest=digest, **numbers)


def _line(lines: dict[str, Any], name: str, kind: CriticKind) -> Any:
    """Return the line of a critic; 1.0 for one that a file may not know."""
    return lines[str(name)] if kind.weight is None else lines.get(str(name), 1.0)


def expected_calibration_error(
    probability: NDArray[np.float64], is_violation: NDArray[np.bool_], num_bins: int = 10
) -> float:
    """Return the mean gap between stated probability and observed share over bins of equal width, in [0, 1].

    Naeini, Cooper and Hauskrecht, 2015. Weighted by the share of records in each bin.
    """
    bins = np.minimum((probability * num_bins).astype(int), num_bins - 1)
    total = 0.0
    for b in range(num_bins):
        inside = bins == b
        if inside.any():
            total += abs(probability[inside].mean() - is_violation[inside].mean()) * inside.mean()
    return float(total)


def fit_logistic(energy: NDArray[np.float64], is_violation: NDArray[np.bool_]) -> tuple[float, float]:
    """Return slope (non-negative) and intercept of a logistic fit by Newton's method (Platt, 1999), a little damped."""
    x, y = energy.astype(np.float64), is_violation.astype(np.float64)
    a, b = 1.0, 0.0
    for _ in range(50):
        p = 1 / (1 + np.exp(-np.clip(a * x + b, -60, 60)))
        w = p * (1 - p) + 1e-9
        gradient = np.array([((p - y) * x).sum() + 1e-3 * a, (p - y).sum()])
        hessian = np.array([[(w * x * x).sum() + 1e-3, (w * x).sum()], [(w * x).sum(), w.sum()]])
        step = np.linalg.solve(hessian, gradient)
        a, b = a - float(step[0]), b - float(step[1])
        if np.abs(step).max() < 1e-9:
            break
    return max(a, 0.0), b
