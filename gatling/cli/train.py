"""`gatling train`: the loop with a progress bar, then the table, the report and the push."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gatling.errors import ConfigError, HubError, TrainingError
from gatling.training.config import TrainingConfig


@dataclass(frozen=True, kw_only=True, slots=True)
class Train(TrainingConfig):
    """Train the two encoders on gold traces.

    gatling train --dataset gold.jsonl

    Without --dataset, and without data/gold_traces.jsonl, a demonstration runs on 12 synthetic traces. Ctrl-C saves a
    checkpoint and stops; --resume goes on from it.
    """

    def check_words(self, words: Sequence[str]) -> None:
        """Refuse what can only be seen in the words of the command line. Raises: ConfigError."""
        refuse_bare_dataset(words, self)

    def run(self) -> int:
        """Train, evaluate the best model once, write the report, push if asked; return the exit status."""
        return train(self)


def refuse_bare_dataset(words: Sequence[str], config: TrainingConfig) -> None:
    """A flag without a file, as an unset shell variable leaves it, must not stand for another choice. Raises: ConfigError."""
    for name, files in (("--dataset", config.dataset), ("--val-dataset", config.val_dataset)):
        if name in words and not files:
            raise ConfigError(f"{name} names no file")


def train(config: TrainingConfig) -> int:
    """Do what `gatling train` does with these settings."""
    from gatling.cli.console import note, print_line, print_table
    from gatling.cli.train_progress import ConsoleReporter
    from gatling.evaluation.tables import METRICS_COLUMNS, SOURCE_COLUMNS, metrics_rows, source_rows
    from gatling.hub import hub
    from gatling.training.distributed import PeerLostError, is_first
    from gatling.training.finish import evaluate_best
    from gatling.training.loop import fit

    if config.push_to_hub and not hub.has_token():
        note("warning: --push-to-hub is set but there is no Hub token (HF_TOKEN); training goes on, the push will fail")
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
        note(f"{reason}; go on with --resume {result.last_path}")
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
        print_line("This was a demonstration on 12 synthetic traces; train on your own with --dataset.")
    print_line(f"model: {result.best_path}   report: {final.report}")

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
        print_line(f"pushed to {repo}")
    return 0
