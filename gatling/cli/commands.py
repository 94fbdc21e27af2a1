"""The commands: each a dataclass whose fields are its flags. `run` imports what it needs when it is called."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from gatling.errors import ConfigError, InputError
from gatling.schema import Label, OnError, Trace
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

    Prints tables and writes the figures as JSON. Retrieval is measured on compliant traces, among all of them (a sample of
    10,000 where there are more) and in galleries of stated sizes; AUROC, false alarms and the gap to compliant plans of the
    same context where violations are labelled, over all, by type and by source. Keeps some 25 kB a distinct context or
    plan in memory, mostly for the TF-IDF baseline.
    """

    model: Path | None = None
    """A checkpoint (.pt) or a model folder. Default: the model that ships with Gatling."""
    dataset: tuple[Path, ...]
    """Trace files or folders of them, one or several."""
    output: Path | None = None
    """Write the figures here as JSON."""
    report_dir: Path | None = None
    """Also write a page with pictures to this folder."""
    galleries: str = "100,1000,10000"
    """Sizes of galleries, by commas: so many contexts with one compliant plan each. Larger ones than the set are cut to it."""
    group_by: str = "source"
    """What the tables by source are by: a field of the trace by its dotted path, such as meta.suite, several by commas."""
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

    model: Path | None = None
    """A checkpoint (.pt) or a model folder. Default: the model that ships with Gatling."""
    input: Path
    """A trace file, or a folder of them."""
    output: Path
    """The .jsonl file to write."""
    precision: PrecisionFlag = "auto"
    """auto takes the fastest that keeps a cosine of 0.999 to fp32."""
    on_error: OnError = "stop"
    """What to do with a record that is refused."""

    engine: Literal["local", "ray"] = "local"
    """ray scores on a Ray cluster (extra: ray): that of RAY_ADDRESS, else one started here; all machines must see MODEL."""

    def run(self) -> int:
        from gatling.cli.judge import run_score

        return run_score(self)


@dataclass(frozen=True, kw_only=True, slots=True)
class Import:
    """Turn a benchmark's own ground truth, or recorded conversations, into a trace file.

    agentdojo (extra: agentdojo): the user tasks' ground-truth calls become gold traces; each user task with each injection
    task's calls added, as an agent would run them that obeys the injection, becomes a violation. Nothing is downloaded.

    messages: OpenAI or Anthropic conversations and MCP transcripts become a trace each, with data edges and provenance tiers
    found by tracing argument values to where they first stood.
    """

    what: Annotated[Literal["agentdojo", "messages"], tyro.conf.Positional]
    """The benchmark, or messages."""
    output: Path
    """The trace file to write (.jsonl, .jsonl.gz, .jsonl.zst, .parquet)."""
    suites: str = "workspace,slack,banking,travel"
    """For agentdojo: which suites, by commas."""
    input: Path | None = None
    """For messages: a JSON document, or JSON Lines with a conversation or a JSON-RPC object a line."""
    policy: Path | None = None
    """For messages: the policy of all traces, a JSON or YAML file."""
    role: str | None = None
    """For messages: the user role of all traces."""
    sources: Path | None = None
    """For messages: whose text each tool returns, a JSON or YAML file. Default: told by the tools' names."""
    label: Label = "compliant"
    """For messages: the label of all traces."""

    def run(self) -> int:
        from gatling.cli.import_traces import import_agentdojo, import_messages

        return import_messages(self) if self.what == "messages" else import_agentdojo(self)


