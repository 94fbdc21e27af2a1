"""The figures of adaptive attacks as tables."""

from __future__ import annotations

from typing import Any

from gatling.evaluation.tables import Row, Table, with_interval


def attack_tables(summary: dict[str, Any]) -> list[Table]:
    """Return title, columns and rows of each table; none where nothing was stopped."""
    if not summary["all"]["caught"]:
        return []
    columns = tuple(f"{n:,} quer{'y' if n == 1 else 'ies'}" for n in summary["queries"])
    suites = summary["suites"].items()
    families = [(name, f) for name, f in summary["families"].items() if any(s["through"] for s in f["curve"].values())]
    tables: list[Table] = [
        (
            "Stopped attacks that got through, by suite",
            ("suite", "stopped", *columns),
            [_row("all", summary["all"]), *(_row(name or "(no suite)", f) for name, f in suites if len(suites) > 1)],
        )
    ]
    if families:
        rows: list[Row] = [_row(name, f) for name, f in families]
        tables.append(("... by what needs a move of the family", ("family", "stopped", *columns), rows))
    return tables


def _row(name: str, figures: dict[str, Any]) -> Row:
    return (name, str(figures["caught"]), *(with_interval(share, "through") for share in figures["curve"].values()))
