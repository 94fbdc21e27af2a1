"""`gatling policy diff`: the calls on which two policies disagree, and the exit status that this gives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

from rich.markup import escape

from gatling.cli.console import counted, print_line
from gatling.cli.documents import print_json, read_policy, trace_sources
from gatling.cli.progress import Progress
from gatling.errors import MissingExtraError
from gatling.policy import recognise
from gatling.policy.dialects.cedar import is_installed
from gatling.policytest import Difference, difference
from gatling.policytest.difference import Changed, Direction
from gatling.schema import Trace, read_traces
from gatling.tools import load_catalog

EXIT_DIFFERENT = 1
_SILENT_SHOWN = 5
_COLOURS: dict[Direction, str] = {"widened": "red", "narrowed": "cyan"}


def run_diff(
    a: Path,
    b: Path,
    *,
    catalog: Sequence[str] | None,
    traces: Path | None,
    role: str | None,
    examples: int,
    seed: int,
    lenient: bool,
    as_json: bool,
) -> int:
    """Compare two policies, print; return 1 if the verdict on a call differs, else 0."""
    sources = read_policy(a), read_policy(b)
    rules = recognise(sources[0], strict=not lenient), recognise(sources[1], strict=not lenient)
    if (rules[0].cedar or rules[1].cedar) and not is_installed():
        raise MissingExtraError("comparing Cedar policies", "cedar")
    with Progress("comparing", unit="tools") as progress:
        found = difference(
            sources,
            rules,
            load_catalog(["builtin"] if catalog is None else catalog),
            roles=None if role is None else [role],
            traces=() if traces is None else _traces(traces),
            seed=seed,
            progress=progress.advance,
        )
    if as_json:
        print_json({"a": str(a), "b": str(b), **found.to_dict()})
    else:
        _print(str(a), str(b), found, examples)
    return EXIT_DIFFERENT if found.changes else 0


def _traces(path: Path) -> Iterator[Trace]:
    return chain.from_iterable(read_traces(source) for source in trace_sources(path))


def _print(a: str, b: str, found: Difference, examples: int) -> None:
    for direction, meaning in (("widened", f"{b} allows more"), ("narrowed", f"{b} allows less")):
        changes = [change for change in found.changes if change.direction == direction]
        if changes:
            print_line(f"[bold {_COLOURS[direction]}]{direction}[/]: {escape(meaning)}")  # type: ignore[index]
        for change in changes[:examples]:
            _print_change(change)
        if len(changes) > examples:
            print_line(f"  [dim]and {len(changes) - examples} more (--examples {len(changes)} prints all)[/]")
    if found.silent:
        names = ", ".join(f"{tool} for {role}" for tool, role in found.silent[:_SILENT_SHOWN])
        more = f" and {len(found.silent) - _SILENT_SHOWN} more" if len(found.silent) > _SILENT_SHOWN else ""
        print_line(escape(f"rules differ, but no call was found that they judge differently: {names}{more}"))
    widened, narrowed = found.count("widened"), found.count("narrowed")
    said = f"{widened} widened, {narrowed} narrowed" if found.changes else "no verdict differs"
    print_line(escape(f"{a} -> {b}: {said}; {counted(found.judged, 'plan')} judged by both"))


def _print_change(change: Changed) -> None:
    session = ", ".join(f"{key} {value}" for key, value in change.session.items())
    note = f" [dim](session: {escape(session)})[/]" if session else ""
    asked = "" if change.is_asked else " [dim](that nobody asked for)[/]"
    others = f" and {counted(len(change.tools) - 1, 'other tool')}" if len(change.tools) > 1 else ""
    verdicts = f"{change.before} -> {change.after}"
    print_line(f"  {escape(change.example)}{others} for {escape(', '.join(change.roles))}: {verdicts}{asked}{note}")
    print_line(f"    [dim]before[/] {escape(change.why_before)}")
    print_line(f"    [dim]after [/] {escape(change.why_after)}")
