"""The loop: it learns, stops before bad steps, and resumes as if it had never stopped."""

from __future__ import annotations

import dataclasses
import itertools
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import gatling
from gatling.encoders.dual import read_checkpoint
from gatling.errors import CheckpointError, ConfigError, InputError, MissingExtraError, TrainingError
from gatling.schema import parse_trace, write_traces
from gatling.training.batches import EpochBatches
from gatling.training.checkpoint import save_checkpoint
from gatling.training.config import TrainingConfig
from gatling.training.finish import evaluate_best
from gatling.training.loop import FitResult, Trainer, fit
from gatling.training.reporter import Reporter, StepEvent
from gatling.training.schedule import learning_rate_at
from tests.builders import SMALL, many_traces

FAST: dict[str, Any] = {
    **SMALL,
    "batch_size": 8,
    "learning_rate": 2e-3,
    "precision": "fp32",
    "checkpoint_every": 1,
}
GOLDEN = Path(__file__).parent.parent / "golden" / "loss_20_steps.json"


@pytest.fixture
def gold(tmp_path: Path) -> Path:
    path = tmp_path / "gold.jsonl"
    write_traces(path, many_traces(30))
    return path


def config(gold: Path, folder: str = "ck", **changes: Any) -> TrainingConfig:
    return TrainingConfig(**{**FAST, "dataset": (gold,), "checkpoint_dir": Path(folder), "epochs": 4, **changes})


def weights(path: Path) -> dict[str, Any]:
    return read_checkpoint(path)


def assert_same(a: Any, b: Any, place: str = "") -> None:
    if isinstance(a, torch.Tensor):
        assert torch.equal(a, b), place
    elif isinstance(a, dict):
        assert a.keys() == b.keys(), place
        for key in a:
            assert_same(a[key], b[key], f"{place}/{key}")
    elif isinstance(a, (list, tuple)):
        assert len(a) == len(b), place
        for i, (x, y) in enumerate(zip(a, b, strict=True)):
            assert_same(x, y, f"{place}/{i}")
    else:
        assert a == b, place


PARTS = (
    "governance_encoder_state_dict",
    "execution_encoder_state_dict",
    "optimizer_state_dict",
    "rng",
    "loop_state",
)


def assert_same_run(one: Path, other: Path) -> None:
    a, b = weights(one), weights(other)
    assert_same({k: a[k] for k in PARTS}, {k: b[k] for k in PARTS})
    timing = {"traces_per_second"}
    assert {k: v for k, v in a["metrics"].items() if k not in timing} == {
        k: v for k, v in b["metrics"].items() if k not in timing
    }


class StopAt(Reporter):
    """Behaves like a user who presses Ctrl-C at a step."""

    def __init__(self, step: int) -> None:
        self.at = step

    def step(self, event: StepEvent) -> None:
        if event.step == self.at:
            import os
            import signal

            os.kill(os.getpid(), signal.SIGINT)


def test_resuming_an_epoch_equals_never_having_stopped(gold: Path) -> None:
    fit(config(gold, "straight"))
    again = fit(config(gold, "resumed", resume=Path("straight/checkpoint_epoch_2.pt")))
    assert again.is_complete
    assert_same_run(Path("straight/checkpoint_epoch_4.pt"), Path("resumed/checkpoint_epoch_4.pt"))


@pytest.mark.parametrize("stop", [2, 5, 6])
def test_interrupting_anywhere_and_resuming_equals_never_having_stopped(gold: Path, stop: int) -> None:
    fit(config(gold, "straight"))
    first = fit(config(gold, "broken"), StopAt(stop))
    assert first.was_interrupted
    assert first.last_path.is_file()
    second = fit(config(gold, "broken", resume=Path("broken")))
    assert second.is_complete
    assert_same_run(Path("straight/checkpoint_epoch_4.pt"), Path("broken/checkpoint_epoch_4.pt"))
    assert_same(weights(Path("straight/best.pt"))["epoch"], weights(Path("broken/best.pt"))["epoch"])
    epochs = [json.loads(line)["epoch"] for line in Path("broken/metrics.jsonl").read_text().splitlines()]
    assert epochs == [1, 2, 3, 4]


