"""One function from latents to the dictionary of metrics that logs, checkpoints and reports share."""

from __future__ import annotations

import torch
from torch import Tensor

from gatling.evaluation.embed import Embedded
from gatling.evaluation.geometry import effective_rank, sample_evenly, uniformity
from gatling.evaluation.pairs import pair_gaps
from gatling.evaluation.retrieval import nearest_neighbour
from gatling.evaluation.separation import Metrics as Metrics
from gatling.evaluation.separation import separation
from gatling.objectives import Objective

SECURITY_MARGIN = 0.5


def evaluate_embedded(embedded: Embedded, *, with_intervals: bool = False, geometry: bool = True) -> Metrics:
    """Return the metrics of a set of traces.

    Keys: `num_compliant`, `num_violations`, `num_contexts`, `positive_similarity`, `negative_similarity`, `nn_accuracy`,
    `gallery_size`; with `geometry` also `effective_rank`, `uniformity`; where violations are labelled also
    `violation_similarity`, `nn_accuracy_hard`, `gallery_size_hard`, and what `separation` and `PairGaps.summary` give, at a
    security margin of 0.5. With `with_intervals` the bounds of the 95 % intervals too, under the same name and `_low`, `_high`.
    What cannot be measured is left out.
    """
    similarity = embedded.similarity()
    energy = embedded.energy()
    violating = ~embedded.is_compliant
    found = nearest_neighbour(embedded)
    metrics: Metrics = {
        "num_compliant": int(embedded.is_compliant.sum()),
        "num_violations": int(violating.sum()),
        "num_contexts": len(torch.unique(embedded.context)),
        "positive_similarity": _mean(similarity[embedded.is_compliant]),
        "negative_similarity": found.negative_similarity,
        "nn_accuracy": found.accuracy,
        "gallery_size": found.gallery_size,
    }
    if geometry:
        z_e = embedded.z_e[sample_evenly(embedded.plan[embedded.is_compliant])]
        metrics["effective_rank"] = effective_rank(z_e)
        metrics["uniformity"] = uniformity(z_e)
    if violating.any():
        metrics |= {
            "violation_similarity": _mean(similarity[violating]),
            "nn_accuracy_hard": found.hard_accuracy,
            "gallery_size_hard": found.hard_gallery_size,
        }
        metrics |= separation(energy, violating, embedded.context, with_intervals=with_intervals)
        gaps = pair_gaps(energy, embedded.is_compliant, embedded.context, margin=SECURITY_MARGIN)
        metrics |= gaps.summary(with_intervals=with_intervals)
    return {name: value for name, value in metrics.items() if value == value}


def _mean(values: Tensor) -> float:
    return float(values.double().mean()) if len(values) else float("nan")


def loss_of_embedded(
    embedded: Embedded,
    objective: Objective,
    *,
    batch_size: int,
    temperature: float,
    num_negatives: int,
    seed: int,
) -> dict[str, float]:
    """Return the training objective on latents, as `loss`, with its parts: means over batches.

    Batches hold `batch_size` distinct contexts with one compliant plan each and up to `num_negatives` of their
    violations, in an order fixed by the seed. The loss depends on the batch size: compare it at the same one only.
    Empty if there is no compliant trace.
    """
    plans: dict[int, list[int]] = {}
    violations: dict[int, list[int]] = {}
    for row, (context, compliant) in enumerate(
        zip(embedded.context.tolist(), embedded.is_compliant.tolist(), strict=True)
    ):
        (plans if compliant else violations).setdefault(context, []).append(row)
    contexts = sorted(plans)
    order = torch.randperm(len(contexts), generator=torch.Generator().manual_seed(seed)).tolist()
    total: dict[str, float] = {}
    for start in range(0, len(order), batch_size):
        batch = [contexts[i] for i in order[start : start + batch_size]]
        rows = [violations.get(c, [])[:num_negatives] for c in batch]
        has = torch.tensor([[k < len(r) for k in range(num_negatives)] for r in rows], dtype=torch.bool)
        padded = torch.tensor([r + [0] * (num_negatives - len(r)) for r in rows], dtype=torch.int64)
        own = [plans[c][0] for c in batch]
        is_shared = embedded.belongs(torch.tensor(batch), embedded.plan[own])
        loss, parts = objective(
            embedded.z_g[batch],
            embedded.z_e[embedded.plan[own]],
            embedded.z_e[embedded.plan[padded.reshape(len(batch), num_negatives)]],
            logit_scale=1 / temperature,
            is_shared=is_shared & ~torch.eye(len(batch), dtype=torch.bool),
            has_negative=has.reshape(len(batch), num_negatives),
        )
        for name, value in {"loss": float(loss), **parts}.items():
            total[name] = total.get(name, 0.0) + value * len(batch) / len(order)
    return total
