"""From latents to the summary that `gatling evaluate` writes and that closes a training run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from gatling.encoders import DualEncoder
from gatling.errors import ConfigError
from gatling.evaluation.baselines import Documents, baseline_views, evaluate_baselines
from gatling.evaluation.embed import Embedded, Embedder, embed_corpus
from gatling.evaluation.metrics import SECURITY_MARGIN, Metrics, evaluate_embedded, loss_of_embedded
from gatling.evaluation.pairs import pair_gaps
from gatling.evaluation.reranking import Reranked, reranked
from gatling.evaluation.retrieval import gallery_draws
from gatling.evaluation.separation import auroc, separation
from gatling.features import ContextFeatures, PlanFeatures
from gatling.objectives import Objective
from gatling.schema import Trace
from gatling.store.corpus import Corpus
from gatling.store.groups import GroupKey

OBJECTIVE = Objective(security_margin=SECURITY_MARGIN, margin_weight=1.0, alignment_weight=0.5)
GALLERIES = (100, 1_000, 10_000)
MAX_GROUPS = 200


class Evaluation:
    """Encodes traces that stream by and measures the model and the baselines on them.

    Args:
        galleries: sizes of galleries to measure retrieval in, each at least 1.
        group_by: the field that names a trace's source, see `GroupKey`.
        rerank: take the energies, and the order of the nearest plans, of the model's re-ranker; it has one.
    """

    def __init__(
        self,
        model: DualEncoder,
        *,
        galleries: Sequence[int] = GALLERIES,
        group_by: str = "source",
        rerank: bool = False,
    ) -> None:
        self._documents = Documents()
        self._galleries = galleries
        self._reranker = model.reranker if rerank else None
        self._contexts: list[ContextFeatures] = []
        self._plans: list[PlanFeatures] = []
        source = {} if group_by == "source" else {"source": _named_by(group_by)}
        self._embedder = Embedder(model, on_context=self._read_context, on_plan=self._read_plan, **source)

    def add(self, traces: list[Trace]) -> None:
        """Encode some traces. Raises: InputError if one is too large, ConfigError if `group_by` makes over 200 groups."""
        self._embedder.add(traces)

    def finish(self) -> tuple[Embedded, dict[str, Any]]:
        """Return the latents and the summary."""
        embedded = self._embedder.finish()
        if self._reranker is not None:
            embedded = reranked(embedded, Reranked(self._reranker, self._contexts, self._plans))
        return embedded, summarise(embedded, self._documents, galleries=self._galleries)

    def _read_context(self, features: ContextFeatures) -> None:
        self._documents.add_context(features)
        if self._reranker is not None:
            self._contexts.append(features)

    def _read_plan(self, features: PlanFeatures) -> None:
        self._documents.add_plan(features)
        if self._reranker is not None:
            self._plans.append(features)


def _named_by(group_by: str) -> Callable[[Trace], str]:
    key = GroupKey(group_by)
    names: set[str] = set()

    def name(trace: Trace) -> str:
        missing = key.num_missing
        group = key(trace)
        if key.num_missing > missing:
            return ""
        names.add(group)
        if len(names) > MAX_GROUPS:
            raise ConfigError(f"--group-by {group_by} makes more than {MAX_GROUPS} groups, each would be measured")
        return group.replace("\x1f", ", ")

    return name


def evaluate_corpus(model: DualEncoder, corpus: Corpus) -> tuple[Embedded, dict[str, Any]]:
    """Measure the model and the baselines on a corpus."""
    embedded = embed_corpus(model, corpus)
    return embedded, summarise(embedded, documents_of(corpus))


def documents_of(corpus: Corpus) -> Documents:
    """Return the words of a corpus's contexts and plans, in the order of `embed_corpus`."""
    documents = Documents()
    for features in corpus.contexts.choose(np.unique(corpus.context)):
        documents.add_context(features)
    for plan in corpus.plans.choose(np.unique(corpus.plan)):
        documents.add_plan(plan)
    return documents


def summarise(embedded: Embedded, documents: Documents, *, galleries: Sequence[int] = GALLERIES) -> dict[str, Any]:
    """Return the metrics of all traces, the baselines' under `baselines`, and both by source under `sources`.

    Retrieval in galleries of stated sizes stands under `galleries`; separation of each type of violation from all
    compliant traces under `violation_types`, the worst first.

    The loss is the training objective at its default settings, so that it can be compared between models.
    Each source is measured against its own gallery.
    """
    tfidf, tier3 = baseline_views(embedded, documents)
    losses = loss_of_embedded(embedded, OBJECTIVE, batch_size=32, temperature=0.07, num_negatives=1, seed=0)
    summary: dict[str, Any] = losses | evaluate_embedded(embedded, with_intervals=True)
    summary["baselines"] = evaluate_baselines(tfidf, tier3)
    summary["galleries"] = measure_galleries(embedded, tfidf, galleries)
    summary["violation_types"] = by_violation_type(embedded, {"tfidf": tfidf.energy(), "tier3": tier3})
    names = sorted(set(embedded.source))
    summary["sources"] = {}
    for name in names if len(names) > 1 else []:
        keep = torch.tensor([s == name for s in embedded.source])
        summary["sources"][name or "(no source)"] = {
            **evaluate_embedded(embedded.select(keep), with_intervals=True, geometry=False),
            "baselines": evaluate_baselines(tfidf.select(keep), tier3[keep]),
        }
    return summary


def measure_galleries(embedded: Embedded, tfidf: Embedded, sizes: Sequence[int]) -> list[dict[str, Any]]:
    """Return the figures of each size, smallest first; a size beyond the set's contexts is measured at its real size."""
    out: list[dict[str, Any]] = []
    for size in sorted(set(sizes)):
        own, words = gallery_draws(embedded, size), gallery_draws(tfidf, size)
        if own is None or words is None or (out and own.num_contexts == out[-1]["num_contexts"]):
            continue
        figures = {"asked_for": size, **asdict(own), "tfidf": asdict(words)}
        out.append(_without_nan(figures))
    return out


def _without_nan(figures: dict[str, Any]) -> dict[str, Any]:
    known = {k: _without_nan(v) if isinstance(v, dict) else v for k, v in figures.items()}
    return {k: v for k, v in known.items() if v == v}


def by_violation_type(embedded: Embedded, baselines: dict[str, Float[Tensor, " M"]]) -> dict[str, Metrics]:
    """Return separation and pairs by type of violation, each against all compliant traces, the lowest AUROC first.

    Args:
        baselines: scores of other judges, whose AUROC stands beside as `auroc_NAME`.
    """
    energy = embedded.energy()
    gaps = pair_gaps(energy, embedded.is_compliant, embedded.context, margin=SECURITY_MARGIN)
    out: dict[str, Metrics] = {}
    for name in sorted(set(embedded.violation_type)):
        is_type = torch.tensor([t == name for t in embedded.violation_type]) & ~embedded.is_compliant
        if not is_type.any():
            continue
        rows = embedded.is_compliant | is_type
        figures = {
            "num_violations": int(is_type.sum()),
            **separation(energy[rows], is_type[rows], embedded.context[rows], with_intervals=True),
            **gaps.summary(is_type, with_intervals=True),
        }
        for judge, scores in baselines.items():
            figures[f"auroc_{judge}"] = auroc(scores[rows], is_type[rows])
        out[name or "(no type)"] = _without_nan(figures)
    return dict(sorted(out.items(), key=lambda item: item[1].get("auroc", 1.0)))
