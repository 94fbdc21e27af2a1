"""What a training run shows while it goes on."""

from __future__ import annotations

import time

from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress

from gatling.cli.console import err, note
from gatling.training.reporter import Reporter, StepEvent

_PLAIN_SECONDS = 30.0


class ConsoleReporter(Reporter):
    """A bar on a terminal; elsewhere a line an epoch and one every half minute."""

    def __init__(self) -> None:
        self._bar: RichProgress | None = None
        self._last = time.monotonic()

    def note(self, message: str) -> None:
        note(message)

    def reading(self, num_traces: int) -> None:
        if err.is_terminal:
            err.print(f"reading: {num_traces} traces", end="\r", highlight=False, soft_wrap=True)

    def encoding(self, done: int, total: int) -> None:
        if err.is_terminal:
            err.print(f"reading texts: {done} of {total}", end="\r", highlight=False, soft_wrap=True)
        elif done == total or time.monotonic() - self._last >= _PLAIN_SECONDS:
            self._last = time.monotonic()
            note(f"reading texts: {done} of {total}")

    def start(self, step: int, total_steps: int) -> None:
        if err.is_terminal:
            self._bar = training_bar()
            self._task = self._bar.add_task("", total=total_steps, completed=step, epoch="-", loss="-", rate="-")
            self._bar.start()
        else:
            note(f"training: {total_steps - step} steps to go")

    def step(self, event: StepEvent) -> None:
        epoch = f"{event.epoch}/{event.num_epochs}"
        loss, rate = f"{event.loss:.4f}", f"{event.traces_per_second:.1f}"
        if self._bar:
            self._bar.update(self._task, completed=event.step, epoch=epoch, loss=loss, rate=rate)
        elif time.monotonic() - self._last >= _PLAIN_SECONDS:
            self._last = time.monotonic()
            err.print(
                f"epoch {epoch}  step {event.step}/{event.total_steps}  loss {loss}  {rate} traces/s",
                highlight=False,
            )

    def epoch(self, epoch: int, num_epochs: int, metrics: dict[str, float | None], *, is_best: bool) -> None:
        parts = [
            f"epoch {epoch}/{num_epochs}",
            f"train loss {metrics['train/loss']:.4f}",
            f"val loss {metrics['val/loss']:.4f}{' (best)' if is_best else ''}",
            f"NN {metrics['val/nn_accuracy']:.3f} of {metrics['val/gallery_size']:.0f}",
            f"positive {metrics['val/positive_similarity']:.3f}",
        ]
        if metrics["val/negative_similarity"] is not None:
            parts.append(f"negative {metrics['val/negative_similarity']:.3f}")
        if "val/auroc" in metrics:
            parts.append(f"AUROC {metrics['val/auroc']:.3f}")
        parts.append(f"{metrics['traces_per_second']:.1f} traces/s")
        note("  ".join(parts))

    def finish(self) -> None:
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
