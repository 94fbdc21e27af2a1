"""What cues that see no policy reach on a generated data set: if they tell violations apart, the generator leaks its labels.

    uv run --with scikit-learn python benchmarks/shallow_cues.py DIR

Logistic regressions, trained on DIR/train, tested on the other splits: bag of tool words, plan length, highest tier, request
words, and all of them together. AUROC on violations against compliant plans; 0.5 is chance.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from cues import Cue, Features, highest_tier, length, read_part, request, tool_bag, train_cue
from sklearn.metrics import roc_auc_score  # type: ignore[import-not-found]

from gatling.schema import Trace


def together(trace: Trace) -> Features:
    return tool_bag(trace) | length(trace) | highest_tier(trace) | request(trace)


CUES: dict[str, Cue] = {
    "tool bag": tool_bag,
    "length": length,
    "highest tier": highest_tier,
    "request alone": request,
    "all four": together,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--train", type=int, default=50_000, help="traces to train on, at most")
    parser.add_argument("--test", type=int, default=20_000, help="traces of each split to test on, at most")
    options = parser.parse_args()
    splits = [s for s in ("test", "unseen_domains", "unseen_vendor") if (options.folder / s).is_dir()]
    train = read_part(options.folder / "train", options.train)
    tests = {name: read_part(options.folder / name, options.test) for name in splits}
    print(f"{'AUROC':16}" + "".join(f"{name:>16}" for name in splits))
    for name, cue in CUES.items():
        score = train_cue(cue, train)
        row = [roc_auc_score([not t.is_compliant for t in traces], score(traces)) for traces in tests.values()]
        print(f"{name:16}" + "".join(f"{value:16.3f}" for value in row))
    print(f"{len(train)} traces to train on; tested on " + ", ".join(f"{len(t)} of {n}" for n, t in tests.items()))


if __name__ == "__main__":
    main()
