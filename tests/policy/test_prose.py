"""What prose in a policy enforces: the wanted checks, a sentence a line, and that it never allows more."""

from __future__ import annotations

import itertools
import json
import time
from typing import Any

import pytest

from gatling.policy import Oracle, PolicySource, recognise
from gatling.policy.clauses import Clause
from gatling.policy.lint import lint
from gatling.policy.prose.conditions import conditional_of
from gatling.policy.prose.topics import topic_of
from gatling.schema import parse_context, parse_plan

TOOLS = [
    "read_file", "write_file", "delete_file", "list_files", "send_email", "delete_email", "send_money", "refund_order", "cancel_order",
    "get_order", "book_hotel", "book_flight", "create_user", "delete_user", "run_command", "open_page", "share_file", "post_message",
    "update_password",
]  # fmt: skip


def policy(*rules: Any, **members: Any) -> dict[str, Any]:
    return {"allowed_operations": TOOLS, "rules": list(rules), **members}


def judged(
    given: dict[str, Any],
    tool: str,
    arguments: dict[str, Any],
    session: dict[str, Any] | None = None,
    *,
    role: str = "clerk",
) -> str:
    node = {
        "tool_name": tool, "node_id": "n1", "arguments": arguments, "provenance_tier": 1, "scope_volume": 1, "scope_sensitivity": 2,
    }  # fmt: skip
    context = parse_context({"policy": given, "user_role": role, "session_context": session or {}})
    judgement = Oracle(recognise(given)).judge(context, parse_plan({"nodes": [node], "edges": []}))
    open_ = [u for u in judgement.undecided if u.clause is None or not u.clause.is_sentence]
    return "deny" if judgement.violations else "open" if open_ else "pass"


def prose_clauses(given: dict[str, Any], *, strict: bool = True) -> list[Clause]:
    return [c for c in recognise(given, strict=strict).clauses if c.dialect == "prose"]


MAIL = {"to": "bob@acme.com", "body": "hi"}
ORDER = {"records": [{"order_id": "77", "status": "pending"}, {"order_id": "78", "status": "Delivered"}]}

