"""What a conversation is made of, whatever API it comes from: text of the user, a call, a result, text of somebody else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gatling.provenance.sources import ToolOutput


@dataclass(frozen=True, slots=True)
class Said:
    """Text of the system prompt or of the user."""

    text: str
    is_user: bool


@dataclass(frozen=True, slots=True)
class ProposedCall:
    """A tool call."""

    tool_name: str
    arguments: dict[str, Any]
    call_id: str | None
    path: str


@dataclass(frozen=True, slots=True)
class Result:
    """What a call returned."""

    call_id: str | None
    tool_name: str | None
    parts: list[Any]
    """Texts, and JSON data."""
    has_media: bool
    """Images, sound or files are among it, whose text cannot be read here."""
    path: str
    is_of_a_call: bool = True
    """False for an error of JSON-RPC, which may answer a request that is no call."""
    rule: ToolOutput | None = None
    """Whose text it is, where that is known of this very result; else it is told by the tool."""


@dataclass(frozen=True, slots=True)
class Foreign:
    """Text of unknown origin: documents in a message, blocks of unknown kinds, what an MCP server sends besides results."""

    data: Any


Event = Said | ProposedCall | Result | Foreign
