"""Kinds of flags that several commands have.

The choices stand here and not in the rooms that know them, as reading a command's flags must load nothing of what it does;
the type checker compares the two wherever a command passes one on.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Optional

from gatling.errors import ConfigError

PrecisionFlag = Literal["auto", "fp32", "bf16"]
OnErrorFlag = Literal["stop", "skip"]
LabelFlag = Literal["compliant", "violation"]

# `Path | None` means the same, but makes tyro load typeguard, asyncio and unittest.mock to compare a default with it, a third
# of what reading the flags of `gatling audit` costs.
MaybePath = Optional[Path]  # noqa: UP045
MaybeText = Optional[str]  # noqa: UP045
MaybeCount = Optional[int]  # noqa: UP045
MaybeShare = Optional[float]  # noqa: UP045
MaybeNumber = Optional[float]  # noqa: UP045

STDIN = Path("-")
"""Stands for standard input where a command reads one document or a stream of lines."""


def by_commas(text: str) -> list[str]:
    """Return the names of a flag that takes several, by commas."""
    return [name.strip() for name in text.split(",") if name.strip()]


def check_counts(**counts: int) -> None:
    """Refuse a flag's value below 1. Raises: ConfigError."""
    for name, value in counts.items():
        if value < 1:
            raise ConfigError(f"{flag(name)} is {value}, it must be at least 1")


def check_one_stdin(**paths: Path | None) -> None:
    """Refuse two flags, or positions in capitals, that are both to be read from standard input. Raises: ConfigError."""
    names = [name if name.isupper() else flag(name) for name, path in paths.items() if path == STDIN]
    if len(names) > 1:
        raise ConfigError(f"{' and '.join(names)} are both -, standard input can be read only once")


def flag(name: str) -> str:
    """Return a setting's name as the command line writes it."""
    return f"--{name.replace('_', '-')}"
