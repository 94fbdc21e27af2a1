"""`gatling score`: the latent energy of each trace of a stream."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from gatling.cli.flags import OnErrorFlag, PrecisionFlag
from gatling.errors import ConfigError, InputError


@dataclass(frozen=True, kw_only=True, slots=True)
class Score:
    """Write the latent energy of each trace, in the order of the input.

    gatling score --input traces.jsonl --output energies.jsonl

    A line is {"id", "label", "energy"}. 0 means that plan and context agree, 2 that they are opposed. Labels are copied,
    not read. Streams: memory does not grow with the file.
    """

    model: Path | None = None
    """A checkpoint (.pt) or a model folder. Default: the model that ships with Gatling."""
    input: Path
    """A trace file, or a folder of them. - reads JSON Lines from stdin."""
    output: Path
    """The .jsonl file to write."""
    rerank: bool = False
    """The energy by latents and re-ranker together, in place of that of the latents alone."""
    precision: PrecisionFlag = "auto"
    """auto takes the fastest that keeps a cosine of 0.999 to fp32."""
    on_error: OnErrorFlag = "stop"
    """What to do with a record that is refused."""

    engine: Literal["local", "ray"] = "local"
    """ray scores on a Ray cluster (extra: ray): that of RAY_ADDRESS, else one started here; all machines must see MODEL."""

    def run(self) -> int:
        """Write one line a trace; return the exit status."""
        from itertools import chain

        from gatling.cli.console import note
        from gatling.cli.documents import trace_sources
        from gatling.cli.model import announce_model
        from gatling.cli.progress import Progress
        from gatling.cluster import on_ray
        from gatling.cores import num_cores
        from gatling.encoders.dual import NO_RERANKER
        from gatling.evaluation.embed import in_chunks
        from gatling.evaluation.score import CHUNK, ScoreJob, score_chunk, scoring_model
        from gatling.schema import ReadReport, read_traces
        from gatling.schema.files import atomic_write

        sources = trace_sources(self.input)
        if not self.output.name.endswith(".jsonl"):
            raise InputError("the name must end in .jsonl", file=str(self.output))
        report = ReadReport()
        traces = chain.from_iterable(read_traces(s, on_error=self.on_error, report=report) for s in sources)
        model = str(self.model.resolve()) if self.model else None
        precision = None if self.precision == "auto" else self.precision
        loaded = scoring_model(model, precision)  # a model that cannot be read is refused before the first trace
        if self.rerank and loaded.reranker is None:
            raise ConfigError(f"--rerank: {NO_RERANKER}")
        announce_model(self.model)
        jobs = (ScoreJob(model, precision, chunk, self.rerank) for chunk in in_chunks(traces, CHUNK))
        is_local = self.engine == "local"
        scored = map(score_chunk, jobs) if is_local else on_ray(score_chunk, jobs, workers=num_cores())
        with Progress("scoring", unit="traces") as progress, atomic_write(self.output) as stream:
            for lines in scored:
                stream.writelines((json.dumps(line, ensure_ascii=False) + "\n").encode() for line in lines)
                progress.advance(len(lines))
        note(f"{self.output}: {progress.count} traces scored")
        if report.skipped:
            note(f"{len(report.skipped)} records were skipped")
        return 0
