"""`gatling corrupt`: violations of every trace of a file, and what came of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gatling.cli.flags import STDIN
from gatling.errors import ConfigError

_POOL_TRACES = 20_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Corrupt:
    """Attack traces: minimal edits that break their policy or leave their request.

    gatling corrupt --input gold.jsonl --output attacked.jsonl --mutations all --per-trace 3

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
        """Write the mutants, print a row a mutation; return the exit status."""
        from itertools import islice

        from gatling.attack import CallPool, Corrupter
        from gatling.attack.corrupter import mutation_names
        from gatling.cli.console import print_table
        from gatling.cli.corrupt_pass import CorruptPass
        from gatling.cli.documents import print_json
        from gatling.cli.progress import Progress
        from gatling.request.asking import request_of
        from gatling.schema.files import file_kind, read_traces, trace_files, write_records

        if self.per_trace < 0:
            raise ConfigError(f"--per-trace is {self.per_trace}, it must be at least 0")
        if self.input == STDIN:
            raise ConfigError("--input is read twice, so it cannot be standard input")
        names = mutation_names(self.mutations)
        files = trace_files(self.input)
        file_kind(self.output)
        pool = CallPool()
        for trace in islice((t for file in files for t in read_traces(file)), _POOL_TRACES):
            if trace.is_compliant:
                pool.add(trace.execution_plan, request_of(trace.governance_context))
        run = CorruptPass(
            Corrupter(names, pool=pool),
            per_trace=self.per_trace,
            seed=self.seed,
            near_misses=self.near_misses,
            keep_input=self.keep_input,
        )
        with Progress("corrupting", unit="traces") as progress:
            written = write_records(self.output, run.records(files, progress.advance))
        if self.json:
            print_json({"output": str(self.output), "records": written, **run.counts()})
            return 0
        columns = ("mutation", "mutants", "broke a clause", "broke the request", "with a near miss")
        rows = [
            (name, *(str(run.count[name, what]) for what in ("mutants", "oracle", "request", "near_misses")))
            for name in names
        ]
        print_table(str(self.output), columns, rows)
        seen = run.count["", "traces"]
        print(
            f"{written} records; {seen} traces read, of which {run.count['', 'violations']} are violations and "
            f"{run.count['', 'denied']} are denied by their own policy: those are not attacked"
        )
        return 0
