"""Training on a backbone that reads texts, from the shards that one that reads words is trained from."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from gatling.cli import main
from gatling.encoders import DualEncoder
from gatling.encoders.dual import read_checkpoint
from gatling.errors import ConfigError, InputError
from gatling.features import BACKBONES
from gatling.features.numbers import NUMBER_DIM
from gatling.schema import read_traces, write_traces
from gatling.store import store as store_module
from gatling.store.raw_texts import RawWriter
from gatling.training.checkpoint import save_checkpoint
from gatling.training.config import TrainingConfig
from gatling.training.loop import fit
from tests.builders import SMALL, many_traces, node, plan
from tests.text_backbone import NAME, RawNgrams, make_raw_ngrams


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(BACKBONES, NAME, make_raw_ngrams)
    RawNgrams.seen.clear()
    yield
    RawNgrams.seen.clear()


@pytest.fixture
def gold(tmp_path: Path) -> Path:
    path = tmp_path / "gold.jsonl"
    write_traces(path, many_traces(24))
    return path


def flags(gold: Path, folder: str, *more: str) -> list[str]:
    sizes = [word for name, value in SMALL.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    own = [
        "--dataset",
        str(gold),
        "--checkpoint-dir",
        folder,
        "--report-dir",
        f"{folder}-report",
        "--precision",
        "fp32",
    ]
    return ["train", *own, *sizes, "--batch-size", "8", "--epochs", "2", "--learning-rate", "2e-3", *more]


def refuses(*_: Any) -> None:
    raise AssertionError("tokenised again")


def metrics(folder: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(folder, "metrics.jsonl").read_text().splitlines()]


def energy_of_case(model: DualEncoder) -> float:
    """Return how far apart the latents of two plans are whose only difference is the case of a value."""
    plans = [plan(node(arguments={"path": text})) for text in ("Report.pdf draft", "REPORT.PDF DRAFT")]
    one, other = model.execution.encode(plans)
    return float((one - other).abs().max())


def test_the_command_trains_on_it_from_shards_that_are_there(gold: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert main(flags(gold, "words")) == 0
    assert not RawNgrams.seen
    monkeypatch.setattr(store_module, "tokenise", refuses)
    assert main(flags(gold, "texts", "--backbone", NAME)) == 0

    asked = {trace.governance_context.session_context["user_request"] for trace in read_traces(gold)}
    assert asked <= RawNgrams.seen  # as they were written: "Read report number 3 of project d111."
    assert "" not in RawNgrams.seen
    lines, others = metrics("texts"), metrics("words")
    assert len(lines) == 2
    for line, other in zip(lines, others, strict=True):
        assert math.isfinite(line["train/loss"])
        assert math.isfinite(line["val/loss"])
        assert line["train/loss"] != other["train/loss"]
    assert lines[1]["train/loss"] < lines[0]["train/loss"]

    content = read_checkpoint(Path("texts/checkpoint_epoch_2.pt"))
    assert content["config"]["backbone"] == content["encoders"]["execution_encoder"]["backbone"] == NAME
    torch.manual_seed(0)
    untrained = DualEncoder.create(**SMALL, backbone=NAME)
    for encoder in ("governance_encoder", "execution_encoder"):
        name = "text.word.0.weight"
        before = dict(getattr(untrained, encoder.removesuffix("_encoder")).named_parameters())[name]
        moved = (content[f"{encoder}_state_dict"][name] - before.detach()).abs().amax(dim=0)
        assert len(moved) == RawNgrams.dim + NUMBER_DIM
        assert (moved[: RawNgrams.dim] > 1e-4).float().mean() > 0.9  # gradient reached what the backbone made
    read, trained = (DualEncoder.from_pretrained(f"{name}/best.pt", precision="fp32") for name in ("words", "texts"))
    assert energy_of_case(read) < 1e-6  # words have no case
    assert energy_of_case(trained) > 1e-3


def test_a_worker_that_prepares_batches_gives_the_same(gold: Path) -> None:
    config = {**SMALL, "dataset": (gold,), "batch_size": 8, "epochs": 1, "precision": "fp32", "backbone": NAME}
    losses = [
        fit(TrainingConfig(**config, num_workers=n, checkpoint_dir=Path(f"ck{n}"))).metrics[0]["train/loss"]  # type: ignore[arg-type]
        for n in (0, 1)
    ]
    assert losses[0] == losses[1]


def test_older_shards_are_for_words_only_and_it_is_said_what_to_run(
    gold: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with monkeypatch.context() as older:
        older.setattr(RawWriter, "columns", lambda self: {})
        assert main(flags(gold, "first")) == 0
    assert main(flags(gold, "words")) == 0
    assert metrics("words")[1]["train/loss"] == metrics("first")[1]["train/loss"]
    (folder,) = (path.parent for path in Path(".gatling_cache").glob("*/manifest.json"))
    capsys.readouterr()
    assert main(flags(gold, "texts", "--backbone", NAME)) == 2
    assert capsys.readouterr().err.splitlines()[-1] == (
        f"error: {folder}/00000.arrow: this shard was written by an older version, without the texts that the backbone reads; "
        f"delete {folder} and run the command again, so that the traces are tokenised anew"
    )
    assert not Path("texts/best.pt").exists()
    shard = store_module.Store(folder=Path(".gatling_cache")).open([gold]).shards[0]
    with pytest.raises(InputError, match="written by an older version"):
        list(shard.plan_features(0).texts.raw)
    shutil.rmtree(folder)
    assert main(flags(gold, "texts", "--backbone", NAME)) == 0


def test_the_choices_are_the_rows_of_the_table(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        with pytest.raises(SystemExit):
            main(["train", "--help"])
        assert f"--backbone {{{','.join(sorted(BACKBONES))}}}" in capsys.readouterr().out
        with pytest.raises(SystemExit):
            main(["train", "--backbone", "bert"])
        assert "invalid choice 'bert'" in capsys.readouterr().err
        monkeypatch.delitem(BACKBONES, NAME, raising=False)
    with pytest.raises(ConfigError, match="--backbone is 'bert', it must be one of lexicon, minilm"):
        TrainingConfig(backbone="bert")


def test_a_run_goes_on_with_its_backbone(gold: Path) -> None:
    config: dict[str, Any] = {**SMALL, "dataset": (gold,), "batch_size": 8, "precision": "fp32", "checkpoint_every": 1}
    fit(TrainingConfig(**config, epochs=1))
    path = Path("checkpoints/checkpoint_epoch_1.pt")
    content = read_checkpoint(path)
    del content["config"]["backbone"]  # as a version wrote it that had no such setting
    save_checkpoint(path, content)
    with pytest.raises(ConfigError, match=f"--backbone was 'lexicon' and is now '{NAME}'"):
        fit(TrainingConfig(**config, epochs=2, resume=path, backbone=NAME))
    assert fit(TrainingConfig(**config, epochs=2, resume=path)).is_complete
