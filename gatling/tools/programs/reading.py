"""The programs among the arguments of a call, read once and remembered. Which arguments are programs: `candidates`.

A program that cannot be read, that is too long, or that is in another language is one action: executes, not understood.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from gatling.schema.budget import checked
from gatling.tools.programs.action import MAX_CHARS, Action, Language, NotUnderstood, Program, unclear
from gatling.tools.programs.candidates import Candidate, candidates, looks_like_sql

_MAX_PROGRAMS = 32
_MAX_CACHED = 1_024
_MAX_TOTAL_CHARS = 200_000
"""Of the arguments of a call, so much is read."""
# Words of sentences; and signs that commands have, and sentences hardly ever.
_OF_PROSE = re.compile(r"\b(?:the|an?|my|me|our|your|for|with|to|of|please|all)\b", re.IGNORECASE)
_OF_COMMANDS = re.compile(r"(?:^|\s)-{1,2}\w|[/|;<>$`&=\\*]")


def programs_of(tool: str, arguments: Mapping[str, Any]) -> tuple[Program, ...]:
    """Return the programs among the arguments of a call, in order."""
    found: list[Program] = []
    num_chars = 0
    for candidate in checked(candidates(tool, arguments)):
        num_chars += min(len(candidate.text), MAX_CHARS)
        if len(found) == _MAX_PROGRAMS or num_chars > _MAX_TOTAL_CHARS:
            too_many = (unclear("more programs than are read"),)
            found.append(Program(candidate.argument, candidate.language or "shell", too_many, candidate.is_certain))
            break
        program = _program(candidate)
        is_plain = program.language != "python" and program.is_understood  # `code: SAVE10` is Python, too
        if candidate.is_certain or candidate.may_run or program.is_harmful or is_plain:
            found.append(program)
    return tuple(found)


def _program(candidate: Candidate) -> Program:
    text, argv = candidate.text, candidate.argv
    language = candidate.language or ("shell" if argv is not None else _language_of(text))
    if language == "shell" and not candidate.is_certain and argv is None and _is_prose(text):
        return Program(candidate.argument, language, (unclear(text),), candidate.is_certain)
    return Program(candidate.argument, language, _read(language, text, argv), candidate.is_certain)


def _read(language: Language, text: str, argv: tuple[str, ...] | None) -> tuple[Action, ...]:
    if len(text) > MAX_CHARS:
        return (unclear(text),)
    return _read_once(language, text, argv)


@lru_cache(_MAX_CACHED)
def _read_once(language: Language, text: str, argv: tuple[str, ...] | None) -> tuple[Action, ...]:
    try:
        if language == "http":
            from gatling.tools.programs.transfers import request_action

            method, url, has_body = json.loads(text)
            return (request_action(method, url, f"{method} {url}", has_body=has_body),)
        if argv is not None:
            return tuple(_words(argv, 0)) or (unclear(text),)
        read = {"shell": _shell, "sql": _sql, "python": _python, "graphql": _graphql}[language]
        return tuple(read(text, 0)) or (unclear(text),)
    except (NotUnderstood, RecursionError):
        return (unclear(text),)


def _language_of(text: str) -> Language:
    """Return the language that reads a text of a tool that runs any: Python that does something, SQL, a command that is known."""
    if len(text) > MAX_CHARS:
        return "shell"
    if _does_python(text):
        return "python"
    if looks_like_sql(text) and _is_understood("sql", text):
        return "sql"
    if _is_understood("shell", text) or not _is_understood("python", text):
        return "shell"
    return "python"


def _is_prose(text: str) -> bool:
    """Tell whether a text reads as a sentence: `install the update` is an order to an agent, though `install` is a command, too."""
    head = text[:1_000]
    return _OF_PROSE.search(head) is not None and _OF_COMMANDS.search(head) is None


def _is_understood(language: Language, text: str) -> bool:
    return all(action.is_understood for action in _read(language, text, None))


def _does_python(text: str) -> bool:
    """Tell whether a text is Python that calls, imports or defines something: `ls -la` is Python, too, and does nothing."""
    from gatling.tools.programs.python import parsed

    try:
        tree = parsed(text)
    except NotUnderstood:
        return False
    doing = (ast.Call, ast.Import, ast.ImportFrom, ast.Assign, ast.FunctionDef, ast.For, ast.While, ast.With)
    return any(isinstance(node, doing) for node in ast.walk(tree))


# Each of the three may stand inside of the others. Their tables are loaded with the first program, as most agents run none.


def _shell(text: str, depth: int) -> list[Action]:
    from gatling.tools.programs.commands import of_shell

    return of_shell(text, depth, sql=_sql, python=_python)


def _words(words: Any, depth: int) -> list[Action]:
    from gatling.tools.programs.commands import of_words

    return of_words(words, depth, sql=_sql, python=_python)


def _python(text: str, depth: int) -> list[Action]:
    from gatling.tools.programs.python import of_python

    return of_python(text, depth, shell=_shell, words=_words, sql=_sql)


def _sql(text: str, depth: int) -> list[Action]:
    from gatling.tools.programs.sql import of_sql

    return of_sql(text, depth)


def _graphql(text: str, depth: int) -> list[Action]:
    from gatling.tools.programs.graphql import of_graphql

    return of_graphql(text)
