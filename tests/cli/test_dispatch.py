"""The dispatcher: groups, version, completions, `-` for stdin, and that only what is called is loaded."""

from __future__ import annotations

import inspect
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import gatling
from gatling.cli import main, parse
from gatling.cli.table import COMMANDS, GROUPS, leaves
from gatling.cli.table import POLICY as POLICY_COMMANDS
from gatling.schema import write_traces
from tests.builders import many_traces

POLICY = "allowed_operations: [list_events]\nscope_limits: {list_events.limit: 5}\ndefault: deny\n"


def stdin(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    stream = io.BytesIO(content)
    stream.name = "<stdin>"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(stream))


def loaded(*words: str) -> set[str]:
    """Return the modules that a command line loads."""
    code = (
        "import sys; from gatling.cli import main\n"
        "try: main(sys.argv[1:])\nexcept SystemExit: pass\nprint(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True)
    return set(done.stderr.split())


def test_help_groups_the_commands_guard_first(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == main(["-h"]) == main([]) == 0
    shown = capsys.readouterr().out
    lines = [line.split()[0] for line in shown.split("usage:")[1].splitlines() if line[:2] == "  " and line.split()]
    assert [name for name in lines if name in COMMANDS] == list(COMMANDS)
    assert [shown.index(title) for title in GROUPS] == sorted(shown.index(title) for title in GROUPS)
    assert list(COMMANDS)[:4] == ["audit", "repair", "explain", "policy"]
    assert max(map(len, shown.splitlines())) <= 110


def test_summaries_are_the_first_lines_of_the_help() -> None:
    for name, row in leaves().items():
        assert (inspect.getdoc(row.load()) or "").splitlines()[0] == row.summary, name


@pytest.mark.parametrize("name", leaves())
def test_help_of_a_command_shows_its_flags(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main([*name.split(), "--help"])
    assert caught.value.code == 0
    shown = capsys.readouterr().out
    assert shown.startswith(f"usage: gatling {name}")
    for field in inspect.get_annotations(leaves()[name].load()):
        flag = {"sources": "from", "source_kind": "from"}.get(field, field) if name.startswith("policy") else field
        words = (f"--{flag.replace('_', '-')}", "positional arguments")
        assert any(word in shown for word in words), field


@pytest.mark.parametrize("words", [["policy"], ["policy", "--help"], ["policy", "-h"]])
def test_help_of_a_group_lists_its_commands(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("usage: gatling policy COMMAND")
    for name, row in POLICY_COMMANDS.commands.items():
        assert f"  {name}" in shown
        assert row.summary in shown


def test_an_unknown_command_of_a_group_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "lnt", "p.yaml"]) == 2
    wanted = "error: there is no command 'gatling policy lnt', did you mean lint?; `gatling policy --help` lists them\n"
    assert capsys.readouterr().err == wanted
    assert parse(["policy", "table", "p.yaml"]).form == "text"


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"gatling {gatling.__version__}\n"


def test_an_unknown_command_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["adit", "plan.json"]) == 2
    wanted = "error: there is no command 'adit', did you mean audit?; `gatling --help` lists them\n"
    assert capsys.readouterr().err == wanted
    assert main(["--model", "x"]) == 2
    assert parse(["train_energy", "--dataset", "x", "--output", "y"]).steps == 2_000


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completions_know_commands_and_flags(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--tyro-write-completion", shell, "-"])
    assert not caught.value.code
    script = capsys.readouterr().out
    assert all(word in script for word in (*COMMANDS, *POLICY_COMMANDS.commands, "deadline-ms", "fail-under"))


@pytest.mark.parametrize("words", [[], ["bash"], ["csh", "-"]])
def test_a_completion_without_a_shell_or_a_file_is_refused(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--tyro-write-completion", *words]) == 2
    assert capsys.readouterr().err.startswith("error: wanted --tyro-write-completion SHELL FILE, where SHELL is one of")


def test_only_what_is_called_is_loaded() -> None:
    overview = loaded("--help")
    assert not overview & {"tyro", "rich", "pydantic", "numpy", "torch", "gatling.schema", "gatling.cli.audit"}
    audit = loaded("audit", "--help")
    assert {"tyro", "gatling.cli.audit"} <= audit
    assert not audit & {
        "typeguard",
        "asyncio",
        "rich",
        "pydantic",
        "numpy",
        "torch",
        "gatling.schema",
        "gatling.cli.repair",
        "gatling.cli.train",
    }
    lint = loaded("policy", "lint", "none.yaml")
    assert not lint & {"torch", "gatling.cli.policy_test"}


def test_stdin_stands_for_a_policy(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    stdin(monkeypatch, POLICY.encode())
    assert main(["policy", "lint", "-"]) == 0
    assert capsys.readouterr().out.strip() == "-: 2 rules; 0 errors, 0 warnings, 0 notes"
    stdin(monkeypatch, b"a: 1\na: 2\n")
    assert main(["policy", "lint", "-"]) == 2
    assert capsys.readouterr().err.strip() == "error: <stdin>:2: key 'a' stands twice in one mapping"


def test_stdin_stands_for_traces(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    write_traces("t.jsonl", many_traces(4))
    assert main(["show", "t.jsonl", "--json"]) == 0
    wanted = capsys.readouterr().out
    stdin(monkeypatch, Path("t.jsonl").read_bytes())
    assert main(["show", "-", "--json"]) == 0
    assert capsys.readouterr().out == wanted
    stdin(monkeypatch, b"{}\n")
    assert main(["show", "-"]) == 2
    assert capsys.readouterr().err.startswith("error: <stdin>:1: governance_context: missing")


def test_stdin_stands_for_conversations(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("p.yaml").write_text(POLICY)
    call = {"id": "c", "type": "function", "function": {"name": "list_events", "arguments": "{}"}}
    messages = [
        {"role": "user", "content": "What is on?"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
    ]
    stdin(monkeypatch, json.dumps(messages).encode())
    flags = ["--policy", "p.yaml", "--role", "r", "--output", "t.jsonl"]
    assert main(["import", "messages", "--input", "-", *flags]) == 0
    (trace,) = map(json.loads, Path("t.jsonl").read_text().splitlines())
    assert trace["request"] == "What is on?"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["audit", "-", "--policy", "-"], "PLAN and --policy are both -"),
        (["policy", "test", "-", "--traces", "-"], "FILE and --traces are both -"),
        (["corrupt", "--input", "-", "--output", "o.jsonl"], "--input is read twice, so it cannot be standard input"),
        (["import", "messages", "--input", "-", "--policy", "-", "--role", "r", "--output", "o.jsonl"], "are both -"),
    ],
)  # fmt: skip
def test_stdin_is_read_once(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    assert message in capsys.readouterr().err


def test_a_list_of_files_names_stdin_once(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["evaluate", "--dataset", "-", "-"])
    assert caught.value.code == 2
    assert "--dataset names - twice" in capsys.readouterr().err


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="this system has no /dev/zero")
@pytest.mark.parametrize("flags", [["/dev/zero"], ["plan.json", "--policy", "/dev/zero"]])
def test_a_device_without_an_end_is_refused(flags: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    Path("plan.json").write_text(json.dumps({"nodes": [{"node_id": "n", "tool_name": "t"}], "edges": []}))
    assert main(["audit", *flags, "--role", "r"]) == 2
    assert "error: /dev/zero: more than 64000000 bytes" in capsys.readouterr().err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_is_one_sentence() -> None:
    write_traces("t.jsonl", many_traces(2))
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    with Path("/dev/full").open("wb") as full:
        words = [sys.executable, "-m", "gatling", "show", "t.jsonl", "--json"]
        done = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, text=True, env=env)
    assert (done.returncode, done.stderr) == (1, "error: standard output: No space left on device\n")
    Path("out.jsonl").symlink_to("/dev/full")
    words = [sys.executable, "-m", "gatling", "corrupt", "--input", "t.jsonl", "--output", "out.jsonl"]
    done = subprocess.run(words, capture_output=True, text=True, env=env)
    assert (done.returncode, done.stderr) == (1, "error: out.jsonl: No space left on device\n")
    assert Path("out.jsonl").is_symlink()
