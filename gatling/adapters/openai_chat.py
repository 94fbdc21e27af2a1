"""OpenAI Chat Completions, as many servers speak it; also the legacy `function_call`, and Ollama's calls without ids."""

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
    text_of,
)
from gatling.errors import InputError
from gatling.provenance.events import Event, Foreign, Result
from gatling.schema.plain import join_path

_FIELDS = HARMLESS | {"tool_calls", "function_call", "executed_tools"}
# What models cite or show beside their text; Mistral and Cohere write the last three.
_SHOWN = MEDIA | THOUGHTS | {"reference", "tool_reference", "document_url"}


class OpenAiChat:
    name = "openai"
    title = "OpenAI Chat Completions"

    def recognises(self, message: dict[str, Any]) -> bool:
        return "role" in message and "parts" not in message and kind_of(message) in ("", "message")

    def read(self, message: dict[str, Any], path: str) -> Iterator[Event]:
        role, content, where = message["role"], message.get("content"), join_path(path, "content")
        if role in ("assistant", "model"):
            refuse_unknown(message, _FIELDS, path)
            for block, at in blocks(content, where):
                if kind_of(block) not in TEXT | _SHOWN:
                    refuse_block(kind_of(block), at)
            yield from _calls(message, path)
            if message.get("executed_tools"):  # Groq's own searches, run already: pages of strangers
                yield Foreign(message["executed_tools"])
            return
        refuse_calls(message, path)
        if role in ("system", "developer", "user"):
            for block, at in blocks(content, where):
                yield from said(block, at, is_user=role == "user")
        elif role in ("tool", "function"):
            name = message.get("name") or message.get("tool_name")
            if role == "function":
                name = text_of(message, "name", path)
            parts, has_media = result_parts(content, where)
            call_id = id_of(message, "tool_call_id", path)
            yield Result(call_id, name if isinstance(name, str) else None, parts, has_media, path)
        else:
            wanted = "system, developer, user, assistant, tool, function"
            raise InputError(f"{role!r} is not one of {wanted}", path=join_path(path, "role"))


def _calls(message: dict[str, Any], path: str) -> Iterator[Event]:
    for item, at in list_of(message, "tool_calls", path):
        kind = "custom" if item.get("custom") is not None else "function"
        inner = join_path(at, kind)
        if kind == "custom" and item.get("function") is not None:
            raise InputError("both custom and function say what is called", path=at)
        if item.get("name") not in (None, "", object_of(item, kind, at).get("name")):
            raise InputError(f"another name than {kind} has", path=join_path(at, "name"))
        yield call(
            object_of(item, kind, at),
            inner,
            id_of(item, "id", at),
            keys=("arguments", "input", "parameters"),
            is_free_text=kind == "custom",
        )
    if message.get("function_call") is not None:
        at = join_path(path, "function_call")
        yield call(object_of(message, "function_call", path), at, None)
