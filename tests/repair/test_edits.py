"""Every edit gives back what it took, and none widens."""

from __future__ import annotations

from typing import Any

import pytest

from gatling.repair.edits import DeEscalate, DropArgument, Edit, Narrow, Prune, Redirect
from gatling.repair.flow import Flow
from gatling.repair.grounds import Grounds
from gatling.repair.propose import edits_at
from gatling.repair.tools import is_genuine, is_weaker
from gatling.repair.widens import widens
from gatling.schema import ExecutionPlan, parse_context, parse_plan
from tests.builders import context, node, plan
from tests.repair.cases import random_case


def all_edits(execution_plan: ExecutionPlan, grounds: Grounds) -> list[Edit]:
    return [edit for n in execution_plan.nodes for edit in edits_at(execution_plan, n.node_id, grounds)]


@pytest.mark.parametrize("seed", range(60))
def test_apply_then_inverse_is_the_plan(seed: int) -> None:
    governance, before, _ = random_case(seed)
    grounds = Grounds(governance)
    for edit in all_edits(before, grounds):
        after = edit.apply(before)
        assert after is not None
        assert after != before
        restored = edit.inverse.apply(after)
        assert restored == before
        assert restored is not None
        assert restored.model_dump_json(exclude_unset=True) == before.model_dump_json(exclude_unset=True)
        assert edit.apply(after) is None  # it fits once
        assert widens(before, after, grounds) is None
        if not isinstance(edit, Redirect):  # policy or request may name the old place too
            assert widens(after, before, grounds) is not None


def test_all_kinds_of_edits_are_among_those_tried() -> None:
    kinds: set[str] = set()
    for seed in range(60):
        governance, before, _ = random_case(seed)
        kinds |= {type(edit).__name__ for edit in all_edits(before, Grounds(governance))}
    assert kinds == {"DropArgument", "Narrow", "Redirect", "DeEscalate", "Prune"}


def test_a_dropped_argument_comes_back_with_its_place_and_its_edges() -> None:
    data = plan(
        node("get_ann", "a"),
        node("send_email", "b", arguments={"to": "x@acme.com", "cc": "y@acme.com", "subject": "Hi"}, extra="kept"),
        edges=[{"source": "a", "target": "b", "argument": "cc"}, {"source": "a", "target": "b", "argument": "to"}],
    )
    before = parse_plan(data)
    edit = DropArgument.of(before, before.nodes[1], "cc")
    after = edit.apply(before)
    assert after is not None
    assert list(after.nodes[1].arguments) == ["to", "subject"]
    assert [e.argument for e in after.edges] == ["to"]
    restored = edit.inverse.apply(after)
    assert restored == before
    assert restored is not None
    assert list(restored.nodes[1].arguments) == ["to", "cc", "subject"]


def test_costs_are_in_the_order_of_what_is_lost() -> None:
    before = parse_plan(
        plan(node("send_email", arguments={"cc": "a"}), node("b", "n2"), node("c", "n3"), edges=[["n1", "n2"]])
    )
    edits: list[Edit] = [
        DropArgument.of(before, before.nodes[0], "cc"),
        Narrow("n1", ("limit",), 5, 4, 1, 1),
        Redirect("n1", ("to",), "a", "b", "request"),
        DeEscalate("n1", "delete_file", "read_file"),
        Prune.of(before, ("n3",), frozenset(["n3"])),
        Prune.of(before, ("n1",), Flow(before).calls_that_go(["n1"])),
    ]
    costs = [edit.cost for edit in edits]
    assert costs == sorted(costs)
    assert len(set(costs)) == len(costs)
    assert [str(e) for e in edits] == [
        'drop cc of n1: "a"',
        "narrow limit of n1: 5 to 4",
        'redirect to of n1: "a" to "b", which the request names',
        "call read_file instead of delete_file at n1",
        "remove call n3 (c)",
        "remove calls n1 (send_email), n2 (b)",
    ]


