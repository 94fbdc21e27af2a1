"""Who judges, and who waits: a fixed number of workers, each with one request at a time, and one bounded queue for all.

- A request about a session goes to the worker that its id names, so that one worker alone holds the session, and its requests
  come one after the other. Any other request goes to whoever is free.
- Where the queue is full, or nobody was free in time, the request is refused (`BusyError`), and nothing of it was judged.
- A worker that takes too long, or ends, is replaced by a new one; the request that it had is an error.
"""

from __future__ import annotations

import asyncio
import logging
import time
import zlib
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from gatling.server.settings import Bounds

_log = logging.getLogger("gatling")
_RESTART_S = (0.0, 1.0, 2.0, 5.0, 10.0)
"""Between a worker's end and the next try, by how many failed since one was ready."""


class Answered(NamedTuple):
    """Status and JSON text of an answer."""

    status: int
    body: bytes


class WorkerError(Exception):
    """A worker could not be started, or has ended."""


class BusyError(Exception):
    """Nobody is free for a request, and nothing of it was judged."""


class LateError(Exception):
    """A request took too long."""


class Worker(Protocol):
    """Who judges; it is asked by one thread at a time."""

    @property
    def is_alive(self) -> bool:
        """Whether it can be asked; one that has ended while nobody asked is replaced before somebody does."""

    def start(self) -> None:
        """Be ready to be asked. Raises: WorkerError."""

    def ask(self, name: str, params: dict[str, str], body: bytes) -> Answered:
        """Answer a request. Raises: WorkerError."""

    def kill(self) -> None:
        """End now, also while somebody asks, who then gets a `WorkerError`."""

    def close(self) -> None:
        """End when all is answered."""


@dataclass(eq=False, slots=True)
class _Job:
    name: str
    params: dict[str, str]
    body: bytes
    lane: int | None
    until: float
    answer: asyncio.Future[Answered]


class Pool:
    """Shares requests out; used in one event loop.

    Args:
        make: makes a worker.
        count: how many there are.
    """

    def __init__(self, make: Callable[[], Worker], count: int, bounds: Bounds) -> None:
        self._workers = [make() for _ in range(count)]
        self._bounds = bounds
        self._threads = [ThreadPoolExecutor(1, f"gatling-lane-{n}") for n in range(count)]
        self._ready = [False] * count
        self._waiting: deque[_Job] = deque()
        self._wake: list[asyncio.Event] = []
        self._lanes: list[asyncio.Task[None]] = []
        self._running = 0
        self._is_closing = False
        self.fault = ""
        """Why the worker that failed last could not be started; empty when all are ready."""

    @property
    def num_ready(self) -> int:
        return sum(self._ready)

    @property
    def num_waiting(self) -> int:
        return len(self._waiting)

    async def start(self) -> None:
        """Start all workers. Raises: WorkerError if one cannot be started."""
        loop = asyncio.get_running_loop()
        starts = [loop.run_in_executor(t, w.start) for t, w in zip(self._threads, self._workers, strict=True)]
        try:
            await asyncio.gather(*starts)
        except WorkerError:
            await asyncio.gather(*starts, return_exceptions=True)
            for worker in self._workers:
                worker.kill()
            raise
        self._ready = [True] * len(self._workers)
        self._wake = [asyncio.Event() for _ in self._workers]
        self._lanes = [asyncio.create_task(self._serve(n)) for n in range(len(self._workers))]

    async def ask(self, name: str, params: dict[str, str], body: bytes, *, key: str | None = None) -> Answered:
        """Have a request answered.

        Args:
            key: requests with the same key go to the same worker.

        Raises:
            BusyError, LateError, WorkerError.
        """
        if self._is_closing or len(self._waiting) >= self._bounds.max_queue:
            raise BusyError
        lane = None if key is None else zlib.crc32(key.encode()) % len(self._workers)
        answer: asyncio.Future[Answered] = asyncio.get_running_loop().create_future()
        job = _Job(name, params, body, lane, time.monotonic() + self._bounds.max_wait_s, answer)
        self._waiting.append(job)
        for n in range(len(self._workers)) if lane is None else (lane,):
            self._wake[n].set()
        timer = asyncio.get_running_loop().call_later(self._bounds.max_wait_s, self._give_up, job)
        try:
            return await answer
        finally:
            timer.cancel()
            if job in self._waiting:  # whoever asked has gone
                self._waiting.remove(job)

    async def close(self) -> None:
        """End when what runs is answered; what waits is refused."""
        if self._is_closing:
            return
        self._is_closing = True
        for job in list(self._waiting):
            self._give_up(job)
        until = time.monotonic() + self._bounds.drain_s
        while self._running and time.monotonic() < until:
            await asyncio.sleep(0.01)
        for lane in self._lanes:
            lane.cancel()
        await asyncio.gather(*self._lanes, return_exceptions=True)
        loop = asyncio.get_running_loop()
        for worker, thread in zip(self._workers, self._threads, strict=True):
            if self._running:
                worker.kill()
            await loop.run_in_executor(thread, worker.close)
            thread.shutdown(wait=False)

    def _give_up(self, job: _Job) -> None:
        if job in self._waiting:
            self._waiting.remove(job)
            if not job.answer.done():
                job.answer.set_exception(BusyError())

    def _next(self, lane: int) -> _Job | None:
        """Take the first request that this lane may have."""
        for job in self._waiting:
            if job.lane in (None, lane):
                self._waiting.remove(job)
                return job
        return None

    async def _serve(self, lane: int) -> None:
        """Answer one request after the other."""
        failed = 0
        while True:
            if not self._ready[lane]:
                await asyncio.sleep(_RESTART_S[min(failed, len(_RESTART_S) - 1)])
                failed = 0 if await self._restart(lane) else failed + 1
                continue
            job = self._next(lane)
            if job is None:
                self._wake[lane].clear()
                await self._wake[lane].wait()
                continue
            if not self._workers[lane].is_alive:
                self._ready[lane] = False
                self._waiting.appendleft(job)  # nothing of it was judged
                continue
            self._running += 1
            try:
                await self._answer(lane, job)
            finally:
                self._running -= 1

    async def _answer(self, lane: int, job: _Job) -> None:
        worker = self._workers[lane]
        asked = asyncio.get_running_loop().run_in_executor(
            self._threads[lane], worker.ask, job.name, job.params, job.body
        )
        try:
            answered = await asyncio.wait_for(asyncio.shield(asked), self._bounds.judge_s)
        except TimeoutError:
            _log.error("a request of %s took more than %g s: its process is ended", job.name, self._bounds.judge_s)
            self._fail(lane, job, LateError())
            worker.kill()
            await asyncio.gather(asked, return_exceptions=True)
        except asyncio.CancelledError:
            self._fail(lane, job, WorkerError("the server has ended"))
            raise
        except Exception as error:
            _log.error("a process that judges has ended: %s", error)
            self._fail(lane, job, WorkerError(str(error)))
        else:
            if not job.answer.done():
                job.answer.set_result(answered)

    def _fail(self, lane: int, job: _Job, error: Exception) -> None:
        self._ready[lane] = False
        if not job.answer.done():
            job.answer.set_exception(error)

    async def _restart(self, lane: int) -> bool:
        try:
            await asyncio.get_running_loop().run_in_executor(self._threads[lane], self._workers[lane].start)
        except WorkerError as error:
            self.fault = str(error)
            _log.error("no process that judges could be started: %s", error)
            return False
        self._ready[lane] = True
        if all(self._ready):
            self.fault = ""
        return True
