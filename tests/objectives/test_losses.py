"""Losses against loops written from their formulas, and their identities."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from gatling.objectives import Objective, alignment_loss, info_nce, margin_loss


def unit(*shape: int) -> Tensor:
    return F.normalize(torch.randn(*shape, dtype=torch.float64), dim=-1)


def naive_info_nce(z_g: Tensor, z_e: Tensor, z_neg: Tensor, scale: float, shared: Tensor, has: Tensor) -> float:
    total = 0.0
    size = len(z_g)
    for i in range(size):
        top = math.exp(scale * float(z_g[i] @ z_e[i]))
        row = sum(math.exp(scale * float(z_g[i] @ z_e[j])) for j in range(size) if not shared[i, j])
        row += sum(math.exp(scale * float(z_g[i] @ z_neg[i, k])) for k in range(z_neg.shape[1]) if has[i, k])
        column = sum(math.exp(scale * float(z_g[j] @ z_e[i])) for j in range(size) if not shared[j, i])
        total += -math.log(top / row) - math.log(top / column)
    return total / (2 * size)


@pytest.mark.parametrize(("size", "num_negatives"), [(1, 0), (1, 2), (2, 1), (7, 3), (16, 0)])
def test_info_nce_equals_the_formula(size: int, num_negatives: int) -> None:
    z_g, z_e, z_neg = unit(size, 6), unit(size, 6), unit(size, num_negatives, 6)
    context = torch.randint(3, (size,))
    shared = (context[:, None] == context[None]) & ~torch.eye(size, dtype=torch.bool)
    has = torch.rand(size, num_negatives) < 0.7
    loss = info_nce(z_g, z_e, z_neg, logit_scale=5.0, is_shared=shared, has_negative=has)
    assert float(loss) == pytest.approx(naive_info_nce(z_g, z_e, z_neg, 5.0, shared, has), rel=1e-9)


def test_uniform_similarities_give_log_of_the_batch() -> None:
    z = torch.ones(8, 4) / 2
    assert float(info_nce(z, z, logit_scale=14.0)) == pytest.approx(math.log(8))


def test_the_two_directions_are_symmetric() -> None:
    z_g, z_e = unit(6, 5), unit(6, 5)
    assert torch.allclose(info_nce(z_g, z_e, logit_scale=9.0), info_nce(z_e, z_g, logit_scale=9.0))


def test_a_single_pair_without_negatives_has_nothing_to_learn() -> None:
    z_g, z_e = unit(1, 4).requires_grad_(), unit(1, 4)
    loss = info_nce(z_g, z_e, logit_scale=14.0)
    loss.backward()
    assert float(loss.detach()) == 0
    assert z_g.grad is not None
    assert not z_g.grad.any()


def test_shared_pairs_are_not_pushed_apart() -> None:
    z_g, z_e = unit(2, 4), unit(2, 4).requires_grad_()
    info_nce(z_g, z_e, logit_scale=14.0, is_shared=~torch.eye(2, dtype=torch.bool)).backward()
    assert z_e.grad is not None
    assert not z_e.grad.any()


def test_missing_negatives_get_no_gradient() -> None:
    z_neg = unit(3, 2, 4).requires_grad_()
    has = torch.tensor([[True, False], [False, False], [True, True]])
    z_g, z_e = unit(3, 4), unit(3, 4)
    loss = info_nce(z_g, z_e, z_neg, logit_scale=3.0, has_negative=has)
    (loss + margin_loss(z_g, z_e, z_neg, security_margin=2.0, has_negative=has)).backward()
    assert z_neg.grad is not None
    assert torch.isfinite(z_neg.grad).all()
    assert torch.equal(z_neg.grad.abs().sum(-1) > 0, has)


def test_margin_equals_the_formula_and_is_zero_beyond_it() -> None:
    z_g, z_e, z_neg = unit(5, 4), unit(5, 4), unit(5, 3, 4)
    expected = sum(
        max(0.0, 0.5 - float(z_g[i] @ z_e[i]) + float(z_g[i] @ z_neg[i, k])) for i in range(5) for k in range(3)
    )
    assert float(margin_loss(z_g, z_e, z_neg, security_margin=0.5)) == pytest.approx(expected / 15)
    assert float(margin_loss(z_g, z_g, -z_g[:, None], security_margin=2.0)) == pytest.approx(0, abs=1e-12)
    assert float(margin_loss(z_g, z_e, z_neg[:, :0], security_margin=0.5)) == 0
    none = torch.zeros(5, 3, dtype=torch.bool)
    assert float(margin_loss(z_g, z_e, z_neg, security_margin=0.5, has_negative=none)) == 0


def test_the_objective_is_the_weighted_sum_of_its_parts() -> None:
    z_g, z_e, z_neg = unit(4, 4), unit(4, 4), unit(4, 2, 4)
    objective = Objective(security_margin=0.5, margin_weight=0.3, alignment_weight=0.7)
    loss, parts = objective(
        z_g,
        z_e,
        z_neg,
        logit_scale=4.0,
        is_shared=torch.zeros(4, 4, dtype=torch.bool),
        has_negative=torch.ones(4, 2, dtype=torch.bool),
    )
    expected = parts["info_nce"] + 0.3 * parts["margin"] + 0.7 * parts["alignment"]
    assert float(loss) == pytest.approx(expected)
    assert parts["alignment"] == pytest.approx(float(1 - (z_g * z_e).sum(-1).mean()))
    assert float(alignment_loss(z_g, z_g)) == pytest.approx(0, abs=1e-12)


def test_a_wrong_shape_is_caught_in_tests() -> None:
    with pytest.raises(Exception, match="z_e"):
        info_nce(torch.randn(3, 4), torch.randn(3, 5), logit_scale=1.0)
