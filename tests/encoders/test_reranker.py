"""The re-ranker: what its answer depends on, its energy, its files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

import gatling
from gatling.encoders.reranker import MatchBatch, Matcher, Reranker
from gatling.errors import CheckpointError, ConfigError
from gatling.features import context_features, plan_features
from gatling.features.matches import PlanMatches
from gatling.hub.hub import write_folder, write_reranker
from gatling.runtime.folder import copy_encoders
from gatling.schema import Trace, write_traces
from gatling.training.config import TrainingConfig
from gatling.training.loop import fit
from tests.builders import SMALL, many_traces, node, plan, record
from tests.models import small_model


def a_reranker(seed: int = 0) -> Reranker:
    torch.manual_seed(seed)
    return Reranker(16, scales=(2.0, 0.5, -1.0)).eval()


def matches_of(trace: Trace) -> PlanMatches:
    return Matcher(a_reranker()).matches(
        context_features(trace.governance_context), plan_features(trace.execution_plan)
    )


def test_a_plan_has_the_same_answer_whatever_else_is_in_the_batch() -> None:
    reranker, matches = a_reranker(), [matches_of(trace) for trace in many_traces(9)]
    together = reranker(MatchBatch.collate(matches))
    alone = torch.cat([reranker(MatchBatch.collate([found])) for found in matches])
    assert together.std() > 1e-3
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-5)


def test_the_worst_call_counts_in_full_however_many_others_stand_beside_it() -> None:
    """An added call raises q at once where it is worse than all others, and is not averaged away."""
    reranker = a_reranker()
    calls = [node("read_file", f"n{i}", arguments={"path": f"{i}.txt"}) for i in range(12)]
    calls.append(node("delete_file", "bad", arguments={"path": "/etc"}, provenance_tier=3))
    with torch.no_grad():
        reranker.plan[2].weight.zero_()  # only the calls are left
        alone = [_q(reranker, plan(call)) for call in calls]
        assert max(alone) - min(alone) > 1e-3
        for count in (1, 5, 13):
            assert _q(reranker, plan(*calls[-count:])) == pytest.approx(max(alone[-count:]), abs=1e-5)


def _q(reranker: Reranker, execution_plan: dict[str, Any]) -> float:
    trace = gatling.schema.parse_trace(record(execution_plan=execution_plan))
    return float(reranker(MatchBatch.collate([matches_of(trace)])))


def test_the_energy_is_between_agreement_and_opposition_and_falls_with_the_cosine() -> None:
    reranker = a_reranker()
    q, cosine = torch.tensor([-1e4, 0.0, 0.0, 1e4]), torch.tensor([1.0, 1.0, -1.0, -1.0])
    energy = reranker.energy(q, cosine)
    assert energy.tolist() == pytest.approx([0.0, 2 / (1 + 2.718281828), 2 / (1 + 2.718281828**-3), 2.0], abs=1e-4)


def test_a_model_without_one_says_so() -> None:
    with pytest.raises(ConfigError, match="no re-ranker: make one with `gatling train-reranker`"):
        small_model().rerank(many_traces(1))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("reranker")
    write_traces(place / "gold.jsonl", many_traces(8))
    settings = {"dataset": (place / "gold.jsonl",), "checkpoint_dir": place, "store_dir": place / "store"}
    fit(TrainingConfig(**SMALL, **settings, epochs=1, precision="fp32"))
    write_folder(place / "best.pt", place / "model", card="")
    write_reranker(a_reranker(), place / "model", place / "model", training={"seed": 0}, figures={})
    return place / "model"


def copied(folder: Path, place: Path) -> Path:
    copy_encoders(folder, place)
    return place


def test_a_folder_gives_back_what_was_written(folder: Path, tmp_path: Path) -> None:
    traces = many_traces(6)
    model = gatling.load(copied(folder, tmp_path / "copy"), precision="fp32")
    assert model.reranker is not None
    assert model.reranker.scales == (2.0, 0.5, -1.0)
    energies = model.rerank(traces)
    assert energies.min() >= 0
    assert energies.max() <= 2
    latent = model.energy(traces)
    model.reranker = a_reranker()  # the folder keeps float16
    torch.testing.assert_close(model.rerank(traces), energies, atol=2e-3, rtol=0)
    assert torch.equal(model.energy(traces), latent)
    for trace, energy in zip(traces, energies, strict=True):
        assert float(model.rerank(trace)) == pytest.approx(float(energy), abs=1e-5)


def test_it_goes_along_with_the_weights_of_energies(folder: Path) -> None:
    model = gatling.load(folder, precision="fp32")
    assert model.for_energy().reranker is model.reranker


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda place: (place / "reranker.safetensors").unlink(), "reranker.safetensors is missing"),
        (lambda place: (place / "reranker.safetensors").write_bytes(b"x" * 99), "reranker.json says"),
        (lambda place: (place / "reranker.json").write_text("{}"), "format_version is not 1"),
        (lambda place: _edit(place, scales=[1.0, 1.0]), "not byte for byte|damaged or edited"),
    ],
)
def test_a_damaged_one_is_refused(folder: Path, tmp_path: Path, spoil: Any, message: str) -> None:
    place = copied(folder, tmp_path / "copy")
    spoil(place)
    with pytest.raises(CheckpointError, match=message):
        gatling.load(place)


def _edit(place: Path, **changes: Any) -> None:
    path = place / "reranker.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_that_of_other_encoders_is_refused(folder: Path, tmp_path: Path) -> None:
    write_traces(tmp_path / "gold.jsonl", many_traces(8))
    settings = {"dataset": (tmp_path / "gold.jsonl",), "checkpoint_dir": tmp_path, "store_dir": tmp_path / "store"}
    fit(TrainingConfig(**SMALL, **settings, epochs=1, precision="fp32", seed=9))
    write_folder(tmp_path / "best.pt", tmp_path / "other", card="")
    for name in ("reranker.json", "reranker.safetensors"):
        (tmp_path / "other" / name).write_bytes((folder / name).read_bytes())
    with pytest.raises(CheckpointError, match="made for other encoders"):
        gatling.load(tmp_path / "other")


@pytest.mark.parametrize(
    "settings",
    [
        {"hidden_dim": 8, "dropout": 0.1, "scales": [1, 1, 1]},
        {"hidden_dim": 16, "dropout": 0.1, "scales": [1, 1]},
        {"hidden_dim": 16, "dropout": 0.1, "scales": [1, 1, float("nan")]},
        {"hidden_dim": 16, "scales": [1, 1, 1]},
        {"hidden_dim": "wide", "dropout": 0.1, "scales": [1, 1, 1]},
    ],
)
def test_settings_that_do_not_fit_the_weights_are_refused(settings: dict[str, Any]) -> None:
    state = {name: tensor.numpy() for name, tensor in a_reranker().state_dict().items()}
    with pytest.raises(CheckpointError, match=r"^here: "):
        Reranker.from_parts(settings, state, source="here")
