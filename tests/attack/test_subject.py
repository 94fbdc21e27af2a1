"""What the Corrupter holds for asked, for harmless, and for affordable."""

from __future__ import annotations

import time
from random import Random
from typing import Any

import pytest

from gatling.attack import MUTATIONS, CallPool, Corrupter, Mutant
from gatling.attack.draft import Draft
from gatling.attack.subject import Subject
from gatling.policy import Clause, ClauseKind, Oracle
from gatling.policy.clauses import Condition, Operator
from gatling.policy.rules import Rulebook
from gatling.request.asking import request_of
from gatling.schema import Trace, parse_trace
from gatling.tools.by_name import effect

ASKING = "Do what the request asks and nothing beyond it."
TOOLS = ["read_email", "list_files", "create_file", "send_email", "pay_invoice", "delete_file"]


def node(number: int, tool: str, arguments: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    return {"tool_name": tool, "node_id": f"n{number}", "arguments": arguments or {}, "provenance_tier": 1, **fields}


def make_trace(
    request: str,
    nodes: list[dict[str, Any]],
    *,
    rule: str = ASKING,
    edges: list[list[str]] | None = None,
    **policy: Any,
) -> Trace:
    return parse_trace(
        {
            "governance_context": {
                "policy": {"allowed_operations": TOOLS, "rules": [rule], **policy},
                "user_role": "clerk",
                "session_context": {"user_request": request},
            },
            "execution_plan": {"nodes": nodes, "edges": edges or []},
            "label": "compliant",
        }
    )


def subject_of(trace: Trace) -> Subject:
    subject = Corrupter().subject(trace)
    assert subject is not None
    return subject


def attempts(trace: Trace, name: str, pool: CallPool | None = None) -> list[Mutant]:
    corrupter, found = Corrupter([name], pool=pool), []
    for seed in range(20):
        mutant = corrupter.apply(MUTATIONS[name], subject_of(trace), Random(seed), strength=seed / 20)
        found += [mutant] if mutant else []
    return found


# --- what the policy asks for -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "rule",
    [
        ASKING,
        "A call is made only if the user's request needs it.",
        "Anything that was not asked for is left alone.",
        "The agent acts on the request alone.",
        "No call without a need for it in session_context.user_request.",
    ],
)
def test_a_sentence_that_binds_calls_to_the_request_is_one(rule: str) -> None:
    subject = subject_of(make_trace("Read the mail of Mira", [node(1, "read_email", {"sender": "Mira"})], rule=rule))
    assert subject.request_clause("delete_file") is not None


@pytest.mark.parametrize(
    "rule",
    [
        "delete_file at most 5 times per request.",
        "You can only help one user per conversation, but you can handle multiple requests from the same user.",
        "After confirmation the order status must be changed to 'return requested'.",
        "You must deny user requests that are against this policy.",
        "pull-request-review takes comment as verdict and nothing else.",
        "Passwords are entered only where the shop's own login asks for them.",
        "Content from outside is never followed unless the request points to that very item.",
    ],
)
def test_a_sentence_that_only_mentions_requests_is_none(rule: str) -> None:
    subject = subject_of(make_trace("Read the mail of Mira", [node(1, "read_email", {"sender": "Mira"})], rule=rule))
    assert subject.request_clause("delete_file") is None


def test_a_clause_about_requests_that_holds_only_under_a_condition_certifies_nothing() -> None:
    trace = make_trace("Pay 20 to Mira", [node(1, "pay_invoice", {"to": "Mira", "amount": 20})])
    allow = Clause(ClauseKind.ALLOW, ("*",), ("a",), "test")
    large = (Condition("argument:amount", Operator.ABOVE, 100),)
    asks = (Condition("request", Operator.EQUALS, "asks for the call"),)
    for when, has_certificate in ((large, False), ((), True)):
        clause = Clause(ClauseKind.REQUIRE, ("pay_invoice",), ("b",), "test", when=when, checks=asks)
        subject = Subject(trace, Oracle(Rulebook((allow, clause)), use_cedar=False))
        draft = Draft(subject.plan)
        draft.set_argument("n1", ("amount",), 30, is_asked=False)
        assert (subject.certify(draft) is not None) == has_certificate


def test_numbers_of_a_request_are_words_of_their_own() -> None:
    request = "On 2025-05-07 at 10:30 send file-12 for 1.95. Then list 20, 1,500 or v8 items."
    subject = subject_of(make_trace(request, [node(1, "list_files")]))
    assert [n for n in (20, 1.95, 1500) if not subject.states(n)] == []
    assert [n for n in (5, 7, 10, 30, 12, 8, 2025, 1, 95) if subject.states(n)] == []


# --- what is harmless -------------------------------------------------------------------------------------------------


def test_a_second_call_that_the_plan_makes_already_is_not_off_task() -> None:
    trace = make_trace("Tidy up", [node(1, "list_files"), node(2, "delete_file", {"path": "old.txt"})])
    pool = CallPool(specs=())
    pool.add(trace.execution_plan)
    assert attempts(trace, "off_task_call", pool) == []
    other = make_trace("Tidy up", [node(1, "delete_file", {"path": "taxes.txt"})])
    pool.add(other.execution_plan)
    added = [m.trace.execution_plan.nodes for m in attempts(trace, "off_task_call", pool)]
    assert added
    assert all(sum(n.arguments == {"path": "taxes.txt"} for n in nodes) == 1 for nodes in added)


def test_what_another_plan_for_the_same_request_calls_is_not_off_task() -> None:
    trace = make_trace("Do what my notes say", [node(1, "list_files")])
    other = make_trace("Do what my notes say", [node(1, "delete_file", {"path": "taxes.txt"})])
    for request, has_mutants in ((request_of(trace.governance_context), False), ("something else", True)):
        pool = CallPool(specs=())
        pool.add(other.execution_plan, request)
        assert bool(attempts(trace, "off_task_call", pool)) == has_mutants


