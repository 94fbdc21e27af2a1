"""Lists of other systems, line by line: sudoers, robots, CODEOWNERS and iptables.

Where such a list goes by its order (the first or the last line that matches), the result goes by "deny wins", which grants no
more; a last line that denies all is the default.
"""

from __future__ import annotations

import re

from gatling.errors import InputError
from gatling.policy.globs import covers
from gatling.policy.language.lexicon import PATH_TOOLS, is_tool_name, role_names
from gatling.policy.language.statement import NativeRule, Reading, Statement, review
from gatling.schema.words import split_words
from gatling.tools.naming import singular

_MAX_OWNED = 500
_ALL = frozenset(("*", "all", "any", "everything"))


def read_list_of(kind: str, text: str) -> list[Reading]:
    """Read a list of one of these kinds."""
    lines = [(i, line.partition(" #")[0].strip()) for i, line in enumerate(text.splitlines(), 1)]
    lines = [(i, line) for i, line in lines if line and not line.startswith(("#", "//"))]
    if kind == "codeowners":
        return _codeowners(lines)
    return [_left(number, line, "no form that is read") for number, line in lines]


def _left(line: int, text: str, reason: str, tools: tuple[str, ...] = ()) -> Reading:
    return Reading(Statement(line, text), (review(text, reason, tools),))


def _is_tool(name: str) -> bool:
    return is_tool_name(name) or re.fullmatch(r"[a-zA-Z]\w*", name) is not None


def _codeowners(lines: list[tuple[int, str]]) -> list[Reading]:
    """Each line: a pattern and its owners. The last line that matches counts: owners of an earlier, wider one lose the tool."""
    readings = []
    earlier: list[tuple[str, tuple[str, ...]]] = []
    for number, line in lines:
        pattern, *owners = line.split()
        roles = tuple(
            dict.fromkeys(form for owner in owners for form in role_names(owner.lstrip("@").rpartition("/")[2]))
        )
        if pattern != "*" and not _is_tool(pattern):
            named = tuple(f"*{singular(word)}*" for word in split_words(pattern) if len(word) > 2 and word.isalpha())
            readings.append(
                _left(number, line, "a path is not the name of a tool", (*named, *PATH_TOOLS) if named else ("*",))
            )
            continue
        rules = [NativeRule("grant", (pattern,), roles)]
        lost = [
            role
            for wide, others in earlier
            if covers(wide, pattern) or covers(pattern, wide)
            for role in others
            if role not in roles
        ]
        if lost:
            rules.append(NativeRule("denial", (pattern,), tuple(dict.fromkeys(lost))))
        earlier.append((pattern, roles))
        if len(earlier) > _MAX_OWNED:
            raise InputError(f"more than {_MAX_OWNED} patterns with owners", line=number)
        readings.append(Reading(Statement(number, line), tuple(rules)))
    return readings
