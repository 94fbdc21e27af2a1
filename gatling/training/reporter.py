"""What the loop tells whoever watches. The library itself never prints; the command line draws the progress bar."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StepEvent:
    epoch: int
    """From 1."""
    num_epochs: int
    step: int
    """Optimizer steps done."""
    total_steps: int
    loss: float
    """Running mean of the epoch."""
    traces_per_second: float


class Reporter:
    """Ignores everything; a subclass overrides what it shows."""

    def note(self, message: str) -> None:
        """One sentence that the user should see."""

    def reading(self, num_traces: int) -> None:
        """So many traces have been read."""

    def encoding(self, done: int, total: int) -> None:
        """A backbone that reads texts has read so many of the distinct ones."""

    def start(self, step: int, total_steps: int) -> None:
        """Training begins at a step."""

    def step(self, event: StepEvent) -> None:
        """An optimizer step is done."""

    def epoch(self, epoch: int, num_epochs: int, metrics: dict[str, float | None], *, is_best: bool) -> None:
        """An epoch and its validation are done."""

    def finish(self) -> None:
        """Training is over, whatever the reason."""
