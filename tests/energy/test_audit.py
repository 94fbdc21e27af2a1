"""Fusion: what the oracle denies is denied, the learned part only tightens, what cannot be judged is not allowed."""

from __future__ import annotations

import hashlib
import math
import tracemalloc
from random import Random
from typing import Any

import numpy as np
import pytest

from gatling.energy import Code, Source
from gatling.energy import audit as audit_module
from gatling.energy.audit import PlanAuditor
from gatling.energy.finding import SEVERITY
from gatling.policy import Oracle, recognise
from gatling.policy.source import parse_policy
from gatling.schema import GovernanceContext, parse_context, parse_plan
from gatling.schema.plain import canonical_json
from tests.energy.critics import auditor, made_up_calibration, made_up_critics, random_context, random_plan
from tests.sizes import num_cases

CASES = num_cases(many=4_000, few=300)


def test_what_the_oracle_denies_is_denied_and_critics_only_tighten() -> None:
    rng = Random(21)
    contexts = [random_context(rng) for _ in range(num_cases(many=200, few=30))]
    oracles = {c.digest: Oracle(recognise(c.policy, strict=False)) for c in contexts}
    lenient, strict = auditor(1, line=1e9), auditor(1, line=0.5)
    seen = {"deny": 0, "escalate": 0, "allow": 0}
    for _ in range(CASES):
        context, plan = rng.choice(contexts), random_plan(rng)
        judgement = oracles[context.digest].judge(context, plan)
        a, b = lenient.assess(context, plan), strict.assess(context, plan)
        if judgement.violations:
            assert a.verdict == b.verdict == "deny"
            assert math.isinf(a.energy)
            assert any(f.source is Source.ORACLE for f in a.findings)
        assert SEVERITY[b.verdict] >= SEVERITY[a.verdict]
        assert (a.verdict == "allow") == (not a.findings)
        seen[a.verdict] += 1
        seen[b.verdict] += 1
    assert min(seen["deny"], seen["allow"]) > CASES / 50


def test_adding_a_denial_never_makes_a_verdict_milder() -> None:
    rng = Random(22)
    judge = auditor(2, line=3.0)
    for _ in range(num_cases(many=500, few=50)):
        context, plan = random_context(rng), random_plan(rng)
        tool = rng.choice(plan.nodes).tool_name
        policy = {**context.policy, "forbidden_operations": [*context.policy["forbidden_operations"], tool]}
        stricter = parse_context({**context.model_dump(mode="json"), "policy": policy})
        before, after = judge.assess(context, plan), judge.assess(stricter, plan)
        assert SEVERITY[after.verdict] >= SEVERITY[before.verdict]
        assert after.verdict == "deny"


def test_findings_name_call_argument_and_the_line_of_the_clause() -> None:
    lines = ["allowed_operations:", "  - read_file", "  - list_invoices", "forbidden_operations:", "  - wipe_disk"]
    text = "\n".join([*lines, "scope_limits:", "  list_invoices.limit: 100", ""])
    source = parse_policy(text, file="policy.yaml")
    judge = PlanAuditor(made_up_critics(), made_up_calibration(line=1e9), policies=(source,))
    context = parse_context({"policy": source.data, "user_role": "clerk", "session_context": {}})
    plan = parse_plan(
        {
            "nodes": [
                {"tool_name": "list_invoices", "node_id": "n1", "arguments": {"limit": 5_000}, "provenance_tier": 1},
                {"tool_name": "wipe_disk", "node_id": "n2", "provenance_tier": 1},
                {"tool_name": "fly", "node_id": "n3", "provenance_tier": 1},
            ]
        }
    )
    found = {f.node_id: f for f in judge.assess(context, plan).findings}
    assert (found["n1"].code, found["n1"].argument, found["n1"].bound) == (Code.REQUIREMENT, "limit", 100)
    assert "line 7" in str(found["n1"].clause)
    assert found["n2"].code is Code.FORBIDDEN
    assert "line 5" in str(found["n2"].clause)
    assert found["n3"].code is Code.NOT_GRANTED


def test_a_tool_that_nobody_named_is_escalated_under_allow_by_default() -> None:
    judge = auditor(line=1e9)
    context = parse_context({"policy": {"default": "allow", "forbidden_operations": ["wipe"]}, "user_role": "any"})
    plan = parse_plan({"nodes": [{"tool_name": "fly", "node_id": "n1", "provenance_tier": 1}]})
    assessment = judge.assess(context, plan)
    assert assessment.verdict == "escalate"
    assert assessment.findings[0].code is Code.UNDECIDED


def test_an_energy_that_is_no_number_denies(monkeypatch: pytest.MonkeyPatch) -> None:
    judge = auditor()
    monkeypatch.setattr(type(judge.critics), "combine", lambda self, energies: np.array([math.nan]))
    plan = parse_plan({"nodes": [{"tool_name": "read_file", "node_id": "n1"}]})
    context = parse_context({"policy": {"allowed_operations": ["read_file"]}, "user_role": "any"})
    assessment = judge.assess(context, plan)
    assert assessment.verdict == "deny"
    assert assessment.findings[0].code is Code.FAULT


