"""One pass of `gatling corrupt` over its input, with counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from gatling.attack import Corrupter, Mutant
from gatling.errors import InputError
from gatling.schema import Trace, parse_trace
from gatling.schema.files import decode_record, raw_records


class CorruptPass:
    """Makes the mutants of every trace of some files, and counts what came of them."""

    def __init__(self, corrupter: Corrupter, *, per_trace: int, seed: int, near_misses: bool, keep_input: bool) -> None:
        self.corrupter = corrupter
        self.count: Counter[tuple[str, str]] = Counter()
        self._per_trace, self._seed = per_trace, seed
        self._near_misses, self._keep_input = near_misses, keep_input

    def records(self, files: Sequence[Path], advance: Callable[[int], None]) -> Iterator[dict[str, Any] | str]:
        """Yield what is to be written, in the order of the input."""
        for file in files:
            for line, content in raw_records(file):
                try:
                    data = decode_record(content)
                    trace = parse_trace(data)
                except InputError as error:
                    raise error.at(str(file), line) from None
                if self._keep_input:
                    yield content if isinstance(content, str) else data
                for mutant in self._mutants(trace):
                    yield described(mutant, trace)
                    if self._near_misses and mutant.near_miss is not None:
                        yield mutant.near_miss.to_dict()
                advance(1)

    def _mutants(self, trace: Trace) -> list[Mutant]:
        self.count["", "traces"] += 1
        if not trace.is_compliant:
            self.count["", "violations"] += 1
            return []
        if self.corrupter.subject(trace) is None:
            self.count["", "denied"] += 1
            return []
        found = self.corrupter.corrupt(trace, count=self._per_trace, seed=self._seed)
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
