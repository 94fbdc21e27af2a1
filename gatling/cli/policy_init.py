"""`gatling policy init`: what the sources are, and the policy that they make."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.markup import escape

from gatling.adapters import ToolSources, read_conversations
from gatling.cli.console import counted, note
from gatling.cli.documents import print_json
from gatling.errors import ConfigError, InputError
from gatling.policy.draft import Draft, Run, SeenCalls, draft
from gatling.schema import Trace, read_traces
from gatling.schema.files import atomic_write, open_unpacked, text_lines, trace_files
from gatling.schema.plain import decode_json
from gatling.tools.files import merged
from gatling.tools.load import read_file
from gatling.tools.readers.mcp import mcp_tools
from gatling.tools.readers.mcp_server import ask_server
from gatling.tools.spec import ToolSpec


@dataclass
class _Read:
    """What the sources hold."""

    seen: SeenCalls = field(default_factory=SeenCalls)
    tools: list[ToolSpec] = field(default_factory=list)
    violations: int = 0
    """Runs that are labelled so, and taken for nothing."""
    without_calls: int = 0


def run_init(sources: Sequence[str], *, role: str | None, output: Path | None, as_json: bool) -> int:
    """Draft a policy and write it; return the exit status."""
    read = _Read()
    for source in sources:
        _read_source(source, role, read)
    made = draft(
        read.seen, merged(read.tools), role=role, sources=[Path(s).name if Path(s).exists() else s for s in sources]
    )
    if output is not None:
        with atomic_write(output) as stream:
            stream.write(made.text.encode())
    if as_json:
        print_json(_as_data(read, made))
    elif output is None:
        sys.stdout.write(made.text)
    _report(read, made, output)
    return 0


def _read_source(source: str, role: str | None, read: _Read) -> None:
    """Read one source, whatever it is. Raises: InputError; ConfigError if there is no such file and no such program."""
    path = Path(source)
    if not path.exists():
        words = _command(source)
        note(f"asking the MCP server {escape(source)} for its tools")
        read.tools += _named(mcp_tools(ask_server(words), "mcp"), source)
        return
    kind = "traces" if path.is_dir() else _kind(path)
    if kind == "tools":
        read.tools += read_file(path)
    elif kind == "traces":
        for file in trace_files(path) if path.is_dir() else [path]:
            read.seen.add(_runs_of_traces(read_traces(file), role, read))
    else:
        read.seen.add(_runs_of_conversations(path, role, read))


def _command(source: str) -> list[str]:
    """Return the words of a command that can be started. Raises: ConfigError."""
    words: list[str] = []
    with suppress(ValueError):  # a quote that is not closed
        words = shlex.split(source)
    if not words or shutil.which(words[0]) is None:
        raise ConfigError(f"--from is {source!r}, there is no such file, and no program to start by that name")
    return words


def _named(tools: Iterator[ToolSpec], source: str) -> list[ToolSpec]:
    try:
        return list(tools)
    except InputError as error:
        raise error.at(source, None) from None


def _kind(path: Path) -> str:
    """Return what a file holds: tools, traces or conversations, by its name, else by its first record."""
    if path.name.endswith(".parquet"):
        return "traces"
    if path.suffix in (".yaml", ".yml"):
        return "tools"
    with open_unpacked(path) as stream:
        first = next(iter(text_lines(stream, name=str(path))), None)
    if first is None:
        raise InputError("empty", file=str(path))
    head: Any = None
    if isinstance(first[1], str):
        with suppress(InputError):
            head = decode_json(first[1])
    if head is None:  # a document over several lines
        with suppress(InputError):
            read_file(path)
            return "tools"
        return "conversations"
    if isinstance(head, dict) and "execution_plan" in head:
        return "traces"
    result = head.get("result") if isinstance(head, dict) else None
    is_list = isinstance(head, dict) and ("tools" in head or (isinstance(result, dict) and "tools" in result))
    is_described = isinstance(head, dict) and ("openapi" in head or "format" in head or is_list)
    return "tools" if is_described and "messages" not in head else "conversations"


def _runs_of_traces(traces: Iterator[Trace], role: str | None, read: _Read) -> Iterator[Run]:
    for trace in traces:
        context = trace.governance_context
        if trace.is_compliant:
            yield Run(context.user_role or role, context.session_context, trace.execution_plan)
        else:
            read.violations += 1


def _runs_of_conversations(path: Path, role: str | None, read: _Read) -> Iterator[Run]:
    for conversation in read_conversations(path):
        if conversation.notes.get("label") == "violation":
            read.violations += 1
            continue
        context = None if conversation.governance_context is None else conversation.context()
        tracer = conversation.trace(ToolSources())
        if not tracer.has_calls:
            read.without_calls += 1
            continue
        session = dict(context.session_context) if context else {}
        yield Run(context.user_role if context else role, session, tracer.plan())


def _report(read: _Read, made: Draft, output: Path | None) -> None:
    granted = sum(line.section == "allowed_operations" for line in made.lines)
    where = f"{output}: " if output is not None else ""
    runs = f", from {counted(len(read.seen.runs), 'run')}, all of which it allows" if read.seen.runs else ""
    note(
        escape(
            f"{where}{counted(granted, 'tool')} granted, {len(made.left_out)} not, {len(made.lines) - granted} bounds{runs}"
        )
    )
    if read.violations:
        note(f"{counted(read.violations, 'run')} labelled a violation left out")
    if read.without_calls:
        note(f"{counted(read.without_calls, 'conversation')} without a tool call left out")
    if made.taken_out:
        note(
            f"{counted(len(made.taken_out), 'bound')} not written, as calls that were seen would not pass; see the last lines"
        )


def _as_data(read: _Read, made: Draft) -> dict[str, Any]:
    def shown(lines: Sequence[Any]) -> list[dict[str, Any]]:
        return [{"section": x.section, "key": x.key or None, "value": x.value, "why": x.why} for x in lines]

    return {
        "policy": made.text,
        "lines": shown(made.lines),
        "taken_out": shown(made.taken_out),
        "not_granted": [{"tool": name, "why": why} for name, why in made.left_out],
        "runs": len(read.seen.runs),
        "violations_left_out": read.violations,
    }
