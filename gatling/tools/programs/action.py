"""What a program does: actions on things, in one vocabulary for shell, SQL, Python, HTTP and GraphQL.

| action | such as |
| --- | --- |
| `reads` | `cat`, SELECT, GET |
| `writes` | `cp`, `git commit`, INSERT, `open(.., "w")`, installing a package |
| `deletes` | `rm`, DELETE, `os.remove` |
| `sends` | `curl -d`, `scp`, `git push`, POST |
| `executes` | tests, builds, scripts; and whatever is not understood |
| `administers` | `sudo`, `useradd`, `systemctl stop`, GRANT |
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

Does = Literal["reads", "writes", "deletes", "sends", "executes", "administers"]
DOES: tuple[Does, ...] = get_args(Does)
ThingKind = Literal["path", "table", "host", "package", "name"]
Language = Literal["shell", "sql", "python", "http", "graphql"]

MAX_CHARS = 20_000
"""Longer programs are not read, so not understood."""
MAX_ACTIONS = 500
"""Programs of more are not understood."""
MAX_DEPTH = 16
"""Programs inside programs inside programs."""


@dataclass(frozen=True, slots=True)
class Thing:
    """What an action is about."""

    kind: ThingKind
    text: str
    """As written, without quotes; of tables and hosts in lower case."""
    is_known: bool = True
    """Whether it is what stands there: no variable, no output of another command."""


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that a program does."""

    does: Does
    said: str
    """The part of the program that does it, on one line, shortened."""
    things: tuple[Thing, ...] = ()
    is_final: bool = False
    """It destroys more than one named thing, and nothing brings it back; or it runs what somebody else sends."""
    is_understood: bool = True
    """False for what nobody can say: then it may do anything."""
    is_secret: bool = False
    """It reads keys, passwords, tokens, or what a system hides."""
    command: tuple[str, ...] = ()
    """The words of a command or of a statement, for patterns such as `rm *`; the name without its folder."""


@dataclass(frozen=True, slots=True)
class Program:
    """An argument that is a program."""

    argument: str
    """Dotted path of the argument."""
    language: Language
    actions: tuple[Action, ...]
    is_certain: bool = True
    """False where the argument only looks like a program, and the tool may do something else with it."""

    @property
    def is_understood(self) -> bool:
        return all(action.is_understood for action in self.actions)

    @property
    def is_harmful(self) -> bool:
        """Whether it holds something that is understood, and is more than reading what anybody may."""
        return any(a.is_understood and (a.does != "reads" or a.is_secret) for a in self.actions)


class NotUnderstood(Exception):
    """A part of a program that is not read, with the reason."""


_MAX_SAID = 80


def shortened(text: str) -> str:
    """Return a part of a program on one line, of at most 80 characters."""
    line = " ".join(text[: 4 * _MAX_SAID].split())
    return line if len(line) <= _MAX_SAID else line[: _MAX_SAID - 2] + ".."


def unclear(said: str, command: Iterable[str] = ()) -> Action:
    """Return the action of what is not understood."""
    return Action("executes", shortened(said), is_understood=False, command=tuple(command))
