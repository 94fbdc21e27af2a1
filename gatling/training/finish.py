"""What closes a run: the best model on the test split, once, and the report."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gatling.encoders import DualEncoder
from gatling.encoders.dual import read_checkpoint
from gatling.evaluation.report import write_report
from gatling.evaluation.summary import evaluate_corpus
from gatling.training.config import TrainingConfig
from gatling.training.loop import FitResult


@dataclass(frozen=True, slots=True)
class FinalEvaluation:
    split: str
    """`test`, or what stands in for it."""
    summary: dict[str, Any]
    report: Path


def evaluate_best(config: TrainingConfig, result: FitResult) -> FinalEvaluation:
    """Measure the best model on the test split, or on the validation split if there is none, and write the report."""
    assert result.best_path is not None
    model = DualEncoder.from_pretrained(result.best_path, precision="fp32")
    splits = result.data.splits
    if len(splits.test):
        split, corpus = "test", splits.test
    elif result.data.is_demonstration or not (config.val_split or config.val_dataset):
        split, corpus = "training", splits.train
    else:
        split, corpus = "validation", splits.val
    embedded, summary = evaluate_corpus(model, corpus)
    best_epoch = read_checkpoint(result.best_path)["epoch"]
    summary = {
        "split": split,
        "best_epoch": best_epoch,
        "seed": config.seed,
        "group_by": config.group_by,
        **summary,
    }
    notes = [
        f"The model with the lowest validation loss, of epoch {best_epoch}, on the {split} split; "
        f"seed {config.seed}, split by {config.group_by}, fp32."
    ]
    if result.data.is_demonstration:
        notes.insert(0, "**Demonstration on 12 synthetic traces, measured on the very traces it was trained on.**")
    elif split != "test":
        notes.insert(0, f"**There is no test split; the {split} split was also used while training.**")
    page = write_report(
        config.report_dir,
        title="Training report",
        notes=notes,
        summary=summary,
        embedded=embedded,
        history=result.metrics,
    )
    return FinalEvaluation(split, summary, page)
