"""Rules on what programs do: commands, paths and tables inside the arguments of a call.

| subject | is compared with the patterns of the rule |
| --- | --- |
| `command` | every command and statement of the call's programs: words with one space between, without case and folders |
| `path` | every path that they touch, and the arguments that are paths by their name |
| `table` | the same of tables |

LIKE: all must be listed. NOT_LIKE: none may be. A program that is not understood is open either way, and so is what a variable
holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gatling.policy.calls import Call
from gatling.policy.clauses import Operator
from gatling.policy.compare import ABSENT, CheckResult
from gatling.policy.globs import matches
from gatling.policy.path_patterns import is_forbidden, is_listed
from gatling.schema.words import split_words
from gatling.tools.programs import Action

SUBJECTS = ("command", "path", "table")
_NAMES = {
    "path": frozenset("path paths file files filename filenames filepath directory dir folder src".split()),
    "table": frozenset("table tables".split()),
}
_NO_PATH = frozenset("id type format size content text mode count".split())
_Item = tuple[str, str, bool]
"""The argument, what stands there, and whether it is known to be that."""


def decide_program(
    call: Call, subject: str, operator: Operator, patterns: tuple[str, ...], *, only_programs: bool = False
) -> CheckResult:
    """Compare what the programs of a call do, or its arguments of that kind, with patterns.

    Args:
        only_programs: whether its other arguments are not looked at.
    """
    found = list(_commands(call) if subject == "command" else _things(call, subject))
    unclear = next(((p.argument, a) for p in call.programs for a in p.actions if not a.is_understood), None)
    if only_programs:
        inside = {program.argument for program in call.programs}
        found = [item for item in found if item[0] in inside]
        if unclear is not None and not _speaks_of(call, inside, patterns):
            unclear = None
    if not found and unclear is None:
        return ABSENT
    is_allowing = operator is Operator.LIKE
    opens: CheckResult | None = None
    for argument, text, is_known in found:
        listed = _is_listed(text, patterns, subject, is_allowing=is_allowing) if is_known else None
        if not is_known and is_allowing and "*" in patterns:
            continue
        if listed is None:
            opens = CheckResult(None, argument, f"where {text} leads")
        elif listed != is_allowing:
            return CheckResult(False, argument, text)
    if unclear is not None and not (is_allowing and _is_granted(unclear[1], patterns, subject)):
        opens = opens or CheckResult(None, unclear[0], f"`{unclear[1].said}` is not understood")
    return opens or CheckResult(True, found[0][0] if found else None, found[0][1] if found else "")


def _speaks_of(call: Call, arguments: set[str], patterns: tuple[str, ...]) -> bool:
    """Tell whether a path that may be a forbidden one stands in the text of a program."""
    texts = (leaf for path, leaf in call.leaves if path in arguments and isinstance(leaf, str))
    return any(is_forbidden(text, patterns, is_pattern=True, acts=False) is not False for text in texts)


def _is_granted(action: Action, patterns: tuple[str, ...], subject: str) -> bool:
    """Tell whether a command that is not understood is granted by its name."""
    return (
        subject == "command"
        and bool(action.command)
        and _command_fits(" ".join(action.command), patterns, is_allowing=True)
    )


def _commands(call: Call) -> Iterator[_Item]:
    for program in call.programs:
        for action in program.actions:
            if action.command:
                yield program.argument, " ".join(action.command), True


def _things(call: Call, kind: str) -> Iterator[_Item]:
    inside = set()
    for program in call.programs:
        inside.add(program.argument)
        moves = any(action.command[:1] in (("cd",), ("pushd",), ("popd",)) for action in program.actions)
        for action in program.actions:
            for thing in action.things:
                if thing.kind == kind and (kind == "table" or thing.text not in ("", "-")):
                    is_relative = kind == "path" and not _is_rooted(thing.text)
                    yield program.argument, thing.text, thing.is_known and not (moves and is_relative)
    for path, leaf in call.leaves:
        words = split_words(path.rpartition(".")[2])
        is_named = bool(words) and not _NAMES[kind].isdisjoint(words) and words[-1] not in _NO_PATH
        if is_named and path not in inside and isinstance(leaf, str) and leaf:
            yield path, leaf, True


def _is_listed(text: str, patterns: tuple[str, ...], subject: str, *, is_allowing: bool) -> bool | None:
    """Tell whether something is on a list; None where that cannot be told."""
    if subject == "command":
        return _command_fits(text, patterns, is_allowing=is_allowing)
    if subject == "table":
        whole, name = text.casefold(), text.casefold().rpartition(".")[2]
        return any(matches(p.casefold(), whole) or ("." not in p and matches(p.casefold(), name)) for p in patterns)
    if is_allowing:
        return is_listed(text, patterns, is_pattern=True, is_as_written=any(matches(p, text) for p in patterns))
    return is_forbidden(text, patterns, is_pattern=True, acts=True)


def _command_fits(text: str, patterns: tuple[str, ...], *, is_allowing: bool) -> bool:
    """Tell whether a command is meant by a pattern: `rm *` means `rm` too; as a denial, `shutdown` means it with any words."""
    found = " ".join(text.split()).casefold()
    for pattern in patterns:
        wanted = " ".join(pattern.split()).casefold()
        bare = wanted.removesuffix(" *")
        if (
            matches(wanted, found)
            or bare == found
            or (not is_allowing and "*" not in wanted and found.startswith(wanted + " "))
        ):
            return True
    return False


def _is_rooted(path: str) -> bool:
    return path.startswith(("/", "~", "*")) or re.match(r"[A-Za-z]:[/\\]", path) is not None
