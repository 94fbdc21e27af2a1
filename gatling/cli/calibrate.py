"""`gatling calibrate`: the lines between allow, escalate and deny, found on your own traces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gatling.cli.flags import check_counts
from gatling.errors import ConfigError

if TYPE_CHECKING:
    from gatling.critics_training.wishes import WishedConversation


@dataclass(frozen=True, kw_only=True, slots=True)
class Calibrate:
    """Find the lines between allow, escalate and deny for your own traffic.

    gatling calibrate --dataset mine.jsonl --model guard --max-false-alarms 0.01
    gatling calibrate --conversations honest.jsonl --model guard --max-escalations 0.05

    The lines are stored with the model. Of compliant plans one counts for each context, its worst. A plan of a new context
    like these is denied with a probability of at most --max-false-alarms (split conformal prediction). Prints what is
    caught of the violations, and of mutants made from the compliant plans, with exact intervals, and how far stated
    probabilities are off.

    Where the traces say what the agent had read, as those of `gatling log traces` do, their compliant plans set the lines of the
    judge of such calls too, in attribution.json: what follows holds of them, with traces in place of conversations.

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
    """The model folder; its calibration.json is replaced, its attribution.json where it is known what had been read."""
    output: Path | None = None
    """Write those files into this folder instead."""
    max_false_alarms: float = 0.01
    """Probability that a compliant plan of a new context is denied, at most."""
    max_escalations: float = 0.05
    """Probability that it is denied or escalated, at most."""
    no_floors: bool = False
    """Take away the floors of the judge of calls of which it is known what had been read; they stop calls at any line."""
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
        if not self.model.is_dir():
            raise ConfigError(f"--model is {self.model}, it must be a model folder")
        return self._on_conversations() if self.conversations else self._on_traces()

    def _on_conversations(self) -> int:
        from gatling.cli.calibration_table import print_own_lines
        from gatling.cli.documents import print_json
        from gatling.cli.model import announce_model
        from gatling.cli.progress import Progress
        from gatling.critics_training.wishes import conversations_of_files

        announce_model(self.model)
        with Progress("judging", unit="conversations") as progress:
            read = conversations_of_files(
                self.conversations, limit=self.limit, workers=self.workers, advance=progress.advance
            )
        written, figures = self._own_lines(read)
        if self.json:
            print_json(figures)
        else:
            print_own_lines(figures, "conversations")
            print(f"{written}: written")
        return 0

    def _own_lines(self, read: Sequence[WishedConversation]) -> tuple[Path, dict[str, Any]]:
        """Write the attribution judge with lines of one's own, and return where it is and how the lines came about."""
        from gatling.critics_training.own_lines import with_own_lines
        from gatling.energy.attribution_judge import ATTRIBUTION_NAME, AttributionJudge

        judge = with_own_lines(
            AttributionJudge.read(self.model / ATTRIBUTION_NAME),
            read,
            max_escalations=self.max_escalations,
            max_false_alarms=self.max_false_alarms,
            has_floors=not self.no_floors,
        )
        return self._write(ATTRIBUTION_NAME, judge.to_json()), judge.figures["own"]

    def _write(self, name: str, content: bytes) -> Path:
        from gatling.schema.files import atomic_write

        folder = self.output or self.model
        folder.mkdir(parents=True, exist_ok=True)
        with atomic_write(folder / name) as stream:
            stream.write(content)
        return folder / name

    def _on_traces(self) -> int:
        from gatling.cli.calibration_table import print_calibration, print_own_lines
        from gatling.cli.console import note
        from gatling.cli.documents import print_json
        from gatling.cli.model import announce_model
        from gatling.cli.progress import Progress
        from gatling.critics_training.run import recalibrate
        from gatling.critics_training.wished_traces import traces_with_origins
        from gatling.energy.attribution_judge import ATTRIBUTION_NAME
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
        own: tuple[Path, dict[str, Any]] | None = None
        if (self.model / ATTRIBUTION_NAME).is_file():
            with Progress("reading origins", unit="traces") as progress:
                read = traces_with_origins(self.dataset, limit=self.limit, advance=progress.advance)
            if not read:
                note(f"no trace says what the agent had read: {ATTRIBUTION_NAME} stays as it is")
            try:
                own = self._own_lines(read) if read else None
            except ConfigError as error:
                note(f"{ATTRIBUTION_NAME} stays as it is: {error}")
        if self.report_dir is not None:
            from gatling.evaluation.calibration_picture import draw_calibration

            draw_calibration(
                self.report_dir / "calibration.png",
                scored.composite / calibration.line,
                scored.is_violation,
                calibration,
            )
        if self.json:
            print_json({**calibration.figures, "own_lines": own[1] if own else None})
        else:
            print_calibration(calibration)
            print(f"{written}: written")
            if own is not None:
                print_own_lines(own[1], "traces")
                print(f"{own[0]}: written")
        return 0
