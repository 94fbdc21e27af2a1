"""Two judges that need no training, to stand beside every figure of the model.

- `tfidf`: cosine of TF-IDF vectors over all words of the record's JSON, keys and values. A model that does not beat it
  has learnt less than word counts give away.
- `tier3`: a plan is suspicious if any of its nodes has provenance tier 3. It retrieves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from gatling.evaluation.embed import Embedded
from gatling.evaluation.metrics import Metrics, evaluate_embedded
from gatling.evaluation.separation import separation
from gatling.features import ContextFeatures, PlanFeatures
from gatling.features.text import Texts
from gatling.policy import Kind

_FOLDED_DIM = 4_096
Document = tuple[np.ndarray, np.ndarray]  # distinct words as numbers, and how often each stands in the record


@dataclass
class Documents:
    """Word counts of distinct contexts and plans; filled while they stream by, about 1 kB each."""

    contexts: list[Document] = field(default_factory=list)
    plans: list[Document] = field(default_factory=list)
    has_tier3: list[bool] = field(default_factory=list)
    """One entry a plan."""
    _vocabulary: dict[str, int] = field(default_factory=dict)

    def add_context(self, features: ContextFeatures) -> None:
        own = features.codes[:, 0] != Kind.CHUNK
        self.contexts.append(self._count(features.texts, features.key_text[own], features.value_text[own]))

    def add_plan(self, features: PlanFeatures) -> None:
        self.plans.append(
            self._count(features.texts, features.tool_text, features.leaf_path_text, features.leaf_value_text)
        )
        self.has_tier3.append(bool((features.node_codes[:, 0] == 2).any()))

    def _count(self, texts: Texts, *occurrences: np.ndarray) -> Document:
        times = np.bincount(np.concatenate(occurrences), minlength=len(texts.offsets) - 1)
        per_position = np.repeat(times, np.diff(texts.offsets))
        counts = np.bincount(texts.word_index, weights=per_position, minlength=len(texts.words))
        words = [self._vocabulary.setdefault(word, len(self._vocabulary)) for word in texts.words]
        present = counts > 0
        return np.array(words, np.int32)[present], counts[present].astype(np.float32)

    def tfidf(self) -> tuple[np.ndarray, np.ndarray]:
        """Return one row a context and one a plan, `(., 4096)`, of length 1.

        Weights are (1 + log tf) * idf, idf learnt on these very records. Words are folded into 4,096 dimensions with
        random signs, which keeps cosines to within about 0.02.
        """
        documents = [*self.contexts, *self.plans]
        frequency = np.zeros(len(self._vocabulary))
        for words, _ in documents:
            frequency[words] += 1
        idf = np.log((1 + len(documents)) / (1 + frequency)) + 1
        generator = np.random.default_rng(0)
        place = generator.integers(0, _FOLDED_DIM, len(self._vocabulary))
        sign = generator.choice([-1.0, 1.0], len(self._vocabulary))
        rows = np.zeros((len(documents), _FOLDED_DIM), np.float32)
        for row, (words, counts) in zip(rows, documents, strict=True):
            np.add.at(row, place[words], sign[words] * (1 + np.log(counts)) * idf[words])
            row /= max(float(np.linalg.norm(row)), 1e-9)
        return rows[: len(self.contexts)], rows[len(self.contexts) :]


def baseline_views(embedded: Embedded, documents: Documents) -> tuple[Embedded, Float[Tensor, " M"]]:
    """Return the traces with TF-IDF vectors in place of latents, and the tier-3 verdict of each trace, 0 or 1.

    Args:
        embedded: the traces; rows of `z_g` and `z_e` are the contexts and plans of `documents`, in its order.
    """
    contexts, plans = documents.tfidf()
    tier3 = torch.tensor(documents.has_tier3, dtype=torch.float32)[embedded.plan]
    words = replace(embedded, z_g=torch.from_numpy(contexts), z_e=torch.from_numpy(plans), energies=None)
    return words, tier3


def evaluate_baselines(
    tfidf: Embedded, tier3: Float[Tensor, " M"], *, with_intervals: bool = False
) -> dict[str, Metrics]:
    """Return the metrics of both baselines, by name."""
    violating = ~tfidf.is_compliant
    by_tier = separation(tier3, violating, tfidf.context, with_intervals=with_intervals)
    for name, rows in (("compliant", ~violating), ("violations", violating)):
        if rows.any():
            by_tier[f"share_of_{name}_flagged"] = float(tier3[rows].mean())
    return {
        "tfidf": evaluate_embedded(tfidf, geometry=False, with_intervals=with_intervals),
        "tier3": by_tier,
    }
