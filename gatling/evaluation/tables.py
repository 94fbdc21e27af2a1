"""The figures of a summary as rows of tables: the same ones on a terminal, in a report and on a model card."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

_SHOWN = (
    ("nn_accuracy", "nearest-neighbour accuracy (aim: at least 0.85)"),
    ("gallery_size", "... among this many plans"),
    ("nn_accuracy_hard", "... with violations in the gallery"),
    ("gallery_size_hard", "... among this many plans"),
    ("positive_similarity", "positive similarity (aim: at least 0.85)"),
    ("negative_similarity", "negative similarity (aim: at most 0.2)"),
    ("violation_similarity", "violation similarity (aim: at most 0.2)"),
    ("auroc", "AUROC of the latent energy"),
    ("fpr_at_recall_95", "false alarms at 95 % recall"),
    ("fpr_at_recall_99_9", "false alarms at 99.9 % recall"),
    ("recall_at_fpr_1", "recall at 1 % false alarms"),
    ("recall_at_fpr_5", "recall at 5 % false alarms"),
    ("pairs_ranked", "violation above a compliant plan of its context"),
    ("pairs_beyond_margin", "... by the security margin of 0.5"),
    ("mean_gap", "... mean gap"),
    ("num_pairs", "... among this many pairs"),
    ("effective_rank", "effective rank of plan latents"),
    ("uniformity", "uniformity"),
    ("num_contexts", "contexts"),
    ("num_compliant", "compliant traces"),
    ("num_violations", "violations"),
)
METRICS_COLUMNS = ("metric", "model", "TF-IDF cosine", "any node of tier 3")
GALLERY_COLUMNS = ("gallery", "draws", "NN accuracy", "TF-IDF", "with violations", "NN accuracy", "TF-IDF")
VIOLATION_COLUMNS = (
    "type",
    "violations",
    "AUROC",
    "false alarms at 95 %",
    "at 99.9 % recall",
    "TF-IDF AUROC",
    "tier-3 AUROC",
)
PAIR_COLUMNS = ("type", "pairs in a context", "violation above compliant", "by the margin of 0.5", "mean gap")
SOURCE_COLUMNS = (
    "source",
    "gallery",
    "NN accuracy",
    "positive",
    "negative",
    "AUROC",
    "TF-IDF NN",
    "TF-IDF AUROC",
    "tier-3 AUROC",
)
ALARM_COLUMNS = (
    "source",
    "violations",
    "recall at 1 % false alarms",
    "recall at 5 %",
    "false alarms at 95 % recall",
    "beyond the margin",
)

Row = tuple[str, ...]
Table = tuple[str, Sequence[str], list[Row]]
"""Title, columns and rows."""


def format_value(value: float | int | None) -> str:
    if value is None:
        return "-"
    return str(value) if isinstance(value, int) else f"{value:.3f}"


def with_interval(figures: dict[str, Any], key: str) -> str:
    """Return a figure, and its 95 % interval in brackets if there is one."""
    value = format_value(figures.get(key))
    if f"{key}_low" in figures and figures[f"{key}_low"] == figures[f"{key}_low"]:
        value += f" ({figures[f'{key}_low']:.3f} to {figures[f'{key}_high']:.3f})"
    return value


def markdown(columns: Sequence[str], rows: Sequence[Row]) -> list[str]:
    """Return the lines of a table whose first column is text and whose others are figures."""
    lines = [f"| {' | '.join(columns)} |", "| --- |" + " ---: |" * (len(columns) - 1)]
    return lines + [f"| {' | '.join(row)} |" for row in rows]


def metrics_rows(summary: dict[str, Any]) -> list[Row]:
    """Return one row a metric: its name, the model's value, and the baselines'."""
    baselines = summary.get("baselines", {})
    rows: list[Row] = []
    for key, label in _SHOWN:
        if key in summary:
            others = [format_value(baselines.get(name, {}).get(key)) for name in ("tfidf", "tier3")]
            rows.append((label, with_interval(summary, key), *others))
    return rows


def metrics_table(summary: dict[str, Any]) -> list[str]:
    return markdown(METRICS_COLUMNS, metrics_rows(summary))


def gallery_rows(galleries: list[dict[str, Any]]) -> list[Row]:
    """Return one row a size. A gallery smaller than asked for says so."""
    rows: list[Row] = []
    for g in galleries:
        size = str(g["num_contexts"])
        rows.append(
            (
                size if g["num_contexts"] == g["asked_for"] else f"{size}, all there are ({g['asked_for']} asked for)",
                str(g["num_draws"]),
                format_value(g["accuracy"]),
                format_value(g["tfidf"]["accuracy"]),
                f"{g['hard_gallery_size']:.0f}",
                format_value(g["hard_accuracy"]),
                format_value(g["tfidf"]["hard_accuracy"]),
            )
        )
    return rows


def violation_rows(types: dict[str, Any]) -> list[Row]:
    """Return one row a type of violation: against all compliant traces."""
    return [
        (
            name,
            str(t["num_violations"]),
            *(with_interval(t, key) for key in ("auroc", "fpr_at_recall_95", "fpr_at_recall_99_9")),
            *(format_value(t.get(key)) for key in ("auroc_tfidf", "auroc_tier3")),
        )
        for name, t in types.items()
    ]


def pair_rows(types: dict[str, Any]) -> list[Row]:
    """Return one row a type of violation that has pairs: against the compliant plans of its own contexts."""
    shown = ("pairs_ranked", "pairs_beyond_margin", "mean_gap")
    return [
        (name, str(t["num_pairs"]), *(with_interval(t, key) for key in shown))
        for name, t in types.items()
        if "num_pairs" in t
    ]


def source_rows(sources: dict[str, Any]) -> list[Row]:
    """Return one row a source; each is measured against its own gallery."""
    rows: list[Row] = []
    for name, s in sources.items():
        tfidf, tier3 = s["baselines"]["tfidf"], s["baselines"]["tier3"]
        rows.append(
            (
                name,
                str(s["gallery_size"]),
                *(format_value(s.get(k)) for k in ("nn_accuracy", "positive_similarity", "negative_similarity")),
                with_interval(s, "auroc"),
                format_value(tfidf.get("nn_accuracy")),
                format_value(tfidf.get("auroc")),
                format_value(tier3.get("auroc")),
            )
        )
    return rows


def alarm_rows(sources: dict[str, Any]) -> list[Row]:
    """Return recall and false alarms with intervals, one row a source that has violations and compliant traces."""
    shown = ("recall_at_fpr_1", "recall_at_fpr_5", "fpr_at_recall_95", "pairs_beyond_margin")
    return [
        (name, str(s["num_violations"]), *(with_interval(s, key) for key in shown))
        for name, s in sources.items()
        if "auroc" in s
    ]


def summary_tables(summary: dict[str, Any]) -> list[Table]:
    """Return title, columns and rows of every table of a summary that has rows, the main one first."""
    sources, types = summary.get("sources", {}), summary.get("violation_types", {})
    tables: list[Table] = [
        ("Metrics", METRICS_COLUMNS, metrics_rows(summary)),
        ("Galleries", GALLERY_COLUMNS, gallery_rows(summary.get("galleries", []))),
        ("By type of violation", VIOLATION_COLUMNS, violation_rows(types)),
        ("Pairs of a context, by type of violation", PAIR_COLUMNS, pair_rows(types)),
        ("By source", SOURCE_COLUMNS, source_rows(sources)),
        ("Alarms by source", ALARM_COLUMNS, alarm_rows(sources)),
    ]
    return [table for table in tables if table[2]]
