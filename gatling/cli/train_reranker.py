"""`gatling train-reranker`: the re-ranker of a model folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gatling.cli.flags import check_counts
from gatling.errors import ConfigError, TrainingError


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainReranker:
    """Train late interaction beside the latents of a model.

    gatling train-reranker --dataset train --val-dataset unseen --output model

    A re-ranker holds every word of a plan against every word of a context, and says which plan of a few fits, and whether one
    does: what a single vector of each cannot. It learns from compliant traces, their violations, mutants and near misses, and
    plans of other contexts. On --val-dataset, which it must not have seen, both halves of the energy get the same say. Writes the
    folder of --model with reranker.json and reranker.safetensors. Some 15 minutes for 17,000 compliant traces on one core.
    """

    dataset: tuple[Path, ...]
    """Trace files or folders of them, one or several."""
    val_dataset: tuple[Path, ...]
    """Others, of domains that are not in --dataset; with violations, such as `gatling corrupt --keep-input` makes."""
    output: Path
    """The model folder to write."""
    model: Path | None = None
    """The folder of the encoders, which stay as they are. Default: the model that ships with Gatling."""
    mutations: str = "all"
    """How compliant plans are attacked, by commas; see `gatling corrupt --help`."""
    hidden_dim: int = 64
    """Width of its layers."""
    epochs: int = 6
    """Passes over the examples."""
    group_by: str = "policy"
    """Plans of the same group are told from each other; see `gatling train --help`."""
    store_dir: Path = Path(".gatling_cache")
    """Where tokenised traces are kept, so that a file is read only once; may be deleted at any time."""
    seed: int = 0
    """Seeds everything."""
    json: bool = False
    """Print the figures as JSON."""

    def __post_init__(self) -> None:
        for name, files in (("--dataset", self.dataset), ("--val-dataset", self.val_dataset)):
            if not files:
                raise ConfigError(f"{name} names no file")

    def run(self) -> int:
        """Train the re-ranker, write the folder, print the figures; return the exit status."""
        from gatling.attack.corrupter import mutation_names
        from gatling.cli.console import note, print_table
        from gatling.cli.documents import print_json
        from gatling.cli.model import announce_model
        from gatling.cli.progress import Progress
        from gatling.encoders import DualEncoder
        from gatling.hub.hub import write_reranker
        from gatling.runtime.folder import pretrained_folder
        from gatling.schema.files import trace_files
        from gatling.store.corpus import Corpus
        from gatling.store.store import Store
        from gatling.training.reranking import RerankerConfig, measured, train_reranker

        check_counts(hidden_dim=self.hidden_dim, epochs=self.epochs)
        mutations = mutation_names(self.mutations)
        folder = pretrained_folder() if self.model is None else self.model
        if not folder.is_dir():
            raise ConfigError(
                f"--model is {folder}, it must be a model folder; `gatling pull` makes one of a pushed checkpoint"
            )
        announce_model(self.model)
        model = DualEncoder.from_pretrained(folder, precision="fp32")
        store = Store(folder=self.store_dir)
        corpus, unseen = (
            Corpus.from_shards(
                store.open(
                    [f for path in given for f in trace_files(path)], group_by=self.group_by, keep_records=True
                ).shards
            )
            for given in (self.dataset, self.val_dataset)
        )
        if not corpus.num_compliant:
            raise TrainingError(
                f"{', '.join(map(str, self.dataset))}: no compliant trace: there is nothing to train on"
            )
        if not 0 < unseen.num_compliant < len(unseen):
            raise TrainingError(
                f"{', '.join(map(str, self.val_dataset))}: {unseen.num_compliant} of {len(unseen)} traces are compliant; the "
                "scales need compliant traces and violations"
            )
        config = RerankerConfig(hidden_dim=self.hidden_dim, epochs=self.epochs, seed=self.seed)
        with Progress("attacking and matching", unit="traces", total=corpus.num_compliant) as progress:
            reranker = train_reranker(
                model,
                corpus,
                unseen,
                config,
                mutations=mutations,
                on_example=progress.advance,
                on_epoch=lambda epoch, loss: note(f"epoch {epoch} of {self.epochs}: loss {loss:.3f}"),
            )
        figures = measured(reranker, model, unseen)
        stated = {
            "dataset": [path.name for path in self.dataset],
            "val_dataset": [path.name for path in self.val_dataset],
            "mutations": self.mutations,
            "epochs": self.epochs,
            "seed": self.seed,
            "compliant_traces": corpus.num_compliant,
        }
        write_reranker(reranker, folder, self.output, training=stated, figures=figures)
        if self.json:
            print_json(figures)
            return 0
        names = {"latents": "latents alone", "reranker": "re-ranker alone", "both": "both, as they are served"}
        print_table(
            "on --val-dataset",
            ("energy", "AUROC", "violation above a compliant plan of its context"),
            [
                (shown, f"{figures[name]['auroc']:.3f}", f"{figures[name].get('pairs_ranked', float('nan')):.3f}")
                for name, shown in names.items()
            ],
        )
        print(f"{self.output}: a model folder with a re-ranker")
        return 0
