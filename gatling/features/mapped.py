"""Arrays of a safetensors file as views: of bytes that were read, or of a file that is mapped and read where it is touched."""

from __future__ import annotations

import json
import math
import mmap
from pathlib import Path

import numpy as np

_TYPES = {"I8": "i1", "U8": "u1", "I32": "<i4", "I64": "<i8", "F16": "<f2", "F32": "<f4", "F64": "<f8"}


def mapped_arrays(path: Path) -> dict[str, np.ndarray]:
    """Return the arrays of a file without reading them. Raises: as `arrays_in`, and OSError."""
    with path.open("rb") as stream:
        return arrays_in(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ))


def arrays_in(content: bytes | mmap.mmap) -> dict[str, np.ndarray]:
    """Return the arrays that a file's bytes hold, read-only views of them. Raises: ValueError if they are no such file."""
    length = int.from_bytes(content[:8], "little")
    if not 0 < length <= len(content) - 8:
        raise ValueError("its header is longer than the file")
    found = {}
    try:
        for name, entry in json.loads(content[8 : 8 + length]).items():
            if name == "__metadata__":
                continue
            (start, end), shape = entry["data_offsets"], tuple(entry["shape"])
            kind = np.dtype(_TYPES[entry["dtype"]])
            if not 0 <= start <= end <= len(content) - 8 - length or end - start != math.prod(shape) * kind.itemsize:
                raise ValueError(f"{name} does not fit into the file")
            flat = np.frombuffer(content, kind, math.prod(shape), 8 + length + start)
            found[name] = flat.reshape(shape)
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"its header cannot be read: {error}") from None
    return found
