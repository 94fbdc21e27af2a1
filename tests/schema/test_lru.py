"""What is used most recently is kept, within bounds of number and size; any number of threads."""

from __future__ import annotations

import copy
import threading
from concurrent.futures import ThreadPoolExecutor
from random import Random

from gatling.schema.lru import LruCache, remembered


def test_the_least_recently_used_goes_first() -> None:
    kept: LruCache[int, int] = LruCache(3)
    made: list[int] = []

    def make(i: int) -> int:
        made.append(i)
        return i

    for i in (1, 2, 3, 1, 4, 1, 2):
        assert kept.get(i, lambda i=i: make(i)) == i  # type: ignore[misc]
    assert made == [1, 2, 3, 4, 2]
    assert len(kept) == 3
    assert (kept.find(3), kept.find(1)) == (None, 1)


def test_sizes_are_bounded_together() -> None:
    kept: LruCache[int, str] = LruCache(100, max_bytes=10)
    for i in range(4):
        kept.put(i, "x", size_bytes=3)
    assert (len(kept), kept.num_bytes, kept.find(0)) == (3, 9, None)
    kept.find(1)
    kept.put(9, "x", size_bytes=5)  # the two that were used least recently make place
    assert [i for i in range(10) if kept.find(i)] == [1, 9]
    assert kept.num_bytes == 8
    assert kept.put(7, "much", size_bytes=11) == "much"
    assert kept.get(7, lambda: "again", size_bytes=11) == "again"  # too large to be kept, and nothing made place for it
    assert kept.num_bytes == 8


def test_of_two_values_for_a_key_the_first_stays() -> None:
    kept: LruCache[str, list[int]] = LruCache(2)
    first = kept.put("k", [1])
    assert kept.put("k", [2]) is first
    barrier = threading.Barrier(4)

    def make() -> list[int]:
        barrier.wait(5)
        return [3]

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: kept.get("together", make), range(4)))
    assert all(value is found[0] for value in found)


def test_it_answers_like_a_list_that_is_searched() -> None:
    rng = Random(5)
    kept: LruCache[int, int] = LruCache(7, max_bytes=40)
    naive: list[tuple[int, int]] = []
    for _ in range(5_000):
        key = rng.randrange(15)
        size = 1 + key
        hit = next((pair for pair in naive if pair[0] == key), None)
        assert (kept.find(key) is not None) == (hit is not None)
        if hit is None:
            kept.put(key, key, size_bytes=size)
            hit = (key, size)
        naive = [pair for pair in naive if pair[0] != key] + [hit]
        while len(naive) > 7 or sum(s for _, s in naive) > 40:
            naive.pop(0)
        assert (len(kept), kept.num_bytes) == (len(naive), sum(s for _, s in naive))


def test_a_copy_starts_empty() -> None:
    kept: LruCache[int, int] = LruCache(2, max_bytes=9)
    kept.put(1, 1, size_bytes=4)
    other = copy.deepcopy(kept)
    assert (len(other), len(kept)) == (0, 1)
    for i in range(3):
        other.put(i, i, size_bytes=5)
    assert len(other) == 1


def test_short_texts_are_remembered_and_long_ones_are_not() -> None:
    asked: list[str] = []

    @remembered(3, max_chars=4)
    def shout(text: str) -> str:
        asked.append(text)
        return text.upper()

    for text in ("a", "a", "longer", "longer", "b", "c", "a"):
        assert shout(text) == text.upper()
    assert asked == ["a", "longer", "longer", "b", "c"]
    assert shout("d") == "D"  # of a fourth one all is forgotten
    assert [shout(text) for text in "ad"] == ["A", "D"]
    assert asked[5:] == ["d", "a"]


def test_of_several_texts_the_lengths_count_together() -> None:
    asked: list[tuple[str, str]] = []

    @remembered(3, max_chars=4)
    def joined(a: str, b: str) -> str:
        asked.append((a, b))
        return a + b

    for pair in (("ab", "cd"), ("ab", "cd"), ("abc", "de"), ("abc", "de")):
        assert joined(*pair) == "".join(pair)
    assert asked == [("ab", "cd"), ("abc", "de"), ("abc", "de")]
