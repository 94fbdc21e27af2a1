"""The flags of the commands that judge a plan or recorded conversations, and what they stand for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import tyro

from gatling.cli.flags import MaybePath, flag
from gatling.cli.plan_flags import DEADLINE_MS, ContextFlags
from gatling.errors import ConfigError

if TYPE_CHECKING:
    from gatling.adapters import Conversation
    from gatling.adapters.recorded import Unreadable
    from gatling.guard import Guard
    from gatling.provenance.sources import ToolSources
    from gatling.schema import ExecutionPlan, GovernanceContext


@dataclass(frozen=True, kw_only=True, slots=True)
class ConversationFlags(ContextFlags):
    plan: Annotated[MaybePath, tyro.conf.Positional] = None
    """The plan: JSON with nodes and edges. Or a whole trace, whose context is taken where no flag gives one. - reads stdin."""
    conversations: MaybePath = None
    """In place of a plan: recorded conversations (.jsonl, .jsonl.gz), each with its governance_context. - reads stdin."""
    sources: MaybePath = None
    """With --conversations: whose text each tool returns, a JSON or YAML file. Default: told by the tools' names."""

    def prepare(self) -> tuple[Guard, GovernanceContext, ExecutionPlan]:
        """Read the plan and its context. Raises: ConfigError, InputError, and what loading a model raises."""
        if self.plan is None:
            raise ConfigError("neither a PLAN nor --conversations is given")
        if self.sources is not None:
            raise ConfigError("--sources is for --conversations")
        return self.prepare_for(self.plan)

    def records(self) -> tuple[Iterator[Conversation | Unreadable], ToolSources]:
        """Return the conversations as they are read, and whose text the tools return.

        Raises:
            ConfigError: for a flag that goes with a plan.
            InputError: if the rules about sources cannot be read.
        """
        from gatling.adapters.recorded import read_each
        from gatling.cli.documents import conversation_source
        from gatling.provenance.sources import ToolSources

        assert self.conversations is not None
        if self.plan is not None:
            raise ConfigError("a PLAN and --conversations are both given")
        for name in ("policy", "role", "session", "request"):
            if getattr(self, name) is not None:
                raise ConfigError(f"{flag(name)} is for a PLAN: every conversation brings its own governance_context")
        if self.lenient:
            raise ConfigError("--lenient is for a PLAN: the policies of what was recorded are always read so")
        if self.deadline_ms != DEADLINE_MS:
            raise ConfigError("--deadline-ms is for a PLAN: verdicts on what was recorded depend on no clock")
        sources = ToolSources.from_file(self.sources) if self.sources is not None else ToolSources()
        return read_each(conversation_source(self.conversations)), sources
