"""Vectors of texts, kept in a file beside the shards: a backbone that reads texts takes long, and each text is read once.

A file is for one backbone, by its digest: for each text 16 bytes of BLAKE2b, in the order of their numbers, and its vector, in 16
bits if that is all that there is to it.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from gatling.errors import InputError
from gatling.features.backbone import Backbone
from gatling.features.mapped import mapped_arrays
from gatling.schema.files import atomic_write

log = logging.getLogger(__name__)

_BLOCK = 512
_WRITE_EVERY = 16_384


class KeptVectors:
    """A backbone that reads texts, whose vectors of known texts come from a file.

    Args:
        backbone: reads what is not in the file.
        folder: where the file is, or will be.
    """

    reads: Final = "texts"

    def __init__(self, backbone: Backbone, folder: Path) -> None:
        self._backbone = backbone
        self._folder = folder
        self.dim = backbone.dim
        self.path = folder / f"vectors-{backbone.digest().hex()[:32]}.safetensors"
        self._keys: NDArray[np.uint64] = np.zeros((0, 2), np.uint64)
        self._rows: NDArray[np.floating[Any]] = np.zeros((0, self.dim), np.float16)
        if self.path.exists():
            self._load()

    def _load(self) -> None:
        try:
            arrays = mapped_arrays(self.path)
            keys, rows = arrays["keys"], arrays["rows"]
            if keys.dtype != np.int64 or keys.shape != (len(rows), 2) or rows.shape != (len(keys), self.dim):
                raise ValueError("its arrays do not have the shapes that they should have")
        except (KeyError, ValueError) as error:
            log.warning("%s is damaged (%s); its texts are read again", self.path, error)
        except OSError as error:
            raise InputError(f"cannot be read: {error.strerror or error}", file=str(self.path)) from None
        else:
            self._keys, self._rows = keys.view(np.uint64), rows

    def __len__(self) -> int:
        return len(self._keys)

    def digest(self) -> bytes:
        return self._backbone.digest()

    def __call__(self, texts: list[str], /) -> NDArray[np.float32]:
        """Return one row a text, `(len(texts), dim)`, as the backbone does."""
        found = self._find(_keys_of(texts))
        rows = np.zeros((len(texts), self.dim), np.float32)
        rows[found >= 0] = self._rows[found[found >= 0]]
        missing = np.flatnonzero(found < 0).tolist()
        if missing:
            rows[missing] = self._backbone([texts[i] for i in missing])
        return rows

    def keep(self, texts: Iterable[str], on_texts: Callable[[int, int], object] = lambda done, total: None) -> None:
        """Read the texts that are not in the file, and write them there.

        Args:
            on_texts: is told how many of how many are done; they are written now and then, so a stop loses little.
        """
        distinct = list(dict.fromkeys(texts))
        missing = [distinct[i] for i in np.flatnonzero(self._find(_keys_of(distinct)) < 0)]
        done: list[NDArray[np.floating[Any]]] = []
        first = 0
        for start in range(0, len(missing), _BLOCK):
            block = missing[start : start + _BLOCK]
            done.append(_narrow(self._backbone(block)))
            end = start + len(block)
            on_texts(end, len(missing))
            if end - first >= _WRITE_EVERY or end == len(missing):
                self._add(_keys_of(missing[first:end]), np.concatenate(done))
                first, done = end, []

    def _add(self, keys: NDArray[np.uint64], rows: NDArray[np.floating[Any]]) -> None:
        keys, rows = np.concatenate([self._keys, keys]), np.concatenate([self._rows, rows])
        order = np.lexsort((keys[:, 1], keys[:, 0]))
        self._folder.mkdir(parents=True, exist_ok=True)
        with atomic_write(self.path) as stream:
            stream.write(save({"keys": np.ascontiguousarray(keys[order]).view(np.int64), "rows": rows[order]}))
        self._load()

    def _find(self, keys: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Return the row of each key, -1 for one that is not there."""
        if not len(self._keys):
            return np.full(len(keys), -1)
        first = np.searchsorted(self._keys[:, 0], keys[:, 0])  # two texts that share 64 bits are not looked for further
        place = np.minimum(first, len(self._keys) - 1)
        return np.where((self._keys[place] == keys).all(axis=1), place, -1)

    def __reduce__(self) -> tuple[Any, ...]:  # data-loader workers map the file themselves
        return (KeptVectors, (self._backbone, self._folder))


def _narrow(rows: NDArray[np.float32]) -> NDArray[np.floating[Any]]:
    half = rows.astype(np.float16)
    return half if (half == rows).all() else rows


def _keys_of(texts: list[str]) -> NDArray[np.uint64]:
    digests = b"".join(hashlib.blake2b(text.encode(), digest_size=16).digest() for text in texts)
    return np.frombuffer(digests, "<u8").reshape(-1, 2)
