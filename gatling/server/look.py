"""What a process that judges draws for people: the list of sessions, and one session."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from gatling.guard import Session
from gatling.guard.approval import PendingCall
from gatling.guard.secrets import mask_text
from gatling.guard.timeline import running_conversation, said_in
from gatling.page import Forms, Said, SessionRow, Waiting, conversation_page, sessions_page
from gatling.server.pages import APPROVALS, PATH, SESSIONS
from gatling.server.store import Entry, Record

MAX_ENTRIES = 1_000
"""Of a session that are drawn, the latest."""


def sessions_html(waiting: Sequence[PendingCall], records: Iterable[tuple[Record, bool]]) -> str:
    """Return the page with the list of sessions.

    Args:
        records: with whether the session is stopped.
    """
    rows = [
        SessionRow(r.id, r.settings["policy"], r.settings["role"], r.touched_at, is_stopped)
        for r, is_stopped in records
    ]
    calls = [Waiting(p.id, p.session, p.tool_name, p.reasons, p.asked_at) for p in waiting]
    return "".join(sessions_page("Sessions", calls, rows, path=SESSIONS))


def session_html(session: Session, entries: Iterable[Entry], *, by: str, csrf: str) -> str:
    """Return the page of a session, with buttons for the calls that wait."""
    conversation = running_conversation(session, _said(entries))
    forms = Forms(APPROVALS, csrf, by)
    return "".join(conversation_page("Session", [conversation], forms=forms, most=MAX_ENTRIES, back=PATH))


def _said(entries: Iterable[Entry]) -> Iterator[tuple[int, Said]]:
    """Yield what was said, each with how many calls stood before it."""
    num_calls = 0
    for entry in entries:
        if entry.kind == "message":
            for said in said_in(entry.data["message"]):
                yield num_calls, said
        elif entry.kind == "text" and entry.data["by"] in ("user", "assistant", "system"):
            yield num_calls, Said(entry.data["by"], mask_text(entry.data["text"]))
        num_calls += len(entry.decisions)
