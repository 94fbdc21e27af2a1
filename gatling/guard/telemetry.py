"""Decisions as spans and metrics of OpenTelemetry (extra `otel`), named by its conventions for generative AI where there are any.

    telemetry = Telemetry()                                        # of the global providers
    session = Session(guard, ..., on_decision=telemetry.on_decision)

- Span `execute_tool TOOL`, as long as the judging: `gen_ai.operation.name`, `.tool.name`, `.tool.call.id`, `gatling.*`.
- Counter `gatling.decisions`: `gen_ai.tool.name`, `gatling.verdict`, `gatling.mode`.
- Histogram `gatling.decision.duration`, in seconds: `gatling.verdict`.

No energies and no values, as in the log. What goes wrong in an exporter is OpenTelemetry's to tell, and does not deny.
"""

from __future__ import annotations

import logging
import time
from typing import Any

from gatling.errors import extra_for
from gatling.guard.decision import Decision
from gatling.guard.log.masks import shown_name
from gatling.schema import PlanNode

_log = logging.getLogger("gatling")
_NAME = "gatling"


class Telemetry:
    """Reports decisions.

    Args:
        tracer_provider, meter_provider: of OpenTelemetry; by default the global ones.

    Raises:
        MissingExtraError: if OpenTelemetry is not installed.
    """

    def __init__(self, *, tracer_provider: Any = None, meter_provider: Any = None) -> None:
        with extra_for("gatling.guard.Telemetry"):
            from opentelemetry import metrics, trace
        self._error = trace.StatusCode.ERROR
        self._tracer = trace.get_tracer(_NAME, tracer_provider=tracer_provider)
        meter = metrics.get_meter(_NAME, meter_provider=meter_provider)
        self._decisions = meter.create_counter("gatling.decisions", unit="{decision}", description="Decisions on calls")
        self._duration = meter.create_histogram(
            "gatling.decision.duration", unit="s", description="How long the judging took"
        )

    def on_decision(self, node: PlanNode, decision: Decision) -> None:
        """Report a decision; give it to a session."""
        try:
            self._report(node, decision)
        except Exception as error:
            _log.warning("telemetry: %s: %s", type(error).__name__, error)

    def _report(self, node: PlanNode, decision: Decision) -> None:
        tool = shown_name(node.tool_name)
        end = time.time_ns()
        span = self._tracer.start_span(
            f"execute_tool {tool}",
            start_time=end - int(decision.latency_ms * 1e6),
            attributes={
                "gen_ai.operation.name": "execute_tool",
                "gen_ai.tool.name": tool,
                "gen_ai.tool.call.id": shown_name(decision.call_id),
                "gatling.verdict": decision.verdict,
                "gatling.mode": decision.mode,
                "gatling.may_run": decision.is_allowed,
                "gatling.reasons": sorted({str(reason.code) for reason in decision.reasons}),
                "gatling.tier": node.provenance_tier,
                "gatling.policy.digest": decision.policy_digest,
                "gatling.model.digest": decision.model_digest,
            },
        )
        if not decision.is_allowed:
            span.set_status(self._error, f"not run: {decision.verdict}")
        span.end(end)
        labels = {"gen_ai.tool.name": tool, "gatling.verdict": decision.verdict, "gatling.mode": decision.mode}
        self._decisions.add(1, labels)
        self._duration.record(decision.latency_ms / 1e3, {"gatling.verdict": decision.verdict})
