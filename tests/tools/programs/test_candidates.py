"""Which arguments are read as programs, and as which: the answers were written before they were tried."""

from __future__ import annotations

import time
from typing import Any

import pytest

from gatling.tools.programs import programs_of


def read(tool: str, arguments: dict[str, Any]) -> str:
    """Return argument, language and deeds of the programs that a call surely has, or that do more than read."""
    found = []
    for program in programs_of(tool, arguments):
        if program.is_certain or program.is_harmful:
            deeds = ["?" if not a.is_understood else a.does + "!" * a.is_final for a in program.actions]
            found.append(" ".join([program.argument, program.language, *dict.fromkeys(deeds)]))
    return "; ".join(found)


@pytest.mark.parametrize(
    ("tool", "arguments", "wanted"),
    [
        ("exec", {"argv": ["rm", "-rf", "/srv"]}, "argv shell deletes!"),
        ("exec", {"args": ["ls"]}, "args shell reads"),
        ("run_process", {"program": "rm", "args": ["-rf", "/srv"]}, "program shell deletes!"),
        ("run_process", {"program": "rm", "args": []}, "program shell deletes"),
        ("spawn", {"cmd": "rm", "options": "-rf /srv"}, "cmd shell deletes!"),
        ("run", {"input": "import shutil; shutil.rmtree('/srv')"}, "input python deletes!"),
        ("run", {"input": "select 1"}, "input sql reads"),
        ("run", {"input": "ls -la"}, "input shell reads"),
        ("run", {"input": "Do something nice."}, "input shell ?"),
        ("run", {"code": "rm -rf /srv"}, "code shell deletes!"),
        ("run", {"code": "print(1)"}, "code python reads"),
        ("run_code", {"code": "print(1)", "language": "bash"}, "code shell ?"),
        ("run_python", {"input": "import os; os.system('rm -r /srv')"}, "input python deletes!"),
        ("run_python", {"input": "rm -r /srv x"}, "input python ?"),
        ("eval", {"expression": "2 * (3 + 4)"}, "expression python reads"),
        ("evaluate_essay", {"text": "A fine text. It is good."}, ""),
        ("calculate", {"expression": "1 + 1"}, ""),
        ("run_report", {"name": "Q3"}, ""),
        ("run_tests", {"suite": "unit"}, ""),
        ("git", {"args": ["push", "--force"]}, "args shell sends!"),
        ("run_git", {"command": "status"}, "command shell reads"),
        ("mcp__git__run", {"args": ["rm", "a"]}, "args shell deletes"),
        ("docker", {"command": "system prune -af"}, "command shell deletes!"),
        ("terraform", {"command": "destroy"}, "command shell deletes!"),
        ("aws", {"args": "s3 rm s3://b --recursive"}, "args shell deletes!"),
        ("redis", {"command": "FLUSHALL"}, "command shell ?"),
        ("psql", {"command": "DROP TABLE t"}, "command sql deletes!"),
        ("git_status", {"repo": "/srv/x"}, ""),
        ("github_search", {"query": "push --force"}, ""),
        ("db", {"text": "DROP TABLE t"}, "text sql deletes!"),
        ("db", {"text": "hello"}, ""),
        ("db", {"text": "delete the old drafts"}, ""),
        ("warehouse_search", {"text": "update on order 5"}, ""),
        ("run_agent", {"task": "Delete the old drafts"}, ""),
        ("run_agent", {"task": "update the users table"}, ""),
        ("run_agent", {"task": "install the update"}, ""),
        ("run_agent", {"task": "Kill the lights"}, ""),
        ("run_agent", {"task": "rm -rf /srv for me"}, "task shell deletes!"),
        ("run_agent", {"task": "DELETE FROM users"}, "task sql deletes!"),
        ("run_agent", {"task": "/* x */ UPDATE t SET a = 1"}, "task sql writes!"),
        ("api", {"method": "delete", "path": "/users/1"}, "method http deletes"),
        ("api", {"method": "get", "path": "/users/1"}, "method http reads"),
        ("sort", {"method": "bubble", "path": "/users/1"}, ""),
        ("http_request", {"raw": "DELETE /x HTTP/1.1\r\nHost: a.example\r\n\r\n"}, "raw http deletes"),
        ("http_request", {"raw": "GET http://a.example/x"}, "raw http reads"),
        ("send_mail", {"body": "Get well soon"}, ""),
        ("graphql", {"query": "mutation { deleteUser(id: 1) { id } }"}, "query graphql deletes"),
        ("graphql", {"query": "mutation X($a: Int!) { a: sendMail(id: $a) { deleteUser } }"}, "query graphql sends"),
        ("graphql", {"query": 'mutation { a(s: "}{ deleteUser") @include(if: true) { id } }'}, "query graphql writes"),
        ("graphql", {"query": "mutation { ...F }"}, "query graphql ?"),
        ("graphql", {"query": "mutation { deleteUser(id: 1 }"}, "query graphql ?"),
        ("graphql", {"query": "{ user(id: 1) { deletedAt } }"}, ""),
        ("api", {"query": "query { users { id } } mutation { grantRole }"}, ""),
        ("send_mail", {"body": "mutation { deleteUser }"}, ""),
    ],
)
def test_what_is_read_as_which_program(tool: str, arguments: dict[str, Any], wanted: str) -> None:
    assert read(tool, arguments) == wanted


def test_what_may_run_and_is_not_understood_is_kept_for_rules_on_programs() -> None:
    (program,) = programs_of("run_job", {"input": "frobnicate all"})
    assert not program.is_certain
    assert not program.is_understood
    assert programs_of("run_job", {"name": "frobnicate all"}) == ()


def test_what_is_too_much_to_read_is_not_understood() -> None:
    arguments = {f"x{i}": f"import math; print({i})" + " " * 9_000 for i in range(100)}
    *_, last = programs_of("run_job", arguments)
    assert not last.is_understood


def test_hostile_documents_take_linear_time() -> None:
    took = []
    for n in (1_000, 4_000):
        start = time.perf_counter()
        for text in ("mutation" + " " * n + "{", "mutation {" + '"' * n, "mutation " + "{" * n, "#\n" * n, "GET " * n):
            programs_of("graphql_run", {"query": text, "raw": text})
        took.append(time.perf_counter() - start)
    assert took[1] < 16 * took[0] + 1
