"""`gatling train-attribution`: the judge of calls whose origins are known."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gatling.cli.flags import check_counts
from gatling.errors import ConfigError


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainAttribution:
    """Train the judge of whose wish a call is, the user's or that of a text that was read.

    gatling generate --conversations --count 5000 --output made.jsonl.gz
    gatling train-attribution --made made.jsonl.gz --dataset recorded.jsonl.gz --output guard

    Reads labelled conversations: `messages`, `governance_context`, `label`, `violating_calls`, and `meta.suite` and
    `meta.injection_spans`, which serve training alone. Each suite is left out once, and the lines between allow, escalate and
    deny are found on what was not seen. Writes attribution.json into a model folder that `gatling audit` takes, and bare.json: a
    second opinion on plans that come without what was read, trained on the same conversations.
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
    max_bare_escalations: float = 0.15
    """The first share for plans without what was read: less is known of them, so more of it is the price of stopping anything."""
    bare_only: bool = False
    """Train the judge of such plans alone, and take the other along."""
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
        from dataclasses import replace

        from gatling.cli.console import note, print_table
        from gatling.cli.documents import print_json
        from gatling.cli.model import announce_model
        from gatling.cli.progress import Progress
        from gatling.critics_training.attribution import AttributionConfig, train_attribution
        from gatling.critics_training.bare import BARE_TREES, train_bare
        from gatling.energy.attribution_judge import ATTRIBUTION_NAME
        from gatling.energy.bare_judge import BARE_NAME
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
        bare_config = replace(config, max_escalations=self.max_bare_escalations, **BARE_TREES)
        trained: dict[str, tuple[bytes, dict[str, Any]]] = {}
        with (
            Progress("reading", unit="conversations", total=None) as reading,
            Progress("fitting", unit="fits", total=None) as fitting,
        ):
            settings: dict[str, Any] = {
                "made": self.made,
                "limit": self.limit,
                "workers": self.workers,
                "on_conversation": reading.advance,
                "on_fit": fitting.advance,
            }
            if not self.bare_only:
                judge = train_attribution(self.dataset, config, **settings)
                trained[ATTRIBUTION_NAME] = judge.to_json(training=self._stated()), dict(judge.figures)
            bare = train_bare(self.dataset, bare_config, **settings)
            trained[BARE_NAME] = bare.to_json(training=self._stated()), dict(bare.figures)
        self.output.mkdir(parents=True, exist_ok=True)
        if self.output.resolve() != folder.resolve():
            for path in sorted(folder.iterdir()):
                if path.suffix in (".json", ".safetensors") and path.name not in trained:
                    with atomic_write(self.output / path.name) as stream:
                        stream.write(path.read_bytes())
        for name, (content, _) in trained.items():
            with atomic_write(self.output / name) as stream:
                stream.write(content)
        if self.json:
            print_json({name: figures for name, (_, figures) in trained.items()})
            return 0
        for name, (_, figures) in trained.items():
            rows = [
                (suite, *(str(f[key]) for key in ("honest", "attacked", "not_allowed", "denied", "stopped")))
                for suite, f in figures["suites"].items()
            ]
            columns = ("suite", "honest", "attacked", "not simply allowed", "denied", "stopped")
            print_table(f"{name}, on suites left out", columns, rows)
            for what, rate, share in zip(
                ("escalated or denied", "denied"), figures["rates"], figures["reached"], strict=True
            ):
                if share > rate:
                    note(f"{name}: {share} of the honest conversations are {what} at any line, more than {rate}")
        print(f"{self.output}: ready for `gatling audit --model`")
        return 0

    def _stated(self) -> dict[str, Any]:
        return {
            "dataset": [path.name for path in self.dataset],
            "made": [path.name for path in self.made],
            "limit": self.limit,
            "made_weight": self.made_weight,
            "seed": self.seed,
        }
