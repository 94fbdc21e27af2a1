"""Several processes on one machine: the same numbers as one, one set of files, and an end when one of them dies."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from gatling.encoders import DualEncoder
from gatling.encoders.dual import read_checkpoint
from gatling.schema import write_traces
from gatling.training.config import TrainingConfig
from gatling.training.loop import fit
from tests.builders import SMALL, many_traces
from tests.training.steps import assert_close, grads, make_task, shared_corpus, step

ROOT = Path(__file__).resolve().parent.parent.parent
TORCHRUN = (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")
SETTINGS: dict[str, Any] = {
    **SMALL,
    "dropout": 0.0,
    "batch_size": 5,
    "effective_batch_size": 10,
    "learning_rate": 2e-3,
    "precision": "fp32",
    "device": "cpu",
    "checkpoint_every": 1,
}
FLAGS = [word for name, value in SETTINGS.items() for word in ("--" + name.replace("_", "-"), str(value))]


def start(*arguments: str) -> subprocess.Popen[str]:
    """Launch two processes in the current folder."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen([*TORCHRUN, *arguments], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def errors(stderr: str) -> list[str]:
    return [line for line in stderr.splitlines() if line.startswith("error:")]


def wait_for_an_epoch(launcher: subprocess.Popen[str], folder: Path) -> list[int]:
    """Return the process numbers, by rank, once the first epoch is done."""
    deadline = time.monotonic() + 120
    while not ((folder / "metrics.jsonl").is_file() and (folder / "metrics.jsonl").stat().st_size):
        assert launcher.poll() is None, launcher.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    children = Path(f"/proc/{launcher.pid}/task/{launcher.pid}/children").read_text().split()
    found = {}
    for pid in children:
        env = dict(
            entry.split("=", 1) for entry in Path(f"/proc/{pid}/environ").read_text().split("\0") if "=" in entry
        )
        if "RANK" in env:
            found[int(env["RANK"])] = int(pid)
    return [found[0], found[1]]


def test_loss_and_gradients_are_those_of_one_process(tmp_path: Path) -> None:
    launcher = start(str(ROOT / "tests" / "training" / "steps.py"), str(tmp_path))
    _, stderr = launcher.communicate(timeout=180)
    assert launcher.returncode == 0, stderr
    task = make_task(dropout=0.0)
    batches = step(shared_corpus())
    whole = batches[0]
    output = task(whole, batches.is_shared(whole.context_id, whole.plan_id))
    output.loss.backward()
    wanted = grads(task)
    ranks = [torch.load(tmp_path / f"{rank}.pt") for rank in range(2)]
    for number in range(2):
        first, second = (rank["steps"][number] for rank in ranks)
        assert first["loss"] == pytest.approx(float(output.loss.detach()), rel=1e-5)
        assert_close(first["grads"], wanted)
        assert torch.equal(first["ids"], torch.stack([whole.context_id, whole.plan_id], dim=1))
        assert first["loss"] == second["loss"]
        assert all(torch.equal(first["grads"][name], second["grads"][name]) for name in wanted)


@pytest.mark.slow
def test_a_run_of_two_processes_is_a_run_of_one(tmp_path: Path) -> None:
    """Two processes stop after five steps; one goes on; the whole equals one process from the start."""
    write_traces("gold.jsonl", many_traces(40))
    common = ["-m", "gatling", "train", "--dataset", "gold.jsonl", *FLAGS, "--epochs", "2"]
    launcher = start(*common, "--checkpoint-dir", "two", "--max-steps", "5")
    _, stderr = launcher.communicate(timeout=180)
    assert launcher.returncode == 0, stderr
    assert stderr.count("training: 8 steps to go") == 1
    assert stderr.count("go on with --resume two/interrupted.pt") == 1
    assert sorted(p.name for p in Path("two").iterdir()) == [
        "best.pt",
        "checkpoint_epoch_1.pt",
        "interrupted.pt",
        "metrics.jsonl",
    ]
    config = {**SETTINGS, "dataset": (Path("gold.jsonl"),), "epochs": 2}
    one = fit(TrainingConfig(**config, checkpoint_dir=Path("one")))
    two = fit(TrainingConfig(**config, checkpoint_dir=Path("two"), resume=Path("two")))
    assert [entry["step"] for entry in two.metrics] == [4, 8]
    for a, b in zip(one.metrics, two.metrics, strict=True):
        assert a.keys() == b.keys()
        for name in a.keys() - {"traces_per_second"}:
            assert b[name] == pytest.approx(a[name], rel=1e-3, abs=1e-4), name
    # Not weight by weight: a bias before a softmax has no gradient but rounding, which AdamW scales up to whole steps.
    torch.manual_seed(0)
    start_at = DualEncoder.create(**SMALL, dropout=0.0).governance.state_dict()
    a, b = (read_checkpoint(run.last_path)["governance_encoder_state_dict"] for run in (one, two))
    names = [name for name, value in a.items() if value.is_floating_point()]
    apart, moved = (torch.cat([(a[n] - other[n]).flatten() for n in names]).norm() for other in (b, start_at))
    assert apart < 2e-3 * moved


@pytest.mark.thorough
@pytest.mark.slow
def test_the_death_of_a_process_ends_the_run_with_a_sentence() -> None:
    write_traces("gold.jsonl", many_traces(40))
    launcher = start("-m", "gatling", "train", "--dataset", "gold.jsonl", *FLAGS, "--epochs", "2000")
    pids = wait_for_an_epoch(launcher, Path("checkpoints"))
    time.sleep(0.5)
    os.kill(pids[1], signal.SIGKILL)
    _, stderr = launcher.communicate(timeout=120)
    assert launcher.returncode != 0
    (error,) = errors(stderr)
    assert "another process of the run has died" in error
    assert error.endswith("go on with --resume checkpoints/interrupted.pt")
    assert read_checkpoint(Path("checkpoints/interrupted.pt"))["loop_state"]["step"] > 4


@pytest.mark.slow
@pytest.mark.thorough
def test_a_signal_to_one_process_stops_all_with_a_checkpoint() -> None:
    write_traces("gold.jsonl", many_traces(40))
    launcher = start("-m", "gatling", "train", "--dataset", "gold.jsonl", *FLAGS, "--epochs", "2000")
    pids = wait_for_an_epoch(launcher, Path("checkpoints"))
    os.kill(pids[1], signal.SIGTERM)
    _, stderr = launcher.communicate(timeout=120)
    assert launcher.returncode != 0
    assert stderr.count("Interrupted; go on with --resume checkpoints/") == 1
    assert errors(stderr) == []
    newest = re.search(r"Interrupted; go on with --resume (\S+)", stderr)
    assert newest is not None
    assert read_checkpoint(Path(newest[1]))["loop_state"]["step"] >= 4
    lines = [json.loads(line) for line in Path("checkpoints/metrics.jsonl").read_text().splitlines()]
    assert [entry["epoch"] for entry in lines] == list(range(1, len(lines) + 1))


@pytest.mark.thorough
@pytest.mark.slow
def test_bad_data_is_said_once() -> None:
    launcher = start("-m", "gatling", "train", "--dataset", "none.jsonl", *FLAGS)
    _, stderr = launcher.communicate(timeout=180)
    assert launcher.returncode != 0
    assert errors(stderr) == ["error: none.jsonl: no such file"]
