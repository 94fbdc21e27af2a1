"""The guard: time of each step, and whether anything changes its verdicts.

    uv run python benchmarks/guard.py latency --repeats 200
    uv run python benchmarks/guard.py reading --repeats 200
    uv run python benchmarks/guard.py flips --traces corrupted.jsonl.gz --decisions 100000

`latency`: a context of a policy with 40 rules, known already as in a running agent, and no call seen before; plans of 1 to
500 calls, half of their values asked for. p50 / p99 in milliseconds; OPENBLAS_NUM_THREADS=1 for one thread. `reading`:
sessions in which an agent reads ten mails of some 2,000 characters, no two alike, and answers each: time to read one, time
of the decision on the call after it, and memory that a session holds (of Python's objects; what the guard itself remembers
of its contexts counts, too). `flips`: each plan is judged alone, in a batch, by eight threads, in double precision, and with
the encoders in torch; a flip is a verdict that differs.
"""

from __future__ import annotations

import argparse
import copy
import json
import time
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cached_property
from itertools import cycle, islice
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import torch

from gatling.encoders import DualEncoder
from gatling.energy.composite import CompositeEnergy
from gatling.energy.critics.latent import LatentCritic
from gatling.energy.critics.table import CRITICS
from gatling.energy.facts import PlanFacts
from gatling.energy.finding import Source
from gatling.guard import Guard, Session
from gatling.guard.guard import load_auditor
from gatling.runtime.folder import pretrained_folder
from gatling.schema import ExecutionPlan, parse_context, parse_plan, read_traces
from gatling.testing import assistant, tool_call, tool_result

SIZES = (1, 4, 8, 16, 50, 100, 200, 500)
TOOLS = [
    f"{verb}_{thing}"
    for verb in ("read", "list", "send", "update", "delete")
    for thing in ("report", "mail", "file", "event")
]


def context() -> Any:
    rules = [
        {"applies_to": [tool], "rule": f"{tool} is used only for things that the request names, case {i}."}
        for i, tool in enumerate(TOOLS * 2)
    ]
    policy = {
        "allowed_operations": TOOLS,
        "forbidden_operations": ["wipe_disk"],
        "rules": rules[:38],
        "scope_limits": {"list_mail.limit": 100, "list_file.limit": 50},
        "explicit_request_required": ["send_mail", "delete_file"],
    }
    request = (
        "Read reports/march.txt, list the mail of ann@example.com and update the event 'review' with what they say."
    )
    return parse_context({"policy": policy, "user_role": "clerk", "session_context": {"user_request": request}})


def plan(size: int) -> Any:
    asked = ["reports/march.txt", "ann@example.com", "review"]
    other = ["reports/april.txt", "bob@example.org", "standup"]
    nodes = [
        {
            "tool_name": TOOLS[i % len(TOOLS)],
            "node_id": f"n{i}",
            "arguments": {
                "item": (asked if i % 2 else other)[i % 3],
                "note": f"part {i} of what was found in the last mail",
            },
            "provenance_tier": 1 + i % 3,
        }
        for i in range(size)
    ]
    edges = [[f"n{i - 1 - i % 2}", f"n{i}"] for i in range(2, size)]
    return parse_plan({"nodes": nodes, "edges": edges})


def timed(work: Callable[[], Any], repeats: int) -> list[float]:
    work()
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    p50, p99 = np.percentile(np.array(seconds) * 1e3, [50, 99])
    return [round(float(p50), 2), round(float(p99), 2)]


def fresh(latent: LatentCritic) -> LatentCritic:
    """Return the critic without the latents of calls that it has seen."""
    return LatentCritic(latent.encoders)


def audit(guard: Guard, ctx: Any, p: Any, *, is_repairing: bool = False) -> Any:
    """Judge a plan none of whose calls was seen before."""
    auditor = guard._auditor
    assert auditor is not None
    assert auditor.critics.latent is not None
    auditor.critics = with_latent(auditor.critics, fresh(auditor.critics.latent))
    return guard.repair(ctx, p) if is_repairing else guard.audit(ctx, p)


def with_latent(critics: CompositeEnergy, latent: LatentCritic) -> CompositeEnergy:
    return replace(critics, critics={**critics.critics, Source.LATENT: latent})


