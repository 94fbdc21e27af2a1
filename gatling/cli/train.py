"""`gatling train`: the loop with a progress bar, then the table, the report and the push."""

from __future__ import annotations

import time

from rich.progress import Progress as RichProgress

from gatling.cli.console import err, out, print_table, training_bar
from gatling.errors import HubError, TrainingError
from gatling.evaluation.tables import METRICS_COLUMNS, SOURCE_COLUMNS, metrics_rows, source_rows
from gatling.hub import hub
from gatling.training.config import TrainingConfig
from gatling.training.distributed import PeerLostError, is_first
from gatling.training.finish import evaluate_best
from gatling.training.loop import fit
from gatling.training.reporter import Reporter, StepEvent

_PLAIN_SECONDS = 30.0


class ConsoleReporter(Reporter):
    """A bar on a terminal; elsewhere a line an epoch and one every half minute."""

    def __init__(self) -> None:
        self._bar: RichProgress | None = None
        self._last = time.monotonic()

    def note(self, message: str) -> None:
        err.print(message, highlight=False, soft_wrap=True)

    def reading(self, num_traces: int) -> None:
        if err.is_terminal:
            err.print(f"reading: {num_traces} traces", end="\r", highlight=False, soft_wrap=True)

    def start(self, step: int, total_steps: int) -> None:
        if err.is_terminal:
            self._bar = training_bar()
            self._task = self._bar.add_task("", total=total_steps, completed=step, epoch="-", loss="-", rate="-")
            self._bar.start()
        else:
            err.print(f"training: {total_steps - step} steps to go", highlight=False, soft_wrap=True)

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
        err.print("  ".join(parts), highlight=False, soft_wrap=True)

    def finish(self) -> None:
        if self._bar:
            self._bar.stop()


def run(config: TrainingConfig) -> int:
    """Train, evaluate the best model once, write the report, push if asked; return the exit status."""
    if config.push_to_hub and not hub.has_token():
        err.print(
            "warning: --push-to-hub is set but there is no Hub token (HF_TOKEN); training goes on, the push will fail",
            highlight=False,
        )
    try:
        result = fit(config, ConsoleReporter())
    except TrainingError as error:
        if is_first() or isinstance(error, PeerLostError):
            raise
        return 1  # all processes have failed, and the first says why
    if not is_first():
        return 130 if result.was_interrupted else 0
    if not result.is_complete:
        reason = "Interrupted" if result.was_interrupted else "Stopped at --max-steps"
        err.print(f"{reason}; go on with --resume {result.last_path}", highlight=False, soft_wrap=True)
        return 130 if result.was_interrupted else 0

    final = evaluate_best(config, result)
    rows = metrics_rows(final.summary)
    print_table(
        f"Best model (epoch {final.summary['best_epoch']}) on the {final.split} split",
        METRICS_COLUMNS,
        rows,
    )
    if final.summary["sources"]:
        print_table("By source", SOURCE_COLUMNS, source_rows(final.summary["sources"]))
    if result.data.is_demonstration:
        out.print(
            "This was a demonstration on 12 synthetic traces; train on your own with --dataset.",
            highlight=False,
            soft_wrap=True,
        )
    out.print(f"model: {result.best_path}   report: {final.report}", highlight=False, soft_wrap=True)

    if config.push_to_hub:
        assert result.best_path is not None
        try:
            repo = hub.push(
                result.best_path,
                name=config.hf_repo_name,
                organization=config.organization,
                summary=final.summary,
            )
        except HubError as error:
            raise HubError(f"{error}; the model is safe in {result.best_path}, push it with `gatling push`") from None
        out.print(f"pushed to {repo}", highlight=False, soft_wrap=True)
    return 0
