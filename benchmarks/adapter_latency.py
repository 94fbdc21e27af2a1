"""What a call waits for the guard in each place where it stands: with the guard, without it, and the difference.

    uv run --extra langchain python benchmarks/adapter_latency.py --calls 200

The guard is the one that ships. Sessions of 50 calls, which read files that the request asks for. LangGraph runs an agent whose
model is a script: one call a run. The MCP server answers at once; over HTTP it is the same server behind `--listen`. The hook is
measured as Claude Code runs it, a process for each call, and what it is compared with is `python -c pass`.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from gatling import Guard, Session

SERVER = """
import json, sys
for line in sys.stdin:
    message = json.loads(line)
    if "id" not in message: continue
    result = {"content": [{"type": "text", "text": "Rent is due."}]}
    if message["method"] == "tools/list": result = {"tools": [{"name": "read_file", "inputSchema": {}}]}
    print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}), flush=True)
"""
POLICY = {"allowed_operations": ["Read", "read_file"]}
REQUEST = "Read notes.txt and tell me what it says."
SESSION = 50
"""Calls of a session."""
Times = list[float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=200)
    calls = parser.parse_args().calls
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "?"
    print(f"{os.cpu_count()} cores, load {load}, Python {sys.version.split()[0]}, {calls} calls each\n")
    print("| where | without: p50 ms | with: p50 ms | p99 ms | added: p50 ms | p99 ms |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    with tempfile.TemporaryDirectory(prefix="gatling-") as name:
        folder = Path(name)
        os.environ |= {"GATLING_RUN": str(folder / "run"), "GATLING_STATE": str(folder / "state")}
        (folder / "policy.yaml").write_text(json.dumps(POLICY))
        guard = Guard.from_pretrained(deadline_ms=None)
        show("plain loop (`Session`)", [0.0], plain_loop(guard, calls))
        with contextlib.suppress(ImportError):
            show("LangGraph (`LangChainMiddleware`)", langgraph(None, calls), langgraph(guard, calls))
        with child([sys.executable, "-c", SERVER]) as ask:
            alone = asked(ask, calls)
        with child(proxy(folder)) as ask:
            show("MCP proxy, stdio", alone, asked(ask, calls))
        with endpoint([*proxy(folder)]) as ask:
            show("MCP proxy, HTTP", alone, asked(ask, calls))
        show("Claude Code (`gatling hook`)", *hook(folder, calls))


def plain_loop(guard: Guard, calls: int) -> Times:
    """Return the time to judge a call and to take its result."""
    found = []
    for number in range(calls):
        if number % SESSION == 0:
            held = Session(guard, policy=POLICY, role="clerk")
            held.feed_user(REQUEST)
        began = time.perf_counter()
        decision = held.judge("read_file", {"path": f"notes{number}.txt"}, call_id=f"c{number}")
        assert decision.is_allowed, decision
        held.feed_result(f"c{number}", "Rent is due.")
        found.append(time.perf_counter() - began)
    return found


def langgraph(guard: Guard | None, calls: int) -> Times:
    """Return the time of an agent's run with one call."""
    from langchain.agents import create_agent
    from langchain_core.language_models.fake_chat_models import FakeMessagesListChatModel
    from langchain_core.messages import AIMessage

    from gatling.integrations import LangChainMiddleware

    class Script(FakeMessagesListChatModel):  # type: ignore[misc]
        def bind_tools(self, tools: Any, **settings: Any) -> Any:
            return self

    ran: list[str] = []

    def read_file(path: str) -> str:
        """Read a file."""
        ran.append(path)
        return "Rent is due."

    found = []
    for number in range(calls + 2):
        wanted = [{"name": "read_file", "args": {"path": f"notes{number}.txt"}, "id": "c1"}]
        model = Script(responses=[AIMessage("", tool_calls=wanted), AIMessage("Done.")])
        around = [] if guard is None else [LangChainMiddleware(Session(guard, policy=POLICY, role="clerk"))]
        agent = create_agent(model, [read_file], middleware=around)
        began = time.perf_counter()
        agent.invoke({"messages": [("user", REQUEST)]})
        found.append(time.perf_counter() - began)
    assert len(ran) == calls + 2, "a call was refused"
    return found[2:]  # the first ones load what the framework needs


