"""The latents of a set of traces, and what metrics need to know of each trace."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from gatling.data.corpus import Corpus
from gatling.encoders import DualEncoder
from gatling.features import ContextFeatures, PlanFeatures, context_features, plan_features
from gatling.schema import Trace

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Embedded:
    """M traces over C distinct contexts, with anything that can play the part of the latents.

    A baseline fills the same fields with its own vectors (TF-IDF weights, say), so that one set of metrics judges all.
    """

    z_g: Float[Tensor, "C D"]
    """One row a distinct context; rows of length 1."""
    z_e: Float[Tensor, "M D"]
    """One row a trace: its plan."""
    context: Int[Tensor, " M"]
    """Row of the trace's context."""
    plan: Int[Tensor, " M"]
    """Number of the trace's plan; equal plans have equal numbers."""
    is_compliant: Bool[Tensor, " M"]
    source: list[str]
    violation_type: list[str]

    def energy(self) -> Float[Tensor, " M"]:
        """Latent energy of each trace, in [0, 2]."""
        return (1 - (self.z_g[self.context] * self.z_e).sum(-1)).clamp(0, 2)

    def belongs(self, contexts: Int[Tensor, " Q"], plans: Int[Tensor, " P"]) -> Bool[Tensor, "Q P"]:
        """Tell whether a plan, by its number, is a compliant one of a context, by its row, anywhere in the set."""
        stride = int(self.plan.max()) + 1 if len(self.plan) else 1
        pairs = (self.context * stride + self.plan)[self.is_compliant]
        return torch.isin(contexts[:, None] * stride + plans[None, :], pairs)

    def select(self, keep: Bool[Tensor, " M"]) -> Embedded:
        """Return the traces that are kept, and only their contexts."""
        rows = torch.nonzero(keep).squeeze(1)
        contexts, context = torch.unique(self.context[rows], return_inverse=True)
        index = rows.tolist()
        return Embedded(
            self.z_g[contexts],
            self.z_e[rows],
            context,
            self.plan[rows],
            self.is_compliant[rows],
            [self.source[i] for i in index],
            [self.violation_type[i] for i in index],
        )


def in_chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk


def embed_corpus(model: DualEncoder, corpus: Corpus) -> Embedded:
    """Encode the examples of a corpus, each distinct context and plan once."""
    contexts, context = np.unique(corpus.context, return_inverse=True)
    plans, plan = np.unique(corpus.plan, return_inverse=True)
    z_g = model.governance.encode_features(corpus.contexts.choose(contexts))
    z_e = model.execution.encode_features(corpus.plans.choose(plans))
    return Embedded(
        z_g=z_g,
        z_e=z_e[torch.from_numpy(plan)],
        context=torch.from_numpy(context),
        plan=torch.from_numpy(corpus.plan.astype(np.int64)),
        is_compliant=torch.from_numpy(corpus.is_compliant.copy()),
        source=[corpus.source_names[i] for i in corpus.source.tolist()],
        violation_type=[corpus.violation_type_names[i] for i in corpus.violation_type.tolist()],
    )


class Embedder:
    """Encodes traces that stream by, each distinct context once.

    What it keeps of a trace is its latents (4 kB each at 1,024 dimensions) and a few labels, never the trace.

    Args:
        on_context, on_plan: called with the features of each distinct context and of each plan.
    """

    def __init__(
        self,
        model: DualEncoder,
        *,
        on_context: Callable[[ContextFeatures], None] | None = None,
        on_plan: Callable[[PlanFeatures], None] | None = None,
    ) -> None:
        self.model = model
        self._on_context = on_context
        self._on_plan = on_plan
        self._row: dict[str, int] = {}
        self._plan_number: dict[str, int] = {}
        self._plan: list[int] = []
        self._z_g: list[Tensor] = []
        self._z_e: list[Tensor] = []
        self._context: list[int] = []
        self._is_compliant: list[bool] = []
        self._source: list[str] = []
        self._violation_type: list[str] = []

    def add(self, traces: Sequence[Trace]) -> None:
        """Encode some traces. Raises: InputError if one is larger than the features take."""
        new: list[ContextFeatures] = []
        for trace in traces:
            context = trace.governance_context
            if context.digest not in self._row:
                self._row[context.digest] = len(self._row)
                new.append(context_features(context))
            self._context.append(self._row[context.digest])
            digest = trace.execution_plan.digest
            self._plan.append(self._plan_number.setdefault(digest, len(self._plan_number)))
            self._is_compliant.append(trace.is_compliant)
            self._source.append(trace.source or "")
            self._violation_type.append(trace.violation_type or "")
        plans = [plan_features(trace.execution_plan) for trace in traces]
        for context_record in new:
            if self._on_context:
                self._on_context(context_record)
        for plan in plans:
            if self._on_plan:
                self._on_plan(plan)
        if new:
            self._z_g.append(self.model.governance.encode_features(new))
        self._z_e.append(self.model.execution.encode_features(plans))

    def finish(self) -> Embedded:
        width = self.model.governance.hparams["latent_dim"]
        return Embedded(
            z_g=torch.cat(self._z_g) if self._z_g else torch.zeros(0, width),
            z_e=torch.cat(self._z_e) if self._z_e else torch.zeros(0, width),
            context=torch.tensor(self._context, dtype=torch.int64),
            plan=torch.tensor(self._plan, dtype=torch.int64),
            is_compliant=torch.tensor(self._is_compliant, dtype=torch.bool),
            source=self._source,
            violation_type=self._violation_type,
        )
