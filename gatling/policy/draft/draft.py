"""A first policy, held to what it was made from: it loads strictly, and every run that was fine is compliant under it.

A line that an honest run breaks is taken out, and said so; after that no run is left that it denies or leaves open.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from gatling.errors import InputError
from gatling.policy.convert.writer import comment, flow
from gatling.policy.draft.rules import Line, is_harmless, lines_of_described, lines_of_seen, why_not
from gatling.policy.draft.seen import Run, SeenCalls
from gatling.policy.native.schema import FORMAT
from gatling.policy.oracle import Oracle, Undecided, Violation
from gatling.policy.recognise import policy_problems, recognise
from gatling.policy.source import DataPath, PolicySource, parse_policy
from gatling.schema import GovernanceContext
from gatling.tools.spec import ToolSpec

_SECTIONS = ("allowed_operations", "scope_limits", "provenance_requirements", "rules")
_NO_ROLE = "anybody"


@dataclass(frozen=True, slots=True)
class Draft:
    text: str
    """The policy as YAML, with the reason for each line."""
    lines: tuple[Line, ...]
    taken_out: tuple[Line, ...]
    """What honest runs break."""
    left_out: tuple[tuple[str, str], ...]
    """Tools that are not granted, each with the reason."""


def draft(
    seen: SeenCalls, tools: Iterable[ToolSpec] = (), *, role: str | None = None, sources: Iterable[str] = ()
) -> Draft:
    """Write a first policy.

    Args:
        seen: runs that were fine.
        tools: as they are described. Where no run was seen, those that only read are granted; else only what was called.
        role: whom to grant what is granted by descriptions alone.
        sources: names of what it is made from, for the first line.

    Raises:
        InputError: if there is neither a call nor a tool, or no run could be allowed.
    """
    specs = {spec.name: spec for spec in tools}
    if not seen.tools and not specs:
        raise InputError("there is neither a call nor a tool to make a policy from")
    lines: list[Line] = []
    left_out: list[tuple[str, str]] = []
    for name, tool in seen.tools.items():
        if not _can_be_granted(name):
            left_out.append((name, "its name is none that a policy can grant"))
        else:
            lines += lines_of_seen(name, tool, specs.get(name))
    for spec in specs.values():
        if spec.name in seen.tools:
            continue
        if not seen.tools and is_harmless(spec) and _can_be_granted(spec.name):
            first, *rest = lines_of_described(spec)
            lines += [
                first if role is None else Line(first.section, "", {"tool": spec.name, "roles": [role]}, first.why),
                *rest,
            ]
        else:
            left_out.append((spec.name, "it was never called" if seen.tools else why_not(spec)))
    lines, taken_out = _settled(lines, seen.runs, specs)
    return Draft(
        _write(lines, taken_out, left_out, seen, list(sources)), tuple(lines), tuple(taken_out), tuple(left_out)
    )


def _settled(lines: list[Line], runs: list[Run], specs: Mapping[str, ToolSpec]) -> tuple[list[Line], list[Line]]:
    """Take out what does not load strictly or what honest runs break, until nothing of that is left."""
    taken_out: list[Line] = []
    while True:
        data, origin = _data(lines)
        source = PolicySource(data)
        problems = policy_problems(source, catalog=specs)
        bad = {_line_at(origin, problem.path) for problem in problems}
        if problems and None in bad:
            raise InputError(f"no policy can be made of this: {problems[0].message}")
        if not problems:
            bad = set(_broken(source, runs, origin, specs))
        if not bad:
            return lines, taken_out
        taken_out += [line for i, line in enumerate(lines) if i in bad]
        lines = [line for i, line in enumerate(lines) if i not in bad]


def _broken(
    source: PolicySource, runs: list[Run], origin: Mapping[DataPath, int], specs: Mapping[str, ToolSpec]
) -> Iterator[int]:
    """Yield the lines by which honest runs are not simply compliant. Raises: InputError for a run that no line denies."""
    rules = recognise(source, catalog=specs)
    oracle = Oracle(rules, tools=specs)
    for run in runs:
        context = GovernanceContext.model_construct(
            policy=source.data, user_role=run.role or _NO_ROLE, session_context=run.session
        )
        judgement = oracle.judge(context, run.plan)
        questions: list[Violation | Undecided] = [*judgement.violations, *judgement.undecided]
        for found in questions:
            index = _line_at(origin, found.clause.path) if found.clause else None
            if index is not None:
                yield index
            elif all(_can_be_granted(node.tool_name) for node in run.plan.nodes):
                raise InputError(f"no policy can be made that allows {found.node_id} of an honest run: {found}")


@lru_cache(4_096)
def _can_be_granted(name: str) -> bool:
    """Tell whether a policy can grant a tool by its name, and that name alone."""
    return not set(name) & set("*?") and not policy_problems(PolicySource({"allowed_operations": [name]}))


def _line_at(origin: Mapping[DataPath, int], path: DataPath) -> int | None:
    return next((origin[path[:n]] for n in range(len(path), 0, -1) if path[:n] in origin), None)


def _data(lines: list[Line]) -> tuple[dict[str, Any], dict[DataPath, int]]:
    """Return the policy of some lines, and for each part of it the line that it is from."""
    data: dict[str, Any] = {"format": FORMAT}
    origin: dict[DataPath, int] = {}
    for section in _SECTIONS:
        for i, line in enumerate(lines):
            if line.section != section:
                continue
            if line.key:
                data.setdefault(section, {})[line.key] = line.value
                origin[section, line.key] = i
            else:
                items = data.setdefault(section, [])
                origin[section, len(items)] = i
                items.append(line.value)
    data["default"] = "deny"
    return data, origin


def _write(
    lines: list[Line], taken_out: list[Line], left_out: list[tuple[str, str]], seen: SeenCalls, sources: list[str]
) -> str:
    made_from = f" from {comment(', '.join(sources))}" if sources else ""
    calls = sum(tool.calls for tool in seen.tools.values())
    text = [f"# A first policy, written by `gatling policy init`{made_from}"]
    if seen.runs:
        text.append(
            f"# {calls} calls in {len(seen.runs)} runs were seen. All of them are allowed; what is like none of them is denied."
        )
    else:
        text.append(
            "# No call was seen: what only reads is granted, all else is denied. Read each line before you use it."
        )
    text += [f"format: {flow(FORMAT)}"]
    for section in _SECTIONS:
        own = [line for line in lines if line.section == section]
        if own:
            text += ["", f"{section}:"]
        for line in own:
            text.append(f"  # {comment(line.why)}")
            text.append(f"  {flow(line.key)}: {flow(line.value)}" if line.key else f"  - {flow(line.value)}")
        if section == "allowed_operations" and left_out:
            text += [
                "" if own else "\nallowed_operations: []",
                "  # Not granted. Take away the mark in front of what may be called.",
            ]
            if own:
                text.pop(-2)
            text += [f"  # - {flow(name)}  # {comment(why)}" for name, why in left_out]
    if taken_out:
        text += ["", "# Not written, as calls that were seen would not pass:"]
        text += [
            f"#   {line.section}: {flow({line.key: line.value} if line.key else line.value)}" for line in taken_out
        ]
    text += ["", "# What stands nowhere above is denied.", "default: deny"]
    made = "\n".join(text) + "\n"
    parse_policy(made)  # what is written is what was tried
    return made
