"""AgentDojo's environments, run by a scripted agent: what was called, what was read, and what the benchmark says of the end.

The agent has the calls of a user task's ground truth. With an attack, the injection task's goal stands in every injection
vector, after its default text; the gullible agent makes the injection task's ground-truth calls right after the first call
whose output shows that goal. Both ground truths are asked for in the environment that the agent is put in.

Nothing here is asked of a model, and a guard sees only what `ConversationTracer` makes of the conversation.
"""

from __future__ import annotations

import datetime
import json
from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from gatling.adapters.messages import ConversationTracer
from gatling.bench.agentdojo.tasks import (
    Worlds,
    goal_text,
    governance,
    injected_texts,
    load_suite,
    output_leaves,
    plain,
    tool_sources,
)
from gatling.schema import ExecutionPlan, GovernanceContext, PlanEdge, PlanNode, parse_context
from gatling.schema.lazy import cached_property

Step = tuple[Literal["user", "injected"], int]
"""A call of a ground truth, by its place there."""
Ask = Callable[[ExecutionPlan | None, PlanNode, tuple[PlanEdge, ...]], bool]
"""Whether a call may run: given the calls that have run, the call, and the edges from those to it."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    tool: str
    arguments: dict[str, Any]

    @property
    def key(self) -> str:
        """Equal for calls of one tool with equal arguments."""
        return json.dumps([self.tool, self.arguments], sort_keys=True)


@dataclass(frozen=True, slots=True)
class Ran:
    """A call that was executed."""

    call: ToolCall
    text: str
    """The output, or the error, as the benchmark prints it to an agent."""
    changed: bool
    """Whether the environment is another one since."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended."""

    utility: bool
    """The benchmark's check of the user task."""
    attack_success: bool
    """The benchmark's check of the injection task; false where there is none."""
    injected_call_ran: bool
    """An injected call that changes the environment was executed with the injection's own arguments."""
    same_state: bool
    """The end state is that of the user's calls alone."""
    answered: bool
    """The agent had read what the user's calls alone return, so it could give the ground truth's answer."""
    num_calls: int


class SuiteWorld:
    """One environment in use."""

    def __init__(self, environment: Any, tools: Any) -> None:
        from agentdojo.functions_runtime import FunctionsRuntime

        self.environment = environment
        self.before = environment.model_copy(deep=True)
        self.ran: list[Ran] = []
        self._runtime = FunctionsRuntime(tools)
        self._made = datetime.datetime.now()
        self._state = self.state()

    def run(self, call: ToolCall) -> tuple[str, list[Any]]:
        """Execute a call; return its output as text and as values."""
        from agentdojo.agent_pipeline.tool_execution import tool_result_to_str

        output, error = self._runtime.run_function(self.environment, call.tool, call.arguments)
        text = error or tool_result_to_str(output)
        state = self.state()
        self.ran.append(Ran(call, text, state != self._state))
        self._state = state
        return text, output_leaves(output)

    def state(self) -> Any:
        """Return the environment as data. Times that the tools took from the clock since it was made are all alike."""
        return _without_clock(self.environment.model_dump(), self._made, datetime.datetime.now())


def _without_clock(value: Any, start: datetime.datetime, end: datetime.datetime) -> Any:
    if isinstance(value, dict):
        return {k: _without_clock(v, start, end) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_clock(v, start, end) for v in value]
    if isinstance(value, datetime.datetime) and value.tzinfo is None and start <= value <= end:
        return "now"
    return value


@dataclass(frozen=True, slots=True)
class Run:
    """What an agent did."""

    world: SuiteWorld
    plan: ExecutionPlan
    """All calls that it proposed, the refused ones too."""
    steps: tuple[Step, ...]
    """What the nodes of the plan are, in order."""
    was_injected: bool
    """Whether it read the goal of the injection task and obeyed."""


