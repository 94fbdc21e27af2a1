"""What a call waits for the hook and the proxy, beside Python's own start and the server without a proxy.

    uv run python benchmarks/proxy_latency.py --calls 200

The guard is the one that ships. The hook is measured as Claude Code runs it, a process for each call; the proxy by a client that
calls a server which answers at once.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

SERVER = """
import json, sys
for line in sys.stdin:
    message = json.loads(line)
    if "id" not in message: continue
    result = {"content": [{"type": "text", "text": "Rent is due."}]}
    if message["method"] == "tools/list": result = {"tools": [{"name": "read_file", "inputSchema": {}}]}
    print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}), flush=True)
"""
POLICY = "allowed_operations: [Read, read_file]\n"
REQUEST = "Read notes.txt and tell me what it says."


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=200)
    calls = parser.parse_args().calls
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "?"
    print(f"{os.cpu_count()} cores, load {load}, Python {sys.version.split()[0]}, {calls} calls each\n")
    print(
        "| what | wall p50 ms | wall p99 ms | processor p50 ms | processor p99 ms |\n| --- | ---: | ---: | ---: | ---: |"
    )
    with tempfile.TemporaryDirectory(prefix="gatling-") as name:
        folder = Path(name)
        os.environ |= {"GATLING_RUN": str(folder / "run"), "GATLING_STATE": str(folder / "state")}
        (folder / "policy.yaml").write_text(POLICY)
        measure_hook(folder, calls)
        measure_proxy(folder, calls)


def measure_hook(folder: Path, calls: int) -> None:
    program = Path(sys.executable).with_name("gatling")
    hook = [str(program), "hook", f"--policy={folder / 'policy.yaml'}", "--role=clerk", "--timeout-s=120"]

    def tell(name: str, id: int = 0, **fields: object) -> None:
        event = {"session_id": f"s{id // 50}", "transcript_path": "", "hook_event_name": name, **fields}
        done = subprocess.run(hook, input=json.dumps(event).encode(), capture_output=True)
        if done.returncode or done.stdout:
            raise SystemExit(f"the hook answers {name} with {done.returncode}: {done.stdout + done.stderr!r}")

    def call(id: int) -> None:
        tell("PreToolUse", id, tool_name="Read", tool_input={"file_path": f"notes{id}.txt"}, tool_use_id=f"t{id}")

    try:
        for id in range(0, calls + 1, 50):
            tell("UserPromptSubmit", id, prompt=REQUEST)
        measure("`python -c pass`", calls, lambda id: subprocess.run([sys.executable, "-c", "pass"], check=True))
        measure("`gatling hook`, PreToolUse", calls, call)
    finally:
        subprocess.run([str(program), "hook", "--stop"], capture_output=True)


def measure_proxy(folder: Path, calls: int) -> None:
    server = [sys.executable, "-c", SERVER]
    proxy = [sys.executable, "-m", "gatling", "mcp-proxy", f"--policy={folder / 'policy.yaml'}", "--role=clerk"]
    proxy += [f"--request={REQUEST}", f"--pins={folder / 'pins.json'}", "--", *server]
    for what, command in (("MCP server alone, `tools/call`", server), ("the same through `gatling mcp-proxy`", proxy)):
        measure_server(what, command, min(calls, 50))


def measure_server(what: str, command: Sequence[str], calls: int) -> None:
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        writing, reading = process.stdin, process.stdout

        def ask(id: int, method: str, **params: object) -> bytes:
            writing.write(json.dumps({"jsonrpc": "2.0", "id": id, "method": method, "params": params}).encode() + b"\n")
            writing.flush()
            return reading.readline()

        def call(id: int) -> None:
            answer = ask(id, "tools/call", name="read_file", arguments={"path": f"notes{id}.txt"})
            if b"Rent is due" not in answer:
                raise SystemExit(f"not allowed: {answer!r}")

        ask(-1, "tools/list")
        measure(what, calls, call, has_children=False)
        writing.close()


def measure(what: str, calls: int, call: Callable[[int], object], *, has_children: bool = True) -> None:
    walls, processor = [], []
    for id in range(calls):
        earlier, began = of_children(), time.perf_counter()
        call(id)
        walls.append(time.perf_counter() - began)
        processor.append(of_children() - earlier)
    used = (f"{at(processor, 0.5):.0f}", f"{at(processor, 0.99):.0f}") if has_children else ("", "")
    print(f"| {what} | {at(walls, 0.5):.1f} | {at(walls, 0.99):.1f} | {used[0]} | {used[1]} |", flush=True)


def of_children() -> float:
    """Return the processor time of the processes that have ended, in seconds."""
    import resource

    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def at(values: Sequence[float], share: float) -> float:
    """Return a quantile in milliseconds."""
    return 1_000 * sorted(values)[min(len(values) - 1, int(share * len(values)))]


if __name__ == "__main__":
    main()
