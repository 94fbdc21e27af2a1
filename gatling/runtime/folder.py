"""A model folder: what is in it, and reading it. The model that ships with Gatling is one.

    governance_encoder.safetensors, execution_encoder.safetensors
                   weights; matrices may be float16, the encoders compute in float32 either way
    config.json    hyperparameters, the SHA-256 of both files, and the digest of all that
    README.md      the model card, which nothing reads

A folder that is not, byte for byte, what was written is refused. That finds damage, not forgery: who can write the files
can write their digests.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np

from gatling.errors import CheckpointError
from gatling.features.mapped import arrays_in
from gatling.runtime.sealed import read_sealed

CHECKPOINT_VERSION = 1
CONFIG_NAME = "config.json"
GOVERNANCE_STEM = "governance_encoder"
EXECUTION_STEM = "execution_encoder"
PRETRAINED = Path(__file__).parent.parent / "assets" / "pretrained"
"""The model that ships with Gatling."""

State = dict[str, np.ndarray]


def has_pretrained() -> bool:
    """Tell whether a model is bundled with this copy of Gatling."""
    return (PRETRAINED / CONFIG_NAME).is_file()


def pretrained_folder() -> Path:
    """Return the folder of the bundled model. Raises: CheckpointError if this copy of Gatling has none."""
    if not has_pretrained():
        raise CheckpointError(
            "no model is bundled with this copy of Gatling: name one with --model (in Python, a path), or make it with "
            "scripts/pretrain.py"
        )
    return PRETRAINED


def encoders_digest(folder: Path) -> str:
    """Return the SHA-256 of a model folder's config.json, which holds those of the weights. Raises: CheckpointError."""
    return hashlib.sha256(_read(folder / CONFIG_NAME)).hexdigest()


def read_folder(folder: Path) -> tuple[dict[str, Any], State, State]:
    """Read a model folder.

    Returns:
        config.json, and the state dicts of the governance and of the execution encoder, as stored.

    Raises:
        CheckpointError: if a file is missing, damaged or of another version.
    """
    config = _read_config(folder / CONFIG_NAME)
    governance, execution = (
        _read_weights(folder / f"{stem}.safetensors", config["sha256"]) for stem in (GOVERNANCE_STEM, EXECUTION_STEM)
    )
    return config, governance, execution


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise CheckpointError(f"{path.parent}: not a model folder: {path.name} is missing") from None
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be read: {error.strerror or error}") from None


def _read_config(path: Path) -> dict[str, Any]:
    config, _ = read_sealed(
        path, CHECKPOINT_VERSION, missing=f"{path.parent}: not a model folder: {path.name} is missing"
    )
    if not isinstance(config.get("sha256"), dict):
        raise CheckpointError(f"{path}: damaged or edited: it does not have the digest that it states")
    return config


def _read_weights(path: Path, sha256: dict[str, str]) -> State:
    content = _read(path)
    found = hashlib.sha256(content).hexdigest()
    if found != sha256.get(path.name):
        raise CheckpointError(
            f"{path}: damaged: its SHA-256 is {found}, {CONFIG_NAME} says {sha256.get(path.name, 'nothing of it')}"
        )
    try:
        return arrays_in(content)
    except ValueError as error:
        raise CheckpointError(f"{path}: cannot be read: {error}") from None
