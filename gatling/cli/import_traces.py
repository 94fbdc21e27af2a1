"""`gatling import`: other people's records as traces."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gatling.adapters.recorded import read_conversations
from gatling.bench.agentdojo.tasks import SUITES, agentdojo_traces
from gatling.cli.console import Progress
from gatling.errors import ConfigError
from gatling.policy.source import read_policy
from gatling.provenance.sources import ToolSources
from gatling.schema import Trace, parse_context, write_traces
from gatling.schema.files import file_kind

if TYPE_CHECKING:
    from gatling.cli.commands import Import


def import_agentdojo(command: Import) -> int:
    """Write the suites' traces, print how many; return the exit status."""
    if command.input or command.policy or command.role or command.sources:
        raise ConfigError("--input, --policy, --role and --sources are for gatling import messages")
    names = [name.strip() for name in command.suites.split(",") if name.strip()]
    unknown = [name for name in names if name not in SUITES]
    if unknown or not names:
        raise ConfigError(f"--suites is {command.suites!r}, it must name some of {', '.join(SUITES)}")
    file_kind(command.output)
    counts = {"compliant": 0, "violation": 0}

    def counted() -> Iterator[Trace]:
        with Progress("importing", unit="traces") as progress:
            for trace in agentdojo_traces(names):
                counts[trace.label] += 1
                progress.advance(1)
                yield trace

    write_traces(command.output, counted())
    print(f"{command.output}: {counts['compliant']} gold traces, {counts['violation']} violations")
    return 0


def import_messages(command: Import) -> int:
    """Write a trace a conversation, print how many; return the exit status."""
    if command.input is None or command.policy is None or command.role is None:
        missing = [f"--{name}" for name in ("input", "policy", "role") if getattr(command, name) is None]
        raise ConfigError(f"gatling import messages needs {', '.join(missing)}")
    conversations = read_conversations(command.input)
    file_kind(command.output)
    sources = ToolSources.from_file(command.sources) if command.sources else ToolSources()
    policy = read_policy(command.policy).data
    skipped = 0

    def traces() -> Iterator[Trace]:
        nonlocal skipped
        with Progress("importing", unit="conversations") as progress:
            for conversation in conversations:
                tracer = conversation.trace(sources)
                progress.advance(1)
                if not tracer.has_calls:
                    skipped += 1
                    continue
                session = {"user_request": tracer.request} if tracer.request else {}
                context = {"policy": policy, "user_role": command.role, "session_context": session}
                yield Trace(
                    governance_context=parse_context(context),
                    execution_plan=tracer.plan(),
                    label=command.label,
                    id=conversation.id,
                    source="messages",
                    request=tracer.request or None,
                )

    count = write_traces(command.output, traces())
    without = f"; {skipped} conversations without a tool call are left out" if skipped else ""
    print(f"{command.output}: {count} traces labelled {command.label}{without}")
    return 0
