"""Which arguments of a call are programs, and in which language; read once, and remembered.

| argument | is |
| --- | --- |
| `command`, `cmd`, `script`, ... of a tool that is a shell by its name, or any text of it where none is called so | shell |
| `sql`, `query`, `statement`, ... of a tool of databases; `query` of a tool that runs queries, where it begins like SQL | SQL |
| `code`, `source`, ... of a tool that runs Python, or that states no other language | Python |
| `url` with `method` | HTTP |
| `command`, `sql`, `code`, ... of any other tool, where it is understood, or holds what is known and is no reading | as its name says |

A program that cannot be read, that is too long, or that is in another language is one action: executes, not understood.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from gatling.schema.arguments import dotted_leaves
from gatling.schema.words import split_words
from gatling.tools.programs.action import MAX_CHARS, Action, Language, NotUnderstood, Program, unclear

_SHELL_TOOLS = frozenset("bash shell sh terminal zsh console ssh cli powershell cmd command commands".split())
_SQL_TOOLS = frozenset(
    "sql database db postgres postgresql mysql sqlite bigquery snowflake redshift athena warehouse mariadb oracle mssql "
    "duckdb clickhouse databricks trino presto".split()
)
_CODE_TOOLS = frozenset("python code ipython jupyter notebook repl interpreter sandbox".split())
_HTTP_TOOLS = frozenset("http https request requests fetch api rest curl webhook".split())
_RUNS = frozenset("run execute exec eval evaluate query submit invoke shell".split())
_SHELL_ARGUMENTS = frozenset("command cmd commands cmdline commandline bash shell script".split())
_SQL_ARGUMENTS = frozenset("sql query statement statements queries".split())
_CODE_ARGUMENTS = frozenset("code source python script program snippet cell".split())
_PYTHON = frozenset("python python3 py ipython".split())
_MAX_PROGRAMS = 32
_MAX_CACHED = 1_024


def programs_of(tool: str, arguments: Mapping[str, Any]) -> tuple[Program, ...]:
    """Return the programs among the arguments of a call, in order."""
    words = frozenset(split_words(tool))
    found: list[Program] = []
    for path, language, text, argv, is_certain in _candidates(words, arguments):
        if len(found) == _MAX_PROGRAMS:
            found.append(Program(path, language, (unclear("more programs than are read"),), is_certain))
            break
        actions = _read(language, text, argv)
        is_harmful = any(a.is_understood and (a.does != "reads" or a.is_secret) for a in actions)
        is_plain = language != "python" and all(a.is_understood for a in actions)  # `code: SAVE10` is Python, too
        if is_certain or is_harmful or is_plain:
            found.append(Program(path, language, actions, is_certain))
    return tuple(found)


_Candidate = tuple[str, Language, str, tuple[str, ...] | None, bool]


def _candidates(words: frozenset[str], arguments: Mapping[str, Any]) -> Iterator[_Candidate]:
    """Yield path, language, text, words where it is given as such, and whether it is certain that it is a program."""
    if request := _http(words, arguments):
        yield request
    runs = not words.isdisjoint(_RUNS)
    is_shell = not words.isdisjoint(_SHELL_TOOLS)
    is_sql = not words.isdisjoint(_SQL_TOOLS)
    is_code = not words.isdisjoint(_CODE_TOOLS)
    stated = arguments.get("language") or arguments.get("lang") or arguments.get("kernel")
    language = stated.lower() if isinstance(stated, str) else "python"
    named = False
    for path, argv, text in _texts(arguments):
        name = frozenset(split_words(path.rpartition(".")[2]))
        if not name.isdisjoint(_SHELL_ARGUMENTS) and not (is_code and not is_shell):
            named = True
            yield path, "shell", text, argv, is_shell
        elif not name.isdisjoint(_SQL_ARGUMENTS) and (is_sql or "sql" in name or (runs and _begins_like_sql(text))):
            yield path, "sql", text, None, is_sql or "sql" in name
        elif not name.isdisjoint(_CODE_ARGUMENTS) and (is_code or runs or "python" in name or "code" in name):
            named = True
            is_python = language in _PYTHON or "python" in words
            is_bash = language in ("bash", "sh", "shell", "zsh")
            certain = is_code or (runs and is_python)
            if is_python and not is_bash:
                yield path, "python", text, None, certain
            elif is_bash:
                yield path, "shell", text, None, certain
            elif certain:
                yield path, "python", "\x00", None, True  # another language: not understood
    if (
        not named
        and is_shell
        and (runs or not words.isdisjoint(("bash", "shell", "terminal", "zsh", "console", "powershell")))
    ):
        for path, argv, text in _texts(arguments):
            if path.rpartition(".")[2] not in (
                "cwd",
                "workdir",
                "directory",
                "session",
                "session_id",
                "description",
                "timeout",
                "env",
            ):
                yield path, "shell", text, argv, True


def _texts(arguments: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, ...] | None, str]]:
    """Yield texts with their paths; a list of texts, which is a command word by word, as one."""
    whole: set[str] = set()
    for key, value in arguments.items():
        if isinstance(value, (list, tuple)) and value and all(isinstance(v, str) for v in value):
            whole.add(key)
            is_line = len(value) == 1 or " " in value[0] or split_words(key)[-1:] in (["commands"], ["cmds"])
            yield key, None if is_line else tuple(value), "\n".join(value)
    for path, leaf in dotted_leaves(dict(arguments)):
        if isinstance(leaf, str) and leaf.strip() and path.partition(".")[0] not in whole:
            yield path, None, leaf


def _http(words: frozenset[str], arguments: Mapping[str, Any]) -> _Candidate | None:
    url = next((arguments[k] for k in ("url", "uri", "endpoint") if isinstance(arguments.get(k), str)), None)
    method = next((arguments[k] for k in ("method", "verb", "http_method") if isinstance(arguments.get(k), str)), None)
    if url is None or method is None:
        return None
    body = any(arguments.get(k) for k in ("body", "data", "json", "payload", "form", "files"))
    return "url", "http", json.dumps([method, url, body]), None, not words.isdisjoint(_HTTP_TOOLS)


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
        read = {"shell": _shell, "sql": _sql, "python": _python}[language]
        return tuple(read(text, 0)) or (unclear(text),)
    except (NotUnderstood, RecursionError):
        return (unclear(text),)


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


def _begins_like_sql(text: str) -> bool:
    from gatling.tools.programs.sql import begins_like_sql

    return begins_like_sql(text)
