"""Names and shapes of the weights that each encoder has; what else a file holds is no model."""

from __future__ import annotations

from typing import Any

from gatling.features.plan import NUM_LEAF_VALUES, NUM_NODE_VALUES, NUM_SENSITIVITIES, NUM_TIERS
from gatling.features.policy import MAX_DEPTH_FEATURE, NUM_EFFECTS, NUM_KINDS, NUM_SECTIONS, NUM_TOKEN_VALUES

EDGE_DIM = 32

Shapes = dict[str, tuple[int, ...]]


def governance_shapes(hparams: dict[str, Any], word_dim: int) -> Shapes:
    h = hparams["hidden_dim"]
    found = {
        **_shared(hparams, word_dim),
        **_linear("key", h, h),
        "value.weight": (h, h),
        "typed.weight": (h, NUM_TOKEN_VALUES),
        **_linear("lexical_scores", h, 2),
        "section_score": (NUM_SECTIONS,),
        "effect_sign": (NUM_EFFECTS,),
    }
    for column, count in enumerate((NUM_KINDS, NUM_SECTIONS, NUM_EFFECTS, MAX_DEPTH_FEATURE + 1)):
        found[f"codes.{column}.weight"] = (count, h)
    for i in range(hparams["num_layers"]):
        found |= {**_linear(f"layers.{i}.attention.qkv", h, 3 * h), **_linear(f"layers.{i}.attention.out", h, h)}
    return found


def execution_shapes(hparams: dict[str, Any], word_dim: int) -> Shapes:
    h, heads = hparams["hidden_dim"], hparams["num_heads"]
    found = {
        **_shared(hparams, word_dim),
        **_linear("tool", h, h),
        "tier.weight": (NUM_TIERS, h),
        "sensitivity.weight": (NUM_SENSITIVITIES, h),
        "node_typed.weight": (h, NUM_NODE_VALUES),
        **_linear("path", h, h),
        "value.weight": (h, h),
        "kind.weight": (NUM_KINDS, h),
        "leaf_typed.weight": (h, NUM_LEAF_VALUES),
        **_norm("leaf_norm", h),
        **_linear("leaf_scores", h, heads),
        **_linear("leaf_out", h, h),
        "edge_argument.weight": (EDGE_DIM, h),
        "edge_type.weight": (3 * NUM_TIERS * NUM_TIERS, EDGE_DIM),
        **_linear("tool_score", h, 1),
        **_linear("leaf_lexical_scores", h, 2),
    }
    for i in range(hparams["num_layers"]):
        name = f"layers.{i}.attention"
        found |= {**_linear(f"{name}.source", h, h), **_linear(f"{name}.target", h, h)}
        found |= {f"{name}.edge.weight": (h, EDGE_DIM), f"{name}.attention": (heads, h // heads), f"{name}.bias": (h,)}
    return found


def _shared(hparams: dict[str, Any], word_dim: int) -> Shapes:
    h, latent = hparams["hidden_dim"], hparams["latent_dim"]
    found: Shapes = {
        **_linear("text.word.0", word_dim, h),
        **_linear("text.word.2", h, h),
        **_linear("text.weights", h, 2),
        **_norm("input_norm", h),
        **_norm("readout.norm", h),
        **_linear("readout.scores", h, hparams["num_heads"]),
        **_linear("readout.project", 2 * h, latent),
        **_linear("lexical_pool.project", word_dim, latent),
        "log_mix": (),
    }
    for i in range(hparams["num_layers"]):
        name = f"layers.{i}"
        found |= {**_norm(f"{name}.attention_norm", h), **_norm(f"{name}.feed_forward_norm", h)}
        found |= {**_linear(f"{name}.feed_forward.0", h, 2 * h), **_linear(f"{name}.feed_forward.2", 2 * h, h)}
    return found


def _linear(name: str, inputs: int, outputs: int) -> Shapes:
    return {f"{name}.weight": (outputs, inputs), f"{name}.bias": (outputs,)}


def _norm(name: str, width: int) -> Shapes:
    return {f"{name}.weight": (width,), f"{name}.bias": (width,)}
