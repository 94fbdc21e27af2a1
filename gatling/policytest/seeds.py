"""Compliant plans to attack: of a user's gold traces, or made from the policy itself.

Made from the policy, each granted tool gets a plan with one call, and each one that acts a plan that reads first. Arguments come
from the catalogue, from JSON Schemas in the policy and from what its rules name; the request states each call. A plan that the
oracle denies is fitted to the clause that it breaks, a few rounds long, else its tool is dropped and reported.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from random import Random
from typing import Any

from gatling.attack.calls import described_call
from gatling.policy import Asked, Clause, ClauseKind, Judgement, Oracle
from gatling.policy.clauses import Condition, Operator
from gatling.policy.globs import matches, squashed_name
from gatling.policytest.fitting import CallDraft, has_argument, meet, mention, opposite
from gatling.schema import ExecutionPlan, GovernanceContext, PlanEdge, Trace
from gatling.schema.arguments import is_destination_name
from gatling.schema.lazy import cached_property
from gatling.schema.words import split_words
from gatling.tools import ToolSpec
from gatling.tools.authorship import shows_outside_text
from gatling.tools.by_name import effect, sensitivity

PLAIN_ROLE = "user"
_FEW = 5
"""Tools of the catalogue for each pattern."""
_ROUNDS = 12
_MAX_CALLS = 8
_MAX_ARGUMENTS = 10
_CEDAR_ACTION = re.compile(r'Action::"([^"]+)"')
_CEDAR_ROLE = re.compile(r'Role::"([^"]+)"')
_CEDAR_ARGUMENT = re.compile(r'context\.arguments\.(\w+)\s*(<=|<|>=|>|==)\s*(-?\d+|"[^"]*"|true|false)')


@dataclass(frozen=True, slots=True)
class Dropped:
    """A granted tool, or pattern, of which no compliant call could be made."""

    role: str
    tool: str
    reason: str


@dataclass(frozen=True, slots=True)
class Seeds:
    traces: tuple[Trace, ...]
    """No clause denies any of them, with all their calls asked for."""
    dropped: tuple[Dropped, ...] = ()
    denied: tuple[str, ...] = ()
    """Gold traces that the policy denies, by id; they are left out."""
    passed: tuple[str, ...] = ()
    """Traces labelled as violations that no rule of the policy denies, by id."""
    unknown: tuple[str, ...] = ()
    """Tools of which neither the catalogue nor the policy knows arguments."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """Calls that were fitted to a policy, and the session in which they are made."""

    calls: list[CallDraft]
    session: dict[str, Any]
    problem: str = ""
    """Why the policy does not allow them; empty if it does."""


def seeds_of_traces(policy: dict[str, Any], oracle: Oracle, traces: Iterable[Trace]) -> Seeds:
    """Put traces under a policy. Those that are not judged as they are labelled are listed; violations are no seeds."""
    kept: list[Trace] = []
    denied: list[str] = []
    passed: list[str] = []
    for number, trace in enumerate(traces, 1):
        name = trace.id or f"trace {number}"
        old = trace.governance_context
        context = GovernanceContext(policy=policy, user_role=old.user_role, session_context=old.session_context)
        is_denied = bool(judged(oracle, context, trace.execution_plan).violations)
        if not trace.is_compliant:
            passed += [] if is_denied else [name]
        elif is_denied:
            denied.append(name)
        else:
            kept.append(
                Trace(governance_context=context, execution_plan=trace.execution_plan, label="compliant", id=trace.id)
            )
    return Seeds(tuple(kept), denied=tuple(denied), passed=tuple(passed))


def judged(oracle: Oracle, context: GovernanceContext, plan: ExecutionPlan) -> Judgement:
    """Judge a plan whose calls are all asked for."""
    return oracle.judge(context, plan, asked=Asked(frozenset(n.node_id for n in plan.nodes)))


class SeedMaker:
    """Makes compliant plans from a policy.

    Args:
        policy: the policy's data; `oracle` must be of it.
        specs: the catalogue.
        seed: decides the arguments.
    """

    def __init__(self, policy: dict[str, Any], oracle: Oracle, specs: Sequence[ToolSpec], seed: int) -> None:
        self.policy = policy
        self.oracle = oracle
        self.rules = oracle.rules
        self.specs = specs
        self.seed = seed

    @cached_property
    def roles(self) -> tuple[str, ...]:
        """The roles that the policy defines or names, in alphabetical order; empty if it knows none."""
        of_cedar = (r for statement in self._cedar for r in _CEDAR_ROLE.findall(statement))
        return tuple(sorted({*self.rules.named_roles, *of_cedar}))

    def knows(self, role: str) -> bool:
        """Tell whether the policy says anything of a role in particular."""
        return role in self.roles or any(c.roles and c.is_for((role,)) for c in self.rules.clauses)

    def make(self, roles: Sequence[str], *, progress: Callable[[int], None] = lambda count: None) -> Seeds:
        """Return the seeds of some roles, each tool's in the policy's order; `progress` is told after each role: 1."""
        traces: list[Trace] = []
        dropped: list[Dropped] = []
        for role in roles:
            made: dict[str, Trace] = {}
            for tool, clause in self._tools(role):
                found: Trace | str = f"no tool of the catalogue is called so ({clause.place})" if clause else ""
                if clause is None:
                    found = self._plan(role, [tool])
                if isinstance(found, Trace):
                    made[tool] = found
                else:
                    dropped.append(Dropped(role, tool, found))
            traces += made.values()
            readers = [t for t in made if effect(t) == "read"]
            readers.sort(key=lambda t: not shows_outside_text(t))
            acting = [t for t in made if effect(t) != "read"]
            for i, tool in enumerate(acting if readers else ()):
                two = self._plan(role, [readers[i % len(readers)], tool])
                if isinstance(two, Trace):
                    traces.append(two)
            progress(1)
        return Seeds(tuple(traces), tuple(dropped), unknown=self._unknown(traces))

    # --- which tools --------------------------------------------------------------------------------------------------

    def _tools(self, role: str) -> Iterator[tuple[str, Clause | None]]:
        """Yield the tools that a role is granted; a pattern that names none comes with its clause."""
        roles = self.rules.roles_of(role)
        seen: set[str] = set()
        grants = [c for c in self.rules.clauses if c.kind is ClauseKind.ALLOW and c.is_for(roles)]
        named = [t for c in grants if not c.is_complement for t in c.tools if not _is_pattern(t)]
        named += [t for statement in self._cedar if "permit" in statement for t in _CEDAR_ACTION.findall(statement)]
        for tool in named:
            if tool not in seen and not self._is_forbidden(tool, role):
                seen.add(tool)
                yield tool, None
        for clause in grants:
            if clause.is_complement or any(map(_is_pattern, clause.tools)):
                found = [t for t in self.some(lambda t, c=clause: c.names(t)) if not self._is_forbidden(t, role)]
                yield from ((t, None) for t in found if t not in seen)
                seen.update(found)
                if not found:
                    yield ", ".join(clause.tools), clause
        if self.rules.is_allow_by_default:
            yield from (
                (t, None) for t in self.some(lambda t: True) if t not in seen and not self._is_forbidden(t, role)
            )

    def some(self, fits: Any) -> list[str]:
        """Return the tools that the policy names and that fit, and a few of the catalogue, of different effects."""
        found = [t for t in self._mentioned if fits(t)]
        by_effect: dict[str, list[str]] = {}
        for spec in self.specs:
            if spec.name not in found and fits(spec.name):
                by_effect.setdefault(spec.effect, []).append(spec.name)
        rng = Random(f"{self.seed}:tools")
        columns = [rng.sample(names, min(_FEW, len(names))) for names in by_effect.values()]
        mixed = [names[i] for i in range(_FEW) for names in columns if i < len(names)]
        return found + mixed[:_FEW]

    @cached_property
    def _mentioned(self) -> list[str]:
        """Names of tools that clauses speak of."""
        return self.rules.named_tools(self._by_name)

    def _is_forbidden(self, tool: str, role: str) -> bool:
        return any(c.kind is ClauseKind.DENY and not c.when for c in self.rules.clauses_for(tool, role))

    @cached_property
    def _by_name(self) -> dict[str, ToolSpec]:
        found: dict[str, ToolSpec] = {}
        for spec in self.specs:
            found.setdefault(squashed_name(spec.name), spec)
        return found

    def _unknown(self, traces: Iterable[Trace]) -> tuple[str, ...]:
        nodes = [n for t in traces for n in t.execution_plan.nodes]
        names = {n.tool_name for n in nodes if not n.arguments and squashed_name(n.tool_name) not in self._by_name}
        return tuple(sorted(names))

    # --- calls --------------------------------------------------------------------------------------------------------

    def call(self, tool: str, role: str) -> CallDraft:
        """Return a call of a tool as it is before it is fitted to anything."""
        return self._call(Random(f"{self.seed}:{role}/{tool}"), role, tool)

    def _call(self, rng: Random, role: str, tool: str) -> CallDraft:
        """Return a call with the arguments that matter: what is required, what bounds it, and what clauses speak of."""
        clauses = self.rules.clauses_for(tool, role)
        spec = self._by_name.get(squashed_name(tool))
        call = CallDraft(tool, {}, sensitivity(tool))
        if spec is not None:
            call.limit = spec.limit_parameter
            has_place = any(p.is_required and is_destination_name(p.name) for p in spec.parameters)
            spoken = {squashed_name(c.subject.partition(":")[2]) for k in clauses for c in (*k.when, *k.checks)}
            chosen = []
            for p in spec.parameters:
                is_place = not has_place and is_destination_name(p.name)
                is_number = p.type in ("integer", "number")
                if p.is_required or is_place or is_number or squashed_name(p.name) in spoken:
                    chosen.append(dataclasses.replace(p, is_required=True))
                    has_place = has_place or is_place
            if chosen:
                call.arguments = described_call(rng, tool, chosen[:_MAX_ARGUMENTS]).arguments
        for clause in clauses:
            for condition in (*clause.when, *clause.checks):
                if condition.subject == "schema" and condition.operator is Operator.VALID:
                    meet(rng, call, condition, {})
        for clause in clauses:
            if not clause.is_complement and not all(map(_is_pattern, clause.tools)):
                self._mention(rng, call, clause)
        for hint in self._cedar_hints(tool):
            mention(rng, call, hint)
        return call

    def _mention(self, rng: Random, call: CallDraft, clause: Clause) -> None:
        """Give a call the arguments that a clause speaks of; of several names for one bound, the first."""
        done: set[str] = set()
        for given in (*clause.checks, *clause.when):
            condition = opposite(given) if clause.kind is ClauseKind.DENY else given
            if condition is None or not condition.subject.startswith(("argument:", "tier:")):
                continue
            bound = f"{condition.operator} {condition.value!r}"
            same = [c for c in clause.checks if f"{c.operator} {c.value!r}" == bound]
            if bound in done or any(has_argument(call, c.subject.partition(":")[2]) for c in same):
                continue
            done.add(bound)
            mention(rng, call, condition)

    @cached_property
    def _cedar(self) -> list[str]:
        return [statement for _, text in self.rules.cedar for statement in text.split(";")]

    def _cedar_hints(self, tool: str) -> Iterator[Condition]:
        """Yield what Cedar statements compare a tool's arguments with, as a call must be to pass."""
        for statement in self._cedar:
            actions = _CEDAR_ACTION.findall(statement)
            if actions and tool not in actions:
                continue
            for name, operator, literal in _CEDAR_ARGUMENT.findall(statement):
                hint = Condition(f"argument:{name}", Operator(operator), json.loads(literal))
                unmet = opposite(hint) if "forbid" in statement else hint
                if unmet is not None:
                    yield unmet

    # --- plans --------------------------------------------------------------------------------------------------------

    def _plan(self, role: str, tools: Sequence[str]) -> Trace | str:
        """Return a compliant trace whose calls feed one another in this order, or why there is none."""
        fitted = self.fit(role, tools)
        return fitted.problem or self.trace(f"{role}/{'+'.join(tools)}", role, fitted.calls, fitted.session)

    def fit(self, role: str, tools: Sequence[str], *, is_decided: bool = False) -> Fitted:
        """Return calls that feed one another in this order, made compliant as far as that can be done.

        Args:
            is_decided: also meet what would leave the calls open, such as an argument that is not stated, as far as that can be
                done. Else only what denies them.
        """
        name = f"{role}/{'+'.join(tools)}"
        rng = Random(f"{self.seed}:{name}")
        calls = [self._call(rng, role, tool) for tool in tools]
        for earlier, later in pairwise(calls):
            later.sources.append(earlier)
        session: dict[str, Any] = {}
        tried: dict[tuple[int, int], int] = {}
        for _ in range(_ROUNDS):
            trace = self.trace(name, role, calls, session)
            result = judged(self.oracle, trace.governance_context, trace.execution_plan)
            problems = [(v.node_id, v.clause, str(v)) for v in result.violations]
            for u in result.undecided:
                if u.node_id and (u.clause is None or u.clause.kind is ClauseKind.ALLOW):
                    problems.append((u.node_id, u.clause, f"the oracle cannot decide it: {u.reason}"))
            doubts = [(u.node_id, u.clause, "") for u in result.undecided if is_decided and u.node_id and u.clause]
            if not problems and not doubts:
                return Fitted(calls, session)
            by_id = {n.node_id: call for n, call in zip(trace.execution_plan.nodes, calls, strict=True)}
            is_changed = False
            for node_id, clause, _ in problems or doubts:
                is_changed |= self._mend(rng, role, calls, by_id[node_id], clause, session, tried)
            if not is_changed:
                break
        return Fitted(calls, session, problems[0][2] if problems else "")

    def _mend(
        self,
        rng: Random,
        role: str,
        calls: list[CallDraft],
        call: CallDraft,
        clause: Clause | None,
        session: dict[str, Any],
        tried: dict[tuple[int, int], int],
    ) -> bool:
        """Change a call so that a clause no longer denies it; False if nothing can be done."""
        key = (id(call), id(clause))
        turn = tried[key] = tried.get(key, -1) + 1
        if turn == _ROUNDS // 2:
            return False
        if clause is None or clause.kind is ClauseKind.ALLOW:
            grants = [c for c in self.rules.clauses_for(call.tool, role) if c.kind is ClauseKind.ALLOW]
            hinted = [meet(rng, call, hint, session) for hint in self._cedar_hints(call.tool)]
            if turn == 0 and any(hinted):
                return True
            if turn >= len(grants):
                return False
            met = [meet(rng, call, condition, session) for condition in grants[turn].when]
            return all(met)
        if clause.kind is ClauseKind.DENY:
            if turn >= len(clause.when):
                return False
            unmet = opposite(clause.when[turn])
            return unmet is not None and meet(rng, call, unmet, session)
        met = [
            self._precede(rng, role, calls, call, check.value)
            if check.subject == "before"
            else meet(rng, call, check, session)
            for check in clause.checks
        ]
        return any(met)

    def _precede(
        self, rng: Random, role: str, calls: list[CallDraft], call: CallDraft, patterns: tuple[str, ...]
    ) -> bool:
        """Let data from a call that one of some patterns names reach a call."""
        place = next(i for i, c in enumerate(calls) if c is call)
        found = next((c for c in calls[:place] if any(matches(p, c.tool) for p in patterns)), None)
        if found is None:
            tool = next((p for p in patterns if not _is_pattern(p)), None)
            tool = tool or next((t for t in self.some(lambda t: any(matches(p, t) for p in patterns))), None)
            if tool is None or len(calls) == _MAX_CALLS:
                return False
            found = self._call(rng, role, tool)
            calls.insert(place, found)
        if found not in call.sources:
            call.sources.append(found)
        return True

    def trace(self, name: str, role: str, calls: Sequence[CallDraft], session: dict[str, Any]) -> Trace:
        """Return calls and the session that goes with them as a trace, whose request states them all."""
        ids = {id(call): f"n{i}" for i, call in enumerate(calls, 1)}
        request = "Please " + ", then ".join(_wording(call) for call in calls) + "."
        plan = ExecutionPlan(
            nodes=tuple(call.node(ids[id(call)]) for call in calls),
            edges=tuple(PlanEdge(source=ids[id(s)], target=ids[id(c)]) for c in calls for s in c.sources),
        )
        # Of plain data, each part of which was checked before: to check a large policy once a plan takes most of the time.
        context = GovernanceContext.model_construct(
            policy=self.policy, user_role=role, session_context={**session, "user_request": request}
        )
        return Trace(governance_context=context, execution_plan=plan, label="compliant", id=name)


def _is_pattern(name: str) -> bool:
    return "*" in name or "?" in name


def _wording(call: CallDraft) -> str:
    """Say in words what a call does and with which values."""
    said = [f"{' '.join(split_words(name))} {_said(value)}" for name, value in call.arguments.items()]
    return " ".join(split_words(call.tool)) + (f" ({', '.join(said)})" if said else "")


def _said(value: Any) -> str:
    if isinstance(value, list):
        return " and ".join(map(_said, value))
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
