"""`gatling schema`: what a trace is, for other programs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Schema:
    """Print the JSON Schema of a trace: one line of a trace file."""

    def run(self) -> int:
        from gatling.cli.documents import print_json
        from gatling.schema import Trace

        print_json(Trace.model_json_schema())
        return 0
