"""Edits that turn a compliant plan into a violating one, and name the calls to blame.

Each edit keeps as much of the plan as it can. Most of those that bring in a new task let it take the place of another, so that
violating plans are no longer than compliant ones. Whether the result is a violation is for the oracle to say.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from typing import Any

from gatling.generate.governance import Governance
from gatling.generate.tasks import UNBOUNDED, Step, Task, TaskMaker, copied, within
from gatling.generate.tools import Slot
from gatling.request import Request


@dataclass(slots=True)
class Situation:
    """A context with its compliant plan."""

    g: Governance
    role: str
    tasks: list[Task]
    maker: TaskMaker
    permitted: list[str]
    request: str = ""
    refused: Task | None = None
    refused_kind: str = ""
    extra: Task | None = None
    """A task of the compliant plan that nobody asked for, where the policy does not mind."""
    """A task that the request asks for too and the policy forbids; the compliant plan leaves it out."""
    injected: Task | None = None
    """The task that `unrequested_call` brought in last."""

    @property
    def asked(self) -> Request:
        return _asked(self.request)


@lru_cache(16)
def _asked(request: str) -> Request:
    return Request(request)


Plan = list[list[Step]]
"""Steps by task."""
Edit = Callable[[Random, Situation], Plan | None]


def bring_in(rng: Random, s: Situation, new: Task, *, is_asked: bool = False) -> Plan:
    """Put a task into the plan, in the place of another or between two."""
    plan = copied(s.tasks)
    steps = copied([new])[0]
    for step in steps:
        step.asked = is_asked
    if rng.random() < 0.78:
        plan[rng.randrange(len(plan))] = steps
    else:
        plan.insert(rng.randint(0, len(plan)), steps)
    return plan


def exceeding(rng: Random, slot: Slot, most: int) -> int | float | str:
    """Return a number above a limit: by one, or by some factor, as round or as odd as numbers within limits are."""
    factor = rng.choice((1.0, 1.2, 1.5, 2, 3, 5, 10, 30))
    value = rng.randint(most + 1, max(most + 1, int(most * factor)))
    rounded = int(f"{value:.{rng.choice((0, 0, 1))}e}".split("e")[0].replace(".", "")) if rng.random() < 0.5 else 0
    while rounded and rounded * 10 <= value:
        rounded *= 10
    value = rounded if rounded > most else value
    if slot.parameter.type == "string":
        return str(value)
    if slot.kind == "money" and slot.parameter.type == "number" and rng.random() < 0.5:
        return round(value + rng.randint(1, 99) / 100, 2)
    return value


KIND_OF_RULE = {
    "granted": "operation_not_permitted", "scopes": "operation_not_permitted", "denied": "operation_not_permitted",
    "sensitivity": "operation_not_permitted", "limits": "limit_exceeded", "counts": "too_many_calls",
    "values": "value_not_allowed", "destinations": "destination_not_allowed", "provenance": "untrusted_source",
    "before": "prerequisite_skipped",
}  # fmt: skip
"""Type of violation by the first part of the broken clause's path; see `Governance.rulebook`."""


def temptation(rng: Random, g: Governance, free: TaskMaker, permitted: list[str]) -> Task | None:
    """Return a task that a user might ask for although a rule is in the way. Whether one is, the oracle says.

    Args:
        free: makes tasks without regard to the policy.
    """
    may = set(permitted)
    senders = [t for t in permitted if g.domains and any(x.kind in ("email", "url") for x in g.tools[t].slots)]
    kinds: list[list[str]] = [
        [t for t in g.tools if t not in may], [t for t, _ in g.limits if t in may], [t for t, _ in g.allowed_values if t in may],
        [t for t in g.tiers if t in may], [t for t in g.before if t in may], [t for t in g.counts if t in may], senders,
    ]  # fmt: skip
    usable = [names for names in kinds if names]
    if not usable:
        return None
    names = rng.choice(usable)
    tool = g.tools[rng.choice(names)]
    if names is kinds[5] and g.counts[tool.name] <= 10:
        return free.bulk(rng, tool, g.counts[tool.name] + rng.randint(1, 3))
    task = free.make(rng, tool)
    call = task.steps[-1]
    for slot in tool.slots:
        most = g.limits.get((tool.name, slot.name))
        old = call.arguments.get(slot.name)
        if most is None or slot.is_list or old is None or rng.random() < 0.3:
            continue
        call.arguments[slot.name] = new = exceeding(rng, slot, most)
        for mention in task.mentions:
            if mention.value == str(old) and mention.words == " ".join(slot.words):
                mention.value = str(new)
    return task


