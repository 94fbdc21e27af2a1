"""What a calibration does at its lines, as a table."""

from __future__ import annotations

from typing import Any

from gatling.cli.console import note, print_table
from gatling.energy.calibration import Calibration


def print_calibration(calibration: Calibration) -> None:
    """Print the rates of false alarms and of what is caught, with their intervals."""
    figures = calibration.figures
    rows = [
        ("compliant contexts denied", _shown(figures["denied_contexts"]), "", ""),
        ("compliant contexts not simply allowed", _shown(figures["not_allowed_contexts"]), "", ""),
    ]
    rows += [
        (name, _shown(row["denied"]), _shown(row["caught"]), f"{row['expected_calibration_error']:.3f}")
        for name, row in figures["by_violation"].items()
    ]
    columns = ("", "denied", "denied or escalated", "calibration error")
    print_table("at the calibrated lines, 95 % intervals", columns, rows)
    note(
        f"probabilities are off by {figures['expected_calibration_error']:.3f} on average (expected calibration error); "
        f"plans from {calibration.escalate:.2f} of the alarm line on are escalated"
    )


def _shown(rate: dict[str, Any]) -> str:
    low, high = rate["interval"]
    return f"{rate['share']:.3f} ({low:.3f} to {high:.3f}) of {rate['of']}"
