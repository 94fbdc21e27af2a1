"""Figures that were measured, and the pages that show them.

    uv run python benchmarks/verdicts.py held_out/corrupted/unseen_domains > verdicts.md
    uv run python benchmarks/measured.py record guard-verdicts --command "benchmarks/verdicts.py ..." < verdicts.md
    uv run python benchmarks/measured.py pages

Every benchmark prints Markdown. `record` takes its tables, in their order, under the given names (`-` leaves one out), and stores
each as `benchmarks/measured/NAME.json` with the command, the machine and the date. `pages` writes them into docs/*.md, between
`<!-- measured NAME -->` and `<!-- end -->`. So no table of results is typed, and tests/test_docs.py holds the pages to the files.
"""

from __future__ import annotations

import argparse
import datetime
import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "benchmarks" / "measured"
MACHINE = "2 cores of an AMD EPYC with AVX-512 bf16, no GPU"
MARK = re.compile(r"^<!-- measured ([\w-]+) -->\n(?:.*?\n)??<!-- end -->$", re.MULTILINE | re.DOTALL)


def tables_of(text: str) -> list[list[list[str]]]:
    """Return the cells of every Markdown table of a text, the head first, without the line below it."""
    tables: list[list[list[str]]] = []
    is_inside = False
    for line in text.splitlines():
        if not line.startswith("|"):
            is_inside = False
            continue
        if not is_inside:
            tables.append([])
        is_inside = True
        tables[-1].append([cell.strip() for cell in line.strip().strip("|").split(" | ")])
    return [[table[0], *table[2:]] for table in tables]


def shown(record: dict[str, Any]) -> str:
    """Return a table as a page shows it."""
    columns, rows, texts = record["columns"], record["rows"], record["text_columns"]
    lines = [f"| {' | '.join(columns)} |", "|" + " --- |" * texts + " ---: |" * (len(columns) - texts)]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def source(name: str, record: dict[str, Any]) -> str:
    return f"[{name}](../benchmarks/measured/{name}.json): `{record['command']}`; {record['when']}."


def with_tables(page: str) -> str:
    """Return the text of a page with the tables as they are stored."""

    def stored(match: re.Match[str]) -> str:
        record = json.loads((FOLDER / f"{match[1]}.json").read_text("utf-8"))
        return f"<!-- measured {match[1]} -->\n{shown(record)}\n\n{source(match[1], record)}\n<!-- end -->"

    return MARK.sub(stored, page)


def record(names: Sequence[str], text: str, *, command: str, machine: str, when: str) -> None:
    """Store the tables of a text. Raises: SystemExit if there are more or fewer than names."""
    tables = tables_of(text)
    if len(tables) != len(names):
        raise SystemExit(f"{len(tables)} tables were printed, and {len(names)} names are given")
    FOLDER.mkdir(exist_ok=True)
    for name, (columns, *rows) in zip(names, tables, strict=True):
        if name == "-":
            continue
        texts = next((i for i, cell in enumerate(rows[0]) if re.match(r"[-\d]", cell)), len(columns)) if rows else 1
        data = {"command": command, "machine": machine, "when": when, "text_columns": max(1, texts)}
        lines = [json.dumps(row, ensure_ascii=False) for row in rows]  # a row a line, so that changes can be read
        head = json.dumps({**data, "columns": columns}, indent=1, ensure_ascii=False).removesuffix("\n}")
        (FOLDER / f"{name}.json").write_text(f'{head},\n "rows": [\n  ' + ",\n  ".join(lines) + "\n ]\n}\n", "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="what", required=True)
    taking = commands.add_parser("record", help="store the tables that stand on stdin")
    taking.add_argument("names", nargs="+")
    taking.add_argument("--command", required=True, help="what printed them")
    taking.add_argument("--machine", default=MACHINE)
    taking.add_argument("--when", default=datetime.date.today().isoformat())
    commands.add_parser("pages", help="write the stored tables into the pages")
    options = parser.parse_args()
    if options.what == "record":
        record(options.names, sys.stdin.read(), command=options.command, machine=options.machine, when=options.when)
        return
    for page in sorted((ROOT / "docs").glob("*.md")):
        text = page.read_text("utf-8")
        if (fresh := with_tables(text)) != text:
            page.write_text(fresh, "utf-8")
            print(f"{page.relative_to(ROOT)}: written")


if __name__ == "__main__":
    main()
