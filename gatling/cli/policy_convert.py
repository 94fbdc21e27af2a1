"""`gatling policy convert`: a policy in the native format, and line by line what became of the source."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from rich.markup import escape
from rich.table import Table

from gatling.cli.console import counted, err, note, print_line, wide
from gatling.cli.documents import print_json
from gatling.cli.flags import STDIN
from gatling.errors import InputError
from gatling.policy.convert import HELP, Comments, Conversion, NativeRule, Reading, convert, decided, rules_of_answer
from gatling.schema.files import atomic_write, read_text_at_most, source_name
from gatling.schema.plain import decode_text
from gatling.tools import load_catalog
from gatling.tools.spec import ToolSpec

EXIT_OPEN = 4
_COLOURS = {"understood": "green", "narrowed": "yellow", "remark": "dim", "open": "red"}


def run_convert(
    file: Path,
    *,
    output: Path | None,
    kind: str,
    tools: Path | None,
    as_json: bool,
    is_interactive: bool = False,
    comments: Comments = "items",
) -> int:
    """Convert a policy, write it and what became of each line; return 0 if everything was understood, else 4."""
    source = sys.stdin.buffer if file == STDIN else file
    known = () if tools is None else _tools_of(tools)
    text, name = read_text_at_most(source), source_name(source)
    made = convert(text, file=name, kind=kind, tools=known, comments=comments)
    lines = {reading.statement.line for reading in made.open if reading.statement.is_comment}
    if is_interactive and lines and _are_notes(len(lines)):
        made = convert(text, file=name, kind=kind, tools=known, comments="notes")
    if is_interactive and made.open:
        made = decided(made, _Questions(str(file), made, frozenset(known)), file=name, tools=known)
    if output is not None:
        with atomic_write(output) as stream:
            stream.write(made.text.encode())
    if as_json:
        print_json(_as_data(str(file), made))
    else:
        if output is None:
            sys.stdout.write(made.text)
        _report(str(file), made, to_stderr=output is None)
    return 0 if made.is_complete else EXIT_OPEN


def _are_notes(count: int) -> bool:
    """Ask whether the comments of the document are notes; no answer is no."""
    are = "comment is" if count == 1 else "comments are"
    note(f"{count} {are} to decide: are comments here notes, not rules? y/N")
    while True:
        err.print("> ", end="")
        answer = sys.stdin.readline().strip().lower()
        if answer in ("", "n", "no", "y", "yes"):
            return answer in ("y", "yes")
        note("  wanted y or n, or an empty line for n")


class _Questions:
    """Asks about each open item on stderr, and reads the answers from stdin, until it ends."""

    def __init__(self, file: str, made: Conversion, tools: frozenset[str]) -> None:
        self.file, self.tools = file, tools
        self._left = sum(rule.kind == "review" for reading in made.readings for rule in reading.rules)
        self._has_ended = False
        note(f"{counted(self._left, 'item')} to decide. An answer is one of\n{escape(HELP)}")

    def __call__(self, reading: Reading, item: NativeRule) -> tuple[str, tuple[NativeRule, ...]] | None:
        if self._has_ended:
            return None
        about = f" (about {', '.join(item.tools)})" if item.tools and item.tools != ("*",) else ""
        note(f"[bold]{escape(self.file)}:{reading.statement.line}:[/] {escape(reading.statement.text)}")
        note(f"  to decide: {escape(item.reason)}{escape(about)}")
        while True:
            err.print("> ", end="")
            line = sys.stdin.readline()
            answer = line.strip()
            if not line:
                self._has_ended = True
                note("no more answers; the rest stays open")
            if not answer:
                return None
            try:
                return answer, rules_of_answer(answer, item=item, tools=self.tools)
            except InputError as error:
                note(f"  {escape(str(error))}; one of allow, deny, limit, approval, request, none, or an empty line")


def _tools_of(path: Path) -> Mapping[str, ToolSpec] | Iterable[str]:
    """Read a catalogue, or names of tools: a JSON or YAML list, or one a line. Raises: InputError."""
    text = read_text_at_most(path)
    if not text.strip():
        raise InputError("empty, wanted a catalogue or names of tools", file=str(path))
    try:
        data = decode_text(text)
    except InputError:
        data = text
    if isinstance(data, str):
        return data.split()
    if isinstance(data, list) and all(isinstance(name, str) for name in data):
        return data
    return {spec.name: spec for spec in load_catalog([str(path)])}


def _report(file: str, made: Conversion, *, to_stderr: bool) -> None:
    """Print side by side what a line says and what it became, then how much that is."""
    table = Table(title=f"{file}, read as {made.kind}", title_justify="left")
    for name in ("line", "the source says", "read as"):
        table.add_column(name, justify="right" if name == "line" else "left", overflow="fold")
    for reading in made.readings:
        colour = _COLOURS[reading.status]
        table.add_row(
            str(reading.statement.line), escape(reading.statement.text), f"[{colour}]{escape(_becomes(reading))}[/]"
        )
    counts = Counter(reading.status for reading in made.readings)
    last = (
        f"{file}: {counts['understood']} understood, {counts['narrowed']} read more narrowly, {counts['open']} to decide, "
        f"{counts['remark']} say nothing of calls"
    )
    if to_stderr:
        err.print(table)
        err.print(last, highlight=False, soft_wrap=True)
    else:
        wide().print(table)
        print_line(escape(last))


def _becomes(reading: Reading) -> str:
    if reading.status == "remark":
        return f"says nothing of calls: {reading.note}" if reading.note else "says nothing of calls"
    if reading.answers and not reading.rules:
        return "answered: says nothing of calls"
    shown = [f"answered: {answer}" for answer in reading.answers] + [rule.shown() for rule in reading.rules]
    return "\n".join([*shown, *([f"narrower: {reading.note}"] if reading.note else [])])


def _as_data(file: str, made: Conversion) -> dict[str, object]:
    lines = [
        {
            "line": reading.statement.line,
            "text": reading.statement.text,
            "status": reading.status,
            "rules": [rule.shown() for rule in reading.rules],
            **({"note": reading.note} if reading.note else {}),
            **({"answers": list(reading.answers)} if reading.answers else {}),
        }
        for reading in made.readings
    ]
    return {
        "file": file,
        "kind": made.kind,
        **{status: sum(r.status == status for r in made.readings) for status in _COLOURS},
        "lines": lines,
        "policy": json.loads(json.dumps(made.policy)),
    }
