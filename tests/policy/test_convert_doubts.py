"""What a source says unclearly is an item that escalates, and no flat denial of calls that the source may well grant."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gatling.errors import InputError
from gatling.policy import Oracle, parse_policy, recognise
from gatling.policy.convert import convert
from gatling.schema import parse_context, parse_plan
from tests.policy.probes import catalogue

SHOP = catalogue(
    {
        "send_money": {"amount": "number", "to": "string"},
        "read_file": {"path": "string"},
        "treat_hive": {"hive": "string"},
    }
)


def _verdict(policy: Any, role: str, tool: str, **arguments: Any) -> str:
    node = {"tool_name": tool, "node_id": "n", "arguments": arguments, "provenance_tier": 1}
    context = parse_context({"policy": policy, "user_role": role, "session_context": {"user_request": "go on"}})
    return Oracle(recognise(policy), tools=list(SHOP)).judge(context, parse_plan({"nodes": [node]})).verdict


def _converted(text: str, file: str) -> Any:
    return parse_policy(convert(text, file=file, tools=SHOP).text).data


ITEM = {"text": "ann may, I think", "tools": ["send_money"]}


@pytest.mark.parametrize(
    ("may_grant", "role", "verdict"),
    [
        (None, "clerk", "violation"),
        ("send_money", "clerk", "undecided"),
        (["send_*"], "clerk", "undecided"),
        (["read_file"], "clerk", "violation"),
        ({"tools": ["send_money"], "roles": ["clerk"]}, "clerk", "undecided"),
        ({"tools": ["send_money"], "roles": ["boss"]}, "clerk", "violation"),
    ],
)
def test_an_item_that_may_grant_leaves_open_what_nothing_grants(may_grant: Any, role: str, verdict: str) -> None:
    item = ITEM if may_grant is None else {**ITEM, "may_grant": may_grant}
    policy = {"format": "gatling/1", "allowed_operations": ["read_file"], "review": [item]}
    assert _verdict(policy, role, "send_money", amount=5) == verdict


def test_it_lifts_no_denial_and_grants_nothing() -> None:
    item = {**ITEM, "may_grant": ["send_money", "read_file"]}
    policy = {"allowed_operations": ["read_file"], "forbidden_operations": ["send_money"], "review": [item]}
    assert _verdict(policy, "clerk", "send_money", amount=5) == "violation"
    assert _verdict(policy, "clerk", "read_file", path="/a") == "undecided"


def test_who_may_be_granted_something_without_a_tool_is_no_item() -> None:
    with pytest.raises(InputError, match="tools"):
        recognise({"review": [{**ITEM, "may_grant": {"roles": ["clerk"]}}]})


def test_a_denial_below_a_name_that_may_be_a_role_is_no_denial_to_others() -> None:
    text = '[member]\ntreat_hive = "no"\nread_file = "yes"\n\n[bee_warden]\ntreat_hive = "yes"\nread_file = "yes"\n'
    policy = _converted(text, "a.toml")
    assert _verdict(policy, "bee_warden", "treat_hive", hive="L") != "violation"
    assert _verdict(policy, "member", "treat_hive", hive="L") == "violation"


def test_it_stays_one_where_no_line_grants_the_tool() -> None:
    policy = _converted('[member]\ntreat_hive = "no"\nread_file = "yes"\n\n[bee_warden]\nread_file = "yes"\n', "a.toml")
    assert _verdict(policy, "bee_warden", "treat_hive", hive="L") == "violation"


PROSE = "# Rules\n\nClerks may read files.\n\nBosses may send money.\n\n{}\n"


@pytest.mark.parametrize(
    ("sentence", "verdict"),
    [
        ("Externals from Lyon may not send money.", "undecided"),
        ("Nobody may send money.", "violation"),
        ("The assistant never sends money.", "violation"),
    ],
)
def test_a_prohibition_of_people_whom_nobody_knows_leaves_open_what_others_are_granted(
    sentence: str, verdict: str
) -> None:
    assert _verdict(_converted(PROSE.format(sentence), "a.md"), "boss", "send_money", amount=5) == verdict


def test_a_grant_that_is_not_understood_is_no_denial() -> None:
    text = "# Rules\n\nClerks may read files.\n\nBosses may send money in good moods.\n"
    policy = _converted(text, "a.md")
    assert _verdict(policy, "boss", "send_money", amount=5) == "undecided"
    assert _verdict(policy, "clerk", "send_money", amount=5) == "violation"
    assert _verdict(policy, "boss", "treat_hive", hive="L") == "violation"


def test_a_comment_may_grant_nothing() -> None:
    data = {
        "rules": [{"tool": "read_file", "role": "clerk", "effect": "allow", "note": "bosses may send money, I guess"}]
    }
    policy = _converted(json.dumps(data), "a.json")
    assert _verdict(policy, "boss", "send_money", amount=5) == "violation"


def test_columns_say_for_whom_and_up_to_how_much() -> None:
    text = "tool,allowed for,upper limit\nread_file,clerk,\nsend_money,boss,60 amount\n"
    policy = _converted(text, "a.csv")
    assert _verdict(policy, "clerk", "read_file", path="/a") == "compliant"
    assert _verdict(policy, "clerk", "send_money", amount=5) == "violation"
    assert _verdict(policy, "boss", "send_money", amount=61) == "violation"


@pytest.mark.parametrize("name", ["member", "members", "user", "users", "customers", "groups", "people"])
@pytest.mark.parametrize(
    "body", [{"read_file": "yes", "treat_hive": "no"}, {"allow": ["read_file"], "deny": ["treat_hive"]}], ids=str
)
def test_people_above_tools_are_a_role_and_nobody_else_is_granted_them(name: str, body: dict[str, Any]) -> None:
    policy = _converted(json.dumps({name: body, "boss": {"allow": ["treat_hive"]}}), "a.json")
    assert _verdict(policy, name, "read_file", path="/a") == "compliant"
    assert _verdict(policy, "guest", "read_file", path="/a") == "violation"
    assert _verdict(policy, name, "treat_hive", hive="L") == "violation"


@pytest.mark.parametrize(
    "rest",
    [
        {"if_not_in_for": "off"},
        {"if_over_max": "off"},
        {"over": {"max": "deny"}},
        {"outside_limits": "refuse"},
        {"over_a_limit": "no"},
        {"roles": {"guest": {"denied": ["everything else"]}}},
        {"rules": [{"when": "anything_else", "then": "deny"}]},
    ],
    ids=str,
)
def test_a_catch_all_that_denies_the_rest_closes_nothing(rest: dict[str, Any]) -> None:
    data = {"read_file": {"enabled": True, "for": ["clerk"]}, **rest}
    made = convert(json.dumps(data), file="a.json", tools=SHOP)
    assert _verdict(made.policy, "clerk", "read_file", path="/a") == "compliant", [r.rules for r in made.open]
    assert _verdict(made.policy, "guest", "read_file", path="/a") == "violation"


@pytest.mark.parametrize(
    "rest",
    [{"if_not_in_for": "ask"}, {"over": {"max": "ask"}}, {"outside_hours": "refuse"}],
    ids=str,
)
def test_what_is_no_certain_denial_of_the_rest_is_not_passed_over(rest: dict[str, Any]) -> None:
    data = {"read_file": {"enabled": True, "for": ["clerk"]}, **rest}
    assert _verdict(_converted(json.dumps(data), "a.json"), "clerk", "read_file", path="/a") != "compliant"


def test_exceptions_that_name_tools_close_these_alone() -> None:
    text = '[clerk]\nread_file = "allow"\nsend_money = "allow"\n\n[exceptions]\n{} = "deny"\n'
    policy = _converted(text.format("send_money_abroad"), "a.toml")
    assert _verdict(policy, "clerk", "read_file", path="/a") == "compliant"
    assert _verdict(policy, "clerk", "send_money", amount=5) != "compliant"
    policy = _converted(text.format("full_moons"), "a.toml")
    assert _verdict(policy, "clerk", "read_file", path="/a") != "compliant"


@pytest.mark.parametrize("legend", ["confirm = a team lead clicks OK", "q = the boss says yes", "deny = ok for now"])
def test_a_legend_makes_no_permission_of_what_somebody_else_does(legend: str) -> None:
    mark = legend.partition(" ")[0]
    text = f"# format: role = allow | {mark}   ({legend})\nread_file.clerk=allow\nsend_money.clerk={mark}\n"
    made = convert(text, file="a.properties", tools=SHOP, comments="notes")
    assert _verdict(made.policy, "clerk", "read_file", path="/a") == "compliant"
    assert _verdict(made.policy, "clerk", "send_money", amount=5) != "compliant"
