"""Which clauses are about a tool and a role, without asking every clause about every tool.

Clauses with plain names are found by name. Those with wildcards are joined, `GROUP` at a time, into one expression that says
whether any of them is about a tool; only in a group that has one is each asked. `Clause.names` always has the last word.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from gatling.policy.clauses import Clause
from gatling.policy.globs import expression, squashed, squashed_name
from gatling.schema.budget import checked

_K = TypeVar("_K")
_V = TypeVar("_V")
GROUP = 64
_MAX_JOINED_CHARS = 64
"""Longer patterns are asked one by one: matching a joined pattern may take pattern times name steps."""
_MAX_KEPT = 4_096


class _Group:
    """Clauses with patterns, each beside its place in the policy."""

    def __init__(self, clauses: list[tuple[int, Clause]]) -> None:
        self.clauses = clauses
        patterns = [pattern for _, clause in clauses for pattern in clause.tools]
        self._exact = _joined(patterns)
        self._lenient = _joined(map(squashed, patterns))

    def may_name(self, tool: str, squashed_tool: str) -> bool:
        return self._exact(tool) is not None or self._lenient(squashed_tool) is not None


def _joined(patterns: Iterable[str]) -> Callable[[str], re.Match[str] | None]:
    return re.compile("|".join(dict.fromkeys(map(expression, patterns)))).match


class RuleIndex:
    """Answers about the clauses, roles and scopes of one rulebook, kept as long as it is."""

    def __init__(
        self,
        clauses: tuple[Clause, ...],
        inherits: Mapping[str, tuple[str, ...]],
        scopes: tuple[tuple[tuple[str, ...], frozenset[str]], ...],
    ) -> None:
        self._granted = scopes
        self._by_name: dict[str, list[tuple[int, Clause]]] = {}
        self._always: list[tuple[int, Clause]] = []
        joined: list[tuple[int, Clause]] = []
        for place, clause in enumerate(checked(clauses)):
            if clause.is_complement or any(len(t) > _MAX_JOINED_CHARS or set(t) <= {"*"} for t in clause.tools):
                self._always.append((place, clause))
            elif any("*" in t or "?" in t for t in clause.tools):
                joined.append((place, clause))
            else:
                for name in {squashed(t) for t in clause.tools}:
                    self._by_name.setdefault(name, []).append((place, clause))
        self._groups = [_Group(joined[i : i + GROUP]) for i in checked(range(0, len(joined), GROUP))]
        self._parents: dict[str, list[str]] = {}
        for child, above in inherits.items():
            self._parents.setdefault(squashed(child), []).extend(above)
        self._clauses: dict[tuple[str, str], tuple[Clause, ...]] = {}
        self._roles: dict[str, tuple[str, ...]] = {}
        self._scopes: dict[str, frozenset[str]] = {}

    def roles_of(self, role: str) -> tuple[str, ...]:
        known = self._roles.get(role)
        if known is None:
            found, waiting = {role: None}, [role]
            while waiting:
                new = [p for p in self._parents.get(squashed(waiting.pop()), ()) if p not in found]
                found |= dict.fromkeys(new)
                waiting += new
            known = _keep(self._roles, role, tuple(found))
        return known

    def clauses_for(self, tool: str, role: str) -> tuple[Clause, ...]:
        known = self._clauses.get((tool, role))
        if known is None:
            roles, name = self.roles_of(role), squashed_name(tool)
            candidates = [*self._by_name.get(name, ()), *self._always]
            for group in checked(self._groups):
                if group.may_name(tool, name):
                    candidates += group.clauses
            candidates.sort(key=lambda item: item[0])
            chosen = tuple(clause for _, clause in candidates if clause.is_for(roles) and clause.names(tool))
            known = _keep(self._clauses, (tool, role), chosen)
        return known

    def granted_scopes(self, role: str) -> frozenset[str]:
        known = self._scopes.get(role)
        if known is None:
            roles = set(self.roles_of(role))
            parts = (scopes for names, scopes in self._granted if not names or not roles.isdisjoint(names))
            known = _keep(self._scopes, role, frozenset(scope for part in parts for scope in part))
        return known


def _keep(kept: dict[_K, _V], key: _K, value: _V) -> _V:
    if len(kept) < _MAX_KEPT:
        kept[key] = value
    return value
