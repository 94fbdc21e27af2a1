"""Whether hostile input keeps a guard from answering others.

    uv run python -m benchmarks.starvation cases                        # each hostile case alone: time, processor time, memory
    uv run python -m benchmarks.starvation outputs                      # the same for outputs of tools, fed to a session
    uv run python -m benchmarks.starvation crowd --seconds 20           # eight callers send hostile plans, others honest ones
    uv run python -m benchmarks.starvation load --burners 2             # eight callers audit 2,000 honest plans each

`cases`: the default deadline. "Answered" is how long the caller waited, "worked" the processor time until the process is idle
again: what goes on after the deadline is taken from everybody. `crowd`: which share of the honest plans is denied by the time.
`load`: the same beside processes that do nothing but count, as many as `--burners`; calls, values and requests differ from plan
to plan, policies are ten and known. The processor's cores that this process may use are printed.
"""

from __future__ import annotations

import argparse
import multiprocessing
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from gatling.cores import num_cores, one_thread_a_process
from gatling.guard import Decision, Guard, Session
from gatling.schema.machine import peak_memory
from tests import hostile

_IDLE_S = 0.01
_GIVE_UP_S = 60.0
_NO_ANSWER_S = 180.0
_TOOLS = [
    f"{verb}_{thing}" for verb in ("read", "list", "send", "update", "delete") for thing in ("report", "mail", "file")
]


