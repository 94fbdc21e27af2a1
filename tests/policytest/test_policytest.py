"""Testing a policy: the seeds are compliant, what is missing is named, and what is proposed helps."""

from __future__ import annotations

import copy
import dataclasses
from random import Random
from typing import Any

import pytest

from gatling.attack import MUTATIONS, CallPool
from gatling.policy import Asked, Oracle, recognise
from gatling.policy.clauses import TIME_OPERATORS, Condition, Operator
from gatling.policy.dialects.argument_schema import ArgumentSchema
from gatling.policytest import PolicyReport, SeedMaker, Seeds, ask_model, attack, seeds_of_traces
from gatling.policytest.fitting import CallDraft, meet, opposite
from gatling.policytest.remedy import RULE_KINDS
from gatling.policytest.seeds import PLAIN_ROLE, judged
from gatling.policytest.values import example, valid_arguments
from gatling.schema import parse_trace
from gatling.tools import load_catalog
from tests.builders import context, node, plan, record

SPECS = load_catalog(["builtin"])
TIGHT: dict[str, Any] = {
    "allowed_operations": ["list_emails", "send_email", "delete_email", "read_email"],
    "scope_limits": {"list_emails.limit": 50},
    "allowed_destinations": {"send_email": ["acme.com"]},
    "provenance_requirements": {"send_email": "internal", "delete_email": "internal"},
    "requires_before": {"delete_email": "read_email"},
    "default": "deny",
}


def seeds_of(policy: dict[str, Any], seed: int = 0) -> tuple[Seeds, Oracle]:
    oracle = Oracle(recognise(policy, strict=False))
    maker = SeedMaker(policy, oracle, SPECS, seed)
    return maker.make(maker.roles or (PLAIN_ROLE,)), oracle


def report_on(policy: dict[str, Any], *, per_mutation: int = 20, seed: int = 0) -> PolicyReport:
    seeds, oracle = seeds_of(policy, seed)
    mutants = attack(seeds.traces, oracle, CallPool(SPECS), per_mutation=per_mutation, seed=seed)
    return PolicyReport(seeds, mutants, None, oracle)


def without(key: str) -> dict[str, Any]:
    return {k: v for k, v in TIGHT.items() if k != key}


@pytest.mark.parametrize(
    ("policy", "tools"),
    [
        (TIGHT, {"list_emails", "send_email", "delete_email", "read_email"}),
        ({"Statement": [{"Effect": "Allow", "Action": "transfer_money", "Resource": "*",
                         "Condition": {"NumericLessThanEquals": {"amount": 2}}}]}, {"transfer_money"}),
        ({"Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::reports/*"}]},
         {"s3:GetObject"}),
        ({"allowed_operations": ["a_read", "b_write"], "required_scopes": {"a_read": ["r"], "b_write": ["w"]},
          "granted_scopes": ["r"]}, {"a_read"}),
        ({"allowed_operations": ["put"], "tools": {"put": {"input_schema": {
            "type": "object", "required": ["code", "n"], "additionalProperties": False,
            "properties": {"code": {"type": "string", "pattern": "^[A-Z]{3}-\\d{4}$"},
                           "n": {"type": "integer", "minimum": 40, "maximum": 60}}}}}}, {"put"}),
        ({"allowed_operations": ["files_*"], "max_sensitivity": 3}, None),
        ({"default": "allow", "rules": [{"operation": "pay", "effect": "deny", "when": {"amount": {">": 5}}}]}, None),
        ({"roles": {"clerk": {"allowed_operations": ["list_emails"]}, "boss": {"allowed_operations": ["db_*"]}}}, None),
        ({"rules": [{"operation": "pay", "effect": "allow",
                     "when": {"amount": {"<": 3}, "currency": {"in": ["EUR"]}}}]}, {"pay"}),
    ],
)  # fmt: skip
def test_seeds_are_compliant_in_every_dialect(policy: dict[str, Any], tools: set[str] | None) -> None:
    seeds, oracle = seeds_of(policy)
    assert seeds.traces
    for trace in seeds.traces:
        judgement = judged(oracle, trace.governance_context, trace.execution_plan)
        assert judgement.verdict == "compliant"
    if tools is not None:
        assert {n.tool_name for t in seeds.traces for n in t.execution_plan.nodes} == tools


def test_seeds_of_cedar_policies() -> None:
    pytest.importorskip("cedarpy")
    text = """permit(principal in Role::"clerk", action == Action::"list_emails", resource)
        when { context.arguments.limit <= 7 };
        forbid(principal, action == Action::"delete_email", resource);"""
    seeds, _ = seeds_of({"cedar": text})
    assert [t.id for t in seeds.traces] == ["clerk/list_emails"]
    assert seeds.traces[0].execution_plan.nodes[0].arguments["limit"] <= 7
    assert not seeds.dropped


