"""The tools of AgentDojo's four suites; the domain is the suite."""

from __future__ import annotations

import typing
from collections.abc import Iterator
from typing import Any

from gatling.bench.agentdojo import BENCHMARK_VERSION, SUITES
from gatling.errors import MissingExtraError
from gatling.tools.derive import make_tool
from gatling.tools.json_schema import parameters_of
from gatling.tools.naming import describe, entity, list_of, shorten
from gatling.tools.spec import ToolSpec


def read_agentdojo() -> Iterator[ToolSpec]:
    """Yield the tools of all suites. Raises: MissingExtraError without the extra `agentdojo`."""
    try:
        from agentdojo.task_suite.load_suites import get_suite
    except ImportError:
        raise MissingExtraError("the catalogue of AgentDojo's tools", "agentdojo") from None
    for suite in SUITES:
        for tool in get_suite(BENCHMARK_VERSION, suite).tools:
            schema = tool.parameters.model_json_schema()
            yield make_tool(
                tool.name,
                domain=suite,
                vendor="agentdojo",
                description=shorten(tool.description) or describe(tool.name, suite),
                parameters=parameters_of(schema, schema, tool.name),
                returns=_returns(tool.return_type),
            )


def _returns(kind: Any) -> str:
    """Entities are the benchmark's own classes; text, numbers and mappings say nothing."""
    arguments = typing.get_args(kind)
    if typing.get_origin(kind) is list and arguments:
        return list_of(arguments[0].__name__) if hasattr(arguments[0], "model_fields") else ""
    return entity(kind.__name__) if hasattr(kind, "model_fields") else ""
