"""From the messages of a conversation to a plan."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gatling.adapters.formats import AUTO, events
from gatling.provenance.sources import ToolSources
from gatling.provenance.tracer import Tracer
from gatling.schema import ExecutionPlan, PlanNode
from gatling.schema.plain import join_path


class ConversationTracer(Tracer):
    """Follows a running agent: fed messages one by one, it says what each proposed call is made of.

        tracer = ConversationTracer(sources=ToolSources.from_file("sources.yaml"))
        for node in tracer.feed(message):   # the calls that this message proposes, before they run
            ...                             # audit tracer.plan(), which ends with them
        tracer.request                      # what the user has asked so far, for session_context

    A message that is refused changes nothing. A call by which the plan gets more than 65,536
    edges is taken, and from then on the plan and every further message are refused.
    """

    def __init__(self, *, sources: ToolSources | None = None, format: str = AUTO) -> None:
        super().__init__(sources=sources)
        self.format = format

    def feed(self, message: Any) -> tuple[PlanNode, ...]:
        """Take the next message and return the calls that it holds.

        Nodes are named `n1`, `n2`, ... in order; the id of the call in the conversation is their extra field `call_id`.

        Raises:
            InputError: with the message's index and the path in it: for a message of no known shape, malformed
                arguments, a result without a call or for one that has a result, an id that a pending call has, and
                beyond MAX_MESSAGES, MAX_CONVERSATION_CHARS, 4,096 calls or 65,536 edges.
        """
        where = join_path("messages", self.num_messages)
        return self.take(events(message, self.num_messages, self.format), where)


def plan_of_messages(
    messages: Iterable[Any], *, sources: ToolSources | None = None, format: str = AUTO
) -> ExecutionPlan:
    """Return the plan of a conversation: its tool calls, traced.

    Args:
        messages: OpenAI or Anthropic messages, OpenAI Responses items, or the JSON-RPC objects of an MCP session, in order.
        sources: whose text each tool returns; by default told by the tools' names.
        format: `auto` tells each message by itself; a name refuses the shapes of the others.

    Raises:
        InputError: as `ConversationTracer.feed`, and for a conversation without a call.
    """
    tracer = ConversationTracer(sources=sources, format=format)
    for message in messages:
        tracer.feed(message)
    return tracer.plan()
