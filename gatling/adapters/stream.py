"""Answers that arrive in pieces, gathered: a call is read when its message is whole, never before.

    gathering = StreamGatherer()
    for piece in stream:
        for message in gathering.feed(piece):   # [] until a message is whole
            session.check(message)
    gathering.close()                           # raises if the stream broke off

| pieces of | a message is whole at |
| --- | --- |
| OpenAI chat (`chat.completion.chunk`) | `finish_reason` |
| Anthropic (`content_block_delta`, ...) | `message_stop` |
| OpenAI Responses (`response.output_item.done`, ...) | each item that is done |

Gemini and MCP send whole messages, and LangChain's chunks are added up by their own `+`.
"""

from __future__ import annotations

from typing import Any

from gatling.adapters.format import kind_of
from gatling.adapters.plain import plain_message
from gatling.errors import InputError
from gatling.schema.plain import join_path
from gatling.schema.sizes import MAX_STRING_CHARS

MAX_CALLS = 4_096
"""Of one message."""


class StreamGatherer:
    """Gathers the pieces of one stream. What is no piece of a known stream is refused."""

    def __init__(self) -> None:
        self._num_pieces = 0
        self._message: dict[str, Any] | None = None
        self._texts: dict[tuple[Any, ...], list[str]] = {}
        self._num_chars = 0

    def feed(self, piece: Any) -> list[dict[str, Any]]:
        """Take the next piece; return the messages that are whole with it, one at most.

        Args:
            piece: plain data, or an object of an SDK.

        Raises:
            InputError: for what is no piece of a known stream, or does not fit to those before it. Run nothing of the message.
        """
        path = join_path("stream", self._num_pieces)
        data = plain_message(piece, path)
        self._num_pieces += 1
        if not isinstance(data, dict):
            raise InputError(f"a {type(piece).__name__}, wanted an object", path=path)
        kind = kind_of(data)
        if data.get("object") == "chat.completion.chunk" or ("choices" in data and not kind):
            return self._chat(data, path)
        if kind.startswith("response."):
            return self._responses(kind, data, path)
        if kind in _ANTHROPIC:
            return self._anthropic(kind, data, path)
        raise InputError(
            f"no piece of a known stream ({'type ' + repr(kind) if kind else 'without a type'})", path=path
        )

    def close(self) -> None:
        """End the stream. Raises: InputError if a message is not whole: none of its calls may run."""
        if self._message is not None:
            raise InputError("the stream broke off in the middle of a message", path="stream")

    # --- OpenAI chat --------------------------------------------------------------------------------------------------

    def _chat(self, data: dict[str, Any], path: str) -> list[dict[str, Any]]:
        choices = data.get("choices")
        if not isinstance(choices, list) or len(choices) > 1:
            raise InputError(
                "wanted pieces of one choice: with several, nobody knows which one runs", path=f"{path}.choices"
            )
        if not choices:
            return []  # what was used, at the end
        choice, where = choices[0], f"{path}.choices[0]"
        if not isinstance(choice, dict) or choice.get("index", 0) != 0:
            raise InputError("wanted pieces of one choice: with several, nobody knows which one runs", path=where)
        delta = choice.get("delta")
        if delta is not None and not isinstance(delta, dict):
            raise InputError(f"a {type(delta).__name__}, wanted an object", path=f"{where}.delta")
        message = self._begun({"role": "assistant", "content": None})
        for key, value in (delta or {}).items():
            if value is None or key == "role":
                continue
            if key == "tool_calls":
                self._chat_calls(message, value, f"{where}.delta.tool_calls")
            elif key in ("content", "refusal", "reasoning", "reasoning_content") and isinstance(value, str):
                self._add((key,), value, path)
            elif key == "function_call" and isinstance(value, dict):
                self._call_piece(message, "function_call", value, ("function_call",), f"{where}.delta.function_call")
            elif value:  # kept as it is, so that whoever reads the message refuses what may be a call
                message[key] = value
        return [self._ended()] if choice.get("finish_reason") is not None else []

    def _chat_calls(self, message: dict[str, Any], pieces: Any, path: str) -> None:
        if not isinstance(pieces, list):
            raise InputError(f"a {type(pieces).__name__}, wanted a list", path=path)
        calls = message.setdefault("tool_calls", [])
        for i, piece in enumerate(pieces):
            where = join_path(path, i)
            index = piece.get("index") if isinstance(piece, dict) else None
            if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < MAX_CALLS:
                raise InputError(f"index is {index!r}, wanted a number below {MAX_CALLS}", path=where)
            if index > len(calls):
                raise InputError(f"index is {index}, and {len(calls)} calls stand before it", path=where)
            if index == len(calls):
                calls.append({"type": "function"})
            call = calls[index]
            for key, value in piece.items():
                if key == "function" and isinstance(value, dict):
                    self._call_piece(call, "function", value, (index,), f"{where}.function")
                elif key != "index" and value is not None:
                    self._set(call, key, value, where)

    def _call_piece(
        self, holder: dict[str, Any], key: str, piece: dict[str, Any], address: tuple[Any, ...], path: str
    ) -> None:
        function = holder.setdefault(key, {})
        for name, value in piece.items():
            if name == "arguments" and isinstance(value, str):
                self._add((*address, "arguments"), value, path)
            elif value is not None:
                self._set(function, name, value, path)

    # --- Anthropic ----------------------------------------------------------------------------------------------------

    def _anthropic(self, kind: str, data: dict[str, Any], path: str) -> list[dict[str, Any]]:
        if kind == "ping":
            return []
        if kind == "error":
            raise InputError("the stream ends with an error of the model's vendor", path=path)
        if kind == "message_start":
            if self._message is not None:
                raise InputError("a message begins before the one before it is whole", path=path)
            self._begun({"role": "assistant", "content": []})
            return []
        message = self._message
        if message is None:
            raise InputError(f"{kind} before message_start", path=path)
        if kind == "message_stop":
            if any(not block.pop("_is_whole") for block in message["content"]):
                raise InputError("the message ends in the middle of a block", path=path)
            return [self._ended()]
        if kind == "message_delta":
            return []
        self._block(kind, data, message["content"], path)
        return []

    def _block(self, kind: str, data: dict[str, Any], content: list[dict[str, Any]], path: str) -> None:
        index = data.get("index")
        if kind == "content_block_start":
            block = data.get("content_block")
            if index != len(content) or not isinstance(block, dict) or len(content) >= MAX_CALLS:
                raise InputError(f"a block at index {index!r}, and {len(content)} stand before it", path=path)
            content.append({**block, "_is_whole": False})
            return
        if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < len(content):
            raise InputError(f"a piece of the block {index!r}, which has not begun", path=path)
        block = content[index]
        if block["_is_whole"]:
            raise InputError(f"a piece of the block {index}, which is whole", path=path)
        if kind == "content_block_stop":
            block["_is_whole"] = True
            return
        delta = data.get("delta")
        given = [key for key in _DELTAS if isinstance(delta, dict) and isinstance(delta.get(key), str)]
        if isinstance(delta, dict) and kind_of(delta) == "citations_delta":
            return
        if len(given) != 1:
            raise InputError("a piece of a block of no known kind", path=f"{path}.delta")
        self._add((index, _DELTAS[given[0]]), delta[given[0]], path)  # type: ignore[index]

    # --- OpenAI Responses ---------------------------------------------------------------------------------------------

    def _responses(self, kind: str, data: dict[str, Any], path: str) -> list[dict[str, Any]]:
        if kind in ("response.failed", "response.incomplete", "response.error"):
            self._message = None
            raise InputError(f"the stream ends with {kind}", path=path)
        if kind == "response.output_item.added":
            self._begun({"num_open": 0})["num_open"] += 1
        if kind != "response.output_item.done":
            return []
        item = data.get("item")
        if not isinstance(item, dict):
            raise InputError("missing, wanted the item that is done", path=f"{path}.item")
        if self._message is not None:
            self._message["num_open"] -= 1
            if self._message["num_open"] <= 0:
                self._message = None
        return [item]

    # --- pieces -------------------------------------------------------------------------------------------------------

    def _begun(self, message: dict[str, Any]) -> dict[str, Any]:
        if self._message is None:
            self._message, self._texts, self._num_chars = message, {}, 0
        return self._message

    def _add(self, address: tuple[Any, ...], text: str, path: str) -> None:
        self._num_chars += len(text)
        if self._num_chars > 4 * MAX_STRING_CHARS:
            raise InputError(f"a message of more than {4 * MAX_STRING_CHARS} characters", path=path)
        self._texts.setdefault(address, []).append(text)

    def _set(self, holder: dict[str, Any], key: str, value: Any, path: str) -> None:
        if key in holder and holder[key] != value:
            raise InputError(f"{key} is {value!r}, and was {holder[key]!r} before", path=path)
        holder[key] = value

    def _ended(self) -> dict[str, Any]:
        """Return the message with the texts in their places."""
        message, texts = self._message or {}, self._texts
        self._message, self._texts = None, {}
        for address, parts in texts.items():
            self._put(message, address, "".join(parts))
        return message

    def _put(self, message: dict[str, Any], address: tuple[Any, ...], text: str) -> None:
        if isinstance(message["content"], list):  # Anthropic
            block = message["content"][address[0]]
            before = block.get(address[1])
            block[address[1]] = f"{before}{text}" if isinstance(before, str) else text
        elif len(address) == 1:
            message[address[0]] = text
        elif address[0] == "function_call":
            message["function_call"]["arguments"] = text
        else:
            message["tool_calls"][address[0]]["function"]["arguments"] = text


_ANTHROPIC = frozenset(
    "message_start content_block_start content_block_delta content_block_stop message_delta message_stop ping error".split()
)
_DELTAS = {"text": "text", "partial_json": "input", "thinking": "thinking", "signature": "signature"}
"""What a piece of a block has, and what the block has of it in the end. JSON text of the input is read with the message."""
