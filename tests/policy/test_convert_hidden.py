"""Restrictions in unusual words beside a rule that grants: whatever the notation, the call does not pass.

Eighty by one hand that had not seen the converter. When they were tried unseen, three of them were taken for notes, in 14 of 400
places; what was mended for these is no evidence of how others fare.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gatling.policy import Oracle, parse_policy, recognise
from gatling.policy.convert import convert
from gatling.schema import parse_context, parse_plan

OTHERS = ("read_report", "list_rooms")
HIDDEN = [
    line.split(": ", 1)
    for line in Path(__file__).with_name("hidden_remarks.txt").read_text("utf-8").splitlines()
    if not line.startswith("#")
]


def sources(tool: str, remark: str) -> dict[str, str]:
    """Return documents that grant the tool, by file, with the remark as head, end of a line, member, cell and comment."""
    other = OTHERS[0]
    cell = remark.replace("|", "/")
    return {
        "head.yaml": f"# {remark}\nclerk:\n  allow:\n    - {tool}\n    - {other}\n",
        "behind.yaml": f"clerk:\n  allow:\n    - {tool}  # {remark}\n    - {other}\n",
        "member.json": json.dumps({"clerk": {"allow": [tool, other], "_note": remark}}),
        "cell.md": f"| tool | clerk | note |\n|---|---|---|\n| {tool} | yes | {cell} |\n| {other} | yes | |\n",
        "comment.ini": f"; {remark}\n[clerk]\n{tool} = allow\n{other} = allow\n",
    }


def verdict(file: str, text: str, tool: str) -> str:
    tools = [tool, *OTHERS]
    policy = parse_policy(convert(text, file=file, tools=tools).text).data
    request = {"user_request": f"Please {tool.replace('_', ' ')}."}
    context = parse_context({"policy": policy, "user_role": "clerk", "session_context": request})
    node = {"tool_name": tool, "node_id": "n1", "arguments": {}, "provenance_tier": 1}
    return Oracle(recognise(policy), tools=tools).judge(context, parse_plan({"nodes": [node]})).verdict


@pytest.mark.parametrize(("tool", "remark"), HIDDEN)
def test_no_place_hides_a_restriction(tool: str, remark: str) -> None:
    passed = [file for file, text in sources(tool, remark).items() if verdict(file, text, tool) == "compliant"]
    assert passed == []


def test_without_a_remark_the_call_passes() -> None:
    for file, text in sources("issue_refund", "owner: Ann").items():
        assert verdict(file, text, "issue_refund") == "compliant", file
