"""Message objects of SDKs as plain data.

    pydantic models                 model_dump()
    dataclasses                     their fields
    anything with to_dict()         what that returns
    mappings, enums, dates          an object, the value, ISO text

Bytes, and objects of any other kind, become `UNREADABLE`: harmless in a picture or in what a client noted for itself, refused
in the arguments of a call. All is copied, so that nobody changes a message after it was judged.
"""

from __future__ import annotations

import dataclasses
import datetime
import enum
import uuid
from collections.abc import Mapping
from typing import Any

from gatling.errors import InputError
from gatling.schema.plain import check_plain
from gatling.schema.sizes import MAX_DEPTH, MAX_MESSAGE_VALUES

UNREADABLE = {"type": "base64"}
"""What stands for bytes and for objects that cannot be read; told by identity."""


def plain_message(message: Any, path: str) -> Any:
    """Return a message as JSON data of our own.

    Raises:
        InputError: with the path, for what is not JSON data within the limits, or an object whose own method fails.
    """
    copied = _Copy(path).of(message, 0)
    check_plain(copied, path)
    return copied


def holds_unreadable(data: Any) -> bool:
    """Tell whether something in a message could not be read."""
    stack = [data]
    while stack:
        item = stack.pop()
        if item is UNREADABLE:
            return True
        if isinstance(item, dict):
            stack.extend(item.values())
        elif isinstance(item, list):
            stack.extend(item)
    return False


class _Copy:
    def __init__(self, path: str) -> None:
        self._path = path
        self._count = 0

    def of(self, value: Any, depth: int) -> Any:
        """Copy a value. The depth of recursion is bounded, and so is the number of values of all calls together."""
        self._count += 1
        if self._count > MAX_MESSAGE_VALUES:
            raise InputError(f"more than {MAX_MESSAGE_VALUES} values", path=self._path)
        kind = type(value)
        if kind is str or value is None or kind is bool or kind is int or kind is float:
            return value
        if depth > MAX_DEPTH:
            raise InputError(f"nested deeper than {MAX_DEPTH}", path=self._path)
        if isinstance(value, Mapping):
            return {key: self.of(item, depth + 1) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.of(item, depth + 1) for item in value]
        if isinstance(value, enum.Enum):
            return self.of(value.value, depth + 1)
        if isinstance(value, (str, int, float)):  # subclasses of JSON's own types
            return value
        if isinstance(value, (datetime.date, datetime.time)):
            return value.isoformat()
        if isinstance(value, uuid.UUID):
            return str(value)
        opened = self._opened(value)
        return UNREADABLE if opened is None else self.of(opened, depth + 1)

    def _opened(self, value: Any) -> Any:
        """Return the content of an object that can tell it, else None."""
        kind = type(value)
        try:
            if callable(getattr(kind, "model_dump", None)):
                return value.model_dump()
            if dataclasses.is_dataclass(kind):
                return {f.name: getattr(value, f.name) for f in dataclasses.fields(kind)}
            if callable(getattr(kind, "to_dict", None)):
                return value.to_dict()
        except Exception as error:  # their code, on data that may be hostile
            reason = f"a {kind.__name__} that cannot be read: {type(error).__name__}"
            raise InputError(reason, path=self._path) from None
        return None
