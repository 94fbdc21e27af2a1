"""`gatling audit`, `repair`, `explain`, `train-energy`, `calibrate`: exit statuses, messages, what is written."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from gatling.cli import main
from gatling.critics_training import run as critics_run
from gatling.energy.calibration import CALIBRATION_NAME, Calibration
from gatling.energy.composite import CRITICS_NAME, CompositeEnergy
from gatling.hub.hub import write_folder
from gatling.runtime import folder
from gatling.runtime.folder import encoders_digest
from gatling.schema import parse_plan, write_traces
from gatling.training.config import TrainingConfig
from gatling.training.loop import fit
from tests.builders import SMALL, many_traces
from tests.energy.critics import made_up_calibration, made_up_critics
from tests.sizes import num_cases

POLICY = "allowed_operations:\n  - read_file\n  - list_invoices\nscope_limits:\n  list_invoices.limit: 100\n"
READ = {"tool_name": "read_file", "node_id": "n1", "arguments": {"path": "q3.txt"}, "provenance_tier": 1}
WIDE = {"tool_name": "list_invoices", "node_id": "n2", "arguments": {"limit": 5_000}, "provenance_tier": 1}
WIPE = {"tool_name": "wipe_disk", "node_id": "n3", "provenance_tier": 3}


@pytest.fixture(scope="module")
def encoders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("encoders")
    write_traces(place / "gold.jsonl", many_traces(12))
    fit(TrainingConfig(**SMALL, dataset=(place / "gold.jsonl",), checkpoint_dir=place, store_dir=place / "s", epochs=1))
    write_folder(place / "best.pt", place / "model", card="")
    return place / "model"


@pytest.fixture
def model(encoders: Path, tmp_path: Path) -> Path:
    """A model folder whose critics deny nothing by themselves."""
    place = tmp_path / "model"
    place.mkdir()
    for file in encoders.iterdir():
        (place / file.name).write_bytes(file.read_bytes())
    critics = replace(made_up_critics(), encoders=encoders_digest(place))
    (place / CRITICS_NAME).write_bytes(critics.to_json())
    digest = CompositeEnergy.read(place / CRITICS_NAME, None, encoders=encoders_digest(place)).digest
    (place / CALIBRATION_NAME).write_bytes(replace(made_up_calibration(line=1e6), critics_digest=digest).to_json())
    return place


def run(command: str, model: Path, *nodes: dict[str, Any], flags: tuple[str, ...] = ()) -> int:
    Path("policy.yaml").write_text(POLICY)
    Path("plan.json").write_text(json.dumps({"nodes": nodes}))
    return main([command, "plan.json", "--policy", "policy.yaml", "--role", "clerk", "--model", str(model), *flags])


def test_statuses_say_the_verdict(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("audit", model, READ) == 0
    assert "ALLOW  1 call" in capsys.readouterr().out
    assert run("audit", model, READ, WIDE, WIPE) == 3
    shown = capsys.readouterr().out
    assert "DENY  3 calls" in shown
    assert "line 5" in shown
    assert "at most 100" in shown
    assert "wipe_disk" in shown
    Path("open.yaml").write_text("default: allow\nforbidden_operations: [wipe_disk]\n")
    assert main(["audit", "plan.json", "--policy", "open.yaml", "--role", "clerk", "--model", str(model)]) == 3
    Path("plan.json").write_text(json.dumps({"nodes": [READ]}))
    assert main(["audit", "plan.json", "--policy", "open.yaml", "--role", "clerk", "--model", str(model)]) == 4
    assert "ESCALATE" in capsys.readouterr().out


def test_json_is_what_logs_see(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("audit", model, READ, WIDE, flags=("--json",)) == 3
    decision = json.loads(capsys.readouterr().out)
    assert decision["verdict"] == "deny"
    assert [r["code"] for r in decision["reasons"]] == ["requirement"]
    assert "energy" not in json.dumps(decision)


def test_a_trace_brings_its_own_context(model: Path) -> None:
    trace = many_traces(1, violations=False)[0]
    Path("trace.json").write_text(json.dumps(trace.to_dict()))
    assert main(["audit", "trace.json", "--model", str(model)]) == 0
    assert main(["audit", "trace.json", "--model", str(model), "--role", "nobody"]) == 0


def test_repair_writes_a_plan_that_passes(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("repair", model, READ, WIDE, WIPE, flags=("--output", "out.json")) == 0
    repaired = parse_plan(json.loads(Path("out.json").read_text()))
    assert [(n.node_id, n.arguments.get("limit")) for n in repaired.nodes] == [("n1", None), ("n2", 100)]
    assert "a plan that passes" in capsys.readouterr().out
    assert run("audit", model, *[n.model_dump(mode="json", exclude_unset=True) for n in repaired.nodes]) == 0
    Path("out.json").unlink()
    assert run("repair", model, WIPE, flags=("--output", "out.json")) == 3
    assert not Path("out.json").exists()
    assert "no repair" in capsys.readouterr().out


def test_explain_shows_every_critic(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("explain", model, READ, WIDE) == 3
    shown = capsys.readouterr().out
    for word in ("hierarchy", "provenance", "scope", "flow", "latent", "by its name"):
        assert word in shown
    assert run("explain", model, READ, flags=("--json",)) == 0
    nodes = json.loads(capsys.readouterr().out)["nodes"]
    assert set(nodes[0]["energy"]) == {"all", "hierarchy", "provenance", "scope", "flow", "latent"}


@pytest.mark.parametrize(
    ("plan", "flags", "message"),
    [
        (None, [], "plan.json: cannot be read"),
        ("[1]", [], "plan.json: not a plan: it is no JSON object"),
        ('{"nodes": []}', [], "plan.json: nodes"),
        ("", [], "plan.json: empty"),
        ('{"nodes": [\n', [], "plan.json: not JSON: Expecting value at the end"),
        ('{"nodes": [],\n "edges" []}\n', [], "plan.json: not JSON: Expecting ':' delimiter at line 2, column 10"),
        ('{"nodes" []}\n', [], "plan.json: not JSON: Expecting ':' delimiter at column 10"),
        ('{"nodes": [{"tool_name": "a", "node_id": "n1", "provenance_tier": 9}]}', [], "nodes[0].provenance_tier"),
        ('{"nodes": [{"tool_name": "a", "node_id": "n1"}]}', ["--policy", "gone.yaml"], "gone.yaml: cannot be read"),
        ('{"nodes": [{"tool_name": "a", "node_id": "n1"}]}', [], "--policy is missing"),
        ('{"nodes": [{"tool_name": "a", "node_id": "n1"}]}', ["--session", "gone.json"], "gone.json: cannot be read"),
    ],
)
def test_bad_input_is_named(
    plan: str | None, flags: list[str], message: str, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if plan is not None:
        Path("plan.json").write_text(plan)
    assert main(["audit", "plan.json", "--role", "r", "--model", str(model), *flags]) == 2
    assert message in capsys.readouterr().err


def test_a_model_without_critics_is_a_fault(encoders: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("audit", encoders, READ) == 1
    assert "critics.json is missing" in capsys.readouterr().err


def test_critics_are_trained_calibrated_and_used(
    encoders: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder, "PRETRAINED", encoders)
    few = partial(critics_run.fit_weights, steps=num_cases(many=600, few=100))
    monkeypatch.setattr(critics_run, "fit_weights", few)
    write_traces("gold.jsonl", many_traces(40))
    rates = ["--max-false-alarms", "0.05", "--max-escalations", "0.2"]
    fast = ["--networks", "1", "--steps", "40", "--hidden", "3", "--per-trace", "1"]
    trains = ["train-energy", "--dataset", "gold.jsonl", "--output", "guard", *rates, *fast]
    assert main([*trains, "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["auroc"]["composite"] > 0.6
    assert set(figures["weights"]) == {"hierarchy", "provenance", "scope", "flow", "latent"}
    first = Path("guard", CRITICS_NAME).read_bytes()
    assert main(trains) == 0  # the same data and seed give the same bytes
    assert Path("guard", CRITICS_NAME).read_bytes() == first
    assert main(["calibrate", "--model", "guard", "--dataset", "gold.jsonl", *rates, "--report-dir", "report"]) == 0
    assert Path("report", "calibration.png").read_bytes()[:4] == b"\x89PNG"
    digest = CompositeEnergy.read(Path("guard", CRITICS_NAME), _Any(), encoders=encoders_digest(Path("guard"))).digest
    calibration = Calibration.read(Path("guard", CALIBRATION_NAME), digest)
    assert calibration.figures["denied_contexts"]["share"] <= 0.05
    assert run("audit", Path("guard"), READ, flags=("--request", "Read q3.txt.")) in (0, 3, 4)
    capsys.readouterr()
    assert run("audit", Path("guard"), WIPE, flags=("--request", "Read q3.txt.", "--json")) == 3
    assert json.loads(capsys.readouterr().out)["reasons"][0]["code"] == "not_granted"


class _Any:
    """Stands in for encoders that are not asked."""


@pytest.mark.parametrize(
    ("flags", "status", "message"),
    [
        (["--max-false-alarms", "0"], 2, "--max-false-alarms is 0"),
        (["--max-false-alarms", "0.5", "--max-escalations", "0.1"], 2, "--max-escalations is 0.1"),
        (["--max-false-alarms", "0.001", "--max-escalations", "0.1"], 2, "at least 999 are needed"),
        (["--hidden", "4"], 2, "--hidden is 4"),
        (["--steps", "0"], 2, "--steps is 0"),
        (["--mutations", "nonsense"], 2, "nonsense"),
    ],
)
def test_settings_out_of_range(
    flags: list[str],
    status: int,
    message: str,
    encoders: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write_traces("gold.jsonl", many_traces(8))
    fast = ["--networks", "1", "--steps", "2", "--per-trace", "1", "--model", str(encoders)]
    monkeypatch.setattr(critics_run, "cross_energies", None)  # nothing is fitted before
    assert main(["train-energy", "--dataset", "gold.jsonl", "--output", "guard", *fast, *flags]) == status
    assert message in capsys.readouterr().err


def test_traces_without_blame_or_without_gold_are_refused(encoders: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gold = [t for t in many_traces(6) if t.is_compliant]
    write_traces("gold.jsonl", gold)
    flags = ["--output", "guard", "--model", str(encoders), "--per-trace", "0", "--steps", "2"]
    assert main(["train-energy", "--dataset", "gold.jsonl", *flags]) == 1
    assert "need compliant plans, and violations that name a node" in capsys.readouterr().err
    assert not Path("guard").exists()
