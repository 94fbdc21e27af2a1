"""What an explicit rule says, whatever dialect it was written in.

A policy is read into a `Rulebook` of clauses of three kinds:

    ALLOW    grants the calls it names, when its conditions hold
    DENY     forbids the calls it names, when its conditions hold; wins over every ALLOW
    REQUIRE  calls it names must pass its checks, when its conditions hold; never grants

A condition compares one subject of a call with a value. Subjects:

    argument:PATH   an argument, by its dotted path; separators and case of names do not matter
    volume, sensitivity, tier   as the node states them; `tier:ARGUMENT` where the call has that argument
    destination     every address, host or recipient that the call sends to; `host` looks at those with a host only
    resource        what the call acts on (arguments `resource`, `arn`, or any value that starts with `arn:`)
    session:PATH    a field of the session
    fact:NAME       a field of that name, at whatever depth of the session
    record:FIELD    the field in the records of the session that the call names by its arguments
    topic           whether the call may be about something, by words; it never certainly is
    mentions        whether a short argument of the call, or the request, has one of some words; it never certainly is about them
    count           how many calls of the plan this clause names; `calls` counts all calls of the plan
    scopes          OAuth scopes granted to the role
    before          a call that data must have come through before this one
    request         whether the request asks for the call
    schema          all arguments against a JSON Schema
    formula         several arguments or fields of the session at once (`policy.formulas`)
    prose           a sentence; nobody decides it here
    command         a command or a statement of a program among the arguments
    path, table     what such a program touches, or an argument of such a name states; `path:program` looks at programs alone
    forbids         a sentence that forbids and that no check enforces; it leaves open the calls under its words
    words           whether the call may fall under the words of such a sentence, where nobody says which tools there are
    deed            a deed in words, until `policy.prose` has made a topic of it
    unread          what stands where a condition is wanted and is none that is read; nobody decides it, so it leaves calls open
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from gatling.policy.globs import covers, matches, squashed, squashed_name
from gatling.policy.source import DataPath, show_path
from gatling.policy.unread import Mentions


class ClauseKind(enum.StrEnum):
    ALLOW = "allow"
    DENY = "deny"
    REQUIRE = "require"


class Operator(enum.StrEnum):
    AT_MOST = "<="
    BELOW = "<"
    AT_LEAST = ">="
    ABOVE = ">"
    EQUALS = "=="
    DIFFERS = "!="
    IN = "in"
    NOT_IN = "not in"
    LIKE = "like"
    """Matches one of several patterns with `*` and `?`."""
    NOT_LIKE = "not like"
    HOURS = "within"
    """States a time of day within one of some spans (`policy.times`)."""
    DAYS = "on"
    """States one of some days of the week."""
    HOLDS = "holds"
    """The value is a `Formula` over several subjects."""
    VALID = "valid"
    """The value is an `ArgumentSchema` that the subject must satisfy."""
    UNKNOWN = "unknown"
    """Cannot be decided; the value says why."""


ORDER_OPERATORS = (Operator.AT_MOST, Operator.BELOW, Operator.AT_LEAST, Operator.ABOVE)
TIME_OPERATORS = (Operator.HOURS, Operator.DAYS)
WANTS_A_VALUE = (Operator.EQUALS, Operator.IN, Operator.LIKE, Operator.AT_LEAST, Operator.ABOVE, *TIME_OPERATORS)
"""With these what is compared must be there: leaving it out fulfils nothing."""


@dataclass(frozen=True, slots=True)
class Condition:
    subject: str
    operator: Operator
    value: Any

    def __str__(self) -> str:
        if self.operator in (Operator.UNKNOWN, Operator.HOLDS):
            return str(self.value)
        value = ", ".join(map(str, self.value)) if isinstance(self.value, tuple) else self.value
        if self.subject == "request":
            return "a request for the call"
        if self.operator is Operator.VALID:
            return "arguments valid against the schema"
        subject = self.subject
        for prefix in ("argument:", "fact:", "record:"):
            subject = subject.removeprefix(prefix)
        return f"{subject} {self.operator} {value}"


@dataclass(frozen=True, slots=True)
class Clause:
    """One explicit rule."""

    kind: ClauseKind
    tools: tuple[str, ...]
    """Patterns of tool names, any of which must match."""
    path: DataPath
    """Where it stands in the policy."""
    dialect: str
    roles: tuple[str, ...] = ()
    """Patterns of roles; empty for everybody."""
    when: tuple[Condition, ...] = ()
    """All must hold for the clause to apply."""
    checks: tuple[Condition, ...] = ()
    """REQUIRE only: what must hold then."""
    is_complement: bool = False
    """The clause names every call that `tools` does not match (access management's NotAction)."""
    is_squashed: bool = False
    """Names are compared without case and separators: `s3:GetObject` is `s3_get_object`."""
    exception: str = ""
    """Prose that may excuse a failed check; a failure is then undecided."""
    line: int | None = None

    @property
    def is_sentence(self) -> bool:
        """Whether it requires what only prose says, or under a condition that only prose says, and all else of it is read."""
        unknown = {c.subject for c in (*self.when, *self.checks) if c.operator is Operator.UNKNOWN}
        return self.kind is ClauseKind.REQUIRE and unknown == {"prose"}

    @property
    def place(self) -> str:
        """Path and line, as in `forbidden_operations[1] (line 7)`."""
        shown = show_path(self.path) or "(the policy)"
        return f"{shown} (line {self.line})" if self.line else shown

    def names(self, tool: str) -> bool:
        """Tell whether the clause is about a tool.

        A grant goes by the exact name. What forbids or restricts also catches the name in other case, with other
        separators, or in letters that only look alike.
        """
        found = any(self._names(pattern, tool) for pattern in self.tools)
        return found != self.is_complement

    def _names(self, pattern: str, tool: str) -> bool:
        if pattern == "*" or (not self.is_squashed and matches(pattern, tool)):
            return True
        # A complement that catches more names less: NotAction goes by the lenient comparison only where it restricts less.
        lenient = self.is_squashed or (self.kind is not ClauseKind.ALLOW) != self.is_complement
        return lenient and matches(squashed(pattern), squashed_name(tool))

    def is_for(self, roles: tuple[str, ...]) -> bool:
        """Tell whether it binds someone with these roles: a grant by the exact name, what restricts leniently."""
        if not self.roles:
            return True
        if self.kind is ClauseKind.ALLOW:
            return any(matches(p, r) for p in self.roles for r in roles)
        return any(matches(squashed(p), squashed_name(r)) for p in self.roles for r in roles)

    def covers_tools(self, other: Clause) -> bool:
        """Tell whether it is about every call that `other` is about; may say no where the answer is yes."""
        if self.is_complement or other.is_complement:
            return self.tools == other.tools and self.is_complement == other.is_complement
        if set(other.tools) <= set(self.tools):
            return True
        patterns = [wide for wide in self.tools if "*" in wide or "?" in wide]
        names = set(self.tools)
        return all(narrow in names or any(covers(wide, narrow) for wide in patterns) for narrow in other.tools)

    def covers_roles(self, other: Clause) -> bool:
        return not self.roles or (bool(other.roles) and set(other.roles) <= set(self.roles))


@dataclass(frozen=True, slots=True)
class Unrecognised:
    """A part of a policy that no dialect reads; the encoder still does."""

    path: DataPath
    reason: str
    line: int | None = None
    tools: tuple[str, ...] = ()
    """What it is about, where that is certain: patterns of tool names."""
    mentions: tuple[Mentions, ...] = ()
    """What it names and says, where it is not."""
    is_review: bool = False
    """It is an item of `review`: the policy itself says that somebody must decide it. Part of the native format."""
    may_grant: tuple[str, ...] = ()
    """An item of `review`: patterns of the tools that it may grant. What nothing grants is undecided then, and not denied."""
    grantees: tuple[str, ...] = ()
    """To whom it may grant them; to anybody if empty."""

    def may_be_granted(self, tool: str, roles: Iterable[str]) -> bool:
        """Tell whether it may grant calls of a tool to someone with these roles."""
        name = squashed_name(tool)
        if not any(matches(squashed(pattern), name) for pattern in self.may_grant):
            return False
        return not self.grantees or any(matches(squashed(p), squashed_name(r)) for p in self.grantees for r in roles)

    @property
    def place(self) -> str:
        shown = show_path(self.path) or "(the policy)"
        return f"{shown} (line {self.line})" if self.line else shown
