"""`denied_paths` and `allowed_paths` see a path wherever a call writes it, and see none in text: the verdicts were decided first."""

from __future__ import annotations

import time
from typing import Any

import pytest

from gatling.policy import Oracle, parse_policy, recognise
from gatling.testing.builders import context, node, plan

DENIED = "default: allow\ndenied_paths: ['/etc/*', '~/.ssh/*', '*.pem']\n"
ALLOWED = "default: allow\nallowed_paths: ['/workspace/*']\n"
BUCKETS = "default: allow\nallowed_paths: ['/workspace/*', 's3://ours/*']\n"
BUCKETS_DENIED = "default: allow\ndenied_paths: ['s3://ours/secret/*', 'https://acme.com/admin/*']\n"


def answer(policy: str, tool: str, arguments: dict[str, Any]) -> str:
    source = parse_policy(policy, file="p.yaml")
    judged = Oracle(recognise(source)).judge(context(source.data), plan(node(tool, arguments=arguments)))
    return {"violation": "deny", "undecided": "open", "compliant": "allow"}[judged.verdict]


# tool, arguments, under a list of forbidden places, under one of allowed places
CASES: list[tuple[str, dict[str, Any], str, str]] = [
    *(
        ("read_file", {name: value}, "deny", "deny")
        for name in ("path", "uri", "source", "target", "input", "x", "name", "document", "resource", "location", "args")
        for value in ("/etc/passwd", "file:///etc/passwd", "%2Fetc%2Fpasswd", ["/workspace/a", "/opt/../etc/passwd"])
    ),
    ("read_file", {"options": '{"path": "/etc/passwd"}'}, "deny", "deny"),
    ("read_file", {"options": '{"a": "{\\"b\\": [\\"/etc/passwd\\"]}"}'}, "deny", "open"),
    ("read_file", {"options": "path=/etc/passwd"}, "deny", "deny"),
    ("read_file", {"options": {"deep": [{"er": "/etc/passwd"}]}}, "deny", "deny"),
    ("read_file", {"path": "/workspace/a", "file": "/etc/passwd"}, "deny", "deny"),
    ("read_file", {"x": "~/.ssh/id_rsa"}, "deny", "deny"),
    ("read_file", {"x": "$HOME/.ssh/id_rsa"}, "deny", "deny"),
    ("read_file", {"x": "$DIR/id_rsa"}, "open", "open"),
    ("read_file", {"x": "~/../../etc/passwd"}, "deny", "open"),
    ("read_file", {"x": "../../../etc/passwd"}, "deny", "deny"),
    ("read_file", {"x": "C:\\Users\\ann\\.ssh\\id"}, "deny", "deny"),
    ("read_file", {"cwd": "/etc", "path": "passwd"}, "deny", "deny"),
    ("read_file", {"cwd": "/opt", "path": "../etc/passwd"}, "deny", "deny"),
    ("read_file", {"directory": "/etc", "filename": "passwd"}, "deny", "deny"),
    ("read_file", {"root": "/", "name": "etc/passwd"}, "deny", "deny"),
    ("read_file", {"cwd": "/workspace", "path": "/workspace/a"}, "allow", "allow"),
    ("bash", {"command": "cat passwd", "cwd": "/etc"}, "deny", "deny"),
    ("bash", {"command": "cat /workspace/a", "cwd": "/workspace"}, "allow", "allow"),
    ("move_file", {"from": "/etc/passwd", "to": "/workspace/x"}, "deny", "deny"),
    ("move_file", {"source": "/workspace/x", "destination": "/etc/passwd"}, "deny", "deny"),
    ("move_file", {"old": "/workspace/x", "new": "/etc/passwd"}, "deny", "deny"),
    ("move_file", {"from": "/workspace/a", "to": "/workspace/b"}, "allow", "allow"),
    ("search_files", {"pattern": "../../etc/*"}, "open", "open"),
    ("search_files", {"path": "/workspace/a", "pattern": "*.py"}, "allow", "allow"),
    ("search_files", {"path": "/workspace/a", "pattern": "/api/v1/x"}, "allow", "open"),
    ("write_files", {"files": {"/etc/motd": "hello"}}, "deny", "open"),
    ("write_files", {"files": {"/workspace/motd": "hello"}}, "allow", "allow"),
    ("http_request", {"method": "GET", "url": "file:///etc/passwd"}, "deny", "deny"),
    ("http_request", {"method": "GET", "url": "https://acme.com/etc/passwd"}, "allow", "allow"),
    ("http_get", {"url": "/users/7"}, "allow", "open"),
    ("http_get", {"url": "https://acme.com/cert.pem"}, "allow", "allow"),
    ("read_file", {"url": "php://filter/resource=/etc/passwd"}, "open", "allow"),
    ("read_file", {"x": "server.pem"}, "open", "allow"),
    ("read_file", {"source": "keys/server.pem"}, "deny", "open"),
    ("read_file", {"attachment": "report.pdf"}, "allow", "open"),
    ("run", {"step": "copy /etc/passwd there"}, "open", "allow"),
    # Text is no path.
    ("send_mail", {"to": "ann@acme.com", "subject": "/etc", "body": "The file /etc/passwd lists the users."}, "allow", "allow"),
    ("send_mail", {"to": "ann@acme.com", "body": "/etc/passwd"}, "open", "allow"),
    ("search", {"query": "what is /etc/passwd for"}, "allow", "allow"),
    ("search", {"query": "/etc/passwd"}, "open", "allow"),
    ("write_file", {"path": "/workspace/a.md", "content": "see /etc/passwd\n/etc/hosts"}, "allow", "allow"),
    ("write_file", {"path": "/workspace/a.json", "content": '{"motd": "/etc/motd"}'}, "allow", "allow"),
    ("write_file", {"path": "/workspace/a.json", "content": '{"path": "/etc/motd"}'}, "open", "allow"),
    ("create_event", {"from": "2026/05/12", "to": "2026/05/13 10:00", "zone": "Europe/Berlin"}, "allow", "allow"),
    ("upload", {"type": "image/png", "data": "aGk/", "ratio": "16/9", "sep": "/"}, "allow", "allow"),
    ("configure", {"env": {"SHELL": "/usr/bin/zsh"}, "name": "Ann"}, "allow", "allow"),
    ("say", {"command": "/deploy"}, "allow", "open"),
    ("pay", {"amount": 5, "to": "ann@acme.com", "reference": "INV/2026/17"}, "allow", "allow"),
    ("read_file", {}, "allow", "allow"),
]  # fmt: skip


