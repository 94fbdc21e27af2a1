"""Training throughput on generated traces: who prepares batches, what mutants cost, whether torch.compile helps; and arithmetic
for ten million traces.

    uv run python benchmarks/throughput.py generated/train [--threads 1] [--steps 6] [--hidden 512] [--compile]

Each row times steps of 32 compliant traces at the given width, after two steps that are not counted. GFLOP are those of matrix
products, counted by torch, forward and backward.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from gatling.training.batches import TrainBatch
from gatling.training.config import TrainingConfig
from gatling.training.data import load_data
from gatling.training.loop import Trainer
from gatling.training.reporter import Reporter

WARM_UP = 2
TRACES, EPOCHS, DAY = 10_000_000, 20, 86_400


class Waiting:
    """Counts the time that the trainer waits for batches."""

    def __init__(self, batches: Any) -> None:
        self._batches = batches
        self.seconds = 0.0

    def __iter__(self) -> Waiting:
        return self

    def __next__(self) -> TrainBatch:
        started = time.perf_counter()
        batch: TrainBatch = next(self._batches)
        self.seconds += time.perf_counter() - started
        return batch


def measure(config: TrainingConfig, steps: int, *, is_compiled: bool = False) -> tuple[float, float, float]:
    """Return traces a second, the share of the time that is spent waiting for batches, and GFLOP a trace."""
    trainer = Trainer(config, load_data(config, Reporter()), Reporter())
    if is_compiled:
        for encoder in (trainer.task.model.governance, trainer.task.model.execution):
            encoder.compile(dynamic=True)
    trainer.task.train()
    batches = trainer._batches(0)
    chunks = Waiting(batches.loader(start=0, num_workers=config.num_workers))
    for _ in range(WARM_UP):
        trainer._train_step(batches, chunks)
    chunks.seconds, started = 0.0, time.perf_counter()
    for _ in range(steps):
        trainer._train_step(batches, chunks)
    seconds, waited = time.perf_counter() - started, chunks.seconds
    flops = FlopCounterMode(display=False)
    if not is_compiled:
        with flops:
            trainer._train_step(batches, chunks)
    seen = len(batches.batches[0])
    return steps * seen / seconds, waited / seconds, flops.get_total_flops() / seen / 1e9


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--hidden", type=int, default=512)
    parser.add_argument("--compile", action="store_true", help="also with torch.compile, which takes long to compile")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    with tempfile.TemporaryDirectory() as folder:
        places: dict[str, Any] = {"dataset": (options.dataset,), "checkpoint_dir": Path(folder) / "checkpoints"}
        places["store_dir"] = Path(folder) / "store"
        base = TrainingConfig(hidden_dim=options.hidden, group_by="policy", test_split=0.0, val_split=0.02, **places)
        attacked = replace(base, mutations="all", hard_negatives=3, group_run=4)
        rows = {
            "a violation of the data each, fp32": (replace(base, precision="fp32"), False),
            "a violation of the data each": (base, False),
            **({"the same, torch.compile": (base, True)} if options.compile else {}),
            "three hard negatives, made": (attacked, False),
            "the same, prepared by one other process": (replace(attacked, num_workers=1), False),
        }
        print("| batches | traces/s | waiting for batches | GFLOP a trace |\n| --- | ---: | ---: | ---: |")
        for name, (config, is_compiled) in rows.items():
            rate, share, gflop = measure(config, options.steps, is_compiled=is_compiled)
            print(f"| {name} | {rate:.1f} | {100 * share:.1f} % | {f'{gflop:.2f}' if gflop else '-'} |", flush=True)
        needed = TRACES * EPOCHS / DAY
        print(
            f"\n{TRACES:,} traces, {EPOCHS} epochs, one day: {needed:,.0f} traces/s, {needed * gflop / 1e3:.1f} TFLOP/s"
        )


if __name__ == "__main__":
    main()
