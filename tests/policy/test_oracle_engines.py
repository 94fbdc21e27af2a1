"""The oracle against engines that others wrote: Cedar's, moto's access management, jsonschema. Each on many random pairs.

What is left out on purpose, as the engines differ in it by their own rules:
- moto compares action names with regard to case and reads `.` and `?` as regular expressions do; access management does
  not. The names and patterns here have neither.
- moto permits on a statement without Resource whatever its Effect; every statement here has one.
- A page size of 0 or below may mean all there is, and is undecided; here it is at least 1.
"""

from __future__ import annotations

import json
import random
from typing import Any

import jsonschema
import pytest
from moto.iam.access_control import IAMPolicy, PermissionResult

from gatling.policy import Oracle, recognise
from gatling.policy.dialects.argument_schema import ArgumentSchema
from gatling.schema import parse_context, parse_plan
from tests.policy.random_rules import ROLES, random_call, random_policy
from tests.sizes import num_cases

PAIRS = num_cases(many=100_000, few=5_000)
CALLS_PER_POLICY = num_cases(many=100, few=25)


def _cedar_condition(name: str, operator: str, wanted: Any, *, is_denial: bool) -> str:
    """What is not there differs from everything, if that leads to a denial, and never if it leads to a grant."""
    if is_denial and operator in ("not_in", "!="):
        return f"(!(context.arguments has {name}) || {_cedar_condition(name, operator, wanted, is_denial=False)})"
    has = f"context.arguments has {name}"
    value = f"context.arguments.{name}"
    if operator in ("in", "not_in"):
        inside = " || ".join(f"{value} == {json.dumps(w)}" for w in wanted)
        return f"({has} && {'!' if operator == 'not_in' else ''}({inside}))"
    return f"({has} && {value} {operator} {wanted})"


def _to_cedar(policy: dict[str, Any]) -> str:
    """Write the parts of a policy that Cedar can say in Cedar's language, independently of how the oracle reads them."""
    out = []
    inherits = {role: block.get("inherits") for role, block in policy.get("roles", {}).items()}

    def principals(roles: list[str] | None) -> list[str]:
        return [f'principal in Role::"{r}"' for r in roles] if roles else ["principal"]

    def add(effect: str, tool: str, roles: list[str] | None, condition: str = "true") -> None:
        out.extend(
            f'{effect}({p}, action == Action::"{tool}", resource) when {{ {condition} }};' for p in principals(roles)
        )

    def lists(block: dict[str, Any], roles: list[str] | None) -> None:
        for tool in block.get("allowed_operations", []):
            add("permit", tool, roles)
        for tool in block.get("forbidden_operations", []):
            add("forbid", tool, roles)

    lists(policy, None)
    for role, block in policy.get("roles", {}).items():
        lists(block, [role])
    for rule in policy["rules"]:
        is_denial = rule["effect"] == "deny"
        when = [(n, o, w) for n, c in rule.get("when", {}).items() for o, w in c.items()]
        tests = [_cedar_condition(n, o, w, is_denial=is_denial) for n, o, w in when]
        for tool in rule["operations"]:
            effect = "permit" if rule["effect"] == "allow" else "forbid"
            add(effect, tool, rule.get("roles"), " && ".join(tests) or "true")
    for key, bound in policy["scope_limits"].items():
        tool, argument = key.split(".")
        tests = [f"context.arguments has {argument} && context.arguments.{argument} > {bound}"]
        if argument == "limit":
            tests.append(f"context.scope_volume > {bound}")
        add("forbid", tool, None, " || ".join(f"({t})" for t in tests))
    for tool, tier in policy.get("provenance_requirements", {}).items():
        add("forbid", tool, None, f"context.provenance_tier > {({'internal': 1, 'partner': 2}).get(tier, tier)}")
    if "max_sensitivity" in policy:
        out.append(
            f"forbid(principal, action, resource) when {{ context.scope_sensitivity > {policy['max_sensitivity']} }};"
        )
    if policy.get("default") == "allow":
        out.append("permit(principal, action, resource);")
    assert set(inherits) <= set(ROLES)
    return "\n".join(out)


