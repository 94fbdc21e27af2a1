"""The decision on one call: stop, limits, policy, a person's word, the log; in this order, and whatever fails denies."""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from gatling.adapters import ConversationTracer
from gatling.energy import Code
from gatling.energy.finding import SEVERITY
from gatling.errors import InputError
from gatling.guard.agreement import AGREED, Agreement
from gatling.guard.approval import Approvals
from gatling.guard.asking import judge_call
from gatling.guard.decision import Decision, Mode, denial, fault_of, shown_reason
from gatling.guard.limits import Counters
from gatling.guard.stop import StopSwitch
from gatling.guard.terms import Terms
from gatling.policy.globs import matches
from gatling.provenance.events import ProposedCall
from gatling.schema import ExecutionPlan, GovernanceContext, PlanNode
from gatling.schema.plain import canonical_json

Checked = tuple[PlanNode, Decision]
"""A call with the decision on it."""
_log = logging.getLogger("gatling")


class DecisionLog(Protocol):
    """Where decisions are written down (`gatling.guard.AuditLog`)."""

    def decision(self, session: str, node: PlanNode, decision: Decision, question: Question | None) -> None:
        """Write a decision before the call runs. Raises: any error if it cannot be written, and then the call is denied."""

    def unjudged(self, session: str, decision: Decision) -> None:
        """Write the denial of a call that could not be taken. Raises: any error if it cannot be written."""


Question = tuple[GovernanceContext, ExecutionPlan]
"""What the guard was asked about."""


