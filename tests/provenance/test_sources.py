from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from gatling.errors import InputError
from gatling.provenance.sources import ATTESTED, ToolSources
from gatling.schema.addresses import addresses, shorter
from gatling.tools.call_scope import volume_of


@pytest.mark.parametrize(
    ("tool", "output", "attests"),
    [
        ("get_balance", "trusted", False),
        ("get_iban", "trusted", False),
        ("get_current_day", "trusted", False),
        ("calculate_sum", "trusted", False),
        ("read_email", "outsiders", True),
        ("gmail.users.messages.list", "outsiders", True),
        ("get_most_recent_transactions", "outsiders", True),
        ("search_files", "outsiders", True),
        ("create_calendar_event", "outsiders", True),
        ("get_rating_reviews_for_hotels", "outsiders", True),
        ("read_file", "outsiders", False),
        ("get_webpage", "outsiders", False),
        ("search_web", "outsiders", False),
        ("fetch", "outsiders", False),
        ("get_weather", "outsiders", False),
        ("frobnicate", "outsiders", False),
        ("get_balance_from_webpage", "outsiders", False),
        ("bal\u0430nce_of_files", "outsiders", False),
    ],
)
def test_defaults_are_told_by_the_name(tool: str, output: str, attests: bool) -> None:
    rule = ToolSources().of(tool)
    assert (rule.output, rule.attested == ATTESTED) == (output, attests)
    assert ToolSources(defaults="none").of(tool).output == "outsiders"


def test_the_most_specific_pattern_decides_whatever_the_order() -> None:
    rules = {
        "crm.*": "trusted",
        "crm.notes.*": "outsiders",
        "crm.notes.own": "trusted",
        "*.x": "outsiders",
        "x.*": "trusted",
    }
    for tools in (rules, dict(reversed(rules.items()))):
        sources = ToolSources.from_dict({"tools": tools})
        assert sources.of("crm.accounts").output == "trusted"
        assert sources.of("crm.notes.list").output == "outsiders"
        assert sources.of("crm.notes.own").output == "trusted"
        assert sources.of("x.x").output == "outsiders"  # as specific: the one that trusts less


def test_attested_fields_by_key_and_path() -> None:
    rule = ToolSources.from_dict({"tools": {"f": {"attested": ["id", "from.address", "$.total"]}}}).of("f")
    assert rule.tier(("items", "id"), "7") == 2
    assert rule.tier(("items", "from", "address"), "a@b.com") == 2
    assert rule.tier(("items", "address"), "a@b.com") == 3
    assert rule.tier(("total",), 3) == 2
    assert rule.tier(("items", "total"), 3) == 3
    assert rule.tier(("body", "id"), "7") == 3
    assert rule.tier((), "7") == 3


def test_a_file_in_yaml(tmp_path: Path) -> None:
    path = tmp_path / "sources.yaml"
    path.write_text("defaults: none\ntools:\n  rates.*: trusted\n  mail: {attested: [id], reads: yaml}\n")
    sources = ToolSources.from_file(path)
    assert sources.of("rates.today").output == "trusted"
    assert sources.of("mail").reads == "yaml"
    assert sources.of("get_balance").output == "outsiders"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ([], "a list, wanted an object with tools"),
        ({"tool": {}}, "tool: unknown field"),
        ({"tools": []}, "tools: a list"),
        ({"tools": {"f": "Trusted"}}, "tools.f: 'Trusted' is not one of trusted, outsiders"),
        ({"tools": {"f": {"attest": []}}}, "tools.f.attest: unknown field"),
        ({"tools": {"f": {"attested": "id"}}}, "tools.f.attested: it must be a list"),
        ({"tools": {"f": {"output": "trusted", "attested": ["id"]}}}, "a trusted output has no attested fields"),
        ({"tools": {"f": {"reads": "xml"}}}, "'xml' is not one of json, yaml"),
        ({"defaults": "all"}, "defaults: 'all' is not one of names, none"),
    ],
)
def test_bad_configuration_is_refused(data: Any, expected: str) -> None:
    with pytest.raises(InputError, match=expected):
        ToolSources.from_dict(data)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mail bob@x.org, now", ["bob@x.org"]),
        ("see https://www.x.org/a/b?c=d.", ["x.org/a/b?c=d"]),
        ("to:bob@x.org", ["bob@x.org"]),
        ("de89 3704 0044 0532 0130 00", ["de89370400440532013000"]),
        ("4237-4252-7456-2574", ["4237425274562574"]),
        ("call +44 20 7946 0958", ["442079460958"]),
        ("open bill.txt or reports/bill.txt", ["bill.txt", "reports/bill.txt"]),
        ("version 3.14 of e.g. this", []),
        ("no address. None here", []),
    ],
)
def test_addresses_have_one_spelling(text: str, expected: list[str]) -> None:
    assert [address for address, _ in addresses(text)] == expected


def test_hostile_text_costs_no_time() -> None:
    started = time.process_time()
    for text in (
        f"+{'1' * 40}a " * 10_000,
        f"de89{' aaaa' * 40}" * 2_000,
        "a." * 200_000,
        "a@" * 200_000,
        "1" * 400_000,
        "+1 " * 100_000,
        "a" * 400_000,
        "x.org/" + "a/" * 200_000,
    ):
        assert len(list(addresses(text))) < 200_000
    assert time.process_time() - started < 20  # a hang, not a benchmark
    assert shorter("x.org/a/b?q=1") == ["x.org/a/b", "x.org/a", "x.org"]


@pytest.mark.parametrize(
    ("tool", "arguments", "volume"),
    [
        ("search_emails", {"limit": 40, "ids": [1, 2]}, 40),
        ("search_emails", {"options": {"maxResults": "40"}}, 40),
        ("send_email", {"to": ["a", "b", "c"]}, 3),
        ("send_email", {"to": "a"}, 1),
        ("search_emails", {"query": "x"}, 10),
        ("list_files", {}, 100),
        ("read_channel_messages", {"channel": "x"}, 100),
        ("get_webpage", {"url": "x"}, 1),
        ("search_emails", {"limit": True}, 10),
        ("search_emails", {"limit": -5}, 10),
    ],
)
def test_volume(tool: str, arguments: dict[str, Any], volume: int) -> None:
    assert volume_of(tool, arguments) == volume
