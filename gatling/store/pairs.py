"""Which plans go with which contexts, as sorted arrays: no dictionary grows with the data."""

from __future__ import annotations

import numpy as np


class Pairs:
    """Compliant pairs and violations of a set of M traces.

    Args:
        context, plan, is_compliant: `(M,)` columns.
        num_contexts: contexts are numbered below this.
    """

    def __init__(self, context: np.ndarray, plan: np.ndarray, is_compliant: np.ndarray, *, num_contexts: int) -> None:
        keys = _keys(context, plan)
        self._compliant = np.unique(keys[is_compliant])
        violating = ~is_compliant
        # A plan with both labels in one context is a positive; `training.data` reports it.
        is_both = violating.copy()
        is_both[violating] = self._holds(keys[violating])
        self.num_contradictions = len(np.unique(keys[is_both]))
        """Pairs that stand in the data with both labels."""
        rows = np.flatnonzero(violating & ~is_both)
        rows = rows[np.argsort(context[rows], kind="stable")]
        self._violation_rows = rows.astype(np.int32)
        self._plan = plan
        self._violations_from = np.searchsorted(context[rows], np.arange(num_contexts + 1))

        rows = np.flatnonzero(is_compliant)
        first = np.zeros(num_contexts, np.int64)
        first[context[rows[::-1]]] = rows[::-1]  # of several assignments to one place the last counts
        self.members = rows[np.argsort(first[context[rows]], kind="stable")]
        """Compliant traces by context; contexts in the order of their first compliant trace, traces in that of the data."""
        starts = np.flatnonzero(np.diff(context[self.members], prepend=-1))
        self.member_offsets = np.append(starts, len(self.members))
        """Members of the i-th of these contexts: `members[member_offsets[i]:member_offsets[i + 1]]`."""

    def is_compliant(self, context: np.ndarray, plan: np.ndarray) -> np.ndarray:
        """Tell for broadcast numbers whether the plan is a compliant one of the context, anywhere in the set."""
        return self._holds(_keys(context, plan))

    def violations(self, context: int) -> np.ndarray:
        """Return the violating plans of a context, in the order of the data."""
        return np.asarray(self._plan[self.violation_rows(context)])

    def violation_rows(self, context: int) -> np.ndarray:
        """Return the rows of a context's violations, in the order of the data."""
        return np.asarray(self._violation_rows[self._violations_from[context] : self._violations_from[context + 1]])

    def _holds(self, keys: np.ndarray) -> np.ndarray:
        if not len(self._compliant):
            return np.zeros(keys.shape, bool)
        place = np.minimum(np.searchsorted(self._compliant, keys), len(self._compliant) - 1)
        return np.asarray(self._compliant[place] == keys)


def _keys(context: np.ndarray, plan: np.ndarray) -> np.ndarray:
    return np.asarray(context.astype(np.int64) << 32 | plan)
