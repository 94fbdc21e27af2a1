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

import asyncio
import hashlib
import inspect
import secrets
import threading
from collections.abc import Callable, Generator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar, get_args

from gatling.adapters import AUTO, ConversationTracer
from gatling.adapters.format import arguments_of
from gatling.adapters.formats import events
from gatling.adapters.plain import plain_message
from gatling.energy import Code
from gatling.energy.finding import SEVERITY
from gatling.errors import ConfigError, InputError
from gatling.guard.approval import Approvals
from gatling.guard.asking import CallJudge, judge_call
from gatling.guard.decision import Decision, Mode, denial, fault_of, shown_reason
from gatling.guard.escalation import Answer, Escalation, OnEscalate, answer_of
from gatling.guard.limits import Counters, Limits
from gatling.guard.stop import StopSwitch
from gatling.guard.terms import LivePolicy, Terms
from gatling.policy import PolicySource
from gatling.provenance.events import Event, Foreign, ProposedCall, Result, Said
from gatling.provenance.sources import Output, ToolOutput, ToolSources
from gatling.schema import ExecutionPlan, GovernanceContext, PlanNode
from gatling.schema.plain import canonical_json, join_path

Checked = tuple[PlanNode, Decision]
"""A call with the decision on it."""
_T = TypeVar("_T")
_Steps = Generator[Escalation, "Answer | Exception | None", _T]
"""Yields what a person is asked, takes what she answers, returns the outcome: the same for callers that wait and that await."""


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
    ) -> None:
        if mode not in get_args(Mode):
            raise ConfigError(f"mode is {mode!r}, it must be one of {', '.join(get_args(Mode))}")
        if inspect.iscoroutinefunction(on_decision):
            raise ConfigError("on_decision is a coroutine function: nobody would await it")
        if id is not None and not id.strip():
            raise ConfigError("id is empty")
        self.id = id if id is not None else secrets.token_hex(8)
        self.mode: Mode = mode
        self.deadline_ms = deadline_ms
        self._guard = guard
        self._terms: tuple[Terms, ...] = (Terms(guard, policy, role, session_context),)
        self._on_escalate = on_escalate
        self._on_decision = on_decision
        self._shared = _Shared(
            tracer=ConversationTracer(sources=sources, format=format),
            counters=Counters(limits if limits is not None else Limits()),
            stops=stops if stops is not None else StopSwitch(),
            approvals=approvals,
        )

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
        return self._run(self._of_message(message))

    async def acheck(self, message: Any) -> list[Checked]:
        """The same, without holding up the event loop; `on_escalate` may be a coroutine function."""
        return await self._arun(self._of_message(message))

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
            return self._run(self._of_call(tool_name, arguments, call_id, deadline_ms))
        except Exception as error:
            return self._unjudged(tool_name, call_id, error)

    async def ajudge(
        self, tool_name: str, arguments: Any, *, call_id: str | None = None, deadline_ms: float | None = None
    ) -> Decision:
        """The same, without holding up the event loop; `on_escalate` may be a coroutine function."""
        try:
            return await self._arun(self._of_call(tool_name, arguments, call_id, deadline_ms))
        except Exception as error:
            return self._unjudged(tool_name, call_id, error)

    # --- what an agent tells ------------------------------------------------------------------------------------------

    def feed_user(self, text: str) -> None:
        """Take what the user has said. Raises: InputError if it cannot be taken."""
        self._feed(Said(_text(text), is_user=True))

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
        with self._shared.lock:
            where = self._where()
            named = None if call_id is None else self._own_id(call_id)
            self._take([Result(named, tool_name, [data], has_media, where, rule=rule)], where)

    # --- what is known ------------------------------------------------------------------------------------------------

    @property
    def request(self) -> str:
        """What was asked: the stated request, else all that the user has said so far."""
        with self._shared.lock:
            return self._terms[-1].asking().request(self._shared.tracer.request)

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
        with self._shared.lock:
            if self._shared.approvals is None:
                self._shared.approvals = Approvals()
            return self._shared.approvals

    def stop(self, *, by: str = "", why: str = "") -> None:
        """Deny every further call of this session and its children, in every process. Raises: OSError if that cannot be noted."""
        self._shared.stops.stop(self.id, by=by, why=why)

    # --- taking -------------------------------------------------------------------------------------------------------

    def _of_message(self, message: Any) -> _Steps[list[Checked]]:
        with self._shared.lock:
            tracer = self._shared.tracer
            found = events(message, tracer.num_messages, tracer.format)
            judged = self._judge_all(found, self._where(), None)
        checked = []
        for call, node, decision in judged:
            node, decision = yield from self._ask(call, node, decision)
            checked.append((node, decision))
        return checked

    def _of_call(
        self, tool_name: str, arguments: Any, call_id: str | None, deadline_ms: float | None
    ) -> _Steps[Decision]:
        if not isinstance(tool_name, str) or not tool_name.strip():
            raise InputError("a call without the name of a tool")
        given = arguments_of(plain_message({"arguments": arguments}, "call")["arguments"], "arguments")
        call = ProposedCall(tool_name, given, call_id if call_id is not None else secrets.token_hex(8), "call")
        with self._shared.lock:
            known = self._known(call)
            if known is not None:
                return known
            [(_, node, decision)] = self._judge_all([call], self._where(), deadline_ms)
        return (yield from self._ask(call, node, decision))[1]

    def _known(self, call: ProposedCall) -> Decision | None:
        """Return the decision on a call that may run and waits for its result; a denial for another call under its id."""
        waiting = self._shared.waiting.get(self._own_id(call.call_id or ""))
        if waiting is None:
            return None
        if why := self._shared.stops.is_stopped(self.id):
            return self._stopped(why, call.tool_name)
        if waiting.call_digest != call_digest(call.tool_name, call.arguments):
            reason = f"another call waits for its result under the id {call.call_id!r}"
            return replace(denial(reason), tool_name=call.tool_name, call_id=call.call_id or "")
        return waiting

    def _feed(self, event: Event) -> None:
        with self._shared.lock:
            self._take([event], self._where())

    def _where(self) -> str:
        return join_path("messages", self._shared.tracer.num_messages)

    def _own_id(self, call_id: str) -> str:
        return call_id

    def _take(self, found: list[Event], where: str) -> tuple[PlanNode, ...]:
        """Take what has happened; return the calls in it."""
        shared = self._shared
        nodes = shared.tracer.take(found, where)
        for event in found:
            if isinstance(event, Result) and event.call_id is not None:
                shared.waiting.pop(event.call_id, None)
        return nodes

    # --- judging ------------------------------------------------------------------------------------------------------

    def _judge_all(
        self, found: list[Event], where: str, deadline_ms: float | None
    ) -> list[tuple[ProposedCall, PlanNode, Decision]]:
        """Take a message and judge its calls, in order; those that may not run leave the plan."""
        shared = self._shared
        nodes = self._take(found, where)
        waiting = {node.node_id for node in shared.tracer.pending}
        open_calls = {node.node_id for node in nodes if node.node_id in waiting}  # not allowed, so far or at all
        judged: list[tuple[ProposedCall, PlanNode, Decision]] = []
        calls = [event for event in found if isinstance(event, ProposedCall)]
        try:
            for call, node in zip(calls, nodes, strict=True):
                decision = self._decide(call, node, open_calls - {node.node_id}, deadline_ms)
                judged.append((call, node, decision))
                if decision.is_allowed:
                    open_calls.discard(node.node_id)
                    if node.node_id in waiting and call.call_id is not None:
                        shared.waiting[call.call_id] = decision
        finally:  # whatever ends this, a call that nobody has allowed is not one that runs
            for node_id in open_calls:
                shared.tracer.withdraw(node_id)
        shared.decisions += [(node, decision) for _, node, decision in judged]
        return judged

    def _decide(self, call: ProposedCall, node: PlanNode, others: set[str], deadline_ms: float | None) -> Decision:
        """Return the decision on a call, as it is from now on."""
        digest = call_digest(node.tool_name, node.arguments)
        is_final = False
        try:
            decision = self._verdict(node, others, digest, deadline_ms)
            is_final = any(reason.code is Code.STOPPED for reason in decision.reasons)
        except Exception as error:  # whatever it is, it must not allow
            decision = denial(fault_of(error))
        decision = self._of(call, digest, decision, "enforce" if is_final else self.mode)
        if self._on_decision is not None:
            try:
                self._on_decision(node, decision)
            except Exception as error:
                decision = self._of(call, digest, denial(f"on_decision: {fault_of(error)}"), "enforce")
        if decision.verdict == "deny" and not any(r.code is Code.LOOP for r in decision.reasons):
            self._shared.counters.refused(digest, call.call_id or node.node_id)
        return decision

    def _of(self, call: ProposedCall, digest: str, decision: Decision, mode: Mode) -> Decision:
        return replace(decision, tool_name=call.tool_name, call_id=call.call_id or "", call_digest=digest, mode=mode)

    def _verdict(self, node: PlanNode, others: set[str], digest: str, deadline_ms: float | None) -> Decision:
        shared = self._shared
        if why := shared.stops.is_stopped(self.id):
            return denial(why, code=Code.STOPPED, wanted="nothing")
        early = shared.counters.before(digest)
        decision = early if early is not None else self._judged(node, others, deadline_ms)
        if decision.verdict != "deny":
            over = shared.counters.over(node.tool_name, node.arguments)
            decision = decision if over is None else _with_digests(over, decision)
        if decision.verdict == "escalate" and self.mode == "enforce":
            decision = self._by_word(node, decision)
        if decision.verdict == "allow" or self.mode != "enforce":
            if why := shared.stops.is_stopped(self.id):  # in the meantime
                return _with_digests(denial(why, code=Code.STOPPED, wanted="nothing"), decision)
            if decision.verdict == "allow":
                shared.counters.count(node.tool_name, node.arguments)
        return decision

    def _judged(self, node: PlanNode, others: set[str], deadline_ms: float | None) -> Decision:
        """Judge a call without those of its message that are refused, or that stand behind it; by all terms, the worst counts."""
        limit = deadline_ms if deadline_ms is not None else self.deadline_ms
        tracer = self._shared.tracer
        decisions = []
        for terms in self._terms:

            def question(terms: Terms = terms) -> tuple[GovernanceContext, ExecutionPlan]:
                return terms.asking().context(tracer.request), _without(tracer.plan(), others)

            decisions.append(judge_call(terms.guard, question, node, deadline_ms=limit))
        return max(reversed(decisions), key=lambda d: SEVERITY[d.verdict])  # of equals the session's own

    def _by_word(self, node: PlanNode, decision: Decision) -> Decision:
        """Let a person's word decide an escalated call, or let the call wait for it."""
        if not decision.policy_digest:
            return decision
        binding = _digest([self.id, node.tool_name, node.arguments, decision.policy_digest])
        word = self.approvals.take(binding)
        if word is None:
            reasons = tuple(shown_reason(reason) for reason in decision.reasons)
            pending = self.approvals.ask(
                binding, session=self.id, tool_name=node.tool_name, arguments=node.arguments, reasons=reasons
            )
            return replace(decision, pending=pending)
        if word.is_approved:
            return replace(decision, verdict="allow", approval=word)
        refused = denial(f"{word.by} refused it", code=Code.REFUSED, wanted="another call, or the word of a person")
        return replace(_with_digests(refused, decision), approval=word)

    # --- asking a person ----------------------------------------------------------------------------------------------

    def _ask(self, call: ProposedCall, node: PlanNode, decision: Decision) -> _Steps[Checked]:
        """Ask `on_escalate` about a call that waits; nothing is locked while somebody thinks."""
        if not decision.pending or self._on_escalate is None or decision.is_allowed:
            return node, decision
        answer = yield Escalation(decision.pending, self.id, node.tool_name, dict(node.arguments), decision)
        if answer is None:
            return node, decision
        if isinstance(answer, Exception):
            return node, self._of(call, decision.call_digest, denial(fault_of(answer)), self.mode)
        try:
            with self._shared.lock:
                return self._answered(call, node, decision, answer)
        except Exception as error:
            return node, self._of(call, decision.call_digest, denial(fault_of(error)), self.mode)

    def _answered(self, call: ProposedCall, node: PlanNode, decision: Decision, answer: Answer) -> Checked:
        if answer.takes_repaired and answer.is_approved:
            if decision.repaired_arguments is None:
                raise InputError("there are no repaired arguments to take")
            self.approvals.refuse(decision.pending, by=answer.by)
            repaired = replace(call, arguments=decision.repaired_arguments)
            [(_, node, decision)] = self._judge_all([repaired], self._where(), None)
            return node, replace(decision, arguments=dict(node.arguments)) if decision.is_allowed else decision
        decide = self.approvals.approve if answer.is_approved else self.approvals.refuse
        decide(decision.pending, by=answer.by)
        [(_, node, decision)] = self._judge_all([call], self._where(), None)
        return node, decision

    def _run(self, steps: _Steps[_T]) -> _T:
        answer: Answer | Exception | None = None
        try:
            while True:
                answer = self._answer(steps.send(answer))
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]

    async def _arun(self, steps: _Steps[_T]) -> _T:
        answer: Answer | Exception | None = None
        while True:
            question, value = await asyncio.to_thread(_advance, steps, answer)
            if question is None:
                return value  # type: ignore[no-any-return]
            try:
                given: Any = self._on_escalate(question) if self._on_escalate else None
                answer = answer_of(await given if inspect.isawaitable(given) else given)
            except Exception as error:
                answer = error

    def _answer(self, question: Escalation) -> Answer | Exception | None:
        try:
            given: Any = self._on_escalate(question) if self._on_escalate else None
            if inspect.iscoroutine(given):
                try:
                    asyncio.get_running_loop()
                except RuntimeError:
                    given = asyncio.run(given)
                else:
                    given.close()
                    raise InputError("on_escalate is a coroutine function: use acheck or ajudge inside an event loop")
            return answer_of(given)
        except Exception as error:
            return error

    def _stopped(self, why: str, tool_name: str) -> Decision:
        return replace(denial(why, code=Code.STOPPED, wanted="nothing"), tool_name=tool_name)

    def _unjudged(self, tool_name: Any, call_id: str | None, error: Exception) -> Decision:
        """Return the denial of a call that could not even be taken. It counts in every mode: nobody knows what would run."""
        return replace(denial(fault_of(error)), tool_name=str(tool_name)[:100], call_id=call_id or "")


@dataclass(slots=True)
class _Shared:
    """What a session and its children have in common."""

    tracer: ConversationTracer
    counters: Counters
    stops: StopSwitch
    approvals: Approvals | None
    decisions: list[Checked] = field(default_factory=list)
    waiting: dict[str, Decision] = field(default_factory=dict)
    """By the id of the call: what may run and has no result yet."""
    lock: threading.RLock = field(default_factory=threading.RLock)


def call_digest(tool_name: str, arguments: dict[str, Any]) -> str:
    """Return the digest of a call: of the tool's name and the arguments."""
    return _digest([tool_name, arguments])


def _digest(data: Any) -> str:
    return hashlib.sha256(canonical_json(data).encode()).hexdigest()


def _text(text: Any) -> str:
    if not isinstance(text, str):
        raise InputError(f"a {type(text).__name__}, wanted text")
    return str(plain_message({"text": text}, "text")["text"])


def _with_digests(decision: Decision, judged: Decision) -> Decision:
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


def _advance(steps: _Steps[Any], answer: Answer | Exception | None) -> tuple[Escalation | None, Any]:
    """Go on to the next question, or to the end; a `StopIteration` cannot leave a thread."""
    try:
        return steps.send(answer), None
    except StopIteration as end:
        return None, end.value
