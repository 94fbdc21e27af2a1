"""What repair finds, what it never does, and how it compares with trying everything."""

from __future__ import annotations

import itertools
import math
import subprocess
import sys
from typing import Any

import pytest

from gatling.energy import Assessment, Code, Finding, Source
from gatling.errors import ConfigError
from gatling.repair import Repair, functional_intent_similarity, repair
from gatling.repair.arguments import values_of
from gatling.repair.grounds import Grounds
from gatling.repair.propose import MAX_PROPOSALS, propose
from gatling.schema import ExecutionPlan, GovernanceContext, parse_context, parse_plan
from tests.builders import context as context_of
from tests.builders import node
from tests.builders import plan as plan_of
from tests.repair.brute import least_cost
from tests.repair.cases import RuleAuditor, random_case
from tests.sizes import num_cases


def case(policy: dict[str, Any], *nodes: dict[str, Any], request: str = "", edges: Any = None) -> tuple[Any, Any, Any]:
    context = parse_context(context_of(policy, user_request=request))
    trusted = [{"provenance_tier": 1, **n} for n in nodes]
    return context, parse_plan(plan_of(*trusted, edges=edges)), RuleAuditor(context)


def repaired(*args: Any, request: str = "", edges: Any = None, **options: Any) -> Repair:
    context, plan, auditor = case(*args, request=request, edges=edges)
    return repair(context, plan, auditor, deadline_ms=None, **options)


def said(outcome: Repair) -> list[str]:
    return [str(edit) for edit in outcome.edits]


MAIL = {"allowed_operations": ["send_email", "read_file", "list_records"], "allowed_destinations": ["acme.com"]}


def test_a_limit_is_narrowed_to_the_policys_with_the_volume() -> None:
    policy = {"allowed_operations": ["list_records"], "scope_limits": {"list_records.limit": 100}}
    outcome = repaired(policy, node("list_records", arguments={"limit": 10_000}, scope_volume=10_000))
    assert said(outcome) == ["narrow limit of n1: 10000 to 100"]
    assert outcome.plan is not None
    assert outcome.plan.nodes[0].arguments == {"limit": 100}
    assert outcome.plan.nodes[0].scope_volume == 100
    assert outcome.cost == pytest.approx(0.2)


def test_a_stated_volume_is_not_talked_down() -> None:
    policy = {"allowed_operations": ["list_records"], "scope_limits": {"max_records": 100}}
    call = node("list_records", arguments={"table": "orders"}, scope_volume=10_000)
    assert repaired(policy, call).plan is None
    assert said(repaired(policy, call, enforces_volume=True)) == ["narrow volume of n1: 10000 to 100"]
    columns = node("list_records", arguments={"columns": ["a"]}, scope_volume=10_000)
    assert repaired(policy, columns).plan is None


def test_half_a_payment_is_no_repair() -> None:
    policy = {"allowed_operations": ["send_money"], "scope_limits": {"send_money.amount": 1_000}}
    call = node("send_money", arguments={"amount": 5_000})
    assert repaired(policy, call, request="Pay the rent.").plan is None
    assert said(repaired(policy, call, request="Pay 800 for the rent.")) == ["narrow amount of n1: 5000 to 800"]


def test_a_recipient_that_nobody_names_goes() -> None:
    call = node("send_email", arguments={"to": ["ann@acme.com", "eve@evil.com"], "subject": "Hi"})
    assert said(repaired(MAIL, call)) == ['narrow to of n1: ["ann@acme.com", "eve@evil.com"] to ["ann@acme.com"]']
    joined = node("send_email", arguments={"to": "ann@acme.com; eve@evil.com"})
    outcome = repaired(MAIL, joined)
    assert outcome.plan is not None
    assert outcome.plan.nodes[0].arguments == {"to": "ann@acme.com"}
    copied = node("send_email", arguments={"to": "ann@acme.com", "bcc": "eve@evil.com"})
    assert said(repaired(MAIL, copied)) == ['drop bcc of n1: "eve@evil.com"']


def test_a_mail_is_redirected_to_whom_the_request_names() -> None:
    call = node("send_email", arguments={"to": "eve@evil.com"})
    other = node("read_file", "n2", arguments={"path": "a"})
    outcome = repaired(MAIL, call, other, request="Send it to ann@acme.com.")
    assert said(outcome) == ['redirect to of n1: "eve@evil.com" to "ann@acme.com", which the request names']
    assert said(repaired(MAIL, call, other, request="Never send it to ann@acme.com.")) == [
        "remove call n1 (send_email)"
    ]
    assert said(repaired(MAIL, call, other, request="Send it to Ann.")) == ["remove call n1 (send_email)"]
    asked = repaired(MAIL, call, other, request="Send it to eve@evil.com, as ann@acme.com wrote.")
    assert said(asked) == ["remove call n1 (send_email)"]  # what was asked for is not turned into something else


