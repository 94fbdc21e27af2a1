"""How many cases a test tries: few where a person waits, all of them with `pytest --thorough`, as `.ci/run` does."""

from __future__ import annotations

is_thorough = False
"""Set by `conftest.py` before the tests are collected."""


def num_cases(*, many: int, few: int) -> int:
    return many if is_thorough else few
