"""`gatling train-attribution`: the judge of calls whose origins are known."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gatling.cli.flags import check_counts
from gatling.errors import ConfigError


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainAttribution:
    """Train the judge of whose wish a call is, the user's or that of a text that was read.

    gatling generate --conversations --count 5000 --output made.jsonl.gz
    gatling train-attribution --made made.jsonl.gz --dataset recorded.jsonl.gz --output guard

    Reads labelled conversations: `messages`, `governance_context`, `label`, `violating_calls`, and `meta.suite` and
    `meta.injection_spans`, which serve training alone. Each suite is left out once, and the lines between allow, escalate and
    deny are found on what was not seen. Writes attribution.json into a model folder that `gatling audit` takes.
    """

    output: Path
    """The model folder to write."""
    dataset: tuple[Path, ...] = ()
    """Files of recorded conversations; each of their suites is left out once."""
    made: tuple[Path, ...] = ()
    """Files of `gatling generate --conversations`; their worlds are left out some at a time."""
    model: Path | None = None
    """The folder whose encoders and critics are taken along. Default: the model that ships with Gatling."""
    limit: int = 100_000
    """Conversations read of each file, at most, taken evenly."""
    max_escalations: float = 0.05
    """Share of honest conversations of an unseen suite that are not simply allowed, on average over suites."""
    max_denials: float = 0.01
    """Share that is denied."""
    made_weight: float = 6.0
    """Weight of all made conversations together, where a recorded suite has 1."""
    workers: int = 1
    """Processes that read."""
    seed: int = 0
    """Seeds the trees."""
    json: bool = False
    """Print the figures as JSON."""

    def run(self) -> int:
        """Train the judge, write the folder, print the figures; return the exit status."""
        from gatling.cli.console import print_table
        from gatling.cli.documents import print_json
        from gatling.cli.model import announce_model
        from gatling.cli.progress import Progress
        from gatling.critics_training.attribution import AttributionConfig, train_attribution
        from gatling.energy.attribution_judge import ATTRIBUTION_NAME
        from gatling.runtime.folder import pretrained_folder
        from gatling.schema.files import atomic_write

        check_counts(limit=self.limit, workers=self.workers)
        if not self.dataset and not self.made:
            raise ConfigError("--dataset and --made are both missing: name a file of labelled conversations")
        folder = pretrained_folder() if self.model is None else self.model
        if not folder.is_dir():
            raise ConfigError(f"--model is {folder}, it must be a model folder")
        announce_model(self.model)
        config = AttributionConfig(
            max_escalations=self.max_escalations,
            max_denials=self.max_denials,
            made_weight=self.made_weight,
            seed=self.seed,
        )
        with (
            Progress("reading", unit="conversations", total=None) as reading,
            Progress("fitting", unit="fits", total=None) as fitting,
        ):
            judge = train_attribution(
                self.dataset,
                config,
                made=self.made,
                limit=self.limit,
                workers=self.workers,
                on_conversation=reading.advance,
                on_fit=fitting.advance,
            )
        self.output.mkdir(parents=True, exist_ok=True)
        if self.output.resolve() != folder.resolve():
            for path in sorted(folder.iterdir()):
                if path.suffix in (".json", ".safetensors") and path.name != ATTRIBUTION_NAME:
                    with atomic_write(self.output / path.name) as stream:
                        stream.write(path.read_bytes())
        with atomic_write(self.output / ATTRIBUTION_NAME) as stream:
            stream.write(
                judge.to_json(
                    training={
                        "dataset": [path.name for path in self.dataset],
                        "made": [path.name for path in self.made],
                        "limit": self.limit,
                        "made_weight": self.made_weight,
                        "seed": self.seed,
                    }
                )
            )
        if self.json:
            print_json(dict(judge.figures))
            return 0
        rows = [
            (name, *(str(f[key]) for key in ("honest", "attacked", "not_allowed", "denied", "stopped")))
            for name, f in judge.figures["suites"].items()
        ]
        print_table(
            "on suites left out", ("suite", "honest", "attacked", "not simply allowed", "denied", "stopped"), rows
        )
        print(f"{self.output}: ready for `gatling audit --model`")
        return 0
