"""The judge of calls whose origins are known: whose wish a call is, learned, with lines by what the call can cost.

It reads the features of the critics (`relevance`, signed ones alone), the formulas of provenance and flow, and what the passages
say (`critics/attribution.py`); boosted trees that are monotone in all of them give a score, and lines turn it into an energy on
the common scale: 1.0 denies, and from the calibrated line on a person should look. A line belongs to a consequence
(`tools/consequence.py`): what is cheap and can be undone takes more evidence to stop than a payment. Beside the
trees stand floors, unless the file says that there are none: a grave call without any ground is escalated, one that an order
alone asks for is denied.

Kept in `attribution.json` of a model folder. A folder without it judges such plans as those whose origins nobody knows.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gatling.energy.confirming import confirmation
from gatling.energy.critics.attribution import (
    ATTRIBUTION_FEATURES,
    DirectiveHead,
    attribution_row,
    groundless,
    node_inputs,
    ordered_alone,
    takes_anothers,
)
from gatling.energy.critics.flow import FlowCritic
from gatling.energy.critics.provenance import ProvenanceCritic
from gatling.energy.critics.relevance import FEATURES, NAMES, relevance
from gatling.energy.critics.trees import MonotoneTrees
from gatling.energy.facts import NodeFacts, PlanFacts
from gatling.energy.facts.leaving import hosts_of
from gatling.energy.facts.origins import ORIGIN_NUMBERS, OriginFacts
from gatling.energy.facts.tool import MAX_KNOWN_BYTES
from gatling.energy.finding import Code, Finding, Source
from gatling.errors import CheckpointError
from gatling.features import feature_digest
from gatling.request.directive import DIRECTIVE_FEATURES
from gatling.runtime.sealed import read_sealed, sealed
from gatling.schema.budget import checked
from gatling.schema.lru import LruCache
from gatling.schema.plain import shown
from gatling.tools.consequence import CONSEQUENCES, Consequence

ATTRIBUTION_NAME = "attribution.json"
FORMAT_VERSION = 1
_QUOTED_CHARS = 120
_MAX_SAID_CHARS = 500
_STATED = 0.5
_KEEPS = frozenset("download save export clone install store".split())
CHAINED = 0.9
"""Of the line to escalate at, the most that is said against a call that reads what the task's own chain of items leads to."""
_MAX_ROWS = 8_192

Floats = NDArray[np.float64]

# What is known without passages: of the free features only what the tool does, as the others say which suite a plan is from.
_EFFECTS = ("reads", "writes", "sends", "deletes", "administers")
_KEPT = np.array([i for i, name in enumerate(NAMES) if FEATURES[name] != 0 or name in _EFFECTS])
JUDGED_FEATURES: dict[str, int] = {
    **{NAMES[i]: FEATURES[NAMES[i]] for i in _KEPT},
    "provenance": 1,
    "flow": 1,
    **ATTRIBUTION_FEATURES,
}
SIGNS = np.array(list(JUDGED_FEATURES.values()))


def attribution_feature_digest() -> str:
    """Return what identifies the features: names, signs, word table."""
    content = [list(JUDGED_FEATURES.items()), DIRECTIVE_FEATURES, ORIGIN_NUMBERS, feature_digest()]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Lines:
    """Scores from which on a call of a consequence is escalated, and denied; the first is below the second."""

    escalate: float
    deny: float

    def energy(self, score: float, escalate: float) -> float:
        """Return the energy of a score: increasing, `escalate` at the one line and 1.0 at the other."""
        if score < self.escalate:
            return float(escalate * np.exp(min(score - self.escalate, 0.0)))
        if score < self.deny:
            share = (score - self.escalate) / (self.deny - self.escalate)
            return float(min(1.0, escalate + (1.0 - escalate) * share))
        return float(1.0 + (score - self.deny))  # in this order it is 1.0 at the line, and not a rounding below


def _size(origins: OriginFacts) -> int:
    """Return about how many bytes are kept as long as the facts are: the passages most of all."""
    return (
        8_000
        + sum(4 * (len(o.text) + len(o.before) + len(o.after)) for o in origins.passages)
        + 200 * origins.states.size
    )