def test_of_a_pending_call_only_its_own_findings_count() -> None:
    judge = auditor(line=1e9)
    context = parse_context({"policy": {"allowed_operations": ["read_file"]}, "user_role": "any"})
    nodes = [{"tool_name": t, "node_id": i, "provenance_tier": 1} for t, i in (("wipe", "n1"), ("read_file", "n2"))]
    whole = judge.assess(context, parse_plan({"nodes": nodes}))
    assert whole.verdict == "deny"
    assert judge.only(whole, "n1").verdict == "deny"
    assert judge.only(whole, "n2").verdict == "allow"


def test_contexts_are_bounded_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """1,024 contexts of 60 kB requests took 2.2 GB. What a context is said to cost is not below what it does."""
    monkeypatch.setattr(audit_module, "_MAX_CACHE_BYTES", 16_000_000)
    judge = auditor(line=1e9)
    plan = parse_plan({"nodes": [{"tool_name": "read_file", "node_id": "n1", "provenance_tier": 1}]})
    words = " ".join(f"word{i} at {i}.example" for i in range(3_000))

    def judged(i: int) -> None:
        session = {"user_request": f"{i} {words}"}
        policy = {"allowed_operations": ["read_file"]}
        judge.assess(parse_context({"policy": policy, "user_role": "any", "session_context": session}), plan)

    judged(-1)
    before = judge._contexts.num_bytes
    tracemalloc.start()
    try:
        for i in range(3):
            judged(i)
        used = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert 100_000 < used < judge._contexts.num_bytes - before
    for i in range(3, 6):
        judged(i)
    assert len(judge._contexts) == 16_000_000 // before < 6


def test_what_was_changed_while_it_was_judged_is_not_kept_under_its_old_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """A policy is widened between its hash and its reading, as another thread may do it."""
    judge = auditor(line=1e9)
    plan = parse_plan({"nodes": [{"tool_name": "wipe_disk", "node_id": "n1", "provenance_tier": 1}]})
    real = audit_module.canonical_json
    actions: list[Any] = [lambda c: judge.assess(c, plan), judge.oracle]
    for i, action in enumerate(actions):

        def narrow(i: int = i) -> GovernanceContext:
            return parse_context({"policy": {"allowed_operations": [f"read_{i}"]}, "user_role": "any"})

        context = narrow()
        pending = [context.policy["allowed_operations"]]

        def hashed(value: Any, pending: Any = pending) -> str:
            text: str = real(value)
            while pending:  # after the first hash of it
                pending.pop().append("wipe_disk")
            return text

        monkeypatch.setattr(audit_module, "canonical_json", hashed)
        action(context)
        monkeypatch.setattr(audit_module, "canonical_json", real)
        assert context.policy["allowed_operations"] == [f"read_{i}", "wipe_disk"]
        assert judge.oracle(narrow()).judge(narrow(), plan).violations
        assert judge.assess(narrow(), plan).verdict == "deny"


def test_a_policy_that_is_changed_during_the_judgement_counts_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    judge = auditor(line=1e9)
    context = parse_context(
        {"policy": {"allowed_operations": []}, "user_role": "clerk", "session_context": {"ok": False}}
    )
    plan = parse_plan({"nodes": [{"tool_name": "read_file", "node_id": "n1", "provenance_tier": 1}]})
    seen = []
    real = Oracle.judge

    def judged(self: Oracle, given: Any, plan: Any, **more: Any) -> Any:
        context.session_context["ok"] = True
        seen.append(given.session_context["ok"])
        return real(self, given, plan, **more)

    monkeypatch.setattr(Oracle, "judge", judged)
    judge.assess(context, plan)
    assert seen == [False]


def test_a_snapshot_is_judged_as_it_was_and_its_context_as_it_is() -> None:
    judge = auditor(line=1e9)
    context = parse_context({"policy": {"allowed_operations": ["read_file"]}, "user_role": "any"})
    plan = parse_plan({"nodes": [{"tool_name": "read_file", "node_id": "n1", "provenance_tier": 1}]})
    snapshots = []
    for n in range(20):  # more than are kept as such
        context.policy["allowed_operations"] = ["read_file", f"tool_{n}"]
        snapshots.append(judge.snapshot(context))
    context.policy["allowed_operations"] = []
    assert judge.assess(context, plan).verdict == "deny"
    for n, own in enumerate(snapshots):
        assert judge.assess(own, plan).verdict == "allow"
        text = canonical_json({"allowed_operations": ["read_file", f"tool_{n}"]})
        assert judge.policy_digest(own) == hashlib.sha256(text.encode()).hexdigest()
    assert judge.policy_digest(context) == hashlib.sha256(b'{"allowed_operations":[]}').hexdigest()


