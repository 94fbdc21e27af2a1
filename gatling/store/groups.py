"""The group of a trace: what never stands on two sides of a split."""

from __future__ import annotations

from typing import Any

from gatling.schema import Trace
from gatling.schema.plain import canonical_json


class GroupKey:
    """Names a trace's group.

    Args:
        group_by: `context` (policy, role and session alike), `policy`, or a field of the trace by its dotted path, such as
            `source` or `meta.suite`. Several, joined by commas, together make the group; of fields joined by `|` the
            first that the trace has counts. A trace that lacks a field is in the group of its context.
    """

    def __init__(self, group_by: str) -> None:
        self._fields = [part.strip() for part in group_by.split(",") if part.strip()]
        self.num_missing = 0
        """How many traces lacked a field."""

    def __call__(self, trace: Trace) -> str:
        found = ([_lookup(trace, name.strip()) for name in one_of.split("|")] for one_of in self._fields)
        values = [next((value for value in some if value is not None), None) for some in found]
        if any(value is None for value in values):
            self.num_missing += 1
            return trace.governance_context.digest
        return "\x1f".join(str(value) for value in values)


def _lookup(trace: Trace, name: str) -> Any:
    if name == "context":
        return trace.governance_context.digest
    if name == "policy":
        return canonical_json(trace.governance_context.policy)
    return field_of(trace.model_dump(mode="json", exclude_unset=True, include={name.partition(".")[0]}), name)


def field_of(record: Any, name: str) -> Any:
    """Return the value at a dotted path of plain data, such as `meta.suite`; None where there is none."""
    for part in name.split("."):
        record = record.get(part) if isinstance(record, dict) else None
    return record
