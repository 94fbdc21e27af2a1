"""The rules of a policy: its clauses, roles, scopes and what was not read."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, field

from gatling.policy.clauses import Clause, ClauseKind, Unrecognised
from gatling.policy.globs import squashed_name
from gatling.policy.resemblance import ResemblingRules
from gatling.policy.rule_index import RuleIndex
from gatling.policy.source import DataPath
from gatling.policy.tree import Effect
from gatling.schema.lazy import cached_property


@dataclass(frozen=True)
class Rulebook:
    """The explicit part of a policy, as plain data. What is asked of it often is answered by its `RuleIndex`."""

    clauses: tuple[Clause, ...]
    default: Effect = Effect.NONE
    """What a call gets that no clause names; DENY where the policy is silent."""
    unrecognised: tuple[Unrecognised, ...] = ()
    inherits: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Roles whose clauses a role has besides its own."""
    inherits_from: dict[str, tuple[DataPath, int | None]] = field(default_factory=dict)
    """Where it says so: path and line."""
    role_names: frozenset[str] = frozenset()
    """The roles that the policy defines."""
    scopes: tuple[tuple[tuple[str, ...], frozenset[str]], ...] = ()
    """Granted OAuth scopes: (roles, scopes); no roles for everybody."""
    cedar: tuple[tuple[DataPath, str], ...] = ()
    """Cedar policy texts."""

    @property
    def is_allow_by_default(self) -> bool:
        return self.default is Effect.ALLOW

    @cached_property
    def granted_tools(self) -> frozenset[str]:
        """Names of tools that some clause grants, without patterns."""
        grants = (clause for clause in self.clauses if clause.kind is ClauseKind.ALLOW)
        return frozenset(t for clause in grants for t in clause.tools if "*" not in t and "?" not in t)

    def named_tools(self, known: Container[str] = ()) -> list[str]:
        """Return the names of tools that clauses speak of, without patterns, in the policy's order.

        A limit on `pay.amount` is read as one on a tool of this name too; it is a tool only where it is known.

        Args:
            known: squashed names of the tools that there are.
        """
        bound = [clause for clause in self.clauses if not clause.is_complement]
        names = dict.fromkeys(t for clause in bound for t in clause.tools if "*" not in t and "?" not in t)

        def is_argument(name: str) -> bool:
            head, dot, _ = name.rpartition(".")
            return bool(dot) and head in names and name not in self.granted_tools

        return [name for name in names if squashed_name(name) in known or not is_argument(name)]

    @cached_property
    def named_roles(self) -> tuple[str, ...]:
        """The roles that the policy defines or names, in alphabetical order."""
        named = {role for clause in self.clauses for role in clause.roles if "*" not in role and "?" not in role}
        return tuple(sorted(named | self.role_names))

    @cached_property
    def _index(self) -> RuleIndex:
        return RuleIndex(self.clauses, self.inherits, self.scopes)

    def prepare(self) -> None:
        """Do now what the first question would do: of a large policy that takes longer than many answers."""
        _ = self._index, self._resembling

    def roles_of(self, role: str) -> tuple[str, ...]:
        """Return the role and all that it inherits from, however the inheritance loops."""
        return self._index.roles_of(role)

    def clauses_for(self, tool: str, role: str) -> tuple[Clause, ...]:
        """Return the clauses about a tool that bind a role, in the policy's order."""
        return self._index.clauses_for(tool, role)

    @cached_property
    def _resembling(self) -> ResemblingRules:
        return ResemblingRules(self.clauses)

    def clauses_like(self, tool: str, role: str) -> tuple[Clause, ...]:
        """Return the clauses that bind a role and do not name a tool, but whose names its name may be taken for."""
        found = self._resembling.about(tool)
        return tuple(clause for clause in found if clause.is_for(self.roles_of(role))) if found else ()

    def granted_scopes(self, role: str) -> frozenset[str]:
        return self._index.granted_scopes(role)
