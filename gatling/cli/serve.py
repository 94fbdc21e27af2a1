"""`gatling serve`: decisions over HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from gatling.cli.flags import MaybeCount, MaybePath, MaybeText, check_counts
from gatling.errors import ConfigError

if TYPE_CHECKING:
    from gatling.server import LiteLLM


@dataclass(frozen=True, kw_only=True, slots=True)
class Serve:
    """Judge calls over HTTP: sessions, decisions and approvals, for agents in any language.

    gatling serve --policy policy.yaml --log audit
    curl http://127.0.0.1:8787/openapi.json

    It answers this machine alone, unless --host says otherwise, and then a token is needed. People who answer escalated calls
    over HTTP have a token of their own. Tokens come from a variable or a file, as flags can be read by other users.
    """

    policy: tuple[Path, ...] = ()
    """The policies, JSON or YAML. Clients name one by its file's name without the ending."""
    host: str = "127.0.0.1"
    """The address to listen at."""
    port: int = 8787
    """0 for any that is free."""
    token_env: MaybeText = None
    """The variable that holds the token of agents."""
    token_file: MaybePath = None
    """The file that holds it; only this user may read it."""
    approver_token_env: MaybeText = None
    """The variable that holds the token of people who answer."""
    approver_token_file: MaybePath = None
    """The file that holds it."""
    ui: bool = False
    """Show people pages at /ui: what waits, each session as a timeline, and buttons to answer. Browsers ask for a name and a
    password, which is the token of people."""
    state: MaybePath = None
    """The folder of sessions, approvals and stops. Default: that of GATLING_STATE, or of this user."""
    database_env: MaybeText = None
    """The variable that holds the address of a PostgreSQL database, where several servers share sessions and approvals."""
    log: MaybePath = None
    """The folder of an audit log; a decision that cannot be written denies."""
    model: MaybePath = None
    """A model folder. Default: the model that ships with Gatling."""
    sources: MaybePath = None
    """Whose text each tool returns, a JSON or YAML file. Default: told by the tools' names."""
    mode: Literal["enforce", "warn", "shadow"] = "enforce"
    """warn: every call runs, and the agent is told. shadow: it runs, and only the log knows."""
    deadline_ms: float = 2_000.0
    """Deny what is not decided by then."""
    lenient: bool = False
    """Read a policy that is not of the native format as far as it can be read."""
    workers: MaybeCount = None
    """How many processes judge. Default: one for each core."""
    max_body_bytes: int = 4_000_000
    """Of a request; a longer one is answered with 413."""
    max_queue: int = 64
    """Requests that wait for a process; beyond that the answer is 503."""
    cache_mb: int = 64
    """For sessions that are held ready, in each process; the others are read from the database again."""
    keep_hours: float = 24.0
    """A session that was told nothing for so long is thrown away."""
    litellm_role: MaybeText = None
    """Answer LiteLLM's proxy, too, and judge its calls for this role."""
    litellm_policy: MaybeText = None
    """By this policy. Default: the only one."""

    def run(self) -> int:
        """Serve until SIGTERM or SIGINT. Raises: ConfigError, InputError, ServerError, and what loading a model raises."""
        import os

        from gatling.cli.console import note
        from gatling.cores import num_cores
        from gatling.guard.stop import state_folder
        from gatling.server import Access, Bounds, Settings, serve
        from gatling.server.access import read_token
        from gatling.server.settings import named

        if not self.policy:
            raise ConfigError("--policy is missing")
        check_counts(workers=1 if self.workers is None else self.workers)
        if not 0 <= self.port <= 65_535:
            raise ConfigError(f"--port is {self.port}, it must be from 0 to 65535")
        policies = named(self.policy)
        database = None
        if self.database_env is not None:
            database = os.environ.pop(self.database_env, None)
            if not database:
                raise ConfigError(f"--database-env: the variable {self.database_env} is not set")
        settings = Settings(
            policies=policies,
            state=str((self.state if self.state is not None else state_folder()).absolute()),
            model=_text(self.model),
            sources=_text(self.sources),
            log=_text(self.log),
            database=database,
            mode=self.mode,
            deadline_ms=self.deadline_ms,
            is_strict_policy=not self.lenient,
            keep_hours=self.keep_hours,
            max_cache_bytes=1_000_000 * self.cache_mb,
            litellm=self._litellm(policies),
        )
        access = Access(
            read_token("token", self.token_env, self.token_file),
            read_token("approver-token", self.approver_token_env, self.approver_token_file),
        )
        if self.ui and not access.has_people:
            raise ConfigError("--ui needs the token of people: --approver-token-env or --approver-token-file")
        serve(
            settings,
            access,
            host=self.host,
            port=self.port,
            workers=num_cores() if self.workers is None else self.workers,
            bounds=Bounds(max_body_bytes=self.max_body_bytes, max_queue=self.max_queue),
            has_pages=self.ui,
            note=note,
        )
        return 0

    def _litellm(self, policies: dict[str, str]) -> LiteLLM | None:
        from gatling.server import LiteLLM

        if self.litellm_role is None:
            if self.litellm_policy is not None:
                raise ConfigError("--litellm-policy has no effect without --litellm-role")
            return None
        if self.litellm_policy is None and len(policies) > 1:
            raise ConfigError(f"--litellm-policy is missing: there are {', '.join(policies)}")
        return LiteLLM(policy=self.litellm_policy or next(iter(policies)), role=self.litellm_role)


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path.absolute())
