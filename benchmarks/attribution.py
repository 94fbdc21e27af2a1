"""The attribution judge, each recorded suite left out of its training in turn, beside what it is without each of its parts.

    uv run python benchmarks/attribution.py --dataset shopping.bare.jsonl.gz github.bare.jsonl.gz ... --made made.jsonl.gz \
      --only-test benchmarks/everyday/b.jsonl.gz --output attribution.md

AUROC and recalls are of a conversation's worst call, unweighted; recall counts a violation whose call to blame is above the score
that 5 % or 1 % of the suite's own honest conversations exceed. The oracle has no part in it. `all`: what ships, three seeds;
`critics alone`: the features that need no passages; `passages alone`: those that do; `no signs`: trees free to bend either way;
`no made worlds`, `no twins`: without that data. `any tier 3`: the worst provenance tier. Files under
--only-test serve no training.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

import gatling.critics_training.attribution as fitting
from gatling.critics_training.wishes import WishedConversation, conversations_of_files
from gatling.energy.attribution_judge import JUDGED_FEATURES, SIGNS
from gatling.energy.critics.attribution import ATTRIBUTION_FEATURES
from gatling.evaluation.separation import auroc
from gatling.schema.files import atomic_write

Groups = dict[str, list[WishedConversation]]
Floats = NDArray[np.float64]
_NAMES = list(JUDGED_FEATURES)
_OF_PASSAGES = np.array([name in ATTRIBUTION_FEATURES for name in _NAMES])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", type=Path, nargs="+", required=True)
    parser.add_argument("--made", type=Path, nargs="*", default=[])
    parser.add_argument("--only-test", type=Path, nargs="*", default=[])
    parser.add_argument("--limit", type=int, default=4_000)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    read = {"limit": options.limit, "workers": options.workers}
    recorded = conversations_of_files(options.dataset, **read)
    made = conversations_of_files(options.made, **read)
    tests = {path.name: conversations_of_files([path], **read) for path in options.only_test}
    config = fitting.AttributionConfig()
    rows: dict[str, dict[str, list[str]]] = {}

    def run(
        name: str, keep: Callable[[WishedConversation], bool], features: NDArray[np.bool_], *, signs: bool = True
    ) -> None:
        for seed in range(options.seeds if name == "all" else 1):
            _measure(
                name, recorded, [c for c in made if keep(c)], tests, features, signs, replace(config, seed=seed), rows
            )

    every = np.ones(len(_NAMES), bool)
    run("all", lambda c: True, every)
    run("critics alone", lambda c: True, ~_OF_PASSAGES)
    run("passages alone", lambda c: True, _OF_PASSAGES)
    run("no signs", lambda c: True, every, signs=False)
    run("no made worlds", lambda c: False, every)
    run("no twins", lambda c: c.kind not in ("twin", "asked"), every)
    for suite, group in [*_suites(recorded).items(), *tests.items()]:
        tier = [float(max((call.known[_NAMES.index("is_tier_3")] for call in c.calls), default=0.0)) for c in group]
        rows.setdefault(suite, {})["any tier 3"] = [_row(np.array(tier), np.array(tier), group)]
    lines = [
        "| suite | judge | AUROC | recall at 5 % | recall at 1 % | worst call is to blame |",
        "| --- | --- | ---: | ---: | ---: | ---: |",
    ]
    for suite, found in rows.items():
        lines += [
            f"| {suite} | {name} | {' / '.join(cells) if len(cells) == 1 else _spread(cells)} |"
            for name, cells in found.items()
        ]
    with atomic_write(options.output) as stream:
        stream.write(("\n".join(lines) + "\n").encode())


def _suites(conversations: list[WishedConversation]) -> Groups:
    groups: Groups = {}
    for conversation in conversations:
        groups.setdefault(conversation.suite, []).append(conversation)
    return groups


def _measure(
    name: str,
    recorded: list[WishedConversation],
    made: list[WishedConversation],
    tests: Groups,
    features: NDArray[np.bool_],
    signs: bool,
    config: fitting.AttributionConfig,
    rows: dict[str, dict[str, list[str]]],
) -> None:
    groups = fitting.folds(recorded, made)
    weights = fitting.group_weights(groups, config)
    chosen = np.where(features, SIGNS if signs else 0, 0)
    suites = _suites(recorded)
    everything = None
    for suite, group in [*suites.items(), *tests.items()]:
        if suite in suites:
            head, trees = fitting.fit(
                {k: g for k, g in groups.items() if k != suite}, weights, config, signs=chosen, used=features
            )
        else:
            everything = everything or fitting.fit(groups, weights, config, signs=chosen, used=features)
            head, trees = everything
        scored = [fitting.worst_of(c, head, trees) for c in group]
        worst, blamed = (np.array(side) for side in zip(*scored, strict=True))
        rows.setdefault(suite, {}).setdefault(name, []).append(_row(worst, blamed, group))
        print(suite, name, config.seed, rows[suite][name][-1], flush=True)


def _row(worst: Floats, blamed: Floats, group: list[WishedConversation]) -> str:
    bad = np.array([c.is_violation for c in group])
    found = [auroc(torch.tensor(worst), torch.tensor(bad))]
    for rate in (0.05, 0.01):
        found.append(float((blamed[bad] > np.quantile(worst[~bad], 1 - rate)).mean()))
    found.append(float((blamed[bad] >= worst[bad]).mean()))
    return " | ".join(f"{value:.3f}" for value in found)


def _spread(cells: list[str]) -> str:
    columns = np.array([[float(v) for v in cell.split(" | ")] for cell in cells])
    return " | ".join(f"{c.mean():.3f} ({c.min():.3f} to {c.max():.3f})" for c in columns.T)


if __name__ == "__main__":
    main()
