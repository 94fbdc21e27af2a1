"""The native format at the command line: its schema, what lint and audit say of a slip of the pen, and `--lenient`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gatling.cli import main
from gatling.policy import native_schema
from tests.cli.conversations import CONTEXT, record, write

SLIP = "allowed_operations: ['*']\nforbiden_operations: [delete_file]\n"
HINT = "forbiden_operations: unknown key forbiden_operations in a policy; did you mean forbidden_operations?"


@pytest.fixture(autouse=True)
def _files() -> None:
    Path("slip.yaml").write_text(SLIP)
    for tool in ("delete_file", "read_file"):
        Path(f"{tool}.json").write_text(
            json.dumps({"nodes": [{"tool_name": tool, "node_id": "n1", "provenance_tier": 1}]})
        )


def audit(tool: str, *flags: str) -> int:
    return main(
        ["audit", f"{tool}.json", "--role", "clerk", "--policy", "slip.yaml", "--request", "Read, then delete.", *flags]
    )


def test_the_schema_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "schema"]) == 0
    assert json.loads(capsys.readouterr().out) == native_schema()
    assert main(["policy", "schema", "--format", "iam,oauth"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown == native_schema(["iam", "oauth"])
    assert {"Statement", "granted_scopes"} <= shown["properties"].keys()
    assert main(["policy", "schema", "--format", "opa"]) == 2
    assert main(["policy", "lint"]) == 2
    for flags in (["schema", "slip.yaml"], ["schema", "--strict"], ["lint", "slip.yaml", "--format", "iam"]):
        with pytest.raises(SystemExit) as caught:
            main(["policy", *flags])
        assert caught.value.code == 2


def test_a_slip_is_an_error_with_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "lint", "slip.yaml"]) == 3
    assert f"slip.yaml:2: error format: {HINT}" in capsys.readouterr().out
    for tool in ("delete_file", "read_file"):
        assert audit(tool) == 2
        assert f"slip.yaml:2: {HINT}" in capsys.readouterr().err
    assert main(["policy", "test", "slip.yaml"]) == 2
    assert f"slip.yaml:2: {HINT}" in capsys.readouterr().err


def test_lenient_lists_what_is_not_read_and_escalates_what_it_is_about(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "lint", "slip.yaml", "--lenient"]) == 0
    assert "slip.yaml:2: note unrecognised: forbiden_operations[0]" in capsys.readouterr().out
    assert audit("delete_file", "--lenient") == 4
    assert "not read: slip.yaml: forbiden_operations[0] (line 2)" in capsys.readouterr().err
    assert audit("read_file", "--lenient") == 0


def test_the_policy_of_a_trace_is_read_leniently(capsys: pytest.CaptureFixture[str]) -> None:
    plan = json.loads(Path("delete_file.json").read_text())
    policy = {"allowed_operations": ["*"], "forbiden_operations": ["delete_file"]}
    context = {"policy": policy, "user_role": "clerk", "session_context": {"user_request": "Delete it."}}
    Path("trace.json").write_text(json.dumps({"governance_context": context, "execution_plan": plan}))
    assert main(["audit", "trace.json"]) == 4
    assert "not read: forbiden_operations[0]" in capsys.readouterr().err


def test_conversations_say_how_much_of_their_policies_is_not_read(capsys: pytest.CaptureFixture[str]) -> None:
    odd = {**CONTEXT, "policy": {**CONTEXT["policy"], "building": "North Wing", "motto": "Onwards"}}  # type: ignore[dict-item]
    write(
        "c.jsonl", record("a"), {**record("b"), "governance_context": odd}, {**record("c"), "governance_context": odd}
    )
    assert main(["audit", "--conversations", "c.jsonl", "--output", "out.jsonl"]) == 0
    assert (
        "1 of 2 policies are not read whole, 2 parts; the first is building: not a part that is read"
        in capsys.readouterr().err
    )
    verdicts = [json.loads(line)["verdict"] for line in Path("out.jsonl").read_text().splitlines()]
    assert verdicts[0] == verdicts[1] == verdicts[2]
    assert main(["audit", "--conversations", "c.jsonl", "--output", "out.jsonl", "--lenient"]) == 2
