"""`gatling mcp-proxy`: a guard between MCP clients and a server, over stdio or HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from gatling.cli.flags import MaybePath, MaybeText
from gatling.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gatling.guard import Guard
    from gatling.mcp_proxy import Proxy
    from gatling.mcp_proxy.ends import Note, Server
    from gatling.policy import PolicySource

DEADLINE_MS = 2_000.0


@dataclass(frozen=True, kw_only=True, slots=True)
class McpProxy:
    """Stand between an MCP client and a server: judge calls, and pin descriptions of tools.

    Write it before the server's command in the client's settings:

    gatling mcp-proxy --policy policy.yaml --role clerk --request "Sum up the open tickets." -- npx some-server

    To accept the server's tools as they are described now:

    gatling mcp-proxy --accept -- npx some-server

    In the place of a command, --http URL is a server that is reached over HTTP. With --listen PORT clients reach the guard over
    HTTP, at http://127.0.0.1:PORT/mcp; each of their conversations is a session, and has a server of its own.

    A call that may not run is answered with an error result that says why. Results are text of outsiders. Tools that the policy
    rules out for the role are not listed, nor those whose description has changed since it was accepted; calls of them are
    refused. A proxy sees calls and results, and not what the user said: state it with --request, --request-env or
    --request-from-meta.
    """

    command: Annotated[tuple[str, ...], tyro.conf.Positional] = ()
    """After --: the server's command."""
    http: MaybeText = None
    """The URL of a server over HTTP, in the place of a command."""
    authorization_env: MaybeText = None
    """The environment variable with what that server wants in the header Authorization, such as `Bearer ...`."""
    listen: MaybeText = None
    """PORT or HOST:PORT where clients reach the guard over HTTP; 0 takes a free port. Default: stdin and stdout."""
    token_env: MaybeText = None
    """The environment variable with the token that these clients have to show (Authorization: Bearer TOKEN). It must be given
    where HOST can be reached from other machines."""
    policy: MaybePath = None
    """The policy, JSON or YAML."""
    role: MaybeText = None
    """The user's role."""
    request: MaybeText = None
    """What the user has asked for."""
    request_env: MaybeText = None
    """The environment variable that holds it. The server does not get this variable."""
    request_from_meta: bool = False
    """Take it from `_meta["gatling/request"]` of the client's messages, where the client writes there what its user wrote."""
    pins: MaybePath = None
    """The file of accepted descriptions. Default: one for this command, in the folder of GATLING_STATE or of this user."""
    first_use: Literal["accept", "refuse"] = "accept"
    """Where that file is not there: accept what the server lists first, or refuse it until --accept."""
    accept: bool = False
    """Start the server, show what has changed in its tools since they were accepted, accept it, and end."""
    model: MaybePath = None
    """A model folder. Default: the model that ships with Gatling."""
    sources: MaybePath = None
    """Whose text each tool returns, a JSON or YAML file. Default: all results are text of outsiders."""
    log: MaybePath = None
    """The folder of an audit log; a decision that cannot be written denies."""
    approvals: MaybePath = None
    """A file for calls that wait for a person, see `gatling approvals`. Default: in memory, where nobody can approve them."""
    session: MaybeText = None
    """The session's id in log, approvals and for `gatling stop`. Default: a random one."""
    mode: Literal["enforce", "warn", "shadow"] = "enforce"
    """warn: every call runs, and its result says what is wrong with it. shadow: it runs, and only the log knows."""
    deadline_ms: float = DEADLINE_MS
    """Deny what is not decided by then."""
    lenient: bool = False
    """Read a policy that is not of the native format as far as it can be read."""

    def run(self) -> int:
        """Serve until client or server ends. Raises: ConfigError, InputError, and what loading a model raises."""
        if bool(self.command) == (self.http is not None):
            raise ConfigError("one server is wanted: gatling mcp-proxy ... -- COMMAND, or --http URL")
        path = self.pins if self.pins is not None else _pins_of(self.command or ("http", str(self.http)))
        return self._accept(path) if self.accept else self._serve(path)

    def _accept(self, path: Path) -> int:
        from gatling.cli.console import note, printable
        from gatling.mcp_proxy.listed import listed_tools
        from gatling.mcp_proxy.pins import Pins

        pins = Pins(path)
        tools = listed_tools(self._servers()(), timeout_s=60.0)
        changes = pins.accept(tools)
        said = {tool["name"]: str(tool.get("description", "")) for tool in tools}
        for change in changes:
            kind, _, name = change.partition(": ")
            print(printable(f"{kind}: {name}\n  {said[name]}" if name in said else change))
        note(f"{len(tools)} tools are accepted, {len(changes)} changes: {pins.path}")
        return 0

    def _serve(self, path: Path) -> int:
        import sys

        from gatling.cli.console import printable
        from gatling.guard import Guard
        from gatling.mcp_proxy.stdio import serve
        from gatling.policy import read_policy

        def note(text: str) -> None:
            print(f"gatling mcp-proxy: {printable(text)}", file=sys.stderr, flush=True)

        if self.policy is None or self.role is None:
            raise ConfigError(f"{'--policy' if self.policy is None else '--role'} is missing")
        request, server = self._request(), self._servers()
        token = _from_environment("--token-env", self.token_env)
        policy = read_policy(self.policy)
        guard = Guard.from_pretrained(
            self.model,
            policies=(policy,),
            deadline_ms=self.deadline_ms,
            work_ms=self.deadline_ms,
            is_strict_policy=not self.lenient,
        )
        proxies = self._proxies(guard, policy, request, path, note)
        if self.listen is None:
            return serve(proxies(0), server(), note=note)
        return _listen(self.listen, lambda number: (proxies(number), server()), token, note)

    def _servers(self) -> Callable[[], Server]:
        """Return what starts or reaches the server. Raises: ConfigError."""
        from gatling.mcp_proxy.child import Child
        from gatling.mcp_proxy.remote import Remote

        authorization = _from_environment("--authorization-env", self.authorization_env)
        if self.http is None:
            return lambda: Child(self.command)
        Remote(self.http, authorization=authorization)  # what is wrong with it is said now
        return lambda: Remote(str(self.http), authorization=authorization)

    def _proxies(
        self, guard: Guard, policy: PolicySource, request: str, pins: Path, note: Note
    ) -> Callable[[int], Proxy]:
        """Return what makes the proxy of a conversation. Where there are many, each has a session below the one that is named."""
        import secrets

        from gatling.guard import Approvals, AuditLog, Session
        from gatling.mcp_proxy.listing import ruled_out
        from gatling.mcp_proxy.pins import Pins
        from gatling.mcp_proxy.proxy import Proxy
        from gatling.provenance.sources import ToolSources

        sources = ToolSources.from_file(self.sources) if self.sources is not None else None
        approvals = Approvals(self.approvals) if self.approvals is not None else None
        log = AuditLog(self.log) if self.log is not None else None
        name = self.session if self.session is not None else secrets.token_hex(8)
        Pins(pins)  # a file that is none of pins is an error now

        def make(number: int) -> Proxy:
            session = Session(
                guard,
                policy=policy,
                role=str(self.role),
                sources=sources,
                id=f"{name}/{number}" if number else name,
                mode=self.mode,
                approvals=approvals,
                log=log,
            )
            if request:
                session.feed_user(request)
            return Proxy(
                session,
                Pins(pins),
                is_ruled_out=ruled_out(policy, str(self.role)),
                takes_first=self.first_use == "accept",
                takes_request=self.request_from_meta,
                is_by_sources=self.sources is not None,
                is_over_http=self.http is not None or self.listen is not None,
                note=note,
            )

        return make

    def _request(self) -> str:
        """Return the request that the flags give. Raises: ConfigError."""
        given = [self.request is not None, self.request_env is not None, self.request_from_meta]
        if sum(given) > 1:
            raise ConfigError("only one of --request, --request-env and --request-from-meta can be given")
        return self.request or _from_environment("--request-env", self.request_env)


def _listen(address: str, make: Callable[[int], tuple[Proxy, Server]], token: str, note: Note) -> int:
    """Serve clients over HTTP until a signal ends it. Raises: ConfigError."""
    import signal
    import threading

    from gatling.mcp_proxy.conversations import Conversations
    from gatling.mcp_proxy.listen import Listener, address_of

    listener = Listener(address_of(address), Conversations(make, note), token=token)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: threading.Thread(target=listener.shutdown, daemon=True).start())
    note(f"listening at {listener.url}")
    try:
        listener.serve_forever(poll_interval=0.2)
    finally:
        listener.server_close()
    return 0


def _from_environment(flag: str, name: str | None) -> str:
    """Return a variable that no process which is started here gets; empty without a name. Raises: ConfigError."""
    import os

    if name is None:
        return ""
    value = os.environ.pop(name, None)
    if value is None:
        raise ConfigError(f"{flag}: the variable {name} is not set")
    return value


def _pins_of(command: tuple[str, ...]) -> Path:
    import hashlib
    import json

    from gatling.guard.stop import state_folder

    digest = hashlib.sha256(json.dumps(command).encode()).hexdigest()[:16]
    return state_folder() / "mcp-pins" / f"{digest}.json"
