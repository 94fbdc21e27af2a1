"""What is wrong or idle in a policy: parts nobody reads, contradictions, rules that never matter.

`error`    what is not of the format, contradictions, and what forbids by accident what it seems to allow
`warning`  a rule has no effect, or a sentence forbids and no check enforces it
`note`     a part that only the encoder reads, and what a sentence is enforced as

Tool patterns are compared by `globs.covers`, which is exact for names and for patterns that end in `*`; other patterns are
compared by their text only, so a shadowed rule may go unnoticed but none is reported wrongly.
"""

from __future__ import annotations

import difflib
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from gatling.policy.clauses import Clause, ClauseKind, Condition, Operator
from gatling.policy.globs import matches, squashed
from gatling.policy.native.check import Problem
from gatling.policy.prose.enforce import PROSE, ProseReading, readings_of
from gatling.policy.reach import reaches
from gatling.policy.rules import Rulebook
from gatling.policy.source import DataPath, show_path
from gatling.schema.plain import cut

Severity = Literal["error", "warning", "note"]
KINDS = {
    "format": "What does not belong to the policy format.",
    "unrecognised": "A part that no rule is read from.",
    "review": "An item that somebody must decide.",
    "prose": "A sentence that only the trained part reads.",
    "contradiction": "Two rules that cannot both have an effect.",
    "shadowed": "A rule that another one makes idle.",
    "never_matches": "A rule that no call comes to.",
    "unsatisfiable": "A rule that no call can keep.",
    "too_wide": "A rule that reaches further than it seems to.",
    "unknown_tool": "A tool that the catalogue does not have.",
    "unknown_role": "A role that the policy does not define.",
    "incomplete": "A comparison that was cut short.",
}
"""Of remarks, each with what it is about."""
MAX_PATTERNS = 1_000
"""Patterns with wildcards that are compared with every rule."""
MAX_COMPARISONS = 300_000

_UPPER = (Operator.AT_MOST, Operator.BELOW)
_LOWER = (Operator.AT_LEAST, Operator.ABOVE)


@dataclass(frozen=True, slots=True)
class LintRemark:
    severity: Severity
    kind: str
    """One of `KINDS`."""
    path: str
    line: int | None
    message: str

    def to_dict(self) -> dict[str, str | int | None]:
        return {
            "severity": self.severity,
            "kind": self.kind,
            "path": self.path,
            "line": self.line,
            "message": self.message,
        }


def lint(rules: Rulebook, *, known_tools: Iterable[str] = ()) -> list[LintRemark]:
    """Return the findings in a policy, by line.

    Args:
        known_tools: names of the tools there are; a rule that names none of them is reported.
    """
    findings = [
        LintRemark("warning", "review", show_path(u.path), u.line, u.reason)
        if u.is_review
        else LintRemark(
            "note", "unrecognised", show_path(u.path), u.line, f"{u.reason}; the encoder reads it, the oracle does not"
        )
        for u in rules.unrecognised
    ]
    known = list(known_tools)
    findings += _prose(rules, known)
    findings += _roles(rules)
    findings += _never(rules)
    findings += _shadowed(rules)
    findings += _unsatisfiable(rules)
    findings += (_finding("warning", "too_wide", r.clause, r.message) for r in reaches(rules, known))
    findings += _unknown_tools(rules, known)
    return sorted(findings, key=lambda f: (f.line or 0, f.path, f.kind))


def with_problems(remarks: list[LintRemark], problems: list[Problem]) -> list[LintRemark]:
    """Return remarks with what keeps a policy from being read strictly, as errors; notes on the same lines are left out."""
    lines = {p.line for p in problems}
    paths = {show_path(p.path) for p in problems}
    kept = [
        r for r in remarks if r.severity != "note" or not (r.path in paths or (r.line is not None and r.line in lines))
    ]
    errors = [LintRemark("error", "format", show_path(p.path), p.line, p.message) for p in problems]
    return sorted([*kept, *errors], key=lambda f: (f.line or 0, f.path, f.kind))


def _finding(severity: Severity, kind: str, clause: Clause, message: str) -> LintRemark:
    return LintRemark(severity, kind, show_path(clause.path), clause.line, message)


