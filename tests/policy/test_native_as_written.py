"""80 policies as people write them, written anew in the native format by hand: 516 calls with verdicts decided before any code ran.

The policies are those of `unseen_policies.json` and `converted_policies.py`, in 65 styles. Whoever wrote the native ones had the
source and the names and arguments of the tools, and looked at the verdicts after the first count. A call that is wanted as `ask` or
`open` must not pass without a person.
"""

from __future__ import annotations

import json
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from gatling.policy import Oracle, Rulebook, parse_policy, recognise
from gatling.schema import parse_context, parse_plan
from tests.policy.converted_policies import SOURCES

HERE = Path(__file__).parent
ANSWERS = {"compliant": "allow", "violation": "deny", "undecided": "open"}
OPEN = {
    # The source lets it run on staging alone, and neither call nor session says where it runs: a person should look.
    ("05 yaml, by environment", "restart_service"),
}
"""Calls that are left open though their author would deny them."""


class Row(NamedTuple):
    role: str
    tool: str
    arguments: dict[str, Any]
    session: dict[str, Any]
    wanted: str


def _unseen() -> dict[str, list[Row]]:
    sources = json.loads((HERE / "unseen_policies.json").read_text("utf-8"))
    return {
        source["file"]: [
            Row(c["role"], c["tool"], c["arguments"], {"user_request": c["request"]}, c["want"])
            for c in source["calls"]
        ]
        for source in sources
    }


def _converted() -> dict[str, list[Row]]:
    found = {}
    for i, source in enumerate(SOURCES):
        rows = found[f"{i:02} {source.style}"] = []
        for call, wanted in source.calls.items():
            role, _, rest = call.partition(": ")
            tool, *arguments = rest.split()
            values = {key: yaml.safe_load(value) for key, _, value in (a.partition("=") for a in arguments)}
            rows.append(Row(role, tool, values, {}, wanted))
    return found


def _natives(file: str) -> dict[str, Any]:
    return parse_policy((HERE / file).read_text("utf-8"), file=file).data


ROWS = {**_unseen(), **_converted()}
NATIVES = {**_natives("native_unseen.yaml"), **_natives("native_converted.yaml")}


@cache
def _rules(name: str) -> Rulebook:
    return recognise(NATIVES[name])


def _answers(name: str) -> list[tuple[Row, str]]:
    rows = ROWS[name]
    oracle = Oracle(_rules(name), tools=[row.tool for row in rows])
    found = []
    for row in rows:
        node = {"tool_name": row.tool, "node_id": "n1", "arguments": row.arguments, "provenance_tier": 1}
        context = {"policy": NATIVES[name], "user_role": row.role, "session_context": row.session}
        judged = oracle.judge(parse_context(context), parse_plan({"nodes": [node]}))
        found.append((row, ANSWERS[judged.verdict]))
    return found


def test_every_policy_has_its_native_form() -> None:
    assert NATIVES.keys() == ROWS.keys()
    assert (len(ROWS), sum(map(len, ROWS.values()))) == (80, 516)
    assert Counter(row.wanted for rows in ROWS.values() for row in rows) == {
        "allow": 239,
        "deny": 208,
        "ask": 43,
        "open": 26,
    }


@pytest.mark.parametrize("name", ROWS)
def test_each_call_gets_the_answer_that_its_author_would_give(name: str) -> None:
    for row, found in _answers(name):
        wanted = {"allow": {"allow"}, "deny": {"deny"}, "ask": {"open"}, "open": {"open", "deny"}}[row.wanted]
        assert found in wanted | ({"open"} if (name, row.tool) in OPEN else set()), row


def test_what_is_named_as_left_open_is() -> None:
    left = {
        (name, row.tool)
        for name, _ in OPEN
        for row, found in _answers(name)
        if row.wanted == "deny" and found == "open"
    }
    assert left == OPEN
