"""The formats that messages are read in, and which one a message is of."""

from __future__ import annotations

from typing import Any

from gatling.adapters.anthropic import Anthropic
from gatling.adapters.bedrock import Bedrock
from gatling.adapters.format import MessageFormat, kind_of
from gatling.adapters.gemini import Gemini
from gatling.adapters.langchain import LangChain
from gatling.adapters.mcp import Mcp
from gatling.adapters.openai_chat import OpenAiChat
from gatling.adapters.plain import UNREADABLE, plain_message
from gatling.adapters.responses import Responses
from gatling.errors import InputError
from gatling.provenance.events import Event
from gatling.schema.plain import join_path

# Where a message says by itself what it is, the first row that recognises it reads it: what is told by less stands later.
_ROWS: tuple[MessageFormat, ...] = (
    Mcp(),
    Gemini(),
    LangChain(),
    Bedrock(),
    Anthropic(),
    OpenAiChat(),
    Responses(),
)
FORMATS: dict[str, MessageFormat] = {row.name: row for row in _ROWS}
"""Every format, by name."""
AUTO = "auto"
"""Each message is told by its own shape."""


def events(message: Any, index: int, format: str = AUTO) -> list[Event]:
    """Return what a message holds, in order.

    Args:
        message: plain data, or an object of an SDK.
        format: `auto`, or the name of a format: then the shapes of the others are refused.

    Raises:
        InputError: with the message's index and the path inside it, for a message of no known shape or of another one than
            `format` asks for, and for one that may hold calls which cannot be read.
    """
    path = join_path("messages", index)
    if format != AUTO and format not in FORMATS:
        raise InputError(f"the format is {format!r}, it must be one of {', '.join((AUTO, *FORMATS))}")
    data = plain_message(message, path)
    if not isinstance(data, dict) or data is UNREADABLE:
        raise InputError(f"a {type(message).__name__}, wanted an object", path=path)
    allowed = FORMATS.values() if format == AUTO else [FORMATS[format]]
    reader = next((row for row in allowed if row.recognises(data)), None)
    if reader is None:
        raise InputError(_why(data, format), path=path)
    return list(reader.read(data, path))


_WHOLE_RESPONSES = {
    "choices": "choices[i].message",
    "candidates": "candidates[i].content",
    "output": "its items or its message, one by one",
}


def _why(message: dict[str, Any], format: str) -> str:
    """Say what a message is that no format recognises."""
    kind = kind_of(message)
    if (
        "delta" in message
        or "chunk" in str(message.get("object", ""))
        or kind.startswith(("response.", "content_block"))
    ):
        return "a piece of a stream: gather the whole message before it is judged"
    for key, inner in _WHOLE_RESPONSES.items():
        if isinstance(message.get(key), (list, dict)) and "role" not in message:
            return f"a whole response and no message: give {inner}"
    if format != AUTO:
        return f"not a message of the format {format}"
    if "role" in message or kind:
        return (
            f"of no known shape ({'role ' + repr(message.get('role')) if 'role' in message else 'type ' + repr(kind)})"
        )
    return "neither a role, nor a type, nor jsonrpc says what it is"
