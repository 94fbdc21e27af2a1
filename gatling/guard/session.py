"""One conversation of one user under one policy: what an agent asks before it runs the calls of a message.

    session = Session(guard, policy="policy.yaml", role="clerk")
    session.check({"role": "user", "content": "Read report.txt."})      # []: nothing to decide
    for call, decision in session.check(answer_of_the_model):           # all of its calls, before the first one runs
        if decision.is_allowed:
            session.check(result_of(run(call.tool_name, call.arguments)))

- All calls of a message are judged before this returns; each in the light of what has run, and of the calls of the same message
  that are allowed and stand before it.
- A call that is not allowed leaves the plan: no later call is judged by it or builds on it. It needs no result, and a result of
  it is an error, as it must not have run. What the vendor of a model has run already, before it told, stays in the plan.
- A message that cannot be read is an `InputError`, nothing of it may run, and the session goes on as if it had not come. Whatever
  else goes wrong while judging denies.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from gatling.adapters import AUTO, ConversationTracer
from gatling.guard.asking import Asking, CallJudge, judge_call
from gatling.guard.decision import Decision
from gatling.policy import PolicySource, read_policy
from gatling.provenance.sources import ToolSources
from gatling.schema import ExecutionPlan, GovernanceContext, PlanNode

Checked = tuple[PlanNode, Decision]
"""A call with the decision on it."""


class Session:
    """Judges the calls of one conversation, message by message. Safe to share between threads; one message at a time is judged.

    Args:
        guard: shared between as many sessions as you like. What tools do (`catalog=`) is told to the guard.
        policy: a dictionary, the path of a JSON or YAML file, or what `gatling.policy.read_policy` returned; from a file, reasons
            name lines. It is read once: changes made later do not count.
        role: the user's role.
        sources: whose text each tool returns; by default told by the tools' names.
        session_context: what else is known of the session: who the user is, where she is, what she has confirmed. A
            `user_request` in it is the request, and then what stands in the messages of the role `user` does not add to it: state
            it where these hold more than the user wrote, such as retrieved documents. Without it the request is all that the user
            has said so far.
        format: of the messages; `auto` tells each by its shape.

    Raises:
        InputError: if policy, role or session context cannot be read, or the policy is not of the format that the guard takes.
    """

    def __init__(
        self,
        guard: CallJudge,
        *,
        policy: dict[str, Any] | str | Path | PolicySource,
        role: str,
        sources: ToolSources | None = None,
        session_context: dict[str, Any] | None = None,
        format: str = AUTO,
    ) -> None:
        self._guard = guard
        if isinstance(policy, (str, Path)):
            policy = read_policy(policy)
        known = policy if isinstance(policy, PolicySource) else None
        data = {
            "policy": policy if known is None else known.data,
            "user_role": role,
            "session_context": session_context or {},
        }
        self._asking = Asking(data)
        guard.know_policy(known or PolicySource(self._asking.context("").policy))
        self._tracer = ConversationTracer(sources=sources, format=format)
        self._decisions: list[Checked] = []
        self._lock = threading.RLock()

    def check(self, message: Any) -> list[Checked]:
        """Take the next message of the conversation, whoever wrote it, and judge the calls that it proposes.

        Args:
            message: of any known format, as plain data or as an object of an SDK. All messages are wanted: system prompt,
                requests, answers of the model, results of the calls that ran. What the model is told in place of the result of a
                call that was not allowed is none of them.

        Returns:
            The calls with their decisions, in order; empty for a message that proposes none.

        Raises:
            InputError: with the path in the message, if it cannot be read or does not fit; run nothing of it.
        """
        with self._lock:
            nodes = self._tracer.feed(message)
            waiting = {node.node_id for node in self._tracer.pending}
            open_calls = {node.node_id for node in nodes if node.node_id in waiting}  # not allowed, so far or at all
            checked: list[Checked] = []
            try:
                for node in nodes:
                    decision = self._judge(node, open_calls - {node.node_id})
                    checked.append((node, decision))
                    if decision.is_allowed:
                        open_calls.discard(node.node_id)
            finally:  # whatever ends this, a call that nobody has allowed is not one that runs
                for node_id in open_calls:
                    self._tracer.withdraw(node_id)
            self._decisions += checked
            return checked

    def _judge(self, node: PlanNode, others: set[str]) -> Decision:
        """Judge a call without those of its message that are refused, or that stand behind it."""

        def question() -> tuple[GovernanceContext, ExecutionPlan]:
            return self._asking.context(self._tracer.request), _without(self._tracer.plan(), others)

        return judge_call(self._guard, question, node)

    @property
    def request(self) -> str:
        """What was asked: the stated request, else all that the user has said so far."""
        with self._lock:
            return self._asking.request(self._tracer.request)

    @property
    def plan(self) -> ExecutionPlan | None:
        """The calls that were allowed, in order, with the data that flows between them; None before the first."""
        with self._lock:
            return self._tracer.plan() if self._tracer.has_calls else None

    @property
    def decisions(self) -> tuple[Checked, ...]:
        """Every call so far with the decision on it, in order."""
        with self._lock:
            return tuple(self._decisions)


def _without(plan: ExecutionPlan, ids: set[str]) -> ExecutionPlan:
    """Return the plan without some calls. They have no result yet, so no edge leaves them."""
    if not ids:
        return plan
    nodes = tuple(n for n in plan.nodes if n.node_id not in ids)
    return ExecutionPlan(nodes=nodes, edges=tuple(e for e in plan.edges if e.target not in ids))
