"""`cached_property` without a lock.

That of `functools` holds one lock for all objects of a class up to Python 3.11: while one thread works out the latent of a large
context, every other thread waits that needs the latent of any context. Here two threads that ask an object the same at the same
time both work it out, and one answer stays; so what is computed must be the same each time, and may not count or draw.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, Self, TypeVar, overload

T = TypeVar("T")


class cached_property(Generic[T]):
    """A value that an object works out when it is first asked for, and keeps in its `__dict__`."""

    def __init__(self, function: Callable[[Any], T]) -> None:
        self._function = function
        self.__doc__ = function.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type | None = None) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: type | None = None) -> T: ...
    def __get__(self, instance: object | None, owner: type | None = None) -> Self | T:
        if instance is None:
            return self
        # Once it is kept, the object's own attribute is found first, and this is not asked any more.
        return instance.__dict__.setdefault(self._name, self._function(instance))  # type: ignore[no-any-return]
