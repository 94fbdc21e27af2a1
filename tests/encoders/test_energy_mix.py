"""Latents to find plans by, and latents that energies are made of: one set of weights, two weights of the deep layers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gatling.encoders import DualEncoder
from gatling.encoders.dual import read_checkpoint
from gatling.energy.critics.latent import LatentCritic
from gatling.errors import CheckpointError
from gatling.evaluation import embed_corpus
from gatling.evaluation.embed import Embedder
from gatling.policy import Rulebook
from gatling.schema import Trace
from gatling.store.corpus import Corpus
from scripts import mixing
from tests.builders import SMALL, many_traces
from tests.models import small_model

MIX = 1.5


def mixed_model(mix: float = MIX) -> DualEncoder:
    torch.manual_seed(0)
    return small_model(energy_mix=mix)


def reference(model: DualEncoder, mix: float, traces: list[Trace]) -> torch.Tensor:
    """The energies of the same weights, with `log_mix` itself changed."""
    other = DualEncoder.from_parts(
        {"governance_encoder": SMALL, "execution_encoder": SMALL},
        model.governance.state_dict(),
        model.execution.state_dict(),
        "the reference",
    )
    with torch.no_grad():
        other.governance.log_mix += mix
        other.execution.log_mix += mix
    return other.energy(traces)


def test_energies_weigh_the_deep_layers_more_and_latents_do_not() -> None:
    model, traces = mixed_model(), many_traces(6)
    energy = model.energy(traces)
    assert torch.allclose(energy, reference(model, MIX, traces), atol=1e-6)
    contexts = [t.governance_context for t in traces]
    plans = [t.execution_plan for t in traces]
    plain = 1 - (model.governance.encode(contexts) * model.execution.encode(plans)).sum(-1)
    assert torch.allclose(plain, reference(model, 0.0, traces), atol=1e-6)
    assert not torch.allclose(energy, plain, atol=1e-3)
    assert model.governance.hparams["energy_mix"] == MIX


def test_without_a_mix_nothing_is_copied_and_nothing_is_said() -> None:
    model = small_model()
    assert model.for_energy() is model
    assert "energy_mix" not in model.governance.hparams
    judge = mixed_model().for_energy()
    assert judge.for_energy() is judge  # it weighs the deep layers more once
    assert torch.allclose(judge.energy(many_traces(2)), mixed_model().energy(many_traces(2)))


def test_numpy_gives_the_same_energies() -> None:
    model, traces = mixed_model(), many_traces(6)
    runtime = model.runtime()
    assert np.allclose(runtime.energy(traces), model.energy(traces).numpy(), atol=1e-5)
    assert np.allclose(runtime.exact.energy(traces), model.energy(traces).numpy(), atol=1e-5)
    latent = runtime.governance.encode(traces[0].governance_context)
    assert np.allclose(latent, model.governance.encode(traces[0].governance_context).numpy(), atol=1e-5)


def test_the_critic_reads_the_latents_of_energies() -> None:
    runtime = mixed_model().runtime()
    critic = LatentCritic(runtime)
    parsed = many_traces(1)[0].governance_context
    z_g = critic.context_latent(parsed, Rulebook(()))
    assert np.allclose(z_g, runtime.for_energy.governance.encode(parsed)[0], atol=1e-6)
    assert not np.allclose(z_g, runtime.governance.encode(parsed)[0], atol=1e-3)


def test_evaluation_finds_by_latents_and_separates_by_energies() -> None:
    model, traces = mixed_model(), many_traces(8)
    corpus = Corpus.from_traces(traces)
    embedded = embed_corpus(model, corpus)
    assert torch.allclose(embedded.energy(), model.energy(traces), atol=1e-5)
    assert torch.allclose(1 - embedded.similarity(), reference(model, 0.0, traces), atol=1e-5)
    keep = torch.arange(len(traces)) % 2 == 0
    assert torch.allclose(embedded.select(keep).energy(), embedded.energy()[keep])
    stream = Embedder(model)
    stream.add(traces[:3])
    stream.add(traces[3:])
    assert torch.allclose(stream.finish().energy(), embedded.energy(), atol=1e-6)


@pytest.mark.parametrize("value", [11.0, -11.0, float("nan"), "1", None])
def test_a_mix_that_is_none_is_refused(value: Any) -> None:
    model = small_model()
    parts = (model.governance.state_dict(), model.execution.state_dict(), "m")
    hparams = {
        name: {**SMALL, "word_table": True, "energy_mix": value} for name in ("governance_encoder", "execution_encoder")
    }
    with pytest.raises(CheckpointError, match="m: not a Gatling model"):
        DualEncoder.from_parts(hparams, *parts)
    from gatling.runtime import RuntimeEncoders

    arrays = [{k: v.numpy() for k, v in state.items()} for state in parts[:2]]
    with pytest.raises(CheckpointError, match="energy_mix"):
        RuntimeEncoders.from_arrays(hparams, *arrays, "m")


def test_both_weights_are_chosen_and_written(tmp_path: Path) -> None:
    """Against the naive way: set `log_mix`, encode, measure."""
    torch.manual_seed(0)
    model, traces = small_model(), many_traces(40)
    checkpoint = tmp_path / "trained.pt"
    content = {
        "format_version": 1,
        "epoch": 1,
        "encoders": model.hparams,
        "governance_encoder_state_dict": model.governance.state_dict(),
        "execution_encoder_state_dict": model.execution.state_dict(),
    }
    torch.save(content, checkpoint)
    corpus = Corpus.from_traces(traces)
    found = mixing.choose(checkpoint, corpus, corpus)
    for offset in (-1.0, 0.0, 1.0):
        naive = reference(model, offset, traces)
        violating = torch.tensor([not t.is_compliant for t in traces])
        higher = naive[violating][:, None] - naive[~violating][None]
        assert found.auroc[offset] == pytest.approx(
            float(((higher > 1e-7) + 0.5 * (higher.abs() <= 1e-7)).float().mean()), abs=0.01
        )
    assert found.nn_accuracy[found.retrieval] == max(found.nn_accuracy.values())
    assert found.auroc[found.energy] == max(found.auroc.values())
    chosen = mixing.Mixing(-0.5, 0.75, {}, {})
    mixing.write_mixed(checkpoint, chosen, tmp_path / "mixed.pt")
    mixed = DualEncoder.from_pretrained(tmp_path / "mixed.pt", precision="fp32")
    assert torch.allclose(mixed.energy(traces), reference(model, 0.75, traces), atol=1e-6)
    z_g = mixed.governance.encode(traces[0].governance_context)
    assert torch.allclose(z_g.norm(), torch.tensor(1.0), atol=1e-6)
    assert float(mixed.governance.log_mix.detach()) == pytest.approx(float(model.governance.log_mix.detach()) - 0.5)
    assert read_checkpoint(tmp_path / "mixed.pt")["encoders"]["execution_encoder"]["energy_mix"] == 1.25
