"""The report of a training or an evaluation: one page that stands alone, its text as Markdown, its figures as JSON.

`report.html` holds everything, pictures included, and can be sent to somebody as it is. `report.md` is the same for a terminal
or a review, beside PNG files.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from gatling.evaluation import pictures
from gatling.evaluation.embed import Embedded
from gatling.evaluation.tables import METRICS_COLUMNS, Row, Table, markdown, metrics_rows, summary_tables
from gatling.page import document, text
from gatling.schema.files import atomic_write

_STYLE = """
:root { color-scheme: light; }
table { font-size: 0.9rem; font-variant-numeric: tabular-nums; }
th, td { border-bottom: 1px solid #ccc; padding: 0.25rem 0.7rem; text-align: right; }
th:first-child, td:first-child { text-align: left; }
img { max-width: 100%; height: auto; }
nav a { margin-right: 1rem; }
"""


def write_report(
    folder: Path,
    *,
    title: str,
    notes: list[str],
    summary: dict[str, Any],
    embedded: Embedded,
    history: list[dict[str, Any]] | None = None,
) -> Path:
    """Write `report.html`, `report.md`, `report.json` and the pictures; return the path of the HTML page.

    Args:
        notes: sentences that stand at the top; `**words**` are emphasised.
        summary: as `evaluation.summary.summarise` gives it.
        embedded: the traces that the summary was measured on.
        history: the content of metrics.jsonl, for the training curve.
    """
    drawn: list[tuple[str, str, Figure]] = []
    if history:
        drawn.append(("Training curve", "training_curve.png", pictures.training_curve(history)))
    drawn.append(
        ("Similarity of contexts and plans", "similarity_histogram.png", pictures.similarity_histogram(embedded))
    )
    drawn.append(("Map of the latents", "embedding_map.png", pictures.embedding_map(embedded)))
    images = [(name, file, pictures.png_of(figure)) for name, file, figure in drawn]
    tables: list[Table] = [("Metrics", METRICS_COLUMNS, metrics_rows(summary)), *summary_tables(summary)[1:]]
    files = {file: image for _, file, image in images}
    files["report.html"] = _html_page(title, notes, images, tables).encode()
    files["report.md"] = _markdown_page(title, notes, images, tables).encode()
    files["report.json"] = (json.dumps(summary, indent=2, allow_nan=False) + "\n").encode()
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        with atomic_write(folder / name) as stream:
            stream.write(content)
    return folder / "report.html"


def _markdown_page(title: str, notes: list[str], images: list[tuple[str, str, bytes]], tables: list[Table]) -> str:
    lines = [f"# {title}"]
    for note in notes:
        lines += ["", note]
    for name, columns, rows in tables:
        lines += ["", f"## {name}", "", *markdown(columns, rows)]
    for name, file, _ in images:
        lines += ["", f"## {name}", "", f"![{name}]({file})"]
    return "\n".join(lines) + "\n"


def _html_page(title: str, notes: list[str], images: list[tuple[str, str, bytes]], tables: list[Table]) -> str:
    """Return a page that needs no other file and no script."""
    parts: list[tuple[str, str]] = [(name, _html_table(columns, rows)) for name, columns, rows in tables[:1]]
    for name, _, image in images:
        source = base64.b64encode(image).decode()
        parts.append((name, f'<img alt="{escape(name)}" src="data:image/png;base64,{source}">'))
    parts += [(name, _html_table(columns, rows)) for name, columns, rows in tables[1:]]
    links = "".join(f'<a href="#part{i}">{text(name)}</a>' for i, (name, _) in enumerate(parts))
    body = [f"<h1>{text(title)}</h1>"]
    body += [f"<p>{_emphasised(note)}</p>" for note in notes]
    body.append(f"<nav>{links}</nav>")
    body += [f'<h2 id="part{i}">{text(name)}</h2>\n{content}' for i, (name, content) in enumerate(parts)]
    return "".join(document(title, ["\n".join(body)], style=_STYLE, has_images=True))


def _emphasised(note: str) -> str:
    return re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", text(note))


def _html_table(columns: Sequence[str], rows: Sequence[Row]) -> str:
    def line(cells: Sequence[str], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{text(cell)}</{tag}>" for cell in cells) + "</tr>"

    lines = [line(columns, "th"), *(line(row, "td") for row in rows)]
    return '<div class="wide"><table>\n' + "\n".join(lines) + "\n</table></div>"