def test_an_approval_is_not_written_down() -> None:
    grant = {"effect": "allow", "operations": ["close_ticket"], "when": {"approved_by": {"in": ["manager"]}}}
    policy = {"allowed_operations": ["read_file"], "rules": [grant]}
    call = node("close_ticket", arguments={"approved_by": "nobody"})
    outcome = repaired(policy, call, node("read_file", "n2"), request="The manager said close it.")
    assert said(outcome) == ["remove call n1 (close_ticket)"]
    grant["when"] = {"queue": {"in": ["north", "south"]}}
    call = node("close_ticket", arguments={"queue": "west"})
    outcome = repaired(policy, call, node("read_file", "n2"), request="Close it in the south queue.")
    assert said(outcome) == ['redirect queue of n1: "west" to "south", which the request names']


def test_a_weaker_tool_serves_only_if_granted_by_name() -> None:
    call = node("delete_file", arguments={"path": "a"})
    policy = {
        "allowed_operations": ["archive_file", "read_file", "delete_mail"],
        "forbidden_operations": ["delete_file"],
    }
    assert said(repaired(policy, call)) == ["call archive_file instead of delete_file at n1"]
    assert repaired({"allowed_operations": ["*_file"], "forbidden_operations": ["delete_file"]}, call).plan is None
    assert repaired({"allowed_operations": ["read_mail"]}, call).plan is None


def test_a_look_alike_becomes_the_tool_that_the_policy_names() -> None:
    policy = {"allowed_operations": ["submit-form"]}
    for name in ("subm\u0456t-form", "SUBMIT_FORM"):
        outcome = repaired(policy, node(name, arguments={"form": "leave"}))
        assert said(outcome) == [f"call submit-form instead of {name} at n1"]


def test_a_granted_tool_gives_way_only_to_what_was_asked_for() -> None:
    policy = {
        "allowed_operations": ["read_file", "delete_file", "list_records"],
        "provenance_requirements": {"delete_file": "trusted"},
    }
    calls = [node("list_records"), node("delete_file", "n2", arguments={"path": "a.txt"}, provenance_tier=3)]
    assert said(repaired(policy, *calls, request="List the records.")) == ["remove call n2 (delete_file)"]
    asked = repaired(policy, *calls, request="List the records and read a.txt.")
    assert said(asked) == ["call read_file instead of delete_file at n2"]


def test_no_call_is_redirected_to_where_another_goes_already() -> None:
    calls = [
        node("send_email", arguments={"to": "ann@partner.com", "body": "the minutes"}),
        node("send_email", "n2", arguments={"to": "eve@evil.io", "body": "the minutes"}),
    ]
    policy = {**MAIL, "allowed_destinations": ["acme.com", "partner.com"]}
    request = "Mail the minutes to ann@partner.com."
    assert said(repaired(policy, *calls, request=request)) == ["remove call n2 (send_email)"]
    assert said(repaired(policy, calls[1], request=request)) == [
        'redirect to of n2: "eve@evil.io" to "ann@partner.com", which the request names'
    ]


@pytest.mark.parametrize(
    "request_text",
    [
        "Mail ann@acme.com, as I did bob@acme.com.",  # which of the two is not clear
        "Mail Zoe. Stop mailing dan@acme.com.",
        "Mail Zoe, but avoid dan@acme.com.",
        "Mail Zoe what came from dan@acme.com.",
        "What did dan@acme.com want?",  # nothing is to be sent
    ],
)
def test_a_place_that_may_not_be_meant_is_no_destination(request_text: str) -> None:
    stray = node("send_email", "n2", arguments={"to": "eve@evil.com"})
    outcome = repaired(MAIL, node("read_file"), stray, request=request_text)
    assert said(outcome) == ["remove call n2 (send_email)"]


def test_a_number_that_may_not_be_meant_is_no_amount() -> None:
    policy = {"allowed_operations": ["send_money"], "scope_limits": {"send_money.amount": 1_000}}
    call = node("send_money", arguments={"amount": 5_000})
    assert repaired(policy, call, request="Pay 5000 for the flat on floor 3.").plan is None
    assert repaired(policy, call, request="Pay 800 for flat 12.").plan is None


def test_a_policys_schema_says_what_a_tool_takes() -> None:
    schema = {"type": "object", "properties": {"path": {"type": "string"}}, "additionalProperties": False}
    policy = {"allowed_operations": ["read_file", "archive_file"], "tools": {"read_file": {"input_schema": schema}}}
    call = node("read_file", arguments={"path": "a", "run": "rm"})
    assert said(repaired(policy, call)) == ['drop run of n1: "rm"']
    policy = {**policy, "allowed_operations": ["read_file"]}
    assert repaired(policy, node("delete_file", arguments={"path": "a", "force": True}), max_edits=1).plan is None
    assert said(repaired(policy, node("delete_file", arguments={"path": "a"}))) == [
        "call read_file instead of delete_file at n1"
    ]


