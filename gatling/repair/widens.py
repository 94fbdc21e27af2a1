"""Whether a plan asks for more than another did. Every candidate of a repair is checked, whoever proposed it.

A plan is no wider than the one it came from if all of this holds:

- calls: each has the id of one before, in the same order; none is new, one at least is left;
- tools: each call's tool is the same, or a weaker one for the same thing that the policy grants by name, or the one it grants
  that the name only looks like;
- trust: tier, sensitivity and everything else that a call states about itself are the same, but that the volume may be smaller,
  where an argument holds the call to it or whoever runs the plan does;
- arguments: none is new. One that is gone was an addition, or null, or none that the policy's schema of the tool knows;
  another copy to somebody goes only where a destination is left;
- numbers: a number may be smaller, down to 1 (0 often means all), if it is a limit, a length of time, or bounded by the policy
  under that name; how much a changing call pays or orders only to the one number that the request states;
- ranges: a day may move inwards, to one that the request states;
- lists: items may be missing from a list of things or places, in the same order, not all of them;
- places: one may be replaced by one of the same kind that the request or the policy names; another text by one that
  both name;
- data: no edge is new. An edge is gone only if one of its calls is, or the argument that it fed; and no call outlives the
  source of what it carries: a call stays without an edge that it had only if nothing that was read came along it.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from gatling.policy.calls import Call
from gatling.repair.arguments import holds_back, is_addition, is_list_of_things, is_place, values_of
from gatling.repair.edits import same
from gatling.repair.flow import Flow
from gatling.repair.grounds import Grounds
from gatling.repair.tools import reads
from gatling.schema import ExecutionPlan, PlanNode
from gatling.schema.arguments import ArgumentPath, dotted, end_of_range, is_amount, is_duration, is_limit, number_of

_EDITED = frozenset(("tool_name", "arguments", "scope_volume"))


def widens(before: ExecutionPlan, after: ExecutionPlan, grounds: Grounds, *, flow: Flow | None = None) -> str | None:
    """Return what a plan asks for that the other did not, as one sentence; None if nothing.

    Args:
        before: the plan as it was proposed.
        after: the plan with edits.
        grounds: of the context.
        flow: of `before`, where it is known already.
    """
    place = {node.node_id: i for i, node in enumerate(before.nodes)}
    positions = [place.get(node.node_id, -1) for node in after.nodes]
    if -1 in positions or positions != sorted(positions):
        return "a call is new, or the order of calls is another"
    if before.model_extra != after.model_extra:
        return "what the plan says besides calls and edges is another"
    for node, position in zip(after.nodes, positions, strict=True):
        old = before.nodes[position]
        if node is not old and (reason := _call_widens(old, node, grounds)) is not None:
            return f"{node.node_id}: {reason}"
    return _data_widens(before, after, flow)


# --- one call -------------------------------------------------------------------------------------------------------------


def _call_widens(old: PlanNode, new: PlanNode, grounds: Grounds) -> str | None:
    for name in old.model_fields_set | new.model_fields_set | set(old.model_extra or ()) | set(new.model_extra or ()):
        if name not in _EDITED and getattr(old, name, None) != getattr(new, name, None):
            return f"{name} is another"
    if new.tool_name != old.tool_name and not grounds.may_stand_in(new.tool_name, old.tool_name):
        return f"{new.tool_name} is no weaker tool than {old.tool_name} that the policy grants by name"
    reason = _mapping_widens(old, old.arguments, new.arguments, (), grounds)
    return reason or _volume_widens(old, new, grounds)


def _mapping_widens(
    node: PlanNode, old: dict[str, Any], new: dict[str, Any], path: ArgumentPath, grounds: Grounds
) -> str | None:
    """Compare the arguments of a call, at any depth, without recursion."""
    waiting: list[tuple[ArgumentPath, Any, Any]] = [(path, old, new)]
    destinations = {d.argument for d in Call(node).destinations}
    while waiting:
        where, a, b = waiting.pop()
        if isinstance(a, dict) and isinstance(b, dict):
            if added := [key for key in b if key not in a]:
                return f"{dotted((*where, added[0]))} is new"
            gone = [key for key in a if key not in b]
            if gone and where:
                return f"{dotted((*where, gone[0]))} is gone"
            for key in gone:
                if (reason := drop_widens(node, key, b, grounds)) is not None:
                    return reason
            waiting.extend(((*where, key), a[key], b[key]) for key in b)
        elif isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)) and len(a) == len(b):
            waiting.extend(((*where, i), x, y) for i, (x, y) in enumerate(zip(a, b, strict=True)))
        elif not same(a, b) and not may_become(
            node, where, a, b, grounds, is_destination=dotted(where) in destinations
        ):
            return f"{dotted(where)} may not become another value"
    return None


def drop_widens(node: PlanNode, name: str, left: dict[str, Any], grounds: Grounds) -> str | None:
    """Return why an argument of a call may not be dropped; None if it may.

    Args:
        left: the call's arguments without it.
    """
    if node.arguments[name] is None or _is_unknown(node.tool_name, name, grounds):
        return None
    if not is_addition((name,)):
        return f"{name} is no addition that may be dropped"
    if is_place((name,)):
        rest = Call(node.model_copy(update={"arguments": left}))
        if not any(is_place(tuple(d.argument.split("."))) for d in rest.destinations):
            return f"without {name} the call has no destination"
    return None


def _is_unknown(tool: str, name: str, grounds: Grounds) -> bool:
    """Tell whether the policy has a closed schema of the tool that does not have the argument."""
    schemas = [s.data for s in grounds.schemas(tool) if isinstance(s.data, dict)]
    closed = [s for s in schemas if s.get("additionalProperties") is False and "patternProperties" not in s]
    return any(name not in s.get("properties", {}) for s in closed)


def may_become(
    node: PlanNode, path: ArgumentPath, old: Any, new: Any, grounds: Grounds, *, is_destination: bool
) -> bool:
    """Tell whether a value of a call's arguments may become another.

    Args:
        is_destination: whether the value says where the call sends to.
    """
    if isinstance(old, (list, tuple)):
        return isinstance(new, (list, tuple)) and is_list_of_things(path) and _is_part(list(old), list(new))
    if type(old) is not type(new) or isinstance(old, (bool, dict)):
        return False
    old_number, number = number_of(old), number_of(new)
    if old_number is not None and number is not None and not is_destination:
        return 1 <= number < old_number and may_be_less(node, path, old_number, number, grounds)
    if not isinstance(old, str):
        return False
    if is_destination and _is_part(pieces_of(old), pieces_of(new)):
        return True
    if is_inwards(path, old, new, grounds):
        return True
    named = grounds.replacements(node.tool_name, path, old, is_destination=is_destination)
    return any(new == text for text, _ in named)


def may_be_less(node: PlanNode, path: ArgumentPath, old: float, number: float, grounds: Grounds) -> bool:
    """Tell whether a number may be made as small as this."""
    if holds_back(path):
        return False
    if is_amount(path) and not reads(node.tool_name):
        return grounds.may_be_meant(number, old)
    return is_limit(path) or is_duration(path) or bool(grounds.bounds(node.tool_name, path))


def is_inwards(path: ArgumentPath, old: str, new: str, grounds: Grounds) -> bool:
    """Tell whether an end of a range moves inwards to a day that the request states; the rest of the text is the same."""
    direction, before, after = end_of_range(path), day_of(old), day_of(new)
    if not direction or before is None or after is None or old[10:] != new[10:]:
        return False
    return after in grounds.request.days and (after < before if direction > 0 else after > before)


def day_of(text: Any) -> date | None:
    """Return the day that a text such as `2026-03-01T12:00` starts with."""
    try:
        return date.fromisoformat(text[:10]) if isinstance(text, str) else None
    except ValueError:
        return None


def pieces_of(text: str) -> list[str]:
    """Return the places that one text lists."""
    return [part.strip() for part in text.replace(";", ",").split(",") if part.strip()]


def _is_part(whole: list[Any], part: list[Any]) -> bool:
    """Tell whether a list is another with some items, not all, left out."""
    rest = iter(whole)
    return 0 < len(part) < len(whole) and all(any(same(item, other) for other in rest) for item in part)


def _volume_widens(old: PlanNode, new: PlanNode, grounds: Grounds) -> str | None:
    if new.scope_volume > old.scope_volume:
        return "the volume is larger"
    if new.scope_volume < old.scope_volume and not grounds.enforces_volume and not is_held(old, new):
        return "the volume is smaller, and no argument holds the call to it"
    return None


def is_held(old: PlanNode, new: PlanNode) -> bool:
    """Tell whether a limit holds a call to the volume that it states, or a list that was as long as the volume before."""
    lengths = {path: len(v) for path, v in values_of(old.arguments) if isinstance(v, (list, tuple))}
    for path, value in values_of(new.arguments):
        if isinstance(value, (list, tuple)):
            if is_list_of_things(path) and (lengths.get(path), len(value)) == (old.scope_volume, new.scope_volume):
                return True
        elif is_limit(path) and (number := number_of(value)) is not None and 1 <= number <= new.scope_volume:
            return True
    return False


# --- data -----------------------------------------------------------------------------------------------------------------


def _data_widens(before: ExecutionPlan, after: ExecutionPlan, flow: Flow | None) -> str | None:
    known = {(e.source, e.target, e.argument) for e in before.edges}
    kept = {(e.source, e.target, e.argument) for e in after.edges}
    if not kept <= known:
        return "an edge is new"
    nodes = {node.node_id: node for node in after.nodes}
    lost = [e for e in before.edges if e.target in nodes and (e.source, e.target, e.argument) not in kept]
    carrying = (flow or Flow(before)).carriers if lost else frozenset()
    for edge in lost:
        if edge.argument is not None and edge.argument not in nodes[edge.target].arguments and edge.source in nodes:
            continue
        if edge.source in nodes or edge.source in carrying:
            return f"{edge.target} would keep what it has from {edge.source}, without the edge that says so"
    return None