def _prose(rules: Rulebook, known_tools: Collection[str]) -> Iterator[LintRemark]:
    """Say of each text in prose what of it is enforced. A prohibition that no check enforces is a warning."""
    ruling: dict[int, list[ProseReading]] = defaultdict(list)
    for clause, reading in readings_of(rules, known_tools):
        ruling[id(clause)].append(reading)
    for clause in rules.clauses:
        if clause.dialect == PROSE:
            continue
        for check in (*clause.when, *clause.checks):
            if check.operator is not Operator.UNKNOWN:
                continue
            readings = [r for r in ruling[id(clause)] if r.is_prohibition]
            if not readings:
                yield _finding("note", "prose", clause, f"only the encoder reads: {cut(str(check.value), 80)}")
            for reading in readings:
                if reading.clauses:
                    enforced = "; ".join(map(_shown, reading.clauses))
                    yield _finding(
                        "note", "enforced", clause, f"{cut(reading.sentence, 80)} -- enforced as: {cut(enforced, 200)}"
                    )
                else:
                    yield _finding("warning", "prose", clause, _unenforced(reading))


def _unenforced(reading: ProseReading) -> str:
    text = f"forbids, and no check enforces it: {cut(reading.sentence, 80)} ({cut(reading.reason, 120)})"
    if reading.open_tools:
        text += f"; calls of {cut(', '.join(reading.open_tools), 120)} are escalated"
    elif reading.things:
        text += f"; calls that name one of these are escalated: {cut(', '.join(reading.things), 120)}"
    return text + (
        f"; it may mean: {cut(reading.proposal, 160)}" if reading.proposal else "; no tool is known that it means"
    )


def _shown(clause: Clause) -> str:
    tools = ", ".join(clause.tools) if "*" not in clause.tools else "what is about it"
    when = " and ".join(str(c) for c in clause.when if c.subject != "topic")
    if clause.kind is ClauseKind.DENY:
        return f"no {tools}" + (f" where {when}" if when else "")
    return f"{tools}: " + " and ".join(map(str, clause.checks)) + (f" where {when}" if when else "")


def _roles(rules: Rulebook) -> Iterator[LintRemark]:
    named = {squashed(role) for clause in rules.clauses for role in clause.roles} | {
        squashed(r) for r in rules.role_names
    }
    for role, parents in rules.inherits.items():
        path, line = rules.inherits_from.get(role, ((), None))
        for parent in parents:
            if squashed(parent) not in named:
                message = f"{role} inherits from {parent}, which the policy does not define"
                yield LintRemark("warning", "unknown_role", show_path(path), line, message)


def _never(rules: Rulebook) -> Iterator[LintRemark]:
    """Grants where everything is allowed anyway, and requirements on calls that nothing grants."""
    grants = [c for c in rules.clauses if c.kind is ClauseKind.ALLOW]
    if rules.is_allow_by_default:
        required = {c.path for c in rules.clauses if c.kind is ClauseKind.REQUIRE}
        for clause in grants:
            if clause.path not in required and clause.dialect != "scopes":
                message = "the default allows every call, so this grant has no effect"
                yield _finding("warning", "never_matches", clause, message)
        return
    if not grants or rules.cedar or rules.unrecognised or any(_has_wildcard(c) for c in grants):
        return
    double = Counter(c.path for c in rules.clauses)  # a limit that may mean a tool or an argument stands there as both
    granted = {squashed(tool) for clause in grants for tool in clause.tools}
    for clause in rules.clauses:
        if clause.kind is not ClauseKind.REQUIRE or _has_wildcard(clause) or double[clause.path] > 1:
            continue
        idle = [tool for tool in clause.tools if squashed(tool) not in granted]
        if len(idle) == len(clause.tools):
            names = ", ".join(idle[:3])
            yield _finding(
                "warning", "never_matches", clause, f"nothing grants {names}, so the call is denied before this rule"
            )


def _has_wildcard(clause: Clause) -> bool:
    return clause.is_complement or any("*" in tool or "?" in tool for tool in clause.tools)


def _shadowed(rules: Rulebook) -> Iterator[LintRemark]:
    """Rules that another one makes idle: what hides a clause is wider in tools, roles and conditions."""
    by_name: dict[str, list[Clause]] = defaultdict(list)
    wide: list[Clause] = []
    for clause in rules.clauses:
        if _has_wildcard(clause):
            wide.append(clause)
        else:
            for tool in clause.tools:
                by_name[squashed(tool)].append(clause)
    if len(wide) > MAX_PATTERNS:
        yield LintRemark(
            "note",
            "incomplete",
            "",
            None,
            f"{len(wide)} patterns; only the first {MAX_PATTERNS} are compared with other rules",
        )
        wide = wide[:MAX_PATTERNS]
    position = {id(clause): i for i, clause in enumerate(rules.clauses)}
    budget = MAX_COMPARISONS
    for clause in rules.clauses:
        others = [*(by_name[squashed(clause.tools[0])] if clause.tools else ()), *wide]
        budget -= len(others)
        if budget < 0:
            yield LintRemark(
                "note", "incomplete", "", None, f"more than {MAX_COMPARISONS} pairs of rules; not all are compared"
            )
            return
        for other in others:
            if other is clause:
                continue
            message = _hides(other, clause, is_earlier=position[id(other)] < position[id(clause)])
            if message:
                is_contradiction = other.kind is ClauseKind.DENY and clause.kind is ClauseKind.ALLOW
                exact = is_contradiction and not _has_wildcard(other)
                yield _finding(
                    "error" if exact else "warning",
                    "contradiction" if exact else "shadowed",
                    clause,
                    f"{message} {other.place}",
                )
                break