@dataclass(frozen=True, kw_only=True, slots=True)
class Catalog:
    """Look at the tools that traces and policies are made of.

    `gatling catalog list` prints a row a domain; with --domain a row a tool. `gatling catalog show send_email` prints one
    tool: its parameters, its permissions, and what was concluded from them with the evidence.
    """

    what: Annotated[Literal["list", "show"], tyro.conf.Positional]
    """list: the domains. show: one tool."""
    name: Annotated[str | None, tyro.conf.Positional] = None
    """For show: the tool's name."""
    catalog: str = "builtin"
    """Which catalogues, by commas: builtin, google, aws, agentdojo (extras of these names), or files: an own catalogue, an
    MCP server's tools/list, an OpenAPI 3 document."""
    domain: str | None = None
    """Only this domain."""
    effect: Literal["read", "write", "delete", "admin", "send"] | None = None
    """Only tools of this effect."""
    json: bool = False
    """Print the tools in full as JSON."""

    def run(self) -> int:
        from gatling.cli.catalog import run_catalog

        return run_catalog(self)


@dataclass(frozen=True, kw_only=True, slots=True)
class Generate:
    """Make traces to train on: plans over the tools of real APIs, policies in many shapes, labels that an oracle decides.

    Writes OUTPUT/SPLIT/part-*.parquet for the splits train, val, test (no context in common), unseen_domains and unseen_vendor
    (no tool in common with the others), and OUTPUT/manifest.json. The same settings give the same bytes, whatever --workers. A
    run that was stopped goes on where it was: repeat the command.
    """

    traces: int
    """How many, over all splits."""
    output: Path
    """The folder: new, or of a run with the same settings that was stopped."""
    catalog: str = "builtin"
    """Which catalogues, by commas: builtin, google, aws, agentdojo (extras of these names), or files."""
    domains: str | None = None
    """Only tools of these domains, by commas, such as mailbox,calendar or office/mailbox. Default: all."""
    seed: int = 0
    """Seeds everything."""
    violations_per_trace: float = 1.5
    """Violating plans for each compliant one, on average, in steps of 0.25 up to 10; 0 makes gold traces only."""
    unseen_vendor: str = "aws"
    """Whose tools stand in the split unseen_vendor only; none for no such split."""
    format: Literal["parquet", "jsonl"] = "parquet"
    """The format of the files."""
    shard_size: int = 50_000
    """Traces a file, at most."""
    workers: int | None = None
    """Processes. Default: one a core."""
    engine: Literal["local", "ray"] = "local"
    """ray runs on a Ray cluster (extra: ray): that of RAY_ADDRESS, else one started here; OUTPUT must be seen by all machines."""

    def run(self) -> int:
        from gatling.cli.generate import run_generate

        return run_generate(self)


@dataclass(frozen=True, kw_only=True, slots=True)
class Corrupt:
    """Attack traces: for each compliant trace, minimal edits that break its policy or depart from its request.

    Mutations: scope_blowup, instruction_shadowing, provenance_rug_pull, exfiltration_pivot, privilege_escalation,
    sensitivity_escalation, time_range_blowup, destination_swap, role_confusion, laundering, tool_lookalike, approval_skip,
    off_task_call, argument_injection. An edit counts only when the oracle, or the request, says that it is a violation. Each
    record names the nodes to blame and, under `corruption`, the clause. The same input and seed give the same bytes.
    """

    input: Path
    """A trace file, or a folder of them. Read twice: added calls are taken from other plans of it."""
    output: Path
    """The trace file to write (.jsonl, .jsonl.gz, .jsonl.zst, .parquet)."""
    mutations: str = "all"
    """Which mutations, by commas, or all."""
    per_trace: int = 1
    """Mutants of a trace, at most, each of another mutation."""
    seed: int = 0
    """Seeds everything."""
    near_misses: bool = False
    """Also write each mutant's near miss, the same edit held just inside what is allowed, labelled compliant."""
    keep_input: bool = False
    """Also write the traces that were read, unchanged, each before its mutants."""
    json: bool = False
    """Print the counts as JSON."""

    def run(self) -> int:
        from gatling.cli.corrupt import run_corrupt

        return run_corrupt(self)


