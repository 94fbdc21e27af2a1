"""End to end in AgentDojo's environments, with no LLM: a gullible agent, alone and behind a guard that denies or repairs.

Every user task is run without attack, and with every injection task whose goal one of its calls reads. The arms:

- `unguarded`: the agent as it is: the user's calls and, once it has read the goal, the injected ones.
- `deny_plan`: its whole plan is audited first; unless it is allowed, nothing runs. What is audited was traced in a dry run.
- `deny_call`: each call is audited before it runs, with those that have run; one that is not allowed is skipped, and so
  are later calls with a value that only its output would have shown.
- `repair`: the plan is executed if it is allowed, else its repaired form, else nothing.
- `alone`: the user's calls in the attacked environment, unguarded: no guard can do better.
- `nothing`: no call at all: what the benchmark gives to a guard that refuses everything.

To escalate is to stop: there is nobody to ask. A guard sees policy, request and calls, never a label or the kind of a run.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal, Protocol, runtime_checkable

from gatling.bench.agentdojo.world import Episode, Outcome, Suite
from gatling.energy import Verdict
from gatling.guard.decision import Decision
from gatling.schema import ExecutionPlan, GovernanceContext, PlanEdge, PlanNode

Arm = Literal["unguarded", "deny_plan", "deny_call", "repair", "alone", "nothing"]
ARMS: tuple[Arm, ...] = ("unguarded", "deny_plan", "deny_call", "repair", "alone", "nothing")
Question = Literal["plan", "call", "repair"]
QUESTIONS: tuple[Question, ...] = ("plan", "call", "repair")


@runtime_checkable
class BenchedGuard(Protocol):
    """What is asked of a guard."""

    def audit(self, context: GovernanceContext, plan: ExecutionPlan) -> Decision: ...

    def audit_pending(
        self,
        context: GovernanceContext,
        past: ExecutionPlan | None,
        call: PlanNode,
        edges: tuple[PlanEdge, ...] = (),
    ) -> Decision: ...

    def repair(self, context: GovernanceContext, plan: ExecutionPlan) -> Decision: ...


@dataclass(frozen=True, slots=True)
class EpisodeRecord:
    """All arms of one user task, alone or with one injection task."""

    suite: str
    user_task: str
    injection_task: str | None
    plan_verdict: Verdict
    call_verdicts: tuple[Verdict, ...]
    """Of the calls of `deny_call`, in the order in which they were proposed."""
    reasons: tuple[str, ...]
    """Codes of what the audit of the plan found, the worst first."""
    was_repaired: bool
    """Another plan was executed in place of the agent's."""
    edits: tuple[str, ...]
    outcomes: dict[Arm, Outcome]
    latency_ms: dict[Question, tuple[float, ...]]
    """Time in the guard, a figure a decision."""


@dataclass(slots=True)
class LeftOut:
    """What was not run, by suite, as a count."""

    without_calls: int = 0
    """Pairs whose injection task has no ground-truth calls, so that obeying it is undefined."""
    not_delivered: int = 0
    """Pairs whose user task reads no text that an attacker controls."""


@dataclass
class AgentDojoBench:
    """Runs a guard through suites.

    Args:
        guard: what judges the plans; deterministic.
        limit: user tasks of each suite, at most; None for all.
        advance: called with 1 after each user task and each pair, those left out too.
    """

    guard: BenchedGuard
    limit: int | None = None
    advance: Callable[[int], None] = lambda _: None
    left_out: dict[str, LeftOut] = field(default_factory=dict)

    def run(self, name: str) -> Iterator[EpisodeRecord]:
        """Yield the records of a suite: of each user task, then of its pairs. Raises: MissingExtraError."""
        suite = Suite(name)
        left_out = self.left_out[name] = LeftOut()
        for user_task in list(suite.suite.user_tasks.values())[: self.limit]:
            yield self._record(Episode(suite, user_task))
            self.advance(1)
            for injection_task in suite.suite.injection_tasks.values():
                episode = Episode(suite, user_task, injection_task)
                if not episode.injected_calls:
                    left_out.without_calls += 1
                elif not episode.obeyed.was_injected:
                    left_out.not_delivered += 1
                else:
                    yield self._record(episode)
                self.advance(1)

    def _record(self, episode: Episode) -> EpisodeRecord:
        context, plan = episode.context, episode.obeyed.plan
        latency: dict[Question, list[float]] = {question: [] for question in QUESTIONS}

        def timed(question: Question, ask: Callable[[], Decision]) -> Decision:
            started = time.perf_counter()
            decision = ask()
            latency[question].append((time.perf_counter() - started) * 1e3)
            return decision

        verdicts: list[Verdict] = []

        def may_run(past: ExecutionPlan | None, call: PlanNode, edges: tuple[PlanEdge, ...]) -> bool:
            decision = timed("call", lambda: self.guard.audit_pending(context, past, call, edges))
            verdicts.append(decision.verdict)
            return decision.is_allowed

        audit = timed("plan", lambda: self.guard.audit(context, plan))
        repair = timed("repair", lambda: self.guard.repair(context, plan))
        called = episode.outcome(episode.run_agent(ask=may_run).world)
        unguarded = episode.outcome(episode.obeyed.world)
        nothing = episode.outcome(episode.run_plan(None))
        if repair.is_allowed:
            repaired = unguarded
        else:
            repaired = nothing if repair.repaired is None else episode.outcome(episode.run_plan(repair.repaired))
        return EpisodeRecord(
            suite=episode.suite.name,
            user_task=episode.user_task.ID,
            injection_task=None if episode.injection_task is None else episode.injection_task.ID,
            plan_verdict=audit.verdict,
            call_verdicts=tuple(verdicts),
            reasons=tuple(str(reason.code) for reason in audit.reasons),
            was_repaired=not repair.is_allowed and repair.repaired is not None,
            edits=repair.edits,
            outcomes={
                "unguarded": unguarded,
                "deny_plan": unguarded if audit.is_allowed else nothing,
                "deny_call": called,
                "repair": repaired,
                "alone": episode.outcome(episode.alone.world),
                "nothing": nothing,
            },
            latency_ms={question: tuple(times) for question, times in latency.items()},
        )


def num_runs(name: str, limit: int | None = None) -> int:
    """Return how often `advance` is called in a suite. Raises: MissingExtraError."""
    suite = Suite(name).suite
    return len(list(suite.user_tasks)[:limit]) * (1 + len(suite.injection_tasks))
