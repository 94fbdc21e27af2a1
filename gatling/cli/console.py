"""What people see: two consoles, one for results and one for everything else, and tables."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

out = Console()
err = Console(stderr=True)
_PLAIN_WIDTH = 160


def wide(width: int = _PLAIN_WIDTH) -> Console:
    """Return the console of results; one of a fixed width where it is no terminal, whose width is not known."""
    return out if out.is_terminal else Console(width=width)


def print_table(title: str, columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    """Print a table; the first column is text, the others are figures."""
    table = Table(title=title, title_justify="left")
    for i, column in enumerate(columns):
        table.add_column(column, justify="left" if i == 0 else "right", no_wrap=i > 0, overflow="fold")
    for row in rows:
        table.add_row(*row)
    wide().print(table)


def print_line(text: str) -> None:
    """Print one line of marked-up text, however long."""
    out.print(text, highlight=False, soft_wrap=True)


def printable(text: str) -> str:
    """Return text that others wrote as a terminal may have it: without control characters."""
    return "".join(c if c.isprintable() or c == "\n" else "?" for c in text)


def note(text: str) -> None:
    """Print one line for people on stderr, where it is in no program's way."""
    err.print(text, highlight=False, soft_wrap=True)


def counted(number: int, what: str) -> str:
    """Return `1 tool`, `2 tools`."""
    return f"{number} {what}{'' if number == 1 else 's'}"
