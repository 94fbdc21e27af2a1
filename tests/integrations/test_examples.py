"""The examples run, and the payment that a mail asks for does not."""

from __future__ import annotations

import asyncio
import inspect
import runpy
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "integrations"
NEEDS = {"langchain_agent": "langchain", "openai_agent": "agents", "pydantic_ai_agent": "pydantic_ai"}


@pytest.mark.extra
@pytest.mark.filterwarnings("ignore")  # frameworks warn of their own doings
@pytest.mark.parametrize("name", NEEDS)
def test_an_example_runs(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip(NEEDS[name], reason=f"{NEEDS[name]} is not installed")
    example = runpy.run_path(str(FOLDER / f"{name}.py"))["main"]
    outcome = example()
    if inspect.iscoroutine(outcome):
        asyncio.run(outcome)
    printed = capsys.readouterr().out
    assert "Rent of 50 is due" in printed
    assert "The call of send_money was not run: it is not allowed." in printed
    assert "a text that was read asks for it, and the user did not" in printed
    assert "paid" not in printed


def test_every_example_is_run() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.py")) == sorted(NEEDS)