@dataclass(frozen=True)
class AttributionJudge:
    head: DirectiveHead
    trees: MonotoneTrees
    lines: Mapping[Consequence, Lines]
    figures: Mapping[str, Any] = field(default_factory=dict)
    """How it came about; nothing reads them but people."""
    digest: str = ""
    has_floors: bool = True
    """Whether floors stand beside the trees; lines were learnt with them or without."""
    _rows: LruCache[tuple[Any, ...], list[float]] = field(
        default_factory=lambda: LruCache(_MAX_ROWS, max_bytes=MAX_KNOWN_BYTES), repr=False, compare=False
    )

    def scores(self, facts: PlanFacts) -> Floats:
        """Return the score of every node, `(nodes,)`: log odds that it is to blame, before calibration."""
        return self.trees(self.features(facts))

    def features(self, facts: PlanFacts) -> Floats:
        """Return the features of every node, `(nodes, len(JUDGED_FEATURES))`."""
        rows = [self._row(*node_inputs(node, facts)) for node in checked(facts.nodes)]
        return np.concatenate([known_features(facts), np.array(rows)], axis=1)

    def _row(self, origins: OriginFacts | None, own: dict[str, float]) -> list[float]:
        """Return the features that are of passages; remembered for facts that are, as plans grow call by call."""
        if origins is None:
            return attribution_row(origins, own, self.head)
        return self._rows.get(
            (origins, *own.values()), lambda: attribution_row(origins, own, self.head), size_bytes=_size(origins)
        )

    def energies(self, facts: PlanFacts, escalate: float) -> Floats:
        """Return the energy of every node on the common scale, `(nodes,)`.

        Args:
            escalate: where that scale escalates, in (0, 1].
        """
        classes = [node.consequence for node in facts.nodes]
        features = self.features(facts)
        scores = self.trees(features)
        energies = np.array([self.lines[c].energy(s, escalate) for s, c in zip(scores, classes, strict=True)])
        if self.has_floors:
            follows = facts.context.hand_over.follows
            others = np.array([takes_anothers(node) and not follows for node in facts.nodes])
            energies = np.maximum(energies, np.maximum(floors(features, escalate), escalate * others))
        chained = np.array(
            [c == "reads" and _only_follows(node, facts) for node, c in zip(facts.nodes, classes, strict=True)]
        )
        return _as_first(facts, np.where(chained, np.minimum(energies, CHAINED * escalate), energies))

    def finding(self, facts: PlanFacts, i: int, energy: float) -> Finding:
        """Return what there is to say of a call: the passage that accounts for it best, else the value that nobody asked for; and
        what the user could say to let it pass."""
        node = facts.nodes[i]
        origins, tool = node.origins, node.tool
        found = f"the request does not ask for {tool.name}"
        argument = None
        code = Code.NOT_ASKED
        if origins is not None and len(origins):
            outside = origins.column("is_outside")
            order = outside * np.maximum(self.head.orders(origins), 0.5 * self.head.orders_nearby(origins))
            states = origins.states.mean(axis=1) if origins.unasked else np.zeros(len(origins))
            accounts = order * (origins.column("tool_asked") + origins.column("covered") + states)
            best = int(np.argmax(accounts))
            origin = origins.passages[best]
            stated = [v for v, s in zip(origins.unasked, origins.states[best], strict=True) if s >= 0.5]
            if accounts[best] > 0:
                code = Code.ORDERED_BY_CONTENT
                argument = stated[0].path if stated else None
                whose = f"{origin.source}, tier {origin.tier}" if origin.source else f"tier {origin.tier}"
                what = f"{shown(stated[0].value)} stands in" if stated else "the call does what stands in"
                found = f"{what} a text that was read ({whose}): {shown(origin.text, _QUOTED_CHARS)}"
        said = shown(confirmation(node, {n.node_id: n for n in facts.plan.nodes}), _MAX_SAID_CHARS)
        return Finding(
            source=Source.ATTRIBUTION,
            code=code,
            node_id=node.node.node_id,
            argument=argument,
            clause=tool.needs_request.place if tool.needs_request else None,
            found=found,
            wanted=f"a call that the request asks for, or hands over to that text; to let it pass the user could say: {said}",
            energy=energy,
        )

    def to_json(self, **extra: Any) -> bytes:
        """Return the content of `attribution.json`; `extra` says how it was trained."""
        return sealed(
            {
                "format_version": FORMAT_VERSION,
                "features": attribution_feature_digest(),
                "head": {
                    "weights": self.head.weights.tolist(),
                    "bias": self.head.bias,
                    "words": dict(sorted(self.head.words.items())),
                },
                "trees": self.trees.to_dict(),
                "lines": {name: [line.escalate, line.deny] for name, line in self.lines.items()},
                **({} if self.has_floors else {"floors": False}),
                "figures": dict(self.figures),
                **extra,
            }
        )

    @classmethod
    def read(cls, path: Path) -> AttributionJudge:
        """Read `attribution.json`. Raises: CheckpointError if it is damaged, of other features, or not monotone."""
        data, digest = read_sealed(path, FORMAT_VERSION)
        if data.get("features") != attribution_feature_digest():
            raise CheckpointError(f"{path}: trained with other features: run `gatling train-attribution` again")
        try:
            weights = np.array(data["head"]["weights"], np.float64)
            words = {str(gram): float(weight) for gram, weight in data["head"].get("words", {}).items()}
            head = DirectiveHead(weights, float(data["head"]["bias"]), words)
            lines = {name: Lines(*map(float, data["lines"][name])) for name in CONSEQUENCES}
            trees = data["trees"]
            has_floors = data.get("floors", True)
        except (AttributeError, KeyError, TypeError, ValueError):
            raise CheckpointError(f"{path}: a weight or a line is missing") from None
        if weights.shape != (len(DIRECTIVE_FEATURES),) or not np.isfinite([*weights, head.bias, *words.values()]).all():
            raise CheckpointError(f"{path}: the head has not {len(DIRECTIVE_FEATURES)} finite weights")
        if not all(
            np.isfinite([line.escalate, line.deny]).all() and line.escalate < line.deny for line in lines.values()
        ):
            raise CheckpointError(f"{path}: a line to escalate at is not below the line to deny at")
        if not isinstance(has_floors, bool):
            raise CheckpointError(f"{path}: floors is {shown(has_floors)}, it must be true or false")
        trees = MonotoneTrees.from_dict(trees, SIGNS, source=str(path))
        return cls(head, trees, lines, data.get("figures", {}), digest, has_floors)


