"""Progress: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from types import TracebackType

from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as RichProgress

from gatling.cli.console import err, note

_PLAIN_SECONDS = 10.0


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
            note(f"{self.label}: {self.count} {self.unit}")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar:
            self._bar.stop()
