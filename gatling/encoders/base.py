"""What both encoders share: hyperparameters, the readout, `encode`, and the check that features have not changed."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Generic, Literal, TypeVar

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from gatling.encoders.segments import at_least_fp32, segment_max, segment_softmax, segment_sum
from gatling.encoders.tensors import in_double, moved
from gatling.errors import CheckpointError
from gatling.features.backbone import DEFAULT_BACKBONE, make_backbone
from gatling.features.batching import bounded_batches, features_of
from gatling.runtime.model import MAX_ENERGY_MIX, OTHER_FEATURES

Precision = Literal["fp64", "fp32", "bf16"]

RecordT = TypeVar("RecordT")
FeatureT = TypeVar("FeatureT")
BatchT = TypeVar("BatchT")
EncoderT = TypeVar("EncoderT", bound="Encoder[Any, Any, Any]")


class FeedForward(nn.Sequential):
    """Two linear layers with a GELU between, twice as wide inside. `(rows, H) -> (rows, H)`."""

    def __init__(self, hidden_dim: int, dropout: float) -> None:
        super().__init__(
            nn.Linear(hidden_dim, 2 * hidden_dim),
            nn.GELU(),
            nn.Linear(2 * hidden_dim, hidden_dim),
            nn.Dropout(dropout),
        )


class Readout(nn.Module):
    """Pool the rows of each record: attention with learned scores, and the maximum.

    The maximum keeps what a single node adds visible however many nodes there are.

    Shapes:
        output: `(B, D)`, each row of length 1.
    """

    def __init__(self, hidden_dim: int, latent_dim: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.norm = nn.LayerNorm(hidden_dim)
        self.scores = nn.Linear(hidden_dim, num_heads)
        self.project = nn.Linear(2 * hidden_dim, latent_dim)

    def forward(
        self, rows: Float[Tensor, "rows H"], sample: Int[Tensor, " rows"], num_records: int
    ) -> Float[Tensor, "B D"]:
        rows = at_least_fp32(self.norm(rows))
        weight = segment_softmax(self.scores(rows), sample, num_records)  # (rows, N)
        per_head = rows.unflatten(1, (self.num_heads, -1)) * weight[:, :, None]
        attended = segment_sum(per_head.flatten(1), sample, num_records)  # (B, H)
        largest = segment_max(rows, sample, num_records)  # (B, H)
        return F.normalize(at_least_fp32(self.project(torch.cat([attended, largest], dim=1))), dim=-1)


class Encoder(nn.Module, Generic[RecordT, FeatureT, BatchT]):
    """Base of the two encoders.

    Args:
        latent_dim: D, length of a latent.
        hidden_dim: H, a multiple of `num_heads`.
        num_layers: attention or graph layers.
        num_heads: attention heads.
        dropout: probability, while training.
        word_table: read words through the bundled table; without it only hashed n-grams and numbers are left.
        backbone: what turns words to vectors, one of `features.BACKBONES`.
        energy_mix: how much more the deep layers weigh where an energy is computed, in log; see `for_energy`.
    """

    num_heads_multiple = 1

    def __init__(
        self,
        *,
        latent_dim: int = 1024,
        hidden_dim: int = 512,
        num_layers: int = 2,
        num_heads: int = 8,
        dropout: float = 0.1,
        word_table: bool = True,
        backbone: str = DEFAULT_BACKBONE,
        energy_mix: float = 0.0,
    ) -> None:
        super().__init__()
        if min(latent_dim, hidden_dim, num_layers, num_heads) < 1:
            raise ValueError("latent_dim, hidden_dim, num_layers and num_heads must be at least 1")
        if hidden_dim % num_heads:
            raise ValueError(f"hidden_dim={hidden_dim} is not a multiple of num_heads={num_heads}")
        if num_heads % self.num_heads_multiple:
            raise ValueError(f"num_heads={num_heads} is not a multiple of {self.num_heads_multiple}")
        if not 0 <= dropout < 1:
            raise ValueError(f"dropout={dropout} is not in [0, 1)")
        self.hparams: dict[str, Any] = {
            "latent_dim": latent_dim,
            "hidden_dim": hidden_dim,
            "num_layers": num_layers,
            "num_heads": num_heads,
            "dropout": dropout,
            "word_table": word_table,
        }
        if backbone != DEFAULT_BACKBONE:
            self.hparams["backbone"] = backbone
        if not abs(energy_mix) <= MAX_ENERGY_MIX:
            raise ValueError(f"energy_mix={energy_mix} is not in [-{MAX_ENERGY_MIX}, {MAX_ENERGY_MIX}]")
        if energy_mix:
            self.hparams["energy_mix"] = energy_mix
        self.precision: Precision = "fp32"
        self.backbone = make_backbone(backbone, use_table=word_table)
        self.feature_digest: Tensor
        self.register_buffer("feature_digest", torch.frombuffer(bytearray(self.backbone.digest()), dtype=torch.uint8))
        # How much the deep layers add to the lexical channel is exp of this; they start with the smaller part.
        self.log_mix = nn.Parameter(torch.tensor(-1.0))

    def combine(self, deep: Float[Tensor, "B D"], lexical: Float[Tensor, "B D"]) -> Float[Tensor, "B D"]:
        """Join the two unit vectors of a record into its latent, of length 1."""
        return F.normalize(deep * self.log_mix.exp() + lexical, dim=-1)

    def for_energy(self: EncoderT) -> EncoderT:
        """Return the encoder as energies read it: the same weights, with the deep layers weighing exp(energy_mix) times as much.

        What the deep layers know is mostly whether a plan looks right by itself. That separates violations, and it draws all
        contexts to the same few plans; so finding a context's own plan wants less of it than an energy does.
        """
        offset = self.hparams.get("energy_mix", 0.0)
        if not offset:
            return self
        other = copy.copy(self)
        other._parameters = {**self._parameters, "log_mix": nn.Parameter(self.log_mix.detach() + offset)}
        other.hparams = {name: value for name, value in self.hparams.items() if name != "energy_mix"}
        return other

    # --- what a subclass says -----------------------------------------------------------------------------------------

    def features(self, record: RecordT | dict[str, Any]) -> FeatureT:
        """Turn one record, or its plain data, into arrays. Raises: InputError."""
        raise NotImplementedError  # pragma: no cover

    def collate(self, features: Sequence[FeatureT]) -> BatchT:
        """Join the arrays of several records into a batch."""
        raise NotImplementedError  # pragma: no cover

    def size(self, features: FeatureT) -> int:
        """Return the number of rows that the record adds to a batch."""
        raise NotImplementedError  # pragma: no cover

    # --- inference ----------------------------------------------------------------------------------------------------

    def encode(self, records: RecordT | dict[str, Any] | Sequence[RecordT | dict[str, Any]]) -> Float[Tensor, "B D"]:
        """Encode one record or a sequence of them, as objects or as plain data.

        Dropout is off whatever the module's mode, and no gradient is kept. A latent does not depend on what else is in
        the call, beyond rounding.

        Returns:
            `(B, D)` float32 on the CPU (float64 in `fp64`), each row of length 1; B is 1 for a single record.

        Raises:
            InputError: if a record is refused, with its position and path.
        """
        return self.encode_features(features_of(records, self.features))

    def encode_features(self, features: Sequence[FeatureT]) -> Float[Tensor, "B D"]:
        """Encode records that are arrays already, see `features`."""
        device = self.feature_digest.device
        is_double = self.precision == "fp64"
        out = torch.zeros(
            len(features), self.hparams["latent_dim"], dtype=torch.float64 if is_double else torch.float32
        )
        with self._inference():
            for rows in bounded_batches([self.size(f) for f in features]):
                batch: Any = self.collate([features[i] for i in rows])
                if is_double:
                    batch = in_double(batch)
                if device.type != "cpu":
                    batch = moved(batch, device)
                out[rows] = self(batch).to(out)
        return out

    @contextmanager
    def _inference(self) -> Iterator[None]:
        was_training = self.training
        if was_training:
            self.eval()
        device = self.feature_digest.device.type
        try:
            with (
                torch.inference_mode(),
                torch.autocast(device, torch.bfloat16, enabled=self.precision == "bf16"),
            ):
                yield
        finally:
            if was_training:
                self.train()

    def set_precision(self, precision: Precision) -> None:
        """Choose how `encode` computes. `bf16` rounds the weights of the linear layers for good; `fp64` is what roundings are
        measured by.

        Raises:
            ValueError: for another precision after `bf16`: load the model anew.
        """
        if self.precision == "bf16" and precision != "bf16":
            raise ValueError(f"the weights are rounded to bf16 already; load the model anew for {precision}")
        self.to(torch.float64 if precision == "fp64" else torch.float32)
        if precision == "bf16":
            for module in self.modules():
                if isinstance(module, nn.Linear):
                    module.to(torch.bfloat16)
        self.precision = precision

    def _load_from_state_dict(self, state_dict: Any, prefix: str, *args: Any, **kwargs: Any) -> None:
        found = state_dict.get(prefix + "feature_digest")
        if found is not None and not torch.equal(found.cpu(), self.feature_digest.cpu()):
            raise CheckpointError(OTHER_FEATURES)
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)
