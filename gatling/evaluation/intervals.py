"""95 % intervals: by resampling whole contexts, and exact ones of a binomial share.

Traces of one context are not independent: their plans resemble each other, and so do their energies. So the bootstrap draws
contexts, with replacement, and takes all their traces along (the cluster bootstrap, Davison and Hinkley, 1997, section 3.8).
A resample is never made: each trace is weighted with how often its context was drawn.

What the bootstrap cannot do is doubt an extreme: with no false alarm among 20 plans it says 0 to 0. The exact interval of Clopper
and Pearson (1934) says 0 to 0.17, but takes traces for independent and a threshold for given. Where a share rests on a
threshold, the hull of both is reported; it is never narrower than either.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

Interval = tuple[float, float]

NUM_RESAMPLES = 200
_ENTRIES_AT_ONCE = 4_000_000
_BISECTIONS = 50


def draws_of_contexts(
    context: Int[Tensor, " M"], *, width: int | None = None, seed: int = 0
) -> Iterator[Float[Tensor, "R C"]]:
    """Yield how often each context is drawn, 200 resamples in all, a few at a time; contexts in the order of their rows.

    Args:
        context: row of the context of each trace.
        width: entries a resample that the caller is going to make, which bounds how many come at a time.
    """
    count = len(torch.unique(context))
    at_once = max(1, _ENTRIES_AT_ONCE // max(count, width or 0, 1))
    generator = torch.Generator().manual_seed(seed)
    for start in range(0, NUM_RESAMPLES, at_once):
        draws = [
            torch.bincount(torch.randint(count, (count,), generator=generator), minlength=count)
            for _ in range(min(at_once, NUM_RESAMPLES - start))
        ]
        yield torch.stack(draws).double()


def ratio_interval(
    part: Float[Tensor, " M"], whole: Float[Tensor, " M"], context: Int[Tensor, " M"], *, seed: int = 0
) -> Interval:
    """Return the bootstrap interval of sum(part) / sum(whole), contexts drawn; NaN where no draw has any of the whole."""
    rows = torch.unique(context, return_inverse=True)[1]
    both = torch.stack([part, whole], 1).double()
    by_context = torch.zeros(int(rows.max()) + 1, 2, dtype=torch.float64).index_add_(0, rows, both)
    draws = torch.cat([drawn @ by_context for drawn in draws_of_contexts(context, seed=seed)])
    return percentile_interval(draws[:, 0] / draws[:, 1])


def percentile_interval(values: Float[Tensor, " R"]) -> Interval:
    """Return the 2.5 and 97.5 % quantiles of the values that are not NaN; NaN where all are."""
    kept = values[~values.isnan()]
    if not len(kept):
        return float("nan"), float("nan")
    low, high = kept.quantile(torch.tensor([0.025, 0.975], dtype=kept.dtype)).tolist()
    return low, high


def hull(a: Interval, b: Interval) -> Interval:
    """Return the smallest interval around both; one that is NaN does not count."""
    return float(np.nanmin([a[0], b[0]])), float(np.nanmax([a[1], b[1]]))


def clopper_pearson(successes: int, trials: int) -> Interval:
    """Return the exact 95 % interval of a binomial share.

    Its ends are the shares at which this many successes or more, and this many or fewer, have a probability of 2.5 %
    (Clopper and Pearson, 1934). They are found by bisection on the sum of the probabilities, to 15 digits.

    Raises:
        ValueError: unless 0 <= successes <= trials and there is a trial.
    """
    if not 0 <= successes <= trials or not trials:
        raise ValueError(f"{successes} successes of {trials} trials")
    low = 0.0 if successes == 0 else 1 - _upper_end(trials - successes, trials)
    high = 1.0 if successes == trials else _upper_end(successes, trials)
    return low, high


def _upper_end(successes: int, trials: int) -> float:
    """Return the share p at which P(X <= successes) is 2.5 %."""
    k = torch.arange(successes + 1, dtype=torch.float64)
    n = torch.tensor(float(trials), dtype=torch.float64)
    choose = torch.lgamma(n + 1) - torch.lgamma(k + 1) - torch.lgamma(n - k + 1)
    low, high = successes / trials, 1.0
    for _ in range(_BISECTIONS):
        p = torch.tensor((low + high) / 2, dtype=torch.float64)
        tail = float(torch.logsumexp(choose + k * p.log() + (n - k) * torch.log1p(-p), 0).exp())
        low, high = (float(p), high) if tail > 0.025 else (low, float(p))
    return (low + high) / 2
