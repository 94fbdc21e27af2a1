"""What of a policy does not belong to the native format: each part with its line, what was wanted there, and what was meant.

Two nets, and a policy passes only through both. The schema (`native.schema`) knows every key and the form of every value.
Behind it stands the reading itself: what the readers report as not read, and conditions that nobody can decide, are problems too,
whatever the schema thought of them.
"""

from __future__ import annotations

import difflib
import heapq
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from gatling.errors import InputError
from gatling.policy.clauses import Clause, ClauseKind, Condition, Operator
from gatling.policy.dialects.cedar import syntax_error
from gatling.policy.dialects.table import DIALECTS
from gatling.policy.formulas import Formula
from gatling.policy.globs import matches, squashed, squashed_name
from gatling.policy.native.hints import MAX_CHARS, did_you_mean, format_of
from gatling.policy.native.schema import native_schema
from gatling.policy.rules import Rulebook
from gatling.policy.source import DataPath, PolicySource, show_path
from gatling.schema.budget import checked
from gatling.schema.plain import cut
from gatling.tools.spec import ToolSpec

MAX_PROBLEMS = 100
MAX_COMPARISONS = 50_000
"""Names of tools are compared with those that are granted as long as it takes no longer than this."""
_NEAR_TOOL = 0.88


@dataclass(frozen=True, slots=True)
class Problem:
    """One part that does not belong to the format."""

    path: DataPath
    line: int | None
    message: str


