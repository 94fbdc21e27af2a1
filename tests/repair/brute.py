"""The least cost of a repair by exhaustive search, for plans of a few calls."""

from __future__ import annotations

import heapq
import itertools

from gatling.energy.finding import Auditor
from gatling.repair.edits import Edit
from gatling.repair.grounds import Grounds
from gatling.repair.propose import edits_at
from gatling.repair.widens import widens
from gatling.schema import ExecutionPlan, GovernanceContext
from gatling.schema.plain import canonical_json


def least_cost(context: GovernanceContext, plan: ExecutionPlan, auditor: Auditor, *, below: float) -> float:
    """Try all sequences of edits at all calls, whatever the findings say, in order of cost.

    Args:
        below: what costs as much is not tried; the answer is `below` if nothing cheaper is allowed.
    """
    grounds, count = Grounds(context), itertools.count()
    first = {node.node_id: i for i, node in enumerate(plan.nodes)}
    # Edits of different calls can be made in any order, so those of earlier calls are made first.
    waiting: list[tuple[float, int, ExecutionPlan, Edit | None, int]] = [(0.0, next(count), plan, None, 0)]
    done: set[tuple[str, int]] = set()
    while waiting:
        cost, _, here, edit, start = heapq.heappop(waiting)
        after = edit.apply(here) if edit is not None else here
        if after is None:
            continue
        key = canonical_json(after.model_dump(mode="json")), start
        if key in done or widens(plan, after, grounds) is not None:
            continue
        done.add(key)
        if auditor.assess(context, after).verdict == "allow":
            return cost
        for node in after.nodes:
            if first[node.node_id] < start:
                continue
            for following in edits_at(after, node.node_id, grounds):
                if (total := round(cost + following.cost, 6)) < below - 1e-6:
                    heapq.heappush(waiting, (total, next(count), after, following, first[node.node_id]))
    return below
