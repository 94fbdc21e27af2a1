"""`gatling audit`, `explain` and `bench` on recorded conversations: lines, statuses, and sentences about what cannot be read."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest

from gatling.cli import main
from tests.cli.conversations import record, write


def audit(*flags: str) -> int:
    return main(["audit", "--conversations", "c.jsonl", "--output", "out.jsonl", *flags])


def lines() -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path("out.jsonl").read_text().splitlines()]


def test_audit_writes_a_line_for_each_conversation(capsys: pytest.CaptureFixture[str]) -> None:
    write("c.jsonl", record("a"), record("b", last="wipe_disk", label="compliant"), record("c", label="violation"))
    assert audit() == 0
    first, second, third = lines()
    assert [set(line) for line in (first, second)] == [{"id", "verdict", "energy", "calls"}] * 2
    assert [line["id"] for line in (first, second, third)] == ["a", "b", "c"]
    assert (second["verdict"], second["energy"]) == ("deny", 1e9)
    assert [call["call_id"] for call in second["calls"]] == ["call_1", "call_2"]
    wiped = second["calls"][1]
    assert set(wiped) == {"call_id", "tool_name", "verdict", "energy", "reasons"}
    assert (wiped["tool_name"], wiped["verdict"], wiped["reasons"][0]["code"]) == ("wipe_disk", "deny", "forbidden")
    assert first["calls"] == third["calls"]  # labels are not read
    assert first["energy"] == max(call["energy"] for call in first["calls"]) < 1e9
    said = capsys.readouterr()
    assert said.out == ""
    assert "out.jsonl: 3 conversations: " in said.err


def test_packed_files_and_stdin_are_the_same_conversations(monkeypatch: pytest.MonkeyPatch) -> None:
    write("c.jsonl", record("a"), record("b", last="wipe_disk"))
    assert audit() == 0
    Path("p.jsonl.gz").write_bytes(gzip.compress(Path("c.jsonl").read_bytes()))
    assert main(["audit", "--conversations", "p.jsonl.gz", "--output", "packed.jsonl.gz"]) == 0
    assert gzip.decompress(Path("packed.jsonl.gz").read_bytes()) == Path("out.jsonl").read_bytes()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(Path("c.jsonl").read_bytes())))
    assert main(["audit", "--conversations", "-", "--output", "piped.jsonl"]) == 0
    assert Path("piped.jsonl").read_bytes() == Path("out.jsonl").read_bytes()


def test_a_record_that_cannot_be_read_is_reported_and_denied(capsys: pytest.CaptureFixture[str]) -> None:
    bare = {key: value for key, value in record("b").items() if key != "governance_context"}
    write("c.jsonl", record("a"), "{nothing", bare, record("d"))
    assert audit() == 2
    assert [(line["id"], "fault" in line) for line in lines()] == [
        ("a", False),
        ("c-2", True),
        ("b", True),
        ("d", False),
    ]
    assert [line["verdict"] for line in lines()[1:3]] == ["deny", "deny"]
    said = capsys.readouterr().err
    assert "error: c.jsonl:2: not JSON" in said
    assert "error: c.jsonl:3: governance_context: missing\n" in said
    assert "2 of them cannot be read, and are denied" in said


def test_sources_say_whose_text_a_tool_returns() -> None:
    conversation = record("a")
    conversation["messages"][3]["tool_calls"][0]["function"]["arguments"] = '{"to": "eve@evil.example"}'
    write("c.jsonl", conversation)
    assert audit() == 0
    outsiders = lines()[0]["calls"][1]["energy"]
    Path("sources.yaml").write_text("tools:\n  read_file: trusted\n")
    assert audit("--sources", "sources.yaml") == 0
    assert lines()[0]["calls"][1]["energy"] < outsiders


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--conversations", "c.jsonl"], "--conversations needs --output, the file to write"),
        (["--conversations", "c.jsonl", "--output", "o.txt"], "o.txt: the name must end in one of .jsonl"),
        (["--conversations", "none.jsonl", "--output", "o.jsonl"], "none.jsonl: cannot be read: No such file"),
        (["--conversations", "c.jsonl", "--output", "o.jsonl", "--role", "x"], "--role is for a PLAN"),
        (["--conversations", "c.jsonl", "--output", "o.jsonl", "--deadline-ms", "5"], "--deadline-ms is for a PLAN"),
        (["--conversations", "c.jsonl", "--output", "o.jsonl", "--json"], "--json is for a PLAN"),
        (["--conversations", "c.jsonl", "--output", "o.jsonl", "--workers", "0"], "--workers is 0, it must be at"),
        (["p.json", "--conversations", "c.jsonl", "--output", "o.jsonl"], "a PLAN and --conversations are both given"),
        (["p.json", "--output", "o.jsonl"], "--output, --workers and --engine are for --conversations"),
        ([], "neither a PLAN nor --conversations is given"),
    ],
)
def test_flags_that_do_not_go_together(flags: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    write("c.jsonl", record("a"))
    assert main(["audit", *flags]) == 2
    assert f"error: {message}" in capsys.readouterr().err
    assert not Path("o.jsonl").exists()


def test_explain_shows_each_call_and_where_its_values_stood(capsys: pytest.CaptureFixture[str]) -> None:
    write("c.jsonl", record("a"), record("b", last="wipe_disk"))
    assert main(["explain", "--conversations", "c.jsonl", "--id", "b"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("b  clerk: Read report.txt and tell ann@corp.example.\n")
    for part in (
        "n1 (call_1)  read_file",
        "n2 (call_2)  wipe_disk",
        "to: tier 1, stands in a message",
        "DENY",
        "latent",
    ):
        assert part in shown, part
    assert main(["explain", "--conversations", "c.jsonl", "--json"]) == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["id"] for line in found] == ["a", "b"]
    assert found[1]["calls"][1]["verdict"] == "deny"
    assert found[1]["calls"][1]["values"] == [{"argument": "to", "tier": 1, "source": None}]
    assert set(found[0]["calls"][0]["energy"]) >= {"all", "flow", "latent"}
    assert main(["explain", "--conversations", "c.jsonl", "--id", "z"]) == 2
    assert "error: c.jsonl: no conversation has the id 'z'" in capsys.readouterr().err
    assert main(["explain", "plan.json", "--id", "z"]) == 2


def test_bench_prints_the_tables(capsys: pytest.CaptureFixture[str]) -> None:
    write(
        "c.jsonl",
        record("a", label="compliant", meta={"kind": "benign", "copies": 3}),
        record("b", label="compliant", last="wipe_disk", meta={"kind": "odd"}),
        record("c", label="violation", last="wipe_disk", violating_calls=["call_2"], meta={"kind": "attack"}),
        record("d", label="violation", violating_calls=["call_1"], meta={"kind": "attack"}),
    )
    command = ["bench", "conversations", "c.jsonl", "--by", "meta.kind", "--output", "report"]
    assert main([*command, "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    figures = summary["files"]["c.jsonl"]
    assert (figures["num_compliant"], figures["num_violations"]) == (2, 2)
    assert figures["denied"] == 0.25
    assert figures["groups"]["odd"]["denied"] == 1.0
    assert json.loads(Path("report/summary.json").read_text()) == summary
    assert "| c.jsonl | 2 | 2 |" in Path("report/report.md").read_text()
    assert main([*command, "--limit", "2"]) == 0
    assert "c.jsonl, attack" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["conversations"], "gatling bench conversations needs a FILE, or several"),
        (["conversations", "c.jsonl", "--suites", "slack"], "--suites is not for gatling bench conversations"),
        (["agentdojo", "--by", "meta.kind"], "--by is not for gatling bench agentdojo"),
        (["agentdojo", "c.jsonl"], "FILE is not for gatling bench agentdojo"),
        (["conversations", "c.jsonl", "c.jsonl"], "c.jsonl is given twice"),
        (["conversations", "c.jsonl", "--limit", "0"], "--limit is 0, it must be at least 1"),
        (["conversations", "c.jsonl", "--escalate-from", "0"], "plans escalate from 0.0 on"),
        (["conversations", "n.jsonl"], "n.jsonl:1: label: None, wanted compliant or violation"),
    ],
)
def test_bench_refuses_in_one_sentence(flags: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    write("c.jsonl", record("a", label="compliant"))
    write("n.jsonl", record("a"))
    assert main(["bench", *flags]) == 2
    assert message in capsys.readouterr().err


def test_explain_writes_a_page(capsys: pytest.CaptureFixture[str]) -> None:
    write("c.jsonl", record("a"), record("b<b>", last="wipe_disk"))
    assert main(["explain", "--conversations", "c.jsonl", "--html", "page.html"]) == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert "page.html: 2 conversations" in said.err
    page = Path("page.html").read_text()
    assert page.count('<article class="call') == 4
    assert "b&lt;b&gt;" in page
    assert "forbidden_operations[0]" in page
    assert main(["explain", "--conversations", "c.jsonl", "--id", "a", "--html", "page.html"]) == 0
    assert "b&lt;b&gt;" not in Path("page.html").read_text()


def test_a_page_shows_what_could_be_read_and_the_status_says_it_is_not_all(capsys: pytest.CaptureFixture[str]) -> None:
    broken = record("a")
    broken["messages"][3] = {"role": "nobody"}
    write("c.jsonl", broken, record("b"))
    assert main(["explain", "--conversations", "c.jsonl", "--html", "page.html"]) == 2
    assert "error: c.jsonl:1: messages[3]" in capsys.readouterr().err
    page = Path("page.html").read_text()
    assert page.count('<article class="call') == 3
    assert "The rest cannot be read: c.jsonl:1: messages[3]" in page


def test_the_page_is_of_recorded_conversations(capsys: pytest.CaptureFixture[str]) -> None:
    write("c.jsonl", record("a"))
    assert main(["explain", "--conversations", "c.jsonl", "--html", "p.html", "--json"]) == 2
    assert "--html and --json are both given" in capsys.readouterr().err
    assert main(["explain", "plan.json", "--html", "p.html"]) == 2
    assert "--html is for --conversations" in capsys.readouterr().err
    assert not Path("p.html").exists()


def test_every_reason_has_a_remedy() -> None:
    from gatling.cli.decision import _REMEDY
    from gatling.energy import Code

    assert set(_REMEDY) == set(Code)
