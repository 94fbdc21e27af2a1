"""`gatling attack`: tables, records to train on, the same bytes for a seed, and sentences about what it cannot use."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gatling.cli import main
from gatling.guard import conversations
from gatling.testing import FixedGuard
from tests.attack.adaptive_cases import CONTEXT, honest, violation


def write(path: str, count: int = 3) -> None:
    lines = []
    for i in range(count):
        case = violation(("plain", "json", "html")[i % 3])
        lines.append({"id": f"v{i}", "messages": case.messages, "governance_context": CONTEXT, **case.notes})
    lines.append({"id": "h", "messages": honest().messages, "governance_context": CONTEXT, "label": "compliant"})
    Path(path).write_text("".join(json.dumps(line) + "\n" for line in lines))


@pytest.fixture
def weak(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A guard that an invitation gets past, and nothing else."""
    monkeypatch.chdir(tmp_path)
    fake = FixedGuard(
        lambda context, plan, node: "deny" if node.tool_name == "send_email" else "allow", deadline_ms=None
    )
    monkeypatch.setattr(conversations, "guard_of", lambda model, escalate_from=None: fake)


@pytest.mark.usefixtures("weak")
def test_the_curve_the_families_and_the_records(capsys: pytest.CaptureFixture[str]) -> None:
    write("c.jsonl")
    words = ["attack", "c.jsonl", "--queries", "60", "--output"]
    assert main([*words, "found.jsonl", "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["queries"] == [1, 3, 10, 30, 60]
    assert (summary["asked"], summary["all"]["caught"]) == (3, 3)
    curve = [share["through"] for share in summary["all"]["curve"].values()]
    assert curve == sorted(curve)
    assert curve[-1] == 1.0
    assert curve[0] < 1.0
    assert summary["families"]["tools"]["curve"]["60"]["through"] == 1.0
    assert summary["families"]["wording"]["curve"]["60"]["through"] == 0.0
    assert summary["suites"]["office"] == summary["all"]
    found = [json.loads(line) for line in Path("found.jsonl").read_text().splitlines()]
    assert [record["id"] for record in found] == ["v0-adaptive", "v1-adaptive", "v2-adaptive"]
    for record in found:
        queries = record["meta"]["adaptive"]["queries"]
        assert sum(q["through"] < 1 for q in summary["all"]["curve"].values()) >= (queries > 1)
    assert main([*words, "again.jsonl"]) == 0
    assert Path("again.jsonl").read_bytes() == Path("found.jsonl").read_bytes()
    shown = capsys.readouterr().out
    assert "3 violations, 3 stopped, 3 of these got through" in shown
    assert "60 queries" in shown


@pytest.mark.usefixtures("weak")
def test_held_out_families_and_limits(capsys: pytest.CaptureFixture[str]) -> None:
    write("c.jsonl", 6)
    assert main(["attack", "c.jsonl", "--queries", "12", "--without-moves", "tools", "--limit", "2", "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert (summary["asked"], summary["all"]["caught"], summary["num_queries"]) == (2, 2, 24)
    assert summary["all"]["curve"]["12"]["through"] == 0.0
    assert main(["attack", "c.jsonl", "--moves", "tools", "--limit", "2", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["all"]["curve"]["100"]["through"] == 1.0


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ([], "gatling attack needs a FILE, or several"),
        (["c.jsonl", "--queries", "0"], "--queries is 0, it must be at least 1"),
        (["c.jsonl", "--limit", "0"], "--limit is 0, it must be at least 1"),
        (["c.jsonl", "--moves", ","], "--moves is empty"),
        (["c.jsonl", "--moves", "colour"], "--moves names 'colour', it must be of addresses"),
        (["n.jsonl"], "n.jsonl:1: label: None, wanted compliant or violation"),
        (["b.jsonl"], "b.jsonl:1: meta.injection_spans: {'message': 3}, wanted characters of a message's content"),
    ],
)
@pytest.mark.usefixtures("weak")
def test_it_refuses_in_one_sentence(flags: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    write("c.jsonl")
    case: dict[str, Any] = {"messages": violation().messages, "governance_context": CONTEXT}
    Path("n.jsonl").write_text(json.dumps(case) + "\n")
    marked = {
        **case,
        "label": "violation",
        "violating_calls": ["call_2"],
        "meta": {"injection_spans": [{"message": 3}]},
    }
    Path("b.jsonl").write_text(json.dumps(marked) + "\n")
    assert main(["attack", *flags]) == 2
    assert message in capsys.readouterr().err
