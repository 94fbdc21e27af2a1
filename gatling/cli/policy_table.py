"""`gatling policy table`: who may do what, as text, HTML, CSV or JSON."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.markup import escape
from rich.table import Table

from gatling.cli.console import print_line, wide
from gatling.cli.documents import dump_json, read_policy
from gatling.cli.policy_table_page import SIGNS, access_page
from gatling.errors import ConfigError
from gatling.policy import recognise
from gatling.policy.access import Access, AccessTable, access_table
from gatling.schema.files import atomic_write
from gatling.tools import load_catalog

_COLOURS = {"yes": "green", "if": "cyan", "no": "red", "none": "dim", "open": "yellow"}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for a formula where a cell begins with it."""


def run_table(file: Path, *, form: str, catalog: Sequence[str], output: Path | None, lenient: bool) -> int:
    """Print or write the table of a policy. Raises: InputError; ConfigError for a terminal's table in a file."""
    if form == "text" and output is not None:
        raise ConfigError("--output is for --form html, csv or json; text is for a terminal")
    source = read_policy(file)
    rules = recognise(source, strict=not lenient)
    table = access_table(rules, tools=[spec.name for spec in load_catalog(catalog)] if catalog else ())
    if form == "text":
        _print(str(file), table)
        return 0
    match form:
        case "html":
            made = access_page(str(file), table).encode()
        case "csv":
            made = _csv(table).encode()
        case _:
            made = dump_json({"file": str(file), **table.to_dict()})
    if output is None:
        sys.stdout.write(made.decode())
    else:
        with atomic_write(output) as stream:
            stream.write(made)
    return 0


def _print(file: str, table: AccessTable) -> None:
    shown = Table(title=f"{escape(file)}: who may do what", title_justify="left", show_lines=True)
    for name in ("tool", *table.roles):
        shown.add_column(escape(name), overflow="fold")
    for tool in table.tools:
        cells = [table.cells[tool, role] for role in table.roles]
        shown.add_row(escape(row_name(tool)), *(f"[{_COLOURS[c.answer]}]{escape(cell_text(c))}[/]" for c in cells))
    wide().print(shown)
    for line in table.general:
        print_line(f"every call: {escape(line)}")


def row_name(tool: str) -> str:
    """Return what a row is called."""
    return "every other tool" if tool == "*" else tool


def cell_text(cell: Access) -> str:
    """Return what stands in a cell: a sign and what must hold."""
    if cell.answer == "if":
        return "if " + ";\n".join(cell.conditions)
    return SIGNS[cell.answer] if cell.answer != "open" else f"? {cell.conditions[0]}"


def _csv(table: AccessTable) -> str:
    """Return a row a tool and role, as a spreadsheet can filter them."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["tool", "role", "answer", "conditions", "rules"])
    for (tool, role), cell in table.cells.items():
        writer.writerow(
            [_cell(t) for t in (tool, role, cell.answer, "; ".join(cell.conditions), "; ".join(cell.places))]
        )
    for line in table.general:
        writer.writerow([_cell(t) for t in ("every call", "", "if", line, "")])
    return out.getvalue()


def _cell(text: str) -> str:
    """Return a text that no spreadsheet runs: a policy may be anybody's."""
    return f"'{text}" if text.startswith(_FORMULA) else text
