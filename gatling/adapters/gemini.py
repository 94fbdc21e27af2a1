"""Contents of Gemini: parts, in JSON's names or in those of the Python SDK (`functionCall`, `function_call`)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gatling.adapters.format import call, id_of, object_of, refuse_block, refuse_calls, refuse_unknown, text_of
from gatling.errors import InputError
from gatling.provenance.events import Event, Foreign, Result, Said
from gatling.schema.plain import join_path

# Beside the one key that says what a part is.
_NOTES = frozenset(
    "thought thoughtSignature videoMetadata partMetadata mediaResolution audioTranscription mediaProcessing "
    "speechMetadata".split()
)
_MEDIA = frozenset({"inlineData", "fileData"})
_RUN_BY_THE_VENDOR = frozenset({"executableCode", "codeExecutionResult", "toolCall", "toolResponse"})
_FIELDS = frozenset({"role", "parts"})


class Gemini:
    name = "gemini"
    title = "Gemini"

    def recognises(self, message: dict[str, Any]) -> bool:
        return isinstance(message.get("parts"), list) and "content" not in message and "type" not in message

    def read(self, message: dict[str, Any], path: str) -> Iterator[Event]:
        role, where = message.get("role"), join_path(path, "parts")
        if role not in ("user", "model", "function", "tool", "system"):
            shown = "missing" if role is None else f"{role!r} is not one of user, model, function, tool, system"
            raise InputError(shown, path=join_path(path, "role"))
        if role == "model":
            refuse_unknown(message, _FIELDS, path)
        else:
            refuse_calls(message, path)
        for i, part in enumerate(message["parts"]):
            at = join_path(where, i)
            if not isinstance(part, dict):
                raise InputError(f"a {type(part).__name__}, wanted a part", path=at)
            yield from _part({k: v for k, v in part.items() if v is not None}, at, role)


def _part(part: dict[str, Any], path: str, role: str) -> Iterator[Event]:
    for key, data in part.items():
        kind = _camel(key)
        if kind == "functionCall":
            yield _call(object_of(part, key, path), join_path(path, key))
        elif kind == "functionResponse":
            yield _result(object_of(part, key, path), join_path(path, key))
        elif kind in _RUN_BY_THE_VENDOR:
            yield Foreign({kind: data})
        elif role == "model":
            if kind not in _NOTES | _MEDIA | {"text"}:
                refuse_block(key, path)
        elif kind == "text":
            text = text_of(part, key, path)
            yield Said(text, role == "user") if role in ("user", "system") else Foreign({kind: text})
        elif kind not in _NOTES | _MEDIA:
            yield Foreign({kind: data})


def _call(data: dict[str, Any], path: str) -> Event:
    fields = {_camel(k): v for k, v in data.items()}
    if fields.get("willContinue") or fields.get("partialArgs"):
        raise InputError("a piece of a stream: gather the whole message before it is judged", path=path)
    return call(data, path, id_of(data, "id", path), keys=("args",))


def _result(data: dict[str, Any], path: str) -> Result:
    response, parts = data.get("response"), data.get("parts")
    name = data.get("name")
    has_media = isinstance(parts, list) and bool(parts)
    given = [] if response is None else [response]
    return Result(id_of(data, "id", path), name if isinstance(name, str) else None, given, has_media, path)


def _camel(key: str) -> str:
    head, *more = key.split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in more)