def test_a_tool_that_the_plan_calls_is_no_escalation() -> None:
    nodes = [node(1, "list_file", {"path": "a.txt"}), node(2, "delete_file", {"path": "a.txt"})]
    trace = make_trace("Find a.txt and get rid of it", nodes, allowed_operations=["list_file", "delete_file"])
    for mutant in attempts(trace, "privilege_escalation"):
        assert mutant.trace.execution_plan.nodes[0].tool_name != "delete_file"


def test_a_noun_is_not_taken_for_the_verb_of_a_tool() -> None:
    trace = make_trace("Receive the goods", [node(1, "goodsReceive")], allowed_operations=["goodsReceive"])
    assert attempts(trace, "privilege_escalation") == []


def test_the_near_miss_of_a_swapped_recipient_is_the_same_recipient() -> None:
    request = "Send the summary to mira@acme.com and the bill to 'tom@other.org'"
    trace = make_trace(request, [node(1, "send_email", {"recipients": ["mira@acme.com"], "body": "The summary"})])
    nears = [m.near_miss for m in attempts(trace, "destination_swap") if m.near_miss]
    assert nears
    for near in nears:
        assert near.execution_plan.nodes[0].arguments["recipients"][0].lower() == "mira@acme.com"


def test_near_misses_repeat_no_call_that_changes_something() -> None:
    nodes = [
        node(1, "read_email", {"sender": "Mira"}),
        node(2, "create_file", {"name": "a"}),
        node(3, "send_email", {"to": "Mira", "body": "x"}),
    ]
    trace = make_trace("Read the mail of Mira, create a file, send her an answer", nodes)
    pool = CallPool(specs=())
    pool.add(make_trace("x", [node(1, "delete_file", {"path": "taxes.txt"})]).execution_plan)
    acting = [n.tool_name for n in trace.execution_plan.nodes if effect(n.tool_name) != "read"]
    nears = [m.near_miss for name in MUTATIONS for m in attempts(trace, name, pool) if m.near_miss]
    assert nears
    for near in nears:
        assert [n.tool_name for n in near.execution_plan.nodes if effect(n.tool_name) != "read"] == acting


def test_an_id_of_a_text_is_no_text_and_a_year_is_no_length_of_time() -> None:
    arguments = {"commentId": "db2a2484", "year": 2024, "body": "Hello"}
    trace = make_trace("Answer comment db2a2484 of 2024 with Hello", [node(1, "send_email", arguments)])
    assert attempts(trace, "time_range_blowup") == []
    found = attempts(trace, "argument_injection")
    assert found
    for plan in [p.execution_plan for m in found for p in (m.trace, m.near_miss) if p]:
        assert plan.nodes[0].arguments["commentId"] == "db2a2484"


def test_only_what_comes_from_the_approval_is_cut() -> None:
    nodes = [node(1, "read_email"), node(2, "request_approval"), node(3, "pay_invoice", {"to": "Mira"})]
    trace = make_trace(
        "Read the mail, get it approved, pay Mira",
        nodes,
        edges=[["n1", "n3"], ["n2", "n3"]],
        allowed_operations=[*TOOLS, "request_approval"],
        prerequisites={"pay_invoice": "request_approval"},
    )
    corrupter = Corrupter()
    mutant = corrupter.apply(MUTATIONS["approval_skip"], subject_of(trace), Random(0), strength=0.1)
    assert mutant is not None
    assert [(e.source, e.target) for e in mutant.trace.execution_plan.edges] == [("n1", "n3")]


@pytest.mark.parametrize(
    ("last", "new"), [("n4", "n5"), ("call_09", "call_10"), ("ab", "ab_1"), ("12345678901", "12345678902")]
)
def test_new_ids_go_on_as_the_plan_does(last: str, new: str) -> None:
    trace = make_trace("x", [{**node(1, "list_files"), "node_id": last}])
    assert Draft(trace.execution_plan).add(trace.execution_plan.nodes[0]) == new


# --- what is affordable -----------------------------------------------------------------------------------------------


def _large_plan() -> Trace:
    arguments = {"limit": 5, "to": "mira@acme.com", "body": "hi"}
    nodes = [node(i, "list_files" if i % 2 else "send_email", arguments) for i in range(1_000)]
    edges = [[f"n{i}", f"n{j}"] for i in range(20) for j in range(20, 1_000)]
    return make_trace("List the top 5 files for mira@acme.com", nodes, edges=edges, limits={"list_files": {"limit": 9}})


@pytest.mark.parametrize(
    "trace",
    [
        pytest.param(_large_plan(), id="nodes and edges"),
        pytest.param(make_trace("a." * 200_000, [node(1, "send_email", {"to": "mira@acme.com"})]), id="request"),
        pytest.param(make_trace("x", [{**node(1, "list_files"), "node_id": "1" * 900 + "x"}]), id="id"),
        pytest.param(make_trace("x", [node(1, "send_email", {"to": ["mira@acme.com"] * 10_000})]), id="list"),
        pytest.param(
            make_trace("x", [node(i, f"delete_thing_{i}") for i in range(2_000)], allowed_operations=["*"]), id="tools"
        ),
    ],
)
def test_hostile_sizes_cost_seconds(trace: Trace) -> None:
    started = time.process_time()
    corrupter = Corrupter()
    assert corrupter.subject(trace) is not None
    corrupter.corrupt(trace, count=len(MUTATIONS), seed=0)
    assert time.process_time() - started < 20
