"""`gatling audit` and `repair`: times that are none are bad settings, said in one sentence."""

from __future__ import annotations

import pytest

from gatling.cli import main


@pytest.mark.parametrize(
    ("command", "flag", "value", "shown"),
    [
        ("audit", "--deadline-ms", "nan", "--deadline-ms is nan, it must be above 0 and finite"),
        ("explain", "--deadline-ms", "0", "--deadline-ms is 0.0, it must be above 0 and finite"),
        ("repair", "--deadline-ms", "inf", "--deadline-ms is inf, it must be above 0 and finite"),
        ("repair", "--repair-ms", "nan", "--repair-ms is nan, it must be 0 or more and finite"),
        ("repair", "--repair-ms", "-1", "--repair-ms is -1.0, it must be 0 or more and finite"),
    ],
)
def test_a_time_that_is_none_is_refused(
    command: str, flag: str, value: str, shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command, "plan.json", flag, value]) == 2
    assert capsys.readouterr().err.strip() == f"error: {shown}"