@dataclass(frozen=True, kw_only=True, slots=True)
class Show:
    """Print traces so that a person can read them: request, policy, calls, and what is wrong with them.

    The sample is drawn with --seed from the whole file in one pass.
    """

    file: Annotated[Path, tyro.conf.Positional]
    """A trace file, or a folder of them."""
    sample: int = 10
    """How many traces."""
    seed: int = 0
    """Seeds the sample."""
    label: Literal["compliant", "violation"] | None = None
    """Print only traces with this label."""
    json: bool = False
    """Print them as JSON, one a line."""

    def run(self) -> int:
        from gatling.cli.show import run_show

        return run_show(self)


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """Look at a policy with the eyes of the oracle, or of an attacker.

    `gatling policy lint FILE` lists what no explicit rule reads, contradictions, rules that never match and rules that another
    one makes idle, each with its line. Exit status 0 if there is no error, 3 if there is one (with --strict: or a warning).

    `gatling policy test FILE` attacks compliant plans and reports which attacks the rules kill, which only the learned part
    catches, and which survive, with examples and what would stop them. Exit status 0, or 3 below --fail-under.
    """

    what: Annotated[Literal["lint", "test"], tyro.conf.Positional]
    """lint: find what is wrong or idle. test: find what is missing."""
    file: Annotated[Path, tyro.conf.Positional]
    """The policy, JSON or YAML."""
    catalog: str | None = None
    """Catalogues, by commas: builtin, agentdojo, files, ... lint: also report tools that they do not have. test: what is known of
    the tools (default: builtin)."""
    json: bool = False
    """Print everything as JSON."""
    strict: bool = False
    """lint: let warnings fail too."""
    traces: Path | None = None
    """test: attack the compliant plans of this trace file, or folder, under the policy. Default: plans made from the policy."""
    role: str | None = None
    """test: only this role. Default: every role that the policy defines."""
    model: Path | None = None
    """test: a checkpoint (.pt) or a model folder that judges what the rules let pass."""
    per_mutation: int | None = None
    """test: mutants of each mutation, at most, for a role and the tools of a plan. Default: 20."""
    seed: int | None = None
    """test: seeds everything. Default: 0."""
    examples: int | None = None
    """test: survivors to print for each mutation, at most. Default: 3."""
    fail_under: float | None = None
    """test: exit with 3 if the mutation score, killed / all, is below this, from 0 to 1."""

    def run(self) -> int:
        from gatling.cli.policy import run_policy

        return run_policy(self)


@dataclass(frozen=True, kw_only=True, slots=True)
class Bench:
    """Try the guard end to end, with no LLM and nothing downloaded.

    `gatling bench agentdojo` (extra: agentdojo) executes plans in AgentDojo's environments and asks the benchmark's own checks
    how they ended: the user tasks' ground truth, and a gullible agent that obeys every injection it reads, without a guard,
    behind one that denies, and behind one that repairs. Prints utility, utility under attack, attack success by end state and
    by arguments, false alarms and the guard's latency, by suite with 95 % intervals. All suites take some minutes on one core.
    """

    what: Annotated[Literal["agentdojo"], tyro.conf.Positional]
    """The benchmark."""
    suites: str = "workspace,slack,banking,travel"
    """Which suites, by commas."""
    model: Path | None = None
    """A checkpoint (.pt) or a model folder. Default: the model that ships with Gatling."""
    escalate_from: float | None = None
    """Energy from which on plans are not simply allowed. Default: the calibrated line, and at most that."""
    limit: int | None = None
    """User tasks of each suite, at most: the first ones. Default: all."""
    json: bool = False
    """Print the figures as JSON."""
    output: Path | None = None
    """A folder: summary.json (the figures), report.md (the tables), runs.jsonl (every run: verdicts, reasons, outcomes)."""

    def run(self) -> int:
        from gatling.cli.bench import run_bench

        return run_bench(self)


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
        from gatling.hub.hub import push

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
        from gatling.hub.hub import pull

        folder = self.output or Path(self.repo.rsplit("/", 1)[-1])
        pull(self.repo, folder, revision=self.revision)
        print(f"{folder}: ready for --model and gatling.load")
        return 0
