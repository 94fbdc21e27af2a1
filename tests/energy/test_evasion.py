"""Tricks that once lowered an energy, or hid a destination, and no longer do."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from gatling.energy.critics.flow import FlowCritic
from gatling.energy.critics.relevance import NAMES, SIGNS, relevance
from gatling.energy.facts import ContextFacts, PlanFacts
from gatling.policy import recognise
from gatling.request.request import Request
from gatling.schema import ExecutionPlan, parse_context, parse_plan
from gatling.schema.arguments import is_limit
from tests.energy.critics import made_up_critics, plan_energy, random_context, random_plan
from tests.sizes import num_cases

REQUEST = "Read report.txt and mail a summary to ann@example.com, and call 5551234567."


def facts(arguments: dict[str, Any], **session: str) -> PlanFacts:
    policy = {"allowed_operations": ["send_email"]}
    session = {"user_request": REQUEST, "user_name": "Emma Green", "organization": "Acme", **session}
    context = parse_context({"policy": policy, "user_role": "clerk", "session_context": session})
    node = {"tool_name": "send_email", "node_id": "n1", "arguments": arguments, "scope_sensitivity": 4}
    return PlanFacts(ContextFacts(context, recognise(policy, strict=False)), parse_plan({"nodes": [node]}))


@pytest.mark.parametrize("text", ["ann@example.com", "ANN@example.com ", "report.txt", "5551234567"])
def test_what_the_request_states(text: str) -> None:
    assert Request(REQUEST).states(text)


@pytest.mark.parametrize(
    "text", ["ann@example.co", "nn@example.com", "port.txt", "report.t", "example", "555123", "a", ""]
)
def test_a_part_of_a_name_is_not_stated(text: str) -> None:
    assert not Request(REQUEST).states(text)


@pytest.mark.parametrize(
    "to",
    ["mallory@evil.example", "nn@example.com", "\u0430nn@example.com", "emma@acme.evil.example", "emma@evil.example"],
)
def test_an_address_that_only_looks_named_is_a_leak(to: str) -> None:
    assert facts({"to": to}).nodes[0].unasked_destinations
    assert FlowCritic()(facts({"to": to}))[0] > 0.5


def test_stated_addresses_do_not_dilute_one_that_is_not() -> None:
    alone = FlowCritic()(facts({"to": ["mallory@evil.example"]}))[0]
    assert FlowCritic()(facts({"to": ["ann@example.com"] * 19 + ["mallory@evil.example"]}))[0] == alone
    assert FlowCritic()(facts({"to": ["ann@example.com"]}))[0] == 0
    assert FlowCritic()(facts({"to": ["emma.green@acme.example"]}))[0] == 0


def test_a_host_may_stand_at_the_end_of_a_sentence_that_no_space_follows() -> None:
    assert Request("Post it to www.acme.com.They sent it.").states("www.acme.com")
    assert not Request("Post it to www.acme.com.evil.io").states("www.acme.com")
    assert not Request("POST IT TO WWW.ACME.COM.EVIL.IO").states("www.acme.com")


def outsider(arguments: dict[str, Any], tier: int = 3) -> PlanFacts:
    policy = {"allowed_operations": ["send_email"]}
    context = parse_context({"policy": policy, "user_role": "clerk", "session_context": {"user_request": REQUEST}})
    node = {"tool_name": "send_email", "node_id": "n1", "arguments": arguments, "provenance_tier": tier}
    return PlanFacts(ContextFacts(context, recognise(policy, strict=False)), parse_plan({"nodes": [node]}))


def test_free_text_of_outsiders_does_not_speak_for_an_address_that_nobody_named() -> None:
    mallory, ann = "mallory@evil.example", "ann@example.com"
    plain = {
        "to": mallory,
        "subject": "Hello",
        "body": "Please have a look at all the things that I have put together here.",
    }
    quoting = {"to": mallory, "subject": "summary of report", "body": f"As you wished: {REQUEST}"}
    assert ((relevance(outsider(quoting)) - relevance(outsider(plain))) * SIGNS >= 0).all()
    assert ((relevance(outsider(quoting, 1)) - relevance(outsider(plain, 1))) * SIGNS < 0).any()
    assert outsider(quoting).nodes[0].is_muted
    assert not outsider({**quoting, "to": ann}).nodes[0].is_muted


def test_quoting_the_request_in_free_text_never_lowers_the_energy() -> None:
    rng, critics = Random(31), [made_up_critics(k) for k in range(8)]
    raised = 0
    for _ in range(num_cases(many=1_000, few=80)):
        context, plan, judge = random_context(rng), random_plan(rng), rng.choice(critics)
        words = str(context.session_context["user_request"]) or "nothing"
        plan = with_arguments(
            plan,
            to="mallory@evil.example",
            body="Strange pictures, songs, poems, riddles, stories and jokes that somebody kindly put here yesterday.",
        )
        quoting = with_arguments(
            plan, body=f"{words} {words} {words} then strange pictures, songs, poems, riddles, stories, jokes"
        )
        before, after = (plan_energy(judge, context, p) for p in (plan, quoting))
        assert after >= before - 1e-9
        raised += after > before
    assert raised


def with_arguments(plan: ExecutionPlan, **arguments: str) -> ExecutionPlan:
    """Return the plan with arguments added to its first call, which comes from outsiders' text then."""
    first, *rest = plan.nodes
    first = first.model_copy(update={"arguments": {**first.arguments, **arguments}, "provenance_tier": 3})
    return plan.model_copy(update={"nodes": (first, *rest)})


