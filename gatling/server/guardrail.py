"""LiteLLM's generic guardrail contract (`guardrail: generic_guardrail_api`): its proxy asks, and no code of it is changed.

The proxy posts twice for one call of a model: before it, with the conversation (`input_type: request`), and after it, with the
model's text and tool calls alone (`response`). Both carry the same `litellm_call_id`, under which the conversation is kept in
between. A model's calls are judged in the light of it:

- What stands in the conversation has run, or was refused, before: it is read and not judged again.
- Calls that may not run are `BLOCKED` with the reason. Tools that the policy rules out for the role are taken out of what the
  model is shown (`GUARDRAIL_INTERVENED`). All else is `NONE`.
- Whatever is not understood is `BLOCKED`: an unknown field that holds something, calls without the conversation before them.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Literal

from pydantic import ConfigDict, Field, model_validator

from gatling.errors import InputError
from gatling.guard import Decision, Session
from gatling.mcp_proxy.listing import ruled_out
from gatling.server.bodies import Body, Shown
from gatling.server.sessions import RESERVED, Sessions
from gatling.server.settings import LiteLLM
from gatling.server.store import Kind, UnknownSessionError

KEEP_S = 3_600.0
"""So long a conversation waits for the answer of the model."""


class GuardrailRequest(Body):
    """What LiteLLM posts."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, use_attribute_docstrings=True)

    input_type: Literal["request", "response"]
    litellm_call_id: str | None = Field(None, max_length=1_000)
    """The same before and after one call of a model."""
    litellm_trace_id: str | None = Field(None, max_length=1_000)
    """The same in one conversation, where the proxy's client says so."""
    structured_messages: list[dict[str, Any]] | None = None
    """The conversation, in OpenAI's shape; before the model is called."""
    texts: list[str] | None = None
    images: list[str] | None = None
    tools: list[dict[str, Any]] | None = None
    """What the model is offered."""
    tool_calls: list[dict[str, Any]] | None = None
    """What the model wants to call; of a request those in the conversation."""
    request_data: dict[str, Any] | None = None
    """Whose key it is. Not used."""
    request_headers: dict[str, Any] | None = None
    """Not used."""
    litellm_version: str | None = None
    model: str | None = None
    additional_provider_specific_params: dict[str, Any] | None = None
    """Not used: the proxy's clients can set them."""

    @model_validator(mode="before")
    @classmethod
    def _without_empty_fields(cls, data: Any) -> Any:
        """Newer versions of the proxy send more fields; one that holds nothing says nothing."""
        if not isinstance(data, dict):
            return data
        return {name: value for name, value in data.items() if name in cls.model_fields or value not in (None, [], {})}


class GuardrailAnswer(Shown):
    """What LiteLLM reads."""

    action: Literal["NONE", "BLOCKED", "GUARDRAIL_INTERVENED"]
    blocked_reason: str | None = None
    tools: list[dict[str, Any]] | None = None
    """In place of those that it sent."""


class Guardrail:
    """Answers LiteLLM's proxy.

    Args:
        terms: by which the calls are judged.
    """

    def __init__(self, sessions: Sessions, terms: LiteLLM) -> None:
        self._sessions = sessions
        self._terms = terms

    def answer(self, body: GuardrailRequest) -> dict[str, Any]:
        """Return what the proxy does. Raises: InputError, and whatever the store raises: then nothing may go on."""
        return self._before(body) if body.input_type == "request" else self._after(body)

    def _before(self, body: GuardrailRequest) -> dict[str, Any]:
        """Keep the conversation for the calls that may come."""
        if not body.structured_messages:
            if body.tools or body.tool_calls:
                raise InputError(
                    "tools without the conversation (structured_messages): their calls could not be judged"
                )
            return {"action": "NONE"}
        settings: dict[str, Any] = {
            "policy": self._terms.policy,
            "role": self._terms.role,
            "session_context": {},
            "format": "auto",
            "limits": None,
            "offers_repairs": False,
        }
        session = self._sessions.make(self._id(body), settings)
        for message in body.structured_messages:
            session.recall(message, None)
        self._are_known(body, session)
        key = self._key(body)
        with suppress(UnknownSessionError):
            self._sessions.forget(key)  # the proxy asks again where it got no answer
        entries: list[tuple[Kind, dict[str, Any]]] = [("message", {"message": m}) for m in body.structured_messages]
        self._sessions.store.begin(key, settings, entries, keep_s=KEEP_S)
        return self._without_ruled_out(body.tools or [])

    def _after(self, body: GuardrailRequest) -> dict[str, Any]:
        """Judge what the model wants to call."""
        if not body.tool_calls:
            return {"action": "NONE"}
        try:
            record, entries = self._sessions.store.find(self._key(body))
        except UnknownSessionError:
            raise InputError(
                "calls without the conversation before them: set `mode: [pre_call, post_call]` for this guardrail"
            ) from None
        session = self._sessions.make(self._id(body), record.settings)
        for entry in entries:
            session.recall(entry.data["message"], None)
        calls = [{k: v for k, v in call.items() if k != "index"} for call in body.tool_calls]
        message = {"role": "assistant", "content": "\n\n".join(body.texts or []) or None, "tool_calls": calls}
        checked = session.check(message)
        if len(checked) != len(calls):
            raise InputError(f"{len(calls)} calls, of which {len(checked)} are understood")
        refused = [decision for _, decision in checked if not decision.is_allowed]
        if not refused:
            return {"action": "NONE"}
        return blocked("\n".join(map(_reason, refused)))

    def _are_known(self, body: GuardrailRequest, session: Session) -> None:
        """Refuse calls that stand beside the conversation, and not in it: they would run unjudged."""
        known = {(node.model_extra or {}).get("call_id") for node, _ in session.decisions}
        for n, call in enumerate(body.tool_calls or []):
            if call.get("id") not in known:
                raise InputError("a call that does not stand in structured_messages", path=f"tool_calls[{n}]")

    def _without_ruled_out(self, tools: list[dict[str, Any]]) -> dict[str, Any]:
        is_ruled_out = ruled_out(self._sessions.policy(self._terms.policy), self._terms.role)
        kept = [tool for tool in tools if not is_ruled_out(_tool_name(tool))]
        if kept and len(kept) < len(
            tools
        ):  # the proxy takes an empty list for no answer, and then the calls are refused
            return {"action": "GUARDRAIL_INTERVENED", "tools": kept}
        return {"action": "NONE"}

    def _key(self, body: GuardrailRequest) -> str:
        if not body.litellm_call_id:
            raise InputError("missing", path="litellm_call_id")
        return f"{RESERVED}{body.litellm_call_id}"

    def _id(self, body: GuardrailRequest) -> str:
        """Return the session's id in log and approvals: of the conversation where it is known, so that a person's word holds in
        the next call of the model."""
        return f"{RESERVED}{body.litellm_trace_id or body.litellm_call_id or ''}"


def blocked(reason: str) -> dict[str, Any]:
    """Return the answer that keeps the proxy from going on."""
    return {"action": "BLOCKED", "blocked_reason": reason}


def _reason(decision: Decision) -> str:
    waits = f" It waits for a person's word as {decision.pending}." if decision.pending else ""
    return f"{decision.text_for_agent}{waits}"


def _tool_name(tool: dict[str, Any]) -> str:
    function = tool.get("function")
    name = function.get("name") if isinstance(function, dict) else tool.get("name")
    return name if isinstance(name, str) else ""
