"""Records of every notation, lines and sentences by the words of the tools: what they grant, and what must grant nothing."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from gatling.errors import InputError
from gatling.policy import parse_policy
from gatling.policy.convert import convert
from gatling.policy.convert.syntaxes import blocks_of, properties_of, toml_of, xml_of
from gatling.tools.derive import make_tool
from gatling.tools.spec import Parameter
from tests.policy.test_convert_unseen import catalogue, verdicts

READ = json.loads(Path(__file__).with_name("read_policies.json").read_text("utf-8"))
"""18 policies in the most usual styles, on which the reading of records was tuned."""


def _tool(name: str, **types: str) -> Any:
    return make_tool(
        name, domain="office", vendor="x", description="x", parameters=tuple(Parameter(n, t) for n, t in types.items())
    )


TOOLS = {
    tool.name: tool
    for tool in (
        _tool("send_money", amount="number", to="string", currency="string"),
        _tool("read_file", path="string"),
        _tool("delete_file", path="string"),
        _tool("list_files", path="string"),
        _tool("create_order", item="string", amount_eur="number", published="boolean", channel="string"),
        _tool("refund_order", order_id="string", amount_eur="number"),
    )
}
NO_GRANTS = [
    ("a.json", '{"send_money": {"who":"clerk","allowed":"no"}}'),
    ("a.json", '{"tools": {"send_money": {"decision": "auto", "unless": "over 100"}}}'),
    ("a.json", '{"allow": [{"tool": "send_money", "not_for": ["intern"]}]}'),
    ("a.json", '{"send_money": {"who": "everyone except interns"}}'),
    ("a.json", '{"send_money": {"who": "not clerks"}}'),
    ("a.json", '{"denied": {"send_money": {"who": "everyone"}}}'),
    ("a.json", '{"send_money": {"access": "was allowed"}}'),
    ("a.json", '{"rules":[{"what":"send_money","who":"clerk","decision":"permit","expires":"2020-01-01"}]}'),
    ("a.json", '{"rules":[{"what":"send_money","who":"clerk","decision":"permit","enabled":false}]}'),
    ("a.json", '{"rules":[{"what":"send_money","who":"clerk","decision":"permit","status":"draft"}]}'),
    ("a.json", '{"send_money":{"allowed":"only on weekends"}}'),
    ("a.json", '{"if": {"action":"send_money","approved":true},"then":"permit"}'),
    ("a.json", '{"blocked_unless_listed": ["send_money"]}'),
    ("a.json", '{"never": {"send_money": {"who":"clerk"}}}'),
    ("a.json", '{"exceptions": {"send_money": {"who":"clerk"}}}'),
    ("a.json", '{"proposed": {"send_money": {"who":"clerk"}}}'),
    ("a.json", '{"send_money": {"who":"clerk","valid":"no"}}'),
    ("a.json", '{"send_money":{"who":"clerk","disabled":true}}'),
    ("a.json", '{"send_money":{"who":"clerk","suspended":"yes"}}'),
    ("a.json", '{"send_money":{"forbidden_for":["clerk"]}}'),
    ("a.json", '{"send_money":{"excluded_roles":["clerk"]}}'),
    ("a.json", '{"cannot":{"clerk":["send_money"]}}'),
    ("a.json", '{"clerk":{"send_money":"as soon as approved"}}'),
    ("a.json", '{"unapproved":["send_money"]}'),
    ("a.json", '{"deny_list":{"what":"send_money","who":"everyone"}}'),
    ("a.json", '{"send_money":{"who":"clerk","max_per_day":100}}'),
    ("a.json", '{"clerk":{"deny":{"send_money":"yes"}}}'),
    ("a.json", '{"clerk":{"no":["send_money"]}}'),
    ("a.json", '{"clerk":{"not":{"send_money":true}}}'),
    ("a.json", '{"missing_permission":{"clerk":["send_money"]}}'),
    ("a.json", '{"revoked":{"clerk":{"send_money":"yes"}}}'),
    ("a.json", '{"send_money":{"blocked":"yes","who":"all"}}'),
    ("a.json", '{"send_money":{"needs_clearance":"yes","who":"all"}}'),
    ("a.json", '{"allow": ["send_money"], "except": ["interns"]}'),
    ("a.json", '{"staff": {"allow": ["send_money"], "except": ["interns"]}}'),
    ("a.json", '{"x": {"send_money": "yes", "exceptions": "interns"}}'),
    ("a.json", '{"p": {"what": "send_money", "decision":"permit", "detail": {"only": "x"}}}'),
    ("a.json", '{"p": {"what": "send_money", "decision":"permit", "detail": [{"only": "x"}]}}'),
    ("a.json", '{"clerk": {"send_money": "yes", "unless": "weekend"}}'),
    ("a.json", '{"clerk": {"can": ["send_money"], "without": ["training"]}}'),
    ("a.csv", "role,tool,decision\nclerk,send_money,not allowed\nclerk,read_file,never\n"),
    (
        "a.csv",
        'role,tool,ok\nclerk,send_money,"yes, if signed"\nclerk,send_money,yes (weekdays)\nclerk,send_money,no*\n',
    ),
    ("a.csv", "tool,clerk,manager\nsend_money,only managers,maybe\nread_file,not yet,?\n"),
    ("a.csv", "tool,blocked\nsend_money,yes\nread_file,yes\n"),
    ("a.csv", "tool,denied for,note\nsend_money,clerk,x\nread_file,all,y\n"),
    ("a.csv", "tool,excluded roles,max\nsend_money,clerk,5\nread_file,all,6\n"),
    ("a.txt", "never allow send_money\nnever permit read_file\nnever allow delete_file\nnever allow list_files\n"),
    ("a.txt", "allow !send_money\n"),
    ("a.txt", "deny send_money except managers\n"),
    (
        "a.txt",
        "allow send_money --until 2020-01-01\nallow read_file --until 2020-01-01\nallow list_files --until 2020\n",
    ),
    ("a.txt", "#allow send_money\n"),
    ("a.txt", "-t send_money ! -j ACCEPT\n-t read_file ! -j ACCEPT\n-t list_files ! -j ACCEPT\n"),
    ("a.txt", "-A X ! -t send_money -j ACCEPT\n"),
    ("a.txt", "-A X -t send_money -m time --timestart 09:00 -j ACCEPT\n"),
    ("a.txt", "Can it send money?\nYes, but only after approval.\n"),
    ("a.txt", "Can it send money?\nNot yet.\n"),
    ("a.txt", "If the user is a manager then allow.\n"),
    ("a.txt", "If the request is to send money and it is approved then allow.\n"),
    ("a.txt", "Unless the request is to send money then allow.\n"),
    ("a.txt", "If nobody asked to send money then allow.\n"),
    ("a.txt", "When the agent is not asked to send money then it is allowed.\n"),
    ("a.txt", "Given a clerk who is trained when the agent is asked to send money then it is allowed\n"),
    ("a.txt", "✅ never send money\n"),
    ("a.txt", "❌ ✅ send money\n"),
    ("a.txt", "Checked items are not allowed.\n\n- [x] send money\n- [ ] delete files\n"),
    ("a.txt", "Checked = blocked, unchecked = allowed later\n\n- [x] send money\n"),
    ("a.txt", "Not yet allowed:\n- send money\n"),
    ("a.txt", "What it may not do:\n- send money\n"),
    ("a.txt", "What it was allowed to do before:\n- send money\n"),
    ("a.txt", "Allowed soon:\n- send money\n"),
    ("a.txt", "Allowed on request of the CFO:\n- send money\n"),
    ("a.txt", "**No longer allowed**\n- send money\n"),
    ("a.txt", "Green:\n- send money (if below 100)\n"),
    ("a.txt", "🟢 soon\n- send money\n"),
    ("a.txt", "send money - allowed unless told otherwise\n"),
    ("a.txt", "send money - no objection\n"),
    ("a.txt", "The agent may send money to staff.\n"),
    ("a.txt", "The agent may send money on behalf of the CFO.\n"),
    ("a.txt", "The agent may not fail to send money.\n"),
    ("a.txt", "The agent may be told to send money.\n"),
    ("a.txt", "The agent may offer to send money.\n"),
    ("a.txt", "The support agent might send money.\n"),
    ("a.txt", "Send money may be considered.\n"),
    ("a.txt", "x = not allowed\n\n| tool | clerk |\n|---|---|\n| send_money | x |\n"),
    (
        "a.txt",
        "| tool | status |\n|---|---|\n| send_money | formerly allowed |\n| read_file | allowed? |\n| delete_file | to be allowed |\n",
    ),
    ("a.txt", " Payments are fine in theory.\n"),
    ("a.txt", "The agent may create orders larger than 100 EUR after a call.\n"),
    ("a.txt", "Allowed: send money, except to new payees.\n"),
    ("a.txt", "may: nothing (send_money is out)\n"),
    ("a.toml", "[send_money]\nenabled = false\nwho = 'clerk'\n"),
    ("a.toml", "[disabled]\ntools = ['send_money']\n"),
    ("a.toml", "[legacy]\nallow = ['send_money']\n"),
    ("a.toml", "[[rule]]\nwhat='send_money'\ndecision='permit'\nwhen='weekdays'\n"),
    ("a.toml", "[[rule]]\nwhat='send_money'\ndecision='permit'\nonly_within_days = 3\n"),
    ("a.toml", "[[rule]]\nnot_what='send_money'\ndecision='permit'\nwho='clerk'\n"),
    ("a.properties", "send_money=off\nread_file=no\n"),
    ("a.properties", "send_money.enabled=no\nread_file.enabled=off\n"),
    ("a.properties", "money.send=if approved\nfile.read=sometimes\n"),
    ("a.properties", "money.send.except=clerk\nfile.read.not=all\n"),
    ("a.xml", '<p><mayNot tool="send_money"/></p>'),
    ("a.xml", '<p><may tool="send_money" when="approved"/></p>'),
    ("a.xml", '<p><rule tool="send_money" allowed="false"/></p>'),
    ("a.xml", '<p><exceptions><may tool="send_money"/></exceptions></p>'),
    ("a.xml", '<p><may tool="send_money" except="interns"/></p>'),
    ("a.xml", '<p><cannot><may tool="send_money"/></cannot></p>'),
    ("a.xml", '<p><may tool="send_money">but not on Sundays</may></p>'),
    ("a.hcl", 'role "x" {\n deny = ["send_money"]\n}\n'),
    ("a.hcl", 'role "x" {\n path "/a" { capabilities = ["!read"] }\n}\n'),
    ("a.hcl", 'unless "x" {\n allow = ["send_money"]\n}\n'),
    ("a.hcl", 'role "x" {\n  path "/etc/*" { except = ["read"] }\n}\n'),
    ("a.hcl", "<Location /x>\n Read allow nobody\n</Location>\n"),
    ("a.hcl", "<LocationNot /x>\n Read allow all\n</LocationNot>\n"),
    ("a.hcl", "<Limit /x>\n Read allow all if signed\n</Limit>\n"),
]


@pytest.mark.parametrize(("file", "text"), NO_GRANTS)
def test_a_qualifier_a_doubt_or_a_negation_leaves_no_grant(file: str, text: str) -> None:
    made = convert(text, file=file, tools=TOOLS)
    asked = {t for r in made.readings for rule in r.rules if "session.approved" in rule.require for t in rule.tools}
    granted = {t for r in made.readings for rule in r.rules if rule.kind == "grant" for t in rule.tools}
    assert granted <= asked
    assert made.policy["default"] == "deny"


def test_most_calls_pass_that_must_where_it_was_tuned() -> None:
    found = [pair for source in READ for pair in verdicts(source, catalogue(source))]
    assert [call for call, verdict in found if call["want"] != "allow" and verdict == "compliant"] == []
    counts = Counter(verdict for call, verdict in found if call["want"] == "allow")
    assert counts["compliant"] / counts.total() >= 0.7, counts


def test_a_more_specific_place_is_taken_out_of_a_wider_grant() -> None:
    text = "<Location /a>\n Read allow all\n</Location>\n<Location /a/secret>\n Read allow clerks\n</Location>\n"
    granted = convert(text, file="x.conf", tools=TOOLS).policy["allowed_operations"]
    assert granted[0]["when"]["path"] == {"like": ["/a", "/a/*"], "not_like": ["/a/secret", "/a/secret/*"]}
    assert "clerk" in granted[1]["roles"]


def test_notations_become_one_tree_with_lines() -> None:
    wanted = {"a": {"b": "x", "c": 1}}
    assert toml_of("[a]\nb = 'x'\nc = 1\n", None).data == wanted
    assert blocks_of('a {\n b = "x"\n c = 1\n}\n', None).data == wanted
    assert properties_of("a.b=x\na.c=1\n", None).data == wanted
    assert xml_of("<a b='x'><c>1</c></a>", None).data == {"a": {"b": "x", "c": "1"}}
    assert toml_of("[a]\nb = 'x'\nc = 1\n", None).lines["a", "c"] == 3
    assert blocks_of("a {\n b = 1\n}\na {\n b = 2\n}\n", None).data == {"a": [{"b": 1}, {"b": 2}]}


@pytest.mark.parametrize(
    ("text", "file", "line"),
    [("a = \n", "x.toml", 1), ("<!DOCTYPE x [<!ENTITY a 'b'>]><x/>", "x.xml", 1), ("a=1\nb\n", "x.properties", 2)],
)
def test_a_bad_source_is_an_error_with_its_line(text: str, file: str, line: int) -> None:
    with pytest.raises(InputError) as caught:
        convert(text, file=file, tools=TOOLS)
    assert caught.value.line == line


@pytest.mark.parametrize(
    "line",
    [
        "Removing a show: editors, but each time the chair must approve first.",
        "Removing a show: zebras, the chair must approve first.",
        "Removing a show: yes for editors, with approval",
        "Removing a show: editors or the host, after sign-off",
    ],
)
def test_who_may_is_not_lost_beside_an_approval(line: str) -> None:
    """Somebody is named who may, and somebody who approves: that is no grant to everybody."""
    converted = parse_policy(convert(line, file="minutes.txt", tools=["remove_show", "add_song"]).text).data
    granted = converted.get("allowed_operations", [])
    assert "remove_show" not in granted, granted
    told = convert("Removing a show: the chair must approve first.", file="a.txt", tools=["remove_show", "add_song"])
    assert "remove_show" in parse_policy(told.text).data["allowed_operations"]
