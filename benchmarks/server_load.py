"""Load of the decision server, and its memory over many sessions.

    python benchmarks/server_load.py load --rate 200 --seconds 20 --workers 2
    python benchmarks/server_load.py memory --sessions 100000
    python benchmarks/server_load.py decision --against ../before --rounds 40

`load` starts a server, asks for decisions on plans of 8 calls under a known policy at a fixed rate, whether or not the answers
come in time, and prints what was reached and how long an answer took, counted from the moment at which it was due; so a server
that falls behind cannot look fast. It also prints the processor time that a decision took in the server and in the processes that
judge, which a busy machine changes least. `--threads` judges in threads of one process instead. `memory` begins sessions, each
with a request, a call and its result, and prints the resident memory of a process that judges. `decision` asks two checkouts in
turn for the same decisions, in one process each, without HTTP, and prints the processor time that each took and the ratio: what
else the machine does falls on both.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

POLICY = """\
roles:
  clerk:
    allowed_operations: [search, read_file, send_email]
    limits: {recipients: 5}
forbidden_operations: [delete_file]
"""
REQUEST = "Search the invoices of May, read report.txt and send it to ann@example.com."
_THREADS = """\
import sys
from gatling.server import Access, App, Bounds, Pool, Service, Settings, ThreadWorker, run
service = Service(Settings(policies={"policy": sys.argv[1]}, state=sys.argv[2], log=sys.argv[3]))
run.ProcessWorker = lambda settings: ThreadWorker(service)
run.serve(service.settings, Access(None, None), workers=int(sys.argv[4]), note=lambda t: print(t, file=sys.stderr, flush=True))
"""
_DECIDE = """\
import json, sys, tempfile, time
from pathlib import Path
from benchmarks.server_load import POLICY, body
from gatling.server import Service, Settings, worker
from gatling.server.service import Request
with tempfile.TemporaryDirectory() as folder:
    policy = Path(folder, "policy.yaml")
    policy.write_text(POLICY)
    service = Service(Settings(policies={"policy": str(policy)}, state=folder + "/state", log=folder + "/audit"))
    for number in range(30):
        service.answer(Request("judge_plan", {}, json.dumps(body(-number)).encode()))
    getattr(worker, "leave_to_itself", lambda: None)()
    print("ready", flush=True)
    for line in sys.stdin:
        bodies = [json.dumps(body(number)).encode() for number in range(int(line), int(line) + 25)]
        begun = time.process_time()
        for one in bodies:
            json.dumps(service.answer(Request("judge_plan", {}, one)).data)
        print((time.process_time() - begun) / len(bodies), flush=True)
    service.close()
