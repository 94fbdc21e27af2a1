"""Latents of fixed records under fixed weights: a change of features or layers that alters them must be meant.

Regenerate: `GATLING_GOLDEN=write pytest tests/encoders/test_golden.py`.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import torch

from gatling.generate.demonstration import synthetic_traces
from tests.models import small_model

GOLDEN = Path(__file__).parent.parent / "golden" / "embeddings.json"


def test_latents_are_those_of_the_file() -> None:
    torch.manual_seed(0)
    model = small_model()
    traces = synthetic_traces()[:4]
    z_g = model.governance.encode([t.governance_context for t in traces])
    z_e = model.execution.encode([t.execution_plan for t in traces])
    found = {"z_g": z_g[:, :6].tolist(), "z_e": z_e[:, :6].tolist()}
    if os.environ.get("GATLING_GOLDEN") == "write":
        rounded = {k: [[round(x, 6) for x in row] for row in rows] for k, rows in found.items()}
        GOLDEN.write_text(json.dumps(rounded, indent=1) + "\n")
    golden = json.loads(GOLDEN.read_text())
    for name, rows in golden.items():
        assert torch.allclose(torch.tensor(found[name]), torch.tensor(rows), atol=1e-4), name
