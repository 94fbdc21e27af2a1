"""The text of the model card, from scripts/model_card.md and figures."""

from __future__ import annotations

from pathlib import Path
from string import Template
from typing import Any

from gatling.evaluation.tables import format_value

TEMPLATE = Path(__file__).with_suffix(".md")
NO_RESULTS = "Figures on held-out data are added by `--results`, see `scripts/pretrain.py`."
_MAX_LEVEL = 6


def render(values: dict[str, Any], results: dict[str, Any] | None) -> str:
    """Fill in the template.

    Args:
        values: by the names of the template, except `results`.
        results: measured figures, nested; see `tables`.
    """
    figures = "\n".join(tables(results)).strip() if results else NO_RESULTS
    return Template(TEMPLATE.read_text("utf-8")).substitute(values, results=figures)


def tables(results: dict[str, Any], level: int = 3) -> list[str]:
    """Return nested figures as lines of Markdown.

    Plain values of a dictionary are a table of two columns. Records under one key (a list of dictionaries of plain values, or
    a dictionary of such) are a table with a row each. Anything deeper gets a heading and the same treatment.
    """
    plain = {key: value for key, value in results.items() if _is_plain(value)}
    lines = _table(("figure", "value"), list(plain.items())) if plain else []
    for key, value in results.items():
        if key in plain or not value:
            continue
        lines += ["", f"{'#' * min(level, _MAX_LEVEL)} {_cell(key)}", ""]
        if isinstance(value, list):
            value = {str(i + 1): row if isinstance(row, dict) else {"value": row} for i, row in enumerate(value)}
        if all(isinstance(row, dict) and all(map(_is_plain, row.values())) for row in value.values()):
            columns = list(dict.fromkeys(column for row in value.values() for column in row))
            lines += _table(("", *columns), [(name, *map(row.get, columns)) for name, row in value.items()])
        else:
            lines += tables(value, level + 1)
    return lines


def _is_plain(value: Any) -> bool:
    if isinstance(value, list):
        return bool(value) and not any(isinstance(item, (dict, list)) for item in value)
    return not isinstance(value, dict)


def _table(columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> list[str]:
    return [
        f"| {' | '.join(map(_cell, columns))} |",
        f"| --- |{' ---: |' * (len(columns) - 1)}",
        *(f"| {' | '.join(map(_cell, row))} |" for row in rows),
    ]


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_cell, value))
    if value is None or (isinstance(value, (int, float)) and not isinstance(value, bool)):
        return format_value(value)
    return " ".join(str(value).split()).replace("|", "\\|")