def test_native_rules_decide_as_cedar_does() -> None:
    cedarpy = pytest.importorskip("cedarpy")
    rng = random.Random(0)
    counts = {"compliant": 0, "violation": 0}
    for _ in range(PAIRS // CALLS_PER_POLICY):
        policy = random_policy(rng)
        for key in ("allowed_domains", "requires_before"):  # Cedar has no words for these
            policy.pop(key, None)
        text, oracle = _to_cedar(policy), Oracle(recognise(policy))
        roles = policy.get("roles", {})
        parents = {role: [roles[role]["inherits"]] if roles.get(role, {}).get("inherits") else [] for role in ROLES}
        entities = [
            {
                "uid": {"type": "Role", "id": role},
                "attrs": {},
                "parents": [{"type": "Role", "id": p} for p in parents[role]],
            }
            for role in ROLES
        ] + [{"uid": {"type": "User", "id": r}, "attrs": {}, "parents": [{"type": "Role", "id": r}]} for r in ROLES]
        calls = [(random_call(rng), rng.choice(ROLES)) for _ in range(CALLS_PER_POLICY)]
        requests = [
            {
                "principal": f'User::"{role}"',
                "action": f'Action::"{call["tool_name"]}"',
                "resource": 'Thing::"x"',
                "context": {k: call[k] for k in ("arguments", "provenance_tier", "scope_volume", "scope_sensitivity")},
            }
            for call, role in calls
        ]
        answers = cedarpy.is_authorized_batch(requests, text, entities)
        contexts = {role: parse_context({"policy": policy, "user_role": role}) for role in ROLES}
        for (call, role), answer in zip(calls, answers, strict=True):
            assert not answer.diagnostics.errors, (answer.diagnostics.errors, text)
            found = oracle.judge(contexts[role], parse_plan({"nodes": [call]}))
            assert found.verdict == ("compliant" if answer.allowed else "violation"), (policy, call, role, found, text)
            counts[found.verdict] += 1
    assert min(counts.values()) > PAIRS / 10  # both answers are exercised


ACTIONS = [f"{s}:{v}{n}" for s in ("s3", "sqs") for v in ("Get", "Put", "List") for n in ("Object", "Bucket", "Queue")]
RESOURCES = [f"arn:aws:{s}:::{n}" for s in ("s3", "sqs") for n in ("logs", "logs/today", "books", "books/one/two")]


def _random_pattern(rng: random.Random, words: list[str]) -> str:
    word = rng.choice(words)
    kind = rng.random()
    if kind < 0.1:
        return "*"
    if kind < 0.5:
        return word[: rng.randint(1, len(word))] + "*"
    if kind < 0.7:
        i, j = sorted((rng.randint(0, len(word)), rng.randint(0, len(word))))
        return word[:i] + "*" + word[j:]
    return word


def test_statements_decide_as_moto_does() -> None:
    rng = random.Random(1)
    counts = {"compliant": 0, "violation": 0}
    for _ in range(PAIRS // CALLS_PER_POLICY):
        statements = []
        for _ in range(rng.randint(1, 5)):
            actions = [_random_pattern(rng, ACTIONS) for _ in range(rng.randint(1, 3))]
            resources = [_random_pattern(rng, RESOURCES) for _ in range(rng.randint(1, 2))]
            statements.append(
                {
                    "Effect": rng.choice(["Allow", "Allow", "Deny"]),
                    "NotAction" if rng.random() < 0.2 else "Action": actions if rng.random() < 0.7 else actions[0],
                    "Resource": resources if rng.random() < 0.7 else resources[0],
                }
            )
        document = {"Version": "2012-10-17", "Statement": statements}
        engine, oracle = (
            IAMPolicy({"policy_document": json.dumps(document)}),
            Oracle(recognise({"format": "iam", **document})),
        )
        context = parse_context({"policy": document, "user_role": "any"})
        for _ in range(CALLS_PER_POLICY):
            action, resource = rng.choice(ACTIONS), rng.choice(RESOURCES)
            wanted = engine.is_action_permitted(action, resource) is PermissionResult.PERMITTED
            call = {"tool_name": action, "node_id": "n", "arguments": {"resource": resource}}
            found = oracle.judge(context, parse_plan({"nodes": [call]}))
            assert found.verdict == ("compliant" if wanted else "violation"), (statements, action, resource, found)
            counts[found.verdict] += 1
    assert min(counts.values()) > PAIRS / 10


def _random_schema(rng: random.Random, depth: int = 0) -> dict[str, Any]:
    schema: dict[str, Any] = {}
    if rng.random() < 0.7:
        schema["type"] = rng.choice(["integer", "number", "string", "array", "object", ["string", "null"], "boolean"])
    if rng.random() < 0.2:
        schema["enum"] = rng.sample([1, 1.0, "a", True, None, [1], {"a": 1}, "b", 0, False], 3)
    for key in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"):
        if rng.random() < 0.15:
            schema[key] = rng.randint(-1, 4)
    for key in ("minLength", "maxLength", "minItems", "maxItems"):
        if rng.random() < 0.1:
            schema[key] = rng.randint(0, 3)
    if rng.random() < 0.1:
        schema["pattern"] = rng.choice(["^a", "b+$", "[ab]{2}"])
    if depth < 2:
        if rng.random() < 0.5:
            schema["properties"] = {k: _random_schema(rng, depth + 1) for k in rng.sample("abc", rng.randint(1, 3))}
        if rng.random() < 0.3:
            schema["required"] = rng.sample(["a", "b", "c"], rng.randint(1, 2))
        if rng.random() < 0.3:
            schema["additionalProperties"] = rng.choice([True, False, {"type": "string"}])
        if rng.random() < 0.3:
            schema["items"] = _random_schema(rng, depth + 1)
        if rng.random() < 0.3:
            schema[rng.choice(["allOf", "anyOf", "oneOf"])] = [_random_schema(rng, depth + 1) for _ in range(2)]
        if rng.random() < 0.3:
            schema[rng.choice(["not", "if", "then", "else", "contains", "propertyNames"])] = _random_schema(rng, 2)
        if rng.random() < 0.1:
            schema["prefixItems"] = [_random_schema(rng, depth + 1)]
        if rng.random() < 0.1:
            schema["patternProperties"] = {"^[ab]": _random_schema(rng, depth + 1)}
        if rng.random() < 0.1:
            schema["dependentRequired"] = {"a": ["b"]}
        if rng.random() < 0.1:
            schema["dependentSchemas"] = {"b": _random_schema(rng, depth + 1)}
    for key, most in (
        ("multipleOf", 3),
        ("minProperties", 2),
        ("maxProperties", 3),
        ("minContains", 2),
        ("maxContains", 2),
    ):
        if rng.random() < 0.05:
            schema[key] = rng.randint(1, most)
    if rng.random() < 0.05:
        schema["uniqueItems"] = True
    if rng.random() < 0.1:
        schema["$ref"] = rng.choice(["#/$defs/whole", "#/$defs/text"])
    return schema


def _random_document(rng: random.Random) -> dict[str, Any]:
    """A schema whose references lead to two definitions, one of which refers to itself below."""
    whole = {"properties": {"a": {"$ref": "#/$defs/whole"}}, "required": ["b"]}
    return {**_random_schema(rng), "$defs": {"whole": whole, "text": {"type": ["string", "object"]}}}


def _random_value(rng: random.Random, depth: int = 0) -> Any:
    kind = rng.random()
    if depth < 2 and kind < 0.35:
        return {k: _random_value(rng, depth + 1) for k in rng.sample("abcd", rng.randint(0, 3))}
    if depth < 2 and kind < 0.5:
        return [_random_value(rng, depth + 1) for _ in range(rng.randint(0, 3))]
    return rng.choice([0, 1, 2, 1.0, 2.5, -1, "a", "ab", "bbb", "", True, False, None, 2**60])


def test_schemas_decide_as_jsonschema_does() -> None:
    rng = random.Random(2)
    valid = 0
    for _ in range(PAIRS // CALLS_PER_POLICY):
        schema = _random_document(rng)
        read = ArgumentSchema(schema)
        engine = jsonschema.Draft202012Validator(schema)
        for _ in range(CALLS_PER_POLICY):
            value = _random_value(rng)
            wanted = engine.is_valid(value)
            assert (read.first_failure(value) is None) == wanted, (schema, value, read.first_failure(value))
            valid += wanted
    assert PAIRS / 10 < valid < PAIRS * 9 / 10
