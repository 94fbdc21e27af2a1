"""Who may do what: for every tool that a policy names and every role, whether explicit rules grant it, and within which bounds.

The rules are those that the oracle goes by (`Rulebook.clauses_for`); nothing is judged here, as there is no call yet.

    yes     granted, and nothing more is wanted
    if      granted as far as all of the conditions hold
    no      a rule forbids it, whatever the call
    none    no rule grants it, so it is denied
    open    an item of review, prose that withholds it, or a policy of another engine has a say
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from gatling.policy.clauses import Clause, ClauseKind, Condition, Operator
from gatling.policy.globs import covers, matches
from gatling.policy.rules import Rulebook
from gatling.policy.unread import UnreadParts

Answer = Literal["yes", "if", "no", "none", "open"]
EVERYBODY = "everybody"
NOBODY_NAMED = "anybody else"
EVERY_TOOL = "*"
_PREFIXES = {"session:": "session.", "argument:": "", "tier:": "trust tier of "}
_SUBJECTS = {
    "volume": "records",
    "sensitivity": "sensitivity",
    "tier": "trust tier",
    "count": "calls of it",
    "calls": "calls in all",
    "resource": "its resource",
    "scopes": "a granted scope",
}


@dataclass(frozen=True, slots=True)
class Access:
    """What a role may do with a tool."""

    answer: Answer
    conditions: tuple[str, ...] = ()
    """What must hold; for `no` and `open` the reason."""
    places: tuple[str, ...] = ()
    """The rules that it rests on, by path and line."""

    def to_dict(self) -> dict[str, Any]:
        return {"answer": self.answer, "conditions": list(self.conditions), "rules": list(self.places)}


@dataclass(frozen=True, slots=True)
class AccessTable:
    roles: tuple[str, ...]
    tools: tuple[str, ...]
    """Names, and patterns that the policy grants or forbids by; `*` stands for every other tool."""
    cells: dict[tuple[str, str], Access]
    """By tool and role."""
    general: tuple[str, ...]
    """What holds for every call, beside the cells."""

    def to_dict(self) -> dict[str, Any]:
        rows = [{"tool": t, "access": {r: self.cells[t, r].to_dict() for r in self.roles}} for t in self.tools]
        return {"roles": list(self.roles), "tools": rows, "every_call": list(self.general)}


def access_table(rules: Rulebook, *, tools: Iterable[str] = ()) -> AccessTable:
    """Return who may do what.

    Args:
        tools: names of tools that get a row too.
    """
    more = list(tools)
    roles = (*rules.named_roles, NOBODY_NAMED) if rules.named_roles else (EVERYBODY,)
    patterns = dict.fromkeys(t for c in rules.clauses for t in c.tools if ("*" in t or "?" in t) and t != EVERY_TOOL)
    rows = tuple(dict.fromkeys([*rules.named_tools(more), *more, *patterns, EVERY_TOOL]))
    unread = UnreadParts(rules.unrecognised, {*rules.granted_tools, *more})
    cells = {(tool, role): _access(rules, unread, tool, role) for tool in rows for role in roles}
    return AccessTable(roles, rows, cells, tuple(dict.fromkeys(_general(rules))))


def _access(rules: Rulebook, unread: UnreadParts, tool: str, role: str) -> Access:
    clauses = _clauses(rules, tool, role)
    denials = [c for c in clauses if c.kind is ClauseKind.DENY]
    barred = [c for c in denials if not c.when]
    if barred:
        return Access("no", (f"forbidden by {barred[0].place}",), tuple(c.place for c in barred))
    grants = [c for c in clauses if c.kind is ClauseKind.ALLOW]
    needs = [c for c in clauses if c.kind is ClauseKind.REQUIRE and not _is_general(c)]
    places = tuple(dict.fromkeys(c.place for c in (*grants, *denials, *needs)))
    parts = [] if tool == EVERY_TOOL else unread.about(tool)
    if parts:
        part = rules.unrecognised[parts[0]]
        return Access("open", (part.reason,), (*places, part.place))
    if rules.cedar:
        return Access("open", ("the Cedar policies decide",), places)
    if not grants and not rules.is_allow_by_default:
        return Access("none")
    conditions: list[str] = []
    if grants and all(c.when for c in grants) and not rules.is_allow_by_default:
        conditions.append(" or ".join(_all(c.when) for c in grants))
    conditions += [f"not {_all(c.when)}" for c in denials]
    conditions += [_need(c) for c in needs]
    return Access("if" if conditions else "yes", tuple(dict.fromkeys(conditions)), places)


def _clauses(rules: Rulebook, tool: str, role: str) -> tuple[Clause, ...]:
    """Return the clauses about a tool, or about all calls that a pattern names."""
    if "*" not in tool and "?" not in tool:
        return rules.clauses_for(tool, role)
    roles = rules.roles_of(role)
    return tuple(
        c
        for c in rules.clauses
        if c.is_for(roles)
        and (
            not any(covers(p, tool) or matches(p, tool) for p in c.tools)
            if c.is_complement and c.kind is not ClauseKind.ALLOW
            else not c.is_complement and any(covers(p, tool) for p in c.tools)
        )
    )


def _is_general(clause: Clause) -> bool:
    return clause.tools == (EVERY_TOOL,) and not clause.roles and not clause.is_complement


def _general(rules: Rulebook) -> Iterable[str]:
    """Yield what every call must keep, which is said once and not in each cell."""
    for clause in rules.clauses:
        if clause.kind is ClauseKind.REQUIRE and _is_general(clause):
            yield f"{_need(clause)} ({clause.place})"


def _need(clause: Clause) -> str:
    checks = _all(clause.checks)
    text = f"where {_all(clause.when)}: {checks}" if clause.when else checks
    return f"{text}, unless {clause.exception}" if clause.exception else text


def _all(conditions: Iterable[Condition]) -> str:
    """Write what must all hold; a bound that stands under several names of one thing is said once."""
    subjects: dict[str, list[str]] = {}
    for condition in conditions:
        subject, wanted = _said(condition)
        subjects.setdefault(wanted or subject, []).append(subject if wanted else "")
    parts = []
    for wanted, names in subjects.items():
        known = list(dict.fromkeys(name for name in names if name))
        parts.append(f"{' and '.join(known)} {wanted}" if known else wanted)
    return " and ".join(parts)


def _said(condition: Condition) -> tuple[str, str]:
    """Return subject and bound of a condition in words for people who do not know how policies are read, or the whole alone."""
    name, _, path = condition.subject.partition(":")
    operator, value = condition.operator, condition.value
    values = ", ".join(map(_shown, value)) if isinstance(value, (tuple, list)) else _shown(value)
    if operator is Operator.UNKNOWN:
        return f'"{values}"', ""
    if operator is Operator.HOLDS:
        return values, ""
    match name:
        case "request":
            return "the request asks for it", ""
        case "schema":
            return "its arguments fit the schema", ""
        case "before":
            return f"data of {values} reaches it", ""
        case "scopes":
            return f"a scope of {values} is granted", ""
        case "destination" | "host":
            return f"it goes {'nowhere of' if operator is Operator.NOT_LIKE else 'only to'} {values}", ""
    prefix = next((p for p in _PREFIXES if condition.subject.startswith(p)), "")
    subject = f"{_PREFIXES[prefix]}{path}" if prefix else _SUBJECTS.get(name, condition.subject)
    return subject, f"{'is' if operator is Operator.EQUALS else operator} {values}"


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
