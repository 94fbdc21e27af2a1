"""`gatling bench`: the guard in AgentDojo's environments, end to end, and before labelled conversations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro

from gatling.cli.flags import by_commas, check_counts, flag
from gatling.errors import ConfigError

if TYPE_CHECKING:
    from gatling.bench.agentdojo.run import BenchedGuard
    from gatling.evaluation.tables import Table


_ONLY_AGENTDOJO = {"suites": "workspace,slack,banking,travel"}
_ONLY_CONVERSATIONS: dict[str, object] = {"files": (), "by": None, "sources": None, "workers": None}


@dataclass(frozen=True, kw_only=True, slots=True)
class Bench:
    """Try the guard end to end, with no LLM and nothing downloaded.

    `gatling bench agentdojo` (extra: agentdojo) executes plans in AgentDojo's environments and asks the benchmark's own checks
    how they ended: the user tasks' ground truth, and a gullible agent that obeys every injection it reads, without a guard,
    behind one that denies, and behind one that repairs. Prints utility, utility under attack, attack success by end state and
    by arguments, false alarms and the guard's latency, by suite with 95 % intervals. All suites take some minutes on one core.

    `gatling bench conversations FILE ...` judges every call of labelled conversations before it ran, with what had been read by
    then. Prints AUROC and recall, how many honest conversations run untouched, are escalated or denied, and how many attacks
    are stopped and localised, by file and suite with 95 % intervals, beside a judge that refuses what is of tier 3.
    """

    what: Annotated[Literal["agentdojo", "conversations"], tyro.conf.Positional]
    """The benchmark."""
    files: Annotated[tuple[Path, ...], tyro.conf.Positional] = ()
    """conversations: files of records {id, messages, governance_context, label, violating_calls, meta}. - reads stdin."""
    suites: str = _ONLY_AGENTDOJO["suites"]
    """agentdojo: which suites, by commas."""
    by: str | None = None
    """conversations: also print the shares by a field of the records, such as meta.kind."""
    sources: Path | None = None
    """conversations: whose text each tool returns, a JSON or YAML file. Default: told by the tools' names."""
    workers: int | None = None
    """conversations: processes. Default: one a core."""
    model: Path | None = None
    """A checkpoint (.pt) or a model folder. Default: the model that ships with Gatling."""
    escalate_from: float | None = None
    """Energy from which on plans are not simply allowed. Default: the calibrated line, and at most that."""
    limit: int | None = None
    """agentdojo: user tasks of each suite, at most, the first ones. conversations: of each file, taken evenly. Default: all."""
    json: bool = False
    """Print the figures as JSON."""
    output: Path | None = None
    """A folder: summary.json (the figures), report.md (the tables); agentdojo also runs.jsonl (every run: verdicts, reasons,
    outcomes)."""

    def run(self) -> int:
        """Run the benchmark, print the tables, write what --output asks for; return the exit status."""
        if self.limit is not None:
            check_counts(limit=self.limit)
        others = _ONLY_CONVERSATIONS if self.what == "agentdojo" else _ONLY_AGENTDOJO
        for name, default in others.items():
            if getattr(self, name) != default:
                shown = "FILE" if name == "files" else flag(name)
                raise ConfigError(f"{shown} is not for gatling bench {self.what}")
        return self._agentdojo() if self.what == "agentdojo" else self._conversations()

    def _conversations(self) -> int:
        from gatling.cores import one_thread_a_process

        one_thread_a_process()  # before numpy is loaded
        from gatling.bench.conversations import bench_page, bench_tables
        from gatling.cli.bench_conversations import ConversationBench

        if not self.files:
            raise ConfigError("gatling bench conversations needs a FILE, or several")
        if self.workers is not None:
            check_counts(workers=self.workers)
        summary = ConversationBench(
            files=self.files,
            model=self.model,
            escalate_from=self.escalate_from,
            sources=self.sources,
            limit=self.limit,
            by=self.by,
            workers=self.workers,
        ).measure()
        self._report(summary, bench_page(summary), bench_tables(summary))
        return 0

    def _agentdojo(self) -> int:
        import dataclasses
        import json

        from gatling.bench.agentdojo import SUITES
        from gatling.bench.agentdojo.report import bench_page, bench_tables, left_out_lines, summarise
        from gatling.bench.agentdojo.run import AgentDojoBench, num_runs
        from gatling.cli.progress import Progress

        names = by_commas(self.suites)
        if not names or len(set(names)) < len(names) or not set(names) <= set(SUITES):
            raise ConfigError(f"--suites is {self.suites!r}, it must name some of {', '.join(SUITES)}, each once")
        total = sum(num_runs(name, self.limit) for name in names)
        guard = _guard(self)
        with Progress("running", unit="user tasks and pairs", total=total) as progress:
            bench = AgentDojoBench(guard, limit=self.limit, advance=progress.advance)
            records = [record for name in names for record in bench.run(name)]
        summary = summarise(records, bench.left_out)
        self._report(summary, bench_page(summary), bench_tables(summary))
        if self.output is not None:
            lines = (json.dumps(dataclasses.asdict(record)) + "\n" for record in records)
            (self.output / "runs.jsonl").write_text("".join(lines), "utf-8")
        if not self.json:
            print("\n".join(left_out_lines(summary)))
        return 0

    def _report(self, summary: dict[str, Any], page: str, tables: Sequence[Table]) -> None:
        """Print the figures, and write them where --output says."""
        from gatling.cli.console import print_table
        from gatling.cli.documents import dump_json, print_json

        if self.output is not None:
            self.output.mkdir(parents=True, exist_ok=True)
            (self.output / "summary.json").write_bytes(dump_json(summary))
            (self.output / "report.md").write_text(page, "utf-8")
        if self.json:
            print_json(summary)
            return
        for title, columns, rows in tables:
            print_table(title, tuple(columns), rows)


def _guard(command: Bench) -> BenchedGuard:
    from gatling.cli.model import announce_model
    from gatling.guard import Guard

    announce_model(command.model)
    # No deadline: what a slow moment of the machine decides is not what is measured.
    guard: BenchedGuard = Guard.from_pretrained(
        command.model, escalate_from=command.escalate_from, deadline_ms=None, is_strict_policy=False
    )
    return guard
