"""When the calls to blame are made: as recorded, as soon as what they rest on has been read, or when the honest work is done."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal

from gatling.attack.adaptive.scene import Span, leaves

Order = Literal["kept", "early", "late"]
_LEAST_VALUE = 4


@dataclass(frozen=True, slots=True)
class _Unit:
    """Messages that move together: one call with its result, or any other message; each with its place in the record."""

    messages: tuple[tuple[int, Any], ...]
    call: str | None = None
    arguments: str = ""


def reordered(
    messages: list[Any], spans: tuple[Span, ...], blamed: tuple[str, ...], order: Order
) -> tuple[list[Any], tuple[Span, ...]] | None:
    """Return the messages in another order, and the spans where they stand now; None if the order cannot be changed."""
    if order == "kept":
        return messages, spans
    units = _units(messages)
    if units is None:
        return None
    moved = [unit for unit in units if unit.call in blamed]
    rest = [unit for unit in units if unit.call not in blamed]
    at = _early(rest, moved, spans) if order == "early" else _late(rest)
    if at is None:
        return None
    units = [*rest[:at], *moved, *rest[at:]]
    order_now = [pair for unit in units for pair in unit.messages]
    new = {i: position for position, (i, message) in enumerate(order_now) if "tool_calls" not in message}
    if [message for _, message in order_now] == messages:
        return None
    kept = tuple(Span(new[span.message], span.start, span.end) for span in spans)
    return [message for _, message in order_now], tuple(sorted(kept))


def _units(messages: list[Any]) -> list[_Unit] | None:
    """Return the messages in units; None where a result does not stand behind its call."""
    units: list[_Unit] = []
    i = 0
    while i < len(messages):
        message = messages[i]
        calls = message.get("tool_calls") or []
        if not calls:
            units.append(_Unit(((i, message),)))
            i += 1
            continue
        results: dict[str, tuple[int, Any]] = {}
        j = i + 1
        while j < len(messages) and messages[j].get("role") == "tool":
            results[messages[j].get("tool_call_id")] = (j, messages[j])
            j += 1
        if set(results) != {call["id"] for call in calls} or len(results) != j - i - 1:
            return None
        for n, call in enumerate(calls):
            made = {**message, "tool_calls": [call]}
            if n:
                made["content"] = None
            arguments = call["function"]["arguments"]
            text = arguments if isinstance(arguments, str) else json.dumps(arguments)
            units.append(_Unit(((i, made), results[call["id"]]), call["id"], text))
        i = j
    return units


def _early(rest: list[_Unit], moved: list[_Unit], spans: tuple[Span, ...]) -> int | None:
    """Return the first place at which a text of the attacker, and all values of the moved calls, have been read."""
    carriers = {span.message for span in spans}
    values = {leaf for unit in moved for leaf in _values(unit.arguments)}
    results = ["\n".join(str(message.get("content")) for _, message in unit.messages) for unit in rest]
    needed = {value for value in values if any(value in text for text in results)}
    has_read = not carriers
    for n, (unit, text) in enumerate(zip(rest, results, strict=True)):
        has_read |= any(i in carriers for i, _ in unit.messages)
        needed = {value for value in needed if value not in text}
        if has_read and not needed:
            return n + 1
    return None


def _values(arguments: str) -> list[str]:
    try:
        return [leaf for leaf in leaves(json.loads(arguments)) if len(leaf) >= _LEAST_VALUE]
    except (ValueError, RecursionError):
        return []


def _late(rest: list[_Unit]) -> int | None:
    return max((n + 1 for n, unit in enumerate(rest) if unit.call is not None), default=None)
