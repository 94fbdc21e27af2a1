"""A call has an edge from every output that holds what it names, and not from the best of them alone."""

from __future__ import annotations

from typing import Any

import pytest

from gatling.adapters import ConversationTracer
from gatling.provenance.index import MAX_PLACES
from gatling.testing import assistant, tool_call, tool_result, user

IBAN = "DE89370400440532013000"


def sources(outputs: list[Any], arguments: dict[str, Any], request: str = "Do the thing.") -> tuple[set[str], int, int]:
    """Return where the edges of a call come from, its tier and how many passages it can have come from."""
    tracer = ConversationTracer()
    tracer.feed(user(request))
    for i, output in enumerate(outputs):
        tracer.feed(assistant(tool_call("read_file", f"c{i}", name=f"file {i}")))
        tracer.feed(tool_result(output, f"c{i}"))
    tracer.feed(assistant(tool_call("send_money", "last", **arguments)))
    plan = tracer.plan()
    node = plan.nodes[-1]
    return {e.source for e in plan.edges if e.target == node.node_id}, node.provenance_tier, len(node.origins or ())


def test_an_account_that_three_results_hold() -> None:
    outputs = [f"Account {IBAN} of Acme", f'{{"iban": "{IBAN}"}}', "Nothing here.", f"Again: {IBAN}."]
    found, tier, num_origins = sources(outputs, {"recipient": IBAN})
    assert (found, tier) == ({"n1", "n2", "n4"}, 3)
    assert num_origins >= 3


@pytest.mark.parametrize("value", ["E20417", "rst_9Xa1", "LR-2214", "eve@evil.example", "http://a.example/pay?c=1"])
def test_codes_and_addresses(value: str) -> None:
    found, _, _ = sources([f"See {value} here", "No more.", f"and ({value})"], {"what": value})
    assert found == {"n1", "n3"}


def test_words_and_dates_have_the_best_place_alone() -> None:
    for value in ("the golden watch", "2026", "2026-11-30"):
        found, _, _ = sources([f"Get {value} now", f"Get {value} later"], {"what": value})
        assert found == {"n1"}


def test_what_the_user_says_comes_from_him() -> None:
    found, tier, _ = sources([f"Account {IBAN}"], {"recipient": IBAN}, f"Pay 3 to {IBAN}.")
    assert (found, tier) == (set(), 1)


def test_what_repeats_a_call_is_no_further_place() -> None:
    tracer = ConversationTracer()
    tracer.feed(user("Do the thing."))
    for i, arguments in enumerate(({"name": "a"}, {"name": "b", "content": f"for {IBAN}, E20417"})):
        tracer.feed(assistant(tool_call("write_file", f"c{i}", **arguments)))
        tracer.feed(tool_result(f"for {IBAN}, E20417", f"c{i}"))
    tracer.feed(assistant(tool_call("send_money", "last", recipient=IBAN, order="E20417")))
    assert [(e.source, e.target) for e in tracer.plan().edges if e.target == "n3"] == [("n1", "n3")]


def test_they_are_bounded() -> None:
    outputs = [f"Account {IBAN}, code E{20_000 + i}" for i in range(30)]
    found, _, _ = sources(outputs, {"recipient": IBAN})
    assert len(found) == MAX_PLACES
    assert {"n1", "n30"} <= found  # the first, and the last
