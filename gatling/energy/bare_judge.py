"""The second opinion on plans of which nobody knows what was read: is a call that the critics doubt really out of place?

The critics doubt whatever the request does not name: the id of a record that was looked up, the address that it holds, the bill
that the request hands over to. Most of that is honest. So a doubt of theirs counts as far as this judge shares it: the energy of
a call is the smaller of the two. It reads what the critics know of a call (`attribution_judge.known_features`) and how it stands
on the request by tiers and edges (`critics/chain.py`); boosted trees that are monotone in all signed features give a score.

It excuses no call that comes out of nowhere: one that acts, takes up nothing that stands on the request, and is nothing that the
request hands over. Nor does it excuse what critics doubt for other reasons than relevance.

What takes more evidence to stop is told by margins: a reading call that fetches no address, what can be undone, and a call of
tier 1, in which no outsider had a say.

Kept in `bare.json` of a model folder. A folder without it leaves such plans to the critics alone.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gatling.energy.attribution_judge import JUDGED_FEATURES, Lines, known_features
from gatling.energy.critics.attribution import ATTRIBUTION_FEATURES
from gatling.energy.critics.chain import CHAIN_FEATURES, chain
from gatling.energy.critics.trees import MonotoneTrees
from gatling.energy.facts import NodeFacts, PlanFacts
from gatling.errors import CheckpointError
from gatling.features import feature_digest
from gatling.runtime.sealed import read_sealed, sealed
from gatling.tools.consequence import Consequence

BARE_NAME = "bare.json"
FORMAT_VERSION = 1

Floats = NDArray[np.float64]

_KNOWN = [(name, sign) for name, sign in JUDGED_FEATURES.items() if name not in ATTRIBUTION_FEATURES]
BARE_FEATURES: tuple[tuple[str, int], ...] = (*_KNOWN, *CHAIN_FEATURES.items())
"""Names, some of which stand in both parts, and signs."""
BARE_SIGNS = np.array([sign for _, sign in BARE_FEATURES])

MARGINS: dict[Consequence, float] = {"reads": 3.0, "changes": 0.25, "sends": 0.0, "costs": 0.0, "endangers": 0.0}
"""How much more it takes to stop a call, in log odds, by what it can cost."""
FETCHING_MARGIN = 0.5
"""The same for a reading call that is given an address, in which secrets can leave."""
INSIDE_MARGIN = 2.0
"""How much more it takes where no outsider had a say."""


def bare_feature_digest() -> str:
    """Return what identifies the features: names, signs, word table."""
    content = [list(BARE_FEATURES), feature_digest()]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def bare_features(facts: PlanFacts) -> Floats:
    """Return the features of every node, `(nodes, len(BARE_FEATURES))`."""
    return np.concatenate([known_features(facts), chain(facts)], axis=1)


def margins(nodes: Sequence[NodeFacts]) -> Floats:
    """Return how much more evidence it takes to stop each call, `(nodes,)`."""
    return np.array([_margin(node) for node in nodes])


def _margin(node: NodeFacts) -> float:
    consequence = node.tool.consequence
    fetches = consequence == "reads" and node.has_url
    own = FETCHING_MARGIN if fetches else MARGINS[consequence]
    return own + INSIDE_MARGIN * (node.node.provenance_tier == 1)


def can_be_excused(node: NodeFacts, facts: PlanFacts) -> bool:
    """Tell whether a call reads, or is what the request hands over, or takes up what stands on the request."""
    takes_up = any(facts.nodes[p].standing > 0 for p in node.parents)
    return node.tool.effect == "read" or facts.context.hand_over.follows > 0 or takes_up


@dataclass(frozen=True)
class BareJudge:
    trees: MonotoneTrees
    lines: Lines
    figures: Mapping[str, Any] = field(default_factory=dict)
    """How it came about; nothing reads them but people."""
    digest: str = ""

    def scores(self, facts: PlanFacts) -> Floats:
        """Return the score of every node, `(nodes,)`: log odds that it is to blame, margins taken off."""
        return self.trees(bare_features(facts)) - margins(facts.nodes)

    def energies(self, facts: PlanFacts, escalate: float) -> Floats:
        """Return the energy of every node on the common scale, `(nodes,)`; infinite for one that it cannot excuse.

        Args:
            escalate: where that scale escalates, in (0, 1].
        """
        energies = np.array([self.lines.energy(score, escalate) for score in self.scores(facts)])
        return np.where([can_be_excused(node, facts) for node in facts.nodes], energies, np.inf)

    def to_json(self, **extra: Any) -> bytes:
        """Return the content of `bare.json`; `extra` says how it was trained."""
        return sealed(
            {
                "format_version": FORMAT_VERSION,
                "features": bare_feature_digest(),
                "trees": self.trees.to_dict(),
                "lines": [self.lines.escalate, self.lines.deny],
                "figures": dict(self.figures),
                **extra,
            }
        )

    @classmethod
    def read(cls, path: Path) -> BareJudge:
        """Read `bare.json`. Raises: CheckpointError if it is damaged, of other features, or not monotone."""
        data, digest = read_sealed(path, FORMAT_VERSION)
        if data.get("features") != bare_feature_digest():
            raise CheckpointError(f"{path}: trained with other features: run `gatling train-attribution` again")
        try:
            escalate, deny = map(float, data["lines"])
            trees = data["trees"]
        except (KeyError, TypeError, ValueError):
            raise CheckpointError(f"{path}: a line is missing") from None
        if not np.isfinite([escalate, deny]).all() or not escalate < deny:
            raise CheckpointError(f"{path}: the line to escalate at is not below the line to deny at")
        known = MonotoneTrees.from_dict(trees, BARE_SIGNS, source=str(path))
        return cls(known, Lines(escalate, deny), data.get("figures", {}), digest)
