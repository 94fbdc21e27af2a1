"""The oracle: a plan and a context to compliant, violation, or undecided, with reasons. Exact, and never a guess.

- A call is a violation if a DENY names it, if it fails a REQUIRE, or if no ALLOW grants it and the policy does not allow
  by default. Deny wins; where the policy is silent, the answer is deny.
- What only prose says, or what needs a request to be understood, is undecided. A violation outweighs it.
- An upper bound on an argument that the call does not have passes, unless the call has it by another name; what must have one of
  some values and is not there is undecided. A grant that needs an argument is not given without.
- A part of the policy that is not read leaves open the calls that it may be about (`policy.unread`).
- Where no grant is written down in a form that is read, but other parts of the policy are not read, a call without a grant
  is undecided, not denied: the grant may stand there.
- `Asked` is what the request is known to ask for. With it, clauses that want a request are decided, and a call beyond it
  is a violation of the policy's rule that calls need a request.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from gatling.policy.calls import Call, Destination, PlanCalls
from gatling.policy.clauses import ORDER_OPERATORS, Clause, ClauseKind, Condition, Operator
from gatling.policy.compare import ABSENT, FALLING, NEGATED, CheckResult, compare, compare_all
from gatling.policy.dialects.cedar import CedarPolicies
from gatling.policy.globs import matches
from gatling.policy.rules import Rulebook
from gatling.policy.unread import UnreadParts
from gatling.schema import ExecutionPlan, GovernanceContext
from gatling.schema.words import normalise
from gatling.tools.call_scope import sensitivity_of_call

Compliance = Literal["compliant", "violation", "undecided"]


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
    def verdict(self) -> Compliance:
        return "violation" if self.violations else "undecided" if self.undecided else "compliant"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request is known to ask for: the calls it needs, by node."""

    node_ids: frozenset[str]


@dataclass
class _Evidence:
    """Everything that conditions may look at."""

    rules: Rulebook
    role: str
    session: dict[str, Any]
    facts: PlanCalls
    asked: Asked | None
    counts: dict[int, int] = field(default_factory=dict)

    def count(self, clause: Clause) -> int:
        """Return how many calls of the plan a clause names."""
        if id(clause) not in self.counts:
            by_tool = self.facts.tool_counts
            self.counts[id(clause)] = sum(count for tool, count in by_tool.items() if clause.names(tool))
        return self.counts[id(clause)]


class Oracle:
    """Judges plans against the explicit rules of one policy. Make it once for a policy, use it for many plans.

    Args:
        use_cedar: ask Cedar's engine where it is installed. Without, what Cedar policies say is undecided, everywhere alike.
        tools: names of the tools that there are, beside those that the policy grants.
    """

    def __init__(self, rules: Rulebook, *, use_cedar: bool = True, tools: Iterable[str] = ()) -> None:
        self.rules = rules
        self._unread = UnreadParts(rules.unrecognised, {*rules.granted_tools, *tools})
        self._cedar = CedarPolicies(rules.cedar, is_asked=use_cedar) if rules.cedar else None

    def judge(self, context: GovernanceContext, plan: ExecutionPlan, *, asked: Asked | None = None) -> Judgement:
        """Judge a plan. The context gives role and session; its policy must be the one that the rules are of.

        Args:
            asked: what the request asks for, where that is known.
        """
        situation = _Evidence(self.rules, context.user_role, context.session_context, PlanCalls(plan), asked)
        violations: list[Violation] = []
        undecided: dict[tuple[str, int, str], Undecided] = {}
        for call in situation.facts.calls:
            for item in self._judge_call(call, situation):
                if isinstance(item, Violation):
                    violations.append(item)
                else:  # a sentence of prose is reported once; an open grant, denial or check for every call that has it
                    is_sentence = item.clause is not None and item.clause.is_sentence
                    node_id = "" if is_sentence else item.node_id or ""
                    undecided.setdefault((node_id, id(item.clause), item.reason), item)
        return Judgement(tuple(violations), tuple(undecided.values()))

    def is_open(self, tool: str) -> tuple[str, ...]:
        """Return the parts of the policy that are not read and may be about a tool, by path and line."""
        return tuple(self.rules.unrecognised[i].place for i in self._unread.about(tool))

    def _judge_call(self, call: Call, situation: _Evidence) -> Iterable[Violation | Undecided]:
        node_id, tool = call.node.node_id, call.node.tool_name
        granted: bool | None = self.rules.is_allow_by_default
        maybe: Clause | None = None
        for clause in self.rules.clauses_for(tool, situation.role):
            is_any = clause.kind is not ClauseKind.ALLOW  # one bad item is enough to forbid, all must be good to grant
            applies = _all(_test(c, call, situation, clause, is_any=is_any) for c in clause.when)
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
        if granted is False and self._may_be_granted_elsewhere:
            yield Undecided(node_id, None, "no grant is written in a form that is read")
        elif granted is False:
            yield Violation(node_id, None, None, "a clause that allows the call", tool)
        elif granted is None:
            yield Undecided(node_id, maybe, "whether the call is allowed")
        parts = self._unread.about(tool)
        if parts:
            first = self.rules.unrecognised[parts[0]]
            more = f" and {len(parts) - 1} more parts" if len(parts) > 1 else ""
            yield Undecided(node_id, None, f"{first.place}{more}, which may be about {tool}: {first.reason}")

    @cached_property
    def _may_be_granted_elsewhere(self) -> bool:
        """Whether a grant may stand in a part that is not read, as none is written in a form that is."""
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


