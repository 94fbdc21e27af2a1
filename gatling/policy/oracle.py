"""The oracle: a plan and a context to compliant, violation, or undecided, with reasons. Exact, and never a guess.

- A call is a violation if a DENY names it, if it fails a REQUIRE, or if no ALLOW grants it and the policy does not allow
  by default. Deny wins; where the policy is silent, the answer is deny.
- What only prose says, or what needs a request to be understood, is undecided. A violation outweighs it.
- A check of an argument that the call does not have passes; a grant that needs one is not given.
- Where no grant is written down in a form that is read, but other parts of the policy are not read, a call without a grant
  is undecided, not denied: the grant may stand there.
- `Asked` is what the request is known to ask for. With it, clauses that want a request are decided, and a call beyond it
  is a violation of the policy's rule that calls need a request.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from gatling.policy.argument_schema import first_failure
from gatling.policy.cedar import CedarPolicies
from gatling.policy.facts import Call, PlanFacts, is_place_name, leaves
from gatling.policy.globs import matches, squashed
from gatling.policy.rules import ORDER_OPERATORS, Clause, ClauseKind, Condition, Operator, Rulebook
from gatling.schema import ExecutionPlan, GovernanceContext
from gatling.schema.plain import canonical_json

_SEPARATORS = re.compile("[,;]")

Verdict = Literal["compliant", "violation", "undecided"]


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken rule: which call, which argument, which clause."""

    node_id: str
    argument: str | None
    clause: Clause | None
    """None: no clause grants the call."""
    wanted: str
    found: str

    def __str__(self) -> str:
        where = f"{self.node_id}.{self.argument}" if self.argument else self.node_id
        place = self.clause.place if self.clause else "default"
        return f"{where}: {place} wants {self.wanted}, found {self.found}"


@dataclass(frozen=True, slots=True)
class Undecided:
    """What could not be decided, and why."""

    node_id: str | None
    clause: Clause | None
    reason: str


