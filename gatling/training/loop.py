"""The training loop."""

from __future__ import annotations

import logging
import math
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import torch
from torch import nn

from gatling.data.batches import EpochBatches, TrainBatch
from gatling.encoders import DualEncoder
from gatling.encoders.precision import has_native_bf16
from gatling.errors import CheckpointError, ConfigError, TrainingError
from gatling.evaluation import embed_corpus, evaluate_embedded
from gatling.evaluation.metrics import loss_of_embedded
from gatling.objectives import Objective
from gatling.training.checkpoint import (
    BEST_NAME,
    INTERRUPTED_NAME,
    LoopState,
    checkpoint_name,
    clone_tensors,
    find_checkpoint,
    make_checkpoint,
    read_checkpoint,
    restore,
    save_checkpoint,
)
from gatling.training.config import TrainingConfig
from gatling.training.data import TrainingData, load_data
from gatling.training.metrics_log import MetricsLog
from gatling.training.reporter import Reporter, StepEvent
from gatling.training.schedule import default_warmup, learning_rate_at
from gatling.training.task import ContrastiveTask

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FitResult:
    """What a finished or stopped run leaves."""

    best_path: Path | None
    """The best model's checkpoint; None if no epoch was finished."""
    last_path: Path
    """The newest checkpoint, for --resume."""
    metrics: list[dict[str, Any]]
    """The content of metrics.jsonl."""
    data: TrainingData
    was_interrupted: bool
    """Stopped by a signal."""
    is_complete: bool
    """All epochs are done, or early stopping ended the run."""


def fit(config: TrainingConfig, reporter: Reporter | None = None) -> FitResult:
    """Train as configured; write checkpoints and metrics.jsonl.

    Raises:
        InputError, ConfigError: for data or settings that are refused.
        CheckpointError: for a checkpoint that cannot be resumed.
        TrainingError: if the loss is not finite; the last checkpoint stays as it was.
    """
    reporter = reporter or Reporter()
    data = load_data(config, reporter)
    return Trainer(config, data, reporter).run()


