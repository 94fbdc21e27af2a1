"""The report: what people would rather look at than read. PNG pictures beside one Markdown page and the numbers as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import matplotlib as mpl
import torch
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from gatling.evaluation.embed import Embedded
from gatling.schema.files import atomic_write

_COMPLIANT, _OTHER, _VIOLATION = "#1b7837", "#888888", "#c51b2b"
_MAX_POINTS = 1_500
_SHOWN = (
    ("nn_accuracy", "nearest-neighbour accuracy"),
    ("gallery_size", "... among this many plans"),
    ("nn_accuracy_hard", "... with violations in the gallery"),
    ("gallery_size_hard", "... among this many plans"),
    ("positive_similarity", "positive similarity"),
    ("negative_similarity", "negative similarity"),
    ("violation_similarity", "violation similarity"),
    ("auroc", "AUROC of the latent energy"),
    ("fpr_at_recall_95", "false alarms at 95 % recall"),
    ("fpr_at_recall_99_9", "false alarms at 99.9 % recall"),
    ("effective_rank", "effective rank of plan latents"),
    ("uniformity", "uniformity"),
    ("num_compliant", "compliant traces"),
    ("num_violations", "violations"),
)


def write_report(
    folder: Path,
    *,
    title: str,
    notes: list[str],
    summary: dict[str, Any],
    embedded: Embedded,
    history: list[dict[str, Any]] | None = None,
) -> Path:
    """Write `report.md`, `report.json` and the pictures; return the page's path.

    Args:
        notes: sentences that stand at the top.
        summary: as `evaluation.summary.summarise` gives it.
        embedded: the traces that the summary was measured on.
        history: the content of metrics.jsonl, for the training curve.
    """
    folder.mkdir(parents=True, exist_ok=True)
    pictures = []
    if history:
        _save(_training_curve(history), folder / "training_curve.png")
        pictures.append(("Training curve", "training_curve.png"))
    _save(_similarity_histogram(embedded), folder / "similarity_histogram.png")
    pictures.append(("Similarity of contexts and plans", "similarity_histogram.png"))
    _save(_embedding_map(embedded), folder / "embedding_map.png")
    pictures.append(("Map of the latents", "embedding_map.png"))

    lines = [f"# {title}", ""]
    for note in notes:
        lines += [note, ""]
    lines += metrics_table(summary)
    if summary.get("violation_types"):
        lines += ["", "## By type of violation", "", *violation_table(summary["violation_types"])]
    if summary.get("sources"):
        lines += ["", "## By source", "", *sources_table(summary["sources"])]
    for name, file in pictures:
        lines += ["", f"## {name}", "", f"![{name}]({file})"]
    page = folder / "report.md"
    with atomic_write(page) as stream:
        stream.write(("\n".join(lines) + "\n").encode())
    with atomic_write(folder / "report.json") as stream:
        stream.write((json.dumps(summary, indent=2, allow_nan=False) + "\n").encode())
    return page


def format_value(value: float | int | None) -> str:
    if value is None:
        return "-"
    return str(value) if isinstance(value, int) else f"{value:.3f}"


def metrics_rows(summary: dict[str, Any]) -> list[tuple[str, ...]]:
    """Return one row a metric: its name, the model's value, and the baselines'."""
    baselines = summary.get("baselines", {})
    rows: list[tuple[str, ...]] = []
    for key, label in _SHOWN:
        if key not in summary:
            continue
        value = format_value(summary[key])
        if key == "auroc" and "auroc_low" in summary:
            value += f" ({summary['auroc_low']:.3f} to {summary['auroc_high']:.3f})"
        others = [format_value(baselines.get(name, {}).get(key)) for name in ("tfidf", "tier3")]
        rows.append((label, value, *others))
    return rows


def metrics_table(summary: dict[str, Any]) -> list[str]:
    lines = ["| metric | model | TF-IDF cosine | any node of tier 3 |", "| --- | ---: | ---: | ---: |"]
    return lines + [f"| {' | '.join(row)} |" for row in metrics_rows(summary)]


def sources_rows(sources: dict[str, Any]) -> list[tuple[str, ...]]:
    """Return one row a source; each is measured against its own gallery."""
    rows = []
    for name, s in sources.items():
        tfidf, tier3 = s["baselines"]["tfidf"], s["baselines"]["tier3"]
        rows.append(
            (
                name,
                str(s["gallery_size"]),
                *(format_value(s.get(k)) for k in ("nn_accuracy", "positive_similarity", "negative_similarity")),
                format_value(s.get("auroc")),
                format_value(tfidf.get("nn_accuracy")),
                format_value(tfidf.get("auroc")),
                format_value(tier3.get("auroc")),
            )
        )
    return rows


def violation_table(types: dict[str, Any]) -> list[str]:
    """Return a Markdown table of separation by type of violation."""
    columns = ("type", "violations", "AUROC (95 % interval)", "false alarms at 95 % recall", "at 99.9 %")
    lines = [f"| {' | '.join(columns)} |", "| --- |" + " ---: |" * (len(columns) - 1)]
    for name, t in types.items():
        low, high, auroc = (format_value(t.get(k)) for k in ("auroc_low", "auroc_high", "auroc"))
        alarms = (format_value(t.get(k)) for k in ("fpr_at_recall_95", "fpr_at_recall_99_9"))
        lines.append(f"| {' | '.join((name, str(t['num_violations']), f'{auroc} ({low} to {high})', *alarms))} |")
    return lines


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


def sources_table(sources: dict[str, Any]) -> list[str]:
    lines = [f"| {' | '.join(SOURCE_COLUMNS)} |", "| --- |" + " ---: |" * (len(SOURCE_COLUMNS) - 1)]
    return lines + [f"| {' | '.join(row)} |" for row in sources_rows(sources)]


def _axes(width: float = 8.0, height: float = 4.5, columns: int = 1) -> tuple[Figure, list[Axes]]:
    with mpl.rc_context({"font.size": 10}):
        figure = Figure(figsize=(width, height), layout="constrained")
        axes = [figure.add_subplot(1, columns, i + 1) for i in range(columns)]
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _save(figure: Figure, path: Path) -> None:
    FigureCanvasAgg(figure)
    with atomic_write(path) as stream:
        figure.savefig(stream, format="png", dpi=120, metadata={"Software": None})


def _training_curve(history: list[dict[str, Any]]) -> Figure:
    figure, (left, right) = _axes(10.0, 4.0, columns=2)
    epochs = [h["epoch"] for h in history]
    left.plot(epochs, [h["train/loss"] for h in history], label="training", color=_OTHER)
    left.plot(epochs, [h["val/loss"] for h in history], label="validation", color=_COMPLIANT)
    left.set(xlabel="epoch", ylabel="loss", title="Loss")
    left.legend(frameon=False)
    for key, label, color in (
        ("val/nn_accuracy", "nearest-neighbour accuracy", "#2166ac"),
        ("val/positive_similarity", "positive similarity", _COMPLIANT),
        ("val/negative_similarity", "negative similarity", _OTHER),
    ):
        points = [(h["epoch"], h[key]) for h in history if key in h]
        if points:
            right.plot(*zip(*points, strict=True), label=label, color=color)
    right.set(xlabel="epoch", ylim=(-0.2, 1.05), title="Validation")
    right.legend(frameon=False)
    return figure


def _similarity_histogram(embedded: Embedded) -> Figure:
    figure, (axis,) = _axes()
    own = (embedded.z_g[embedded.context] * embedded.z_e).sum(-1)
    compliant = torch.nonzero(embedded.is_compliant).squeeze(1)[:_MAX_POINTS]
    pairs = embedded.z_g[embedded.context[compliant]] @ embedded.z_e[compliant].T
    is_other = embedded.context[compliant][:, None] != embedded.context[compliant][None]
    groups = [
        ("own compliant plan", own[embedded.is_compliant], _COMPLIANT),
        ("compliant plan of another context", pairs[is_other], _OTHER),
        ("own violating plan", own[~embedded.is_compliant], _VIOLATION),
    ]
    for label, values, color in groups:
        if len(values):
            axis.hist(values.numpy(), bins=60, range=(-0.5, 1), density=True, alpha=0.55, label=label, color=color)
    axis.set(xlabel="cosine of context and plan", ylabel="density", title="Similarity of contexts and plans")
    axis.legend(frameon=False)
    return figure


def _embedding_map(embedded: Embedded) -> Figure:
    figure, (axis,) = _axes(7.0, 6.0)
    rows = torch.linspace(0, max(0, len(embedded.z_e) - 1), min(len(embedded.z_e), _MAX_POINTS)).long()
    points = torch.cat([embedded.z_g[:_MAX_POINTS], embedded.z_e[rows]]).double()
    centred = points - points.mean(0)
    # The two principal axes; the sign of each is fixed so that the picture does not flip between runs.
    axes = torch.linalg.svd(centred, full_matrices=False).Vh[:2]
    axes = axes * axes.gather(1, axes.abs().argmax(1, keepdim=True)).sign()
    flat = (centred @ axes.T).numpy()
    contexts, plans = flat[: len(embedded.z_g[:_MAX_POINTS])], flat[len(embedded.z_g[:_MAX_POINTS]) :]
    is_compliant = embedded.is_compliant[rows].numpy()
    axis.scatter(
        contexts[:, 0],
        contexts[:, 1 if flat.shape[1] > 1 else 0],
        s=14,
        marker="s",
        color="#2166ac",
        alpha=0.6,
        label="contexts",
    )
    for label, keep, color in (
        ("compliant plans", is_compliant, _COMPLIANT),
        ("violating plans", ~is_compliant, _VIOLATION),
    ):
        if keep.any():
            axis.scatter(
                plans[keep, 0],
                plans[keep, 1 if flat.shape[1] > 1 else 0],
                s=12,
                color=color,
                alpha=0.5,
                label=label,
            )
    axis.set(title="Latents on their two principal axes", xticks=[], yticks=[])
    axis.legend(frameon=False)
    return figure
