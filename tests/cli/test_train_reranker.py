"""`gatling train-reranker`, and `evaluate` and `score` with what it writes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import gatling
from gatling.cli import main
from gatling.generate.generator import Generator
from gatling.hub.hub import write_folder
from gatling.schema import parse_trace, write_traces
from gatling.tools import load_catalog
from gatling.training.config import TrainingConfig
from gatling.training.loop import fit
from tests.builders import SMALL, many_traces

SETTINGS = ["--epochs", "2", "--hidden-dim", "8"]


def some(split: str, count: int) -> list[Any]:
    generator = Generator(load_catalog(["builtin"]))
    return [parse_trace(generator.trace(split, i).data) for i in range(count)]


@pytest.fixture(scope="module")
def encoders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("encoders")
    write_traces(place / "gold.jsonl", many_traces(8))
    settings = {"dataset": (place / "gold.jsonl",), "checkpoint_dir": place, "store_dir": place / "store"}
    fit(TrainingConfig(**SMALL, **settings, epochs=1, precision="fp32"))
    write_folder(place / "best.pt", place / "model", card="")
    return place / "model"


def arguments(encoders: Path, *more: str) -> list[str]:
    data = ["--dataset", "seen.jsonl", "--val-dataset", "unseen.jsonl", "--output", "out"]
    return ["train-reranker", "--model", str(encoders), *data, *SETTINGS, *more]


def test_a_folder_with_a_re_ranker_is_written_and_used(encoders: Path, capsys: pytest.CaptureFixture[str]) -> None:
    traces, trained = some("unseen_domains", 24), Path("out")
    write_traces("seen.jsonl", some("train", 30))
    write_traces("unseen.jsonl", traces)
    assert main(arguments(encoders)) == 0
    said = capsys.readouterr()
    assert "both, as they are served" in said.out
    assert "epoch 2 of 2" in said.err
    for name in ("config.json", "governance_encoder.safetensors", "execution_encoder.safetensors"):
        assert (trained / name).read_bytes() == (encoders / name).read_bytes()
    settings = json.loads((trained / "reranker.json").read_text())
    assert settings["training"]["dataset"] == ["seen.jsonl"]

    common = ["score", "--model", str(trained), "--precision", "fp32", "--input", "unseen.jsonl", "--output"]
    assert main([*common, "latent.jsonl"]) == 0
    assert main([*common, "both.jsonl", "--rerank"]) == 0
    latent, both = (
        [json.loads(line)["energy"] for line in Path(name).read_text().splitlines()]
        for name in ("latent.jsonl", "both.jsonl")
    )
    model = gatling.load(trained, precision="fp32")
    assert both == pytest.approx(model.rerank(traces).tolist(), abs=1e-5)
    assert latent == pytest.approx(model.energy(traces).tolist(), abs=1e-5)

    evaluate = ["evaluate", "--model", str(trained), "--precision", "fp32", "--dataset", "unseen.jsonl", "--output"]
    assert main([*evaluate, "latent.json"]) == 0
    assert main([*evaluate, "both.json", "--rerank"]) == 0
    by_latents, by_both = (json.loads(Path(name).read_text()) for name in ("latent.json", "both.json"))
    assert (by_latents["reranked"], by_both["reranked"]) == (False, True)
    assert by_both["auroc"] == pytest.approx(
        settings["figures"]["both"]["auroc"], abs=2e-3
    )  # weights are kept as float16
    assert by_latents["auroc"] == pytest.approx(settings["figures"]["latents"]["auroc"], abs=1e-6)
    assert by_latents["positive_similarity"] == by_both["positive_similarity"]


def test_without_one_the_flag_is_refused(encoders: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_traces("gold.jsonl", many_traces(2))
    for command in (
        ["score", "--input", "gold.jsonl", "--output", "s.jsonl"],
        ["evaluate", "--dataset", "gold.jsonl"],
    ):
        assert main([*command, "--model", str(encoders), "--rerank"]) == 2
        assert "this model has no re-ranker" in capsys.readouterr().err
    assert not Path("s.jsonl").exists()


def test_what_is_wrong_is_said_before_the_work(encoders: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_traces("seen.jsonl", many_traces(6))
    write_traces("unseen.jsonl", many_traces(6, violations=False))
    assert main(arguments(encoders)) == 1
    assert "error: unseen.jsonl: 6 of 6 traces are compliant; the scales need" in capsys.readouterr().err
    Path("seen.jsonl").write_text("")
    assert main(arguments(encoders)) == 1
    assert "error: seen.jsonl: no compliant trace" in capsys.readouterr().err
    write_traces("seen.jsonl", many_traces(6))
    assert main(arguments(encoders, "--mutations", "nonsense")) == 2
    assert "nonsense" in capsys.readouterr().err
    assert main(arguments(encoders, "--epochs", "0")) == 2
    assert "epochs" in capsys.readouterr().err
    assert main(arguments(Path("none"))) == 2
    assert "must be a model folder" in capsys.readouterr().err
    assert not Path("out").exists()
