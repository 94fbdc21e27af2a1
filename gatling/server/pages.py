"""Pages for people (`gatling serve --ui`): the calls that wait, the sessions, and the buttons to answer.

- A browser asks with Basic authorization: any name, by which the log knows who answered, and the token of people as the password.
  There is no cookie: it would go to whatever else serves pages on this machine, an agent's program included, on any port.
- A browser sends that authorization by itself, also where a page of somebody else makes it ask. So an answer must come from a
  page of this origin, and hold a token that stands on these pages alone; and no other page may put one into a frame.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qs, quote, unquote

from gatling.page import document, text
from gatling.server.access import Access
from gatling.server.bodies import ID
from gatling.server.pool import Answered, Pool
from gatling.server.service import Reply, error

PATH = "/ui"
SESSIONS, APPROVALS = f"{PATH}/sessions/", f"{PATH}/approvals/"
MAX_FORM_BYTES = 4_096
MAX_NAME_CHARS = 100
Headers = list[tuple[bytes, bytes]]
HEADERS: Headers = [
    (b"content-type", b"text/html; charset=utf-8"),
    (b"content-security-policy", b"script-src 'none'; base-uri 'none'; frame-ancestors 'none'"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"same-origin"),
]
_ASK = b'Basic realm="Gatling: your name, and the token of people as the password", charset="UTF-8"'


class Pages:
    """Answers what a browser asks."""

    def __init__(self, pool: Pool, access: Access) -> None:
        self._pool = pool
        self._access = access
        self._key = secrets.token_bytes(32)

    @staticmethod
    def takes(path: str) -> bool:
        """Whether a path is one of a page."""
        return path == PATH or path.startswith(f"{PATH}/")

    async def answer(
        self, method: str, path: str, headers: Mapping[str, str], read: Callable[[int], Awaitable[bytes | Reply]]
    ) -> tuple[Answered, Headers]:
        """Return the answer as `Service` gives it, to be `shown`; with headers of its own.

        Args:
            headers: by lower-case names.
            read: reads the body, at most so many bytes.
        """
        by, token = _credentials(headers.get("authorization", ""))
        refused = self._access.refused("approvers", {**headers, "authorization": f"Bearer {token}"})
        if refused is not None:
            more: Headers = [(b"www-authenticate", _ASK)] if refused.status == 401 else []
            return _encoded(error(refused.status, "forbidden", refused.message)), more
        if not by.strip() or len(by) > MAX_NAME_CHARS or not by.isprintable():
            why = f"say who you are: the user's name wants 1 to {MAX_NAME_CHARS} characters"
            return _encoded(error(401, "forbidden", why)), [(b"www-authenticate", _ASK)]
        params = {"by": by, "csrf": self._csrf(by)}
        if path == PATH and method == "GET":
            return await self._pool.ask("page_sessions", params, b""), []
        session, approval = _id(path, SESSIONS), _id(path, APPROVALS)
        if session and method == "GET":
            return await self._pool.ask("page_session", {**params, "session": session}, b"", key=session), []
        if approval and method == "POST":
            return await self._decide(approval, by, headers, read)
        if path == PATH or session or approval:
            return _encoded(error(405, "method", "this page is not asked like that")), []
        return _encoded(error(404, "not_found", "there is no such page")), []

    async def _decide(
        self, approval: str, by: str, headers: Mapping[str, str], read: Callable[[int], Awaitable[bytes | Reply]]
    ) -> tuple[Answered, Headers]:
        if "origin" not in headers:  # that it is this one has been checked
            return _encoded(error(403, "forbidden", "an answer must come from a page of this server")), []
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/x-www-form-urlencoded":
            return _encoded(error(415, "media_type", "an answer is a form")), []
        body = await read(MAX_FORM_BYTES)
        if isinstance(body, Reply):
            return _encoded(body), []
        form = parse_qs(body.decode("latin-1"), keep_blank_values=True, max_num_fields=8)
        if not hmac.compare_digest(_one(form, "csrf").encode(errors="replace"), self._csrf(by).encode()):
            return _encoded(error(403, "forbidden", "this page is too old: go back and load it again")), []
        word = {"answer": _one(form, "word"), "by": by, "minutes": None}
        answered = await self._pool.ask("answer_approval", {"approval": approval}, json.dumps(word).encode())
        if answered.status != 200:
            return answered, []
        session = quote(json.loads(answered.body)["session"], safe="")
        return Answered(303, b"{}"), [(b"location", f"{SESSIONS}{session}".encode())]

    def _csrf(self, by: str) -> str:
        return hmac.new(self._key, by.encode(errors="replace"), hashlib.sha256).hexdigest()


def shown(answered: Answered) -> Answered:
    """Return an answer as a page."""
    data: dict[str, Any] = json.loads(answered.body)
    if "html" in data:
        return Answered(answered.status, str(data["html"]).encode(errors="replace"))
    said = data.get("error", {}).get("message", "")
    body = f'<h1>{answered.status}</h1><p>{text(said)}</p><p><a href="{PATH}">All sessions</a></p>'
    return Answered(answered.status, "".join(document("Gatling", [body])).encode())


def _credentials(authorization: str) -> tuple[str, str]:
    """Return name and password; empty where there are none."""
    scheme, _, given = authorization.partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        name, _, password = base64.b64decode(given.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return "", ""
    return name, password


def _id(path: str, before: str) -> str:
    found = unquote(path.removeprefix(before)) if path.startswith(before) else ""
    return found if re.fullmatch(ID, found) else ""


def _one(form: dict[str, list[str]], name: str) -> str:
    found = form.get(name, [])
    return found[0] if len(found) == 1 else ""


def _encoded(reply: Reply) -> Answered:
    return Answered(reply.status, json.dumps(reply.data).encode())
