"""The pictures of a report: training curves, similarities, a map of the latents.

- Colours are Okabe and Ito's (2008), which people with any colour vision tell apart. What a colour says, a line style or a marker
  says too.
- Distributions are outlines, so that none hides another. Every group states its n, and the aims stand in the picture.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, Literal

import matplotlib as mpl
import torch
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike
from torch import Tensor

from gatling.evaluation.embed import Embedded
from gatling.schema.files import atomic_write

COMPLIANT, VIOLATION, OTHER, AIM = "#0072B2", "#D55E00", "#555555", "#009E73"
STYLE = {COMPLIANT: "-", VIOLATION: "--", OTHER: ":"}
POSITIVE_AIM, NEGATIVE_AIM, ACCURACY_AIM = 0.85, 0.2, 0.85
_MAX_POINTS = 1_500


def new_axes(title: str, width: float = 8.0, height: float = 4.5, columns: int = 1) -> tuple[Figure, list[Axes]]:
    """Return a figure with a title and a row of axes."""
    with mpl.rc_context({"font.size": 10}):
        figure = Figure(figsize=(width, height), layout="constrained")
        figure.suptitle(title, fontsize=12, fontweight="bold")
        axes = [figure.add_subplot(1, columns, i + 1) for i in range(columns)]
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
    return figure, axes


def png_of(figure: Figure) -> bytes:
    FigureCanvasAgg(figure)
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=120, metadata={"Software": None})
    return stream.getvalue()


def save_figure(figure: Figure, path: Path) -> None:
    with atomic_write(path) as stream:
        stream.write(png_of(figure))


def outline(axis: Axes, values: ArrayLike, label: str, color: str, *, bins: int, limits: tuple[float, float]) -> None:
    """Draw a distribution as an outline: the share of its group in each bin; what lies outside counts in the last bins."""
    shown = torch.as_tensor(values).double().clamp(*limits).numpy()
    axis.hist(
        shown, bins=bins, range=limits, weights=[1 / len(shown)] * len(shown), histtype="step", linewidth=1.8,
        color=color, linestyle=STYLE[color], label=f"{label} (n = {len(shown):,})",
    )  # fmt: skip


def legend(axis: Axes, place: Literal["best", "center right"] = "best") -> None:
    axis.legend(frameon=False, fontsize=9, loc=place)


def training_curve(history: list[dict[str, Any]]) -> Figure:
    """Draw loss and validation figures by epoch.

    Args:
        history: the content of metrics.jsonl.
    """
    epochs = [h["epoch"] for h in history]
    ran = f"{len(history)} epoch{'' if len(history) == 1 else 's'}"
    figure, (left, right) = new_axes(f"Training, {ran}", 10.5, 4.2, columns=2)
    for key, label, color in (("train/loss", "training", OTHER), ("val/loss", "validation", COMPLIANT)):
        left.plot(epochs, [h[key] for h in history], label=label, color=color, linestyle=STYLE[color], marker=".")
    left.set(xlabel="epoch", ylabel="loss", title="Loss", ylim=(0, None))
    legend(left)
    for key, label, color, style in (
        ("val/nn_accuracy", "nearest-neighbour accuracy", "#CC79A7", "-."),
        ("val/positive_similarity", "positive similarity", COMPLIANT, "-"),
        ("val/negative_similarity", "negative similarity", OTHER, ":"),
    ):
        points = [(h["epoch"], h[key]) for h in history if key in h]
        if points:
            right.plot(*zip(*points, strict=True), label=label, color=color, linestyle=style, marker=".")
    # Each text stands where its curves are not: the upper one before they have risen, the lower one after they have fallen.
    aims = (
        (ACCURACY_AIM, f"aim: accuracy and positive similarity above {ACCURACY_AIM}", 0.02, "left"),
        (NEGATIVE_AIM, f"aim: negative similarity below {NEGATIVE_AIM}", 0.98, "right"),
    )
    for aim, text, x, side in aims:
        right.axhline(aim, color=AIM, linewidth=1)
        right.annotate(
            text, (x, aim), (0, 2), xycoords=("axes fraction", "data"), textcoords="offset points", va="bottom",
            ha=side, fontsize=8, color=AIM,
        )  # fmt: skip
    gallery = max((h.get("val/gallery_size", 0) for h in history), default=0)
    among = f" (among {gallery:,} plans)" if gallery else ""
    right.set(xlabel="epoch", ylabel="value", ylim=(-0.2, 1.05), title=f"Validation{among}")
    legend(right, "center right")
    for axis in (left, right):
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        axis.margins(x=0.05)
    return figure


def similarity_histogram(embedded: Embedded) -> Figure:
    """Draw how similar contexts are to their own plans, to violating ones, and to plans of other contexts."""
    own = embedded.similarity()
    compliant = torch.nonzero(embedded.is_compliant).squeeze(1)[:_MAX_POINTS]
    pairs = embedded.z_g[embedded.context[compliant]] @ embedded.z_e[embedded.plan[compliant]].T
    is_other = embedded.context[compliant][:, None] != embedded.context[compliant][None]
    groups = [
        ("own compliant plan", own[embedded.is_compliant], COMPLIANT),
        ("own violating plan", own[~embedded.is_compliant], VIOLATION),
        ("compliant plan of another context", pairs[is_other], OTHER),
    ]
    title = f"Similarity of contexts and plans, {len(embedded.z_g):,} contexts"
    figure, (axis,) = new_axes(title, 9.0, 4.8)
    for label, values, color in groups:
        if len(values):
            outline(axis, values.float().numpy(), label, color, bins=60, limits=(-0.5, 1.0))
    for aim, text in (
        (POSITIVE_AIM, f"aim: own plan above {POSITIVE_AIM}"),
        (NEGATIVE_AIM, f"aim: others below {NEGATIVE_AIM}"),
    ):
        axis.axvline(aim, color=AIM, linewidth=1)
        axis.annotate(  # above the axes: inside, it would cover an outline
            text, (aim, 1), (0, 2), xycoords=("data", "axes fraction"), textcoords="offset points", va="bottom",
            ha="center", fontsize=8, color=AIM,
        )  # fmt: skip
    axis.set(xlabel="cosine of context and plan (0.025 a bin)", ylabel="share of the group", xlim=(-0.5, 1.08))
    # Below the axes: inside, it would cover one of the outlines.
    figure.legend(*axis.get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False, fontsize=9)
    return figure


def embedding_map(embedded: Embedded) -> Figure:
    """Draw contexts and plans on the two principal axes of their latents."""
    contexts = embedded.z_g[:_MAX_POINTS]
    rows = torch.linspace(0, max(0, len(embedded.plan) - 1), min(len(embedded.plan), _MAX_POINTS)).long()
    flat, shares = _principal(torch.cat([contexts, embedded.z_e[embedded.plan[rows]]]).double())
    is_compliant = embedded.is_compliant[rows]
    plans = flat[len(contexts) :]
    groups = [
        ("contexts", flat[: len(contexts)], "#111111", "s", 16),
        ("compliant plans", plans[is_compliant], COMPLIANT, "o", 18),
        ("violating plans", plans[~is_compliant], VIOLATION, "x", 20),
    ]
    figure, (axis,) = new_axes("Latents on their two principal axes", 7.5, 6.4)
    for label, points, color, marker, size in groups:
        if len(points):
            face = color if marker == "x" else "none"  # outlines, so that none hides another
            axis.scatter(
                points[:, 0], points[:, 1], s=size, marker=marker, edgecolors=None if marker == "x" else color,
                facecolors=face, linewidths=0.9, alpha=0.75, label=f"{label} (n = {len(points):,})",
            )  # fmt: skip
    names = [
        f"{name} axis ({100 * share:.0f} % of the variance)"
        for name, share in zip(("first", "second"), shares, strict=True)
    ]
    axis.set(xlabel=names[0], ylabel=names[1])
    figure.legend(*axis.get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False, fontsize=9)
    return figure


def _principal(points: Tensor) -> tuple[Tensor, list[float]]:
    """Return the points on their two principal axes, and the share of the variance that each axis has."""
    centred = points - points.mean(0)
    _, spread, axes = torch.linalg.svd(centred, full_matrices=False)
    if len(axes) < 2:  # a single point has no second axis
        axes, spread = torch.cat([axes, torch.zeros_like(axes)]), torch.cat([spread, torch.zeros_like(spread)])
    axes = axes[:2]
    # The sign of each axis is fixed so that the picture does not flip between runs.
    sign = axes.gather(1, axes.abs().argmax(1, keepdim=True)).sign()
    total = float((spread**2).sum()) or 1.0
    return centred @ (axes * torch.where(sign == 0, 1.0, sign)).T, [float(s) ** 2 / total for s in spread[:2]]
