"""JSON files that state their own digest: settings of a model, critics, calibrations.

That finds damage, not forgery: who can write the file can write its digest.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from gatling.errors import CheckpointError

_LAST_FIELD = b',\n  "digest": "'


def sealed(content: dict[str, Any]) -> bytes:
    """Return the bytes of the file: the content, and as the last field the SHA-256 of its JSON text."""
    digest = hashlib.sha256(json.dumps(content, indent=2, allow_nan=False).encode()).hexdigest()
    return (json.dumps({**content, "digest": digest}, indent=2, allow_nan=False) + "\n").encode()


def read_sealed(path: Path, version: int, *, missing: str = "") -> tuple[dict[str, Any], str]:
    """Read such a file. Returns: its content, and the SHA-256 of its bytes.

    Args:
        missing: what to say if there is no such file.

    Raises:
        CheckpointError: if it is missing, is not byte for byte what was written, or is of another version.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise CheckpointError(missing or f"{path}: no such file") from None
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be read: {error.strerror or error}") from None
    try:
        data = json.loads(content)
    except (ValueError, RecursionError):
        raise CheckpointError(f"{path}: damaged: it is not JSON") from None
    if not isinstance(data, dict) or data.get("format_version") != version:
        raise CheckpointError(f"{path}: format_version is not {version}")
    text, _, end = content.rpartition(_LAST_FIELD)
    is_whole = end == hashlib.sha256(text + b"\n}").hexdigest().encode() + b'"\n}\n'
    data.pop("digest", None)
    if not is_whole:
        raise CheckpointError(f"{path}: damaged or edited: it does not have the digest that it states")
    return data, hashlib.sha256(content).hexdigest()
