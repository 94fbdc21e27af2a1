"""`gatling train-energy`: the critics of a model folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gatling.cli.flags import check_counts
from gatling.errors import ConfigError


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainEnergy:
    """Train the critics that turn a plan into energies.

    gatling train-energy --dataset labelled.jsonl --output guard

    The critics are hierarchy, provenance, scope, flow and the latent term; their weights are found, too. Reads traces whose
    violations name the nodes to blame (`violating_nodes`), and attacks their compliant plans besides. Each suite is left
    out once: the weights are fitted and the lines found on scores of suites that were not seen. Writes a model folder that
    `gatling audit` takes: the encoders, critics.json and calibration.json. Half an hour on two cores.
    """

    dataset: tuple[Path, ...]
    """Trace files or folders of them; each counts as one source."""
    output: Path
    """The model folder to write."""
    model: Path | None = None
    """The folder of the encoders, which stay as they are. Default: the model that ships with Gatling."""
    mutations: str = "all"
    """How compliant plans are attacked, by commas; see `gatling corrupt --help`."""
    per_trace: int = 3
    """Mutants of a compliant plan, at most; 0 for none."""
    limit: int = 4_000
    """Traces read of each file, at most."""
    suite_by: str = "meta.suite"
    """What is left out as a whole, one at a time, to fit the weights and find the lines; a trace without it goes by its file."""
    max_false_alarms: float = 0.01
    """Probability that a compliant plan of a new context is denied, at most."""
    max_escalations: float = 0.05
    """Probability that it is denied or escalated, at most."""
    security_margin: float = 0.5
    """Least energy of a mutant above its gold plan, before calibration."""
    networks: int = 5
    """Networks of the hierarchy critic, averaged into one."""
    steps: int = 2_000
    """Training steps of each."""
    hidden: int = 6
    """Hidden units of each, a multiple of 3."""
    seed: int = 0
    """Seeds everything."""
    json: bool = False
    """Print the figures as JSON."""

    def run(self) -> int:
        """Train the critics, write the folder, print the figures; return the exit status."""
        from gatling.cli.calibration_table import print_calibration
        from gatling.cli.console import print_table
        from gatling.cli.documents import print_json
        from gatling.cli.model import announce_model
        from gatling.cli.progress import Progress
        from gatling.critics_training.fit import FitConfig
        from gatling.critics_training.run import train_critics, write_critics
        from gatling.runtime.folder import pretrained_folder

        check_counts(limit=self.limit, networks=self.networks, steps=self.steps)
        folder = pretrained_folder() if self.model is None else self.model
        if not folder.is_dir():
            raise ConfigError(
                f"--model is {folder}, it must be a model folder; `gatling pull` makes one of a pushed checkpoint"
            )
        announce_model(self.model)
        config = FitConfig(
            hidden=self.hidden,
            networks=self.networks,
            steps=self.steps,
            security_margin=self.security_margin,
            seed=self.seed,
        )
        with (
            Progress("reading and attacking", unit="traces") as traces,
            Progress("training", unit="steps", total=None) as steps,
        ):
            trained = train_critics(
                self.dataset,
                folder,
                config,
                mutations=self.mutations,
                per_trace=self.per_trace,
                limit=self.limit,
                suite_by=self.suite_by,
                max_false_alarms=self.max_false_alarms,
                max_escalations=self.max_escalations,
                on_trace=traces.advance,
                on_step=steps.advance,
            )
        write_critics(trained, folder, self.output)
        figures = {k: v for k, v in trained.figures.items() if k != "content"}
        if self.json:
            shown = {**figures, "weights": trained.critics.weights, "calibration": trained.calibration.figures}
            print_json(shown)
            return 0
        columns = ("critic", "weight", "AUROC", "composite without it")
        rows = [
            (str(s), f"{w:.3f}", f"{figures['auroc'][str(s)]:.3f}", f"{figures['ablation'][str(s)]:.3f}")
            for s, w in trained.critics.weights.items()
        ]
        rows.append(("all", "", f"{figures['auroc']['composite']:.3f}", ""))
        print_table("on suites left out", columns, rows)
        print_calibration(trained.calibration)
        print(f"{self.output}: ready for `gatling audit --model`")
        return 0
