"""The examples run, the payment that a file asks for does not, and the page shows what they print."""

from __future__ import annotations

import asyncio
import inspect
import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "integrations.md"
FOLDER = ROOT / "examples" / "integrations"
NEEDS = {
    "langchain_agent": "langchain",
    "openai_agent": "agents",
    "pydantic_ai_agent": "pydantic_ai",
    "agentdojo_pipeline": "agentdojo",
    "adk_agent": "google.adk",
    "crewai_crew": "crewai",
    "claude_agent": "claude_agent_sdk",
}
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", flags=re.MULTILINE | re.DOTALL)


def blocks(text: str) -> list[str]:
    """Return the blocks that are of no language: what a user writes, and what is printed."""
    return [block for language, block in _BLOCK.findall(text) if not language]


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
    assert "The call of send_money was not run: it is not allowed." in printed
    assert "a text that was read asks for it, and the user did not" in printed
    assert "paid" not in printed
    assert printed in blocks(PAGE.read_text())


def test_every_example_is_run() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.py")) == sorted(NEEDS)


def test_a_user_writes_six_lines_at_most() -> None:
    """Three make a session; the block of a section has what a framework needs."""
    sections = [found for section in PAGE.read_text().split("\n## ")[1:] if (found := blocks(section))]
    written = [section[0].splitlines() for section in sections]
    assert len(written) == len(NEEDS)
    for lines in written:
        assert "from gatling.integrations import" in "".join(lines)
        assert len(lines) <= 3
