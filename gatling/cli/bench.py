"""`gatling bench agentdojo`: the guard in the benchmark's environments, end to end."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

from gatling.bench.agentdojo.report import bench_page, bench_tables, left_out_lines, summarise
from gatling.bench.agentdojo.run import AgentDojoBench, BenchedGuard, EpisodeRecord, num_runs
from gatling.bench.agentdojo.tasks import SUITES
from gatling.cli.console import Progress, dump_json, print_table
from gatling.cli.model import announce_model
from gatling.errors import ConfigError

if TYPE_CHECKING:
    from gatling.cli.commands import Bench as Command


def run_bench(command: Command, guard: BenchedGuard | None = None) -> int:
    """Run the suites, print the tables, write what --output asks for; return the exit status.

    Args:
        guard: in place of the one that --model loads.
    """
    names = [name.strip() for name in command.suites.split(",") if name.strip()]
    if not names or len(set(names)) < len(names) or not set(names) <= set(SUITES):
        raise ConfigError(f"--suites is {command.suites!r}, it must name some of {', '.join(SUITES)}, each once")
    if command.limit is not None and command.limit < 1:
        raise ConfigError(f"--limit is {command.limit}, it must be at least 1")
    total = sum(num_runs(name, command.limit) for name in names)
    guard = guard or _guard(command)
    if command.output is not None:
        command.output.mkdir(parents=True, exist_ok=True)
    with Progress("running", unit="user tasks and pairs", total=total) as progress:
        bench = AgentDojoBench(guard, limit=command.limit, advance=progress.advance)
        records = [record for name in names for record in bench.run(name)]
    summary = summarise(records, bench.left_out)
    if command.output is not None:
        (command.output / "summary.json").write_bytes(dump_json(summary))
        (command.output / "report.md").write_text(bench_page(summary), "utf-8")
        (command.output / "runs.jsonl").write_text("".join(_line(record) for record in records), "utf-8")
    if command.json:
        print(dump_json(summary).decode(), end="")
        return 0
    for title, columns, rows in bench_tables(summary):
        print_table(title, tuple(columns), rows)
    print("\n".join(left_out_lines(summary)))
    return 0


def _guard(command: Command) -> BenchedGuard:
    from gatling.guard import Guard

    announce_model(command.model)
    # No deadline: what a slow moment of the machine decides is not what is measured.
    guard: BenchedGuard = Guard.from_pretrained(command.model, escalate_from=command.escalate_from, deadline_ms=None)
    return guard


def _line(record: EpisodeRecord) -> str:
    return json.dumps(dataclasses.asdict(record)) + "\n"