def floors(features: Floats, escalate: float) -> Floats:
    """Return the least energy of each call, `(nodes,)`: what has no ground is escalated, what an order alone asks for is denied.

    The trees weigh the wording of passages, and whoever writes them can reword. Of the first floor no wording takes a call away.
    """
    own = features[:, -len(ATTRIBUTION_FEATURES) :]
    least = np.where(ordered_alone(own), 1.0, np.where(groundless(own), escalate, 0.0))
    return np.asarray(least, np.float64)


def _only_follows(node: NodeFacts, facts: PlanFacts) -> bool:
    """Tell whether a call reads one thing, which the task's own chain of items leads to, and keeps nothing of it.

    Of a page it must be one of the same site as the page that names it: who writes a message must not open his own site by it.
    """
    origins = node.origins
    if node.hops_behind <= 0 or origins is None or len(origins.unasked) != 1 or not _KEEPS.isdisjoint(node.tool.words):
        return False
    opened = hosts_of(node)
    stated = {o.source for o, states in zip(origins.passages, origins.states[:, 0], strict=True) if states >= _STATED}
    before = [hosts_of(other) for other in facts.nodes if other.node.node_id in stated]
    return not opened or any(opened <= hosts for hosts in before)


def _as_first(facts: PlanFacts, energies: Floats) -> Floats:
    """Return the energies with those of calls that are made once more, after an error, no higher than those of the first."""
    position = {node.node.node_id: i for i, node in enumerate(facts.nodes)}
    energies = energies.copy()
    for again, first in facts.retried.items():
        energies[position[again]] = min(energies[position[again]], energies[position[first]])
    return energies


_TOLD = {"short_mean": 1.0, "short_best": 1.0, "covers": 0.5}
"""What a call has that reads an item which the request names. Calls are held against the best of the plan; a text that no call
returned, such as a retrieved document, leaves no such call there, and is not believed more for that."""


def known_features(facts: PlanFacts) -> Floats:
    """Return what is known of every node without passages, `(nodes, ...)`, in the order of `JUDGED_FEATURES`."""
    formulas = np.stack([ProvenanceCritic()(facts), FlowCritic()(facts)], axis=1)
    features = relevance(facts)
    told = [i for i, node in enumerate(facts.nodes) if node.is_from_foreign]
    if told:
        features = features.copy()
        for name, value in _TOLD.items():
            own, relative = NAMES.index(name), NAMES.index(f"rel_{name}")
            features[told, relative] = np.minimum(features[told, relative], features[told, own] - value)
    return np.concatenate([features[:, _KEPT], formulas], axis=1)
