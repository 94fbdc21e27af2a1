"""Past decisions asked again, and the page on a log."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from gatling.cli import main
from gatling.errors import InputError
from gatling.guard import AuditLog, Guard, Session
from gatling.guard.log import traces_of
from gatling.guard.log.replay import Replay, replay_log
from gatling.guard.log.report import page_of, summarise
from gatling.policy import read_policy
from gatling.schema import read_traces
from gatling.testing import FixedGuard
from tests.energy.critics import auditor

POLICY = {"allowed_operations": ["read_file", "send_email"], "scope_limits": {"read_file.limit": 10}}


def guard() -> Guard:
    return Guard(auditor(line=1e9, escalate=1e9), deadline_ms=None)


def filled(folder: Path, *, keeps: bool = True) -> list[str]:
    log = AuditLog(folder, keeps_questions=keeps)
    held = Session(guard(), policy=POLICY, role="clerk", id="s1", log=log)
    held.feed_user("Read the report and mail it to ann@example.com.")
    verdicts = []
    for tool, arguments in (
        ("read_file", {"path": "report.txt", "limit": 5}),
        ("read_file", {"path": "report.txt", "limit": 50}),
        ("send_email", {"to": "ann@example.com", "body": "the report"}),
        ("wipe_disk", {}),
    ):
        decision = held.judge(tool, arguments)
        verdicts.append(decision.verdict)
        if decision.is_allowed:
            held.feed_result(decision.call_id, "Sales rose.")
    held.stop()
    held.judge("read_file", {})
    held._shared.stops.clear("s1")
    log.close()
    return verdicts


def write_policy(path: Path, **changes: Any) -> Path:
    path.write_text(json.dumps({**POLICY, **changes}))
    return path


def test_the_same_policy_and_model_decide_the_same(tmp_path: Path) -> None:
    assert filled(tmp_path / "log") == ["allow", "deny", "allow", "deny"]
    outcome = Replay()
    assert list(replay_log(tmp_path / "log", guard(), outcome=outcome)) == []
    assert (outcome.num_same, outcome.num_by_the_session, outcome.num_not_kept) == (4, 1, 0)


def test_a_new_policy_changes_what_it_changes(tmp_path: Path) -> None:
    filled(tmp_path / "log")
    new = write_policy(
        tmp_path / "new.json", allowed_operations=["read_file", "wipe_disk"], scope_limits={"read_file.limit": 100}
    )
    outcome = Replay()
    changed = list(replay_log(tmp_path / "log", guard(), policy=read_policy(new), outcome=outcome))
    assert [(c.seq, c.tool, c.before, c.after) for c in changed] == [
        (2, "read_file", "deny", "allow"),
        (3, "send_email", "allow", "deny"),
        (4, "wipe_disk", "deny", "allow"),
    ]
    assert changed[1].reasons == ("not_granted",)
    assert outcome.num_same == 1


def test_a_new_model_is_asked_with_the_policy_of_that_time(tmp_path: Path) -> None:
    filled(tmp_path / "log")
    new = FixedGuard({"send_email": "escalate"}, default="allow", deadline_ms=None)
    changed = list(replay_log(tmp_path / "log", new, outcome=Replay()))
    assert [(c.tool, c.before, c.after) for c in changed] == [
        ("read_file", "deny", "allow"),
        ("send_email", "allow", "escalate"),
        ("wipe_disk", "deny", "allow"),
    ]
    assert {context.policy == POLICY for context, _ in new.asked} == {True}


def test_what_a_person_let_pass_was_an_escalation(tmp_path: Path) -> None:
    log = AuditLog(tmp_path / "log", keeps_questions=True)
    fixed = FixedGuard(default="escalate", deadline_ms=None)
    held = Session(fixed, policy={}, role="r", log=log, on_escalate=lambda question: True)
    assert held.judge("pay", {}).verdict == "allow"
    outcome = Replay()
    assert list(replay_log(tmp_path / "log", fixed, outcome=outcome)) == []
    assert outcome.num_same == 2


def test_a_question_that_was_changed_or_is_gone_is_not_asked(tmp_path: Path) -> None:
    filled(tmp_path / "log")
    path = tmp_path / "log" / "questions.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join((lines[0].replace("report", "secret"), *lines[1:3], "{broken\n")))
    outcome = Replay()
    assert list(replay_log(tmp_path / "log", guard(), outcome=outcome)) == []
    assert (outcome.num_same, outcome.num_not_kept) == (2, 2)
    [policy] = (tmp_path / "log" / "policies").iterdir()
    policy.write_text("{}")
    with pytest.raises(InputError, match="not the policy of that time"):
        list(replay_log(tmp_path / "log", guard(), outcome=Replay()))


def test_without_questions_nothing_is_kept_and_nothing_asked(tmp_path: Path) -> None:
    filled(tmp_path / "log", keeps=False)
    assert not (tmp_path / "log" / "questions.jsonl").exists()
    outcome = Replay()
    list(replay_log(tmp_path / "log", guard(), outcome=outcome))
    assert outcome.num_not_kept == 4


class Page(HTMLParser):
    """Collects the texts of a page, and what could load something from elsewhere."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.loads: list[str] = []
        self.feed(page)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        names = {name for name, _ in attrs}
        if tag in ("script", "link", "img", "iframe", "object") or names & {"src", "href", "onclick", "onload"}:
            self.loads.append(tag)


