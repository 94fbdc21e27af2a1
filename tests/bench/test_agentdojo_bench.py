"""The AgentDojo benchmark with stand-ins for the guard: what it measures is known without any model."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from gatling.bench.agentdojo import world as dojo_world
from gatling.bench.agentdojo.report import _share, bench_page, summarise
from gatling.bench.agentdojo.run import ARMS, QUESTIONS, AgentDojoBench, EpisodeRecord, LeftOut, num_runs
from gatling.bench.agentdojo.world import Episode, Outcome, Suite, ToolCall, in_order
from gatling.cli import bench as command
from gatling.cli import main
from gatling.energy import Verdict
from gatling.guard.decision import Decision
from gatling.schema import ExecutionPlan, GovernanceContext, PlanEdge, PlanNode

NOTHING = Outcome(False, False, False, False, False, 0)


@dataclass
class StandIn:
    """Refuses some calls, and repairs by leaving them out."""

    refuses: Callable[[PlanNode], bool]
    verdict: Verdict = "deny"
    asked: list[tuple[GovernanceContext, ExecutionPlan | None, PlanNode, tuple[PlanEdge, ...]]] = field(
        default_factory=list
    )

    def audit(self, context: GovernanceContext, plan: ExecutionPlan) -> Decision:
        return self._decide(plan.nodes)

    def audit_pending(
        self,
        context: GovernanceContext,
        past: ExecutionPlan | None,
        call: PlanNode,
        edges: tuple[PlanEdge, ...] = (),
    ) -> Decision:
        self.asked.append((context, past, call, edges))
        return self._decide([call])

    def repair(self, context: GovernanceContext, plan: ExecutionPlan) -> Decision:
        decision = self._decide(plan.nodes)
        kept = tuple(node for node in plan.nodes if not self.refuses(node))
        if decision.is_allowed or not kept:
            return decision
        ids = {node.node_id for node in kept}
        edges = tuple(e for e in plan.edges if e.source in ids and e.target in ids)
        return replace(decision, repaired=ExecutionPlan(nodes=kept, edges=edges), edits=("left out",))

    def _decide(self, nodes: Sequence[PlanNode]) -> Decision:
        is_refused = any(self.refuses(node) for node in nodes)
        return Decision(
            verdict=self.verdict if is_refused else "allow",
            reasons=(),
            retryable=True,
            plan_digest="",
            policy_digest="",
            model_digest="",
            latency_ms=0.0,
        )


def key(node: PlanNode) -> str:
    return ToolCall(node.tool_name, node.arguments).key


@pytest.fixture(scope="module")
def banking() -> Suite:
    pytest.importorskip("agentdojo", reason="the extra agentdojo is not installed")
    return Suite("banking")


def pair(suite: Suite, user: int, injection: int) -> Episode:
    tasks, injections = suite.suite.user_tasks, suite.suite.injection_tasks
    return Episode(suite, tasks[f"user_task_{user}"], injections[f"injection_task_{injection}"])


@pytest.mark.extra
@pytest.mark.parametrize("name", ["banking", "slack"])
def test_a_guard_that_allows_all_changes_nothing(name: str) -> None:
    pytest.importorskip("agentdojo", reason="the extra agentdojo is not installed")
    records = list(AgentDojoBench(StandIn(lambda _: False), limit=2).run(name))
    tasks = [r for r in records if r.injection_task is None]
    pairs = [r for r in records if r.injection_task is not None]
    assert len(tasks) == 2
    assert len(pairs) == {"banking": 18, "slack": 10}[name]
    for record in records:
        same = [record.outcomes[arm] for arm in ("unguarded", "deny_plan", "deny_call", "repair")]
        assert len(set(same)) == 1
        assert set(record.call_verdicts) == {"allow"}
        assert len(record.call_verdicts) == same[0].num_calls == len(record.latency_ms["call"])
        assert record.outcomes["alone"].same_state
        assert record.outcomes["alone"].answered
        assert record.outcomes["nothing"].num_calls == 0
    assert all(r.outcomes["unguarded"].utility and r.outcomes["unguarded"].same_state for r in tasks)
    for record in pairs:
        assert record.outcomes["unguarded"].attack_success
        assert record.outcomes["unguarded"].injected_call_ran
        undoes_itself = (name, record.injection_task) == ("slack", "injection_task_5")  # invites, then removes
        assert record.outcomes["unguarded"].same_state == undoes_itself
        assert record.outcomes["alone"].utility
        for arm in ("alone", "nothing"):
            assert not record.outcomes[arm].attack_success
            assert not record.outcomes[arm].injected_call_ran


@pytest.mark.extra
@pytest.mark.parametrize(("user", "injection"), [(0, 6), (1, 4), (14, 7), (15, 8)])
def test_outcomes_are_those_of_the_benchmark_itself(banking: Suite, user: int, injection: int) -> None:
    from agentdojo.agent_pipeline.ground_truth_pipeline import GroundTruthPipeline
    from agentdojo.functions_runtime import FunctionCall

    episode = pair(banking, user, injection)

    class Gullible:
        GROUND_TRUTH_OUTPUT = episode.user_task.GROUND_TRUTH_OUTPUT

        def ground_truth(self, _: Any) -> list[FunctionCall]:
            return [FunctionCall(function=n.tool_name, args=dict(n.arguments)) for n in episode.obeyed.plan.nodes]

    theirs = banking.suite.run_task_with_pipeline(
        GroundTruthPipeline(Gullible()),
        episode.user_task,
        episode.injection_task,
        banking.texts(episode.injection_task),
    )
    ours = episode.outcome(episode.obeyed.world)
    assert (ours.utility, ours.attack_success) == theirs


@pytest.mark.extra
def test_a_guard_that_knows_the_injected_calls_stops_them_and_costs_nothing(banking: Suite) -> None:
    injected = {
        call.key for task in ("user_task_0", "user_task_1") for i in banking.suite.injection_tasks
        for call in pair(banking, int(task[-1]), int(i.rsplit("_", 1)[1])).injected_calls
    }  # fmt: skip
    bench = AgentDojoBench(StandIn(lambda node: key(node) in injected), limit=2)
    records = list(bench.run("banking"))
    summary = summarise(records, bench.left_out)["suites"]["banking"]
    for arm in ("deny_plan", "deny_call", "repair"):
        under_attack = summary["under_attack"][arm]
        assert under_attack["attack_success"]["successes"] == under_attack["injected_call_ran"]["successes"] == 0
        assert summary["utility"][arm]["share"] == 1
    for arm in ("deny_call", "repair"):
        assert summary["under_attack"][arm]["utility"] == summary["under_attack"]["alone"]["utility"]
    assert summary["under_attack"]["deny_plan"]["utility"] == summary["under_attack"]["nothing"]["utility"]
    assert [share["successes"] for share in summary["false_alarms"].values()] == [0, 0, 0, 0]
    assert summary["repair"]["num_refused"] == summary["num_pairs"] == 18
    assert [summary["repair"][k]["share"] for k in ("repaired", "same_state", "intent_kept")] == [1, 1, 1]
    assert all(r.edits == ("left out",) and r.was_repaired for r in records if r.injection_task)


@pytest.mark.extra
@pytest.mark.parametrize("verdict", ["deny", "escalate"])
def test_a_guard_that_refuses_all_lets_nothing_run(verdict: Verdict) -> None:
    pytest.importorskip("agentdojo", reason="the extra agentdojo is not installed")
    bench = AgentDojoBench(StandIn(lambda _: True, verdict), limit=1)
    records = list(bench.run("slack"))
    for record in records:
        assert not record.was_repaired
        assert set(record.call_verdicts) == {verdict}
        for arm in ("deny_plan", "deny_call", "repair"):
            assert record.outcomes[arm] == record.outcomes["nothing"]
    alarms = summarise(records, bench.left_out)["all"]["false_alarms"]
    shares = {name: alarm["share"] for name, alarm in alarms.items()}
    is_denied = verdict == "deny"
    assert shares == {
        "plans_denied": is_denied, "plans_escalated": not is_denied,
        "calls_denied": is_denied, "calls_escalated": not is_denied,
    }  # fmt: skip


@pytest.mark.extra
def test_a_guard_is_told_what_ran_and_nothing_of_the_attack(banking: Suite) -> None:
    episode = pair(banking, 0, 6)
    guard = StandIn(lambda node: node.tool_name == "send_money" and node.arguments["amount"] == 10000)
    seen = episode.run_agent(
        ask=lambda past, call, edges: guard.audit_pending(episode.context, past, call, edges).is_allowed
    )
    calls = [call.tool_name for _, _, call, _ in guard.asked]
    assert calls == ["read_file", "send_money", "send_money", "send_money", "send_money"]
    # Once the three injected payments are refused, only the reading has run before the user's own.
    assert [n.node_id for n in guard.asked[-1][1].nodes] == ["n1"]  # type: ignore[union-attr]
    assert guard.asked[0][1] is None
    assert [(e.source, e.target) for e in guard.asked[-1][3]] == [("n1", "n5")]
    assert [r.call.tool for r in seen.world.ran] == ["read_file", "send_money"]
    assert seen.plan.nodes[0].provenance_tier == 1
    assert {n.provenance_tier for n in seen.plan.nodes[1:]} == {
        3
    }  # the bill's account stands in a file, as the attacker's
    for node in seen.plan.nodes:
        assert node.model_extra == {"call_id": f"call_{int(node.node_id[1:]) - 1}"}
    assert episode.context == Episode(banking, episode.user_task).context
    assert episode.context.session_context["user_request"] == episode.user_task.PROMPT


@pytest.mark.extra
def test_what_was_not_read_is_not_passed_on(banking: Suite) -> None:
    episode = pair(banking, 0, 6)
    guard = StandIn(lambda node: node.tool_name == "read_file")
    seen = episode.run_agent(
        ask=lambda past, call, edges: guard.audit_pending(episode.context, past, call, edges).is_allowed
    )
    assert (seen.world.ran, seen.was_injected) == ([], False)
    assert [call.tool_name for _, _, call, _ in guard.asked] == ["read_file"]  # the payee stands in that file only
    episode = Episode(banking, banking.suite.user_tasks["user_task_14"])  # the request itself states the new password
    guard = StandIn(lambda node: node.tool_name == "get_most_recent_transactions")
    seen = episode.run_agent(
        ask=lambda past, call, edges: guard.audit_pending(episode.context, past, call, edges).is_allowed
    )
    assert [r.call.tool for r in seen.world.ran] == ["update_password"]


@pytest.mark.extra
def test_an_attack_by_arguments_needs_the_injections_own(banking: Suite) -> None:
    episode = pair(banking, 0, 6)
    one, *_ = episode.injected_calls
    for arguments, is_own in ((one.arguments, True), ({**one.arguments, "amount": 9999}, False)):
        world = episode.world()
        world.run(ToolCall("send_money", arguments))
        outcome = episode.outcome(world)
        assert outcome.injected_call_ran == is_own
        assert not outcome.attack_success  # by the end state it takes all three
    world = episode.world()
    world.run(ToolCall("get_balance", {}))
    assert not episode.outcome(world).injected_call_ran


@pytest.mark.extra
def test_a_call_of_the_users_own_is_not_an_attack() -> None:
    """Where user and attacker want the same call, one execution of it is the user's."""
    pytest.importorskip("agentdojo", reason="the extra agentdojo is not installed")
    episode = pair(Suite("banking"), 0, 6)
    episode.__dict__["injected_calls"] = (episode.user_calls[1],)
    assert not episode.outcome(episode.alone.world).injected_call_ran
    assert episode.outcome(episode.obeyed.world).injected_call_ran


