"""Energies of a chunk of traces, as lines of `gatling score`: the same function here and on a cluster."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from gatling.encoders import DualEncoder
from gatling.encoders.base import Precision
from gatling.schema import Trace

CHUNK = 256
"""Traces a chunk; the same everywhere, so that the same traces meet in a batch."""


@dataclass(frozen=True, slots=True)
class ScoreJob:
    model: str | None
    """A path that every machine sees; None for the bundled model."""
    precision: Precision | None
    """None: the fastest that keeps a cosine of 0.999 to fp32."""
    traces: list[Trace]
    rerank: bool = False
    """By latents and re-ranker together."""


@lru_cache(maxsize=1)
def scoring_model(path: str | None, precision: Precision | None) -> DualEncoder:
    """Load the model of a job, once a process."""
    return DualEncoder.from_pretrained(path, precision=precision)


def score_chunk(job: ScoreJob) -> list[dict[str, Any]]:
    """Return a line for each trace: its id, its label, and its energy in [0, 2], rounded to 6 digits."""
    model = scoring_model(job.model, job.precision)
    energies = (model.rerank if job.rerank else model.energy)(job.traces).tolist()
    return [
        {"id": trace.id, "label": trace.label, "energy": round(energy, 6)}
        for trace, energy in zip(job.traces, energies, strict=True)
    ]
