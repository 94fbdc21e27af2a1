"""Words that are spelt anew while training."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from gatling.encoders import DualEncoder
from gatling.errors import ConfigError
from gatling.features.words import WordVectors
from gatling.schema.words import NEGATIONS
from gatling.training.config import TrainingConfig
from gatling.training.renaming import RenamedWords
from tests.builders import SMALL
from tests.training.steps import shared_corpus, step

WORDS = [f"{a}{b}{c}ing" for a in "bdfgklmnpr" for b in "aeiou" for c in ("st", "nd", "rk", "mp")]


def renamed(share: float, key: tuple[int, ...] = (0, 0, 0)) -> RenamedWords:
    return RenamedWords(WordVectors(), share=share, key=key)


def test_about_the_share_is_renamed_and_the_rest_is_left() -> None:
    counts = [sum(renamed(0.3, (0, 0, i)).rename(w) != w for w in WORDS) / len(WORDS) for i in range(30)]
    assert 0.2 < np.mean(counts) < 0.4
    assert [renamed(0.0).rename(w) for w in WORDS] == WORDS
    assert sum(renamed(1.0).rename(w) == w for w in WORDS) < 10  # a permutation may leave a few letters where they are


def test_two_words_stay_two_words_and_share_a_beginning_as_before() -> None:
    everything = renamed(1.0)
    assert len({everything.rename(w) for w in WORDS}) == len(WORDS)
    one, other = everything.rename("invoice"), everything.rename("invoices")
    assert other.startswith(one)
    assert one != "invoice"


@pytest.mark.parametrize("word", [*sorted(NEGATIONS), "true", "false", "to", "42", "a1b2c3", "2024-05"])
def test_what_means_something_by_itself_is_kept(word: str) -> None:
    assert renamed(1.0).rename(word) == word


def test_the_vectors_are_those_of_the_new_words_whatever_else_is_read() -> None:
    backbone = renamed(0.5)
    together = backbone(WORDS)
    assert np.array_equal(together, WordVectors()([backbone.rename(w) for w in WORDS]))
    assert np.array_equal(backbone(WORDS[:3]), together[:3])
    assert backbone([]).shape == (0, WordVectors().dim)


def test_the_same_key_renames_alike_and_another_does_not() -> None:
    first = [renamed(0.5, (1, 2, 3)).rename(w) for w in WORDS]
    assert first == [renamed(0.5, (1, 2, 3)).rename(w) for w in WORDS]
    assert first != [renamed(0.5, (1, 2, 4)).rename(w) for w in WORDS]


def test_a_step_is_renamed_in_contexts_and_plans_alike_however_it_is_cut() -> None:
    corpus = shared_corpus()
    plain, whole = step(corpus)[0], step(corpus, renamed_words=0.5)[0]
    for side in ("policy", "plan"):
        before, after = getattr(plain, side).texts.word_vectors, getattr(whole, side).texts.word_vectors
        assert before.shape == after.shape
        moved = (before != after).any(1).float().mean()
        assert 0.1 < moved < 0.9

    def vectors(batch: object, side: str) -> set[bytes]:
        return {row.numpy().tobytes() for row in getattr(batch, side).texts.word_vectors}

    pieces = step(corpus, renamed_words=0.5, chunk_size=9)
    for side in ("policy", "plan"):
        assert set.union(*(vectors(pieces[i], side) for i in range(pieces.num_chunks))) == vectors(whole, side)
    shared_before = vectors(plain, "policy") & vectors(plain, "plan")
    assert len(vectors(whole, "policy") & vectors(whole, "plan")) == len(shared_before)


def test_the_encoders_share_what_a_word_means() -> None:
    model = DualEncoder.create(**SMALL)
    assert model.governance.lexical_pool.project is model.execution.lexical_pool.project
    weight = model.governance.lexical_pool.project.weight
    assert sum(p is weight for p in model.parameters()) == 1
    with torch.no_grad():
        weight.add_(1)
    assert torch.equal(model.execution.state_dict()["lexical_pool.project.weight"], weight)


def test_a_share_beyond_its_range_is_refused() -> None:
    with pytest.raises(ConfigError, match="renamed_words|renamed-words"):
        TrainingConfig(renamed_words=1.5)
