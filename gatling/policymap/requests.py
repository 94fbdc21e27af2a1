"""Requests of a log that no plan which the policy allows is near to: what people ask for, and the policy has nothing for.

The log's plans that the oracle finds compliant are the allowed ones. A request is as near as the nearest of them, by the cosine
of `z_g` (policy, role, session with the request) and `z_e`. How near is near is read from the log: allowed plans lie at some
distance from the requests that they answer, and a request further from *every* allowed plan than all but a share of these is far.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gatling.policy import Oracle
from gatling.policy.oracle import Compliance
from gatling.policytest.seeds import judged
from gatling.runtime import RuntimeEncoders
from gatling.schema import GovernanceContext, Trace

FAR_SHARE = 0.05
"""Of the allowed plans' distances to their own requests, the share that is further than what is called near."""
_BLOCK = 1_024


@dataclass(frozen=True, slots=True)
class FarRequest:
    """A request that no allowed plan is near to."""

    number: int
    """Its place in the log, from 1."""
    request: str
    similarity: float
    """Cosine to the nearest allowed plan."""
    own_plan: Compliance
    """What the oracle says of the plan that was made for it: compliant, undecided or a violation."""

    def to_dict(self) -> dict[str, Any]:
        return {
            "trace": self.number,
            "request": self.request,
            "similarity": round(self.similarity, 4),
            "own_plan": self.own_plan,
        }


def far_requests(
    oracle: Oracle, policy: dict[str, Any], traces: Sequence[Trace], encoders: RuntimeEncoders
) -> tuple[list[FarRequest], float, int]:
    """Find the requests of a log that no allowed plan is near to.

    Args:
        policy: what the log is judged by; the traces' own policies are not read.
        traces: the log, in any order.

    Returns:
        The requests, the furthest first; the cosine below which a request is far; the number of allowed plans. Without an
        allowed plan every request is far, at a cosine of -1.
    """
    contexts = [
        GovernanceContext(
            policy=policy,
            user_role=trace.governance_context.user_role,
            session_context=trace.governance_context.session_context,
        )
        for trace in traces
    ]
    found = [
        judged(oracle, context, trace.execution_plan).verdict for context, trace in zip(contexts, traces, strict=True)
    ]
    z_g = np.asarray(encoders.governance.encode(contexts), np.float64)
    z_e = np.asarray(encoders.execution.encode([trace.execution_plan for trace in traces]), np.float64)
    is_allowed = np.array([verdict == "compliant" for verdict in found], bool)
    allowed = z_e[is_allowed]
    nearest = np.full(len(traces), -1.0)
    for start in range(0, len(allowed), _BLOCK):
        nearest = np.maximum(nearest, (z_g @ allowed[start : start + _BLOCK].T).max(axis=1))
    own = np.einsum("nd,nd->n", z_g, z_e)[is_allowed]
    line = float(np.quantile(own, FAR_SHARE)) if len(own) else -1.0
    far = np.flatnonzero(nearest < line) if len(own) else np.arange(len(traces))
    items = [
        FarRequest(
            int(i) + 1,
            str(traces[i].governance_context.session_context.get("user_request", "")),
            float(nearest[i]),
            found[i],
        )
        for i in far[np.argsort(nearest[far], kind="stable")]
    ]
    return items, line, int(is_allowed.sum())
