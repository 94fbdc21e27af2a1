"""A corpus: traces as arrays, each distinct context and plan once, and nothing of `meta`.

Only compliant traces are positives; violating ones are hard negatives of their context.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from gatling.features import ContextFeatures, PlanFeatures, context_features, plan_features
from gatling.schema import Trace
from gatling.schema.plain import canonical_json


@dataclass(frozen=True, slots=True)
class Example:
    """One trace: numbers of its context and plan in the corpus, and what reports need."""

    context: int
    plan: int
    is_compliant: bool
    source: str
    violation_type: str
    group: str
    """Examples of one group are never split apart."""


@dataclass
class Corpus:
    """Traces as arrays. Grows with `add`, in the order of the data."""

    contexts: list[ContextFeatures] = field(default_factory=list)
    plans: list[PlanFeatures] = field(default_factory=list)
    examples: list[Example] = field(default_factory=list)
    _context_of: dict[str, int] = field(default_factory=dict, repr=False)
    _plan_of: dict[str, int] = field(default_factory=dict, repr=False)

    @classmethod
    def from_traces(cls, traces: Iterable[Trace], group_by: str = "context") -> Corpus:
        """Read all traces. `group_by`: see `GroupKey`."""
        corpus = cls()
        key = GroupKey(group_by)
        for trace in traces:
            corpus.add(trace, key(trace))
        return corpus

    def add(self, trace: Trace, group: str) -> None:
        """Append one trace. Raises: InputError if it is larger than the features take."""
        context = self._context_of.get(trace.governance_context.digest)
        if context is None:
            self.contexts.append(context_features(trace.governance_context))
            context = self._context_of[trace.governance_context.digest] = len(self.contexts) - 1
        plan = self._plan_of.get(trace.execution_plan.digest)
        if plan is None:
            self.plans.append(plan_features(trace.execution_plan))
            plan = self._plan_of[trace.execution_plan.digest] = len(self.plans) - 1
        self.examples.append(
            Example(context, plan, trace.is_compliant, trace.source or "", trace.violation_type or "", group)
        )

    @property
    def context_digests(self) -> list[str]:
        """Digest of each context, by number."""
        return list(self._context_of)

    @property
    def plan_digests(self) -> list[str]:
        """Digest of each plan, by number."""
        return list(self._plan_of)

    def subset(self, examples: list[Example]) -> Corpus:
        """Return a corpus of some examples that shares the arrays."""
        return Corpus(self.contexts, self.plans, examples, self._context_of, self._plan_of)

    @property
    def num_compliant(self) -> int:
        return sum(example.is_compliant for example in self.examples)


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
    value: Any = trace.to_dict()
    for part in name.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value
