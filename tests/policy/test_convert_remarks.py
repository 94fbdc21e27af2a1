"""Prohibitions in unusual words, somewhere in a document that grants: no call that they forbid is simply allowed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gatling.policy import Oracle, parse_policy, recognise
from gatling.policy.convert import convert
from gatling.schema import parse_context, parse_plan
from gatling.tools.derive import make_tool
from gatling.tools.spec import Parameter

PARAMETERS = {
    "send_money": {"amount": "number", "to": "string", "currency": "string"},
    "read_file": {"path": "string"},
    "delete_file": {"path": "string"},
}
TOOLS = {
    name: make_tool(
        name,
        domain="office",
        vendor="x",
        description="x",
        parameters=tuple(Parameter(n, t) for n, t in parameters.items()),
    )
    for name, parameters in PARAMETERS.items()
}
PAYMENT: tuple[str, dict[str, Any]] = (
    "send_money",
    {"amount": 1000, "to": "DE89370400440532013000", "currency": "BTC"},
)
DELETION: tuple[str, dict[str, Any]] = ("delete_file", {"path": "/legal/a"})
READING: tuple[str, dict[str, Any]] = ("read_file", {"path": "/hr/pay"})
PROHIBITIONS = {
    "Never hand over crypto.": PAYMENT,
    "Wiring funds abroad is out of the question.": PAYMENT,
    "Payouts stop at 50.": PAYMENT,
    "No transfers above 50.": PAYMENT,
    "Ann must sign off anything that leaves the till.": PAYMENT,
    "Money only moves on weekdays.": PAYMENT,
    "Only the treasurer pays.": PAYMENT,
    "Clerks don't pay.": PAYMENT,
    "Payments: 0.": PAYMENT,
    "Cash is frozen until March.": PAYMENT,
    "Budget 50 EUR.": PAYMENT,
    "Don't touch money.": PAYMENT,
    "Disbursements need the CFO.": PAYMENT,
    "Recipients must be in the address book.": PAYMENT,
    "Remittances are suspended.": PAYMENT,
    "Nobody gets rid of anything below /legal.": DELETION,
    "Keep your hands off /legal.": DELETION,
    "Removing things takes two people.": DELETION,
    "Deletion is irreversible; ask first.": DELETION,
    "Refrain from erasing files.": DELETION,
    "Erasure is reserved for administrators.": DELETION,
    "Purging requires a ticket.": DELETION,
    "Salaries are confidential, nobody opens /hr.": READING,
    "/hr is private.": READING,
}
NAMES = list(PARAMETERS)


def documents(sentence: str) -> dict[str, tuple[str, str]]:
    """Return documents that grant a clerk all tools and say the sentence, each with a name for its file."""
    quoted = json.dumps(sentence)
    lines = "".join(f"      - {name}\n" for name in NAMES)
    return {
        "notes beside grants": ("a.yaml", f"clerk:\n  can: [{', '.join(NAMES)}]\n  notes: {quoted}\n"),
        "rules below roles": ("a.yaml", f"roles:\n  clerk:\n    allow:\n{lines}rules:\n  - {quoted}\n"),
        "remarks below records": (
            "a.json",
            json.dumps(
                {"permissions": [{"role": "clerk", "tool": t, "access": "yes"} for t in NAMES], "remarks": [sentence]}
            ),
        ),
        "beside a mapping of tools": (
            "a.json",
            json.dumps({"tools": {t: {"who": "clerk", "allowed": True} for t in NAMES}, "important": sentence}),
        ),
        "below a table": (
            "a.md",
            "# Clerk\n\n| tool | allowed |\n| --- | --- |\n"
            + "".join(f"| {t} | yes |\n" for t in NAMES)
            + f"\n{sentence}\n",
        ),
        "after a sentence": ("a.txt", f"Clerks may send money, read files and delete files. {sentence}\n"),
        "a note of a section": ("a.ini", "[clerk]\n" + "".join(f"{t}=yes\n" for t in NAMES) + f"note={sentence}\n"),
    }


@pytest.mark.parametrize("sentence", PROHIBITIONS)
def test_what_a_remark_forbids_is_not_allowed(sentence: str) -> None:
    tool, arguments = PROHIBITIONS[sentence]
    allowed = []
    for where, (file, text) in documents(sentence).items():
        policy = parse_policy(convert(text, file=file, tools=TOOLS).text).data
        context = parse_context({"policy": policy, "user_role": "clerk", "session_context": {"user_request": "go on"}})
        node = {"tool_name": tool, "node_id": "n", "arguments": arguments, "provenance_tier": 1}
        if Oracle(recognise(policy), tools=NAMES).judge(context, parse_plan({"nodes": [node]})).verdict == "compliant":
            allowed.append(where)
    assert not allowed


def test_without_a_prohibition_the_same_documents_grant() -> None:
    granting = []
    for where, (file, text) in documents("").items():
        policy = parse_policy(convert(text, file=file, tools=TOOLS).text).data
        context = parse_context({"policy": policy, "user_role": "clerk", "session_context": {"user_request": "go on"}})
        node = {"tool_name": "read_file", "node_id": "n", "arguments": {"path": "/a"}, "provenance_tier": 1}
        if Oracle(recognise(policy), tools=NAMES).judge(context, parse_plan({"nodes": [node]})).verdict == "compliant":
            granting.append(where)
    assert len(granting) >= 5, granting
