"""Decisions as spans and metrics: with stand-ins for OpenTelemetry's providers."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from gatling.guard import Session
from gatling.testing import FixedGuard


class Provider:
    """Notes what is reported, as tracer, meter, span and instrument at once."""

    def __init__(self, fails: bool = False) -> None:
        self.noted: list[tuple[str, Any]] = []
        self.fails = fails

    def get_tracer(self, *_: Any, **__: Any) -> Provider:
        return self

    def get_meter(self, *_: Any, **__: Any) -> Provider:
        return self

    def create_counter(self, name: str, **_: Any) -> Provider:
        return self

    create_histogram = create_counter

    def start_span(self, name: str, *, start_time: int, attributes: dict[str, Any]) -> Provider:
        if self.fails:
            raise RuntimeError("no exporter")
        self.noted.append((name, {**attributes, "start": start_time}))
        return self

    def set_status(self, status: Any, text: str) -> None:
        self.noted.append(("status", text))

    def end(self, end_time: int) -> None:
        self.noted.append(("end", end_time))

    def add(self, amount: int, attributes: dict[str, Any]) -> None:
        self.noted.append(("add", attributes))

    def record(self, amount: float, attributes: dict[str, Any]) -> None:
        self.noted.append(("record", amount))


def session(provider: Provider) -> Session:
    from gatling.guard import Telemetry

    telemetry = Telemetry(tracer_provider=provider, meter_provider=provider)
    guard = FixedGuard({"pay": "escalate"}, default="allow", deadline_ms=None)
    return Session(guard, policy={}, role="r", on_decision=telemetry.on_decision)


def test_spans_and_metrics_hold_names_verdicts_and_digests() -> None:
    pytest.importorskip("opentelemetry")
    provider = Provider()
    held = session(provider)
    held.judge("read", {"path": "secret-plan.txt"}, call_id="c1")
    held.judge("pay", {"password": "hunter2"}, call_id="c2")
    spans = [(name, noted) for name, noted in provider.noted if name.startswith("execute_tool")]
    assert [name for name, _ in spans] == ["execute_tool read", "execute_tool pay"]
    assert spans[1][1]["gen_ai.tool.call.id"] == "c2"
    assert spans[1][1]["gatling.verdict"] == "escalate"
    assert spans[1][1]["gatling.reasons"] == ["undecided"]
    assert [noted for name, noted in provider.noted if name == "status"] == ["not run: escalate"]
    ends = [noted for name, noted in provider.noted if name == "end"]
    assert all(span["start"] <= end for (_, span), end in zip(spans, ends, strict=True))
    assert sum(name == "add" for name, _ in provider.noted) == sum(name == "record" for name, _ in provider.noted) == 2
    shown = str(provider.noted)
    assert not [word for word in ("hunter2", "secret-plan", "energy") if word in shown]


def test_an_exporter_that_fails_denies_nothing() -> None:
    pytest.importorskip("opentelemetry")
    assert session(Provider(fails=True)).judge("read", {}).verdict == "allow"


def test_without_the_extra_it_is_one_sentence() -> None:
    code = (
        "import sys\n"
        "class No:\n"
        "    def find_spec(name, path=None, target=None):\n"
        "        if name == 'opentelemetry': raise ModuleNotFoundError('none', name='opentelemetry')\n"
        "sys.meta_path.insert(0, No)\n"
        "from gatling.guard import Telemetry\n"
        "from gatling.errors import MissingExtraError\n"
        "try: Telemetry()\n"
        "except MissingExtraError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "gatling.guard.Telemetry needs the extra 'otel': pip install 'gatling-jepa[otel]'"
