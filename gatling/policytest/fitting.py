"""A call while it is fitted to a policy: each condition that it fails is met by a small change."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any

from gatling.policy.calls import Call
from gatling.policy.clauses import ORDER_OPERATORS, TIME_OPERATORS, Condition, Operator
from gatling.policy.globs import matches, squashed_name
from gatling.policy.times import days_of, hours_of, time_within
from gatling.policytest.values import plain, valid_arguments
from gatling.schema import PlanNode
from gatling.schema.arguments import is_limit

_OPPOSITE = {
    Operator.AT_MOST: Operator.ABOVE, Operator.ABOVE: Operator.AT_MOST, Operator.BELOW: Operator.AT_LEAST,
    Operator.AT_LEAST: Operator.BELOW, Operator.EQUALS: Operator.DIFFERS, Operator.DIFFERS: Operator.EQUALS,
    Operator.IN: Operator.NOT_IN, Operator.NOT_IN: Operator.IN, Operator.LIKE: Operator.NOT_LIKE,
    Operator.NOT_LIKE: Operator.LIKE,
}  # fmt: skip
_RANGES = {"volume": (1, 10**9), "sensitivity": (1, 5), "tier": (1, 3)}
_ELSEWHERE = "example.org"


@dataclass(eq=False)
class CallDraft:
    """One call of a plan that is being made."""

    tool: str
    arguments: dict[str, Any]
    sensitivity: int
    limit: str | None = None
    """The argument that says how many items are asked for."""
    tier: int = 1
    volume: int | None = None
    """None: as many as `limit` says, else 1."""
    sources: list[CallDraft] = field(default_factory=list)
    """Calls whose output it takes."""

    def node(self, node_id: str) -> PlanNode:
        asked = self.arguments.get(self.limit) if self.limit else None
        if asked is None:
            asked = next((v for k, v in self.arguments.items() if is_limit(k)), None)
        volume = self.volume or (asked if isinstance(asked, int) and asked >= 1 else 1)
        return PlanNode(
            tool_name=self.tool,
            node_id=node_id,
            arguments=self.arguments,
            provenance_tier=self.tier,
            scope_volume=volume,
            scope_sensitivity=self.sensitivity,
        )


def opposite(condition: Condition) -> Condition | None:
    """Return the condition that holds where the given one does not; None if there is none of this kind."""
    operator = _OPPOSITE.get(condition.operator)
    return None if operator is None else Condition(condition.subject, operator, condition.value)


def meet(rng: Random, call: CallDraft, condition: Condition, session: dict[str, Any]) -> bool:
    """Change a call, or the session, so that a condition holds.

    Returns:
        Whether anything was done about it; False for what no change of a call can bring about.
    """
    name, _, path = condition.subject.partition(":")
    operator, wanted = condition.operator, condition.value
    if operator is Operator.UNKNOWN:
        return False
    match name:
        case "argument":
            return _meet_argument(call.arguments, path, operator, wanted)
        case "session":
            return _meet_argument(session, path, operator, wanted)
        case "volume" | "sensitivity" | "tier":
            return _meet_level(call, name, operator, wanted)
        case "destination" | "host":
            return _meet_destination(call, operator, wanted)
        case "resource":
            call.arguments["resource"] = fill(wanted[0]) if operator is Operator.LIKE and wanted else "other"
            return True
        case "schema":
            arguments = valid_arguments(rng, wanted, call.arguments)
            if arguments is not None:
                call.arguments = arguments
            return arguments is not None
        case _:
            return False


def mention(rng: Random, call: CallDraft, condition: Condition) -> None:
    """Give a call the argument that a condition speaks of, with a value inside it, if it has none."""
    name, _, path = condition.subject.partition(":")
    if not path or name not in ("argument", "tier") or _slot(call.arguments, path) is None:
        return
    inner, key = _slot(call.arguments, path) or ({}, "")
    if key in inner:
        return
    if name == "argument" and condition.operator is not Operator.UNKNOWN:
        _meet_argument(call.arguments, path, condition.operator, condition.value)
    else:
        inner[key] = plain(rng, key, "string")


def has_argument(call: CallDraft, path: str) -> bool:
    slot = _slot(call.arguments, path)
    return slot is not None and slot[1] in slot[0]


def fill(pattern: str) -> str:
    """Return a text that a pattern with `*` and `?` matches."""
    return pattern.replace("*", "main").replace("?", "x")


def _slot(arguments: dict[str, Any], path: str) -> tuple[dict[str, Any], str] | None:
    """Return the mapping and the key that a dotted path means, as the call writes it; missing mappings are added."""
    *outer, last = path.split(".")
    inner = arguments
    for part in outer:
        key = _key(inner, part)
        inner = inner.setdefault(key, {})
        if not isinstance(inner, dict):
            return None
    return inner, _key(inner, last)


def _key(arguments: dict[str, Any], name: str) -> str:
    return next((key for key in arguments if squashed_name(key) == squashed_name(name)), name)


def _meet_argument(arguments: dict[str, Any], path: str, operator: Operator, wanted: Any) -> bool:
    slot = _slot(arguments, path)
    if slot is None:
        return False
    inner, key = slot
    found, value = _fitted(inner.get(key), operator, wanted)
    if found:
        inner[key] = value
    return found


def _meet_level(call: CallDraft, name: str, operator: Operator, wanted: Any) -> bool:
    if isinstance(wanted, bool) or not isinstance(wanted, (int, float)):
        return False
    now = call.node("call")
    old = {"volume": now.scope_volume, "sensitivity": now.scope_sensitivity, "tier": now.provenance_tier}[name]
    low, high = _RANGES[name]
    value = int(_fitted(old, operator, wanted)[1])
    setattr(call, name, max(low, min(high, value)))
    return low <= value <= high


def _fitted(old: Any, operator: Operator, wanted: Any) -> tuple[bool, Any]:
    """Return whether there is one, and a value that fits, the old one where it does."""
    choices = list(wanted) if isinstance(wanted, (tuple, list)) else [wanted]
    if operator in ORDER_OPERATORS:
        if isinstance(old, list):
            most = wanted - (operator is Operator.BELOW)
            least = wanted + (operator is Operator.ABOVE)
            if operator in (Operator.AT_MOST, Operator.BELOW):
                return most >= 1, old[: max(0, int(most))]
            return bool(old), (old * (int(least) + 1))[: max(len(old), int(least))]
        return True, _within(old, operator, wanted)
    if not choices:
        return False, None
    if operator in TIME_OPERATORS:
        spans = hours_of(wanted) if operator is Operator.HOURS else None
        days = days_of(wanted) if operator is Operator.DAYS else None
        return True, time_within(old, spans or (), days or frozenset())
    if operator in (Operator.EQUALS, Operator.IN, Operator.LIKE):
        items = old if isinstance(old, list) else [old]
        is_known = all(
            any(matches(c.casefold(), str(i).casefold()) if operator is Operator.LIKE else i == c for c in choices)
            for i in items
        )
        if is_known and old is not None:
            return True, old
        new = fill(choices[0]) if operator is Operator.LIKE else choices[0]
        return True, [new] if isinstance(old, list) else new
    other: Any
    for other in (old, 7, "report", "main", "other", not old):
        texts = [str(other).casefold(), str(other)]
        fits = (matches(str(c).casefold(), t) or str(c) == t for c in choices for t in texts)
        if other is not None and not any(fits):
            return True, other
    return False, None


def _within(old: Any, operator: Operator, bound: float) -> float:
    number = old if isinstance(old, (int, float)) and not isinstance(old, bool) else None
    whole = float(bound).is_integer()
    match operator:
        case Operator.AT_MOST:
            return number if number is not None and number <= bound else _inside(bound)
        case Operator.BELOW:
            least_step = 1 if whole and bound > 1 else abs(bound) / 2 or 1
            return number if number is not None and number < bound else _inside(bound - least_step)
        case Operator.AT_LEAST:
            return number if number is not None and number >= bound else bound
        case _:
            return number if number is not None and number > bound else bound + 1


def _inside(bound: float) -> float:
    """Return a number at most a bound, with room below it for large bounds."""
    return bound if bound <= 10 else int(bound // 2)


def _meet_destination(call: CallDraft, operator: Operator, patterns: tuple[str, ...]) -> bool:
    """Send everything to a listed place, or away from a forbidden one."""
    if operator is Operator.LIKE and not patterns:
        return False
    named = {d.argument for d in Call(call.node("call")).destinations}

    def readdressed(value: Any, path: str) -> Any:
        if isinstance(value, dict):
            return {k: readdressed(v, f"{path}.{k}" if path else k) for k, v in value.items()}
        if isinstance(value, list):
            return [readdressed(v, path) for v in value]
        if path not in named or not isinstance(value, (str, int, float)):
            return value
        return _place(patterns[0] if operator is Operator.LIKE else _ELSEWHERE, str(value))

    call.arguments = {k: readdressed(v, k) for k, v in call.arguments.items()}
    return True


def _place(pattern: str, old: str) -> str:
    local = old.partition("@")[0] if "@" in old else "mira"
    text = pattern.replace("*@", f"{local}@").replace("*", "main").replace("?", "x")
    host = text.lstrip("@")
    if "@" in host or "." not in host:
        return host
    return f"https://{host}/in" if "://" in old else f"{local}@{host}"
