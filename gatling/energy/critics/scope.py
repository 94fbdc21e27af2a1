"""Scope: the logarithm of what is asked for beyond what is needed.

    e = max(0, log10(asked) - log10(min(limit of the policy, least scope predicted for this request)))

`asked` is the largest of the node's volume and of its limit-like arguments. The prediction is a linear quantile regression
on gold plans: nine in ten ask for no more. It reads no number of the node itself.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gatling.energy.facts import ContextFacts, NodeFacts, PlanFacts
from gatling.energy.finding import Code, Finding, Source
from gatling.errors import CheckpointError
from gatling.policy import Clause
from gatling.policy.bounds import squashed_path
from gatling.schema.arguments import number_of

_MANY = frozenset("all every each entire whole everything everyone everybody complete full history list".split())
_ONE = frozenset("a an the one single first last latest next this".split())
SCOPE_FEATURES = (
    "constant",
    "largest_number",
    "says_many",
    "says_one",
    "reads",
    "shows_outside_text",
    "has_values",
    "limited",
)
_MAX_LOG = 9.0


@dataclass(frozen=True)
class AskedScope:
    """How much a node asks for, and where it says so."""

    amount: float
    argument: str | None


def asked_scope(node: NodeFacts) -> AskedScope:
    """Return the largest of the node's volume and of its limit-like arguments."""
    found = AskedScope(float(min(node.node.scope_volume, 10**300)), None)
    for value in node.values:
        number = number_of(value.value) if value.kind == "limit" else None
        if number is not None and number > found.amount:
            found = AskedScope(float(min(number, 10**300)), value.path)
    return found


@dataclass(frozen=True)
class ScopeFacts:
    """How much the calls of a plan ask for, and what that is held against."""

    features: NDArray[np.float64]
    """`(nodes, len(SCOPE_FEATURES))`: what the least scope is predicted from."""
    asked: NDArray[np.float64]
    """`(nodes,)`: log10 of the scope asked for."""
    bound: NDArray[np.float64]
    """`(nodes,)`: log10 of the policy's limit; infinite where it has none."""

    @classmethod
    def of(cls, facts: PlanFacts) -> ScopeFacts:
        said = _request_features(facts.context)
        return cls(
            features=np.array([[*said, *_node_features(node)] for node in facts.nodes]),
            asked=np.log10([max(asked_scope(node).amount, 1.0) for node in facts.nodes]),
            bound=np.log10([max(scope_bound(node)[0], 1e-6) for node in facts.nodes]),
        )


def _request_features(context: ContextFacts) -> list[float]:
    words = context.request.words
    largest = max((n for n in context.request.numbers if n < 10**6), default=0.0)
    return [
        1.0,
        min(math.log10(1 + largest), 4.0),
        float(not words.isdisjoint(_MANY)),
        float(not words.isdisjoint(_ONE)),
    ]


def _node_features(node: NodeFacts) -> list[float]:
    return [
        float(node.tool.effect == "read"),
        float(node.tool.shows_outside_text),
        float(bool(node.values)),
        float(any(v.kind == "limit" for v in node.values)),
    ]


def scope_bound(node: NodeFacts) -> tuple[float, str | None, Clause | None]:
    """Return the least limit of the policy on a call's volume or on one of its limit-like arguments, infinite if there is none;
    with it the argument that it is about, and the clause that says so."""
    found: tuple[float, str | None, Clause | None] = (math.inf, None, None)
    paths = {squashed_path(v.path): v.path for v in node.values if v.kind == "limit"}
    for key, (bound, clause) in node.tool.bounds.items():
        if (key == "#volume" or key in paths) and 0 < bound < found[0]:
            found = bound, paths.get(key), clause
    return found


def scope_excess(weights: NDArray[np.float64], scope: ScopeFacts) -> NDArray[np.float64]:
    """Return the energy of every call, `(nodes,)`, before calibration: served, trained with and calibrated on alike."""
    needed = np.minimum(predicted_scope(weights, scope.features), scope.bound)
    return np.maximum(0.0, scope.asked - needed)


def predicted_scope(weights: NDArray[np.float64], features: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the log10 of the scope that such requests need, `(nodes,)`."""
    found: NDArray[np.float64] = np.clip(np.einsum("nf,f->n", features, weights), 0.0, _MAX_LOG)
    return found


@dataclass(frozen=True)
class ScopeCritic:
    weights: NDArray[np.float64]
    """`(len(SCOPE_FEATURES),)`: the log10 of the least scope is their sum."""

    def __call__(self, facts: PlanFacts) -> NDArray[np.float64]:
        """Return the energy of every node, `(nodes,)`, before calibration."""
        return scope_excess(self.weights, ScopeFacts.of(facts))

    def allowed(self, facts: PlanFacts, i: int) -> tuple[float, str | None, Clause | None]:
        """Return the most that is needed or allowed, the argument that a limit is about, and the clause that says so."""
        predicted = 10 ** float(predicted_scope(self.weights, ScopeFacts.of(facts).features)[i])
        stated = scope_bound(facts.nodes[i])
        return stated if stated[0] < predicted else (predicted, None, None)

    def finding(self, facts: PlanFacts, i: int, energy: float) -> Finding:
        node = facts.nodes[i]
        asked = asked_scope(node)
        allowed, argument, clause = self.allowed(facts, i)
        bound = float(math.floor(allowed)) if allowed >= 1 else 1.0
        return Finding(
            source=Source.SCOPE,
            code=Code.TOO_WIDE,
            node_id=node.node.node_id,
            argument=asked.argument or argument or "scope_volume",
            clause=clause.place if clause else None,
            found=f"{asked.amount:g} asked for",
            wanted=f"at most {bound:g}" + ("" if clause else ", by what such requests need"),
            energy=energy,
            bound=bound,
        )

    def to_dict(self) -> dict[str, Any]:
        return {"weights": self.weights.tolist()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], source: str) -> ScopeCritic:
        """Read what `to_dict` gave. Raises: CheckpointError."""
        try:
            weights = np.array(data["weights"], np.float64)
        except (KeyError, TypeError, ValueError):
            raise CheckpointError(f"{source}: the scope critic has no weights") from None
        if weights.shape != (len(SCOPE_FEATURES),) or not np.isfinite(weights).all():
            raise CheckpointError(
                f"{source}: the scope critic's weights have the shape {weights.shape}, or are not finite"
            )
        return cls(weights)
