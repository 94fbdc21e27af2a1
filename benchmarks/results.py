"""The tables of docs/results.md for one or several models: unseen contexts, domains and vendor, real traces, mutations.

    uv run --with scikit-learn python benchmarks/results.py --model both=a/best.pt --model generated=b/best.pt \
      --generated DIR [--corrupted DIR] [--shared DIR] [--node-baseline FILE] --output results.json

Prints Markdown and writes results.json. DIR of `--generated` is what `gatling generate` wrote; that of `--corrupted` has the
same splits with violations of its own. `--shared` is a folder of trace files, broken down by `meta.suite`. `meta` names rows
and folds and reaches no model and no cue. `--node-baseline` is a script that prints AUROC by file and left-out suite.

Beside each model, on the same rows: TF-IDF, tier 3, and logistic regressions over shallow cues. The cues are trained: on the
split `train` of generated traces, on the other four of five folds by task of real ones, so they know the suite, its tools and
its attacks, which the model may not. A row where one of them has the higher AUROC is marked `*`.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from cues import (
    Cue,
    argument_words,
    folded_scores,
    highest_tier,
    length,
    read_part,
    request,
    tool_bag,
    tools_and_tiers,
    train_cue,
)
from results_tables import RERANKED, print_tables
from torch import Tensor

from gatling.encoders import DualEncoder
from gatling.evaluation.baselines import baseline_views
from gatling.evaluation.embed import Embedded, embed_corpus
from gatling.evaluation.metrics import Metrics, evaluate_embedded
from gatling.evaluation.reranking import reranked_corpus
from gatling.evaluation.separation import separation
from gatling.evaluation.summary import GALLERIES, by_violation_type, documents_of, measure_galleries
from gatling.schema import Trace, read_traces
from gatling.schema.files import atomic_write, trace_files
from gatling.store.corpus import Corpus
from gatling.store.groups import GroupKey

SPLITS = {"test": "unseen contexts", "unseen_domains": "unseen domains", "unseen_vendor": "unseen vendor"}
TASK = "meta.suite,meta.user_task|meta.task|meta.case|meta.annotation_id"
CUES: dict[str, Cue] = {
    "max tier": highest_tier,
    "length": length,
    "tools": tool_bag,
    "tools+tiers": tools_and_tiers,
    "argument words": argument_words,
    "request only": request,
}
NODE_LINE = re.compile(
    r"left out (?P<suite>\S+)\s+(?P<file>\S+)\s+n\s+\d+\s+AUROC (?P<auroc>[\d.]+)\s+recall at 1 % (?P<at_1>[\d.]+), "
    r"at 5 % (?P<at_5>[\d.]+)"
)


@dataclass(frozen=True)
class Set:
    """Traces that are measured together, tokenised once for all models."""

    name: str
    traces: list[Trace]
    rows: dict[str, Tensor]
    """The lines of the table that the set makes: a mask over its traces each."""
    cues: dict[str, Tensor]
    """Scores of the cues that could be trained, as levels in [0, 1]."""
    corpus: Corpus = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "corpus", Corpus.from_traces(self.traces))


def levels(scores: np.ndarray) -> Tensor:
    """Replace scores by their rank, ties alike, in [0, 1]: what AUROC and rates depend on."""
    _, rank = np.unique(scores, return_inverse=True)
    return torch.from_numpy(rank / max(1, rank.max())).float()


def generated_sets(folder: Path, label: str, most: int | None, most_train: int) -> list[Set]:
    train = read_part(folder / "train", most_train)
    trained = {name: train_cue(cue, train) for name, cue in CUES.items()} if train else {}
    sets = []
    for split, title in SPLITS.items():
        if traces := read_part(folder / split, most):
            cues = {name: levels(score(traces)) for name, score in trained.items()} or folded_cues(traces, "policy")
            everything = torch.ones(len(traces), dtype=torch.bool)
            sets.append(Set(f"{label}{title}", traces, {f"{label}{title}": everything}, cues))
    return sets


def shared_set(path: Path) -> Set:
    traces = list(read_traces(path))
    name = path.name.split(".")[0]
    meta = [trace.meta or {} for trace in traces]
    suites = sorted({str(m.get("suite", "")) for m in meta})
    rows = {name: torch.ones(len(traces), dtype=torch.bool)}
    if len(suites) > 1:
        rows |= {
            f"{name} / {suite}": torch.tensor([str(m.get("suite", "")) == suite for m in meta]) for suite in suites
        }
    if any("balanced" in m for m in meta):
        rows[f"{name}, balanced"] = torch.tensor([bool(m.get("balanced")) for m in meta])
    return Set(name, traces, rows, folded_cues(traces, TASK))


def folded_cues(traces: Sequence[Trace], group_by: str) -> dict[str, Tensor]:
    if len({trace.label for trace in traces}) < 2:
        return {}
    groups = list(map(GroupKey(group_by), traces))
    scores = {name: folded_scores(cue, traces, groups) for name, cue in CUES.items()}
    return {name: levels(score) for name, score in scores.items() if score is not None}


def node_baseline(script: Path) -> dict[str, dict[str, float]]:
    """Run the script on its own default files; return its figures by `file / suite`."""
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True)
    found = {}
    for match in NODE_LINE.finditer(done.stdout):
        figures = {"auroc": match["auroc"], "recall_at_fpr_1": match["at_1"], "recall_at_fpr_5": match["at_5"]}
        found[f"{match['file']} / {match['suite']}"] = {name: float(value) for name, value in figures.items()}
    if not found:
        raise SystemExit(f"{script}: printed no line of the form 'left out SUITE FILE n N AUROC ...'")
    return found


def judge(
    embedded: Embedded, baselines: dict[str, Tensor], tfidf: Embedded, keep: Tensor, *, with_intervals: bool
) -> dict[str, Any]:
    """Return the model's figures on some traces, and those of what stands beside it."""
    part, words = embedded.select(keep), tfidf.select(keep)
    figures: dict[str, Any] = dict(evaluate_embedded(part, with_intervals=with_intervals, geometry=False))
    figures["beside"] = {
        name: separation(scores[keep], ~part.is_compliant, part.context) for name, scores in baselines.items()
    }
    retrieval = evaluate_embedded(words, geometry=False)
    figures["tfidf"] = {k: v for k, v in retrieval.items() if k.startswith(("nn_", "pairs_", "mean_gap"))}
    return figures


