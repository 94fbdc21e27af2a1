"""metrics.jsonl: one object an epoch, always written; TensorBoard beside it on request."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

from gatling.errors import MissingExtraError
from gatling.schema.files import atomic_write

log = logging.getLogger(__name__)

METRICS_NAME = "metrics.jsonl"


class MetricsLog:
    """Appends metrics to a folder.

    Args:
        folder: the checkpoint folder.
        resume_from: the folder whose entries are continued; None starts anew and keeps an earlier run's file as
            `metrics.jsonl.old`.
        resume_epoch: keep the entries up to this epoch and drop later ones.
        use_tensorboard: also write event files. Raises: MissingExtraError without the extra.
    """

    def __init__(self, folder: Path, *, resume_from: Path | None, resume_epoch: int, use_tensorboard: bool) -> None:
        self._path = folder / METRICS_NAME
        folder.mkdir(parents=True, exist_ok=True)
        self.entries: list[dict[str, Any]] = []
        if resume_from is not None:
            self.entries = [e for e in _read(resume_from / METRICS_NAME) if e["epoch"] <= resume_epoch]
        elif self._path.exists():
            self._path.replace(self._path.with_suffix(".jsonl.old"))
            log.warning("%s held an earlier run's metrics; they are in %s.old now", self._path, self._path)
        with atomic_write(self._path) as stream:
            stream.writelines(_line(entry) for entry in self.entries)
        self._writer: Any = None
        if use_tensorboard:
            try:
                from torch.utils.tensorboard import SummaryWriter
            except ImportError:
                raise MissingExtraError("--tensorboard", "tensorboard") from None
            self._writer = SummaryWriter(log_dir=str(folder / "tensorboard"))

    def append(self, entry: dict[str, Any]) -> None:
        """Write one epoch's object to the disk."""
        self.entries.append(entry)
        with self._path.open("ab") as stream:
            stream.write(_line(entry))
        if self._writer:
            for name, value in entry.items():
                if isinstance(value, (int, float)):
                    self._writer.add_scalar(name, value, entry["epoch"])
            self._writer.flush()

    def close(self) -> None:
        if self._writer:
            self._writer.close()


def _read(path: Path) -> list[dict[str, Any]]:
    """Read the entries; a line that a kill cut short is left out with a warning."""
    entries: list[dict[str, Any]] = []
    for line in path.read_text("utf-8").splitlines() if path.is_file() else []:
        try:
            entry = json.loads(line)
        except json.JSONDecodeError:
            log.warning("%s: a broken line is left out", path)
            continue
        if isinstance(entry, dict) and isinstance(entry.get("epoch"), int):
            entries.append(entry)
    return entries


def _line(entry: dict[str, Any]) -> bytes:
    return (json.dumps(entry, allow_nan=False) + "\n").encode()
