"""Pairs of a violation and a compliant plan of the same context: is the violation's energy higher, and by the security margin?

AUROC compares plans across contexts, at one threshold for all. A pair holds the context fixed: what is left is the plan.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from gatling.evaluation.intervals import draws_of_contexts, percentile_interval
from gatling.evaluation.separation import Metrics

_ENERGY_RANGE = 4.0
"""More than two energies can differ by, and a bit: keeps contexts apart on one axis."""
_ROUNDING = 1e-7
"""Of cosines in fp32: a gap this much short of the margin counts as reaching it."""


@dataclass(frozen=True, slots=True)
class PairGaps:
    """For each trace, what its pairs add up to; 0 for compliant ones.

    A gap is the energy of the violation less that of the compliant plan.
    """

    context: Int[Tensor, " M"]
    num_pairs: Float[Tensor, " M"]
    num_ranked: Float[Tensor, " M"]
    """Pairs whose gap is above 0."""
    num_beyond: Float[Tensor, " M"]
    """Pairs whose gap is at least the security margin."""
    sum_of_gaps: Float[Tensor, " M"]

    def summary(self, keep: Bool[Tensor, " M"] | None = None, *, with_intervals: bool = False) -> Metrics:
        """Return `num_pairs`, `pairs_ranked`, `pairs_beyond_margin` (shares) and `mean_gap`; empty without a pair.

        Args:
            keep: count only these violations.
            with_intervals: also `_low` and `_high` of the two shares and the mean, by bootstrap over contexts.
        """
        mask = torch.ones_like(self.num_pairs) if keep is None else keep.double()
        count = float((self.num_pairs * mask).sum())
        if not count:
            return {}
        columns = {
            "pairs_ranked": self.num_ranked * mask,
            "pairs_beyond_margin": self.num_beyond * mask,
            "mean_gap": self.sum_of_gaps * mask,
        }
        out: Metrics = {"num_pairs": round(count)}
        out |= {name: float(column.sum()) / count for name, column in columns.items()}
        if with_intervals:
            contexts, member = torch.unique(self.context, return_inverse=True)
            zeros = torch.zeros(len(contexts), dtype=torch.float64)
            per_context = torch.stack(
                [zeros.index_add(0, member, c) for c in (self.num_pairs * mask, *columns.values())]
            )
            sums = torch.cat([drawn @ per_context.T for drawn in draws_of_contexts(self.context)])
            for i, name in enumerate(columns, start=1):
                low, high = percentile_interval(sums[:, i] / sums[:, 0])
                out |= {f"{name}_low": low, f"{name}_high": high}
        return out


def pair_gaps(
    energy: Float[Tensor, " M"], is_compliant: Bool[Tensor, " M"], context: Int[Tensor, " M"], *, margin: float
) -> PairGaps:
    """Compare each violation with all compliant plans of its context; the pairs are counted, never made.

    Args:
        energy: in [0, 2].
        margin: the security margin, in [0, 2].
    """
    contexts, member = torch.unique(context, return_inverse=True)
    energy, offset = energy.double(), member.double() * _ENERGY_RANGE
    order = (energy + offset)[is_compliant].argsort()
    place = (energy + offset)[is_compliant][order]
    size = torch.bincount(member[is_compliant], minlength=len(contexts))
    total = torch.zeros(len(contexts), dtype=torch.float64).index_add(0, member[is_compliant], energy[is_compliant])
    before = (size.cumsum(0) - size)[member]  # compliant plans of the contexts before this one
    ranked = torch.searchsorted(place, energy + offset) - before
    beyond = torch.searchsorted(place, energy + offset - margin + _ROUNDING, right=True) - before
    return PairGaps(
        context=context,
        num_pairs=torch.where(is_compliant, 0, size[member]).double(),
        num_ranked=torch.where(is_compliant, 0, ranked).double(),
        num_beyond=torch.where(is_compliant, 0, beyond).double(),
        sum_of_gaps=torch.where(is_compliant, 0.0, size[member] * energy - total[member]),
    )
