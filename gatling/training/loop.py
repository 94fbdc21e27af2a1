"""The training loop."""

from __future__ import annotations

import hashlib
import logging
import math
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from gatling.encoders import DualEncoder
from gatling.encoders.precision import has_native_bf16
from gatling.errors import CheckpointError, ConfigError, TrainingError
from gatling.evaluation import embed_corpus, evaluate_embedded
from gatling.evaluation.metrics import loss_of_embedded
from gatling.objectives import Objective
from gatling.store.vectors import KeptVectors
from gatling.training.batches import EpochBatches, TrainBatch
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
from gatling.training.collapse import CHECK_EVERY, Spread, count_weak
from gatling.training.config import OF_A_PROCESS, TrainingConfig
from gatling.training.data import TrainingData, load_data
from gatling.training.distributed import PeerLostError, ProcessGroup, pick_device
from gatling.training.grad_cache import StepResult, backward_step
from gatling.training.metrics_log import MetricsLog
from gatling.training.reporter import Reporter, StepEvent
from gatling.training.schedule import default_warmup, learning_rate_at
from gatling.training.separation import add_gaps, gap_metrics, separation_by_type
from gatling.training.signals import stop_on_signal
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
    """The content of metrics.jsonl; empty on processes other than the first."""
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
        TrainingError: if the loss is not finite, the latents collapse, or another process of the run is lost; the last
            checkpoint stays as it was.
    """
    group = ProcessGroup(uses_cuda=pick_device(config.device).type == "cuda")
    shown = reporter if reporter and group.is_first else Reporter()
    try:
        return group.in_turns(lambda: Trainer(config, load_data(config, shown), shown, group)).run()
    finally:
        group.close()


class Trainer:
    """One run, or one process of it: model, optimizer, and where it stands."""

    def __init__(
        self, config: TrainingConfig, data: TrainingData, reporter: Reporter, group: ProcessGroup | None = None
    ) -> None:
        self.config = config
        self.data = data
        self.reporter = reporter
        self.group = group or ProcessGroup()
        self.device = pick_device(config.device)
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
        if self.task.model.governance.backbone.reads == "texts":
            self._keep_vectors()
        self.optimizer = _make_optimizer(self.task, config)
        self.state = LoopState(data_digest=data.digest)
        self.metrics: dict[str, float | None] = {}
        self.spread: dict[str, float | None] = {}  # of the last step that was looked at
        self.best: dict[str, Any] | None = None  # kept in memory, written with the next checkpoint
        if config.resume:
            self._resume(find_checkpoint(config.resume))

        batches = self._batches(0)
        self.steps_per_epoch, self.num_chunks = len(batches), batches.num_chunks
        self.total_steps = self.steps_per_epoch * config.epochs
        warmup = config.warmup_steps
        self.warmup_steps = default_warmup(self.total_steps) if warmup is None else warmup
        self.was_signalled = False
        self.log: MetricsLog | None = None
        if self.group.is_first:
            self.log = MetricsLog(
                config.checkpoint_dir,
                resume_from=find_checkpoint(config.resume).parent if config.resume else None,
                resume_epoch=self.state.epoch,
                use_tensorboard=config.tensorboard,
            )

    def _keep_vectors(self) -> None:
        """Read each text of the data once, and give both encoders what was kept."""
        model, splits = self.task.model, self.data.splits
        corpora = [splits.train, splits.val, splits.test]
        for corpus in corpora:
            corpus.require_raw()
        kept = KeptVectors(model.governance.backbone, self.config.store_dir)
        records = (record for corpus in corpora for rows in (corpus.contexts, corpus.plans) for record in rows)
        kept.keep((text for record in records for text in record.texts.raw if text), self.reporter.encoding)
        model.governance.backbone = model.execution.backbone = kept

    # ------------------------------------------------------------------------------------------------------------------

    def run(self) -> FitResult:
        self.group.require_same(self._fingerprint, "model, training data, or setting")
        self.reporter.start(self.state.step, self.total_steps)
        try:
            with stop_on_signal(is_alone=self.group.size == 1) as stop:
                try:
                    last_path = self._train(stop)
                except PeerLostError as error:
                    if not self.group.is_first:
                        raise
                    path = self._save(self.config.checkpoint_dir / INTERRUPTED_NAME)
                    raise PeerLostError(f"{error}; go on with --resume {path}") from None
        finally:
            self._save_best()  # whatever happened, the best model so far is not lost
            self.reporter.finish()
            if self.log:
                self.log.close()
        config, state = self.config, self.state
        is_complete = state.epoch >= config.epochs or self._is_out_of_patience()
        if is_complete and self.group.is_first:
            (config.checkpoint_dir / INTERRUPTED_NAME).unlink(missing_ok=True)
        return FitResult(
            best_path=config.checkpoint_dir / BEST_NAME if state.best_epoch else None,
            last_path=last_path,
            metrics=self.log.entries if self.log else [],
            data=self.data,
            was_interrupted=self.was_signalled and not is_complete,
            is_complete=is_complete,
        )

    def _train(self, stop: threading.Event) -> Path:
        """Train until all epochs are done, or early stopping, a signal or --max-steps ends it; return the newest checkpoint."""
        config, state = self.config, self.state
        last_path = config.resume or config.checkpoint_dir
        is_stopped_early = self._is_out_of_patience()
        while state.epoch < config.epochs and not is_stopped_early:
            # train until the epoch ends, or a signal or --max-steps stops it
            is_stopped = self._train_epoch(stop)
            if is_stopped:
                return self._save(config.checkpoint_dir / INTERRUPTED_NAME)

            # validate, log, keep the best
            state.best_loss, state.best_epoch, state.weak_validations = self.group.on_first(self._validate)
            is_stopped_early = self._is_out_of_patience()

            # save
            is_last = state.epoch == config.epochs or is_stopped_early or self._is_out_of_steps()
            is_stopped = self._is_signalled(stop)
            if state.epoch % config.checkpoint_every == 0 or is_last or is_stopped:
                last_path = self._save(config.checkpoint_dir / checkpoint_name(state.epoch))
            if is_stopped_early:
                self.reporter.note(
                    f"Stopped early: no lower validation loss for {config.early_stopping_patience} epochs."
                )
            if is_stopped or self._is_out_of_steps():
                break
        return last_path

    def _train_epoch(self, stop: threading.Event) -> bool:
        """Train to the end of the epoch under way; return True if stopped before it."""
        state, config = self.state, self.config
        batches = self._batches(state.epoch)
        chunks = batches.loader(start=state.step_in_epoch, num_workers=config.num_workers)
        self.task.train()
        started, seen_at_start = time.perf_counter(), state.traces_seen
        while state.step_in_epoch < len(batches):
            if self._is_signalled(stop) or self._is_out_of_steps():
                return True
            num_traces = len(batches.batches[state.step_in_epoch])
            loss = self._train_step(batches, chunks)
            state.step += 1
            state.step_in_epoch += 1
            state.loss_sum += loss * num_traces
            state.traces_seen += num_traces
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
        self.metrics = {"train/loss": state.loss_sum / state.traces_seen, **self.spread, **gap_metrics(state.gaps)}
        seconds = time.perf_counter() - started
        self.metrics["traces_per_second"] = (state.traces_seen - seen_at_start) / seconds
        state.epoch += 1
        state.step_in_epoch, state.loss_sum, state.traces_seen, state.gaps = 0, 0.0, 0, {}
        return False

    def _train_step(self, batches: EpochBatches, chunks: Iterator[TrainBatch]) -> float:
        """Take one optimizer step; return the loss.

        Raises:
            TrainingError: before the step if anything is not finite; after it if the latents have collapsed.
        """
        config, state = self.config, self.state
        rate = learning_rate_at(
            state.step, peak=config.learning_rate, warmup_steps=self.warmup_steps, total_steps=self.total_steps
        )
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        if self.group.size > 1:  # dropout as a function of the step: no other process's generator need be saved
            words = [config.seed, state.epoch, state.step_in_epoch, self.group.rank]
            torch.manual_seed(int(np.random.SeedSequence(words).generate_state(1, np.uint64)[0]))
        self.optimizer.zero_grad(set_to_none=True)
        result = backward_step(
            self.task,
            chunks,
            num_chunks=self.num_chunks,
            is_shared=batches.is_shared,
            group=self.group,
            device=self.device,
            use_bf16=self.use_bf16,
        )
        norm = float(nn.utils.clip_grad_norm_(self.task.parameters(), config.gradient_clip))
        for name, value in (("loss", result.loss), ("gradient's norm", norm)):
            if not math.isfinite(value):
                raise TrainingError(
                    f"the {name} is {value} at step {state.step + 1}; try a lower --learning-rate or --precision fp32"
                )
        self.optimizer.step()
        names, margin = batches.negative_types, config.security_margin
        add_gaps(state.gaps, names, result.negative_type, result.gap, security_margin=margin)
        self._watch(result)
        return result.loss

    def _watch(self, result: StepResult) -> None:
        """Look at the step's latents now and then, and at the end of the epoch. Raises: TrainingError at collapse."""
        state = self.state
        is_last = state.step_in_epoch + 1 == self.steps_per_epoch
        if state.step % CHECK_EVERY and not is_last:
            return
        contexts, plans = (Spread.of(result.latents[_is_new(result.ids[:, i]), i]) for i in (0, 1))
        self.spread = {"train/effective_rank": plans.effective_rank, "train/uniformity": _or_none(plans.uniformity)}
        if state.step >= self.warmup_steps:
            state.weak_steps = count_weak(state.weak_steps, contexts, plans, where=f"at training step {state.step + 1}")

    def _validate(self) -> tuple[float, int, int]:
        """Measure on the validation split, write the epoch's line, keep the model if it is the best.

        Returns:
            What it changes in the loop's state: best loss, best epoch, weak validations.
        """
        assert self.log is not None
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
        values = {**losses, **evaluate_embedded(embedded), **separation_by_type(embedded)}
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
        if state.step > self.warmup_steps:
            spreads = Spread.of(embedded.z_g), Spread.of(embedded.z_e[embedded.plan[embedded.is_compliant].unique()])
            where = f"on the validation split after epoch {state.epoch}"
            state.weak_validations = count_weak(state.weak_validations, *spreads, where=where)
        return state.best_loss, state.best_epoch, state.weak_validations

    def _checkpoint(self) -> dict[str, Any]:
        return make_checkpoint(self.task, self.optimizer, self.config, self.state, self.metrics)

    def _save(self, path: Path) -> Path:
        if self.group.is_first:
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

    def _fingerprint(self) -> str:
        """Name what all processes must share."""
        settings = {k: v for k, v in self.config.to_dict().items() if k not in OF_A_PROCESS}
        digest = hashlib.sha256(repr((settings, asdict(self.state), self.data.digest)).encode())
        for tensor in self.task.state_dict().values():
            digest.update(tensor.cpu().numpy().tobytes())
        return digest.hexdigest()

    def _is_signalled(self, stop: threading.Event) -> bool:
        """Tell whether a signal has reached any process."""
        self.was_signalled = self.group.agree(stop.is_set())
        return self.was_signalled

    def _is_out_of_patience(self) -> bool:
        patience = self.config.early_stopping_patience
        return patience is not None and self.state.epoch - self.state.best_epoch >= patience

    def _is_out_of_steps(self) -> bool:
        return self.config.max_steps is not None and self.state.step >= self.config.max_steps

    def _batches(self, epoch: int) -> EpochBatches:
        return EpochBatches(
            self.data.splits.train,
            backbone=self.task.model.governance.backbone,
            batch_size=self.config.effective_batch_size or self.config.batch_size,
            chunk_size=self.config.batch_size,
            rank=self.group.rank,
            num_ranks=self.group.size,
            num_negatives=self.config.hard_negatives,
            seed=self.config.seed,
            epoch=epoch,
            num_passes=self.data.num_passes,
            maker=self.data.maker,
            near_misses=self.config.near_misses,
            strength=(self._strength(epoch), self._strength(epoch + 1)),
            run_length=self.config.group_run,
            is_masking=self.config.context_masking,
            renamed_words=self.config.renamed_words,
        )

    def _strength(self, epoch: int) -> tuple[float, float]:
        """Return the bounds of how blatant made negatives are at the start of an epoch: the lower one falls to 0."""
        span = self.config.curriculum * self.config.epochs
        return (max(0.0, 1 - epoch / span) if span else 0.0), 1.0


def _is_new(numbers: Tensor) -> Tensor:
    """Tell for each place whether its number stands there for the first time; -1, which stands for no number, always does."""
    values, place = numbers.unique(return_inverse=True)
    first = torch.full_like(values, len(numbers)).scatter_reduce(
        0, place, torch.arange(len(numbers), device=numbers.device), "amin"
    )
    is_new = numbers < 0
    is_new[first] = True
    return is_new


def _or_none(value: float) -> float | None:
    return value if math.isfinite(value) else None


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
