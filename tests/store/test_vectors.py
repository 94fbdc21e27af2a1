"""Vectors of texts are kept: what was read once is not read again, in whatever process."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

from gatling.store import vectors
from gatling.store.vectors import KeptVectors
from tests.text_backbone import RawNgrams, make_raw_ngrams

TEXTS = [f"text number {i}" for i in range(40)]


@pytest.fixture(autouse=True)
def _nothing_seen() -> None:
    RawNgrams.seen.clear()


def test_what_is_kept_is_not_read_again(tmp_path: Path) -> None:
    backbone = make_raw_ngrams(True)
    want = backbone(TEXTS)
    told: list[tuple[int, int]] = []
    KeptVectors(backbone, tmp_path).keep([*TEXTS, *TEXTS], lambda *done: told.append(done))
    assert told == [(40, 40)]
    RawNgrams.seen.clear()
    kept = pickle.loads(pickle.dumps(KeptVectors(backbone, tmp_path)))
    assert (kept(TEXTS[::-1]) == want[::-1]).all()
    assert len(kept) == 40
    assert not RawNgrams.seen
    assert (kept(["new", TEXTS[3]]) == backbone(["new", TEXTS[3]])).all()
    assert kept([]).shape == (0, kept.dim)
    assert kept.digest() == backbone.digest()


def test_more_is_added_and_a_stop_loses_little(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectors, "_BLOCK", 4)
    monkeypatch.setattr(vectors, "_WRITE_EVERY", 8)
    backbone = make_raw_ngrams(True)

    def stop(done: int, total: int) -> None:
        if done == 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        KeptVectors(backbone, tmp_path).keep(TEXTS, stop)
    kept = KeptVectors(backbone, tmp_path)
    assert len(kept) == 16
    RawNgrams.seen.clear()
    kept.keep(TEXTS)
    assert RawNgrams.seen == set(TEXTS[16:])
    assert (kept(TEXTS) == backbone(TEXTS)).all()


def test_what_fits_into_16_bits_takes_16(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    backbone = make_raw_ngrams(True)
    wide = KeptVectors(backbone, tmp_path / "wide")
    wide.keep(TEXTS)
    monkeypatch.setattr(RawNgrams, "__call__", lambda self, items: np.ones((len(items), self.dim), np.float32))
    narrow = KeptVectors(backbone, tmp_path / "narrow")
    narrow.keep(TEXTS)
    assert narrow.path.stat().st_size < 0.6 * wide.path.stat().st_size


def test_a_damaged_file_is_named_and_made_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    backbone = make_raw_ngrams(True)
    whole = KeptVectors(backbone, tmp_path)
    whole.keep(TEXTS)
    content = whole.path.read_bytes()
    other = save({"keys": np.zeros((3, 2), np.int64), "rows": np.zeros((3, backbone.dim + 1), np.float32)})
    for damaged in (b"", b"no such file", content[:-8], other, save({"keys": np.zeros((0, 2), np.int64)})):
        whole.path.write_bytes(damaged)
        caplog.clear()
        kept = KeptVectors(backbone, tmp_path)
        assert len(kept) == 0
        assert f"{whole.path} is damaged" in caplog.text
        kept.keep(TEXTS)
        assert whole.path.read_bytes() == content
