"""What people see: progress bars on a terminal, plain lines elsewhere, tables."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as RichProgress
from rich.table import Table

from gatling.errors import InputError
from gatling.schema.plain import decode_json

_PLAIN_SECONDS = 10.0

out = Console()
err = Console(stderr=True)


class Progress:
    """Counts something of unknown or known length; a bar on a terminal, a line every ten seconds elsewhere."""

    def __init__(self, label: str, *, unit: str, total: int | None = None) -> None:
        self.label, self.unit, self.total = label, unit, total
        self.count = 0
        self._last = time.monotonic()
        self._bar: RichProgress | None = None

    def __enter__(self) -> Progress:
        if err.is_terminal:
            columns = [SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()]
            self._bar = RichProgress(*columns, TextColumn(self.unit), TimeElapsedColumn(), console=err, transient=True)
            self._bar.start()
            self._task = self._bar.add_task(self.label, total=self.total)
        return self

    def advance(self, count: int) -> None:
        self.count += count
        if self._bar:
            self._bar.advance(self._task, count)
        elif time.monotonic() - self._last >= _PLAIN_SECONDS:
            self._last = time.monotonic()
            err.print(f"{self.label}: {self.count} {self.unit}", highlight=False, soft_wrap=True)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar:
            self._bar.stop()


def training_bar() -> RichProgress:
    """Return the bar of a training run: epoch, loss, rate, time left."""
    return RichProgress(
        TextColumn("epoch {task.fields[epoch]}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("loss {task.fields[loss]}  {task.fields[rate]} traces/s"),
        TimeRemainingColumn(),
        console=err,
        transient=True,
    )


def print_table(title: str, columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    """Print a table; the first column is text, the others are figures."""
    table = Table(title=title, title_justify="left")
    for i, column in enumerate(columns):
        table.add_column(column, justify="left" if i == 0 else "right", no_wrap=i > 0, overflow="fold")
    for row in rows:
        table.add_row(*row)
    console = out if out.is_terminal else Console(width=160)
    console.print(table)


def read_json(path: Path) -> Any:
    """Read one JSON document. Raises: InputError."""
    try:
        return decode_json(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot be read: {error}", file=str(path)) from None
    except InputError as error:
        raise error.at(str(path), None) from None


def dump_json(value: Any) -> bytes:
    return (json.dumps(value, indent=2, allow_nan=False) + "\n").encode()
