"""`gatling policy test` on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gatling.cli import main
from gatling.cli import policy_test as command
from gatling.runtime import folder
from gatling.schema import write_traces
from gatling.training.config import TrainingConfig
from gatling.training.loop import fit
from tests.builders import SMALL, many_traces

POLICY = """\
allowed_operations: [list_emails, send_email]
scope_limits:
  list_emails.limit: 50
default: deny
"""


@pytest.fixture(autouse=True)
def _policy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A policy, and no bundled model: tests of it are those of every command, in tests/test_pretrained.py."""
    Path("p.yaml").write_text(POLICY)
    monkeypatch.setattr(folder, "PRETRAINED", Path("none"))


def test_the_table_the_examples_and_the_fix(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "test", "p.yaml"]) == 0
    out = capsys.readouterr().out
    assert "attacks on 3 compliant plans of 1 role" in out
    assert "list destinations for `send_email`: allowed_destinations:" in out
    assert "allowed_operations[1] (line 1) grants it, no explicit rule says where it sends to" in out
    assert "no model was asked" in out
    assert "learned" not in out.split("no model")[0]
    assert main(["policy", "test", "p.yaml", "--examples", "0"]) == 0
    assert "fix" not in capsys.readouterr().out


def test_json_holds_everything(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "test", "p.yaml", "--json", "--per-mutation", "5", "--seed", "3"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert list(report) == [
        "file", "seeds", "mutants", "killed", "learned", "survived", "undecided", "score", "score_with_model",
        "energy_threshold", "mutations", "holes", "attacks",
    ]  # fmt: skip
    assert report["mutants"] == len(report["attacks"]) == report["killed"] + report["survived"]
    assert report["score"] == report["killed"] / report["mutants"]
    assert (report["learned"], report["score_with_model"], report["energy_threshold"]) == (0, None, None)
    assert sum(row["killed"] for row in report["mutations"].values()) == report["killed"]
    assert sum(hole["mutants"] for hole in report["holes"]) == report["survived"]
    swap = next(h for h in report["holes"] if h["mutation"] == "destination_swap")
    assert (swap["tool"], swap["argument"], swap["clause"], swap["line"]) == (
        "send_email", "to", "allowed_operations[1]", 1,
    )  # fmt: skip


def test_the_exit_status_follows_the_score(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "test", "p.yaml", "--fail-under", "0.05"]) == 0
    assert main(["policy", "test", "p.yaml", "--fail-under", "1"]) == 3


def test_a_model_judges_what_the_rules_let_pass(capsys: pytest.CaptureFixture[str]) -> None:
    write_traces("gold.jsonl", many_traces(24))
    fit(TrainingConfig(**SMALL, dataset=(Path("gold.jsonl"),), epochs=1, precision="fp32"))
    capsys.readouterr()
    flags = ["--model", "checkpoints/best.pt", "--per-mutation", "4"]
    assert main(["policy", "test", "p.yaml", *flags, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["learned"] + report["survived"] + report["killed"] == report["mutants"]
    assert report["score_with_model"] == (report["killed"] + report["learned"]) / report["mutants"]
    assert all((a["energy"] is None) == (a["verdict"] == "killed") for a in report["attacks"])
    assert all(
        (a["energy"] > report["energy_threshold"]) == (a["verdict"] == "learned")
        for a in report["attacks"]
        if a["energy"] is not None
    )
    assert main(["policy", "test", "p.yaml", *flags]) == 0
    assert "with the model" in capsys.readouterr().out


def test_own_traces(capsys: pytest.CaptureFixture[str]) -> None:
    write_traces("gold.jsonl", many_traces(12))
    Path("p.yaml").write_text("allowed_operations: [read_file]\n")
    assert main(["policy", "test", "p.yaml", "--traces", "gold.jsonl", "--examples", "0"]) == 0
    assert "on 12 compliant plans" in capsys.readouterr().out
    Path("p.yaml").write_text("allowed_operations: [list_emails]\n")
    assert main(["policy", "test", "p.yaml", "--traces", "gold.jsonl"]) == 2
    assert "no compliant plan of gold.jsonl to attack: it denies all 12" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["test", "p.yaml", "--fail-under", "1.5"], "--fail-under is 1.5, it must be from 0 to 1"),
        (["test", "p.yaml", "--per-mutation", "0"], "--per-mutation is 0, it must be from 1 to 1000"),
        (["test", "p.yaml", "--examples", "-1"], "--examples is -1, it must be at least 0"),
        (["test", "p.yaml", "--role", "x", "--traces", "t"], "--role is for plans made from the policy"),
        (["test", "roles.yaml", "--role", "x"], "--role is 'x', the policy defines boss, clerk"),
        (["test", "p.yaml", "--check-labels"], "--check-labels is about the labels of --traces"),
        (["test", "none.yaml"], "none.yaml: cannot be read: No such file or directory"),
        (["test", "empty.yaml"], "empty.yaml: nothing to attack: no rule that is read grants a call to user"),
        (["test", "shut.yaml"], "no compliant call could be made of 1 tool, the first is list_emails: n1.scope_volume"),
    ],
)  # fmt: skip
def test_what_cannot_be_tested_is_one_sentence(
    flags: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("roles.yaml").write_text("roles: {clerk: {allowed_operations: [list_emails]}, boss: {max_sensitivity: 3}}\n")
    Path("empty.yaml").write_text("forbidden_operations: [purge_mail]\n")
    Path("shut.yaml").write_text("allowed_operations: [list_emails]\nmax_records: 0\n")
    assert main(["policy", *flags]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert len(error.splitlines()) == 1


def test_cedar_policies_need_their_engine(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    Path("p.yaml").write_text('format: cedar\ncedar: "permit(principal, action, resource);"\n')
    monkeypatch.setattr(command, "is_installed", lambda: False)
    assert main(["policy", "test", "p.yaml"]) == 1
    assert "testing Cedar policies needs the extra 'cedar'" in capsys.readouterr().err
