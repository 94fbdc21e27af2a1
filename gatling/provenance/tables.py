"""The line above a table that says what its columns hold: `name,iban` above `Acme,DE89..`.

| table | told by |
| --- | --- |
| Markdown | a line of cells over one of dashes; as many lines below as have a `|` |
| tabs, semicolons, commas, two or more spaces | two or more lines with as many cells, the first of which are short names |

One pass over the lines.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from gatling.schema.budget import checked

_MAX_LINE_CHARS = 2_000
_MAX_CELL_CHARS = 40
_MAX_CELL_WORDS = 4
_DASHES = re.compile(r"\|?\s*:?-{2,}:?\s*(?:\|\s*:?-{2,}:?\s*){0,200}\|?")
_MIN_CELLS = {"\t": 2, ";": 2, ",": 2, "  ": 3}
_GAP = re.compile(r" {2,}")
_NUMBER = re.compile(r"[\d.,%$\u20ac-]+")


def headings(lines: Sequence[str]) -> list[str]:
    """Return for each line the heading of the table that it is a row of; empty for all others, and for the heading itself."""
    found = [""] * len(lines)
    i = 0
    for _ in checked(lines):
        if i >= len(lines):
            break
        end = _end_of_markdown(lines, i) or _end_of_cells(lines, i)
        if end:
            found[i + 1 : end] = [" ".join(lines[i].split())] * (end - i - 1)
        i = end or i + 1
    return found


def _end_of_markdown(lines: Sequence[str], i: int) -> int:
    """Return the line behind a table that starts at a line, 0 if none does."""
    if i + 1 >= len(lines) or "|" not in lines[i] or not _is_short(lines[i]) or not _is_short(lines[i + 1]):
        return 0
    if "|" not in lines[i + 1] or not _DASHES.fullmatch(lines[i + 1].strip()):
        return 0
    end = i + 2
    while end < len(lines) and "|" in lines[end]:
        end += 1
    return end


def _end_of_cells(lines: Sequence[str], i: int) -> int:
    if i + 1 >= len(lines) or not _is_short(lines[i]):
        return 0
    for separator, least in _MIN_CELLS.items():
        cells = _cells(lines[i], separator)
        if len(cells) < least or not all(map(_is_name, cells)) or len(set(cells)) < len(cells):
            continue
        if separator == "," and any(cell[:1] == " " for cell in cells):
            continue  # prose
        end = i + 1
        while end < len(lines) and _is_short(lines[end]) and len(_cells(lines[end], separator)) >= len(cells):
            end += 1
        if end > i + 1:
            return end
    return 0


def _is_short(line: str) -> bool:
    return 0 < len(line) <= _MAX_LINE_CHARS


def _cells(line: str, separator: str) -> list[str]:
    line = line.rstrip("\r")
    return [cell for cell in _GAP.split(line.strip()) if cell] if separator == "  " else line.split(separator)


def _is_name(cell: str) -> bool:
    cell = cell.strip().strip("\"'")
    return (
        0 < len(cell) <= _MAX_CELL_CHARS
        and len(cell.split()) <= _MAX_CELL_WORDS
        and not _NUMBER.fullmatch(cell)
        and cell[-1] not in ".!?:"
    )