@dataclass(slots=True)
class Shared:
    """What a session and its children have in common."""

    tracer: ConversationTracer
    counters: Counters
    stops: StopSwitch
    approvals: Approvals | None = None
    log: DecisionLog | None = None
    decisions: list[Checked] = field(default_factory=list)
    waiting: dict[str, Decision] = field(default_factory=dict)
    """By the id of the call: what may run and has no result yet."""
    names: set[str] = field(default_factory=set)
    """Ids of children."""
    agreement: Agreement = field(default_factory=Agreement)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def the_approvals(self) -> Approvals:
        """Return where calls wait; in memory, and made when first needed, unless a file was given."""
        with self.lock:
            if self.approvals is None:
                self.approvals = Approvals()
            return self.approvals


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Decides for one session.

    Args:
        terms: all of them judge, and the worst verdict counts: a child is judged by its parents' terms, too.
        tools: the patterns of each generation: a tool must match one of each.
    """

    session: str
    shared: Shared
    terms: tuple[Terms, ...]
    tools: tuple[tuple[str, ...], ...]
    mode: Mode
    deadline_ms: float | None
    offers_repairs: bool
    on_decision: Callable[[PlanNode, Decision], object] | None

    def decide(self, call: ProposedCall, node: PlanNode, others: set[str], deadline_ms: float | None) -> Decision:
        """Return the decision on a call, as it is from now on.

        Args:
            others: calls of the same message that are refused, or stand behind this one.
        """
        mode = self.mode
        question = None
        try:
            decision, question = self._verdict(node, others, deadline_ms)
            if any(reason.code is Code.STOPPED for reason in decision.reasons):
                mode = "enforce"
        except Exception as error:  # whatever it is, it must not allow
            decision = denial(fault_of(error))
        return self.settle(call, node, replace(decision, mode=mode), question)

    def recall(self, call: ProposedCall, node: PlanNode, decision: Decision | None) -> Decision:
        """Take a decision that was made, told and written down before: what it has used up is used up.

        Args:
            decision: None for a call that has run without one.
        """
        digest = call_digest(node.tool_name, node.arguments)
        if decision is None:
            made = Decision("allow", (), False, "", "", "", 0.0)
            decision = replace(made, tool_name=call.tool_name, call_id=call.call_id or "", call_digest=digest)
        if (decision.call_digest, decision.tool_name) != (digest, call.tool_name):
            raise InputError(f"the decision that is recorded is not on this call of {call.tool_name}")
        if decision.verdict == "allow":
            self.shared.counters.count(node.tool_name, node.arguments)
            agreement = self.shared.agreement
            if decision.approval is not None and decision.approval.id == AGREED:
                offer = agreement.of(node.tool_name, node.arguments, self.shared.tracer.request)
                if offer:
                    agreement.use(offer)
        elif decision.verdict == "deny" and not any(r.code is Code.LOOP for r in decision.reasons):
            self.shared.counters.refused(digest, call.call_id or node.node_id)
        return decision

    def settle(
        self, call: ProposedCall, node: PlanNode, decision: Decision, question: Question | None = None
    ) -> Decision:
        """Tell those who want to know, and write the decision down; return it, or the denial if that fails."""
        digest = call_digest(node.tool_name, node.arguments)
        decision = replace(decision, tool_name=call.tool_name, call_id=call.call_id or "", call_digest=digest)
        try:
            if self.on_decision is not None:
                self.on_decision(node, decision)
        except Exception as error:
            decision = self._fault(decision, f"on_decision: {fault_of(error)}")
        try:
            if self.shared.log is not None:
                self.shared.log.decision(self.session, node, decision, question)
        except Exception as error:
            decision = self._fault(decision, f"the log cannot be written: {fault_of(error)}")
        if decision.verdict == "deny" and not any(r.code is Code.LOOP for r in decision.reasons):
            self.shared.counters.refused(digest, call.call_id or node.node_id)
        return decision

    def unjudged(self, decision: Decision, tool_name: str, call_id: str | None) -> Decision:
        """Return the denial of a call that is no part of the conversation, as it could not be taken; it is written down, too."""
        decision = replace(decision, tool_name=tool_name, call_id=str(call_id) if call_id else "")
        if self.shared.log is not None:
            try:
                self.shared.log.unjudged(self.session, decision)
            except Exception as error:  # it is a denial anyway
                _log.warning("the log cannot be written: %s", fault_of(error))
        return decision

    def _fault(self, decision: Decision, reason: str) -> Decision:
        """Return a denial that counts in every mode: a call that nobody could be told of does not run."""
        failed = with_digests(denial(reason), decision)
        return replace(failed, tool_name=decision.tool_name, call_id=decision.call_id, call_digest=decision.call_digest)

    def stopped(self) -> Decision | None:
        """Return the denial if a person has stopped the session."""
        why = self.shared.stops.is_stopped(self.session)
        return denial(why, code=Code.STOPPED, wanted="nothing") if why else None

    def _verdict(self, node: PlanNode, others: set[str], deadline_ms: float | None) -> tuple[Decision, Question | None]:
        counters = self.shared.counters
        for early in (
            self.stopped(),
            self._not_for_a_child(node),
            counters.before(call_digest(node.tool_name, node.arguments)),
        ):
            if early is not None:
                return early, None
        decision, question = self._judged(node, others, deadline_ms)
        decision, question, offer = self._agreed(node, others, deadline_ms, decision, question)
        if decision.verdict != "deny":
            over = counters.over(node.tool_name, node.arguments)
            decision = decision if over is None else with_digests(over, decision)
        if decision.verdict == "escalate" and self.mode == "enforce":
            decision = self._by_word(node, decision)
        if decision.verdict == "allow" or self.mode != "enforce":
            late = self.stopped()  # in the meantime
            if late is not None:
                return with_digests(late, decision), question
            if decision.verdict == "allow":
                counters.count(node.tool_name, node.arguments)
                if offer:
                    self.shared.agreement.use(offer)
        return decision, question

    def _not_for_a_child(self, node: PlanNode) -> Decision | None:
        if all(any(matches(pattern, node.tool_name) for pattern in patterns) for patterns in self.tools):
            return None
        reason = f"{node.tool_name} is not among the tools of {self.session}"
        return denial(reason, code=Code.NOT_GRANTED, wanted="one of its tools")

    def _agreed(
        self,
        node: PlanNode,
        others: set[str],
        deadline_ms: float | None,
        decision: Decision,
        question: Question | None,
    ) -> tuple[Decision, Question | None, str]:
        """Judge a call again as one that was asked for, where the user has said yes to it; return the offer that counted."""
        questions = [question]

        def again(offer: str) -> Decision:
            asked, its_question = self._judged(node, others, deadline_ms, more=offer)
            questions.append(its_question)
            return asked

        agreement, said = self.shared.agreement, self.shared.tracer.request
        settled, offer = agreement.settled(node, decision, said, again)
        return settled, questions[-1] if offer else question, offer

    def _judged(
        self, node: PlanNode, others: set[str], deadline_ms: float | None, *, more: str = ""
    ) -> tuple[Decision, Question | None]:
        """Judge a call by all terms; of equal verdicts that of the session's own terms counts.

        Args:
            more: what the user has agreed to, and what counts as asked for this call.
        """
        limit = deadline_ms if deadline_ms is not None else self.deadline_ms
        tracer = self.shared.tracer
        asked: list[Question] = []
        decisions: list[Decision] = []
        for terms in self.terms:

            def question(terms: Terms = terms) -> Question:
                said = f"{tracer.request}\n\n{more}" if more else tracer.request
                asked.append((terms.asking().context(said), _without(tracer.plan(), others)))
                return asked[-1]

            decisions.append(judge_call(terms.guard, question, node, deadline_ms=limit))
        worst = max(reversed(range(len(decisions))), key=lambda i: SEVERITY[decisions[i].verdict])
        decision = decisions[worst]
        if len(asked) < len(decisions):  # a question could not even be asked
            return decision, None
        if decision.verdict != "allow" and self.offers_repairs and self.mode == "enforce":
            decision = self._with_repair(decision, asked[worst], node)
        return decision, asked[worst]

    def _with_repair(self, decision: Decision, question: Question, node: PlanNode) -> Decision:
        """Look for arguments with which the call passes, by all terms. What goes wrong offers none."""
        repair = getattr(self.terms[-1].guard, "repair_pending", None)
        if repair is None:
            return decision
        try:
            repaired = repair(*question, node)
        except Exception:
            return decision
        found = repaired.repaired
        fixed = None if found is None else next((n for n in found.nodes if n.node_id == node.node_id), None)
        if fixed is None:
            return decision
        return replace(decision, repaired_arguments=dict(fixed.arguments), edits=repaired.edits)

    def _by_word(self, node: PlanNode, decision: Decision) -> Decision:
        """Let a person's word decide an escalated call, or let the call wait for it."""
        if not decision.policy_digest:
            return decision
        approvals = self.shared.the_approvals()
        binding = _digest([self.session, node.tool_name, node.arguments, decision.policy_digest])
        word = approvals.take(binding)
        if word is None:
            reasons = tuple(shown_reason(reason) for reason in decision.reasons)
            pending = approvals.ask(
                binding, session=self.session, tool_name=node.tool_name, arguments=node.arguments, reasons=reasons
            )
            return replace(decision, pending=pending)
        if word.is_approved:
            return replace(decision, verdict="allow", approval=word)
        refused = denial(f"{word.by} refused it", code=Code.REFUSED, wanted="another call, or the word of a person")
        return replace(with_digests(refused, decision), approval=word)


def call_digest(tool_name: str, arguments: dict[str, Any]) -> str:
    """Return the digest of a call: of the tool's name and the arguments."""
    return _digest([tool_name, arguments])


def _digest(data: Any) -> str:
    return hashlib.sha256(canonical_json(data).encode()).hexdigest()


def with_digests(decision: Decision, judged: Decision) -> Decision:
    """Return a decision of the session's own with what is known of the judging that it takes the place of."""
    return replace(
        decision,
        plan_digest=judged.plan_digest,
        policy_digest=judged.policy_digest,
        model_digest=judged.model_digest,
        latency_ms=judged.latency_ms,
    )


def _without(plan: ExecutionPlan, ids: set[str]) -> ExecutionPlan:
    """Return the plan without some calls. They have no result yet, so no edge leaves them."""
    if not ids:
        return plan
    nodes = tuple(n for n in plan.nodes if n.node_id not in ids)
    return ExecutionPlan(nodes=nodes, edges=tuple(e for e in plan.edges if e.target not in ids))
