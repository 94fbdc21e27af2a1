"""Policies in styles that the converter was not tuned on, with the verdict that the author would give of each call.

36 policies in 36 styles by somebody who knew nothing of the converter, 251 calls; half of them (by the first byte of SHA-256 of the
style, if it is even) were looked at when it was made. 20 more in 20 other styles, 162 calls, were looked at later. 40 in further styles,
240 calls: none of the calls that must pass did when they were tried unseen; since then they were looked at too, and what was made for
them is no evidence of how others fare. 40 more in further styles, 240 calls, were tried after that, and again none passed; every third
of these was then answered by somebody who saw the document, the conversion and the format, and no call. Since then all were looked at.
A fifth set of 40, 240 calls, was tried unseen after what the fourth had taught: 2 of 60 structured calls that must pass did, 14 where comments
are notes, none of prose, and one call of a Cedar file passed that must not (mended; without it none passes by default). Since then it was looked at too.
A sixth set of 24 with 192 calls was tried unseen; three of its documents were looked at since, without a change of any verdict: 3 of 48 structured calls that must pass
did, 21 where comments are notes, none of 48 of prose; no call passed that must not.
What must never happen is that a call is allowed which must not pass.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from gatling.policy import Oracle, parse_policy, recognise
from gatling.policy.convert import convert
from gatling.schema import parse_context, parse_plan
from gatling.tools.derive import make_tool
from gatling.tools.spec import Parameter, ToolSpec
from tests import sizes

FIRST = json.loads(Path(__file__).with_name("unseen_policies.json").read_text("utf-8"))
SECOND = json.loads(Path(__file__).with_name("unseen_policies_2.json").read_text("utf-8"))
THIRD = json.loads(Path(__file__).with_name("unseen_policies_3.json").read_text("utf-8"))
FOURTH = json.loads(Path(__file__).with_name("unseen_policies_4.json").read_text("utf-8"))
FIFTH = json.loads(Path(__file__).with_name("unseen_policies_5.json").read_text("utf-8"))
SIXTH = json.loads(Path(__file__).with_name("unseen_policies_6.json").read_text("utf-8"))
EVERY = [*FIRST, *SECOND, *THIRD, *FOURTH, *FIFTH, *SIXTH]
ANSWERED = json.loads(Path(__file__).with_name("unseen_policies_4_answered.json").read_text("utf-8"))
SIXTH_ANSWERED = json.loads(Path(__file__).with_name("unseen_policies_6_answered.json").read_text("utf-8"))


def names(source: dict[str, Any]) -> tuple[str, ...]:
    """Return the names of the tools of a source."""
    return tuple(dict.fromkeys(call["tool"] for call in source["calls"]))


def catalogue(source: dict[str, Any]) -> dict[str, ToolSpec]:
    """Return the tools of a source with the parameters that it states or that its calls have, as a server of tools states them."""
    found: dict[str, dict[str, str]] = {name: dict(types) for name, types in source.get("tools", {}).items()}
    for call in source["calls"] if "tools" not in source else ():
        parameters = found.setdefault(call["tool"], {})
        parameters |= {name: _type(value) for name, value in call["arguments"].items()}
    return {
        name: make_tool(
            name,
            domain="x",
            vendor="x",
            description="x",
            parameters=tuple(Parameter(n, t) for n, t in parameters.items()),
        )
        for name, parameters in found.items()
    }


def _type(value: Any) -> str:
    kinds = ((bool, "boolean"), ((int, float), "number"), (list, "array"), (dict, "object"))
    return next((name for kind, name in kinds if isinstance(value, kind)), "string")  # type: ignore[arg-type]


def verdicts(source: dict[str, Any], tools: Mapping[str, ToolSpec] | Iterable[str]) -> list[tuple[dict[str, Any], str]]:
    """Return each call with what the converted policy says of it."""
    return verdicts_of(source, parse_policy(convert(source["text"], file=source["file"], tools=tools).text).data)


def verdicts_of(source: dict[str, Any], policy: Any) -> list[tuple[dict[str, Any], str]]:
    """Return each call with what a policy says of it."""
    oracle = Oracle(recognise(policy), tools=names(source))
    found = []
    for call in source["calls"]:
        node = {"tool_name": call["tool"], "node_id": "n1", "arguments": call["arguments"], "provenance_tier": 1}
        session = {"user_request": call["request"]}
        context = parse_context({"policy": policy, "user_role": call["role"], "session_context": session})
        found.append((call, oracle.judge(context, parse_plan({"nodes": [node]})).verdict))
    return found


@pytest.mark.parametrize("source", EVERY, ids=lambda s: s["file"])
def test_nothing_is_allowed_that_its_author_would_not(source: dict[str, Any]) -> None:
    for tools in (names(source), catalogue(source)):
        assert [c for c, found in verdicts(source, tools) if c["want"] != "allow" and found == "compliant"] == []


@pytest.mark.parametrize("source", EVERY[:: sizes.num_cases(many=1, few=3)], ids=lambda s: s["file"])
def test_nor_where_comments_are_taken_for_notes(source: dict[str, Any]) -> None:
    told = convert(source["text"], file=source["file"], tools=catalogue(source), comments="notes").text
    found = verdicts_of(source, parse_policy(told).data)
    assert [c for c, verdict in found if c["want"] != "allow" and verdict == "compliant"] == []


LEAST = {
    "first": {"structured": 31, "prose": 3},
    "second": {"structured": 37, "prose": 5},
    "third": {"structured": 49, "prose": 3},
}
"""Calls that must pass and do. What the sets call a list (of sudoers, of lines) counts as structured."""
LEAST_WITH_NOTES = {"third": 59, "fourth": 41, "fifth": 20, "sixth": 21}
"""The same of structured sources where comments are notes."""


@pytest.mark.parametrize(("name", "sources"), [("first", FIRST), ("second", SECOND), ("third", THIRD)])
def test_calls_that_must_pass_do_not_become_fewer(name: str, sources: list[dict[str, Any]]) -> None:
    passed = Counter(
        "prose" if source["kind"] == "prose" else "structured"
        for source in sources
        for call, found in verdicts(source, catalogue(source))
        if call["want"] == "allow" and found == "compliant"
    )
    assert all(passed[kind] >= least for kind, least in LEAST[name].items()), passed


@pytest.mark.parametrize(
    ("name", "sources"), [("third", THIRD), ("fourth", FOURTH), ("fifth", FIFTH), ("sixth", SIXTH)]
)
def test_nor_where_comments_are_notes(name: str, sources: list[dict[str, Any]]) -> None:
    found = [
        verdict
        for source in sources
        if source["kind"] != "prose"
        for told in [convert(source["text"], file=source["file"], tools=catalogue(source), comments="notes").text]
        for call, verdict in verdicts_of(source, parse_policy(told).data)
        if call["want"] == "allow"
    ]
    assert found.count("compliant") >= LEAST_WITH_NOTES[name]


def test_once_its_items_are_answered_a_policy_does_what_it_says() -> None:
    sources = {source["file"]: source for source in FOURTH}
    found = [
        (call, verdict)
        for answer in ANSWERED
        for call, verdict in verdicts_of(sources[answer["file"]], parse_policy(answer["native"]).data)
    ]
    passed = sum(call["want"] == "allow" and verdict == "compliant" for call, verdict in found)
    assert (passed, sum(call["want"] == "allow" for call, _ in found)) == (41, 42)
    assert [call for call, verdict in found if call["want"] != "allow" and verdict == "compliant"] == []
    assert [call for call, verdict in found if call["want"] == "deny" and verdict != "violation"] == []


def test_once_all_of_a_set_is_answered_its_policies_do_what_they_say() -> None:
    """By somebody who had the documents, the conversions and the docs of the format, and no call."""
    found = [
        (call, verdict)
        for source, answer in zip(SIXTH, SIXTH_ANSWERED, strict=True)
        for call, verdict in verdicts_of(source, parse_policy(answer["native"]).data)
    ]
    assert sum(call["want"] == "allow" and verdict == "compliant" for call, verdict in found) == 95
    assert sum(call["want"] == "allow" for call, _ in found) == 96
    assert [call for call, verdict in found if call["want"] == "deny" and verdict != "violation"] == []


def test_open_items_name_lines_that_say_what_they_quote() -> None:
    """Each item of a third set's document quotes words of the line that it names, of those that go on with it, or of the question
    that it answers."""
    strange = []
    for source in THIRD:
        lines = source["text"].splitlines()
        for reading in convert(source["text"], file=source["file"], tools=catalogue(source)).open:
            near = " ".join(lines[max(0, reading.statement.line - 3) : reading.statement.line + 24])
            said = [w for w in reading.statement.text.replace("`", " ").split() if w.isalpha() and len(w) > 3]
            if said and not any(word in near for word in said):
                strange.append((source["file"], reading.statement.line, reading.statement.text))
    assert strange == []
