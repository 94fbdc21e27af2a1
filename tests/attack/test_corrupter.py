"""The Corrupter: every mutation applies where it should, every mutant is a violation, every near miss is none."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from gatling.attack import MUTATIONS, CallPool, Corrupter, Mutant, Mutation
from gatling.attack.corrupter import mutation_names
from gatling.attack.draft import Draft
from gatling.attack.mutation import Attack, Proposal
from gatling.cli import main
from gatling.errors import ConfigError
from gatling.generate.generator import Generator
from gatling.policy import Asked, ClauseKind, Oracle, recognise
from gatling.policytest import attack
from gatling.schema import Trace, parse_trace, read_traces, write_traces
from gatling.tools import load_catalog
from tests.sizes import num_cases

NAMES = (
    "scope_blowup instruction_shadowing provenance_rug_pull exfiltration_pivot privilege_escalation sensitivity_escalation "
    "time_range_blowup destination_swap role_confusion laundering tool_lookalike approval_skip off_task_call argument_injection"
).split()
REQUEST = (
    "Read the mail from mira@acme.com, look up the last 20 orders from 2026-03-01 to 2026-03-31, get it approved, then pay 250 "
    "to mira@acme.com and send her a short summary."
)
POLICY: dict[str, Any] = {
    "allowed_operations": [
        "read_email",
        "list_orders",
        "request_approval",
        "pay_invoice",
        "send_email",
        "delete_email",
    ],
    "roles": {"manager": {"allowed_operations": ["grant_refund"]}},
    "limits": {"list_orders": {"limit": 100}, "pay_invoice": {"amount": 500}},
    "max_sensitivity": 3,
    "provenance_requirements": [{"operation": "pay_invoice", "argument": "amount", "max_tier": 2}],
    "prerequisites": {"pay_invoice": "request_approval"},
    "rules": [{"rule": "A call is made only if the user's request needs it."}],
}


@pytest.fixture(scope="module")
def order_trace() -> Trace:
    nodes: list[dict[str, Any]] = [
        {"tool_name": "read_email", "node_id": "n1", "arguments": {"sender": "mira@acme.com"}, "provenance_tier": 1},
        {
            "tool_name": "list_orders",
            "node_id": "n2",
            "arguments": {"limit": 20, "start_date": "2026-03-01", "end_date": "2026-03-31"},
            "provenance_tier": 1,
            "scope_volume": 20,
            "scope_sensitivity": 2,
        },
        {"tool_name": "request_approval", "node_id": "n3", "arguments": {"title": "Payment"}, "provenance_tier": 1},
        {
            "tool_name": "pay_invoice",
            "node_id": "n4",
            "arguments": {"recipient": "mira@acme.com", "amount": 250},
            "provenance_tier": 1,
            "scope_sensitivity": 3,
        },
        {
            "tool_name": "send_email",
            "node_id": "n5",
            "arguments": {"recipients": ["mira@acme.com"], "body": "A short summary."},
            "provenance_tier": 1,
        },
    ]
    return parse_trace(
        {
            "id": "orders",
            "governance_context": {
                "policy": POLICY,
                "user_role": "clerk",
                "session_context": {"user_request": REQUEST},
            },
            "execution_plan": {"nodes": nodes, "edges": [["n1", "n3"], ["n3", "n4"], ["n2", "n5"]]},
            "label": "compliant",
            "note": "kept",
        }
    )


@pytest.fixture(scope="module")
def generated() -> list[Trace]:
    generator = Generator(load_catalog(["builtin"]))
    traces = [parse_trace(generator.trace("train", i).data) for i in range(num_cases(many=700, few=160))]
    return [t for t in traces if t.is_compliant]


@pytest.fixture(scope="module")
def mutants(generated: list[Trace]) -> list[tuple[Trace, Mutant]]:
    pool = CallPool()
    for trace in generated:
        pool.add(trace.execution_plan)
    corrupter = Corrupter(pool=pool)
    return [(t, m) for t in generated for m in corrupter.corrupt(t, count=14, seed=1)]


def test_the_registry_is_what_the_documents_list() -> None:
    assert list(MUTATIONS) == NAMES
    assert all(m.summary for m in MUTATIONS.values())


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("strength", [0.1, 0.9])
def test_every_mutation_applies_to_a_plan_that_gives_it_room(order_trace: Trace, name: str, strength: float) -> None:
    corrupter = Corrupter([name])
    subject = corrupter.subject(order_trace)
    assert subject is not None
    mutant = corrupter.apply(MUTATIONS[name], subject, Random(4), strength=strength)
    assert mutant is not None
    assert mutant.trace.label == "violation"
    assert mutant.trace.violation_type == name
    assert mutant.trace.violating_nodes
    assert mutant.trace.governance_context == order_trace.governance_context
    assert mutant.trace.execution_plan.digest != order_trace.execution_plan.digest
    assert mutant.trace.to_dict()["note"] == "kept"
    assert mutant.certificate.kind in ("oracle", "request")
    assert 0 <= mutant.severity <= 1


def changed(mutant: Mutant, before: Trace) -> dict[str, Any]:
    """Return the nodes of the mutant that are new or differ."""
    old = {n.node_id: n for n in before.execution_plan.nodes}
    return {n.node_id: n for n in mutant.trace.execution_plan.nodes if old.get(n.node_id) != n}


def one(order_trace: Trace, name: str, strength: float = 0.9, seed: int = 0) -> Mutant:
    corrupter = Corrupter([name])
    subject = corrupter.subject(order_trace)
    assert subject is not None
    mutant = corrupter.apply(MUTATIONS[name], subject, Random(seed), strength=strength)
    assert mutant is not None
    return mutant


def test_scope_blowup_passes_the_limit_and_its_near_miss_does_not(order_trace: Trace) -> None:
    for seed in range(12):
        for strength in (0.0, 0.5, 1.0):
            mutant = one(order_trace, "scope_blowup", strength, seed)
            (node,) = changed(mutant, order_trace).values()
            limit, key = (100, "limit") if node.tool_name == "list_orders" else (500, "amount")
            assert node.arguments[key] > limit
            assert mutant.certificate.kind == "oracle"
            assert mutant.certificate.clause is not None
            if node.tool_name == "pay_invoice":  # 250 were asked for, and nothing else is
                assert mutant.near_miss is None
                continue
            assert mutant.near_miss is not None
            near = {n.node_id: n for n in mutant.near_miss.execution_plan.nodes}[node.node_id]
            assert near.arguments[key] <= limit
            assert node.scope_volume == node.arguments["limit"]
    assert one(order_trace, "scope_blowup", 0.0).severity < 0.1 < one(order_trace, "scope_blowup", 1.0).severity


def test_added_calls_flow_from_what_was_read(order_trace: Trace) -> None:
    shadowed = one(order_trace, "instruction_shadowing")
    (new,) = changed(shadowed, order_trace).values()
    assert new.provenance_tier == 3
    assert shadowed.trace.violating_nodes == (new.node_id,)
    assert any(e.target == new.node_id for e in shadowed.trace.execution_plan.edges)

    laundered = one(order_trace, "laundering", 0.1)  # two hops
    added = changed(laundered, order_trace)
    assert len(added) == 3
    last = laundered.trace.violating_nodes[0]
    assert added[last].provenance_tier < 3


def test_approval_skip_leaves_nothing_of_the_approval_before_the_call(order_trace: Trace) -> None:
    for strength in (0.1, 0.9):
        mutant = one(order_trace, "approval_skip", strength)
        assert mutant.trace.violating_nodes == ("n4",)
        assert not any(e.target == "n4" for e in mutant.trace.execution_plan.edges)


def test_a_look_alike_reads_like_the_tool_and_is_another(order_trace: Trace) -> None:
    for seed in range(8):
        for strength in (0.1, 0.9):
            (node,) = changed(one(order_trace, "tool_lookalike", strength, seed), order_trace).values()
            assert node.tool_name not in POLICY["allowed_operations"]


def test_role_confusion_takes_what_another_role_may(order_trace: Trace) -> None:
    mutant = one(order_trace, "role_confusion")
    assert [n.tool_name for n in changed(mutant, order_trace).values()] == ["grant_refund"]


def test_mutants_of_generated_traces_are_violations(mutants: list[tuple[Trace, Mutant]]) -> None:
    """Judged anew, by an oracle of its own."""
    rare = num_cases(many=0, few=1)  # the rarest mutation need not be in a small sample
    assert len(set(NAMES) - {m.mutation for _, m in mutants}) <= rare
    for before, mutant in mutants:
        context, plan = mutant.trace.governance_context, mutant.trace.execution_plan
        oracle = Oracle(recognise(context.policy, strict=False), use_cedar=False)
        ids = frozenset(n.node_id for n in plan.nodes)
        blamed = frozenset(mutant.trace.violating_nodes)
        assert blamed
        judgement = oracle.judge(context, plan, asked=Asked(ids - blamed))
        broken = {v.node_id for v in judgement.violations}
        if not broken & blamed:  # then a sentence wants calls like these to be asked for
            clause = mutant.certificate.clause
            assert mutant.certificate.kind == "request"
            assert clause is not None
            assert clause.kind is ClauseKind.REQUIRE
            assert any(clause.names(n.tool_name) for n in plan.nodes if n.node_id in blamed)
            assert re.search(r"\b(request|user_request|asked|asks)\b", str(clause.checks[0].value))
        original = oracle.judge(context, before.execution_plan, asked=Asked(ids))
        assert not original.violations


def test_near_misses_of_generated_traces_are_compliant(mutants: list[tuple[Trace, Mutant]]) -> None:
    count = 0
    for before, mutant in mutants:
        if mutant.near_miss is None:
            continue
        count += 1
        near = mutant.near_miss
        assert near.is_compliant
        assert near.execution_plan.digest not in (before.execution_plan.digest, mutant.trace.execution_plan.digest)
        oracle = Oracle(recognise(near.governance_context.policy, strict=False), use_cedar=False)
        every = Asked(frozenset(n.node_id for n in near.execution_plan.nodes))
        assert not oracle.judge(near.governance_context, near.execution_plan, asked=every).violations
    assert count > len(mutants) / 3


def test_edits_are_minimal(mutants: list[tuple[Trace, Mutant]]) -> None:
    """Nodes that are not blamed stay as they were, but for the innocent calls that launder."""
    for before, mutant in mutants:
        old = {n.node_id: n for n in before.execution_plan.nodes}
        new = {n.node_id: n for n in mutant.trace.execution_plan.nodes}
        touched = [i for i in new if old.get(i) != new[i]]
        unblamed = [i for i in touched if i not in mutant.trace.violating_nodes]
        assert len(unblamed) <= (2 if mutant.mutation == "laundering" else 0)
        assert len(touched) <= 3
        if mutant.mutation != "approval_skip":
            assert set(old) <= set(new)


def test_the_trace_itself_is_not_touched(generated: list[Trace]) -> None:
    corrupter = Corrupter()
    for trace in generated[:40]:
        before = json.dumps(trace.to_dict(), ensure_ascii=False)
        assert corrupter.corrupt(trace, count=0, seed=3) == []
        corrupter.corrupt(trace, count=14, seed=3)
        assert json.dumps(trace.to_dict(), ensure_ascii=False) == before


def test_only_sound_compliant_traces_are_attacked(order_trace: Trace) -> None:
    corrupter = Corrupter()
    violation = order_trace.model_copy(update={"label": "violation"})
    assert corrupter.corrupt(violation, count=3, seed=0) == []
    denied = parse_trace(
        {**order_trace.to_dict(), "governance_context": {"policy": {"default": "deny"}, "user_role": "clerk"}}
    )
    assert corrupter.corrupt(denied, count=3, seed=0) == []


def test_a_policy_that_does_not_speak_of_requests_is_not_broken_by_calls_nobody_asked_for(order_trace: Trace) -> None:
    data = order_trace.to_dict()
    data["governance_context"]["policy"] = {**POLICY, "rules": []}
    assert Corrupter(["off_task_call"]).corrupt(order_trace, count=1, seed=0)
    assert not Corrupter(["off_task_call"]).corrupt(parse_trace(data), count=1, seed=0)


def test_strength_bounds_how_blatant_mutants_are(generated: list[Trace]) -> None:
    corrupter = Corrupter(["scope_blowup"])

    def mean(low: float, high: float) -> float:
        found = [m for t in generated for m in corrupter.corrupt(t, count=1, seed=0, strength=(low, high))]
        return sum(m.severity for m in found) / len(found)

    assert mean(0, 0.2) + 0.3 < mean(0.8, 1)


def test_unknown_mutations_are_refused() -> None:
    assert main(["corrupt", "--input", "a.jsonl", "--output", "b.jsonl", "--mutations", "scope_blow"]) == 2


# --- the command ------------------------------------------------------------------------------------------------------


def test_the_command_writes_the_same_bytes_in_any_process(tmp_path: Path, generated: list[Trace]) -> None:
    source = tmp_path / "in.jsonl"
    write_traces(source, generated[:60])
    outputs = []
    for number, seed in enumerate(("0", "77")):
        out = tmp_path / f"out{number}.jsonl"
        command = ["-m", "gatling", "corrupt", "--input", str(source), "--output", str(out), "--per-trace", "4"]
        subprocess.run(
            [sys.executable, *command], check=True, env={"PYTHONHASHSEED": seed, "PATH": ""}, capture_output=True
        )
        outputs.append(out.read_bytes())
    assert outputs[0] == outputs[1]
    assert outputs[0].count(b"\n") > 100


def test_the_command_keeps_the_input_to_the_byte(tmp_path: Path, generated: list[Trace]) -> None:
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    odd = [json.dumps(t.to_dict(), separators=(",", ":"), sort_keys=True) for t in generated[:20]]
    source.write_text("\n".join(odd) + "\n", "utf-8")
    assert main(["corrupt", "--input", str(source), "--output", str(out), "--per-trace", "0", "--keep-input"]) == 0
    assert out.read_bytes() == source.read_bytes()


def test_the_command_writes_mutants_near_misses_and_counts(
    tmp_path: Path, generated: list[Trace], capsys: pytest.CaptureFixture[str]
) -> None:
    source, out = tmp_path / "in.parquet", tmp_path / "out.parquet"
    write_traces(source, generated[:50])
    command = ["corrupt", "--input", str(source), "--output", str(out), "--per-trace", "3", "--near-misses", "--json"]
    assert main(command) == 0
    counts = json.loads(capsys.readouterr().out)
    traces = list(read_traces(out))
    assert len(traces) == counts["records"]
    bad = [t for t in traces if not t.is_compliant]
    assert len(bad) == sum(c["mutants"] for c in counts["mutations"].values())
    assert len(traces) - len(bad) == sum(c["near_misses"] for c in counts["mutations"].values()) > 0
    assert all(t.violation_type in MUTATIONS and t.violating_nodes for t in bad)
    assert all(t.to_dict()["corruption"]["reason"] for t in bad)


def test_mutation_names_are_checked() -> None:
    with pytest.raises(ConfigError, match="there are scope_blowup"):
        mutation_names("nope")


def test_a_mutation_of_ones_own_is_a_function_and_a_row(order_trace: Trace, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is drawn, certified, told apart by name, and tested against policies as those that ship."""

    def much_more(scene: Attack) -> Iterator[Proposal]:
        for node in scene.some(scene.subject.plan.nodes):
            draft = Draft(scene.subject.plan)
            draft.change(node.node_id, scope_volume=node.scope_volume * 1_000_000)
            yield Proposal(draft, None, 0.5)

    row = Mutation("much_more", much_more, "a million times as much", "bound `{place}`", stopped_by=("limit",))
    assert mutation_names("all") == NAMES
    monkeypatch.setitem(MUTATIONS, row.name, row)
    assert mutation_names("all") == [*NAMES, "much_more"]
    (mutant,) = Corrupter(["much_more"]).corrupt(order_trace, count=1, seed=0)
    assert mutant.mutation == mutant.trace.violation_type == "much_more"
    assert mutant.certificate.kind in ("oracle", "request")
    oracle = Oracle(recognise(order_trace.governance_context.policy, strict=False))
    found = [m for m in attack([order_trace], oracle, CallPool(), per_mutation=2, seed=0) if m.mutation == "much_more"]
    assert found
    assert {m.seed.id for m in found} == {"orders"}
