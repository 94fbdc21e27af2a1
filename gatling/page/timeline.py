"""What a page shows of a conversation, as plain data: the page draws it and decides nothing.

Whoever makes these has masked what looks like a secret, and has cut nothing: how much is shown is the page's affair.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Kind = Literal["request", "first_party", "attested", "outsiders", "nobody", "none"]
"""Where a value first stood, or who wrote a passage.

`request`: the user's words, or the developer's. `first_party`: the output of a tool whose text is trusted. `attested`: a field of
a record that outsiders can make, filled in by the service. `outsiders`: text of anybody else. `nobody`: nowhere, so the model
wrote it. `none`: yes, no and nothing, and what is so short that it is not traced.
"""


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of what was read."""

    text: str
    kind: Kind
    header: tuple[tuple[str, str], ...] = ()
    """Fields around it that say whose it is."""
    is_hidden: bool = False
    """Whether a person who looks at the item does not see it."""
    node_id: str | None = None
    """The call that returned it; None where it stood in a message."""


@dataclass(frozen=True, slots=True)
class Value:
    """A value of a call's arguments."""

    argument: str
    """Its path."""
    text: str
    kind: Kind
    """Of where it first stood; of several places the worst."""
    node_ids: tuple[str, ...] = ()
    """The calls in whose output it stood."""
    passages: tuple[int, ...] = ()
    """Which of the call's passages it stands in."""
    looks_like: str = ""
    """What it would be with plain letters, if letters in it look like others."""
    is_key: bool = False
    """Whether it is the name of a member, and no plain one."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a call is not simply allowed."""

    code: str
    source: str
    """Who says so."""
    argument: str
    found: str
    wanted: str
    band: str
    clause: str = ""
    """The place in the policy."""
    clause_text: str = ""
    """What stands there."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call with the decision on it."""

    node_id: str
    tool_name: str
    verdict: Literal["allow", "escalate", "deny"]
    values: tuple[Value, ...] = ()
    passages: tuple[Passage, ...] = ()
    """What the call can have come from, the likeliest first."""
    reasons: tuple[Reason, ...] = ()
    call_id: str = ""
    notes: tuple[str, ...] = ()
    """What else is to be said: whose word counted, and whether it ran all the same."""
    pending: str = ""
    """Under which id it waits for a person; empty if it waits no more."""
    edits: tuple[str, ...] = ()
    """What a repair would change."""
    policy_digest: str = ""
    latency_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Output:
    """What a call returned, as passages."""

    node_id: str
    tool_name: str
    passages: tuple[Passage, ...]


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody said."""

    who: Literal["user", "assistant", "system"]
    text: str


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation, in order."""

    id: str
    role: str
    request: str
    entries: Iterable[Call | Output | Said]
    fault: str = ""
    """Why the rest could not be read; empty if there is no rest."""
    foreign: tuple[Passage, ...] = ()
    """What outsiders wrote that stood in messages: documents that were retrieved, descriptions of tools."""
