"""What the calls of a session are judged by: a policy, a role, a session context; and what the policy is at this moment."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from gatling.errors import GatlingError
from gatling.guard.asking import Asking, CallJudge
from gatling.policy import PolicySource, read_policy


@runtime_checkable
class LivePolicy(Protocol):
    """A policy that may be another one for the next call (`gatling.guard.PolicyFile`)."""

    def current(self) -> PolicySource: ...

    def refuse(self, source: PolicySource, error: GatlingError) -> None:
        """Take it that the guard cannot use the policy: the one before stays."""


class Terms:
    """Raises: InputError if policy, role or session context cannot be read, or the guard does not take the policy."""

    def __init__(
        self,
        guard: CallJudge,
        policy: dict[str, Any] | str | Path | PolicySource | LivePolicy,
        role: str,
        session_context: dict[str, Any] | None,
    ) -> None:
        self.guard = guard
        self.role = role
        self._policy = policy
        self._session_context = dict(session_context or {})
        self._live = policy if isinstance(policy, LivePolicy) else None
        if isinstance(policy, (str, Path)):
            policy = read_policy(policy)
        given = policy.current() if isinstance(policy, LivePolicy) else policy
        self._known = given if isinstance(given, PolicySource) else None
        self._asking = self._taken(given)

    def _taken(self, policy: Any) -> Asking:
        known = policy if isinstance(policy, PolicySource) else None
        data = {
            "policy": policy if known is None else known.data,
            "user_role": self.role,
            "session_context": self._session_context,
        }
        asking = Asking(data)
        self.guard.know_policy(known or PolicySource(asking.context("").policy))
        return asking

    def asking(self) -> Asking:
        """Return what to ask by, with the policy of this moment. A new policy that cannot be used changes nothing."""
        if self._live is not None:
            source = self._live.current()
            if source is not self._known:
                try:
                    self._asking = self._taken(source)
                except GatlingError as error:
                    self._live.refuse(source, error)
                else:
                    self._known = source
        return self._asking

    def narrowed(
        self, policy: dict[str, Any] | str | Path | PolicySource | LivePolicy | None, role: str | None
    ) -> Terms:
        """Return terms with another policy or role; they are to be asked beside these. Raises: InputError."""
        policy = self._policy if policy is None else policy
        return Terms(self.guard, policy, self.role if role is None else role, self._session_context)