def _check(clause: Clause, call: Call, situation: _Evidence, *, is_certain: bool) -> Iterable[Violation | Undecided]:
    absent: list[Condition] = []
    for condition in clause.checks:
        outcome = _test(condition, call, situation, clause)
        if outcome.is_absent:
            absent.append(condition)
            continue
        if outcome.holds:
            continue
        if outcome.holds is False and is_certain and not clause.exception:
            yield Violation(call.node.node_id, outcome.argument, clause, str(condition), outcome.found)
        elif outcome.holds is False and clause.exception:
            yield Undecided(call.node.node_id, clause, f"unless {clause.exception}")
        else:
            yield Undecided(call.node.node_id, clause, outcome.found or _why([condition, *clause.when], str(condition)))

    arguments = [c for c in clause.checks if c.subject.startswith("argument:")]
    has_others = any(c not in absent for c in arguments)  # a limit may stand under two names of one argument
    for condition in absent:
        reason = _absence(condition, call, clause, has_others=has_others)
        if reason:
            yield Undecided(call.node.node_id, clause, reason)


_WANTS_A_VALUE = (Operator.EQUALS, Operator.IN, Operator.LIKE, Operator.AT_LEAST, Operator.ABOVE)


def _absence(condition: Condition, call: Call, clause: Clause, *, has_others: bool) -> str:
    """Return what keeps a check of an argument open that the call does not have; nothing if it passes.

    What a rule requires to be there, or to be one of some values, is not fulfilled by leaving it out. What it bounds may be left
    out, but not be called by another name.
    """
    name, _, path = condition.subject.partition(":")
    if name != "argument" or clause.dialect != "native":
        return ""
    if condition.operator in _WANTS_A_VALUE:
        return f"{path} is not stated; {condition}"
    if condition.operator in FALLING and not has_others:
        for other, value in call.alike(path):
            if compare(value, condition.operator, condition.value, other).holds is not True:
                return f"{path} is not stated, but {other}; {condition}"
    return ""


def _all(outcomes: Iterable[CheckResult]) -> bool | None:
    """Kleene's and: False if any is, else undecided if any is."""
    answer: bool | None = True
    for outcome in outcomes:
        if outcome.holds is False:
            return False
        if outcome.holds is None:
            answer = None
    return answer