@dataclass(frozen=True, slots=True)
class Judgement:
    violations: tuple[Violation, ...]
    undecided: tuple[Undecided, ...]

    @property
    def verdict(self) -> Verdict:
        return "violation" if self.violations else "undecided" if self.undecided else "compliant"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request is known to ask for: the calls it needs, by node."""

    node_ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Outcome:
    """How a condition came out: True, False, or None for undecided; with what was found."""

    holds: bool | None
    argument: str | None = None
    found: str = ""
    is_absent: bool = False
    """The call has nothing to compare."""


_ABSENT = _Outcome(False, is_absent=True, found="nothing")


@dataclass
class _Situation:
    """Everything that conditions may look at."""

    rules: Rulebook
    role: str
    session: dict[str, Any]
    facts: PlanFacts
    asked: Asked | None

    def count(self, clause: Clause) -> int:
        return sum(clause.names(call.node.tool_name) for call in self.facts.calls)


class Oracle:
    """Judges plans against the explicit rules of one policy. Make it once for a policy, use it for many plans.

    Args:
        use_cedar: ask Cedar's engine where it is installed. Without, what Cedar policies say is undecided, everywhere alike.
    """

    def __init__(self, rules: Rulebook, *, use_cedar: bool = True) -> None:
        self.rules = rules
        self._cedar = CedarPolicies(rules.cedar, is_asked=use_cedar) if rules.cedar else None

    def judge(self, context: GovernanceContext, plan: ExecutionPlan, *, asked: Asked | None = None) -> Judgement:
        """Judge a plan. The context gives role and session; its policy must be the one that the rules are of.

        Args:
            asked: what the request asks for, where that is known.
        """
        situation = _Situation(self.rules, context.user_role, context.session_context, PlanFacts(plan), asked)
        violations: list[Violation] = []
        undecided: dict[tuple[int, str], Undecided] = {}
        for call in situation.facts.calls:
            for item in self._judge_call(call, situation):
                if isinstance(item, Violation):
                    violations.append(item)
                else:  # one sentence of prose is reported once, not for every call
                    undecided.setdefault((id(item.clause), item.reason), item)
        if self.rules.unrecognised:
            first, count = self.rules.unrecognised[0], len(self.rules.unrecognised)
            reason = f"{count} parts of the policy are not read, the first is {first.place}"
            undecided[0, reason] = Undecided(None, None, reason)
        return Judgement(tuple(violations), tuple(undecided.values()))

    def _judge_call(self, call: Call, situation: _Situation) -> Iterable[Violation | Undecided]:
        node_id, tool = call.node.node_id, call.node.tool_name
        granted: bool | None = self.rules.is_allow_by_default
        maybe: Clause | None = None
        for clause in self.rules.clauses_for(tool, situation.role):
            applies = _all(_test(c, call, situation, clause) for c in clause.when)
            if applies is False:
                continue
            if clause.kind is ClauseKind.ALLOW:
                if applies:
                    granted = True
                elif not granted:
                    granted, maybe = None, clause
            elif clause.kind is ClauseKind.DENY:
                if applies:
                    conditions = " and ".join(map(str, clause.when))
                    yield Violation(node_id, _argument(clause), clause, f"no {tool}{_with(conditions)}", tool)
                else:
                    yield Undecided(node_id, clause, _why(clause.when, "whether it forbids the call"))
            else:
                yield from _check(clause, call, situation, is_certain=applies is True)
        if self._cedar:
            answer = self._cedar.decide(call, situation.role, situation.session)
            if answer.is_allowed is None:
                yield Undecided(node_id, None, answer.reason)
                granted = granted or None
            elif answer.is_denied_explicitly:
                yield Violation(node_id, None, None, "a permission of the Cedar policies", answer.reason)
            elif answer.is_allowed:
                granted = True
        if granted is False and self._may_be_granted_elsewhere():
            yield Undecided(node_id, None, "no grant is written in a form that is read")
        elif granted is False:
            yield Violation(node_id, None, None, "a clause that allows the call", tool)
        elif granted is None:
            yield Undecided(node_id, maybe, "whether the call is allowed")

    def _may_be_granted_elsewhere(self) -> bool:
        has_grants = any(c.kind is ClauseKind.ALLOW for c in self.rules.clauses) or self._cedar is not None
        has_prose = any(check.operator is Operator.UNKNOWN for c in self.rules.clauses for check in c.checks)
        return not has_grants and (bool(self.rules.unrecognised) or has_prose)


def _with(conditions: str) -> str:
    return f" with {conditions}" if conditions else ""


def _argument(clause: Clause) -> str | None:
    named = [c.subject.removeprefix("argument:") for c in clause.when if c.subject.startswith("argument:")]
    return named[0] if named else None


def _why(conditions: Iterable[Condition], default: str) -> str:
    return next((str(c.value) for c in conditions if c.operator is Operator.UNKNOWN), default)


def _check(clause: Clause, call: Call, situation: _Situation, *, is_certain: bool) -> Iterable[Violation | Undecided]:
    for condition in clause.checks:
        outcome = _test(condition, call, situation, clause)
        if outcome.holds or outcome.is_absent:
            continue
        if outcome.holds is False and is_certain and not clause.exception:
            yield Violation(call.node.node_id, outcome.argument, clause, str(condition), outcome.found)
        elif outcome.holds is False and clause.exception:
            yield Undecided(call.node.node_id, clause, f"unless {clause.exception}")
        else:
            yield Undecided(call.node.node_id, clause, outcome.found or _why([condition, *clause.when], str(condition)))


def _all(outcomes: Iterable[_Outcome]) -> bool | None:
    """Kleene's and: False if any is, else undecided if any is."""
    answer: bool | None = True
    for outcome in outcomes:
        if outcome.holds is False:
            return False
        if outcome.holds is None:
            answer = None
    return answer


def _test(condition: Condition, call: Call, situation: _Situation, clause: Clause) -> _Outcome:
    subject, operator, wanted = condition.subject, condition.operator, condition.value
    if operator is Operator.UNKNOWN:
        return _Outcome(None, found=str(wanted))
    name, _, path = subject.partition(":")
    match name:
        case "argument":
            return _compare_all(call.argument(path), operator, wanted, path)
        case "volume":
            return _compare(call.node.scope_volume, operator, wanted, "scope_volume")
        case "sensitivity":
            return _compare(call.node.scope_sensitivity, operator, wanted, "scope_sensitivity")
        case "tier":
            if path and not call.argument(path):
                return _ABSENT
            return _compare(call.node.provenance_tier, operator, wanted, path or "provenance_tier")
        case "destination" | "host":
            return _destination(call, operator, wanted, only_hosts=name == "host")
        case "resource":
            return _resource(call, operator, wanted)
        case "session":
            return _session(situation.session, path, operator, wanted)
        case "count":
            return _compare(situation.count(clause), operator, wanted, None)
        case "calls":
            return _compare(len(situation.facts.calls), operator, wanted, None)
        case "scopes":
            held = situation.rules.granted_scopes(situation.role)
            return _Outcome(not held.isdisjoint(wanted), found=", ".join(sorted(held)) or "no scope")
        case "before":
            tools = situation.facts.ancestors(call.node.node_id)
            return _Outcome(
                any(matches(squashed(p), squashed(t)) for p in wanted for t in tools), found="no such call before"
            )
        case "request":
            if situation.asked is None:
                return _Outcome(None, found="whether the request asks for the call")
            return _Outcome(call.node.node_id in situation.asked.node_ids, found="a call that nobody asked for")
        case "schema":
            failure = first_failure(wanted, call.node.arguments)
            return _Outcome(True) if failure is None else _Outcome(False, failure[0], f"{failure[2]}, not {failure[1]}")
        case _:
            raise AssertionError(subject)


