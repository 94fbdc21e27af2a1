"""A policy and a model that follow their files, without a restart.

    policy = PolicyFile("policy.yaml")                # one for all sessions
    guard = LiveGuard("model/")
    session = Session(guard, policy=policy, role="clerk")

- A new file counts from the next decision on, as a whole: every decision is made by one policy and one model, and holds the
  digests of both. A decision that is under way ends with what it began with.
- A file that cannot be read or used changes nothing: the one before stays, a warning is logged (`logging`, "gatling"), and
  `fault` and `on_change` say why, until the file is mended.
- A file is taken when it has not changed for `settle_s`, as half of a policy may be a policy that allows more. Better still,
  write a new file and rename it. Files are looked at when a call is judged; nothing runs in between.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from gatling.errors import GatlingError
from gatling.guard.asking import CallJudge
from gatling.guard.decision import Decision
from gatling.guard.guard import Guard
from gatling.policy import PolicySource, read_policy
from gatling.runtime.folder import pretrained_folder
from gatling.schema import ExecutionPlan, GovernanceContext, PlanEdge, PlanNode

SETTLE_S = 0.2
MAX_POLICIES = 256
"""Policies that a new model is told of, so that reasons name lines: the latest ones."""

Stamp = tuple[tuple[str, int, int, int], ...]
OnChange = Callable[[str, str], object]
"""Called with what was looked at, and what is wrong with it; empty if it was taken."""

_log = logging.getLogger("gatling")


class _Watch:
    """Tells when files have changed and have come to rest."""

    def __init__(self, path: Path, settle_s: float, clock: Callable[[], float]) -> None:
        self.path = path
        self._settle_s = settle_s
        self._clock = clock
        self._taken = self._stamp()
        self._seen = self._taken
        self._seen_at = clock()

    def is_due(self) -> bool:
        """Whether there is something new at rest; said once of each state of the files."""
        stamp = self._stamp()
        now = self._clock()
        if stamp != self._seen:
            self._seen, self._seen_at = stamp, now
        if stamp == self._taken or now - self._seen_at < self._settle_s:
            return False
        self._taken = stamp
        return True

    def _stamp(self) -> Stamp:
        """Return what tells states of the files apart; empty where they are gone."""
        try:
            paths = sorted(self.path.iterdir()) if self.path.is_dir() else [self.path]
            stats = [(path.name, path.stat()) for path in paths]
        except OSError:
            return ()
        return tuple((name, stat.st_mtime_ns, stat.st_size, stat.st_ino) for name, stat in stats)


class PolicyFile:
    """A policy that follows its file. Give it as `policy=` to as many sessions as you like.

    Args:
        on_change: called with the path and what is wrong with the new file; with an empty text when it was taken.
        settle_s: see above.

    Raises:
        InputError: if the file cannot be read now.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        on_change: OnChange | None = None,
        settle_s: float = SETTLE_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.path = Path(path)
        self.fault = ""
        """Why the file, as it is now, does not count; empty if it does."""
        self._on_change = on_change
        self._lock = threading.Lock()
        self._watch = _Watch(self.path, settle_s, clock)
        self._source = read_policy(self.path)
        self._before = self._source

    def current(self) -> PolicySource:
        """Return the policy of this moment."""
        with self._lock:
            if self._watch.is_due():
                self._read()
            return self._source

    def reload(self) -> bool:
        """Read the file now, settled or not; return whether it was taken."""
        with self._lock:
            self._read()
            return not self.fault

    def refuse(self, source: PolicySource, error: GatlingError) -> None:
        """Take it that a guard cannot use the policy: the one before stays."""
        with self._lock:
            if source is self._source:
                self._source = self._before
                self._say(str(error))

    def _read(self) -> None:
        try:
            source = read_policy(self.path)
        except (GatlingError, OSError) as error:
            self._say(str(error))
            return
        self._before, self._source = self._source, source
        self._say("")

    def _say(self, fault: str) -> None:
        self.fault = fault
        _tell(str(self.path), fault, self._on_change)


