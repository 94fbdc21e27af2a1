"""One conversation of one user under one policy: what an agent asks before it runs the calls of a message.

    session = Session(guard, policy="policy.yaml", role="clerk")
    session.check({"role": "user", "content": "Read report.txt."})      # []: nothing to decide
    for call, decision in session.check(answer_of_the_model):           # all of its calls, before the first one runs
        if decision.is_allowed:
            session.check(result_of(run(call.tool_name, call.arguments)))

Where a framework has the parts of a message and not the message, the same in parts:

    session.feed_user("Read report.txt.")
    decision = session.judge("read_file", {"path": "report.txt"}, call_id="c1")
    if decision.is_allowed:
        session.feed_result("c1", run(...))
    else:
        tell_the_model(decision.text_for_agent)

- All calls of a message are judged before this returns; each in the light of what has run, and of the calls of the same message
  that are allowed and stand before it.
- A call that is not allowed leaves the plan: no later call is judged by it or builds on it. It needs no result, and a result of
  it is an error, as it must not have run. What the vendor of a model has run already, before it told, stays in the plan.
- A message that cannot be read is an `InputError`, nothing of it may run, and the session goes on as if it had not come. Whatever
  else goes wrong while judging denies.
- A call that was judged and waits for its result is not judged again: the same id, tool and arguments get the same decision.
"""

from __future__ import annotations

import inspect
import math
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, get_args, overload

from gatling.adapters import AUTO, ConversationTracer
from gatling.adapters.format import arguments_of
from gatling.adapters.formats import events
from gatling.adapters.plain import holds_unreadable, plain_message
from gatling.adapters.stated import text_of_the_model
from gatling.errors import ConfigError, GatlingError, InputError
from gatling.guard.approval import Approvals
from gatling.guard.asking import CallJudge
from gatling.guard.decision import Decision, Mode, denial, fault_of
from gatling.guard.escalation import Answer, Escalation, OnEscalate
from gatling.guard.gated import OnRefusal, gated
from gatling.guard.limits import Counters, Limits
from gatling.guard.steps import Steps, arun, run
from gatling.guard.stop import StopSwitch
from gatling.guard.terms import LivePolicy, Terms
from gatling.guard.verdicts import Checked, DecisionLog, Shared, Verdicts, call_digest
from gatling.policy import PolicySource
from gatling.provenance.events import Event, Foreign, ProposedCall, Result, Said
from gatling.provenance.sources import Output, ToolOutput, ToolSources
from gatling.schema import ExecutionPlan, PlanNode
from gatling.schema.plain import join_path

Recalled = Callable[[ProposedCall, PlanNode], Decision]
P = ParamSpec("P")
R = TypeVar("R")