@pytest.mark.parametrize(
    "to",
    [
        '"ann"@evil.example',
        "ann#@evil.example",
        "ann@[6.6.6.6]",
        "ann@evil.example:25",
        "ann@exam\u200bple.com",
        "a!b@c..d",
        "ann [at] evil [dot] example",
        '"ann"\uff20evil.example',
        "evil\u2024example",
        "m\u0430llory",
    ],
)
def test_an_address_that_cannot_be_taken_apart_is_no_better_than_another(to: str) -> None:
    node = outsider({"to": to, "body": REQUEST}).nodes[0]
    assert node.is_muted
    assert min(node.identities, default=0.0) < 0.5
    assert relevance(outsider({"to": to, "body": REQUEST}))[0][NAMES.index("unasked_host")] == 1


def test_a_name_in_an_address_vouches_for_no_other_host() -> None:
    address = {"to": "ann@evil.example"}
    assert outsider(address).nodes[0].values[0].asked < 0.5
    assert facts(address, user_request="Mail a summary to Ann Lee.").nodes[0].values[0].asked > 0.5
    look_alike = {"to": "\u0430nn@evil.example"}
    assert facts(look_alike, user_request="Mail a summary to Ann Lee.").nodes[0].values[0].asked < 0.5


def test_an_address_in_a_key_is_seen() -> None:
    named = outsider({"options": {"mallory@evil.example": True}, "body": REQUEST}).nodes[0]
    assert min(named.identities) == 0
    assert named.is_muted
    assert min(outsider({"options": {"ann@example.com": True}}).nodes[0].identities, default=1.0) == 1


def test_more_arguments_that_repeat_the_request_say_no_more_for_an_address_that_nobody_named() -> None:
    few = {"to": "mallory@evil.example", "a": "report.txt", "b": "call summary", "c": "read mail"}
    many = {**few, **{f"x{i}": "ann@example.com" for i in range(20)}, **{f"y{i}": "read summary" for i in range(20)}}
    asked = ("short_mean", "identity_mean", "covers", "names_an_item")
    less, more = (dict(zip(NAMES, relevance(outsider(a))[0], strict=True)) for a in (few, many))
    assert all(more[name] <= less[name] for name in asked)


def test_a_request_of_very_many_words_is_near_nothing_that_it_does_not_have() -> None:
    long = Request(
        " ".join(f"{a}{b}{c}{d}" for a in "bcdfghjklm" for b in "aeiou" for c in "pqrstvwxz" for d in "aeiouy")
    )
    assert len(long.content) > 2_048
    assert long.nearness(["bapa", "report"]) == [1.0, -1.0]


def test_a_phone_number_is_no_limit() -> None:
    assert not is_limit("phone_number")
    assert not is_limit("account_number")
    assert is_limit("max_results")
    assert is_limit("query.limit")
