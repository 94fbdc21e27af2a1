"""The published specification, word for word: its commands, its snippet, its names and defaults.

The commands and the snippet below are those of SPEC.md; where the development copy of it is at hand, a test checks that.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import gatling
from gatling.schema import write_traces
from gatling.training.config import TrainingConfig
from scripts import train_jepa_encoders
from tests.builders import context, many_traces, plan

ROOT = Path(__file__).resolve().parent.parent
SPEC = ROOT.parent / "shared" / "SPEC.md"

BASIC = [
    "uv run python scripts/train_jepa_encoders.py",
    "uv run python scripts/train_jepa_encoders.py --dataset data/gold_traces.jsonl",
    "uv run python scripts/train_jepa_encoders.py --epochs 50 --batch-size 64 --learning-rate 5e-5",
]
CUSTOM = (
    "uv run python scripts/train_jepa_encoders.py "
    "--dataset path/to/your/gold_traces.jsonl --epochs 30 --batch-size 64 --learning-rate 1e-4"
)
SNIPPET = """
import torch
from source.encoders.governance_encoder import GovernanceEncoder
from source.encoders.execution_encoder import ExecutionEncoder

# Load checkpoint
checkpoint = torch.load("checkpoints/checkpoint_epoch_30.pt")

gov_encoder = GovernanceEncoder(latent_dim=1024, hidden_dim=512)
gov_encoder.load_state_dict(checkpoint["governance_encoder_state_dict"])

exec_encoder = ExecutionEncoder(latent_dim=1024, hidden_dim=512)
exec_encoder.load_state_dict(checkpoint["execution_encoder_state_dict"])
"""
TABLE = {
    "latent_dim": 1024,
    "batch_size": 32,
    "epochs": 20,
    "learning_rate": 1e-4,
    "temperature": 0.07,
    "gradient_clip": 1.0,
    "security_margin": 0.5,
}


def flags_of(command: str) -> list[str]:
    """Return what a command of the specification gives to the script."""
    words = shlex.split(command)
    assert words[:4] == ["uv", "run", "python", "scripts/train_jepa_encoders.py"]
    return words[4:]


def run(command: str) -> subprocess.CompletedProcess[str]:
    """Run one of the specification's commands, with this interpreter in the place of `uv run python`."""
    words = [sys.executable, str(ROOT / "scripts" / "train_jepa_encoders.py"), *flags_of(command)]
    env = {k: v for k, v in os.environ.items() if k != "HF_TOKEN"}
    return subprocess.run(words, env=env, capture_output=True, text=True, timeout=170)


@pytest.mark.skipif(not SPEC.is_file(), reason="the development copy of SPEC.md is not at hand")
def test_the_texts_above_are_those_of_the_specification() -> None:
    text = re.sub(r" \\\n\s*", " ", SPEC.read_text())
    for command in (*BASIC, CUSTOM):
        assert command in text
    assert SNIPPET.strip() in text
    for name, value in TABLE.items():
        found = re.search(rf"\| `{name}` \| (\S+) \|", text)
        assert found is not None
        assert float(found.group(1)) == value


def test_defaults() -> None:
    config = TrainingConfig()
    assert {name: getattr(config, name) for name in TABLE} == TABLE
    assert config.hf_repo_name == "gatling-jepa-encoders"
    assert config.checkpoint_every == 5
    assert config.dataset == ()


def test_the_published_paths_are_the_real_classes() -> None:
    from source.encoders.execution_encoder import ExecutionEncoder
    from source.encoders.governance_encoder import GovernanceEncoder

    assert GovernanceEncoder is gatling.GovernanceEncoder
    assert ExecutionEncoder is gatling.ExecutionEncoder


@pytest.mark.thorough
@pytest.mark.slow
def test_the_basic_command_reaches_the_targets_on_the_demonstration() -> None:
    done = run(BASIC[0])
    assert done.returncode == 0, done.stderr
    assert "DEMONSTRATION on 12 synthetic traces" in done.stderr
    assert "This was a demonstration" in done.stdout
    names = {p.name for p in Path("checkpoints").iterdir()}
    assert names == {"best.pt", "metrics.jsonl", *(f"checkpoint_epoch_{n}.pt" for n in (5, 10, 15, 20))}
    metrics = torch.load("checkpoints/best.pt")["metrics"]
    assert metrics["val/positive_similarity"] >= 0.85
    assert metrics["val/nn_accuracy"] >= 0.85
    assert metrics["val/gallery_size"] == 12
    assert {p.name for p in Path("report").iterdir()} >= {
        "report.md",
        "report.json",
        "training_curve.png",
        "similarity_histogram.png",
        "embedding_map.png",
    }


@pytest.mark.slow
def test_custom_dataset_then_the_snippet_in_a_fresh_process() -> None:
    write_traces(Path("path/to/your/gold_traces.jsonl"), many_traces(20, violations=False))
    assert train_jepa_encoders.main(flags_of(CUSTOM)) == 0
    probe = (
        f"{SNIPPET}\ntorch.set_num_threads(1)\n"
        f"z_g = gov_encoder.encode({context()!r})\nz_e = exec_encoder.encode({plan()!r})\ntorch.save([z_g, z_e], 'z.pt')\n"
    )
    env = {**os.environ, "PYTHONHASHSEED": "7"}
    done = subprocess.run([sys.executable, "-c", probe], env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    z_g, z_e = torch.load("z.pt")
    model = gatling.load("checkpoints/checkpoint_epoch_30.pt", precision="fp32")
    assert z_g.shape == (1, 1024)
    assert torch.equal(z_g, model.governance.encode(context()))
    assert torch.equal(z_e, model.execution.encode(plan()))


def test_the_other_commands_parse_and_start(capsys: pytest.CaptureFixture[str]) -> None:
    """The remaining flag combinations, on a small model so that they take seconds; the flags are the specification's."""
    write_traces(Path("data/gold_traces.jsonl"), many_traces(20))
    small = ("--latent-dim", "48", "--hidden-dim", "32", "--num-heads", "4", "--max-steps", "2")
    for command in BASIC[1:]:
        assert train_jepa_encoders.main([*flags_of(command), *small]) == 0
        assert (
            "DEMONSTRATION" not in capsys.readouterr().err
        )  # data/gold_traces.jsonl is the default dataset where it exists
    done = run("uv run python scripts/train_jepa_encoders.py --dataset data/none.jsonl")
    assert done.returncode == 2
    assert done.stderr.strip() == "error: data/none.jsonl: no such file"
