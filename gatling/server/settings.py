"""What a decision server is told when it starts; plain data, so that the processes that judge are told the same."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import get_args

from gatling.errors import ConfigError
from gatling.guard.decision import Mode

MAX_BODY_BYTES = 15_000_000
"""What a message between the processes of the server holds (`gatling.hook.wire`) bounds the body of a request."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LiteLLM:
    """By which terms the calls of LiteLLM's proxy are judged; its clients have no say in them."""

    policy: str
    """The name of a policy."""
    role: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """Raises: ConfigError for what is out of its range, or contradicts another."""

    policies: Mapping[str, str]
    """Files by the names under which clients ask for them. A client brings no policy of its own."""
    state: str
    """The folder of sessions, approvals and stops."""
    model: str | None = None
    """A model folder; by default that of the model that ships with Gatling."""
    sources: str | None = None
    """A file that says whose text each tool returns; by default told by the tools' names."""
    log: str | None = None
    """The folder of an audit log."""
    database: str | None = None
    """The address of a PostgreSQL database, for sessions and approvals that several servers share."""
    mode: Mode = "enforce"
    deadline_ms: float = 2_000.0
    """Of one decision."""
    is_strict_policy: bool = True
    keep_hours: float = 24.0
    """A session that was told nothing for so long is thrown away."""
    max_cache_bytes: int = 64_000_000
    """For sessions that are held ready, in each process that judges; the others are read from the database again."""
    approval_minutes: float = 60.0
    litellm: LiteLLM | None = None

    def __post_init__(self) -> None:
        if not self.policies:
            raise ConfigError("there is no policy to judge by")
        if self.mode not in get_args(Mode):
            raise ConfigError(f"mode is {self.mode!r}, it must be one of {', '.join(get_args(Mode))}")
        for name in ("deadline_ms", "keep_hours", "approval_minutes"):
            value = getattr(self, name)
            if not 0 < value < math.inf:
                raise ConfigError(f"{name} is {value}, it must be above 0 and finite")
        if self.max_cache_bytes < 0:
            raise ConfigError(f"max_cache_bytes is {self.max_cache_bytes}, it must be 0 or more")
        if self.litellm is not None and self.litellm.policy not in self.policies:
            raise ConfigError(f"LiteLLM's policy {self.litellm.policy!r} is none of {', '.join(self.policies)}")

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Settings:
        data = json.loads(text)
        terms = data.pop("litellm")
        return cls(**data, litellm=None if terms is None else LiteLLM(**terms))


@dataclass(frozen=True, kw_only=True, slots=True)
class Bounds:
    """What one server takes at a time. Raises: ConfigError for what is out of its range."""

    max_body_bytes: int = 4_000_000
    """Of a request; a longer one is answered with 413."""
    max_queue: int = 64
    """Requests that wait for a process; beyond that the answer is 503."""
    max_open: int = 256
    """Requests that are read, wait or are judged at a time; beyond that the answer is 503."""
    max_wait_s: float = 5.0
    """So long a request waits for a process; then the answer is 503."""
    read_s: float = 10.0
    """So long a client may take to send a body."""
    judge_s: float = 30.0
    """So long a process may take for one request; then it is ended, and another one is started."""
    drain_s: float = 30.0
    """So long what runs may take to end after SIGTERM."""

    def __post_init__(self) -> None:
        for name in ("max_body_bytes", "max_queue", "max_open"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} is {getattr(self, name)}, it must be at least 1")
        if self.max_body_bytes > MAX_BODY_BYTES:
            raise ConfigError(f"max_body_bytes is {self.max_body_bytes}, at most {MAX_BODY_BYTES}")
        for name in ("max_wait_s", "read_s", "judge_s", "drain_s"):
            if not 0 < getattr(self, name) < math.inf:
                raise ConfigError(f"{name} is {getattr(self, name)}, it must be above 0 and finite")


def named(paths: tuple[Path, ...]) -> dict[str, str]:
    """Return files by their names without the ending. Raises: ConfigError if two have the same."""
    found: dict[str, str] = {}
    for path in paths:
        if path.stem in found:
            raise ConfigError(f"two policies are called {path.stem!r}: {found[path.stem]} and {path}")
        found[path.stem] = str(path.absolute())
    return found
