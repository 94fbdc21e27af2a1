"""A recorded conversation before the guard: each call judged before it ran, with what had been read by then.

    for call in replay(guard, record["messages"], record["governance_context"]):
        print(call.call_id, call.decision.verdict)

What was recorded did run, whatever the guard says of it: a refused call stays in the plan, and its result is read like any other.
So later calls are judged in the light of it, which a `Session` never does, as there a refused call does not run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from gatling.adapters import AUTO, ConversationTracer
from gatling.adapters.formats import events
from gatling.adapters.stated import text_of_the_model
from gatling.guard.agreement import Agreement
from gatling.guard.asking import Asking, CallJudge, judge_call
from gatling.guard.decision import Decision
from gatling.provenance.events import Said
from gatling.provenance.sources import ToolSources
from gatling.provenance.tracer import ValueOrigin
from gatling.schema import ExecutionPlan, GovernanceContext, PlanNode
from gatling.schema.plain import join_path

MAX_ENERGY = 1e9
"""Stands for an infinite energy, as JSON has no word for it: a rule denies, or a fault kept the guard from judging."""


@dataclass(frozen=True, slots=True)
class ReplayedCall:
    """A call of a recorded conversation, as it was judged before it ran."""

    call_id: str | None
    """Its id in the conversation."""
    node: PlanNode
    decision: Decision
    context: GovernanceContext
    plan: ExecutionPlan
    """What the decision is about: the calls up to this one, which is the last."""
    origins: tuple[ValueOrigin, ...]
    """Where its values first stood."""

    @property
    def energy(self) -> float:
        """The energy of the call, finite; `MAX_ENERGY` where a rule denies it or it could not be judged."""
        assessment = self.decision.assessment
        return MAX_ENERGY if assessment is None else min(assessment.energy, MAX_ENERGY)


def replay(
    guard: CallJudge,
    messages: Iterable[Any],
    context: GovernanceContext | dict[str, Any],
    *,
    sources: ToolSources | None = None,
    format: str = AUTO,
    tracer: ConversationTracer | None = None,
) -> Iterator[ReplayedCall]:
    """Yield every call of a conversation with the decision on it, in order.

    A call is judged with the calls that stand before it, those of its own message included, and with the results that had come
    by then. Costs are those of the guard's decisions: messages are traced once, the context is read once, and its policy is
    compiled once by the guard.

    Args:
        guard: one without a deadline makes the decisions independent of the machine's load.
        messages: all of the conversation, in order.
        context: whose `user_request` is the request; without one, it is what the user had said before the call.
        sources: whose text each tool returns; by default told by the tools' names.
        format: of the messages; `auto` tells each by its shape.
        tracer: a new one, in place of one by `sources` and `format`: it is asked afterwards for what was read.

    Raises:
        InputError: if the context cannot be read; and at a message that cannot be read or does not fit, after the calls before
            it, as `ConversationTracer.feed`.
    """
    asking = Asking(context)
    if tracer is None:
        tracer = ConversationTracer(sources=sources, format=format)
    agreement = Agreement()
    for message in messages:
        found = events(message, tracer.num_messages, tracer.format)
        nodes = tracer.take(agreement.without_yes(found), join_path("messages", tracer.num_messages))
        if asking.is_open(tracer.request):
            agreement.user_said([event.text for event in found if isinstance(event, Said) and event.is_user])
        stated = text_of_the_model(message)
        if not nodes:
            agreement.model_said(stated)
            continue
        said = tracer.request
        plan, now = tracer.plan(), asking.context(said)
        for behind, node in zip(range(len(nodes) - 1, -1, -1), nodes, strict=True):
            so_far = _without_last(plan, behind)

            def again(offer: str, node: PlanNode = node, so_far: ExecutionPlan = so_far, said: str = said) -> Decision:
                agreed = asking.context(f"{said}\n\n{offer}")
                return judge_call(guard, partial(_question, agreed, so_far), node)

            decision = judge_call(guard, partial(_question, now, so_far), node)
            decision, offer = agreement.settled(node, decision, said, again)
            if offer:
                agreement.use(offer)
            yield ReplayedCall(
                call_id=(node.model_extra or {}).get("call_id"),
                node=node,
                decision=decision,
                context=now,
                plan=so_far,
                origins=tracer.origins(node.node_id),
            )
        agreement.model_said(stated)


def _question(context: GovernanceContext, plan: ExecutionPlan) -> tuple[GovernanceContext, ExecutionPlan]:
    return context, plan


def _without_last(plan: ExecutionPlan, count: int) -> ExecutionPlan:
    """Return the plan without its last calls, which no other call builds on."""
    if not count:
        return plan
    nodes = plan.nodes[: len(plan.nodes) - count]
    left_out = {node.node_id for node in plan.nodes[len(nodes) :]}
    return ExecutionPlan(nodes=nodes, edges=tuple(e for e in plan.edges if e.target not in left_out))
