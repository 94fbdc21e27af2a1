"""What becomes of each message between an MCP client and a server. It reads and writes nothing itself.

| message | what is done with it |
| --- | --- |
| `tools/call` | judged; what may not run is answered with an error result that says why, and the server never sees it |
| its result | taken as text of outsiders before the client gets it; one that cannot be taken is withheld |
| answer to `tools/list` | tools that the policy rules out for the role, or whose description was not accepted, are left out |
| other requests of the client | handed on where their method is known; others get an error |
| other answers, requests and notes of the server | taken as text of others, and handed on |
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from gatling.adapters.encoded import has_encoded, without_encoded
from gatling.adapters.format import result_parts
from gatling.errors import GatlingError, InputError
from gatling.guard import Session
from gatling.guard.decision import fault_of
from gatling.mcp_proxy.lines import key_of
from gatling.mcp_proxy.pins import Pins, digest_of
from gatling.schema.plain import check_plain

Side = Literal["client", "server"]
Message = dict[str, Any]
Sent = list[tuple[Side, Message]]

REQUEST_KEY = "gatling/request"
"""The key in `_meta` under which a client may state what its user has asked for."""
MAX_WAITING = 10_000
_OF_CLIENT = (
    "initialize", "ping", "tools/list", "tools/call", "resources/list", "resources/templates/list", "resources/read",
    "resources/subscribe", "resources/unsubscribe", "prompts/list", "prompts/get", "completion/complete", "logging/setLevel",
    "tasks/get", "tasks/list", "tasks/result", "tasks/cancel", "server/discover", "subscriptions/listen",
)  # fmt: skip
_WITHOUT_SESSION = ("server/discover", "subscriptions/listen")
"""Of the versions without `initialize`: over HTTP their requests belong to no conversation, and a session is one."""
_OF_SERVER = ("ping", "sampling/createMessage", "elicitation/create", "roots/list")
_NO_TEXT = ("notifications/progress", "notifications/cancelled", "notifications/tools/list_changed")
_OF_A_CALL = {"name", "arguments", "_meta", "task", "inputResponses", "requestState"}


@dataclass(frozen=True, slots=True)
class _Waiting:
    method: str
    tool_name: str = ""
    call_id: str = ""
    warning: str = ""


class Proxy:
    """Safe to share between the two threads that read from client and server.

    Args:
        session: judges the calls.
        pins: which descriptions are accepted.
        is_ruled_out: whether the policy lets a tool run in no case.
        takes_first: accept what is listed first, where nothing was accepted before.
        takes_request: take the request from `_meta`; only for a client that writes there what its user wrote.
        is_by_sources: results are told by the session's `sources`, in place of as text of outsiders.
        is_over_http: client or server are reached over HTTP: versions that begin with `initialize` alone are spoken.
        note: told what is dropped.
    """

    def __init__(
        self,
        session: Session,
        pins: Pins,
        *,
        is_ruled_out: Callable[[str], bool] = lambda tool: False,
        takes_first: bool = True,
        takes_request: bool = False,
        is_by_sources: bool = False,
        is_over_http: bool = False,
        note: Callable[[str], None] = lambda text: None,
    ) -> None:
        self._session = session
        self._pins = pins
        self._is_ruled_out = is_ruled_out
        self._first: list[Message] | None = [] if takes_first and pins.is_new else None
        """The tools that were listed so far, where there were no pins."""
        self._takes_request = takes_request
        self._source: Literal["outsiders"] | None = None if is_by_sources else "outsiders"
        self._methods = frozenset(_OF_CLIENT) - frozenset(_WITHOUT_SESSION if is_over_http else ())
        self._note = note
        self._lock = threading.RLock()
        self._waiting: dict[str, _Waiting] = {}
        self._asked_by_server: set[str] = set()
        self._faults: dict[str, str] = {}
        """Of the tools that were listed: why one may not be used, or an empty text."""
        self._told: set[str] = set()
        self._request = ""
        self._count = 0

    # --- from the client ----------------------------------------------------------------------------------------------

    def of_client(self, message: Message) -> Sent:
        """Return what is sent on. This never raises but for an interrupt: what cannot be judged gets an error."""
        with self._lock:
            try:
                return self._of_client(message)
            except Exception as error:
                why = fault_of(error)
                if "method" not in message or "id" not in message:
                    self._note(f"dropped a message of the client: {why}")
                    return []
                if message["method"] == "tools/call":
                    return [("client", refused_call(message["id"], f"The call was not run: {why}"))]
                return [("client", error_of(message["id"], -32600, why))]

    def _of_client(self, message: Message) -> Sent:
        if "method" not in message:
            key = key_of(message["id"])
            if key not in self._asked_by_server:
                raise InputError("an answer to what the server has not asked")
            self._asked_by_server.discard(key)
            return [("server", message)]
        method = message["method"]
        if "id" not in message:
            if not method.startswith("notifications/"):
                raise InputError(f"{method!r} without an id")
            return [("server", message)]
        if method not in self._methods:
            return [("client", error_of(message["id"], -32601, f"{method!r} is no method that the guard hands on"))]
        key = key_of(message["id"])
        if key in self._waiting:
            raise InputError("another request waits under this id", path="id")
        if len(self._waiting) >= MAX_WAITING:
            raise InputError(f"{MAX_WAITING:,} requests wait for an answer")
        message = self._without_request(message)
        if method == "tools/call":
            return self._call(message, key)
        self._waiting[key] = _Waiting(method)
        return [("server", message)]

    def _without_request(self, message: Message) -> Message:
        """Take the request out of `_meta`: the server is not told."""
        params = message.get("params", {})
        meta = params.get("_meta")
        if not isinstance(meta, dict) or REQUEST_KEY not in meta:
            return message
        request = meta[REQUEST_KEY]
        if self._takes_request:
            if not isinstance(request, str):
                raise InputError("wanted a text", path=f'params._meta["{REQUEST_KEY}"]')
            if request != self._request:
                self._session.feed_user(request)
                self._request = request
        kept = {k: v for k, v in meta.items() if k != REQUEST_KEY}
        return {**message, "params": {**params, "_meta": kept}}

    def _call(self, message: Message, key: str) -> Sent:
        params = message.get("params", {})
        name, arguments = params.get("name"), params.get("arguments")
        if not isinstance(name, str) or not isinstance(arguments, (dict, type(None))):
            raise InputError("wanted a name and an object of arguments", path="params")
        if unknown := sorted(set(params) - _OF_A_CALL):
            raise InputError(f"{unknown[0]!r} is no parameter of a call that is known", path="params")
        fault = self._faults.get(name, "it was not listed in this connection, so its description is not known")
        if fault:
            return [("client", refused_call(message["id"], f"The call of {name} was not run: {fault}. Tell the user."))]
        check_plain(arguments, "params.arguments")  # also what looks like encoded bytes is an argument
        self._count += 1
        call_id = f"{key}#{self._count}"
        decision = self._session.judge(name, {} if arguments is None else arguments, call_id=call_id)
        if not decision.is_allowed:
            return [("client", refused_call(message["id"], decision.text_for_agent))]
        if decision.arguments is not None:
            message = {**message, "params": {**params, "arguments": decision.arguments}}
        self._waiting[key] = _Waiting("tools/call", name, call_id, decision.text_for_agent)
        return [("server", message)]

    # --- from the server ----------------------------------------------------------------------------------------------

    def of_server(self, message: Message) -> Sent:
        """Return what is sent on. This never raises but for an interrupt: what cannot be taken is withheld."""
        with self._lock:
            try:
                return self._of_server(message)
            except Exception as error:
                why = fault_of(error)
                self._note(f"withheld a message of the server: {why}")
                if "id" not in message:
                    return []
                if "method" in message:
                    return [("server", error_of(message["id"], -32600, "the guard could not take it"))]
                return [("client", error_of(message["id"], -32603, f"what the server answered is withheld: {why}"))]

    def _of_server(self, message: Message) -> Sent:
        if "method" in message:
            return self._asked(message)
        waiting = self._waiting.pop(key_of(message["id"]), None)
        if waiting is None:
            self._note("dropped an answer of the server to what was not asked")
            return []
        if waiting.method == "tools/call":
            return [("client", self._result(message, waiting))]
        if waiting.method == "tools/list" and "result" in message:
            return [("client", self._listed(message))]
        self._foreign(message.get("result", message.get("error")))
        return [("client", message)]

    def _asked(self, message: Message) -> Sent:
        method = message["method"]
        if "id" not in message:
            if not method.startswith("notifications/"):
                raise InputError(f"{method!r} without an id")
            if method not in _NO_TEXT:
                self._foreign(message.get("params"))
            return [("client", message)]
        if method not in _OF_SERVER:
            return [("server", error_of(message["id"], -32601, f"{method!r} is no method that the guard hands on"))]
        if len(self._asked_by_server) >= MAX_WAITING:
            raise InputError(f"{MAX_WAITING:,} requests wait for an answer")
        self._foreign(message.get("params"))
        self._asked_by_server.add(key_of(message["id"]))
        return [("client", message)]

    def _foreign(self, data: Any) -> None:
        if data not in (None, {}, []):
            self._session.feed_foreign(without_encoded(data))

    def _result(self, message: Message, waiting: _Waiting) -> Message:
        result = message.get("result", {})
        try:
            if not isinstance(result, dict):
                raise InputError("wanted an object", path="result")
            parts, has_media = result_parts(without_encoded(result.get("content")), "result.content")
            rest = {k: v for k, v in result.items() if k not in ("content", "isError")}
            parts += [without_encoded(item) for item in (rest, message.get("error")) if item]
            output = parts[0] if len(parts) == 1 else parts
            has_media = has_media or has_encoded(result)
            self._session.feed_result(waiting.call_id, output, source=self._source, has_media=has_media)
        except GatlingError as error:
            self._note(f"withheld the result of {waiting.tool_name}: {error}")
            text = f"{waiting.tool_name} has run, and its result is withheld as it could not be read: {fault_of(error)}"
            return refused_call(message["id"], text)
        if waiting.warning and "error" not in message:
            content = result.get("content")
            told = [*(content if isinstance(content, list) else []), {"type": "text", "text": waiting.warning}]
            return {**message, "result": {**result, "content": told}}
        return message

    def _listed(self, message: Message) -> Message:
        result = message["result"]
        tools = result.get("tools") if isinstance(result, dict) else None
        if not isinstance(tools, list) or not all(
            isinstance(t, dict) and isinstance(t.get("name"), str) for t in tools
        ):
            raise InputError("wanted a list of tools with names", path="result.tools")
        names = [tool["name"] for tool in tools]
        if len(set(names)) < len(names):
            raise InputError("two tools of one name", path="result.tools")
        if self._first is not None:
            taken = {tool["name"] for tool in self._first}
            self._first += [tool for tool in tools if tool["name"] not in taken]
            self._pins.accept(self._first)
            self._note(f"accepted the descriptions of {len(self._first)} tools, see {self._pins.path}")
            if not result.get("nextCursor"):
                self._first = None
        shown = []
        for tool in tools:
            fault = self._pins.fault_of(tool)
            self._faults[tool["name"]] = fault
            if fault:
                self._note(f"left out {tool['name']!r}: {fault}; `gatling mcp-proxy --accept` shows and accepts it")
            elif not self._is_ruled_out(tool["name"]):
                shown.append(tool)
                digest = digest_of(tool)
                if digest not in self._told:
                    self._session.feed_foreign(tool)
                    self._told.add(digest)
        return {**message, "result": {**result, "tools": shown}}

    def unanswered(self, why: str) -> list[Message]:
        """Return errors for all requests that wait for an answer, as none will come."""
        with self._lock:
            found = [error_of(_id_of(key), -32603, why) for key in self._waiting]
            self._waiting.clear()
            return found


def _id_of(key: str) -> str | int:
    return key[1:] if key[0] == "s" else int(key[1:])


def refused_call(id: Any, text: str) -> Message:
    """Return a result that says that the call has not run, or that its result is withheld."""
    return {"jsonrpc": "2.0", "id": id, "result": {"content": [{"type": "text", "text": text}], "isError": True}}


def error_of(id: Any, code: int, text: str) -> Message:
    """Return a JSON-RPC error."""
    return {"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": text}}
