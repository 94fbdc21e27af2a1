"""What requests hold, and what answers do: the code checks by these models, and the OpenAPI document is made of them.

Unknown fields are refused, and no value is turned into another type.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gatling.energy import Code, Verdict
from gatling.errors import InputError
from gatling.guard.approval import State
from gatling.guard.decision import Mode
from gatling.schema.plain import decode_json, join_path

ID = r"^[A-Za-z0-9._:@-]{1,100}$"
"""What ids of sessions and approvals look like in a path."""
SessionId = Annotated[str, Field(pattern=ID)]


class Body(BaseModel):
    """Of a request, or a part of one."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, use_attribute_docstrings=True)


class Shown(BaseModel):
    """Of an answer, or a part of one."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


BodyT = TypeVar("BodyT", bound=Body)


# --- requests ---------------------------------------------------------------------------------------------------------


class SessionLimits(Body):
    """What the session may do in all."""

    calls: int | None = Field(None, ge=0)
    """Calls that are allowed in all."""
    tool_calls: dict[str, int] = {}
    """The same by tool name, or by a pattern with `*` and `?`."""
    sums: dict[str, dict[str, float]] = {}
    """By tool name or pattern, and by the dotted path of an argument: what it may add up to."""
    minutes: float | None = Field(None, ge=0)
    """From the session's start."""
    same_refused: int | None = Field(5, ge=0)
    """So often the same call may be refused; then it is denied without being judged."""


class NewSession(Body):
    """One conversation of one user under one policy."""

    role: str = Field(min_length=1)
    """The user's role, as the policy names it."""
    policy: str | None = None
    """The name of a policy of the server; needed where it has several."""
    id: SessionId | None = None
    """By default a random one."""
    request: str | None = None
    """What the user has asked for, if that is known already; the same as a text of the user."""
    session_context: dict[str, Any] = {}
    """What else is known: who the user is, where she is, what she has confirmed. A `user_request` in it is the whole request."""
    format: str = "auto"
    """Of the messages; `auto` tells each by its shape."""
    limits: SessionLimits | None = None
    offers_repairs: bool = False
    """Look for arguments with which a call that is not allowed would be."""


class NewMessage(Body):
    """The next message of the conversation, whoever wrote it."""

    message: dict[str, Any]
    """As the vendor's API has it: OpenAI, Anthropic, Responses, Gemini, Bedrock, MCP, LangChain."""


class NewCall(Body):
    """One call that the agent wants to run, for those who have calls and no messages."""

    tool_name: str = Field(min_length=1)
    arguments: dict[str, Any] | str
    """An object, or JSON text of one."""
    call_id: str | None = Field(None, min_length=1)
    """Of the conversation; by default a random one. The same call under the same id gets the same decision while it waits for its
    result."""


class NewResult(Body):
    """What a call returned, before the model reads it."""

    call_id: str | None = None
    """As in the decision; null to find the call by `tool_name`."""
    tool_name: str | None = None
    output: Any
    """Text, or JSON data."""
    source: Literal["trusted", "outsiders"] | None = None
    """Whose text it is, where that is known of this very result."""
    has_media: bool = False
    """Whether there are images, sound or files in it."""


class NewText(Body):
    """What somebody has said, for those who have no messages."""

    by: Literal["user", "assistant", "system", "foreign"]
    """`foreign`: what somebody else wrote and the model reads, beside results."""
    text: Any
    """A text; of `foreign` also JSON data."""


class NewPlan(Body):
    """A whole plan, before its first call."""

    role: str = Field(min_length=1)
    policy: str | None = None
    """The name of a policy of the server; needed where it has several."""
    session_context: dict[str, Any] = {}
    """With the request as `user_request`."""
    plan: dict[str, Any]
    """Calls with arguments, tiers and the data that flows between them, as `gatling audit` takes it."""
    repair: bool = False
    """Search for the nearest plan that is allowed, where this one is not."""


class NewAnswer(Body):
    """A person's word on a call that waits."""

    answer: Literal["approve", "refuse"]
    by: str = Field(min_length=1)
    """Who says so."""
    minutes: float | None = Field(None, gt=0)
    """How long it counts; by default as long as the server says."""


class NewStop(Body):
    """Deny every further call."""

    by: str = ""
    why: str = ""


# --- answers ----------------------------------------------------------------------------------------------------------


class Reason(Shown):
    """One thing that is wrong; without energies, and without what looks like a secret."""

    code: Code
    source: str
    node_id: str | None
    argument: str | None
    clause: str | None
    """Place of the policy's clause with its line."""
    found: str
    wanted: str
    band: Literal["final", "alarm", "doubt"]


