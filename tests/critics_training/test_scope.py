"""The scope critic's energy is one function: what is trained with and calibrated on is what is served."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from gatling.critics_training.examples import ExampleMaker
from gatling.critics_training.fit import energies
from gatling.energy.facts import ContextFacts, PlanFacts
from gatling.energy.finding import Source
from gatling.policy import recognise
from gatling.schema import parse_trace
from tests.energy.critics import made_up_critics


@pytest.mark.parametrize("seed", range(20))
def test_examples_have_the_energies_that_are_served(seed: int) -> None:
    rng = Random(seed)
    limit, asked = rng.choice([1, 10, 50]), rng.choice([5, 100, 10_000])
    policy = {
        "allowed_operations": ["list_rows"],
        "scope_limits": {"list_rows.limit": limit, "list_rows.max_records": 70},
    }
    plan = {
        "nodes": [
            {"tool_name": "list_rows", "node_id": "n1", "arguments": {"limit": asked}, "scope_volume": 1},
            {"tool_name": "list_rows", "node_id": "n2", "arguments": {}, "scope_volume": asked},
        ],
        "edges": [],
    }
    trace = parse_trace(
        {
            "governance_context": {
                "policy": policy,
                "user_role": "clerk",
                "session_context": {"user_request": "List 5 rows."},
            },
            "execution_plan": plan,
            "label": "compliant",
        }
    )
    critics = made_up_critics(seed)
    facts = PlanFacts(ContextFacts(trace.governance_context, recognise(policy, strict=False)), trace.execution_plan)
    served = critics.energies(facts)
    trained = energies(ExampleMaker(None).make(trace, kind="given", source=0), critics.hierarchy, critics.scope)
    for source in (Source.HIERARCHY, Source.PROVENANCE, Source.SCOPE, Source.FLOW):
        np.testing.assert_array_equal(served[source], trained[source], err_msg=str(source))
    assert (
        asked <= limit or served[Source.SCOPE][0] >= np.log10(asked / limit) - 1e-9
    )  # the argument's own limit counts