class LiveGuard:
    """A guard whose model follows its folder. In all else it is the `Guard`.

    A new model is loaded in a thread of its own, which takes about a second; the one before judges until it is there.

    Args:
        path: the model folder; by default that of the model that ships with Gatling.
        on_change: called with the folder and what is wrong with the new model; with an empty text when it was taken.
        settings: as of `Guard.from_pretrained`.

    Raises:
        CheckpointError, ConfigError, InputError: as `Guard.from_pretrained`, for the model that is there now.
    """

    def __init__(
        self,
        path: str | Path | None = None,
        *,
        on_change: OnChange | None = None,
        settle_s: float = SETTLE_S,
        clock: Callable[[], float] = time.monotonic,
        **settings: Any,
    ) -> None:
        self.path = pretrained_folder() if path is None else Path(path)
        self.fault = ""
        """Why the model, as it is now in its folder, does not count; empty if it does."""
        self._on_change = on_change
        self._settings = settings
        self._lock = threading.Lock()
        self._loading = False
        self._watch = _Watch(self.path, settle_s, clock)
        self._policies: deque[PolicySource] = deque(maxlen=MAX_POLICIES)
        self._guard: CallJudge = Guard.from_pretrained(self.path, **settings)

    @property
    def model_digest(self) -> str:
        return str(getattr(self._guard, "model_digest", ""))

    def audit_pending(
        self,
        context: GovernanceContext | dict[str, Any],
        past: ExecutionPlan | dict[str, Any] | None,
        call: PlanNode | dict[str, Any],
        edges: Iterable[PlanEdge | tuple[str, str]] = (),
        **settings: Any,
    ) -> Decision:
        """As `Guard.audit_pending`, by the model of this moment."""
        return self._current().audit_pending(context, past, call, edges, **settings)

    def repair_pending(
        self,
        context: GovernanceContext | dict[str, Any],
        past: ExecutionPlan | dict[str, Any] | None,
        call: PlanNode | dict[str, Any],
        edges: Iterable[PlanEdge | tuple[str, str]] = (),
    ) -> Decision:
        """As `Guard.repair_pending`, by the model of this moment."""
        repaired: Decision = self._guard.repair_pending(context, past, call, edges)  # type: ignore[attr-defined]
        return repaired

    def know_policy(self, source: PolicySource) -> None:
        """As `Guard.know_policy`; models that come later are told, too. Raises: InputError."""
        self._guard.know_policy(source)
        with self._lock:
            if not any(known is source for known in self._policies):
                self._policies.append(source)

    def reload(self) -> bool:
        """Load the model now, and wait for it; return whether it was taken."""
        self._load()
        return not self.fault

    def _current(self) -> CallJudge:
        with self._lock:
            if not self._loading and self._watch.is_due():
                self._loading = True
                threading.Thread(target=self._load, name="gatling-model", daemon=True).start()
            return self._guard

    def _load(self) -> None:
        fault = ""
        try:
            guard = Guard.from_pretrained(self.path, **self._settings)
            for source in tuple(self._policies):
                guard.know_policy(source)
            self._guard = guard
        except Exception as error:  # in a thread nobody else would hear of it
            fault = str(error) if isinstance(error, GatlingError) else f"{type(error).__name__}: {error}"
        with self._lock:
            self._loading = False
            self.fault = fault
        _tell(str(self.path), fault, self._on_change)


def _tell(what: str, fault: str, on_change: OnChange | None) -> None:
    if fault:
        _log.warning("%s was changed and is not taken, the one before stays: %s", what, fault)
    else:
        _log.info("%s was changed and is taken", what)
    if on_change is None:
        return
    try:
        on_change(what, fault)
    except Exception as error:
        _log.warning("on_change: %s", error)
