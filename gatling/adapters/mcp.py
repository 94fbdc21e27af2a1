"""MCP transcripts: the JSON-RPC requests and responses of a session, in order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gatling.adapters.format import call, id_of, object_of, result_parts, without_media
from gatling.errors import InputError
from gatling.provenance.events import Event, Foreign, Result
from gatling.schema.plain import join_path
from gatling.schema.words import split_words

_METHODS = (
    "initialize ping tools/list resources/ prompts/ completion/ logging/ notifications/ sampling/ roots/ elicitation/ tasks/ "
    "server/ subscriptions/"
).split()
"""Beginnings of methods that run no tool."""


_OF_OTHERS = ("role", "type", "content", "parts", "tool_calls", "function_call")


class Mcp:
    name = "mcp"
    title = "MCP transcripts (JSON-RPC)"

    def recognises(self, message: dict[str, Any]) -> bool:
        return "jsonrpc" in message

    def read(self, message: dict[str, Any], path: str) -> Iterator[Event]:
        for key in _OF_OTHERS:
            if message.get(key):
                raise InputError("no field of JSON-RPC; who reads it may run a call of it", path=join_path(path, key))
        method, result = message.get("method"), message.get("result")
        if method == "tools/call":
            where = join_path(path, "params")
            yield call(object_of(message, "params", path), where, id_of(message, "id", path))
            return
        if method is not None:
            _check_method(method, message, path)
        if isinstance(result, dict) and "role" not in result and _is_of_a_call(result):
            parts, has_media = result_parts(result.get("content"), join_path(join_path(path, "result"), "content"))
            if result.get("structuredContent") is not None:
                parts.append(result["structuredContent"])
            yield Result(id_of(message, "id", path), None, parts, has_media, path)
        elif "error" in message and message.get("id") is not None:
            yield Result(id_of(message, "id", path), None, [message["error"]], False, path, is_of_a_call=False)
        else:  # what else a server sends: lists of tools, resources, prompts, requests of its own
            yield Foreign(without_media({k: v for k, v in message.items() if k in ("params", "result")}))


def _is_of_a_call(result: dict[str, Any]) -> bool:
    return "content" in result or result.get("structuredContent") is not None


def _check_method(method: Any, message: dict[str, Any], path: str) -> None:
    """Refuse a method of no known kind that may run a tool under another name."""
    where = join_path(path, "method")
    if not isinstance(method, str):
        raise InputError(f"a {type(method).__name__}, wanted text", path=where)
    if any(method == known or (known[-1] == "/" and method.startswith(known)) for known in _METHODS):
        return
    params = message.get("params")
    named = isinstance(params, dict) and not {"name", "arguments"}.isdisjoint(params)
    if named or not {"tool", "tools", "call", "function"}.isdisjoint(split_words(method)):
        raise InputError(f"{method!r} may call a tool; known is only tools/call", path=where)
