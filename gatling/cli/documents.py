"""What commands read as a whole, and the JSON that they print. `-` is standard input."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gatling.cli.flags import STDIN
from gatling.errors import InputError

if TYPE_CHECKING:
    from gatling.policy.source import PolicySource
    from gatling.schema.files import Source


def read_json(path: Path) -> Any:
    """Read one JSON document. Raises: InputError."""
    from gatling.schema.files import read_text_at_most, source_name
    from gatling.schema.plain import decode_json

    source = _opened(path)
    try:
        return decode_json(read_text_at_most(source))
    except InputError as error:
        raise error.at(source_name(source), None) from None


def read_policy(path: Path) -> PolicySource:
    """Read a policy, JSON or YAML. Raises: InputError naming file and line."""
    from gatling.policy import source

    if path != STDIN:
        return source.read_policy(path)
    from gatling.schema.files import read_text_at_most, source_name

    stream = _opened(path)
    return source.parse_policy(read_text_at_most(stream), file=source_name(stream))


def list_unread(source: PolicySource) -> None:
    """List on stderr what of a policy is not read, where it is not read strictly."""
    from gatling.policy import recognise

    for part in recognise(source, strict=False).unrecognised:
        place = f"{source.file}: " if source.file else ""
        print(f"not read: {place}{part.place}: {part.reason}", file=sys.stderr)


def trace_sources(path: Path) -> list[Source]:
    """Return what to read the traces of a flag from: a file, those of a folder, or standard input as JSON Lines.

    Raises:
        InputError: if there is no such file, or no trace file in the folder.
    """
    from gatling.schema.files import trace_files

    return [_opened(path)] if path == STDIN else [*trace_files(path)]


def conversation_source(path: Path) -> Source:
    """Return what to read conversations from: the file, or standard input."""
    return _opened(path)


def dump_json(value: Any) -> bytes:
    """Return a document of JSON text as the commands write it."""
    return (json.dumps(value, indent=2, allow_nan=False) + "\n").encode()


def print_json(value: Any) -> None:
    """Print a document of JSON text."""
    sys.stdout.write(dump_json(value).decode())


def _opened(path: Path) -> Source:
    return sys.stdin.buffer if path == STDIN else path
