"""Loss and gradient of one optimizer step whose traces are encoded chunk by chunk, on one process or several.

Cached gradients (GradCache; Gao, Zhang, Han, Callan, 2021): the loss needs the latents of all N traces at once, but not the
graphs that lead to them.

1. Encode the chunks without gradient; keep the latents, and the state of the random generators before each chunk.
2. Compute the loss over all latents, and its gradient with respect to each.
3. Encode each chunk again, with gradient and from the same generator state, so that dropout is the same; go backward from the
   cached gradient of its latents.

By the chain rule that is the gradient of the whole batch. With several processes, step 2 runs on every one over the latents
of all, so each has the whole gradient of its own latents and none needs to be sent back; what step 3 gives is then added up.
A single chunk keeps its graph and is encoded once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice

import torch
from torch import Tensor

from gatling.encoders.tensors import moved
from gatling.training.batches import TrainBatch
from gatling.training.distributed import ProcessGroup
from gatling.training.task import ContrastiveTask


@dataclass(frozen=True, slots=True)
class StepResult:
    loss: float
    latents: Tensor
    """`(N, 2 + K, D)`: of the whole step, see `ContrastiveTask.encode`."""
    ids: Tensor
    """`(N, 2)` int64: `context_id` and `plan_id` of `TrainBatch`."""
    negative_type: Tensor
    """`(N, K)` int64, see `TrainBatch`."""
    gap: Tensor
    """`(N, K)`, see `TaskOutput`."""


def backward_step(
    task: ContrastiveTask,
    chunks: Iterator[TrainBatch],
    *,
    num_chunks: int,
    is_shared: Callable[[Tensor, Tensor], Tensor],
    group: ProcessGroup,
    device: torch.device,
    use_bf16: bool,
) -> StepResult:
    """Leave the gradient of a step's loss in the parameters, on every process the same.

    Args:
        chunks: gives this process's chunks of the step, twice over if `num_chunks` is more than 1.
        is_shared: tells from contexts and plans of the whole step which pairs are no negatives, see `EpochBatches.is_shared`.
        use_bf16: compute under autocast to bfloat16.
    """
    keeps_graph = num_chunks == 1
    states, latents, numbers = [], [], []
    with torch.autocast(device.type, torch.bfloat16, enabled=use_bf16):
        for batch in islice(chunks, num_chunks):
            states.append(_Generators.now(device))
            with torch.set_grad_enabled(keeps_graph):
                latents.append(task.encode(moved(batch, device)))
            numbers.append(torch.cat([batch.context_id[:, None], batch.plan_id[:, None], batch.negative_type], dim=1))
        own = torch.cat(latents)
        counts = group.counts(len(own))
        z = group.gather(own.detach(), counts).requires_grad_()
        number = group.gather(torch.cat(numbers).to(device), counts)
        ids, negative_type = number[:, :2], number[:, 2:]
        output = task.loss(z, is_shared(ids[:, 0], ids[:, 1]), negative_type >= 0)
    output.loss.backward()
    assert z.grad is not None

    own_grad = z.grad[sum(counts[: group.rank]) :][: len(own)]
    if keeps_graph:
        own.backward(own_grad)
    else:
        sizes = [len(part) for part in latents]
        for batch, state, grad in zip(islice(chunks, num_chunks), states, own_grad.split(sizes), strict=True):
            with state.restored(), torch.autocast(device.type, torch.bfloat16, enabled=use_bf16):
                again = task.encode(moved(batch, device))
            again.backward(grad)
    if not group.is_first:
        task.log_temperature.grad = None  # every process has all of it
    group.add_gradients(list(task.parameters()))
    return StepResult(float(output.loss.detach()), z.detach(), ids, negative_type, output.gap)


@dataclass(frozen=True, slots=True)
class _Generators:
    """States of the generators that dropout draws from."""

    cpu: Tensor
    cuda: Tensor | None
    device: torch.device

    @classmethod
    def now(cls, device: torch.device) -> _Generators:
        cuda = torch.cuda.get_rng_state(device) if device.type == "cuda" else None
        return cls(torch.get_rng_state(), cuda, device)

    def _set(self) -> None:
        torch.set_rng_state(self.cpu)
        if self.cuda is not None:
            torch.cuda.set_rng_state(self.cuda, self.device)

    @contextmanager
    def restored(self) -> Iterator[None]:
        """Draw from these states; go on afterwards as if nothing had been drawn."""
        before = self.now(self.device)
        self._set()
        try:
            yield
        finally:
            before._set()