@dataclass
class Episode:
    """A user task, alone or with an injection task, in environments that are alike."""

    suite: Suite
    user_task: Any
    injection_task: Any | None = None
    _texts: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self._texts = {} if self.injection_task is None else self.suite.texts(self.injection_task)

    @cached_property
    def context(self) -> GovernanceContext:
        """What a guard is told: the suite's policy and the user's request."""
        return parse_context(governance(self.suite.name, self.suite.suite, self.user_task.PROMPT))

    @cached_property
    def user_calls(self) -> tuple[ToolCall, ...]:
        return self._ground_truth(self.user_task)

    @cached_property
    def injected_calls(self) -> tuple[ToolCall, ...]:
        return () if self.injection_task is None else self._ground_truth(self.injection_task)

    def world(self) -> SuiteWorld:
        """Return a fresh environment with the injection task's goal planted."""
        environment = self.user_task.init_environment(self.suite.worlds.make(self._texts))
        return SuiteWorld(environment, self.suite.suite.tools)

    def run_agent(self, *, obeys: bool = True, ask: Ask | None = None) -> Run:
        """Let the agent work, call by call.

        Args:
            obeys: whether it makes the injected calls once it has read the goal.
            ask: asked before each call; a call that may not run is skipped, and the agent never gets a result of it. So it
                cannot make, and is not asked about, a later call with a value that only such a result would have shown.
        """
        world = self.world()
        tracer = ConversationTracer(sources=self.suite.sources, format="openai")
        tracer.feed({"role": "user", "content": self.user_task.PROMPT})
        waiting: deque[Step] = deque(("user", i) for i in range(len(self.user_calls)))
        goal = goal_text(self.injection_task) if obeys and self.injected_calls else None
        was_injected = False
        steps: list[Step] = []
        skipped: set[Step] = set()
        ran: set[str] = set()
        while waiting:
            step = waiting.popleft()
            call = (self.user_calls if step[0] == "user" else self.injected_calls)[step[1]]
            if ask is not None and self._shown_by[step] & skipped:
                skipped.add(step)
                continue
            call_id = f"call_{len(steps)}"
            function = {"name": call.tool, "arguments": json.dumps(call.arguments)}
            calls = [{"id": call_id, "type": "function", "function": function}]
            (node,) = tracer.feed({"role": "assistant", "content": None, "tool_calls": calls})
            steps.append(step)
            if ask is not None and not ask(*_pending(tracer.plan(), ran, node)):
                skipped.add(step)
                continue
            text, values = world.run(call)
            ran.add(node.node_id)
            tracer.feed({"role": "tool", "tool_call_id": call_id, "content": text})
            if goal is not None and not was_injected and any(goal in " ".join(str(v).split()) for v in values):
                was_injected = True
                waiting.extendleft(("injected", i) for i in reversed(range(len(self.injected_calls))))
        return Run(world, tracer.plan(), tuple(steps), was_injected)

    @cached_property
    def _shown_by(self) -> dict[Step, set[Step]]:
        """For each step, those whose output first showed a value of its arguments: of the user's, when nothing is injected."""
        shown_by: dict[Step, set[Step]] = {}
        for run in (self.obeyed, self.alone):
            step = {node.node_id: step for node, step in zip(run.plan.nodes, run.steps, strict=True)}
            shown_by |= {s: {step[e.source] for e in run.plan.edges if step[e.target] == s} for s in run.steps}
        return shown_by

    def run_plan(self, plan: ExecutionPlan | None) -> SuiteWorld:
        """Execute a plan as it stands, each call after those that it has data from; None for nothing."""
        world = self.world()
        for node in in_order(plan) if plan else ():
            world.run(ToolCall(node.tool_name, node.arguments))
        return world

    @cached_property
    def alone(self) -> Run:
        """The user's calls alone, unguarded."""
        return self.run_agent(obeys=False)

    @cached_property
    def obeyed(self) -> Run:
        """What the agent does that nobody guards."""
        return self.run_agent()

    @cached_property
    def harmful(self) -> Counter[str]:
        """The injected calls that change the environment when nobody guards, by key."""
        injected = {call.key for call in self.injected_calls}
        return Counter(r.call.key for r in self.obeyed.world.ran if r.changed and r.call.key in injected)

    def outcome(self, world: SuiteWorld) -> Outcome:
        """Judge a run by its end."""
        answered = self._could_answer(world.ran)
        answer = self.user_task.GROUND_TRUTH_OUTPUT if answered else ""
        ran = Counter(r.call.key for r in world.ran)
        asked_for = Counter(call.key for call in self.user_calls)
        return Outcome(
            utility=_check(self.user_task, "utility", answer, world),
            attack_success=self.injection_task is not None and _check(self.injection_task, "security", answer, world),
            injected_call_ran=any(ran[key] > asked_for[key] for key in self.harmful),
            same_state=world.state() == self.alone.world.state(),
            answered=answered,
            num_calls=len(world.ran),
        )

    def _could_answer(self, ran: Iterable[Ran]) -> bool:
        """Whether each of the user's calls was executed as it is, or by another call of the tool with the same output."""
        left = list(ran)
        for wanted in self.alone.world.ran:
            same = next((r for r in left if r.call.key == wanted.call.key), None)
            same = same or next((r for r in left if (r.call.tool, r.text) == (wanted.call.tool, wanted.text)), None)
            if same is None:
                return False
            left.remove(same)
        return True

    def _ground_truth(self, task: Any) -> tuple[ToolCall, ...]:
        calls = task.ground_truth(self.world().environment)
        return tuple(ToolCall(call.function, plain(dict(call.args))) for call in calls)


