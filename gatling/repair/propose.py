"""From findings to edits that may mend them, the worst finding first.

A finding that names an argument leads to edits of that argument; one that names a call only, to edits of all its arguments. Both
lead to a weaker tool for the call and to its removal. At most `MAX_FINDINGS` findings are looked at and `MAX_PROPOSALS` edits
made a round, so a plan of thousands of calls costs no more than one of dozens, but for one pass over its edges for each
removal.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from gatling.energy.finding import Assessment, Code, Finding, Source
from gatling.policy.bounds import squashed_path
from gatling.policy.calls import Call
from gatling.policy.places import parse_place
from gatling.repair.arguments import is_list_of_things, values_of
from gatling.repair.edits import DeEscalate, DropArgument, Edit, Narrow, Prune, Redirect
from gatling.repair.flow import Flow
from gatling.repair.grounds import Grounds
from gatling.repair.tools import is_genuine, standing
from gatling.repair.widens import day_of, drop_widens, is_inwards, may_be_less, pieces_of
from gatling.schema import ExecutionPlan, PlanNode
from gatling.schema.arguments import ArgumentPath, dotted, dotted_leaves, end_of_range, is_limit, number_of

MAX_PROPOSALS = 48
"""Edits a round."""
MAX_FINDINGS = 16
"""Findings that a round looks at."""
MAX_OF_ARGUMENTS = 12
"""Edits of one call's arguments for one finding."""
MAX_TOOLS = 2
"""Weaker tools for one call."""
MAX_NUMBERS = 3
"""Smaller numbers for one argument."""

_VOLUME = squashed_path("scope_volume")


def propose(plan: ExecutionPlan, assessment: Assessment, grounds: Grounds) -> list[Edit]:
    """Return edits for what is wrong with a plan, in a fixed order: by finding, the cheaper edits of each first.

    Args:
        assessment: of the plan. Without a finding that names a call, calls are to be removed by their energy.
    """
    nodes = {node.node_id: node for node in plan.nodes}
    findings = [f for f in assessment.findings if f.node_id in nodes]
    flow = Flow(plan)
    if not findings:
        return _by_energy(plan, assessment, flow)
    found: dict[str, Edit] = {}
    texts = _texts_of(plan)
    for finding in findings[:MAX_FINDINGS]:
        node = nodes[finding.node_id or ""]
        for edit in _for_finding(plan, flow, texts, node, finding, grounds):
            found.setdefault(f"prune {edit.roots}" if isinstance(edit, Prune) else repr(edit), edit)
            if len(found) >= MAX_PROPOSALS:
                return list(found.values())
    return list(found.values())


def edits_at(plan: ExecutionPlan, node_id: str, grounds: Grounds) -> list[Edit]:
    """Return all edits at one call, as if everything about it were in doubt. Raises: KeyError if there is no such call."""
    node = {n.node_id: n for n in plan.nodes}[node_id]
    doubt = Finding(Source.GUARD, Code.FAULT, node_id, None, None, "", "", 0.0)
    return list(_for_finding(plan, Flow(plan), _texts_of(plan), node, doubt, grounds))


def prune_all(plan: ExecutionPlan, assessment: Assessment) -> Prune | None:
    """Return the edit that removes every call that a finding names; None if there is no such call, or no other would be left."""
    flow = Flow(plan)
    known = {node.node_id for node in plan.nodes}
    blamed = tuple(dict.fromkeys(f.node_id for f in assessment.findings if f.node_id in known))
    return _prune(plan, flow, tuple(b for b in blamed if b is not None))


def _by_energy(plan: ExecutionPlan, assessment: Assessment, flow: Flow) -> list[Edit]:
    """Removals where nobody says which call is to blame: the calls of highest energy first."""
    energy = assessment.node_energy
    ranked = sorted(enumerate(plan.nodes), key=lambda pair: (-energy.get(pair[1].node_id, 0.0), pair[0]))
    edits = (_prune(plan, flow, (node.node_id,)) for _, node in ranked[:MAX_FINDINGS])
    return [edit for edit in edits if edit is not None]


