"""Messages of Bedrock's Converse API: blocks that say by their one key what they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gatling.adapters.format import HARMLESS, call, id_of, object_of, refuse_block, refuse_unknown, text_of
from gatling.errors import InputError
from gatling.provenance.events import Event, Foreign, Result, Said
from gatling.schema.plain import join_path

_MEDIA = frozenset({"image", "video", "audio"})
_OF_THE_MODEL = _MEDIA | {"text", "reasoningContent", "cachePoint", "citationsContent", "guardContent"}
_KINDS = _OF_THE_MODEL | {"toolUse", "toolResult", "document", "searchResult"}


class Bedrock:
    name = "bedrock"
    title = "Bedrock Converse"

    def recognises(self, message: dict[str, Any]) -> bool:
        content = message.get("content")
        return (
            "role" in message
            and isinstance(content, list)
            and bool(content)
            and all(isinstance(block, dict) and "type" not in block for block in content)
        )

    def read(self, message: dict[str, Any], path: str) -> Iterator[Event]:
        role, where = message["role"], join_path(path, "content")
        if role not in ("user", "assistant", "system"):
            raise InputError(f"{role!r} is not one of user, assistant, system", path=join_path(path, "role"))
        if role == "assistant":
            refuse_unknown(message, HARMLESS, path)
        if not isinstance(message.get("content"), list):
            raise InputError("not a list of blocks, as Converse has it", path=where)
        for i, block in enumerate(message["content"]):
            at = join_path(where, i)
            if not isinstance(block, dict):
                raise InputError(f"a {type(block).__name__}, wanted a block", path=at)
            yield from _block({k: v for k, v in block.items() if v is not None}, at, role)


def _block(block: dict[str, Any], path: str, role: str) -> Iterator[Event]:
    if role == "assistant" and not block.keys() & _KINDS:
        refuse_block(next(iter(block), ""), path)
    for kind, data in block.items():
        if kind == "toolUse":
            given = object_of(block, "toolUse", path)
            at = join_path(path, "toolUse")
            yield call(given, at, id_of(given, "toolUseId", at), keys=("input",))
        elif kind == "toolResult":
            yield _result(object_of(block, "toolResult", path), join_path(path, "toolResult"))
        elif role == "assistant":
            if kind not in _OF_THE_MODEL:
                refuse_block(kind, path)
        elif kind == "text":
            yield Said(text_of(block, "text", path), role == "user")
        elif kind == "guardContent" and isinstance(data, dict) and isinstance(data.get("text"), dict):
            at = join_path(join_path(path, kind), "text")
            yield Said(text_of(data["text"], "text", at), role == "user")
        elif kind not in _MEDIA and kind != "cachePoint":
            yield Foreign({kind: data})


def _result(result: dict[str, Any], path: str) -> Result:
    content = result.get("content")
    if content is not None and not isinstance(content, list):
        raise InputError(f"a {type(content).__name__}, wanted a list of blocks", path=join_path(path, "content"))
    parts: list[Any] = []
    has_media = False
    for block in content or ():
        if isinstance(block, dict) and len(block) == 1 and block.keys() <= {"text", "json"}:
            parts.extend(block.values())
        else:
            has_media |= isinstance(block, dict) and not {*_MEDIA, "document"}.isdisjoint(block)
            parts.append(_without_bytes(block))
    return Result(id_of(result, "toolUseId", path), None, parts, has_media, path)


def _without_bytes(block: Any) -> Any:
    """Leave out the encoded bytes of a picture or file; its name stays."""
    if not isinstance(block, dict):
        return block
    return {
        kind: {k: v for k, v in data.items() if not (k == "source" and isinstance(v, dict) and "bytes" in v)}
        if isinstance(data, dict)
        else data
        for kind, data in block.items()
    }
