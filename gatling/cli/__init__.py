"""The command line. `main` returns the exit status: 0 done, 2 bad input or settings, 1 any other failure, 130 interrupted.

Commands are dataclasses whose fields are their flags; each has a `run`, and a file of its own that `table` names. Only the
file of the command that is called is imported, and it imports what it needs when it runs.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Union

from gatling.cli.table import COMMANDS, Group, Row, find, overview, overview_of
from gatling.errors import ConfigError, GatlingError, InputError, extra_for

if TYPE_CHECKING:
    from gatling.training.config import TrainingConfig

SHELLS = ("bash", "zsh", "fish", "tcsh")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return its exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv) or ["--help"]
    return _guarded(lambda: _answer(arguments))


def parse(arguments: Sequence[str]) -> Any:
    """Return the command that a command line names, with its flags; nothing is run.

    Raises:
        ConfigError: if there is no such command.
        SystemExit: for flags that it does not take (status 2), or its help (0).
    """
    name, row, words = find(arguments)
    import tyro

    command = tyro.cli(row.load(), prog=f"gatling {name}", args=words, config=(tyro.conf.OmitArgPrefixes,))
    if hasattr(command, "check_words"):
        command.check_words(words)
    return command


def run_train_command(argv: Sequence[str] | None, *, defaults: TrainingConfig, prog: str) -> int:
    """Parse the flags of a training run over given defaults, train, and return the exit status."""
    import tyro

    from gatling.cli.train import refuse_bare_dataset, train
    from gatling.training.config import TrainingConfig

    words = list(sys.argv[1:] if argv is None else argv)

    def action() -> int:
        config = tyro.cli(TrainingConfig, args=words, default=defaults, prog=prog)
        refuse_bare_dataset(words, config)
        return train(config)

    return _guarded(action)


def _answer(arguments: list[str]) -> int:
    first = arguments[0]
    if first in ("-h", "--help"):
        print(overview())
        return 0
    if first == "--version":
        from gatling import __version__

        print(f"gatling {__version__}")
        return 0
    if first.replace("_", "-") in ("--tyro-print-completion", "--tyro-write-completion"):
        _complete(arguments)
        return 0
    group = COMMANDS.get(first)
    if isinstance(group, Group) and (len(arguments) == 1 or arguments[1] in ("-h", "--help")):
        print(overview_of(first, group))
        return 0
    with extra_for(f"`gatling {first}`"):
        return int(parse(arguments).run())


def _complete(arguments: list[str]) -> None:
    """Write a completion script, which needs the flags of all commands. Raises: ConfigError."""
    first, shell = arguments[0].replace("_", "-"), arguments[1] if len(arguments) > 1 else ""
    if shell not in SHELLS or len(arguments) < (3 if "write" in first else 2):
        raise ConfigError(f"wanted --tyro-write-completion SHELL FILE, where SHELL is one of {', '.join(SHELLS)}")
    import tyro

    commands: dict[str, Callable[..., Any]] = {
        name: row.load() if isinstance(row, Row) else _one_of(row) for name, row in COMMANDS.items()
    }
    config = (tyro.conf.OmitArgPrefixes,)
    try:
        tyro.extras.subcommand_cli_from_dict(commands, prog="gatling", args=arguments, config=config)
    except ImportError:
        raise ConfigError(f"completions for {shell} need the package shtab") from None


def _one_of(group: Group) -> Callable[..., Any]:
    """Return what takes the commands of a group, as tyro reads it."""
    import tyro

    rows = (
        Annotated[Any, tyro.conf.subcommand(name=name, constructor=row.load())] for name, row in group.commands.items()
    )

    def called(command: Any) -> Any:
        return command

    called.__annotations__["command"] = tyro.conf.OmitSubcommandPrefixes[Union[tuple(rows)]]  # type: ignore[misc]  # noqa: UP007
    return called


def _guarded(action: Callable[[], int]) -> int:
    """Turn errors that a user can cause into one sentence and an exit status; anything else is a fault of ours."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s", stream=sys.stderr)
    try:
        status = action()
        sys.stdout.flush()  # a full disk is our failure, not a remark of Python's while it closes
        return status
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
        _discard_output()
        return 1
    except OSError as error:
        print(f"error: {error.filename or 'standard output'}: {error.strerror or error}", file=sys.stderr)
        if error.filename is None:
            _discard_output()
        return 1


def _discard_output() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