class Session:
    """Judges the calls of one conversation, message by message. Safe to share between threads; one message at a time is judged.

    Args:
        guard: shared between as many sessions as you like. What tools do (`catalog=`) is told to the guard.
        policy: a dictionary, the path of a JSON or YAML file, or what `gatling.policy.read_policy` returned; from a file, reasons
            name lines. It is read once: changes made later do not count. A `PolicyFile` is read anew when the file changes.
        role: the user's role.
        sources: whose text each tool returns; by default told by the tools' names.
        session_context: what else is known of the session: who the user is, where she is, what she has confirmed. A
            `user_request` in it is the request, and then what stands in the messages of the role `user` does not add to it: state
            it where these hold more than the user wrote, such as retrieved documents. Without it the request is all that the user
            has said so far.
        format: of the messages; `auto` tells each by its shape.
        id: the session's name in logs, approvals and for `gatling stop`; by default a random one.
        mode: `enforce`; or `warn` or `shadow`, in which calls run whatever the verdict is. A stop holds in every mode.
        deadline_ms: of one decision, in place of the guard's.
        on_escalate: called with an `Escalation` for a call that only a person may let pass. Without it, or where it answers None,
            the call waits in `approvals`.
        on_decision: called with every call and the decision on it, before anybody else knows. If it raises, the call is denied.
        limits: what the session may do in all, and how often the same call may be refused.
        approvals: where calls wait for a person's word; by default in memory.
        stops: the flags of `gatling stop`; by default those of this user's folder.
        log: where every decision is written before its call runs (`AuditLog`). One that cannot be written denies.
        offers_repairs: look for arguments with which a call that is not allowed would be, and offer them
            (`decision.repaired_arguments`).
        age_s: how long ago the session began, where it goes on in another process (`recall`).

    Raises:
        InputError: if policy, role or session context cannot be read, or the policy is not of the format that the guard takes.
        ConfigError: if the mode is none, or a callback cannot be called.
    """

    def __init__(
        self,
        guard: CallJudge,
        *,
        policy: dict[str, Any] | str | Path | PolicySource | LivePolicy,
        role: str,
        sources: ToolSources | None = None,
        session_context: dict[str, Any] | None = None,
        format: str = AUTO,
        id: str | None = None,
        mode: Mode = "enforce",
        deadline_ms: float | None = None,
        on_escalate: OnEscalate | None = None,
        on_decision: Callable[[PlanNode, Decision], object] | None = None,
        limits: Limits | None = None,
        approvals: Approvals | None = None,
        stops: StopSwitch | None = None,
        log: DecisionLog | None = None,
        offers_repairs: bool = False,
        age_s: float = 0.0,
    ) -> None:
        if mode not in get_args(Mode):
            raise ConfigError(f"mode is {mode!r}, it must be one of {', '.join(get_args(Mode))}")
        _check_deadline(deadline_ms)
        if inspect.iscoroutinefunction(on_decision):
            raise ConfigError("on_decision is a coroutine function: nobody would await it")
        if id is not None and not id.strip():
            raise ConfigError("id is empty")
        shared = Shared(
            tracer=ConversationTracer(sources=sources, format=format),
            counters=Counters(limits if limits is not None else Limits(), age_s=age_s),
            stops=stops if stops is not None else StopSwitch(),
            approvals=approvals,
            log=log,
        )
        self.id = id if id is not None else secrets.token_hex(8)
        self._shared = shared
        self._on_escalate = on_escalate
        self._verdicts = Verdicts(
            self.id,
            shared,
            (Terms(guard, policy, role, session_context),),
            (),
            mode,
            deadline_ms,
            offers_repairs,
            on_decision,
        )
        self._prefix = ""
        """Of the ids of a child's calls: those of two conversations may be the same."""

    def child(
        self,
        name: str,
        *,
        policy: dict[str, Any] | str | Path | PolicySource | LivePolicy | None = None,
        role: str | None = None,
        tools: Iterable[str] | None = None,
    ) -> Session:
        """Return the session of a sub-agent.

        - It knows all that its parent has read, and its parent all that it reads: a value of a stranger's text stays one.
        - Its task is the parent's words and no request. The request is that of the user, and the words of the role `user` or
          `system` in its messages are not taken. What else its prompt holds, such as retrieved documents: `feed_foreign`.
        - It may do what its parent may, and of that what its own policy, role and tools allow. Limits, approvals, log, mode and
          stops are the parent's.

        Args:
            name: its id is that of the parent, a slash, and this.
            policy, role: its own, beside those of the parent.
            tools: names, or patterns with `*` and `?`; by default all.

        Raises:
            ConfigError: if the name is empty or has a slash in it.
            InputError: if the policy cannot be read.
        """
        if not name.strip() or "/" in name:
            raise ConfigError(f"the name of a child is {name!r}, wanted one without a slash")
        own = self._verdicts.terms[-1]
        terms = self._verdicts.terms
        if policy is not None or role is not None:
            terms = (*terms, own.narrowed(policy, role))
        patterns = self._verdicts.tools if tools is None else (*self._verdicts.tools, tuple(tools))
        with self._shared.lock:
            known, number = f"{self.id}/{name}", 1
            while known in self._shared.names:
                number += 1
                known = f"{self.id}/{name}-{number}"
            self._shared.names.add(known)
        child = object.__new__(Session)
        child.id = known
        child._shared, child._on_escalate = self._shared, self._on_escalate
        child._verdicts = replace(self._verdicts, session=known, terms=terms, tools=patterns)
        child._prefix = f"{known}:"
        return child

    # --- what an agent asks -------------------------------------------------------------------------------------------

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
        return run(self._of_message(message), self._on_escalate)

    def recall(self, message: Any, decisions: Iterable[Decision] | None) -> None:
        """Take a message that this session has checked before, in another process: nothing is judged, told or written anew.

        Args:
            decisions: on its calls, in order, as `check` returned them. None for a message from before the session, whose calls
                have run, whoever let them.

        Raises:
            InputError: if the message does not fit, or a decision is missing, or is one on another call.
        """
        with self._shared.lock:
            tracer = self._shared.tracer
            self._recall(events(message, tracer.num_messages, tracer.format), decisions)
            self._model_said(text_of_the_model(message))

    def recall_call(self, tool_name: str, arguments: Any, decision: Decision) -> None:
        """The same for a call that was judged by `judge`. Raises: InputError, as `recall`."""
        with self._shared.lock:
            self._recall([_proposed(tool_name, arguments, decision.call_id or None)], [decision])

    async def acheck(self, message: Any) -> list[Checked]:
        """The same, without holding up the event loop; `on_escalate` may be a coroutine function."""
        return await arun(self._of_message(message), self._on_escalate)

    def judge(
        self, tool_name: str, arguments: Any, *, call_id: str | None = None, deadline_ms: float | None = None
    ) -> Decision:
        """Judge one call, for frameworks that have calls and no messages. This never raises but for an interrupt: what cannot be
        judged is denied.

        Args:
            arguments: an object, or JSON text of one.
            call_id: of the conversation. The same call under the same id, judged again while it waits for its result, gets the
                same decision; another call under it is denied. Without one, `decision.call_id` is made up.
            deadline_ms: in place of the session's.
        """
        try:
            return run(self._of_call(tool_name, arguments, call_id, deadline_ms), self._on_escalate)
        except Exception as error:
            return self._unjudged(tool_name, call_id, error)

    async def ajudge(
        self, tool_name: str, arguments: Any, *, call_id: str | None = None, deadline_ms: float | None = None
    ) -> Decision:
        """The same, without holding up the event loop; `on_escalate` may be a coroutine function."""
        try:
            return await arun(self._of_call(tool_name, arguments, call_id, deadline_ms), self._on_escalate)
        except Exception as error:
            return self._unjudged(tool_name, call_id, error)

    @overload
    def tool(self, function: Callable[P, R], /) -> Callable[P, R]: ...
    @overload
    def tool(
        self, /, *, name: str | None = None, source: Output | ToolOutput | None = None, refused: OnRefusal = "raise"
    ) -> Callable[[Callable[P, R]], Callable[P, R]]: ...
    def tool(
        self,
        function: Callable[..., Any] | None = None,
        /,
        *,
        name: str | None = None,
        source: Output | ToolOutput | None = None,
        refused: OnRefusal = "raise",
    ) -> Any:
        """Make a function ask this session before every call, and tell it what came of it.

            @session.tool
            def read_file(path: str) -> str: ...

        Args:
            name: of the tool; by default that of the function.
            source: whose text it returns; by default told by the session's `sources`.
            refused: `raise` a `CallRefused`; or return its `text` to the agent in place of an output.
        """
        settings: dict[str, Any] = {"name": name, "source": source, "refused": refused}
        if function is None:
            return partial(gated, self, **settings)
        return gated(self, function, **settings)

    # --- what an agent tells ------------------------------------------------------------------------------------------

    def feed_user(self, text: str) -> None:
        """Take what the user has said. Raises: InputError if it cannot be taken."""
        self._feed(Said(_text(text), is_user=True))

    def feed_assistant(self, text: str) -> None:
        """Take what the model has said to the user: a yes of the user counts for the call that it states. It is nobody else's
        word. Raises: InputError if it is no text."""
        with self._shared.lock:
            self._model_said(_text(text))

    def feed_system(self, text: str) -> None:
        """Take a system prompt: the developer's words. Raises: InputError if it cannot be taken."""
        self._feed(Said(_text(text), is_user=False))

    def feed_foreign(self, data: Any) -> None:
        """Take what somebody else wrote and the model reads, beside results: retrieved documents, descriptions of tools.
        Raises: InputError if it cannot be taken; then the model must not read it."""
        self._feed(Foreign(plain_message({"data": data}, "data")["data"]))

    def feed_result(
        self,
        call_id: str | None,
        output: Any,
        *,
        tool_name: str | None = None,
        source: Output | ToolOutput | None = None,
        has_media: bool = False,
    ) -> None:
        """Take what a call returned, before the model reads it.

        Args:
            call_id: as given to `judge`, or `decision.call_id`; None to find the call by `tool_name`.
            output: text, or JSON data. Of a text that is JSON, the values count.
            source: whose text it is, where that is known of this very result: `trusted` (first-party) or `outsiders`.
            has_media: whether there are images, sound or files in it, whose text cannot be read here.

        Raises:
            InputError: if no call waits under this id, or the output cannot be read: the model must not read it either.
        """
        rule = ToolOutput(source) if isinstance(source, str) else source
        data = plain_message({"output": output}, "output")["output"]
        has_media = has_media or holds_unreadable(data)
        with self._shared.lock:
            where = self._where()
            self._take([Result(call_id, tool_name, [data], has_media, where, rule=rule)], where)

    # --- what is known ------------------------------------------------------------------------------------------------

    @property
    def request(self) -> str:
        """What was asked: the stated request, else all that the user has said so far."""
        with self._shared.lock:
            return self._verdicts.terms[-1].asking().request(self._shared.tracer.request)

    @property
    def plan(self) -> ExecutionPlan | None:
        """The calls that were allowed, in order, with the data that flows between them; None before the first."""
        with self._shared.lock:
            return self._shared.tracer.plan() if self._shared.tracer.has_calls else None

    @property
    def decisions(self) -> tuple[Checked, ...]:
        """Every call so far with the decision on it, in order."""
        with self._shared.lock:
            return tuple(self._shared.decisions)

    @property
    def approvals(self) -> Approvals:
        """Where calls wait for a person's word: `session.approvals.approve(decision.pending, by="ann")`."""
        return self._shared.the_approvals()

    def stop(self, *, by: str = "", why: str = "") -> None:
        """Deny every further call of this session and its children, in every process. Raises: OSError if that cannot be noted."""
        self._shared.stops.stop(self.id, by=by, why=why)

    # --- taking -------------------------------------------------------------------------------------------------------

    def _feed(self, event: Event) -> None:
        with self._shared.lock:
            self._take([event], self._where())

    def _where(self) -> str:
        return join_path("messages", self._shared.tracer.num_messages)

    def _take(self, found: list[Event], where: str) -> tuple[PlanNode, ...]:
        """Take what has happened; return the calls in it."""
        if self._prefix:
            found = [self._of_a_child(event) for event in found if not isinstance(event, Said)]
        agreement = self._shared.agreement
        kept = agreement.without_yes(found)
        nodes = self._shared.tracer.take(kept, where)
        if self._verdicts.terms[0].asking().is_open(self._shared.tracer.request):
            agreement.user_said([event.text for event in found if isinstance(event, Said) and event.is_user])
        for event in found:
            if isinstance(event, Result) and event.call_id is not None:
                self._shared.waiting.pop(event.call_id, None)
        return nodes

    def _model_said(self, text: str) -> None:
        if not self._prefix:  # what a child says, its parent reads, and no user
            self._shared.agreement.model_said(text)

    def _of_a_child(self, event: Event) -> Event:
        if isinstance(event, (ProposedCall, Result)) and event.call_id is not None:
            return replace(event, call_id=self._prefix + event.call_id)
        return event

    # --- judging ------------------------------------------------------------------------------------------------------

    def _of_message(self, message: Any) -> Steps[list[Checked]]:
        with self._held(None):
            tracer = self._shared.tracer
            found = events(message, tracer.num_messages, tracer.format)
            stated = text_of_the_model(message)
            judged = self._judge(found, None)
            self._model_said(stated)
        checked = []
        for call, node, decision in judged:
            checked.append((yield from self._ask(call, node, decision)))
        return checked

    def _of_call(
        self, tool_name: str, arguments: Any, call_id: str | None, deadline_ms: float | None
    ) -> Steps[Decision]:
        call = _proposed(tool_name, arguments, call_id)
        with self._held(deadline_ms):
            known = self._known(call)
            if known is not None:
                return known
            [(_, node, decision)] = self._judge([call], deadline_ms)
        return (yield from self._ask(call, node, decision))[1]

    @contextmanager
    def _held(self, deadline_ms: float | None) -> Iterator[None]:
        """Hold the session. Raises: GatlingError if another call is being judged until the deadline is over; ConfigError for a
        deadline that is none."""
        limit = deadline_ms if deadline_ms is not None else self._verdicts.deadline_ms
        _check_deadline(limit)
        if not self._shared.lock.acquire(timeout=-1 if limit is None else limit / 1e3):
            raise GatlingError(f"no decision within {limit:g} ms: another call of the session is being judged")
        try:
            yield
        finally:
            self._shared.lock.release()

    def _known(self, call: ProposedCall) -> Decision | None:
        """Return the decision on a call that may run and waits for its result; a denial for another call under its id."""
        known_id = f"{self._prefix}{call.call_id}"
        waiting = self._shared.waiting.get(known_id)
        if waiting is None:
            return None
        if all((node.model_extra or {}).get("call_id") != known_id for node in self._shared.tracer.pending):
            del self._shared.waiting[known_id]  # its result came without an id
            return None
        decision = self._verdicts.stopped()
        if waiting.call_digest != call_digest(call.tool_name, call.arguments):
            decision = denial(f"another call waits for its result under the id {call.call_id!r}")
        return waiting if decision is None else self._verdicts.unjudged(decision, call.tool_name, call.call_id)

    def _recall(self, found: list[Event], decisions: Iterable[Decision] | None) -> None:
        num_calls = sum(isinstance(event, ProposedCall) for event in found)
        recorded = [None] * num_calls if decisions is None else list(decisions)
        if len(recorded) != num_calls:
            raise InputError(f"{len(recorded)} decisions are recorded, and there are {num_calls} calls")
        left = iter(recorded)
        self._judge(found, None, lambda call, node: self._verdicts.recall(call, node, next(left)))

    def _judge(
        self, found: list[Event], deadline_ms: float | None, recalled: Recalled | None = None
    ) -> list[tuple[ProposedCall, PlanNode, Decision]]:
        """Take a message and judge its calls, in order, or recall what was decided; those that may not run leave the plan."""
        shared = self._shared
        nodes = self._take(found, self._where())
        waiting = {node.node_id for node in shared.tracer.pending}
        open_calls = {node.node_id for node in nodes if node.node_id in waiting}  # not allowed, so far or at all
        judged: list[tuple[ProposedCall, PlanNode, Decision]] = []
        calls = [event for event in found if isinstance(event, ProposedCall)]
        try:
            for call, node in zip(calls, nodes, strict=True):
                if recalled is not None:
                    decision = recalled(call, node)
                else:
                    decision = self._verdicts.decide(call, node, open_calls - {node.node_id}, deadline_ms)
                shown = node.model_copy(update={"call_id": call.call_id}) if self._prefix and call.call_id else node
                judged.append((call, shown, decision))
                if decision.is_allowed:
                    open_calls.discard(node.node_id)
                    if node.node_id in waiting and call.call_id is not None:
                        shared.waiting[f"{self._prefix}{call.call_id}"] = decision
        finally:  # whatever ends this, a call that nobody has allowed is not one that runs
            for node_id in open_calls:
                shared.tracer.withdraw(node_id)
        shared.decisions += [(node, decision) for _, node, decision in judged]
        return judged

    # --- asking a person ----------------------------------------------------------------------------------------------

    def _ask(self, call: ProposedCall, node: PlanNode, decision: Decision) -> Steps[Checked]:
        """Ask `on_escalate` about a call that waits; nothing is locked while somebody thinks."""
        if not decision.pending or self._on_escalate is None or decision.is_allowed:
            return node, decision
        reply = yield Escalation(decision.pending, self.id, node.tool_name, dict(node.arguments), decision)
        if reply is None:
            return node, decision
        with self._shared.lock:
            try:
                if isinstance(reply, Exception):
                    raise reply
                return self._answered(call, decision, reply)
            except Exception as error:
                return node, self._verdicts.settle(call, node, denial(fault_of(error)))

    def _answered(self, call: ProposedCall, decision: Decision, answer: Answer) -> Checked:
        approvals = self._shared.the_approvals()
        if not (answer.takes_repaired and answer.is_approved):
            decide = approvals.approve if answer.is_approved else approvals.refuse
            decide(decision.pending, by=answer.by)
            [(_, node, decision)] = self._judge([call], None)
            return node, decision
        if decision.repaired_arguments is None:
            raise InputError("there are no repaired arguments to take")
        approvals.refuse(decision.pending, by=answer.by)
        [(_, node, decision)] = self._judge([replace(call, arguments=decision.repaired_arguments)], None)
        return node, replace(decision, arguments=dict(node.arguments)) if decision.is_allowed else decision

    def _unjudged(self, tool_name: Any, call_id: str | None, error: Exception) -> Decision:
        """Return the denial of a call that could not even be taken. It counts in every mode: nobody knows what would run."""
        return self._verdicts.unjudged(denial(fault_of(error)), str(tool_name)[:100], call_id)


def _check_deadline(deadline_ms: float | None) -> None:
    if deadline_ms is not None and not 0 < deadline_ms < math.inf:
        raise ConfigError(f"deadline_ms is {deadline_ms}, it must be above 0 and finite")


def _proposed(tool_name: Any, arguments: Any, call_id: str | None) -> ProposedCall:
    if not isinstance(tool_name, str) or not tool_name.strip():
        raise InputError("a call without the name of a tool")
    given = arguments_of(plain_message({"arguments": arguments}, "call")["arguments"], "arguments")
    return ProposedCall(tool_name, given, call_id if call_id is not None else secrets.token_hex(8), "call")


def _text(text: Any) -> str:
    if not isinstance(text, str):
        raise InputError(f"a {type(text).__name__}, wanted text")
    return str(plain_message({"text": text}, "text")["text"])
