"""Messages of several APIs as the same few events: text of the user, a call, a result, text of somebody else.

OpenAI Chat Completions (with the legacy `function_call`), OpenAI Responses items, Anthropic Messages, and MCP transcripts
(JSON-RPC requests and responses). What the model itself wrote is no event: a value that stands nowhere else is its own. What is
not known is text of somebody else.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, cast, get_args

from gatling.errors import InputError
from gatling.provenance.events import Event, Foreign, ProposedCall, Result, Said
from gatling.schema.plain import check_plain, decode_json, join_path

Format = Literal["auto", "openai", "anthropic", "responses", "mcp"]
_Shape = Literal["chat", "item", "rpc"]
_SHAPES: dict[str, tuple[_Shape, ...]] = {
    "auto": ("chat", "item", "rpc"),
    "openai": ("chat",),
    "anthropic": ("chat",),
    "responses": ("chat", "item"),
    "mcp": ("rpc",),
}


_TEXT = ("text", "input_text", "output_text")
_MEDIA = frozenset("image image_url input_image audio input_audio video file input_file container_upload blob".split())
_OF_THE_MODEL = frozenset("thinking redacted_thinking reasoning refusal compaction item_reference".split())
_CALLS = ("tool_use", "server_tool_use", "mcp_tool_use")
_MEDIA_KEYS = ("source", "data", "blob", "image_url", "file_data", "file_url")


def events(message: Any, index: int, format: Format = "auto") -> list[Event]:
    """Return what a message holds, in order.

    Raises:
        InputError: with the message's index and the path inside it, for a message of none of the shapes, or of another
            one than `format` asks for.
    """
    path = join_path("messages", index)
    if format not in get_args(Format):
        raise InputError(f"the format is {format!r}, it must be one of {', '.join(get_args(Format))}")
    check_plain(message, path)
    if not isinstance(message, dict):
        raise InputError(f"a {type(message).__name__}, wanted an object", path=path)
    shape = _shape(message, path)
    if shape not in _SHAPES[format]:
        raise InputError(f"not a message of the format {format}", path=path)
    reader = {"chat": _chat, "item": _item, "rpc": _rpc}[shape]
    return list(reader(message, path))


def _shape(message: dict[str, Any], path: str) -> _Shape:
    if "jsonrpc" in message:
        return "rpc"
    if "role" in message:
        return "chat"
    if isinstance(message.get("type"), str):
        return "item"
    raise InputError("neither a role, nor a type, nor jsonrpc says what it is", path=path)


def _chat(message: dict[str, Any], path: str) -> Iterator[Event]:
    role, content, where = message["role"], message.get("content"), join_path(path, "content")
    if role in ("system", "developer", "user"):
        yield from _blocks(content, where, is_user=role == "user")
    elif role in ("assistant", "model"):
        yield from _blocks(content, where, is_user=None)
        yield from _tool_calls(message, path)
    elif role in ("tool", "function"):
        name = message.get("name") if role == "tool" else _text(message, "name", path)
        parts, has_media = _result_parts(content, where)
        yield Result(
            _id(message, "tool_call_id", path), name if isinstance(name, str) else None, parts, has_media, path
        )
    else:
        raise InputError(
            f"{role!r} is not one of system, developer, user, assistant, tool, function", path=join_path(path, "role")
        )


def _tool_calls(message: dict[str, Any], path: str) -> Iterator[Event]:
    calls, where = message.get("tool_calls"), join_path(path, "tool_calls")
    if calls is not None and not isinstance(calls, list):
        raise InputError(f"a {type(calls).__name__}, wanted a list", path=where)
    for i, call in enumerate(calls or ()):
        at = join_path(where, i)
        if not isinstance(call, dict):
            raise InputError(f"a {type(call).__name__}, wanted an object", path=at)
        kind = "custom" if "custom" in call else "function"
        yield _call(_object(call, kind, at), join_path(at, kind), _id(call, "id", at))
    if message.get("function_call") is not None:
        at = join_path(path, "function_call")
        yield _call(_object(message, "function_call", path), at, None)


def _call(data: dict[str, Any], path: str, call_id: str | None) -> ProposedCall:
    """Read a name with arguments, which are an object, JSON text of one, or the free text `input` of a custom tool."""
    name = _text(data, "name", path)
    if not name.strip():
        raise InputError("empty", path=join_path(path, "name"))
    key = next((k for k in ("arguments", "input", "parameters") if data.get(k) is not None), "arguments")
    given, where = data.get(key), join_path(path, key)
    if isinstance(given, str):
        if key == "input":
            return ProposedCall(name, {"input": given}, call_id, path)
        try:
            given = decode_json(given) if given.strip() else {}
        except InputError as error:
            inner = f"{where}: {error.path}" if error.path else where
            raise InputError(f"the arguments are refused: {error.reason}", path=inner) from None
    if given is None:
        given = {}
    if not isinstance(given, dict):
        raise InputError(f"a {type(given).__name__}, wanted an object of arguments", path=where)
    return ProposedCall(name, given, call_id, path)


def _blocks(content: Any, path: str, *, is_user: bool | None) -> Iterator[Event]:
    """Read the content of a message; `is_user` is None for what the model wrote."""
    if content is None:
        return
    if isinstance(content, str):
        if is_user is not None:
            yield Said(content, is_user)
        return
    if not isinstance(content, list):
        raise InputError(f"a {type(content).__name__}, wanted text or a list of blocks", path=path)
    for i, block in enumerate(content):
        yield from _block(block, join_path(path, i), is_user)


def _block(block: Any, path: str, is_user: bool | None) -> Iterator[Event]:
    if isinstance(block, str):
        block = {"type": "text", "text": block}
    if not isinstance(block, dict):
        raise InputError(f"a {type(block).__name__}, wanted a block", path=path)
    kind = _kind(block)
    if kind in _TEXT:
        text = _text(block, "text", path)
        if is_user is not None:
            yield Said(text, is_user)
    elif kind in _CALLS:
        yield _call(block, path, _id(block, "id", path))
    elif kind.endswith("tool_result"):
        parts, has_media = _result_parts(block.get("content"), join_path(path, "content"))
        yield Result(_id(block, "tool_use_id", path), None, parts, has_media, path)
    elif kind in _MEDIA or (kind in _OF_THE_MODEL and is_user is None):
        return
    else:
        yield Foreign(_without_media(block))


def _item(item: dict[str, Any], path: str) -> Iterator[Event]:
    kind = item["type"]
    if kind in ("function_call", "custom_tool_call"):
        yield _call(item, path, _id(item, "call_id", path))
    elif kind in ("function_call_output", "custom_tool_call_output"):
        parts, has_media = _result_parts(item.get("output"), join_path(path, "output"))
        yield Result(_id(item, "call_id", path), None, parts, has_media, path)
    elif kind == "mcp_call":
        call_id = _id(item, "id", path)
        yield _call(item, path, call_id)
        if item.get("output") is not None or item.get("error") is not None:
            answer = item.get("output") if item.get("output") is not None else item["error"]
            parts, has_media = _result_parts(answer, join_path(path, "output"))
            yield Result(call_id, None, parts, has_media, path)
    elif kind in _TEXT or kind in _OF_THE_MODEL:
        if kind == "input_text":
            yield Said(_text(item, "text", path), True)
    else:
        yield Foreign(_without_media(item))


def _rpc(message: dict[str, Any], path: str) -> Iterator[Event]:
    method = message.get("method")
    if method == "tools/call":
        where = join_path(path, "params")
        yield _call(_object(message, "params", path), where, _id(message, "id", path))
    elif isinstance(message.get("result"), dict) and "content" in message["result"] and "role" not in message["result"]:
        result = message["result"]
        parts, has_media = _result_parts(result["content"], join_path(join_path(path, "result"), "content"))
        if result.get("structuredContent") is not None:
            parts.append(result["structuredContent"])
        yield Result(_id(message, "id", path), None, parts, has_media, path)
    elif "error" in message and message.get("id") is not None:
        yield Result(_id(message, "id", path), None, [message["error"]], False, path, is_of_a_call=False)
    else:  # what else a server sends: lists of tools, resources, prompts, requests of its own
        yield Foreign(_without_media({k: v for k, v in message.items() if k in ("params", "result")}))


def _result_parts(content: Any, path: str) -> tuple[list[Any], bool]:
    """Return the texts and data of a result, and whether there is anything that cannot be read."""
    if content is None:
        return [], False
    if not isinstance(content, list) or not all(
        isinstance(b, dict) and isinstance(b.get("type"), str) for b in content
    ):
        return [content], False
    parts: list[Any] = []
    has_media = False
    for i, block in enumerate(content):
        if block["type"] in _TEXT:
            parts.append(_text(block, "text", join_path(path, i)))
        else:
            has_media |= _holds_media(block)
            parts.append(_without_media(block))
    return parts, has_media


def _holds_media(data: Any) -> bool:
    stack = [data]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            if _kind(item) in _MEDIA or "blob" in item or _kind(item) == "base64":
                return True
            stack.extend(item.values())
        elif isinstance(item, list):
            stack.extend(item)
    return False


def _without_media(block: dict[str, Any]) -> dict[str, Any]:
    """Leave out encoded bytes: they are no text, and would be indexed as words."""
    if _kind(block) in _MEDIA:
        return {k: v for k, v in block.items() if k not in _MEDIA_KEYS}
    source = block.get("source")
    if isinstance(source, dict) and source.get("type") == "base64":
        return {**block, "source": {k: v for k, v in source.items() if k != "data"}}
    resource = block.get("resource")
    if isinstance(resource, dict) and "blob" in resource:
        return {**block, "resource": {k: v for k, v in resource.items() if k != "blob"}}
    return block


def _kind(data: dict[str, Any]) -> str:
    kind = data.get("type")
    return kind if isinstance(kind, str) else ""


def _object(data: dict[str, Any], key: str, path: str) -> dict[str, Any]:
    value = data.get(key)
    if not isinstance(value, dict):
        raise InputError(
            "missing" if value is None else f"a {type(value).__name__}, wanted an object", path=join_path(path, key)
        )
    return cast("dict[str, Any]", value)


def _text(data: dict[str, Any], key: str, path: str) -> str:
    value = data.get(key)
    if not isinstance(value, str):
        raise InputError(
            "missing" if value is None else f"a {type(value).__name__}, wanted text", path=join_path(path, key)
        )
    return value


def _id(data: dict[str, Any], key: str, path: str) -> str | None:
    value = data.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise InputError(f"a {type(value).__name__}, wanted an id", path=join_path(path, key))
    return str(value)
