"""Which arguments of a call are programs, and in which language.

| argument | is |
| --- | --- |
| `command`, `cmd`, `script`, ... of a tool that is a shell by its name, or any text of it where none is called so | shell |
| `sql`, `query`, `statement`, ... of a tool of databases; `query` of a tool that runs queries, where it begins like SQL | SQL |
| a text of a tool of databases that looks like a statement of SQL | SQL |
| `code`, `source`, ... of a tool that runs Python, or that states no other language | Python |
| `args`, `argv`, `command`, ... of a tool that is named like a program (`git`, `kubectl`, `psql`) | a line of that program |
| `program`, `executable`, `command` beside `args` | one command |
| any text of a tool that runs things (`run`, `exec`, `eval`) | whichever language reads it |
| `url` or `path` with `method`; a text that begins like `GET https://..` | HTTP |
| a text that begins like `mutation {` | GraphQL |
| `command`, `sql`, `code`, ... of any other tool, where it is understood, or holds what is known and is no reading | as its name says |
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gatling.schema.arguments import dotted_leaves, is_free_text_name
from gatling.schema.words import split_words
from gatling.tools.programs.action import Language

_SHELL_TOOLS = frozenset("bash shell sh terminal zsh console ssh cli powershell cmd command commands".split())
_SHELLS_ALONE = frozenset("bash shell terminal zsh console powershell".split())
_SQL_TOOLS = frozenset(
    "sql database db postgres postgresql mysql sqlite bigquery snowflake redshift athena warehouse mariadb oracle mssql "
    "duckdb clickhouse databricks trino presto".split()
)
_CODE_TOOLS = frozenset("python code ipython jupyter notebook repl interpreter sandbox".split())
_HTTP_TOOLS = frozenset("http https request requests fetch api rest curl webhook".split())
_GRAPHQL_TOOLS = frozenset("graphql gql".split())
_RUNS = frozenset("run execute exec eval evaluate query submit invoke shell".split())
_SHELL_ARGUMENTS = frozenset("command cmd commands cmdline commandline bash shell script".split())
_SQL_ARGUMENTS = frozenset("sql query statement statements queries".split())
_CODE_ARGUMENTS = frozenset("code source python script program snippet cell".split())
_PYTHON = frozenset("python python3 py ipython".split())
# Tools that run what they are given: with one of these words in their names, and surely where nothing else stands there.
_RUNNERS = frozenset(
    "run exec execute eval evaluate shell script terminal console process subprocess spawn popen repl interpreter".split()
)
_RUNNERS_ALONE = frozenset(
    "run exec execute eval shell terminal console subprocess spawn popen repl interpreter".split()
)
_OF_RUNNERS = _RUNNERS | frozenset(
    "in a the tool command commands cmd code python bash sh file sync async local remote system script expression line cli mcp".split()
)
# Names of arguments that hold a program where a tool runs things; other names hold one only where it surely is one.
_CARRIERS = frozenset(
    "input text expression expr line argv args arguments raw body content statement q query stdin payload string value data "
    "instruction instructions job task".split()
)
_HEADS = frozenset("program executable exe binary command cmd subcommand application".split())
_RESTS = frozenset("args arguments argv params parameters options flags".split())
_OF_LINES = _HEADS | _RESTS | _CARRIERS | frozenset("commands commandline cmdline action operation sql verb".split())
_NO_PROGRAM = frozenset(
    "cwd workdir directory dir folder session session_id description timeout env language lang kernel shell encoding".split()
)
# Programs by which tools are named. Those of the second row read SQL, where it begins like SQL.
_PROGRAMS = frozenset(
    "git kubectl oc docker podman terraform tofu helm gh systemctl aws gcloud az gsutil npm pip yarn pnpm apt brew rclone curl wget "
    "rsync scp redis mongo mongosh make doctl heroku flyctl vault crontab iptables ansible".split()
)
_SQL_PROGRAMS = frozenset("psql mysql mariadb sqlite sqlite3 duckdb sqlcmd clickhouse".split())
_SQL_COMMANDS = {"sqlite": "sqlite3", "clickhouse": "clickhouse-client", "redis": "redis-cli"}
_OF_PROGRAMS = frozenset("run exec execute command cmd cli tool mcp call invoke the query client server shell".split())
_REQUEST_LINE = re.compile(
    r"\s{0,64}(GET|HEAD|OPTIONS|POST|PUT|PATCH|DELETE)[ \t]{1,8}(\S{1,4096})(?:[ \t]{1,8}HTTP/[\d.]{1,4})?(?=\s|$)",
    re.IGNORECASE,
)
_HOST_LINE = re.compile(r"^host[ \t]{0,8}:[ \t]{0,8}(\S{1,300})", re.IGNORECASE | re.MULTILINE)
_METHODS = frozenset("get head options post put patch delete".split())
_MUTATION = re.compile(r"(?:\s|#[^\n]{0,500}\n){0,64}mutation\b\s{0,64}\w{0,128}\s{0,64}[({@]")


@dataclass(frozen=True, slots=True)
class Candidate:
    """An argument that may be a program."""

    argument: str
    language: Language | None
    """None where whichever language reads it is meant."""
    text: str
    argv: tuple[str, ...] | None = None
    """The words of a command, where it is given word by word."""
    is_certain: bool = True
    """False where the tool may do something else with it."""
    may_run: bool = False
    """Whether a tool that runs things is given it, so that what is not understood may do anything."""


def candidates(tool: str, arguments: Mapping[str, Any]) -> Iterator[Candidate]:
    """Yield the arguments of a call that may be programs, in order."""
    words = frozenset(split_words(tool))
    texts = _texts(arguments)
    if program := program_named(tool):
        yield from _lines_of(program, texts)
        return
    yield from _requests(words, arguments, texts)
    runs = not words.isdisjoint(_RUNNERS)
    surely_runs = not words.isdisjoint(_RUNNERS_ALONE) and words <= _OF_RUNNERS
    named, taken = False, set()
    for candidate in _named(words, arguments, texts, surely_runs=surely_runs):
        named |= candidate.language != "sql"
        taken.add(candidate.argument)
        yield candidate
    if not named and not words.isdisjoint(_SHELL_TOOLS) and not words.isdisjoint(_RUNS | _SHELLS_ALONE):
        for text in texts:
            if text.name not in _NO_PROGRAM:
                taken.add(text.path)
                yield Candidate(text.path, "shell", text.text, text.argv)
    is_sql = not words.isdisjoint(_SQL_TOOLS)
    for text in texts:
        if text.path in taken or text.name in _NO_PROGRAM:
            continue
        is_carrier = not _CARRIERS.isdisjoint(text.words)
        if is_sql and text.argv is None and is_carrier and ("sql" in words or looks_like_sql(text.text)):
            yield Candidate(text.path, "sql", text.text, is_certain="sql" in words)
        elif runs:
            is_certain = surely_runs and is_carrier
            language: Language | None = "python" if "python" in words and text.argv is None else None
            yield Candidate(text.path, language, text.text, text.argv, is_certain, may_run=is_carrier)


def program_named(tool: str) -> str:
    """Return the program that a tool is named like: `git`, `run_kubectl`, `mcp__docker__command`; empty if it is none."""
    words = frozenset(split_words(tool)) - _OF_PROGRAMS
    (program,) = words if len(words) == 1 else ("",)
    return program if program in _PROGRAMS or program in _SQL_PROGRAMS else ""


# --- texts ----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Text:
    path: str
    argv: tuple[str, ...] | None
    text: str

    @property
    def name(self) -> str:
        return self.path.rpartition(".")[2].lower()

    @property
    def words(self) -> frozenset[str]:
        return frozenset(split_words(self.path.rpartition(".")[2]))


def _texts(arguments: Mapping[str, Any]) -> list[_Text]:
    """Return texts with their paths; a list of texts, which is a command word by word, as one, and so a program with its arguments."""
    head = next((k for k in arguments if _is_called(k, _HEADS) and _is_text(arguments[k])), None)
    rest = next((k for k in arguments if k != head and _is_called(k, _RESTS) and _words_of(arguments[k])), None)
    found: list[_Text] = []
    whole: set[str] = set()
    if head is not None and rest is not None:
        whole |= {head, rest}
        found.append(_joined(head, arguments[head], arguments[rest]))
    for key, value in arguments.items():
        if key in whole or not isinstance(value, (list, tuple)) or not value or not all(map(_is_text, value)):
            continue
        whole.add(key)
        is_line = len(value) == 1 or " " in value[0] or split_words(key)[-1:] in (["commands"], ["cmds"])
        found.append(_Text(key, None if is_line else tuple(value), "\n".join(value)))
    for path, leaf in dotted_leaves(dict(arguments)):
        if isinstance(leaf, str) and leaf.strip() and path.partition(".")[0] not in whole:
            found.append(_Text(path, None, leaf))
    return found


def _joined(path: str, head: str, rest: Any) -> _Text:
    """Return a program and its arguments as one command."""
    if isinstance(rest, str):
        return _Text(path, None, f"{head} {rest}")
    words = _words_of(rest)
    if len(head.split()) == 1:
        return _Text(path, (head.strip(), *words), shlex.join((head, *words)))
    return _Text(path, None, f"{head} {shlex.join(words)}")


def _is_called(key: str, names: frozenset[str]) -> bool:
    words = split_words(key)
    return bool(words) and words[-1] in names and words[0] != "no"


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _words_of(value: Any) -> list[str]:
    """Return the words that arguments of a command are given as; none for what is no command's."""
    if isinstance(value, str):
        return [value] if value.strip() else []
    if not isinstance(value, (list, tuple)):
        return []
    is_plain = all(isinstance(v, (str, int, float)) and not isinstance(v, bool) for v in value)
    return [str(v) for v in value] if is_plain else []


