"""Large batches by cached gradients: speed and peak memory of a training step by its number of contexts. Markdown out (Linux).

    uv run python benchmarks/large_batch.py

Each row is a process of its own at the published size, on random contexts of four leaves with a plan of one node and a
violation for every other one, seed 0, fp32. `alone` encodes all contexts of a step at once.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

import torch

from gatling.encoders import DualEncoder
from gatling.objectives import Objective
from gatling.schema import parse_trace
from gatling.store.corpus import Corpus
from gatling.training.batches import EpochBatches
from gatling.training.distributed import ProcessGroup
from gatling.training.grad_cache import backward_step
from gatling.training.task import ContrastiveTask


def corpus_of(count: int) -> Corpus:
    traces = []
    for i in range(count):
        policy = {"domain": f"Files {i % 97}", "allowed_operations": ["read_file"], "limit": i}
        context = {"policy": policy, "user_role": "clerk", "session_context": {"user_request": f"Read report {i}."}}
        nodes = [{"tool_name": "read_file", "node_id": "a", "arguments": {"path": f"report {i}"}}]
        fields = {"governance_context": context, "execution_plan": {"nodes": nodes}}
        traces.append(parse_trace({**fields, "label": "compliant"}))
        if i % 2:
            worse = [*nodes, {"tool_name": "delete_file", "node_id": "b"}]
            traces.append(parse_trace({**fields, "execution_plan": {"nodes": worse}, "label": "violation"}))
    return Corpus.from_traces(traces)


def measure(batch_size: int, chunk_size: int) -> None:
    """Print traces a second and the peak memory in MB as JSON."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    batches = EpochBatches(
        corpus_of(2048), batch_size=batch_size, chunk_size=chunk_size, num_negatives=1, seed=0, epoch=0
    )
    objective = Objective(security_margin=0.5, margin_weight=1.0, alignment_weight=0.5)
    task = ContrastiveTask(DualEncoder.create(), objective, temperature=0.07, learn_temperature=False)
    optimizer = torch.optim.AdamW(task.parameters(), lr=1e-4, fused=True)
    chunks = batches.loader(start=0, num_workers=0)
    seen, started = 0, time.perf_counter()
    for rows in batches.batches[: max(2, 256 // batch_size) if batch_size < 2048 else 1]:
        optimizer.zero_grad(set_to_none=True)
        backward_step(
            task,
            chunks,
            num_chunks=batches.num_chunks,
            is_shared=batches.is_shared,
            group=ProcessGroup(),
            device=torch.device("cpu"),
            use_bf16=False,
        )
        optimizer.step()
        seen += len(rows)
    seconds = time.perf_counter() - started
    peak = int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024
    print(json.dumps([seen / seconds, peak]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[32, 128, 512, 2048])
    parser.add_argument("--chunk", type=int, default=32)
    parser.add_argument("--alone", type=int, nargs="*", default=[128, 512])
    parser.add_argument("--measure", type=int, nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        measure(*arguments.measure)
        return
    print("| contexts a step | encoded at once | traces/s | to the first | peak memory, MB | to the first |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: |")
    first: list[float] = []
    pairs = [(n, arguments.chunk) for n in arguments.sizes] + [(n, n) for n in arguments.alone]
    for size, chunk in pairs:
        command = [sys.executable, __file__, "--measure", str(size), str(chunk)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        rate, peak = json.loads(done.stdout)
        first = first or [rate, peak]
        print(
            f"| {size} | {chunk} | {rate:.1f} | {rate / first[0]:.2f} | {peak:.0f} | {peak / first[1]:.2f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
