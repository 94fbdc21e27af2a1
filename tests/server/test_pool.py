"""Who is asked, who waits, and what becomes of a worker that ends or takes too long."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from gatling.server import Bounds, Pool
from gatling.server.pool import Answered, BusyError, LateError, WorkerError


class Fake:
    """A worker that does what the name of the request says, and notes what it was asked."""

    made: list[Fake]

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.starts = 0
        self.killed = threading.Event()
        self.go_on = threading.Event()
        self.can_start = True
        self.is_alive = False
        Fake.made.append(self)

    def start(self) -> None:
        self.starts += 1
        if not self.can_start:
            raise WorkerError("no model")
        self.is_alive = True
        self.killed.clear()

    def ask(self, name: str, params: dict[str, str], body: bytes) -> Answered:
        self.asked.append(name)
        if name == "end":
            raise WorkerError("it has ended")
        if name == "hold":
            while not self.go_on.wait(0.01):
                if self.killed.is_set():
                    raise WorkerError("killed")
        return Answered(200, body)

    def kill(self) -> None:
        self.killed.set()

    def close(self) -> None:
        pass


@pytest.fixture(autouse=True)
def _none_made() -> None:
    Fake.made = []


def running(count: int, work: Callable[[Pool], Coroutine[Any, Any, None]], **bounds: Any) -> None:
    async def whole() -> None:
        pool = Pool(Fake, count, Bounds(**bounds))
        await pool.start()
        try:
            await work(pool)
        finally:
            for fake in Fake.made:
                fake.go_on.set()
            await pool.close()

    asyncio.run(asyncio.wait_for(whole(), 30))


def test_one_key_goes_to_one_worker_and_others_to_whoever_is_free() -> None:
    async def work(pool: Pool) -> None:
        for n in range(40):
            await asyncio.gather(*(pool.ask(f"k{n % 8}", {}, b"", key=f"k{n % 8}") for _ in range(2)))
        homes: dict[str, set[int]] = {}
        for n, fake in enumerate(Fake.made):
            for name in fake.asked:
                homes.setdefault(name, set()).add(n)
        assert len(homes) == 8
        assert all(len(where) == 1 for where in homes.values())
        assert len({n for where in homes.values() for n in where}) > 1
        held = [asyncio.create_task(pool.ask("hold", {}, b"")) for _ in range(2)]
        await asyncio.sleep(0.05)
        assert (await asyncio.wait_for(pool.ask("free", {}, b"x"), 5)).body == b"x"  # the third is free
        for fake in Fake.made:
            fake.go_on.set()
        await asyncio.gather(*held)

    running(3, work)


def test_who_waits_for_a_held_worker_does_not_hold_up_others() -> None:
    async def work(pool: Pool) -> None:
        keys = {
            n: next(f"k{i}" for i in range(100) if __import__("zlib").crc32(f"k{i}".encode()) % 2 == n)
            for n in range(2)
        }
        held = asyncio.create_task(pool.ask("hold", {}, b"", key=keys[0]))
        behind = asyncio.create_task(pool.ask("behind", {}, b"", key=keys[0]))
        await asyncio.sleep(0.05)
        await asyncio.wait_for(pool.ask("other", {}, b"", key=keys[1]), 5)
        assert not behind.done()
        Fake.made[0].go_on.set()
        await asyncio.gather(held, behind)
        assert Fake.made[0].asked == ["hold", "behind"]

    running(2, work)


def test_a_worker_that_takes_too_long_is_replaced() -> None:
    async def work(pool: Pool) -> None:
        with pytest.raises(LateError):
            await pool.ask("hold", {}, b"")
        assert (await pool.ask("next", {}, b"y")).body == b"y"
        assert Fake.made[0].starts == 2

    running(1, work, judge_s=0.1)


def test_a_worker_that_ends_is_replaced_and_tried_again_until_it_starts() -> None:
    async def work(pool: Pool) -> None:
        Fake.made[0].can_start = False
        with pytest.raises(WorkerError, match="it has ended"):
            await pool.ask("end", {}, b"")
        with pytest.raises(BusyError):
            await pool.ask("next", {}, b"")
        assert (pool.num_ready, pool.fault) == (0, "no model")
        Fake.made[0].can_start = True
        while not pool.num_ready:
            await asyncio.sleep(0.02)
        assert (await pool.ask("next", {}, b"z")).body == b"z"
        assert pool.fault == ""

    running(1, work, max_wait_s=0.1)


def test_a_worker_that_ended_while_nobody_asked_is_replaced_before_it_is_asked() -> None:
    async def work(pool: Pool) -> None:
        Fake.made[0].is_alive = False
        assert (await pool.ask("next", {}, b"y")).body == b"y"
        assert (Fake.made[0].asked, Fake.made[0].starts) == (["next"], 2)

    running(1, work)


def test_what_nobody_waits_for_any_more_is_not_judged() -> None:
    async def work(pool: Pool) -> None:
        held = asyncio.create_task(pool.ask("hold", {}, b""))
        await asyncio.sleep(0.05)
        waiting = asyncio.create_task(pool.ask("given up", {}, b""))
        await asyncio.sleep(0.05)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        Fake.made[0].go_on.set()
        await held
        await pool.ask("last", {}, b"")
        assert Fake.made[0].asked == ["hold", "last"]

    running(1, work)


def test_closing_answers_what_runs_and_refuses_what_waits() -> None:
    async def work(pool: Pool) -> None:
        held = asyncio.create_task(pool.ask("hold", {}, b"done"))
        waiting = asyncio.create_task(pool.ask("waits", {}, b""))
        await asyncio.sleep(0.05)
        closing = asyncio.create_task(pool.close())
        await asyncio.sleep(0.05)
        with pytest.raises(BusyError):
            await pool.ask("new", {}, b"")
        Fake.made[0].go_on.set()
        await closing
        assert (await held).body == b"done"
        with pytest.raises(BusyError):
            await waiting

    running(1, work)


def test_a_worker_that_cannot_start_is_said() -> None:
    async def whole() -> None:
        pool = Pool(Fake, 2, Bounds())
        Fake.made[1].can_start = False
        with pytest.raises(WorkerError, match="no model"):
            await pool.start()
        assert Fake.made[0].killed.is_set()

    asyncio.run(whole())