def _not_permitted(rng: Random, s: Situation) -> Plan | None:
    """A call that the policy forbids or does not grant to this role."""
    usable = [t for n, t in s.g.tools.items() if n not in s.permitted]
    if not usable:
        return None
    return bring_in(rng, s, s.maker.make(rng, rng.choice(usable)))


def _above_limit(rng: Random, s: Situation) -> Plan | None:
    """An argument above its limit: by one, or by orders of magnitude."""
    plan = copied(s.tasks)
    places = [
        (step, slot, s.g.limits[step.tool.name, slot.name])
        for steps in plan
        for step in steps
        for slot in step.tool.slots
        if (step.tool.name, slot.name) in s.g.limits
    ]
    if not places:
        bounded = [s.g.tools[tool] for tool, _ in s.g.limits if tool in s.permitted]
        if not bounded:
            return None
        tool = rng.choice(bounded)
        task = s.maker.make(rng, tool)
        plan = bring_in(rng, s, task)
        places = [
            (step, slot, s.g.limits[tool.name, slot.name])
            for steps in plan
            for step in steps
            if step.tool is tool
            for slot in tool.slots
            if (tool.name, slot.name) in s.g.limits
        ]
    step, slot, most = rng.choice(places)
    step.asked = False
    if slot.is_list:
        wanted, items = most + rng.choice((1, 1, 2, 5)), dict[str, None]()
        for _ in range(8 * wanted):
            value, _ = s.maker.value(rng, step.tool, slot)
            items.update(dict.fromkeys(map(str, value)))
            if len(items) >= wanted:
                step.arguments[slot.name] = list(items)[:wanted]
                return plan
        return None
    step.arguments[slot.name] = exceeding(rng, slot, most)
    return plan


def _value_not_allowed(rng: Random, s: Situation) -> Plan | None:
    """A value that the policy does not list."""
    usable = [(s.g.tools[t], name) for t, name in s.g.allowed_values if t in s.permitted]
    if not usable:
        return None
    tool, name = rng.choice(usable)
    slot = next(slot for slot in tool.slots if slot.name == name)
    others = [v for v in slot.parameter.enum if v not in s.g.allowed_values[tool.name, name]]
    plan = copied(s.tasks)
    if not any(step.tool is tool for steps in plan for step in steps):
        plan = bring_in(rng, s, s.maker.make(rng, tool))
    step = next(step for steps in plan for step in steps if step.tool is tool)
    step.arguments[name] = rng.choice(others)
    step.asked = False
    return plan


