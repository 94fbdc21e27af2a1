"""Items of OpenAI's Responses API: each stands alone and says by `type` what it is.

What a client runs is a call: functions, custom tools, the computer, shells and patches, a request to approve an MCP call. What
has run at the vendor already (searches, its interpreter) is text of somebody else. An item of another type is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gatling.adapters.format import (
    HARMLESS,
    MEDIA,
    TEXT,
    THOUGHTS,
    arguments_of,
    blocks,
    call,
    id_of,
    kind_of,
    refuse_block,
    refuse_calls,
    refuse_unknown,
    result_parts,
    said,
    text_of,
    without_media,
)
from gatling.errors import InputError
from gatling.provenance.events import Event, Foreign, ProposedCall, Result, Said
from gatling.schema.plain import join_path

# Type: tool, and the fields that its arguments stand in. These tools are named by their type.
_BUILT_IN: dict[str, tuple[str, tuple[str, ...]]] = {
    "computer_call": ("computer", ("action", "actions")),
    "local_shell_call": ("local_shell", ("action",)),
    "shell_call": ("shell", ("action",)),
    "apply_patch_call": ("apply_patch", ("operation",)),
}
_OUTPUTS = frozenset({"function_call_output", "custom_tool_call_output", *(f"{kind}_output" for kind in _BUILT_IN)})
_RUN_BY_THE_VENDOR = frozenset(
    "web_search_call file_search_call code_interpreter_call image_generation_call mcp_list_tools program program_output "
    "tool_search_output additional_tools".split()
)
_SAYS_NOTHING = frozenset(
    "reasoning refusal compaction compaction_trigger item_reference configuration_update mcp_approval_response".split()
)
_TYPES = (
    _OUTPUTS
    | _BUILT_IN.keys()
    | _RUN_BY_THE_VENDOR
    | _SAYS_NOTHING
    | TEXT
    | {"message", "function_call", "custom_tool_call", "mcp_call", "mcp_approval_request", "tool_search_call"}
)


class Responses:
    name = "responses"
    title = "OpenAI Responses"

    def recognises(self, message: dict[str, Any]) -> bool:
        if "role" not in message:
            return kind_of(message) in _TYPES
        if kind_of(message) == "additional_tools":
            return True
        is_message = kind_of(message) in ("", "message") and message["role"] not in ("tool", "function")
        return is_message and not any(message.get(key) for key in ("tool_calls", "function_call", "parts"))

    def read(self, message: dict[str, Any], path: str) -> Iterator[Event]:
        kind = kind_of(message)
        if "role" in message and kind in ("", "message"):
            yield from _message(message, path)
            return
        refuse_calls(message, path)
        if kind in ("function_call", "custom_tool_call"):
            is_custom = kind == "custom_tool_call"
            keys = ("input", "arguments") if is_custom else ("arguments",)
            yield call(message, path, id_of(message, "call_id", path), keys=keys, is_free_text=is_custom)
        elif kind in _BUILT_IN:
            yield _built_in(message, path)
        elif kind == "mcp_approval_request":
            yield call(message, path, id_of(message, "id", path))
        elif kind == "tool_search_call":
            if message.get("execution") == "client":
                given = arguments_of(message.get("arguments") or {}, join_path(path, "arguments"))
                yield ProposedCall("tool_search", given, id_of(message, "call_id", path), path)
            else:
                yield Foreign(without_media(message))
        elif kind in _OUTPUTS:
            key = "call_id" if message.get("call_id") is not None else "id"
            name = message.get("name")
            parts, has_media = result_parts(message.get("output"), join_path(path, "output"))
            has_media |= kind == "computer_call_output"
            yield Result(id_of(message, key, path), name if isinstance(name, str) else None, parts, has_media, path)
        elif kind == "mcp_call":
            yield from _mcp_call(message, path)
        elif kind == "input_text":
            yield Said(text_of(message, "text", path), True)
        elif kind in _RUN_BY_THE_VENDOR:
            yield Foreign(without_media(message))


def _message(message: dict[str, Any], path: str) -> Iterator[Event]:
    role, where = message["role"], join_path(path, "content")
    if role == "assistant":
        refuse_unknown(message, HARMLESS, path)
        for block, at in blocks(message.get("content"), where):
            if kind_of(block) not in TEXT | THOUGHTS | MEDIA:
                refuse_block(kind_of(block), at)
        return
    if role not in ("system", "developer", "user"):
        raise InputError(f"{role!r} is not one of system, developer, user, assistant", path=join_path(path, "role"))
    refuse_calls(message, path)
    for block, at in blocks(message.get("content"), where):
        yield from said(block, at, is_user=role == "user")


def _built_in(item: dict[str, Any], path: str) -> ProposedCall:
    tool, keys = _BUILT_IN[kind_of(item)]
    given = {key: item[key] for key in keys if item.get(key) is not None}
    if not given:
        raise InputError("missing", path=join_path(path, keys[0]))
    if list(given) == [keys[0]] and isinstance(given[keys[0]], dict):
        given = given[keys[0]]
    key = "call_id" if item.get("call_id") is not None and kind_of(item) != "local_shell_call" else "id"
    return ProposedCall(tool, arguments_of(given, join_path(path, keys[0])), id_of(item, key, path), path)


def _mcp_call(item: dict[str, Any], path: str) -> Iterator[Event]:
    call_id = id_of(item, "id", path)
    yield call(item, path, call_id)
    if item.get("output") is not None or item.get("error") is not None:
        answer = item.get("output") if item.get("output") is not None else item["error"]
        parts, has_media = result_parts(answer, join_path(path, "output"))
        yield Result(call_id, None, parts, has_media, path)
