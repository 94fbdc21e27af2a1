"""What a critic is: it gives every call of a plan an energy, and says why. A new one is a file and a row in `table.CRITICS`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from gatling.energy.facts import PlanFacts
from gatling.energy.finding import Finding


class Critic(Protocol):
    """Judges the calls of a plan, each by itself: deterministic, and linear in the plan.

    It must be monotone: less trust, a wider scope, one more call that nobody asked for, one more denial in the policy never
    lower an energy. The composite promises that of the sum (`tests/energy/test_monotone.py`).
    """

    def __call__(self, facts: PlanFacts) -> NDArray[np.float64]:
        """Return the energy of every node, `(nodes,)`, 0 or more, before calibration."""
        ...

    def finding(self, facts: PlanFacts, i: int, energy: float) -> Finding:
        """Return what the critic has to say of node `i`; `energy` is its share, on the calibrated scale."""
        ...

    def to_dict(self) -> dict[str, Any]:
        """Return what was learned, as plain data for `critics.json`; empty for a formula."""
        ...


@dataclass(frozen=True, slots=True)
class CriticKind:
    """A row of the table."""

    read: Callable[[Mapping[str, Any], str], Critic]
    """Makes the critic from what `to_dict` gave; the text names the file in a CheckpointError."""
    most: float | None = None
    """Weight in the composite, at most, for each unit of the hierarchy critic's."""
    least: float = 0.0
    """Weight, at least, for each unit of the hierarchy critic's."""
    is_learned: bool = False
    """Whether its own parameters are fitted, and not just its weight."""
    weight: float | None = None
    """Of a model whose files do not know it, being older; None if such a model is refused."""
