"""Items with items below them: what stands above says for whom the items are, or it is not known for whom they are."""

from __future__ import annotations

from gatling.policy import Oracle, parse_policy, recognise
from gatling.policy.convert import convert
from gatling.schema import parse_context, parse_plan
from gatling.tools.derive import make_tool
from gatling.tools.spec import ToolSpec

TOOLS: dict[str, ToolSpec] = {
    name: make_tool(name, domain="x", vendor="x", description="x", parameters=())
    for name in ("send_newsletter", "add_member", "read_file", "list_files")
}


def verdict(text: str, role: str, tool: str, *, answered: bool = False) -> str:
    """Return what a converted text says of a call; `answered`: after somebody has struck out all that was to decide."""
    policy = dict(parse_policy(convert(text, file="p.md", tools=TOOLS).text).data)
    if answered:
        policy.pop("review", None)
    plan = parse_plan({"nodes": [{"tool_name": tool, "node_id": "n1", "arguments": {}}]})
    context = parse_context({"policy": policy, "user_role": role})
    return Oracle(recognise(policy), tools=tuple(TOOLS)).judge(context, plan).verdict


def test_what_stands_below_a_name_that_is_not_read_is_granted_to_nobody() -> None:
    for above in ("Section leaders", "The people of the second floor", "Kim", "Those who sing the bass line"):
        text = f"- {above}\n  - can send the newsletter\n- Everybody may read files.\n"
        assert verdict(text, "singer", "send_newsletter") != "compliant"
        assert verdict(text, "singer", "send_newsletter", answered=True) == "violation"


def test_what_stands_below_a_role_is_for_it() -> None:
    text = "# Rules\n\n- Editors\n  - can send the newsletter\n- Readers\n  - can read files\n"
    assert verdict(text, "editor", "send_newsletter", answered=True) == "compliant"
    assert verdict(text, "reader", "send_newsletter", answered=True) == "violation"
    assert verdict(text, "reader", "read_file", answered=True) == "compliant"
    assert verdict(text, "editor", "read_file", answered=True) == "violation"


def test_what_follows_the_items_is_not_below_them() -> None:
    text = "- Editors\n  - can send the newsletter\n- Everybody may read files.\n"
    assert verdict(text, "singer", "read_file", answered=True) == "compliant"
    text = "- Editors\n  - can send the newsletter\n\nEverybody may read files.\n"
    assert verdict(text, "singer", "read_file", answered=True) == "compliant"


def test_things_above_are_no_people() -> None:
    text = "## Allowed\n\n- Files\n  - read_file\n  - list_files\n"
    assert verdict(text, "anyone", "read_file", answered=True) == "compliant"
    assert verdict(text, "anyone", "list_files", answered=True) == "compliant"


def test_a_line_that_names_a_tool_is_never_a_remark() -> None:
    made = convert(
        "- adds members, in any voice (`add_member`)\n- Everybody may read files.\n", file="p.md", tools=TOOLS
    )
    assert any("add_member" in item["tools"] for item in parse_policy(made.text).data["review"])
