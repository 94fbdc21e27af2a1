"""`convert`: policies as people write them, with answers decided before they were converted; it never widens."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
import yaml

from gatling.policy import Oracle, parse_policy, recognise
from gatling.policy.convert import convert
from gatling.schema import parse_context, parse_plan
from tests.policy.converted_policies import SOURCES, Source


def verdict_of(policy: dict[str, Any], call: str, tools: tuple[str, ...] = ()) -> str:
    """Judge `role: tool argument=value ..` under a policy."""
    role, _, rest = call.partition(": ")
    tool, *arguments = rest.split()
    values = {key: yaml.safe_load(value) for key, _, value in (a.partition("=") for a in arguments)}
    node = {"tool_name": tool, "node_id": "n1", "arguments": values, "provenance_tier": 1}
    context = parse_context({"policy": policy, "user_role": role})
    oracle = Oracle(recognise(policy), tools=tools)
    judged = oracle.judge(context, parse_plan({"nodes": [node]})).verdict
    return {"compliant": "allow", "violation": "deny", "undecided": "open"}[judged]


def answers(source: Source) -> list[tuple[str, str, str]]:
    """Return each call with what is wanted and what is found, by the text that is written."""
    made = convert(source.text, file=source.file or None, tools=source.tools)
    policy = parse_policy(made.text).data
    assert policy == made.policy
    return [(call, wanted, verdict_of(policy, call, source.tools)) for call, wanted in source.calls.items()]


@pytest.mark.parametrize("source", SOURCES, ids=lambda s: s.style)
def test_nothing_is_allowed_that_must_not_be(source: Source) -> None:
    assert [a for a in answers(source) if a[1] != "allow" and a[2] == "allow"] == []


@pytest.mark.parametrize(("is_structured", "share"), [(True, 0.7), (False, 0.4)])
def test_most_of_what_must_pass_does(is_structured: bool, share: float) -> None:
    found = Counter(
        found
        for source in SOURCES
        if source.is_structured == is_structured
        for _, wanted, found in answers(source)
        if wanted == "allow"
    )
    assert found["allow"] / found.total() >= share, found


if __name__ == "__main__":
    totals: Counter[tuple[bool, str, str]] = Counter()
    for s in SOURCES:
        try:
            rows = answers(s)
        except Exception as e:
            import traceback

            traceback.print_exc()
            print("CRASH", s.style, repr(e))
            for w in s.calls.values():
                totals[s.is_structured, w, "crash"] += 1
            continue
        for call, wanted, found in rows:
            totals[s.is_structured, wanted, found] += 1
            if (wanted == "allow" and found != "allow") or (wanted != "allow" and found == "allow"):
                print(s.style, "|", call, "| wanted", wanted, "found", found)
    for k, v in sorted(totals.items(), key=str):
        print(k, v)
    print(len(SOURCES), sum(len(s.calls) for s in SOURCES), len({s.style for s in SOURCES}))
