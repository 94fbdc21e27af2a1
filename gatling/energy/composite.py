"""All critics together: `CompositeEnergy`.

    E(node) = sum over critics of w_c * e_c(node), w_c >= 0;   E(plan) = the largest E(node)

Each e_c is monotone (see the critics) and no weight is negative, so the sum is: removing trust, widening scope, adding an
unasked call or adding a denial never lowers it. The learned parts are kept in `critics.json` of a model folder.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from gatling.energy.critics.critic import Critic
from gatling.energy.critics.hierarchy import HierarchyCritic
from gatling.energy.critics.latent import LatentCritic
from gatling.energy.critics.relevance import NAMES, SIGNS
from gatling.energy.critics.scope import SCOPE_FEATURES, ScopeCritic
from gatling.energy.critics.table import CRITICS
from gatling.energy.facts import PlanFacts
from gatling.energy.finding import Finding, Source
from gatling.errors import CheckpointError
from gatling.features import feature_digest
from gatling.runtime.sealed import read_sealed, sealed

CRITICS_NAME = "critics.json"
FORMAT_VERSION = 1

Floats = NDArray[np.float64]


def missing_critics(path: Path) -> str:
    return f"{path.parent}: {path.name} is missing: make it with `gatling train-energy`"


def critics_feature_digest() -> str:
    """Return what identifies the features that critics read: names, signs, word table."""
    content = [NAMES, SIGNS.tolist(), SCOPE_FEATURES, feature_digest()]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


@dataclass(frozen=True)
class CompositeEnergy:
    """The critics and their weights.

    Attributes:
        critics: by name, in the order of the table.
        weights: by critic, none negative.
        digest: SHA-256 of the file it was read from; empty for one that was not.
    """

    critics: Mapping[str, Critic]
    weights: Mapping[str, float]
    encoders: str = ""
    """SHA-256 of the `config.json` of the encoders that it was trained with."""
    digest: str = ""

    @property
    def latent(self) -> LatentCritic | None:
        """The latent term, where there are encoders."""
        critic = self.critics[Source.LATENT]
        return critic if isinstance(critic, LatentCritic) else None

    @property
    def hierarchy(self) -> HierarchyCritic:
        return cast("HierarchyCritic", self.critics[Source.HIERARCHY])

    @property
    def scope(self) -> ScopeCritic:
        return cast("ScopeCritic", self.critics[Source.SCOPE])

    @property
    def uses_latent(self) -> bool:
        """Whether contexts need a latent: not where the term has no weight."""
        return self.latent is not None and self.weights[Source.LATENT] > 0

    def energies(self, facts: PlanFacts) -> dict[str, Floats]:
        """Return each critic's energy of every node, `(nodes,)`, before calibration."""
        return {name: critic(facts) for name, critic in self.critics.items()}

    def energies_without_latent(self, facts: PlanFacts) -> dict[str, Floats]:
        """Return the same with 0 for the latent term, which needs the encoders."""
        zero = np.zeros(len(facts.nodes))
        return {name: zero if name == Source.LATENT else critic(facts) for name, critic in self.critics.items()}

    def combine(self, energies: Mapping[str, Floats]) -> Floats:
        """Return the composite energy of every node, `(nodes,)`, before calibration."""
        return combined(energies, self.weights)

    def finding(self, source: str, facts: PlanFacts, i: int, energy: float) -> Finding:
        """Return what a critic has to say about node i."""
        return self.critics[source].finding(facts, i, energy)

    def to_json(self, **extra: Any) -> bytes:
        """Return the content of `critics.json`; `extra` says how it was trained."""
        learned = {str(name): part for name, critic in self.critics.items() if (part := critic.to_dict())}
        return sealed(
            {
                "format_version": FORMAT_VERSION,
                "features": critics_feature_digest(),
                "encoders": self.encoders,
                **learned,
                "weights": {str(name): weight for name, weight in self.weights.items()},
                **extra,
            }
        )

    @classmethod
    def read(cls, path: Path, latent: LatentCritic | None, *, encoders: str = "") -> CompositeEnergy:
        """Read `critics.json`.

        Args:
            encoders: SHA-256 of the `config.json` beside it.

        Raises:
            CheckpointError: if it is missing, damaged, of another version, trained on other features or with other encoders,
                or not monotone.
        """
        data, digest = read_sealed(path, FORMAT_VERSION, missing=missing_critics(path))
        if data.get("features") != critics_feature_digest():
            raise CheckpointError(f"{path}: trained with other features: run `gatling train-energy` again")
        if data.get("encoders") != encoders:
            raise CheckpointError(f"{path}: trained with other encoders: run `gatling train-energy` again")
        critics: dict[str, Critic] = {}
        weights: dict[str, float] = {}
        try:
            for name, kind in CRITICS.items():
                weights[name] = float(data["weights"].get(str(name), kind.weight))
                critics[name] = kind.read(data[str(name)] if kind.is_learned else {}, str(path))
        except (AttributeError, KeyError, TypeError, ValueError):
            raise CheckpointError(f"{path}: a critic or a weight is missing") from None
        if not all(np.isfinite(w) and w >= 0 for w in weights.values()):
            raise CheckpointError(f"{path}: a weight is negative or not finite")
        if weights[Source.LATENT] > 0 and latent is None:
            raise CheckpointError(f"{path}: the latent term has a weight and there are no encoders")
        if latent is not None:
            critics[Source.LATENT] = latent
        return cls(critics, weights, encoders, digest)


def combined(energies: Mapping[str, Floats], weights: Mapping[str, float]) -> Floats:
    """Return the weighted sum of energies, in the order of the critics: floating point is not associative."""
    total = np.zeros_like(next(iter(energies.values())))
    for name in CRITICS:
        total = total + weights[name] * energies[name]
    return total