def named_formats(policy: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the formats of other systems that a policy says it uses; what it says wrongly is for the schema."""
    stated = policy.get("format", ())
    items = [stated] if isinstance(stated, str) else stated if isinstance(stated, (list, tuple)) else []
    known = {row.format for row in DIALECTS.values() if row.format}
    return tuple(dict.fromkeys(item for item in items if isinstance(item, str) and item in known))


def dialects_of(policy: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of the dialects that a policy is read in: those of the native format, and those that it names."""
    named = named_formats(policy)
    return tuple(name for name, row in DIALECTS.items() if not row.format or row.format in named)


def format_problems(source: PolicySource) -> list[Problem]:
    """Return what the schema refuses, in the order of the text, at most `MAX_PROBLEMS`."""
    schema, validator = _validator(named_formats(source.data))
    found: dict[tuple[DataPath, str], Problem] = {}
    for error in checked(validator.iter_errors(source.data)):
        for path, message in _messages(schema, source.data, error):
            found.setdefault((path, message), Problem(path, line_of(source, path), message))
            if len(found) >= MAX_PROBLEMS:
                break
        if len(found) >= MAX_PROBLEMS:
            break
    return sorted(found.values(), key=lambda p: (p.line or 0, len(p.path)))


def reading_problems(source: PolicySource, rules: Rulebook, catalog: Mapping[str, ToolSpec]) -> list[Problem]:
    """Return what the readers leave unread, and conditions on what a tool does not have. What sentences enforce is no problem of
    the format."""
    rules = replace(rules, clauses=tuple(c for c in rules.clauses if c.dialect != "prose"))
    found = [Problem(u.path, line_of(source, u.path), u.reason) for u in rules.unrecognised if not u.is_review]
    for clause in checked(rules.clauses):
        for condition in (*clause.when, *clause.checks):
            if condition.operator is Operator.UNKNOWN and condition.subject not in ("prose", "forbids"):
                found.append(Problem(clause.path, line_of(source, clause.path), str(condition.value)))
    found += _cedar_errors(source, rules)
    found += _unknown_parameters(source, rules, catalog)
    found += _unknown_roles(source, rules)
    found += _almost_tools(source, rules)
    return found


def refuse(source: PolicySource, problems: list[Problem]) -> None:
    """Raise the first problem. Raises: InputError with file, line and path."""
    if problems:
        first = problems[0]
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise InputError(first.message + more, path=show_path(first.path), file=source.file, line=first.line)


def line_of(source: PolicySource, path: DataPath) -> int | None:
    """Return the line of a part, or of what it stands in."""
    while path and path not in source.lines:
        path = path[:-1]
    return source.lines.get(path) if path else None


# --- from the validator's errors to sentences -----------------------------------------------------------------------------


@lru_cache(maxsize=32)
def _validator(formats: tuple[str, ...]) -> tuple[dict[str, Any], Any]:
    import jsonschema_rs

    schema = native_schema(formats)
    return schema, jsonschema_rs.Draft202012Validator(schema)


def _messages(schema: dict[str, Any], policy: Any, error: Any) -> Iterator[tuple[DataPath, str]]:
    """Yield path and sentence of one error; of several alternatives, of the one that comes nearest."""
    waiting = [error]
    while waiting:
        error = waiting.pop()
        path = tuple(error.instance_path)
        kind = error.kind.name
        if kind in ("anyOf", "oneOfNotValid"):
            branch = _nearest(error)
            if branch:
                waiting += branch[MAX_PROBLEMS::-1]  # the first on top
                continue
        part = _at(schema, error.schema_path)
        value = _value(policy, path)
        if kind == "additionalProperties":
            for key in heapq.nsmallest(MAX_PROBLEMS, error.kind.unexpected):
                yield (*path, key), _unknown_key(key, value.get(key), part, is_top=not path)
        else:
            yield path, _wrong_value(value, part, path)


def _nearest(error: Any) -> list[Any]:
    """Return the errors of the one alternative whose kind of value this is; nothing if there is none, or more than one."""
    path = list(error.instance_path)
    fitting = [
        branch
        for branch in error.kind.context
        if branch and not any(list(e.instance_path) == path and _is_other_kind(e) for e in branch)
    ]
    return fitting[0] if len(fitting) == 1 else []


def _is_other_kind(error: Any) -> bool:
    """Tell whether an error says that a value is of another kind, and not only that it is wrong."""
    return error.kind.name in ("type", "constant") or (
        error.kind.name == "enum" and not isinstance(error.instance, str)
    )


def _at(schema: dict[str, Any], steps: Iterable[Any]) -> dict[str, Any]:
    """Return the part of the schema that an error is of: what stands around the keyword."""
    around = part = schema
    for step in steps:
        if isinstance(part, dict) and set(part) >= {"$ref"} and step != "$ref":
            part = schema["$defs"][part["$ref"].rpartition("/")[2]]
        if step == "$ref":
            around = part = schema["$defs"][part["$ref"].rpartition("/")[2]]
            continue
        if isinstance(part, dict) and "description" in part:
            around = part
        part = part[step]
    return around


def _value(policy: Any, path: DataPath) -> Any:
    for step in path:
        policy = policy[step]
    return policy


def _unknown_key(key: str, value: Any, part: dict[str, Any], *, is_top: bool) -> str:
    shown = cut(key)
    named = format_of(key, value) if is_top else ""
    if named:
        return f"unknown key {shown}; to read it in the format {named}, say `format: {named}`"
    return (
        f"unknown key {shown} in {part.get('description', 'a mapping')}{did_you_mean(key, part.get('properties', ()))}"
    )


def _wrong_value(value: Any, part: dict[str, Any], path: DataPath) -> str:
    wanted = part.get("description", "something else")
    hint = ""
    if path == ("role",) and isinstance(value, str):
        return f"found {cut(value)}; what a role may do stands under `roles`, and a title of the assistant under `assistant`"
    if isinstance(value, str) and "enum" in part:
        hint = did_you_mean(value, [str(v) for v in part["enum"]])
    return f"found {_shown(value)}, wanted {wanted}{hint}"


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "a mapping" if value else "an empty mapping"
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    return "null" if value is None else cut(value)


# --- what the schema cannot know -----------------------------------------------------------------------------------------


def _cedar_errors(source: PolicySource, rules: Rulebook) -> Iterator[Problem]:
    for path, text in rules.cedar:
        error = syntax_error(text)
        if error is not None:
            message, line = error
            is_file = source.file is not None and source.file.lower().endswith(".cedar")
            within = "" if is_file else f" in line {line} of the text"
            yield Problem(path, line if is_file else line_of(source, path), f"Cedar cannot read it{within}: {message}")


def _unknown_parameters(source: PolicySource, rules: Rulebook, catalog: Mapping[str, ToolSpec]) -> Iterator[Problem]:
    """Yield the clauses whose conditions are on arguments that the tool has not, by the catalogue or the policy's own schema."""
    by_tool = _parameters(rules, catalog)
    for clause in checked(rules.clauses):
        asked = [argument for c in (*clause.when, *clause.checks) if (argument := _argument(c)) is not None]
        for c in (*clause.when, *clause.checks):
            if isinstance(c.value, Formula):
                yield from _unknown_terms(source, clause, c.value, by_tool)
        for tool in clause.tools if asked and not _is_of_volume(clause) else ():
            names = by_tool.get(squashed_name(tool)) if "*" not in tool and "?" not in tool else None
            # Of a limit under two names of one argument, one that there is suffices.
            if not names or any(squashed_name(a.partition(".")[0]) in names for a in asked):
                continue
            hint = did_you_mean(asked[0], names.values())
            yield Problem(clause.path, line_of(source, clause.path), f"{tool} has no parameter {asked[0]}{hint}")


def _unknown_terms(
    source: PolicySource, clause: Clause, formula: Formula, by_tool: Mapping[str, Mapping[str, str]]
) -> Iterator[Problem]:
    """Yield the arguments of a formula that a tool has not."""
    for tool in clause.tools:
        names = by_tool.get(squashed_name(tool)) if "*" not in tool and "?" not in tool else None
        for argument in formula.arguments if names else ():
            if names and squashed_name(argument.partition(".")[0]) not in names:
                hint = did_you_mean(argument, names.values())
                yield Problem(clause.path, line_of(source, clause.path), f"{tool} has no parameter {argument}{hint}")


def _parameters(rules: Rulebook, catalog: Mapping[str, ToolSpec]) -> dict[str, dict[str, str]]:
    """Return the parameters of tools that are known: by the tool's squashed name, by their own squashed names."""
    found = {
        squashed_name(tool): {squashed_name(p.name): p.name for p in spec.parameters} for tool, spec in catalog.items()
    }
    for clause in checked(rules.clauses):
        for check in clause.checks:
            if check.operator is Operator.VALID and isinstance(check.value.data, dict):
                properties = check.value.data.get("properties", {})
                for tool in clause.tools:
                    found.setdefault(squashed_name(tool), {}).update({squashed_name(p): p for p in properties})
    return found


def _argument(condition: Condition) -> str | None:
    name, _, path = condition.subject.partition(":")
    return path if name == "argument" and condition.operator is not Operator.UNKNOWN else None


def _is_of_volume(clause: Clause) -> bool:
    return any(c.subject == "volume" for c in clause.checks)


def _unknown_roles(source: PolicySource, rules: Rulebook) -> Iterator[Problem]:
    """Yield roles that restrict, or whose denials should be inherited, and that the policy does not define."""
    known = {squashed_name(role): role for role in rules.role_names}
    for role, parents in rules.inherits.items():
        path = rules.inherits_from[role][0]
        for parent in parents:
            if squashed_name(parent) not in known:
                hint = did_you_mean(parent, known.values())
                yield Problem(
                    path, line_of(source, path), f"{role} inherits from {parent}, which is no role here{hint}"
                )
    for clause in checked(rules.clauses):
        for role in clause.roles if known and clause.kind is not ClauseKind.ALLOW else ():
            if squashed_name(role) not in known and not any(matches(squashed(role), name) for name in known):
                hint = did_you_mean(role, known.values())
                yield Problem(clause.path, line_of(source, clause.path), f"{role} is no role of this policy{hint}")


def _almost_tools(source: PolicySource, rules: Rulebook) -> Iterator[Problem]:
    """Yield requirements on what is no tool that is granted, but has nearly the name of one: a slip of the pen lifts a limit."""
    granted = {squashed_name(tool): tool for tool in rules.granted_tools}
    grants = [clause for clause in rules.clauses if clause.kind is ClauseKind.ALLOW]
    seen: set[DataPath] = set()
    budget = MAX_COMPARISONS
    for clause in rules.clauses:
        if clause.kind is not ClauseKind.REQUIRE or clause.path in seen or not granted or budget < 0:
            continue
        for tool in clause.tools:
            name = squashed_name(tool)
            if "*" in tool or "?" in tool or name in granted or len(name) > MAX_CHARS:
                continue
            budget -= len(grants) + len(granted)
            if any(grant.names(tool) and "*" not in grant.tools for grant in grants):
                continue
            near = difflib.get_close_matches(name, granted, n=1, cutoff=_NEAR_TOOL)
            if near:
                seen.add(clause.path)
                reason = f"{tool} is no tool that the policy grants; did you mean {granted[near[0]]}?"
                yield Problem(clause.path, line_of(source, clause.path), reason)
