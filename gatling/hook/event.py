"""An event of Claude Code's hooks, read from its JSON; for what is missing or of another kind the call does not run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gatling.adapters.encoded import without_encoded
from gatling.errors import InputError
from gatling.schema.plain import decode_json

BEFORE, AFTER, FAILED = "PreToolUse", "PostToolUse", "PostToolUseFailure"
PROMPT = "UserPromptSubmit"
SESSION_END = "SessionEnd"
CHILD_START = "SubagentStart"
WITHOUT_A_CALL = (
    "SessionStart", "SessionEnd", "SubagentStart", "SubagentStop", "Stop", "StopFailure", "Notification",
    "PreCompact", "PostCompact",
)  # fmt: skip
"""Events on which nothing is decided."""


@dataclass(frozen=True, slots=True)
class Event:
    """What happened, and where."""

    name: str
    session_id: str
    transcript: str
    """The path of the conversation's file; empty if none is named."""
    agent_id: str
    """Of a sub-agent; empty for the main one."""
    permission_mode: str
    tool_name: str = ""
    tool_input: dict[str, Any] | None = None
    call_id: str | None = None
    output: Any = None
    prompt: str = ""


def read_event(data: bytes) -> Event:
    """Raises: InputError for what is no event, or one that is not known."""
    try:
        event = decode_json(data.decode("utf-8"), read_as=without_encoded)
    except UnicodeDecodeError:
        raise InputError("the event is no text in UTF-8") from None
    if not isinstance(event, dict):
        raise InputError("the event is no JSON object")
    name = _text(event, "hook_event_name")
    common: dict[str, Any] = {
        "name": name,
        "session_id": _text(event, "session_id"),
        "transcript": _text(event, "transcript_path", is_wanted=False),
        "agent_id": _text(event, "agent_id", is_wanted=False),
        "permission_mode": _text(event, "permission_mode", is_wanted=False),
    }
    if name == PROMPT:
        return Event(**common, prompt=_text(event, "prompt", is_wanted=False))
    if name in WITHOUT_A_CALL:
        return Event(**common)
    if name not in (BEFORE, AFTER, FAILED):
        raise InputError(
            f"{name!r} is no event that the guard knows; take it out of the settings", path="hook_event_name"
        )
    given = event.get("tool_input")
    if not isinstance(given, dict):
        raise InputError("wanted an object", path="tool_input")
    output = event.get("tool_response") if name == AFTER else event.get("error")
    if name == AFTER and "tool_response" not in event:
        raise InputError("missing", path="tool_response")
    call_id = _text(event, "tool_use_id", is_wanted=False) or None
    return Event(**common, tool_name=_text(event, "tool_name"), tool_input=given, call_id=call_id, output=output)


def _text(event: dict[str, Any], key: str, *, is_wanted: bool = True) -> str:
    value = event.get(key)
    if value is None and not is_wanted:
        return ""
    if not isinstance(value, str) or (is_wanted and not value.strip()):
        raise InputError("wanted a text" if key in event else "missing", path=key)
    return value
