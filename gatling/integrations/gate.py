"""What all adapters share: a session is told what a framework knows, and asked about each call before it runs.

- Whatever goes wrong in here is a denial with a reason: frameworks let a hook's error pass, or end the whole run by it.
- Messages are told once, whenever a framework shows its history. What was read before this process began is text of nobody known.
- All calls of a message are judged before the first one runs.
- A result that the session cannot take is withheld from the model.
"""

from __future__ import annotations

import asyncio
import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from gatling.errors import ConfigError, InputError
from gatling.guard import Decision, Session
from gatling.guard.decision import fault_of
from gatling.integrations.call import Call, Heard, ModelSaid, faulty
from gatling.provenance.events import Event, Foreign, Result, Said

MAX_CONVERSATIONS = 10_000
"""Of one adapter at a time; the one that was silent longest is forgotten, and read anew from its history when it goes on."""
SessionSource = Session | Callable[[str], Session]
"""The session of the one conversation, or what makes one for each, by the framework's name for it."""


@dataclass(slots=True)
class Gate:
    """One conversation.

    Raises:
        ConfigError: if `session` is none.
    """

    session: Session
    _heard: Counter[str] = field(default_factory=Counter)
    _kept: dict[str, tuple[Call, Decision]] = field(default_factory=dict)
    """By the id of the call: what was decided last."""
    _told: set[str] = field(default_factory=set)
    """Ids of calls whose decisions the framework knows. A vendor may use an id again in a later message."""
    _settled: set[str] = field(default_factory=set)
    """Ids of calls that were refused, or whose results the session knows."""
    _repeated: set[str] = field(default_factory=set)
    """Ids of calls whose refusal was told a second time."""
    _lost: Exception | None = None
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _waiting: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        if not isinstance(self.session, Session):
            raise ConfigError(f"a {type(self.session).__name__}, wanted a Session")

    def lose(self, error: Exception) -> None:
        """Note that the session lacks a part of what the model reads: every call is denied from now on."""
        self._lost = self._lost or error

    def hear_or_lose(self, messages: Iterable[Heard]) -> None:
        """The same as `hear` for what is about to be read: what cannot be taken denies every call from now on."""
        try:
            self.hear(messages)
        except Exception as error:
            self.lose(error)

    def hear(self, messages: Iterable[Heard]) -> None:
        """Tell the session what it has not been told yet. Raises: InputError for what it cannot take: then no call may run."""
        with self._lock:
            if self._lost is not None:
                raise self._lost
            shown: Counter[str] = Counter()
            for message in messages:
                shown[message.key] += 1
                if shown[message.key] > self._heard[message.key]:
                    for event in message.read():
                        self._tell(event)
                    self._heard[message.key] += 1

    def _tell(self, event: Event | ModelSaid) -> None:
        if isinstance(event, ModelSaid):
            self.session.feed_assistant(event.text)
        elif isinstance(event, Said):
            (self.session.feed_user if event.is_user else self.session.feed_system)(event.text)
        elif isinstance(event, Foreign):
            self.session.feed_foreign(event.data)
        elif isinstance(event, Result) and event.call_id not in self._settled:
            _, decision = self._kept.get(event.call_id or "", (None, None))
            if decision is not None and decision.is_allowed:
                self.session.feed_result(event.call_id, event.parts, has_media=event.has_media)
                self._settled.add(event.call_id or "")
            else:  # of a time before this process
                self.session.feed_foreign(event.parts)
        # A ProposedCall is judged when it is about to run.

    def judge(self, call: Call, history: Callable[[], Iterable[Heard]], siblings: Iterable[Call] = ()) -> Decision:
        """Return the decision on a call; a denial whatever goes wrong.

        Args:
            history: returns the framework's messages so far.
            siblings: all calls of the same message, in order.
        """
        try:
            with self._lock:
                self.hear(history())
                for one in self._to_judge(call, siblings):
                    given = self._given(one)
                    self._keep(one, self.session.judge(one.tool_name, given, call_id=one.call_id), given)
                return self._decided(call)
        except Exception as error:
            return faulty(call, error)

    async def ajudge(
        self, call: Call, history: Callable[[], Iterable[Heard]], siblings: Iterable[Call] = ()
    ) -> Decision:
        """The same, without holding up the event loop."""
        try:
            async with self._waiting:
                self.hear(history())
                for one in self._to_judge(call, siblings):
                    given = self._given(one)
                    self._keep(one, await self.session.ajudge(one.tool_name, given, call_id=one.call_id), given)
                return self._decided(call)
        except Exception as error:
            return faulty(call, error)

    def refused(self, call: Call) -> Decision | None:
        """Return the refusal of a call that was judged, once: for a framework that asks twice before a call would run."""
        with self._lock:
            kept = self._kept.get(call.call_id or "")
            if kept is None or not kept[0].is_as(call) or kept[1].is_allowed or call.call_id in self._repeated:
                return None
            self._repeated.add(call.call_id or "")
            return kept[1]

    def waits_for_word(self, call: Call) -> bool:
        """Tell whether a call was escalated, and nobody has decided yet."""
        with self._lock:
            kept = self._kept.get(call.call_id or "")
            return kept is not None and kept[0].is_as(call) and bool(kept[1].pending) and not kept[1].is_allowed

    def answered(self, call: Call, is_approved: bool, by: str) -> None:
        """Note what a person said to a call that waits; `judge` then decides by it. Raises: GatlingError if it does not wait."""
        with self._lock:
            if not self.waits_for_word(call):
                raise InputError(f"no call of {call.tool_name} waits for a person's word under the id {call.call_id!r}")
            approvals = self.session.approvals
            (approvals.approve if is_approved else approvals.refuse)(self._kept[call.call_id or ""][1].pending, by=by)

    def after_word(self, call: Call, is_approved: bool, by: str) -> Decision:
        """Return the decision on a call that waits, after what a person said; a denial whatever goes wrong."""
        try:
            self.answered(call, is_approved, by)
        except Exception as error:
            return faulty(call, error)
        return self.judge(call, list)

    async def aafter_word(self, call: Call, is_approved: bool, by: str) -> Decision:
        """The same, without holding up the event loop."""
        try:
            self.answered(call, is_approved, by)
        except Exception as error:
            return faulty(call, error)
        return await self.ajudge(call, list)

    def took(self, call_id: str | None, output: Any, *, shown: Any = None, has_media: bool = False) -> Any:
        """Tell what a call returned that ran; return what the model is to read: the output, or why it may not.

        Args:
            output: as the session should read it.
            shown: as the framework passes it on, if that is something else.
        """
        shown = output if shown is None else shown
        try:
            decision = self.tell_result(call_id, output, has_media=has_media)
        except Exception as error:
            return f"The result of the call is withheld, as it could not be read: {fault_of(error)}"
        if decision.mode == "warn" and isinstance(shown, str) and decision.text_for_agent:
            return f"{shown}\n\n{decision.text_for_agent}"
        return shown

    def tell_result(self, call_id: str | None, output: Any, *, has_media: bool = False) -> Decision:
        """Tell what a call returned that ran; return the decision on it. Raises: an error if it cannot be taken: nobody may
        read it then."""
        with self._lock:
            decision = self._kept[call_id or ""][1]
            self.session.feed_result(decision.call_id, output, has_media=has_media)
            self._settled.add(call_id or "")
            return decision

    def _to_judge(self, call: Call, siblings: Iterable[Call]) -> list[Call]:
        """Return the calls that are to be judged now: those of the same message come in its order."""
        siblings = [call if one.call_id == call.call_id else one for one in siblings] if call.call_id else []
        calls = siblings if call in siblings else [*siblings, call]
        return [one for one in calls if not self._is_kept(one) or (one is call and self._is_anew(call))]

    def _is_anew(self, call: Call) -> bool:
        """Tell whether a decision that is kept does not count: a person may have spoken since, or stopped what was allowed."""
        return (call.call_id or "") in self._told or self._kept[call.call_id or ""][1].is_allowed

    def _is_kept(self, call: Call) -> bool:
        """Tell whether a call was decided; one of the same message that has been told need not be judged again."""
        kept = self._kept.get(call.call_id or "")
        return kept is not None and kept[0].is_as(call)

    def _given(self, call: Call) -> Any:
        """Return the arguments to judge: those that a person chose, where the call was decided and may run with them."""
        decision = self._kept[call.call_id or ""][1] if self._is_kept(call) else None
        chosen = decision is not None and decision.is_allowed and decision.arguments is not None
        return decision.arguments if decision is not None and chosen else call.arguments

    def _keep(self, call: Call, decision: Decision, given: Any) -> None:
        if not isinstance(decision, Decision):
            raise InputError(f"the session answers a {type(decision).__name__}")
        if given is not call.arguments and decision.is_allowed:
            decision = replace(decision, arguments=given)
        self._kept[call.call_id or ""] = (call, decision)

    def _decided(self, call: Call) -> Decision:
        known = call.call_id or ""
        decision = self._kept[known][1]
        self._told.add(known)
        (self._settled.discard if decision.is_allowed else self._settled.add)(known)
        return decision


class Gates:
    """The conversations of an adapter.

    Raises:
        ConfigError: if `session` is neither a session nor a function that makes one.
    """

    def __init__(self, session: SessionSource) -> None:
        if not callable(session) and not isinstance(session, Session):
            raise ConfigError(f"a {type(session).__name__}, wanted a Session, or a function that makes one")
        self._source = session
        self._gates: OrderedDict[str, Gate] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, conversation: str) -> Gate:
        """Return the gate of a conversation. Raises: InputError where one session would serve a second conversation."""
        with self._lock:
            gate = self._gates.get(conversation)
            if gate is None:
                gate = Gate(self._session(conversation))
                self._gates[conversation] = gate
                if len(self._gates) > MAX_CONVERSATIONS:
                    self._gates.popitem(last=False)
            self._gates.move_to_end(conversation)
            return gate

    def _session(self, conversation: str) -> Session:
        if isinstance(self._source, Session):
            if self._gates:
                raise InputError(
                    f"the session is that of the conversation {next(iter(self._gates))!r}, and {conversation!r} is another: "
                    "give a function that makes a session for each"
                )
            return self._source
        made = self._source(conversation)
        if not isinstance(made, Session):
            raise InputError(f"the function that makes sessions returned a {type(made).__name__}")
        return made