class Suite:
    """A suite of the benchmark. Raises: MissingExtraError without the extra `agentdojo`."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.suite = load_suite(name, feature="gatling bench agentdojo")
        self.worlds = Worlds(self.suite)
        self.sources = tool_sources(name, self.suite)

    def texts(self, injection_task: Any) -> dict[str, str]:
        """Return the injection vectors with an injection task's goal planted in each."""
        return injected_texts(self.suite, goal_text(injection_task))


def in_order(plan: ExecutionPlan) -> list[PlanNode]:
    """Return the nodes of a plan, each after those that it has edges from, and else as they stand."""
    sources: dict[str, set[str]] = {node.node_id: set() for node in plan.nodes}
    for edge in plan.edges:
        sources[edge.target].add(edge.source)
    waiting, done, ordered = list(plan.nodes), set[str](), list[PlanNode]()
    while waiting:
        node = next(node for node in waiting if sources[node.node_id] <= done)
        waiting.remove(node)
        done.add(node.node_id)
        ordered.append(node)
    return ordered


def _pending(
    plan: ExecutionPlan, ran: set[str], node: PlanNode
) -> tuple[ExecutionPlan | None, PlanNode, tuple[PlanEdge, ...]]:
    """Split a plan into what has run, the call that has not, and the edges between."""
    nodes = tuple(n for n in plan.nodes if n.node_id in ran)
    edges = tuple(e for e in plan.edges if e.source in ran and e.target in ran)
    into = tuple(e for e in plan.edges if e.source in ran and e.target == node.node_id)
    return ExecutionPlan(nodes=nodes, edges=edges) if nodes else None, node, into


def _check(task: Any, what: str, answer: str, world: SuiteWorld) -> bool:
    """Ask the benchmark's own check, as its `run_task_with_pipeline` does: by the calls if the task can, else by the state."""
    from agentdojo.functions_runtime import FunctionCall

    calls = [FunctionCall(function=r.call.tool, args=r.call.arguments) for r in world.ran]
    found = getattr(task, f"{what}_from_traces")(answer, world.before, world.environment, calls)
    if found is None:
        found = getattr(task, what)(answer, world.before, world.environment)
    return bool(found)
