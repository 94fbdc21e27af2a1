"""Which model a command uses, said on stderr."""

from __future__ import annotations

import hashlib
import sys
from dataclasses import dataclass
from pathlib import Path

_SHOWN_DIGITS = 12


@dataclass(frozen=True, slots=True)
class UsedModel:
    name: str
    """`bundled`, or the path as given."""
    sha256: str
    """Of the checkpoint, or of the folder's config.json, which holds those of the weights."""


def announce_model(path: Path | None) -> UsedModel:
    """Print `model: NAME, digest 0123456789ab` on stderr: the first digits of what `sha256sum` prints.

    Args:
        path: a checkpoint or a model folder; None for the bundled model.
    """
    from gatling.runtime.folder import CONFIG_NAME, pretrained_folder

    place = pretrained_folder() if path is None else path
    with (place / CONFIG_NAME if place.is_dir() else place).open("rb") as stream:
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    used = UsedModel("bundled" if path is None else str(path), sha256)
    print(f"model: {used.name}, digest {sha256[:_SHOWN_DIGITS]}", file=sys.stderr)
    return used
