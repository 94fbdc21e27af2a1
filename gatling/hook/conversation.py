"""One conversation: what its events and its transcript tell a `Session`, and what the session's decision is for the hook.

- The request is what the `UserPromptSubmit` events told. Before the first of them, and where that hook is not set up, it is what
  the transcript says of the user; afterwards nobody adds to it by writing into that file.
- A result counts as the one of its call where `PostToolUse` told it, else as the transcript has it. What belongs to no call that
  the session has allowed is text of others.
- In a conversation that began before the guard was asked, the calls in the transcript are judged as they were made, so that later
  ones are judged in their light.
- What cannot be taken is not forgotten: from then on every call of the conversation is denied.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from contextlib import suppress
from typing import Any, Literal

from gatling.adapters.encoded import has_encoded, without_encoded
from gatling.errors import GatlingError, InputError
from gatling.guard import ApprovalError, Decision, Session
from gatling.guard.decision import fault_of
from gatling.hook.event import AFTER, BEFORE, CHILD_START, FAILED, PROMPT, Event
from gatling.hook.resident import Reply, refusal
from gatling.hook.transcript import Told, Transcript

OnEscalate = Literal["ask", "deny"]
_ASKS_NOBODY = ("bypassPermissions", "dontAsk")
"""Permission modes in which nobody is asked: what a person would have to decide is denied."""
_MAX_REASON_CHARS = 6_000
_MAX_REMEMBERED = 100_000


class Conversation:
    """Takes one event at a time.

    Args:
        on_escalate: `ask` lets Claude Code ask the user about a call that only a person may let pass; `deny` does not.
    """

    def __init__(self, session: Session, *, on_escalate: OnEscalate = "ask") -> None:
        self._session = session
        self._asks = on_escalate == "ask"
        self._lock = threading.Lock()
        self._transcript: Transcript | None = None
        self._is_begun = False
        self._is_joined = False
        """Whether it began before the guard was asked: what sub-agents read until then is not known."""
        self._is_told_prompts = False
        self._prompts: Counter[str] = Counter()
        """Told by events, and not seen in the transcript yet."""
        self._results: set[str] = set()
        self._asked: dict[str, tuple[str, Any, str]] = {}
        self._children: dict[str, Session] = {}
        self._fault = ""

    def take(self, event: Event) -> Reply:
        """Take an event; return what the hook answers. This never raises but for an interrupt."""
        with self._lock:
            try:
                return self._take(event)
            except Exception as error:
                why = " ".join(fault_of(error).split())[:500]
                if event.name != BEFORE:  # something was said or returned that the session does not know
                    self._fault = self._fault or why
                return refusal(why)

    def _take(self, event: Event) -> Reply:
        if self._fault:
            return refusal(
                f"earlier in this conversation something could not be taken ({self._fault}): begin a new one"
            )
        self._look(event)
        if event.name == PROMPT:
            self._session.feed_user(event.prompt)
            self._is_told_prompts = True
            self._prompts[event.prompt] += 1
        elif event.name == CHILD_START and event.agent_id:
            self._child(event.agent_id)
        elif event.name in (AFTER, FAILED):
            self._returned(event)
        elif event.name == BEFORE:
            return self._judged(event)
        return Reply()

    # --- what was said and returned -----------------------------------------------------------------------------------

    def _look(self, event: Event) -> None:
        """Read what the transcript tells beyond the events."""
        if self._transcript is None and event.transcript:
            self._transcript = Transcript(event.transcript)
        begins = not self._is_begun
        if self._transcript is not None and self._transcript.is_there:
            try:
                told = list(self._transcript.new())
            except GatlingError as error:
                self._fault = " ".join(str(error).split())[:300]
                raise
            self._is_joined = self._is_joined or (begins and any(item.by not in ("user", "others") for item in told))
            for item in told:
                try:
                    self._tell(item, is_past=begins)
                except GatlingError as error:
                    self._fault = " ".join(str(error).split())[:300]
                    raise
        elif begins and event.name in (BEFORE, AFTER, FAILED):
            raise InputError(
                "the conversation began before the guard was asked, and has no transcript that can be read"
            )
        self._is_begun = True

    def _tell(self, item: Told, *, is_past: bool) -> None:
        if item.by == "assistant":
            self._session.feed_assistant(item.data)
        elif item.by == "call":
            if is_past:  # else it has an event of its own
                decision = self._session.judge(item.tool_name, item.data, call_id=item.call_id)
                self._wait_for(decision, item.tool_name, item.data, item.call_id)
        elif item.by == "user":
            if self._prompts[item.data] > 0:
                self._prompts[item.data] -= 1
            elif not self._is_told_prompts:
                self._session.feed_user(item.data)
            else:
                self._session.feed_foreign(item.data)
        elif item.by == "result" and item.call_id:
            if item.call_id not in self._results:
                has_run = not item.is_error
                self._result(self._session, item.call_id, item.data, has_media=item.has_media, has_run=has_run)
        else:
            self._session.feed_foreign(item.data)

    def _returned(self, event: Event) -> None:
        session = self._of(event)
        output = without_encoded(event.output)
        has_media = has_encoded(event.output)
        if event.call_id is None:
            session.feed_result(None, output, tool_name=event.tool_name, has_media=has_media)
        else:
            self._result(session, event.call_id, output, has_media=has_media, has_run=True)

    def _result(self, session: Session, call_id: str, output: Any, *, has_media: bool, has_run: bool) -> None:
        if len(self._results) >= _MAX_REMEMBERED:
            raise InputError(f"more than {_MAX_REMEMBERED:,} results in one conversation")
        self._results.add(call_id)
        asked = self._asked.pop(call_id, None)
        if asked is not None and has_run:  # so the user has said yes to Claude Code's question
            tool_name, arguments, pending = asked
            with suppress(ApprovalError):  # it waited for too long: the result is text of others
                session.approvals.approve(pending, by="the user, asked by Claude Code")
                session.judge(tool_name, arguments, call_id=call_id)
        try:
            session.feed_result(call_id, output, has_media=has_media)
        except InputError:  # of no call that waits; or it cannot be read, which the next line says
            session.feed_foreign(output)

    # --- what may run -------------------------------------------------------------------------------------------------

    def _judged(self, event: Event) -> Reply:
        is_new_child = bool(event.agent_id) and event.agent_id not in self._children
        session = self._of(event)
        arguments = event.tool_input or {}
        decision = session.judge(event.tool_name, arguments, call_id=event.call_id)
        text = decision.text_for_agent
        if decision.is_allowed:
            if is_new_child and self._is_joined and decision.mode == "enforce":
                return self._may_ask(
                    event, decision, "what this sub-agent has read is not known: it began before the guard"
                )
            if decision.arguments is not None:  # a person has chosen them in the place of those of the call
                return _decided("allow", "", updatedInput=decision.arguments)
            return _answer({"systemMessage": text[:_MAX_REASON_CHARS]}) if text else Reply()
        if decision.verdict == "escalate":
            self._wait_for(decision, event.tool_name, arguments, event.call_id)
            return self._may_ask(event, decision, text)
        return _decided("deny", text)

    def _wait_for(self, decision: Decision, tool_name: str, arguments: Any, call_id: str | None) -> None:
        """Remember a call that the user may let pass; that it has run will say so."""
        if decision.pending and not decision.is_allowed and call_id is not None:
            self._asked[call_id] = (tool_name, arguments, decision.pending)

    def _may_ask(self, event: Event, decision: Decision, text: str) -> Reply:
        asks = self._asks and event.permission_mode not in _ASKS_NOBODY
        return _decided("ask" if asks else "deny", text)

    def _of(self, event: Event) -> Session:
        return self._child(event.agent_id) if event.agent_id else self._session

    def _child(self, agent_id: str) -> Session:
        if agent_id not in self._children:
            if len(self._children) >= 10_000:
                raise InputError("more than 10,000 sub-agents in one conversation")
            self._children[agent_id] = self._session.child(agent_id.replace("/", "_"))
        return self._children[agent_id]


def _decided(decision: str, text: str, **more: Any) -> Reply:
    reason = text[:_MAX_REASON_CHARS]
    return _answer(
        {
            "hookSpecificOutput": {
                "hookEventName": BEFORE,
                "permissionDecision": decision,
                "permissionDecisionReason": reason,
                **more,
            }
        }
    )


def _answer(data: dict[str, Any]) -> Reply:
    return Reply(0, (json.dumps(data) + "\n").encode())
