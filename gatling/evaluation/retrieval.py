"""Nearest-neighbour accuracy: does a context's latent find a plan of its own?

Accuracy means nothing without the size of the gallery it was measured on: top-1 among 20 plans is easy, among 2,000 it
is not. So both are always given together. A query is a distinct context with at least one compliant plan; a hit is a top-1 plan
that is a compliant plan of the query's context, whoever else has it too. Other ties count against the model: among equally near
plans all must be hits, so constant latents score 0.

`nearest_neighbour` takes a whole set for the gallery. `gallery_draws` takes samples of stated size: so many contexts, with one
compliant plan each, so that figures of different sets and sizes can be compared. Both also put violating plans into the gallery,
for the harder figure: those of the query's context and those of the other contexts in the gallery.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from gatling.evaluation.embed import Embedded

MAX_GALLERY = 10_000
"""Compliant plans that `nearest_neighbour` takes at most; of larger sets a sample of contexts. Time grows with its square."""
_MAX_DRAWS = 20
_CHUNK = 256


@dataclass(frozen=True, slots=True)
class Retrieval:
    accuracy: float
    gallery_size: int
    num_queries: int
    negative_similarity: float
    """Mean cosine of a context and the gallery's compliant plans of other contexts."""
    hard_accuracy: float
    """With violating plans in the gallery too."""
    hard_gallery_size: int


@dataclass(frozen=True, slots=True)
class GalleryFigures:
    """Means over the draws of a gallery of one size."""

    num_contexts: int
    """Compliant plans in the gallery, one a context; fewer than asked for where the set has fewer contexts."""
    num_draws: int
    accuracy: float
    hard_accuracy: float
    hard_gallery_size: float
    """Plans in the gallery together with the violating ones."""
    positive_similarity: float
    negative_similarity: float


def nearest_neighbour(embedded: Embedded, *, seed: int = 0) -> Retrieval:
    """Measure retrieval among all plans of a set; NaN where there is no query or no other context.

    Of a set with more than 10,000 compliant plans contexts are sampled, with all their plans, until there would be more.
    """
    compliant = torch.nonzero(embedded.is_compliant).squeeze(1)
    queries = torch.unique(embedded.context[compliant])
    if len(compliant) > MAX_GALLERY:
        order = queries[torch.randperm(len(queries), generator=torch.Generator().manual_seed(seed))]
        sizes = torch.bincount(embedded.context[compliant], minlength=len(embedded.z_g))[order]
        queries = order[: max(1, int((sizes.cumsum(0) <= MAX_GALLERY).sum()))].sort().values
        compliant = compliant[torch.isin(embedded.context[compliant], queries)]
    return _retrieve(embedded, queries, compliant, _violations_of(embedded, queries))


