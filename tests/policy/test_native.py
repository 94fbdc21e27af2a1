"""The native format: what is refused, with which sentence, and that no slip of the pen is read as something else."""

from __future__ import annotations

import copy
import gzip
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from gatling.energy.audit import PlanAuditor
from gatling.errors import InputError
from gatling.guard import Guard, Session
from gatling.policy import FORMATS, Oracle, native_schema, parse_policy, policy_problems, read_policy, recognise
from gatling.policy.source import DataPath, PolicySource
from gatling.schema import parse_context, parse_plan
from gatling.testing import FixedGuard
from gatling.tools import ToolSpec, load_catalog
from tests.builders import node, plan
from tests.energy.critics import auditor

WHOLE = """
policy_id: p
version: 1
description: What the desk may do
allowed_operations: [a, b*, {tool: c, when: {x: {in: [1, 2]}}, require: {y: {max: 5}}, roles: [clerk]}]
forbidden_operations: [d, {tool: e, when: x > 5}]
allowed_domains: [acme.com]
scope_limits: {a.limit: 5, a.kind: [x, y], c: {amount: 7}, a.size: {max: 5, min: 1}}
max_records: 100
max_sensitivity: 3
explicit_request_required: [a]
requires_before: {c: a}
provenance_requirements: [{operation: a, max_tier: 2, unless: the boss says so}]
roles:
  clerk: {allowed_operations: [f], forbidden_operations: [g], scope_limits: {f.limit: 3}, inherits: [staff]}
  staff: {forbidden_operations: [h]}
tools: {a: {allowed: true, input_schema: {type: object}, limits: {limit: 4}}}
rules:
  - {id: r1, tool: a, effect: deny, when: {k: {in: [q]}}}
  - {id: r2, operations: [a], require: {z: {in: [1]}}}
  - Every mail is answered within a day.
sections: [{section: S, rules: [{id: s, rule: Be nice to everyone in every mail.}]}]
notes: [n]
default: deny
"""
# Below these stand names that the writer of a policy chooses.
_CHOSEN: set[DataPath] = {
    ("scope_limits",),
    ("scope_limits", "c"),
    ("requires_before",),
    ("roles",),
    ("roles", "clerk", "scope_limits"),
    ("tools",),
    ("tools", "a", "limits"),
    ("tools", "a", "input_schema"),
    ("allowed_operations", 2, "when"),
    ("allowed_operations", 2, "require"),
    ("rules", 0, "when"),
    ("rules", 1, "require"),
}
# Slips that make another word of the format, which says the same, or narrows.
_SAME = {"tools", "operations", "operation", "role", "requires", "in"}


def _keys(value: Any, path: DataPath = ()) -> Iterator[DataPath]:
    if isinstance(value, dict):
        for key, item in value.items():
            if path not in _CHOSEN:
                yield (*path, key)
            yield from _keys(item, (*path, key))
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from _keys(item, (*path, i))


def _slips(key: str) -> set[str]:
    cut = {key[:i] + key[i + 1 :] for i in range(len(key))}
    doubled = {key[:i] + key[i] + key[i:] for i in range(len(key))}
    swapped = {key[:i] + key[i + 1] + key[i] + key[i + 2 :] for i in range(len(key) - 1)}
    styled = {
        key.upper(),
        key.title(),
        key.replace("_", "-"),
        key.replace("_", " "),
        key.replace("_", ""),
        f"x_{key}",
        f"{key}s",
    }
    return (cut | doubled | swapped | styled) - {key, ""} - _SAME


def test_no_slip_of_the_pen_in_a_key_is_read() -> None:
    whole = yaml.safe_load(WHOLE)
    recognise(whole)
    count = 0
    for path in _keys(whole):
        for slip in _slips(str(path[-1])):
            changed = copy.deepcopy(whole)
            holder: Any = changed
            for step in path[:-1]:
                holder = holder[step]
            if slip in holder:
                continue
            holder[slip] = holder.pop(path[-1])
            count += 1
            with pytest.raises(InputError, match="unknown|is no |wanted"):
                recognise(changed)
    assert count > 1_200


