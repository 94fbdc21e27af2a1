"""A model folder: what is in it, and reading it. The model that ships with Gatling is one.

    governance_encoder.safetensors, execution_encoder.safetensors
                   weights; matrices may be float16, the encoders compute in float32 either way
    config.json    hyperparameters, the SHA-256 of both files, and the digest of all that
    reranker.json, reranker.safetensors
                   the re-ranker of these encoders, where there is one, likewise
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
from gatling.schema.files import atomic_write

CHECKPOINT_VERSION = 1
CONFIG_NAME = "config.json"
GOVERNANCE_STEM = "governance_encoder"
EXECUTION_STEM = "execution_encoder"
ENCODER_FILES = (CONFIG_NAME, f"{GOVERNANCE_STEM}.safetensors", f"{EXECUTION_STEM}.safetensors")
RERANKER_STEM = "reranker"
RERANKER_FILES = (f"{RERANKER_STEM}.json", f"{RERANKER_STEM}.safetensors")
RERANKER_VERSION = 1
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


def read_reranker(folder: Path, features: str) -> tuple[dict[str, Any], State] | None:
    """Read the re-ranker of a model folder: its settings and weights, as stored; None if the folder has none.

    Args:
        features: `match_digest` of the features that it will read.

    Raises:
        CheckpointError: if it is damaged, of another version, or was made for other encoders or other features.
    """
    path = folder / f"{RERANKER_STEM}.json"
    if not path.exists():
        return None
    settings, _ = read_sealed(path, RERANKER_VERSION)
    if settings.get("features") != features:
        raise CheckpointError(f"{path}: {OTHER_MATCHES}")
    if settings.get("encoders") != encoders_digest(folder):
        raise CheckpointError(f"{path}: it was made for other encoders than those of {CONFIG_NAME} beside it")
    if not isinstance(settings.get("sha256"), dict):
        raise CheckpointError(f"{path}: damaged or edited: it does not say the digest of its weights")
    return settings, _read_weights(folder / f"{RERANKER_STEM}.safetensors", settings["sha256"], path.name)


def copy_encoders(folder: Path, output: Path) -> None:
    """Copy the encoders of a model folder, with their re-ranker if there is one, to another; nothing if it is the same folder."""
    output.mkdir(parents=True, exist_ok=True)
    if output.resolve() == folder.resolve():
        return
    has_reranker = (folder / RERANKER_FILES[0]).exists()
    for name in (*ENCODER_FILES, *(RERANKER_FILES if has_reranker else ())):
        content = _read(folder / name)
        with atomic_write(output / name) as stream:
            stream.write(content)


OTHER_MATCHES = "its weights were trained with other features: make it anew with `gatling train-reranker`"


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


def _read_weights(path: Path, sha256: dict[str, str], stated_in: str = CONFIG_NAME) -> State:
    content = _read(path)
    found = hashlib.sha256(content).hexdigest()
    if found != sha256.get(path.name):
        raise CheckpointError(
            f"{path}: damaged: its SHA-256 is {found}, {stated_in} says {sha256.get(path.name, 'nothing of it')}"
        )
    try:
        return arrays_in(content)
    except ValueError as error:
        raise CheckpointError(f"{path}: cannot be read: {error}") from None
