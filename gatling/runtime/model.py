"""RuntimeEncoders: both encoders of a model folder, for inference on numpy.

In float32 a latent is that of the torch encoders within 1e-5, in float64 within 1e-12. Nothing is trained here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Generic, Self, TypeVar

import numpy as np

from gatling.errors import CheckpointError
from gatling.features import (
    BACKBONES,
    ContextFeatures,
    PlanBatch,
    PlanFeatures,
    PolicyBatch,
    call_features,
    context_features,
    plan_features,
)
from gatling.features.backbone import DEFAULT_BACKBONE, Backbone, make_backbone
from gatling.features.batching import MAX_BATCH_SIZE, bounded_batches, distinct_contexts, features_of
from gatling.features.text import vector_dim
from gatling.runtime.arrays import Array, Weights
from gatling.runtime.execution import execution_latents
from gatling.runtime.folder import pretrained_folder, read_folder
from gatling.runtime.governance import NUM_RELATIONS, governance_latents
from gatling.runtime.known import KnownWords
from gatling.runtime.shapes import Shapes, execution_shapes, governance_shapes
from gatling.schema import ExecutionPlan, GovernanceContext, PlanNode, Trace, parse_context, parse_plan
from gatling.schema.lazy import cached_property

RecordT = TypeVar("RecordT")
FeatureT = TypeVar("FeatureT")

_MOST = 2**20  # of any hyperparameter
MAX_ENERGY_MIX = 10.0
"""Largest absolute value of the hyperparameter `energy_mix`."""


class RuntimeEncoder(Generic[RecordT, FeatureT]):
    """One encoder. Safe to share between threads.

    Args:
        weights: by name, all of one type: float32, or float64 for what roundings are measured by.
    """

    def __init__(self, hparams: Mapping[str, Any], weights: Weights, backbone: Backbone) -> None:
        self.hparams = dict(hparams)
        self.weights = with_sums(weights)
        self._backbone = backbone
        self._words = KnownWords(self.weights, backbone, is_projected=self.projects_words)

    def encode(self, records: RecordT | dict[str, Any] | Sequence[RecordT | dict[str, Any]]) -> Array:
        """Encode one record or a sequence of them, as objects or as plain data.

        A latent does not depend on what else is in the call, beyond rounding.

        Returns:
            `(B, D)`, each row of length 1; B is 1 for a single record.

        Raises:
            InputError: if a record is refused, with its position and path.
        """
        features = features_of(records, self._features)
        out = np.zeros((len(features), self.hparams["latent_dim"]), self.weights["log_mix"].dtype)
        for rows in bounded_batches([self._size(f) for f in features]):
            out[rows] = self._forward([features[i] for i in rows])
        return out

    def in_double(self) -> Self:
        """Return the same encoder in float64."""
        weights = {name: array.astype(np.float64) for name, array in self.weights.items()}
        return type(self)(self.hparams, weights, self._backbone)

    def for_energy(self) -> Self:
        """Return the encoder as energies read it; see `Encoder.for_energy` in `gatling/encoders/base.py`."""
        offset = self.hparams.get("energy_mix", 0.0)
        if not offset:
            return self
        log_mix = self.weights["log_mix"]
        hparams = {name: value for name, value in self.hparams.items() if name != "energy_mix"}
        return type(self)(hparams, {**self.weights, "log_mix": log_mix + log_mix.dtype.type(offset)}, self._backbone)

    projects_words = False
    """Whether words are projected to the latent space one by one, or only those of a record together."""

    # --- what a subclass says -----------------------------------------------------------------------------------------

    def _features(self, record: RecordT | dict[str, Any]) -> FeatureT:
        raise NotImplementedError  # pragma: no cover

    def _size(self, features: FeatureT) -> int:
        raise NotImplementedError  # pragma: no cover

    def _forward(self, features: list[FeatureT]) -> Array:
        raise NotImplementedError  # pragma: no cover


class RuntimeGovernance(RuntimeEncoder[GovernanceContext, ContextFeatures]):
    def _features(self, record: GovernanceContext | dict[str, Any]) -> ContextFeatures:
        return context_features(parse_context(record))

    def _size(self, features: ContextFeatures) -> int:
        return features.num_tokens

    def _forward(self, features: list[ContextFeatures]) -> Array:
        batch = PolicyBatch.collate(features, self._backbone, self._words)
        return governance_latents(batch, self.weights, self.hparams["num_layers"], self.hparams["num_heads"])


class RuntimeExecution(RuntimeEncoder[ExecutionPlan, PlanFeatures]):
    projects_words = True  # plans have few words that were in no plan before

    def encode_calls(self, calls: Sequence[PlanNode]) -> Array:
        """Encode each call as a plan of its own, `(calls, D)`: the same as `encode` of such plans, in less time.

        Raises:
            InputError: if the arguments of a call have too many values.
        """
        latents = [
            self._latents(PlanBatch.of_calls(features, self._backbone, self._words))
            for features in call_features(calls, max_size=MAX_BATCH_SIZE)
        ]
        return np.concatenate(latents) if latents else np.zeros((0, self.hparams["latent_dim"]))

    def _features(self, record: ExecutionPlan | dict[str, Any]) -> PlanFeatures:
        return plan_features(parse_plan(record))

    def _size(self, features: PlanFeatures) -> int:
        return features.size

    def _forward(self, features: list[PlanFeatures]) -> Array:
        return self._latents(PlanBatch.collate(features, self._backbone, self._words))

    def _latents(self, batch: PlanBatch[np.ndarray]) -> Array:
        return execution_latents(batch, self.weights, self.hparams["num_layers"], self.hparams["num_heads"])


class RuntimeEncoders:
    """A governance and an execution encoder that share a latent space.

    encoders = RuntimeEncoders.from_folder()  # the bundled ones
    encoders.governance.encode(context)       # (1, D), objects or plain data
    encoders.execution.encode([plan, plan])   # (2, D)
    """

    def __init__(
        self,
        governance: RuntimeGovernance,
        execution: RuntimeExecution,
    ) -> None:
        self.governance = governance
        self.execution = execution

    @cached_property
    def exact(self) -> RuntimeEncoders:
        """The same in float64."""
        return RuntimeEncoders(self.governance.in_double(), self.execution.in_double())

    @cached_property
    def for_energy(self) -> RuntimeEncoders:
        """The encoders whose latents energies are made of."""
        return RuntimeEncoders(self.governance.for_energy(), self.execution.for_energy())

    def energy(self, traces: Sequence[Trace]) -> Array:
        """Return the latent energy `1 - cos(z_g, z_e)` of each trace, `(B,)` in [0, 2]; each distinct context is encoded once.

        The latents are those of `for_energy`.
        """
        contexts, rows = distinct_contexts(list(traces))
        z_g = self.for_energy.governance.encode(contexts)[rows]
        z_e = self.for_energy.execution.encode([t.execution_plan for t in traces])
        return np.asarray(np.clip(1 - np.einsum("bd,bd->b", z_g, z_e), 0, 2))

    @classmethod
    def from_folder(cls, folder: str | Path | None = None) -> RuntimeEncoders:
        """Read a model folder, by default the bundled one. Raises: CheckpointError."""
        folder = pretrained_folder() if folder is None else Path(folder)
        config, governance, execution = read_folder(folder)
        return cls.from_arrays(config, governance, execution, str(folder))

    @classmethod
    def from_arrays(
        cls, hparams: Mapping[str, Any], governance: Mapping[str, Any], execution: Mapping[str, Any], source: str
    ) -> RuntimeEncoders:
        """Make encoders from hyperparameters and state dicts of arrays. Raises: CheckpointError if they do not fit."""
        found = []
        for name, state, shapes in (
            ("governance_encoder", governance, governance_shapes),
            ("execution_encoder", execution, execution_shapes),
        ):
            settings = _checked(hparams.get(name), source)
            words = make_backbone(settings.get("backbone", DEFAULT_BACKBONE), use_table=settings["word_table"])
            weights = _weights(state, shapes(settings, vector_dim(words)), words.digest(), source)
            found.append((settings, weights, words))
        lengths = [settings["latent_dim"] for settings, _, _ in found]
        if lengths[0] != lengths[1]:
            raise CheckpointError(
                f"{source}: not a Gatling model: the latents differ in length: {lengths[0]} and {lengths[1]}"
            )
        if found[0][0]["num_heads"] % NUM_RELATIONS:
            raise CheckpointError(f"{source}: not a Gatling model: num_heads is not a multiple of {NUM_RELATIONS}")
        return cls(RuntimeGovernance(*found[0]), RuntimeExecution(*found[1]))


def with_sums(weights: Weights) -> dict[str, Array]:
    """Return the weights with `readout.project_twice`: the readout of a record of one row, which is given that row twice."""
    found = dict(weights)
    project = found["readout.project.weight"]
    found["readout.project_twice.weight"] = project[:, : project.shape[1] // 2] + project[:, project.shape[1] // 2 :]
    found["readout.project_twice.bias"] = found["readout.project.bias"]
    return found


def _checked(hparams: Any, source: str) -> dict[str, Any]:
    names = ("latent_dim", "hidden_dim", "num_layers", "num_heads")
    if not isinstance(hparams, dict) or not isinstance(hparams.get("word_table"), bool):
        raise CheckpointError(f"{source}: not a Gatling model: its hyperparameters are missing")
    if hparams.get("backbone", DEFAULT_BACKBONE) not in BACKBONES:
        raise CheckpointError(f"{source}: trained on the backbone {hparams['backbone']!r}, which is not registered")
    for name in names:
        value = hparams.get(name)
        if type(value) is not int or not 1 <= value <= _MOST:
            raise CheckpointError(f"{source}: not a Gatling model: {name} is {value!r}")
    mix = hparams.get("energy_mix", 0.0)
    if not isinstance(mix, (int, float)) or not abs(mix) <= MAX_ENERGY_MIX:
        raise CheckpointError(f"{source}: not a Gatling model: energy_mix is {mix!r}")
    if hparams["hidden_dim"] % hparams["num_heads"]:
        raise CheckpointError(f"{source}: not a Gatling model: hidden_dim is not a multiple of num_heads")
    return hparams


def _weights(state: Mapping[str, Any], shapes: Shapes, features: bytes, source: str) -> dict[str, Array]:
    digest = state.get("feature_digest")
    if digest is None or np.asarray(digest).tobytes() != features:
        raise CheckpointError(f"{source}: {OTHER_FEATURES}")
    found: dict[str, Array] = {}
    for name, shape in shapes.items():
        array = state.get(name)
        if array is None or array.shape != shape or not np.issubdtype(array.dtype, np.floating):
            raise CheckpointError(f"{source}: not a Gatling model: {name} is missing or has another shape than {shape}")
        found[name] = np.array(array, np.float32)
        if not np.isfinite(found[name]).all():
            raise CheckpointError(f"{source}: {name} holds a value that is not finite")
    extra = state.keys() - shapes.keys() - {"feature_digest"}
    if extra:
        raise CheckpointError(f"{source}: not a Gatling model: {min(extra)} is no weight of it")
    return found


OTHER_FEATURES = (
    "these weights were trained with other features: another version of the word table or of the text rules, or another "
    "word_table setting"
)