# --- by the names of arguments ----------------------------------------------------------------------------------------------


def _named(
    words: frozenset[str], arguments: Mapping[str, Any], texts: list[_Text], *, surely_runs: bool
) -> Iterator[Candidate]:
    """Yield what is a program by the name of its argument."""
    runs = not words.isdisjoint(_RUNS)
    is_shell = not words.isdisjoint(_SHELL_TOOLS)
    is_sql = not words.isdisjoint(_SQL_TOOLS)
    is_code = not words.isdisjoint(_CODE_TOOLS)
    stated = arguments.get("language") or arguments.get("lang") or arguments.get("kernel")
    language = stated.lower() if isinstance(stated, str) else "python"
    may_run = not words.isdisjoint(_RUNNERS)
    for text in texts:
        name = text.words
        is_sql_argument = not name.isdisjoint(_SQL_ARGUMENTS)
        if (not name.isdisjoint(_SHELL_ARGUMENTS) or (may_run and name & _HEADS)) and not (is_code and not is_shell):
            yield Candidate(text.path, "shell", text.text, text.argv, is_shell or surely_runs, may_run)
        elif is_sql_argument and (is_sql or "sql" in name or (runs and begins_like_sql(text.text))):
            yield Candidate(text.path, "sql", text.text, None, is_sql or "sql" in name)
        elif not name.isdisjoint(_CODE_ARGUMENTS) and (is_code or runs or "python" in name or "code" in name):
            is_python = language in _PYTHON or "python" in words
            is_bash = language in ("bash", "sh", "shell", "zsh")
            certain = is_code or (runs and is_python)
            if is_bash and not (is_python and "python" in words):
                yield Candidate(text.path, "shell", text.text, None, certain)
            elif is_python:
                may_be_other = not isinstance(stated, str) and "python" not in words
                yield Candidate(text.path, None if may_be_other and runs else "python", text.text, None, certain)
            elif certain:
                yield Candidate(text.path, "python", "\x00")  # another language: not understood