"""


def plan(number: int) -> dict[str, Any]:
    """Return a plan of 8 calls that no plan before was."""
    calls = [("search", {"query": f"invoice {number}-{n}"}) for n in range(6)]
    calls += [
        ("read_file", {"path": "report.txt"}),
        ("send_email", {"to": "ann@example.com", "body": f"Report {number}"}),
    ]
    nodes = [
        {"node_id": f"n{n}", "tool_name": tool, "arguments": arguments, "provenance_tier": 1}
        for n, (tool, arguments) in enumerate(calls)
    ]
    return {"nodes": nodes, "edges": [[f"n{n}", f"n{n + 1}"] for n in range(7)]}


class Server:
    """A server on a free port, with a log, as a user starts it."""

    def __init__(self, workers: int, *, threads: bool = False, cache_mb: int = 64) -> None:
        self._folder = tempfile.TemporaryDirectory()
        folder = Path(self._folder.name)
        policy = folder / "policy.yaml"
        policy.write_text(POLICY)
        if threads:
            words = ["-c", _THREADS, str(policy), str(folder / "state"), str(folder / "audit"), str(workers)]
        else:
            words = ["-m", "gatling", "serve", "--policy", str(policy), "--port", "0", "--log", str(folder / "audit")]
            words += ["--state", str(folder / "state"), "--workers", str(workers), "--cache-mb", str(cache_mb)]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        self.process = subprocess.Popen([sys.executable, *words], stderr=subprocess.PIPE, text=True, env=environment)
        assert self.process.stderr is not None
        line = self.process.stderr.readline()
        found = re.search(r":(\d+)\s*$", line)
        if found is None:
            raise SystemExit(f"the server did not start: {line}{self.process.stderr.read()}")
        self.port = int(found.group(1))

    def pids(self) -> list[int]:
        """Return the server and the processes that judge."""
        texts = [path.read_text() for path in Path(f"/proc/{self.process.pid}/task").glob("*/children")]
        return [self.process.pid, *sorted(int(pid) for text in texts for pid in text.split())]

    def processor_s(self) -> list[float]:
        """Return the processor time of each process so far."""
        ticks = os.sysconf("SC_CLK_TCK")
        found = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in self.pids()]
        return [(int(fields[11]) + int(fields[12])) / ticks for fields in found]

    def memory_mb(self) -> list[float]:
        """Return the resident memory of each process."""
        return [
            int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1]) / 1e3  # type: ignore[index]
            for pid in self.pids()
        ]

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(60)
        self._folder.cleanup()


class Client:
    """One connection that is kept open. It speaks as little HTTP as the server needs, so that it takes little of the cores."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def post(self, path: str, data: Any) -> tuple[int, Any]:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        body = json.dumps(data).encode()
        head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        answer = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", answer)
        assert length is not None
        return int(answer.split(b" ", 2)[1]), json.loads(await reader.readexactly(int(length[1])))

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()


async def at_rate(server: Server, rate: float, seconds: float) -> tuple[list[float], dict[str, int], float]:
    """Ask at a fixed rate; return the times of answers from when they were due, what was answered, and the seconds it took."""
    free = [Client(server.port) for _ in range(64)]
    for client in free[:8]:
        for n in range(3):
            await client.post("/v1/decisions", body(-n))
    times: list[float] = []
    answers: dict[str, int] = {}

    async def one(number: int, due: float) -> None:
        client = free.pop() if free else Client(server.port)
        status, data = await client.post("/v1/decisions", body(number))
        times.append(time.perf_counter() - due)
        kind = data["verdict"] if status == 200 else str(status)
        answers[kind] = answers.get(kind, 0) + 1
        free.append(client)

    begun = time.perf_counter()
    asked = []
    for number in range(int(rate * seconds)):
        due = begun + number / rate
        await asyncio.sleep(max(due - time.perf_counter(), 0))
        asked.append(asyncio.create_task(one(number, due)))
    await asyncio.gather(*asked)
    took = time.perf_counter() - begun
    for client in free:
        client.close()
    return times, answers, took


def body(number: int) -> dict[str, Any]:
    return {"role": "clerk", "session_context": {"user_request": REQUEST}, "plan": plan(number)}