def _compare_all(values: list[Any], operator: Operator, wanted: Any, path: str) -> _Outcome:
    """Every value must hold: a name that stands twice in different case must not hide one of them."""
    if not values:
        return _ABSENT
    outcomes = [_compare(value, operator, wanted, path) for value in values]
    return next((o for o in outcomes if o.holds is False), next((o for o in outcomes if o.holds is None), outcomes[0]))


def _compare(value: Any, operator: Operator, wanted: Any, argument: str | None) -> _Outcome:
    if operator in ORDER_OPERATORS:
        number = _number(value, argument or "")
        if number is None:
            return _Outcome(False, argument, f"{_shown(value)}, not a number")
        holds = {
            Operator.AT_MOST: number <= wanted,
            Operator.BELOW: number < wanted,
            Operator.AT_LEAST: number >= wanted,
            Operator.ABOVE: number > wanted,
        }[operator]
        return _Outcome(holds, argument, _shown(number if isinstance(value, (list, dict)) else value))
    items = [leaf for _, leaf in leaves(value)]
    tests: dict[Operator, Callable[[Any], bool]] = {
        Operator.EQUALS: lambda item: _same(item, wanted),
        Operator.DIFFERS: lambda item: not _same(item, wanted),
        Operator.IN: lambda item: any(_same(item, choice) for choice in wanted),
        Operator.NOT_IN: lambda item: not any(_same(item, choice) for choice in wanted),
        Operator.LIKE: lambda item: any(matches(p.casefold(), _text(item)) for p in wanted),
        Operator.NOT_LIKE: lambda item: not any(matches(p.casefold(), _text(item)) for p in wanted),
    }
    test = tests[operator]
    if not items:
        return _ABSENT
    bad = next((item for item in items if not test(item)), None) if not all(map(test, items)) else items[0]
    return _Outcome(all(map(test, items)), argument, _shown(bad))


def _destination(call: Call, operator: Operator, patterns: tuple[str, ...], *, only_hosts: bool) -> _Outcome:
    places = [d for d in call.destinations if d.host or not only_hosts]
    if not places:
        return _ABSENT
    unclear: _Outcome | None = None
    for place in places:
        known = any(_is_at(place.text, place.host, p.casefold()) for p in patterns)
        if known != (operator is Operator.LIKE):
            if place.host or not all("." in p for p in patterns):
                return _Outcome(False, place.argument, place.text)
            unclear = _Outcome(None, place.argument, f"where {place.text} is")  # a name, and the policy lists hosts
    return unclear or _Outcome(True, places[0].argument, places[0].text)


def _is_at(text: str, host: str, pattern: str) -> bool:
    """A pattern names a whole address, or a host: `acme.com` and `@acme.com` mean the host, `*.acme.com` its parts."""
    return matches(pattern, text) or (bool(host) and matches(pattern.removeprefix("@"), host))


def _resource(call: Call, operator: Operator, patterns: tuple[str, ...]) -> _Outcome:
    if not call.resources:
        if operator is Operator.LIKE and "*" in patterns:
            return _Outcome(True)
        return _Outcome(None, found="which resource the call is about")
    for resource in call.resources:
        if any(matches(p, resource) for p in patterns) != (operator is Operator.LIKE):
            return _Outcome(False, "resource", resource)
    return _Outcome(True, "resource", call.resources[0])


def _session(session: dict[str, Any], path: str, operator: Operator, wanted: Any) -> _Outcome:
    value: Any = session
    for part in path.split("."):
        if not isinstance(value, dict) or part not in value:
            return _Outcome(None, found=f"session_context has no {path}")
        value = value[part]
    return _compare(value, operator, wanted, None)


def _number(value: Any, argument: str) -> float | int | None:
    """A number, a text that is one, or how many items there are; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return value
    if isinstance(value, (list, dict)):
        return len(value)
    if not isinstance(value, str):
        return None
    if is_place_name(argument):
        return len([part for part in _SEPARATORS.split(value) if part.strip()])
    try:
        number = float(value[:40].replace(",", "").strip())
    except ValueError:
        return None
    return number if len(value) <= 40 and math.isfinite(number) else None


def _text(item: Any) -> str:
    return item.casefold() if isinstance(item, str) else canonical_json(item).casefold()


def _same(item: Any, wanted: Any) -> bool:
    if isinstance(item, str) and isinstance(wanted, str):
        return item.casefold() == wanted.casefold()
    if isinstance(item, bool) or isinstance(wanted, bool):
        return item is wanted
    return bool(item == wanted)


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else canonical_json(value)
    return text if len(text) <= 80 else text[:77] + "..."