def test_what_was_read_goes_with_its_reader() -> None:
    """A call that stays without the edge to the page it copies from would look clean."""
    policy = {
        "allowed_operations": ["send_email", "list_records", "get_balance"],
        "forbidden_operations": ["read_webpage"],
    }
    nodes = [node("read_webpage"), node("list_records", "n2"), node("send_email", "n3"), node("get_balance", "n4")]
    outcome = repaired(policy, *nodes, edges=[["n1", "n3"], ["n2", "n3"]])
    assert said(outcome) == ["remove calls n1 (read_webpage), n3 (send_email)"]


def test_a_day_moves_inwards_to_one_that_the_request_states() -> None:
    limits = {"effect": "allow", "operations": ["list_events"], "when": {"end": {"in": ["2026-03-08"]}}}
    call = node("list_events", arguments={"start": "2026-03-01", "end": "2026-12-31"})
    outcome = repaired({"rules": [limits]}, call, request="What is on from 2026-03-01 to 2026-03-08?")
    assert said(outcome) == ['narrow end of n1: "2026-12-31" to "2026-03-08"']


def test_a_plan_that_is_all_wrong_has_no_repair_and_says_so() -> None:
    outcome = repaired({"allowed_operations": ["read_file"]}, node("send_email", arguments={"to": "eve@evil.com"}))
    assert outcome.plan is None
    assert not outcome
    assert outcome.cost == math.inf
    assert outcome.reason == "nothing can be taken away from the plan without taking away all of it"


def test_an_allowed_plan_is_given_back() -> None:
    context, plan, auditor = case(MAIL, node("read_file"))
    outcome = repair(context, plan, auditor)
    assert outcome.plan is plan
    assert (outcome.edits, outcome.cost, outcome.num_audits) == ((), 0.0, 1)


def test_an_escalated_plan_is_repaired_too() -> None:
    call = node("send_email", arguments={"to": "ann@acme.com"}, provenance_tier=3)
    context, plan, auditor = case(MAIL, call, node("read_file", "n2"))
    assert auditor.assess(context, plan).verdict == "escalate"
    assert said(repair(context, plan, auditor, deadline_ms=None)) == ["remove call n1 (send_email)"]


class PlanOnly:
    """Says no to a plan as a whole, with energies by call and no finding."""

    def assess(self, context: GovernanceContext, plan: ExecutionPlan) -> Assessment:
        energy = {n.node_id: 2.0 if n.tool_name == "send_email" else 0.2 for n in plan.nodes}
        worst = max(energy.values())
        finding = Finding(Source.LATENT, Code.UNUSUAL, None, None, None, "unusual", "usual", worst)
        return Assessment("deny" if worst > 1 else "allow", worst, energy, (finding,) if worst > 1 else ())


def test_without_a_finding_the_call_of_highest_energy_goes() -> None:
    context, plan, _ = case(MAIL, node("read_file"), node("send_email", "n2"), node("read_file", "n3"))
    outcome = repair(context, plan, PlanOnly(), deadline_ms=None)
    assert said(outcome) == ["remove call n2 (send_email)"]
    assert outcome.num_audits == 2 or outcome.is_exhausted


@pytest.mark.parametrize("seed", range(num_cases(many=60, few=20)))
def test_properties_of_every_repair(seed: int) -> None:
    """Allowed by a fresh auditor, replayed by its edits, the same twice, each plan audited once, nothing new in it."""
    context, plan, auditor = random_case(seed)
    auditor.seen.clear()
    outcome = repair(context, plan, auditor, deadline_ms=None)
    seen = [p.model_dump_json() for p in auditor.seen]
    assert len(seen) == len(set(seen)) == outcome.num_audits
    again = repair(context, plan, auditor, deadline_ms=None)
    assert (again.plan, again.edits, again.num_audits) == (outcome.plan, outcome.edits, outcome.num_audits)
    if outcome.plan is None:
        return
    assert auditor.assess(context, outcome.plan).verdict == "allow"
    here = plan
    for edit in outcome.edits:
        after = edit.apply(here)
        assert after is not None
        here = after
    assert here == outcome.plan
    assert outcome.cost == pytest.approx(sum(e.cost for e in outcome.edits))
    grounds, old = Grounds(context), {n.node_id: n for n in plan.nodes}
    named = f"{context.policy} {grounds.request.as_written}"
    for call in outcome.plan.nodes:
        before = old[call.node_id]
        assert (call.provenance_tier, call.scope_sensitivity) == (before.provenance_tier, before.scope_sensitivity)
        assert call.scope_volume <= before.scope_volume
        assert call.tool_name == before.tool_name or call.tool_name in context.policy["allowed_operations"]
        known = [value for _, value in values_of(before.arguments)]
        for _, value in values_of(call.arguments):
            items = value if isinstance(value, list) else [value]
            assert all(item in known or str(item) in named for item in items)


