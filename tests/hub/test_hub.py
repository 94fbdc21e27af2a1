"""Push and pull with the real client against a server on the loopback address."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

import gatling
from gatling.hub.hub import MODEL_FILES, save_pretrained
from gatling.schema import write_traces
from gatling.training.config import TrainingConfig
from gatling.training.loop import fit
from tests.builders import SMALL, context, many_traces
from tests.hub_server import Hub, hub_server


def run(*arguments: str, hub: Hub | None, token: str | None = "hf_test") -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own: the client reads the Hub's address when it is imported."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("HF_")}
    env |= {
        "HF_HOME": str(Path("hf_home").resolve()),
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "OMP_NUM_THREADS": "1",
    }
    env["HF_ENDPOINT"] = hub.url if hub else "http://127.0.0.1:9"
    if token:
        env["HF_TOKEN"] = token
    return subprocess.run(
        [sys.executable, "-m", "gatling", *arguments], env=env, capture_output=True, text=True, timeout=120
    )


TRAIN = (
    "train --dataset gold.jsonl --epochs 1 --latent-dim 48 --hidden-dim 32 --num-heads 4 --precision fp32 "
    "--push-to-hub --organization acme"
).split()


@pytest.fixture
def checkpoint() -> Path:
    write_traces("gold.jsonl", many_traces(20))
    fit(TrainingConfig(**SMALL, dataset=(Path("gold.jsonl"),), epochs=1, precision="fp32"))
    return Path("checkpoints/best.pt")


def test_train_push_pull_and_the_same_latents() -> None:
    write_traces("gold.jsonl", many_traces(20))
    with hub_server() as hub:
        done = run(*TRAIN, hub=hub)
        assert done.returncode == 0, done.stderr
        assert "pushed to acme/gatling-jepa-encoders" in done.stdout
        files = hub.files["acme/gatling-jepa-encoders"]
        assert set(files) >= {*MODEL_FILES, "README.md"}
        assert hub.messages == ["Gatling encoders, epoch 1"]
        assert hub.tokens == {"Bearer hf_test"}
        card = files["README.md"].decode()
        assert "Measured on the test split" in card
        assert "nearest-neighbour accuracy" in card
        pulled = run("pull", "acme/gatling-jepa-encoders", "--output", "model", hub=hub)
        assert pulled.returncode == 0, pulled.stderr
    here = gatling.load("checkpoints/best.pt", precision="fp32").governance.encode(context())
    assert torch.equal(gatling.load("model", precision="fp32").governance.encode(context()), here)
    assert not list(Path("model").glob("*.pt"))


def test_without_a_token_training_is_kept_and_the_cause_named() -> None:
    write_traces("gold.jsonl", many_traces(20))
    done = run(*TRAIN, hub=None, token=None)
    assert done.returncode == 1
    assert "HF_TOKEN" in done.stderr.splitlines()[0]
    assert "no Hub token" in done.stderr.splitlines()[-1]
    assert "gatling push" in done.stderr.splitlines()[-1]
    assert gatling.load("checkpoints/best.pt").governance.encode(context()).shape == (1, 48)
    assert Path("report/report.md").is_file()


def test_a_refused_push_names_status_and_reason(checkpoint: Path) -> None:
    before = checkpoint.read_bytes()
    with hub_server() as hub:
        hub.refuse = 403
        done = run("push", "--model", str(checkpoint), hub=hub)
    assert done.returncode == 1
    assert "status 403" in done.stderr
    assert "you may not do this" in done.stderr
    assert "Traceback" not in done.stderr
    assert checkpoint.read_bytes() == before


def test_no_server_and_no_repository(checkpoint: Path) -> None:
    done = run("push", "--model", str(checkpoint), hub=None)
    assert done.returncode == 1
    assert done.stderr.startswith("error: the push to gatling-jepa-encoders failed")
    with hub_server() as hub:
        missing = run("pull", "acme/none", hub=hub)
    assert missing.returncode == 1
    assert "acme/none" in missing.stderr


def test_the_exported_folder(checkpoint: Path) -> None:
    save_pretrained(checkpoint, Path("out"), summary=None)
    weights = torch.load("out/governance_encoder.pt")
    twin = load_file("out/governance_encoder.safetensors")
    assert weights.keys() == twin.keys()
    assert all(torch.equal(weights[k], twin[k]) for k in twin)
    encoder = gatling.GovernanceEncoder(**json.loads(Path("out/config.json").read_text())["governance_encoder"])
    encoder.load_state_dict(weights)
    exported = sum(Path("out", name).stat().st_size for name in MODEL_FILES if name.endswith(".pt"))
    parameters = sum(t.numel() * t.element_size() for t in twin.values())
    assert exported < 2.6 * parameters < checkpoint.stat().st_size * 1.5  # both encoders, no optimizer state
