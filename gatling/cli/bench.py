"""`gatling bench agentdojo`: the guard in the benchmark's environments, end to end."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from gatling.cli.flags import by_commas
from gatling.errors import ConfigError

if TYPE_CHECKING:
    from gatling.bench.agentdojo.run import BenchedGuard


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
        """Run the suites, print the tables, write what --output asks for; return the exit status."""
        import dataclasses
        import json

        from gatling.bench.agentdojo import SUITES
        from gatling.bench.agentdojo.report import bench_page, bench_tables, left_out_lines, summarise
        from gatling.bench.agentdojo.run import AgentDojoBench, num_runs
        from gatling.cli.console import print_table
        from gatling.cli.documents import dump_json, print_json
        from gatling.cli.progress import Progress

        names = by_commas(self.suites)
        if not names or len(set(names)) < len(names) or not set(names) <= set(SUITES):
            raise ConfigError(f"--suites is {self.suites!r}, it must name some of {', '.join(SUITES)}, each once")
        if self.limit is not None and self.limit < 1:
            raise ConfigError(f"--limit is {self.limit}, it must be at least 1")
        total = sum(num_runs(name, self.limit) for name in names)
        guard = _guard(self)
        if self.output is not None:
            self.output.mkdir(parents=True, exist_ok=True)
        with Progress("running", unit="user tasks and pairs", total=total) as progress:
            bench = AgentDojoBench(guard, limit=self.limit, advance=progress.advance)
            records = [record for name in names for record in bench.run(name)]
        summary = summarise(records, bench.left_out)
        if self.output is not None:
            lines = (json.dumps(dataclasses.asdict(record)) + "\n" for record in records)
            (self.output / "summary.json").write_bytes(dump_json(summary))
            (self.output / "report.md").write_text(bench_page(summary), "utf-8")
            (self.output / "runs.jsonl").write_text("".join(lines), "utf-8")
        if self.json:
            print_json(summary)
            return 0
        for title, columns, rows in bench_tables(summary):
            print_table(title, tuple(columns), rows)
        print("\n".join(left_out_lines(summary)))
        return 0


def _guard(command: Bench) -> BenchedGuard:
    from gatling.cli.model import announce_model
    from gatling.guard import Guard

    announce_model(command.model)
    # No deadline: what a slow moment of the machine decides is not what is measured.
    guard: BenchedGuard = Guard.from_pretrained(command.model, escalate_from=command.escalate_from, deadline_ms=None)
    return guard
