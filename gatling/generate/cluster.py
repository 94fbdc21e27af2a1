"""Running a function over many pieces of work on a Ray cluster (extra `ray`)."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from gatling.errors import ConfigError, MissingExtraError

Work = TypeVar("Work")
Result = TypeVar("Result")


def on_ray(function: Callable[[Work], Result], pieces: Iterable[Work], *, workers: int) -> Iterator[Result]:
    """Yield the results of a function over pieces of work, in the order of the pieces.

    Joins the cluster that RAY_ADDRESS names, as Ray itself does; without one, a cluster of `workers` processes is started
    on this machine and ended afterwards. At most twice as many pieces as workers wait at a time, so memory does not grow with
    their number.

    Raises:
        MissingExtraError: without the extra `ray`.
        ConfigError: if the cluster cannot be reached.
    """
    try:
        import ray
    except ImportError:
        raise MissingExtraError("--engine ray", "ray") from None
    was_running = ray.is_initialized()
    if not was_running:
        try:
            _start(ray, workers)
        except ConnectionError as error:
            raise ConfigError(f"the Ray cluster cannot be reached: {error}") from None
    try:
        task = ray.remote(function)
        waiting: deque[Any] = deque()
        for piece in pieces:
            waiting.append(task.remote(piece))
            if len(waiting) >= 2 * workers:
                yield ray.get(waiting.popleft())
        while waiting:
            yield ray.get(waiting.popleft())
    finally:
        if not was_running:
            ray.shutdown()


def _start(ray: Any, workers: int) -> None:
    options = {"include_dashboard": False, "log_to_driver": False, "logging_level": "ERROR"}
    if os.environ.get("RAY_ADDRESS"):
        ray.init(logging_level="ERROR")
    else:
        ray.init(num_cpus=workers, **options)