def test_steps_of_several_chunks_resume_alike(gold: Path) -> None:
    changes = {"batch_size": 3, "effective_batch_size": 8, "learn_temperature": True}
    fit(config(gold, "straight", **changes))
    first = fit(config(gold, "broken", **changes), StopAt(5))
    assert first.was_interrupted
    assert weights(first.last_path)["loop_state"]["step_in_epoch"] == 2
    fit(config(gold, "broken", resume=Path("broken"), **changes))
    assert_same_run(Path("straight/checkpoint_epoch_4.pt"), Path("broken/checkpoint_epoch_4.pt"))


def test_max_steps_stops_with_a_checkpoint_and_keeps_the_schedule(gold: Path) -> None:
    fit(config(gold, "straight"))
    stopped = fit(config(gold, "steps", max_steps=5))
    assert not stopped.is_complete
    assert weights(stopped.last_path)["loop_state"]["step"] == 5
    fit(config(gold, "steps", resume=stopped.last_path))
    assert_same_run(Path("straight/checkpoint_epoch_4.pt"), Path("steps/checkpoint_epoch_4.pt"))


def test_workers_change_nothing(gold: Path) -> None:
    fit(config(gold, "one", epochs=1))
    fit(config(gold, "two", epochs=1, num_workers=2))
    assert_same_run(Path("one/checkpoint_epoch_1.pt"), Path("two/checkpoint_epoch_1.pt"))


def test_metrics_and_checkpoint_contract(gold: Path) -> None:
    result = fit(config(gold, checkpoint_every=3))
    lines = [json.loads(line) for line in Path("ck/metrics.jsonl").read_text().splitlines()]
    assert [entry["epoch"] for entry in lines] == [1, 2, 3, 4]
    wanted = {
        "epoch",
        "train/loss",
        "val/loss",
        "val/positive_similarity",
        "val/negative_similarity",
        "val/nn_accuracy",
        "val/gallery_size",
        "val/effective_rank",
        "traces_per_second",
    }
    assert wanted <= lines[0].keys()
    assert result.metrics == lines
    assert sorted(p.name for p in Path("ck").glob("*.pt")) == [
        "best.pt",
        "checkpoint_epoch_3.pt",
        "checkpoint_epoch_4.pt",
    ]
    content = torch.load("ck/best.pt")  # the safe default
    assert {
        "format_version",
        "epoch",
        "governance_encoder_state_dict",
        "execution_encoder_state_dict",
        "optimizer_state_dict",
        "config",
        "metrics",
        "rng",
        "loop_state",
    } <= content.keys()
    best = min(lines, key=lambda entry: entry["val/loss"])
    assert content["epoch"] == best["epoch"]


def test_validation_files_stand_in_for_a_share_of_the_training_files(gold: Path) -> None:
    write_traces("val.jsonl", many_traces(7))
    notes: list[str] = []

    class Notes(Reporter):
        def note(self, message: str) -> None:
            notes.append(message)

    settings: dict[str, Any] = {"val_dataset": (Path("val.jsonl"),), "test_split": 0.0, "epochs": 1}
    result = fit(config(gold, **settings), Notes())
    assert result.data.splits.train.num_compliant == 30
    assert result.data.splits.val.num_compliant == result.metrics[0]["val/gallery_size"] == 7
    assert "7 of 7 contexts of --val-dataset stand in --dataset too." in notes
    assert evaluate_best(config(gold, **settings), result).split == "validation"
    write_traces("val.jsonl", many_traces(8))
    with pytest.raises(ConfigError, match="are not those of the run"):
        fit(config(gold, **settings, resume=Path("ck")))


def test_validation_files_that_cannot_serve_are_refused(gold: Path) -> None:
    write_traces("bad.jsonl", [t for t in many_traces(4) if not t.is_compliant])
    with pytest.raises(TrainingError, match=r"bad\.jsonl: no compliant trace among 2; there is nothing to validate on"):
        fit(config(gold, val_dataset=(Path("bad.jsonl"),)))
    with pytest.raises(ConfigError, match="--val-dataset needs --dataset"):
        fit(TrainingConfig(**FAST, val_dataset=(gold,), epochs=1))


