"""Rules on what programs may do: `denied_commands`, `allowed_paths`, `blocked_tables`, ..."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from gatling.policy.clauses import ClauseKind, Condition, Operator
from gatling.policy.reading.reader import Reader, RulePosition, is_role
from gatling.policy.reading.vocabulary import EFFECT_WORDS, is_prose, is_ruling, stated_effect
from gatling.policy.tree import Effect

_ONE_WORD = re.compile(r"([\w.:/-]+)(?: \*|\(\*\))?")
KINDS = {"commands": "command", "paths": "path", "tables": "table"}


def limits_programs(words: frozenset[str], value: Any) -> bool:
    """Tell whether a key lists commands, paths or tables that programs may or may not touch."""
    return (
        len(words & KINDS.keys()) == 1
        and words <= EFFECT_WORDS | KINDS.keys()
        and stated_effect(" ".join(sorted(words))) is not Effect.NONE
        and (_are_texts(value) or (isinstance(value, dict) and bool(value) and all(map(_are_texts, value.values()))))
    )


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) and item.strip() for item in value)


def read_program_limits(reader: Reader, key: str, value: Any, place: RulePosition) -> None:
    """Read a list of patterns for all calls, or one for each tool.

    A denied command that is one word, `shutdown` or `rm *`, denies a tool of that name too: its writer may have meant that.
    """
    operator = Operator.NOT_LIKE if stated_effect(key) is Effect.DENY else Operator.LIKE
    subject = next(subject for word, subject in KINDS.items() if word in key.lower())
    if not isinstance(value, dict):
        _add(reader, subject, operator, value, place)
        return
    for name, items in value.items():
        here = place.at(name)
        _add(
            reader,
            subject,
            operator,
            items,
            replace(here, roles=(name,)) if is_role(reader, name) else replace(here, tools=(name,)),
        )


def _add(reader: Reader, subject: str, operator: Operator, patterns: list[str], place: RulePosition) -> None:
    kept: list[str] = []
    for i, text in enumerate(patterns):
        pattern = text.strip()
        name = _ONE_WORD.fullmatch(pattern) if subject == "command" and operator is Operator.NOT_LIKE else None
        if name:
            reader.add(place.at(i).clause(ClauseKind.DENY, tools=(name[1],)))
        if is_prose(pattern) and is_ruling(pattern):
            reader.skip((*place.path, i), "a sentence, and no pattern")
        else:
            kept.append(pattern)
    if kept or operator is Operator.LIKE:
        reader.add(place.clause(ClauseKind.REQUIRE, checks=(Condition(subject, operator, tuple(kept)),)))
