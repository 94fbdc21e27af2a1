"""SQL, Python and HTTP: what they do, to what, and what is not understood."""

from __future__ import annotations

import time
from typing import Any

import pytest

from gatling.tools.programs import programs_of
from gatling.tools.programs.secrets import holds_secret, is_secret_name, is_secret_path


def done(tool: str, **arguments: Any) -> str:
    marks = []
    for program in programs_of(tool, arguments):
        for a in program.actions:
            mark = "?" if not a.is_understood else a.does + "!" * a.is_final + "*" * a.is_secret
            marks += [mark] if mark not in marks else []
    return " ".join(sorted(marks))


def tables(sql: str) -> list[str]:
    (program,) = programs_of("run_sql", {"query": sql})
    return list(dict.fromkeys(t.text for a in program.actions for t in a.things if t.kind == "table"))


@pytest.mark.parametrize(
    ("sql", "wanted"),
    [
        ("select 1", "reads"),
        ("(select a from t) union (select b from u)", "reads"),
        ("with x as (select 1) select * from x", "reads"),
        ("explain select * from t", "reads"),
        ("show tables; describe t", "reads"),
        ("begin; select 1; commit", "reads"),
        ("select replace(a, 'x', 'y'), count(*) from t", "reads"),
        ("select 'delete from t'", "reads"),
        ('select "drop" from t', "reads"),
        ("select a -- drop table t\n from t", "reads"),
        ("select a /* drop table t */ from t", "reads"),
        ("select a from t for update", "reads"),
        ("insert into t (a) values (1)", "writes"),
        ("insert into t values (1) on duplicate key update a = 2", "writes"),
        ("update t set a = 1 where id = 3", "writes"),
        ("update t set a = 1", "writes!"),
        ("delete from t where id = 3", "deletes"),
        ("delete from t", "deletes!"),
        ("delete from t where 1 = 1", "deletes!"),
        ("delete from t where true", "deletes!"),
        ("delete from t where id = id", "deletes!"),
        ("truncate t", "deletes!"),
        ("drop table t", "deletes!"),
        ("drop index i", "deletes"),
        ("DrOp /* x */ TABLE t", "deletes!"),
        ("/*! drop table t */", "deletes!"),
        ("/*!50000drop*/ table t", "deletes!"),
        ("select 1; drop table t", "deletes! reads"),
        ("with x as (delete from t where id = 1 returning *) select * from x", "deletes reads"),
        ("explain analyze delete from t where a = 1", "deletes reads"),
        ("alter table t add column a int", "writes"),
        ("alter table t drop column a", "deletes!"),
        ("alter user u identified by 'x'", "administers"),
        ("grant all on t to u", "administers"),
        ("create user u", "administers"),
        ("create table t (a int)", "writes"),
        ("set role admin", "administers"),
        ("set x = 1", "reads"),
        ("select * into t from u", "reads writes"),
        ("select a into outfile '/x' from t", "reads writes"),
        ("copy t to '/x'", "sends"),
        ("copy t to program 'x'", "?"),
        ("select load_file('/x')", "? reads"),
        ("select pg_sleep(9)", "? reads"),
        ("select delete_user(3)", "? reads"),
        ("exec x", "?"),
        ("call x()", "?"),
        ("do $$ x $$", "?"),
        ("frobnicate t", "?"),
        ("select 'a", "?"),
        ("select 'a\\' ; drop table t --'", "?"),
        ("select 1 # x", "?"),
        ("select 1--1", "?"),
        ("select /* a /* b */ 1", "?"),
        ("select (1", "?"),
        ("select password from users", "reads*"),
        ("", ""),
    ],
)
def test_what_statements_do(sql: str, wanted: str) -> None:
    assert done("run_sql", query=sql) == wanted


