"""From readings to a native policy: its data, and its text with a comment for each line of the source.

What would not load strictly is no rule: it is left to somebody as an item of `review`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from gatling.errors import InputError
from gatling.policy.convert.doubts import escalated
from gatling.policy.globs import matches, squashed, squashed_name
from gatling.policy.language.statement import NativeRule, Reading, review
from gatling.policy.native.check import MAX_PROBLEMS
from gatling.policy.native.schema import FORMAT
from gatling.policy.recognise import policy_problems
from gatling.policy.source import DataPath, PolicySource, show_path
from gatling.policy.unread import mentions
from gatling.schema.plain import canonical_json
from gatling.tools.spec import ToolSpec

_PLAIN = re.compile(r"[A-Za-z_][\w.]*")
_WORDS = frozenset("true false yes no on off null y n none".split())
_ORDER = (
    "format",
    "roles",
    "allowed_operations",
    "forbidden_operations",
    "explicit_request_required",
    "rules",
    "review",
    "default",
)
_WIDTH = 160
_MAX_ROUNDS = 50
"""In each, `MAX_PROBLEMS` parts that would not load strictly become items of the review."""


@dataclass
class _Policy:
    """The data of a policy, and from which reading each part is."""

    data: dict[str, Any] = field(default_factory=dict)
    origin: dict[DataPath, int] = field(default_factory=dict)

    seen: set[tuple[str, str]] = field(default_factory=set)

    def add_once(self, key: str, value: Any, index: int) -> None:
        """Add a rule that no line stated before."""
        form = key, canonical_json(value)
        if form not in self.seen:
            self.seen.add(form)
            self.add(key, value, index)

    def add(self, key: str, value: Any, index: int) -> None:
        items = self.data.setdefault(key, [])
        self.origin[key, len(items)] = index
        items.append(value)


def settle(
    readings: list[Reading], specs: Mapping[str, ToolSpec], names: Iterable[str]
) -> tuple[list[Reading], dict[str, Any], dict[DataPath, int]]:
    """Return the readings as they can be written, the policy, and for each part of it the reading that it is from.

    Args:
        specs: the tools that were described.
        names: all tools that there are, where that is known.
    """
    known = _tools_of(readings, names)
    readings = [
        _about_something(_of_known_tools(r, known), known) for r in _without_comments(_exclusive(readings), readings)
    ]
    readings = escalated(readings, known)
    for _ in range(_MAX_ROUNDS):
        built = _build(readings)
        problems = policy_problems(PolicySource(built.data), catalog=specs)
        if not problems:
            return readings, built.data, built.origin
        wrong: dict[int, str] = {}
        for problem in problems:
            path = problem.path
            index = next((built.origin[path[:n]] for n in range(len(path), 0, -1) if path[:n] in built.origin), None)
            if index is None:
                raise InputError(f"it cannot be converted: {show_path(path)}: {problem.message}")
            wrong.setdefault(index, problem.message)
        readings = [_given_up(r, wrong[i]) if i in wrong else r for i, r in enumerate(readings)]
    raise InputError(f"it cannot be converted: more than {_MAX_ROUNDS * MAX_PROBLEMS} parts would not load strictly")


def _given_up(reading: Reading, why: str) -> Reading:
    """Leave a reading to somebody, with the tools that it names."""
    kept = tuple(rule for rule in reading.rules if rule.kind == "review")
    tools = tuple(
        dict.fromkeys(t for rule in reading.rules for t in rule.tools if re.fullmatch(r"[\w*?][\w*?.:/-]*", t))
    )
    if kept and len(kept) == len(reading.rules):  # the review itself is not of the format
        return replace(
            reading, rules=(review(reading.statement.text or "an empty line", why or "not of the format"),), note=""
        )
    return replace(reading, rules=(*kept, review(reading.statement.text, why, tools)), note="")


def _tools_of(readings: list[Reading], names: Iterable[str]) -> tuple[str, ...]:
    """Return the names and patterns of the tools that there are: those that are granted, and those that were named."""
    granted = (tool for r in readings for rule in r.rules if rule.kind == "grant" for tool in rule.tools)
    return tuple(dict.fromkeys((*granted, *names)))


def _of_known_tools(reading: Reading, known: tuple[str, ...]) -> Reading:
    """Leave a bound of tools that nobody is granted to somebody: `gpus_per_job: 1` bounds `submit_job`, or nothing."""
    bound = [rule for rule in reading.rules if rule.kind in ("requirement", "limit", "places")]
    idle = [rule for rule in bound if rule.tools and not any(_may_be(tool, k) for tool in rule.tools for k in known)]
    if not known or not idle:
        return reading
    why = f"no tool that is granted has the name {idle[0].tools[0]}"
    text = reading.statement.text or idle[0].tools[0]
    return replace(reading, rules=(review(text, why, ("*",)),), note="")


def _about_something(reading: Reading, known: tuple[str, ...]) -> Reading:
    """Let an item of review that no known tool has a word of be about every call: what it is about is not known."""
    rules = tuple(
        replace(rule, tools=("*",))
        if rule.kind == "review" and not rule.tools and not _may_mean_any(str(rule.value), known)
        else rule
        for rule in reading.rules
    )
    return reading if rules == reading.rules else replace(reading, rules=rules)


def _may_mean_any(text: str, known: tuple[str, ...]) -> bool:
    said = mentions((), text)
    return any(leaf.may_mean(tool) for leaf in said for tool in known)


def _may_be(tool: str, known: str) -> bool:
    return matches(squashed(tool), squashed_name(known)) or matches(squashed(known), squashed_name(tool))


def _exclusive(readings: list[Reading]) -> list[Reading]:
    """Take tools that only some may use out of the grants of others; where a pattern grants them, leave that to somebody."""
    only = {(tool, rule.roles) for r in readings for rule in r.rules if rule.is_exclusive for tool in rule.tools}
    if not only:
        return readings
    result = []
    for reading in readings:
        rules: list[NativeRule] = []
        note = reading.note
        for rule in reading.rules:
            taken = [
                tool
                for tool in rule.tools
                if rule.kind == "grant" and not rule.is_exclusive and any(_is_same(tool, t) for t, _ in only)
            ]
            wide = [
                t
                for tool in rule.tools
                if rule.kind == "grant" and not rule.is_exclusive
                for t, _ in only
                if t not in taken and matches(squashed(tool), squashed_name(t))
            ]
            left = tuple(tool for tool in rule.tools if tool not in taken)
            if taken:
                note = f"without {', '.join(taken)}, which another line gives to some only"
            if left or not rule.tools:
                rules.append(replace(rule, tools=left))
            if wide:
                rules.append(
                    review(
                        reading.statement.text,
                        "another line gives these tools to some only",
                        tuple(dict.fromkeys(wide)),
                    )
                )
        result.append(replace(reading, rules=tuple(rules), note=note))
    return result


def _without_comments(readings: list[Reading], before: list[Reading]) -> list[Reading]:
    """Take out grants of comments, `only managers may cancel orders`, where no other line gives the tool to them or to all."""
    given: dict[str, set[str]] = {}
    for reading in before:
        for rule in reading.rules:
            if rule.kind == "grant" and not reading.statement.is_comment:
                for tool in rule.tools:
                    given.setdefault(squashed(tool), set()).update(rule.roles or ("*",))

    def kept(rule: NativeRule) -> NativeRule | None:
        tools = tuple(t for t in rule.tools if given.get(squashed(t), set()) & {"*", *rule.roles})
        return rule if rule.kind != "grant" else replace(rule, tools=tools) if tools else None

    result = []
    for reading in readings:
        if not reading.statement.is_comment or not any(rule.kind == "grant" for rule in reading.rules):
            result.append(reading)
            continue
        rules = tuple(filter(None, map(kept, reading.rules)))
        note = reading.note if rules == reading.rules else reading.note or "a comment grants nothing"
        result.append(replace(reading, rules=rules, note=note))
    return result


def _is_same(a: str, b: str) -> bool:
    return squashed(a) == squashed(b)


def _build(readings: list[Reading]) -> _Policy:
    policy = _Policy()
    formats = [FORMAT]
    roles: dict[str, dict[str, Any]] = {}
    defaults: list[str] = []
    for index, reading in enumerate(readings):
        for rule in reading.rules:
            match rule.kind:
                case "grant" | "denial":
                    key = "allowed_operations" if rule.kind == "grant" else "forbidden_operations"
                    for tool in rule.tools:
                        extra: dict[str, Any] = {"when": rule.when} if rule.when else {}
                        if rule.roles:
                            extra["roles"] = list(rule.roles)
                        item = {"tool": tool, **extra} if extra else tool
                        policy.add_once(key, item, index)
                case "requirement" | "places":
                    require = rule.require
                    if rule.kind == "places":
                        require = {
                            "destination": {"not_in" if rule.key.startswith("blocked") else "in": list(rule.value)}
                        }
                    item = {"operation": rule.tools[0] if len(rule.tools) == 1 else list(rule.tools)}
                    if rule.roles:
                        item["roles"] = list(rule.roles)
                    if rule.when:
                        item["when"] = rule.when
                    item["require"] = require
                    policy.add_once("rules", item, index)
                case "limit":
                    name = f"{rule.tools[0]}.{rule.key}"
                    limits = policy.data.setdefault("scope_limits", {})
                    limits[name] = min(rule.value, limits.get(name, rule.value))
                    policy.origin["scope_limits", name] = index
                case "request":
                    for tool in rule.tools:
                        policy.add("explicit_request_required", tool, index)
                case "review":
                    entry: dict[str, Any] = {"text": rule.value, "reason": rule.reason, "line": reading.statement.line}
                    if rule.tools:
                        entry["tools"] = list(rule.tools)
                    if rule.may_grant:
                        entry["may_grant"] = list(rule.may_grant)
                        if rule.roles:
                            entry["may_grant"] = {"tools": list(rule.may_grant), "roles": list(rule.roles)}
                    policy.add("review", entry, index)
                case "default":
                    defaults.append(rule.value)
                case "role":
                    for parent in rule.value:
                        roles.setdefault(parent, {})
                    roles.setdefault(rule.roles[0], {})["inherits"] = list(rule.value)
                    policy.origin["roles", rule.roles[0]] = index
                case "member":
                    policy.data[rule.key] = rule.value
                    policy.origin[rule.key,] = index
                    formats.append(rule.reason)
    if roles:
        for rule in (rule for reading in readings for rule in reading.rules):
            for role in rule.roles if rule.kind != "review" else ():
                roles.setdefault(role, {})
        policy.data["roles"] = roles
    policy.data["format"] = FORMAT if len(formats) == 1 else list(dict.fromkeys(formats))
    policy.data["default"] = "allow" if defaults and all(d == "allow" for d in defaults) else "deny"
    ordered = sorted(policy.data, key=lambda k: _ORDER.index(k) if k in _ORDER else 5)
    policy.data = {key: policy.data[key] for key in ordered}
    return policy


def write(data: dict[str, Any], readings: list[Reading], origin: dict[DataPath, int], head: Iterable[str]) -> str:
    """Return the policy as YAML, with the lines of the source as comments."""
    lines = [f"# {comment(line)}" for line in head]
    for key, value in data.items():
        if key in (
            "rules",
            "review",
            "allowed_operations",
            "forbidden_operations",
            "explicit_request_required",
        ) and isinstance(value, list):
            lines += ["", f"{key}:"]
            last = -1
            for i, item in enumerate(value):
                index = origin[key, i]
                if index != last:
                    reading = readings[index]
                    lines.append(f"  # line {_quoted(reading)}")
                    lines += [f"  # the answer: {comment(answer)}" for answer in reading.answers]
                    if reading.note and key != "review":
                        lines.append(f"  # the narrower reading: {comment(reading.note)}")
                last = index
                lines.append(f"  - {flow(item)}")
        elif key == "scope_limits":
            lines += ["", "scope_limits:"]
            for name, bound in value.items():
                lines += [f"  # line {_quoted(readings[origin[key, name]])}", f"  {flow(name)}: {flow(bound)}"]
        elif key == "roles":
            lines += ["", "roles:", *(f"  {flow(name)}: {flow(block)}" for name, block in value.items())]
        else:
            lines += ["", f"{flow(key)}: {flow(value)}"] if key != "format" else [f"format: {flow(value)}"]
    dropped = [r for r in readings if r.answers and not r.rules]
    if dropped:
        lines += ["", "# Answered, and no rule:"]
        for reading in dropped:
            lines += [f"#   line {_quoted(reading)}", *(f"#   the answer: {comment(a)}" for a in reading.answers)]
    return "\n".join(lines) + "\n"


def _quoted(reading: Reading) -> str:
    return f"{reading.statement.line}: {comment(reading.statement.text)}"


def _escaped(char: str) -> str:
    """Return a character as YAML escapes it: JSON's pairs of surrogates are none there."""
    return f"\\u{ord(char):04x}" if ord(char) < 0x10000 else f"\\U{ord(char):08x}"


def comment(text: str) -> str:
    """Return a text for a comment: on one line, printable, and not too long."""
    flat = "".join(c if c.isprintable() else " " for c in " ".join(text.split()))
    return flat if len(flat) <= _WIDTH else flat[: _WIDTH - 3] + "..."


def flow(value: Any) -> str:
    """Write a value on one line, as YAML reads it."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{flow(k)}: {flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(flow, value)) + "]"
    if isinstance(value, str):
        if _PLAIN.fullmatch(value) and value.lower() not in _WORDS and value.isascii():
            return value
        return "".join(c if c.isprintable() else _escaped(c) for c in json.dumps(value, ensure_ascii=False))
    return json.dumps(value)
