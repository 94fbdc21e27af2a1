"""What the model said in a message, apart from its calls. It is no event: values that the model writes have no origin."""

from __future__ import annotations

from typing import Any

from gatling.adapters.format import TEXT, kind_of
from gatling.adapters.plain import plain_message

_MODEL = frozenset({"assistant", "model", "ai", "AIMessageChunk"})


def text_of_the_model(message: Any) -> str:
    """Return the text of a message of the model in any format; empty for what is no message of the model.

    Raises:
        InputError: if it is no plain data.
    """
    data = plain_message(message, "message")
    if not isinstance(data, dict):
        return ""
    if kind_of(data) in _MODEL and isinstance(data.get("data"), dict):  # LangChain's dumps
        data = {**data["data"], "role": "ai"}
    if data.get("role") not in _MODEL and kind_of(data) not in _MODEL:
        return ""
    content = data.get("content", data.get("parts"))
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "\n".join(text for part in parts if (text := _text_of(part)))


def _text_of(part: Any) -> str:
    if isinstance(part, str):
        return part
    if not isinstance(part, dict) or part.get("thought"):
        return ""
    text = part.get("text")
    return text if isinstance(text, str) and kind_of(part) in {"", *TEXT} else ""
