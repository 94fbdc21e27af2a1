"""Prohibitions in unusual words, somewhere in a document that grants: no call that they forbid is simply allowed."""

from __future__ import annotations

import json

import pytest

from tests.policy.probes import NAMES, PROHIBITIONS, TOOLS
from tests.policy.test_convert_probes import is_allowed


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
        "after a sentence": ("a.txt", f"Clerks may send money, read files, delete files and send emails. {sentence}\n"),
        "a note of a section": ("a.ini", "[clerk]\n" + "".join(f"{t}=yes\n" for t in NAMES) + f"note={sentence}\n"),
    }


@pytest.mark.parametrize("sentence", PROHIBITIONS)
def test_what_a_remark_forbids_is_not_allowed(sentence: str) -> None:
    call = PROHIBITIONS[sentence]
    assert [where for where, (file, text) in documents(sentence).items() if is_allowed(text, file, call, TOOLS)] == []


def test_without_a_prohibition_the_same_documents_grant() -> None:
    call = ("read_file", {"path": "/a"})
    granting = [where for where, (file, text) in documents("").items() if is_allowed(text, file, call, TOOLS)]
    assert len(granting) >= 5, granting
