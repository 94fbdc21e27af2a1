"""The list of sessions: first the calls that wait for a person, then who is at work."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from urllib.parse import quote

from gatling.page.document import document, text
from gatling.page.style import STYLE

MAX_WAITING = 200


@dataclass(frozen=True, slots=True)
class Waiting:
    """A call that waits for a person."""

    id: str
    session: str
    tool_name: str
    reasons: tuple[str, ...]
    asked_at: float


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session in the list."""

    id: str
    policy: str
    role: str
    touched_at: float
    is_stopped: bool = False


def sessions_page(
    title: str, waiting: Sequence[Waiting], sessions: Sequence[SessionRow], *, path: str
) -> Iterator[str]:
    """Yield the page in pieces.

    Args:
        waiting: the oldest first.
        path: to which the id of a session is appended.
    """
    return document(title, _body(title, waiting, sessions, path), style=STYLE)


def _body(title: str, waiting: Sequence[Waiting], sessions: Sequence[SessionRow], path: str) -> Iterator[str]:
    yield f"<h1>{text(title)}</h1>\n<h2>{len(waiting):,} call{' waits' if len(waiting) == 1 else 's wait'} for a person</h2>\n"
    for call in waiting[:MAX_WAITING]:
        yield f'<article class="call escalate"><header><span class="tool">{text(call.tool_name, 200)}</span>'
        yield f"{_link(call.session, path, f'#w-{call.id}')} <small>since {_time(call.asked_at)}</small></header>"
        yield "".join(f"<p><bdi>{text(reason, 400)}</bdi></p>" for reason in call.reasons[:2]) + "</article>\n"
    if len(waiting) > MAX_WAITING:
        yield f'<p class="cut">{len(waiting) - MAX_WAITING:,} later ones are not shown.</p>\n'
    counts = Counter(call.session for call in waiting)
    yield "<h2>Sessions</h2>\n"
    if not sessions:
        yield "<p>None.</p>"
        return
    head = "".join(
        f'<th scope="col">{name}</th>' for name in ("session", "role", "policy", "last told something", "waiting")
    )
    yield f'<div class="wide"><table class="sessions"><thead><tr>{head}</tr></thead><tbody>\n'
    for row in sessions:
        stopped = " <b>stopped</b>" if row.is_stopped else ""
        yield f"<tr><td>{_link(row.id, path)}{stopped}</td><td>{text(row.role, 100)}</td><td>{text(row.policy, 100)}</td>"
        yield f"<td>{_time(row.touched_at)}</td><td>{counts[row.id] or ''}</td></tr>\n"
    yield "</tbody></table></div>"


def _link(session: str, path: str, place: str = "") -> str:
    return f'<a href="{escape(path, quote=True)}{quote(session, safe="")}{quote(place, safe="#")}">{text(session, 100)}</a>'


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