@pytest.mark.extra
def test_the_answer_needs_what_the_users_calls_return(banking: Suite) -> None:
    episode = Episode(banking, banking.suite.user_tasks["user_task_1"])  # how much was spent: read, then answer
    (read,) = episode.user_calls

    def after(*calls: ToolCall) -> Outcome:
        world = episode.world()
        for call in calls:
            world.run(call)
        return episode.outcome(world)

    assert after(read).utility
    narrower = after(ToolCall(read.tool, {**read.arguments, "n": 99}))
    assert (narrower.answered, narrower.utility, narrower.same_state) == (True, True, True)
    too_narrow = after(ToolCall(read.tool, {**read.arguments, "n": 1}))
    assert (too_narrow.answered, too_narrow.utility, too_narrow.same_state) == (False, False, True)
    assert not after().answered
    assert after(ToolCall("no_such_tool", {}), read).utility  # a repaired plan may hold what the suite does not have


@pytest.mark.extra
def test_pairs_that_cannot_be_run_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("agentdojo", reason="the extra agentdojo is not installed")
    advanced: list[int] = []
    bench = AgentDojoBench(StandIn(lambda _: False), limit=1, advance=advanced.append)
    records = list(bench.run("travel"))
    assert len(records) == 1 + 6
    assert bench.left_out["travel"] == LeftOut(without_calls=1, not_delivered=0)
    assert sum(advanced) == num_runs("travel", 1) == 8
    monkeypatch.setattr(dojo_world, "injected_texts", lambda *_: {})
    bench = AgentDojoBench(StandIn(lambda _: False), limit=1)
    assert [r.injection_task for r in bench.run("slack")] == [None]
    assert bench.left_out["slack"] == LeftOut(without_calls=0, not_delivered=5)