Ask = Callable[[int, str, dict[str, Any]], bytes]


def proxy(folder: Path) -> list[str]:
    words = [
        f"--policy={folder / 'policy.yaml'}",
        "--role=clerk",
        f"--request={REQUEST}",
        f"--pins={folder / 'pins.json'}",
    ]
    return [sys.executable, "-m", "gatling", "mcp-proxy", *words, "--", sys.executable, "-c", SERVER]


@contextlib.contextmanager
def child(command: Sequence[str]) -> Iterator[Ask]:
    """Yield what asks a server over stdio."""
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        writing, reading = process.stdin, process.stdout

        def ask(id: int, method: str, params: dict[str, Any]) -> bytes:
            writing.write(json.dumps({"jsonrpc": "2.0", "id": id, "method": method, "params": params}).encode() + b"\n")
            writing.flush()
            return reading.readline()

        yield ask
        writing.close()


@contextlib.contextmanager
def endpoint(command: list[str]) -> Iterator[Ask]:
    """Yield what asks the proxy over HTTP, a connection for each message."""
    place = command.index("mcp-proxy") + 1
    with subprocess.Popen([*command[:place], "--listen=0", *command[place:]], stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        port = int(process.stderr.readline().decode().rpartition(":")[2].partition("/")[0])
        known = {"Content-Type": "application/json"}

        def ask(id: int, method: str, params: dict[str, Any]) -> bytes:
            connection = http.client.HTTPConnection("127.0.0.1", port)
            message = {"jsonrpc": "2.0", "id": id, "method": method, "params": params}
            connection.request("POST", "/mcp", json.dumps(message), known)
            answer = connection.getresponse()
            known["Mcp-Session-Id"] = answer.headers.get("Mcp-Session-Id", "")
            return answer.read()

        ask(
            -2,
            "initialize",
            {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "b", "version": "1"}},
        )
        yield ask
        process.terminate()


def asked(ask: Ask, calls: int) -> Times:
    ask(-1, "tools/list", {})
    found = []
    for number in range(min(calls, SESSION)):
        began = time.perf_counter()
        answer = ask(number, "tools/call", {"name": "read_file", "arguments": {"path": f"notes{number}.txt"}})
        found.append(time.perf_counter() - began)
        if b"Rent is due" not in answer:
            raise SystemExit(f"not allowed: {answer!r}")
    return found


def hook(folder: Path, calls: int) -> tuple[Times, Times]:
    program = Path(sys.executable).with_name("gatling")
    words = [str(program), "hook", f"--policy={folder / 'policy.yaml'}", "--role=clerk", "--timeout-s=120"]

    def tell(name: str, number: int, **fields: object) -> None:
        event = {"session_id": f"s{number // SESSION}", "transcript_path": "", "hook_event_name": name, **fields}
        done = subprocess.run(words, input=json.dumps(event).encode(), capture_output=True)
        if done.returncode or done.stdout:
            raise SystemExit(f"the hook answers {name} with {done.returncode}: {done.stdout + done.stderr!r}")

    alone, found = [], []
    try:
        for number in range(calls):
            if number % SESSION == 0:
                tell("UserPromptSubmit", number, prompt=REQUEST)
            began = time.perf_counter()
            subprocess.run([sys.executable, "-c", "pass"], check=True)
            alone.append(time.perf_counter() - began)
            given = {
                "tool_name": "Read",
                "tool_input": {"file_path": f"notes{number}.txt"},
                "tool_use_id": f"t{number}",
            }
            began = time.perf_counter()
            tell("PreToolUse", number, **given)
            found.append(time.perf_counter() - began)
    finally:
        subprocess.run([str(program), "hook", "--stop"], capture_output=True)
    return alone, found


def show(what: str, without: Times, found: Times) -> None:
    """Print a row; added is what a call takes beyond the median without the guard."""
    alone, half, most = at(without, 0.5), at(found, 0.5), at(found, 0.99)
    cells = [alone, half, most, half - alone, most - alone]
    print(f"| {what} | {' | '.join(f'{cell:.1f}' for cell in cells)} |", flush=True)


def at(values: Sequence[float], share: float) -> float:
    """Return a quantile in milliseconds."""
    return 1_000 * sorted(values)[min(len(values) - 1, int(share * len(values)))]


if __name__ == "__main__":
    main()
