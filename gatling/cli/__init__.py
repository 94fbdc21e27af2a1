"""The command line. `main` returns the exit status: 0 done, 2 bad input or settings, 1 any other failure, 130 interrupted.

Commands are dataclasses whose fields are their flags; each has a `run`. Parsing imports no torch.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

import tyro

from gatling.cli.commands import (
    Bench,
    Catalog,
    Corrupt,
    Evaluate,
    Generate,
    Import,
    Policy,
    Pull,
    Push,
    Schema,
    Score,
    Show,
    Train,
)
from gatling.cli.guard_commands import Audit, Calibrate, Explain, Repair, TrainEnergy
from gatling.errors import ConfigError, GatlingError, InputError
from gatling.training.config import TrainingConfig

DESCRIPTION = """Judge an agent's plan against policy, offline.

Start with `gatling train`: without data it runs a demonstration. `gatling COMMAND --help` shows the flags.
"""
COMMANDS: dict[str, Callable[..., Any]] = {
    "audit": Audit,
    "repair": Repair,
    "explain": Explain,
    "train": Train,
    "train-energy": TrainEnergy,
    "calibrate": Calibrate,
    "evaluate": Evaluate,
    "score": Score,
    "import": Import,
    "generate": Generate,
    "corrupt": Corrupt,
    "show": Show,
    "policy": Policy,
    "bench": Bench,
    "catalog": Catalog,
    "schema": Schema,
    "push": Push,
    "pull": Pull,
}
_CONFIG = (tyro.conf.OmitArgPrefixes,)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return its exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv) or ["--help"]

    def action() -> int:
        command = tyro.extras.subcommand_cli_from_dict(
            COMMANDS, prog="gatling", description=DESCRIPTION, args=arguments, config=_CONFIG
        )
        if isinstance(command, TrainingConfig):
            _refuse_bare_dataset(arguments, command)
        return int(command.run())

    return _guarded(action)


def run_train_command(argv: Sequence[str] | None, *, defaults: TrainingConfig, prog: str) -> int:
    """Parse the flags of a training run over given defaults, train, and return the exit status."""
    from gatling.cli.train import run

    def action() -> int:
        config = tyro.cli(TrainingConfig, args=argv, default=defaults, prog=prog)
        _refuse_bare_dataset(list(sys.argv[1:] if argv is None else argv), config)
        return run(config)

    return _guarded(action)


def _refuse_bare_dataset(arguments: list[str], config: TrainingConfig) -> None:
    """A flag without a file, as an unset shell variable leaves it, must not stand for another choice."""
    for flag, files in (("--dataset", config.dataset), ("--val-dataset", config.val_dataset)):
        if flag in arguments and not files:
            raise ConfigError(f"{flag} names no file")


def _guarded(action: Callable[[], int]) -> int:
    """Turn errors that a user can cause into one sentence and an exit status; anything else is a fault of ours."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s", stream=sys.stderr)
    try:
        return action()
    except (InputError, ConfigError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except GatlingError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of our output has gone; keep Python from complaining while it closes
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        print(f"error: {error.filename or ''}: {error.strerror or error}", file=sys.stderr)
        return 1