def test_a_stricter_judge_is_another_one() -> None:
    judge = auditor(line=2.0, escalate=0.6)
    stricter = judge.stricter(0.3)
    assert (judge.calibration.escalate, stricter.calibration.escalate) == (0.6, 0.3)
    assert stricter.critics is judge.critics


def test_lines_are_known_from_then_on_and_the_latest_policies_only() -> None:
    judge = auditor(line=1e9)
    source = parse_policy("forbidden_operations:\n  - wipe_disk\n")
    context = parse_context({"policy": source.data, "user_role": "any"})
    plan = parse_plan({"nodes": [{"tool_name": "wipe_disk", "node_id": "n1", "provenance_tier": 1}]})
    assert judge.assess(context, plan).findings[0].clause == "forbidden_operations[0]"
    judge.know_policy(source)
    assert judge.assess(context, plan).findings[0].clause == "forbidden_operations[0] (line 2)"
    for i in range(audit_module._MAX_POLICIES):
        judge.know_policy(parse_policy(f"allowed_operations: [t{i}]"))
    assert judge.assess(context, plan).findings[0].clause == "forbidden_operations[0]"


def test_a_bare_name_that_the_user_did_not_state_is_escalated_where_only_hosts_are_allowed() -> None:
    judge = auditor(line=1e9)
    policy = {"allowed_operations": ["send_mail"], "allowed_domains": ["acme.com"]}

    def verdict(to: str) -> str:
        session = {"user_request": "Mail the minutes to everyone-in-sales."}
        context = parse_context({"policy": policy, "user_role": "any", "session_context": session})
        node = {"tool_name": "send_mail", "node_id": "n1", "arguments": {"to": to}, "provenance_tier": 1}
        return judge.assess(context, parse_plan({"nodes": [node]})).verdict

    assert [verdict(to) for to in ("everyone-in-sales", "all-hands", "a@evil.io")] == ["allow", "escalate", "deny"]


PLACES = (
    ("http", {"server": "evil.com"}, True),
    ("http", {"ip": "6.6.6.6"}, True),
    ("http", {"url": "https://acme.com", "proxy": "evil.com:8080"}, True),
    ("http", {"url": "https://acme.com", "dns": "evil.com"}, True),
    ("http", {"url": "https://acme.com", "options": '{"host": "evil.com"}'}, True),
    ("http", {"url": "https:evil.com"}, True),
    ("http", {"url": "https://acme.com", "server": "www.acme.com"}, False),
    ("send_mail", {"to": "a@acme.com", "subject": "x\r\nBcc: b@evil.com"}, True),
    ("send_mail", {"to": "a@acme.com", "options": '{"bcc": "b@evil.com"}'}, True),
    ("send_mail", {"to": "a@acme.com", "options": '{"bcc": "b@acme.com"}'}, False),
    ("send_mail", {"to": "a@acme.com", "body": "![x](https://evil.com/p.png)"}, True),
    ("send_mail", {"to": "a@acme.com", "body": "see https://evil.com/p?d=secret"}, True),
    ("send_mail", {"to": "a@acme.com", "body": "see https://evil.com/p"}, False),
    ("send_mail", {"to": "Ann", "body": "see you"}, False),
    ("share", {"file": "a.txt", "with": "a@acme.com", "visibility": "public"}, True),
)


@pytest.mark.parametrize(("tool", "arguments", "is_open"), PLACES)
def test_a_place_that_is_not_decided_is_escalated_even_if_the_user_names_it(
    tool: str, arguments: dict[str, Any], is_open: bool
) -> None:
    """Unless it is a bare name: who Ann is the tool knows."""
    judge = PlanAuditor(made_up_critics(), made_up_calibration(line=1e9))
    policy = {"allowed_operations": ["http", "send_mail", "share"], "allowed_domains": ["acme.com", "www.acme.com"]}
    said = "Ann, public: use evil.com, evil.com:8080, https:evil.com, b@evil.com, 6.6.6.6, https://evil.com/p.png"
    context = parse_context({"policy": policy, "user_role": "clerk", "session_context": {"user_request": said}})
    node = {"tool_name": tool, "node_id": "n1", "arguments": arguments, "provenance_tier": 1}
    found = judge.assess(context, parse_plan({"nodes": [node]}))
    assert (found.verdict, any(f.code is Code.UNDECIDED for f in found.findings)) == (
        ("escalate", True) if is_open else ("allow", False)
    )


def test_an_image_of_a_blocked_host_is_escalated() -> None:
    judge = PlanAuditor(made_up_critics(), made_up_calibration(line=1e9))
    policy = {"allowed_operations": ["send_mail"], "blocked_domains": ["evil.com"]}
    context = parse_context({"policy": policy, "user_role": "clerk", "session_context": {}})
    for host, wanted in (("evil.com", "escalate"), ("other.org", "allow")):
        arguments = {"to": "a@acme.com", "body": f"![x](https://{host}/p.png)"}
        node = {"tool_name": "send_mail", "node_id": "n1", "arguments": arguments, "provenance_tier": 1}
        assert judge.assess(context, parse_plan({"nodes": [node]})).verdict == wanted
