"""The latents of a set of traces, and what metrics need to know of each trace."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TypeVar

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from gatling.encoders import DualEncoder
from gatling.features import ContextFeatures, PlanFeatures, context_features, plan_features
from gatling.schema import Trace
from gatling.store.corpus import Corpus

T = TypeVar("T")
Rerank = Callable[[Tensor, Tensor, Tensor], Tensor]
"""Takes rows of contexts `(q,)`, rows of plans `(G,)` and their similarity `(q, G)`; returns what to sort by, `(q, G)`."""
_ROWS_AT_ONCE = 8_192


@dataclass(frozen=True, slots=True)
class Embedded:
    """M traces over C distinct contexts and P distinct plans, with anything that can play the part of the latents.

    A baseline fills the same fields with its own vectors (TF-IDF weights, say), so that one set of metrics judges all.
    """

    z_g: Float[Tensor, "C D"]
    """One row a distinct context; rows of length 1."""
    z_e: Float[Tensor, "P D"]
    """One row a distinct plan; rows of length 1."""
    context: Int[Tensor, " M"]
    """Row of the trace's context."""
    plan: Int[Tensor, " M"]
    """Row of the trace's plan."""
    is_compliant: Bool[Tensor, " M"]
    source: list[str]
    violation_type: list[str]
    energies: Float[Tensor, " M"] | None = None
    """Where energies are made of something else than these latents: those of `DualEncoder.for_energy`, or a re-ranker."""
    rerank: Rerank | None = None
    """What looks again at the plans that are nearest to a context; see `evaluation.reranking`."""

    def similarity(self) -> Float[Tensor, " M"]:
        """Cosine of each trace's context and plan."""
        parts = zip(self.context.split(_ROWS_AT_ONCE), self.plan.split(_ROWS_AT_ONCE), strict=True)
        return torch.cat([(self.z_g[c] * self.z_e[p]).sum(-1) for c, p in parts])

    def energy(self) -> Float[Tensor, " M"]:
        """Latent energy of each trace, in [0, 2]."""
        return (1 - self.similarity()).clamp(0, 2) if self.energies is None else self.energies

    def belongs(self, contexts: Int[Tensor, " Q"], plans: Int[Tensor, " G"]) -> Bool[Tensor, "Q G"]:
        """Tell whether a plan, by its row, is a compliant one of a context, by its row, anywhere in the set."""
        pairs = (self.context * len(self.z_e) + self.plan)[self.is_compliant]
        return torch.isin(contexts[:, None] * len(self.z_e) + plans[None, :], pairs)

    def select(self, keep: Bool[Tensor, " M"]) -> Embedded:
        """Return the traces that are kept. Latents are shared, not copied."""
        index = torch.nonzero(keep).squeeze(1).tolist()
        return replace(
            self,
            context=self.context[keep],
            plan=self.plan[keep],
            is_compliant=self.is_compliant[keep],
            source=[self.source[i] for i in index],
            violation_type=[self.violation_type[i] for i in index],
            energies=None if self.energies is None else self.energies[keep],
        )


def in_chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk


def embed_corpus(model: DualEncoder, corpus: Corpus) -> Embedded:
    """Encode the examples of a corpus, each distinct context and plan once."""
    contexts, context = np.unique(corpus.context, return_inverse=True)
    plans, plan = np.unique(corpus.plan, return_inverse=True)
    context_features, plan_features = corpus.contexts.choose(contexts), corpus.plans.choose(plans)
    embedded = Embedded(
        z_g=model.governance.encode_features(context_features),
        z_e=model.execution.encode_features(plan_features),
        context=torch.from_numpy(context),
        plan=torch.from_numpy(plan),
        is_compliant=torch.from_numpy(corpus.is_compliant.copy()),
        source=[corpus.source_names[i] for i in corpus.source.tolist()],
        violation_type=[corpus.violation_type_names[i] for i in corpus.violation_type.tolist()],
    )
    judge = model.for_energy()
    if judge is model:
        return embedded
    z_g, z_e = judge.governance.encode_features(context_features), judge.execution.encode_features(plan_features)
    return replace(embedded, energies=replace(embedded, z_g=z_g, z_e=z_e).energy())


