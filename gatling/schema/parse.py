"""Plain data to schema objects, with Gatling's one-sentence errors instead of pydantic's list."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from gatling.errors import InputError
from gatling.schema.lru import LruCache
from gatling.schema.plain import canonical_json, join_path
from gatling.schema.trace import ExecutionPlan, GovernanceContext, Trace

M = TypeVar("M", bound=BaseModel)


def _parse(model: type[M], value: Any) -> M:
    if isinstance(value, model):
        return value
    if not isinstance(value, dict):
        raise InputError(f"a {type(value).__name__}, wanted an object with the fields of {model.__name__}")
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise _first(error) from None


def _first(error: ValidationError) -> InputError:
    details = error.errors(include_url=False)
    detail = details[0]
    path = ""
    for part in detail["loc"]:
        path = join_path(path, part)
    context = detail.get("ctx") or {}
    relative = str(context.get("path") or "")
    if relative:
        path = f"{path}{relative}" if relative.startswith("[") or not path else f"{path}.{relative}"
    reason = "missing" if detail["type"] == "missing" else str(context.get("reason") or detail["msg"])
    if detail["type"] not in {"missing", "gatling"}:
        shown = _shown(detail["input"])
        reason = f"{reason}, found {shown}"
    if context.get("line") and detail["type"] == "gatling":
        reason = f"line {context['line']} of the text: {reason}"
    if len(details) > 1:
        reason = f"{reason} (and {len(details) - 1} more)"
    return InputError(reason, path=path)


def _shown(value: Any) -> str:
    if isinstance(value, (dict, list, tuple)):
        return f"a {type(value).__name__} of {len(value)}"
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 10**20:
        return "a number of more than 20 digits"
    shown = repr(value[:80] if isinstance(value, str) else value)
    return shown if len(shown) <= 80 else shown[:77] + "..."


def parse_trace(value: Any) -> Trace:
    """Make a trace from plain data.

    Raises:
        InputError: naming the path, the value and what was wanted.
    """
    return _parse(Trace, value)


class RecentContexts:
    """Parses traces, each distinct context only once while it is among those met recently.

    Traces of one context usually stand near each other, and a context is most of a trace.
    """

    def __init__(self, size: int = 256) -> None:
        self._known: LruCache[str, GovernanceContext] = LruCache(size)

    def parse_trace(self, value: Any) -> Trace:
        """Make a trace from plain data, as `parse_trace` does; equal contexts are one object. Raises: InputError."""
        given = value.get("governance_context") if isinstance(value, dict) else None
        if not isinstance(given, dict):
            return parse_trace(value)
        key = canonical_json(given)
        context = self._known.find(key)
        if context is not None:
            return parse_trace({**value, "governance_context": context})
        trace = parse_trace(value)
        self._known.put(key, trace.governance_context)
        return trace


def parse_context(value: Any) -> GovernanceContext:
    """Make a governance context from plain data. Raises: InputError."""
    return _parse(GovernanceContext, value)


def parse_plan(value: Any) -> ExecutionPlan:
    """Make an execution plan from plain data. Raises: InputError."""
    return _parse(ExecutionPlan, value)
