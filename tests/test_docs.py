"""Every block of the README and the docs runs, and every output that a page shows is what is printed today.

- `bash` and `python` blocks are executed in one folder, top to bottom. Training is made small (`SMALL`), and so is what is
  generated (`FEW`, `KEPT`), so that the pages take seconds.
- A `text` block shows all that the `bash` block before it prints on stdout. In a `python` block, `# ->` lines show all that it
  prints. A line `...` stands for any lines; inside a line, `...` stands for one word that changes (a time, a digest).
  `REWRITE_DOCS=1 uv run pytest tests/test_docs.py` writes what is printed today into the pages; read the difference.
- A command that does not exit with 0 says so: `# exit status 3`.
- `console` blocks belong to what takes long or stands elsewhere: their flags are parsed. `json` blocks that look like traces are
  read as such.
- A block without a language draws something; every path of the package in it exists.
"""

from __future__ import annotations

import json
import os
import re
import shlex
from itertools import islice
from pathlib import Path
from unittest.mock import patch

import pytest
from torch.distributed.run import get_args_parser

from benchmarks import measured
from gatling.cli import main, parse, run_train_command
from gatling.cli.table import COMMANDS
from gatling.evaluation import pictures
from gatling.features import BACKBONES
from gatling.schema import parse_trace, read_traces, write_traces
from gatling.tools import derive
from gatling.training.config import TrainingConfig
from tests.builders import many_traces
from tests.test_public_api import ORDER

ROOT = Path(__file__).resolve().parent.parent
SMALL = ["--latent-dim", "48", "--hidden-dim", "32", "--num-heads", "4", "--epochs", "1", "--precision", "fp32"]
FEW, KEPT = 500, 40  # the fewest traces that fill every split, and how many of a file, or of conversations, are kept
PAGES = [
    "README.md",
    "CONTRIBUTING.md",
    "benchmarks/README.md",
    *(f"docs/{p.name}" for p in sorted((ROOT / "docs").glob("*.md"))),
]
EXTRAS = {"agentdojo": "agentdojo", "google": "googleapiclient", "aws": "botocore"}  # extra: a module of it
NOT_RUN_HERE = ("uv run pytest", "uv run ruff", "uv run mypy", "pip install uv")
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", flags=re.MULTILINE | re.DOTALL)
SHOWN = re.compile(r"^ *# -> ?(.*)$", flags=re.MULTILINE)
CHANGING = ((r"\d+\.\d+ ms\b", "... ms"), (r"\b[0-9a-f]{64}\b", "..."), (r'"latency_ms": [\d.]+', '"latency_ms": ...'))


def blocks(page: str) -> list[tuple[str, str]]:
    return BLOCK.findall((ROOT / page).read_text())


def run_line(line: str) -> None:
    words = shlex.split(line, comments=True)
    status = int(line.rsplit("# exit status", 1)[1]) if "# exit status" in line else 0
    for part in shlex.join(words).split(" '&&' "):
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
            assert main(made_small(words[3:])) == status, line
            if words[3] == "generate":
                cut(Path(words[words.index("--output") + 1]))


def made_small(words: list[str]) -> list[str]:
    """Return the arguments of a command, with less to train on where it would take long."""
    for flag, most in (("--traces", FEW), ("--count", KEPT)):
        if words[0] == "generate" and flag in words:
            place = words.index(flag) + 1
            return [*words[:place], str(min(most, int(words[place]))), *words[place + 1 :]]
    return words + (SMALL if words[0] == "train" else [])


def cut(folder: Path) -> None:
    """Keep the first traces of every file of a generated data set: a page shows that training runs, not what it learns."""
    for path in folder.glob("*/*.parquet"):
        write_traces(path, list(islice(read_traces(path), KEPT)))


def is_shown(text: str, printed: str) -> bool:
    """Whether a page's text is what was printed, but for the places of `...`."""
    lines = [
        r"(?:.*\n)*?" if line.strip() == "..." else re.escape(line.rstrip()).replace(r"\.\.\.", r"\S*") + r"\n"
        for line in text.splitlines()
    ]
    return re.fullmatch("".join(lines), "".join(line.rstrip() + "\n" for line in printed.splitlines())) is not None


def with_places(printed: str) -> str:
    """Return what was printed as a page should show it: `...` in the place of what changes from run to run."""
    for pattern, place in CHANGING:
        printed = re.sub(pattern, place, printed)
    return "".join(line.rstrip() + "\n" for line in printed.splitlines())


