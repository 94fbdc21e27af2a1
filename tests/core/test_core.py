"""What the core alone must do: every command of the guard, and clear words where an extra is needed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from gatling.cli import main
from gatling.errors import MissingExtraError, extra_for
from gatling.guard import Guard

POLICY = {"allowed_operations": ["read_file"], "scope_limits": {"read_file.limit": 10}}
FLAGS = ["--policy", "policy.json", "--role", "clerk", "--request", "Read report.txt."]


def write(limit: int) -> None:
    Path("policy.json").write_text(json.dumps(POLICY))
    call = {"tool_name": "read_file", "node_id": "n1", "provenance_tier": 1}
    plan = {"nodes": [{**call, "arguments": {"path": "report.txt", "limit": limit}}]}
    Path("plan.json").write_text(json.dumps(plan))


@pytest.mark.parametrize(("limit", "status"), [(5, 0), (500, 3)])
def test_audit_repair_and_explain(limit: int, status: int, capsys: pytest.CaptureFixture[str]) -> None:
    write(limit)
    assert main(["audit", "plan.json", *FLAGS]) == status
    assert main(["repair", "plan.json", *FLAGS, "--output", "mended.json"]) == 0
    if status:
        assert json.loads(Path("mended.json").read_text())["nodes"][0]["arguments"]["limit"] == 10
    assert main(["explain", "plan.json", *FLAGS]) == status
    assert "read_file" in capsys.readouterr().out


def test_the_policy_commands(capsys: pytest.CaptureFixture[str]) -> None:
    write(5)
    assert main(["policy", "lint", "policy.json"]) == 0
    assert main(["policy", "test", "policy.json", "--per-mutation", "1"]) in (0, 3)
    assert "killed by rules; with the model" in capsys.readouterr().out


def test_the_guard_loads_nothing_of_an_extra() -> None:
    code = (
        "import sys; from gatling.guard import Guard; Guard.from_pretrained();"
        "print(sorted({'torch', 'pyarrow', 'matplotlib', 'safetensors', 'tokenizers', 'huggingface_hub'} & {*sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_only_what_an_extra_brings_is_called_missing() -> None:
    with (
        pytest.raises(
            MissingExtraError, match=r"^drawing needs the extra 'train': pip install 'gatling-jepa\[train\]'$"
        ),
        extra_for("drawing"),
    ):
        raise ModuleNotFoundError("No module named 'matplotlib.axes'", name="matplotlib.axes")
    with pytest.raises(ModuleNotFoundError), extra_for("drawing"):
        raise ModuleNotFoundError("No module named 'gatling.typo'", name="gatling.typo")


def test_the_bundled_guard_allows_and_denies() -> None:
    guard = Guard.from_pretrained(deadline_ms=None)
    context = {"policy": POLICY, "user_role": "clerk", "session_context": {"user_request": "Read report.txt."}}
    node = {"tool_name": "read_file", "node_id": "n1", "arguments": {"path": "report.txt"}, "provenance_tier": 1}
    assert guard.audit(context, {"nodes": [node]}).is_allowed
    wide = {**node, "arguments": {"path": "report.txt", "limit": 500}}
    assert guard.audit(context, {"nodes": [wide]}).verdict == "deny"
