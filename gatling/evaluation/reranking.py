"""A model with its re-ranker, measured by the same metrics as its latents alone.

Energies are those of `DualEncoder.rerank`. For retrieval the nearest plans by latents are looked at again; a plan that is not
among them stays behind those that are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from operator import itemgetter

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from gatling.encoders import DualEncoder
from gatling.encoders.reranker import Matcher, Reranker
from gatling.evaluation.embed import Embedded
from gatling.features import ContextFeatures, PlanFeatures
from gatling.store.corpus import Corpus

NEAREST = 20
"""Plans of a gallery that are looked at again."""
_ABOVE_ALL = 4.0  # a similarity is at most 1, and an energy at most 2


@dataclass(frozen=True, slots=True)
class Reranked:
    """The re-ranker of a model over the contexts and plans of an `Embedded`, by their rows."""

    reranker: Reranker
    contexts: Sequence[ContextFeatures]
    plans: Sequence[PlanFeatures]
    nearest: int = NEAREST
    _known: dict[tuple[int, int], float] = field(default_factory=dict)
    """q of the pairs that were held against each other before: galleries of one set share most of theirs."""

    def energies(
        self, context: Int[Tensor, " B"], plan: Int[Tensor, " B"], cosine: Float[Tensor, " B"]
    ) -> Float[Tensor, " B"]:
        """Return the energies of some pairs, by their rows."""
        pairs = list(zip(context.tolist(), plan.tolist(), strict=True))
        missing = sorted(set(pairs) - self._known.keys())

        def features() -> Iterator[tuple[ContextFeatures, PlanFeatures]]:
            for number, group in groupby(missing, key=itemgetter(0)):
                own = self.contexts[number]
                yield from ((own, self.plans[other]) for _, other in group)

        self._known.update(zip(missing, Matcher(self.reranker)(features()).tolist(), strict=True))
        return self.reranker.energy(torch.tensor([self._known[pair] for pair in pairs]), cosine)

    def __call__(
        self, contexts: Int[Tensor, " q"], plans: Int[Tensor, " G"], similarity: Float[Tensor, "q G"]
    ) -> Float[Tensor, "q G"]:
        """Return the similarity, with the nearest plans of each context above all others, in the order of their energies."""
        top = similarity.topk(min(self.nearest, similarity.shape[1]), dim=1).indices  # (q, k)
        context = contexts[:, None].expand_as(top).flatten()
        energy = self.energies(context, plans[top].flatten(), similarity.gather(1, top).flatten())
        return similarity.scatter(1, top, _ABOVE_ALL - energy.view_as(top).to(similarity))


def reranked(embedded: Embedded, reranker: Reranked) -> Embedded:
    """Return the same traces as the re-ranker judges them."""
    energies = reranker.energies(embedded.context, embedded.plan, embedded.similarity())
    return replace(embedded, energies=energies, rerank=reranker)


def reranked_corpus(model: DualEncoder, corpus: Corpus, embedded: Embedded) -> Embedded:
    """Return a corpus that was embedded (`embed_corpus`) as the model's re-ranker judges it. The model has one."""
    assert model.reranker is not None
    contexts, plans = np.unique(corpus.context), np.unique(corpus.plan)
    return reranked(embedded, Reranked(model.reranker, corpus.contexts.choose(contexts), corpus.plans.choose(plans)))
