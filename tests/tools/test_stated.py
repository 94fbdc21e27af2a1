"""The deed that a call states in an argument: the wanted answers, stated before they were tried."""

from __future__ import annotations

from typing import Any

import pytest

from gatling.tools.stated import stated_deed, worse


@pytest.mark.parametrize(
    ("tool", "arguments", "wanted"),
    [
        ("manage_user", {"action": "delete"}, "delete"),
        ("manage_user", {"Action": "DELETE"}, "delete"),
        ("notes_tool", {"action": "delete_all"}, "delete"),
        ("users", {"op": "remove"}, "delete"),
        ("users", {"action_type": "users.remove"}, "delete"),
        ("account", {"operation": "close"}, "write"),
        ("account", {"operation": "transfer"}, "send"),
        ("roles", {"action": "add"}, "admin"),
        ("access", {"verb": "grant"}, "admin"),
        ("update_user", {"action": "delete"}, "delete"),
        ("batch", {"operations.op": "create", "operations.1.op": "delete"}, "delete"),
        ("smart_home", {"command": "unlock"}, "write"),
        ("file", {"mode": "write"}, "write"),
        ("file", {"mode": "w"}, "write"),
        ("open", {"mode": "r+"}, "write"),
        ("items", {"method": "DELETE"}, "delete"),
        ("items", {"method": "post"}, "write"),
        ("items", {"method": "get"}, None),
        ("file", {"mode": "r"}, None),
        ("route", {"mode": "w"}, None),
        ("route", {"mode": "transit"}, None),
        ("preferences", {"method": "email"}, None),
        ("pay", {"payment_method": "wire"}, None),
        ("calendar", {"action": "list"}, None),
        ("browser", {"action": "open"}, None),
        ("get_logs", {"operation": "delete"}, None),
        ("search_orders", {"action": "return"}, None),
        ("note", {"action": ""}, None),
        ("note", {"action": 5}, None),
        ("note", {"action": "please delete what I wrote last week"}, None),
        ("note", {"reaction": "delete"}, None),
    ],
)
def test_the_deed_that_an_argument_states(tool: str, arguments: dict[str, Any], wanted: str | None) -> None:
    deed = stated_deed(tool, arguments.items())
    assert (deed.effect if deed else None) == wanted
    if deed:
        assert deed.argument in arguments


def test_the_worse_of_two_effects() -> None:
    assert worse("read", "write") == worse("write", "read") == "write"
    assert worse("send", "delete") == "delete"
