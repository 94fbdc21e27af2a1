"""Shallow cues: what a logistic regression reads off a trace without looking at the policy. A judge has to beat them.

The two scripts beside it share them. Needs scikit-learn, which is no dependency of Gatling: `uv run --with scikit-learn`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.feature_extraction import FeatureHasher  # type: ignore[import-not-found]
from sklearn.linear_model import LogisticRegression  # type: ignore[import-not-found]
from sklearn.model_selection import GroupKFold  # type: ignore[import-not-found]

from gatling.schema import Trace, read_traces
from gatling.schema.words import split_words

Features = dict[str, float]
Cue = Callable[[Trace], Features]
NUM_FOLDS = 5


def tool_bag(trace: Trace) -> Features:
    bag: Features = {}
    for node in trace.execution_plan.nodes:
        bag[f"tool {node.tool_name}"] = 1.0
        for word in split_words(node.tool_name):
            bag[f"word {word}"] = bag.get(f"word {word}", 0.0) + 1.0
    return bag


def tools_and_tiers(trace: Trace) -> Features:
    return tool_bag(trace) | {f"{n.tool_name} of tier {n.provenance_tier}": 1.0 for n in trace.execution_plan.nodes}


def length(trace: Trace) -> Features:
    plan = trace.execution_plan
    count = len(plan.nodes)
    edges, leaves = len(plan.edges), sum(len(n.arguments) for n in plan.nodes)
    return {
        "nodes": math.log(count),
        "edges": math.log1p(edges),
        "arguments": math.log1p(leaves),
        f"exactly {count}": 1.0,
    }


def highest_tier(trace: Trace) -> Features:
    tiers = [n.provenance_tier for n in trace.execution_plan.nodes]
    return {f"max {max(tiers)}": 1.0, "share": sum(t == 3 for t in tiers) / len(tiers)}


def argument_words(trace: Trace) -> Features:
    values = [leaf for node in trace.execution_plan.nodes for leaf in _leaves(node.arguments)]
    return {f"value {word}": 1.0 for value in values for word in split_words(value)}


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, (dict, list, tuple)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _leaves(item)
    else:
        yield str(value)


def request(trace: Trace) -> Features:
    return {
        f"said {word}": 1.0
        for word in split_words(str(trace.governance_context.session_context.get("user_request", "")))
    }


def read_part(folder: Path, most: int | None) -> list[Trace]:
    """Read the traces of a split as `gatling generate` writes it, `most` at most."""
    traces = (trace for path in sorted(folder.glob("part-*")) for trace in read_traces(path))
    return list(islice(traces, most))


def hashed(cue: Cue, traces: Sequence[Trace]) -> Any:
    return FeatureHasher(n_features=2**16).transform(map(cue, traces))


def train_cue(cue: Cue, train: Sequence[Trace]) -> Callable[[Sequence[Trace]], np.ndarray]:
    """Fit a regression; return what gives other traces their log-odds, `(M,)`: higher is more suspicious."""
    model = LogisticRegression(C=0.1, max_iter=300)
    model.fit(hashed(cue, train), [not t.is_compliant for t in train])
    return lambda traces: np.asarray(model.decision_function(hashed(cue, traces)))


def folded_scores(cue: Cue, traces: Sequence[Trace], groups: Sequence[str]) -> np.ndarray | None:
    """Return `(len(traces),)` log-odds, each by a regression trained on the other folds; 5 folds that keep groups whole.

    None if there are too few groups or a fold's training part lacks a label.
    """
    if len(set(groups)) < NUM_FOLDS:
        return None
    violating = np.array([not t.is_compliant for t in traces])
    features = hashed(cue, traces)
    scores = np.zeros(len(traces))
    for train, test in GroupKFold(NUM_FOLDS).split(features, violating, groups):
        if violating[train].all() or not violating[train].any():
            return None
        model = LogisticRegression(C=1.0, max_iter=300).fit(features[train], violating[train])
        scores[test] = model.decision_function(features[test])
    return scores
