"""Latency, throughput, growth and memory of the encoders at the published size. One command, Markdown out.

    uv run python benchmarks/run.py                 # everything, about five minutes
    uv run python benchmarks/run.py --only latency  # latency, growth, training or memory

One thread unless --threads says otherwise; leave the other cores idle. Weights are random: speed does not depend on them.
"""

from __future__ import annotations

import os
import platform
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import torch
import tyro

from gatling.encoders import DualEncoder
from gatling.encoders.base import Precision
from gatling.encoders.precision import has_native_bf16
from gatling.objectives import Objective
from gatling.schema import parse_context, parse_plan, parse_trace
from gatling.store.corpus import Corpus
from gatling.training.batches import EpochBatches
from gatling.training.task import ContrastiveTask

Section = Literal["latency", "growth", "training", "memory"]
WORDS = "account report customer invoice order table event meeting folder payment record channel message ticket".split()
VERBS = "read list search create update delete send export share count".split()


@dataclass(frozen=True, kw_only=True)
class Arguments:
    """Measure the encoders at the size of the published specification."""

    only: Section | None = None
    """One section only."""
    threads: int = 1
    """Threads of torch."""
    repeats: int = 200
    """Timed calls for each latency."""
    seed: int = 0
    """Of the random records."""


def random_context(rng: random.Random, num_leaves: int) -> dict[str, Any]:
    """Return a context whose policy has so many leaves."""
    half = max(1, num_leaves // 2)
    return {
        "policy": {
            "domain": rng.choice(WORDS),
            "allowed_operations": [f"{rng.choice(VERBS)}_{rng.choice(WORDS)}_{i}" for i in range(half)],
            "forbidden_operations": [f"{rng.choice(VERBS)}_{rng.choice(WORDS)}" for _ in range(num_leaves // 6)],
            "scope_limits": {f"{rng.choice(WORDS)}_{i}": rng.randint(1, 10_000) for i in range(num_leaves // 6)},
            "rules": [
                f"No {rng.choice(WORDS)} may leave the {rng.choice(WORDS)} without the {rng.choice(WORDS)}."
                for _ in range(max(1, num_leaves - half - 2 * (num_leaves // 6) - 1))
            ],
        },
        "user_role": rng.choice(("analyst", "clerk", "admin")),
        "session_context": {
            "user_id": f"u{rng.randint(1, 999)}",
            "user_request": f"{rng.choice(VERBS)} the {rng.choice(WORDS)} of {rng.choice(WORDS)} {rng.randint(1, 99)}",
        },
    }


def random_plan(rng: random.Random, num_nodes: int) -> dict[str, Any]:
    """Return a chain of calls with a few arguments each."""
    nodes = [
        {
            "tool_name": f"{rng.choice(VERBS)}_{rng.choice(WORDS)}",
            "node_id": f"n{i}",
            "arguments": {rng.choice(WORDS): rng.choice(WORDS), "limit": rng.randint(1, 100)},
            "provenance_tier": rng.randint(1, 3),
            "scope_volume": rng.randint(1, 1000),
            "scope_sensitivity": rng.randint(1, 5),
        }
        for i in range(num_nodes)
    ]
    return {"nodes": nodes, "edges": [[f"n{i}", f"n{i + 1}"] for i in range(num_nodes - 1)]}


def row(*cells: object) -> None:
    print("| " + " | ".join(f"{c:.2f}" if isinstance(c, float) else str(c) for c in cells) + " |", flush=True)


def header(title: str, *columns: str) -> None:
    print(f"\n## {title}\n")
    row(*columns)
    row(*("---" if i == 0 else "---:" for i in range(len(columns))))


def timed(action: Callable[[], object], repeats: int) -> list[float]:
    """Return the milliseconds of each call, sorted, after a warm-up."""
    for _ in range(max(3, repeats // 10)):
        action()
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        action()
        times.append((time.perf_counter() - started) * 1e3)
    return sorted(times)


def percentile(times: list[float], share: float) -> float:
    return times[min(len(times) - 1, int(share * len(times)))]


def precisions() -> list[Precision]:
    return ["fp32", "bf16"] if has_native_bf16(torch.device("cpu")) else ["fp32"]


def model_in(precision: Precision) -> DualEncoder:
    torch.manual_seed(0)
    model = DualEncoder.create().eval()
    model.governance.set_precision(precision)
    model.execution.set_precision(precision)
    return model


def latency(arguments: Arguments) -> None:
    """Batch of one, from the parsed record to the latent: features and encoder."""
    header("Latency of one record, ms", "what", "precision", "p50", "p99", "of which features, p50")
    for precision in precisions():
        model = model_in(precision)
        rng = random.Random(arguments.seed)
        for leaves in (10, 24, 40, 100, 300):
            context = parse_context(random_context(rng, leaves))
            times = timed(partial(model.governance.encode, context), arguments.repeats)
            parts = timed(partial(model.governance.features, context), arguments.repeats)
            tokens = model.governance.features(context).num_tokens
            latency_row(f"policy of {leaves} leaves ({tokens} tokens)", precision, times, parts)
        for nodes in (1, 4, 8, 16, 50):
            plan = parse_plan(random_plan(rng, nodes))
            times = timed(partial(model.execution.encode, plan), arguments.repeats)
            parts = timed(partial(model.execution.features, plan), arguments.repeats)
            latency_row(f"plan of {nodes} nodes", precision, times, parts)
    z_g, z_e = torch.randn(1, 1024), torch.randn(1, 1024)
    latency_row("latent energy of two latents", "fp32", timed(lambda: 1 - (z_g * z_e).sum(-1), arguments.repeats), None)


def latency_row(what: str, precision: str, times: list[float], parts: list[float] | None) -> None:
    of_which = percentile(parts, 0.5) if parts else "-"
    row(what, precision, percentile(times, 0.5), percentile(times, 0.99), of_which)


def growth(arguments: Arguments) -> None:
    """How the time grows with the size of a record; linear is 1.0 in the last column."""
    for precision in precisions():
        model = model_in(precision)
        rng = random.Random(arguments.seed)
        header(f"Growth, {precision}", "what", "rows", "median ms", "us per row", "per row against the one before")
        contexts = [parse_context(random_context(rng, n)) for n in (256, 1024, 4096)]
        plans = [parse_plan(random_plan(rng, n)) for n in (32, 128, 500)]
        rows = [model.governance.size(model.governance.features(c)) for c in contexts]
        grow("policy tokens", rows, [partial(model.governance.encode, c) for c in contexts])
        rows = [model.execution.size(model.execution.features(p)) for p in plans]
        grow("plan nodes and argument values", rows, [partial(model.execution.encode, p) for p in plans])


def grow(what: str, rows: list[int], actions: list[Callable[[], object]]) -> None:
    before = 0.0
    for count, action in zip(rows, actions, strict=True):
        median = statistics.median(timed(action, 8))
        each = median * 1e3 / count
        row(what, count, median, each, each / before if before else "-")
        before = each


def training(arguments: Arguments) -> None:
    """Training steps as `gatling train` takes them: policies of 24 leaves, plans of 4.4 nodes, batch 32."""
    header("Training, traces per second", "precision", "threads", "traces/s", "share of a step spent on batches")
    rng = random.Random(arguments.seed)
    traces = [
        parse_trace(
            {
                "governance_context": random_context(rng, 24),
                "execution_plan": random_plan(rng, rng.choice((3, 4, 4, 5, 6))),
                "label": "compliant",
            }
        )
        for _ in range(200)
    ]
    corpus = Corpus.from_traces(traces)
    for precision in precisions():
        torch.manual_seed(0)
        objective = Objective(security_margin=0.5, margin_weight=1.0, alignment_weight=0.5)
        task = ContrastiveTask(DualEncoder.create(), objective, temperature=0.07, learn_temperature=False)
        optimizer = torch.optim.AdamW(task.parameters(), lr=1e-4, fused=True)
        seen, waiting, started = 0, 0.0, 0.0
        for epoch in range(4):
            if epoch == 1:  # the first one warms up
                seen, waiting, started = 0, 0.0, time.perf_counter()
            batches = EpochBatches(corpus, batch_size=32, num_negatives=1, seed=0, epoch=epoch)
            loader = batches.loader(start=0, num_workers=0)
            while True:
                asked = time.perf_counter()
                batch = next(loader, None)
                waiting += time.perf_counter() - asked
                if batch is None:
                    break
                with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
                    loss = task(batch, batches.is_shared(batch.context_id, batch.plan_id)).loss
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                torch.nn.utils.clip_grad_norm_(task.parameters(), 1.0)
                optimizer.step()
                seen += len(batch.context_row)
        seconds = time.perf_counter() - started
        row(precision, torch.get_num_threads(), seen / seconds, f"{100 * waiting / seconds:.1f} %")


def memory(arguments: Arguments) -> None:
    """Peak resident memory of the sections above, each in a process of its own (Linux)."""
    header("Peak memory, MB", "what", "MB")
    for section in ("training", "latency", "growth"):
        code = (
            f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import run, torch;"
            f"torch.set_num_threads({arguments.threads}); run.{section}(run.Arguments(repeats=5));"
            "print('PEAK', int(open('/proc/self/status').read().split('VmHWM:')[1].split()[0]) // 1024)"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        row(f"{section}, as above", done.stdout.split("PEAK ")[1].strip())


def main() -> None:
    arguments = tyro.cli(Arguments, description=__doc__)
    torch.set_num_threads(arguments.threads)
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, torch {torch.__version__},"
    )
    print(f"{arguments.threads} thread(s), native bf16: {has_native_bf16(torch.device('cpu'))}, seed {arguments.seed}")
    for section in (latency, growth, training, memory):
        if arguments.only in (None, section.__name__):
            section(arguments)


if __name__ == "__main__":
    main()
