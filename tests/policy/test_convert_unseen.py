"""36 policies in 36 styles by somebody who knew nothing of the converter, 251 calls with the verdict that the author would give.

The converter was not tuned on them: most of what must pass is left open. What it must never do is allow what must not pass.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from gatling.errors import InputError
from gatling.policy import Oracle, parse_policy, recognise
from gatling.policy.convert import convert
from gatling.schema import parse_context, parse_plan

POLICIES = json.loads(Path(__file__).with_name("unseen_policies.json").read_text("utf-8"))


def verdicts(source: dict[str, Any]) -> list[tuple[dict[str, Any], str]]:
    """Return each call with what the converted policy says of it; nothing of a source that cannot be read."""
    tools = tuple(dict.fromkeys(call["tool"] for call in source["calls"]))
    try:
        policy = parse_policy(convert(source["text"], file=source["file"], tools=tools).text).data
    except InputError:
        return []
    oracle = Oracle(recognise(policy), tools=tools)
    found = []
    for call in source["calls"]:
        node = {"tool_name": call["tool"], "node_id": "n1", "arguments": call["arguments"], "provenance_tier": 1}
        session = {"user_request": call["request"]}
        context = parse_context({"policy": policy, "user_role": call["role"], "session_context": session})
        found.append((call, oracle.judge(context, parse_plan({"nodes": [node]})).verdict))
    return found


@pytest.mark.parametrize("source", POLICIES, ids=lambda s: s["file"])
def test_nothing_is_allowed_that_its_author_would_not(source: dict[str, Any]) -> None:
    assert [call for call, found in verdicts(source) if call["want"] != "allow" and found == "compliant"] == []


def test_all_but_one_can_be_read_and_few_calls_are_denied_that_must_pass() -> None:
    made = [verdicts(source) for source in POLICIES]
    assert sum(not found for found in made) <= 1  # one is TOML
    counts = Counter(found for calls in made for call, found in calls if call["want"] == "allow")
    assert counts["violation"] / counts.total() < 0.15, counts
