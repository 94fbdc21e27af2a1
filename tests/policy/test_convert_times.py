"""Dates, days and hours: the format knows none, so what holds only then is an item that names them, never a rule and never silence."""

from __future__ import annotations

import time

import pytest

from gatling.policy import parse_policy, recognise
from gatling.policy.convert import convert
from gatling.policy.language.times import is_time, time_said
from gatling.tools.readers.mcp import mcp_tools

TOOLS = ["search_orders", "get_order", "refund_order", "cancel_order", "send_mail", "delete_account"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Clerks may refund orders between 09:00 and 17:00.", "between 09:00 and 17:00"),
        ("Agents may search orders on weekdays only.", "on weekdays"),
        ("Managers may cancel orders until 2026-12-31.", "until 2026-12-31"),
        ("You may send mail from Monday to Friday.", "from Monday to Friday"),
        ("The assistant may refund orders during office hours.", "during office hours"),
        ("Orders may be cancelled at night.", "at night"),
        ("Clerks may get orders from 1 December 2026.", "from 1 December 2026"),
        ("Clerks may get orders until 31.12.2026.", "until 31.12.2026"),
        ("Clerks may get orders after 5 pm.", "after 5 pm"),
        ("allow get_order 09:00-17:00", "09:00-17:00"),
        ("allow refund_order mon-fri", "mon-fri"),
    ],
)
def test_a_grant_with_a_time_is_an_item_that_names_it(text: str, said: str) -> None:
    assert time_said(text) == said
    made = convert(f"The assistant may send mail.\n{text}\n", tools=TOOLS, kind="text")
    assert made.policy["allowed_operations"] == ["send_mail"]
    (item,) = made.policy["review"]
    assert item["line"] == 2
    assert f"({said})" in item["reason"]
    recognise(parse_policy(made.text))


@pytest.mark.parametrize(
    "text", ["Never send mail after 18:00.", "Do not send mail at weekends.", "deny send_mail sat,sun"]
)
def test_a_denial_with_a_time_holds_always_and_says_so(text: str) -> None:
    made = convert(text, tools=TOOLS, kind="text")
    assert made.policy["forbidden_operations"] == ["send_mail"]
    assert "the narrower reading: forbidden at all times: when it holds is not read" in made.text
    assert not made.is_complete


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ('{tool: get_order, hours: "09:00-17:00"}', "09:00-17:00"),
        ("{tool: get_order, days: [mon, tue]}", "mon, tue"),
        ("{tool: get_order, weekdays: [monday, friday]}", "monday, friday"),
        ("{tool: get_order, until: 2026-12-31}", "2026-12-31"),
        ("{tool: get_order, valid_from: 2026-01-01}", "2026-01-01"),
        ("{tool: get_order, schedule: weekdays}", "weekdays"),
        ('{tool: get_order, time: "9-17"}', ""),
        ("get_order until 2026-12-31", "until 2026-12-31"),
        ('"get_order (weekdays)"', "weekdays"),
    ],
)
def test_a_time_beside_a_tool_takes_the_grant_away(entry: str, said: str) -> None:
    made = convert(f"allowed_tools:\n  - send_mail\n  - {entry}\n", tools=TOOLS, kind="data")
    assert made.policy["allowed_operations"] == ["send_mail"]
    (item,) = made.policy["review"]
    assert (item["line"], item["tools"]) == (3, ["get_order"])
    assert said in item["reason"]
    assert "rules" not in made.policy  # `days` is no argument of the call


@pytest.mark.parametrize(
    "source",
    [
        "roles:\n  clerk:\n    hours: 09:00-17:00\n    allow: [get_order]\n",
        "allow: [get_order]\nvalid_until: 2026-12-31\n",
        "allow: [get_order]\nbusiness_hours: 09:00-17:00\n",
        "[role:clerk]\nallow = get_order\nhours = 9-17\n",
        "[role:boss]\nexpires = 2026-12-31\nallow = get_order\n",
    ],
)
def test_a_time_around_grants_is_never_silent(source: str) -> None:
    made = convert(source, tools=TOOLS)
    granted = {str(g) for g in made.policy.get("allowed_operations", ())}
    assert not any("get_order" in g for g in granted)
    at = next(i for i, line in enumerate(source.splitlines(), 1) if "hours" in line or "20" in line)
    assert at in {item["line"] for item in made.policy["review"]}


def test_an_argument_that_is_a_day_stays_one() -> None:
    schema = {"type": "object", "properties": {"weekday": {"type": "string"}}}
    specs = {s.name: s for s in mcp_tools({"tools": [{"name": "book_room", "inputSchema": schema}]}, "office")}
    made = convert("allow:\n  - {tool: book_room, weekday: [monday, friday]}\n", tools=specs, kind="data")
    assert made.policy["rules"] == [{"operation": "book_room", "require": {"weekday": {"in": ["monday", "friday"]}}}]
    assert made.is_complete


@pytest.mark.parametrize(
    "text", ["You may send mail.", "Sun Bank pays in March.", "Send 5 mails to 7 people.", "May I?", "version 1.2.3"]
)
def test_words_that_are_no_time(text: str) -> None:
    assert "may" not in time_said(text).lower().split(", ")
    assert not is_time(text)


def test_hostile_texts_take_linear_time() -> None:
    started = time.process_time()
    for text in ("1 " * 100_000, "mon-" * 50_000, "09:00 to " * 30_000, "between " * 40_000, "may " * 60_000):
        time_said(text)
    assert time.process_time() - started < 10