def gallery_draws(embedded: Embedded, size: int, *, seed: int = 0) -> GalleryFigures | None:
    """Measure retrieval in galleries of `size` contexts with one compliant plan each, drawn at random; None without a context.

    Mean of as many draws as have 10,000 contexts together, 20 at most; the same seed gives the same draws to every model.
    """
    generator = torch.Generator().manual_seed(seed)
    compliant = torch.nonzero(embedded.is_compliant).squeeze(1)
    contexts = torch.unique(embedded.context[compliant])
    if not len(contexts):
        return None
    size = min(size, len(contexts))
    draws = []
    for _ in range(min(_MAX_DRAWS, max(1, MAX_GALLERY // size))):
        rows = compliant[torch.randperm(len(compliant), generator=generator)]
        first = torch.full((len(embedded.z_g),), len(rows)).scatter_reduce(
            0, embedded.context[rows], torch.arange(len(rows)), "amin"
        )
        queries = contexts[torch.randperm(len(contexts), generator=generator)[:size]]
        gallery = rows[first[queries]]
        found = _retrieve(embedded, queries, gallery, _violations_of(embedded, queries))
        positive = (embedded.z_g[queries] * embedded.z_e[embedded.plan[gallery]]).sum(-1).double().mean()
        draws.append(
            [found.accuracy, found.hard_accuracy, found.hard_gallery_size, float(positive), found.negative_similarity]
        )
    return GalleryFigures(size, len(draws), *torch.tensor(draws, dtype=torch.float64).mean(0).tolist())


def _violations_of(embedded: Embedded, contexts: Int[Tensor, " Q"]) -> Int[Tensor, " V"]:
    return torch.nonzero(~embedded.is_compliant & torch.isin(embedded.context, contexts)).squeeze(1)


def _retrieve(
    embedded: Embedded, queries: Int[Tensor, " Q"], compliant: Int[Tensor, " G"], violations: Int[Tensor, " V"]
) -> Retrieval:
    """Measure retrieval in a gallery of some traces.

    Args:
        queries: rows of contexts, each with a compliant plan among `compliant`.
        compliant, violations: the traces whose plans are in the gallery.
    """
    rows = torch.cat([compliant, violations])
    owner, plan = embedded.context[rows], embedded.plan[rows]
    plain = len(compliant)
    gallery = embedded.z_e[plan]
    hits, hard_hits, total, count = 0, 0, 0.0, 0
    for chunk, is_hit in _hits(embedded, queries, plan):
        similarity = embedded.z_g[chunk] @ gallery.T  # (q, G + V)
        is_other = (owner[None, :plain] != chunk[:, None]) & ~is_hit[:, :plain]
        total += float(similarity[:, :plain].masked_fill(~is_other, 0).sum(dtype=torch.float64))
        count += int(is_other.sum())
        if embedded.rerank is not None:
            similarity = embedded.rerank(chunk, plan, similarity)
        best_hit = similarity[:, :plain].masked_fill(~is_hit[:, :plain], -torch.inf).amax(1)
        other = similarity.masked_fill(is_hit, -torch.inf)
        best_other = other[:, :plain].amax(1)
        hits += int((best_hit > best_other).sum())
        hard_hits += int((best_hit > other.amax(1)).sum())
    return Retrieval(
        accuracy=hits / len(queries) if len(queries) else float("nan"),
        gallery_size=plain,
        num_queries=len(queries),
        negative_similarity=total / count if count else float("nan"),
        hard_accuracy=hard_hits / len(queries) if len(queries) else float("nan"),
        hard_gallery_size=len(rows),
    )


def _hits(
    embedded: Embedded, queries: Int[Tensor, " Q"], plan: Int[Tensor, " G"]
) -> Iterator[tuple[Int[Tensor, " q"], Bool[Tensor, "q G"]]]:
    """Yield some queries at a time, and which plans of the gallery are compliant ones of theirs, anywhere in the set."""
    own = torch.nonzero(embedded.is_compliant & torch.isin(embedded.context, queries)).squeeze(1)
    by_context = own[embedded.context[own].argsort(stable=True)]
    sorted_context = embedded.context[by_context]
    wanted = embedded.plan[by_context]
    order = plan.argsort(stable=True)
    first = torch.searchsorted(plan[order], wanted)
    last = torch.searchsorted(plan[order], wanted, right=True)
    for start in range(0, len(queries), _CHUNK):
        chunk = queries[start : start + _CHUNK]
        begin = torch.searchsorted(sorted_context, chunk)
        end = torch.searchsorted(sorted_context, chunk, right=True)
        query, pair = _expand(begin, end)
        step, place = _expand(first[pair], last[pair])
        is_hit = torch.zeros(len(chunk), len(plan), dtype=torch.bool)
        is_hit[query[step], order[place]] = True
        yield chunk, is_hit


def _expand(begin: Int[Tensor, " N"], end: Int[Tensor, " N"]) -> tuple[Int[Tensor, " T"], Int[Tensor, " T"]]:
    """Return the number of each range, as often as it is long, and beside it the integers from its begin to before its end."""
    size = end - begin
    number = torch.repeat_interleave(torch.arange(len(size)), size)
    place = torch.arange(int(size.sum())) - torch.repeat_interleave(size.cumsum(0) - size, size) + begin[number]
    return number, place
