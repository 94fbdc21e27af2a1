"""The table of dialects: what it holds, and that one more is one class and one row."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from gatling.policy import Oracle, recognise
from gatling.policy.clauses import ClauseKind, Operator
from gatling.policy.dialects.table import DIALECTS
from gatling.policy.reading.reader import Dialect, Reader, RulePosition
from gatling.schema import parse_context, parse_plan

read = partial(recognise, strict=False)


class _AccessList(Dialect):
    """Lines such as `permit read_file` and `refuse delete_*`; in entries of tools, `acl: refuse`."""

    name = "acl"
    summary = "lines of permit and refuse"

    def is_member(self, words: frozenset[str], value: Any) -> bool:
        return "acl" in words and isinstance(value, str)

    def read_member(self, reader: Reader, key: str, value: Any, place: RulePosition) -> None:
        for line in value.splitlines():
            verb, _, tool = line.partition(" ")
            kind = {"permit": ClauseKind.ALLOW, "refuse": ClauseKind.DENY}.get(verb)
            if kind is None or (kind is ClauseKind.ALLOW and not place.may_grant):
                reader.skip(place.path, f"{line} is not read")
            else:
                reader.add(place.clause(kind, tools=(tool,)))

    def is_rule(self, value: dict[str, Any], *, is_listed: bool) -> bool:
        return set(value) == {"acl"}

    def read_rule(self, reader: Reader, value: dict[str, Any], place: RulePosition) -> None:
        self.read_member(reader, "acl", value["acl"], place)

    def take_from_entry(self, reader: Reader, tool: str, entry: dict[str, Any], place: RulePosition) -> None:
        if "acl" in entry:
            self.read_member(reader, "acl", f"{entry.pop('acl')} {tool}", place)


def _verdict(policy: dict[str, Any], tool: str) -> str:
    plan = parse_plan({"nodes": [{"node_id": "n", "tool_name": tool, "arguments": {}}]})
    context = parse_context({"policy": policy, "user_role": "clerk", "session_context": {}})
    return Oracle(read(policy)).judge(context, plan).verdict


_MEMBER = {"acl": "permit read_file\npermit delete_*\nrefuse delete_all"}
_RULES = {"allowed_operations": ["read_file", "pay"], "rules": [{"acl": "refuse pay"}]}
_BELOW = {"allowed_operations": ["read_file"], "odd part": {"x": [{"acl": "refuse read_file\npermit pay"}]}}
_ENTRY = {"tools": {"read_file": {"allowed": True}, "pay": {"allowed": True, "acl": "refuse"}}}


@pytest.mark.parametrize(
    ("policy", "tool", "with_it"),
    [
        (_MEMBER, "read_file", "compliant"),
        (_MEMBER, "delete_one", "compliant"),
        (_MEMBER, "delete_all", "violation"),
        (_MEMBER, "pay", "violation"),
        (_RULES, "pay", "violation"),
        (_BELOW, "read_file", "violation"),
        (_BELOW, "pay", "violation"),
        (_ENTRY, "pay", "violation"),
        (_ENTRY, "read_file", "compliant"),
    ],
)
def test_a_dialect_of_ones_own_is_a_class_and_a_row(
    policy: dict[str, Any], tool: str, with_it: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = read(policy)
    monkeypatch.setitem(DIALECTS, "acl", _AccessList())
    assert _verdict(policy, tool) == with_it
    monkeypatch.undo()
    assert read(policy) == before
    assert before.unrecognised or any(k.operator is Operator.UNKNOWN for c in before.clauses for k in c.checks)


def test_every_dialect_is_described() -> None:
    text = (Path(__file__).parents[2] / "docs" / "policies.md").read_text()
    assert all(row.name == name and row.summary for name, row in DIALECTS.items())
    for word in ("Cedar", "Effect", "JSON Schema", "required_scopes"):
        assert word in text


def test_a_denial_whose_key_speaks_of_scopes_grants_nothing() -> None:
    rules = read({"forbidden_tool_required_scopes": {"clerk": ["pay"]}})
    assert not any(c.kind is ClauseKind.ALLOW for c in rules.clauses)
    assert (
        _verdict({"forbidden_role_required_scopes": {"clerk": ["pay"]}, "allowed_operations": ["*"]}, "pay")
        == "violation"
    )
