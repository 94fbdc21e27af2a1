"""The transformer of the backbone `minilm` is torch's, to rounding."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from gatling.features.minilm import Transformer
from tests.features.test_minilm import HEADS, INNER, LAYERS, WIDTH, WORDS, random_weights


def reference(weights: dict[str, np.ndarray], ids: np.ndarray) -> np.ndarray:
    """Return what torch's own layers make of the same weights."""
    w = {name: torch.from_numpy(array).double() for name, array in weights.items()}
    words, places, kinds = (w[f"embeddings.{part}_embeddings.weight"] for part in ("word", "position", "token_type"))
    states = words[torch.from_numpy(ids)] + places[: ids.shape[1]] + kinds[0]
    scale, shift = (w[f"embeddings.LayerNorm.{kind}"] for kind in ("weight", "bias"))
    states = nn.functional.layer_norm(states, (WIDTH,), weight=scale, bias=shift, eps=1e-12)
    for n in range(LAYERS):
        p = f"encoder.layer.{n}"
        layer = nn.TransformerEncoderLayer(WIDTH, HEADS, INNER, 0.0, "gelu", layer_norm_eps=1e-12, batch_first=True)
        parts = [f"{p}.attention.self.{part}" for part in ("query", "key", "value")]
        state = {
            "self_attn.in_proj_weight": torch.cat([w[f"{part}.weight"] for part in parts]),
            "self_attn.in_proj_bias": torch.cat([w[f"{part}.bias"] for part in parts]),
        }
        names = {"self_attn.out_proj": "attention.output.dense", "linear1": "intermediate.dense", "linear2": "output.dense",
                 "norm1": "attention.output.LayerNorm", "norm2": "output.LayerNorm"}  # fmt: skip
        state |= {
            f"{ours}.{kind}": w[f"{p}.{theirs}.{kind}"] for ours, theirs in names.items() for kind in ("weight", "bias")
        }
        layer.double().load_state_dict(state)
        with torch.no_grad():
            states = layer.train()(states)  # without dropout training is the same, and the layer takes no short cut
    return states.numpy()


def test_the_transformer_is_torchs() -> None:
    weights = random_weights()
    ids = np.random.default_rng(1).integers(0, WORDS, (3, 11))
    assert np.abs(Transformer(weights, heads=HEADS)(ids) - reference(weights, ids)).max() < 2e-5
