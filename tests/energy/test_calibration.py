"""Calibration: the conformal promise by simulation, files that are refused, the error of probabilities."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gatling.energy.calibration import (
    CALIBRATION_NAME,
    Calibration,
    conformal_line,
    expected_calibration_error,
    fit_logistic,
)
from gatling.energy.composite import CRITICS_NAME, CompositeEnergy
from gatling.errors import CheckpointError
from gatling.runtime.sealed import sealed
from tests.energy.critics import made_up_calibration, made_up_critics


def test_a_new_score_exceeds_the_line_as_often_as_promised() -> None:
    rng = np.random.default_rng(0)
    rate, exceeded, trials = 0.1, 0, 4_000
    for _ in range(trials):
        scores = rng.exponential(size=50)
        exceeded += scores[0] > conformal_line(scores[1:], rate)
    assert exceeded / trials <= rate + 3 * math.sqrt(rate * (1 - rate) / trials)
    assert exceeded / trials >= rate - 0.04  # and it is not far below


def test_too_few_scores_promise_nothing() -> None:
    assert math.isinf(conformal_line(np.arange(98.0), 0.01))
    assert conformal_line(np.arange(99.0), 0.01) == 98.0


def test_verdicts_change_at_the_lines_and_no_number_denies() -> None:
    calibration = made_up_calibration(escalate=0.6)
    assert [calibration.verdict(e) for e in (0.0, 0.599, 0.6, 0.999, 1.0, math.inf)] == [
        "allow",
        "allow",
        "escalate",
        "escalate",
        "deny",
        "deny",
    ]
    assert calibration.verdict(math.nan) == "deny"


def test_expected_calibration_error_by_hand() -> None:
    probability = np.array([0.05, 0.05, 0.95, 0.95])
    truth = np.array([False, False, True, False])
    assert expected_calibration_error(probability, truth) == pytest.approx((0.05 + 0.45) / 2)


def test_the_logistic_fit_finds_its_own_parameters() -> None:
    rng = np.random.default_rng(1)
    x = rng.uniform(0, 3, 20_000)
    y = rng.uniform(size=20_000) < 1 / (1 + np.exp(-(2.0 * x - 3.0)))
    slope, intercept = fit_logistic(x, y)
    assert slope == pytest.approx(2.0, abs=0.1)
    assert intercept == pytest.approx(-3.0, abs=0.15)
    falling, _ = fit_logistic(x, ~y)
    assert falling == 0.0  # an energy that says the opposite says nothing


def test_files_survive_writing_and_damage_is_refused(tmp_path: Path) -> None:
    critics = made_up_critics()
    path = tmp_path / CRITICS_NAME
    path.write_bytes(critics.to_json(training={"note": "x"}))
    read = CompositeEnergy.read(path, None)
    assert read.weights == {k: float(v) for k, v in critics.weights.items()}
    assert (read.hierarchy.net.w == critics.hierarchy.net.w).all()
    content = path.read_bytes()
    for at in range(0, len(content), max(1, len(content) // 60)):
        path.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        with pytest.raises(CheckpointError):
            CompositeEnergy.read(path, None)
    path.write_bytes(content)
    calibration = replace(made_up_calibration(), critics_digest=read.digest)
    lines = tmp_path / CALIBRATION_NAME
    lines.write_bytes(calibration.to_json())
    assert Calibration.read(lines, read.digest).line == calibration.line
    with pytest.raises(CheckpointError, match="other critics"):
        Calibration.read(lines, "another")
    for field, value, words in (("escalate", 1.5, "escalate"), ("line", 0.0, "positive"), ("line", None, "missing")):
        data = json.loads(calibration.to_json())
        del data["digest"]
        lines.write_bytes(sealed({**data, field: value}))
        with pytest.raises(CheckpointError, match=words):
            Calibration.read(lines, read.digest)


def test_critics_of_other_features_are_refused(tmp_path: Path) -> None:
    data = json.loads(made_up_critics().to_json())
    del data["digest"]
    path = tmp_path / CRITICS_NAME
    path.write_bytes(sealed({**data, "features": "other"}))
    with pytest.raises(CheckpointError, match="train-energy"):
        CompositeEnergy.read(path, None)
    path.write_bytes(sealed({**data, "weights": {**data["weights"], "flow": -1.0}}))
    with pytest.raises(CheckpointError, match="negative"):
        CompositeEnergy.read(path, None)
    path.write_bytes(made_up_critics().to_json())
    with pytest.raises(CheckpointError, match="other encoders"):
        CompositeEnergy.read(path, None, encoders="another")
    with pytest.raises(CheckpointError, match="missing"):
        CompositeEnergy.read(tmp_path / "nothing" / CRITICS_NAME, None)