@pytest.mark.parametrize(("tool", "arguments", "denied", "allowed"), CASES)
def test_a_path_is_seen_wherever_it_stands(tool: str, arguments: dict[str, Any], denied: str, allowed: str) -> None:
    assert (answer(DENIED, tool, arguments), answer(ALLOWED, tool, arguments)) == (denied, allowed)


@pytest.mark.parametrize(
    ("policy", "arguments", "wanted"),
    [
        (BUCKETS, {"uri": "s3://ours/a"}, "allow"),
        (BUCKETS, {"uri": "s3://others/a"}, "deny"),
        (BUCKETS, {"uri": "https://acme.com/a"}, "allow"),
        (BUCKETS_DENIED, {"uri": "s3://ours/secret/a"}, "deny"),
        (BUCKETS_DENIED, {"uri": "s3://ours/a"}, "allow"),
        (BUCKETS_DENIED, {"uri": "https://acme.com/admin/a"}, "deny"),
        (BUCKETS_DENIED, {"uri": "https://acme.com/x/../admin/a"}, "deny"),
    ],
)
def test_addresses_count_where_the_list_has_such(policy: str, arguments: dict[str, Any], wanted: str) -> None:
    assert answer(policy, "get_object", arguments) == wanted


def test_hostile_values_take_linear_time() -> None:
    def seconds(n: int) -> float:
        arguments = {
            "a": "@" * n + "/",
            "b": "$" * n,
            "c": "/" * n,
            "d": " /" * n,
            "e": "%" * n,
            "f": "." * n + "/..",
            "g": ["x/y"] * (n // 20),
            "h": {f"/k/{i}": 1 for i in range(n // 20)},
            "cwd": "/workspace",
        }
        started = time.process_time()
        assert answer(ALLOWED, "run", arguments) != "allow"
        return time.process_time() - started

    seconds(1_000)
    assert seconds(32_000) < 40 * max(seconds(4_000), 0.02)
