"""Traces as what the attribution judge's lines are found on: those of a phase in which nothing was stopped.

A trace stands for the conversation that it was made of if its calls carry origins (`PlanNode.origins`): then the guard knows what
the agent had read, and asks the attribution judge. Each call is held against the calls before it, as it was when it ran.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from gatling.critics_training.wishes import WishedCall, WishedConversation, wished_call
from gatling.energy.facts import ContextFacts, PlanFacts
from gatling.policy import recognise
from gatling.request.asking import request_as_written
from gatling.schema import ExecutionPlan, Trace
from gatling.schema.files import read_traces, trace_files


def traces_with_origins(
    files: Sequence[Path], *, limit: int, advance: Callable[[int], None] = lambda count: None
) -> list[WishedConversation]:
    """Return the traces of some files or folders whose calls carry origins; others say nothing of these lines.

    Args:
        limit: traces read of each, at most, in their order.

    Raises:
        InputError: with file and line, for a trace that cannot be read.
    """
    found: list[WishedConversation] = []
    for path in files:
        traces = (trace for part in trace_files(path) for trace in read_traces(part))
        for trace in islice(traces, limit):
            if any(node.origins for node in trace.execution_plan.nodes):
                found.append(_of_trace(trace, str(path)))
            advance(1)
    return found


def _of_trace(trace: Trace, file: str) -> WishedConversation:
    context = trace.governance_context
    facts = ContextFacts(context, recognise(context.policy, strict=False))
    blamed = frozenset(trace.violating_nodes)
    return WishedConversation(
        calls=list(_calls(facts, trace.execution_plan, blamed)),
        is_violation=not trace.is_compliant,
        suite=file,
        task=trace.id or "",
        goal=trace.id or "",
        request=request_as_written(context),
    )


def _calls(facts: ContextFacts, plan: ExecutionPlan, blamed: frozenset[str]) -> Iterator[WishedCall]:
    known: set[str] = set()
    for i, node in enumerate(plan.nodes):
        known.add(node.node_id)
        edges = tuple(edge for edge in plan.edges if edge.source in known and edge.target in known)
        so_far = ExecutionPlan(nodes=plan.nodes[: i + 1], edges=edges)
        yield wished_call(PlanFacts(facts, so_far), is_blamed=node.node_id in blamed)
