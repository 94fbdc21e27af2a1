"""`gatling calibrate`: the lines between allow, escalate and deny, found on your own traces."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gatling.cli.flags import check_counts
from gatling.errors import ConfigError


@dataclass(frozen=True, kw_only=True, slots=True)
class Calibrate:
    """Find the lines between allow, escalate and deny for your own traces.

    gatling calibrate --dataset mine.jsonl --model guard --max-false-alarms 0.01

    The lines are stored with the model. Of compliant plans one counts for each context, its worst. A plan of a new context
    like these is denied with a probability of at most --max-false-alarms (split conformal prediction). Prints what is
    caught of the violations, and of mutants made from the compliant plans, with exact intervals, and how far stated
    probabilities are off.
    """

    dataset: tuple[Path, ...]
    """Trace files or folders of them."""
    model: Path
    """The model folder; its calibration.json is replaced."""
    output: Path | None = None
    """Write calibration.json into this folder instead."""
    max_false_alarms: float = 0.01
    """Probability that a compliant plan of a new context is denied, at most."""
    max_escalations: float = 0.05
    """Probability that it is denied or escalated, at most."""
    mutations: str = "all"
    """Mutations to measure against, by commas."""
    per_trace: int = 1
    """Mutants of a compliant plan, at most; 0 for none."""
    limit: int = 20_000
    """Traces read of each file, at most."""
    report_dir: Path | None = None
    """Also draw the picture here: calibration.png."""
    seed: int = 0
    """Seeds the mutants."""
    json: bool = False
    """Print the figures as JSON."""

    def run(self) -> int:
        """Find the lines, store them, print and draw what they do; return the exit status."""
        from gatling.cli.calibration_table import print_calibration
        from gatling.cli.documents import print_json
        from gatling.cli.model import announce_model
        from gatling.cli.progress import Progress
        from gatling.critics_training.run import recalibrate
        from gatling.energy.calibration import CALIBRATION_NAME
        from gatling.schema.files import atomic_write

        check_counts(limit=self.limit)
        if not self.model.is_dir():
            raise ConfigError(f"--model is {self.model}, it must be a model folder")
        announce_model(self.model)
        with Progress("judging", unit="traces") as progress:
            calibration, scored = recalibrate(
                self.dataset,
                self.model,
                mutations=self.mutations,
                per_trace=self.per_trace,
                limit=self.limit,
                max_false_alarms=self.max_false_alarms,
                max_escalations=self.max_escalations,
                seed=self.seed,
                on_trace=progress.advance,
            )
        folder = self.output or self.model
        folder.mkdir(parents=True, exist_ok=True)
        with atomic_write(folder / CALIBRATION_NAME) as stream:
            stream.write(calibration.to_json())
        if self.report_dir is not None:
            from gatling.evaluation.calibration_picture import draw_calibration

            draw_calibration(
                self.report_dir / "calibration.png",
                scored.composite / calibration.line,
                scored.is_violation,
                calibration,
            )
        if self.json:
            print_json(calibration.figures)
        else:
            print_calibration(calibration)
            print(f"{folder / CALIBRATION_NAME}: written")
        return 0
