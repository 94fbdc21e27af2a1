"""`gatling mcp-proxy`: a guard between an MCP client and a server that is started by a command."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from gatling.cli.flags import MaybePath, MaybeText
from gatling.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from gatling.mcp_proxy.pins import Pins

DEADLINE_MS = 2_000.0


@dataclass(frozen=True, kw_only=True, slots=True)
class McpProxy:
    """Stand between an MCP client and a server: judge calls, and pin descriptions of tools.

    Write it before the server's command in the client's settings:

    gatling mcp-proxy --policy policy.yaml --role clerk --request "Sum up the open tickets." -- npx some-server

    To accept the server's tools as they are described now:

    gatling mcp-proxy --accept -- npx some-server

    A call that may not run is answered with an error result that says why. Results are text of outsiders. Tools that the policy
    rules out for the role are not listed, nor those whose description has changed since it was accepted; calls of them are
    refused. A proxy sees calls and results, and not what the user said: state it with --request, --request-env or
    --request-from-meta.
    """

    command: Annotated[tuple[str, ...], tyro.conf.Positional] = ()
    """After --: the server's command."""
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
        from gatling.mcp_proxy.pins import Pins

        if not self.command:
            raise ConfigError("the server's command is missing: gatling mcp-proxy ... -- COMMAND")
        pins = Pins(self.pins if self.pins is not None else _pins_of(self.command))
        return self._accept(pins) if self.accept else self._serve(pins)

    def _accept(self, pins: Pins) -> int:
        from gatling.cli.console import note, printable
        from gatling.mcp_proxy.stdio import listed_tools

        tools = listed_tools(self.command, timeout_s=60.0)
        changes = pins.accept(tools)
        said = {tool["name"]: str(tool.get("description", "")) for tool in tools}
        for change in changes:
            kind, _, name = change.partition(": ")
            print(printable(f"{kind}: {name}\n  {said[name]}" if name in said else change))
        note(f"{len(tools)} tools are accepted, {len(changes)} changes: {pins.path}")
        return 0

    def _serve(self, pins: Pins) -> int:
        import sys

        from gatling.cli.console import printable
        from gatling.guard import Approvals, AuditLog, Guard, Session
        from gatling.mcp_proxy.listing import ruled_out
        from gatling.mcp_proxy.proxy import Proxy
        from gatling.mcp_proxy.stdio import serve
        from gatling.policy import read_policy
        from gatling.provenance.sources import ToolSources

        def note(text: str) -> None:
            print(f"gatling mcp-proxy: {printable(text)}", file=sys.stderr, flush=True)

        if self.policy is None or self.role is None:
            raise ConfigError(f"{'--policy' if self.policy is None else '--role'} is missing")
        request = self._request()
        policy = read_policy(self.policy)
        guard = Guard.from_pretrained(
            self.model,
            policies=(policy,),
            deadline_ms=self.deadline_ms,
            work_ms=self.deadline_ms,
            is_strict_policy=not self.lenient,
        )
        session = Session(
            guard,
            policy=policy,
            role=self.role,
            sources=ToolSources.from_file(self.sources) if self.sources is not None else None,
            id=self.session,
            mode=self.mode,
            approvals=Approvals(self.approvals) if self.approvals is not None else None,
            log=AuditLog(self.log) if self.log is not None else None,
        )
        if request:
            session.feed_user(request)
        proxy = Proxy(
            session,
            pins,
            is_ruled_out=ruled_out(policy, self.role),
            takes_first=self.first_use == "accept",
            takes_request=self.request_from_meta,
            is_by_sources=self.sources is not None,
            note=note,
        )
        return serve(proxy, self.command, note=note)

    def _request(self) -> str:
        """Return the request that the flags give. Raises: ConfigError."""
        import os

        given = [self.request is not None, self.request_env is not None, self.request_from_meta]
        if sum(given) > 1:
            raise ConfigError("only one of --request, --request-env and --request-from-meta can be given")
        if self.request_env is None:
            return self.request or ""
        request = os.environ.pop(self.request_env, None)
        if request is None:
            raise ConfigError(f"--request-env: the variable {self.request_env} is not set")
        return request


def _pins_of(command: tuple[str, ...]) -> Path:
    import hashlib
    import json

    from gatling.guard.stop import state_folder

    digest = hashlib.sha256(json.dumps(command).encode()).hexdigest()[:16]
    return state_folder() / "mcp-pins" / f"{digest}.json"
