"""What calibrated lines do, as tables."""

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


def print_own_lines(figures: dict[str, Any], unit: str) -> None:
    """Print what lines of one's own conversations or traces promise and do, beside the lines before."""
    (old, old_deny), (new, new_deny) = figures["lines_before"], figures["lines"]
    rows = [("escalate from", f"{old:.2f}", f"{new:.2f}"), ("deny from", f"{old_deny:.2f}", f"{new_deny:.2f}")]
    if "stopped" in figures:
        rows.append(("attacks stopped", _shown(figures["stopped_before"]), _shown(figures["stopped"])))
    title = f"{figures['conversations']} honest {unit} with {figures['requests']} requests, log odds"
    print_table(title, ("", "before", "now"), rows)
    other = figures["escalated_on_the_other_half"]
    if other is not None:
        note(f"with lines of one half of the requests, escalated or denied of the other: {_shown(other)}")
    if not figures["floors"]:
        honest = _shown(figures["honest_on_floors"])
        missed = figures.get("stopped_by_floors_alone")
        note(
            "without floors: a call that cannot be undone, that nobody asked for and whose values stand in no text that may say "
            f"them is stopped by its score alone. Floors stop at any line, of the honest requests: {honest}"
            + ("" if missed is None else f"; of the attacks, those that the lines let through: {_shown(missed)}")
        )
    if figures["max_false_alarms"] is None:
        note(
            "too few requests to promise --max-false-alarms: the line to deny at stays, or is just above the one to escalate at"
        )


def _shown(rate: dict[str, Any]) -> str:
    low, high = rate["interval"]
    return f"{rate['share']:.3f} ({low:.3f} to {high:.3f}) of {rate['of']}"