class ApprovalShown(Shown):
    """Whose word let a call pass, or refused it."""

    id: str
    by: str
    at: float
    until: float


class DecisionShown(Shown):
    """The decision on one call."""

    tool_name: str
    call_id: str
    """Under which the result is wanted."""
    verdict: Verdict
    may_run: bool
    """Whether the call may run: run it for `true` alone."""
    mode: Mode
    reasons: list[Reason]
    retryable: bool
    """Whether another call for the same request could pass."""
    text_for_agent: str
    """What the agent may be told in place of a result."""
    pending: str | None
    """Under which it waits for a person's word."""
    approval: ApprovalShown | None
    repaired_arguments: dict[str, Any] | None
    """Arguments with which it would be allowed; ask again with them."""
    edits: list[str]
    plan_digest: str
    policy_digest: str
    model_digest: str
    latency_ms: float


class PlanDecisionShown(Shown):
    """The decision on a plan."""

    verdict: Verdict
    may_run: bool
    reasons: list[Reason]
    retryable: bool
    repaired: dict[str, Any] | None
    """The nearest plan that is allowed, where one was asked for and found; secrets are masked."""
    edits: list[str]
    plan_digest: str
    policy_digest: str
    model_digest: str
    latency_ms: float


class Decided(Shown):
    """The calls of a message with their decisions, in order; empty where it proposes none."""

    session: str
    calls: list[DecisionShown]


class SessionShown(Shown):
    """A session, without what it was told."""

    id: str
    policy: str
    role: str
    mode: Mode
    created_at: float
    """In seconds since 1970."""
    touched_at: float
    """When it was last told something."""
    stopped: str | None
    """Why nothing of it may run any more."""


class EntryShown(Shown):
    """One thing that a session was told."""

    number: int
    kind: Literal["message", "call", "result", "text"]
    at: float
    data: dict[str, Any]
    """The body of the request, without what looks like a secret."""
    decisions: list[DecisionShown]


class SessionWithEntries(SessionShown):
    """A session with all that it was told."""

    request: str
    """What was asked, as the guard takes it."""
    entries: list[EntryShown]


class Sessions(Shown):
    """The latest first."""

    sessions: list[SessionShown]


class PendingShown(Shown):
    """A call that a person was asked about."""

    id: str
    session: str
    tool_name: str
    arguments: dict[str, Any]
    """With `[secret]` in the place of what looks like one."""
    reasons: list[str]
    asked_at: float
    until: float
    """The question, or the word that was given, does not count after this."""
    state: State
    by: str
    decided_at: float | None


class ApprovalsShown(Shown):
    """The oldest first."""

    approvals: list[PendingShown]


class Done(Shown):
    """It is done."""

    ok: Literal[True] = True


class Health(Shown):
    """Whether the process answers."""

    status: Literal["ok"]
    version: str


class Ready(Shown):
    """Whether decisions are made."""

    status: Literal["ready", "starting", "stopping", "failing"]
    workers: int
    """Processes that judge."""
    waiting: int
    """Requests that wait for one."""
    fault: str | None = None


class Fault(Shown):
    """Why there is no answer."""

    code: str
    message: str
    """One sentence."""


class ErrorShown(Shown):
    """What is not understood is not allowed: every error says so, too."""

    error: Fault
    verdict: Literal["deny"] = "deny"
    may_run: Literal[False] = False


def read_body(model: type[BodyT], body: bytes) -> BodyT:
    """Read the body of a request. Raises: InputError with the path of what is wrong."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"the body is not UTF-8 at byte {error.start}") from None
    data = decode_json(text)
    if not isinstance(data, dict):
        raise InputError(f"the body is a {type(data).__name__}, wanted an object")
    return checked(model, data)


def checked(model: type[BodyT], data: dict[str, Any]) -> BodyT:
    """Return the model of an object. Raises: InputError for its first fault, with the path."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        errors = error.errors(include_url=False, include_input=False, include_context=False)
        first = next((one for one in errors if one["type"] == "extra_forbidden"), errors[0])
        path = ""
        for part in first["loc"]:
            path = join_path(path, part)
        if first["type"] == "extra_forbidden":
            known = f"; known are {', '.join(sorted(model.model_fields))}" if len(first["loc"]) == 1 else ""
            raise InputError(f"unknown field{known}", path=path[:200]) from None
        raise InputError(first["msg"][0].lower() + first["msg"][1:], path=path[:200]) from None
