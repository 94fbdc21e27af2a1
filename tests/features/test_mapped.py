"""Safetensors files as views: what is read is what the library reads, and a damaged header is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import gatling
from gatling.features.mapped import arrays_in, mapped_arrays

LEXICON = Path(gatling.__file__).parent / "assets" / "lexicon.safetensors"


def made(header: object, body: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + body


def test_arrays_come_back() -> None:
    values = np.arange(6, dtype="<f4").reshape(2, 3)
    header = {
        "a": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]},
        "b": {"dtype": "U8", "shape": [], "data_offsets": [24, 25]},
        "__metadata__": {"x": "y"},
    }
    found = arrays_in(made(header, values.tobytes() + b"\x07"))
    assert found.keys() == {"a", "b"}
    assert np.array_equal(found["a"], values)
    assert found["b"].shape == ()
    assert int(found["b"]) == 7
    with pytest.raises(ValueError, match="read-only"):
        found["a"][0] = 1


def test_a_mapped_file_is_the_one_that_is_read() -> None:
    mapped, read = mapped_arrays(LEXICON), arrays_in(LEXICON.read_bytes())
    assert mapped.keys() == read.keys() == {"table", "scale"}
    for name, array in mapped.items():
        assert np.array_equal(array, read[name])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "longer than the file"),
        (b"\xff" * 20, "longer than the file"),
        (made(b"{"), "Expecting"),
        (made([]), "cannot be read"),
        (made({"a": {}}), "cannot be read"),
        (made({"a": {"dtype": "F99", "shape": [1], "data_offsets": [0, 4]}}, b"0000"), "cannot be read"),
        (made({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]}}, b"0000"), "does not fit"),
        (made({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}, b"0000"), "does not fit"),
        (made({"a": {"dtype": "F32", "shape": [1], "data_offsets": [-4, 0]}}, b"0000"), "does not fit"),
        (made(b"[" * 100_000), "cannot be read|recursion"),
    ],
)
def test_a_damaged_file_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        arrays_in(content)
