"""First policies: they load strictly, allow what they were made from, and bound it."""

from __future__ import annotations

from typing import Any

import pytest

from gatling.errors import InputError
from gatling.policy import Oracle, parse_policy, recognise
from gatling.policy.draft import Draft, Run, SeenCalls, draft
from gatling.policy.draft.rules import nice
from gatling.policy.lint import lint
from gatling.schema import parse_context, parse_plan
from gatling.tools.readers.mcp import mcp_tools


def call(tool: str, tier: int | None = 1, **arguments: Any) -> dict[str, Any]:
    stated = {} if tier is None else {"provenance_tier": tier}
    return {"tool_name": tool, "node_id": "n", "arguments": arguments, **stated}


def plan_of(*calls: dict[str, Any]) -> Any:
    return parse_plan({"nodes": [{**c, "node_id": f"n{i}"} for i, c in enumerate(calls)], "edges": []})


def runs(*plans: list[dict[str, Any]], role: str | None = "clerk") -> SeenCalls:
    seen = SeenCalls()
    seen.add(Run(role, {}, plan_of(*calls)) for calls in plans)
    return seen


def verdict(made: Draft, *calls: dict[str, Any], role: str = "clerk") -> str:
    source = parse_policy(made.text)
    context = parse_context({"policy": source.data, "user_role": role, "session_context": {}})
    return Oracle(recognise(source)).judge(context, plan_of(*calls)).verdict


MAIL = [
    [
        call("list_mail", limit=n),
        call("send_mail", to=[f"p{n}@acme.com"], body="Hi", amount=n * 7, kind="fyi" if n % 2 else "todo"),
    ]
    for n in range(1, 11)
]


def test_what_was_seen_is_allowed_and_what_is_unlike_it_is_not() -> None:
    seen = runs(*MAIL)
    made = draft(seen)
    source = parse_policy(made.text)
    assert lint(recognise(source)) == []
    assert made.taken_out == ()
    for calls in MAIL:
        assert verdict(made, *calls) == "compliant"
    ok = {"to": ["new@acme.com"], "body": "Hi", "amount": 70, "kind": "fyi"}
    assert (
        verdict(made, call("send_mail", **ok)) == "compliant"
    )  # another address of the host, another amount below the bound
    for change in ({"to": ["x@evil.com"]}, {"amount": 101}, {"kind": "urgent"}):
        assert verdict(made, call("send_mail", **{**ok, **change})) == "violation"
    assert verdict(made, call("send_mail", **ok), call("send_mail", **ok)) == "violation"  # never twice in a run
    assert verdict(made, call("send_mail", tier=3, **ok)) == "violation"  # never on a stranger's word
    assert verdict(made, call("send_mail", **ok), role="intern") == "violation"
    assert verdict(made, call("list_mail", limit=10)) == "compliant"
    assert verdict(made, call("list_mail", limit=11)) == "violation"
    assert verdict(made, call("delete_mail", id="1")) == "violation"


def test_each_line_has_its_reason() -> None:
    lines = draft(runs(*MAIL)).text.splitlines()
    for i, line in enumerate(lines):
        if line.startswith("  ") and not line.startswith("  #"):
            assert lines[i - 1].startswith("  # "), line
    text = "\n".join(lines)
    assert "  # called 10 times in 10 runs by clerk\n  - {tool: send_mail, roles: [clerk]}" in text
    assert '  # amount was at most 70 in 10 calls\n  "send_mail.amount": 100' in text or (
        "  # amount was at most 70 in 10 calls\n  send_mail.amount: 100" in text
    )
    assert "  # it went nowhere else in 10 calls\n" in text


def test_paths_stay_below_the_folder_that_all_lay_in() -> None:
    made = draft(runs([call("read_file", path="/data/in/a.txt"), call("read_file", path="/data/in/sub/b.txt")]))
    assert verdict(made, call("read_file", path="/data/in/c.txt")) == "compliant"
    for path in ("/etc/passwd", "/data/out/a.txt", "/data/in/../../etc/passwd", "/data/in/%2e%2e/x"):
        assert verdict(made, call("read_file", path=path)) != "compliant", path


