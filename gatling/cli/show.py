"""`gatling show`: traces for people. One pass over the file, a sample kept."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from gatling.cli.flags import LabelFlag
from gatling.errors import ConfigError


@dataclass(frozen=True, kw_only=True, slots=True)
class Show:
    """Print traces so that a person can read them.

    gatling show traces.jsonl --sample 3 --label violation

    Shown are request, policy, calls, and what is wrong with them. The sample is drawn with --seed from the whole file in
    one pass.
    """

    file: Annotated[Path, tyro.conf.Positional]
    """A trace file, or a folder of them. - reads JSON Lines from stdin."""
    sample: int = 10
    """How many traces."""
    seed: int = 0
    """Seeds the sample."""
    label: LabelFlag | None = None
    """Print only traces with this label."""
    json: bool = False
    """Print them as JSON, one a line."""

    def run(self) -> int:
        """Print a sample of a file's traces, in the order of the file."""
        from itertools import chain

        from gatling.cli.documents import trace_sources
        from gatling.cli.trace_page import print_trace
        from gatling.schema import Trace, read_traces

        if self.sample < 1:
            raise ConfigError(f"--sample is {self.sample}, it must be at least 1")
        rng = random.Random(self.seed)
        kept: list[tuple[int, Trace]] = []
        seen = 0
        traces = chain.from_iterable(read_traces(source) for source in trace_sources(self.file))
        for number, trace in enumerate(traces, start=1):
            if self.label is not None and trace.label != self.label:
                continue
            seen += 1
            if len(kept) < self.sample:
                kept.append((number, trace))
            elif (place := rng.randrange(seen)) < self.sample:
                kept[place] = (number, trace)
        for number, trace in sorted(kept, key=lambda pair: pair[0]):
            if self.json:
                print(json.dumps(trace.to_dict(), ensure_ascii=False))
            else:
                print_trace(number, trace)
        if not self.json:
            print(f"{len(kept)} of {seen} traces")
        return 0
