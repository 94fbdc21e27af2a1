"""Sessions that outlive a request, and the process that answered it: held ready while there is room, else made from the store."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import Any, TypeVar

from gatling.errors import ConfigError, InputError
from gatling.guard import Approvals, Decision, Limits, PolicyFile, Session, StopSwitch
from gatling.guard.asking import CallJudge
from gatling.guard.record import record_of
from gatling.guard.stop import ALL
from gatling.guard.verdicts import DecisionLog
from gatling.policy import PolicySource
from gatling.provenance.sources import ToolSources
from gatling.schema.lru import LruCache
from gatling.server.bodies import NewSession
from gatling.server.resume import Live
from gatling.server.settings import Settings
from gatling.server.store import Entry, Held, Kind, Record, Store

T = TypeVar("T")
Told = tuple[T, dict[str, Any], list[Decision]]
"""What came of telling a session something; what is kept of it; and the decisions on the calls in it."""
MAX_HELD = 100_000
RESERVED = "litellm:"
"""What ids of conversations begin with that LiteLLM's proxy brings."""


class Sessions:
    """What is told to one session at a time comes from one caller at a time.

    Args:
        policies: by name.
    """

    def __init__(
        self,
        settings: Settings,
        guard: CallJudge,
        store: Store,
        policies: dict[str, PolicyFile],
        *,
        approvals: Approvals,
        stops: StopSwitch,
        log: DecisionLog | None,
    ) -> None:
        self.store = store
        self._settings = settings
        self._guard = guard
        self._policies = policies
        self._approvals = approvals
        self._stops = stops
        self._log = log
        self._sources = ToolSources.from_file(settings.sources) if settings.sources is not None else None
        self._live: LruCache[str, Live] = LruCache(MAX_HELD, max_bytes=settings.max_cache_bytes)

    def policy_name(self, asked: str | None) -> str:
        """Return the name of the policy to judge by. Raises: InputError if there is none of this name, or it must be said."""
        names = ", ".join(self._policies)
        if asked is None:
            if len(self._policies) > 1:
                raise InputError(f"missing; this server has {names}", path="policy")
            return next(iter(self._policies))
        if asked not in self._policies:
            raise InputError(f"there is no policy {asked!r}; this server has {names}", path="policy")
        return asked

    def policy(self, name: str) -> PolicySource:
        """Return a policy as it is now."""
        return self._policies[name].current()

    def begin(self, body: NewSession) -> Record:
        """Begin a session. Raises: InputError, ConfigError, ConflictError, DatabaseError."""
        settings = body.model_dump(exclude={"id", "request"})
        settings["policy"] = self.policy_name(body.policy)
        if body.id == ALL or (body.id or "").startswith(RESERVED):
            raise InputError(
                f"{ALL!r} stands for every session, and what begins with {RESERVED!r} for LiteLLM's", path="id"
            )
        id = body.id if body.id is not None else secrets.token_hex(8)
        session = self.make(id, settings)
        entries: list[tuple[Kind, dict[str, Any]]] = []
        if body.request is not None:
            session.feed_user(body.request)
            entries.append(("text", {"by": "user", "text": body.request}))
        return self.store.begin(id, settings, entries)

    def make(self, id: str, settings: dict[str, Any], *, age_s: float = 0.0) -> Session:
        """Return a session that was told nothing yet. Raises: InputError, ConfigError."""
        limits = settings["limits"]
        name = settings["policy"]
        if name not in self._policies:
            raise ConfigError(f"the session was begun under the policy {name!r}, which this server does not have")
        return Session(
            self._guard,
            policy=self._policies[name],
            role=settings["role"],
            sources=self._sources,
            session_context=settings["session_context"],
            format=settings["format"],
            id=id,
            mode=self._settings.mode,
            deadline_ms=self._settings.deadline_ms,
            limits=None if limits is None else Limits(**limits),
            approvals=self._approvals,
            stops=self._stops,
            log=self._log,
            offers_repairs=settings["offers_repairs"],
            age_s=age_s,
        )

    def tell(self, id: str, kind: Kind, act: Callable[[Session], Told[T] | tuple[T, None, None]]) -> T:
        """Tell a session something, and keep it.

        Args:
            act: does so; it returns None in place of what is to be kept where the session is as before. What it raises leaves
                the session as before.

        Raises:
            UnknownSessionError, DatabaseError: if it cannot be read or written; then nothing that was decided counts.
            Exception: what `act` raises.
        """
        live = self._live.pop(id)
        with self.store.held(id) as held:
            live = self._current(held, live)
            try:
                answer, data, decisions = act(live.session)
            except InputError:
                self._keep(id, live)
                raise
            if data is not None and decisions is not None:
                records = [record_of(decision) for decision in decisions]
                live.took(held.append(live.num_entries, kind, data, records))
        self._keep(id, live)
        return answer

    def look(self, id: str) -> tuple[Record, list[Entry], Session]:
        """Return a session with all that it was told, to look at it. Raises: UnknownSessionError, DatabaseError."""
        record, entries = self.store.find(id)
        live = self._begun(record)
        live.catch_up(entries)
        return record, entries, live.session

    def forget(self, id: str) -> None:
        """Throw a session away. Raises: UnknownSessionError, DatabaseError."""
        self._live.pop(id)
        self.store.delete(id)

    def _current(self, held: Held, live: Live | None) -> Live:
        if live is None or live.created_at != held.record.created_at:
            live = self._begun(held.record)
        live.catch_up(held.entries(live.num_entries))
        return live

    def _begun(self, record: Record) -> Live:
        session = self.make(record.id, record.settings, age_s=max(time.time() - record.created_at, 0.0))
        return Live(session, record.created_at)

    def _keep(self, id: str, live: Live) -> None:
        self._live.put(id, live, size_bytes=live.size)