# --- tools that are named like a program --------------------------------------------------------------------------------------


def _lines_of(program: str, texts: list[_Text]) -> Iterator[Candidate]:
    """Yield the lines that a tool is given which is named like a program: `git {args: [push, --force]}` is `git push --force`."""
    command = _SQL_COMMANDS.get(program, program)
    for text in texts:
        if text.words.isdisjoint(_OF_LINES):
            continue
        if program in _SQL_PROGRAMS and text.argv is None and not text.text.lstrip().startswith(("-", command + " ")):
            yield Candidate(text.path, "sql", text.text)
        elif text.argv is not None:
            is_whole = text.argv[0].rpartition("/")[2] in (command, program)
            yield Candidate(text.path, "shell", text.text, text.argv if is_whole else (command, *text.argv))
        else:
            first = text.text.split(maxsplit=1)[0].rpartition("/")[2]
            lines = text.text if first in (command, program) else f"{command} {text.text.strip()}"
            yield Candidate(text.path, "shell", lines)


# --- requests -------------------------------------------------------------------------------------------------------------------


def _requests(words: frozenset[str], arguments: Mapping[str, Any], texts: list[_Text]) -> Iterator[Candidate]:
    """Yield requests to other machines: HTTP by arguments, as a text, and GraphQL."""
    is_http = not words.isdisjoint(_HTTP_TOOLS)
    is_graphql = is_http or not words.isdisjoint(_GRAPHQL_TOOLS)
    url = _first(arguments, "url", "uri", "endpoint")
    method_name, method = _first(arguments, "method", "verb", "http_method", "httpMethod") or ("", "")
    path = None if url else _first(arguments, "path", "route", "resource")
    body = any(arguments.get(k) for k in ("body", "data", "json", "payload", "form", "files"))
    if url and method:
        yield Candidate(url[0], "http", json.dumps([method, url[1], body]), None, is_http)
    elif path and method.lower() in _METHODS:  # what the path is stays for rules on paths to say
        yield Candidate(method_name, "http", json.dumps([method, path[1], body]), None, is_http)
    for text in texts:
        if text.argv is None and (line := _REQUEST_LINE.match(text.text)) and (is_http or "://" in line[2]):
            host = _HOST_LINE.search(text.text, line.end(), line.end() + 8_192)
            place = f"http://{host[1]}{line[2]}" if host and "://" not in line[2] else line[2]
            has_body = bool(text.text[line.end() :].partition("\n\n")[2].strip())
            yield Candidate(text.path, "http", json.dumps([line[1], place, has_body]), None, is_http)
        elif text.argv is None and (is_graphql or not is_free_text_name(text.path)) and _MUTATION.match(text.text):
            yield Candidate(text.path, "graphql", text.text)


def _first(arguments: Mapping[str, Any], *names: str) -> tuple[str, str] | None:
    return next(((k, arguments[k]) for k in names if isinstance(arguments.get(k), str) and arguments[k]), None)


# The tables of SQL are loaded with the first program, as most agents run none.


def begins_like_sql(text: str) -> bool:
    from gatling.tools.programs import sql

    return sql.begins_like_sql(text)


def looks_like_sql(text: str) -> bool:
    from gatling.tools.programs import sql

    return sql.looks_like_sql(text)
