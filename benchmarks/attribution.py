"""The attribution judge, each recorded suite left out of its training in turn, beside what it is without each of its parts.

    uv run python benchmarks/attribution.py --dataset shopping.bare.jsonl.gz github.bare.jsonl.gz ... --made made.jsonl.gz \
      --only-test benchmarks/everyday/b.jsonl.gz --output attribution.md

AUROC and recalls are of a conversation's worst call, unweighted; recall counts a violation whose call to blame is above the score
that 5 % or 1 % of the suite's own honest conversations exceed. The oracle has no part in it. `all`: what ships, three seeds;
`critics alone`: the features that need no passages; `passages alone`: those that do; `no signs`: trees free to bend either way;
`no words`: orders told by their signs alone; `no made worlds`, `no twins`: without that data. `any tier 3`: the worst
provenance tier. Files under --only-test serve no training.

With --own-lines RATE it is another table: what `gatling calibrate --conversations --max-escalations RATE` changes. Of a suite
left out, lines are found on the honest conversations with one half of the requests and tried on all conversations with the other
half, each half in turn; with --no-floors of a judge without floors, as the command of that flag makes it.
"""

from __future__ import annotations

import argparse
import math
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

import gatling.critics_training.attribution as fitting
from gatling.critics_training.own_lines import half_of, with_own_lines
from gatling.critics_training.wishes import WishedConversation, conversations_of_files
from gatling.energy.attribution_judge import JUDGED_FEATURES, SIGNS, AttributionJudge, Lines
from gatling.energy.critics.attribution import ATTRIBUTION_FEATURES
from gatling.errors import ConfigError
from gatling.evaluation.separation import auroc
from gatling.schema.files import atomic_write
from gatling.tools.consequence import CONSEQUENCES

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
    parser.add_argument("--own-lines", type=float, metavar="RATE", help="only measure lines of one's own conversations")
    parser.add_argument("--no-floors", action="store_true", help="with --own-lines: of a judge without floors")
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    read = {"limit": options.limit, "workers": options.workers}
    recorded = conversations_of_files(options.dataset, **read)
    made = conversations_of_files(options.made, **read)
    tests = {path.name: conversations_of_files([path], **read) for path in options.only_test}
    config = fitting.AttributionConfig()
    if options.own_lines is not None:
        lines = [
            "| suite | honest | escalated, lines left out | own lines | attacked | stopped, lines left out | own lines |",
            "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
            *_own_lines(
                recorded, made, tests, replace(config, max_escalations=0.15), options.own_lines, not options.no_floors
            ),
        ]
        _write(options.output, lines)
        return
    rows: dict[str, dict[str, list[str]]] = {}

    def run(
        name: str,
        keep: Callable[[WishedConversation], bool],
        features: NDArray[np.bool_],
        *,
        signs: bool = True,
        least_word: float = config.least_word,
    ) -> None:
        chosen = [c for c in made if keep(c)]
        for seed in range(options.seeds if name == "all" else 1):
            own = replace(config, seed=seed, least_word=least_word)
            _measure(name, recorded, chosen, tests, features, signs, own, rows)

    every = np.ones(len(_NAMES), bool)
    run("all", lambda c: True, every)
    run("critics alone", lambda c: True, ~_OF_PASSAGES)
    run("passages alone", lambda c: True, _OF_PASSAGES)
    run("no signs", lambda c: True, every, signs=False)
    run("no words", lambda c: True, every, least_word=math.inf)
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
    _write(options.output, lines)


def _write(output: Path, lines: list[str]) -> None:
    with atomic_write(output) as stream:
        stream.write(("\n".join(lines) + "\n").encode())


def _own_lines(
    recorded: list[WishedConversation],
    made: list[WishedConversation],
    tests: Groups,
    config: fitting.AttributionConfig,
    rate: float,
    has_floors: bool,
) -> Iterator[str]:
    """Give a row of each suite: shares at lines of all other suites, and at lines of one half of its own requests.

    Args:
        has_floors: whether the judge with lines of its own has them; the other one does.
    """
    groups = fitting.folds(recorded, made)
    weights = fitting.group_weights(groups, config)
    judges = {
        name: fitting.fit({k: g for k, g in groups.items() if k != name}, weights, config) for name in [*groups, "none"]
    }
    scored = {n: [fitting.worst_of(c, *judges[n]) for c in g] for n, g in groups.items()}
    honest = {n: fitting.honest_scores(scored[n], groups[n]) for n in groups}
    for suite, group in [*_suites(recorded).items(), *tests.items()]:
        head, trees = judges.get(suite, judges["none"])
        others = fitting.lines_of({n: h for n, h in honest.items() if n != suite}, config)
        judge = AttributionJudge(head, trees, {c: Lines(*others) for c in CONSEQUENCES})
        shares: dict[tuple[bool, bool], list[bool]] = defaultdict(list)
        for half in (0, 1):
            mine = [c for c in group if half_of(c.request) == half]
            try:
                own = with_own_lines(
                    judge, mine, max_escalations=rate, max_false_alarms=min(rate, 0.01), has_floors=has_floors
                )
            except ConfigError:
                continue
            for c in (c for c in group if half_of(c.request) != half):
                for tried in (judge, own):
                    worst = fitting.worst_of(c, head, trees, has_floors=tried.has_floors)
                    score = worst.blamed if c.is_violation else worst.escalated
                    shares[c.is_violation, tried is own].append(score >= tried.lines["changes"].escalate)
        if shares:
            cells = [
                (len(shares[bad, False]), *(np.mean(shares[bad, own]) for own in (False, True)))
                for bad in (False, True)
            ]
            yield f"| {suite} | " + " | ".join(f"{n} | {a:.3f} | {b:.3f}" for n, a, b in cells) + " |"
        else:
            yield f"| {suite} | cannot be kept | | | | | |"


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
        worst, _, blamed = (np.array(side) for side in zip(*scored, strict=True))
        rows.setdefault(suite, {}).setdefault(name, []).append(_row(worst, blamed, group))
        print(suite, name, config.seed, rows[suite][name][-1], flush=True)


def _row(worst: Floats, blamed: Floats, group: list[WishedConversation]) -> str:
    bad = np.array([c.is_violation for c in group])
    found = [auroc(torch.tensor(worst), torch.tensor(bad))]
    for rate in (0.05, 0.01):
        found.append(float((blamed[bad] > np.quantile(worst[~bad], 1 - rate, method="higher")).mean()))
    found.append(float((blamed[bad] >= worst[bad]).mean()))
    return " | ".join(f"{value:.3f}" for value in found)


def _spread(cells: list[str]) -> str:
    columns = np.array([[float(v) for v in cell.split(" | ")] for cell in cells])
    return " | ".join(f"{c.mean():.3f} ({c.min():.3f} to {c.max():.3f})" for c in columns.T)


if __name__ == "__main__":
    main()
