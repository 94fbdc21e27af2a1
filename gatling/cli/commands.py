"""The commands: each a dataclass whose fields are its flags. `run` imports what it needs when it is called."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

from gatling.errors import ConfigError, InputError
from gatling.schema import OnError, Trace
from gatling.training.config import TrainingConfig

PrecisionFlag = Literal["auto", "fp32", "bf16"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Train(TrainingConfig):
    """Train the two encoders on gold traces.

    Without --dataset, and without data/gold_traces.jsonl, a demonstration runs on 12 synthetic traces. Ctrl-C saves a
    checkpoint and stops; --resume goes on from it.
    """

    def run(self) -> int:
        from gatling.cli.train import run

        return run(self)


@dataclass(frozen=True, kw_only=True, slots=True)
class Evaluate:
    """Measure a model on labelled traces, beside two baselines that need no training.

    Prints a table and writes the figures as JSON. Retrieval is measured on compliant traces; AUROC and false alarms where
    violations are labelled. Keeps some 40 kB a trace in memory, mostly for
    the TF-IDF baseline.
    """

    model: Path
    """A checkpoint (.pt) or a model folder."""
    dataset: tuple[Path, ...]
    """Trace files or folders of them, one or several."""
    output: Path | None = None
    """Write the figures here as JSON."""
    report_dir: Path | None = None
    """Also write a page with pictures to this folder."""
    precision: PrecisionFlag = "auto"
    """auto takes the fastest that keeps a cosine of 0.999 to fp32."""
    on_error: OnError = "stop"
    """What to do with a record that is refused."""

    def __post_init__(self) -> None:
        if not self.dataset:
            raise ConfigError("--dataset names no file")

    def run(self) -> int:
        from gatling.cli.judge import run_evaluate

        return run_evaluate(self)


@dataclass(frozen=True, kw_only=True, slots=True)
class Score:
    """Write the latent energy of each trace, in the order of the input: {"id", "label", "energy"} a line.

    0 means that plan and context agree, 2 that they are opposed. Labels are copied, not read. Streams: memory does not
    grow with the file.
    """

    model: Path
    """A checkpoint (.pt) or a model folder."""
    input: Path
    """A trace file, or a folder of them."""
    output: Path
    """The .jsonl file to write."""
    precision: PrecisionFlag = "auto"
    """auto takes the fastest that keeps a cosine of 0.999 to fp32."""
    on_error: OnError = "stop"
    """What to do with a record that is refused."""

    def run(self) -> int:
        from gatling.cli.judge import run_score

        return run_score(self)


@dataclass(frozen=True, kw_only=True, slots=True)
class Import:
    """Turn a benchmark's own ground truth into a trace file.

    agentdojo (extra: agentdojo): the user tasks' ground-truth calls become gold traces; each user task with each injection
    task's calls added, as an agent would run them that obeys the injection, becomes a violation. Nothing is downloaded.
    """

    what: Annotated[Literal["agentdojo"], tyro.conf.Positional]
    """The benchmark."""
    output: Path
    """The trace file to write (.jsonl, .jsonl.gz, .jsonl.zst, .parquet)."""
    suites: str = "workspace,slack,banking,travel"
    """Which suites, by commas."""

    def run(self) -> int:
        from gatling.adapters.agentdojo import SUITES, agentdojo_traces
        from gatling.cli.console import Progress
        from gatling.schema import write_traces
        from gatling.schema.files import file_kind

        names = [name.strip() for name in self.suites.split(",") if name.strip()]
        unknown = [name for name in names if name not in SUITES]
        if unknown or not names:
            raise ConfigError(f"--suites is {self.suites!r}, it must name some of {', '.join(SUITES)}")
        file_kind(self.output)
        counts = {"compliant": 0, "violation": 0}

        def counted() -> Any:
            with Progress("importing", unit="traces") as progress:
                for trace in agentdojo_traces(names):
                    counts[trace.label] += 1
                    progress.advance(1)
                    yield trace

        write_traces(self.output, counted())
        print(f"{self.output}: {counts['compliant']} gold traces, {counts['violation']} violations")
        return 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Schema:
    """Print the JSON Schema of a trace: one line of a trace file."""

    def run(self) -> int:
        json.dump(Trace.model_json_schema(), sys.stdout, indent=2)
        print()
        return 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Push:
    """Upload a trained model to the Hugging Face Hub. The token is read from HF_TOKEN."""

    model: Path
    """A checkpoint (.pt), such as checkpoints/best.pt."""
    organization: str | None = None
    """Owner of the repository. Default: the owner of the token."""
    hf_repo_name: str = "gatling-jepa-encoders"
    """Name of the repository."""
    report: Path | None = None
    """A report.json whose figures go into the model card."""

    def run(self) -> int:
        from gatling.cli.console import read_json
        from gatling.training.hub import push

        summary = read_json(self.report) if self.report else None
        if self.report and not (isinstance(summary, dict) and "num_compliant" in summary):
            raise InputError("not a report of gatling evaluate or gatling train", file=str(self.report))
        repo = push(self.model, name=self.hf_repo_name, organization=self.organization, summary=summary)
        print(f"pushed to {repo}")
        return 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Pull:
    """Fetch a model from the Hugging Face Hub into a folder that `--model` and gatling.load take."""

    repo: Annotated[str, tyro.conf.Positional]
    """The repository, OWNER/NAME."""
    output: Path | None = None
    """The folder. Default: the repository's name."""
    revision: str | None = None
    """A branch, tag or commit."""

    def run(self) -> int:
        from gatling.training.hub import pull

        folder = self.output or Path(self.repo.rsplit("/", 1)[-1])
        pull(self.repo, folder, revision=self.revision)
        print(f"{folder}: ready for --model and gatling.load")
        return 0
