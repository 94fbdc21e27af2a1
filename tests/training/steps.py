"""One optimizer step over a small corpus, for tests and for the processes that tests launch."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from gatling.encoders import DualEncoder
from gatling.objectives import Objective
from gatling.schema import parse_trace
from gatling.store.corpus import Corpus
from gatling.training.batches import EpochBatches
from gatling.training.distributed import ProcessGroup
from gatling.training.grad_cache import StepResult, backward_step
from gatling.training.task import ContrastiveTask
from tests.builders import SMALL, many_traces

NUM_TRACES = 27


def shared_corpus() -> Corpus:
    """27 compliant traces: contexts, some of which have a second plan, and violations of half of them."""
    traces = many_traces(20)
    second = [t.to_dict() for t in traces if t.is_compliant][::3]
    for one in second:
        one["execution_plan"]["nodes"][0]["tool_name"] = "open_file"
    return Corpus.from_traces([*traces, *map(parse_trace, second)])


def make_task(dropout: float) -> ContrastiveTask:
    torch.manual_seed(3)
    objective = Objective(security_margin=0.5, margin_weight=1.0, alignment_weight=0.5)
    model = DualEncoder.create(**SMALL, dropout=dropout)
    return ContrastiveTask(model, objective, temperature=0.07, learn_temperature=True)


def step(corpus: Corpus, **changes: Any) -> EpochBatches:
    return EpochBatches(corpus, batch_size=NUM_TRACES, num_negatives=2, seed=0, epoch=0, **changes)


def run(task: ContrastiveTask, batches: EpochBatches, group: ProcessGroup | None = None) -> StepResult:
    chunks = batches.loader(start=0, num_workers=0)
    task.zero_grad(set_to_none=True)
    return backward_step(
        task,
        chunks,
        num_chunks=batches.num_chunks,
        is_shared=batches.is_shared,
        group=group or ProcessGroup(),
        device=torch.device("cpu"),
        use_bf16=False,
    )


def grads(task: ContrastiveTask) -> dict[str, Tensor]:
    return {name: p.grad.clone() for name, p in task.named_parameters() if p.grad is not None}


def assert_close(found: dict[str, Tensor], wanted: dict[str, Tensor]) -> None:
    """Equal to 1e-5 of each gradient's length; what cancels to nearly nothing, to 1e-7 of that of all together."""
    assert found.keys() == wanted.keys()
    length = float(torch.cat([g.flatten() for g in wanted.values()]).norm())
    for name, value in wanted.items():
        assert float((found[name] - value).norm()) <= 1e-5 * float(value.norm()) + 1e-7 * length, name


def main(folder: Path) -> None:
    """As one of several processes: save loss and gradients of the step, as one chunk and as several."""
    group = ProcessGroup()
    corpus, task = shared_corpus(), make_task(dropout=0.0)
    found = []
    for chunk_size in (NUM_TRACES, 6):
        batches = step(corpus, chunk_size=chunk_size, rank=group.rank, num_ranks=group.size)
        result = run(task, batches, group)
        found.append({"loss": result.loss, "grads": grads(task), "ids": result.ids})
    torch.save({"size": group.size, "steps": found}, folder / f"{group.rank}.pt")
    group.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