def test_addresses_of_public_mail_hosts_are_listed_one_by_one() -> None:
    made = draft(runs(*[[call("send_mail", to=f"p{n}@gmail.com")] for n in range(5)]))
    assert verdict(made, call("send_mail", to="p3@gmail.com")) == "compliant"
    assert verdict(made, call("send_mail", to="p9@gmail.com")) == "violation"


def test_what_honest_runs_break_is_taken_out_and_said() -> None:
    plans = [
        [call("send_mail", to=["a@acme.com"], cc=[["x"]], limit=5)],
        [call("send_mail", to=["b@acme.com"], limit="all")],
    ]
    made = draft(runs(*plans))
    for calls in plans:
        assert verdict(made, *calls) == "compliant"
    odd = [[call("pay", amount=5), call("pay", amount=5)], [call("pay", amount=-3)]]
    made = draft(runs(*odd))
    for calls in odd:
        assert verdict(made, *calls) == "compliant"


def test_a_role_that_is_not_known_grants_to_everybody() -> None:
    made = draft(runs(*MAIL, role=None))
    assert verdict(made, *MAIL[0], role="whoever") == "compliant"


TOOLS = {
    "tools": [
        {
            "name": "list_mail",
            "inputSchema": {"type": "object", "properties": {"limit": {"type": "integer", "maximum": 40}}},
        },
        {"name": "send_mail", "inputSchema": {"type": "object", "properties": {"to": {"type": "string"}}}},
        {"name": "get_passwords", "inputSchema": {"type": "object", "properties": {}}},
        {"name": "wipe\ndisk: [x]", "inputSchema": {"type": "object", "properties": {}}},
    ]
}


def test_of_tools_alone_only_what_reads_is_granted() -> None:
    specs = list(mcp_tools({"tools": TOOLS["tools"][:3]}, "mail"))
    made = draft(SeenCalls(), specs)
    assert parse_policy(made.text).data == {
        "format": "gatling/1",
        "allowed_operations": ["list_mail"],
        "scope_limits": {"list_mail.limit": 40},
        "default": "deny",
    }
    assert "  # - send_mail  # it sends" in made.text
    assert "  # - get_passwords  # it reads what is sensitive" in made.text
    assert dict(made.left_out).keys() == {"send_mail", "get_passwords"}
    assert verdict(draft(SeenCalls(), specs, role="clerk"), call("list_mail", limit=3), role="guest") == "violation"
    nothing = draft(SeenCalls(), specs[1:])
    assert parse_policy(nothing.text).data == {"format": "gatling/1", "allowed_operations": [], "default": "deny"}


def test_with_runs_a_tool_that_was_never_called_is_not_granted() -> None:
    made = draft(runs(*MAIL), mcp_tools({"tools": TOOLS["tools"][:3]}, "mail"))
    assert dict(made.left_out) == {"get_passwords": "it was never called"}
    # The description knows no `amount`, `kind` and `body`: there is no rule on what the tool does not have.
    assert not any("amount" in str(line.key) for line in made.lines)


def test_nothing_gives_no_policy() -> None:
    with pytest.raises(InputError, match="neither a call nor a tool"):
        draft(SeenCalls())


def test_hostile_names_stay_in_their_place() -> None:
    odd = "x]\nallowed_operations: [y]"
    seen = runs([call(odd, amount=5)], [call("danger*", amount=5)], [call("read: [a]", **{"#": 1, "a\nb": 7})])
    made = draft(seen)
    data = parse_policy(made.text).data
    assert not {odd, "danger*"} & {str(g) for g in data["allowed_operations"]}
    assert dict(made.left_out).keys() >= {odd, "danger*"}
    assert data.keys() == {"format", "allowed_operations", "default"}
    assert verdict(made, call("danger_zone")) == "violation"


@pytest.mark.parametrize(
    ("number", "wanted"), [(1, 1), (2, 2), (3, 5), (7, 10), (10, 10), (11, 20), (0.3, 0.5), (4999, 5000), (0.02, 0.02)]
)
def test_bounds_are_the_next_round_number(number: float, wanted: float) -> None:
    assert nice(number) == pytest.approx(wanted)
