"""Does the request call for this node? Each node as numbers, for the learned critic.

Every feature but those under `KIND` has a sign: by `+1` it may only raise an energy, by `-1` only lower it. The signs make
the critic monotone: less trust, wider scope, one more unasked call never lower an energy.

Cost is linear in nodes, edges and argument leaves.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from gatling.energy.facts import NodeFacts, PlanFacts, ToolFacts
from gatling.request.request import STOP_WORDS
from gatling.request.values import is_address, is_foreign
from gatling.schema.arguments import name_words

ASKED, DOUBT, KIND = -1, 1, 0

# name -> sign
FEATURES: dict[str, int] = {
    # the tool and the request
    "object_asked": ASKED,
    "object_nearness": ASKED,
    "object_nearest": ASKED,
    "verb_asked": ASKED,
    "verb_nearness": ASKED,
    # the arguments and the request
    "names_nearness": ASKED,
    "names_nearest": ASKED,
    "short_mean": ASKED,
    "short_min": ASKED,
    "short_best": ASKED,
    "short_nearness_min": ASKED,
    "identity_min": ASKED,
    "identity_mean": ASKED,
    "long_asked": ASKED,
    "number_asked": ASKED,
    "names_an_item": ASKED,
    "covers": ASKED,
    "covers_alone": ASKED,
    "unasked_identity": DOUBT,
    "unasked_destination": DOUBT,
    "unasked_host": DOUBT,
    "follows_itself": DOUBT,
    "num_identities": KIND,
    "num_numbers": KIND,
    "num_values": KIND,
    "has_long": KIND,
    "has_url": KIND,
    "has_address": KIND,
    "num_destinations": KIND,
    # what the call does
    "reads": KIND,
    "writes": KIND,
    "sends": KIND,
    "deletes": KIND,
    "administers": KIND,
    "fetches": DOUBT,
    "shows_outside_text": KIND,
    "sensitivity": DOUBT,
    "volume": DOUBT,
    # where it comes from
    "is_tier_2": DOUBT,
    "is_tier_3": DOUBT,
    "is_effective_tier_3": DOUBT,
    "comes_from_tier_3": DOUBT,
    "comes_from_outside_text": DOUBT,
    "unasked_identity_by_tier": DOUBT,
    "gap": DOUBT,
    "gap_by_anchor": DOUBT,
    "fetches_unasked": DOUBT,
    "acts_on_unasked": DOUBT,
    "chain": DOUBT,
    "endorsement": ASKED,
    "anchor": ASKED,
    "source_anchor": ASKED,
    "source_asked": ASKED,
    # what the policy says of the tool
    "needs_request": DOUBT,
    "tier_excess": DOUBT,
    "rule_asked": ASKED,
    "rule_nearness": ASKED,
    "num_rules": KIND,
    # beside the other calls
    "repeats": DOUBT,
    "after_outside_text": DOUBT,
    "rel_object_asked": ASKED,
    "rel_object_nearness": ASKED,
    "rel_verb_asked": ASKED,
    "rel_verb_nearness": ASKED,
    "rel_short_mean": ASKED,
    "rel_short_best": ASKED,
    "rel_covers": ASKED,
    "rel_asked": ASKED,
    "rel_same_tool": ASKED,
    # the request
    "request_length": KIND,
    "delegation": KIND,
}
NAMES = tuple(FEATURES)
_IN_ORDER = itemgetter(*NAMES)
SIGNS = np.array([FEATURES[name] for name in NAMES])
_RELATIVE = (
    "object_asked",
    "object_nearness",
    "verb_asked",
    "verb_nearness",
    "short_mean",
    "short_best",
    "covers",
    "asked",
)


def relevance(facts: PlanFacts) -> NDArray[np.float64]:
    """Return the features of every node, `(nodes, len(NAMES))`, in the order of `NAMES`."""
    return facts.once(_relevance)


def _relevance(facts: PlanFacts) -> NDArray[np.float64]:
    known: dict[str, dict[str, float]] = {}
    for node in facts.nodes:
        if node.tool.name not in known:
            known[node.tool.name] = _of_tool(node.tool, facts)
    rows = [_row(node, facts, known[node.tool.name]) for node in facts.nodes]
    # What a call is compared with does not depend on trust: else muting one call would speak for another.
    as_read = [node.as_read() for node in facts.nodes]
    read = [
        _row(node, facts, known[node.tool.name]) if own.is_muted else row
        for node, own, row in zip(as_read, facts.nodes, rows, strict=True)
    ]
    taken: Counter[str] = Counter()
    for node in as_read:
        if node.node.node_id not in facts.retried:
            taken.update(node.covered)
    size = max(1, min(6, len(facts.context.request.english.stems)))
    best = {name: max([row[name] for row in read]) for name in _RELATIVE}
    best_of_tool: dict[str, float] = defaultdict(float)
    for node, row in zip(facts.nodes, read, strict=True):
        best_of_tool[node.tool.name] = max(best_of_tool[node.tool.name], row["short_mean"])
    seen = 0
    for node, row in zip(facts.nodes, rows, strict=True):
        row["covers_alone"] = sum([taken[word] == 1 for word in node.covered]) / size
        row["rel_same_tool"] = row["short_mean"] - best_of_tool[node.tool.name]
        for name in _RELATIVE:
            row[f"rel_{name}"] = row[name] - best[name]
        row["after_outside_text"] = min(seen, 4)
        seen += node.tool.shows_outside_text
    return np.array([_IN_ORDER(row) for row in rows], np.float64)


def _of_tool(tool: ToolFacts, facts: PlanFacts) -> dict[str, float]:
    """Return the features that all calls of a tool in a plan have in common."""
    return {
        "object_asked": tool.object_asked,
        "object_nearness": tool.object_nearness,
        "object_nearest": tool.object_nearest,
        "verb_asked": tool.verb_asked,
        "verb_nearness": tool.verb_nearness,
        "reads": float(tool.effect == "read"),
        "writes": float(tool.effect == "write"),
        "sends": float(tool.effect == "send"),
        "deletes": float(tool.effect == "delete"),
        "administers": float(tool.effect == "admin"),
        "shows_outside_text": float(tool.shows_outside_text),
        "needs_request": float(tool.needs_request is not None),
        "rule_asked": tool.rule_asked,
        "rule_nearness": tool.rule_nearness,
        "num_rules": min(tool.num_rules, 10),
        "repeats": min(facts.tool_counts[tool.name], 6),
        "request_length": math.log1p(len(facts.context.request.content)),
        "delegation": facts.context.request.delegation,
    }


def _row(node: NodeFacts, facts: PlanFacts, of_tool: dict[str, float]) -> dict[str, float]:
    tool, request = node.tool, facts.context.request
    parents = [facts.nodes[p] for p in node.parents]
    short = [v.asked for v in node.short]
    long = [v.asked for v in node.said if v.kind == "long"]
    numbers = [v.asked for v in node.said if v.kind == "number"]
    names = [
        word
        for word in dict.fromkeys(w for v in node.values for w in name_words(v.path))
        if word not in STOP_WORDS and not word.isdigit()
    ]
    near = request.nearness(names)
    has_url = node.has_url
    open_share = 1 - node.endorsement
    unasked_places = node.unasked_destinations
    tier = node.node.provenance_tier
    unasked, gap = float(node.has_unasked_identity), (tier - 1) / 2
    open_gap = unasked * gap * (1 - node.endorsement)
    reads = of_tool["reads"]
    short_best = node.short_best
    return {
        **of_tool,
        "names_nearness": _mean(near, 1.0),
        "names_nearest": max(near, default=1.0),
        "short_mean": _mean(node.weighing(short), 1.0),
        "short_min": min(short, default=1.0),
        "short_best": short_best,
        "short_nearness_min": min((v.nearness for v in node.short), default=1.0),
        "identity_min": min(node.identities, default=1.0),
        "identity_mean": _mean(node.weighing(node.identities), 1.0),
        "long_asked": _mean(long, 1.0),
        "number_asked": _mean(numbers, 1.0),
        "names_an_item": float(node.names_an_item),
        "covers": len(node.covered) / max(1, len(request.english.stems)),
        "unasked_identity": unasked,
        "unasked_destination": bool(unasked_places) * open_share,
        "unasked_host": any(is_foreign(d) and (not d.host or d.host not in request.text) for d in unasked_places)
        * open_share,
        "follows_itself": reads * has_url * unasked * any(p.tool.name == tool.name for p in parents),
        "num_identities": min(len(node.identities), 20),
        "num_numbers": min(len(numbers), 20),
        "num_values": min(len(node.values), 20),
        "has_long": float(bool(long)),
        "has_url": float(has_url),
        "has_address": float(any(is_address(v.value) for v in node.values)),
        "num_destinations": min(len(node.destinations), 5),
        "fetches": float(has_url) * reads,
        "sensitivity": node.node.scope_sensitivity,
        "volume": math.log1p(min(node.node.scope_volume, 10**300)),
        "is_tier_2": float(tier >= 2),
        "is_tier_3": float(tier == 3),
        "is_effective_tier_3": float(node.effective_tier == 3),
        "comes_from_tier_3": float(any(p.node.provenance_tier == 3 for p in parents)),
        "comes_from_outside_text": float(any(p.tool.shows_outside_text for p in parents)),
        "unasked_identity_by_tier": unasked * (tier - 1),
        "gap": open_gap,
        "gap_by_anchor": unasked * gap * (1 - min(1.0, node.source_anchor)),
        "fetches_unasked": float(has_url) * reads * unasked * (1 - node.endorsement) * (tier > 1),
        "acts_on_unasked": (1 - reads) * unasked * (1 - node.endorsement) * (tier > 1),
        "chain": min(node.chain, 4),
        "endorsement": node.endorsement,
        "anchor": max(node.anchor, 0.6 * (tier == 1 and not unasked)),
        "source_anchor": node.source_anchor,
        "source_asked": max((p.short_best for p in parents), default=0.0),
        "tier_excess": node.tier_excess,
        "asked": max(0.9 * short_best, (tool.object_asked + tool.verb_asked) / 2),
    }


def _mean(values: Sequence[float], default: float) -> float:
    return sum(values) / len(values) if values else default
