"""Rules on what programs do: commands, paths and tables inside the arguments of a call.

| subject | is compared with the patterns of the rule |
| --- | --- |
| `command` | every command and statement of the call's programs: words with one space between, without case and folders |
| `path` | every path that they touch, and what else of the call is one or may be (`policy.path_values`) |
| `table` | every table that they touch, and the arguments that are tables by their name |

LIKE: all must be listed. NOT_LIKE: none may be. A program that is not understood is open either way, and so is what a variable
holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from gatling.policy.calls import Call
from gatling.policy.clauses import Operator
from gatling.policy.compare import ABSENT, CheckResult
from gatling.policy.globs import matches
from gatling.policy.path_patterns import is_forbidden, is_listed
from gatling.policy.path_values import Weight, folders_of, joined
from gatling.schema.words import split_words
from gatling.tools.programs import Action

SUBJECTS = ("command", "path", "table")
_TABLES = frozenset(("table", "tables"))
_NO_TABLE = frozenset("id type format size content text mode count".split())


@dataclass(frozen=True, slots=True)
class _Item:
    argument: str
    text: str
    is_known: bool = True
    """It is what stands there: in no variable."""
    weight: Weight = "certain"
    acts: bool = True
    """What is done may reach what is below a folder."""


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
        inside = {program.argument for program in call.programs if program.is_certain}
        found = [item for item in found if item.argument in inside]
        if unclear is not None and not _speaks_of(call, inside, patterns):
            unclear = None
    if not found and unclear is None:
        return ABSENT
    is_allowing = operator is Operator.LIKE
    opens: CheckResult | None = None
    for item in found:
        weight = _weight(item, patterns)
        if is_allowing and (weight in ("doubtful", "joined") or (not item.is_known and "*" in patterns)):
            continue
        listed = _is_listed(item, patterns, subject, is_allowing=is_allowing) if item.is_known else None
        if is_allowing and weight == "folder" and not listed:
            inside_it = replace(item, text=joined(item.text, "x"))
            listed = _is_listed(inside_it, patterns, subject, is_allowing=True) or listed
        if listed is is_allowing or (listed is None and weight == "doubtful") or weight is None:
            continue
        if listed is None or weight == "doubtful" or (is_allowing and weight == "likely"):
            opens = CheckResult(None, item.argument, f"where {item.text} leads", open_value=item.text)
        else:
            return CheckResult(False, item.argument, item.text)
    if unclear is not None and not (is_allowing and _is_granted(unclear[1], patterns, subject)):
        opens = opens or CheckResult(None, unclear[0], f"`{unclear[1].said}` is not understood")
    return opens or CheckResult(True, found[0].argument if found else None, found[0].text if found else "")


def _weight(item: _Item, patterns: tuple[str, ...]) -> Weight | None:
    """Return how much a value counts: an address with a scheme as a path where the rule lists such; else a page does not."""
    if item.weight != "page":
        return item.weight
    scheme = item.text.strip().partition(":")[0].lower()
    if any(pattern.lower().startswith((f"{scheme}:", "*://")) for pattern in patterns):
        return "certain"
    return None if scheme in ("http", "https") else "doubtful"


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
                yield _Item(program.argument, " ".join(action.command))


def _things(call: Call, kind: str) -> Iterator[_Item]:
    folders = folders_of(call.leaves) if kind == "path" and call.programs else []
    for program in call.programs:
        moves = any(action.command[:1] in (("cd",), ("pushd",), ("popd",)) for action in program.actions)
        for action in program.actions:
            for thing in action.things:
                if thing.kind == kind and (kind == "table" or thing.text not in ("", "-")):
                    is_relative = kind == "path" and not _is_rooted(thing.text)
                    yield _Item(program.argument, thing.text, thing.is_known and not (moves and is_relative))
                    for folder in folders if is_relative else ():
                        yield _Item(program.argument, joined(folder, thing.text), weight="joined")
    if kind == "path":
        for value in call.path_values:
            acts = value.is_named or call.acts
            yield _Item(value.argument, value.text, weight=value.weight, acts=acts)
        return
    inside = {program.argument for program in call.programs if program.is_certain}
    for path, leaf in call.leaves:
        words = split_words(path.rpartition(".")[2])
        is_named = bool(words) and not _TABLES.isdisjoint(words) and words[-1] not in _NO_TABLE
        if is_named and path not in inside and isinstance(leaf, str) and leaf:
            yield _Item(path, leaf)


def _is_listed(item: _Item, patterns: tuple[str, ...], subject: str, *, is_allowing: bool) -> bool | None:
    """Tell whether something is on a list; None where that cannot be told."""
    text = item.text
    if subject == "command":
        return _command_fits(text, patterns, is_allowing=is_allowing)
    if subject == "table":
        whole, name = text.casefold(), text.casefold().rpartition(".")[2]
        return any(matches(p.casefold(), whole) or ("." not in p and matches(p.casefold(), name)) for p in patterns)
    if is_allowing:
        return is_listed(text, patterns, is_pattern=True, is_as_written=any(matches(p, text) for p in patterns))
    return is_forbidden(text, patterns, is_pattern=True, acts=item.acts)


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
