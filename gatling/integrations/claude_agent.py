"""Claude Agent SDK: hooks that ask a session before every call of a tool.

    options = ClaudeAgentOptions(hooks=ClaudeHooks(session).hooks, ...)

- A call that may not run is denied with the reason. Where nothing is wrong the answer is `{}`: an explicit `allow` would skip the
  user's own permission prompt.
- An escalated call is answered with `ask`: the client's prompt, or `can_use_tool`, decides. Its word is the user's;
  the session notes the call as approved once its result comes.
- The hooks block where they fail (`on_failure="block"`), which a command line that is too old refuses when it connects.
- Sub-agents are told by `agent_id`, and each has a child of the session.
"""

from __future__ import annotations

import threading
from functools import partial
from typing import Any

from claude_agent_sdk import HookMatcher

from gatling.errors import ConfigError
from gatling.guard import Session
from gatling.guard.decision import shown_reason
from gatling.integrations.call import Call, Heard, faulty
from gatling.integrations.gate import Gate


class ClaudeHooks:
    """The hooks of one conversation.

    Args:
        session: of the conversation.
        asks: answer `ask` where a call is escalated; else the model is told that a person has to approve it.
        timeout_s: of one hook; one that takes longer blocks.
    """

    def __init__(self, session: Session, *, asks: bool = True, timeout_s: float = 60.0) -> None:
        self._gates: dict[str, Gate] = {"": Gate(session)}
        self._session = session
        self._asks = asks
        self._conversation = ""
        self._lock = threading.Lock()
        self._fault: Exception | None = None
        matcher = partial(HookMatcher, timeout=timeout_s, on_failure="block")
        self.hooks: dict[Any, list[HookMatcher]] = {
            "UserPromptSubmit": [matcher(hooks=[self._prompt])],
            "PreToolUse": [matcher(hooks=[self._before])],
            "PostToolUse": [matcher(hooks=[self._after])],
            "PostToolUseFailure": [matcher(hooks=[self._failed])],
        }

    async def _prompt(self, event: Any, tool_use_id: str | None, context: Any) -> dict[str, Any]:
        try:
            self._of(event).session.feed_user(event["prompt"])
        except Exception as error:
            self._fault = error  # the session lacks a part of the conversation
            return {"decision": "block", "reason": faulty(Call("", {}), error).text_for_agent}
        return {}

    async def _before(self, event: Any, tool_use_id: str | None, context: Any) -> dict[str, Any]:
        call = Call("", {})
        try:
            call = Call(event["tool_name"], event["tool_input"], event["tool_use_id"])
            decision = await self._of(event).ajudge(call, self._history)
        except Exception as error:
            decision = faulty(call, error)
        if decision.is_allowed:
            return {} if decision.arguments is None else _answer("allow", updatedInput=decision.arguments)
        if decision.pending and self._asks:
            reasons = "; ".join(shown_reason(reason) for reason in decision.reasons)
            return _answer("ask", permissionDecisionReason=reasons)
        return _answer("deny", permissionDecisionReason=decision.text_for_agent)

    async def _after(self, event: Any, tool_use_id: str | None, context: Any) -> dict[str, Any]:
        return await self._result(event, event.get("tool_response"))

    async def _failed(self, event: Any, tool_use_id: str | None, context: Any) -> dict[str, Any]:
        return await self._result(event, event.get("error"))

    async def _result(self, event: Any, output: Any) -> dict[str, Any]:
        """Tell what a call returned. What cannot be told ends the conversation's calls: the model has read it by now."""
        try:
            gate = self._of(event)
            call = Call(event["tool_name"], event["tool_input"], event["tool_use_id"])
            if gate.waits_for_word(call):  # the client lets a call run only if its user has said so
                await gate.aafter_word(call, True, "permission of the client")
            decision = gate.tell_result(call.call_id, output)
        except Exception as error:
            self._fault = error
            return {"decision": "block", "reason": faulty(Call("", {}), error).text_for_agent}
        if decision.mode != "warn" or not decision.text_for_agent:
            return {}
        more = {"hookEventName": event["hook_event_name"], "additionalContext": decision.text_for_agent}
        return {"hookSpecificOutput": more}

    def _history(self) -> list[Heard]:
        if self._fault is not None:
            raise self._fault
        return []  # prompts and results were told as they came

    def _of(self, event: Any) -> Gate:
        """Return the gate of the agent that an event is about. Raises: ConfigError for another conversation's event."""
        with self._lock:
            self._conversation = self._conversation or event["session_id"]
            if event["session_id"] != self._conversation:
                raise ConfigError(
                    f"the session is that of {self._conversation!r}, and {event['session_id']!r} is another"
                )
            name = str(event.get("agent_id") or "")
            if name not in self._gates:
                self._gates[name] = Gate(self._session.child(name.replace("/", "_")))
            return self._gates[name]


def _answer(decision: str, **more: Any) -> dict[str, Any]:
    return {"hookSpecificOutput": {"hookEventName": "PreToolUse", "permissionDecision": decision, **more}}