def latency(repeats: int) -> None:
    torch.set_num_threads(1)
    auditor, _ = load_auditor(pretrained_folder(), is_strict_policy=False)
    ctx = context()
    oracle = auditor.oracle(ctx)
    known = auditor._known(ctx)
    critics = auditor.critics
    assert critics.latent is not None
    guard = Guard.from_pretrained(deadline_ms=None, is_strict_policy=False)
    guard.audit(ctx, plan(1))
    columns = ["oracle", "facts", *map(str, CRITICS), "audit", "audit and repair"]
    print("| calls | " + " | ".join(columns) + " |\n| ---: |" + " ---: |" * len(columns))
    for size in SIZES:
        p = plan(size)
        facts = PlanFacts(known.facts, p)
        count = max(10, repeats * 8 // max(8, size))
        steps: dict[str, Callable[[], Any]] = {
            "oracle": lambda p=p: oracle.judge(ctx, p),  # type: ignore[misc]
            "facts": lambda p=p: PlanFacts(known.facts, p),  # type: ignore[misc]
            **{str(name): lambda f=facts, c=critic: c(f) for name, critic in critics.critics.items()},  # type: ignore[misc]
            str(Source.LATENT): lambda f=facts: fresh(critics.latent)(f),  # type: ignore[misc]
            "audit": lambda p=p: audit(guard, ctx, p),  # type: ignore[misc]
            "audit and repair": lambda p=p: audit(guard, ctx, p, is_repairing=True),  # type: ignore[misc]
        }
        cells = [f"{a:.2f} / {b:.2f}" for a, b in (timed(steps[name], count) for name in columns)]
        print(f"| {size} | " + " | ".join(cells) + " |", flush=True)


_MAILS = 10
_WORDS = (
    "the invoice for March is attached and we would like to hear whether the meeting on Monday can be "
    "moved to the large room as the guests from Lyon arrive at noon and please send the figures of the "
    "last quarter to the office before that so that all is ready "
).split()


def mail(rng: Random, number: int) -> str:
    """Return a mail of some 2,000 characters as a tool returns it."""
    body: list[str] = []
    while sum(map(len, body)) < 1_500:
        body.append(
            " ".join(rng.choices(_WORDS, k=rng.randint(6, 18))).capitalize() + f" (ref. {rng.randint(1_000, 9_999)})."
        )
    sender = f"person{rng.randint(1, 999)}@example{number % 7}.com"
    return json.dumps({"id": f"m-{number}", "sender": sender, "subject": f"Quarter {number}", "body": "\n".join(body)})


def answer_mails(guard: Guard, number: int) -> tuple[Session, list[float], list[float]]:
    """Return a session of an agent that answers ten mails, with the times of reading and of deciding in ms."""
    rng = Random(number)
    session = Session(guard, policy={"allowed_operations": ["read_mail", "send_mail"]}, role="clerk")
    session.check({"role": "user", "content": f"Answer the {number} mails that came in, and thank everybody."})
    read_ms: list[float] = []
    decide_ms: list[float] = []
    for i in range(_MAILS):
        session.check(assistant(tool_call("read_mail", f"r{i}", id=f"m-{i}")))
        output = mail(rng, number * _MAILS + i)
        started = time.perf_counter()
        session.check(tool_result(output, f"r{i}"))
        read_ms.append(1e3 * (time.perf_counter() - started))
        call = tool_call("send_mail", f"s{i}", to=json.loads(output)["sender"], body=f"Thank you, {i}.")
        started = time.perf_counter()
        ((_, decision),) = session.check(assistant(call))
        decide_ms.append(1e3 * (time.perf_counter() - started))
        if decision.is_allowed:
            session.check(tool_result("sent", f"s{i}"))
    return session, read_ms, decide_ms


def reading(repeats: int) -> None:
    """Print how long an output takes to read, a decision after it, and what a session holds."""
    guard = Guard.from_pretrained(deadline_ms=None)
    count = max(2, repeats // _MAILS)
    answer_mails(guard, 0)
    runs = [answer_mails(guard, number)[1:] for number in range(1, count)]
    print("| | p50 ms | p99 ms |\n| --- | ---: | ---: |")
    for what, times in zip(
        ("read an output of 2,000 characters", "decide on the call after it"), zip(*runs, strict=True), strict=True
    ):
        p50, p99 = np.percentile(np.concatenate(times), [50, 99])
        print(f"| {what} | {p50:.2f} | {p99:.2f} |")
    tracemalloc.start()  # after the clock has stopped, as it makes all of this slower
    before = tracemalloc.get_traced_memory()[0]
    kept = [answer_mails(guard, count + number)[0] for number in range(10)]
    held = (tracemalloc.get_traced_memory()[0] - before) / len(kept) / 1e3
    print(f"\nA session of {_MAILS} mails holds {held:.0f} kB.")


class InTorch:
    """An encoder of torch in the place of one on numpy."""

    def __init__(self, encoder: Any) -> None:
        self.encoder = encoder

    def encode(self, records: Any) -> Any:
        return self.encoder.encode(records).numpy()

    def encode_calls(self, calls: Any) -> Any:
        return self.encode([ExecutionPlan.model_construct(nodes=(call,), edges=()) for call in calls])


class EncodersInTorch:
    """The torch encoders as the latent critic reads them."""

    def __init__(self, model: DualEncoder) -> None:
        self.governance, self.execution = InTorch(model.governance), InTorch(model.execution)
        self.model = model

    @cached_property
    def for_energy(self) -> EncodersInTorch:
        return EncodersInTorch(self.model.for_energy())

    @cached_property
    def exact(self) -> EncodersInTorch:
        model = copy.deepcopy(self.model)
        model.governance.set_precision("fp64")
        model.execution.set_precision("fp64")
        return EncodersInTorch(model)


def torch_guard() -> Guard:
    """Return the shipped guard with the encoders that trained it, the reference for those on numpy."""
    guard = Guard.from_pretrained(deadline_ms=None, is_strict_policy=False)
    assert guard._auditor is not None
    encoders: Any = EncodersInTorch(DualEncoder.from_pretrained(precision="fp32"))
    guard._auditor.critics = with_latent(guard._auditor.critics, LatentCritic(encoders))
    return guard


def flips(traces: Path, decisions: int) -> None:
    guard = Guard.from_pretrained(deadline_ms=None, is_strict_policy=False)
    items = [(t.governance_context, t.execution_plan) for t in read_traces(traces)]
    items = list(islice(cycle(items), decisions))
    torch.set_num_threads(1)
    alone = [guard.audit(c, p).verdict for c, p in items]
    found = {"decisions": len(items), "allowed": alone.count("allow"), "escalated": alone.count("escalate")}

    def differing(other: list[Any]) -> int:
        return sum(a != b for a, b in zip(alone, other, strict=True))

    found["flips in a batch"] = differing([d.verdict for d in guard.audit_batch(items)])
    with ThreadPoolExecutor(8) as pool:
        found["flips on 8 threads"] = differing(list(pool.map(lambda i: guard.audit(*i).verdict, items)))
    other = Guard.from_pretrained(deadline_ms=None, precision="fp64", is_strict_policy=False)
    found["flips in fp64"] = differing([other.audit(c, p).verdict for c, p in items])
    other = torch_guard()
    found["flips with the encoders in torch"] = differing([other.audit(c, p).verdict for c, p in items])
    fresh = Guard.from_pretrained(deadline_ms=None, is_strict_policy=False)
    some = items[: max(1, decisions // 10)][::-1]
    found["flips of a fresh guard in reverse order, of a tenth"] = sum(
        a != fresh.audit(c, p).verdict for a, (c, p) in zip(alone[: len(some)][::-1], some, strict=True)
    )
    print(json.dumps(found, indent=1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["latency", "reading", "flips"])
    parser.add_argument("--repeats", type=int, default=200)
    parser.add_argument("--traces", type=Path)
    parser.add_argument("--decisions", type=int, default=100_000)
    options = parser.parse_args()
    if options.what == "latency":
        latency(options.repeats)
    elif options.what == "reading":
        reading(options.repeats)
    elif options.traces is None:
        parser.error("flips needs --traces")
    else:
        flips(options.traces, options.decisions)


if __name__ == "__main__":
    main()