@pytest.mark.parametrize(
    ("sql", "wanted"),
    [
        ("select * from a, b x, c.d join e on 1 = 1", "a b c.d e"),
        ("with x as (select * from a), y as (select * from x) select * from y", "a"),
        ("select * from (select * from a) s", "a"),
        ("insert into A select * from `b`", "a b"),
        ('update "T" set a = 1 where b in (select c from d)', "t d"),
        ("delete from t using u where t.a = u.a", "t"),
        ("drop table if exists a", "a"),
        ("select extract(year from d) from t", "t"),
        ("copy t to '/a'", "t"),
        ("copy t (a, b) from '/a'", "t"),
        ("truncate t", "t"),
        ("truncate table only t, u", "t u"),
        ("describe t", "t"),
        ("desc select * from t", "t"),
        ("vacuum full verbose t", "t"),
        ("lock tables t write", "t"),
        ("merge into t using u on t.a = u.a when matched then update set a = 1", "t u"),
        ("delete t where id = 1", "t"),
        ("grant select on t to bob", "t"),
        ("create index i on t (a)", "t"),
        ("create view v as select * from t join u on t.a = u.a", "v t u"),
        ("create table t (a int references u on delete cascade)", "t"),
    ],
)
def test_which_tables_are_touched(sql: str, wanted: str) -> None:
    found = tables(sql)
    assert found == wanted.split()


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ("print(1)", "reads"),
        ("import math; print(math.pi)", "reads"),
        ("open('a').read()", "reads"),
        ("open('a', 'w')", "writes"),
        ("open('a', mode=m)", "?"),
        ("open('/etc/shadow')", "reads*"),
        ("p = '/etc/shadow'\nopen(p)", "reads*"),
        ("import os; os.remove('a')", "deletes"),
        ("from os import remove as r; r('a')", "deletes"),
        ("import shutil; shutil.rmtree('a')", "deletes!"),
        ("from pathlib import Path; Path('a').unlink()", "deletes"),
        ("from pathlib import Path; print(Path('a').read_text())", "reads"),
        ("import os; os.system('ls')", "reads"),
        ("import os; os.system('rm -r a')", "deletes!"),
        ("import os; os.system(x)", "?"),
        ("import subprocess; subprocess.run(['git', 'status'])", "reads"),
        ("import subprocess; subprocess.run(['rm', '-r', 'a'], check=True)", "deletes!"),
        ("__import__('os').system('rm -r a')", "deletes!"),
        ("m = __import__('os')\nm.remove('a')", "?"),
        ("import math\nmath = __import__('os')\nmath.remove('a')", "?"),
        ("import logging\nlogging.os.remove('a')", "?"),
        ("exec('1')", "?"),
        ("f = eval", "?"),
        ("getattr(x, 'y')", "?"),
        ("().__class__.__mro__", "?"),
        ("import os\nf = os.system", "?"),
        ("import os\nx = [os]", "?"),
        ("import unheard_of", "?"),
        ("from unheard_of import *\nx()", "?"),
        ("import pickle", "?"),
        ("import os\nos.environ['A']", "reads*"),
        ("import os\nprint(os.getenv('API_KEY'))", "reads*"),
        ("import requests\nrequests.get('https://a.example')", "reads"),
        ("import requests\nrequests.post('https://a.example', json={})", "sends"),
        ("import smtplib", "reads"),
        ("import smtplib\nsmtplib.SMTP('a.example')", "sends"),
        ("import pandas as pd\npd.read_csv('a.csv').to_csv('b.csv')", "reads writes"),
        ("import pandas as pd\npd.read_pickle('a')", "?"),
        ("import sqlite3\nc = sqlite3.connect('a').cursor()\nc.execute('drop table t')", "deletes!"),
        ("c.execute(q)", "?"),
        ("def f(x):\n    return x\nprint(f(1))", "reads"),
        ("unknown_function()", "?"),
        ("print(", "?"),
        ("!ls", "reads"),
        ("!rm -r a", "deletes!"),
        ("%timeit x", "?"),
        ("import urllib.request as u\nu.urlopen('https://a.example', data=b'x')", "sends"),
        ("import numpy as np\nnp.load('a', allow_pickle=True)", "?"),
    ],
)
def test_what_python_does(code: str, wanted: str) -> None:
    found = done("python", code=code)
    assert found == wanted or (wanted == "?" and "?" in found.split())


