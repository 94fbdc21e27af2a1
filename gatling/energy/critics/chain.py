"""Does a call stand on the request where nobody knows what was read? Each call as numbers, by tiers and edges alone.

An outsider has a say in a call only through what was read before it. So a doubt about a call weighs as much as an outsider may
have been at it: `outside`. What speaks for a call is what an outsider does not choose: that the request asks for the deed, that
it hands over to the item which the values come from, that a record looked up for the request returned them.
"""

from __future__ import annotations

from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from gatling.energy.critics.attribution import node_inputs, whole_call
from gatling.energy.facts import NodeFacts, PlanFacts

ASKED, DOUBT = -1, 1

CHAIN_FEATURES: dict[str, int] = {
    # whether an outsider may have had a say
    "outside": DOUBT,
    "outside_before": DOUBT,
    # what nobody asked for, alone and as far as an outsider may have
    "unasked_act": DOUBT,
    "unasked_deed": DOUBT,
    "rival": DOUBT,
    "rival_by_trust": DOUBT,
    "one_more": DOUBT,
    "unasked_tool": DOUBT,
    "unasked_deed_outside": DOUBT,
    "unasked_tool_outside": DOUBT,
    "unasked_value_outside": DOUBT,
    "unasked_place_outside": DOUBT,
    "astray": DOUBT,
    "again_outside": DOUBT,
    "by_name_outside": DOUBT,
    "number_outside": DOUBT,
    # what an outsider does not choose
    "standing": ASKED,
    "source_standing": ASKED,
    "looked_up": ASKED,
    "looked_up_alone": ASKED,
    "handed": ASKED,
    "follows": ASKED,
    "acts": ASKED,
    "tool_asked_for": ASKED,
    "effect_asked": ASKED,
    "deed_asked": ASKED,
}

_IN_ORDER = itemgetter(*CHAIN_FEATURES)


def chain(facts: PlanFacts) -> NDArray[np.float64]:
    """Return the features of every node, `(nodes, len(CHAIN_FEATURES))`, in the order of `CHAIN_FEATURES`."""
    rows, seen = [], 0.0
    done: set[str] = set()
    for node in facts.nodes:
        rows.append(_row(node, facts, seen, float(node.tool.name in done)))
        done.add(node.tool.name)
        seen = max(seen, (node.node.provenance_tier - 1) / 2, 0.5 * node.tool.shows_outside_text)
    return np.array([_IN_ORDER(row) for row in rows], np.float64)


def _row(node: NodeFacts, facts: PlanFacts, seen: float, again: float) -> dict[str, float]:
    own = node_inputs(node, facts)[1]
    doubts = whole_call(own)
    parents = [facts.nodes[p] for p in node.parents]
    outside = (node.node.provenance_tier - 1) / 2
    tool_asked = max(own["deed_asked"], node.tool.verb_asked, 2 * node.tool.verb_nearness - 1)
    source = max((p.standing for p in parents), default=0.0)
    handed = source * max(own["follows"], own["acts"] * own["deed_asked"])
    unasked_value = min((v.asked for v in node.short), default=1.0) < 0.5 or node.has_unasked_identity
    # An outsider chooses an address, and can make it of the names that the request has.
    by_name = any(v.kind == "identity" and 0.5 <= v.asked < 1 and not v.is_literal for v in node.values)
    unasked_number = min((v.asked for v in node.values if v.kind == "number"), default=1.0) < 0.5
    return {
        **doubts,
        "outside": outside,
        "outside_before": seen,
        "unasked_tool": own["is_acting"] * (1 - tool_asked),
        "unasked_deed_outside": doubts["unasked_deed"] * max(outside, seen),
        "unasked_tool_outside": own["is_acting"] * (1 - tool_asked) * outside,
        "unasked_value_outside": own["is_acting"] * unasked_value * outside * (1 - handed),
        "unasked_place_outside": bool(node.unasked_destinations) * outside * (1 - handed),
        "astray": own["is_acting"] * unasked_value * outside * (1 - node.standing),
        "again_outside": own["is_acting"] * again * outside * (1 - own["follows"]),
        "by_name_outside": by_name * outside * (1 - own["follows"]),
        "number_outside": own["is_acting"] * unasked_number * outside * (1 - own["follows"]),
        "standing": node.standing,
        "source_standing": source,
        "looked_up": node.looked_up,
        "looked_up_alone": node.looked_up * (1 - outside),
        "handed": handed,
        "follows": own["follows"],
        "acts": own["acts"],
        "tool_asked_for": own["tool_asked_for"],
        "effect_asked": own["effect_asked"],
        "deed_asked": own["deed_asked"],
    }
