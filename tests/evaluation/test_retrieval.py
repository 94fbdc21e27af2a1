"""Retrieval against loops, and what must not flatter it."""

from __future__ import annotations

import pytest
import torch

from gatling.evaluation import retrieval
from gatling.evaluation.embed import Embedded
from gatling.evaluation.retrieval import gallery_draws, nearest_neighbour
from tests.models import embedded


def naive(e: Embedded, queries: list[int], gallery: list[int]) -> float:
    """Top-1 accuracy; a plan that is compliant for the context anywhere in the set is a hit, ties are not."""
    context, plan = e.context.tolist(), e.plan.tolist()
    own = {(c, p) for c, p, good in zip(context, plan, e.is_compliant.tolist(), strict=True) if good}
    hits = 0
    for c in queries:
        similarity = {i: float(e.z_g[c] @ e.z_e[plan[i]]) for i in gallery}
        right = [s for i, s in similarity.items() if (c, plan[i]) in own]
        wrong = [s for i, s in similarity.items() if (c, plan[i]) not in own]
        hits += bool(right) and (not wrong or max(right) > max(wrong))
    return hits / len(queries)


def some_latents(seed: int, *, num_contexts: int = 20, num_traces: int = 60, num_plans: int = 45) -> Embedded:
    generator = torch.Generator().manual_seed(seed)
    context = torch.randint(num_contexts, (num_traces,), generator=generator).tolist()
    plan = torch.randint(num_plans, (num_traces,), generator=generator).tolist()
    z_g = torch.randn(num_contexts, 5, generator=generator)
    z_e = torch.randn(num_plans, 5, generator=generator)
    z_e += torch.stack(
        [z_g[next((c for c, q in zip(context, plan, strict=True) if q == p), 0)] for p in range(num_plans)]
    )
    return embedded(z_g, z_e, context, [i % 3 > 0 for i in range(num_traces)], plan)


@pytest.mark.parametrize("seed", range(4))
def test_retrieval_equals_a_loop(seed: int) -> None:
    e = some_latents(seed)
    context, plan = e.context.tolist(), e.plan.tolist()
    compliant = [i for i in range(60) if e.is_compliant[i]]
    queries = sorted({context[i] for i in compliant})
    hard = [i for i in range(60) if context[i] in queries]
    own = {(context[i], plan[i]) for i in compliant}
    others = [
        float(e.z_g[c] @ e.z_e[plan[i]])
        for c in queries
        for i in compliant
        if context[i] != c and (c, plan[i]) not in own
    ]
    found = nearest_neighbour(e)
    assert (found.num_queries, found.gallery_size, found.hard_gallery_size) == (len(queries), len(compliant), len(hard))
    assert 0 < found.accuracy < 1
    assert found.accuracy == pytest.approx(naive(e, queries, compliant))
    assert found.hard_accuracy == pytest.approx(naive(e, queries, hard))
    assert found.negative_similarity == pytest.approx(sum(others) / len(others), rel=1e-5)


def test_chunks_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    e = some_latents(5)
    whole = nearest_neighbour(e)
    monkeypatch.setattr(retrieval, "_CHUNK", 3)
    found = nearest_neighbour(e)
    assert (found.accuracy, found.hard_accuracy) == (whole.accuracy, whole.hard_accuracy)
    assert found.negative_similarity == pytest.approx(whole.negative_similarity)


def test_a_plan_that_two_contexts_share_belongs_to_both() -> None:
    z = torch.eye(3)
    z_g = torch.stack([z[0], z[0], z[2]])
    shared = embedded(z_g, z[[0, 2]], [0, 1, 2], [True] * 3, plan=[0, 0, 1])
    assert nearest_neighbour(shared).accuracy == 1
    assert nearest_neighbour(shared).negative_similarity == 0
    tied = embedded(z_g, z[[0, 0, 2]], [0, 1, 2], [True] * 3)
    assert nearest_neighbour(tied).accuracy == pytest.approx(1 / 3)


def test_a_violation_in_the_gallery_can_only_make_it_harder() -> None:
    z = torch.eye(4)
    e = embedded(z[:2], torch.stack([z[0] + 0.5 * z[2], z[1], z[0]]), [0, 1, 0], [True, True, False])
    found = nearest_neighbour(e)
    assert (found.accuracy, found.hard_accuracy) == (1, 0.5)


def test_a_plan_that_violates_another_context_only_is_still_a_hit() -> None:
    z = torch.eye(2)
    e = embedded(z, z, [0, 1, 1], [True, True, False], plan=[0, 1, 0])
    assert nearest_neighbour(e).hard_accuracy == 1


def test_large_sets_are_sampled_by_context(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrieval, "MAX_GALLERY", 6)
    e = embedded(torch.eye(9), torch.eye(9)[[c // 2 for c in range(18)]], [c // 2 for c in range(18)], [True] * 18)
    found = nearest_neighbour(e)
    assert (found.gallery_size, found.num_queries, found.accuracy) == (6, 3, 1)


def test_galleries_hold_one_plan_a_context_and_the_violations_of_the_drawn() -> None:
    # 8 contexts with two compliant plans each (one near, one far) and one violation, nearer than both, for the even ones
    z = torch.eye(24)
    near, far = z[:8] + z[8:16], z[:8] + 9 * z[16:]
    z_e = torch.cat([near, far, z[:8:2]])
    e = embedded(z[:8], z_e, [*range(8), *range(8), *range(0, 8, 2)], [True] * 16 + [False] * 4)
    whole = gallery_draws(e, 100)
    assert whole is not None
    assert (whole.num_contexts, whole.num_draws) == (8, 20)
    assert (whole.accuracy, whole.hard_accuracy, whole.hard_gallery_size) == (1, 0.5, 12)
    assert whole.negative_similarity == 0
    near_cosine, far_cosine = 2**-0.5, 82**-0.5
    assert far_cosine + 0.1 < whole.positive_similarity < near_cosine - 0.1  # each plan gets drawn
    three = gallery_draws(e, 3)
    assert three is not None
    assert (three.num_contexts, three.num_draws, three.accuracy) == (3, 20, 1)
    assert 3 < three.hard_gallery_size < 6
    assert three.hard_accuracy == pytest.approx(1 - (three.hard_gallery_size - 3) / 3)
    assert gallery_draws(e, 3) == three
    assert gallery_draws(e, 3, seed=1) != three


def test_a_small_gallery_is_easier_than_a_large_one() -> None:
    torch.manual_seed(0)
    z_g = torch.randn(400, 6)
    e = embedded(z_g, z_g + 0.8 * torch.randn(400, 6), list(range(400)), [True] * 400)
    accuracy = [found.accuracy for n in (5, 50, 400) if (found := gallery_draws(e, n)) is not None]
    assert accuracy[0] > accuracy[1] > accuracy[2]
    assert accuracy[2] == nearest_neighbour(e).accuracy == naive(e, list(range(400)), list(range(400)))


def test_no_compliant_plan_no_gallery() -> None:
    assert gallery_draws(embedded(torch.eye(2), torch.eye(2), [0, 1], [False] * 2), 5) is None
