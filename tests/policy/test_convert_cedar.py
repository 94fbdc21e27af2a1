"""Cedar files: the policies stay as they are, and what their authors say beside the language is not lost."""

from __future__ import annotations

import time

import pytest

from gatling.policy import Oracle, parse_policy, recognise
from gatling.policy.convert import convert
from gatling.policy.convert.cedar import read_cedar
from gatling.policy.convert.notes import Comments
from gatling.schema import parse_context, parse_plan

pytest.importorskip("cedarpy", reason="THE EXTRA cedar IS NOT INSTALLED")

TOOLS = ["view_balance", "close_account", "freeze_card"]
VIEW = 'permit (principal, action == Action::"view_balance", resource);'
CLOSE = 'permit (principal, action == Action::"close_account", resource);'


def verdict(text: str, tool: str, comments: Comments = "items") -> str:
    policy = parse_policy(convert(text, file="p.cedar", tools=TOOLS, comments=comments).text).data
    request = {"user_request": f"Please {tool.replace('_', ' ')} 10-33."}
    context = parse_context({"policy": policy, "user_role": "teller", "session_context": request})
    node = {"tool_name": tool, "node_id": "n1", "arguments": {"account": "10-33"}, "provenance_tier": 1}
    return Oracle(recognise(policy), tools=TOOLS).judge(context, parse_plan({"nodes": [node]})).verdict


def test_what_cedar_permits_passes_and_the_rest_does_not() -> None:
    assert verdict(VIEW, "view_balance") == "compliant"
    assert verdict(VIEW, "close_account") == "violation"


@pytest.mark.parametrize("comments", ["items", "notes"])
@pytest.mark.parametrize(
    "above",
    ['@approval("branch manager")\n', "@suspended\n", '@until("2024-12-31")\n', '@note("a; b")\n@approval("x")\n'],
)
def test_an_annotation_that_cedar_does_not_heed_leaves_its_policy_open(above: str, comments: Comments) -> None:
    text = f"{VIEW}\n{above}{CLOSE}\n"
    assert verdict(text, "close_account", comments) == "undecided"
    assert verdict(text, "view_balance", comments) == "compliant"


def test_an_annotation_that_names_its_policy_restricts_nothing() -> None:
    text = f'@id("close")\n@description("Closing an account.")\n{CLOSE}'
    assert convert(text, file="p.cedar", tools=TOOLS).is_complete
    assert verdict(text, "close_account") == "compliant"


def test_one_on_a_policy_of_every_action_is_about_every_call() -> None:
    assert verdict('@approval("me")\npermit (principal, action, resource);', "view_balance") == "undecided"


def test_a_comment_is_about_the_policy_below_it_and_may_be_said_to_be_a_note() -> None:
    text = f"{VIEW}\n\n// closing: the branch manager has to approve\n{CLOSE} // only until May; then ask\n"
    assert verdict(text, "close_account") == "undecided"
    assert verdict(text, "view_balance") == "compliant"
    assert verdict(text, "close_account", "notes") == "compliant"
    open_lines = {reading.statement.line for reading in convert(text, file="p.cedar", tools=TOOLS).open}
    assert open_lines == {3, 4}


def test_what_stands_in_a_text_is_neither_a_comment_nor_an_annotation() -> None:
    text = f'{VIEW[:-1]}\nwhen {{ context.arguments.account != "// @approval(x);" }};\n{CLOSE}'
    assert convert(text, file="p.cedar", tools=TOOLS).is_complete


@pytest.mark.parametrize("start", ['"', '@x("', 'Action::"'])
def test_a_text_without_an_end_takes_linear_time(start: str) -> None:
    started = time.process_time()
    read_cedar(start + '\\"' * 400_000)
    assert time.process_time() - started < 5
