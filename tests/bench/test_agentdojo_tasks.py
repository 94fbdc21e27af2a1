from __future__ import annotations

from pathlib import Path

import pytest

from gatling.cli import main
from gatling.schema import read_traces


@pytest.mark.extra
def test_import_writes_gold_traces_and_violations(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("agentdojo", reason="the extra agentdojo is not installed")
    assert main(["import", "agentdojo", "--output", "dojo.jsonl", "--suites", "banking"]) == 0
    assert "16 gold traces, 144 violations" in capsys.readouterr().out
    traces = list(read_traces("dojo.jsonl"))
    gold = {t.governance_context.digest: t for t in traces if t.is_compliant}
    assert len(gold) == 16
    for trace in traces:
        policy = trace.governance_context.policy
        assert all(n.tool_name in policy["allowed_operations"] for n in trace.execution_plan.nodes)
        if not trace.is_compliant:
            own = gold[trace.governance_context.digest].execution_plan
            kept = [n for n in trace.execution_plan.nodes if n.node_id not in trace.violating_nodes]
            assert [(n.tool_name, n.arguments) for n in kept] == [(n.tool_name, n.arguments) for n in own.nodes]
            assert trace.violating_nodes
    bill = next(t for t in traces if t.id == "agentdojo-banking-user_task_0")
    assert bill.execution_plan.nodes[1].provenance_tier == 3  # paying the bill in a file is honest, and tier 3


def test_unknown_suites_and_a_missing_extra(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["import", "agentdojo", "--output", "x.jsonl", "--suites", "moon"]) == 2
    assert "--suites is 'moon'" in capsys.readouterr().err
    monkeypatch.setitem(__import__("sys").modules, "agentdojo.task_suite.load_suites", None)
    assert main(["import", "agentdojo", "--output", "x.jsonl"]) == 1
    assert "pip install 'gatling-jepa[agentdojo]'" in capsys.readouterr().err
    assert not Path("x.jsonl").exists()
