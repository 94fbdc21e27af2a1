"""DualEncoder: the two encoders as one model, loading it, and the latent energy."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from gatling.encoders.base import Precision
from gatling.encoders.execution import ExecutionEncoder
from gatling.encoders.governance import GovernanceEncoder
from gatling.encoders.precision import fastest_precision
from gatling.encoders.reranker import Matcher, Reranker
from gatling.errors import CheckpointError, ConfigError
from gatling.features import context_features, plan_features
from gatling.features.batching import distinct_contexts
from gatling.features.matches import match_digest
from gatling.runtime import RuntimeEncoders
from gatling.runtime.folder import CHECKPOINT_VERSION, RERANKER_STEM, pretrained_folder, read_folder, read_reranker
from gatling.schema import Trace, parse_trace
from gatling.schema.files import as_path

NO_RERANKER = "this model has no re-ranker: make one with `gatling train-reranker`"


class DualEncoder(nn.Module):
    """A GovernanceEncoder and an ExecutionEncoder that share a latent space.

    model = gatling.load()                # the bundled one; gatling.load("checkpoints/best.pt") for your own
    model.governance.encode(context)      # (1, D), objects or plain data
    model.execution.encode([plan, plan])  # (2, D)
    model.energy(traces)                  # (B,): 0 agrees .. 2 opposed
    model.rerank(traces)                  # (B,): the same with the re-ranker, where the model has one

    Args:
        reranker: late interaction beside the latents, see `encoders.reranker`.
    """

    def __init__(
        self, governance: GovernanceEncoder, execution: ExecutionEncoder, reranker: Reranker | None = None
    ) -> None:
        super().__init__()
        if governance.hparams["latent_dim"] != execution.hparams["latent_dim"]:
            raise ValueError(
                f"the latents differ in length: {governance.hparams['latent_dim']} and {execution.hparams['latent_dim']}"
            )
        self.governance = governance
        self.execution = execution
        self.reranker = reranker

    @classmethod
    def create(cls, **hparams: Any) -> DualEncoder:
        """Make both encoders, untrained, with the same hyperparameters (see `Encoder`).

        They share the projection of their lexical channels: a word means the same in a policy and in a plan, and what
        training makes of the words that it sees then moves both sides alike, so that words that it never saw still meet.
        """
        model = cls(GovernanceEncoder(**hparams), ExecutionEncoder(**hparams))
        model.execution.lexical_pool.project = model.governance.lexical_pool.project
        return model

    def for_energy(self) -> DualEncoder:
        """Return the model whose latents energies are made of; see `Encoder.for_energy`."""
        governance, execution = self.governance.for_energy(), self.execution.for_energy()
        if governance is self.governance and execution is self.execution:
            return self
        return DualEncoder(governance, execution, self.reranker)

    @property
    def hparams(self) -> dict[str, dict[str, Any]]:
        """Hyperparameters of both encoders, plain data."""
        return {"governance_encoder": self.governance.hparams, "execution_encoder": self.execution.hparams}

    @classmethod
    def from_parts(
        cls, hparams: dict[str, Any], governance: dict[str, Tensor], execution: dict[str, Tensor], source: str
    ) -> DualEncoder:
        """Make a model from hyperparameters and state dicts. Raises: CheckpointError if they do not fit."""
        try:
            model = cls(
                GovernanceEncoder(**hparams["governance_encoder"]),
                ExecutionEncoder(**hparams["execution_encoder"]),
            )
            model.governance.load_state_dict(governance)
            model.execution.load_state_dict(execution)
        except CheckpointError as error:
            raise CheckpointError(f"{source}: {error}") from None
        except (KeyError, TypeError, ValueError, RuntimeError, AttributeError) as error:
            raise CheckpointError(f"{source}: not a Gatling model: {str(error).splitlines()[0]}") from None
        for name, parameter in model.named_parameters():
            if not torch.isfinite(parameter).all():
                raise CheckpointError(f"{source}: {name} holds a value that is not finite")
        return model.eval()

    def runtime(self) -> RuntimeEncoders:
        """Return the same encoders on numpy, which is what judges plans."""
        governance, execution = (
            {name: tensor.cpu().numpy() for name, tensor in encoder.float().state_dict().items()}
            for encoder in (copy.deepcopy(self.governance), copy.deepcopy(self.execution))
        )
        return RuntimeEncoders.from_arrays(self.hparams, governance, execution, "the model")

    @classmethod
    def from_pretrained(cls, path: str | Path | None = None, *, precision: Precision | None = None) -> DualEncoder:
        """Load the model that ships with Gatling, or one from a checkpoint (`.pt`) or a model folder.

        A model folder is what `gatling pull` and `--push-to-hub` write. Nothing is downloaded: `gatling pull REPO` fetches
        a model from the Hub.

        Args:
            path: the checkpoint or the folder; None for the bundled model.
            precision: `fp32` or `bf16`; by default the fastest of this machine whose latents keep a cosine of at least
                0.999 to fp32.

        Raises:
            CheckpointError: if there is no such model, or it is damaged or of another version.
            InputError: if `path` is no path.
        """
        path = pretrained_folder() if path is None else as_path(path)
        model = _from_folder(path) if path.is_dir() else _from_checkpoint(path)
        chosen = precision or fastest_precision(model.governance, model.execution)
        model.governance.set_precision(chosen)
        model.execution.set_precision(chosen)
        return model

    def energy(self, traces: Trace | dict[str, Any] | Iterable[Trace | dict[str, Any]]) -> Float[Tensor, " B"]:
        """Return the latent energy `1 - cos(z_g, z_e)` of each trace, in [0, 2]; low means that plan and context agree.

        The latents are those of `for_energy`. The label is not read. Each distinct context is encoded once.

        Raises:
            InputError: if a trace is refused.
        """
        items: Sequence[Any] = [traces] if isinstance(traces, (Trace, dict)) else list(traces)
        parsed = [parse_trace(item) for item in items]
        contexts, rows = distinct_contexts(parsed)
        model = self.for_energy()
        z_g = model.governance.encode(contexts)[rows]
        z_e = model.execution.encode([t.execution_plan for t in parsed])
        return (1 - (z_g * z_e).sum(-1)).clamp(0, 2)

    def rerank(self, traces: Trace | dict[str, Any] | Iterable[Trace | dict[str, Any]]) -> Float[Tensor, " B"]:
        """Return the energy of each trace by latents and re-ranker together, in [0, 2]; low means that plan and context agree.

        It takes about a millisecond a trace, and unlike a latent it cannot be made before plan and context meet: it tells whether
        one plan fits, or which of a few does, and is not for searching many.

        Raises:
            ConfigError: if the model has no re-ranker.
            InputError: if a trace is refused.
        """
        if self.reranker is None:
            raise ConfigError(NO_RERANKER)
        items: Sequence[Any] = [traces] if isinstance(traces, (Trace, dict)) else list(traces)
        parsed = [parse_trace(item) for item in items]
        contexts, rows = distinct_contexts(parsed)
        read = [context_features(context) for context in contexts]
        q = Matcher(self.reranker)(
            (read[row], plan_features(trace.execution_plan)) for row, trace in zip(rows, parsed, strict=True)
        )
        z_g = self.governance.encode(contexts)[rows]
        z_e = self.execution.encode([t.execution_plan for t in parsed])
        return self.reranker.energy(q, (z_g * z_e).sum(-1))


def load(path: str | Path | None = None, *, precision: Precision | None = None) -> DualEncoder:
    """Load a trained model for inference, by default the bundled one; see `DualEncoder.from_pretrained`."""
    return DualEncoder.from_pretrained(path, precision=precision)


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Read a `.pt` checkpoint with the safe loader, tensors memory-mapped. Raises: CheckpointError."""
    if not path.is_file():
        raise CheckpointError(f"{path}: no such file")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except Exception as error:  # the loader raises whatever the bytes lead to
        raise CheckpointError(
            f"{path}: not a checkpoint that can be read safely: {str(error).splitlines()[0]}"
        ) from None
    if not isinstance(content, dict) or "format_version" not in content:
        raise CheckpointError(f"{path}: not a Gatling checkpoint: it has no format_version")
    if content["format_version"] != CHECKPOINT_VERSION:
        raise CheckpointError(
            f"{path}: format_version is {content['format_version']}, this version of Gatling reads {CHECKPOINT_VERSION}"
        )
    return content


def _from_checkpoint(path: Path) -> DualEncoder:
    content = read_checkpoint(path)
    try:
        hparams = content["encoders"]
        governance = content["governance_encoder_state_dict"]
        execution = content["execution_encoder_state_dict"]
    except KeyError as error:
        raise CheckpointError(f"{path}: not a Gatling checkpoint: it has no {error}") from None
    return DualEncoder.from_parts(hparams, governance, execution, str(path))


def _from_folder(path: Path) -> DualEncoder:
    config, *states = read_folder(path)
    governance, execution = ({name: torch.tensor(array) for name, array in state.items()} for state in states)
    model = DualEncoder.from_parts(config, governance, execution, str(path))
    found = read_reranker(path, match_digest())
    if found is not None:
        model.reranker = Reranker.from_parts(*found, source=str(path / f"{RERANKER_STEM}.json"))
    return model