class Page:
    """Runs the blocks of a page, and collects what it should show instead where it shows something else."""

    def __init__(self, page: str, capsys: pytest.CaptureFixture[str]) -> None:
        self.page, self.capsys = page, capsys
        self.namespace: dict[str, object] = {}
        self.stale: list[tuple[str, str]] = []
        """Text of the page, and what belongs there."""

    def run(self) -> None:
        printed = None
        for language, text in blocks(self.page):
            if language == "text":
                assert printed is not None, f"{self.page}: no `bash` block stands before this output:\n{text}"
                if not is_shown(text, printed):
                    self.stale.append((f"```text\n{text}```", f"```text\n{with_places(printed)}```"))
                printed = None
                continue
            self.capsys.readouterr()
            self.run_block(language, text)
            printed = self.capsys.readouterr().out if language == "bash" else None

    def run_block(self, language: str, text: str) -> None:
        if language == "bash":
            for line in re.sub(r" \\\n\s*", " ", write_here_documents(text)).strip().splitlines():
                if "--extra" in line:
                    continue  # below
                if "dojo.jsonl" in line:
                    write_traces("dojo.jsonl", many_traces(24))
                run_line(line)
        elif language == "python":
            exec(compile(text, self.page, "exec"), self.namespace)
            self.compare_printed(text, self.capsys.readouterr().out)
        elif language == "json":
            if "governance_context" in (data := json.loads(text)):
                parse_trace(data)
        elif language == "console":
            parse_console(text)
        else:
            assert language == "", f"{self.page}: no test knows blocks of {language!r}"
            for path in re.findall(r"^ *(gatling/\S+)", text, flags=re.MULTILINE):
                assert (ROOT / path).exists(), f"{self.page}: {path}"

    def compare_printed(self, text: str, printed: str) -> None:
        shown = SHOWN.findall(text)
        if is_shown("\n".join(shown), printed):
            return
        if len(shown) == len(lines := with_places(printed).splitlines()):
            fresh = iter(lines)
            wanted = SHOWN.sub(lambda m: m[0][: m.start(1) - m.start()].rstrip() + " " + next(fresh), text)
        else:
            wanted = SHOWN.sub("", text).rstrip() + "\n" + "".join(f"# -> {line}\n" for line in lines)
        self.stale.append((f"```python\n{text}```", f"```python\n{wanted}```"))


@pytest.mark.parametrize("page", PAGES)
def test_blocks(page: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        pictures, "png_of", lambda figure: b""
    )  # a third of the time; tests/evaluation/test_report.py draws
    write_traces("data/gold_traces.jsonl", many_traces(24))
    it = Page(page, capsys)
    with patch.dict(BACKBONES):  # a page may register one of its own
        it.run()
    if it.stale and os.environ.get("REWRITE_DOCS"):
        text = (ROOT / page).read_text()
        for before, after in it.stale:
            text = text.replace(before, after)
        (ROOT / page).write_text(text)
    assert not it.stale, f"{page} shows\n{it.stale[0][0]}\nbut this is printed now:\n{it.stale[0][1]}"


def test_an_output_is_shown_only_if_it_is_what_is_printed() -> None:
    assert is_shown("DENY  2 calls, ... ms\n", "DENY  2 calls, 27.9 ms\n")
    assert is_shown("a\n...\nd\n", "a\nb\nc\nd\n")
    assert is_shown("a ...\n", "a ...  \n")
    assert not is_shown("DENY  2 calls, ... ms\n", "DENY  3 calls, 27.9 ms\n")
    assert not is_shown("DENY  ...\n", "DENY  2 calls\n")  # one word, not a rest of a line
    assert not is_shown("a\n...\nd\n", "a\nb\nd\ne\n")
    assert not is_shown("a\n", "a\nb\n")
    assert not is_shown("", "a\n")
    assert is_shown(with_places("ALLOW, 3.1 ms\n"), "ALLOW, 4.25 ms\n")


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
@pytest.mark.thorough
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


def anchors(path: Path) -> set[str]:
    """The names that headings of a page have as link targets."""
    titles = re.findall(r"^#+ (.*)$", BLOCK.sub("", path.read_text()), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_links_lead_somewhere() -> None:
    for page in PAGES:
        for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)#?([^)]*)\)", (ROOT / page).read_text()):
            path = ((ROOT / page).parent / target) if target else ROOT / page
            assert path.exists(), f"{page}: {target}"
            assert not anchor or anchor in anchors(path), f"{page}: {target}#{anchor}"


def test_tables_of_results_are_what_was_measured() -> None:
    shown = []
    for path in (ROOT / "docs").glob("*.md"):
        text = path.read_text()
        assert measured.with_tables(text) == text, f"{path}: run benchmarks/measured.py pages"
        shown += measured.MARK.findall(text)
    assert sorted(shown) == sorted(path.stem for path in measured.FOLDER.glob("*.json"))


def test_printed_tables_become_records(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(measured, "FOLDER", tmp_path)
    printed = "loaded\n| suite | n |\n| --- | ---: |\n| a | 0.5 (0.1 to 0.9) |\n\n| b |\n| --- |\n| 1 |\n"
    measured.record(["one", "-"], printed, command="x.py", machine="m", when="w")
    page = measured.with_tables("# T\n\n<!-- measured one -->\n| old |\n<!-- end -->\n\nEnd.\n")
    assert "| suite | n |\n| --- | ---: |\n| a | 0.5 (0.1 to 0.9) |\n" in page
    assert "old" not in page
    assert "`x.py`; w." in page
    assert page == measured.with_tables(page)
    assert [path.name for path in tmp_path.iterdir()] == ["one.json"]
    with pytest.raises(SystemExit, match="2 tables were printed, and 1 names are given"):
        measured.record(["one"], printed, command="x.py", machine="m", when="w")


def test_the_house_is_drawn_whole() -> None:
    drawn = re.findall(r"^gatling/(\w+)", (ROOT / "CONTRIBUTING.md").read_text(), flags=re.MULTILINE)
    rooms = {path.parent.name for path in (ROOT / "gatling").glob("*/__init__.py")}
    assert {room for room in drawn if room != "assets"} == rooms
    assert [room for room in drawn if room in rooms] == [room for room in ORDER if room in rooms]


def test_no_registry_host_and_no_path_of_a_machine() -> None:
    for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), ROOT / "pyproject.toml", ROOT / ".ci" / "run"]:
        text = path.read_text()
        for word in ("pypi" + ".org", "python" + "hosted", "/opt/", "/root/", "/home/"):
            assert word not in text, f"{path}: {word}"
