"""Of two places of which one lies within the other, the entry of the narrower one says all that may be done there."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gatling.policy import Oracle, parse_policy, recognise
from gatling.policy.convert import convert
from gatling.policy.convert.entries import verdict_of
from gatling.policy.convert.places import lies_within
from gatling.schema import parse_context, parse_plan
from tests.policy.probes import catalogue

FILES = catalogue(
    {
        "read_file": {"path": "string"},
        "write_file": {"path": "string", "content": "string"},
        "delete_file": {"path": "string"},
    }
)
NAMES = {"read": "read_file", "write": "write_file", "delete": "delete_file"}
Places = dict[str, list[str]]


def _hcl(places: Places) -> str:
    lines = "".join(f'  path "{p}" {{ capabilities = {json.dumps(c)} }}\n' for p, c in places.items())
    return f'policy "artist" {{\n{lines}}}\n'


def _rows_of(places: Places) -> list[dict[str, Any]]:
    return [
        {"role": "artist", "path": place, "tools": [NAMES[c] for c in said], "effect": "allow"}
        for place, said in places.items()
    ]


def _json(places: Places) -> str:
    return json.dumps({"rules": _rows_of(places)})


def _yaml(places: Places) -> str:
    return "rules:\n" + "".join(
        f'  - role: artist\n    path: "{r["path"]}"\n    tools: [{", ".join(r["tools"])}]\n' for r in _rows_of(places)
    )


def _toml(places: Places) -> str:
    lines = (f'[role.artist.path."{p}"]\ncapabilities = {json.dumps(c)}\n' for p, c in places.items())
    return "".join(lines)


def _csv(places: Places) -> str:
    rows = (f"{NAMES[c]},artist,{place},allow\n" for place, said in places.items() for c in said)
    return "tool,role,path,effect\n" + "".join(rows)


NOTATIONS = {"a.hcl": _hcl, "a.json": _json, "a.yaml": _yaml, "a.toml": _toml, "a.csv": _csv}


def _calls(text: str, file: str, role: str = "artist") -> dict[tuple[str, str], bool]:
    policy = parse_policy(convert(text, file=file, tools=FILES).text).data
    context = parse_context({"policy": policy, "user_role": role, "session_context": {"user_request": "go on"}})
    oracle = Oracle(recognise(policy), tools=list(FILES))

    def judged(tool: str, path: str) -> bool:
        arguments = {"path": path, "content": "x"} if tool == "write_file" else {"path": path}
        node = {"tool_name": tool, "node_id": "n", "arguments": arguments, "provenance_tier": 1}
        return oracle.judge(context, parse_plan({"nodes": [node]})).verdict == "compliant"

    paths = ("assets/a.png", "assets/final", "assets/final/a.png", "assets/final/gold/a.png", "docs/a.md", "src/a.c")
    return {(name, path): judged(tool, path) for name, tool in NAMES.items() for path in paths}


def _allowed(places: Places, file: str) -> set[tuple[str, str]]:
    return {call for call, is_allowed in _calls(NOTATIONS[file](places), file).items() if is_allowed}


@pytest.mark.parametrize("file", NOTATIONS)
@pytest.mark.parametrize("is_turned", [False, True])
def test_what_the_narrower_entry_does_not_grant_is_withheld_there(file: str, is_turned: bool) -> None:
    places = {"assets/**": ["read", "write"], "assets/final/**": ["read"], "docs/**": ["read", "write"]}
    found = _allowed(dict(reversed(places.items())) if is_turned else places, file)
    assert found == {
        ("read", "assets/a.png"),
        ("write", "assets/a.png"),
        ("read", "assets/final/a.png"),
        ("read", "assets/final/gold/a.png"),
        ("read", "docs/a.md"),
        ("write", "docs/a.md"),
        ("read", "assets/final"),
    }


@pytest.mark.parametrize("file", NOTATIONS)
@pytest.mark.parametrize("turn", [0, 1, 2])
def test_three_deep(file: str, turn: int) -> None:
    places = [
        ("assets/**", ["read", "write", "delete"]),
        ("assets/final/**", ["read", "write"]),
        ("assets/final/gold/**", ["read"]),
    ]
    found = _allowed(dict(places[turn:] + places[:turn]), file)
    assert {c for c in found if c[0] == "read"} == {
        ("read", p) for p in ("assets/a.png", "assets/final", "assets/final/a.png", "assets/final/gold/a.png")
    }
    assert {c for c in found if c[0] != "read"} == {
        ("write", "assets/a.png"),
        ("write", "assets/final"),
        ("write", "assets/final/a.png"),
        ("delete", "assets/a.png"),
    }


@pytest.mark.parametrize("file", NOTATIONS)
def test_a_narrower_place_may_give_back_what_one_between_withholds(file: str) -> None:
    places = {"assets/**": ["read", "write"], "assets/final/**": ["read"], "assets/final/gold/**": ["read", "write"]}
    found = {path for name, path in _allowed(places, file) if name == "write"}
    assert found == {"assets/a.png", "assets/final/gold/a.png"}


@pytest.mark.parametrize("file", NOTATIONS)
def test_places_apart_are_grants_as_they_stand(file: str) -> None:
    made = convert(NOTATIONS[file]({"assets/**": ["read", "write"], "docs/**": ["read"]}), file=file, tools=FILES)
    items = made.policy["allowed_operations"]
    found = sorted((item["tool"], item["when"]["path"]["like"][0]) for item in items)
    assert found == [("read_file", "assets/**"), ("read_file", "docs/**"), ("write_file", "assets/**")]
    assert all("not_like" not in item["when"]["path"] for item in items)
    assert not made.open


@pytest.mark.parametrize(
    "narrow", ['capabilities = ["write"]', "capabilities = []", 'capabilities = ["frobnicate"]', ""]
)
def test_a_place_as_a_key_says_all_of_itself(narrow: str) -> None:
    """`write` alone withholds `read`; an empty list and an unknown word withhold everything."""
    text = f'policy "artist" {{\n path "assets/**" {{ capabilities = ["read"] }}\n path "assets/final/**" {{ {narrow} }}\n}}\n'
    found = _calls(text, "a.hcl")
    assert found["read", "assets/a.png"]
    assert not found["read", "assets/final/a.png"]
    assert found["write", "assets/final/a.png"] is (narrow == 'capabilities = ["write"]')


@pytest.mark.parametrize("wide", ["**", "*", "assets/**"])
def test_everywhere_is_a_place_too(wide: str) -> None:
    found = _calls(_hcl({wide: ["read", "write"], "assets/final/**": ["read"]}), "a.hcl")
    assert found["write", "assets/a.png"]
    assert found["read", "assets/final/a.png"]
    assert not found["write", "assets/final/a.png"]
    assert found["write", "src/a.c"] is (wide != "assets/**")


def test_one_file_within_a_folder() -> None:
    found = _calls(_hcl({"assets/**": ["read", "write"], "assets/final/a.png": ["read"]}), "a.hcl")
    assert not found["write", "assets/final/a.png"]
    assert found["write", "assets/final/gold/a.png"]


def test_other_roles_keep_theirs() -> None:
    text = _hcl({"assets/**": ["read", "write"]}) + _hcl({"assets/final/**": ["read"]}).replace("artist", "guest")
    assert _calls(text, "a.hcl")["write", "assets/final/a.png"]
    assert not _calls(text, "a.hcl", "guest")["write", "assets/final/a.png"]


def test_lines_of_other_tools_say_nothing_of_each_other() -> None:
    rows = "read_file,artist,assets/**,allow\nwrite_file,artist,assets/final/**,allow\n"
    found = _calls(f"tool,role,path,effect\n{rows}", "a.csv")
    assert found["read", "assets/final/a.png"]
    assert found["write", "assets/final/a.png"]
    assert not found["write", "assets/a.png"]


def test_places_that_are_read_as_bounds_are_to_decide() -> None:
    text = "".join(
        f'[[rule]]\nrole = "artist"\npaths = ["{place}"]\nallow = {tools}\n'
        for place, tools in (("assets/**", '["read_file", "write_file"]'), ("assets/final/**", '["read_file"]'))
    )
    made = convert(text, file="a.toml", tools=FILES)
    assert {t for r in made.open for rule in r.rules if rule.kind == "review" for t in rule.tools} >= {"write_file"}
    assert not _calls(text, "a.toml")["write", "assets/final/a.png"]


def test_too_many_places_are_no_grants() -> None:
    places = {f"a/{i}/**": ["read"] for i in range(1_100)}
    made = convert(_hcl(places), file="a.hcl", tools=FILES)
    assert "allowed_operations" not in made.policy
    assert made.open[0].rules[0].reason == "nothing is granted: too many places to be compared"


@pytest.mark.parametrize(
    ("narrow", "wide", "is_within"),
    [
        ("a/b/**", "a/**", True),
        ("a/b", "a/*", True),
        ("a/*/c/x", "a/*", True),
        ("src/a/gen/*", "src/*/gen/*", True),
        ("a/**", "a/b/**", False),
        ("a/**", "a/**", False),
        ("ab/**", "a/**", False),
        ("a/*", "a/b?", False),
        ("a/*.png", "a/*.p*", True),
    ],
)
def test_which_pattern_lies_within_which(narrow: str, wide: str, is_within: bool) -> None:
    assert lies_within(narrow, wide) is is_within


@pytest.mark.parametrize("cell", ["\u2014", "...", "*", "\u00a0\u2013"])
def test_a_cell_without_words_has_no_verdict(cell: str) -> None:
    assert verdict_of(cell) == ""


def test_a_dash_in_a_table_grants_nothing() -> None:
    text = (
        "| Tool | artist | guest |\n|---|---|---|\n| read_file | \u2713 | \u2014 |\n| write_file | \u2713 | \u2713 |\n"
    )
    made = convert(text, file="a.md", tools=FILES)
    granted = [i for i in made.policy.get("allowed_operations", []) if isinstance(i, dict)]
    assert {(i["tool"], role) for i in granted for role in i["roles"]} <= {
        ("read_file", "artist"),
        ("write_file", "artist"),
        ("write_file", "guest"),
    }
    assert any(i["tool"] == "write_file" and "guest" in i["roles"] for i in granted)
