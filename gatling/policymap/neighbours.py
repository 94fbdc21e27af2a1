"""The policies of a collection by their latents: which are near, what differs, and what one lacks that its neighbours have.

A policy is encoded as a context of its own, whose request asks for all that it grants: `z_g`. The encoders learn what a context
is about from its request; without one their latents say little. Two policies are near where their latents have a high cosine.
What differs between two is read from their rules, and a tool that a policy does not cover is checked by the oracle: a call
that the neighbour allows is made, and the policy must deny it for want of a grant.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gatling.policy import Oracle, PolicySource, Rulebook
from gatling.policy.access import EVERY_TOOL, AccessTable, access_table
from gatling.policytest.seeds import SeedMaker, judged
from gatling.runtime import RuntimeEncoders
from gatling.schema import GovernanceContext
from gatling.tools import ToolSpec

_GRANTED = frozenset({"yes", "if"})
NEAR = 0.5
"""Below this cosine two policies are about different things, and what one grants is no hint for the other."""


@dataclass(frozen=True, slots=True)
class MappedPolicy:
    """A policy of the collection."""

    name: str
    source: PolicySource
    rules: Rulebook


@dataclass(frozen=True, slots=True)
class Neighbour:
    """What a policy has beside it."""

    name: str
    similarity: float
    """Cosine of the two latents, in [-1, 1]."""
    only_here: tuple[str, ...]
    """Tools that somebody may use under this policy, and nobody under the neighbour; and the other way round."""
    only_there: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        return {
            "policy": self.name,
            "similarity": round(self.similarity, 4),
            "granted_only_here": list(self.only_here),
            "granted_only_there": list(self.only_there),
        }


@dataclass(frozen=True, slots=True)
class Gap:
    """A tool about which a policy says nothing, though most of its neighbours grant it."""

    tool: str
    granted_by: tuple[str, ...]
    is_checked: bool
    """The oracle judged a call that a neighbour allows, and found no rule here that grants it."""

    def to_dict(self) -> dict[str, Any]:
        return {"tool": self.tool, "granted_by": list(self.granted_by), "checked_by_the_oracle": self.is_checked}


class PolicyMap:
    """Args:
    policies: at least two, with names that differ.
    specs: what is known of the tools; from them calls are made to check a gap.
    """

    def __init__(
        self, policies: Sequence[MappedPolicy], encoders: RuntimeEncoders, specs: Sequence[ToolSpec] = ()
    ) -> None:
        self.policies = list(policies)
        self._specs = specs
        named = dict.fromkeys(tool for policy in policies for tool in policy.rules.named_tools())
        self._tables = [access_table(policy.rules, tools=named) for policy in policies]
        self._granted = [_granted(table) for table in self._tables]
        contexts = [
            GovernanceContext(
                policy=policy.source.data, user_role="", session_context={"user_request": "; ".join(sorted(granted))}
            )
            for policy, granted in zip(policies, self._granted, strict=True)
        ]
        self.latents: NDArray[np.float64] = np.asarray(encoders.governance.encode(contexts), np.float64)
        """`(P, D)`, rows of length 1."""
        self.similarity: NDArray[np.float64] = np.clip(self.latents @ self.latents.T, -1, 1)
        """`(P, P)`: cosines."""

    def nearest(self, index: int, count: int) -> list[int]:
        """Return the policies nearest to one, the nearest first; of equals, the first given."""
        order = np.argsort(-self.similarity[index], kind="stable")
        return [int(i) for i in order if i != index][:count]

    def neighbours(self, index: int, count: int) -> list[Neighbour]:
        """Return the nearest policies with what differs."""
        own = self._granted[index]
        return [
            Neighbour(
                self.policies[i].name,
                float(self.similarity[index, i]),
                tuple(t for t in own if t not in self._granted[i]),
                tuple(t for t in self._granted[i] if t not in own),
            )
            for i in self.nearest(index, count)
        ]

    def gaps(self, index: int, count: int) -> list[Gap]:
        """Return the tools that more than half of the near policies, of the `count` nearest, grant and this one does not name."""
        near = [i for i in self.nearest(index, count) if self.similarity[index, i] >= NEAR]
        table = self._tables[index]
        by_tool: dict[str, list[int]] = {}
        for i in near:
            for tool in self._granted[i]:
                if all(table.cells[tool, role].answer == "none" for role in table.roles if (tool, role) in table.cells):
                    by_tool.setdefault(tool, []).append(i)
        return [
            Gap(
                tool,
                tuple(self.policies[i].name for i in having),
                any(self._is_lacking(index, i, tool) for i in having),
            )
            for tool, having in by_tool.items()
            if 2 * len(having) > len(near) and (tool, table.roles[0]) in table.cells
        ]

    def _is_lacking(self, index: int, other: int, tool: str) -> bool:
        """Tell whether a call that the other policy allows is denied here because no rule grants it."""
        there, here = self.policies[other], Oracle(self.policies[index].rules)
        maker = SeedMaker(there.source.data, Oracle(there.rules), self._specs, seed=0)
        for role in self._tables[other].roles:
            if self._tables[other].cells[tool, role].answer not in _GRANTED:
                continue
            fitted = maker.fit(role, [tool], is_decided=True)
            if fitted.problem:
                continue
            trace = maker.trace("map", role, fitted.calls, fitted.session)
            for own_role in self._tables[index].roles:
                context = trace.governance_context
                context = GovernanceContext(
                    policy=self.policies[index].source.data,
                    user_role=own_role,
                    session_context=context.session_context,
                )
                found = judged(here, context, trace.execution_plan).violations
                if not any(violation.clause is None for violation in found):
                    return False
            return True
        return False


def _granted(table: AccessTable) -> dict[str, None]:
    """Return the tools that somebody may use, in the table's order; patterns are no tools."""
    return dict.fromkeys(
        tool
        for tool in table.tools
        if tool != EVERY_TOOL
        and not set(tool) & set("*?")
        and any(table.cells[tool, role].answer in _GRANTED for role in table.roles)
    )