def load(rate: float, seconds: float, workers: int, *, threads: bool) -> None:
    """Print what a server bears."""
    server = Server(workers, threads=threads)
    try:
        before = server.processor_s()
        times, answers, took = asyncio.run(at_rate(server, rate, seconds))
        used = [after - then for after, then in zip(server.processor_s(), before, strict=True)]
    finally:
        server.close()
    times.sort()
    p50, p99 = (1e3 * times[min(int(share * len(times)), len(times) - 1)] for share in (0.5, 0.99))
    kind = "threads" if threads else "processes"
    print(
        "| judges | asked for | answered | p50 | p99 | processor time a decision: front, judging | answers | machine's load |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    front, judging = used[0], sum(used[1:])
    each = f"{1e3 * front / len(times):.2f} ms, {1e3 * judging / len(times):.2f} ms"
    shown = ", ".join(f"{kind} {count}" for kind, count in sorted(answers.items()))
    machine = f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    reached = f"{len(times) / took:.0f}/s"
    print(f"| {workers} {kind} | {rate:g}/s | {reached} | {p50:.1f} ms | {p99:.1f} ms | {each} | {shown} | {machine} |")


async def begin(server: Server, first: int, count: int, at_once: int = 8) -> None:
    """Begin sessions, each with a request, a call and its result."""
    numbers = iter(range(first, first + count))

    async def some(client: Client) -> None:
        for number in numbers:
            id = f"s{number}"
            request = f"Read report {number} and sum it up."
            await client.post("/v1/sessions", {"role": "clerk", "id": id, "request": request})
            call = {"tool_name": "read_file", "arguments": {"path": f"report {number}.txt"}, "call_id": "c1"}
            await client.post(f"/v1/sessions/{id}/calls", call)
            await client.post(
                f"/v1/sessions/{id}/results", {"call_id": "c1", "output": f"Report {number}. " + "Sales are up. " * 20}
            )

    clients = [Client(server.port) for _ in range(at_once)]
    await asyncio.gather(*map(some, clients))
    for client in clients:
        client.close()


def memory(sessions: int, cache_mb: int) -> None:
    """Print the memory of a process that judges, after each tenth of the sessions."""
    server = Server(1, cache_mb=cache_mb)
    print("| sessions | server | process that judges |")
    print("| --- | --- | --- |")
    try:
        for n in range(10):
            asyncio.run(begin(server, n * (sessions // 10), sessions // 10))
            front, judging = server.memory_mb()
            print(f"| {(n + 1) * (sessions // 10):,} | {front:.0f} MB | {judging:.0f} MB |", flush=True)
    finally:
        server.close()


def decision(against: Path, rounds: int) -> None:
    """Print the processor time of a decision, of another checkout and of this one."""
    here = Path(__file__).parent.parent
    processes = []
    for folder in (against.resolve(), here.resolve()):
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(folder)}
        command = [sys.executable, "-P", "-c", _DECIDE]
        processes.append(subprocess.Popen(command, env=environment, stdin=-1, stdout=-1, text=True, bufsize=1))
    for process in processes:
        assert process.stdout is not None
        if process.stdout.readline() != "ready\n":
            raise SystemExit("a checkout cannot judge")
    times: list[list[float]] = [[], []]
    for n in range(rounds):
        for i in (0, 1) if n % 2 else (1, 0):
            stdin, stdout = processes[i].stdin, processes[i].stdout
            assert stdin is not None
            assert stdout is not None
            stdin.write(f"{1_000 + 25 * n}\n")
            times[i].append(1e3 * float(stdout.readline()))
    for process in processes:
        process.communicate()
    ratios = sorted(new / old for old, new in zip(*times, strict=True))
    quarter = len(ratios) // 4
    print("| processor time of a decision | median | least |\n| --- | ---: | ---: |")
    for name, found in zip(("before", "now"), times, strict=True):
        print(f"| {name} | {sorted(found)[len(found) // 2]:.2f} ms | {min(found):.2f} ms |")
    print(
        f"\nRatio {ratios[len(ratios) // 2]:.2f} (quartiles {ratios[quarter]:.2f} and {ratios[-1 - quarter]:.2f}), "
        f"{rounds} rounds of 25 decisions, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("load", "memory", "decision"))
    parser.add_argument("--rate", type=float, default=200.0)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--threads", action="store_true")
    parser.add_argument("--sessions", type=int, default=100_000)
    parser.add_argument("--cache-mb", type=int, default=64)
    parser.add_argument("--against", type=Path, help="another checkout")
    parser.add_argument("--rounds", type=int, default=40)
    given = parser.parse_args()
    if given.what == "load":
        load(given.rate, given.seconds, given.workers, threads=given.threads)
    elif given.what == "decision":
        if given.against is None:
            parser.error("decision needs --against")
        decision(given.against, given.rounds)
    else:
        memory(given.sessions, given.cache_mb)


if __name__ == "__main__":
    main()
