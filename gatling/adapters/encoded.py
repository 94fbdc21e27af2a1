"""Pictures, sound and files in what a tool returned: encoded bytes, which hold no text for a judge of texts."""

from __future__ import annotations

from typing import Any

from gatling.adapters.format import MEDIA, kind_of
from gatling.errors import InputError
from gatling.schema.sizes import MAX_DEPTH

_ENCODED = ("data", "source", "file", "image_url", "file_data")
_BYTES = ("blob", "base64")


def without_encoded(value: Any) -> Any:
    """Return data without encoded bytes, as a judge reads it. Raises: InputError if it is nested too deeply."""
    return _without(value, 0)


def has_encoded(value: Any) -> bool:
    """Tell whether there are bytes in the data that nobody here can read."""
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            if kind_of(item) in MEDIA or any(isinstance(item.get(key), str) for key in _BYTES):
                return True
            stack.extend(item.values())
        elif isinstance(item, list):
            stack.extend(item)
    return False


def _without(value: Any, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise InputError(f"nested deeper than {MAX_DEPTH}")
    if isinstance(value, list):
        return [_without(item, depth + 1) for item in value]
    if not isinstance(value, dict):
        return value
    is_media = kind_of(value) in MEDIA
    return {
        key: _without(item, depth + 1)
        for key, item in value.items()
        if not (is_media and key in _ENCODED) and not (key in _BYTES and isinstance(item, str))
    }
