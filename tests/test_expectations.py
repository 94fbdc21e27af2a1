"""The page of what users expect: 52 rows, whose tests there are."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "expectations.md").read_text()
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if re.match(r"\| \d", line)]


def test_rows_and_counts() -> None:
    assert [row[0] for row in ROWS] == [str(n) for n in range(1, 53)]
    states = Counter(row[2] for row in ROWS)
    assert set(states) == {"works", "partly", "missing"}
    text = " ".join(PAGE.split())
    said = f"{states['works']} of the 52 work, {states['partly']} do partly, {states['missing']} are missing"
    assert said in text


def test_what_is_there_is_shown_by_something_that_is_there() -> None:
    for _, feature, state, shown, _ in ROWS:
        path, _, name = shown.strip("`").partition("::")
        assert (path != "") == (state != "missing"), feature
        if path:
            assert (ROOT / path).is_file(), feature
        if name:
            tree = ast.parse((ROOT / path).read_text())
            assert name in {item.name for item in tree.body if isinstance(item, ast.FunctionDef)}, feature
