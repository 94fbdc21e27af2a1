"""Messages of LangChain and LangGraph: `model_dump()` of a message object, or `messages_to_dict`.

`tool_calls` is what a LangChain agent runs; the blocks of the content and `additional_kwargs` repeat calls in the vendor's own
form. What stands only there is refused, as an older agent may run it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gatling.adapters.format import (
    HARMLESS,
    MEDIA,
    TEXT,
    THOUGHTS,
    blocks,
    call,
    id_of,
    kind_of,
    list_of,
    object_of,
    refuse_block,
    refuse_calls,
    refuse_unknown,
    result_parts,
    said,
)
from gatling.errors import InputError
from gatling.provenance.events import Event, Foreign, ProposedCall, Result
from gatling.schema.plain import join_path

_TYPES = frozenset(
    {"human", "ai", "system", "tool", "function", "chat", "remove", "AIMessageChunk", "HumanMessageChunk"}
)
# What a message of a type may say of its role, if anything.
_ROLES = {
    "human": ("user", "human"),
    "HumanMessageChunk": ("user", "human"),
    "ai": ("assistant", "ai", "model"),
    "AIMessageChunk": ("assistant", "ai", "model"),
    "system": ("system", "developer"),
    "tool": ("tool",),
    "function": ("function",),
    "remove": (),
}
_FIELDS = HARMLESS | {
    "tool_calls",
    "invalid_tool_calls",
    "additional_kwargs",
    "example",
    "tool_call_chunks",
    "chunk_position",
}
_KWARGS = HARMLESS | {"tool_calls", "function_call"}
_CALLS = frozenset("tool_use tool_call function_call custom_tool_call".split())
# Run at the vendor; the last is what LangChain calls such a block of another vendor.
_SERVER = frozenset(
    "server_tool_use server_tool_call server_tool_result mcp_tool_use mcp_call mcp_list_tools web_search_call file_search_call "
    "code_interpreter_call image_generation_call executable_code code_execution_result non_standard".split()
)


class LangChain:
    name = "langchain"
    title = "LangChain"

    def recognises(self, message: dict[str, Any]) -> bool:
        return kind_of(message) in _TYPES and ("content" in message or isinstance(message.get("data"), dict))

    def read(self, message: dict[str, Any], path: str) -> Iterator[Event]:
        kind = kind_of(message)
        if "content" not in message:
            message, path = object_of(message, "data", path), join_path(path, "data")
        where = join_path(path, "content")
        if kind in _ROLES and message.get("role") not in (None, *_ROLES[kind]):
            raise InputError(
                f"{message['role']!r} is not the role of a message of the type {kind}", path=join_path(path, "role")
            )
        if kind in ("remove", "tool", "function"):
            refuse_calls(message, path)
        if kind.endswith("Chunk") and message.get("chunk_position") != "last":
            raise InputError("a piece of a stream: gather the whole message before it is judged", path=path)
        if kind in ("ai", "AIMessageChunk"):
            yield from _of_the_model(message, path)
        elif kind in ("tool", "function"):
            name = message.get("name")
            parts, has_media = result_parts(message.get("content"), where)
            call_id = id_of(message, "tool_call_id", path)
            yield Result(call_id, name if isinstance(name, str) else None, parts, has_media, path)
        elif kind == "chat":
            role = message.get("role")
            if role not in ("user", "system", "developer"):
                raise InputError(f"{role!r} is not one of user, system, developer", path=join_path(path, "role"))
            for block, at in blocks(message.get("content"), where):
                yield from said(block, at, is_user=role == "user")
        elif kind != "remove":
            refuse_calls(message, path)
            for block, at in blocks(message.get("content"), where):
                yield from said(block, at, is_user=kind != "system")


def _of_the_model(message: dict[str, Any], path: str) -> Iterator[Event]:
    refuse_unknown(message, _FIELDS, path)
    if message.get("invalid_tool_calls"):
        reason = "calls whose arguments could not be read"
        raise InputError(reason, path=join_path(path, "invalid_tool_calls"))
    calls = [call(c, at, id_of(c, "id", at), keys=("args",)) for c, at in list_of(message, "tool_calls", path)]
    ids = {c.call_id: c for c in calls if c.call_id is not None}
    for block, at in blocks(message.get("content"), join_path(path, "content")):
        kind = kind_of(block)
        if kind in _CALLS:
            found = {id_of(block, "id", at), id_of(block, "call_id", at)} & ids.keys()
            if not any(block.get("name") in (None, ids[i].tool_name) for i in found if i):
                raise InputError("a call that is not among the message's tool_calls", path=at)
        elif kind in _SERVER or kind.endswith("tool_result"):
            yield Foreign(block)
        elif kind not in TEXT | THOUGHTS | MEDIA:
            refuse_block(kind, at)
    yield from _vendor_fields(message, {c.tool_name for c in calls}, ids, path)
    yield from calls


def _vendor_fields(
    message: dict[str, Any], names: set[str], ids: dict[str, ProposedCall], path: str
) -> Iterator[Event]:
    """Read what the vendor's answer held besides: its calls are those of the message, or it is the legacy form."""
    extra, where = message.get("additional_kwargs"), join_path(path, "additional_kwargs")
    if not extra:
        return
    if not isinstance(extra, dict):
        raise InputError(f"a {type(extra).__name__}, wanted an object", path=where)
    refuse_unknown(extra, _KWARGS, where)
    for item, at in list_of(extra, "tool_calls", where):
        repeated = ids.get(id_of(item, "id", at) or "")
        if repeated is None:
            raise InputError("a call that is not among the message's tool_calls", path=at)
        if item.get("function") is not None:
            inner = call(object_of(item, "function", at), join_path(at, "function"), None)
            if (inner.tool_name, inner.arguments) != (repeated.tool_name, repeated.arguments):
                raise InputError("another call than the message's tool_calls have under this id", path=at)
    if extra.get("function_call") is not None:
        at = join_path(where, "function_call")
        legacy = call(object_of(extra, "function_call", where), at, None)
        if not names:
            yield legacy
        elif legacy.tool_name not in names:
            raise InputError("a call that is not among the message's tool_calls", path=at)