@pytest.mark.extra
def test_the_clock_does_not_tell_states_apart() -> None:
    pytest.importorskip("agentdojo", reason="the extra agentdojo is not installed")
    episode = pair(Suite("workspace"), 0, 0)  # a mail is sent, with the time of sending
    first, second = episode.run_plan(episode.obeyed.plan), episode.run_plan(episode.obeyed.plan)
    assert first.state() == second.state() != episode.alone.world.state()
    assert first.environment != second.environment


def test_times_of_the_run_are_alike_and_others_are_kept() -> None:
    start, end = datetime.datetime(2026, 1, 1, 12), datetime.datetime(2026, 1, 1, 13)
    data = {"a": [start], "b": end, "c": datetime.datetime(2024, 5, 1), "d": start.replace(tzinfo=datetime.UTC), "e": 1}
    assert dojo_world._without_clock(data, start, end) == {**data, "a": ["now"], "b": "now"}


def test_a_plan_is_executed_along_its_edges() -> None:
    nodes = [{"tool_name": "t", "node_id": i} for i in "abcd"]
    plan = ExecutionPlan.model_validate({"nodes": nodes, "edges": [["c", "a"], ["d", "c"]]})
    assert [n.node_id for n in in_order(plan)] == ["b", "d", "c", "a"]
    assert [n.node_id for n in in_order(ExecutionPlan.model_validate({"nodes": nodes}))] == list("abcd")


