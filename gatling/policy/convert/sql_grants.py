"""Grants as databases write them: `GRANT EXECUTE ON FUNCTION read_claim TO clerk;`, `REVOKE .. FROM ..`, with comments.

The last line about a tool and a role decides, as in SQL. What is taken from PUBLIC is what PUBLIC had; a role that has a grant of its
own keeps it. SQL has no words for limits, so a comment that may hold one is no note, whatever somebody says of comments.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from gatling.policy.convert.comments import Comment, comments_of
from gatling.policy.language.lexicon import Lexicon, role_names
from gatling.policy.language.nature import is_ruling
from gatling.policy.language.statement import NativeRule, Reading, RuleKind, Statement, review

_HIDDEN = re.compile(r"--[^\n]*|/\*.*?\*/|'[^']*'|\"[^\"]*\"", re.DOTALL)
_STARTS = re.compile(r"\s*(?:GRANT|REVOKE)\s", re.IGNORECASE)
_NAMES = r"[\w.\"]+(?:\s?\([\w\s,]*\))?(?:\s*,\s*[\w.\"]+(?:\s?\([\w\s,]*\))?)*"
_RULE = re.compile(
    rf"(?P<verb>GRANT|REVOKE) (?:EXECUTE|USAGE|ALL(?: PRIVILEGES)?) ON (?:(?:FUNCTION|PROCEDURE|ROUTINE|TOOL) )?(?P<tools>{_NAMES}) "
    r"(?:TO|FROM) (?P<roles>[\w\"]+(?: ?, ?[\w\"]+)*)(?: (?:CASCADE|RESTRICT))?",
    re.IGNORECASE,
)
_PUBLIC = "public"
_MAX_CHARS = 2_000
"""Of a statement; a longer one is left to somebody."""


@dataclass(frozen=True, slots=True)
class _Line:
    statement: Statement
    gives: bool = False
    tools: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()


def read_sql_grants(text: str, lexicon: Lexicon) -> tuple[list[Reading], list[Comment]] | None:
    """Return what the grants of a text are, and its comments; None if it has statements of other kinds, or none that is read."""
    if text.rfind("/*") > text.rfind("*/") or not re.search(
        r"^\s*(?:GRANT|REVOKE)\s", text, re.IGNORECASE | re.MULTILINE
    ):
        return None
    plain = _HIDDEN.sub(lambda m: m.group() if m.group()[0] in "'\"" else re.sub(r"\S", " ", m.group()), text)
    if "--" in plain or re.search(r"[^\s-]--", text):
        return None
    lines: list[_Line] = []
    number = 1
    for part in plain.split(";"):
        start = len(part) - len(part.lstrip())
        if part.strip():
            if not _STARTS.match(part):
                return None
            lines.append(_line(Statement(number + part.count("\n", 0, start), f"{' '.join(part.split())};"), lexicon))
        number += part.count("\n")
    if not any(line.tools for line in lines):
        return None  # `GRANT read_file TO clerk;` is a line as other lists have it
    comments = [replace(c, is_text=is_ruling(c.text)) for c in comments_of(text, "sql")]
    last = {(tool, role): line.gives for line in lines for tool in line.tools for role in line.roles}
    given = {tool for line in lines if line.gives for tool in line.tools if set(line.roles) - {_PUBLIC}}
    return [_reading(line, last, given) for line in lines], comments


def _line(statement: Statement, lexicon: Lexicon) -> _Line:
    match = _RULE.fullmatch(statement.text.rstrip(";")) if len(statement.text) <= _MAX_CHARS else None
    if match is None:
        return _Line(statement)
    named = [re.sub(r"\s?\(.*?\)|\"", "", name).strip() for name in re.split(r",(?![^(]*\))", match.group("tools"))]
    tools = tuple(lexicon.exact(name) or ("" if lexicon.is_closed else name) for name in named)
    if not all(tools):
        return _Line(statement)
    roles = tuple(part.strip(' "').lower() for part in match.group("roles").split(","))
    return _Line(statement, match.group("verb").upper() == "GRANT", tools, roles)


def _reading(line: _Line, last: dict[tuple[str, str], bool], given: set[str]) -> Reading:
    """Return the rules of a line, without what a later one takes or gives again.

    Args:
        last: for a tool and a role whether the last line about them gives.
        given: the tools that some role has by its name.
    """
    if not line.tools:
        return Reading(line.statement, (review(line.statement.text, "no form that is read"),))
    rules: list[NativeRule] = []
    for tool in line.tools:
        for role in line.roles:
            if last[tool, role] is not line.gives:
                continue
            if role == _PUBLIC and not line.gives and tool in given:
                rules.append(NativeRule("default", value="deny"))
                continue
            kind: RuleKind = "grant" if line.gives else "denial"
            rules.append(NativeRule(kind, (tool,), () if role == _PUBLIC else role_names(role)))
    return Reading(line.statement, tuple(rules), is_part=not rules)
