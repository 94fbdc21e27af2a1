"""A run whose latents collapse stops with figures and advice; others do not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn import functional as F

from gatling.errors import TrainingError
from gatling.schema import write_traces
from gatling.training.collapse import PATIENCE, Spread, count_weak
from gatling.training.config import TrainingConfig
from gatling.training.loop import fit
from tests.builders import SMALL, many_traces


def train(**changes: Any) -> None:
    write_traces("gold.jsonl", many_traces(60, violations=False))
    settings = {**SMALL, "dataset": (Path("gold.jsonl"),), "batch_size": 24, "epochs": 8, "precision": "fp32"}
    fit(TrainingConfig(**{**settings, "learning_rate": 2e-3, "checkpoint_every": 1, **changes}))


def line(rows: int, spread: float) -> Spread:
    generator = torch.Generator().manual_seed(0)
    z = torch.ones(rows, 48) + spread * torch.randn(rows, 48, generator=generator)
    return Spread.of(F.normalize(z, dim=-1))


def test_alignment_alone_collapses_and_stops_the_run() -> None:
    with pytest.raises(
        TrainingError, match=r"effective rank 1\.\d+ of \d+ and uniformity -?0\.0.*lower --learning-rate"
    ):
        train(alignment_weight=1e4, margin_weight=0.0, temperature=100.0, learning_rate=3e-2, warmup_steps=0, epochs=16)
    assert list(Path("checkpoints").glob("checkpoint_epoch_*.pt"))


def test_a_normal_run_logs_its_spread_and_goes_on() -> None:
    train()
    entries = [json.loads(text) for text in Path("checkpoints/metrics.jsonl").read_text().splitlines()]
    assert len(entries) == 8
    for entry in entries:
        assert 5 < entry["train/effective_rank"] <= 24
        assert -4 <= entry["train/uniformity"] < -0.1


def test_only_weak_checks_in_a_row_count_and_few_rows_are_not_judged() -> None:
    weak, sound, few = line(20, 1e-3), line(20, 1.0), line(15, 1e-3)
    assert weak.is_weak
    assert not sound.is_weak
    assert not few.is_weak
    count = 0
    for _ in range(PATIENCE - 1):
        count = count_weak(count, sound, weak, where="here")
    assert count == PATIENCE - 1
    assert count_weak(count, sound, sound, where="here") == 0
    with pytest.raises(TrainingError, match="20 contexts have context latents"):
        count_weak(count, weak, sound, where="here")


def test_twelve_traces_never_stop_a_run() -> None:
    result = fit(TrainingConfig(**SMALL, epochs=8, precision="fp32", learning_rate=0.5, warmup_steps=0))
    assert [entry["epoch"] for entry in result.metrics] == list(range(1, 9))
