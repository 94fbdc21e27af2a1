"""`gatling import`: other people's records as traces."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from gatling.cli.flags import LabelFlag, by_commas, check_one_stdin, flag
from gatling.errors import ConfigError

if TYPE_CHECKING:
    from gatling.schema import Trace


@dataclass(frozen=True, kw_only=True, slots=True)
class Import:
    """Turn recorded conversations, or a benchmark's ground truth, into traces.

    gatling import messages --input conversations.jsonl --policy policy.yaml --role clerk --output traces.jsonl

    agentdojo (extra: agentdojo): the user tasks' ground-truth calls become gold traces; each user task with each injection
    task's calls added, as an agent would run them that obeys the injection, becomes a violation. Nothing is downloaded.

    messages: OpenAI or Anthropic conversations and MCP transcripts become a trace each, with data edges and provenance tiers
    found by tracing argument values to where they first stood.
    """

    what: Annotated[Literal["agentdojo", "messages"], tyro.conf.Positional]
    """The benchmark, or messages."""
    output: Path
    """The trace file to write (.jsonl, .jsonl.gz, .jsonl.zst, .parquet)."""
    suites: str = "workspace,slack,banking,travel"
    """For agentdojo: which suites, by commas."""
    input: Path | None = None
    """For messages: a JSON document, or JSON Lines with a conversation or a JSON-RPC object a line. - reads stdin."""
    policy: Path | None = None
    """For messages: the policy of all traces, a JSON or YAML file. - reads stdin."""
    lenient: bool = False
    """For messages: take a policy that is not of the native format; what is not read of it is listed."""
    role: str | None = None
    """For messages: the user role of all traces."""
    sources: Path | None = None
    """For messages: whose text each tool returns, a JSON or YAML file. Default: told by the tools' names."""
    label: LabelFlag = "compliant"
    """For messages: the label of all traces."""

    def run(self) -> int:
        """Write the traces, print how many; return the exit status."""
        return self._messages() if self.what == "messages" else self._agentdojo()

    def _agentdojo(self) -> int:
        from gatling.bench.agentdojo import SUITES
        from gatling.bench.agentdojo.tasks import agentdojo_traces
        from gatling.cli.progress import Progress
        from gatling.schema import write_traces
        from gatling.schema.files import file_kind

        if self.input or self.policy or self.role or self.sources or self.lenient:
            raise ConfigError("--input, --policy, --role, --sources and --lenient are for gatling import messages")
        names = by_commas(self.suites)
        unknown = [name for name in names if name not in SUITES]
        if unknown or not names:
            raise ConfigError(f"--suites is {self.suites!r}, it must name some of {', '.join(SUITES)}")
        file_kind(self.output)
        counts = {"compliant": 0, "violation": 0}

        def counted() -> Iterator[Trace]:
            with Progress("importing", unit="traces") as progress:
                for trace in agentdojo_traces(names):
                    counts[trace.label] += 1
                    progress.advance(1)
                    yield trace

        write_traces(self.output, counted())
        print(f"{self.output}: {counts['compliant']} gold traces, {counts['violation']} violations")
        return 0

    def _messages(self) -> int:
        from gatling.adapters.recorded import read_conversations
        from gatling.cli.documents import conversation_source, list_unread, read_policy
        from gatling.cli.progress import Progress
        from gatling.policy import recognise
        from gatling.provenance.sources import ToolSources
        from gatling.schema import Trace, parse_context, write_traces
        from gatling.schema.files import file_kind

        if self.input is None or self.policy is None or self.role is None:
            missing = [flag(name) for name in ("input", "policy", "role") if getattr(self, name) is None]
            raise ConfigError(f"gatling import messages needs {', '.join(missing)}")
        check_one_stdin(input=self.input, policy=self.policy)
        conversations = read_conversations(conversation_source(self.input))
        file_kind(self.output)
        sources = ToolSources.from_file(self.sources) if self.sources else ToolSources()
        source = read_policy(self.policy)
        if self.lenient:
            list_unread(source)
        else:
            recognise(source)
        policy = source.data
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
                    context = {"policy": policy, "user_role": self.role, "session_context": session}
                    yield Trace(
                        governance_context=parse_context(context),
                        execution_plan=tracer.plan(),
                        label=self.label,
                        id=conversation.id,
                        source="messages",
                        request=tracer.request or None,
                    )

        count = write_traces(self.output, traces())
        without = f"; {skipped} conversations without a tool call are left out" if skipped else ""
        print(f"{self.output}: {count} traces labelled {self.label}{without}")
        return 0