@pytest.mark.parametrize(
    ("key", "value", "line"),
    [
        ("allowed_operations", "[a, 5]", 'allowed_operations[1]: found 5, wanted a name or a grant'),
        ("allowed_operations", "{a: yes please}", "allowed_operations.a: found yes please, wanted true, false or a grant"),
        ("forbidden_operations", "{a: false}", "forbidden_operations.a: found false, wanted true"),
        ("forbidden_operations", "['a, b']", "forbidden_operations[0]: found a, b, wanted a name, or a pattern with * and ?"),
        ("max_sensitivity", "9", "max_sensitivity: found 9, wanted a level, 1 to 5"),
        ("max_tier", "0", "max_tier: found 0, wanted 1, 2 or 3"),
        ("scope_limits", "{pay.amount: null}", 'scope_limits["pay.amount"]: found null, wanted a number, a word, a list'),
        ("scope_limits", "[5]", "scope_limits: found a list, wanted a mapping of `tool.argument` to limits"),
        ("explicit_request_required", "false", "explicit_request_required: found false, wanted true or a list of tools"),
        ("default", "Allow", "default: found Allow, wanted allow or deny; did you mean allow?"),
        ("default", "yes", "default: found yes, wanted allow or deny"),
        ("roles", "[clerk]", "roles: found a list, wanted a mapping of roles to what they may do"),
        ("allowed_domains", "['a b.com']", "allowed_domains: not a list of hosts and addresses"),
        ("description", "true", "description: found true, wanted text, a number or a list of text"),
        ("metadata", "{a: {b: c}}", "metadata.a: found a mapping, wanted text"),
        ("metadata", "{expires: '2020-01-01'}", "metadata: not a part that is read"),
        ("metadata", "{owner: Ann, status: suspended}", "metadata: not a part that is read"),
        ("requires_before", "{pay: [5]}", "requires_before.pay[0]: found 5, wanted a name, or a pattern with * and ?"),
        ("cedar", "'permit(principal, action, resource);'", "to read it in the format cedar, say `format: cedar`"),
        ("rules", "[{tool: a, effect: deny, when: {regex: x}}]", "rules[0]: conditions with regex are not read"),
        ("rules", "[{tool: a, effect: deny, when: {any: x}}]", "rules[0]: conditions with any are not read"),
        ("rules", "[{tool: a, require: {tier: 3}}]", "rules[0]: tier == 3: asks for less trust"),
        ("rules", "[5]", "rules[0]: found 5, wanted a sentence or a rule"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_place(key: str, value: str, line: str) -> None:
    with pytest.raises(InputError) as refused:
        recognise(parse_policy(f"version: 1\n{key}: {value}\n", file="p.yaml"))
    assert str(refused.value).startswith("p.yaml:2: ")
    assert line in str(refused.value)


def test_parameters_of_a_catalogue_are_known() -> None:
    catalog = {spec.name: spec for spec in load_catalog(["builtin"])}
    tool, wrong, right = _a_tool_with_an_amount(catalog)
    recognise({"allowed_operations": [tool], "scope_limits": {f"{tool}.{right}": 5}}, catalog=catalog)
    with pytest.raises(InputError, match=f"{tool} has no parameter {wrong}; did you mean {right}?"):
        recognise({"allowed_operations": [tool], "scope_limits": {f"{tool}.{wrong}": 5}}, catalog=catalog)


def _a_tool_with_an_amount(catalog: dict[str, ToolSpec]) -> tuple[str, str, str]:
    for spec in catalog.values():
        for parameter in spec.parameters:
            if parameter.name == "amount":
                return spec.name, "ammount", "amount"
    raise AssertionError


def test_parameters_of_the_policys_own_schema_are_known() -> None:
    schema = {"type": "object", "properties": {"amount": {"type": "number"}}}
    policy = {"tools": {"pay": {"allowed": True, "input_schema": schema}}, "scope_limits": {"pay.ammount": 5}}
    with pytest.raises(InputError, match="pay has no parameter ammount; did you mean amount?"):
        recognise(policy)
    recognise({**policy, "scope_limits": {"pay.amount": 5}})


def test_a_guard_denies_what_is_not_of_the_format_and_says_why() -> None:
    policy = {"allowed_operations": ["*"], "forbiden_operations": ["delete_file"]}
    strict = Guard(PlanAuditor(auditor().critics, auditor(line=1e9).calibration, is_strict_policy=True))
    for tool in ("delete_file", "read_file"):
        decision = strict.audit({"policy": policy, "user_role": "clerk"}, plan(node(tool)))
        assert decision.verdict == "deny"
        assert "did you mean forbidden_operations?" in decision.reasons[0].found
    with pytest.raises(InputError, match="did you mean forbidden_operations"):
        strict.know_policy(PolicySource(policy))
    with pytest.raises(InputError, match="did you mean forbidden_operations"):
        Session(strict, policy=policy, role="clerk")
    Session(FixedGuard({}), policy=policy, role="clerk")  # it judges by no policy


def test_a_guard_from_the_package_reads_strictly(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text("allowed_operations: [a]\nscope_limit: {a.b: 1}\n")
    guard = Guard.from_pretrained(deadline_ms=None)
    with pytest.raises(InputError, match=r"policy.yaml:2: scope_limit: unknown key"):
        Session(guard, policy=path, role="clerk")
    lenient = Guard.from_pretrained(deadline_ms=None, is_strict_policy=False)
    Session(lenient, policy=path, role="clerk")


def test_cedar_files_are_read_and_their_errors_have_a_line(tmp_path: Path) -> None:
    pytest.importorskip("cedarpy")
    path = tmp_path / "desk.cedar"
    path.write_text('permit(principal, action == Action::"read_file", resource);\n')
    source = read_policy(path)
    context, call = parse_context({"policy": source.data, "user_role": "clerk"}), parse_plan(plan(node("read_file")))
    assert Oracle(recognise(source)).judge(context, call).verdict == "compliant"
    path.write_text("permit(principal, action, resource);\n\nforbid nonsense;\n")
    with pytest.raises(InputError, match=r"desk.cedar:3: cedar: Cedar cannot read it: unexpected token `nonsense`"):
        recognise(read_policy(path))
    with pytest.raises(InputError, match=r"line 2: cedar: Cedar cannot read it in line 2 of the text"):
        recognise(parse_policy("format: cedar\ncedar: |\n  permit(principal, action, resource);\n  forbid nonsense;\n"))


def test_all_problems_are_listed_for_lint() -> None:
    found = policy_problems(parse_policy("alow: [a]\nmax_tier: 7\nroles: {clerk: {x: 1}}\n"))
    assert [(p.line, p.path) for p in found] == [(1, ("alow",)), (2, ("max_tier",)), (3, ("roles", "clerk", "x"))]


def test_the_published_schema_means_the_same_to_another_engine() -> None:
    """Each part of a policy put in the place of each other one: both refuse, or neither."""
    whole = yaml.safe_load(WHOLE)
    schema = native_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    other = jsonschema.Draft202012Validator(schema)
    values = [*whole.values(), None, True, 7, "x", [], {}, [["a"]], {"a": {"b": {"c": 1}}}]
    refused = 0
    for key in [*whole, "format", "metadata", "limits", "operations"]:
        for value in values:
            policy = {"default": "deny", key: value}
            found = [p for p in policy_problems(PolicySource(policy)) if "found" in p.message or "unknown" in p.message]
            is_refused = not other.is_valid(policy)
            assert bool(found) >= is_refused, policy
            refused += is_refused
    assert refused > 200
    assert set(FORMATS) == {"cedar", "iam", "oauth"}
    for name in FORMATS:
        jsonschema.Draft202012Validator.check_schema(native_schema([name]))


def test_hostile_policies_are_refused_in_time() -> None:
    started = time.perf_counter()
    policies: list[dict[str, Any]] = [
        {f"k{i}": {"a": [{"b": i}]} for i in range(20_000)},
        {"allowed_operations": [{"tool": "a", f"x{i}": 1} for i in range(20_000)]},
        {"scope_limits": {f"t{i}.a": {"maxmum": 1} for i in range(5_000)}},
        {"allowed_operations": [f"tool_{i}" for i in range(5_000)], "limits": {f"tooll_{i}.a": 1 for i in range(300)}},
        {"a" * 100_000: 1},
    ]
    for policy in policies:
        with pytest.raises(InputError):
            recognise(policy)
    assert time.perf_counter() - started < 10


DATA = Path(__file__).parents[3] / "shared" / "data" / "conversations"


@pytest.mark.skipif(not DATA.is_dir(), reason="the recorded conversations are not here")
def test_policies_of_recorded_conversations_are_of_the_format() -> None:
    for file in DATA.glob("*.jsonl.gz"):
        with gzip.open(file, "rt") as stream:
            texts = {json.dumps(json.loads(line)["governance_context"]["policy"]) for line in stream}
        for text in texts:
            assert recognise(json.loads(text)).unrecognised == ()
