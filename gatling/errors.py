"""Every error that Gatling raises on purpose.

    GatlingError
    +-- InputError        a trace, policy or plan that is not what it should be (also a ValueError)
    +-- ConfigError       a setting out of its range, or two that contradict each other (also a ValueError)
    +-- CheckpointError   a model file that is missing, damaged or of another version
    +-- TrainingError     training cannot go on: a loss that is not finite, no data left after filtering
    +-- DeadlineError     work that takes longer than it may
    +-- HubError          the Hub refused, or cannot be reached, or no token is set
    +-- MissingExtraError a feature whose optional dependency is not installed

The command line turns the first two into exit status 2 and the others into 1, with the message as the only output.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class GatlingError(Exception):
    """Base of all errors raised on purpose; its message is one sentence meant for the user."""


class InputError(GatlingError, ValueError):
    """Data given by the user is refused.

    Args:
        reason: what is wrong, with the value and the bound.
        path: where in the record, such as `execution_plan.nodes[2].tool_name`; empty for the whole record.
        file: the file's name, if it came from one.
        line: the line in that file, from 1.
    """

    def __init__(self, reason: str, *, path: str = "", file: str | None = None, line: int | None = None) -> None:
        self.reason = reason
        self.path = path
        self.file = file
        self.line = line
        place = file or ""
        if line is not None:
            place = f"{place}:{line}" if place else f"line {line}"
        super().__init__(": ".join(part for part in (place, path, reason) if part))

    def at(self, file: str | None, line: int | None) -> InputError:
        """Return the same error with the file and line filled in."""
        return InputError(self.reason, path=self.path, file=file, line=line)


class ConfigError(GatlingError, ValueError):
    """A setting is out of range or contradicts another."""


class CheckpointError(GatlingError):
    """A model file cannot be used."""


class TrainingError(GatlingError):
    """Training cannot go on."""


class DeadlineError(GatlingError):
    """Judging takes longer than it may, or nobody waits for it any longer."""


class HubError(GatlingError):
    """The Hub refused a request or cannot be reached."""


class MissingExtraError(GatlingError):
    """An optional dependency is not installed."""

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(f"{feature} needs the extra {extra!r}: pip install 'gatling-jepa[{extra}]'")


# What is no part of the core, and the extra that brings it. The Hub's client and safetensors are read by training code only.
_EXTRA_OF = {
    **dict.fromkeys(
        ("torch", "pyarrow", "torchmetrics", "matplotlib", "huggingface_hub", "jaxtyping", "safetensors"), "train"
    ),
    "opentelemetry": "otel",
    "uvicorn": "server",
    "psycopg": "postgres",
    "langchain": "langchain",
    "langchain_core": "langchain",
    "langgraph": "langchain",
    "agents": "openai-agents",
    "pydantic_ai": "pydantic-ai",
    "agentdojo": "agentdojo",
    "google": "google-adk",
    "crewai": "crewai",
    "claude_agent_sdk": "claude-agent",
}


@contextmanager
def extra_for(feature: str) -> Iterator[None]:
    """Say which extra is missing where a module of one is imported. Raises: MissingExtraError in place of ModuleNotFoundError."""
    try:
        yield
    except ModuleNotFoundError as error:
        extra = _EXTRA_OF.get((error.name or "").partition(".")[0])
        if extra is None:
            raise
        raise MissingExtraError(feature, extra) from None