def _test(
    condition: Condition, call: Call, situation: _Evidence, clause: Clause, *, is_any: bool = False
) -> CheckResult:
    """Decide a condition.

    Args:
        is_any: one value that fits is enough, values are compared leniently, and a value that is not there differs from
            all. For what triggers a denial; otherwise every value must fit, strictly.
    """
    subject, operator, wanted = condition.subject, condition.operator, condition.value
    if operator is Operator.UNKNOWN:
        return CheckResult(None, found=str(wanted))
    name, _, path = subject.partition(":")
    match name:
        case "argument":
            values = call.argument(path)
            if not values and is_any and operator not in NEGATED and clause.dialect == "native":
                others = call.alike(path) if operator in ORDER_OPERATORS else call.nearly(path)
                for other, value in others:
                    if compare(value, operator, wanted, other, is_any=True).holds is not False:
                        return CheckResult(None, path, f"{path} is not stated, but {other}; {condition}")
            return compare_all(values, operator, wanted, path, is_any=is_any)
        case "volume":
            return compare(call.node.scope_volume, operator, wanted, "scope_volume")
        case "sensitivity":
            result = compare(call.node.scope_sensitivity, operator, wanted, "scope_sensitivity")
            if "scope_sensitivity" in call.node.model_fields_set or result.holds is is_any:
                return result
            level = sensitivity_of_call(call.node.tool_name)
            if compare(level, operator, wanted, None).holds is result.holds:
                return result
            return CheckResult(None, "scope_sensitivity", f"not stated, by the tool's name {level}")
        case "tier":
            if path and not call.argument(path):
                return ABSENT
            return compare(call.node.provenance_tier, operator, wanted, path or "provenance_tier")
        case "destination" | "host":
            return _destination(call, operator, wanted, only_hosts=name == "host", is_any=is_any)
        case "resource":
            return _resource(call, operator, wanted, is_any=is_any)
        case "session":
            return _session(situation.session, path, operator, wanted, is_any=is_any)
        case "count":
            return compare(situation.count(clause), operator, wanted, None)
        case "calls":
            return compare(len(situation.facts.calls), operator, wanted, None)
        case "scopes":
            held = situation.rules.granted_scopes(situation.role)
            return CheckResult(not held.isdisjoint(wanted), found=", ".join(sorted(held)) or "no scope")
        case "before":
            tools = situation.facts.ancestors(call.node.node_id)
            return CheckResult(any(matches(p, t) for p in wanted for t in tools), found="no such call before")
        case "request":
            if situation.asked is None:
                return CheckResult(None, found="whether the request asks for the call")
            return CheckResult(call.node.node_id in situation.asked.node_ids, found="a call that nobody asked for")
        case "schema":
            failure = wanted.first_failure(call.node.arguments)
            return (
                CheckResult(True)
                if failure is None
                else CheckResult(False, failure[0], f"{failure[2]}, not {failure[1]}")
            )
        case _:
            raise AssertionError(subject)


def _destination(
    call: Call, operator: Operator, patterns: tuple[str, ...], *, only_hosts: bool, is_any: bool
) -> CheckResult:
    """Compare where a call sends to. LIKE: everything goes to a listed place, or with `is_any` something does."""
    places = [d for d in call.destinations if d.host or not only_hosts]
    if not places:
        return CheckResult(True, None, "nowhere") if is_any and operator is Operator.NOT_LIKE else ABSENT
    is_blocking = (operator is Operator.LIKE) == is_any  # matches are what is unwanted
    unclear: CheckResult | None = None
    for place in places:
        known = _is_blocked(place, patterns) if is_blocking else _is_listed(place, patterns)
        if known is None:
            unclear = CheckResult(None, place.argument, f"where {place.text} is")
        elif (known == (operator is Operator.LIKE)) == is_any:
            return CheckResult(is_any, place.argument, place.text)
    return unclear or CheckResult(not is_any, places[0].argument, places[0].text)


def _is_listed(place: Destination, patterns: tuple[str, ...]) -> bool | None:
    """Tell whether a place is on a list of allowed ones: to the letter, so a look-alike host is not."""
    if any(_is_at(place.text, place.host, p) for p in patterns):
        return True
    return False if place.host or not all("." in p for p in patterns) else None  # a name, and the policy lists hosts


def _is_blocked(place: Destination, patterns: tuple[str, ...]) -> bool | None:
    """Tell whether a place is on a list of forbidden ones: leniently, with all hosts below a listed one."""
    text, host = (normalise(part).casefold().replace("\u3002", ".") for part in (place.text, place.host))
    for pattern in patterns:
        bare = pattern.removeprefix("*").lstrip(".@")
        if _is_at(text, host, pattern) or (host and (host == bare or host.endswith("." + bare))):
            return True
        if not host and bare and bare in text:
            return True
    return None if not host and re.search(r"[./:@%]", text) else False


def _is_at(text: str, host: str, pattern: str) -> bool:
    """A pattern names a whole address, or a host: `acme.com` and `@acme.com` mean the host, `*.acme.com` its parts."""
    return matches(pattern, text) or (bool(host) and matches(pattern.removeprefix("@"), host))


def _resource(call: Call, operator: Operator, patterns: tuple[str, ...], *, is_any: bool) -> CheckResult:
    if not call.resources:
        if operator is Operator.LIKE and "*" in patterns:
            return CheckResult(True)
        return CheckResult(None, found="which resource the call is about")
    for resource in call.resources:
        known = any(matches(p, resource) or (is_any and matches(p.casefold(), resource.casefold())) for p in patterns)
        if (known == (operator is Operator.LIKE)) == is_any:
            return CheckResult(is_any, "resource", resource)
    return CheckResult(not is_any, "resource", call.resources[0])


def _session(session: dict[str, Any], path: str, operator: Operator, wanted: Any, *, is_any: bool) -> CheckResult:
    value: Any = session
    for part in path.split("."):
        if not isinstance(value, dict) or part not in value:
            return CheckResult(None, found=f"session_context has no {path}")
        value = value[part]
    return compare(value, operator, wanted, None, is_any=is_any)
