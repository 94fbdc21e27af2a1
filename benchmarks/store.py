"""The store: speed of tokenising, size, time to open, time per batch, and memory. Markdown out, one thread (Linux).

    uv run python benchmarks/store.py traces.jsonl                 # a trace file or a folder of them
    uv run python benchmarks/store.py traces.jsonl --scale 10000000  # also what is in memory for so many traces

Memory is split as the kernel does: `own` cannot be dropped, `mapped` are pages of files that can.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch

from gatling.encoders import DualEncoder
from gatling.objectives import Objective
from gatling.schema.files import trace_files
from gatling.store.corpus import Corpus
from gatling.store.shards import DIGEST_BYTES, Shard
from gatling.store.splits import split_corpus
from gatling.store.store import Store, Stored
from gatling.training.batches import EpochBatches
from gatling.training.task import ContrastiveTask

BATCH_SIZE = 32


def row(what: str, figure: str) -> None:
    print(f"| {what} | {figure} |", flush=True)


def memory(name: str) -> float:
    """Return an entry of the process's status in MB."""
    return int(Path("/proc/self/status").read_text().split(f"{name}:")[1].split()[0]) / 1024


def report_memory(when: str) -> None:
    own, mapped, peak = memory("RssAnon"), memory("RssFile"), memory("VmHWM")
    row(f"memory {when}", f"{own:.0f} MB own, {mapped:.0f} MB mapped; {peak:.0f} MB at the peak, both together")


def timed(what: str, action: Any) -> Any:
    started = time.perf_counter()
    value = action()
    row(what, f"{time.perf_counter() - started:.1f} s")
    return value


def tokenising(files: list[Path], folder: Path) -> Stored:
    started = time.perf_counter()
    stored = Store(folder=folder, num_processes=1).open(files, on_error="skip")
    seconds = time.perf_counter() - started
    count = sum(map(len, stored.shards))
    size = sum(path.stat().st_size for path in folder.rglob("*.arrow"))
    given = sum(path.stat().st_size for path in files)
    row("traces", f"{count:,} in {len(stored.shards)} shards; {given / count:,.0f} bytes a trace as given")
    row("tokenising, one process", f"{count / seconds:,.0f} traces/s")
    row("on disk", f"{size / count:,.0f} bytes a trace")
    report_memory("after tokenising")
    return stored


def batches(stored: Stored) -> None:
    corpus = Corpus.from_shards(stored.shards)
    epoch = EpochBatches(corpus, batch_size=BATCH_SIZE, num_negatives=1, seed=0, epoch=0)
    torch.manual_seed(0)
    objective = Objective(security_margin=0.5, margin_weight=1.0, alignment_weight=0.5)
    task = ContrastiveTask(DualEncoder.create(), objective, temperature=0.07, learn_temperature=False)
    optimizer = torch.optim.AdamW(task.parameters(), lr=1e-4, fused=True)
    reading, making, stepping = [], [], []
    for step in range(min(12, len(epoch))):
        rows = epoch.batches[step]
        started = time.perf_counter()
        list(corpus.contexts.choose(np.unique(corpus.context[rows])))
        list(corpus.plans.choose(np.unique(corpus.plan[rows])))
        reading.append(time.perf_counter() - started)
        started = time.perf_counter()
        batch = epoch[step]
        making.append(time.perf_counter() - started)
        optimizer.zero_grad(set_to_none=True)
        task(batch, epoch.is_shared(batch.context_id, batch.plan_id)).loss.backward()
        torch.nn.utils.clip_grad_norm_(task.parameters(), 1.0)
        optimizer.step()
        stepping.append(time.perf_counter() - started)
    read, made, whole = (statistics.median(times) * 1e3 for times in (reading, making, stepping))
    row(f"a batch of {BATCH_SIZE} positives, features from the store (without negatives)", f"{read:.1f} ms")
    row("the whole batch, with negatives and word vectors", f"{made:.1f} ms")
    row("a training step at the published size, fp32, one thread", f"{whole:.0f} ms")
    row("share of a step spent on its batch", f"{100 * made / whole:.1f} %")
    report_memory("after training steps")


@dataclass
class Names:
    """Groups as `--group-by context` names them."""

    digests: np.ndarray

    def __len__(self) -> int:
        return len(self.digests)

    def __getitem__(self, number: int) -> str:
        return str(2 * self.digests[number].tobytes().hex())


@dataclass
class Columns:
    """Stands in for a shard: digests in a mapped file and columns, but no features."""

    context_digest: np.ndarray
    plan_digest: np.ndarray
    context: np.ndarray

    def __post_init__(self) -> None:
        count = len(self.context)
        self.group, self.group_digest, self.group_names = self.context, self.context_digest, Names(self.context_digest)
        self.plan = np.arange(count, dtype=np.uint16)
        self.is_compliant = np.diff(self.context, prepend=-1) != 0
        self.source = self.violation_type = np.zeros(count, np.uint8)
        self.source_names = self.violation_type_names = ["random"]


def scale(num_traces: int, folder: Path) -> None:
    """Join, split and order so many traces, five to every two contexts, each plan distinct."""
    per_shard = 10_000
    rng = np.random.default_rng(0)
    num_shards = num_traces // per_shard
    digests = np.memmap(folder / "digests", np.uint8, "w+", shape=(num_shards, per_shard * 7 // 5, DIGEST_BYTES))
    for part in digests:
        part[:] = rng.integers(0, 256, part.shape, np.uint8)
    num_contexts = per_shard * 2 // 5
    context = (np.arange(per_shard) * 2 // 5).astype(np.uint16)
    shards = [cast(Shard, Columns(part[:num_contexts], part[num_contexts:], context)) for part in digests]
    print(f"\n## {num_shards * per_shard:,} traces, {num_shards * num_contexts:,} contexts\n")
    row("what", "figure")
    row("---", "---")
    report_memory("before")
    corpus = timed("join the shards", lambda: Corpus.from_shards(shards))
    splits = timed("split by context", lambda: split_corpus(corpus, val_share=0.001, test_share=0.001, seed=0))
    timed("pair contexts and plans", lambda: splits.train.pairs)
    epoch = EpochBatches(splits.train, batch_size=BATCH_SIZE, num_negatives=1, seed=0, epoch=0)
    timed("order an epoch", lambda: epoch.batches)
    report_memory("with an epoch ready")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("traces", type=Path, nargs="?", help="a trace file or a folder of them")
    parser.add_argument("--scale", type=int, default=0, help="also measure the arrays of so many random traces")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory(prefix="gatling-store-") as name:
        if arguments.traces:
            files, folder = trace_files(arguments.traces), Path(name) / "store"
            row("what", "figure")
            row("---", "---")
            stored = tokenising(files, folder)
            timed(
                "open the store again: hash the files, check and map the shards",
                lambda: Store(folder=folder).open(files, on_error="skip"),
            )
            batches(stored)
        if arguments.scale:
            scale(arguments.scale, Path(name))


if __name__ == "__main__":
    main()
