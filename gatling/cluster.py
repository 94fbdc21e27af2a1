"""Running a function over many pieces of work: in processes of this machine, or on a Ray cluster (extra `ray`).

Results come in the order of the pieces, and only a few pieces a worker wait at a time, so memory does not grow with their number.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from gatling.errors import ConfigError, GatlingError, MissingExtraError

Work = TypeVar("Work")
Result = TypeVar("Result")

_WAITING = 4


def in_processes(function: Callable[[Work], Result], pieces: Iterable[Work], *, workers: int) -> Iterator[Result]:
    """Yield the results of a function over pieces of work, in the order of the pieces; with one worker, in this process.

    Raises:
        GatlingError: if a process is killed, as for want of memory; and whatever the function raises.
    """
    if workers == 1:
        yield from map(function, pieces)
        return
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, context, initializer=end_with, initargs=(os.getpid(),))
    waiting: deque[Future[Result]] = deque()
    try:
        for piece in pieces:
            waiting.append(pool.submit(function, piece))
            if len(waiting) >= _WAITING * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
        pool.shutdown()
    except BaseException as error:
        pool.shutdown(wait=False, cancel_futures=True)
        for process in multiprocessing.active_children():
            process.terminate()
        if isinstance(error, BrokenProcessPool):
            raise GatlingError("a process was killed, perhaps for want of memory: try fewer --workers") from None
        raise


def end_with(parent: int) -> None:
    """Let this process end when the one that started it is gone, however that came about."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


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
