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

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice

import torch
from torch import Tensor

from gatling.data.batches import TrainBatch
from gatling.training.distributed import Group
from gatling.training.task import ContrastiveTask


@dataclass(frozen=True, slots=True)
class StepResult:
    loss: float
    latents: Tensor
    """`(N, 2 + K, D)`: of the whole step, see `ContrastiveTask.encode`."""
    is_new: Tensor
    """`(N, 2)` bool, see `TrainBatch`."""


def backward_step(
    task: ContrastiveTask,
    chunks: Iterator[TrainBatch],
    *,
    num_chunks: int,
    group: Group,
    device: torch.device,
    use_bf16: bool,
) -> StepResult:
    """Leave the gradient of a step's loss in the parameters, on every process the same.

    Args:
        chunks: gives this process's chunks of the step, twice over if `num_chunks` is more than 1.
        use_bf16: compute under autocast to bfloat16.
    """
    keeps_graph = num_chunks == 1
    states, latents, masks = [], [], []
    with torch.autocast(device.type, torch.bfloat16, enabled=use_bf16):
        for batch in islice(chunks, num_chunks):
            states.append(_Generators.now(device))
            with torch.set_grad_enabled(keeps_graph):
                latents.append(task.encode(batch.to(device)))
            masks.append(torch.cat([batch.is_shared, batch.negative_row >= 0, batch.is_new], dim=1))
        own = torch.cat(latents)
        counts = group.counts(len(own))
        num_traces, num_negatives = sum(counts), own.shape[1] - 2
        z = group.gather(own.detach(), counts).requires_grad_()
        mask = group.gather(torch.cat(masks).to(device), counts)
        is_shared, has_negative, is_new = mask.split([num_traces, num_negatives, 2], dim=1)
        output = task.loss(z, is_shared, has_negative)
    output.loss.backward()
    assert z.grad is not None

    own_grad = z.grad[sum(counts[: group.rank]) :][: len(own)]
    if keeps_graph:
        own.backward(own_grad)
    else:
        sizes = [len(part) for part in latents]
        for batch, state, grad in zip(islice(chunks, num_chunks), states, own_grad.split(sizes), strict=True):
            with state.restored(), torch.autocast(device.type, torch.bfloat16, enabled=use_bf16):
                again = task.encode(batch.to(device))
            again.backward(grad)
    if not group.is_first:
        task.log_temperature.grad = None  # every process has all of it
    group.add_gradients(list(task.parameters()))
    return StepResult(float(output.loss.detach()), z.detach(), is_new)


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