def test_the_page_shows_what_the_log_holds_and_loads_nothing(tmp_path: Path) -> None:
    log = AuditLog(tmp_path / "log")
    fixed = FixedGuard({"pay": "escalate"}, default="allow", deadline_ms=None)
    held = Session(fixed, policy={}, role="r", log=log, on_escalate=lambda question: True)
    for n in range(3):
        held.judge("read", {"n": n})
    held.judge("pay", {"to": "ann"})
    held.judge("<script>alert(1)</script>", {})
    summary = summarise(tmp_path / "log")
    assert (summary.num_decisions, summary.verdicts["allow"], summary.num_approvals) == (6, 5, 1)
    page = page_of(summary, "T & T")
    read = Page(page)
    text = " ".join(read.texts)
    assert read.loads == []
    for wanted in (
        "T & T",
        "entries 1 to 6",
        "<script>alert(1)</script>",
        "on_escalate",
        "let pass",
        "undecided",
        "fixed",
    ):
        assert wanted in text
    assert len(re.findall("<rect", page)) >= 2
    (tmp_path / "log" / "000001.jsonl").write_text("")
    assert "not what was written" in page_of(summarise(tmp_path / "log"), "T")


def test_what_a_model_named_a_tool_does_not_reach_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = AuditLog(tmp_path / "log")
    Session(FixedGuard(default="allow", deadline_ms=None), policy={}, role="r", log=log).judge("read\x1b[2J\r", {})
    assert main(["log", "show", str(tmp_path / "log")]) == 0
    assert "read?[2J" in (out := capsys.readouterr().out)
    assert "\x1b" not in out