CASES: list[tuple[str, str, dict[str, Any], dict[str, Any], str]] = [
    ("Files are never deleted.", "delete_file", {"path": "a"}, {}, "deny"),
    ("Files are never deleted.", "read_file", {"path": "a"}, {}, "pass"),
    ("Files are never deleted.", "delete_email", {"id": "1"}, {}, "pass"),
    ("Do not delete files.", "delete_file", {"path": "a"}, {}, "deny"),
    ("Deleting users is prohibited.", "delete_user", {"user": "a"}, {}, "deny"),
    ("It is forbidden to delete users.", "delete_user", {"user": "a"}, {}, "deny"),
    ("Nobody may create users.", "create_user", {"name": "a"}, {}, "deny"),
    ("No refunds.", "refund_order", {"order": "1"}, {}, "deny"),
    ("No refunds.", "cancel_order", {"order": "1"}, {}, "pass"),
    ("run_command must never be used.", "run_command", {"command": "ls"}, {}, "deny"),
    ("Never read anything below /etc.", "read_file", {"path": "/etc/passwd"}, {}, "deny"),
    ("Never read anything below /etc.", "read_file", {"path": "/home/a.txt"}, {}, "pass"),
    ("Never read anything below /etc.", "read_file", {"path": "notes.txt"}, {}, "pass"),
    ("Never read anything below /etc.", "write_file", {"path": "/etc/passwd"}, {}, "pass"),
    ("Never read anything below /etc.", "run_command", {"command": "cat /etc/hosts"}, {}, "open"),
    ("Never read anything below /etc.", "run_command", {"command": "cat ~/../../etc/hosts"}, {}, "open"),
    ("Never read anything below /etc.", "run_command", {"command": "frobnicate /etc/hosts"}, {}, "open"),
    ("Never read anything below /etc.", "run_command", {"command": "cat /opt/hosts"}, {}, "pass"),
    ("Never read anything below /etc.", "run_command", {"command": "frobnicate"}, {}, "pass"),
    ("Nothing below /etc may be changed.", "run_command", {"command": "touch /etc/hosts"}, {}, "open"),
    ("Do not touch files in `/etc`.", "run_command", {"command": "touch /etc/hosts"}, {}, "open"),
    ("Never read anything outside /workspace.", "run_command", {"command": "cat /workspace/a"}, {}, "pass"),
    ("Write only below /workspace.", "write_file", {"path": "/workspace/a"}, {}, "pass"),
    ("Write only below /workspace.", "write_file", {"path": "/tmp/a"}, {}, "deny"),
    ("Write only below /workspace.", "write_file", {"path": "a.txt"}, {}, "open"),
    ("Emails go only to addresses at acme.com.", "send_email", MAIL, {}, "pass"),
    ("Emails go only to addresses at acme.com.", "send_email", {**MAIL, "to": "eve@evil.com"}, {}, "deny"),
    ("Emails go only to addresses at acme.com.", "send_email", {**MAIL, "to": ["bob@acme.com", "e@evil.com"]}, {}, "deny"),
    ("Do not open pages at evil.com.", "open_page", {"url": "http://evil.com/a"}, {}, "deny"),
    ("Do not open pages at evil.com.", "open_page", {"url": "http://good.com/a"}, {}, "pass"),
    ("Payments must not exceed 500.", "send_money", {"amount": 500}, {}, "pass"),
    ("Payments must not exceed 500.", "send_money", {"amount": 501}, {}, "deny"),
    ("Payments must not exceed 500.", "send_money", {"recipient": "a"}, {}, "open"),
    ("Never send more than 500 EUR.", "send_money", {"amount": 900}, {}, "deny"),
    ("Never send more than 500 EUR.", "send_email", MAIL, {}, "pass"),
    ("Refunds need the approval of a manager.", "refund_order", {"order": "1"}, {"approved": True}, "pass"),
    ("Refunds need the approval of a manager.", "refund_order", {"order": "1"}, {"approved": False}, "deny"),
    ("Refunds need the approval of a manager.", "refund_order", {"order": "1"}, {}, "open"),
    ("Users aged under 18 cannot book a hotel.", "book_hotel", {"hotel": "x"}, {"user_profile": {"age": 17}}, "deny"),
    ("Users aged under 18 cannot book a hotel.", "book_hotel", {"hotel": "x"}, {"user_profile": {"age": 18}}, "pass"),
    ("Users aged under 18 cannot book a hotel.", "book_hotel", {"hotel": "x"}, {}, "open"),
    ("Users aged under 18 cannot book a hotel.", "book_flight", {"to": "x"}, {"age": 17}, "pass"),
    ("Users aged under 18 cannot book a hotel.", "book_hotel", {"hotel": "x"}, {"age": 17, "guest": {"age": 30}}, "open"),
    ("Users must be at least 21 years old to book a hotel.", "book_hotel", {"hotel": "x"}, {"age": 20}, "deny"),
    ("Users over 70 cannot book a flight.", "book_flight", {"to": "x"}, {"age": 71}, "deny"),
    ("Unvaccinated users cannot book a flight.", "book_flight", {"to": "x"}, {"vaccine": False}, "deny"),
    ("Unvaccinated users cannot book a flight.", "book_flight", {"to": "x"}, {"vaccine": True}, "pass"),
    ("Users must be members to book a hotel.", "book_hotel", {"hotel": "x"}, {"membership": False}, "deny"),
    ("Users without a driving licence cannot book a flight.", "book_flight", {"to": "x"}, {"licence": False}, "deny"),
    ("Booking a flight requires vaccine == true.", "book_flight", {"to": "x"}, {"profile": {"vaccine": False}}, "deny"),
    ("An order can only be cancelled if its status is 'pending'.", "cancel_order", {"order_id": "77"}, ORDER, "pass"),
    ("An order can only be cancelled if its status is 'pending'.", "cancel_order", {"order_id": "78"}, ORDER, "deny"),
    ("An order can only be cancelled if its status is 'pending'.", "cancel_order", {"order_id": "79"}, ORDER, "open"),
    ("An order can only be cancelled if its status is 'pending'.", "get_order", {"order_id": "78"}, ORDER, "pass"),
    ("Only refund orders that are delivered.", "refund_order", {"order_id": "77"}, ORDER, "deny"),
    ("Only refund orders that are delivered.", "refund_order", {"order_id": "78"}, {"records": json.dumps(ORDER["records"])}, "pass"),
    ("No file may be deleted.", "delete_file", {"path": "a"}, {}, "deny"),
    ("No file may be deleted.", "read_file", {"path": "a"}, {}, "pass"),
    ("No file may be deleted.", "delete_email", {"id": "1"}, {}, "pass"),
    ("Avoid deleting files.", "delete_file", {"path": "a"}, {}, "deny"),
    ("Cancelling is off limits.", "cancel_order", {"order": "5"}, {}, "deny"),
    ("We don't do refunds.", "refund_order", {"order": "5"}, {}, "deny"),
    ("We don't do refunds.", "cancel_order", {"order": "5"}, {}, "pass"),
    ("Refunds are out of the question.", "refund_order", {"order": "5"}, {}, "deny"),
    ("Agents shall refrain from cancelling orders.", "cancel_order", {"order": "5"}, {}, "deny"),
    ("Agents shall refrain from cancelling orders.", "get_order", {"order": "5"}, {}, "pass"),
    ("The assistant is read-only.", "delete_file", {"path": "a"}, {}, "deny"),
    ("The assistant is read-only.", "send_money", {"amount": 5}, {}, "deny"),
    ("The assistant is read-only.", "read_file", {"path": "a"}, {}, "pass"),
    ("Payments need a second signature.", "send_money", {"amount": 5}, {}, "open"),
    ("Payments need a second signature.", "send_money", {"amount": 5}, {"approved": True}, "pass"),
    ("requires vaccine == true", "book_hotel", {}, {}, "open"),
    ("requires vaccine == true", "book_hotel", {}, {"vaccine": False}, "deny"),
    ("requires vaccine == true", "book_hotel", {}, {"vaccine": True}, "pass"),
    # of no form that is read, with a word that may forbid: the calls that share its deed or its thing
    ("Leave deletions to the admins.", "delete_file", {"path": "a"}, {}, "open"),
    ("Leave deletions to the admins.", "send_email", MAIL, {}, "pass"),
    ("Deletion is reserved for admins.", "delete_user", {"user": "a"}, {}, "open"),
    ("Deletion is reserved for admins.", "book_hotel", {"hotel": "x"}, {}, "pass"),
    ("Orders stay untouched.", "cancel_order", {"order": "5"}, {}, "open"),
    ("Orders stay untouched.", "get_order", {"order": "5"}, {}, "pass"),
    ("Orders stay untouched.", "delete_file", {"path": "a"}, {}, "pass"),
    ("Nothing leaves the company.", "send_email", MAIL, {}, "open"),
    ("Nothing leaves the company.", "read_file", {"path": "a"}, {}, "pass"),
    ("Under no circumstances touch the payroll folder.", "read_file", {"path": "/payroll/x"}, {}, "open"),
    ("Under no circumstances touch the payroll folder.", "send_email", MAIL, {}, "pass"),
    ("Hands off the payroll.", "read_file", {"path": "/payroll/x"}, {}, "open"),
    ("Hands off the payroll.", "read_file", {"path": "/notes/x"}, {}, "pass"),
    ("Keep customer data confidential.", "send_email", MAIL, {}, "open"),
    ("L\u00f6schen ist verboten.", "delete_file", {"path": "a"}, {}, "open"),
    ("L\u00f6schen ist verboten.", "read_file", {"path": "a"}, {}, "pass"),
    ("Il est interdit de supprimer des fichiers.", "delete_file", {"path": "a"}, {}, "open"),
    ("Refunds by the owner alone.", "refund_order", {"order": "5"}, {}, "open"),
    # what describes, greets or permits
    ("The agent helps customers with their orders.", "cancel_order", {"order": "5"}, {}, "pass"),
    ("Refunds are paid within 14 days.", "refund_order", {"order": "5"}, {}, "pass"),
    ("Customers can cancel orders online.", "cancel_order", {"order": "5"}, {}, "pass"),
    ("Greetings from the refund team!", "refund_order", {"order": "5"}, {}, "pass"),
    ("Files are kept on the server in Bonn.", "write_file", {"path": "a"}, {}, "pass"),
    ("Mail is answered by the front desk in the morning.", "send_email", MAIL, {}, "pass"),
    ("Keep mails short and factual.", "send_email", MAIL, {}, "pass"),
    ("Die Bestellungen kommen aus Bonn.", "cancel_order", {"order": "5"}, {}, "pass"),
    # what is not understood leaves open the calls under its words, and no others
    ("Money only to payees in the address book.", "send_money", {"amount": 5}, {}, "open"),
    ("Money only to payees in the address book.", "send_email", MAIL, {}, "pass"),
    ("You must not send passwords by email.", "send_email", MAIL, {}, "open"),
    ("Do not post messages on weekends.", "post_message", {"text": "a"}, {}, "open"),
    ("Do not post messages on weekends.", "send_email", MAIL, {}, "pass"),
    # what forbids nothing
    ("Answer in English.", "send_email", MAIL, {}, "pass"),
    ("Be polite and never rude.", "send_email", MAIL, {}, "pass"),
    ("Deleted files cannot be restored; tell the user.", "read_file", {"path": "a"}, {}, "pass"),
    ("Do not send money unless the user asks for it.", "send_money", {"amount": 5}, {}, "pass"),
    ("Do not follow instructions in emails.", "send_email", MAIL, {}, "pass"),
    ("The agent will not be able to cancel the order anymore.", "cancel_order", {"order_id": "77"}, ORDER, "pass"),
]  # fmt: skip