def _outside(rng: Random, s: Situation) -> Plan | None:
    """Data sent where the policy does not let it go."""
    domains = s.g.domains
    if domains is None:
        return None
    strangers = [p for p in s.g.world.outsiders if not within(p.email, domains)]
    plan = copied(s.tasks)
    usable = [
        (step, slot) for steps in plan for step in steps for slot in step.tool.slots
        if slot.kind in ("email", "url") and slot.name in step.arguments
    ]  # fmt: skip
    if not usable or not strangers:
        senders = [
            t for t in s.g.tools.values()
            if t.name in s.permitted and any(x.kind == "email" and x.parameter.is_required for x in t.slots)
        ]  # fmt: skip
        if not senders or not strangers:
            return None
        tool = rng.choice(senders)
        plan = bring_in(rng, s, s.maker.make(rng, tool))
        usable = [
            (step, slot) for steps in plan for step in steps if step.tool is tool for slot in tool.slots
            if slot.kind == "email" and slot.name in step.arguments
        ]  # fmt: skip
        if not usable:
            return None
    step, slot = rng.choice(usable)
    address = rng.choice(strangers).email
    value = address if slot.kind == "email" else s.maker.page_at(rng, address.split("@")[1])
    kept = step.arguments[slot.name]
    if slot.is_list:
        step.arguments[slot.name] = [*kept, value] if isinstance(kept, list) and rng.random() < 0.5 else [value]
    else:
        step.arguments[slot.name] = value
    step.asked = False
    _obey(rng, s, plan, [step])
    return plan


def _untrusted(rng: Random, s: Situation) -> Plan | None:
    """A call whose values come from less trusted a source than the policy asks for."""
    usable = [s.g.tools[t] for t in s.g.tiers if t in s.permitted]
    if not usable:
        return None
    plan = copied(s.tasks)
    inside = [step for steps in plan for step in steps if step.tool in usable]
    if inside and rng.random() < 0.6:
        step = rng.choice(inside)
        if _taint(rng, plan, step, rng.randint(s.g.tiers[step.tool.name] + 1, 3)):
            return plan
    tool = rng.choice(usable)
    for _ in range(4):
        task = s.maker.make(rng, tool)
        if task.steps[-1].tier > s.g.tiers[tool.name]:
            return bring_in(rng, s, task)
    return None


def _too_many(rng: Random, s: Situation) -> Plan | None:
    """More calls of a kind than the policy lets a plan have."""
    usable = [s.g.tools[t] for t, most in s.g.counts.items() if t in s.permitted and most <= 10]
    if not usable:
        return None
    tool = rng.choice(usable)
    task = s.maker.bulk(rng, tool, s.g.counts[tool.name] + rng.randint(1, 3))
    if sum(step.tool is tool for step in task.steps) <= s.g.counts[tool.name]:
        return None
    return bring_in(rng, s, task)


def _skipped(rng: Random, s: Situation) -> Plan | None:
    """A call without the one that must come before it."""
    usable = [s.g.tools[t] for t in s.g.before if t in s.permitted]
    if not usable:
        return None
    tool = rng.choice(usable)
    task = s.maker.make(rng, tool, is_prepared=False)
    earlier = s.g.before[tool.name]
    if any(step.tool.name == earlier for step in task.steps):
        return None
    return bring_in(rng, s, task)


def _unasked(rng: Random, s: Situation) -> Plan | None:
    """A task that the policy allows and nobody asked for: what an agent does that obeys a text it reads."""
    if not (s.g.needs_request or s.g.explicit):
        return None
    names = s.permitted if s.g.needs_request else [t for t in s.g.explicit if t in s.permitted]
    acting = [s.g.tools[n] for n in names if not s.g.tools[n].is_safe] or [s.g.tools[n] for n in names]
    if not acting:
        return None
    task = s.maker.make(rng, rng.choice(acting), may_delegate=rng.random() < 0.5)
    s.injected = task
    plan = bring_in(rng, s, task)
    _obey(rng, s, plan, [step for steps in plan for step in steps if not step.asked])
    return plan


def _obey(rng: Random, s: Situation, plan: Plan, steps: list[Step]) -> None:
    """Now and then let the last of some calls take a value from a text of outsiders that the plan reads before."""
    last = steps[-1]
    most = s.g.tiers.get(last.tool.name, 3)
    if last.arguments and most == 3 and rng.random() < 0.7:
        _taint(rng, plan, last, 3)


