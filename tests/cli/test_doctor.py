"""`gatling doctor`: what it says of an installation that can guard, and of those that cannot."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from gatling.cli import main
from gatling.runtime.folder import has_pretrained, pretrained_folder

pytestmark = pytest.mark.skipif(not has_pretrained(), reason="no model is bundled")


def test_all_is_well_here(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines] == [
        ["ok", f"{name}:"] for name in ("interpreter", "model", "decisions", "state", "extras")
    ]
    assert "two known calls answered as they must be" in lines[2]


def test_a_damaged_model_and_a_policy_of_another_format_are_faults(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = tmp_path / "model"
    shutil.copytree(pretrained_folder(), model)
    weights = model / "execution_encoder.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x07")
    policy = tmp_path / "policy.yaml"
    policy.write_text("allowed_operations: [pay]\nforbiden_operations: [wipe]\n")
    assert main(["doctor", "--model", str(model), "--policy", str(policy), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert not told["is_fit"]
    faults = {check["name"]: check["found"] for check in told["checks"] if not check["is_fine"]}
    assert set(faults) == {"model", "decisions", "policy"}
    assert "policy.yaml:2" in faults["policy"]


def test_a_model_that_answers_wrongly_is_a_fault(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from gatling.guard.guard import Guard
    from gatling.testing import FixedGuard

    monkeypatch.setattr(Guard, "from_pretrained", lambda *_, **__: FixedGuard(default="allow", deadline_ms=None))
    assert main(["doctor"]) == 1
    assert "FAULT  decisions: delete_file is answered by allow, it must be deny" in capsys.readouterr().out


def test_a_state_folder_that_cannot_be_written_is_a_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("gatling.cli.doctor.os.access", lambda *_: False)
    assert main(["doctor"]) == 1
    assert "set GATLING_STATE" in capsys.readouterr().out
