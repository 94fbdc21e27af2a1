"""What somebody must decide before it is a rule: it leaves open the calls that it may be about, and grants nothing."""

from __future__ import annotations

from typing import Any

from gatling.policy.clauses import Unrecognised
from gatling.policy.reading.reader import Reader, RulePosition
from gatling.policy.reading.rule_objects import take_tool_names
from gatling.policy.reading.vocabulary import texts_of
from gatling.policy.unread import mentions


def read_review(reader: Reader, items: list[Any], place: RulePosition) -> None:
    """Read the items of `review`: a text, or `{text, reason, line, tools, may_grant}`.

    An item with `tools` is about these; another one about what its text may mean (`policy.unread`). `may_grant` is a tool, a list
    of tools, or `{tools, roles}`.
    """
    for i, item in enumerate(items):
        here = place.at(i)
        text = item if isinstance(item, str) else item.get("text") if isinstance(item, dict) else None
        if not isinstance(text, str):
            reader.skip(here.path, "not an item of a review")
            continue
        said = item if isinstance(item, dict) else {}
        tools = take_tool_names({key: value for key, value in said.items() if key != "text"})[0] or ()
        granted, grantees = _may_grant(said.get("may_grant"))
        tools = tuple(dict.fromkeys((*tools, *granted))) if tools else tools
        meant = () if tools else mentions((), text)
        reason = said.get("reason")
        reason = f"to be decided: {text}" + (f" ({reason})" if isinstance(reason, str) else "")
        reader.unrecognised.append(
            Unrecognised(
                here.path,
                reason,
                reader.lines.get(here.path),
                tools,
                meant,
                is_review=True,
                may_grant=granted,
                grantees=grantees,
            )
        )


def _may_grant(value: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the tools that an item may grant, and to whom; nothing where that is not said in a form that is known."""
    said = value if isinstance(value, dict) else {"tools": value}
    return texts_of(said.get("tools")) or (), texts_of(said.get("roles")) or ()
