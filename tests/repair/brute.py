"""The least cost of a repair by exhaustive search, for plans of a few calls."""

from __future__ import annotations

import heapq
import itertools
import math

from gatling.energy.finding import Auditor
from gatling.repair.edits import Edit
from gatling.repair.propose import edits_at
from gatling.repair.grounds import Grounds
from gatling.repair.widens import widens
from gatling.schema import ExecutionPlan, GovernanceContext
from gatling.schema.plain import canonical_json


def least_cost(context: GovernanceContext, plan: ExecutionPlan, auditor: Auditor) -> float:
    """Try all sequences of edits at all calls, whatever the findings say, in order of cost; infinite if none is allowed."""
    grounds = Grounds(context)
    counter = itertools.count()
    waiting = [(0.0, next(counter), plan)]
    done: set[str] = set()
    while waiting:
        cost, _, here = heapq.heappop(waiting)
        key = canonical_json(here.model_dump(mode="json"))
        if key in done:
            continue
        done.add(key)
        if auditor.assess(context, here).verdict == "allow":
            return cost
        for edit in all_edits(here, grounds):
            after = edit.apply(here)
            if after is not None and widens(plan, after, grounds) is None:
                heapq.heappush(waiting, (round(cost + edit.cost, 6), next(counter), after))
    return math.inf


def all_edits(plan: ExecutionPlan, grounds: Grounds) -> list[Edit]:
    return [edit for node in plan.nodes for edit in edits_at(plan, node.node_id, grounds)]
