"""Texts to vectors, and the lexical channel.

- A word's fixed vector goes through a small network once per distinct word of the batch. A text is the average of its
  words under learned weights, so filler counts less than names.
- The lexical channel carries which words stand in a record past the deep layers: the fixed word vectors, averaged
  under learned weights and projected to the latent space. Both encoders have the same projection (`DualEncoder.create`), so
  before any training a context and a plan that share rare words are already near each other, and words that training
  never saw still match. Without it the encoders would have to learn to copy names through attention, which small data
  does not teach.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from gatling.encoders.segments import at_least_fp32, segment_softmax
from gatling.features.backbone import Backbone
from gatling.features.numbers import NUMBER_DIM
from gatling.features.text import TextBatch, vector_dim

_PROJECTION_SEED = 20_181_203


@dataclass(frozen=True, slots=True)
class EncodedTexts:
    """The texts of a batch under a text encoder."""

    batch: TextBatch[Tensor]
    vectors: Float[Tensor, "X H"]
    """One vector a text; zeros for an empty one."""
    text_of: Int[Tensor, " P"]
    """The text of each word position."""
    lexical_weight: Float[Tensor, " P"]
    """Weight of each word in its text for the lexical channel; sums to 1 within a text."""


class TextEncoder(nn.Module):
    """Encode the distinct texts of a batch."""

    def __init__(self, hidden_dim: int, backbone: Backbone) -> None:
        super().__init__()
        self.word = nn.Sequential(
            nn.Linear(vector_dim(backbone), hidden_dim), nn.GELU(), nn.Linear(hidden_dim, hidden_dim)
        )
        self.weights = nn.Linear(hidden_dim, 2)

    def forward(self, texts: TextBatch[Tensor]) -> EncodedTexts:
        words = at_least_fp32(self.word(texts.word_vectors))  # (U, H)
        lengths = texts.offsets[1:] - texts.offsets[:-1]
        text_of = torch.repeat_interleave(torch.arange(texts.num_texts, device=lengths.device), lengths)  # (P,)
        scores = at_least_fp32(self.weights(words))[texts.word_index]  # (P, 2)
        weight = segment_softmax(scores, text_of, texts.num_texts)
        vectors = F.embedding_bag(
            texts.word_index,
            words,
            texts.offsets[:-1],
            mode="sum",
            per_sample_weights=weight[:, 0].contiguous(),
        )
        return EncodedTexts(texts, vectors, text_of, weight[:, 1])


class LexicalPool(nn.Module):
    """Average the words of each record under given scores and project them to the latent space.

    Shapes:
        text, scores, sample, sign: `(rows,)`, one per occurrence of a text in a record; what is denied can count negatively.
        output: `(B, D)`, each row of length 1, or zeros for a record without words.
    """

    def __init__(self, latent_dim: int, backbone: Backbone) -> None:
        super().__init__()
        word_dim = vector_dim(backbone)
        self.project = nn.Linear(word_dim, latent_dim)
        generator = torch.Generator().manual_seed(_PROJECTION_SEED)
        with torch.no_grad():
            wide = torch.randn(max(latent_dim, word_dim), min(latent_dim, word_dim), generator=generator)
            basis = torch.linalg.qr(wide.double()).Q.float()
            self.project.weight.copy_(basis if latent_dim >= word_dim else basis.T)
            self.project.bias.zero_()  # learns to take away what all records have in common
            self.project.weight[:, word_dim - NUMBER_DIM :] *= (
                0.1  # numbers match by their spelling; magnitudes are for the deep layers
            )

    def forward(
        self,
        texts: EncodedTexts,
        text: Int[Tensor, " rows"],
        scores: Float[Tensor, " rows"],
        sample: Int[Tensor, " rows"],
        sign: Float[Tensor, " rows"] | None = None,
    ) -> Float[Tensor, "B D"]:
        batch = texts.batch
        num_words = (batch.offsets[1:] - batch.offsets[:-1])[text]
        scores = scores + torch.log(
            num_words.clamp(min=1).to(scores.dtype)
        )  # before training, every word weighs the same
        weight = segment_softmax(scores[:, None], sample, batch.num_records)[:, 0]
        weight = weight if sign is None else weight * sign
        # A text belongs to one record, so its occurrences add up to one weight, and words are pooled straight from there.
        per_text = weight.new_zeros(batch.num_texts).index_add(0, text, weight)
        pooled = F.embedding_bag(
            batch.word_index,
            batch.word_vectors,
            batch.record_offsets,
            mode="sum",
            per_sample_weights=per_text[texts.text_of] * texts.lexical_weight,
        )  # (B, F)
        return F.normalize(at_least_fp32(self.project(pooled)), dim=-1)
