"""What cues that see no policy reach on a generated data set: if they tell violations apart, the generator leaks its labels.

    uv run --with scikit-learn python benchmarks/shallow_cues.py DIR

Logistic regressions, trained on DIR/train, tested on the other splits: bag of tool words, plan length, highest tier, request
words, and all of them together. AUROC on violations against compliant plans; 0.5 is chance.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterator
from pathlib import Path

from sklearn.feature_extraction import FeatureHasher  # type: ignore[import-not-found]
from sklearn.linear_model import LogisticRegression  # type: ignore[import-not-found]
from sklearn.metrics import roc_auc_score  # type: ignore[import-not-found]

from gatling.schema import Trace, read_traces
from gatling.schema.words import split_words

Features = dict[str, float]


def tool_bag(trace: Trace) -> Features:
    bag: Features = {}
    for node in trace.execution_plan.nodes:
        bag[f"tool {node.tool_name}"] = 1.0
        for word in split_words(node.tool_name):
            bag[f"word {word}"] = bag.get(f"word {word}", 0.0) + 1.0
    return bag


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


def request(trace: Trace) -> Features:
    return {
        f"said {word}": 1.0
        for word in split_words(str(trace.governance_context.session_context.get("user_request", "")))
    }


def together(trace: Trace) -> Features:
    return tool_bag(trace) | length(trace) | highest_tier(trace) | request(trace)


CUES: dict[str, Callable[[Trace], Features]] = {
    "tool bag": tool_bag,
    "length": length,
    "highest tier": highest_tier,
    "request alone": request,
    "all four": together,
}


def read(folder: Path, most: int) -> Iterator[Trace]:
    for path in sorted(folder.glob("part-*")):
        for trace in read_traces(path):
            if most == 0:
                return
            most -= 1
            yield trace


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--train", type=int, default=50_000, help="traces to train on, at most")
    parser.add_argument("--test", type=int, default=20_000, help="traces of each split to test on, at most")
    options = parser.parse_args()
    splits = [s for s in ("test", "unseen_domains", "unseen_vendor") if (options.folder / s).is_dir()]
    train = list(read(options.folder / "train", options.train))
    tests = {name: list(read(options.folder / name, options.test)) for name in splits}
    print(f"{'AUROC':16}" + "".join(f"{name:>16}" for name in splits))
    for name, cue in CUES.items():
        hasher = FeatureHasher(n_features=2**16)
        model = LogisticRegression(C=0.1, max_iter=300)
        model.fit(hasher.transform(map(cue, train)), [not t.is_compliant for t in train])
        row = []
        for traces in tests.values():
            scores = model.decision_function(hasher.transform(map(cue, traces)))
            row.append(roc_auc_score([not t.is_compliant for t in traces], scores))
        print(f"{name:16}" + "".join(f"{value:16.3f}" for value in row))
    print(f"{len(train)} traces to train on; tested on " + ", ".join(f"{len(t)} of {n}" for n, t in tests.items()))


if __name__ == "__main__":
    main()