def test_a_file_named_twice_counts_twice(gold: Path) -> None:
    write_traces("few.jsonl", [t for t in many_traces(34) if int((t.id or "t0")[1:]) >= 30])
    few = Path("few.jsonl")
    result = fit(config(gold, dataset=(gold, few, few, few), val_split=0.0, test_split=0.0, epochs=1))
    train = result.data.splits.train
    assert train.num_compliant == 30 + 3 * 4
    assert len(train.contexts) == 34
    batches = EpochBatches(train, batch_size=4, num_negatives=1, seed=0, epoch=0)
    seen = np.bincount(train.context[np.concatenate(batches.batches)], minlength=34)
    assert sorted(seen.tolist()) == [1] * 30 + [3] * 4


def test_training_learns_and_the_report_uses_the_test_split_once(gold: Path) -> None:
    result = fit(config(gold, epochs=12, report_dir=Path("rep")))
    assert result.metrics[-1]["train/loss"] < 0.5 * result.metrics[0]["train/loss"]
    final = evaluate_best(config(gold, report_dir=Path("rep")), result)
    assert final.split == "test"
    assert final.summary["num_compliant"] == result.data.splits.test.num_compliant == 3
    assert (Path("rep") / "training_curve.png").is_file()


def test_the_golden_trajectory(gold: Path) -> None:
    """20 steps give the losses of the file; a change of numbers must be meant.

    Regenerate: `GATLING_GOLDEN=write pytest tests/training/test_loop.py -k golden`.
    """
    import os

    losses: list[float] = []

    class Watch(Reporter):
        def step(self, event: StepEvent) -> None:
            losses.append(event.loss)

    fit(config(gold, max_steps=20, epochs=9), Watch())
    if os.environ.get("GATLING_GOLDEN") == "write":
        GOLDEN.write_text(json.dumps([round(x, 6) for x in losses], indent=0) + "\n")
    golden = json.loads(GOLDEN.read_text())
    assert len(golden) == 20
    assert losses == pytest.approx(golden, rel=2e-3, abs=2e-4)


class Poisoned(Trainer):
    """Has a weight that is not finite from the third step on."""

    def _train_step(self, *batches: Any) -> float:
        if self.state.step == 2:
            with torch.no_grad():
                self.task.model.governance.key.weight[0, 0] = math.nan
        before = {k: v.clone() for k, v in self.task.state_dict().items()}
        try:
            return super()._train_step(*batches)
        except TrainingError:
            for key, value in self.task.state_dict().items():
                assert torch.equal(value, before[key]) or not torch.isfinite(before[key]).all()
            raise


def test_a_loss_that_is_not_finite_stops_before_the_step(gold: Path) -> None:
    from gatling.training.data import load_data

    settings = config(gold, "ck")
    with pytest.raises(TrainingError, match="loss is nan at step 3"):
        Poisoned(settings, load_data(settings, Reporter()), Reporter()).run()


