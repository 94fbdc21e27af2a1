"""What remarks beside entries close, which remarks are about the document alone, and the forms in which entries are read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gatling.errors import InputError
from gatling.policy.convert import Conversion, convert
from gatling.policy.convert.named_sets import with_sets
from gatling.policy.convert.python_literals import python_of
from gatling.policy.convert.rego import rego_of
from gatling.policy.language.administration import is_administrative
from gatling.tools import load_catalog
from tests.policy.probes import OTHER_CALLS, OTHER_PROHIBITIONS, OTHER_TOOLS, SENTENCES, TOOLS, catalogue
from tests.policy.test_convert_probes import DOCUMENTS, is_allowed

SHOP = catalogue(
    {
        "send_money": {"amount": "number", "to": "string", "currency": "string"},
        "read_file": {"path": "string"},
        "order_feed": {"dealer": "string", "kilos": "number"},
        "search_catalogue": {"query": "string"},
    }
)


def _made(text: str, file: str) -> Conversion:
    return convert(text, file=file, tools=SHOP)


def _closed(made: Conversion) -> set[str]:
    return {tool for reading in made.open for rule in reading.rules if rule.kind == "review" for tool in rule.tools}


def _granted(made: Conversion, tool: str) -> list[Any]:
    items = made.policy.get("allowed_operations", [])
    return [i for i in items if i == tool or (isinstance(i, dict) and i["tool"] == tool)]


TWO = (
    '[tool.read_file]\nroles = ["clerk"]\npath_prefix = ["/var/log/"]{}\n\n[tool.search_catalogue]\nroles = ["clerk"]\n'
)


@pytest.mark.parametrize(
    ("remark", "closed"),
    [
        ("  # auditors only, no exceptions", {"read_file"}),
        ("  # the pipe is broken there", {"read_file"}),
        ("  # only with a badge", {"read_file"}),
        ("  # the catalogue is under repair", {"read_file", "search_catalogue"}),
        ("  # Four eyes on everything.", {"*"}),
        ("  # four eyes on everything", {"*"}),
        ("  # keep your hands off the till", {"*"}),
        ("  # last edited by Marek, 2025-02-11", set()),
        ("", set()),
    ],
)
def test_a_remark_closes_what_it_is_attached_to(remark: str, closed: set[str]) -> None:
    assert _closed(_made(TWO.format(remark), "a.toml")) == closed


def test_an_open_item_names_the_line_of_its_remark() -> None:
    made = _made(TWO.format("  # auditors only"), "a.toml")
    assert [(r.statement.line, r.statement.text) for r in made.open] == [(3, "auditors only")]


@pytest.mark.parametrize(
    ("line", "is_open"),
    [
        ('never_under = ["/a/"]  # for auditors alone', False),
        ('never_under = ["/a/"]  # nobody moves money either', True),
        ('dealers = ["A", "B"]  # no C, we had trouble', False),
        ('dealers = ["A", "B"]  # no B on weekends', True),
        ("max_kilos = 50  # up to 50 it just does it", False),
        ("max_kilos = 50  # up to 20 for interns", True),
    ],
)
def test_a_remark_that_repeats_its_line_closes_nothing(line: str, is_open: bool) -> None:
    tool = "read_file" if line.startswith("never") else "order_feed"
    made = _made(f'[tool.{tool}]\nroles = ["clerk"]\n{line}\n', "a.toml")
    assert bool(made.open) is is_open, [r.statement.text for r in made.open]


@pytest.mark.parametrize("index", range(len(SENTENCES)), ids=lambda i: SENTENCES[i][0])
def test_a_prohibition_written_as_a_fragment_beside_another_entry_is_not_lost(index: int) -> None:
    sentence, call = SENTENCES[index]
    said = sentence[0].lower() + sentence[1:].rstrip(".")
    place = ("TOML comment", "CSV cell", "table cell", "XML comment")[index % 4]
    file, write = DOCUMENTS[place]
    assert not is_allowed(write(said), file, call, TOOLS), place


def test_nor_one_about_other_tools() -> None:
    sentences = [(s, tool) for tool, said in OTHER_PROHIBITIONS.items() for s in said]
    places = ("TOML comment", "CSV cell", "table cell", "XML comment")
    wrong = []
    for i, (sentence, tool) in enumerate(sentences):
        said = sentence[0].lower() + sentence[1:].rstrip(".")
        file, write = DOCUMENTS[places[i % 4]]
        if is_allowed(write(said, list(OTHER_TOOLS)), file, (tool, OTHER_CALLS[tool]), OTHER_TOOLS):
            wrong.append((said, places[i % 4]))
    assert not wrong


@pytest.mark.parametrize(
    "text",
    [
        "Last touched 2025-02-11.",
        "Edited by the growth team.",
        "/etc/opsbot/permissions.toml",
        "Changes to this file need two reviewers from platform.",
        "Approved by the practice manager, 14 January.",
        "See post-mortem of 2024-11-03.",
        "Please don't edit this table by hand.",
        "Questions to people-ops@corvane.example",
    ],
)
def test_remarks_about_the_document_close_nothing(text: str) -> None:
    assert is_administrative(text)


@pytest.mark.parametrize(
    "text",
    [
        "Approved by the CFO only.",
        "Approved by Ann.",
        "See Ann first.",
        "Background checks first.",
        "Source: two signatures.",
        "Keep the keys.",
        "Read the file.",
        "Thanks for never paying anybody.",
        "Valid until 2026-12-31.",
        "Effective 2025-01-01.",
        "Changes to payroll need Ann.",
        "Written approval only.",
    ],
)
def test_what_may_rule_is_no_remark_about_the_document(text: str) -> None:
    assert not is_administrative(text)


ENTRIES = {
    "sections by tool": ("a.ini", "[role:clerk]\nlabel = case workers\n[tool:read_file]\nclerk = allow\npaths = /srv/*\ndeny_paths = /srv/x/*\n"),
    "three verdicts": ("a.yaml", "read_file: {who: clerk, verdict: go, path_prefix: [/srv/]}\nsend_money: {who: clerk, verdict: stop}\n"),
    "cases": ("a.json", json.dumps({"tools": {"read_file": {"case": [{"role": "clerk", "when": "path = /srv/a", "verdict": "go"}]}}})),
    "columns of one parameter": ("a.csv", "tool,clerk,parameter,allowed_values,max\nread_file,allow,path,/srv/a,\nsend_money,deny,,,\n"),
    "Python": ("a.py", 'CLERK = "clerk"\nRULES = [dict(tool="read_file", roles=[CLERK], verdict="ok", only_if=dict(path=["/srv/a"]))]\n'),
    "Rego": ("a.rego", 'package a\ndefault allow := false\nallow if { input.tool == "read_file"; input.role == "clerk"; input.args.path == "/srv/a" }\n'),
    "named sets": ("a.json", json.dumps({"sets": {"open": ["/srv/a"]}, "rules": [{"op": "read_file", "who": "clerk", "path": "@open", "verdict": "ok"}]})),
    "a line": ("a.md", "# Rules\n\n- `read_file`: clerk, path: `/srv/a`\n- `search_catalogue`: clerk\n"),
}  # fmt: skip


@pytest.mark.parametrize("name", ENTRIES)
def test_entries_of_many_forms_grant_within_their_bounds(name: str) -> None:
    file, text = ENTRIES[name]
    made = _made(text, file)
    assert made.is_complete, [(r.statement.text, r.note, r.rules) for r in made.readings if r.status != "understood"]
    granted = _granted(made, "read_file")
    assert granted
    assert all(("clerk" in item["roles"] and item.get("when")) or _bounds(made) for item in granted)


def _bounds(made: Conversion) -> bool:
    return any(rule["operation"] == "read_file" and "path" in rule["require"] for rule in made.policy.get("rules", []))


NOT_GRANTED = [
    ("a.json", {"read_file": {"who": "clerk", "verdict": "go", "enabled": False}}),
    ("a.json", {"rules": [{"tool": "read_file", "who": "clerk", "verdict": "PermitAfterApproval"}]}),
    ("a.json", {"rules": [{"tool": "read_file", "who": "clerk", "verdict": "ok", "emergency_code": "x"}]}),
    ("a.json", {"emergency": {"read_file": {"who": "clerk", "verdict": "ok"}}}),
    ("a.json", {"rules": [{"tool": "read_file", "who": "clerk", "verdict": "ok", "where": {"folder_owner": "me"}}]}),
    ("a.json", {"limits": {"read_file": {"path": "/srv/a"}}}),
    ("a.json", {"rules": [{"not_tool": "read_file", "who": "clerk", "verdict": "ok"}]}),
]


@pytest.mark.parametrize(("file", "data"), NOT_GRANTED, ids=lambda v: json.dumps(v) if isinstance(v, dict) else v)
def test_an_entry_with_a_part_that_is_not_understood_grants_nothing(file: str, data: dict[str, Any]) -> None:
    made = _made(json.dumps(data), file)
    asked = [r for r in made.policy.get("rules", []) if r["require"] == {"session.approved": True}]
    assert not _granted(made, "read_file") or asked


def test_what_is_never_to_be_read_is_taken_out_and_not_granted() -> None:
    made = _made('[tool.read_file]\nroles = ["clerk"]\nnever_under = ["/a/"]\n', "a.toml")
    assert [item["when"] for item in _granted(made, "read_file")] == [{"path": {"not_like": ["/a/*"]}}]


def test_words_above_a_list_of_phrases_are_a_role() -> None:
    made = _made("volunteers_of_may:\n  can:\n    - search the catalogue\n", "a.yaml")
    assert all("roles" in item for item in _granted(made, "search_catalogue"))


def test_permissions_that_roles_have_by_name_are_theirs_alone() -> None:
    data = {
        "bindings": {"clerk": ["look"]},
        "permissions": {
            "look": {"tool": "search_catalogue", "effect": "permit"},
            "pay": {"tool": "send_money", "effect": "permit"},
        },
    }
    made = _made(json.dumps(data), "a.json")
    assert [item["roles"] for item in _granted(made, "search_catalogue")] == [["clerk"]]
    assert not _granted(made, "send_money")


def test_rows_of_one_parameter_each_bound_a_tool_together() -> None:
    text = "tool,clerk,parameter,allowed_values,max\norder_feed,allow,dealer,A|B,\norder_feed,allow,kilos,,50\n"
    made = _made(text, "a.csv")
    wanted = [rule["require"] for rule in made.policy["rules"] if rule["operation"] == "order_feed"]
    assert {"dealer": {"in": ["A", "B"]}} in wanted
    assert any("kilos" in require for require in wanted)


def test_sets_are_put_where_they_are_named_once_only() -> None:
    assert with_sets({"a": ["x"], "b": {"c": "@a"}}) == {"b": {"c": ["x"]}}
    twice = {"s": {"a": ["x"]}, "t": {"a": ["y"]}, "b": "@a"}
    assert with_sets(twice) == twice


@pytest.mark.parametrize(
    ("text", "line"),
    [("A = open('x')\n", 1), ("A = 1\nB = [f() for f in A]\n", 2), ("A = {'a': 1, 'a': 2}\n", 1), ("A = {1: 2}\n", 1)],
)
def test_python_that_is_no_literal_is_refused_with_its_line(text: str, line: int) -> None:
    with pytest.raises(InputError) as caught:
        python_of(text, "a.py")
    assert (caught.value.file, caught.value.line) == ("a.py", line)


def test_python_with_many_brackets_is_refused() -> None:
    with pytest.raises(InputError, match="24 brackets"):
        python_of(f"A = {'[' * 100_000}", "a.py")


def test_rego_conditions_that_are_not_known_stay_members_that_nobody_understands() -> None:
    tree = rego_of('package a\nallow {\n input.tool == "x"\n count(input.y) > 2\n}\n', None)
    assert tree.data["rules"] == [{"effect": "allow", "tool": ["x"], "condition 2": "count(input.y) > 2"}]
    with pytest.raises(InputError, match="bracket"):
        rego_of('package a\nallow { input.tool == "x"\n', None)


@pytest.mark.parametrize(
    "tool",
    [
        {"type": "function", "function": {"name": "pay", "parameters": {"type": "object", "properties": {"amount": {"type": "number"}}}}},
        {"name": "pay", "input_schema": {"type": "object", "properties": {"amount": {"type": "number"}}}},
        {"name": "pay", "inputSchema": {"type": "object", "properties": {"amount": {"type": "number"}}}},
    ],
)  # fmt: skip
def test_a_list_of_tools_as_models_are_handed_them_is_a_catalogue(tool: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "tools.json"
    file.write_text(json.dumps([tool]))
    assert [(spec.name, [p.name for p in spec.parameters]) for spec in load_catalog([str(file)])] == [
        ("pay", ["amount"])
    ]


def test_an_empty_list_is_no_catalogue(tmp_path: Path) -> None:
    file = tmp_path / "tools.json"
    file.write_text("[]")
    with pytest.raises(InputError, match="not empty"):
        load_catalog([str(file)])