class Trainer:
    """One run: model, optimizer, and where it stands."""

    def __init__(self, config: TrainingConfig, data: TrainingData, reporter: Reporter) -> None:
        self.config = config
        self.data = data
        self.reporter = reporter
        self.device = _pick_device(config.device)
        self.use_bf16 = config.precision == "bf16" or (config.precision == "auto" and has_native_bf16(self.device))

        torch.manual_seed(config.seed)
        self.task = ContrastiveTask(
            DualEncoder.create(**config.encoder_hparams()),
            Objective(
                security_margin=config.security_margin,
                margin_weight=config.margin_weight,
                alignment_weight=config.alignment_weight,
            ),
            temperature=config.temperature,
            learn_temperature=config.learn_temperature,
        ).to(self.device)
        self.optimizer = _make_optimizer(self.task, config)
        self.state = LoopState(data_digest=data.digest)
        self.metrics: dict[str, float | None] = {}
        self.best: dict[str, Any] | None = None  # kept in memory, written with the next checkpoint
        if config.resume:
            self._resume(find_checkpoint(config.resume))

        self.steps_per_epoch = len(self._batches(0))
        self.total_steps = self.steps_per_epoch * config.epochs
        warmup = config.warmup_steps
        self.warmup_steps = default_warmup(self.total_steps) if warmup is None else warmup
        self.log = MetricsLog(
            config.checkpoint_dir,
            resume_from=find_checkpoint(config.resume).parent if config.resume else None,
            resume_epoch=self.state.epoch,
            use_tensorboard=config.tensorboard,
        )

    # ------------------------------------------------------------------------------------------------------------------

    def run(self) -> FitResult:
        config, state = self.config, self.state
        last_path = config.resume or config.checkpoint_dir
        is_stopped_early = self._is_out_of_patience()
        self.reporter.start(state.step, self.total_steps)
        try:
            with _stop_on_signal() as stop:
                while state.epoch < config.epochs and not is_stopped_early:
                    # train until the epoch ends, or a signal or --max-steps stops it
                    is_stopped = self._train_epoch(stop)
                    if is_stopped:
                        last_path = self._save(config.checkpoint_dir / INTERRUPTED_NAME)
                        break

                    # validate, log, keep the best
                    self._validate()
                    is_stopped_early = self._is_out_of_patience()

                    # save
                    is_last = state.epoch == config.epochs or is_stopped_early or self._is_out_of_steps()
                    if state.epoch % config.checkpoint_every == 0 or is_last or stop.is_set():
                        last_path = self._save(config.checkpoint_dir / checkpoint_name(state.epoch))
                    if is_stopped_early:
                        self.reporter.note(
                            f"Stopped early: no lower validation loss for {config.early_stopping_patience} epochs."
                        )
                    if stop.is_set() or self._is_out_of_steps():
                        break
                was_interrupted = stop.is_set()
        finally:
            self._save_best()  # whatever happened, the best model so far is not lost
            self.reporter.finish()
            self.log.close()
        best_path = config.checkpoint_dir / BEST_NAME
        is_complete = state.epoch >= config.epochs or is_stopped_early
        if is_complete:
            (config.checkpoint_dir / INTERRUPTED_NAME).unlink(missing_ok=True)
        return FitResult(
            best_path=best_path if state.best_epoch else None,
            last_path=last_path,
            metrics=self.log.entries,
            data=self.data,
            was_interrupted=was_interrupted and not is_complete,
            is_complete=is_complete,
        )

    def _train_epoch(self, stop: threading.Event) -> bool:
        """Train to the end of the epoch under way; return True if stopped before it."""
        state, config = self.state, self.config
        batches = self._batches(state.epoch)
        self.task.train()
        started, seen_at_start = time.perf_counter(), state.traces_seen
        for batch in batches.loader(start=state.step_in_epoch, num_workers=config.num_workers):
            if stop.is_set() or self._is_out_of_steps():
                return True
            loss = self._train_step(batch)
            state.step += 1
            state.step_in_epoch += 1
            state.loss_sum += loss * batch.num_traces
            state.traces_seen += batch.num_traces
            rate = (state.traces_seen - seen_at_start) / (time.perf_counter() - started)
            self.reporter.step(
                StepEvent(
                    epoch=state.epoch + 1,
                    num_epochs=config.epochs,
                    step=state.step,
                    total_steps=self.total_steps,
                    loss=state.loss_sum / state.traces_seen,
                    traces_per_second=rate,
                )
            )
        self.metrics = {"train/loss": state.loss_sum / state.traces_seen}
        seconds = time.perf_counter() - started
        self.metrics["traces_per_second"] = (state.traces_seen - seen_at_start) / seconds
        state.epoch += 1
        state.step_in_epoch, state.loss_sum, state.traces_seen = 0, 0.0, 0
        return False

    def _train_step(self, batch: TrainBatch) -> float:
        """Take one optimizer step; return the loss. Raises: TrainingError before the step if anything is not finite."""
        config, step = self.config, self.state.step
        rate = learning_rate_at(
            step, peak=config.learning_rate, warmup_steps=self.warmup_steps, total_steps=self.total_steps
        )
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        if self.device.type != "cpu":
            batch = batch.to(self.device)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.use_bf16):
            output = self.task(batch)
        loss = float(output.loss.detach())
        if not math.isfinite(loss):
            raise TrainingError(
                f"the loss is {loss} at step {step + 1}; try a lower --learning-rate or --precision fp32"
            )
        self.optimizer.zero_grad(set_to_none=True)
        output.loss.backward()
        norm = float(nn.utils.clip_grad_norm_(self.task.parameters(), config.gradient_clip))
        if not math.isfinite(norm):
            raise TrainingError(
                f"the gradient's norm is {norm} at step {step + 1}; try a lower --learning-rate or --precision fp32"
            )
        self.optimizer.step()
        return loss

    def _validate(self) -> None:
        """Measure on the validation split, write the epoch's line, keep the model if it is the best."""
        state, config = self.state, self.config
        self.task.eval()
        embedded = embed_corpus(self.task.model, self.data.splits.val)
        losses = loss_of_embedded(
            embedded,
            self.task.objective,
            batch_size=config.batch_size,
            temperature=self.task.temperature,
            num_negatives=config.hard_negatives,
            seed=config.seed,
        )
        val_loss = losses["loss"]
        if not math.isfinite(val_loss):
            raise TrainingError(f"the validation loss is {val_loss} after epoch {state.epoch}")
        values = {**losses, **evaluate_embedded(embedded)}
        self.metrics |= {f"val/{name}": value for name, value in values.items()}
        self.metrics.setdefault("val/negative_similarity", None)  # there is none with a single context
        self.metrics["temperature"] = self.task.temperature
        self.metrics["step"] = state.step
        self.log.append({"epoch": state.epoch, **self.metrics})
        is_best = val_loss < state.best_loss
        if is_best:
            state.best_loss, state.best_epoch = val_loss, state.epoch
            self.best = clone_tensors(self._checkpoint())
        self.reporter.epoch(state.epoch, config.epochs, self.metrics, is_best=is_best)

    def _checkpoint(self) -> dict[str, Any]:
        return make_checkpoint(self.task, self.optimizer, self.config, self.state, self.metrics)

    def _save(self, path: Path) -> Path:
        self._save_best()
        save_checkpoint(path, self._checkpoint())
        return path

    def _save_best(self) -> None:
        if self.best is not None:
            save_checkpoint(self.config.checkpoint_dir / BEST_NAME, self.best)
            self.best = None

    def _resume(self, path: Path) -> None:
        self.state, self.metrics = restore(path, self.task, self.optimizer, self.config)
        if self.state.data_digest != self.data.digest:
            raise ConfigError(f"--resume {path}: the training traces are not those of the run that wrote it")
        if self.state.best_epoch:
            best = path.parent / BEST_NAME
            if not best.is_file():
                raise CheckpointError(f"--resume {path}: {best} is missing, it holds the best model so far")
            found = read_checkpoint(best)["epoch"]
            if found < self.state.best_epoch:
                raise CheckpointError(
                    f"--resume {path}: {best} is of epoch {found}, the best so far is {self.state.best_epoch}"
                )
            if found == self.state.best_epoch and path.parent.resolve() != self.config.checkpoint_dir.resolve():
                self.best = clone_tensors(read_checkpoint(best))
        self.reporter.note(f"Resuming {path}: {self.state.epoch} epochs and {self.state.step} steps are done.")

    def _is_out_of_patience(self) -> bool:
        patience = self.config.early_stopping_patience
        return patience is not None and self.state.epoch - self.state.best_epoch >= patience

    def _is_out_of_steps(self) -> bool:
        return self.config.max_steps is not None and self.state.step >= self.config.max_steps

    def _batches(self, epoch: int) -> EpochBatches:
        return EpochBatches(
            self.data.splits.train,
            batch_size=self.config.batch_size,
            num_negatives=self.config.hard_negatives,
            seed=self.config.seed,
            epoch=epoch,
            num_passes=self.data.num_passes,
            word_table=self.config.word_table,
            maker=self.data.maker,
            near_misses=self.config.near_misses,
            strength=(self._strength(epoch), self._strength(epoch + 1)),
            run_length=self.config.group_run,
            is_masking=self.config.context_masking,
        )

    def _strength(self, epoch: int) -> tuple[float, float]:
        """Return the bounds of how blatant made negatives are at the start of an epoch: the lower one falls to 0."""
        span = self.config.curriculum * self.config.epochs
        return (max(0.0, 1 - epoch / span) if span else 0.0), 1.0


