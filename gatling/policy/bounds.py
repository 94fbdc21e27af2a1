"""What a policy's explicit clauses bound for one tool and role: numbers from above, tiers, calls that must come before."""

from __future__ import annotations

import math
from collections.abc import Iterator

from gatling.policy.clauses import Clause, ClauseKind, Condition, Operator
from gatling.policy.globs import squashed_name
from gatling.policy.rules import Rulebook
from gatling.schema.lru import remembered


@remembered(65_536)
def squashed_path(path: str) -> str:
    """Return a dotted path without the separators and the case of its parts."""
    return ".".join(squashed_name(part) for part in path.split("."))


def conditions_on(rules: Rulebook, tool: str, role: str) -> Iterator[tuple[Clause, Condition, bool]]:
    """Yield the conditions of clauses about a tool that bind a role, each with whether meeting it forbids the call."""
    for clause in rules.clauses_for(tool, role):
        if clause.kind is ClauseKind.DENY and len(clause.when) == 1:
            yield clause, clause.when[0], True
        elif clause.kind is ClauseKind.REQUIRE:
            yield from ((clause, check, False) for check in clause.checks)
        elif clause.kind is ClauseKind.ALLOW:
            yield from ((clause, condition, False) for condition in clause.when)


def upper_bounds(rules: Rulebook, tool: str, role: str) -> dict[str, tuple[float, Clause]]:
    """Return what bounds a call's numbers from above and where it says so, by squashed argument path, `#volume` or
    `#sensitivity`."""
    found: dict[str, tuple[float, Clause]] = {}
    for clause, condition, is_forbidding in conditions_on(rules, tool, role):
        name, _, path = condition.subject.partition(":")
        if name not in ("argument", "volume", "sensitivity") or not isinstance(condition.value, (int, float)):
            continue
        key = squashed_path(path) if name == "argument" else f"#{name}"
        bound = _upper(condition, is_forbidding)
        if bound is not None and bound < found.get(key, (math.inf,))[0]:
            found[key] = bound, clause
    return found


def highest_tiers(rules: Rulebook, tool: str, role: str) -> list[tuple[int, str, Clause]]:
    """Return the highest tiers that clauses let a call have: tier, the argument it is about or an empty string, clause."""
    found: list[tuple[int, str, Clause]] = []
    for clause, condition, is_forbidding in conditions_on(rules, tool, role):
        name, _, path = condition.subject.partition(":")
        bound = _upper(condition, is_forbidding) if name == "tier" and isinstance(condition.value, int) else None
        if bound is not None:
            found.append((int(bound), path, clause))
    return found


def _upper(condition: Condition, is_forbidding: bool) -> float | None:
    if is_forbidding:
        offsets = {Operator.ABOVE: 0, Operator.AT_LEAST: -1}
    else:
        offsets = {Operator.AT_MOST: 0, Operator.BELOW: -1, Operator.EQUALS: 0}
    offset = offsets.get(condition.operator)
    return None if offset is None else condition.value + offset
