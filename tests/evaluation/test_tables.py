"""What the tables say of figures that are missing, uncertain or beaten."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from gatling.evaluation.tables import alarm_rows, pair_rows, violation_rows, with_interval


def test_intervals_stand_in_brackets() -> None:
    assert with_interval({"auroc": 0.5, "auroc_low": 0.25, "auroc_high": 1.0}, "auroc") == "0.500 (0.250 to 1.000)"
    assert with_interval({"auroc": 0.5}, "auroc") == "0.500"
    assert with_interval({}, "auroc") == "-"


def test_a_type_without_a_compliant_plan_in_its_contexts_has_no_pairs() -> None:
    types = {"a": {"num_violations": 3, "auroc": 0.5, "auroc_tier3": 0.75}, "b": {"num_violations": 1, "num_pairs": 7}}
    assert violation_rows(types) == [("a", "3", "0.500", "-", "-", "-", "0.750"), ("b", "1", "-", "-", "-", "-", "-")]
    assert pair_rows(types) == [("b", "7", "-", "-", "-")]


def test_sources_without_violations_have_no_alarms() -> None:
    assert alarm_rows({"s": {"num_violations": 0}}) == []


def test_a_shallow_cue_that_wins_is_marked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(Path(__file__).resolve().parents[2] / "benchmarks")
    import results_tables

    monkeypatch.delitem(sys.modules, "results_tables")
    assert results_tables.best_cue(0.8, {"tools": 0.9, "length": 0.5}) == "tools 0.900 *"
    assert results_tables.best_cue(0.95, {"tools": 0.9, "length": 0.5}) == "tools 0.900"
    assert results_tables.best_cue(0.5, {}) == "-"
    assert [results_tables.marked(0.5, other) for other in (0.6, 0.5, None)] == ["0.600 *", "0.500", "-"]


def test_a_model_stands_beside_itself_with_its_re_ranker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(Path(__file__).resolve().parents[2] / "benchmarks")
    import results_tables

    monkeypatch.delitem(sys.modules, "results_tables")

    def model(nn: float, auroc: float) -> dict[str, Any]:
        row = {"gallery_size": 9, "nn_accuracy": nn, "nn_accuracy_hard": nn / 2, "tfidf": {"nn_accuracy": 0.7}}
        return {"rows": {"s": {**row, "auroc": auroc, "pairs_ranked": 0.75}}, "galleries": {}}

    models = {
        "a": model(0.5, 0.6),
        "a re-ranked": model(0.8, 0.9),
        "b": model(0.7, 0.7),
        "b re-ranked": model(0.6, 0.9),
    }
    columns, rows = results_tables.reranked_table(models, ["s"])
    cells = dict(zip(columns, rows[0], strict=True))
    assert cells["NN, latents"] == "0.600 (0.500 to 0.700)"
    assert cells["NN, re-ranked"] == "0.700 (0.600 to 0.800)"
    assert cells["NN with violations, re-ranked"] == "0.350 (0.300 to 0.400)"
    assert cells["AUROC, latents"] == "0.650 (0.600 to 0.700)"
    assert cells["TF-IDF: NN"] == "0.700"
    one = {name: found for name, found in models.items() if name.startswith("a")}
    assert results_tables.reranked_table(one, ["s"])[1][0][2:5] == ("0.700", "0.500", "0.800")
    only = results_tables.reranked_table({"b": models["b"], "b re-ranked": models["b re-ranked"]}, ["s"])[1][0]
    assert only[2] == "0.700 *"
