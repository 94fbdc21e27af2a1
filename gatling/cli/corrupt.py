"""`gatling corrupt`: violations of every trace of a file, and what came of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from gatling.attack import CallPool, Corrupter, Mutant
from gatling.attack.corrupter import mutation_names
from gatling.cli.console import Progress, dump_json, print_table
from gatling.errors import ConfigError, InputError
from gatling.request.asking import request_of
from gatling.schema import Trace, parse_trace
from gatling.schema.files import decode_record, file_kind, raw_records, read_traces, trace_files, write_records

if TYPE_CHECKING:
    from gatling.cli.commands import Corrupt

_POOL_TRACES = 20_000


def run_corrupt(command: Corrupt) -> int:
    """Write the mutants, print a row a mutation; return the exit status."""
    if command.per_trace < 0:
        raise ConfigError(f"--per-trace is {command.per_trace}, it must be at least 0")
    names = mutation_names(command.mutations)
    files = trace_files(command.input)
    file_kind(command.output)
    pool = CallPool()
    for trace in islice((t for file in files for t in read_traces(file)), _POOL_TRACES):
        if trace.is_compliant:
            pool.add(trace.execution_plan, request_of(trace.governance_context))
    run = _Run(command, Corrupter(names, pool=pool))
    with Progress("corrupting", unit="traces") as progress:
        written = write_records(command.output, run.records(files, progress))
    if command.json:
        print(dump_json({"output": str(command.output), "records": written, **run.counts()}).decode(), end="")
        return 0
    columns = ("mutation", "mutants", "broke a clause", "broke the request", "with a near miss")
    rows = [
        (name, *(str(run.count[name, what]) for what in ("mutants", "oracle", "request", "near_misses")))
        for name in names
    ]
    print_table(str(command.output), columns, rows)
    seen = run.count["", "traces"]
    print(
        f"{written} records; {seen} traces read, of which {run.count['', 'violations']} are violations and "
        f"{run.count['', 'denied']} are denied by their own policy: those are not attacked"
    )
    return 0


class _Run:
    """One pass over the input, with counts."""

    def __init__(self, command: Corrupt, corrupter: Corrupter) -> None:
        self.command = command
        self.corrupter = corrupter
        self.count: Counter[tuple[str, str]] = Counter()

    def records(self, files: list[Any], progress: Progress) -> Iterator[dict[str, Any] | str]:
        command = self.command
        for file in files:
            for line, content in raw_records(file):
                try:
                    data = decode_record(content)
                    trace = parse_trace(data)
                except InputError as error:
                    raise error.at(str(file), line) from None
                if command.keep_input:
                    yield content if isinstance(content, str) else data
                for mutant in self._mutants(trace):
                    yield described(mutant, trace)
                    if command.near_misses and mutant.near_miss is not None:
                        yield mutant.near_miss.to_dict()
                progress.advance(1)

    def _mutants(self, trace: Trace) -> list[Mutant]:
        command = self.command
        self.count["", "traces"] += 1
        if not trace.is_compliant:
            self.count["", "violations"] += 1
            return []
        if self.corrupter.subject(trace) is None:
            self.count["", "denied"] += 1
            return []
        found = self.corrupter.corrupt(trace, count=command.per_trace, seed=command.seed)
        for mutant in found:
            self.count[mutant.mutation, "mutants"] += 1
            self.count[mutant.mutation, mutant.certificate.kind] += 1
            self.count[mutant.mutation, "near_misses"] += mutant.near_miss is not None
        return found

    def counts(self) -> dict[str, Any]:
        """Return the counts as plain data."""
        by_mutation = {
            name: {what: self.count[name, what] for what in ("mutants", "oracle", "request", "near_misses")}
            for name in self.corrupter.mutations
        }
        totals = {what: self.count["", what] for what in ("traces", "violations", "denied")}
        return {**totals, "mutations": by_mutation}


def described(mutant: Mutant, original: Trace) -> dict[str, Any]:
    """Return the mutant's record, with what it breaks under `corruption`; no model reads that."""
    clause = mutant.certificate.clause
    corruption = {
        "of": original.id,
        "certificate": mutant.certificate.kind,
        "clause": clause.place if clause is not None else None,
        "reason": mutant.certificate.reason,
        "severity": round(mutant.severity, 3),
    }
    return {**mutant.trace.to_dict(), "corruption": corruption}
