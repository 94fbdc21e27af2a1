"""scripts/pretrain.py: the card says what was measured, and one command makes a model again and again the same."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import gatling
from gatling.encoders import DualEncoder
from scripts import model_card, pretrain
from tests.builders import context


def test_figures_become_a_table() -> None:
    assert model_card.table({"gallery_size": 36, "auroc": 0.91234, "none": None}) == [
        "| figure | value |", "| --- | ---: |", "| gallery_size | 36 |", "| auroc | 0.912 |", "| none | - |"
    ]  # fmt: skip


def test_the_recipe_is_within_the_size_of_the_package() -> None:
    training = pretrain.TRAINING
    model = DualEncoder.create(**{k: training[k] for k in ("latent_dim", "hidden_dim", "num_layers", "num_heads")})
    assert training["latent_dim"] == 1024
    tensors = model.state_dict().values()
    num_bytes = sum(t.numel() * (2 if t.ndim >= 2 else t.element_size()) for t in tensors)
    assert num_bytes < pretrain.MAX_BYTES - 50_000  # headers, settings, card


@pytest.mark.parametrize("content", ["", "no figure"])
def test_results_that_hold_no_figures_are_refused(content: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("r.md").write_text(content)
    assert pretrain.main(["--smoke", "--work", "w", "--results", "r.md"]) == 1
    assert capsys.readouterr().err.startswith("error: r.md: no figures")
    assert not Path("w").exists()


@pytest.mark.extra
@pytest.mark.slow
@pytest.mark.thorough
def test_the_recipe_in_small(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("googleapiclient", reason="the extra google is not installed")
    Path("r.md").write_text("### Held out\n\n| rows | AUROC |\n| --- | ---: |\n| dojo | 0.912 |\n")
    arguments = ["--smoke", "--work", "w", "--results", "r.md"]
    assert pretrain.main(arguments) == 0
    output = Path("w/pretrained")
    assert f"{output}: " in capsys.readouterr().out
    config = (output / "config.json").read_bytes()
    card = (output / "README.md").read_text()
    assert "| dojo | 0.912 |" in card
    assert "$" not in card
    assert re.search(r"as many from one of\n  \d\d,\d{3} tools of [67]\d\d domains", card)
    assert re.search(r"training \d+\.\d", card)
    latent = gatling.load(output, precision="fp32").governance.encode(context())
    assert latent.shape == (1, 1024)
    assert "checkpoint_dir" not in json.loads(config)["training"]
    assert "store_dir" not in json.loads(config)["training"]

    Path("w/checkpoints/checkpoint_epoch_2.pt").unlink()  # as if killed in the second epoch
    assert pretrain.main(arguments) == 0
    assert "Resuming w/checkpoints/checkpoint_epoch_1.pt: 1 epochs" in capsys.readouterr().err
    assert (output / "config.json").read_bytes() == config
    seconds = json.loads(Path("w/seconds.json").read_text())
    assert pretrain.main(arguments[:3]) == 0  # nothing is left to do but the card
    assert (output / "config.json").read_bytes() == config
    assert json.loads(Path("w/seconds.json").read_text()) == seconds
    assert model_card.NO_RESULTS in (output / "README.md").read_text()