def test_an_edit_that_does_not_fit_gives_none() -> None:
    before = parse_plan(plan(node("read_file", arguments={"limit": 5})))
    assert Narrow("n2", ("limit",), 5, 4, 1, 1).apply(before) is None
    assert Narrow("n1", ("limit",), 6, 4, 1, 1).apply(before) is None
    assert Narrow("n1", ("limit",), 5.0, 4, 1, 1).apply(before) is None
    assert Narrow("n1", ("other", 0), 5, 4, 1, 1).apply(before) is None
    assert Redirect("n1", ("to",), "a", "b", "request").apply(before) is None
    assert DeEscalate("n1", "delete_file", "read_file").apply(before) is None
    assert Prune.of(before, ("n1",), frozenset(["n1"])).apply(before) is None  # nothing would be left


POLICY = {
    "allowed_operations": ["send_email", "delete_file", "archive_file", "read_file", "list_records"],
    "allowed_destinations": ["acme.com", "bob@acme.com"],
    "scope_limits": {"list_records.limit": 100},
}
CALL = node(
    "send_email",
    arguments={
        "to": "eve@evil.com",
        "cc": ["a@b.com", "c@d.com"],
        "limit": 50,
        "exclude_ids": [1, 2],
        "days": 9,
        "user_id": 9,
        "dry_run": True,
        "body": "Hi",
    },
    scope_volume=50,
    scope_sensitivity=3,
    provenance_tier=2,
)


def changed(**fields: Any) -> dict[str, Any]:
    arguments = {k: v for k, v in {**CALL["arguments"], **fields.pop("arguments", {})}.items() if v is not ...}
    return {**CALL, "arguments": arguments, **fields}


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (changed(arguments={"limit": 10}, scope_volume=10), None),
        (changed(arguments={"limit": 10}), None),
        (changed(arguments={"days": 3}), None),
        (changed(arguments={"cc": ["c@d.com"]}), None),
        (changed(arguments={"cc": ...}), None),
        (changed(arguments={"to": "bob@acme.com"}), None),
        (changed(arguments={"to": "ann@acme.com"}), None),
        (changed(provenance_tier=1), "provenance_tier is another"),
        (changed(scope_sensitivity=2), "scope_sensitivity is another"),
        (changed(scope_sensitivity=4), "scope_sensitivity is another"),
        (changed(scope_volume=51), "the volume is larger"),
        (changed(scope_volume=10), "the volume is smaller, and no argument holds the call to it"),
        (changed(provenance_hash="ab"), "provenance_hash is another"),
        (changed(note="approved"), "note is another"),
        (changed(tool_name="archive_file"), "archive_file is no weaker tool than send_email"),
        (changed(arguments={"new": 1}), "new is new"),
        (changed(arguments={"limit": 51}), "limit may not become another value"),
        (changed(arguments={"limit": 0}), "limit may not become another value"),
        (changed(arguments={"limit": -1}), "limit may not become another value"),
        (changed(arguments={"limit": "10"}), "limit may not become another value"),
        (changed(arguments={"limit": ...}), "limit is no addition that may be dropped"),
        (changed(arguments={"user_id": 8}), "user_id may not become another value"),
        (changed(arguments={"exclude_ids": [1]}), "exclude_ids may not become another value"),
        (changed(arguments={"cc": []}), "cc may not become another value"),
        (changed(arguments={"cc": ["c@d.com", "a@b.com"]}), "cc may not become another value"),
        (changed(arguments={"cc": ["a@b.com", "c@d.com", "x@y.com"]}), "cc may not become another value"),
        (changed(arguments={"dry_run": False}), "dry_run may not become another value"),
        (changed(arguments={"dry_run": ...}), "dry_run is no addition that may be dropped"),
        (changed(arguments={"body": "Bye"}), "body may not become another value"),
        (changed(arguments={"to": "zoe@acme.com"}), "to may not become another value"),
        (changed(arguments={"to": ...}), "to is no addition that may be dropped"),
    ],
)
def test_what_widens(call: dict[str, Any], reason: str | None) -> None:
    grounds = Grounds(parse_context(context(POLICY, user_request="Write to ann@acme.com.")))
    found = widens(parse_plan(plan(CALL)), parse_plan(plan(call)), grounds)
    assert found is None if reason is None else reason in (found or "")


