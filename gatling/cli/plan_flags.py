"""The flags of the commands that judge a plan, and what they stand for: a guard, a context, a plan."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from gatling.cli.flags import MaybePath, MaybeText, check_one_stdin
from gatling.errors import ConfigError, InputError

if TYPE_CHECKING:
    from gatling.guard import Guard
    from gatling.schema import ExecutionPlan, GovernanceContext


DEADLINE_MS = 2_000.0


@dataclass(frozen=True, kw_only=True, slots=True)
class ContextFlags:
    policy: MaybePath = None
    """The policy, JSON or YAML; reasons then name its lines. - reads stdin."""
    role: MaybeText = None
    """The user's role."""
    session: MaybePath = None
    """The session, a JSON object; `user_request` in it is what was asked. - reads stdin."""
    request: MaybeText = None
    """What was asked, in place of the session's `user_request`."""
    model: MaybePath = None
    """A model folder with critics.json. Default: the model that ships with Gatling."""
    lenient: bool = False
    """Read a policy that is not of the native format as far as it can be read: what is not read is listed, and leaves open the
    calls that it may be about. The policy of a trace or a conversation is always read so."""
    deadline_ms: float = DEADLINE_MS
    """Deny what is not decided by then, model already loaded."""
    json: bool = False
    """Print the decision as JSON: codes and bands, as logs and agents see it."""

    def prepare_for(self, path: Path) -> tuple[Guard, GovernanceContext, ExecutionPlan]:
        """Read the plan and what the flags name. Raises: ConfigError, InputError, and what loading a model raises."""
        from gatling.cli.documents import list_unread, read_json, read_policy
        from gatling.cli.model import announce_model
        from gatling.guard import Guard
        from gatling.policy import PolicySource
        from gatling.schema import parse_context, parse_plan

        if not 0 < self.deadline_ms < math.inf:
            raise ConfigError(f"--deadline-ms is {self.deadline_ms}, it must be above 0 and finite")
        check_one_stdin(PLAN=path, policy=self.policy, session=self.session)
        data = read_json(path)
        if not isinstance(data, dict):
            raise InputError("not a plan: it is no JSON object", file=str(path))
        own: dict[str, Any] = data.get("governance_context", {}) if "execution_plan" in data else {}
        try:
            plan = parse_plan(data.get("execution_plan", data))
        except InputError as error:
            raise error.at(str(path), None) from None
        policies: tuple[PolicySource, ...] = ()
        context = dict(own) if isinstance(own, dict) else {}
        if self.policy is not None:
            policies = (read_policy(self.policy),)
            context["policy"] = policies[0].data
        if self.role is not None:
            context["user_role"] = self.role
        if self.session is not None:
            context["session_context"] = read_json(self.session)
        if self.request is not None:
            session = context.get("session_context") or {}
            if not isinstance(session, dict):
                raise InputError("not a JSON object", file=str(self.session or path), path="session_context")
            context["session_context"] = {**session, "user_request": self.request}
        for field, name in (("policy", "--policy"), ("user_role", "--role")):
            if field not in context:
                raise ConfigError(f"{name} is missing, and {path} is no trace that has a {field}")
        try:
            parsed = parse_context(context)
        except InputError as error:
            raise error.at(str(self.session or path), None) from None
        announce_model(self.model)
        is_strict = self.policy is not None and not self.lenient
        if not is_strict:
            list_unread(policies[0] if policies else PolicySource(parsed.policy))
        guard = Guard.from_pretrained(
            self.model,
            policies=policies,
            deadline_ms=self.deadline_ms,
            work_ms=self.deadline_ms,
            is_strict_policy=is_strict,
        )
        return guard, parsed, plan


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanFlags(ContextFlags):
    plan: Annotated[Path, tyro.conf.Positional]
    """The plan: JSON with nodes and edges. Or a whole trace, whose context is taken where no flag gives one. - reads stdin."""

    def prepare(self) -> tuple[Guard, GovernanceContext, ExecutionPlan]:
        """Read what the flags name. Raises: ConfigError, InputError, and what loading a model raises."""
        return self.prepare_for(self.plan)