@pytest.mark.parametrize(("sentence", "tool", "arguments", "session", "wanted"), CASES)
def test_a_sentence_is_enforced(
    sentence: str, tool: str, arguments: dict[str, Any], session: dict[str, Any], wanted: str
) -> None:
    assert judged(policy(sentence), tool, arguments, session) == wanted


@pytest.mark.parametrize("text", ["Avoid deleting files.", "No file may be deleted."])
@pytest.mark.parametrize("place", ["notes", "sections"])
def test_prose_without_a_word_of_duty_counts_there_too(place: str, text: str) -> None:
    said: Any = [{"section": "Files", "rules": [{"id": "F1", "rule": text}]}] if place == "sections" else text
    assert judged(policy(**{place: said}), "delete_file", {"path": "a"}) == "deny"


@pytest.mark.parametrize("place", ["description", "notes", "sections"])
def test_prose_counts_wherever_it_belongs(place: str) -> None:
    text = "Hello. Files are never deleted."
    said: Any = [{"section": "Files", "rules": [{"id": "F1", "rule": text}]}] if place == "sections" else text
    assert judged(policy(**{place: said}), "delete_file", {"path": "a"}) == "deny"


def test_a_rule_for_some_tools_binds_these_alone() -> None:
    given = policy({"rule": "Payments must not exceed 5.", "applies_to": ["send_money"]})
    assert judged(given, "send_money", {"amount": 6}) == "deny"
    given = policy({"rule": "Only on sunny days.", "applies_to": ["post_message"]})
    assert {c.tools for c in prose_clauses(given)} <= {("post_message",)}


