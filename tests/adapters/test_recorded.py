"""Files of conversations: packed ones, records with a context, and records that cannot be read among others that can."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from gatling.adapters import Conversation, read_conversations
from gatling.adapters.recorded import Unreadable, read_each
from gatling.errors import InputError
from gatling.testing import user

CONTEXT = {"policy": {}, "user_role": "clerk", "session_context": {}}
RECORD = {"id": "a", "messages": [user("Hi.")], "governance_context": CONTEXT, "label": "violation", "meta": {"x": 1}}
TEXT = json.dumps(RECORD)


def test_a_record_keeps_context_and_notes_apart_from_messages() -> None:
    Path("c.jsonl.gz").write_bytes(gzip.compress((TEXT + "\n").encode()))
    [found] = read_conversations("c.jsonl.gz")
    assert (found.id, found.messages, found.governance_context) == ("a", [user("Hi.")], CONTEXT)
    assert found.notes == {"label": "violation", "meta": {"x": 1}}
    assert found.context().user_role == "clerk"


def test_a_name_of_its_own_or_that_of_the_file_and_line() -> None:
    records = [RECORD, {**RECORD, "id": 7}, {**RECORD, "id": None}, {**RECORD, "id": True}]
    Path("c.jsonl.gz").write_bytes(gzip.compress("\n".join(map(json.dumps, records)).encode()))
    assert [found.id for found in read_conversations("c.jsonl.gz")] == ["a", "7", "c-3", "c-4"]


def test_records_that_cannot_be_read_stand_in_their_places() -> None:
    Path("c.jsonl").write_bytes(
        b"\n".join([b"{broken", TEXT.encode(), b'{"id": "m"}', b'{"id": "n", "messages": 3}', b"\xff", TEXT.encode()])
    )
    found = list(read_each("c.jsonl"))
    assert [(type(item), item.id) for item in found] == [
        (Unreadable, "c-1"),
        (Conversation, "a"),
        (Unreadable, "m"),
        (Unreadable, "n"),
        (Unreadable, "c-5"),
        (Conversation, "a"),
    ]
    assert [str(item.error) for item in found if isinstance(item, Unreadable)] == [
        "c.jsonl:1: not JSON: Expecting property name enclosed in double quotes at column 2",
        "c.jsonl:3: a NoneType, wanted a list of messages",
        "c.jsonl:4: a int, wanted a list of messages",
        "c.jsonl:5: not UTF-8 at byte 0",
    ]
    with pytest.raises(InputError, match=r"^c\.jsonl:1: not JSON"):
        list(read_conversations("c.jsonl"))


def test_a_first_record_without_messages_does_not_make_the_file_one_conversation() -> None:
    Path("c.jsonl").write_text(json.dumps({"id": "m", "governance_context": CONTEXT}) + "\n" + TEXT + "\n")
    assert [(type(item), item.id) for item in read_each("c.jsonl")] == [(Unreadable, "m"), (Conversation, "a")]


def test_a_document_over_several_lines_is_still_one_document() -> None:
    Path("c.json").write_text(json.dumps([RECORD, {**RECORD, "id": "b"}], indent=1))
    assert [item.id for item in read_each("c.json")] == ["a", "b"]
    Path("d.json").write_bytes(json.dumps(RECORD, indent=1).encode() + b"\n\xff\n")
    with pytest.raises(InputError, match=r"^d\.json:\d+: not UTF-8"):
        list(read_each("d.json"))


def test_the_end_of_a_file_that_is_cut_off_is_the_last_item() -> None:
    whole = gzip.compress("\n".join([TEXT] * 2_000).encode(), compresslevel=0)
    Path("c.jsonl.gz").write_bytes(whole[: len(whole) // 2])
    found = list(read_each("c.jsonl.gz"))
    assert len(found) > 100
    assert all(isinstance(item, Conversation) for item in found[:-1])
    assert isinstance(found[-1], Unreadable)
    assert str(found[-1].error).startswith(f"c.jsonl.gz:{len(found)}: cannot be read")


@pytest.mark.parametrize(
    ("context", "message"),
    [
        (None, "governance_context: missing"),
        ([1], "governance_context: a list, wanted an object with the fields of GovernanceContext"),
        ({"policy": {}}, "governance_context.user_role: missing"),
    ],
)
def test_a_context_that_is_none_is_refused_with_file_line_and_path(context: object, message: str) -> None:
    Path("c.jsonl").write_text(TEXT + "\n" + json.dumps({**RECORD, "governance_context": context}) + "\n")
    with pytest.raises(InputError) as caught:
        list(read_conversations("c.jsonl"))[1].context()
    assert str(caught.value).startswith(f"c.jsonl:2: {message}")
