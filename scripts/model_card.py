"""The text of the model card, from scripts/model_card.md and figures."""

from __future__ import annotations

from pathlib import Path
from string import Template
from typing import Any

from gatling.evaluation.tables import format_value
from scripts.mixing import Mixing

TEMPLATE = Path(__file__).with_suffix(".md")
NO_RESULTS = "Figures on held-out data are added by `--results`, see `scripts/pretrain.py`."


def render(values: dict[str, Any], results: str | None) -> str:
    """Fill in the template.

    Args:
        values: by the names of the template, except `results`.
        results: measured figures, as Markdown with headings of the third level.
    """
    return Template(TEMPLATE.read_text("utf-8")).substitute(values, results=results or NO_RESULTS)


def table(figures: dict[str, Any]) -> list[str]:
    """Return a Markdown table with a row for each figure."""
    return ["| figure | value |", "| --- | ---: |", *(f"| {k} | {format_value(v)} |" for k, v in figures.items())]


def reranking_table(figures: dict[str, dict[str, Any]]) -> list[str]:
    """Return a Markdown table of what the latents, the re-ranker and both together tell apart."""
    names = {"latents": "latents", "reranker": "re-ranker", "both": "both, as `model.rerank` gives them"}
    rows = ["| energy by | AUROC | violation above a compliant plan of its context |", "| --- | ---: | ---: |"]
    for name, shown in names.items():
        rows.append(
            f"| {shown} | {format_value(figures[name]['auroc'])} | {format_value(figures[name].get('pairs_ranked'))} |"
        )
    return rows


def mixing_table(mixing: Mixing) -> list[str]:
    """Return a Markdown table of what each weight of the deep layers gives; what was chosen is bold."""
    rows = ["| log weight | NN | AUROC |", "| ---: | ---: | ---: |"]
    for offset in mixing.nn_accuracy:
        cells = [f"{mixing.nn_accuracy[offset]:.3f}", f"{mixing.auroc[offset]:.3f}"]
        for i, chosen in enumerate((mixing.retrieval, mixing.energy)):
            cells[i] = f"**{cells[i]}**" if offset == chosen else cells[i]
        rows.append(f"| {offset:+.2f} | {' | '.join(cells)} |")
    return rows
