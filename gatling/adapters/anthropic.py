"""Anthropic Messages: calls and results are blocks. A block may also come alone."""

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
    refuse_block,
    refuse_unknown,
    result_parts,
    said,
)
from gatling.errors import InputError
from gatling.provenance.events import Event, Result
from gatling.schema.plain import join_path

CALLS = frozenset({"tool_use", "server_tool_use", "mcp_tool_use"})
_OF_THE_MODEL = TEXT | THOUGHTS | MEDIA


class Anthropic:
    name = "anthropic"
    title = "Anthropic Messages"

    def recognises(self, message: dict[str, Any]) -> bool:
        if "role" not in message:
            return kind_of(message) in CALLS or kind_of(message).endswith("tool_result")
        content = message.get("content")
        if kind_of(message) not in ("", "message"):
            return False
        if message["role"] not in ("user", "assistant", "system") or not isinstance(content, (str, list)):
            return False
        if any(message.get(key) for key in ("tool_calls", "function_call", "executed_tools", "parts")):
            return False
        kinds = [kind_of(b) if isinstance(b, dict) else "text" for b in content] if isinstance(content, list) else []
        is_known = message["role"] != "assistant" or all(map(_is_known, kinds)) or not CALLS.isdisjoint(kinds)
        return is_known and "" not in kinds

    def read(self, message: dict[str, Any], path: str) -> Iterator[Event]:
        if "role" not in message:
            yield from _block(message, path, is_user=None)
            return
        role = message["role"]
        if role not in ("user", "assistant", "system"):
            raise InputError(f"{role!r} is not one of user, assistant, system", path=join_path(path, "role"))
        if role == "assistant":
            refuse_unknown(message, HARMLESS, path)
        for block, at in blocks(message.get("content"), join_path(path, "content")):
            yield from _block(block, at, is_user=None if role == "assistant" else role == "user")


def _is_known(kind: str) -> bool:
    return kind in _OF_THE_MODEL or kind in CALLS or kind.endswith("tool_result")


def _block(block: dict[str, Any], path: str, *, is_user: bool | None) -> Iterator[Event]:
    """Read a block; `is_user` is None for what the model wrote."""
    kind = kind_of(block)
    if kind in CALLS:
        yield call(block, path, id_of(block, "id", path), keys=("input",))
    elif kind.endswith("tool_result"):
        parts, has_media = result_parts(block.get("content"), join_path(path, "content"))
        yield Result(id_of(block, "tool_use_id", path), None, parts, has_media, path)
    elif is_user is not None:
        yield from said(block, path, is_user=is_user)
    elif kind not in _OF_THE_MODEL:
        refuse_block(kind, path)
