"""Reranker: late interaction. Does each call of a plan find in the context what it would have to answer to?

The two encoders make one vector of a plan and one of a context, apart from each other, so that plans can be searched; what they
cannot say is which argument of which call has nothing in the context. The re-ranker reads how near the words of each call come to
each part of the context (`features.matches`), per argument, per call, per plan, and says how far both disagree.

    q = max over calls of e(call) + m(calls, covered)
    energy = 2 sigmoid(a (1 - cos(z_g, z_e)) + b q + c)

Both halves have the same say: a and b are one over the spread of each, up to a common factor. With it and c, half of the energy
is the share of violations among plans like this one, if half of all plans are violations (`training.reranking`).
Nothing depends on node ids or on any order.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from gatling.encoders.segments import segment_max, segment_sum
from gatling.errors import CheckpointError
from gatling.features import ContextFeatures, PlanFeatures, WordVectors
from gatling.features.matches import (
    COVERED_DIM,
    LEAF_DIM,
    NODE_DIM,
    ContextWords,
    PlanMatches,
    WordRows,
    context_words,
    plan_matches,
)

_MAX_BATCH = 256


@dataclass(frozen=True, slots=True)
class MatchBatch:
    """B plans, each held against a context: nodes and leaves of all of them, packed."""

    nodes: Float[Tensor, "V N"]
    leaves: Float[Tensor, "A L"]
    leaf_node: Int[Tensor, " A"]
    sample: Int[Tensor, " V"]
    """Which plan."""
    covered: Float[Tensor, "B C"]

    @classmethod
    def collate(cls, matches: Sequence[PlanMatches]) -> MatchBatch:
        """Join at least one plan."""
        counts = [len(found.nodes) for found in matches]
        first = np.cumsum([0, *counts[:-1]])
        return cls(
            nodes=_joined([found.nodes for found in matches]),
            leaves=_joined([found.leaves for found in matches]),
            leaf_node=torch.from_numpy(
                np.concatenate([found.leaf_node + start for found, start in zip(matches, first, strict=True)])
            ),
            sample=torch.from_numpy(np.repeat(np.arange(len(matches)), counts)),
            covered=torch.from_numpy(np.stack([found.covered for found in matches]).astype(np.float32)),
        )


class Reranker(nn.Module):
    """Args:
    hidden_dim: H.
    dropout: probability, while training.
    scales: a, b and c; see above.

    Shapes:
        input: a `MatchBatch` of B pairs of a plan and a context.
        output: `(B,)`, q: above 0 where they rather disagree.
    """

    def __init__(
        self, hidden_dim: int = 64, dropout: float = 0.1, scales: tuple[float, float, float] = (0.0, 1.0, 0.0)
    ) -> None:
        super().__init__()
        if hidden_dim < 1:
            raise ValueError(f"hidden_dim={hidden_dim}, it must be at least 1")
        self.hparams: dict[str, Any] = {"hidden_dim": hidden_dim, "dropout": dropout}
        self.scales = scales
        self.leaf = nn.Sequential(
            nn.Linear(LEAF_DIM, hidden_dim), nn.GELU(), nn.Dropout(dropout), nn.Linear(hidden_dim, hidden_dim)
        )
        self.node = nn.Sequential(
            nn.Linear(NODE_DIM + 2 * hidden_dim, hidden_dim),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(hidden_dim, hidden_dim),
            nn.GELU(),
        )
        self.call = nn.Linear(hidden_dim, 1)
        self.plan = nn.Sequential(
            nn.Linear(2 * hidden_dim + COVERED_DIM, hidden_dim), nn.GELU(), nn.Linear(hidden_dim, 1)
        )

    @classmethod
    def from_parts(cls, settings: dict[str, Any], state: Mapping[str, np.ndarray], *, source: str) -> Reranker:
        """Make a re-ranker from its settings and weights. Raises: CheckpointError if they do not fit."""
        try:
            a, b, c = map(float, settings["scales"])
            model = cls(int(settings["hidden_dim"]), float(settings["dropout"]), (a, b, c))
            model.load_state_dict({name: torch.tensor(array) for name, array in state.items()})
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise CheckpointError(f"{source}: not a re-ranker: {str(error).splitlines()[0]}") from None
        values = [*model.scales, *(float(parameter.detach().sum()) for parameter in model.parameters())]
        if not all(map(math.isfinite, values)):
            raise CheckpointError(f"{source}: it holds a value that is not finite")
        return model.eval()

    def forward(self, batch: MatchBatch) -> Float[Tensor, " B"]:
        num_nodes, num_plans = len(batch.nodes), len(batch.covered)
        leaves = self.leaf(batch.leaves)
        counts = torch.bincount(batch.leaf_node, minlength=num_nodes).clamp(min=1)[:, None]
        mean = segment_sum(leaves, batch.leaf_node, num_nodes) / counts
        nodes = self.node(torch.cat([batch.nodes, mean, segment_max(leaves, batch.leaf_node, num_nodes)], dim=1))
        worst = segment_max(self.call(nodes), batch.sample, num_plans)[:, 0]
        sizes = torch.bincount(batch.sample, minlength=num_plans)[:, None]
        pooled = [
            segment_sum(nodes, batch.sample, num_plans) / sizes,
            segment_max(nodes, batch.sample, num_plans),
            batch.covered,
        ]
        q: Tensor = worst + self.plan(torch.cat(pooled, dim=1))[:, 0]
        return q

    def energy(self, q: Float[Tensor, " B"], cosine: Float[Tensor, " B"]) -> Float[Tensor, " B"]:
        """Return the energy in [0, 2] of pairs with these q and cosines."""
        a, b, c = self.scales
        return 2 * torch.sigmoid(a * (1 - cosine) + b * q + c)


class Matcher:
    """Holds plans against contexts for a re-ranker, in evaluation mode. Contexts that follow each other are read once."""

    def __init__(self, reranker: Reranker) -> None:
        self._reranker = reranker.eval()
        self._vectors = WordVectors()
        self._context: tuple[ContextFeatures, ContextWords] | None = None

    def words_of(self, context: ContextFeatures) -> ContextWords:
        if self._context is None or self._context[0] is not context:
            self._context = context, context_words(context, self._vectors)
        return self._context[1]

    def matches(self, context: ContextFeatures, plan: PlanFeatures) -> PlanMatches:
        """Raises: InputError if they have too many words."""
        return plan_matches(plan, WordRows.of(plan.texts, self._vectors), self.words_of(context))

    def __call__(self, pairs: Iterable[tuple[ContextFeatures, PlanFeatures]]) -> Float[Tensor, " B"]:
        """Return q of each pair, `(B,)`."""
        found: list[Tensor] = []
        pairs = iter(pairs)
        while chunk := [self.matches(*pair) for pair in islice(pairs, _MAX_BATCH)]:
            with torch.inference_mode():
                found.append(self._reranker(MatchBatch.collate(chunk)))
        return torch.cat(found) if found else torch.zeros(0)


def _joined(parts: Sequence[np.ndarray]) -> Tensor:
    return torch.from_numpy(np.concatenate(parts).astype(np.float32))