def _for_finding(
    plan: ExecutionPlan, flow: Flow, texts: Counter[str], node: PlanNode, finding: Finding, grounds: Grounds
) -> Iterator[Edit]:
    own = _texts_of_call(node)

    def is_done_elsewhere(edit: Edit) -> bool:
        return isinstance(edit, Redirect) and texts[edit.new.casefold()] > own[edit.new.casefold()]

    # A place that another call goes to already is no reason to keep this one; and of several that could be meant none is.
    of_arguments = [e for e in _of_arguments(plan, node, finding, grounds) if not is_done_elsewhere(e)]
    meant = Counter((e.path, e.named_by) for e in of_arguments if isinstance(e, Redirect))
    of_arguments = [e for e in of_arguments if not isinstance(e, Redirect) or _is_clear(e, meant)]
    yield from sorted(of_arguments, key=lambda edit: edit.cost)[:MAX_OF_ARGUMENTS]
    others = [t for t in grounds.granted if grounds.may_stand_in(t, node.tool_name)]
    weaker = [t for t in others if _takes(t, node.arguments, grounds)]
    if node.tool_name in grounds.granted:  # nothing is wrong with the tool: another must be what was asked for
        weaker = [t for t in weaker if grounds.request.asks_for(t)]
    # The nearest to what was meant first.
    weaker.sort(key=lambda t: (not is_genuine(t, node.tool_name), not grounds.request.asks_for(t), -standing(t)[1]))
    yield from (DeEscalate(node.node_id, node.tool_name, tool) for tool in weaker[:MAX_TOOLS])
    prune = _prune(plan, flow, (node.node_id,))
    if prune is not None:
        yield prune


def _is_clear(edit: Redirect, meant: Counter[tuple[ArgumentPath, str]]) -> bool:
    """Tell whether a place is the only one that the request names for an argument; where it names none, that the policy does."""
    by_request = meant[edit.path, "request"]
    return by_request == 1 if edit.named_by == "request" else by_request == 0 and meant[edit.path, "policy"] == 1


def _texts_of(plan: ExecutionPlan) -> Counter[str]:
    """Count the texts among all arguments of a plan, whatever their case."""
    found: Counter[str] = Counter()
    for node in plan.nodes:
        found.update(_texts_of_call(node))
    return found


def _texts_of_call(node: PlanNode) -> Counter[str]:
    return Counter(leaf.casefold() for _, leaf in dotted_leaves(node.arguments) if isinstance(leaf, str))


def _takes(tool: str, arguments: dict[str, Any], grounds: Grounds) -> bool:
    """Tell whether a tool takes arguments, by the policy's schema of it; without one it is believed to."""
    return all(schema.accepts(arguments) for schema in grounds.schemas(tool))


def _prune(plan: ExecutionPlan, flow: Flow, roots: tuple[str, ...]) -> Prune | None:
    gone = flow.calls_that_go(roots)
    return Prune.of(plan, roots, gone) if 0 < len(gone) < len(plan.nodes) else None


# --- arguments ------------------------------------------------------------------------------------------------------------


def _of_arguments(plan: ExecutionPlan, node: PlanNode, finding: Finding, grounds: Grounds) -> Iterator[Edit]:
    wanted = squashed_path(finding.argument) if finding.argument else ""
    is_of_volume = wanted in ("", _VOLUME)
    if is_of_volume:
        yield from _volumes(node, finding, grounds)
    destinations = {d.argument for d in Call(node).destinations}
    for name in node.arguments:
        is_named = wanted == squashed_path(name) or wanted.startswith(squashed_path(name) + ".")
        left = {key: value for key, value in node.arguments.items() if key != name}
        if (not wanted or is_named) and drop_widens(node, name, left, grounds) is None:
            yield DropArgument.of(plan, node, name)
    for path, value in values_of(node.arguments):
        if wanted and squashed_path(dotted(path)) != wanted and not (is_of_volume and is_limit(path)):
            continue
        is_destination = dotted(path) in destinations
        if isinstance(value, (list, tuple)):
            yield from _lists(node, path, list(value), grounds, is_destination=is_destination)
            continue
        if not is_destination:
            yield from _numbers(node, path, value, finding.bound, grounds)
        if isinstance(value, str):
            yield from _texts(node, path, value, grounds, is_destination=is_destination)


