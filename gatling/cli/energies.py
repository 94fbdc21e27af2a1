"""The energies of calls, by critic, and the facts that they rest on, as people read them."""

from __future__ import annotations

from typing import Any

ALARM_LINE = "energies (1.0 is the alarm line)"


def print_energies(rows: list[dict[str, Any]], title: str = ALARM_LINE) -> None:
    """Print one row a call.

    Args:
        rows: as `Guard.explain` returns them.
    """
    from rich.markup import escape
    from rich.table import Table

    from gatling.cli.console import wide
    from gatling.cli.decision import WIDTH
    from gatling.energy.critics.table import CRITICS

    table = Table(title=title, title_justify="left")
    columns = ("node", "call", "all", *map(str, CRITICS), "rests on")
    for i, name in enumerate(columns):
        table.add_column(name, justify="right" if 2 <= i < 3 + len(CRITICS) else "left", overflow="fold")
    for row in rows:
        energies = [f"{row['energy'][name]:.2f}" for name in ("all", *map(str, CRITICS))]
        facts = ", ".join(f"{k} {v}" for k, v in row["facts"].items())
        table.add_row(escape(row["node_id"]), escape(row["tool_name"]), *energies, escape(facts))
    wide(WIDTH).print(table)
