"""The oracle: a plan and a context to compliant, violation, or undecided, with reasons. Exact, and never a guess.

- A call is a violation if a DENY names it, if it fails a REQUIRE, or if no ALLOW grants it and the policy does not allow
  by default. Deny wins; where the policy is silent, the answer is deny.
- What only prose says, or what needs a request to be understood, is undecided. A violation outweighs it.
- An upper bound on an argument that the call does not have passes, unless the call has it by another name; what must have one of
  some values and is not there is undecided. A grant that needs an argument is not given without.
- A rule about a tool whose name this one may be taken for (`fs.delete_file`, `de1ete_file`) leaves the call open where the tool
  itself would not be compliant (`policy.resemblance`).
- A part of the policy that is not read leaves open the calls that it may be about (`policy.unread`).
- Where no grant is written down in a form that is read, but other parts of the policy are not read, a call without a grant
  is undecided, not denied: the grant may stand there. So it is where an item of `review` says that it may grant the call.
- `Asked` is what the request is known to ask for. With it, clauses that want a request are decided, and a call beyond it
  is a violation of the policy's rule that calls need a request.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from gatling.policy.calls import Call, PlanCalls
from gatling.policy.clauses import WANTS_A_VALUE, Clause, ClauseKind, Condition, Operator, Unrecognised
from gatling.policy.compare import FALLING, NEGATED, CheckResult
from gatling.policy.dialects.cedar import CedarPolicies
from gatling.policy.rules import Rulebook
from gatling.policy.subjects import OWN, Asked, Evidence, decide, found_beside
from gatling.policy.unread import UnreadParts
from gatling.schema import ExecutionPlan, GovernanceContext
from gatling.schema.budget import checked
from gatling.schema.lazy import cached_property

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
    open_value: str = ""
    """The value of the call that could not be decided on, where it is one."""
    is_linked: bool = False
    """All that could not be decided on are links in prose, which nothing opens by itself."""


@dataclass(frozen=True, slots=True)
class Judgement:
    violations: tuple[Violation, ...]
    undecided: tuple[Undecided, ...]

    @property
    def verdict(self) -> Compliance:
        return "violation" if self.violations else "undecided" if self.undecided else "compliant"


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

    def judge(
        self,
        context: GovernanceContext,
        plan: ExecutionPlan,
        *,
        asked: Asked | None = None,
        calls: PlanCalls | None = None,
    ) -> Judgement:
        """Judge a plan. The context gives role and session; its policy must be the one that the rules are of.

        Args:
            asked: what the request asks for, where that is known.
            calls: the plan as rules see it, where somebody else reads it too.
        """
        calls = PlanCalls(plan) if calls is None else calls
        situation = Evidence(self.rules, context.user_role, context.session_context, calls, asked)
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

    def _judge_call(self, call: Call, situation: Evidence) -> Iterable[Violation | Undecided]:
        node_id, tool = call.node.node_id, call.node.tool_name
        granted: bool | None = self.rules.is_allow_by_default
        is_named = False
        maybe: Clause | None = None
        for clause in checked(self.rules.clauses_for(tool, situation.role)):
            is_any = clause.kind is not ClauseKind.ALLOW  # one bad item is enough to forbid, all must be good to grant
            applies = _all(decide(c, call, situation, clause, is_any=is_any) for c in clause.when)
            if applies is False:
                continue
            if clause.kind is ClauseKind.ALLOW:
                if applies:
                    granted = True
                    is_named |= tool in clause.tools
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
        yield from self._resembling(call, situation, is_named=is_named)
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
        elif granted is False and (part := self.granting_item(tool, situation.role)):
            yield Undecided(node_id, None, f"whether {part.place} allows the call: {part.reason}")
        elif granted is False:
            yield Violation(node_id, None, None, "a clause that allows the call", tool)
        elif granted is None:
            yield Undecided(node_id, maybe, "whether the call is allowed")
        parts = self._unread.about(tool)
        if parts:
            first = self.rules.unrecognised[parts[0]]
            more = f" and {len(parts) - 1} more parts" if len(parts) > 1 else ""
            yield Undecided(node_id, None, f"{first.place}{more}, which may be about {tool}: {first.reason}")

    def granting_item(self, tool: str, role: str) -> Unrecognised | None:
        """Return an item of `review` that may grant calls of a tool to a role."""
        roles = self.rules.roles_of(role)
        return next((part for part in self._grants_to_decide if part.may_be_granted(tool, roles)), None)

    @cached_property
    def _grants_to_decide(self) -> tuple[Unrecognised, ...]:
        return tuple(part for part in self.rules.unrecognised if part.may_grant)

    def _resembling(self, call: Call, situation: Evidence, *, is_named: bool) -> Iterable[Undecided]:
        """Yield what rules have against a call whose tool they do not name, but whose name may be taken for one that they do.

        Args:
            is_named: the tool is granted by its own name, so that it is another one than those that are forbidden.
        """
        node_id, tool = call.node.node_id, call.node.tool_name
        for clause in checked(self.rules.clauses_like(tool, situation.role)):
            if is_named and clause.kind is ClauseKind.DENY:
                continue
            applies = _all(decide(c, call, situation, clause, is_any=True) for c in clause.when)
            if applies is False:
                continue
            meant = f"{tool} may be the {clause.tools[0]} of {clause.place}"
            if clause.kind is ClauseKind.DENY:
                yield Undecided(node_id, clause, f"{meant}, which is forbidden")
                continue
            for item in _check(clause, call, situation, is_certain=applies is True):
                reason = f"wants {item.wanted}" if isinstance(item, Violation) else item.reason
                yield Undecided(node_id, clause, f"{meant}: {reason}")

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


def _check(clause: Clause, call: Call, situation: Evidence, *, is_certain: bool) -> list[Violation | Undecided]:
    """Return what a requirement has against a call: where it is broken, that alone."""
    found = list(_each_check(clause, call, situation, is_certain=is_certain))
    return [item for item in found if isinstance(item, Violation)] or found


def _each_check(
    clause: Clause, call: Call, situation: Evidence, *, is_certain: bool
) -> Iterable[Violation | Undecided]:
    absent: list[Condition] = []
    for condition in clause.checks:
        outcome = decide(condition, call, situation, clause)
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
            reason = outcome.found or _why([condition, *clause.when], str(condition))
            yield Undecided(call.node.node_id, clause, reason, outcome.open_value, is_linked=outcome.is_linked)

    arguments = [c for c in clause.checks if c.subject.startswith("argument:")]
    has_others = any(c not in absent for c in arguments)  # a limit may stand under two names of one argument
    for condition in absent:
        reason = _absence(condition, call, clause, has_others=has_others)
        if reason:
            yield Undecided(call.node.node_id, clause, reason)


def _absence(condition: Condition, call: Call, clause: Clause, *, has_others: bool) -> str:
    """Return what keeps a check of an argument open that the call does not have; nothing if it passes.

    What a rule requires to be there, or to be one of some values, is not fulfilled by leaving it out. What it bounds or forbids
    may be left out, but not be called by another name.
    """
    name, _, path = condition.subject.partition(":")
    if name != "argument" or clause.dialect not in OWN:
        return ""
    if condition.operator in WANTS_A_VALUE:
        return f"{path} is not stated; {condition}"
    if (condition.operator in FALLING and not has_others) or condition.operator in NEGATED:
        beside = found_beside(condition, call, clause, is_stated=False)
        return beside.found if beside else ""
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
