"""Rules that reach other calls than whoever wrote them is likely to have meant: remarks for lint.

| rule | what it does besides |
| --- | --- |
| `allowed_domains: [acme.com]` at the top | a tool that opens pages opens those of acme.com only |
| `{operation: '*', require: {path: ...}}` | a call without a path is left open |
| `max_sensitivity: 3` at the top | what is more by its name is never allowed |
| `like: https://acme.com*` | `https://acme.com.evil.example` is one |
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from gatling.policy.clauses import WANTS_A_VALUE, Clause, ClauseKind, Condition, Operator
from gatling.policy.places import sends
from gatling.policy.rules import Rulebook
from gatling.schema.words import split_words
from gatling.tools.call_scope import sensitivity_of_call
from gatling.tools.derive import effect_of

MAX_NAMED = 3
"""So many tools are named in a remark."""

_PAGES = frozenset(
    "page pages web webpage website site url urls link links http https browse browser crawl scrape download rss feed".split()
)
_OPENS = frozenset("browse crawl scrape navigate visit goto open".split())
_PEOPLE = frozenset("recipient recipients email emails address addresses".split())
_ENDS_IN_HOST = re.compile(r"[a-z*]{1,12}://[^/?#]*[^/?#*.]\*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reach:
    """One rule, and what it does besides."""

    clause: Clause
    message: str


def reaches(rules: Rulebook, known_tools: Iterable[str]) -> Iterator[Reach]:
    """Yield the rules that reach further than they seem to, with what they do there."""
    tools = sorted({*rules.granted_tools, *known_tools})
    opening = [tool for tool in tools if opens_pages(tool)]
    sending = [tool for tool in tools if sends(tool)]
    for clause in rules.clauses:
        if clause.kind is ClauseKind.DENY or clause.dialect != "native":
            continue
        for condition in (*clause.when, *clause.checks) if clause.kind is ClauseKind.ALLOW else clause.checks:
            if condition.operator is Operator.LIKE and any(map(_ENDS_IN_HOST.fullmatch, map(str, condition.value))):
                pattern = next(p for p in condition.value if _ENDS_IN_HOST.fullmatch(str(p)))
                yield Reach(clause, f"{pattern} also matches hosts whose name goes on; write {pattern[:-1]}/*")
            if clause.kind is ClauseKind.REQUIRE and clause.tools == ("*",):
                yield from _of_all(clause, condition, tools, opening, sending)


def _of_all(
    clause: Clause, condition: Condition, tools: list[str], opening: list[str], sending: list[str]
) -> Iterator[Reach]:
    name, _, path = condition.subject.partition(":")
    if name == "destination" and condition.operator is Operator.LIKE and opening:
        key = str(next((part for part in reversed(clause.path) if isinstance(part, str)), ""))
        if sending or not _PEOPLE.isdisjoint(split_words(key)):
            wanted = f"{{{(sending or ['send_mail'])[0]}: [...]}}"
            yield Reach(
                clause,
                f"it also holds for {_named(opening)}: pages elsewhere are denied; by tool it is {key}: {wanted}",
            )
    elif name == "argument" and condition.operator in WANTS_A_VALUE and not clause.when:
        yield Reach(clause, f"a call of any tool that does not state {path} is left open; name the tools that have it")
    elif name == "sensitivity" and condition.operator is Operator.AT_MOST:
        above = [tool for tool in tools if sensitivity_of_call(tool) > condition.value]
        if above:
            yield Reach(
                clause, f"by its name {_named(above)} is above {condition.value}, and never allowed unless stated lower"
            )


def opens_pages(tool: str) -> bool:
    """Tell whether a tool, by its name, opens pages of the web."""
    words = frozenset(split_words(tool))
    return not words.isdisjoint(_PAGES | _OPENS) and effect_of(tool)[0] == "read"


def _named(tools: list[str]) -> str:
    more = f" and {len(tools) - MAX_NAMED} more" if len(tools) > MAX_NAMED else ""
    return ", ".join(tools[:MAX_NAMED]) + more
