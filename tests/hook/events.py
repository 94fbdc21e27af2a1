"""Events as Claude Code writes them to a hook's stdin, and what an answer means to it."""

from __future__ import annotations

import json
from typing import Any

SESSION = "6f1a7f2e-0b1c-4f0e-9a51-0f3f1f6f3c11"


def event(name: str, transcript: str = "", **fields: Any) -> dict[str, Any]:
    return {
        "session_id": SESSION,
        "transcript_path": transcript,
        "cwd": "/home/ann/project",
        "permission_mode": "default",
        "hook_event_name": name,
        **fields,
    }


def prompt(text: str, **fields: Any) -> dict[str, Any]:
    return event("UserPromptSubmit", **fields, prompt=text)


def before(tool: str, arguments: dict[str, Any], call_id: str = "toolu_1", **fields: Any) -> dict[str, Any]:
    return event("PreToolUse", **fields, tool_name=tool, tool_input=arguments, tool_use_id=call_id)


def after(tool: str, arguments: dict[str, Any], output: Any, call_id: str = "toolu_1", **fields: Any) -> dict[str, Any]:
    return event(
        "PostToolUse", **fields, tool_name=tool, tool_input=arguments, tool_response=output, tool_use_id=call_id
    )


def decision_of(status: int, out: bytes) -> str:
    """Return what Claude Code does: `run` (by its own rules), `ask`, `deny`. Any status but 0 and 2 lets the call run."""
    if status == 2:
        return "deny"
    if status != 0 or not out.strip():
        return "run"
    try:
        answer = json.loads(out)
    except ValueError:
        return "run"
    said = answer.get("hookSpecificOutput", {}).get("permissionDecision", "run")
    return "run" if said == "allow" else str(said)


def user_line(text: Any, **fields: Any) -> dict[str, Any]:
    return {"type": "user", "isSidechain": False, "message": {"role": "user", "content": text}, **fields}


def assistant_line(*blocks: dict[str, Any]) -> dict[str, Any]:
    return {"type": "assistant", "isSidechain": False, "message": {"role": "assistant", "content": list(blocks)}}


def result_line(call_id: str, content: Any, **more: Any) -> dict[str, Any]:
    return user_line([{"type": "tool_result", "tool_use_id": call_id, "content": content, **more}])


def write_lines(path: Any, *lines: dict[str, Any], mode: str = "w") -> None:
    with open(path, mode, encoding="utf-8") as stream:
        stream.writelines(json.dumps(line) + "\n" for line in lines)