def test_a_plan_gets_the_call_that_must_come_before() -> None:
    seeds, _ = seeds_of(TIGHT)
    chosen = next(t for t in seeds.traces if t.id == "user/delete_email")
    assert [n.tool_name for n in chosen.execution_plan.nodes] == ["read_email", "delete_email"]
    assert [(e.source, e.target) for e in chosen.execution_plan.edges] == [("n1", "n2")]


def test_tools_that_cannot_be_called_are_reported() -> None:
    seeds, _ = seeds_of({"allowed_operations": ["list_emails", "pay", "foo_*"], "required_scopes": {"pay": ["w"]}})
    assert [(d.tool, "scopes" in d.reason or "catalogue" in d.reason) for d in seeds.dropped] == [
        ("pay", True),
        ("foo_*", True),
    ]


@pytest.mark.parametrize(
    ("key", "mutation", "tool", "argument", "rule"),
    [
        ("scope_limits", "scope_blowup", "list_emails", "limit", "scope_limits"),
        ("allowed_destinations", "destination_swap", "send_email", "to", "allowed_destinations"),
        ("provenance_requirements", "instruction_shadowing", "send_email", "", "provenance_requirements"),
    ],
)
def test_a_limit_that_is_removed_is_named(key: str, mutation: str, tool: str, argument: str, rule: str) -> None:
    tight, loose = report_on(TIGHT), report_on(without(key))
    assert loose.score < tight.score
    before = {(h.mutation, h.change.tool, h.change.argument) for h in tight.holes()}
    new = {(h.mutation, h.change.tool, h.change.argument): h for h in loose.holes()}
    assert (mutation, tool, argument) not in before
    hole = new[mutation, tool, argument]
    assert hole.remedy.rule is not None
    assert list(hole.remedy.rule) == [rule]
    if key == "scope_limits":  # nothing else depends on it
        assert set(new) - before == {(mutation, tool, argument)}


@pytest.mark.parametrize("key", ["provenance_requirements", "allowed_destinations", "scope_limits", "default"])
def test_every_rule_that_is_proposed_works_when_it_is_written_down(key: str) -> None:
    policy = without(key)
    report = report_on(policy)
    proposed = [h for h in report.holes() if h.remedy.rule is not None]
    assert proposed
    for hole in proposed:
        joined = copy.deepcopy(policy)
        for name, part in (hole.remedy.rule or {}).items():
            joined[name] = (
                {**joined.get(name, {}), **part} if isinstance(part, dict) else [*joined.get(name, []), *part]
            )
        oracle, seed = Oracle(recognise(joined, strict=False)), hole.mutant.seed
        assert not judged(oracle, seed.governance_context, seed.execution_plan).violations
        asked = Asked(frozenset(n.node_id for n in hole.mutant.plan.nodes) - hole.mutant.unasked)
        at_run_time = oracle.judge(seed.governance_context, hole.mutant.plan)
        known = oracle.judge(seed.governance_context, hole.mutant.plan, asked=asked)
        assert at_run_time.verdict == ("undecided" if hole.remedy.needs_request else "violation")
        assert known.violations


def test_a_request_that_is_required_is_not_proposed_twice() -> None:
    policy = {"allowed_operations": ["list_emails", "delete_email"], "explicit_request_required": ["delete_email"]}
    holes = [h for h in report_on(policy).holes() if h.mutation == "off_task_call"]
    assert [(h.remedy.rule, h.remedy.needs_request) for h in holes] == [(None, True)]
    assert "explicit_request_required[0] denies it" in holes[0].remedy.why


def test_the_same_seed_gives_the_same_attacks() -> None:
    first, again, other = report_on(TIGHT), report_on(TIGHT), report_on(TIGHT, seed=1)
    assert first.to_dict() == again.to_dict()
    assert first.to_dict()["attacks"] != other.to_dict()["attacks"]


def test_attacks_differ_from_their_seed_and_are_bounded() -> None:
    report = report_on(TIGHT, per_mutation=3)
    counts: dict[tuple[Any, ...], int] = {}
    for m in report.mutants:
        assert m.plan.digest != m.seed.execution_plan.digest
        key = (m.mutation, *sorted(n.tool_name for n in m.seed.execution_plan.nodes))
        counts[key] = counts.get(key, 0) + 1
    assert max(counts.values()) == 3


def test_gold_traces_that_the_policy_denies_are_left_out() -> None:
    traces = [
        parse_trace(record()),
        parse_trace(record(execution_plan=plan(node("delete_file")))),
        parse_trace(record("violation")),
    ]
    policy = context()["policy"]
    seeds = seeds_of_traces({**policy, "default": "deny"}, Oracle(recognise(policy, strict=False)), traces)
    assert (len(seeds.traces), seeds.denied, seeds.passed) == (1, ("trace 2",), ("trace 3",))
    assert seeds.traces[0].governance_context.policy["default"] == "deny"


