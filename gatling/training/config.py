"""TrainingConfig: every setting of a training run. The command line, its help and the checkpoint are derived from it."""

from __future__ import annotations

import dataclasses
import enum
from ast import literal_eval
from dataclasses import dataclass, field
from operator import getitem
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

from gatling.errors import ConfigError
from gatling.features.backbone import BACKBONES, DEFAULT_BACKBONE

DEFAULT_DATASET = Path("data/gold_traces.jsonl")


class Reach(enum.Enum):
    """How far a setting reaches. One that says nothing is of the result."""

    RESULT = "what is computed: a continuation and all processes of a run share it"
    RUN = "how long a run goes and what it leaves: a continuation may change it, processes share it"
    MACHINE = "what computes: each process may have its own"
    PLACE = "where things lie: each process may have its own, and a published model does not tell"
    OWNER = "whom a published model belongs to: it does not tell, a continuation may change it"


_RUN, _MACHINE, _PLACE, _OWNER = ({"reach": reach} for reach in (Reach.RUN, Reach.MACHINE, Reach.PLACE, Reach.OWNER))


def _backbone_names() -> Any:
    """Return the type of `backbone` on the command line: the rows of the table, as they are when flags are read."""
    return getitem(Literal, tuple(sorted(BACKBONES)))


def _default_hint(shown: str) -> str:
    """Say the default as for other flags; where the type is made when flags are read, tyro shows a list of words."""
    (name,) = literal_eval(shown)
    return f"(default: {name})"


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainingConfig:
    """Train the two encoders on gold traces.

    Without --dataset, and without data/gold_traces.jsonl, a demonstration runs on 12 synthetic traces.
    """

    dataset: tuple[Path, ...] = field(default=(), metadata=_PLACE)
    """Trace files (.jsonl, .jsonl.gz, .jsonl.zst, .parquet) or folders of them, one or several; what is named twice counts
    twice. Default: data/gold_traces.jsonl if it exists, else the synthetic demonstration."""
    val_dataset: tuple[Path, ...] = field(default=(), metadata=_PLACE)
    """Validate on these files or folders instead of on a share of --dataset; --val-split then has no effect."""
    on_error: Literal["stop", "skip"] = field(default="stop", metadata=_RUN)
    """What to do with a record that is refused: stop, or leave it out, count it and report it."""
    store_dir: Path = field(default=Path(".gatling_cache"), metadata=_PLACE)
    """Where tokenised traces are kept, so that a file is read only once; may be deleted at any time."""

    latent_dim: int = 1024
    """Latent space dimensionality."""
    hidden_dim: int = 512
    """Width of both encoders."""
    num_layers: int = 2
    """Layers of both encoders."""
    num_heads: int = 8
    """Attention heads of both encoders, a multiple of 4."""
    dropout: float = 0.1
    """Dropout probability in the feed-forward layers."""
    backbone: Annotated[str, tyro.conf.arg(constructor_factory=_backbone_names, help_behavior_hint=_default_hint)] = (
        DEFAULT_BACKBONE
    )
    """What turns words, or whole texts, to vectors: a row of `gatling.features.BACKBONES`."""
    word_table: bool = True
    """Read words through the bundled word table. Without it only hashed n-grams are left: for ablations."""

    batch_size: int = 32
    """Training batch size: contexts with a compliant plan each, over all processes. More negatives with a larger one."""
    effective_batch_size: int | None = None
    """Contexts of one optimizer step, of which --batch-size at a time are encoded with gradient: more negatives in the same
    memory, for about a third more time. Default: --batch-size."""
    epochs: int = field(default=20, metadata=_RUN)
    """Number of training epochs."""
    learning_rate: float = 1e-4
    """AdamW learning rate, reached after the warm-up."""
    temperature: float = 0.07
    """InfoNCE temperature parameter; the starting value if it is learned."""
    learn_temperature: bool = False
    """Train the temperature along, within [0.01, 1]."""
    gradient_clip: float = 1.0
    """Maximum gradient norm."""
    security_margin: float = 0.5
    """Minimum energy gap (delta_sec) between a context's violating and compliant plans."""
    margin_weight: float = 1.0
    """Weight of the margin term beside InfoNCE; 0 leaves it out."""
    alignment_weight: float = 0.5
    """Weight of the pull of positives towards a cosine of 1 beside InfoNCE; 0 leaves it out."""
    hard_negatives: int = 1
    """Violating plans of the same context for each compliant one, at most: from the data and, with --mutations, made."""
    mutations: str | None = None
    """Make hard negatives on the fly from compliant plans: names of mutations by commas, or all; see `gatling corrupt --help`.
    They take at least half of --hard-negatives, and all where the data has no violation. Default: only the data's."""
    near_misses: bool = True
    """With --mutations: take near misses, edits held just inside what is allowed, as further compliant plans."""
    curriculum: float = 0.5
    """With --mutations: share of the run over which made negatives go from blatant ones to all, subtle ones included."""
    group_run: int = 1
    """So many traces of one group (see --group-by) follow each other in a batch. With --group-by policy the plans that one policy
    allows for other requests become each other's negatives, the hardest there are."""
    context_masking: bool = True
    """Leave a context's own compliant plans out of its negatives. Without it, two traces of a context repel: for ablations."""
    renamed_words: float = 0.0
    """Share of each step's words that are spelt anew, in contexts and plans alike, so that the model learns to match words that
    no training data has."""
    weight_decay: float = 0.01
    """AdamW weight decay of matrices; biases, norms and embeddings of codes have none."""
    warmup_steps: int | None = None
    """Steps of linear warm-up before the cosine decay. Default: a twentieth of all steps, at most 500."""
    passes_per_epoch: int = 1
    """How often an epoch goes through the data; raise it for very small sets."""

    val_split: float = 0.1
    """Share of groups held out for validation; 0 validates on the training traces."""
    test_split: float = 0.1
    """Share of groups held out until the end; 0 for none."""
    group_by: str = "context"
    """What never stands on two sides of a split: context, policy, or trace fields by their paths, joined by commas, such as
    meta.suite,meta.task|meta.case; of fields joined by | the first that a trace has counts."""
    early_stopping_patience: int | None = field(default=None, metadata=_RUN)
    """Stop after this many epochs without a lower validation loss. Default: never."""
    max_steps: int | None = field(default=None, metadata=_RUN)
    """Stop, with a checkpoint, after this many optimizer steps in all; the schedule stays that of --epochs."""

    seed: int = 0
    """Seeds the weights, the split, the order of the data and dropout."""
    device: str = field(default="auto", metadata=_MACHINE)
    """auto, cpu, cuda or cuda:N; auto takes a GPU if there is one."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """bf16 computes matrix products in bfloat16 (weights stay float32); auto does so where the hardware has it."""
    num_workers: int = field(default=0, metadata=_MACHINE)
    """Processes that prepare batches; 0 prepares them in the training process."""

    checkpoint_dir: Path = field(default=Path("checkpoints"), metadata=_PLACE)
    """Where checkpoints and metrics.jsonl go."""
    checkpoint_every: int = field(default=5, metadata=_RUN)
    """Epochs between checkpoints."""
    report_dir: Path = field(default=Path("report"), metadata=_PLACE)
    """Where the report with its pictures goes."""
    resume: Path | None = field(default=None, metadata=_PLACE)
    """Go on from a checkpoint, or from the newest one of a folder."""
    tensorboard: bool = field(default=False, metadata=_RUN)
    """Also write TensorBoard events to the checkpoint folder (extra: tensorboard)."""

    push_to_hub: bool = field(default=False, metadata=_RUN)
    """Upload the best model to the Hugging Face Hub; the token is read from HF_TOKEN."""
    organization: str | None = field(default=None, metadata=_OWNER)
    """Owner of the Hub repository. Default: the owner of the token."""
    hf_repo_name: str = field(default="gatling-jepa-encoders", metadata=_OWNER)
    """Name of the Hub repository."""

    def __post_init__(self) -> None:
        for name in (
            "latent_dim",
            "hidden_dim",
            "num_layers",
            "num_heads",
            "batch_size",
            "epochs",
            "passes_per_epoch",
            "group_run",
        ):
            self._require(name, getattr(self, name) >= 1, "at least 1")
        for name in ("latent_dim", "hidden_dim"):
            self._require(name, getattr(self, name) <= 16_384, "at most 16384")
        self._require(
            "effective_batch_size",
            self.effective_batch_size is None or self.effective_batch_size >= self.batch_size,
            f"at least --batch-size={self.batch_size}",
        )
        self._require("checkpoint_every", self.checkpoint_every >= 1, "at least 1")
        self._require("backbone", self.backbone in BACKBONES, f"one of {', '.join(sorted(BACKBONES))}")
        self._require("num_heads", self.num_heads % 4 == 0, "a multiple of 4")
        self._require("hidden_dim", self.hidden_dim % self.num_heads == 0, f"a multiple of num_heads={self.num_heads}")
        self._require("dropout", 0 <= self.dropout < 1, "in [0, 1)")
        self._require("learning_rate", 0 < self.learning_rate < 10, "in (0, 10)")
        self._require("temperature", 0.001 <= self.temperature <= 100, "in [0.001, 100]")
        self._require("gradient_clip", 0 < self.gradient_clip < float("inf"), "a positive number")
        self._require("security_margin", 0 <= self.security_margin <= 2, "in [0, 2], the range of the latent energy")
        self._require("margin_weight", 0 <= self.margin_weight < float("inf"), "at least 0")
        self._require("alignment_weight", 0 <= self.alignment_weight < float("inf"), "at least 0")
        self._require("hard_negatives", self.hard_negatives >= 0, "at least 0")
        self._require("hard_negatives", self.hard_negatives > 0 or not self.mutations, "at least 1 with --mutations")
        self._require("renamed_words", 0 <= self.renamed_words <= 1, "in [0, 1]")
        self._require("curriculum", 0 <= self.curriculum <= 1, "in [0, 1]")
        self._require("weight_decay", 0 <= self.weight_decay < float("inf"), "at least 0")
        self._require("warmup_steps", self.warmup_steps is None or self.warmup_steps >= 0, "at least 0")
        for name in ("val_split", "test_split"):
            self._require(name, 0 <= getattr(self, name) < 1, "in [0, 1)")
        self._require("test_split", self.val_split + self.test_split < 1, "such that something is left to train on")
        self._require(
            "early_stopping_patience",
            self.early_stopping_patience is None or self.early_stopping_patience >= 1,
            "at least 1",
        )
        self._require("max_steps", self.max_steps is None or self.max_steps >= 1, "at least 1")
        self._require("seed", 0 <= self.seed < 2**32, "in [0, 2^32)")
        self._require("num_workers", self.num_workers >= 0, "at least 0")
        self._require("group_by", bool(self.group_by.strip(", ")), "not empty")
        is_device = self.device in ("auto", "cpu", "cuda") or (
            self.device.startswith("cuda:") and self.device[5:].isdigit()
        )
        self._require("device", is_device, "auto, cpu, cuda or cuda:N")

    def _require(self, name: str, holds: bool, bound: str) -> None:
        if not holds:
            flag = "--" + name.replace("_", "-")
            raise ConfigError(f"{flag} is {getattr(self, name)!r}, it must be {bound}")

    def encoder_hparams(self) -> dict[str, Any]:
        """Return what both encoders are made with."""
        names = ("latent_dim", "hidden_dim", "num_layers", "num_heads", "dropout", "word_table", "backbone")
        return {name: getattr(self, name) for name in names}

    def to_dict(self) -> dict[str, Any]:
        """Return plain data: strings, numbers, booleans, lists and None."""
        return {f.name: _plain(getattr(self, f.name)) for f in dataclasses.fields(self)}


def names_of(*reaches: Reach) -> frozenset[str]:
    """Return the names of the settings that reach so far."""
    fields = dataclasses.fields(TrainingConfig)
    return frozenset(f.name for f in fields if f.metadata.get("reach", Reach.RESULT) in reaches)


MAY_CHANGE = names_of(Reach.RUN, Reach.MACHINE, Reach.PLACE, Reach.OWNER)
"""What may differ between a run and its continuation without changing what is computed."""
OF_A_PROCESS = names_of(Reach.MACHINE, Reach.PLACE)
"""What may differ between the processes of one run."""
NOT_PUBLISHED = names_of(Reach.PLACE, Reach.OWNER)
"""What a published model does not tell."""


def _plain(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value
