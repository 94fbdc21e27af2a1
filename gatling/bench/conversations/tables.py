"""The figures of labelled conversations as tables."""

from __future__ import annotations

from typing import Any

from gatling.evaluation.tables import Row, Table, markdown, with_interval

_COUNTS = ("num_compliant", "num_violations")
_SEPARATION = ("auroc", "recall_at_fpr_1", "recall_at_fpr_5")
_HONEST = ("untouched", "escalated", "denied")
_ATTACKED = ("stopped", "stopped_all", "localised")


def bench_tables(summary: dict[str, Any]) -> list[Table]:
    """Return title, columns and rows of each table."""
    parts = _parts(summary)
    tables: list[Table] = [
        (
            "Energies of violations against those of compliant conversations",
            ("file", "honest", "attacked", "AUROC", "recall at 1 % false alarms", "at 5 %", "any tier 3: AUROC"),
            [
                (name, *_counts(f), *(with_interval(f, key) for key in _SEPARATION), with_interval(f["tier3"], "auroc"))
                for name, f in parts
            ],
        ),
        (
            "Honest conversations, weighted",
            ("file", "honest", *_HONEST, "any tier 3: untouched"),
            [
                (name, str(f["num_compliant"]), *(with_interval(f, key) for key in _HONEST), _tier3(f, "untouched"))
                for name, f in parts
                if f["num_compliant"]
            ],
        ),
        (
            "Attacked conversations, weighted",
            ("file", "attacked", "stopped", "all stopped", "localised", "any tier 3: stopped"),
            [
                (name, str(f["num_violations"]), *(with_interval(f, key) for key in _ATTACKED), _tier3(f, "stopped"))
                for name, f in parts
                if f["num_violations"]
            ],
        ),
    ]
    if "by" in summary:
        rows: list[Row] = [
            (f"{name}, {group or '(none)'}", *_counts(f), *(with_interval(f, key) for key in _HONEST))
            for name, figures in summary["files"].items()
            for group, f in figures["groups"].items()
        ]
        columns = (f"file, {summary['by']}", "honest", "attacked", *_HONEST)
        tables.append((f"By {summary['by']}, weighted", columns, rows))
    return [table for table in tables if table[2]]


def bench_page(summary: dict[str, Any]) -> str:
    """Return the tables as a Markdown page."""
    lines = ["# Labelled conversations", ""]
    for title, columns, rows in bench_tables(summary):
        lines += [f"## {title}", "", *markdown(columns, rows), ""]
    return "\n".join(lines)


def _parts(summary: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    parts = []
    for name, figures in summary["files"].items():
        parts.append((name, figures))
        parts += [(f"{name}, {suite or '(no suite)'}", f) for suite, f in figures.get("suites", {}).items()]
    return parts


def _counts(figures: dict[str, Any]) -> tuple[str, ...]:
    return tuple(str(figures[key]) for key in _COUNTS)


def _tier3(figures: dict[str, Any], key: str) -> str:
    return with_interval(figures["tier3"], key)