class Embedder:
    """Encodes traces that stream by, each distinct context and plan once.

    What it keeps of them is their latents (4 kB each at 1,024 dimensions) and a few labels, never the trace.

    Args:
        on_context, on_plan: called with the features of each distinct context and plan.
        source: names the source of a trace, for figures by source.
    """

    def __init__(
        self,
        model: DualEncoder,
        *,
        on_context: Callable[[ContextFeatures], None] | None = None,
        on_plan: Callable[[PlanFeatures], None] | None = None,
        source: Callable[[Trace], str] = lambda trace: trace.source or "",
    ) -> None:
        self.model = model
        self._source_of = source
        self._on_context = on_context
        self._on_plan = on_plan
        self._row: dict[str, int] = {}
        self._plan_row: dict[str, int] = {}
        self._plan: list[int] = []
        self._latents = _Latents(model)
        judge = model.for_energy()
        self._of_energies = None if judge is model else _Latents(judge)
        self._context: list[int] = []
        self._is_compliant: list[bool] = []
        self._source: list[str] = []
        self._violation_type: list[str] = []

    def add(self, traces: Sequence[Trace]) -> None:
        """Encode some traces. Raises: InputError if one is larger than the features take."""
        contexts: list[ContextFeatures] = []
        plans: list[PlanFeatures] = []
        for trace in traces:
            context, plan = trace.governance_context, trace.execution_plan
            if context.digest not in self._row:
                self._row[context.digest] = len(self._row)
                contexts.append(context_features(context))
            if plan.digest not in self._plan_row:
                self._plan_row[plan.digest] = len(self._plan_row)
                plans.append(plan_features(plan))
            self._context.append(self._row[context.digest])
            self._plan.append(self._plan_row[plan.digest])
            self._is_compliant.append(trace.is_compliant)
            self._source.append(self._source_of(trace))
            self._violation_type.append(trace.violation_type or "")
        for new_context in contexts:
            if self._on_context:
                self._on_context(new_context)
        for new_plan in plans:
            if self._on_plan:
                self._on_plan(new_plan)
        self._latents.add(contexts, plans)
        if self._of_energies is not None:
            self._of_energies.add(contexts, plans)

    def finish(self) -> Embedded:
        z_g, z_e = self._latents.joined()
        embedded = Embedded(
            z_g=z_g,
            z_e=z_e,
            context=torch.tensor(self._context, dtype=torch.int64),
            plan=torch.tensor(self._plan, dtype=torch.int64),
            is_compliant=torch.tensor(self._is_compliant, dtype=torch.bool),
            source=self._source,
            violation_type=self._violation_type,
        )
        if self._of_energies is None:
            return embedded
        z_g, z_e = self._of_energies.joined()
        return replace(embedded, energies=replace(embedded, z_g=z_g, z_e=z_e).energy())


class _Latents:
    """The latents of a stream, in its order."""

    def __init__(self, model: DualEncoder) -> None:
        self._model = model
        self._z_g: list[Tensor] = []
        self._z_e: list[Tensor] = []

    def add(self, contexts: Sequence[ContextFeatures], plans: Sequence[PlanFeatures]) -> None:
        if contexts:
            self._z_g.append(self._model.governance.encode_features(contexts))
        if plans:
            self._z_e.append(self._model.execution.encode_features(plans))

    def joined(self) -> tuple[Tensor, Tensor]:
        """Return `(C, D)` and `(P, D)`."""
        none = torch.zeros(0, self._model.governance.hparams["latent_dim"])
        return torch.cat([none, *self._z_g]), torch.cat([none, *self._z_e])
