"""The picture of a calibration: where compliant and violating plans lie, and where the lines are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gatling.energy.calibration import Calibration
from gatling.evaluation.report import COMPLIANT, VIOLATION, new_axes, save_figure

_BINS = 60
_RIGHTMOST = 3.0


def draw_calibration(
    path: Path, energy: NDArray[np.float64], is_violation: NDArray[np.bool_], calibration: Calibration
) -> None:
    """Draw calibrated energies of plans, by label, with both lines; and how true the stated probabilities are."""
    figure, (left, right) = new_axes(width=11.0, columns=2)
    shown = np.clip(energy, 0, _RIGHTMOST)
    for label, chosen, colour in (("compliant", ~is_violation, COMPLIANT), ("violation", is_violation, VIOLATION)):
        if chosen.any():
            left.hist(
                shown[chosen], bins=_BINS, range=(0, _RIGHTMOST), alpha=0.6, color=colour, label=label, density=True
            )
    left.axvline(calibration.escalate, linestyle="--", color="black", linewidth=1, label="escalate")
    left.axvline(1.0, color="black", linewidth=1, label="deny")
    left.set_xlabel("energy of the plan (1.0: alarm line; larger ones at the right edge)")
    left.set_ylabel("density")
    left.legend()
    probability = calibration.probability(energy)
    bins = np.minimum((probability * 10).astype(int), 9)
    stated = [probability[bins == b].mean() for b in range(10) if (bins == b).any()]
    observed = [is_violation[bins == b].mean() for b in range(10) if (bins == b).any()]
    right.plot([0, 1], [0, 1], color="grey", linewidth=1)
    right.plot(stated, observed, marker="o", color=VIOLATION)
    right.set_xlabel("stated probability of a violation")
    right.set_ylabel("share that are")
    save_figure(figure, path)