def test_the_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    filled(tmp_path / "log")
    log = str(tmp_path / "log")
    assert main(["log", "verify", log]) == 0
    assert capsys.readouterr().out == "SOUND  entries 1 to 5\n"
    assert main(["log", "head", log]) == 0
    anchor = capsys.readouterr().out.strip()
    assert main(["log", "verify", log, "--anchor", anchor, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["is_sound"] is True
    assert main(["log", "verify", log, "--anchor", f"5:{'0' * 64}"]) == 3
    assert "kept elsewhere is not in the log" in capsys.readouterr().out
    assert main(["log", "show", log, "--verdict", "deny"]) == 0
    shown = capsys.readouterr().out
    assert [line.split("  ")[3] for line in shown.splitlines()] == ["read_file", "wipe_disk", "read_file"]
    assert "stopped" in shown
    for value, num in (("ann@example.com", 1), ("50", 1), ("bob@example.com", 0), ("report.txt", 2)):
        assert main(["log", "find", log, "--value", value, "--json"]) == 0
        assert len(capsys.readouterr().out.splitlines()) == num
    monkeypatch.setattr(Guard, "from_pretrained", lambda *_, **settings: guard())
    new = write_policy(tmp_path / "new.json", allowed_operations=["send_email"])
    assert main(["log", "replay", log, "--policy", str(write_policy(tmp_path / "same.json"))]) == 0
    assert main(["log", "replay", log, "--policy", str(new)]) == 3
    assert "1  read_file  allow -> deny  not_granted\n" in capsys.readouterr().out
    assert main(["log", "report", log, "--output", str(tmp_path / "page.html")]) == 0
    assert "Verdicts over time" in (tmp_path / "page.html").read_text()
    (tmp_path / "log" / "000001.jsonl").write_text("")
    assert main(["log", "verify", log]) == 3
    assert main(["log", "report", log, "--output", str(tmp_path / "page.html")]) == 3
    for wrong in (
        ["verify", log, "--policy", "x"],
        ["find", log],
        ["report", log],
        ["replay", log],
        ["verify", str(tmp_path / "gone")],
        ["verify", log, "--anchor", "x"],
        ["head", log],
    ):
        assert main(["log", *wrong]) == 2


def shadowed(folder: Path, requests: dict[str, list[tuple[str, dict[str, Any]]]]) -> None:
    """Sessions that let everything run, with the calls of each."""
    log = AuditLog(folder, keeps_questions=True)
    fixed = FixedGuard({"pay": "escalate"}, default="allow", deadline_ms=None)
    for name, calls in requests.items():
        held = Session(fixed, policy=POLICY, role="clerk", id=name, log=log, mode="shadow")
        held.feed_user(f"Please do what {name} needs.")
        for tool, arguments in calls:
            held.feed_result(held.judge(tool, arguments).call_id, "done")
    log.close()


def test_the_traces_of_a_log_are_the_longest_plans_that_ran(tmp_path: Path) -> None:
    calls = [("read_file", {"path": "a.txt"}), ("pay", {"amount": 5})]
    shadowed(tmp_path / "log", {"s1": calls, "s2": calls[:1], "s3": calls})
    found = traces_of(tmp_path / "log", without=["s3"])
    assert [[n.tool_name for n in t.execution_plan.nodes] for t in found.traces] == [
        ["read_file", "pay"],
        ["read_file"],
    ]
    assert {t.label for t in found.traces} == {"compliant"}
    assert found.traces[0].governance_context.policy == POLICY
    assert (found.num_decisions, found.num_left_out, found.num_not_compliant, found.num_not_kept) == (5, 2, 0, 0)


def test_what_the_policy_or_a_person_refused_is_no_compliant_trace(tmp_path: Path) -> None:
    filled(tmp_path / "log")
    found = traces_of(tmp_path / "log")
    [trace] = found.traces
    assert [n.arguments.get("limit") for n in trace.execution_plan.nodes] == [
        5,
        None,
    ]  # without 50, and without the wiping
    assert found.num_not_compliant == 3
    log = AuditLog(tmp_path / "other", keeps_questions=True)
    fixed = FixedGuard({"pay": "escalate"}, default="allow", deadline_ms=None)
    held = Session(fixed, policy={}, role="r", log=log, on_escalate=lambda question: False)
    held.judge("pay", {})
    assert traces_of(tmp_path / "other").traces == []


def test_the_command_writes_traces_and_refuses_unknown_sessions(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shadowed(tmp_path / "log", {"s1": [("read_file", {"path": "a.txt"})]})
    out = tmp_path / "honest.jsonl"
    assert main(["log", "traces", str(tmp_path / "log"), "--output", str(out)]) == 0
    assert "1 compliant plans of 1 decisions" in capsys.readouterr().err
    assert [t.execution_plan.nodes[0].tool_name for t in read_traces(out)] == ["read_file"]
    assert main(["log", "traces", str(tmp_path / "log"), "--output", str(out), "--without", "s9"]) == 2
    assert "no decision is of the session 's9'" in capsys.readouterr().err
    filled(tmp_path / "bare", keeps=False)
    assert main(["log", "traces", str(tmp_path / "bare"), "--output", str(out)]) == 2
    assert "keeps_questions" in capsys.readouterr().err
