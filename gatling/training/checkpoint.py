"""Checkpoints: what is in them, writing, finding and reading them.

A checkpoint is a dictionary of tensors, strings, numbers, lists and dictionaries, so `torch.load` reads it with its safe
default. It is written to a temporary file, synced, and renamed: a kill while saving leaves the previous one readable.

    format_version                   1
    epoch                            epochs finished
    governance_encoder_state_dict, execution_encoder_state_dict
    encoders                         hyperparameters of both encoders
    optimizer_state_dict             AdamW
    task_state_dict                  the temperature
    config                           TrainingConfig as plain data
    metrics                          of the last finished epoch
    rng                              states of torch's generators
    loop_state                       everything else that a resume needs, see `LoopState`
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import torch
from torch.optim import Optimizer

from gatling.encoders.dual import read_checkpoint as read_checkpoint
from gatling.errors import CheckpointError, ConfigError
from gatling.runtime.folder import CHECKPOINT_VERSION
from gatling.schema.files import atomic_write
from gatling.training.config import MAY_CHANGE, TrainingConfig
from gatling.training.task import ContrastiveTask

BEST_NAME = "best.pt"
INTERRUPTED_NAME = "interrupted.pt"


@dataclass
class LoopState:
    """Where a run stands, besides weights, optimizer and generators."""

    epoch: int = 0
    """Epochs finished."""
    step_in_epoch: int = 0
    """Steps done in the epoch under way."""
    step: int = 0
    """Optimizer steps in all."""
    loss_sum: float = 0.0
    traces_seen: int = 0
    """Both of the epoch under way."""
    gaps: dict[str, list[float]] = field(default_factory=dict)
    """Of the epoch under way, see `separation`."""
    best_loss: float = float("inf")
    best_epoch: int = 0
    """Lowest validation loss, and its epoch."""
    weak_steps: int = 0
    weak_validations: int = 0
    """Checks in a row that found weak latents, see `collapse`."""
    data_digest: str = ""
    """Identifies the training traces and their order."""


def checkpoint_name(epoch: int) -> str:
    return f"checkpoint_epoch_{epoch}.pt"


def make_checkpoint(
    task: ContrastiveTask,
    optimizer: Optimizer,
    config: TrainingConfig,
    state: LoopState,
    metrics: dict[str, float | None],
) -> dict[str, Any]:
    """Collect a checkpoint's content; tensors are shared, not copied."""
    rng = {"torch": torch.get_rng_state()}
    if torch.cuda.is_available():
        rng |= {f"cuda:{i}": s for i, s in enumerate(torch.cuda.get_rng_state_all())}
    return {
        "format_version": CHECKPOINT_VERSION,
        "epoch": state.epoch,
        "governance_encoder_state_dict": task.model.governance.state_dict(),
        "execution_encoder_state_dict": task.model.execution.state_dict(),
        "encoders": task.model.hparams,
        "optimizer_state_dict": optimizer.state_dict(),
        "task_state_dict": {"log_temperature": task.log_temperature.detach()},
        "config": config.to_dict(),
        "metrics": metrics,
        "rng": rng,
        "loop_state": asdict(state),
    }


def clone_tensors(value: Any) -> Any:
    """Copy a nested structure with its tensors on the CPU, to keep it while training goes on."""
    if isinstance(value, torch.Tensor):
        return value.detach().to("cpu", copy=True)
    if isinstance(value, dict):
        return type(value)((k, clone_tensors(v)) for k, v in value.items())
    if isinstance(value, list):
        return [clone_tensors(v) for v in value]
    return value


def save_checkpoint(path: Path, content: dict[str, Any]) -> None:
    """Write a checkpoint atomically."""
    with atomic_write(path) as stream:
        torch.save(content, stream)


def find_checkpoint(path: Path) -> Path:
    """Return the file itself, or the checkpoint of a folder with the most steps. Raises: CheckpointError."""
    if not path.is_dir():
        return path
    candidates = [*path.glob("checkpoint_epoch_*.pt"), *path.glob(INTERRUPTED_NAME)]
    if not candidates:
        raise CheckpointError(f"{path}: no checkpoint_epoch_N.pt or {INTERRUPTED_NAME} in this folder")
    return max(candidates, key=lambda p: (_steps_of(p), p.stat().st_mtime_ns))


def _steps_of(path: Path) -> int:
    state = read_checkpoint(path).get("loop_state")
    if not isinstance(state, dict) or not isinstance(state.get("step"), int):
        raise CheckpointError(f"{path}: not a checkpoint of a training run: it has no loop_state")
    return int(state["step"])


def restore(
    path: Path, task: ContrastiveTask, optimizer: Optimizer, config: TrainingConfig
) -> tuple[LoopState, dict[str, float | None]]:
    """Load a checkpoint into a run; return its loop state and metrics.

    Raises:
        CheckpointError: if it cannot be read or does not fit.
        ConfigError: if a setting differs that changes what is computed.
    """
    content = read_checkpoint(path)
    try:
        now = config.to_dict()
        saved = {
            **TrainingConfig().to_dict(),
            **content["config"],
        }  # what a run of before had no setting for was the default
        for name, value in now.items():
            if name not in MAY_CHANGE and saved[name] != value:
                raise ConfigError(
                    f"--resume {path}: --{name.replace('_', '-')} was {saved[name]!r} and is now {value!r}; "
                    "a run goes on with the settings it began with"
                )
        task.model.governance.load_state_dict(content["governance_encoder_state_dict"])
        task.model.execution.load_state_dict(content["execution_encoder_state_dict"])
        shared = "lexical_pool.project.weight"
        if not torch.equal(
            content["governance_encoder_state_dict"][shared], content["execution_encoder_state_dict"][shared]
        ):
            raise ValueError("its encoders do not share the projection of words, as those of a run do now")
        with torch.no_grad():
            task.log_temperature.copy_(content["task_state_dict"]["log_temperature"])
        optimizer.load_state_dict(content["optimizer_state_dict"])
        torch.set_rng_state(content["rng"]["torch"])
        if torch.cuda.is_available():
            for i in range(torch.cuda.device_count()):
                if f"cuda:{i}" in content["rng"]:
                    torch.cuda.set_rng_state(content["rng"][f"cuda:{i}"], i)
        names = {f.name for f in fields(LoopState)}
        return LoopState(**{k: v for k, v in content["loop_state"].items() if k in names}), content["metrics"]
    except (KeyError, ValueError, RuntimeError, TypeError) as error:
        if isinstance(error, ConfigError):
            raise
        raise CheckpointError(f"{path}: cannot be resumed: {str(error).splitlines()[0]}") from None
