"""Lines that bound each other: approvals above what is free, and places within places."""

from __future__ import annotations

from dataclasses import replace

from gatling.policy.globs import covers
from gatling.policy.language.restrictions import APPROVED
from gatling.policy.language.statement import NativeRule, Reading, no_grant

_MAX_PLACES = 1_000
"""With more patterns of places, no grant for one is written: each would be compared with each."""


def tiered(readings: list[Reading]) -> list[Reading]:
    """Ask for an approval only above what another line of the same roles permits without one.

    `up to 50`, and `up to 500 with approval`.
    """
    free: dict[tuple[str, tuple[str, ...], str], float] = {}
    for reading in readings:
        if any(rule.require == APPROVED for rule in reading.rules):
            continue
        for rule in reading.rules:
            bounds = list(rule.when.items())
            if rule.kind == "grant" and len(bounds) == 1 and isinstance(bounds[0][1], dict) and "<=" in bounds[0][1]:
                for tool in rule.tools:
                    free[tool, rule.roles, bounds[0][0]] = bounds[0][1]["<="]
    result = []
    for reading in readings:
        rules = []
        for rule in reading.rules:
            name = next(iter(rule.when), "")
            least = (
                free.get((rule.tools[0], rule.roles, name)) if len(rule.tools) == 1 and len(rule.when) == 1 else None
            )
            bound = rule.when[name].get("<=") if least is not None and isinstance(rule.when[name], dict) else None
            if rule.require == APPROVED and bound is not None and least is not None and least < bound:
                rule = replace(rule, when={name: {">": least, "<=": bound}})
            rules.append(rule)
        result.append(replace(reading, rules=tuple(rules)))
    return result


def separated(readings: list[Reading]) -> list[Reading]:
    """Take out of each grant for a place what another line says of a place within it: the more specific one counts.

    So `/archive` for all does not open `/archive/secret`, which is for some only.
    """
    said = [
        (i, tool, name, pattern)
        for i, reading in enumerate(readings)
        for rule in reading.rules
        for tool in rule.tools
        for name, wanted in rule.when.items()
        if isinstance(wanted, dict)
        for pattern in wanted.get("like", ())
    ]
    if len(said) > _MAX_PLACES:
        return [replace(r, rules=tuple(_unplaced(rule, r) for rule in r.rules)) for r in readings]
    result = []
    for i, reading in enumerate(readings):
        rules = []
        for rule in reading.rules:
            when = {name: dict(wanted) if isinstance(wanted, dict) else wanted for name, wanted in rule.when.items()}
            for name, wanted in when.items():
                if rule.kind != "grant" or not isinstance(wanted, dict) or "like" not in wanted:
                    continue
                inner = [
                    pattern
                    for j, tool, other, pattern in said
                    if j != i
                    and other == name
                    and tool in rule.tools
                    and pattern not in wanted["like"]
                    and any(covers(wide, pattern) for wide in wanted["like"])
                ]
                if inner:
                    wanted["not_like"] = list(dict.fromkeys([*wanted.get("not_like", ()), *inner]))
            rules.append(replace(rule, when=when))
        result.append(replace(reading, rules=tuple(rules)))
    return result


def _unplaced(rule: NativeRule, reading: Reading) -> NativeRule:
    is_placed = rule.kind == "grant" and any(isinstance(w, dict) and "like" in w for w in rule.when.values())
    return no_grant(reading.statement.text, "too many places to be compared", rule.tools) if is_placed else rule
