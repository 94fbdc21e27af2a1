"""The text of the model card, from scripts/model_card.md and figures."""

from __future__ import annotations

from pathlib import Path
from string import Template
from typing import Any

from gatling.evaluation.tables import format_value

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
