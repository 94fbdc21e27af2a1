"""Train the two encoders: the command of the published specification. The same as `gatling train`.

    uv run python scripts/train_jepa_encoders.py
    uv run python scripts/train_jepa_encoders.py --dataset data/gold_traces.jsonl --epochs 50 --batch-size 64
    uv run python scripts/train_jepa_encoders.py --help

Hyperparameters are flags; the defaults can also be edited here.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from gatling.cli import run_train_command
from gatling.training.config import TrainingConfig

DEFAULTS = TrainingConfig()


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the flags, train, and return the exit status."""
    return run_train_command(argv, defaults=DEFAULTS, prog="train_jepa_encoders.py")


if __name__ == "__main__":
    sys.exit(main())