def test_at_most_five_calls_agree_with_brute_force(capsys: pytest.CaptureFixture[str]) -> None:
    wanted = num_cases(many=200, few=25)
    tried = num_equal = 0
    for seed in itertools.count():
        context, plan, auditor = random_case(seed)
        if auditor.assess(context, plan).verdict == "allow":
            continue
        found = repair(context, plan, auditor, deadline_ms=None).cost
        least = least_cost(context, plan, auditor, below=found)
        if least == math.inf:
            continue
        tried += 1
        num_equal += least == pytest.approx(found)
        if tried == wanted:
            break
    with capsys.disabled():
        print(f"\nrepair costs what brute force finds in {num_equal} of {tried} cases ({num_equal / tried:.1%})")
    assert num_equal >= 0.95 * tried


def test_time_and_audits_are_bounds_and_the_best_answer_stands() -> None:
    context, plan, auditor = random_case(next(s for s in range(100) if _costs_several_audits(s)))
    full = repair(context, plan, auditor, deadline_ms=None)
    costs = []
    for most in range(1, full.num_audits + 1):
        outcome = repair(context, plan, auditor, deadline_ms=None, max_audits=most)
        assert outcome.num_audits <= most
        assert outcome.plan is not None or "ran out" in outcome.reason or outcome.is_exhausted
        costs.append(outcome.cost)
    assert costs == sorted(costs, reverse=True)  # more audits never give a dearer plan
    assert costs[0] == math.inf
    assert costs[-1] == full.cost
    ticks = itertools.count()
    late = repair(context, plan, auditor, deadline_ms=9_000, clock=lambda: float(next(ticks)))
    assert not late.is_exhausted
    assert 1 < late.num_audits < full.num_audits
    assert next(ticks) == 10  # the clock is not asked again once it is late
    none = repair(context, plan, auditor, deadline_ms=0)
    assert (none.plan, none.num_audits) == (None, 1)
    assert none.reason == "time or audits ran out before an allowed plan was found; plans audited: 1"


def _costs_several_audits(seed: int) -> bool:
    context, plan, auditor = random_case(seed)
    outcome = repair(context, plan, auditor, deadline_ms=None)
    return outcome.plan is not None and len(outcome.edits) >= 2 and outcome.num_audits > 10


@pytest.mark.parametrize("change", [{"beam": 0}, {"max_edits": 0}, {"max_audits": 0}, {"deadline_ms": -1.0}])
def test_settings_out_of_range_are_refused(change: dict[str, Any]) -> None:
    context, plan, auditor = random_case(0)
    name, value = next(iter(change.items()))
    with pytest.raises(ConfigError, match=f"{name} is {value}, wanted at least"):
        repair(context, plan, auditor, **change)


def test_a_plan_of_500_faulty_calls_costs_no_more_proposals() -> None:
    nodes = [node("send_email", f"n{i}", arguments={"to": ["eve@evil.com", f"p{i}@acme.com"]}) for i in range(500)]
    context, plan, auditor = case(MAIL, *nodes)
    assessment = auditor.assess(context, plan)
    assert len(assessment.findings) == 500
    assert len(propose(plan, assessment, Grounds(context))) <= MAX_PROPOSALS
    outcome = repair(context, plan, auditor, deadline_ms=None, max_audits=30)
    assert outcome.plan is None
    assert outcome.num_audits == 30


def test_a_deep_argument_needs_no_stack() -> None:
    deep: Any = {"to": "eve@evil.com"}
    for _ in range(60):
        deep = {"a": deep}
    outcome = repaired(
        MAIL, node("send_email", arguments=deep), node("read_file", "n2"), request="Write to ann@acme.com."
    )
    assert outcome.plan is not None
    assert "redirect" in said(outcome)[0]


def test_repair_loads_no_torch() -> None:
    code = "import sys; import gatling.repair; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_repaired_attack_keeps_what_was_meant() -> None:
    gold = node("send_email", arguments={"to": "ann@acme.com", "subject": "Hi"})
    attack = node("send_email", arguments={"to": "ann@acme.com", "subject": "Hi", "bcc": "eve@evil.com"})
    outcome = repaired(MAIL, attack)
    assert outcome.plan is not None
    assert functional_intent_similarity(parse_plan(plan_of(gold)), outcome.plan) == 1.0
    assert functional_intent_similarity(parse_plan(plan_of(gold)), parse_plan(plan_of(attack))) < 1.0