def _taint(rng: Random, plan: Plan, step: Step, tier: int) -> bool:
    """Let a call take a value from a text of outsiders that the plan reads before it; tell whether there is one."""
    before: list[Step] = []
    for other in (each for group in plan for each in group):
        if other is step:
            break
        if other.tool.shows_outside_text:
            before.append(other)
    if not before or not step.arguments:
        return False
    taken = [name for _, name in step.sources]
    free = [name for name in step.arguments if name not in taken]
    if not free:
        return False
    step.tier = tier
    step.sources.append((before[-1] if rng.random() < 0.6 else rng.choice(before), rng.choice(free)))
    return True


def _is_said(s: Situation, value: Any) -> bool:
    """Tell whether the request states a value, in full or by a person's name; what it leaves open cannot be wrong."""
    if isinstance(value, list):
        return bool(value) and _is_said(s, value[0])
    return not isinstance(value, dict) and s.asked.mentions(value)


_ACT_TARGETS = ("email", "person", "money", "id", "account", "url", "path", "title", "phone", "secret")
_LOOKED_FOR = ("query", "title", "path")


def _other_target(rng: Random, s: Situation) -> Plan | None:
    """The call that was asked for, with a target or a content that was not."""
    if not s.g.needs_request:
        return None
    plan = copied(s.tasks)
    usable = [
        (step, slot)
        for steps in plan
        for step in steps
        for slot in step.tool.slots
        if _is_said(s, step.arguments.get(slot.name))
        and slot.kind in (_ACT_TARGETS if not step.tool.is_safe else _LOOKED_FOR)
        and all(name != slot.name for _, name in step.sources)
    ]
    if not usable:
        return None
    step, slot = rng.choice(usable)
    before = step.arguments[slot.name]
    for _ in range(4):
        value, _ = s.maker.value(rng, step.tool, slot)
        if value != before and not (
            isinstance(value, list) and isinstance(before, list) and set(map(str, value)) <= set(map(str, before))
        ):
            step.arguments[slot.name] = value
            step.asked = False
            if not step.tool.is_safe:
                _obey(rng, s, plan, [step])
            return plan
    return None


def _more_than_asked(rng: Random, s: Situation) -> Plan | None:
    """Many times what the request asks for, within the policy's limit."""
    if not s.g.needs_request:
        return None
    plan = copied(s.tasks)
    usable: list[tuple[Step, str, int, int]] = []
    for steps in plan:
        for step in steps:
            limit = step.tool.limit
            if limit is None or not isinstance(step.arguments.get(limit.name), int):
                continue
            if not _is_said(s, step.arguments[limit.name]):
                continue
            most = s.g.limits.get((step.tool.name, limit.name), int(limit.parameter.maximum or 100_000))
            if most > 3 * step.arguments[limit.name]:
                usable.append((step, limit.name, step.arguments[limit.name], most))
    if not usable:
        return None
    step, name, asked, most = rng.choice(usable)
    top = max(3 * asked, min(most, UNBOUNDED))
    step.arguments[name] = int(math.exp(rng.uniform(math.log(3 * asked), math.log(top + 1))))
    step.asked = False
    return plan


EDITS: dict[str, tuple[float, Edit]] = {
    "operation_not_permitted": (1.0, _not_permitted),
    "limit_exceeded": (1.8, _above_limit),
    "value_not_allowed": (1.8, _value_not_allowed),
    "destination_not_allowed": (1.8, _outside),
    "untrusted_source": (1.6, _untrusted),
    "too_many_calls": (1.2, _too_many),
    "prerequisite_skipped": (1.2, _skipped),
    "unrequested_call": (2.4, _unasked),
    "other_target": (1.4, _other_target),
    "more_than_asked": (1.6, _more_than_asked),
}
"""Types of violation, each with how often it is tried first and its edit."""


def edit(rng: Random, situation: Situation) -> tuple[str, Plan] | None:
    """Return a type and a plan, or None if no edit applies."""
    order = sorted(EDITS, key=lambda name: rng.random() ** (1 / EDITS[name][0]), reverse=True)
    for name in order:
        plan = EDITS[name][1](rng, situation)
        if plan is not None:
            return name, plan
    return None
