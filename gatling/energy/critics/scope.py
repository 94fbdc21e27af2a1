"""Scope: the logarithm of what is asked for beyond what is needed.

    e = max(0, log10(asked) - log10(min(limit of the policy, least scope predicted for this request)))

`asked` is the largest of the node's volume and of its limit-like arguments. The prediction is a linear quantile regression
on gold plans: nine in ten ask for no more. It reads no number of the node itself.
"""

from __future__ import annotations

import math
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


def scope_features(context: ContextFacts, node: NodeFacts) -> NDArray[np.float64]:
    """Return what the least scope is predicted from, `(len(SCOPE_FEATURES),)`."""
    words = context.request.words
    numbers = [min(float(w), 1e9) for w in context.request.content if w.isdigit() and len(w) <= 6]
    return np.array(
        [
            1.0,
            min(math.log10(1 + max(numbers, default=0.0)), 4.0),
            float(not words.isdisjoint(_MANY)),
            float(not words.isdisjoint(_ONE)),
            float(node.tool.effect == "read"),
            float(node.tool.shows_outside_text),
            float(bool(node.values)),
            float(any(v.kind == "limit" for v in node.values)),
        ]
    )


@dataclass(frozen=True)
class ScopeCritic:
    weights: NDArray[np.float64]
    """`(len(SCOPE_FEATURES),)`: the log10 of the least scope is their sum."""

    def __call__(self, facts: PlanFacts) -> NDArray[np.float64]:
        """Return the energy of every node, `(nodes,)`, before calibration."""
        return np.array([self._excess(facts.context, node) for node in facts.nodes])

    def _excess(self, context: ContextFacts, node: NodeFacts) -> float:
        allowed, _, _ = self.allowed(context, node)
        return max(0.0, math.log10(max(asked_scope(node).amount, 1.0)) - math.log10(max(allowed, 1e-6)))

    def allowed(self, context: ContextFacts, node: NodeFacts) -> tuple[float, str | None, Clause | None]:
        """Return the most that is needed or allowed, the argument that a limit is about, and the clause that says so."""
        predicted = float(np.einsum("f,f->", self.weights, scope_features(context, node)))
        found: tuple[float, str | None, Clause | None] = (10 ** min(max(predicted, 0.0), _MAX_LOG), None, None)
        paths = {squashed_path(v.path): v.path for v in node.values if v.kind == "limit"}
        for key, (bound, clause) in node.tool.bounds.items():
            if (key == "#volume" or key in paths) and 0 < bound < found[0]:
                found = bound, paths.get(key), clause
        return found

    def finding(self, facts: PlanFacts, i: int, energy: float) -> Finding:
        node = facts.nodes[i]
        asked = asked_scope(node)
        allowed, argument, clause = self.allowed(facts.context, node)
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
    def from_dict(cls, data: dict[str, Any], *, source: str) -> ScopeCritic:
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