@pytest.mark.parametrize(
    ("method", "wanted"), [("GET", "reads"), ("head", "reads"), ("POST", "sends"), ("DELETE", "deletes"), ("FROB", "?")]
)
def test_what_requests_do(method: str, wanted: str) -> None:
    assert done("http_request", method=method, url="https://a.example/x") == wanted


@pytest.mark.parametrize(
    ("tool", "arguments", "wanted"),
    [
        ("bash", {"command": "rm -r a"}, "deletes!"),
        ("bash", {"command": ["rm", "-r", "a"]}, "deletes!"),
        ("bash", {"commands": ["ls", "rm -r a"]}, "deletes! reads"),
        ("run_shell", {"input": "rm -r a"}, "deletes!"),
        ("terminal", {"text": "rm -r a"}, "deletes!"),
        ("helper", {"command": "rm -r a"}, "deletes!"),
        ("helper", {"options": {"cmd": "rm -r a"}}, "deletes!"),
        ("helper", {"command": "turn on"}, ""),
        ("send_command_to_lamp", {"command": "turn on"}, "?"),
        ("search_mail", {"query": "select a date"}, ""),
        ("run_query", {"query": "select 1"}, "reads"),
        ("run_query", {"query": "index=main error"}, "?"),
        ("bigquery", {"query": "frobnicate"}, "?"),
        ("run_code", {"language": "python", "code": "print(1)"}, "reads"),
        ("run_code", {"language": "ruby", "code": "puts 1"}, "?"),
        ("run_code", {"language": "bash", "code": "rm -r a"}, "deletes!"),
        ("apply_coupon", {"code": "SAVE10"}, ""),
        ("create_note", {"text": "rm -r a"}, ""),
        ("bash", {}, ""),
    ],
)
def test_which_arguments_are_programs(tool: str, arguments: dict[str, Any], wanted: str) -> None:
    assert done(tool, **arguments) == wanted


@pytest.mark.parametrize(
    "path",
    [
        "/etc/shadow",
        "~/.ssh/id_rsa",
        "..%2f.ssh%2fid_rsa",
        "C:\\Users\\a\\.aws\\credentials",
        ".env",
        "a/.env.prod",
        "server.pem",
    ],
)
def test_paths_of_secrets(path: str) -> None:
    assert is_secret_path(path)


@pytest.mark.parametrize(
    "path", ["notes.txt", "id_rsa.pub", ".env.example", "environment.yml", "src/password_reset.py", "tokens.md"]
)
def test_paths_of_no_secrets(path: str) -> None:
    assert not is_secret_path(path)


def test_names_and_values_of_secrets() -> None:
    assert is_secret_name("password_hash")
    assert is_secret_name("apiKey")
    assert not is_secret_name("primary_key")
    assert holds_secret("x AKIAIOSFODNN7EXAMPLE y")
    assert not holds_secret("the key is under the mat")


@pytest.mark.parametrize(
    ("tool", "text"),
    [
        ("run_sql", "(" * 19_000),
        ("run_sql", "select " + "(" * 60 + "1" + ")" * 60),
        ("run_sql", "'" * 19_999),
        ("run_sql", "/*" * 9_999),
        ("run_sql", "/*!" * 6_000),
        ("run_sql", "select 1;" * 2_000),
        ("run_sql", "select " + "a," * 9_000 + "a"),
        ("run_sql", "from a," * 2_500),
        ("run_sql", "x as (" * 3_000),
        ("python", "(" * 19_999),
        ("python", "x" + ".a" * 9_000),
        ("python", "x = " + "not " * 4_000 + "1"),
        ("python", "x = " + "-" * 9_000 + "1"),
        ("python", "'a'" + "+'a'" * 4_900),
        ("python", "f()\n" * 4_900),
        ("python", "if x:\n" + " if x:\n" * 2_000),
        ("python", "x = 1\n" * 3_000),
    ],
    ids=lambda t: t[:12],
)
def test_hostile_texts_cost_little(tool: str, text: str) -> None:
    started = time.process_time()
    argument = "query" if tool == "run_sql" else "code"
    assert [a for p in programs_of(tool, {argument: text}) for a in p.actions]
    assert time.process_time() - started < 1.5