def test_the_model_is_asked_about_survivors_only() -> None:
    report = report_on(without("scope_limits"))
    own = {id(t) for t in report.seeds.traces}
    asked: list[int] = []

    def energies(traces: Any) -> list[float]:
        asked.append(len(traces))
        return [0.1 if id(t) in own else 0.9 for t in traces]

    mutants, threshold = ask_model(report.seeds.traces, report.mutants, energies, progress=lambda count: None)
    survived = report.count("survived")
    assert sum(asked) == len(own) + survived
    assert threshold == 0.1
    assert sum(m.verdict == "learned" for m in mutants) == survived
    assert all((m.energy is None) == (m.verdict == "killed") for m in mutants)


def test_at_most_one_in_twenty_seeds_is_above_the_threshold() -> None:
    traces = [parse_trace(record()) for _ in range(40)]
    values = iter(Random(0).sample(range(40), 40))
    _, threshold = ask_model(traces, [], lambda ts: [next(values) / 40 for _ in ts], progress=lambda count: None)
    assert threshold == 37 / 40  # 38 and 39 of 40 are above


def test_every_mutation_has_a_remedy() -> None:
    for mutation in MUTATIONS.values():
        assert set(mutation.stopped_by) <= set(RULE_KINDS)
        assert mutation.stopped_by or mutation.needs_named_grants
        text = mutation.remedy.format(tool="pay", place="pay.amount")
        assert "{" not in text
        assert "pay" in text or mutation.name == "tool_lookalike"


NOT_OF_VALUES = (Operator.VALID, Operator.UNKNOWN, Operator.HOLDS, *TIME_OPERATORS)
"""Of schemas, formulas and times: tests/policy/test_times.py has these."""


@pytest.mark.parametrize("operator", [o for o in Operator if o not in NOT_OF_VALUES])
@pytest.mark.parametrize("old", [None, 3, 900, "EUR", ["a", "b", "c"]])
def test_a_condition_is_met_or_refused(operator: Operator, old: Any) -> None:
    is_choice = operator in (Operator.IN, Operator.NOT_IN, Operator.LIKE, Operator.NOT_LIKE)
    condition = Condition("argument:x.y", operator, ("EUR", "US*") if is_choice else 7)
    call = CallDraft("pay", {} if old is None else {"x": {"Y": old}}, 2)
    assert meet(Random(0), call, condition, {})
    rules = recognise({"allowed_operations": ["pay"]}, strict=False)
    checked = dataclasses.replace(rules.clauses[0], when=(condition,))
    oracle = Oracle(dataclasses.replace(rules, clauses=(checked,)))
    trace = parse_trace(record(execution_plan={"nodes": [call.node("n1").model_dump()]}))
    assert not oracle.judge(trace.governance_context, trace.execution_plan).violations
    flipped = opposite(condition)
    assert flipped is not None
    assert opposite(flipped) == condition


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"a": {"type": "array", "items": {"enum": ["x"]}, "minItems": 2}}},
        {"type": "object", "properties": {"a": {"type": "string", "minLength": 30, "maxLength": 31}}, "required": ["a"]},
        {"type": "object", "properties": {"a": {"type": "number", "exclusiveMinimum": 0, "maximum": 0.5}}, "required": ["a"]},
        {"type": "object", "properties": {"a": {"type": ["null", "boolean"]}, "b": {"const": 4}}, "required": ["a", "b"]},
        {"type": "object", "required": ["a"], "additionalProperties": {"type": "string"}},
        {"$ref": "#/$defs/t", "$defs": {"t": {"properties": {"a": {"$ref": "#/$defs/n"}}}, "n": {"const": 3}}},
        {"required": ["a"], "properties": {"a": {"anyOf": [{"type": "integer", "maximum": 3}, {"type": "null"}]}}},
        {"allOf": [{"properties": {"a": {"$ref": "#"}}}, {"required": ["b"], "properties": {"b": {"enum": [7]}}}]},
    ],
)  # fmt: skip
def test_arguments_for_a_schema(schema: dict[str, Any]) -> None:
    read = ArgumentSchema(schema)
    found = valid_arguments(Random(0), read, {"z": 1, "a": 17})
    assert found is not None
    assert read.accepts(found)


@pytest.mark.parametrize(
    "pattern",
    ["^[A-Z]{3}-\\d{4}$", "^(foo|bar)+$", "^[^@]+@acme\\.com$", "ab?c*d", "^(?:x(y|z))\\(1\\)$", "eu|us", ".+"],
)
def test_a_text_for_a_pattern(pattern: str) -> None:
    schema = ArgumentSchema({"type": "string", "pattern": pattern})
    assert schema.accepts(example(Random(0), "code", schema))


def test_an_impossible_schema_is_refused() -> None:
    schema = {"type": "object", "required": ["a"], "properties": {"a": {"type": "integer", "minimum": 2, "maximum": 1}}}
    assert valid_arguments(Random(0), ArgumentSchema(schema), {}) is None
    whole = ArgumentSchema({"type": "integer"})
    assert whole.accepts(example(Random(0), "a", whole))
