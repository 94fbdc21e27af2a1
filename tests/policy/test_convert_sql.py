"""Grants as databases write them: who has a tool, who has lost it, and what the comments between them leave open."""

from __future__ import annotations

import time
from typing import Any

import pytest

from gatling.policy.convert import convert
from gatling.policy.convert.sql_grants import read_sql_grants
from gatling.policy.language.lexicon import Lexicon

TOOLS = ["read_claim", "pay_claim", "export_list"]


def _rules(text: str, **options: Any) -> list[tuple[str, str, tuple[str, ...]]]:
    made = convert(text, file="grants.sql", tools=TOOLS, **options)
    return [(r.kind, ",".join(r.tools), r.roles) for reading in made.readings for r in reading.rules]


def test_every_statement_is_read_between_comments() -> None:
    text = """\
-- 2024-12-02
GRANT EXECUTE ON FUNCTION read_claim TO adjuster;
GRANT EXECUTE ON FUNCTION read_claim, pay_claim(text, numeric) TO clerk, auditor;  -- Owner: Ann
/* Owner: Ann */
revoke all privileges on function pay_claim
  from auditor;
"""
    assert _rules(text) == [
        ("grant", "read_claim", ("adjuster",)),
        ("grant", "read_claim", ("clerk",)),
        ("grant", "read_claim", ("auditor",)),
        ("grant", "pay_claim", ("clerk",)),
        ("denial", "pay_claim", ("auditor",)),
    ]
    assert [r.statement.line for r in convert(text, file="grants.sql", tools=TOOLS).readings if r.rules] == [2, 3, 5]


@pytest.mark.parametrize(
    ("lines", "rules"),
    [
        ("GRANT EXECUTE ON read_claim TO a; REVOKE EXECUTE ON read_claim FROM a;", [("denial", "read_claim", ("a",))]),
        ("REVOKE EXECUTE ON read_claim FROM a; GRANT EXECUTE ON read_claim TO a;", [("grant", "read_claim", ("a",))]),
        (
            "GRANT EXECUTE ON read_claim TO PUBLIC; REVOKE ALL ON read_claim FROM PUBLIC;",
            [("denial", "read_claim", ())],
        ),
        (
            "REVOKE ALL ON FUNCTION read_claim FROM PUBLIC; GRANT EXECUTE ON FUNCTION read_claim TO a;",
            [("default", "", ()), ("grant", "read_claim", ("a",))],
        ),
    ],
)
def test_the_last_line_about_a_tool_and_a_role_decides(lines: str, rules: list[Any]) -> None:
    assert _rules(lines) == rules


@pytest.mark.parametrize(
    "statement",
    [
        "GRANT EXECUTE ON FUNCTION read_claim TO clerk WITH GRANT OPTION;",
        "GRANT SELECT ON read_claim TO clerk;",
        "GRANT EXECUTE ON FUNCTION unheard_of TO clerk;",
        "GRANT EXECUTE ON FUNCTION read_claim TO clerk WHEN amount < 5;",
        "GRANT clerk TO boss;",
        f"GRANT EXECUTE ON FUNCTION {'read_claim, ' * 200} read_claim TO clerk;",
    ],
)
def test_what_is_not_understood_grants_nothing(statement: str) -> None:
    rules = _rules(f"{statement}\nGRANT EXECUTE ON FUNCTION pay_claim TO clerk;")
    assert [kind for kind, *_ in rules] == ["review", "grant"]


@pytest.mark.parametrize("comments", ["items", "notes"])
def test_a_comment_that_may_hold_a_limit_is_no_note(comments: str) -> None:
    text = "-- up to 2500, the rest waits\nGRANT EXECUTE ON FUNCTION pay_claim TO clerk;\n"
    assert any(kind == "review" for kind, *_ in _rules(text, comments=comments))


def test_other_statements_are_not_read_as_grants() -> None:
    text = "GRANT EXECUTE ON FUNCTION read_claim TO clerk;\nDROP TABLE users;\n"
    assert not any(kind == "grant" for kind, *_ in _rules(text))


@pytest.mark.parametrize(
    "text",
    ["GRANT EXECUTE ON " + "a," * 200_000, "GRANT " + "/*" * 100_000, "GRANT x;\n" * 5_000, "GRANT '" * 50_000],
    ids=["names", "comments", "lines", "quotes"],
)
def test_hostile_statements_take_no_time(text: str) -> None:
    started = time.process_time()
    read_sql_grants(text, Lexicon(TOOLS))
    assert time.process_time() - started < 2
