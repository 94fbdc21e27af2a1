"""`gatling policy` for the officer: init, packs, diff, table, lint as SARIF and as a hook, and questions of convert."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import yaml

from gatling.cli import main, parse
from gatling.cli.policy import PolicyLint, PolicyTest
from gatling.policy import parse_policy, recognise
from gatling.policy.packs import packs
from gatling.schema import parse_trace, write_traces
from tests.builders import node, plan, record

ROOT = Path(__file__).resolve().parent.parent.parent
POLICY = """\
allowed_operations: [list_emails, {tool: send_email, roles: [boss]}]
scope_limits: {list_emails.limit: 50}
roles: {boss: {}, clerk: {}}
default: deny
"""
TOOLS = {
    "tools": [
        {"name": "list_mail", "inputSchema": {"type": "object", "properties": {"limit": {"type": "integer"}}}},
        {"name": "send_mail", "inputSchema": {"type": "object", "properties": {"to": {"type": "string"}}}},
    ]
}
OPENAPI = {
    "openapi": "3.0.0",
    "info": {"title": "Shop", "version": "1"},
    "paths": {
        "/orders": {
            "get": {
                "operationId": "listOrders",
                "parameters": [{"name": "limit", "in": "query", "schema": {"type": "integer"}}],
            }
        },
        "/orders/{id}": {
            "delete": {
                "operationId": "deleteOrder",
                "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
            }
        },
    },
}


@pytest.fixture(autouse=True)
def _files() -> None:
    Path("p.yaml").write_text(POLICY)
    Path("tools.json").write_text(json.dumps(TOOLS, indent=1))


def told(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))


# --- init -----------------------------------------------------------------------------------------------------------------


def test_init_from_tools_writes_what_lint_passes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "init", "--from", "tools.json", "--output", "new.yaml"]) == 0
    assert "new.yaml: 1 tool granted, 1 not, 1 bounds" in capsys.readouterr().err
    assert parse_policy(Path("new.yaml").read_text()).data["allowed_operations"] == ["list_mail"]
    assert main(["policy", "lint", "new.yaml", "--strict", "--catalog", "tools.json"]) == 0
    Path("api.json").write_text(json.dumps(OPENAPI))
    capsys.readouterr()
    assert main(["policy", "init", "--from", "api.json", "--role", "clerk"]) == 0
    data = parse_policy(capsys.readouterr().out).data
    assert data["allowed_operations"] == [{"tool": "listOrders", "roles": ["clerk"]}]
    assert data["scope_limits"] == {"listOrders.limit": 100}


def test_init_from_traces_leaves_violations_out(capsys: pytest.CaptureFixture[str]) -> None:
    write_traces(
        "t.jsonl",
        [
            parse_trace(record(execution_plan=plan(node("list_mail", arguments={"limit": 7}, provenance_tier=1)))),
            parse_trace(record("violation", execution_plan=plan(node("wipe_disk")))),
        ],
    )
    assert main(["policy", "init", "--from", "t.jsonl", "--from", "tools.json", "--json"]) == 0
    captured = capsys.readouterr()
    found = json.loads(captured.out)
    assert found["runs"] == 1
    assert found["violations_left_out"] == 1
    assert "1 run labelled a violation left out" in captured.err
    data = parse_policy(found["policy"]).data
    assert data["allowed_operations"] == [{"tool": "list_mail", "roles": ["clerk"]}]
    assert data["scope_limits"] == {"list_mail.limit": 10}
    assert found["not_granted"] == [{"tool": "send_mail", "why": "it was never called"}]


def test_init_from_conversations(capsys: pytest.CaptureFixture[str]) -> None:
    def said(limit: int, label: str) -> dict[str, Any]:
        call = {
            "id": "c",
            "type": "function",
            "function": {"name": "list_mail", "arguments": json.dumps({"limit": limit})},
        }
        messages = [
            {"role": "user", "content": "What is new?"},
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "c", "content": "[]"},
        ]
        return {"messages": messages, "label": label}

    lines = [said(3, "compliant"), said(5000, "violation"), {"messages": [{"role": "user", "content": "Hello."}]}]
    Path("c.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert main(["policy", "init", "--from", "c.jsonl", "--role", "clerk"]) == 0
    captured = capsys.readouterr()
    data = parse_policy(captured.out).data
    assert data["allowed_operations"] == [{"tool": "list_mail", "roles": ["clerk"]}]
    assert data["scope_limits"] == {"list_mail.limit": 5}
    assert "1 conversation without a tool call left out" in captured.err


def test_init_from_a_server(capsys: pytest.CaptureFixture[str]) -> None:
    Path("server.py").write_text(
        "import json, sys\n"
        "for line in sys.stdin:\n"
        "    m = json.loads(line)\n"
        "    if 'id' in m:\n"
        "        print(json.dumps({'id': m['id'], 'result': json.load(open('tools.json'))}), flush=True)\n"
    )
    assert main(["policy", "init", "--from", f"{sys.executable} server.py"]) == 0
    captured = capsys.readouterr()
    assert "asking the MCP server" in captured.err
    assert parse_policy(captured.out).data["allowed_operations"] == ["list_mail"]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("nofile.json", "there is no such file, and no program to start by that name"),
        ("'unclosed", "there is no such file, and no program"),
        ("empty.json", "empty.json: empty"),
        ("p.yaml", "p.yaml: neither an own catalogue"),
        ("words.txt", "words.txt: not JSON"),
    ],
)
def test_init_from_what_is_no_source(source: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("empty.json").write_text("")
    Path("words.txt").write_text("just words\n")
    assert main(["policy", "init", "--from", source]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert len(error.splitlines()) == 1
    assert main(["policy", "init"]) == 2


# --- packs ----------------------------------------------------------------------------------------------------------------


def test_packs_are_listed_and_copied(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "packs"]) == 0
    shown = capsys.readouterr().out
    assert all(one.name in shown for one in packs())
    assert main(["policy", "packs", "--json"]) == 0
    assert [row["name"] for row in json.loads(capsys.readouterr().out)] == [one.name for one in packs()]
    assert main(["policy", "packs", "payments", "--output", "mine"]) == 0
    copied = capsys.readouterr().out.splitlines()
    assert copied[:2] == ["mine/payments.yaml", "mine/payments.tests.jsonl"]
    for one in packs():
        if one.name == "payments":
            assert Path(copied[0]).read_bytes() == one.policy.read_bytes()
            assert Path(copied[1]).read_bytes() == one.tests.read_bytes()
    words = copied[2].split("gatling ")[1].split()
    assert main([*words, "--per-mutation", "1", "--examples", "0"]) == 0
    out = capsys.readouterr().out
    assert "compliant plans of 2 roles" in out
    # Without its limit by role, a test of the pack fails, and is named.
    Path("mine/payments.yaml").write_text(
        Path("mine/payments.yaml").read_text().replace("amount <= 500}", "amount <= 5000}")
    )
    assert main([*words, "--per-mutation", "1", "--examples", "0"]) == 3
    assert "1 violation that no rule denies: payments/above the clerk's limit" in capsys.readouterr().out
    Path("mine/payments.yaml").write_text(
        Path("mine/payments.yaml").read_text().replace("amount <= 5000}", "amount <= 50}", 1)
    )
    assert main([*words, "--per-mutation", "1", "--examples", "0"]) == 3
    assert "1 gold trace denied by this policy and left out: payments/small" in capsys.readouterr().out


def test_a_copy_replaces_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    Path("mail.tests.jsonl").write_text("mine")
    assert main(["policy", "packs", "mail"]) == 2
    assert "mail.tests.jsonl: is there already" in capsys.readouterr().err
    assert not Path("mail.yaml").exists()
    assert main(["policy", "packs", "mial"]) == 2
    assert "did you mean mail?" in capsys.readouterr().err
    assert main(["policy", "packs", "--output", "x"]) == 2


# --- diff -----------------------------------------------------------------------------------------------------------------


def test_diff_says_which_way(capsys: pytest.CaptureFixture[str]) -> None:
    Path("q.yaml").write_text(POLICY.replace("limit: 50", "limit: 80").replace("roles: [boss]", "roles: [clerk]"))
    assert main(["policy", "diff", "p.yaml", "q.yaml"]) == 1
    shown = capsys.readouterr().out
    assert "widened: q.yaml allows more" in shown
    assert "narrowed: q.yaml allows less" in shown
    assert re.search(r"send_email\(.*\) for clerk: deny -> allow", shown)
    assert re.search(r"send_email\(.*\).* for boss: allow -> deny", shown)
    assert 'before scope_limits["list_emails.limit"] (line 2) wants' in shown
    assert main(["policy", "diff", "p.yaml", "q.yaml", "--json", "--role", "clerk"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["is_same"], found["is_widened"], found["narrowed"]) == (False, True, 0)
    assert {tool for change in found["changes"] for tool in change["tools"]} == {"list_emails", "send_email"}
    assert main(["policy", "diff", "p.yaml", "q.yaml", "--examples", "1"]) == 1
    assert "more (--examples" in capsys.readouterr().out


def test_diff_of_what_says_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    Path("q.yaml").write_text("# another comment\n" + POLICY)
    assert main(["policy", "diff", "p.yaml", "q.yaml"]) == 0
    assert "p.yaml -> q.yaml: no verdict differs; 0 plans judged by both" in capsys.readouterr().out
    assert main(["policy", "diff", "p.yaml", "none.yaml"]) == 2
    assert main(["policy", "diff", "-", "-"]) == 2


# --- table ----------------------------------------------------------------------------------------------------------------


class Page(HTMLParser):
    """Collects the cells of a page, and what would make it need another file."""

    VOID = frozenset(("meta", "br"))

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.rows: list[list[str]] = []
        self.foreign: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")
        if tag in ("script", "link", "img", "iframe", "object", "embed", "form", "base"):
            self.foreign.append(tag)
        self.foreign += [name for name, _ in attrs if name in ("src", "href", "style") or name.startswith("on")]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.rows and self.open[-1:] != ["style"] and "table" in self.open:
            self.rows[-1][-1:] = [(self.rows[-1][-1] if self.rows[-1] else "") + data]


def test_table_as_a_page_that_needs_nothing_else() -> None:
    odd = POLICY.replace("[list_emails,", "[list_emails, '<script>alert(1)</script>', ").replace(
        "roles: {boss: {}, clerk: {}}", "roles: {boss: {}, clerk: {}, '<b>&': {}}"
    )
    Path("odd.yaml").write_text(odd)
    for name in ("p", "odd"):
        if main(["policy", "table", f"{name}.yaml", "--form", "html", "--output", f"{name}.html"]) == 2:
            assert (
                main(["policy", "table", f"{name}.yaml", "--lenient", "--form", "html", "--output", f"{name}.html"])
                == 0
            )
    for name in ("p", "odd"):
        text = Path(f"{name}.html").read_text()
        page = Page()
        page.feed(text)
        page.close()
        assert page.open == []
        assert page.foreign == []
        assert text.startswith('<!DOCTYPE html>\n<html lang="en">')
        assert "://" not in text
    page = Page()
    page.feed(Path("p.html").read_text())
    rows = {row[0].strip(): row for row in page.rows if row}
    assert [cell.strip() for cell in rows["tool"]] == ["tool", "boss", "clerk", "anybody else"]
    assert rows["send_email"][1].startswith("yes")
    assert rows["send_email"][2].startswith("-")
    assert rows["list_emails"][1].startswith("ifrecords and limit <= 50")


def test_table_as_text_csv_and_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "table", "p.yaml"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "send_email │ yes │ - │ -" in shown
    assert "every other tool │ - │ - │ -" in shown
    assert main(["policy", "table", "p.yaml", "--form", "csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert {(r["tool"], r["role"]): r["answer"] for r in rows}["send_email", "boss"] == "yes"
    assert len(rows) == 9
    assert main(["policy", "table", "p.yaml", "--form", "json", "--output", "t.json"]) == 0
    assert json.loads(Path("t.json").read_text())["roles"] == ["boss", "clerk", "anybody else"]
    assert main(["policy", "table", "p.yaml", "--output", "t.txt"]) == 2


def test_no_cell_is_a_formula(capsys: pytest.CaptureFixture[str]) -> None:
    Path("f.yaml").write_text("allowed_operations: ['=cmd|calc', '@x']\nroles: {'+1': {}}\n")
    assert main(["policy", "table", "f.yaml", "--lenient", "--form", "csv"]) == 0
    for row in csv.reader(io.StringIO(capsys.readouterr().out)):
        assert not any(cell.startswith(("=", "+", "@", "-")) for cell in row)


# --- lint in CI -----------------------------------------------------------------------------------------------------------


def test_lint_takes_several_files_and_writes_sarif(capsys: pytest.CaptureFixture[str]) -> None:
    Path("bad.yaml").write_text("allowed_operations: [read_file]\nforbiden: [x]\n")
    Path("broken.yaml").write_text("a: [\n")
    files = ["p.yaml", "bad.yaml", "broken.yaml"]
    assert main(["policy", "lint", *files, "--sarif"]) == 3
    log = json.loads(capsys.readouterr().out)
    results = log["runs"][0]["results"]
    places = [r["locations"][0]["physicalLocation"] for r in results]
    assert [p["artifactLocation"]["uri"] for p in places] == ["bad.yaml", "broken.yaml"]
    assert places[0]["region"] == {"startLine": 2}
    assert {r["level"] for r in results} == {"error"}
    assert main(["policy", "lint", *files, "--json"]) == 3
    assert [one["error"] for one in json.loads(capsys.readouterr().out)] == [0, 1, 1]
    assert main(["policy", "lint", *files]) == 3
    assert len([line for line in capsys.readouterr().out.splitlines() if line.endswith("notes")]) == 3
    assert main(["policy", "lint", "p.yaml", "--sarif"]) == 0
    assert main(["policy", "lint", "p.yaml", "--sarif", "--json"]) == 2


def test_the_hooks_start_and_go_by_the_right_files(capsys: pytest.CaptureFixture[str]) -> None:
    hooks = {hook["id"]: hook for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())}
    assert hooks.keys() == {"gatling-policy-lint", "gatling-policy-tests"}
    for hook in hooks.values():
        assert {"id", "name", "entry", "language", "files"} <= hook.keys()
        assert hook["language"] == "python"
    lint, tests = hooks["gatling-policy-lint"], hooks["gatling-policy-tests"]

    def is_taken(path: str) -> bool:
        return bool(re.search(lint["files"], path)) and not re.search(lint["exclude"], path)

    for path in ("policy.yaml", "a/policies/mail.yml", "my-policy.json", "x/agent_policies.yaml", "policies/p.cedar"):
        assert is_taken(path), path
    for path in (
        "policy.md",
        "src/policy.py",
        "values.yaml",
        "policies/deep/x.txt",
        "package.json",
        "policy.schema.json",
    ):
        assert not is_taken(path), path
    # As a hook is started: the entry, and the names of files behind it.
    words = lint["entry"].split()
    assert words[0] == "gatling"
    command = parse([*words[1:], "p.yaml", "q.yaml"])
    assert isinstance(command, PolicyLint)
    assert command.files == (Path("p.yaml"), Path("q.yaml"))
    assert main([*words[1:], "p.yaml"]) == 0
    Path("policy.yaml").write_text("allowed_operations: [x]\nforbiden: [y]\n")
    assert main([*words[1:], "p.yaml", "policy.yaml"]) == 3
    assert tests["pass_filenames"] is False
    command = parse([*tests["entry"].split()[1:], "p.yaml", "--traces", "p.tests.jsonl"])
    assert isinstance(command, PolicyTest)
    assert command.check_labels


# --- convert asks ---------------------------------------------------------------------------------------------------------

RULES = "Clerks may read mail.\nInvoices are paid on Fridays only.\nGift cards may be sold with care.\nCancel orders sometimes.\n"


@pytest.fixture
def _rules() -> None:
    Path("rules.txt").write_text(RULES)
    Path("names.txt").write_text("read_email pay_invoice sell_card cancel_order\n")


ASK = ["policy", "convert", "rules.txt", "--tools", "names.txt", "--output", "n.yaml", "--interactive"]


@pytest.mark.usefixtures("_rules")
def test_answers_take_the_place_of_open_items(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    told(monkeypatch, "allow pay_invoice for clerk when amount <= 20", "deny sell_card", "none", "")
    assert main(ASK) == 0
    captured = capsys.readouterr()
    assert "3 items to decide" in captured.err
    assert "rules.txt:2: Invoices are paid on Fridays only." in captured.err
    text = Path("n.yaml").read_text()
    assert (
        "  # line 2: Invoices are paid on Fridays only.\n  # the answer: allow pay_invoice for clerk when amount <= 20\n"
        '  - {tool: pay_invoice, when: {amount: {"<=": 20}}, roles: [clerk]}\n'
    ) in text
    assert "  # line 3: Gift cards may be sold with care.\n  # the answer: deny sell_card\n  - sell_card\n" in text
    assert "# Answered, and no rule:\n#   line 4: Cancel orders sometimes.\n#   the answer: none\n" in text
    data = parse_policy(text).data
    recognise(parse_policy(text))
    assert "review" not in data
    assert data["forbidden_operations"] == ["sell_card"]


@pytest.mark.usefixtures("_rules")
def test_what_is_not_answered_stays_open(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    told(monkeypatch, "", "pay it", "allow pay_invioce", "limit sell_card.amount 50")
    assert main(ASK) == 4
    captured = capsys.readouterr()
    assert "'pay it' is no answer" in captured.err
    assert "there is no tool pay_invioce; did you mean pay_invoice?" in captured.err
    assert "no more answers; the rest stays open" in captured.err
    data = parse_policy(Path("n.yaml").read_text()).data
    assert [item["line"] for item in data["review"]] == [2, 4]
    assert {"operation": "sell_card", "require": {"amount": {"min": 0, "max": 50}}} in data["rules"]
    assert "sell_card" not in data["allowed_operations"]


@pytest.mark.usefixtures("_rules")
def test_questions_need_a_terminal_or_a_pipe_of_their_own(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "convert", "-", "--interactive"]) == 2
    assert "reads its answers from stdin" in capsys.readouterr().err
    assert main([*ASK, "--json"]) == 2


@pytest.mark.parametrize("name", ["empty.txt", "empty.yaml", "empty.json", "blank.md"])
def test_an_empty_file_is_named(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path(name).write_text(" \n" if name.startswith("blank") else "")
    assert main(["policy", "convert", name]) == 2
    assert capsys.readouterr().err == f"error: {name}: empty\n"
    assert main(["policy", "convert", "p.yaml", "--tools", name]) == 2
    assert f"error: {name}: empty" in capsys.readouterr().err
