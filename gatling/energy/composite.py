"""All critics together: `CompositeEnergy`.

    E(node) = sum over critics of w_c * e_c(node), w_c >= 0;   E(plan) = the largest E(node)

Each e_c is monotone (see the critics) and no weight is negative, so the sum is: removing trust, widening scope, adding an
unasked call or adding a denial never lowers it. The learned parts are kept in `critics.json` of a model folder.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gatling.energy.critics.flow import FlowCritic
from gatling.energy.critics.hierarchy import HierarchyCritic
from gatling.energy.critics.latent import LatentCritic
from gatling.energy.critics.monotone import MonotoneNet
from gatling.energy.critics.provenance import ProvenanceCritic
from gatling.energy.critics.relevance import NAMES, SIGNS
from gatling.energy.critics.scope import SCOPE_FEATURES, ScopeCritic
from gatling.energy.facts import PlanFacts
from gatling.energy.finding import CRITICS, Finding, Source
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
        weights: by critic, none negative. The latent term is left out where its weight is 0.
        digest: SHA-256 of the file it was read from; empty for one that was not.
    """

    hierarchy: HierarchyCritic
    scope: ScopeCritic
    weights: dict[Source, float]
    latent: LatentCritic | None = None
    encoders: str = ""
    """SHA-256 of the `config.json` of the encoders that it was trained with."""
    digest: str = ""
    provenance: ProvenanceCritic = field(default_factory=ProvenanceCritic)
    flow: FlowCritic = field(default_factory=FlowCritic)

    @property
    def uses_latent(self) -> bool:
        return self.weights[Source.LATENT] > 0

    def energies(self, facts: PlanFacts, z_g: Floats | None) -> dict[Source, Floats]:
        """Return each critic's energy of every node, `(nodes,)`, before calibration.

        Args:
            z_g: the context's latent, from `LatentCritic.context_latent`; needed where the latent term has a weight.
        """
        found = {
            Source.HIERARCHY: self.hierarchy(facts),
            Source.PROVENANCE: self.provenance(facts),
            Source.SCOPE: self.scope(facts),
            Source.FLOW: self.flow(facts),
            Source.LATENT: np.zeros(len(facts.nodes)),
        }
        if self.uses_latent:
            assert self.latent is not None
            assert z_g is not None
            found[Source.LATENT] = self.latent(facts.nodes, z_g)
        return found

    def combine(self, energies: dict[Source, Floats]) -> Floats:
        """Return the composite energy of every node, `(nodes,)`, before calibration."""
        total = np.zeros_like(energies[Source.HIERARCHY])
        for source in CRITICS:
            total = total + self.weights[source] * energies[source]
        return total

    def finding(self, source: Source, facts: PlanFacts, i: int, energy: float) -> Finding:
        """Return what a critic has to say about node i."""
        if source is Source.HIERARCHY:
            return self.hierarchy.finding(facts, i, energy)
        if source is Source.PROVENANCE:
            return self.provenance.finding(facts, i, energy)
        if source is Source.SCOPE:
            return self.scope.finding(facts, i, energy)
        if source is Source.FLOW:
            return self.flow.finding(facts, i, energy)
        assert self.latent is not None
        return self.latent.finding(facts, i, energy)

    def to_json(self, **extra: Any) -> bytes:
        """Return the content of `critics.json`; `extra` says how it was trained."""
        return sealed(
            {
                "format_version": FORMAT_VERSION,
                "features": critics_feature_digest(),
                "encoders": self.encoders,
                "hierarchy": self.hierarchy.net.to_dict(),
                "scope": self.scope.to_dict(),
                "weights": {str(source): self.weights[source] for source in CRITICS},
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
        try:
            weights = {source: float(data["weights"][str(source)]) for source in CRITICS}
            hierarchy, scope = data["hierarchy"], data["scope"]
        except (KeyError, TypeError, ValueError):
            raise CheckpointError(f"{path}: a critic or a weight is missing") from None
        if not all(np.isfinite(w) and w >= 0 for w in weights.values()):
            raise CheckpointError(f"{path}: a weight is negative or not finite")
        if weights[Source.LATENT] > 0 and latent is None:
            raise CheckpointError(f"{path}: the latent term has a weight and there are no encoders")
        net = MonotoneNet.from_dict(hierarchy, SIGNS, source=str(path))
        return cls(
            HierarchyCritic(net), ScopeCritic.from_dict(scope, source=str(path)), weights, latent, encoders, digest
        )
