"""Lines that bound each other: approvals above what is free."""

from __future__ import annotations

from dataclasses import replace

from gatling.policy.language.restrictions import APPROVED
from gatling.policy.language.statement import Reading


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
