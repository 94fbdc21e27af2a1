"""Nearest-neighbour accuracy: does a context's latent find a plan of its own?

Accuracy means nothing without the size of the gallery it was measured on: top-1 among 20 plans is easy, among 2,000 it
is not. So both are always given together. A query is a distinct context with at least one compliant plan; the gallery
holds every compliant plan of the set, and with hard negatives also every violating one. A hit is a top-1 plan that is a
compliant plan of the same context; where two contexts have the very same plan, it belongs to both. Other ties count
against the model: among equally near plans all must be hits, so constant latents score 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from gatling.evaluation.embed import Embedded

_CHUNK = 256


@dataclass(frozen=True, slots=True)
class Retrieval:
    accuracy: float
    gallery_size: int
    num_queries: int
    negative_similarity: float
    """Mean cosine of a context and the gallery's compliant plans of other contexts."""


def nearest_neighbour(embedded: Embedded, *, with_violations: bool = False) -> Retrieval:
    """Measure retrieval; NaN where there is no query or no other context."""
    keep = torch.ones_like(embedded.is_compliant) if with_violations else embedded.is_compliant
    gallery, owner, is_compliant = embedded.z_e[keep], embedded.context[keep], embedded.is_compliant[keep]
    plan = embedded.plan[keep]
    queries = torch.unique(embedded.context[embedded.is_compliant])
    hits = 0
    total, count = 0.0, 0
    for start in range(0, len(queries), _CHUNK):
        rows = queries[start : start + _CHUNK]
        similarity = embedded.z_g[rows] @ gallery.T  # (q, M)
        is_hit = embedded.belongs(rows, plan) & is_compliant
        best_hit = similarity.masked_fill(~is_hit, -torch.inf).amax(1)
        best_other = similarity.masked_fill(is_hit, -torch.inf).amax(1)
        hits += int((best_hit > best_other).sum())
        others = (owner[None, :] != rows[:, None]) & ~is_hit & is_compliant
        total += float(similarity[others].double().sum())
        count += int(others.sum())
    return Retrieval(
        accuracy=hits / len(queries) if len(queries) else float("nan"),
        gallery_size=len(gallery),
        num_queries=len(queries),
        negative_similarity=total / count if count else float("nan"),
    )
