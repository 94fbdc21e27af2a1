"""A compliant trace under attack: what its policy bounds, what its request says, and whether an edit breaks one of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal

from pydantic import ValidationError

from gatling.attack.draft import Draft
from gatling.policy import Asked, Clause, ClauseKind, Oracle
from gatling.policy.bounds import conditions_on, highest_tiers, upper_bounds
from gatling.policy.calls import Call, PlanCalls
from gatling.policy.oracle import Judgement
from gatling.request import Request
from gatling.request.asking import asks, request_as_written, request_of
from gatling.request.request import content_words
from gatling.schema import ExecutionPlan, PlanNode, Trace
from gatling.schema.arguments import ArgumentPath, leaves
from gatling.schema.lazy import cached_property
from gatling.tools.authorship import shows_outside_text
from gatling.tools.by_name import effect

_MAX_PLACES = 4_096


@dataclass(frozen=True, slots=True)
class Certificate:
    """Why an edited plan is a violation."""

    kind: Literal["oracle", "request"]
    """`oracle`: a clause denies it. `request`: the policy wants calls to be asked for, and the request asks for no such call."""
    clause: Clause | None
    """The clause that is broken; None where no clause grants the call."""
    reason: str


class Subject:
    """A compliant trace with its oracle.

    Args:
        trace: labelled compliant; all its calls count as asked for.
        oracle: of the trace's policy.
    """

    def __init__(self, trace: Trace, oracle: Oracle) -> None:
        self.trace = trace
        self.oracle = oracle
        self.rules = oracle.rules
        self.context = trace.governance_context
        self.plan = trace.execution_plan
        self.role = self.context.user_role

    # --- the request --------------------------------------------------------------------------------------------------

    @cached_property
    def request(self) -> str:
        """What was asked, in lower case; empty if the session does not say."""
        return request_of(self.context)

    @cached_property
    def asked(self) -> Request:
        return Request(request_as_written(self.context))

    def states(self, value: Any) -> bool:
        """Tell whether the request may state a value; in doubt it does."""
        return self.asked.mentions(value)

    def is_asked_for(self, tool: str, arguments: dict[str, Any]) -> bool:
        """Tell whether the request might ask for a call: it states one of its values, or all words of its name."""
        values = [v for v in arguments.values() if v not in (None, "", [], {}) and not isinstance(v, bool)]
        if any(self.states(v) for v in values if not isinstance(v, int) or v > 12):
            return True
        return not values and (self.asked.asks_for(tool) or self.asked.share(content_words(tool)) == 1)

    def request_clause(self, tool: str) -> Clause | None:
        """Return the clause by which calls of a tool must be asked for; None if there is none, or no request is known."""
        if not self.request:
            return None
        if tool not in self._request_clauses:
            clauses = self.rules.clauses_for(tool, self.role)
            bound = [c for c in clauses if not c.when and not c.exception]
            self._request_clauses[tool] = next((c for c in bound if any(map(asks, c.checks))), None)
        return self._request_clauses[tool]

    @cached_property
    def _request_clauses(self) -> dict[str, Clause | None]:
        return {}

    # --- the plan -----------------------------------------------------------------------------------------------------

    @cached_property
    def calls(self) -> dict[str, Call]:
        return {call.node.node_id: call for call in PlanCalls(self.plan).calls}

    @cached_property
    def readers(self) -> list[PlanNode]:
        """Nodes whose output may hold text of outsiders, those that name such things first."""
        reading = [n for n in self.plan.nodes if effect(n.tool_name) == "read"]
        return sorted(reading, key=lambda n: not shows_outside_text(n.tool_name))

    @cached_property
    def own_tools(self) -> frozenset[str]:
        return frozenset(n.tool_name for n in self.plan.nodes)

    def makes(self, tool: str, arguments: dict[str, Any]) -> bool:
        """Tell whether the plan, all of which was asked for, makes a call already."""
        return tool in self.own_tools and any(n.tool_name == tool and n.arguments == arguments for n in self.plan.nodes)

    @cached_property
    def acting(self) -> list[PlanNode]:
        return [n for n in self.plan.nodes if effect(n.tool_name) != "read"]

    def places(self, node: PlanNode) -> list[tuple[ArgumentPath, Any]]:
        """Return path and value of every scalar in a node's arguments, at most 4,096."""
        return list(islice(leaves(node.arguments), _MAX_PLACES))

    # --- the policy ---------------------------------------------------------------------------------------------------

    @cached_property
    def granted(self) -> list[str]:
        """Tools that the policy grants to this role by name, and those of the plan, in their order."""
        named = [
            t
            for clause in self.rules.clauses
            if clause.kind is ClauseKind.ALLOW and not clause.is_complement and clause.is_for(self._roles)
            for t in clause.tools
            if "*" not in t and "?" not in t
        ]
        denied = {
            t
            for clause in self.rules.clauses
            if clause.kind is ClauseKind.DENY and not clause.when
            for t in clause.tools
        }
        own = [n.tool_name for n in self.plan.nodes]
        return list(dict.fromkeys([t for t in named if t not in denied] + own))

    @cached_property
    def withheld(self) -> list[tuple[str, bool]]:
        """Tools that the policy names and this role may not call, each with whether another role is granted it."""
        own = set(self.granted)
        found: dict[str, bool] = {}
        for clause in self.rules.clauses:
            other_role = clause.kind is ClauseKind.ALLOW and bool(clause.roles) and not clause.is_for(self._roles)
            for tool in clause.tools:
                if "*" in tool or "?" in tool or tool in own or clause.is_complement:
                    continue
                found[tool] = found.get(tool, False) or other_role
        return list(found.items())

    @cached_property
    def _roles(self) -> tuple[str, ...]:
        return self.rules.roles_of(self.role)

    def bounds(self, tool: str) -> dict[str, float]:
        """Return what bounds a call's numbers from above, by subject: squashed argument paths, `#volume`, `#sensitivity`."""
        return {key: bound for key, (bound, _) in upper_bounds(self.rules, tool, self.role).items()}

    def highest_tier(self, tool: str) -> tuple[int, str] | None:
        """Return the highest tier that a clause lets a call have, and the argument it is about; None if none speaks of it."""
        found = highest_tiers(self.rules, tool, self.role)
        return min(((tier, path) for tier, path, _ in found), key=lambda pair: pair[0], default=None)

    def must_come_before(self, tool: str) -> Iterator[tuple[str, ...]]:
        """Yield the patterns of each check that wants one of some calls before this one."""
        for _, condition, _ in conditions_on(self.rules, tool, self.role):
            if condition.subject == "before":
                yield tuple(condition.value)

    # --- certificates -------------------------------------------------------------------------------------------------

    @cached_property
    def _before(self) -> Judgement:
        asked = Asked(frozenset(n.node_id for n in self.plan.nodes))
        return self.oracle.judge(self.context, self.plan, asked=asked)

    @property
    def is_sound(self) -> bool:
        """Whether the oracle agrees that the trace is no violation."""
        return not self._before.violations

    def certify(self, draft: Draft, *, by: tuple[str, ...] = ("oracle", "request")) -> Certificate | None:
        """Return why the edited plan is a violation, or None if that is not certain."""
        judged = self._judge(draft)
        if judged is None:
            return None
        plan, judgement = judged
        blamed = set(draft.blamed)
        broken = [v for v in judgement.violations if v.node_id in blamed]
        asks = [v for v in broken if v.clause is not None and any(c.subject == "request" for c in v.clause.checks)]
        others = [v for v in broken if v not in asks]
        if "grant" in by:
            others = [v for v in others if v.clause is None or v.clause.kind is ClauseKind.DENY]
        if others:
            return Certificate("oracle", others[0].clause, str(others[0])) if by != ("request",) else None
        if "request" not in by or not self.request:
            return None
        if asks:
            return Certificate("request", asks[0].clause, str(asks[0]))
        for node in plan.nodes:
            clause = self.request_clause(node.tool_name) if node.node_id in draft.unasked else None
            if clause is not None:
                reason = f"{node.node_id}: {clause.place} wants calls that are asked for, the request asks for none of this kind"
                return Certificate("request", clause, reason)
        return None

    def is_inside(self, draft: Draft) -> bool:
        """Tell whether an edited plan is as compliant as the trace: no violation, and nothing undecided that was decided."""
        judged = self._judge(draft)
        if judged is None or draft.unasked:
            return False
        plan, judgement = judged
        if judgement.violations or plan.digest == self.plan.digest:
            return False
        known = {(id(u.clause), u.reason) for u in self._before.undecided}
        return all((id(u.clause), u.reason) in known for u in judgement.undecided)

    def _judge(self, draft: Draft) -> tuple[ExecutionPlan, Judgement] | None:
        try:
            plan = draft.build()
        except ValidationError:  # an edge too many closed a cycle
            return None
        asked = Asked(frozenset(n.node_id for n in plan.nodes) - draft.unasked)
        return plan, self.oracle.judge(self.context, plan, asked=asked)