def test_a_copy_is_dropped_only_where_a_destination_is_left() -> None:
    grounds = Grounds(parse_context(context(POLICY)))
    both = parse_plan(plan(node("send_email", arguments={"cc": "a@b.com", "bcc": "c@d.com", "user_id": 9})))
    one = parse_plan(plan(node("send_email", arguments={"cc": "a@b.com", "user_id": 9})))
    none = parse_plan(plan(node("send_email", arguments={"user_id": 9})))
    assert widens(both, one, grounds) is None
    assert widens(both, none, grounds) == "n1: without cc the call has no destination"


def test_calls_and_data_that_widen() -> None:
    grounds = Grounds(parse_context(context(POLICY)))
    read, save, send = node("read_webpage"), node("create_note", "n2"), node("send_email", "n3")
    before = parse_plan(plan(read, save, send, edges=[["n1", "n3"], ["n2", "n3"]]))
    wanted = [
        (plan(read, save, edges=[]), None),
        (plan(read, send, edges=[["n1", "n3"]]), None),  # n2 carries nothing that was read
        (plan(save, send, edges=[["n2", "n3"]]), "n3 would keep what it has from n1"),
        (plan(read, save, send, edges=[["n1", "n3"]]), "n3 would keep what it has from n2"),
        (plan(read, save, send, edges=[["n1", "n3"], ["n2", "n3"], ["n1", "n2"]]), "an edge is new"),
        (plan(save, read, send, edges=[["n1", "n3"], ["n2", "n3"]]), "the order of calls is another"),
        (plan(read, save, send, node("x", "n4"), edges=[["n1", "n3"], ["n2", "n3"]]), "a call is new"),
    ]
    for data, reason in wanted:
        found = widens(before, parse_plan(data), grounds)
        assert found is None if reason is None else reason in (found or ""), data


def test_weaker_tools() -> None:
    assert is_weaker("read_file", "delete_file")
    assert is_weaker("archive_file", "delete_file")
    assert is_weaker("list_messages", "send_message")
    assert not is_weaker("delete_file", "read_file")
    assert not is_weaker("delete_message", "send_message")  # another power, not a smaller one
    assert not is_weaker("read_mail", "delete_file")
    assert not is_weaker("frobnicate_file", "delete_file")  # nobody knows what it does
    assert not is_weaker("reаd_file", "delete_file")  # a Cyrillic letter
    assert not is_weaker("delete_file", "delete_file")


def test_which_tool_is_the_genuine_one() -> None:
    assert is_genuine("read_file", "READ-FILE")
    assert is_genuine("read_file", "re\u0430d_file")
    assert not is_genuine("re\u0430d_file", "read_file")
    assert not is_genuine("read_file", "read_files")
    assert not is_genuine("read_file", "read_file")
    assert not is_genuine("--", "__")


def test_what_a_request_names() -> None:
    request = (
        "Mail ann@acme.com and #ops, see https://acme.com/a. Do not write to eve@evil.com. "
        "Pay 1,250.50 to GB33BUKB20201555555555 by 2026-03-01; 30 items, report.pdf."
    )
    grounds = Grounds(parse_context(context(POLICY, user_request=request)))
    assert grounds.request_places == ("ann@acme.com", "#ops", "https://acme.com/a", "GB33BUKB20201555555555")
    assert grounds.request.numbers == (1250.5, 30.0)
    assert [d.isoformat() for d in grounds.request.days] == ["2026-03-01"]
    assert grounds.states("Ann@acme.com")
    assert not grounds.states("nn@acme.com")