def _hides(other: Clause, clause: Clause, *, is_earlier: bool) -> str:
    """Return how `other` makes `clause` idle, or nothing."""
    if not (other.covers_tools(clause) and other.covers_roles(clause)):
        return ""
    if other.kind is ClauseKind.DENY and not other.when:
        if clause.kind is ClauseKind.DENY and not clause.when and _mutual(other, clause) and not is_earlier:
            return ""  # of two alike, the later is the idle one
        return "has no effect: the same calls are always forbidden by"
    if other.kind is not clause.kind or other.exception or (other.when and other.when != clause.when):
        return ""
    if clause.kind is ClauseKind.REQUIRE:
        if not clause.checks or not all(any(_implies(a, b) for a in other.checks) for b in clause.checks):
            return ""
        same = all(any(_implies(b, a) for b in clause.checks) for a in other.checks)
        if same and _mutual(other, clause) and not is_earlier:
            return ""
        return "has no effect beside the stricter"
    if _mutual(other, clause) and other.when == clause.when and not is_earlier:
        return ""
    return "repeats"


def _mutual(a: Clause, b: Clause) -> bool:
    return a.covers_tools(b) and b.covers_tools(a) and a.covers_roles(b) and b.covers_roles(a)


def _implies(strict: Condition, loose: Condition) -> bool:
    """Tell whether what passes `strict` passes `loose`; may say no where the answer is yes."""
    if strict == loose:
        return strict.operator is not Operator.UNKNOWN
    if strict.subject != loose.subject:
        return False
    if strict.operator is loose.operator is Operator.AT_MOST:
        return bool(strict.value <= loose.value)
    if strict.operator is loose.operator is Operator.AT_LEAST:
        return bool(strict.value >= loose.value)
    if strict.operator is loose.operator is Operator.IN:
        return set(map(repr, strict.value)) <= set(map(repr, loose.value))
    return False


def _unsatisfiable(rules: Rulebook) -> Iterator[LintRemark]:
    least = {"volume": 1, "sensitivity": 1, "tier": 1, "count": 1, "calls": 1}
    bounds: dict[tuple[tuple[str, ...], tuple[str, ...], str], list[tuple[Clause, Condition]]] = defaultdict(list)
    for clause in rules.clauses:
        if clause.kind is not ClauseKind.REQUIRE or clause.when:
            continue
        for check in clause.checks:
            lowest = least.get(check.subject)
            if lowest is not None and check.operator in _UPPER and check.value < lowest:
                text = (
                    f"{check}: every call has at least {lowest}, so this forbids {', '.join(clause.tools)} altogether"
                )
                yield _finding("error", "unsatisfiable", clause, text)
            if check.operator in (Operator.IN, Operator.LIKE) and not check.value:
                yield _finding("error", "unsatisfiable", clause, f"nothing is in the empty list for {check.subject}")
            if check.operator in (*_UPPER, *_LOWER):
                bounds[clause.tools, clause.roles, check.subject].append((clause, check))
    for group in bounds.values():
        uppers = [item for item in group if item[1].operator in _UPPER]
        lowers = [item for item in group if item[1].operator in _LOWER]
        if uppers and lowers:
            clause, low = max(lowers, key=lambda item: item[1].value)
            _, high = min(uppers, key=lambda item: item[1].value)
            if low.value > high.value:
                yield _finding("error", "contradiction", clause, f"no call satisfies both {low} and {high}")


def _unknown_tools(rules: Rulebook, known: list[str]) -> Iterator[LintRemark]:
    if not known:
        return
    names = {squashed(tool): tool for tool in known}
    seen: set[DataPath] = set()
    for clause in rules.clauses:
        for tool in clause.tools:
            pattern = squashed(tool)
            if tool == "*" or clause.path in seen or pattern in names:
                continue
            if ("*" in tool or "?" in tool) and any(matches(pattern, name) for name in names):
                continue
            seen.add(clause.path)
            near = difflib.get_close_matches(pattern, names, n=1)
            hint = f"; did you mean {names[near[0]]}?" if near else ""
            yield _finding("warning", "unknown_tool", clause, f"{tool} names no tool of the catalogue{hint}")