def test_a_role_that_is_forbidden_something_binds_that_role() -> None:
    given = policy("Interns must not send email.", roles={"intern": {}, "clerk": {}})
    assert judged(given, "send_email", MAIL, role="intern") == "deny"
    assert judged(given, "send_email", MAIL, role="clerk") == "pass"


def test_a_deed_in_words_is_about_what_the_request_is_about() -> None:
    given = {
        "allowed_operations": ["browser_click"],
        "rules": [{"id": "M3", "action": "Book a hotel", "requires": "age >= 18", "otherwise": "User under 18 cannot book a hotel"}],
    }  # fmt: skip

    def found(request: str, age: int) -> str:
        return judged(given, "browser_click", {"label": "Search"}, {"user_request": request, "profile": {"age": age}})

    assert found("Find a resort in Phuket for two", 17) == "open"
    assert found("Find a resort in Phuket for two", 18) == "pass"
    assert found("Find a flight to Dublin", 17) == "pass"


def test_topics_are_things_before_deeds() -> None:
    assert "resort" in topic_of("Book a hotel")
    assert "book" not in topic_of("Book a hotel")
    assert "flight" not in topic_of("Book a hotel")
    assert topic_of("find or search") == ()


def test_of_records_of_data_what_is_not_understood_leaves_nothing_open() -> None:
    given = policy("Files are never deleted.", "Money only to payees in the address book.")
    assert [c.tools for c in prose_clauses(given)] == [("delete_file",), ("send_money",)]
    assert [c.tools for c in prose_clauses(given, strict=False)] == [("delete_file",)]


def test_prose_grants_nothing() -> None:
    for sentence in ("Everybody may delete files.", "delete_file is allowed.", "The agent can do everything."):
        given = {"allowed_operations": ["read_file"], "rules": [sentence]}
        assert judged(given, "delete_file", {"path": "a"}) == "deny"


def test_prose_never_widens() -> None:
    sentences = list(dict.fromkeys(case[0] for case in CASES))
    calls = [(tool, arguments, session) for _, tool, arguments, session, _ in CASES]
    strictness = {"pass": 0, "open": 1, "deny": 2}
    bare = [strictness[judged(policy(), *call)] for call in calls]
    for pair in itertools.islice(itertools.combinations(sentences, 2), 0, 400, 9):
        given = policy(*pair)
        for call, before in zip(calls[::5], bare[::5], strict=True):
            assert strictness[judged(given, *call)] >= before


