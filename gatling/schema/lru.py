"""Values worth keeping: the most recently used ones, bounded in number and in size.

The one such cache of the package. `cachetools.LRUCache` under a lock answers the same in twice the time (2.0 against 1.1 us).
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sized
from functools import lru_cache, wraps
from inspect import signature
from typing import Any, Generic, ParamSpec, TypeVar, cast

KeyT = TypeVar("KeyT")
ValueT = TypeVar("ValueT")
P = ParamSpec("P")
R = TypeVar("R")

MAX_REMEMBERED_CHARS = 256


def remembered(max_count: int, *, max_chars: int = MAX_REMEMBERED_CHARS) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Remember what a function of texts returns, as `functools.lru_cache` does, but of short texts alone: words, names, and what
    else is met again. Whoever sends long ones fills no memory with them.

    Most such functions are of one text, and are asked hundreds of times for a decision. Those are looked up in a mapping, with no
    step of Python's in between; when it is full, all is forgotten.

    Args:
        max_chars: of all its arguments together.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        if len(signature(function).parameters) == 1:
            return _OfOneText(function, max_count, max_chars).__getitem__  # type: ignore[return-value]
        known = lru_cache(max_count)(function)

        @wraps(function)
        def answer(*texts: P.args, **none: P.kwargs) -> R:
            is_short = sum(map(len, cast("tuple[Sized, ...]", texts))) <= max_chars
            return known(*texts) if is_short else function(*texts)  # type: ignore[call-arg]

        return answer

    return decorate


class _OfOneText(dict[Any, Any]):
    """What a function has returned, by text."""

    def __init__(self, function: Callable[..., Any], max_count: int, max_chars: int) -> None:
        super().__init__()
        self._function = function
        self._max_count = max_count
        self._max_chars = max_chars

    def __missing__(self, text: Any) -> Any:
        found = self._function(text)
        if len(text) <= self._max_chars:
            if len(self) >= self._max_count:
                self.clear()
            self[text] = found
        return found


class LruCache(Generic[KeyT, ValueT]):
    """The most recently used values; safe to share between threads.

    Args:
        max_count: how many, at most.
        max_bytes: of all together, at most; by the sizes that `put` and `get` are told. None for no limit.
    """

    def __init__(self, max_count: int, *, max_bytes: int | None = None) -> None:
        self._max_count = max_count
        self._max_bytes = max_bytes
        self._values: OrderedDict[KeyT, tuple[ValueT, int]] = OrderedDict()
        self._lock = threading.Lock()
        self.num_bytes = 0

    def find(self, key: KeyT) -> ValueT | None:
        """Return the value of a key if it is kept."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key][0]
        return None

    def put(self, key: KeyT, value: ValueT, *, size_bytes: int = 0) -> ValueT:
        """Keep a value, and return the one that is kept: of two threads the first. One above all limits is not kept."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key][0]
            if self._max_bytes is not None and size_bytes > self._max_bytes:
                return value
            self._values[key] = value, size_bytes
            self.num_bytes += size_bytes
            while len(self._values) > self._max_count or (
                self._max_bytes is not None and self.num_bytes > self._max_bytes
            ):
                self.num_bytes -= self._values.popitem(last=False)[1][1]
        return value

    def get(self, key: KeyT, make: Callable[[], ValueT], *, size_bytes: int = 0) -> ValueT:
        """Return the value of a key, making it if it is not kept. Two threads may make it at once; the first one stays."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key][0]
        return self.put(key, make(), size_bytes=size_bytes)

    def pop(self, key: KeyT) -> ValueT | None:
        """Take a value out, and return it if it was kept."""
        with self._lock:
            value, size_bytes = self._values.pop(key, (None, 0))
            self.num_bytes -= size_bytes
        return value

    def __len__(self) -> int:
        return len(self._values)

    def __reduce__(self) -> tuple[Callable[..., LruCache[KeyT, ValueT]], tuple[int, int | None]]:
        """A copy in another process starts empty."""
        return _empty, (self._max_count, self._max_bytes)


def _empty(max_count: int, max_bytes: int | None) -> LruCache[KeyT, ValueT]:
    return LruCache(max_count, max_bytes=max_bytes)