def honest(rng: Random) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a context and a plan of one to eight calls such as agents make."""
    number = rng.randrange(10)
    policy = {
        "allowed_operations": _TOOLS,
        "scope_limits": {f"{tool}.limit": 10 + number for tool in _TOOLS},
        "allowed_domains": ["acme.com", f"partner{number}.com"],
        "rules": [{"applies_to": [tool], "rule": f"{tool} only for what the request names."} for tool in _TOOLS],
    }
    file, who = f"report-{rng.randrange(10_000)}.txt", f"person{rng.randrange(1_000)}@acme.com"
    request = f"Read {file}, send what it says about week {rng.randrange(53)} to {who} and update the report."
    nodes = [
        {
            "tool_name": rng.choice(_TOOLS),
            "node_id": f"n{i}",
            "arguments": {
                "path": file,
                "to": who,
                "limit": rng.randrange(1, 9),
                "body": f"Part {rng.random()} of the report.",
            },
            "provenance_tier": rng.randint(1, 3),
        }
        for i in range(rng.randint(1, 8))
    ]
    edges = [[f"n{i - 1}", f"n{i}"] for i in range(1, len(nodes))]
    return hostile.context(request, policy), {"nodes": nodes, "edges": edges}


def is_late(decision: Decision) -> bool:
    return any("no decision within" in reason.found for reason in decision.reasons)


def until_idle(started: float) -> tuple[float, bool]:
    """Return the processor time since `started`, of this process, when no other thread of it runs or waits; and whether
    that was so within a minute."""
    end = time.monotonic() + _GIVE_UP_S
    quiet = 0
    while time.monotonic() < end and quiet < 5:
        time.sleep(_IDLE_S)
        quiet = 0 if _is_busy() else quiet + 1
    return time.process_time() - started, quiet >= 5


def _is_busy() -> bool:
    own = str(threading.get_native_id())
    for task in Path("/proc/self/task").iterdir():
        if task.name != own and task.joinpath("stat").read_text().rpartition(")")[2].split()[0] == "R":
            return True
    return False


def _measured(name: str, work: Callable[[], str]) -> tuple[str, bool]:
    """Return a row of the table, and whether the process is idle again."""
    memory = _peak_mb()
    before = time.process_time()
    started = time.perf_counter()
    answer = work()
    answered = time.perf_counter() - started
    worked, is_idle = until_idle(before)
    more = "" if is_idle else "> "
    row = f"| {name} | {answer} | {1e3 * answered:.0f} | {more}{1e3 * worked:.0f} | {_peak_mb() - memory:.0f} |"
    return row, is_idle


def _in_processes(target: Callable[..., None], names: list[str]) -> Iterator[str]:
    """Run cases in a process, and in a new one after each case that does not come to an end."""
    spawn = multiprocessing.get_context("spawn")
    names = list(names)
    while names:
        ours, theirs = spawn.Pipe(duplex=False)
        process = spawn.Process(target=target, args=(theirs, names), daemon=True)
        process.start()
        theirs.close()
        try:
            while names:
                row, is_idle = ours.recv() if ours.poll(_NO_ANSWER_S) else (f"| {names[0]} | no answer | | | |", False)
                names.pop(0)
                yield row
                if not is_idle:
                    break
        except EOFError:
            yield f"| {names.pop(0)} | the process ended | | | |"
        finally:
            process.kill()
            process.join()


def _peak_mb() -> float:
    return (peak_memory() or 0) / 1e6


def _cases(pipe: Any, names: list[str]) -> None:
    guard = Guard.from_pretrained()
    known = hostile.cases()
    for _ in range(3):
        guard.audit(*honest(Random(0)))
    for name in names:
        given = known[name]()

        def work(given: Any = given) -> str:
            decision = guard.audit(*given)
            reason = decision.reasons[0].found if decision.reasons else ""
            return f"{decision.verdict}: {reason[:60]}".replace("|", "/").replace("\n", " ")

        pipe.send(_measured(name, work))


def _outputs(pipe: Any, names: list[str]) -> None:
    guard = Guard.from_pretrained()
    for name in names:
        output = hostile.outputs()[name]()
        session = Session(guard, policy=hostile.POLICY, role="clerk")
        session.feed_user(hostile.REQUEST)
        session.judge("read_file", {"path": "report.txt"}, call_id="c1")

        def work(session: Session = session, output: Any = output) -> str:
            try:
                session.feed_result("c1", output)
            except Exception as error:
                return f"{type(error).__name__}: {str(error)[:60]}"
            decision = session.judge("send_mail", {"to": "ann@acme.com", "body": "the report says 400 and a lot more."})
            reason = decision.reasons[0].found if decision.reasons else ""
            return f"{decision.verdict}: {reason[:60]}".replace("|", "/").replace("\n", " ")

        pipe.send(_measured(name, work))


def alone(target: Callable[..., None], names: list[str]) -> None:
    print("| case | answer | answered, ms | worked, ms | memory, MB |\n| --- | --- | ---: | ---: | ---: |")
    for row in _in_processes(target, names):
        print(row, flush=True)


@contextmanager
def burning(count: int) -> Iterator[None]:
    """Keep some cores busy."""
    processes = [multiprocessing.get_context("spawn").Process(target=_burn, daemon=True) for _ in range(count)]
    for process in processes:
        process.start()
    try:
        yield
    finally:
        for process in processes:
            process.kill()


def _burn() -> None:
    while True:
        sum(range(10_000))


def _audits(guard: Guard, seed: int, is_over: Callable[[int], bool], late: Counter[str], times: list[float]) -> None:
    rng = Random(seed)
    count = 0
    while not is_over(count):
        given = honest(rng)
        started = time.perf_counter()
        decision = guard.audit(*given)
        times.append(1e3 * (time.perf_counter() - started))
        late["late" if is_late(decision) else decision.verdict] += 1
        count += 1


def _report(found: list[Counter[str]], times: list[list[float]]) -> None:
    total = sum(found, Counter())
    every = np.concatenate([np.array(t) for t in times])
    p50, p99, most = np.percentile(every, [50, 99, 100])
    print(f"honest plans {len(every)}: {dict(total)}; denied by the time {100 * total['late'] / len(every):.3f} %")
    print(f"answered in p50 {p50:.1f} ms, p99 {p99:.1f} ms, at most {most:.1f} ms")


def load(callers: int, audits: int, burners: int) -> None:
    guard = Guard.from_pretrained()
    for seed in range(20):
        guard.audit(*honest(Random(seed)))
    found = [Counter[str]() for _ in range(callers)]
    times: list[list[float]] = [[] for _ in range(callers)]
    threads = [
        threading.Thread(target=_audits, args=(guard, 100 + i, lambda n: n >= audits, found[i], times[i]))
        for i in range(callers)
    ]
    with burning(burners):
        time.sleep(1)
        started = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seconds = time.perf_counter() - started
    speed = callers * audits / seconds
    print(f"{callers} callers, {burners} burners, {num_cores()} cores, {seconds:.1f} s, {speed:.0f} decisions/s")
    _report(found, times)


def crowd(callers: int, seconds: float, name: str) -> None:
    guard = Guard.from_pretrained()
    for seed in range(20):
        guard.audit(*honest(Random(seed)))
    bad = hostile.cases()[name]()
    end = time.monotonic() + seconds
    answers: Counter[str] = Counter()

    def attack() -> None:
        while time.monotonic() < end:
            decision = guard.audit(*bad)
            answers[decision.reasons[0].found[:70] if decision.reasons else decision.verdict] += 1

    attackers = [threading.Thread(target=attack, daemon=True) for _ in range(callers)]
    for thread in attackers:
        thread.start()
    time.sleep(0.5)
    found, times = [Counter[str](), Counter[str]()], [[], []]  # type: ignore[var-annotated]
    honest_ones = [
        threading.Thread(
            target=_audits, args=(guard, i, lambda n: time.monotonic() > end, found[i], times[i]), daemon=True
        )
        for i in range(2)
    ]
    for thread in honest_ones:
        thread.start()
    for thread in honest_ones:
        thread.join()
    print(f"{name}: {dict(answers)}")
    _report(found, times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["cases", "outputs", "crowd", "load"])
    parser.add_argument("--case", action="append", help="a case's name, or a part of it; by default all")
    parser.add_argument("--callers", type=int, default=8)
    parser.add_argument("--audits", type=int, default=2_000)
    parser.add_argument("--burners", type=int, default=num_cores())
    parser.add_argument("--seconds", type=float, default=20.0)
    options = parser.parse_args()
    one_thread_a_process()
    known = hostile.outputs() if options.what == "outputs" else hostile.cases()
    names = [name for name in known if not options.case or any(part in name for part in options.case)]
    if options.what == "load":
        load(options.callers, options.audits, options.burners)
    elif options.what == "crowd":
        for name in names if options.case else ["400,000 numbers"]:
            crowd(options.callers, options.seconds, name)
    else:
        alone(_outputs if options.what == "outputs" else _cases, names)


if __name__ == "__main__":
    main()
