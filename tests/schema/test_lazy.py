"""A value that is worked out once, and by nobody else's leave."""

from __future__ import annotations

import threading

import pytest

from gatling.schema.lazy import cached_property


class Counted:
    def __init__(self, gate: threading.Event | None = None) -> None:
        self.num_made = 0
        self.gate = gate
        self.is_begun = threading.Event()

    @cached_property
    def answer(self) -> list[int]:
        """What it is."""
        self.num_made += 1
        self.is_begun.set()
        if self.gate is not None:
            assert self.gate.wait(10)
        return [self.num_made]


def test_it_is_worked_out_once() -> None:
    counted = Counted()
    first = counted.answer
    assert counted.answer is first
    assert counted.num_made == 1
    assert Counted.answer.__doc__ == "What it is."


def test_what_takes_long_for_one_object_holds_up_no_other() -> None:
    gate = threading.Event()
    slow, quick = Counted(gate), Counted()
    thread = threading.Thread(target=lambda: slow.answer)
    thread.start()
    try:
        assert slow.is_begun.wait(10)
        other = threading.Thread(target=lambda: quick.answer)
        other.start()
        other.join(5)
        assert not other.is_alive()
        assert quick.__dict__["answer"] == [1]
        assert "answer" not in slow.__dict__
    finally:
        gate.set()
        thread.join(10)


def test_of_two_threads_that_ask_at_once_one_answer_stays() -> None:
    gate = threading.Event()
    counted = Counted(gate)
    found: list[list[int]] = []
    threads = [threading.Thread(target=lambda: found.append(counted.answer)) for _ in range(2)]
    for thread in threads:
        thread.start()
    assert counted.is_begun.wait(10)
    gate.set()
    for thread in threads:
        thread.join(10)
    assert len(found) == 2
    assert found[0] is found[1] is counted.answer


def test_what_it_raises_is_not_kept() -> None:
    class Broken:
        is_broken = True

        @cached_property
        def answer(self) -> int:
            if self.is_broken:
                raise ValueError("broken")
            return 1

    broken = Broken()
    with pytest.raises(ValueError, match="broken"):
        _ = broken.answer
    broken.is_broken = False
    assert broken.answer == 1
