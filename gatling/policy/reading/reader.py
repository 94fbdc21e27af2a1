"""What the readers of a policy share: where they are, and what they have found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from gatling.policy.clauses import Clause, ClauseKind, Condition, Operator, Unrecognised
from gatling.policy.source import DataPath
from gatling.policy.tree import Effect
from gatling.schema.budget import check

FALLING = (Operator.AT_MOST, Operator.BELOW)


RISING = (Operator.AT_LEAST, Operator.ABOVE)


def _only_more_trust(conditions: tuple[Condition, ...], operators: tuple[Operator, ...]) -> tuple[Condition, ...]:
    """Leave undecided what would make less trust an advantage: a grant only for tier 3, a denial only for tier 1."""
    return tuple(
        Condition("unread", Operator.UNKNOWN, f"{c}: asks for less trust")
        if c.subject.startswith("tier") and c.operator not in (*operators, Operator.UNKNOWN)
        else c
        for c in conditions
    )


class Dialect:
    """A format of another system that may stand inside a policy; by default it is nowhere.

    One file in `policy/dialects` and one row in its table. What a dialect reads becomes clauses (`Reader.add`), what it does not
    read is said (`Reader.skip`), and below an unknown key (`place.may_grant` is false) it grants nothing.
    """

    name: str
    summary: str
    format: str = ""
    """What a policy says in `format` to be read in it; empty for a part of the native format."""
    members: Mapping[str, Any] = MappingProxyType({})
    """JSON Schema of the members that it adds at the top, by key."""
    role_members: Mapping[str, Any] = MappingProxyType({})
    """The same of those inside a role."""
    entry_members: Mapping[str, Any] = MappingProxyType({})
    """The same of those inside the entry of a tool."""

    def is_member(self, words: frozenset[str], value: Any) -> bool:
        """Tell whether a member of a mapping is written in this dialect, by the words of its key and its value."""
        return False

    def read_member(self, reader: Reader, key: str, value: Any, place: RulePosition) -> None:
        """Read such a member."""

    def is_rule(self, value: dict[str, Any], *, is_listed: bool) -> bool:
        """Tell whether a mapping is one rule of this dialect.

        Args:
            is_listed: it stands in a list of rules, where an object of the native form may stand as well.
        """
        return False

    def read_rule(self, reader: Reader, value: dict[str, Any], place: RulePosition) -> None:
        """Read such a rule."""

    def take_from_entry(self, reader: Reader, tool: str, entry: dict[str, Any], place: RulePosition) -> None:
        """Read what an entry for one tool holds of this dialect, and take it out of the entry."""


@dataclass
class Reader:
    """Collects the clauses of one policy, each with its line."""

    lines: dict[DataPath, int]
    dialects: tuple[Dialect, ...] = ()
    clauses: list[Clause] = field(default_factory=list)
    unrecognised: list[Unrecognised] = field(default_factory=list)
    default: Effect = Effect.NONE
    inherits: dict[str, tuple[str, ...]] = field(default_factory=dict)
    inherits_from: dict[str, tuple[DataPath, int | None]] = field(default_factory=dict)
    scopes: list[tuple[tuple[str, ...], frozenset[str]]] = field(default_factory=list)
    cedar: list[tuple[DataPath, str]] = field(default_factory=list)
    role_names: frozenset[str] = frozenset()
    entries: set[str] = field(default_factory=set)
    """Names of tools that have an entry."""
    doubtful: list[tuple[str, DataPath, str]] = field(default_factory=list)
    """What limits take for the name of a tool: the name, where it stands, and below `a.b` a key that is no operator."""

    def add(self, clause: Clause) -> None:
        check()
        when = _only_more_trust(clause.when, RISING if clause.kind is not ClauseKind.ALLOW else FALLING)
        checks = _only_more_trust(clause.checks, FALLING)
        self.clauses.append(
            Clause(  # not `replace`, which takes three times as long: large policies have thousands of these
                clause.kind,
                clause.tools,
                clause.path,
                clause.dialect,
                clause.roles,
                when,
                checks,
                clause.is_complement,
                clause.is_squashed,
                clause.exception,
                self.lines.get(clause.path),
            )
        )

    def skip(self, path: DataPath, reason: str, *, tools: tuple[str, ...] = ()) -> None:
        """Report a part that is not read.

        Args:
            tools: what it is about, where that is certain; else it may be about whatever its words name.
        """
        self.unrecognised.append(Unrecognised(path, reason, self.lines.get(path), tools))

    # How the walk goes on below a part is for `recognise` to say.

    def block(self, block: dict[str, Any], place: RulePosition) -> None:
        """Read a mapping that is a policy, or a part of one."""
        raise NotImplementedError

    def member(self, key: str, value: Any, place: RulePosition) -> None:
        """Read one member of such a mapping."""
        raise NotImplementedError

    def restrictions(self, value: dict[str, Any] | list[Any], place: RulePosition) -> None:
        """Take what restricts out of a part that is not known."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class RulePosition:
    """Where the walk is: the path, for which roles and tools, and whether what is granted here counts."""

    path: DataPath
    roles: tuple[str, ...] = ()
    tools: tuple[str, ...] = ("*",)
    may_grant: bool = True

    def at(self, part: str | int) -> RulePosition:
        return RulePosition((*self.path, part), self.roles, self.tools, self.may_grant)  # as in `Reader.add`

    def clause(self, kind: ClauseKind, *, tools: tuple[str, ...] | None = None, **rest: Any) -> Clause:
        return Clause(kind, self.tools if tools is None else tools, self.path, "native", self.roles, **rest)


def is_role(reader: Reader, name: str) -> bool:
    return name in reader.role_names


def add_unread(reader: Reader, text: str, place: RulePosition) -> None:
    """Add what a rule says of its tools and nobody reads: it leaves their calls open."""
    reader.add(place.clause(ClauseKind.REQUIRE, checks=(Condition("unread", Operator.UNKNOWN, text),)))


def add_prose(reader: Reader, text: str, place: RulePosition) -> None:
    reader.add(place.clause(ClauseKind.REQUIRE, checks=(Condition("prose", Operator.UNKNOWN, text),)))
