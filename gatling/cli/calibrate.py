"""`gatling calibrate`: the lines between allow, escalate and deny, found on your own traces."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gatling.cli.flags import check_counts
from gatling.errors import ConfigError


@dataclass(frozen=True, kw_only=True, slots=True)
class Calibrate:
    """Find the lines between allow, escalate and deny for your own traffic.

    gatling calibrate --dataset mine.jsonl --model guard --max-false-alarms 0.01
    gatling calibrate --conversations honest.jsonl --model guard --max-escalations 0.05

    The lines are stored with the model. Of compliant plans one counts for each context, its worst. A plan of a new context
    like these is denied with a probability of at most --max-false-alarms (split conformal prediction). Prints what is
    caught of the violations, and of mutants made from the compliant plans, with exact intervals, and how far stated
    probabilities are off.

    With --conversations it is the lines for calls of which it is known what the agent had read: of the honest conversations
    with the same request the worst call counts. Records are those of `gatling audit --conversations`; one with `label`
    "violation" counts among the attacks, and all others must be honest. Where floors alone stop more honest work than
    --max-escalations leaves room for, --no-floors finds lines for a judge without them, which the written file then is: a grave
    call that nobody asked for is stopped by its score alone.
    """

    dataset: tuple[Path, ...] = ()
    """Trace files or folders of them."""
    conversations: tuple[Path, ...] = ()
    """Files of conversations, instead of traces."""
    model: Path
    """The model folder; its calibration.json is replaced, or with --conversations its attribution.json."""
    output: Path | None = None
    """Write that file into this folder instead."""
    max_false_alarms: float = 0.01
    """Probability that a compliant plan of a new context is denied, at most."""
    max_escalations: float = 0.05
    """Probability that it is denied or escalated, at most."""
    no_floors: bool = False
    """With --conversations: take away the floors, which stop calls at any line. Default: the judge has them."""
    mutations: str = "all"
    """Mutations to measure against, by commas."""
    per_trace: int = 1
    """Mutants of a compliant plan, at most; 0 for none."""
    limit: int = 20_000
    """Traces or conversations read of each file, at most."""
    workers: int = 1
    """Processes that read conversations."""
    report_dir: Path | None = None
    """Also draw the picture here: calibration.png."""
    seed: int = 0
    """Seeds the mutants."""
    json: bool = False
    """Print the figures as JSON."""

    def run(self) -> int:
        """Find the lines, store them, print and draw what they do; return the exit status."""
        check_counts(limit=self.limit, workers=self.workers)
        if bool(self.dataset) == bool(self.conversations):
            raise ConfigError(
                "--dataset or --conversations must be given, and not both: traces or conversations to find the lines on"
            )
        if self.no_floors and not self.conversations:
            raise ConfigError("--no-floors is of the judge of conversations: name some with --conversations")
        if not self.model.is_dir():
            raise ConfigError(f"--model is {self.model}, it must be a model folder")
        return self._on_conversations() if self.conversations else self._on_traces()

    def _on_conversations(self) -> int:
        from gatling.cli.calibration_table import print_own_lines
        from gatling.cli.documents import print_json
        from gatling.cli.model import announce_model
        from gatling.cli.progress import Progress
        from gatling.critics_training.own_lines import with_own_lines
        from gatling.critics_training.wishes import conversations_of_files
        from gatling.energy.attribution_judge import ATTRIBUTION_NAME, AttributionJudge

        announce_model(self.model)
        judge = AttributionJudge.read(self.model / ATTRIBUTION_NAME)
        with Progress("judging", unit="conversations") as progress:
            read = conversations_of_files(
                self.conversations, limit=self.limit, workers=self.workers, advance=progress.advance
            )
        judge = with_own_lines(
            judge,
            read,
            max_escalations=self.max_escalations,
            max_false_alarms=self.max_false_alarms,
            has_floors=not self.no_floors,
        )
        written = self._write(ATTRIBUTION_NAME, judge.to_json())
        figures = judge.figures["own"]
        if self.json:
            print_json(figures)
        else:
            print_own_lines(figures)
            print(f"{written}: written")
        return 0

    def _write(self, name: str, content: bytes) -> Path:
        from gatling.schema.files import atomic_write

        folder = self.output or self.model
        folder.mkdir(parents=True, exist_ok=True)
        with atomic_write(folder / name) as stream:
            stream.write(content)
        return folder / name

    def _on_traces(self) -> int:
        from gatling.cli.calibration_table import print_calibration
        from gatling.cli.documents import print_json
        from gatling.cli.model import announce_model
        from gatling.cli.progress import Progress
        from gatling.critics_training.run import recalibrate
        from gatling.energy.calibration import CALIBRATION_NAME

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
        written = self._write(CALIBRATION_NAME, calibration.to_json())
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
            print(f"{written}: written")
        return 0
