"""Prohibitions in unusual words, at unusual places of many notations: no call that they forbid is simply allowed.

65 of them in 26 documents, and 61 about other tools in 24; without `--thorough` each in four documents, others for each.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from gatling.policy import Oracle, parse_policy, recognise
from gatling.policy.convert import convert
from gatling.schema import parse_context, parse_plan
from gatling.tools.spec import ToolSpec
from tests import sizes
from tests.policy.probes import (
    DELETION,
    DOCUMENTS,
    MAIL,
    OTHER_CALLS,
    OTHER_PROHIBITIONS,
    OTHER_TOOLS,
    PAYMENT,
    PROSE,
    READING,
    SENTENCES,
    TOOLS,
)

Call = tuple[str, dict[str, Any]]


def is_allowed(
    text: str, file: str, call: Call, tools: Mapping[str, ToolSpec], *, are_said: bool = True, role: str = "clerk"
) -> bool:
    policy = parse_policy(convert(text, file=file, tools=tools if are_said else ()).text).data
    context = parse_context({"policy": policy, "user_role": role, "session_context": {"user_request": "go on"}})
    node = {"tool_name": call[0], "node_id": "n", "arguments": call[1], "provenance_tier": 1}
    return (
        Oracle(recognise(policy), tools=list(tools)).judge(context, parse_plan({"nodes": [node]})).verdict
        == "compliant"
    )


def places(index: int, names: list[str]) -> list[str]:
    """Return the documents that a sentence is tried in."""
    return names if sizes.is_thorough else [names[(index + 7 * k) % len(names)] for k in range(4)]


OTHERS = [(sentence, tool) for tool, sentences in OTHER_PROHIBITIONS.items() for sentence in sentences]


@pytest.mark.parametrize("index", range(len(SENTENCES)), ids=lambda i: SENTENCES[i][0])
def test_what_is_forbidden_in_unusual_words_is_not_allowed(index: int) -> None:
    sentence, call = SENTENCES[index]
    wrong = []
    for place in places(index, list(DOCUMENTS)):
        file, write = DOCUMENTS[place]
        if is_allowed(write(sentence), file, call, TOOLS):
            wrong.append(place)
    assert not wrong


@pytest.mark.parametrize("index", range(len(OTHERS)), ids=lambda i: OTHERS[i][0])
def test_nor_of_other_tools(index: int) -> None:
    sentence, tool = OTHERS[index]
    wrong = []
    for place in places(index, [name for name in DOCUMENTS if name not in PROSE]):
        file, write = DOCUMENTS[place]
        if is_allowed(write(sentence, list(OTHER_TOOLS)), file, (tool, OTHER_CALLS[tool]), OTHER_TOOLS):
            wrong.append(place)
    assert not wrong


@pytest.mark.parametrize("place", DOCUMENTS)
def test_without_a_prohibition_the_same_document_grants(place: str) -> None:
    file, write = DOCUMENTS[place]
    assert all(is_allowed(write(""), file, call, TOOLS) for call in (PAYMENT, DELETION, READING, MAIL))


@pytest.mark.parametrize("index", range(len(SENTENCES)), ids=lambda i: SENTENCES[i][0])
def test_nor_where_nobody_says_which_tools_there_are(index: int) -> None:
    sentence, call = SENTENCES[index]
    place = list(DOCUMENTS)[5 * index % len(DOCUMENTS)]
    file, write = DOCUMENTS[place]
    assert not is_allowed(write(sentence), file, call, TOOLS, are_said=False), place
