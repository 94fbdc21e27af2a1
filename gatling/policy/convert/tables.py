"""Tables of whatever notation to rows with lines: Markdown, drawn with characters, CSV and HTML; and rows to records.

A column may be what is done, who does it, whether it may be, or a bound; or it is a role, and its cells say whether.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from typing import Any

from gatling.policy.convert.claims import Claim, tools_meant
from gatling.policy.convert.qualities import NOTHING, bounds_in
from gatling.policy.convert.record_words import EVERYBODY, Around, column_kind
from gatling.policy.convert.records import RecordReader
from gatling.policy.language.effects import Effect
from gatling.policy.language.keys import ALLOW, ASK
from gatling.policy.language.lexicon import role_names
from gatling.policy.language.statement import Reading

_MAX_COLUMNS = 64
_DELIMITERS = (",", ";", "\t", "|")


def delimiter_of(text: str) -> str:
    """Return the delimiter of a text that is a table of values and nothing else; empty if it is none."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    if len(lines) < 2:
        return ""
    for delimiter in _DELIMITERS:
        rows = list(csv.reader(lines, delimiter=delimiter, skipinitialspace=True))
        widths = {len(row) for row in rows}
        if len(widths) == 1 and 2 < max(widths) <= _MAX_COLUMNS and all(len(cell) <= 80 for cell in rows[0]):
            return delimiter
    return ""


def rows_of_csv(text: str, delimiter: str) -> Iterator[tuple[int, str, dict[str, str]]]:
    """Yield the rows of a table of values, by the names in its first line, with line and text."""
    header: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        cells = [
            cell.strip() for cell in next(csv.reader(io.StringIO(line), delimiter=delimiter, skipinitialspace=True))
        ]
        if not header:
            header = unique(cells)
        else:
            yield number, line.strip(), dict(zip(header, cells, strict=False))


def unique(names: list[str]) -> list[str]:
    """Return the names of columns, each of them once: a second one of the same name gets a number."""
    return [name if name and names.index(name) == i else f"{name} {i + 1}".strip() for i, name in enumerate(names)]


class _Html(HTMLParser):
    """Writes the tables of a page with bars, and its text as lines, each in the line in which it stands."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: dict[int, str] = {}
        self._cells: list[str] | None = None
        self._cell: list[str] | None = None
        self._start = 1
        self._is_quiet = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self._cells, self._start = [], self.getpos()[0]
        elif tag in ("td", "th") and self._cells is not None:
            self._cell = []
        elif tag == "li" and self._cell is None:
            line = self.getpos()[0]
            self.lines[line] = f"{self.lines[line]}; " if self.lines.get(line) else "- "
        elif re.fullmatch(r"h[1-6]", tag) and self._cell is None:
            self.lines[self.getpos()[0]] = f"{self.lines.get(self.getpos()[0], '')} {'#' * int(tag[1])} ".lstrip()
        elif tag in ("script", "style"):
            self._is_quiet = True

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th") and self._cell is not None and self._cells is not None:
            self._cells.append(" ".join("".join(self._cell).split()).replace("|", "/"))
            self._cell = None
        elif tag == "tr" and self._cells is not None:
            self.lines[self._start] = "| " + " | ".join(self._cells) + " |"
            self._cells = None
        elif tag in ("script", "style"):
            self._is_quiet = False

    def handle_data(self, data: str) -> None:
        if self._is_quiet:
            return
        if self._cell is not None:
            self._cell.append(data)
        elif data.strip():
            line = self.getpos()[0]
            self.lines[line] = f"{self.lines.get(line, '')} {' '.join(data.split())}".strip()


def is_html(text: str) -> bool:
    return bool(re.match(r"\s*(?:<!doctype html|<html|<table|<body)", text, re.IGNORECASE))


def lines_of_html(text: str) -> str:
    """Return a page as text with the same lines: tables with bars, everything else as it is read."""
    parser = _Html()
    parser.feed(text)
    parser.close()
    last = max(parser.lines, default=0)
    found = [parser.lines.get(i, "") for i in range(1, last + 1)]
    return "\n".join(found)


def read_row(row: Mapping[str, str], line: int, text: str, reader: RecordReader, around: Around) -> list[Reading]:
    """Read one row of a table."""
    reader.readings = []
    reader.source.lines[("row",)] = line
    cells = {header: cell.strip().strip("`*") for header, cell in row.items() if cell is not None}
    first = next(
        (h for h in cells if column_kind(h) == "tool"), next((h for h in cells if column_kind(h) != "note"), "")
    )
    what = cells.get(first, "")
    if not what:
        return []
    ruling = {h: reader.ruling(c) for h, c in cells.items() if h != first and c and not column_kind(h)}
    matrix = {h: e for h, e in ruling.items() if e.effect}
    if matrix:  # beside cells that say whether, one that says how much permits that
        matrix |= {
            h: Effect(ALLOW, cells[h])
            for h in cells
            if h != first and h not in matrix and not column_kind(h) and bounds_in(cells[h])[0]
        }
    is_matrix = bool(matrix) and not tools_meant(what + " " + next(iter(matrix)), reader.lexicon)
    if not is_matrix:
        members: dict[str, Any] = {
            ("tool" if h == first else h): c for h, c in cells.items() if c and c.lower() not in NOTHING - {"*"}
        }
        reader.record(members, ("row",), around)
    else:
        for header, cell in cells.items():
            if header != first and header not in matrix:
                reader.aside(cell, header)
        others = {h: c for h, c in cells.items() if h != first and h not in matrix and c and c.lower() not in NOTHING}
        is_asked = any(said.effect == ASK and cells[h].lower() in reader.legend for h, said in matrix.items())
        for header, said in matrix.items():
            if is_asked and said.effect == ALLOW:
                said = Effect(ASK, said.rest)  # somebody else must approve what stands in this row
            is_all = header.strip().lower() in EVERYBODY
            claim = Claim(
                said.effect, () if is_all else role_names(header), actions=[what], text=" ".join(text.split())
            )
            claim.around, claim.qualities = list(around.words), [*around.qualities, *others.items()]
            claim.left = [around.doubt] if around.doubt else []
            if said.rest:
                reader.rest(claim, said.rest)
            reader.finish(claim, ("row",), text, around)
        reader.say_asides(line)
    return reader.readings
