from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from gatling.encoders import precision
from gatling.encoders.precision import MIN_COSINE, fastest_precision
from tests.builders import context, many_traces
from tests.models import small_model


def test_bf16_stays_close_and_energies_too() -> None:
    exact, rounded = small_model(), small_model()
    rounded.load_state_dict(exact.state_dict())
    rounded.governance.set_precision("bf16")
    rounded.execution.set_precision("bf16")
    traces = many_traces(4)
    contexts = [t.governance_context for t in traces]
    assert F.cosine_similarity(exact.governance.encode(contexts), rounded.governance.encode(contexts)).min() > 0.999
    assert torch.allclose(exact.energy(traces), rounded.energy(traces), atol=0.02)


def test_the_choice_asks_hardware_and_latents(monkeypatch: pytest.MonkeyPatch) -> None:
    model = small_model()
    monkeypatch.setattr(precision, "has_native_bf16", lambda device: False)
    assert fastest_precision(model.governance, model.execution) == "fp32"
    monkeypatch.setattr(precision, "has_native_bf16", lambda device: True)
    assert fastest_precision(model.governance, model.execution) == "bf16"
    monkeypatch.setattr(precision, "MIN_COSINE", 1.1)
    assert fastest_precision(model.governance, model.execution) == "fp32"
    assert model.governance.precision == "fp32"  # asking changes nothing
    assert 0 < MIN_COSINE < 1
    assert model.governance.encode(context()).dtype == torch.float32
