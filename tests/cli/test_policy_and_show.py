"""`gatling policy lint`, `gatling show`, and scoring on a cluster."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gatling.cli import main
from gatling.schema import write_traces
from gatling.training.config import TrainingConfig
from gatling.training.loop import fit
from tests.builders import SMALL, many_traces

SOUND = "allowed_operations: [list_events]\nscope_limits: {list_events.limit: 5}\ndefault: deny\n"
TORN = "allowed_operations: [list_events, get_event]\nforbidden_operations:\n  - get_event\n"
IDLE = "allowed_operations: [list_events, list_*]\n"


@pytest.mark.parametrize(
    ("text", "flags", "status", "shown"),
    [
        (SOUND, [], 0, "p.yaml: 2 rules; 0 errors, 0 warnings, 0 notes"),
        (TORN, [], 3, "p.yaml:1: error contradiction: allowed_operations[1]: has no effect"),
        (IDLE, [], 0, "p.yaml:1: warning shadowed: allowed_operations[0]: repeats allowed_operations[1] (line 1)"),
        (IDLE, ["--strict"], 3, "1 warnings"),
        (SOUND, ["--catalog", "builtin"], 0, "0 warnings"),
        ("allowed_operations: [list_event]", ["--catalog", "builtin", "--strict"], 3, "did you mean list_events?"),
    ],
)
def test_lint(text: str, flags: list[str], status: int, shown: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("p.yaml").write_text(text)
    assert main(["policy", "lint", "p.yaml", *flags]) == status
    assert shown in capsys.readouterr().out


def test_lint_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    Path("p.yaml").write_text(TORN)
    assert main(["policy", "lint", "p.yaml", "--json"]) == 3
    report = json.loads(capsys.readouterr().out)
    assert (report["error"], report["findings"][0]["line"]) == (1, 1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "p.yaml: cannot be read: No such file or directory"),
        ("a: 1\na: 2\n", "p.yaml:2: key 'a' stands twice in one mapping"),
        ("- a\n", "p.yaml: the policy is a list, wanted a mapping"),
        ("a: &x 1\n", "p.yaml:1: anchors and aliases are not read"),
    ],
)
def test_a_policy_that_cannot_be_read(text: str | None, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    if text is not None:
        Path("p.yaml").write_text(text)
    assert main(["policy", "lint", "p.yaml"]) == 2
    assert capsys.readouterr().err.strip() == f"error: {message}"


def test_show_is_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    write_traces("t.jsonl", many_traces(6))
    assert main(["show", "t.jsonl", "--sample", "3", "--label", "violation"]) == 0
    out = capsys.readouterr().out
    assert "violation (deletion)" in out
    assert "x n2  delete_file()" in out
    assert "3 of 3 traces" in out


def test_show_draws_its_sample_from_the_whole_file(capsys: pytest.CaptureFixture[str]) -> None:
    write_traces("t.jsonl", many_traces(200, violations=False))
    found = set()
    for seed in range(4):
        assert main(["show", "t.jsonl", "--sample", "5", "--seed", str(seed), "--json"]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert len(lines) == 5
        found |= {json.loads(line)["id"] for line in lines}
    assert len(found) > 10
    assert max(int(name[1:]) for name in found) > 100
    assert main(["show", "t.jsonl", "--sample", "0"]) == 2


@pytest.mark.extra
@pytest.mark.slow
def test_scores_on_ray_are_the_same_bytes() -> None:
    pytest.importorskip("ray")
    write_traces("gold.jsonl", many_traces(300))
    fit(TrainingConfig(**SMALL, dataset=(Path("gold.jsonl"),), epochs=1, precision="fp32"))
    flags = ["score", "--model", "checkpoints/best.pt", "--input", "gold.jsonl", "--precision", "fp32"]
    assert main([*flags, "--output", "here.jsonl"]) == 0
    assert main([*flags, "--output", "there.jsonl", "--engine", "ray"]) == 0
    assert Path("here.jsonl").read_bytes() == Path("there.jsonl").read_bytes()
