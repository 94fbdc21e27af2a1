"""AUROC, rates at a threshold, their intervals and pairs within a context: each against a loop."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch

from gatling.evaluation import intervals
from gatling.evaluation.intervals import clopper_pearson
from gatling.evaluation.pairs import pair_gaps
from gatling.evaluation.separation import (
    FALSE_ALARMS,
    RECALLS,
    auroc,
    bootstrap,
    fpr_at_recall,
    recall_at_fpr,
    separation,
)

Rows = tuple[torch.Tensor, torch.Tensor, torch.Tensor]


def some_energies(seed: int = 1, count: int = 80, contexts: int = 15) -> Rows:
    generator = torch.Generator().manual_seed(seed)
    violation = torch.rand(count, generator=generator) < 0.4
    energy = torch.randint(0, 12, (count,), generator=generator) / 10.0 + 0.3 * violation
    return energy, violation, torch.randint(contexts, (count,), generator=generator) * 3


def test_auroc_equals_a_loop() -> None:
    energy, violation, _ = some_energies()
    pairs = [(float(v), float(c)) for v in energy[violation] for c in energy[~violation]]
    expected = sum(1.0 if v > c else 0.5 if v == c else 0.0 for v, c in pairs) / len(pairs)
    assert auroc(energy, violation) == pytest.approx(expected, abs=1e-6)
    assert math.isnan(auroc(energy, torch.zeros(80, dtype=torch.bool)))


@pytest.mark.parametrize("recall", [0.5, 0.95, 0.999, 1.0])
def test_false_alarms_equal_a_loop(recall: float) -> None:
    energy, violation, _ = some_energies()
    best = min(
        float((energy[~violation] >= t).float().mean())
        for t in energy.unique()
        if float((energy[violation] >= t).float().mean()) >= recall
    )
    assert fpr_at_recall(energy, violation, recall) == pytest.approx(best)


@pytest.mark.parametrize("fpr", [0.01, 0.05, 0.3])
def test_recall_at_a_rate_of_false_alarms_equals_a_loop(fpr: float) -> None:
    energy, violation, _ = some_energies()
    best = max(
        float((energy[violation] > t).float().mean())
        for t in energy[~violation].unique()
        if float((energy[~violation] > t).float().mean()) <= fpr
    )
    assert recall_at_fpr(energy, violation, fpr) == pytest.approx(best)


def test_shares_that_are_whole_numbers_are_not_rounded_away() -> None:
    energy = torch.arange(200) / 100.0
    violation = torch.arange(200) % 2 == 0  # violations at 0.00, 0.02 ...; compliant plans at 0.01, 0.03 ...
    assert fpr_at_recall(energy, violation, 0.95) == pytest.approx(0.95)
    assert recall_at_fpr(energy, violation, 0.05) == pytest.approx(0.05)
    assert recall_at_fpr(energy, violation, 0.01) == pytest.approx(0.01)


def test_close_energies_are_told_apart() -> None:
    energy = torch.tensor([1.9, 1.9 + 1e-6, 1.2, 1.2 + 1e-6])
    assert auroc(energy, torch.tensor([False, True, False, True])) == 0.75


def resampled(rows: Rows, measure: Callable[[torch.Tensor, torch.Tensor], float]) -> list[float]:
    """The interval by making the resamples."""
    energy, violation, context = rows
    members = [torch.nonzero(context == c).squeeze(1) for c in context.unique()]
    generator = torch.Generator().manual_seed(0)
    values = []
    for _ in range(200):
        drawn = torch.randint(len(members), (len(members),), generator=generator)
        index = torch.cat([members[i] for i in drawn.tolist()])
        if violation[index].any() and not violation[index].all():
            values.append(measure(energy[index], violation[index]))
    return torch.tensor(values).quantile(torch.tensor([0.025, 0.975])).tolist()


@pytest.mark.parametrize(("count", "contexts"), [(80, 15), (300, 40), (12, 4)])
@pytest.mark.parametrize("at_once", [1, 4_000_000])
def test_the_bootstrap_equals_making_the_resamples(
    count: int, contexts: int, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intervals, "_ENTRIES_AT_ONCE", at_once)
    rows = some_energies(count + 1, count, contexts)
    found = bootstrap(*rows)
    assert found["auroc"] == pytest.approx(resampled(rows, auroc), abs=1e-6)
    for name, recall in RECALLS.items():
        assert found[name] == pytest.approx(resampled(rows, lambda e, v, r=recall: fpr_at_recall(e, v, r)), abs=1e-6)
    for name, fpr in FALSE_ALARMS.items():
        assert found[name] == pytest.approx(resampled(rows, lambda e, v, f=fpr: recall_at_fpr(e, v, f)), abs=1e-6)


@pytest.mark.parametrize(("successes", "trials"), [(0, 20), (20, 20), (1, 20), (7, 33), (250, 1000), (3, 50_000)])
def test_clopper_pearson_is_where_the_tails_are_a_fortieth(successes: int, trials: int) -> None:
    low, high = clopper_pearson(successes, trials)

    def tail(k: int, p: float) -> float:
        log = [
            math.lgamma(trials + 1) - math.lgamma(i + 1) - math.lgamma(trials - i + 1)
            + i * math.log(p) + (trials - i) * math.log1p(-p)
            for i in range(k + 1)
        ]  # fmt: skip
        return math.fsum(math.exp(x) for x in log)

    if successes == 0:
        assert low == 0
        assert high == pytest.approx(1 - 0.025 ** (1 / trials))
    else:
        assert 1 - tail(successes - 1, low) == pytest.approx(0.025, rel=1e-6)
    if successes == trials:
        assert high == 1
    else:
        assert tail(successes, high) == pytest.approx(0.025, rel=1e-6)


def test_clopper_pearson_of_a_printed_table() -> None:
    assert clopper_pearson(4, 20) == pytest.approx((0.057334, 0.436614), abs=1e-6)
    assert clopper_pearson(10, 10)[0] == pytest.approx(0.691503, abs=1e-6)
    with pytest.raises(ValueError, match="3 successes of 2 trials"):
        clopper_pearson(3, 2)


def test_rates_report_the_wider_of_both_intervals() -> None:
    # one context a trace, perfectly separated: the bootstrap says 0 to 0, the exact interval does not
    energy, violation = torch.arange(40) / 40, torch.arange(40) >= 20
    found = separation(energy, violation, torch.arange(40), with_intervals=True)
    assert (found["fpr_at_recall_95"], found["fpr_at_recall_95_low"]) == (0, 0)
    assert found["fpr_at_recall_95_high"] == pytest.approx(1 - 0.025 ** (1 / 20))
    assert found["recall_at_fpr_1_low"] == pytest.approx(0.025 ** (1 / 20))
    # all compliant traces of half the contexts are alarms: the exact interval takes 400 traces for independent
    context = torch.arange(800) % 4
    energy = torch.where(torch.arange(800) < 400, 1.0, (context < 2) * 1.5)
    found = separation(energy, torch.arange(800) < 400, context, with_intervals=True)
    assert found["fpr_at_recall_95"] == 0.5
    assert found["fpr_at_recall_95_low"] == 0
    assert found["fpr_at_recall_95_high"] == 1


def test_nothing_to_separate() -> None:
    energy, _, context = some_energies()
    assert separation(energy, torch.ones(80, dtype=torch.bool), context, with_intervals=True) == {}


def test_pairs_equal_a_loop() -> None:
    energy, violation, context = some_energies(3, 200, 12)
    energy[violation] += 0.2 * torch.rand(int(violation.sum()), generator=torch.Generator().manual_seed(0))
    energy = energy.clamp(0, 2)
    kind = torch.arange(200) % 2 == 0
    gaps = pair_gaps(energy, ~violation, context, margin=0.5)
    for keep in (None, kind):
        pairs = [
            float(energy[v].double() - energy[c].double())
            for v in range(200)
            for c in range(200)
            if violation[v] and not violation[c] and context[v] == context[c] and (keep is None or keep[v])
        ]
        found = gaps.summary(keep, with_intervals=True)
        assert found["num_pairs"] == len(pairs)
        assert found["pairs_ranked"] == pytest.approx(sum(g > 0 for g in pairs) / len(pairs))
        assert found["pairs_beyond_margin"] == pytest.approx(sum(g >= 0.5 - 1e-7 for g in pairs) / len(pairs))
        assert found["mean_gap"] == pytest.approx(sum(pairs) / len(pairs))
        for name in ("pairs_ranked", "pairs_beyond_margin", "mean_gap"):
            assert found[f"{name}_low"] < found[name] < found[f"{name}_high"]


def test_pairs_at_the_very_margin_and_ties() -> None:
    energy = torch.tensor([0.25, 0.75, 0.25, 0.7499, 2.0, 0.0])
    compliant = torch.tensor([True, False, False, False, False, True])
    context = torch.tensor(
        [0, 0, 0, 0, 7, 9]
    )  # the violation of context 7 has no compliant plan, the plan of 9 no violation
    found = pair_gaps(energy, compliant, context, margin=0.5).summary()
    assert found == pytest.approx({
        "num_pairs": 3, "pairs_ranked": 2 / 3, "pairs_beyond_margin": 1 / 3, "mean_gap": (0.5 + 0.4999) / 3,
    })  # fmt: skip
    assert pair_gaps(energy, compliant, torch.arange(6), margin=0.5).summary(with_intervals=True) == {}


def test_the_interval_of_pairs_equals_making_the_resamples() -> None:
    energy, violation, context = some_energies(4, 60, 8)
    found = pair_gaps(energy, ~violation, context, margin=0.5).summary(with_intervals=True)

    members = [torch.nonzero(context == c).squeeze(1) for c in context.unique()]
    generator = torch.Generator().manual_seed(0)
    values = []
    for _ in range(200):
        gaps: list[float] = []
        for i in torch.randint(len(members), (len(members),), generator=generator).tolist():
            own, bad = energy[members[i]], violation[members[i]]
            gaps += [float(v - c) for v in own[bad] for c in own[~bad]]
        values.append(sum(g > 1e-7 for g in gaps) / len(gaps))
    low, high = torch.tensor(values).quantile(torch.tensor([0.025, 0.975])).tolist()
    assert (found["pairs_ranked_low"], found["pairs_ranked_high"]) == pytest.approx((low, high), abs=1e-6)
