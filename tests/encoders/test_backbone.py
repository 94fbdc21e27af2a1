"""A backbone of one's own: a class and a row, and both kinds of encoders work on it."""

from __future__ import annotations

import hashlib
from typing import Final

import numpy as np
import pytest
from numpy.typing import NDArray

from gatling.encoders import DualEncoder
from gatling.errors import CheckpointError, ConfigError
from gatling.features import BACKBONES
from gatling.features.backbone import DEFAULT_BACKBONE, make_backbone
from gatling.features.numbers import NUMBER_DIM
from gatling.features.words import WORD_DIM
from gatling.runtime import RuntimeEncoders
from tests.builders import many_traces, node
from tests.models import small_model
from tests.text_backbone import NAME, make_raw_ngrams


class Letters:
    """How often each letter occurs."""

    reads: Final = "words"
    dim = 26

    def digest(self) -> bytes:
        return hashlib.sha256(b"letters").digest()

    def __call__(self, items: list[str], /) -> NDArray[np.float32]:
        counts = [[word.count(chr(97 + i)) for i in range(26)] for word in items]
        return np.array(counts, np.float32).reshape(-1, 26)


@pytest.fixture
def letters(monkeypatch: pytest.MonkeyPatch) -> DualEncoder:
    monkeypatch.setitem(BACKBONES, "letters", lambda use_table: Letters())
    return small_model(backbone="letters")


def test_both_kinds_of_encoders_work_on_it(letters: DualEncoder) -> None:
    assert letters.governance.text.word[0].in_features == 26 + NUMBER_DIM
    traces = many_traces(6)
    found = letters.runtime().energy(traces)
    assert np.abs(found - letters.energy(traces).numpy()).max() < 1e-5
    assert np.abs(found - small_model().energy(traces).numpy()).max() > 1e-3
    one, other = (letters.execution.encode({"nodes": [{"tool_name": n, "node_id": "n"}]}) for n in ("stop", "pots"))
    assert (one - other).abs().max() < 1e-6  # the same letters: nothing but the backbone reads the words
    assert letters.hparams["execution_encoder"]["backbone"] == "letters"


def test_one_that_reads_texts_works_on_both_and_in_any_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BACKBONES, NAME, make_raw_ngrams)
    model = small_model(backbone=NAME)
    traces = many_traces(6)
    found = model.runtime().energy(traces)
    assert np.abs(found - model.energy(traces).numpy()).max() < 1e-5
    alone = [float(model.energy([trace])) for trace in traces]
    assert np.abs(found - alone).max() < 1e-5
    values = ["Stop it", "stop it", 10**20, "1e+20"]
    latents = model.execution.encode([{"nodes": [node(arguments={"v": value})]} for value in values])
    assert (latents[0] - latents[1]).abs().max() > 1e-3  # as they were written
    assert (latents[2] - latents[3]).abs().max() > 1e-4  # written alike, but one is a number
    once = [model.execution.encode({"nodes": [node(arguments={"v": value})]})[0] for value in values]
    assert max(float((one - other).abs().max()) for one, other in zip(latents, once, strict=True)) < 1e-5


def test_weights_of_one_backbone_are_no_weights_of_another(letters: DualEncoder) -> None:
    states = [{n: t.numpy() for n, t in e.state_dict().items()} for e in (letters.governance, letters.execution)]
    hparams = {name: {**settings} for name, settings in letters.hparams.items()}
    for settings in hparams.values():
        settings["backbone"] = DEFAULT_BACKBONE
    with pytest.raises(CheckpointError, match="trained with other features"):
        RuntimeEncoders.from_arrays(hparams, *states, "here")
    del BACKBONES["letters"]
    with pytest.raises(CheckpointError, match="here: trained on the backbone 'letters', which is not registered"):
        RuntimeEncoders.from_arrays(letters.hparams, *states, "here")


def test_the_one_that_ships() -> None:
    assert list(BACKBONES) == [DEFAULT_BACKBONE, "minilm"]
    words = make_backbone(DEFAULT_BACKBONE)
    assert words(["delete", "12"]).shape == (2, words.dim) == (2, WORD_DIM)
    assert words.digest() != make_backbone(DEFAULT_BACKBONE, use_table=False).digest()
    assert "backbone" not in small_model().hparams["governance_encoder"]  # what older versions wrote stays what it was
    with pytest.raises(ConfigError, match="there is no backbone 'bert'; there are lexicon, minilm"):
        make_backbone("bert")
