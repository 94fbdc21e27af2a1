"""The picture of a calibration: where compliant and violating plans lie, and where the lines are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gatling.energy.calibration import Calibration
from gatling.evaluation.pictures import COMPLIANT, OTHER, VIOLATION, legend, new_axes, outline, save_figure

_BINS = 60
_RIGHTMOST = 3.0
_TENTHS = 10


def draw_calibration(
    path: Path, energy: NDArray[np.float64], is_violation: NDArray[np.bool_], calibration: Calibration
) -> None:
    """Draw calibrated energies of plans, by label, with both lines; and how true the stated probabilities are."""
    figure, (left, right) = new_axes(f"Calibration on {len(energy):,} plans", 11.0, 4.8, columns=2)
    for label, chosen, color in (("compliant", ~is_violation, COMPLIANT), ("violation", is_violation, VIOLATION)):
        if chosen.any():
            outline(left, energy[chosen], label, color, bins=_BINS, limits=(0.0, _RIGHTMOST))
    for line, style, label in (
        (calibration.escalate, "-.", f"escalated from {calibration.escalate:.2f} on"),
        (1.0, "-", "denied from 1.00 on"),
    ):
        left.axvline(line, linestyle=style, color="black", linewidth=1, label=label)
    left.set(
        title="Energies",
        xlabel=f"energy of the plan (above {_RIGHTMOST:g}: in the last bin)",
        ylabel="share of the group",
    )
    legend(left)
    probability = calibration.probability(energy)
    bins = np.minimum((probability * _TENTHS).astype(int), _TENTHS - 1)
    groups = [bins == b for b in range(_TENTHS) if (bins == b).any()]
    stated, observed = [[float(v[g].mean()) for g in groups] for v in (probability, is_violation)]
    right.plot([0, 1], [0, 1], color=OTHER, linestyle=":", label="as stated")
    right.plot(stated, observed, marker="o", color=VIOLATION, label="measured, with the number of plans")
    for x, y, group in zip(stated, observed, groups, strict=True):
        right.annotate(f"{int(group.sum()):,}", (x, y), (0, 6), textcoords="offset points", ha="center", fontsize=8)
    right.set(
        title="Stated probabilities", xlabel="stated probability of a violation", ylabel="share that are violations",
        xlim=(-0.03, 1.06), ylim=(-0.03, 1.1),
    )  # fmt: skip
    legend(right)
    save_figure(figure, path)