def test_a_kill_while_saving_leaves_the_previous_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "c.pt"
    save_checkpoint(path, {"format_version": 1, "x": torch.ones(3)})

    def dies(content: Any, stream: Any) -> None:
        stream.write(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(torch, "save", dies)
    with pytest.raises(KeyboardInterrupt):
        save_checkpoint(path, {})
    assert torch.equal(read_checkpoint(path)["x"], torch.ones(3))
    assert list(tmp_path.iterdir()) == [path]


def test_the_best_model_survives_a_loss_that_is_not_finite(gold: Path) -> None:
    from gatling.training.data import load_data

    class Late(Trainer):
        def _train_step(self, *batches: Any) -> float:
            if self.state.epoch == 2:
                raise TrainingError("the loss is nan")
            return super()._train_step(*batches)

    settings = config(gold, checkpoint_every=50)
    with pytest.raises(TrainingError):
        Late(settings, load_data(settings, Reporter()), Reporter()).run()
    assert weights(Path("ck/best.pt"))["epoch"] in (1, 2)


def test_a_finished_run_resumed_elsewhere_is_whole(gold: Path) -> None:
    fit(config(gold))
    Path("ck/metrics.jsonl").write_text(Path("ck/metrics.jsonl").read_text() + '{"epoch": 5, "tr')  # cut by a kill
    result = fit(config(gold, "elsewhere", resume=Path("ck")))
    assert [entry["epoch"] for entry in result.metrics] == [1, 2, 3, 4]
    assert result.best_path is not None
    assert weights(result.best_path)["epoch"] == weights(Path("ck/best.pt"))["epoch"]
    assert evaluate_best(config(gold, report_dir=Path("rep")), result).summary["num_compliant"] == 3


def test_group_by_a_field_that_no_trace_has(gold: Path) -> None:
    with pytest.raises(ConfigError, match="no trace has such a field"):
        fit(config(gold, group_by="meta.siute"))


def test_early_stopping(gold: Path) -> None:
    class Fixed(Reporter):
        notes: list[str] = []  # noqa: RUF012

        def note(self, message: str) -> None:
            self.notes.append(message)

    result = fit(config(gold, epochs=30, learning_rate=1e-9, warmup_steps=0, early_stopping_patience=2), Fixed())
    assert result.is_complete
    assert len(result.metrics) < 30
    assert any("Stopped early" in n for n in Fixed.notes)


def test_learned_temperature_moves_and_is_saved(gold: Path) -> None:
    result = fit(config(gold, learn_temperature=True))
    assert result.metrics[-1]["temperature"] != pytest.approx(0.07, abs=1e-6)
    saved = weights(result.last_path)["task_state_dict"]["log_temperature"]
    assert float(saved.exp()) == pytest.approx(result.metrics[-1]["temperature"])


def test_resume_refuses_what_would_not_be_the_same_run(gold: Path, tmp_path: Path) -> None:
    fit(config(gold, epochs=1))
    last = Path("ck/checkpoint_epoch_1.pt")
    with pytest.raises(ConfigError, match="--learning-rate was 0.002 and is now 0.1"):
        fit(config(gold, resume=last, learning_rate=0.1))
    other = tmp_path / "other.jsonl"
    changed = [t.to_dict() for t in many_traces(30)]
    for one in changed:
        one["execution_plan"]["nodes"][0]["tool_name"] = "open_file"
    write_traces(other, map(parse_trace, changed))
    with pytest.raises(ConfigError, match="not those of the run"):
        fit(config(other, resume=last))
    with pytest.raises(CheckpointError, match="no checkpoint_epoch_N"):
        fit(config(gold, resume=tmp_path))
    with pytest.raises(CheckpointError, match="no such file"):
        fit(config(gold, resume=Path("none.pt")))


def test_data_that_cannot_be_trained_on(tmp_path: Path) -> None:
    path = tmp_path / "v.jsonl"
    write_traces(path, [t for t in many_traces(10) if not t.is_compliant])
    with pytest.raises(TrainingError, match="no compliant trace among 5"):
        fit(config(path))
    with pytest.raises(InputError, match="no such file"):
        fit(config(tmp_path / "none.jsonl"))
    write_traces(path, many_traces(1))
    with pytest.raises(ConfigError, match="1 groups"):
        fit(config(path))
    alone = fit(config(path, val_split=0.0, test_split=0.0, epochs=1))  # a batch of one
    assert alone.is_complete


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"batch_size": 0}, "--batch-size is 0, it must be at least 1"),
        ({"effective_batch_size": 16}, "--effective-batch-size is 16, it must be at least --batch-size=32"),
        ({"temperature": 0.0}, "--temperature is 0.0"),
        ({"learning_rate": math.nan}, "--learning-rate is nan"),
        ({"security_margin": 2.5}, "--security-margin is 2.5"),
        ({"val_split": 0.6, "test_split": 0.5}, "--test-split"),
        ({"device": "tpu"}, "--device is 'tpu'"),
        ({"hidden_dim": 510}, "--hidden-dim is 510"),
    ],
)
def test_settings_out_of_range(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        TrainingConfig(**changes)


def test_a_checkpoint_holds_plain_data_only(gold: Path) -> None:
    result: FitResult = fit(config(gold, epochs=1))

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            for key, child in value.items():
                assert isinstance(key, (str, int))
                walk(child)
        elif isinstance(value, (list, tuple)):
            for child in value:
                walk(child)
        else:
            assert value is None or isinstance(value, (str, int, float, bool, torch.Tensor))

    walk(read_checkpoint(result.last_path))
    assert set(read_checkpoint(result.last_path)["config"]) == {f.name for f in dataclasses.fields(TrainingConfig)}


@pytest.mark.extra
def test_tensorboard_events(gold: Path) -> None:
    pytest.importorskip("tensorboard", reason="the extra tensorboard is not installed")
    fit(config(gold, epochs=1, tensorboard=True))
    assert list(Path("ck/tensorboard").glob("events.out.*"))


def test_tensorboard_without_the_extra(gold: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(MissingExtraError, match=r"gatling-jepa\[tensorboard\]"):
        fit(config(gold, epochs=1, tensorboard=True))


def test_schedule() -> None:
    rates = [learning_rate_at(s, peak=1.0, warmup_steps=4, total_steps=20) for s in range(20)]
    assert rates[:4] == [0.25, 0.5, 0.75, 1.0]
    assert all(a >= b for a, b in itertools.pairwise(rates[4:]))
    assert rates[-1] < 0.05
    assert learning_rate_at(50, peak=1.0, warmup_steps=0, total_steps=20) == pytest.approx(0.01)


@pytest.mark.parametrize("damage", [lambda b: b[: len(b) // 2], lambda b: b"", lambda b: b"cos\nsystem\n(S'true'\ntR."])
def test_a_damaged_checkpoint_is_refused(gold: Path, damage: Any) -> None:
    fit(config(gold, epochs=1))
    path = Path("bad.pt")
    path.write_bytes(damage(Path("ck/best.pt").read_bytes()))
    with pytest.raises(CheckpointError, match=r"bad\.pt"):
        gatling.load(path)


def test_other_versions_and_nan_weights_are_refused(gold: Path) -> None:
    fit(config(gold, epochs=1))
    content = read_checkpoint(Path("ck/best.pt"))
    save_checkpoint(Path("v9.pt"), {**content, "format_version": 9})
    with pytest.raises(CheckpointError, match="format_version is 9"):
        gatling.load("v9.pt")
    state = {k: v.clone() for k, v in content["governance_encoder_state_dict"].items()}
    state["key.weight"][0, 0] = math.inf
    save_checkpoint(Path("nan.pt"), {**content, "governance_encoder_state_dict": state})
    with pytest.raises(CheckpointError, match=r"governance\.key\.weight holds a value that is not finite"):
        gatling.load("nan.pt")


def test_mutants_are_made_logged_and_validated_on_and_a_resumed_run_sees_the_same(gold: Path) -> None:
    settings: dict[str, Any] = {"mutations": "all", "hard_negatives": 2, "epochs": 2}
    whole = fit(config(gold, "a", **settings))
    first = whole.metrics[0]
    kinds = {name.removeprefix("train/gap/") for name in first if name.startswith("train/gap/")}
    assert {"deletion", "exfiltration_pivot", "tool_lookalike"} <= kinds
    assert all(f"train/margin/{kind}" in first for kind in kinds)
    assert {"val/auroc/exfiltration_pivot", "val/auroc/tool_lookalike"} <= first.keys()

    stopped = fit(config(gold, "b", **settings, max_steps=4))
    assert not stopped.is_complete
    fit(config(gold, "b", **settings, resume=Path("b")))
    assert_same_run(Path("a/checkpoint_epoch_2.pt"), Path("b/checkpoint_epoch_2.pt"))


def test_unknown_mutations_stop_before_training(gold: Path) -> None:
    with pytest.raises(ConfigError, match="--mutations names 'x', which is no mutation; there are scope_blowup"):
        fit(config(gold, mutations="x"))
    with pytest.raises(ConfigError, match="--hard-negatives is 0, it must be at least 1 with --mutations"):
        config(gold, mutations="all", hard_negatives=0)