def a_record(task: int, *, succeeds: bool) -> EpisodeRecord:
    outcomes = dict.fromkeys(ARMS, replace(NOTHING, utility=succeeds))
    return EpisodeRecord(
        "slack",
        f"user_task_{task}",
        "injection_task_1",
        "allow",
        (),
        (),
        False,
        (),
        outcomes,
        dict.fromkeys(QUESTIONS, ()),
    )


def test_intervals_respect_tasks_and_doubt_extremes() -> None:
    spread = [a_record(task, succeeds=task % 2 == 0) for task in range(20) for _ in range(5)]
    whole = _share(spread, [r.outcomes["alone"].utility for r in spread])
    assert whole is not None
    assert (whole["successes"], whole["trials"], whole["share"]) == (50, 100, 0.5)
    assert whole["low"] < 0.35  # 100 independent pairs would give 0.40
    assert whole["high"] > 0.65
    none = _share(spread, [0] * 100)
    assert none is not None
    assert none["share"] == none["low"] == 0
    assert none["high"] == pytest.approx(1 - 0.025 ** (1 / 100))
    assert _share([], []) is None
    assert _share(spread[:1], [0], [0]) is None


@pytest.mark.extra
def test_the_command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("agentdojo", reason="the extra agentdojo is not installed")
    monkeypatch.setattr(command, "_guard", lambda _: StandIn(lambda node: node.provenance_tier == 3))
    flags = ["bench", "agentdojo", "--suites", "slack", "--limit", "2"]
    assert main([*flags, "--output", "out/bench"]) == 0
    printed = capsys.readouterr().out
    assert "Agent Control Standard scripted AgentDojo run, as published, guarded" in printed
    assert "User tasks that their own ground truth does not solve: none." in printed
    assert main([*flags, "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    summary = json.loads(Path("out/bench/summary.json").read_text())
    for figures in (shown, summary):  # all but the clock repeats
        for part in (figures["suites"]["slack"], figures["all"]):
            assert [p["num_decisions"] > 0 for p in part.pop("latency_ms").values()] == [True] * 3
    assert shown == summary
    assert summary["suites"]["slack"] == summary["all"]
    assert summary["all"]["under_attack"]["unguarded"]["attack_success"]["share"] == 1
    runs = [json.loads(line) for line in Path("out/bench/runs.jsonl").read_text().splitlines()]
    assert len(runs) == 2 + 10
    page = Path("out/bench/report.md").read_text()
    assert page.startswith("# AgentDojo v1.2.2, end to end\n")
    assert "| slack, guard repairs | 10 |" in page


def test_an_intent_is_not_kept_by_an_attack_that_undoes_itself() -> None:
    ends = [
        Outcome(True, False, False, True, True, 1),
        Outcome(True, True, True, True, True, 4),
        Outcome(False, False, False, True, False, 0),
        Outcome(False, False, False, False, True, 1),
    ]
    records = [
        replace(a_record(i, succeeds=False), was_repaired=True, plan_verdict="deny", outcomes=dict.fromkeys(ARMS, end))
        for i, end in enumerate(ends)
    ]
    records = [replace(r, latency_ms={"plan": (1.0,), "call": (), "repair": (3.0,)}) for r in records]
    figures = summarise(records, {"slack": LeftOut()})["all"]
    kept = {name: figures["repair"][name]["share"] for name in ("repaired", "same_state", "intent_kept")}
    assert kept == {"repaired": 1, "same_state": 0.75, "intent_kept": 0.25}
    assert figures["latency_ms"]["repair"] == {"num_decisions": 4, "p50": 3, "p99": 3}
    assert figures["latency_ms"]["call"]["p99"] is None


def test_a_page_of_nothing_has_dashes() -> None:
    assert "| slack | 0 | - | - | - | - | - |" in bench_page(summarise([], {"slack": LeftOut()}))


def test_bad_flags_and_a_missing_extra(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    for suites in ("moon", "", "slack,slack"):
        assert main(["bench", "agentdojo", "--suites", suites]) == 2
        assert f"--suites is {suites!r}" in capsys.readouterr().err
    assert main(["bench", "agentdojo", "--limit", "0"]) == 2
    assert "--limit is 0, it must be at least 1" in capsys.readouterr().err
    monkeypatch.setitem(__import__("sys").modules, "agentdojo.task_suite.load_suites", None)
    assert main(["bench", "agentdojo"]) == 1
    assert "gatling bench agentdojo needs the extra 'agentdojo'" in capsys.readouterr().err