def _numbers(node: PlanNode, path: ArgumentPath, value: Any, bound: float | None, grounds: Grounds) -> Iterator[Edit]:
    old = number_of(value)
    if old is None:
        return
    for new in _smaller(old, bound, grounds.bounds(node.tool_name, path), grounds):
        if may_be_less(node, path, old, new, grounds):
            follows = is_limit(path) or node.scope_volume == old
            volume = min(node.scope_volume, max(1, math.floor(new))) if follows else node.scope_volume
            number = new if isinstance(value, float) else int(new)
            written = str(number) if isinstance(value, str) else number
            yield Narrow(node.node_id, path, value, written, node.scope_volume, volume)


def _volumes(node: PlanNode, finding: Finding, grounds: Grounds) -> Iterator[Edit]:
    """Lower the stated volume alone, where something holds the call to it already."""
    old = node.scope_volume
    limits = [n for p, v in values_of(node.arguments) if is_limit(p) and (n := number_of(v)) is not None and n >= 1]
    least = 1 if grounds.enforces_volume else min(limits, default=math.inf)
    for new in _smaller(old, finding.bound, grounds.bounds(node.tool_name, ()), grounds):
        if new >= least:
            yield Narrow(node.node_id, (), old, int(new), old, int(new))


def _smaller(old: float, bound: float | None, bounds: Sequence[float], grounds: Grounds) -> list[float]:
    """Return smaller numbers that policy or request name, in whole numbers where the old one is whole, the largest first."""
    named = [*bounds, *grounds.request.numbers, *([] if bound is None else [bound])]
    is_whole = old == math.floor(old)
    found = {math.floor(n) if is_whole else float(n) for n in named if 1 <= n < old}
    return sorted(found, reverse=True)[: 2 * MAX_NUMBERS]


def _lists(
    node: PlanNode, path: ArgumentPath, items: list[Any], grounds: Grounds, *, is_destination: bool
) -> Iterator[Edit]:
    if not is_list_of_things(path):
        return
    choices = {c.casefold() for c in grounds.choices(node.tool_name, path)}

    def passes(item: Any) -> bool:
        if is_destination:
            return not isinstance(item, str) or grounds.lets_pass(node.tool_name, parse_place("", item))
        return not choices or (isinstance(item, str) and item.casefold() in choices)

    by_policy = [item for item in items if passes(item)]
    by_request = [item for item in items if grounds.states(item)]
    by_both = [item for item in by_policy if grounds.states(item)]
    lists: list[list[Any]] = [by_policy, by_request, by_both]
    lists += [items[: int(b)] for b in grounds.bounds(node.tool_name, path) if 1 <= b < len(items)]
    seen: list[list[Any]] = []
    for kept in lists:
        if 0 < len(kept) < len(items) and kept not in seen:
            seen.append(kept)
            volume = len(kept) if node.scope_volume == len(items) else node.scope_volume
            yield Narrow(node.node_id, path, items, kept, node.scope_volume, volume)


def _texts(node: PlanNode, path: ArgumentPath, text: str, grounds: Grounds, *, is_destination: bool) -> Iterator[Edit]:
    if is_destination and len(pieces := pieces_of(text)) > 1:
        by_policy = [p for p in pieces if grounds.lets_pass(node.tool_name, parse_place("", p))]
        by_request = [p for p in pieces if grounds.states(p)]
        for kept in dict.fromkeys((", ".join(by_policy), ", ".join(by_request))):
            if kept and len(pieces_of(kept)) < len(pieces):
                yield Narrow(node.node_id, path, text, kept, node.scope_volume, node.scope_volume)
        return
    for new in _days(node, path, text, grounds):
        yield Narrow(node.node_id, path, text, new, node.scope_volume, node.scope_volume)
    named = grounds.replacements(node.tool_name, path, text, is_destination=is_destination)
    for new, who in named[:MAX_OF_ARGUMENTS]:
        yield Redirect(node.node_id, path, text, new, who)


def _days(node: PlanNode, path: ArgumentPath, text: str, grounds: Grounds) -> Iterator[str]:
    """Move an end of a range inwards to a day that the request states, not across the range's other end."""
    direction = end_of_range(path)
    others: list[date] = [
        day for p, v in values_of(node.arguments) if end_of_range(p) == -direction and (day := day_of(v)) is not None
    ]
    for day in sorted(grounds.request.days, reverse=direction > 0):
        new = day.isoformat() + text[10:]
        is_across = any((day < other) if direction > 0 else (day > other) for other in others)
        if is_inwards(path, text, new, grounds) and not is_across:
            yield new
