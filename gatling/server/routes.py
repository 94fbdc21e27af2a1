"""The routes: which there are, who may use them, and what goes in and comes out. A new one is one row and one method.

The server finds the method of `Service` by the name here, and the OpenAPI document is made of this table.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote

from gatling.server import bodies
from gatling.server.bodies import ID, Body, Shown
from gatling.server.guardrail import GuardrailAnswer, GuardrailRequest

Who = Literal["anybody", "agents", "approvers", "both"]
"""`agents`: the token of those who ask. `approvers`: that of people who answer, which agents do not have."""


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one path."""

    method: Literal["GET", "POST", "DELETE"]
    path: str
    """With `{names}` for the parts that vary."""
    name: str
    summary: str
    who: Who
    answer: type[Shown]
    body: type[Body] | None = None
    status: int = 200
    query: tuple[tuple[str, str], ...] = ()
    """Name and meaning of each."""
    is_front: bool = False
    """Answered without asking a process that judges."""
    refuses_in_200: bool = False
    """For callers that take an error status for a guard that cannot be reached: the answer says no."""

    @property
    def parts(self) -> tuple[str, ...]:
        return tuple(self.path.strip("/").split("/"))


ROUTES: tuple[Route, ...] = (
    Route("GET", "/health", "health", "Whether the process answers.", "anybody", bodies.Health, is_front=True),
    Route("GET", "/ready", "ready", "Whether decisions are made; 503 where not.", "anybody", bodies.Ready, is_front=True),
    Route(
        "GET", "/v1/sessions", "list_sessions", "List sessions.", "approvers", bodies.Sessions,
        query=(("limit", "How many at most, from 1 to 1000; 100 by default."),),
    ),
    Route("POST", "/v1/sessions", "begin_session", "Begin a session.", "agents", bodies.SessionShown, bodies.NewSession, 201),
    Route("GET", "/v1/sessions/{session}", "show_session", "Show a session.", "both", bodies.SessionWithEntries),
    Route("DELETE", "/v1/sessions/{session}", "delete_session", "Throw a session away.", "both", bodies.Done),
    Route(
        "POST", "/v1/sessions/{session}/messages", "add_message", "Take a message, and judge the calls in it.", "agents",
        bodies.Decided, bodies.NewMessage,
    ),
    Route(
        "POST", "/v1/sessions/{session}/calls", "judge_call", "Judge one call.", "agents", bodies.DecisionShown, bodies.NewCall
    ),
    Route(
        "POST", "/v1/sessions/{session}/results", "add_result", "Take what a call returned.", "agents", bodies.Done,
        bodies.NewResult,
    ),
    Route(
        "POST", "/v1/sessions/{session}/texts", "add_text", "Take what somebody has said.", "agents", bodies.Done, bodies.NewText
    ),
    Route(
        "POST", "/v1/sessions/{session}/stop", "stop_session", "Deny every further call of a session.", "both", bodies.Done,
        bodies.NewStop,
    ),
    Route("POST", "/v1/decisions", "judge_plan", "Judge a whole plan.", "agents", bodies.PlanDecisionShown, bodies.NewPlan),
    Route(
        "GET", "/v1/approvals", "list_approvals", "List calls that people were asked about.", "approvers",
        bodies.ApprovalsShown,
        query=(("session", "Of one session."), ("state", "waiting (by default), or all.")),
    ),
    Route(
        "POST", "/v1/approvals/{approval}", "answer_approval", "Let a call that waits pass once, or refuse it.", "approvers",
        bodies.PendingShown, bodies.NewAnswer,
    ),
    Route(
        "POST", "/beta/litellm_basic_guardrail_api", "guardrail", "Judge what LiteLLM's proxy is about to send or return.",
        "agents", GuardrailAnswer, GuardrailRequest, refuses_in_200=True,
    ),
    Route("GET", "/openapi.json", "openapi", "This document.", "anybody", Shown, is_front=True),
)  # fmt: skip


_BY_LENGTH: dict[int, list[tuple[Route, tuple[str, ...]]]] = {}
"""Routes with their parts, by how many there are: this is asked of every request."""
for _route in ROUTES:
    _BY_LENGTH.setdefault(len(_route.parts), []).append((_route, _route.parts))


def matches(raw_path: str) -> Iterator[tuple[Route, dict[str, str]]]:
    """Yield the routes of a path, whatever the method, with the parts that vary."""
    given = raw_path.strip("/").split("/")
    for route, parts in _BY_LENGTH.get(len(given), ()):
        found: dict[str, str] = {}
        for want, part in zip(parts, given, strict=True):
            if want.startswith("{"):
                value = unquote(part, errors="strict") if "%" in part else part
                if re.fullmatch(ID, value) is None:
                    break
                found[want.strip("{}")] = value
            elif want != part:
                break
        else:
            yield route, found
