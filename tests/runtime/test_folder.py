"""Model folders, the bundled one among them: what is read is what was written, and nothing else is taken for it."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch.nn import functional as F

import gatling
from gatling.encoders import DualEncoder
from gatling.encoders.precision import _CONTEXTS, _PLANS
from gatling.errors import CheckpointError, TrainingError
from gatling.hub.hub import write_folder
from gatling.runtime import folder
from gatling.runtime.sealed import sealed
from gatling.schema import write_traces
from gatling.training.checkpoint import save_checkpoint
from gatling.training.config import TrainingConfig
from gatling.training.loop import fit
from tests.builders import SMALL, many_traces

FILES = ("config.json", "governance_encoder.safetensors", "execution_encoder.safetensors")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained checkpoint with the shipped latents, and its folders with float32 and with float16 matrices."""
    place = tmp_path_factory.mktemp("made")
    write_traces(place / "gold.jsonl", many_traces(24))
    config = TrainingConfig(
        **{**SMALL, "latent_dim": 1024}, dataset=(place / "gold.jsonl",), checkpoint_dir=place, store_dir=place / "store",
        epochs=4, learning_rate=3e-3, precision="fp32",
    )  # fmt: skip
    fit(config)
    write_folder(place / "best.pt", place / "full", card="# Full\n", with_pt=True)
    write_folder(place / "best.pt", place / "half", card="# Half\n", is_half=True)
    return place


def latents(model: DualEncoder) -> torch.Tensor:
    traces = many_traces(24)
    contexts = [*_CONTEXTS, *(t.governance_context for t in traces)]
    plans = [*_PLANS, *(t.execution_plan for t in traces)]
    return torch.cat([model.governance.encode(contexts), model.execution.encode(plans)])


def test_both_kinds_of_folder_give_the_checkpoints_latents(made: Path) -> None:
    expected = latents(gatling.load(made / "best.pt", precision="fp32"))
    assert torch.equal(latents(gatling.load(made / "full", precision="fp32")), expected)
    half = gatling.load(made / "half", precision="fp32")
    assert {p.dtype for p in half.parameters()} == {torch.float32}
    found = latents(half)
    assert not torch.equal(found, expected)
    assert F.cosine_similarity(found.double(), expected.double()).min() >= 0.9999


def test_matrices_are_halved_and_nothing_else(made: Path) -> None:
    for stem in ("governance_encoder", "execution_encoder"):
        full, half = (load_file(made / name / f"{stem}.safetensors") for name in ("full", "half"))
        for name, tensor in full.items():
            assert half[name].dtype == (torch.float16 if tensor.ndim >= 2 else tensor.dtype), name
            if tensor.ndim >= 2:
                assert torch.equal(half[name], tensor.half())
            else:
                assert torch.equal(half[name], tensor)
    assert not list((made / "half").glob("*.pt"))
    assert (made / "half" / "README.md").read_text() == "# Half\n"


def test_a_weight_beyond_float16_is_named(made: Path) -> None:
    content = torch.load(made / "best.pt")
    content["execution_encoder_state_dict"]["readout.project.weight"][0, 0] = 70_000.0
    save_checkpoint(Path("large.pt"), content)
    with pytest.raises(TrainingError, match=r"execution_encoder\.readout\.project\.weight holds a value beyond"):
        write_folder(Path("large.pt"), Path("large"), card="", is_half=True)


@pytest.mark.parametrize("name", FILES)
def test_no_changed_byte_and_no_lost_tail_goes_unnoticed(made: Path, name: str) -> None:
    shutil.copytree(made / "half", "model")
    content = Path("model", name).read_bytes()
    rng = random.Random(0)
    places = range(len(content)) if name == "config.json" else sorted(rng.sample(range(len(content)), 150))
    damaged = [content[:i] + bytes([content[i] ^ rng.randrange(1, 256)]) + content[i + 1 :] for i in places]
    damaged += [content[:length] for length in (0, 1, len(content) // 2, len(content) - 1)] + [content + b"\n"]
    for number, wrong in enumerate(damaged):
        Path("model", name).write_bytes(wrong)
        with pytest.raises(CheckpointError) as caught:
            DualEncoder.from_pretrained("model")
        assert str(caught.value).startswith(f"model/{name}: "), number
        assert "\n" not in str(caught.value)
    Path("model", name).write_bytes(content)
    assert DualEncoder.from_pretrained("model", precision="fp32").hparams["governance_encoder"]["latent_dim"] == 1024


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(made: Path, name: str) -> None:
    shutil.copytree(made / "half", "model")
    Path("model", name).unlink()
    with pytest.raises(CheckpointError, match=f"model: not a model folder: {name} is missing"):
        DualEncoder.from_pretrained("model")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "it is not JSON"),
        (b"[" * 100_000, "it is not JSON"),
        (b"[]", "format_version is not 1"),
        (b'{"format_version": 2}', "format_version is not 1"),
        (b'{"format_version": 1, "epoch": NaN}', "does not have the digest that it states"),
        (b'{"format_version": 1, "sha256": {}}', "does not have the digest that it states"),
        (sealed({"format_version": 1}), "does not have the digest that it states"),
        (sealed({"format_version": 1, "sha256": {}}), "config.json says nothing of it"),
    ],
)
def test_other_settings_are_refused(made: Path, content: bytes, message: str) -> None:
    shutil.copytree(made / "half", "model")
    Path("model/config.json").write_bytes(content)
    with pytest.raises(CheckpointError, match=message):
        DualEncoder.from_pretrained("model")


def test_the_digest_is_of_the_other_settings() -> None:
    content = json.loads(sealed({"format_version": 1, "epoch": 3}))
    assert list(content) == ["format_version", "epoch", "digest"]
    assert sealed({"format_version": 1, "epoch": 4}) != sealed({"format_version": 1, "epoch": 3})


def test_without_a_bundled_model_the_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder, "PRETRAINED", Path("none"))
    for load in (gatling.load, DualEncoder.from_pretrained):
        with pytest.raises(CheckpointError, match=r"no model is bundled .* --model .* scripts/pretrain\.py$"):
            load()
