"""What the routes do: a request goes in, a status and plain data come out. One object in each process that judges.

- What is decided is in the log, and then in the store, before it is answered. A decision that cannot be kept is not answered.
- Whatever goes wrong is an error that allows nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, cast

from gatling.energy import Code
from gatling.errors import ConfigError, GatlingError, InputError
from gatling.guard import ApprovalError, Approvals, AuditLog, Guard, PolicyFile, Session, StopSwitch
from gatling.guard.approval import TABLE as APPROVALS
from gatling.guard.approval import PendingCall
from gatling.guard.database import ConflictError, Database, DatabaseError, SqliteFile
from gatling.guard.decision import denial, fault_of
from gatling.guard.secrets import mask_text
from gatling.guard.stop import ALL
from gatling.server.bodies import (
    NewAnswer,
    NewCall,
    NewMessage,
    NewPlan,
    NewResult,
    NewSession,
    NewStop,
    NewText,
    read_body,
)
from gatling.server.guardrail import Guardrail, GuardrailRequest, blocked
from gatling.server.resume import feed_result, feed_text
from gatling.server.sessions import Sessions, Told
from gatling.server.settings import Settings
from gatling.server.shown import shown_call, shown_entry, shown_plan, shown_session
from gatling.server.store import ENTRIES, SESSIONS, Store, UnknownSessionError

_log = logging.getLogger("gatling")
MAX_LISTED = 1_000
Params = dict[str, str]
Answer = tuple[int, dict[str, Any]]


class Reply(NamedTuple):
    """What is answered."""

    status: int
    data: dict[str, Any]


class Request(NamedTuple):
    """What is asked."""

    name: str
    """Of the route."""
    params: Params
    """Of path and query."""
    body: bytes


def error(status: int, code: str, message: str) -> Reply:
    """Return an error, which allows nothing (`ErrorShown`)."""
    return Reply(status, {"error": {"code": code, "message": message}, "verdict": "deny", "may_run": False})


class Service:
    """Answers requests.

    Args:
        guard: by default the one that the settings name.

    Raises:
        GatlingError, OSError: if a file that the settings name cannot be used.
    """

    def __init__(self, settings: Settings, guard: Guard | None = None) -> None:
        self.settings = settings
        policies = {name: PolicyFile(path) for name, path in settings.policies.items()}
        self._guard = guard if guard is not None else _guard_of(settings, policies)
        state = Path(settings.state)
        state.mkdir(parents=True, exist_ok=True)
        if settings.database is None:
            database: Database = SqliteFile(state / "sessions.db", SESSIONS, ENTRIES, survives_power_loss=False)
            approvals = Approvals(state / "approvals.db", minutes=settings.approval_minutes)
        else:
            from gatling.server.postgres import Postgres  # an extra

            database = Postgres(settings.database, SESSIONS, ENTRIES, APPROVALS)
            approvals = Approvals(database, minutes=settings.approval_minutes)
        self._database = database
        self._approvals = approvals
        self._stops = StopSwitch(state)
        self._audit_log = AuditLog(settings.log) if settings.log is not None else None
        store = Store(database, keep_s=3_600 * settings.keep_hours)
        self.sessions = Sessions(
            settings, self._guard, store, policies, approvals=approvals, stops=self._stops, log=self._audit_log
        )
        self._guardrail = None if settings.litellm is None else Guardrail(self.sessions, settings.litellm)
        self._routes: dict[str, Callable[[Params, bytes], Answer]] = {
            "begin_session": self._begin_session,
            "list_sessions": self._list_sessions,
            "show_session": self._show_session,
            "delete_session": self._delete_session,
            "add_message": self._add_message,
            "judge_call": self._judge_call,
            "add_result": self._add_result,
            "add_text": self._add_text,
            "stop_session": self._stop_session,
            "judge_plan": self._judge_plan,
            "list_approvals": self._list_approvals,
            "answer_approval": self._answer_approval,
            "guardrail": self._answer_guardrail,
            "ready": self._ready,
            "page_sessions": self._page_sessions,
            "page_session": self._page_session,
        }

    def answer(self, request: Request) -> Reply:
        """Answer a request. This never raises but for an interrupt."""
        try:
            return Reply(*self._routes[request.name](request.params, request.body))
        except UnknownSessionError as fault:
            return error(404, "not_found", str(fault))
        except (InputError, ConfigError) as fault:
            return error(400, "refused", str(fault))
        except ApprovalError as fault:
            return error(409, "decided", str(fault))
        except ConflictError:
            return error(409, "conflict", "it is there already, or another request about it was faster")
        except DatabaseError as fault:
            _log.error("%s", fault)
            return error(503, "store", "what sessions were told cannot be read or written")
        except Exception as fault:
            _log.exception("a request of %s could not be answered", request.name)
            return error(500, "fault", fault_of(fault))

    def close(self) -> None:
        """Close the files."""
        self._approvals.close()
        self._database.close()
        if self._audit_log is not None:
            self._audit_log.close()

    # --- sessions -----------------------------------------------------------------------------------------------------

    def _begin_session(self, params: Params, body: bytes) -> Answer:
        record = self.sessions.begin(read_body(NewSession, body))
        return 201, shown_session(record, self.settings.mode, self._stops.is_stopped(record.id))

    def _list_sessions(self, params: Params, body: bytes) -> Answer:
        limit = params.get("limit", "100")
        if not (limit.isascii() and limit.isdigit() and 1 <= int(limit[:5]) <= MAX_LISTED):
            raise InputError(f"{limit[:20]!r}, wanted a number from 1 to {MAX_LISTED}", path="limit")
        records = self.sessions.store.latest(int(limit))
        return 200, {
            "sessions": [shown_session(r, self.settings.mode, self._stops.is_stopped(r.id)) for r in records],
        }

    def _show_session(self, params: Params, body: bytes) -> Answer:
        record, entries, session = self.sessions.look(params["session"])
        shown = shown_session(record, self.settings.mode, self._stops.is_stopped(record.id))
        return 200, {**shown, "request": mask_text(session.request), "entries": [shown_entry(e) for e in entries]}

    def _delete_session(self, params: Params, body: bytes) -> Answer:
        self.sessions.forget(params["session"])
        return 200, {"ok": True}

    def _stop_session(self, params: Params, body: bytes) -> Answer:
        word = read_body(NewStop, body)
        self.sessions.store.find(params["session"])
        self._stops.stop(params["session"], by=word.by, why=word.why)
        return 200, {"ok": True}

    # --- what a session is told ---------------------------------------------------------------------------------------

    def _add_message(self, params: Params, body: bytes) -> Answer:
        given = read_body(NewMessage, body)

        def act(session: Session) -> Told[list[dict[str, Any]]]:
            decisions = [decision for _, decision in session.check(given.message)]
            return [shown_call(decision) for decision in decisions], given.model_dump(), decisions

        calls = self.sessions.tell(params["session"], "message", act)
        return 200, {"session": params["session"], "calls": calls}

    def _judge_call(self, params: Params, body: bytes) -> Answer:
        given = read_body(NewCall, body)

        def act(session: Session) -> Told[dict[str, Any]] | tuple[dict[str, Any], None, None]:
            num_before = len(session.decisions)
            decision = session.judge(given.tool_name, given.arguments, call_id=given.call_id)
            if len(session.decisions) == num_before:  # it is known, or no part of the conversation
                return shown_call(decision), None, None
            return shown_call(decision), {**given.model_dump(), "call_id": decision.call_id}, [decision]

        return 200, self.sessions.tell(params["session"], "call", act)

    def _add_result(self, params: Params, body: bytes) -> Answer:
        given = read_body(NewResult, body).model_dump()

        def act(session: Session) -> Told[dict[str, Any]]:
            feed_result(session, given)
            return {"ok": True}, given, []

        return 200, self.sessions.tell(params["session"], "result", act)

    def _add_text(self, params: Params, body: bytes) -> Answer:
        given = read_body(NewText, body).model_dump()

        def act(session: Session) -> Told[dict[str, Any]]:
            feed_text(session, given)
            return {"ok": True}, given, []

        return 200, self.sessions.tell(params["session"], "text", act)

    # --- whole plans --------------------------------------------------------------------------------------------------

    def _judge_plan(self, params: Params, body: bytes) -> Answer:
        given = read_body(NewPlan, body)
        policy = self.sessions.policy(self.sessions.policy_name(given.policy))
        context = {"policy": policy.data, "user_role": given.role, "session_context": given.session_context}
        why = self._stops.is_stopped(ALL)
        if why:
            decision = denial(why, code=Code.STOPPED, wanted="nothing")
        else:
            decide = self._guard.repair if given.repair else self._guard.audit
            decision = decide(context, given.plan)
            if decision.mode != self.settings.mode:
                decision = replace(decision, mode=self.settings.mode)
        if self._audit_log is not None:
            try:
                self._audit_log.plan(given.role, given.plan, decision)
            except Exception as fault:
                decision = denial(f"the log cannot be written: {fault_of(fault)}")
        return 200, shown_plan(decision)

    # --- people -------------------------------------------------------------------------------------------------------

    def _list_approvals(self, params: Params, body: bytes) -> Answer:
        state = params.get("state", "waiting")
        if state not in ("waiting", "all"):
            raise InputError(f"{state[:20]!r}, wanted waiting or all", path="state")
        find = self._approvals.all if state == "all" else self._approvals.waiting
        return 200, {"approvals": [pending.to_dict() for pending in find(params.get("session"))]}

    def _answer_approval(self, params: Params, body: bytes) -> Answer:
        word = read_body(NewAnswer, body)
        known = self._approvals.find(params["approval"])
        if known is None:
            return error(404, "not_found", f"no call waits under the id {params['approval']!r}")
        decide = self._approvals.approve if word.answer == "approve" else self._approvals.refuse
        decide(known.id, by=word.by, minutes=word.minutes)
        return 200, cast(PendingCall, self._approvals.find(known.id)).to_dict()

    def _page_sessions(self, params: Params, body: bytes) -> Answer:
        from gatling.server.look import sessions_html  # most servers show no pages

        records = self.sessions.store.latest(MAX_LISTED)
        stopped = ((record, bool(self._stops.is_stopped(record.id))) for record in records)
        return 200, {"html": sessions_html(self._approvals.waiting(), stopped)}

    def _page_session(self, params: Params, body: bytes) -> Answer:
        from gatling.server.look import session_html

        _, entries, session = self.sessions.look(params["session"])
        return 200, {"html": session_html(session, entries, by=params["by"], csrf=params["csrf"])}

    # --- others -------------------------------------------------------------------------------------------------------

    def _answer_guardrail(self, params: Params, body: bytes) -> Answer:
        if self._guardrail is None:
            return 200, blocked("this server has no terms for LiteLLM: start it with --litellm-role")
        try:
            return 200, self._guardrail.answer(read_body(GuardrailRequest, body))
        except Exception as fault:  # an error status may be taken for a guard that cannot be reached
            if not isinstance(fault, GatlingError):
                _log.exception("a request of LiteLLM could not be answered")
            return 200, blocked(f"The guard could not judge: {fault_of(fault)}")

    def _ready(self, params: Params, body: bytes) -> Answer:
        self.sessions.store.check()
        return 200, {}


def _guard_of(settings: Settings, policies: dict[str, PolicyFile]) -> Guard:
    """Load the guard, and have the policies compiled."""
    return Guard.from_pretrained(
        settings.model,
        policies=[policy.current() for policy in policies.values()],
        deadline_ms=settings.deadline_ms,
        is_strict_policy=settings.is_strict_policy,
    )
