"""Remarks in twenty voices, of which a person says what each restricts: none of those is taken for a note about the document."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from gatling.policy import recognise
from gatling.policy.language.administration import is_administrative
from gatling.policy.language.lexicon import Lexicon
from gatling.policy.language.nature import is_remark
from gatling.policy.language.provenance import is_provenance

KNOWN = {"DBA job", "owner's say-so", "a librarian has to look at it"}
"""Restrictions that are taken for a title or for what is done to the document: nobody found what tells them apart."""


def remarks() -> Iterator[tuple[Lexicon, bool, str]]:
    """Yield each remark with the tools of its house, and whether it restricts any of them."""
    lexicon = Lexicon([])
    for line in Path(__file__).with_name("remarks.txt").read_text("utf-8").splitlines():
        head, _, rest = line.partition(": ")
        if line.startswith("voice "):
            lexicon = Lexicon(rest.split(", "))
            lexicon.is_closed = True
        elif rest and not line.startswith("#"):
            yield lexicon, head != "-", rest


def test_nothing_that_restricts_heads_a_document() -> None:
    found = [text for lexicon, restricts, text in remarks() if restricts and is_provenance(text, lexicon)]
    assert found == []


def test_what_restricts_is_no_note_but_for_what_is_known() -> None:
    found = {t for lexicon, restricts, t in remarks() if restricts and (is_remark(t) or is_administrative(t, lexicon))}
    assert found == KNOWN


def test_the_corpus_is_whole() -> None:
    counts = [restricts for _, restricts, _ in remarks()]
    assert (counts.count(True), counts.count(False)) == (374, 370)


def test_heads_of_documents_are_told() -> None:
    lexicon = Lexicon(["deploy_service", "read_logs"])
    lexicon.is_closed = True
    heads = [
        "agent-access.yml -- platform guild, reviewed 2025-02-18",
        "last touched: 12.01.2025 by IT (Darko).",
        "Approved: Dr. Vukovic, head physician.",
        "rev 12 / 2025-02-08 / checked by head librarian (A. Tremblay)",
        "lightship.crontab -- Museum lightship ELBE-9, deck agent",
    ]
    assert [head for head in heads if not is_provenance(head, lexicon)] == []
    others = [
        "badge holders",
        "valid from 2025-02-18",
        "agent-access.yml -- weekdays only",
        "reviewed 2025-02-18, frozen since",
        "logs: security team",
        "2025-02-21: eu regions only",
    ]
    assert [text for text in others if is_provenance(text, lexicon)] == []


def test_as_rules_harmless_remarks_leave_no_call_open() -> None:
    found = set()
    for lexicon, restricts, text in remarks():
        if not restricts and len(text.split()) > 1:
            rules = recognise({"allowed_operations": list(lexicon.names), "rules": [text]})
            clauses = (c for c in rules.clauses if c.dialect == "prose")
            if any(all(when.subject != "mentions" for when in c.when) for c in clauses):
                found.add(text)
    assert found == set()
