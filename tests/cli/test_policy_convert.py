"""`gatling policy convert`: the files that it writes, what it says of each line, and how it ends."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from gatling.cli import main
from gatling.policy import parse_policy, recognise

RULES = "Clerks may read mail.\nNever delete mail.\nInvoices are paid on Fridays only.\n"


@pytest.fixture(autouse=True)
def _files() -> None:
    Path("rules.txt").write_text(RULES)
    Path("plain.yaml").write_text("allow: [read_file]\ndeny: [delete_file]\n")
    Path("tools.txt").write_text("read_email\ndelete_email\npay_invoice\n")
    Path("tools.json").write_text('["read_email", "delete_email", "pay_invoice"]')


@pytest.mark.parametrize("tools", ["tools.txt", "tools.json"])
def test_lines_side_by_side(tools: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "convert", "rules.txt", "--output", "native.yaml", "--tools", tools]) == 4
    shown = " ".join(capsys.readouterr().out.split())
    assert "rules.txt, read as text" in shown
    assert "Never delete mail. │ forbid delete_email" in shown
    assert "Invoices are paid on Fridays only. │ to decide" in shown
    assert "2 understood, 0 read more narrowly, 1 to decide" in shown
    recognise(parse_policy(Path("native.yaml").read_text()))
    assert main(["policy", "lint", "native.yaml"]) == 0
    assert "warning review: review[0]" in capsys.readouterr().out


def test_without_open_items_it_ends_with_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "convert", "plain.yaml"]) == 0
    captured = capsys.readouterr()
    assert parse_policy(captured.out).data["forbidden_operations"] == ["delete_file"]
    assert "2 understood" in captured.err
    assert main(["policy", "convert", "plain.yaml", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["kind"] == "data"
    assert found["open"] == 0
    assert found["lines"][0] == {
        "line": 1,
        "text": "allow[0]: read_file",
        "status": "understood",
        "rules": ["allow read_file"],
    }
    assert found["policy"]["allowed_operations"] == ["read_file"]


def test_a_narrower_reading_is_not_all_understood(capsys: pytest.CaptureFixture[str]) -> None:
    Path("narrow.txt").write_text("Never delete mail on Fridays.\n")
    assert main(["policy", "convert", "narrow.txt", "--tools", "tools.txt", "--output", "n.yaml"]) == 4
    assert "1 read more narrowly" in capsys.readouterr().out
    assert (
        "# the narrower reading: forbidden at all times: when it holds is not read (on Fridays)"
        in Path("n.yaml").read_text()
    )


def test_a_catalogue_says_which_words_are_tools(capsys: pytest.CaptureFixture[str]) -> None:
    tool = {"name": "refund_order", "inputSchema": {"type": "object", "properties": {"total": {"type": "number"}}}}
    Path("catalog.json").write_text(json.dumps({"tools": [tool]}))
    Path("refunds.txt").write_text("Clerks may refund orders up to 50 EUR.\n")
    assert main(["policy", "convert", "refunds.txt", "--tools", "catalog.json", "--json"]) == 0
    policy = json.loads(capsys.readouterr().out)["policy"]
    assert policy["rules"][0]["require"] == {"total": {"min": 0, "max": 50}}


def test_from_says_what_it_is(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.TextIOWrapper(io.BytesIO(b"Allowed: read_file\n"))
    stream.buffer.name = "<stdin>"
    monkeypatch.setattr("sys.stdin", stream)
    assert main(["policy", "convert", "-", "--from", "text"]) == 0
    assert "read_file" in capsys.readouterr().out
    assert main(["policy", "convert", "rules.txt", "--from", "data"]) == 2


@pytest.mark.parametrize(
    "flags",
    [
        ["convert"],
        ["convert", "rules.txt", "--strict"],
        ["convert", "rules.txt", "--seed", "1"],
        ["lint", "plain.yaml", "--output", "x.yaml"],
        ["lint", "plain.yaml", "--from", "text"],
        ["schema", "--tools", "tools.txt"],
    ],
)
def test_flags_of_others_are_refused(flags: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["policy", *flags])
    assert caught.value.code == 2


COMMENTED = "# keep your hands off the till\nallow:\n  - read_email # frozen since May\ndeny: [delete_email]\n"


@pytest.fixture
def _commented() -> None:
    Path("c.yaml").write_text(COMMENTED)


@pytest.mark.usefixtures("_commented")
def test_comments_are_notes_where_somebody_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    command = ["policy", "convert", "c.yaml", "--tools", "tools.txt", "--json"]
    assert main(command) == 4
    assert json.loads(capsys.readouterr().out)["open"] == 2
    assert main([*command, "--comments", "items"]) == 4
    assert json.loads(capsys.readouterr().out)["open"] == 2
    assert main([*command, "--comments", "notes"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["open"], found["remark"]) == (0, 2)
    assert [(line["line"], line["note"]) for line in found["lines"] if line["status"] == "remark"] == [
        (1, "a comment, taken for a note as --comments notes says"),
        (3, "a comment, taken for a note as --comments notes says"),
    ]
    assert "review" not in found["policy"]


@pytest.mark.usefixtures("_commented")
def test_the_head_and_the_table_say_which_comments_are_notes(capsys: pytest.CaptureFixture[str]) -> None:
    command = ["policy", "convert", "c.yaml", "--tools", "tools.txt", "--comments", "notes", "--output", "n.yaml"]
    assert main(command) == 0
    assert "# Comments: 2 taken for notes and not for rules, as --comments notes says." in Path("n.yaml").read_text()
    shown = " ".join(capsys.readouterr().out.split())
    assert "frozen since May │ says nothing of calls: a comment, taken for a note as --comments notes says" in shown
    recognise(parse_policy(Path("n.yaml").read_text()))


@pytest.mark.usefixtures("_commented")
def test_what_comments_may_be_is_items_or_notes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["policy", "convert", "c.yaml", "--comments", "rules"])
    assert caught.value.code == 2
    assert "rules" in capsys.readouterr().err


@pytest.mark.usefixtures("_commented")
@pytest.mark.parametrize(
    ("answers", "status", "opened"),
    [
        ("y\n", 0, 0),
        ("YES\n", 0, 0),
        ("n\n\n\n", 4, 2),
        ("\n\n\n", 4, 2),
        ("", 4, 2),
        ("what?\ny\n", 0, 0),
        ("n\nnone\n", 4, 1),
    ],
)
def test_the_first_question_is_whether_comments_are_notes(
    answers: str, status: int, opened: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(answers))
    command = ["policy", "convert", "c.yaml", "--tools", "tools.txt", "--output", "n.yaml", "--interactive"]
    assert main(command) == status
    shown = " ".join(capsys.readouterr().err.split())
    assert shown.count("2 comments are to decide: are comments here notes, not rules? y/N") == 1
    assert ("wanted y or n" in shown) is answers.startswith("what")
    assert ("2 items to decide" in shown) is (status == 4)
    assert len(parse_policy(Path("n.yaml").read_text()).data.get("review", [])) == opened


@pytest.mark.parametrize("flags", [["--comments", "notes"], []])
def test_nobody_is_asked_where_no_comment_is_open(
    flags: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("c.yaml").write_text(COMMENTED if flags else "# Owner: Ann Lee\nallow: [read_email]\n")
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert main(["policy", "convert", "c.yaml", "--tools", "tools.txt", "--interactive", *flags]) == 0
    assert "to decide: are comments" not in capsys.readouterr().err
