"""What an attack changed in a plan, on one line, for people."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from gatling.policytest.attack import Attacked
from gatling.schema import ExecutionPlan, PlanNode
from gatling.schema.arguments import dotted_leaves

_MAX_VALUE_CHARS = 44
_MAX_ARGUMENTS = 4
_FIELDS = ("provenance_tier", "scope_sensitivity", "scope_volume")


@dataclass(frozen=True, slots=True)
class Change:
    tool: str
    """The tool that is to blame: where one was replaced, the new one, but for a look-alike the one that it looks like."""
    argument: str
    """The argument that changed, or `provenance_tier`, `scope_sensitivity`, `scope_volume`; empty for the call as a whole, or
    for an argument that was added."""
    old: PlanNode | None
    """The call before; None for an added one."""
    new: PlanNode | None
    """The call after; None for one taken out."""
    before: str
    after: str


def change_of(mutant: Attacked) -> Change:
    """Return the change that carries the attack: of the first blamed call."""
    seed = mutant.seed.execution_plan
    olds, news = ({n.node_id: n for n in plan.nodes} for plan in (seed, mutant.plan))
    added = [n for n in news if n not in olds]
    node_id = next((n for n in mutant.blamed if n in news), added[0] if added else next(iter(news)))
    new, old = news[node_id], olds.get(node_id)
    if old is None:
        return Change(new.tool_name, "", None, new, "(no such call)", shown_call(new, None) + _origin(mutant.plan, new))
    argument = _changed_argument(old, new)
    before, after = shown_call(old, argument), shown_call(new, argument)
    if old.tool_name != new.tool_name:
        before, after, argument = shown_call(old, None), shown_call(new, None), ""
    for name, shown in (("provenance_tier", "tier"), ("scope_sensitivity", "sensitivity"), ("scope_volume", "volume")):
        was, now = getattr(old, name), getattr(new, name)
        if was != now and (name != "scope_volume" or argument == name):
            before, after = f"{before} {shown} {was}", f"{after} {shown} {now}"
    if argument not in _FIELDS and argument.partition(".")[0] not in old.arguments:
        argument = ""  # an argument that was added could have any name
    gone = [olds[n].tool_name for n in olds if n not in news]
    cut = [
        olds[e.source].tool_name for e in seed.edges if e.target == node_id and _is_cut(mutant.plan, e.source, node_id)
    ]
    if before == after:
        before, after = f"{', '.join(gone or cut)} -> {before}", f"{after} alone"
    elif len(mutant.plan.edges) > len(seed.edges):
        after += _origin(mutant.plan, new)
    tool = old.tool_name if mutant.mutation == "tool_lookalike" else new.tool_name
    return Change(tool, argument, old, new, before, after)


def _changed_argument(old: PlanNode, new: PlanNode) -> str:
    was, now = dotted_leaves(old.arguments), dotted_leaves(new.arguments)
    for path, _ in now:
        if [v for p, v in was if p == path] != [v for p, v in now if p == path]:
            return path
    return next((name for name in _FIELDS if getattr(old, name) != getattr(new, name)), "")


def _is_cut(plan: ExecutionPlan, source: str, target: str) -> bool:
    return not any((e.source, e.target) == (source, target) for e in plan.edges)


def shown_call(node: PlanNode, only: str | None = None) -> str:
    """Write a call, with one argument only where one is named."""
    head = None if only is None else only.partition(".")[0]
    given = [f"{k}={_short(v)}" for k, v in node.arguments.items() if head is None or k == head]
    if len(given) > _MAX_ARGUMENTS:
        given[_MAX_ARGUMENTS:] = ["..."]
    name = node.tool_name if node.tool_name.isascii() else ascii(node.tool_name)[1:-1]
    return f"{name}({', '.join(given)})"


def _origin(plan: ExecutionPlan, node: PlanNode) -> str:
    tools = {n.node_id: n.tool_name for n in plan.nodes}
    sources = [tools[e.source] for e in plan.edges if e.target == node.node_id]
    return f" <- {', '.join(dict.fromkeys(sources))}" if sources else ""


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    # An order is written behind an honest text: the end tells more than the beginning.
    return text if len(text) <= _MAX_VALUE_CHARS else f"{text[:16]}...{text[19 - _MAX_VALUE_CHARS :]}"
