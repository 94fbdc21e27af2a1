"""The nearest plans looked at again: what a re-ranker can mend in retrieval, and what it cannot."""

from __future__ import annotations

import pytest
import torch

from gatling.encoders.reranker import Reranker
from gatling.evaluation import embed_corpus, evaluate_embedded
from gatling.evaluation.reranking import Reranked, reranked, reranked_corpus
from gatling.evaluation.retrieval import nearest_neighbour
from gatling.store.corpus import Corpus
from tests.builders import many_traces
from tests.models import small_model


class Knowing(Reranked):
    """Knows which plan is whose: the plan of a row is that of the context of the same row."""

    def energies(self, context: torch.Tensor, plan: torch.Tensor, cosine: torch.Tensor) -> torch.Tensor:
        return torch.where(context == plan, 0.1, 1.9)


def shifted(nearest: int) -> float:
    """Retrieval where the latents find the plan of another context first, and their own second."""
    import dataclasses

    from tests.models import embedded

    z = torch.eye(6)
    z_e = z + 1.5 * z.roll(1, dims=0)  # plan i lies nearest to context i - 1
    found = embedded(z, z_e, list(range(6)), [True] * 6)
    assert nearest_neighbour(found).accuracy == 0
    judge = Knowing(Reranker(8), [], [], nearest=nearest)
    return nearest_neighbour(dataclasses.replace(found, rerank=judge)).accuracy


@pytest.mark.parametrize(("nearest", "accuracy"), [(1, 0.0), (2, 1.0), (99, 1.0)])
def test_it_mends_what_is_among_the_nearest_and_nothing_else(nearest: int, accuracy: float) -> None:
    assert shifted(nearest) == accuracy


def test_energies_of_a_corpus_are_those_of_the_model() -> None:
    torch.manual_seed(0)
    model = small_model()
    model.reranker = Reranker(16, scales=(1.0, 2.0, -0.5)).eval()
    traces = many_traces(12)
    corpus = Corpus.from_traces(traces)
    plain = embed_corpus(model, corpus)
    view = reranked_corpus(model, corpus, plain)
    torch.testing.assert_close(view.energy(), model.rerank(traces), atol=1e-4, rtol=0)
    assert plain.energies is None or not torch.equal(view.energy(), plain.energies)
    metrics = evaluate_embedded(view)
    assert {"auroc", "nn_accuracy", "pairs_ranked"} <= metrics.keys()
    assert metrics["positive_similarity"] == evaluate_embedded(plain)["positive_similarity"]


def test_an_order_of_rows_changes_no_energy() -> None:
    torch.manual_seed(1)
    model = small_model()
    reranker = Reranker(16, scales=(1.0, 1.0, 0.0)).eval()
    corpus = Corpus.from_traces(many_traces(10))
    plain = embed_corpus(model, corpus)
    judge = Reranked(reranker, corpus.contexts, corpus.plans)
    order = torch.randperm(len(plain.context), generator=torch.Generator().manual_seed(2))
    one = reranked(plain, judge).energy()
    two = judge.energies(plain.context[order], plain.plan[order], plain.similarity()[order])
    torch.testing.assert_close(one[order], two, atol=1e-5, rtol=0)
