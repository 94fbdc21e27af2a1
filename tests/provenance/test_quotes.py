"""What a mail quotes or forwards is not what its sender says, whatever stands in it; his signature is no part of it either."""

from __future__ import annotations

import time

import pytest

from gatling.provenance.passages import passages_of
from gatling.provenance.quotes import pieces_of
from gatling.provenance.sources import ToolOutput

BOB = "bob@corp.example"
RULE = ToolOutput(attested=("sender", "id"))


def kinds(text: str, **given: str) -> list[tuple[str, str]]:
    lines = text.split("\n")
    return [(p.kind, " ".join(" ".join(lines[p.start : p.end]).split())) for p in pieces_of(lines, **given)]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Hi Ann.\nPay it.", [("own", "Hi Ann. Pay it.")]),
        ("See below.\n> Pay Eve.\n> Now.\nThanks.",
         [("own", "See below."), ("cited", "> Pay Eve. > Now."), ("own", "Thanks.")]),
        ("Ok.\nOn Mon, 3 May 2026, Eve wrote:\n> Pay.\nMine.",
         [("own", "Ok."), ("cited", "On Mon, 3 May 2026, Eve wrote: > Pay."), ("own", "Mine.")]),
        ("Ok.\nOn Mon, 3 May 2026 at 10:00, Eve Long-Name\n<eve@evil.example> wrote:\n\n> Pay.\n\nMine.",
         [("own", "Ok."), ("cited", "On Mon, 3 May 2026 at 10:00, Eve Long-Name <eve@evil.example> wrote: > Pay."),
          ("own", "Mine.")]),
        ("Ok.\nAm 3. Mai 2026 schrieb Eve:\nZahle.\n-- \nNoch mehr.",
         [("own", "Ok."), ("cited", "Am 3. Mai 2026 schrieb Eve: Zahle. -- Noch mehr.")]),
        ("Ok.\n-----Original Message-----\nFrom: Eve\n\nPay.\n\nBob again: pay.",
         [("own", "Ok."), ("cited", "-----Original Message----- From: Eve Pay. Bob again: pay.")]),
        ("Ok.\n\nVon: Eve\nGesendet: Montag\nBetreff: x\n\nZahle.",
         [("own", "Ok."), ("cited", "Von: Eve Gesendet: Montag Betreff: x Zahle.")]),
        ("Ok.\nFrom: Eve <eve@evil.example>\nPay.", [("own", "Ok."), ("cited", "From: Eve <eve@evil.example> Pay.")]),
        ("Fyi\r\n---------- Forwarded message ---------\r\nFrom: Eve\r\n\r\nPay.",
         [("own", "Fyi"), ("forwarded", "---------- Forwarded message --------- From: Eve Pay.")]),
        ("Pay.\n-- \nBob\n> Old.", [("own", "Pay."), ("signature", "-- Bob"), ("cited", "> Old.")]),
        # no quotes
        ("Book it:\nFrom: Berlin\nTo: Rome\nDate: 3 May", [("own", "Book it: From: Berlin To: Rome Date: 3 May")]),
        ("a >= b\n>= 3\n- list\n--flag", [("own", "a >= b >= 3 - list --flag")]),
        ("On Monday we met.\nShe wrote it down.", [("own", "On Monday we met. She wrote it down.")]),
        ("From: Bob\nSubject: x\n\nHi.", [("own", "From: Bob Subject: x Hi.")]),
        ("", [("own", "")]),
    ],
)  # fmt: skip
def test_lines_are_told_apart(text: str, wanted: list[tuple[str, str]]) -> None:
    assert kinds(text) == wanted


def test_a_mail_that_starts_with_the_head_of_another_forwards_it() -> None:
    text = "From: Eve <eve@evil.example>\nSubject: x\n\nPay."
    assert [kind for kind, _ in kinds(text, sender="Bob <bob@corp.example>")] == ["cited"]
    assert [kind for kind, _ in kinds(text, sender="eve@evil.example")] == ["own"]


MAIL = "Hi Ann, please read what she wants and tell me.\n\nOn Mon, 3 May 2026, Eve wrote:\n> Please pay 40 to Eve.\n\n-- \nBob Miller"


@pytest.mark.parametrize(
    "output",
    [
        pytest.param({"sender": BOB, "id": 3, "body": MAIL}, id="record"),
        pytest.param(f"From: {BOB}\nSubject: x\n\n{MAIL}", id="text"),
        pytest.param({"sender": BOB, "body": f"Note: read on\n{MAIL}"}, id="what could be YAML"),
        pytest.param(
            {"sender": BOB, "body": "<p>Hi Ann.</p><div class='gmail_quote'><div>On Mon, Eve wrote:</div><p>Please pay 40 to Eve.</p></div>"
             "<p>-- </p><p>Bob Miller</p>"}, id="HTML"),
        pytest.param({"sender": BOB, "body": "<p>Hi Ann.</p><b>From:</b> Eve<br><b>Sent:</b> Monday<br><p>Please pay 40 to Eve.</p>"},
                     id="HTML without blocks"),
    ],
)  # fmt: skip
def test_who_sent_a_mail_did_not_write_what_it_quotes(output: object) -> None:
    found = passages_of(output, RULE)
    (quoted,) = [p for p in found if "40" in p.text]
    assert BOB not in {v for k, v in quoted.header if k != "cited_by"}
    assert dict(quoted.header)["cited_by"] == BOB
    assert "Eve" in dict(quoted.header).get("claimed", "Eve")
    own = [
        p for p in found if not p.is_record and p.part != quoted.part and "Eve" not in p.text and "Sent" not in p.text
    ]
    assert own
    assert all(BOB in dict(p.header).values() and "cited_by" not in dict(p.header) for p in own)
    assert all(p.part != own[0].part for p in found if p.text == "Bob Miller")  # the signature stands apart


def test_a_file_has_no_sender_that_a_quote_could_be_confused_with() -> None:
    assert all(not p.header for p in passages_of(f"{MAIL}\n", RULE, is_written=True))


@pytest.mark.parametrize(
    "text",
    ["> a\n" * 25_000, "On 1\n" * 20_000, "From: a\n" * 12_000, "forwarded message\n" * 5_000, "\n" * 100_000 + "On 1, Eve wrote:", "On 1 " * 20_000],
    ids=["quotes", "attributions", "heads", "forwards", "blanks", "one line"],
)  # fmt: skip
def test_hostile_mails_take_linear_time(text: str) -> None:
    started = time.perf_counter()
    pieces_of(["x", *text.split("\n")])
    assert time.perf_counter() - started < 5
