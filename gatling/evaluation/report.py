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
from gatling.evaluation.tables import markdown, metrics_table, summary_tables
from gatling.schema.files import atomic_write

COMPLIANT, OTHER, VIOLATION = "#1b7837", "#888888", "#c51b2b"
_MAX_POINTS = 1_500


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
        save_figure(_training_curve(history), folder / "training_curve.png")
        pictures.append(("Training curve", "training_curve.png"))
    save_figure(_similarity_histogram(embedded), folder / "similarity_histogram.png")
    pictures.append(("Similarity of contexts and plans", "similarity_histogram.png"))
    save_figure(_embedding_map(embedded), folder / "embedding_map.png")
    pictures.append(("Map of the latents", "embedding_map.png"))

    lines = [f"# {title}", ""]
    for note in notes:
        lines += [note, ""]
    lines += metrics_table(summary)
    for name, columns, rows in summary_tables(summary)[1:]:
        lines += ["", f"## {name}", "", *markdown(columns, rows)]
    for name, file in pictures:
        lines += ["", f"## {name}", "", f"![{name}]({file})"]
    page = folder / "report.md"
    with atomic_write(page) as stream:
        stream.write(("\n".join(lines) + "\n").encode())
    with atomic_write(folder / "report.json") as stream:
        stream.write((json.dumps(summary, indent=2, allow_nan=False) + "\n").encode())
    return page


def new_axes(width: float = 8.0, height: float = 4.5, columns: int = 1) -> tuple[Figure, list[Axes]]:
    with mpl.rc_context({"font.size": 10}):
        figure = Figure(figsize=(width, height), layout="constrained")
        axes = [figure.add_subplot(1, columns, i + 1) for i in range(columns)]
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
    return figure, axes


def save_figure(figure: Figure, path: Path) -> None:
    FigureCanvasAgg(figure)
    with atomic_write(path) as stream:
        figure.savefig(stream, format="png", dpi=120, metadata={"Software": None})


def _training_curve(history: list[dict[str, Any]]) -> Figure:
    figure, (left, right) = new_axes(10.0, 4.0, columns=2)
    epochs = [h["epoch"] for h in history]
    left.plot(epochs, [h["train/loss"] for h in history], label="training", color=OTHER)
    left.plot(epochs, [h["val/loss"] for h in history], label="validation", color=COMPLIANT)
    left.set(xlabel="epoch", ylabel="loss", title="Loss")
    left.legend(frameon=False)
    for key, label, color in (
        ("val/nn_accuracy", "nearest-neighbour accuracy", "#2166ac"),
        ("val/positive_similarity", "positive similarity", COMPLIANT),
        ("val/negative_similarity", "negative similarity", OTHER),
    ):
        points = [(h["epoch"], h[key]) for h in history if key in h]
        if points:
            right.plot(*zip(*points, strict=True), label=label, color=color)
    right.set(xlabel="epoch", ylim=(-0.2, 1.05), title="Validation")
    right.legend(frameon=False)
    return figure


def _similarity_histogram(embedded: Embedded) -> Figure:
    figure, (axis,) = new_axes()
    own = embedded.similarity()
    compliant = torch.nonzero(embedded.is_compliant).squeeze(1)[:_MAX_POINTS]
    pairs = embedded.z_g[embedded.context[compliant]] @ embedded.z_e[embedded.plan[compliant]].T
    is_other = embedded.context[compliant][:, None] != embedded.context[compliant][None]
    groups = [
        ("own compliant plan", own[embedded.is_compliant], COMPLIANT),
        ("compliant plan of another context", pairs[is_other], OTHER),
        ("own violating plan", own[~embedded.is_compliant], VIOLATION),
    ]
    for label, values, color in groups:
        if len(values):
            axis.hist(values.numpy(), bins=60, range=(-0.5, 1), density=True, alpha=0.55, label=label, color=color)
    axis.set(xlabel="cosine of context and plan", ylabel="density", title="Similarity of contexts and plans")
    axis.legend(frameon=False)
    return figure


def _embedding_map(embedded: Embedded) -> Figure:
    figure, (axis,) = new_axes(7.0, 6.0)
    rows = torch.linspace(0, max(0, len(embedded.plan) - 1), min(len(embedded.plan), _MAX_POINTS)).long()
    points = torch.cat([embedded.z_g[:_MAX_POINTS], embedded.z_e[embedded.plan[rows]]]).double()
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
        ("compliant plans", is_compliant, COMPLIANT),
        ("violating plans", ~is_compliant, VIOLATION),
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