def measure(
    model: DualEncoder, sets: Sequence[Set], *, galleries: Sequence[int], rerank: bool, is_short: bool
) -> dict[str, Any]:
    """Return the figures of a model, or of it with its re-ranker: by row, galleries by set, and types of violation by set."""
    out: dict[str, Any] = {"rows": {}, "galleries": {}, "violation_types": {}}
    for data in sets:
        print(f"{data.name}: {len(data.traces)} traces", file=sys.stderr, flush=True)
        embedded = embed_corpus(model, data.corpus)
        if rerank:
            embedded = reranked_corpus(model, data.corpus, embedded)
        tfidf, tier3 = baseline_views(embedded, documents_of(data.corpus))
        baselines = {"TF-IDF": tfidf.energy(), "tier 3": tier3, **data.cues}
        for name, keep in data.rows.items():
            out["rows"][name] = judge(embedded, baselines, tfidf, keep, with_intervals=not is_short)
        out["galleries"][data.name] = measure_galleries(embedded, tfidf, galleries)
        types: dict[str, Metrics] = {} if is_short else by_violation_type(embedded, baselines)
        if types:
            out["violation_types"][data.name] = types
    return out


def named_model(text: str) -> tuple[str, Path]:
    name, equals, path = text.partition("=")
    if not (name and equals and path):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=PATH")
    return name, Path(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=named_model, action="append", required=True, help="NAME=PATH, again for each")
    parser.add_argument("--short", action="store_true", help="no intervals, and no figures by type of violation")
    parser.add_argument("--rerank", action="store_true", help="also measure each model with its re-ranker")
    parser.add_argument("--generated", type=Path, help="folder that gatling generate wrote")
    parser.add_argument("--corrupted", type=Path, help="the same, with violations made by mutation")
    parser.add_argument("--shared", type=Path, help="folder of real traces")
    parser.add_argument("--node-baseline", type=Path, help="script of a judge of single calls")
    parser.add_argument(
        "--most", type=int, default=None, help="traces of each split to test on, at most; all by default"
    )
    parser.add_argument(
        "--galleries", type=int, nargs="+", default=GALLERIES, help="sizes, by default 100, 1,000 and 10,000"
    )
    parser.add_argument("--train", type=int, default=20_000, help="traces to train the cues on, at most")
    parser.add_argument("--output", type=Path, default=Path("results.json"))
    options = parser.parse_args()
    generated: list[Set] = []
    for folder, label in ((options.generated, ""), (options.corrupted, "corrupted, ")):
        if folder:
            generated += generated_sets(folder, label, options.most, options.train)
    shared = [shared_set(path) for path in trace_files(options.shared)] if options.shared else []
    if not generated and not shared:
        parser.error("nothing to measure on: none of --generated, --corrupted and --shared has a trace")
    results: dict[str, Any] = {
        "cues": {name: list(data.cues) for data in [*generated, *shared] for name in data.rows},
        "node_baseline": node_baseline(options.node_baseline) if options.node_baseline else {},
        "models": {},
    }
    for name, path in options.model:
        model = DualEncoder.from_pretrained(path)
        for shown, rerank in ((name, False), *(((f"{name}{RERANKED}", True),) if options.rerank else ())):
            found = measure(
                model, [*generated, *shared], galleries=options.galleries, rerank=rerank, is_short=options.short
            )
            results["models"][shown] = {"path": str(path), "precision": model.governance.precision, **found}
    with atomic_write(options.output) as stream:
        stream.write((json.dumps(results, indent=2, allow_nan=False) + "\n").encode())
    print_tables(results, [d.name for d in generated], [name for d in shared for name in d.rows])


if __name__ == "__main__":
    main()
