"""Several processes, as `torchrun` starts them, that train one model.

- Every process has the whole model and takes the same optimizer steps; each encodes its part of a step's traces.
- Process 0 alone writes files and validates; the others wait, however long it takes.
- A process that dies is noticed by the others at the next exchange: gloo raises as soon as a connection closes. NCCL would
  wait for a dead peer, so every exchange over NCCL is preceded by one over gloo, and a kill between the two is all that is left
  to NCCL's own time limit.
- Whatever decides how a run goes on is agreed upon, so that nobody waits for a process that has left.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TypeVar, cast

import torch
import torch.distributed as dist
from torch import Tensor, nn

from gatling.errors import ConfigError, GatlingError, TrainingError

log = logging.getLogger(__name__)

T = TypeVar("T")

STEP_TIMEOUT = timedelta(minutes=10)
"""How far processes may lie apart within a step."""
WAIT_TIMEOUT = timedelta(days=7)
"""How long process 0 may take to read, to validate, or to save."""


class PeerLostError(TrainingError):
    """A process of the run has died or cannot be reached."""


class PeerFailedError(TrainingError):
    """Another process has failed and says why itself."""


class ProcessGroup:
    """The processes of a run. On its own, a process is a group of one and nothing is exchanged.

    Args:
        uses_cuda: latents and gradients are on CUDA devices and go over NCCL.
    """

    def __init__(self, *, uses_cuda: bool = False) -> None:
        self.rank, self.size, self.local_rank = 0, 1, 0
        if not is_launched():
            return
        self.rank, self.size, self.local_rank = (int(os.environ[k]) for k in ("RANK", "WORLD_SIZE", "LOCAL_RANK"))
        self._uses_nccl = uses_cuda
        with self._watched():
            dist.init_process_group("nccl" if uses_cuda else "gloo", timeout=STEP_TIMEOUT)
            self._steps = dist.new_group(backend="gloo", timeout=STEP_TIMEOUT)
            self._waits = dist.new_group(backend="gloo", timeout=WAIT_TIMEOUT)

    @property
    def is_first(self) -> bool:
        return self.rank == 0

    def close(self) -> None:
        """Leave the group."""
        if self.size > 1:
            dist.destroy_process_group()

    # --- what a step exchanges ----------------------------------------------------------------------------------------

    def agree(self, flag: bool) -> bool:
        """Tell whether the flag is set on any process."""
        return any(self._all_numbers(int(flag)))

    def counts(self, count: int) -> list[int]:
        """Return the count of each process, in the order of their ranks."""
        return self._all_numbers(count)

    def gather(self, rows: Tensor, counts: list[int]) -> Tensor:
        """Join the rows of all processes in the order of their ranks; `counts` says how many each has. No gradient."""
        if self.size == 1:
            return rows
        is_bool = rows.dtype == torch.bool
        padded = rows.new_zeros(max(counts), *rows.shape[1:], dtype=torch.uint8 if is_bool else rows.dtype)
        padded[: len(rows)] = rows
        parts = [torch.empty_like(padded) for _ in counts]
        with self._watched():
            dist.all_gather(parts, padded)
        joined = torch.cat([part[:count] for part, count in zip(parts, counts, strict=True)])
        return joined.bool() if is_bool else joined

    def add_gradients(self, parameters: list[nn.Parameter]) -> None:
        """Set each gradient to its sum over the processes; one that no process has stays None."""
        if self.size == 1:
            return
        trained = [p for p in parameters if p.requires_grad]
        grads = [torch.zeros_like(p) if p.grad is None else p.grad for p in trained]
        has_grad = grads[0].new_tensor([float(p.grad is not None) for p in trained])
        flat = torch.cat([has_grad, *(g.flatten() for g in grads)])
        self._meet()
        with self._watched():
            dist.all_reduce(flat)
        has_grad, *sums = flat.split([len(trained), *(p.numel() for p in trained)])
        for parameter, is_there, total in zip(trained, has_grad.tolist(), sums, strict=True):
            parameter.grad = total.view_as(parameter) if is_there else None

    def _all_numbers(self, number: int) -> list[int]:
        if self.size == 1:
            return [number]
        parts = [torch.zeros(1, dtype=torch.int64) for _ in range(self.size)]
        with self._watched():
            dist.all_gather(parts, torch.tensor([number]), group=self._steps)
        return [int(part) for part in parts]

    def _meet(self) -> None:
        if self._uses_nccl:
            self._all_numbers(0)

    # --- what only some do --------------------------------------------------------------------------------------------

    def in_turns(self, action: Callable[[], T]) -> T:
        """Run the action on process 0, then on the first process of every other machine, then on the rest.

        So what one process writes to a disk is there for those that share it.

        Raises:
            PeerFailedError: if the action failed on another process.
        """
        if self.size == 1:
            return action()
        own_turn = 0 if self.is_first else 1 if self.local_rank == 0 else 2
        results: list[T] = []
        for turn in range(3):
            with self._failing_together():
                if turn == own_turn:
                    results.append(action())
        return results[0]

    def on_first(self, action: Callable[[], T]) -> T:
        """Run the action on process 0 and return what it returns, plain data, on all.

        Raises:
            PeerFailedError: if the action failed, on the other processes.
        """
        if self.size == 1:
            return action()
        box: list[T | None] = [None]
        with self._failing_together():
            if self.is_first:
                box[0] = action()
        with self._watched():
            dist.broadcast_object_list(box, src=0, group=self._waits)
        return cast(T, box[0])

    def require_same(self, value: Callable[[], str], what: str) -> None:
        """Raise ConfigError on all processes unless the value is the same on all."""
        if self.size == 1:
            return
        values: list[str] = [""] * self.size
        with self._watched():
            dist.all_gather_object(values, value(), group=self._waits)
        for rank, other in enumerate(values):
            if other != values[0]:
                raise ConfigError(f"process {rank} has another {what} than process 0")

    @contextmanager
    def _failing_together(self) -> Iterator[None]:
        own: GatlingError | None = None
        try:
            yield
        except GatlingError as error:
            own = error
        messages: list[str | None] = [None] * self.size
        with self._watched():
            dist.all_gather_object(messages, str(own) if own else None, group=self._waits)
        if own:
            raise own
        for rank, message in enumerate(messages):
            if message is not None:
                raise PeerFailedError(f"process {rank} failed: {message}")

    @contextmanager
    def _watched(self) -> Iterator[None]:
        try:
            yield
        except RuntimeError as error:
            log.info("process %d: %s", self.rank, error)
            raise PeerLostError("another process of the run has died or cannot be reached") from None


def is_launched() -> bool:
    """Tell whether `torchrun` started this process as one of several."""
    return dist.is_available() and dist.is_torchelastic_launched() and int(os.environ["WORLD_SIZE"]) > 1


def is_first() -> bool:
    """Tell whether this process is alone or the first of several."""
    return not is_launched() or os.environ["RANK"] == "0"


def pick_device(name: str) -> torch.device:
    """Return the device of a `--device` setting; of several processes each takes the CUDA device of its local rank."""
    device = torch.device(("cuda" if torch.cuda.is_available() else "cpu") if name == "auto" else name)
    if device.type != "cuda":
        return device
    if not torch.cuda.is_available():
        raise ConfigError(f"--device is {name!r}, but torch finds no CUDA device")
    if is_launched():
        if device.index is not None:
            raise ConfigError(f"--device is {name!r}, but several processes take one each: use cuda")
        device = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
    if device.index is not None and device.index >= torch.cuda.device_count():
        raise ConfigError(f"--device is {str(device)!r}, but there are {torch.cuda.device_count()} CUDA devices")
    torch.cuda.set_device(device)
    return device
