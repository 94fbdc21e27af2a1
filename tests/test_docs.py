"""Every block of the README and the docs runs, or at least parses where it would take minutes.

`bash` and `python` blocks are executed in one folder, top to bottom, with a small model in place of the published size.
`console` blocks of docs/results.md and docs/benchmarks.md belong to long measurements: their flags are parsed. `json` blocks
that look like traces are read as such.
"""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
from torch.distributed.run import get_args_parser

from gatling.cli import main, parse, run_train_command
from gatling.cli.table import COMMANDS
from gatling.schema import parse_trace, read_traces, write_traces
from gatling.tools import derive
from gatling.training.config import TrainingConfig
from tests.builders import many_traces

ROOT = Path(__file__).resolve().parent.parent
SMALL = ["--latent-dim", "48", "--hidden-dim", "32", "--num-heads", "4", "--epochs", "1", "--precision", "fp32"]
PAGES = ["README.md", "CONTRIBUTING.md", *(f"docs/{p.name}" for p in sorted((ROOT / "docs").glob("*.md")))]
EXTRAS = {"agentdojo": "agentdojo", "google": "googleapiclient", "aws": "botocore"}  # extra: a module of it
NOT_RUN_HERE = ("uv run pytest", "uv run ruff", "uv run mypy", "pip install uv")


def blocks(page: str) -> list[tuple[str, str]]:
    return re.findall(r"^```(\w*)\n(.*?)^```$", (ROOT / page).read_text(), flags=re.MULTILINE | re.DOTALL)


def run_line(line: str) -> None:
    for part in line.split(" && "):
        if part.startswith(NOT_RUN_HERE):
            continue
        words = shlex.split(part)
        while words[2:3] == ["--extra"]:
            pytest.importorskip(EXTRAS[words[3]], reason=f"the extra {words[3]} is not installed")
            words[2:4] = []
        if words[:3] == ["uv", "run", "python"] and words[3] == "scripts/train_jepa_encoders.py":
            assert run_train_command([*words[4:], *SMALL], defaults=TrainingConfig(), prog="script") == 0
        else:
            assert words[:3] == ["uv", "run", "gatling"], f"no test knows how to run {part!r}"
            assert main(words[3:] + (SMALL if words[3] == "train" else [])) == 0


@pytest.mark.parametrize("page", PAGES)
def test_blocks(page: str) -> None:
    write_traces("data/gold_traces.jsonl", many_traces(24))
    namespace: dict[str, object] = {}
    for language, text in blocks(page):
        if language == "bash":
            text = write_here_documents(text)
            for line in re.sub(r" \\\n\s*", " ", text).strip().splitlines():
                if "--extra" in line:
                    continue  # below
                if "dojo.jsonl" in line:
                    write_traces("dojo.jsonl", many_traces(24))
                run_line(line)
        elif language == "python":
            exec(compile(text, page, "exec"), namespace)
        elif language == "json" and "governance_context" in text:
            parse_trace(json.loads(text))
        elif language == "console":
            parse_console(text)
        else:
            assert language == "", f"{page}: no test knows blocks of {language!r}"


def write_here_documents(text: str) -> str:
    """Write the files of `cat > FILE <<'END'`, and return the text without them."""
    pattern = re.compile(r"^cat > (\S+) <<'(\w+)'\n(.*?)^\2\n", re.MULTILINE | re.DOTALL)
    for name, _, content in pattern.findall(text):
        Path(name).write_text(content)
    return pattern.sub("", text)


def parse_console(text: str) -> None:
    for line in re.sub(r" \\\n\s*", " ", text).strip().splitlines():
        words = shlex.split(line, comments=True)
        while words[2:3] in (["--extra"], ["--with"]):
            words[2:4] = []
        if words[:3] == ["uv", "run", "torchrun"]:
            launch = get_args_parser().parse_args(words[3:])
            assert (launch.module, launch.training_script) == (True, "gatling"), line
            words = ["uv", "run", "gatling", *launch.training_script_args]
        if words[:3] == ["uv", "run", "gatling"] and words[3] in COMMANDS:
            parse(words[3:])
        elif words[:3] == ["uv", "run", "python"]:
            script = f"{words[4].replace('.', '/')}.py" if words[3] == "-m" else words[3]
            assert (ROOT / script).is_file(), line
        else:
            assert not words or "=" in words[0], line


@pytest.mark.extra
def test_the_import_command_of_the_readme() -> None:
    lines = [line for _, text in blocks("README.md") for line in text.splitlines() if "--extra agentdojo" in line]
    assert len(lines) == 1
    run_line(lines[0])
    assert sum(t.is_compliant for t in read_traces("dojo.jsonl")) == 61


@pytest.mark.extra
@pytest.mark.parametrize("extra", EXTRAS)
def test_the_catalogue_page_with_an_extra(extra: str, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [
        line for _, text in blocks("docs/catalogue.md") for line in text.splitlines() if f"--extra {extra} " in line
    ]
    assert lines
    for line in lines:
        run_line(line)
    assert extra in capsys.readouterr().out


def test_the_catalogue_page_has_every_rule() -> None:
    page = (ROOT / "docs" / "catalogue.md").read_text()
    for line in (derive.__doc__ or "").splitlines():
        assert not line.startswith("|") or line in page


def test_links_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", (ROOT / page).read_text()):
            assert ((ROOT / page).parent / target).exists(), f"{page}: {target}"


def test_no_registry_host_and_no_path_of_a_machine() -> None:
    for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), ROOT / "pyproject.toml", ROOT / ".ci" / "run"]:
        text = path.read_text()
        for word in ("pypi" + ".org", "python" + "hosted", "/opt/", "/root/", "/home/"):
            assert word not in text, f"{path}: {word}"
