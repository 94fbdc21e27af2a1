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
    verb = "is" if states["missing"] == 1 else "are"
    said = f"{states['works']} of the 52 work, {states['partly']} do partly, {states['missing']} {verb} missing"
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


def test_what_is_claimed_of_a_framework_has_a_page() -> None:
    text = (ROOT / "docs" / "mappings.md").read_text()
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("| ")
    ]
    rows = [row for row in rows if row[1] in ("yes", "partly", "no")]
    assert len(rows) >= 30
    for risk, state, told in rows:
        pages = re.findall(r"\]\(([^)#]+)", told)
        assert (pages != []) == (state != "no"), risk
        for page in pages:
            assert (ROOT / "docs" / page).is_file(), risk
