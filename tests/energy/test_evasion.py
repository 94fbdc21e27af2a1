"""Tricks that once lowered an energy, or hid a destination, and no longer do."""

from __future__ import annotations

from typing import Any

import pytest

from gatling.energy.facts import ContextFacts, PlanFacts, is_limit
from gatling.energy.flow import FlowCritic
from gatling.energy.request import Request
from gatling.policy import recognise
from gatling.schema import parse_context, parse_plan

REQUEST = "Read report.txt and mail a summary to ann@example.com, and call 5551234567."


def facts(arguments: dict[str, Any], **session: str) -> PlanFacts:
    policy = {"allowed_operations": ["send_email"]}
    session = {"user_request": REQUEST, "user_name": "Emma Green", "organization": "Acme", **session}
    context = parse_context({"policy": policy, "user_role": "clerk", "session_context": session})
    node = {"tool_name": "send_email", "node_id": "n1", "arguments": arguments, "scope_sensitivity": 4}
    return PlanFacts(ContextFacts(context, recognise(policy)), parse_plan({"nodes": [node]}))


@pytest.mark.parametrize("text", ["ann@example.com", "ANN@example.com ", "report.txt", "5551234567"])
def test_what_the_request_states(text: str) -> None:
    assert Request(REQUEST.lower()).states(text)


@pytest.mark.parametrize(
    "text", ["ann@example.co", "nn@example.com", "port.txt", "report.t", "example", "555123", "a", ""]
)
def test_a_part_of_a_name_is_not_stated(text: str) -> None:
    assert not Request(REQUEST.lower()).states(text)


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


def test_a_phone_number_is_no_limit() -> None:
    assert not is_limit("phone_number")
    assert not is_limit("account_number")
    assert is_limit("max_results")
    assert is_limit("query.limit")