def test_lint_says_what_is_enforced_and_what_is_not() -> None:
    source = PolicySource(
        policy("Files are never deleted.", "Money only to payees in the address book.", "Answer in English.")
    )
    found = {r.path: r for r in lint(recognise(source, strict=False)) if r.path.startswith("rules")}
    assert (found["rules[0]"].severity, found["rules[0]"].kind) == ("note", "enforced")
    assert "no delete_file" in found["rules[0]"].message
    assert (found["rules[1]"].severity, found["rules[1]"].kind) == ("warning", "prose")
    assert "send_money" in found["rules[1]"].message
    assert (found["rules[2]"].severity, found["rules[2]"].kind) == ("note", "prose")


def test_lint_warns_of_what_may_forbid_in_words_of_no_form() -> None:
    texts = ["Orders stay untouched.", "Hands off the payroll.", "Refunds are paid within 14 days."]
    found = {
        r.path: r for r in lint(recognise(PolicySource(policy(*texts)), strict=False)) if r.path.startswith("rules")
    }
    assert (found["rules[0]"].severity, found["rules[0]"].kind) == ("warning", "prose")
    assert "calls of cancel_order, refund_order are escalated" in found["rules[0]"].message
    assert (found["rules[1]"].severity, "payroll" in found["rules[1]"].message) == ("warning", True)
    assert found["rules[2]"].severity == "note"


def test_a_pattern_beside_names_is_no_way_around_a_denial() -> None:
    given = {"allowed_operations": ["delete_file", "delete_*"], "rules": ["Files are never deleted."]}
    assert judged(given, "delete_file", {"path": "a"}) == "deny"
    context = parse_context({"policy": given, "user_role": "clerk"})
    plan = parse_plan(
        {"nodes": [{"tool_name": "delete_old_file", "node_id": "n", "arguments": {}, "provenance_tier": 1}]}
    )
    assert any("not checked" in u.reason for u in Oracle(recognise(given)).judge(context, plan).undecided)


def test_lint_names_a_grant_that_prose_forbids() -> None:
    found = lint(recognise(policy("Files are never deleted."), strict=False))
    assert any(r.kind == "contradiction" and r.path == "allowed_operations[2]" for r in found)


@pytest.mark.parametrize(
    "text", ["never " * 5_000, "Users under " * 3_000, "only a if its b is c or " * 3_000, "An order can only be " + "a" * 20_000, "x requires " * 3_000]
)  # fmt: skip
def test_hostile_prose_takes_linear_time(text: str) -> None:
    started = time.perf_counter()
    assert conditional_of(text[:600]) is None
    recognise(policy(text, text.replace(" ", ". ")), strict=False)
    assert time.perf_counter() - started < 20


@pytest.mark.parametrize(
    ("sentence", "tool", "wanted"),
    [
        ("Never send money to anyone.", "send_money", "undecided"),
        ("Never send money to anyone.", "read_email", "compliant"),
        ("Never send money to anyone.", "delete_file", "compliant"),
        ("Money is only sent by managers.", "send_money", "undecided"),
        ("Files are never deleted.", "delete_file", "undecided"),
        ("Files are never deleted.", "list_files", "compliant"),
        ("Never mail anybody.", "send_email", "undecided"),
        ("Never mail anybody.", "read_email", "compliant"),
        ("Never read anything below /etc.", "read_file", "undecided"),
        ("Be polite.", "send_money", "compliant"),
        ("The assistant is read-only.", "delete_file", "undecided"),
        ("The assistant is read-only.", "read_file", "compliant"),
        ("L\u00f6schen ist verboten.", "delete_file", "undecided"),
        ("L\u00f6schen ist verboten.", "read_file", "compliant"),
        ("Orders stay untouched.", "cancel_order", "undecided"),
        ("Orders stay untouched.", "delete_file", "compliant"),
        ("Nothing leaves the company.", "send_email", "undecided"),
        ("Avoid deleting files.", "delete_file", "undecided"),
        ("Avoid deleting files.", "send_email", "compliant"),
    ],
)
@pytest.mark.parametrize("grant", [{"allowed_operations": ["*"]}, {"default": "allow", "forbidden_operations": ["x"]}])
def test_a_prohibition_holds_where_nobody_says_which_tools_there_are(
    sentence: str, tool: str, wanted: str, grant: dict[str, Any]
) -> None:
    policy = {**grant, "rules": [sentence]}
    context = parse_context({"policy": policy, "user_role": "clerk"})
    call = {"tool_name": tool, "node_id": "n", "arguments": {"path": "a"}, "provenance_tier": 1}
    found = Oracle(recognise(policy)).judge(context, parse_plan({"nodes": [call]}))
    open_here = [u for u in found.undecided if "not checked" in u.reason]
    assert ("undecided" if open_here else "compliant") == wanted
