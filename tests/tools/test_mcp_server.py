"""A server is started, asked for its tools, and stopped; what it answers is bounded and untrusted."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from gatling.errors import InputError
from gatling.tools.readers.mcp import mcp_tools
from gatling.tools.readers.mcp_server import ask_server

SERVER = """\
import json, sys
TOOLS = [{"name": n, "inputSchema": {"type": "object", "properties": {}}} for n in ("list_mail", "send_mail", "read_mail")]
def say(**message):
    print(json.dumps({"jsonrpc": "2.0", **message}), flush=True)
ready = False
for line in sys.stdin:
    message = json.loads(line)
    method = message.get("method")
    if method == "initialize":
        say(method="notifications/message", params={"data": "hello"})
        say(id=77, method="roots/list")
        say(id=message["id"], result={"protocolVersion": "2025-06-18", "capabilities": {}, "serverInfo": {}})
    elif method == "notifications/initialized":
        ready = True
    elif method == "tools/list":
        start = int(message["params"].get("cursor", 0))
        more = {"nextCursor": str(start + 2)} if start + 2 < len(TOOLS) else {}
        say(id=message["id"], result={"tools": TOOLS[start:start + 2] if ready else [], **more})
    elif "error" in message and message["id"] == 77:
        pass
"""


def server(code: str) -> list[str]:
    Path("server.py").write_text(code)
    return [sys.executable, "server.py"]


def test_all_pages_of_tools_are_asked_for() -> None:
    document = ask_server(server(SERVER))
    assert [spec.name for spec in mcp_tools(document, "mcp")] == ["list_mail", "send_mail", "read_mail"]


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("", r"ended before it answered \(status 0\)"),
        ("raise SystemExit(5)", "ended before it answered"),
        ("print('Welcome!')", "no MCP server on its standard output: not JSON"),
        (
            "import sys, json\nfor line in sys.stdin:\n"
            "    print(json.dumps({'id': json.loads(line).get('id'), 'error': {'message': 'no'}}), flush=True)",
            "answers initialize with an error: no",
        ),
        (
            "import sys, json\nfor line in sys.stdin:\n"
            "    print(json.dumps({'id': json.loads(line).get('id'), 'result': {'tools': 5}}), flush=True)",
            "tools/list has no list of tools",
        ),
        (
            "import sys, json\nfor line in sys.stdin:\n"
            "    print(json.dumps({'id': json.loads(line).get('id'), 'result': {'tools': [], 'nextCursor': 'x'}}), flush=True)",
            "more than 100 pages of tools",
        ),
    ],
)
def test_what_is_no_server_is_one_sentence(code: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        ask_server(server(code))


def test_a_server_that_says_nothing_is_stopped_in_time() -> None:
    started = time.monotonic()
    with pytest.raises(InputError, match="did not answer initialize in time"):
        ask_server(server("import time\ntime.sleep(600)"), timeout_s=1.0)
    assert time.monotonic() - started < 60


def test_a_program_that_is_not_there() -> None:
    with pytest.raises(InputError, match="cannot be started: No such file"):
        ask_server(["no-such-program-anywhere"])
