"""From latents to the summary that `gatling evaluate` writes and that closes a training run."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from gatling.data.corpus import Corpus
from gatling.encoders import DualEncoder
from gatling.evaluation.baselines import Documents, baseline_views, evaluate_baselines
from gatling.evaluation.embed import Embedded, Embedder, embed_corpus
from gatling.evaluation.metrics import Metrics, evaluate_embedded, loss_of_embedded
from gatling.objectives import Objective
from gatling.schema import Trace

OBJECTIVE = Objective(security_margin=0.5, margin_weight=1.0, alignment_weight=0.5)


class Evaluation:
    """Encodes traces that stream by and measures the model and the baselines on them."""

    def __init__(self, model: DualEncoder) -> None:
        self._documents = Documents()
        self._embedder = Embedder(model, on_context=self._documents.add_context, on_plan=self._documents.add_plan)

    def add(self, traces: list[Trace]) -> None:
        self._embedder.add(traces)

    def finish(self) -> tuple[Embedded, dict[str, Any]]:
        embedded = self._embedder.finish()
        return embedded, summarise(embedded, self._documents, list(range(len(embedded.context))))


def evaluate_corpus(model: DualEncoder, corpus: Corpus) -> tuple[Embedded, dict[str, Any]]:
    """Measure the model and the baselines on a corpus."""
    documents = Documents()
    for features in corpus.contexts.choose(np.unique(corpus.context)):
        documents.add_context(features)
    for plan in corpus.plans.choose(corpus.plan):
        documents.add_plan(plan)
    embedded = embed_corpus(model, corpus)
    return embedded, summarise(embedded, documents, list(range(len(corpus))))


def summarise(embedded: Embedded, documents: Documents, plan_row: list[int]) -> dict[str, Any]:
    """Return the metrics of all traces, the baselines' under `baselines`, and both by source under `sources`.

    Separation of each type of violation from all compliant traces stands under `violation_types`.

    The loss is the training objective at its default settings, so that it can be compared between models.
    Each source is measured against its own gallery.
    """
    tfidf, tier3 = baseline_views(embedded, documents, plan_row)
    losses = loss_of_embedded(embedded, OBJECTIVE, batch_size=32, temperature=0.07, num_negatives=1, seed=0)
    summary: dict[str, Any] = losses | evaluate_embedded(embedded, with_intervals=True)
    summary["baselines"] = evaluate_baselines(tfidf, tier3)
    summary["violation_types"] = by_violation_type(embedded)
    names = sorted(set(embedded.source))
    summary["sources"] = {}
    for name in names if len(names) > 1 else []:
        keep = torch.tensor([s == name for s in embedded.source])
        summary["sources"][name or "(no source)"] = {
            **evaluate_embedded(embedded.select(keep), with_intervals=True, geometry=False),
            "baselines": evaluate_baselines(tfidf.select(keep), tier3[keep]),
        }
    return summary


def by_violation_type(embedded: Embedded) -> dict[str, Metrics]:
    """Return AUROC with its 95 % interval and the false alarms at 95 and 99.9 % recall, by type of violation."""
    keys = ("num_violations", "auroc", "auroc_low", "auroc_high", "fpr_at_recall_95", "fpr_at_recall_99_9")
    out: dict[str, Metrics] = {}
    for name in sorted(set(embedded.violation_type)):
        is_type = torch.tensor([t == name for t in embedded.violation_type]) & ~embedded.is_compliant
        if is_type.any():
            part = embedded.select(embedded.is_compliant | is_type)
            metrics = evaluate_embedded(part, with_intervals=True, geometry=False)
            out[name or "(no type)"] = {k: metrics[k] for k in keys if k in metrics}
    return out