def _pick_device(name: str) -> torch.device:
    device = torch.device(("cuda" if torch.cuda.is_available() else "cpu") if name == "auto" else name)
    if device.type == "cuda":
        if not torch.cuda.is_available():
            raise ConfigError(f"--device is {name!r}, but torch finds no CUDA device")
        if device.index is not None and device.index >= torch.cuda.device_count():
            raise ConfigError(f"--device is {name!r}, but there are {torch.cuda.device_count()} CUDA devices")
    return device


def _make_optimizer(task: ContrastiveTask, config: TrainingConfig) -> torch.optim.AdamW:
    is_code = {id(p) for m in task.modules() if isinstance(m, nn.Embedding) for p in m.parameters()}
    trained = [p for p in task.parameters() if p.requires_grad]
    decayed = [p for p in trained if p.ndim >= 2 and id(p) not in is_code]
    others = [p for p in trained if p.ndim < 2 or id(p) in is_code]
    groups = [
        {"params": decayed, "weight_decay": config.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=config.learning_rate, fused=True)


@contextmanager
def _stop_on_signal() -> Iterator[threading.Event]:
    """Yield an event that Ctrl-C or a termination signal sets; a second one acts as usual."""
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return

    def handle(number: int, frame: FrameType | None) -> None:
        stop.set()
        signal.signal(number, previous[signal.Signals(number)])

    previous = {s: signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)}
    for number in previous:
        signal.signal(number, handle)
    try:
        yield stop
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
