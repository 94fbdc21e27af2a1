"""What recorded calls show of each tool: who called it, how often, with which arguments, where it sent to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from gatling.policy.calls import PlanCalls
from gatling.schema import ExecutionPlan
from gatling.schema.arguments import is_limit

MAX_DIFFERENT = 64
"""Values of one argument, and places of one tool, that are told apart; with more, only their bounds are known."""
MAX_ARGUMENTS = 200
"""Arguments of one tool."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of an agent that was fine: who asked, and what was called."""

    role: str | None
    """None where the source does not say."""
    session: dict[str, Any]
    plan: ExecutionPlan


@dataclass(slots=True)
class SeenArgument:
    """The values of one argument, by its dotted path."""

    calls: int = 0
    """Calls that had it."""
    numbers: int = 0
    texts: int = 0
    others: int = 0
    least: float = 0
    most: float = 0
    values: Counter[str] = field(default_factory=Counter)
    """Texts, up to `MAX_DIFFERENT` and one."""

    def add(self, value: Any) -> None:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            self.least = min(self.least, value) if self.numbers else value
            self.most = max(self.most, value) if self.numbers else value
            self.numbers += 1
        elif isinstance(value, str):
            self.texts += 1
            if len(self.values) <= MAX_DIFFERENT or value in self.values:
                self.values[value] += 1
        elif value is not None:
            self.others += 1

    @property
    def is_known(self) -> bool:
        """Whether all its texts are told apart."""
        return len(self.values) <= MAX_DIFFERENT


@dataclass(slots=True)
class SeenTool:
    calls: int = 0
    runs: int = 0
    most_in_a_run: int = 0
    roles: set[str | None] = field(default_factory=set)
    worst_tier: int = 0
    """0 where a call did not state it."""
    states_tier: bool = True
    arguments: dict[str, SeenArgument] = field(default_factory=dict)
    places: set[tuple[str, str]] = field(default_factory=set)
    """Where it sent to, each as text and host."""
    has_places: int = 0
    """Calls that sent somewhere."""


@dataclass
class SeenCalls:
    """All that some runs show."""

    runs: list[Run] = field(default_factory=list)
    tools: dict[str, SeenTool] = field(default_factory=dict)

    def add(self, runs: Iterable[Run]) -> None:
        """Take more runs in."""
        for run in runs:
            self.runs.append(run)
            calls = PlanCalls(run.plan)
            for name, count in calls.tool_counts.items():
                tool = self.tools.setdefault(name, SeenTool())
                tool.runs += 1
                tool.most_in_a_run = max(tool.most_in_a_run, count)
                tool.roles.add(run.role)
            for call in calls.calls:
                self._add_call(self.tools[call.node.tool_name], call)

    def _add_call(self, tool: SeenTool, call: Any) -> None:
        node = call.node
        tool.calls += 1
        tool.worst_tier = max(tool.worst_tier, node.provenance_tier)
        tool.states_tier = tool.states_tier and "provenance_tier" in node.model_fields_set
        had: set[str] = set()
        for path, value in call.leaves:
            if path not in tool.arguments and len(tool.arguments) >= MAX_ARGUMENTS:
                continue
            argument = tool.arguments.setdefault(path, SeenArgument())
            if path not in had:
                had.add(path)
                argument.calls += 1
            argument.add(value)
            if is_limit(path) and isinstance(value, int):
                argument.add(node.scope_volume)  # a limit bounds both
        places = call.destinations
        tool.has_places += bool(places)
        for place in places:
            if len(tool.places) <= MAX_DIFFERENT:
                tool.places.add((place.text, place.host))
