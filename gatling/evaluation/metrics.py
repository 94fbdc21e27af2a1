"""One function from latents to the dictionary of metrics that logs, checkpoints and reports share."""

from __future__ import annotations

import torch
from torch import Tensor

from gatling.evaluation.embed import Embedded
from gatling.evaluation.geometry import effective_rank, uniformity
from gatling.evaluation.retrieval import nearest_neighbour
from gatling.evaluation.separation import auroc, auroc_interval, fpr_at_recall
from gatling.objectives import Objective

Metrics = dict[str, int | float]


def evaluate_embedded(embedded: Embedded, *, with_intervals: bool = False, geometry: bool = True) -> Metrics:
    """Return the metrics of a set of traces.

    Keys: `num_compliant`, `num_violations`, `positive_similarity`, `negative_similarity`, `nn_accuracy`, `gallery_size`;
    with `geometry` also `effective_rank`, `uniformity`; where violations are labelled also `violation_similarity`,
    `nn_accuracy_hard`, `gallery_size_hard`, `auroc`, `fpr_at_recall_95`, `fpr_at_recall_99_9`, and the bounds of the 95 %
    interval `auroc_low`, `auroc_high` if asked for. What cannot be measured is left out.
    """
    energy = embedded.energy()
    similarity = (embedded.z_g[embedded.context] * embedded.z_e).sum(-1)
    violating = ~embedded.is_compliant
    plain = nearest_neighbour(embedded)
    metrics: Metrics = {
        "num_compliant": int(embedded.is_compliant.sum()),
        "num_violations": int(violating.sum()),
        "positive_similarity": _mean(similarity[embedded.is_compliant]),
        "negative_similarity": plain.negative_similarity,
        "nn_accuracy": plain.accuracy,
        "gallery_size": plain.gallery_size,
    }
    if geometry:
        metrics["effective_rank"] = effective_rank(embedded.z_e[embedded.is_compliant])
        metrics["uniformity"] = uniformity(embedded.z_e[embedded.is_compliant])
    if violating.any():
        hard = nearest_neighbour(embedded, with_violations=True)
        metrics |= {
            "violation_similarity": _mean(similarity[violating]),
            "nn_accuracy_hard": hard.accuracy,
            "gallery_size_hard": hard.gallery_size,
            "auroc": auroc(energy, violating),
            "fpr_at_recall_95": fpr_at_recall(energy, violating, 0.95),
            "fpr_at_recall_99_9": fpr_at_recall(energy, violating, 0.999),
        }
        if with_intervals:
            metrics["auroc_low"], metrics["auroc_high"] = auroc_interval(energy, violating, embedded.context)
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
            embedded.z_e[own],
            embedded.z_e[padded.reshape(len(batch), num_negatives)],
            logit_scale=1 / temperature,
            is_shared=is_shared & ~torch.eye(len(batch), dtype=torch.bool),
            has_negative=has.reshape(len(batch), num_negatives),
        )
        for name, value in {"loss": float(loss), **parts}.items():
            total[name] = total.get(name, 0.0) + value * len(batch) / len(order)
    return total
