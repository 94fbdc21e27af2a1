"""Where in its text each part of a JSON or YAML document stands.

A finding about a policy is only useful with a line number, and parsed data has none. `parse_policy` reads the text with
the strict decoders of `schema.plain` and then walks it once more for positions; nothing here recurses.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gatling.errors import InputError
from gatling.schema.files import as_path, read_text_at_most
from gatling.schema.plain import decode_json, decode_text, join_path, yaml_scalar

if TYPE_CHECKING:
    import yaml

DataPath = tuple[str | int, ...]
"""Keys and list indices from the root."""


@dataclass(frozen=True, slots=True)
class PolicySource:
    """A policy with the line of each of its parts."""

    data: dict[str, Any]
    lines: dict[DataPath, int] = field(default_factory=dict)
    """Line, from 1, on which a part starts: a member of a mapping at its key, an item of a list at its value."""
    file: str | None = None


def show_path(path: DataPath) -> str:
    """Write a path as in error messages: `roles.clerk.limits[2]`."""
    text = ""
    for part in path:
        text = join_path(text, part)
    return text


def parse_policy(text: str, *, file: str | None = None) -> PolicySource:
    """Read a policy from JSON or YAML text.

    Raises:
        InputError: if it is neither, or not a mapping; with the line where that is known.
    """
    try:
        if not isinstance(text, str):
            raise InputError(f"a {type(text).__name__}, wanted the text of a policy")
        data = decode_text(text)
        if not isinstance(data, dict):
            raise InputError(f"the policy is a {type(data).__name__}, wanted a mapping")
    except InputError as error:
        raise error.at(file, error.line) from None
    return PolicySource(data, lines_of(text), file)


def lines_of(text: str) -> dict[DataPath, int]:
    """Return the line of each part of a JSON or YAML text that decodes."""
    return _json_lines(text) if _is_json(text) else _yaml_lines(text)


def read_policy(path: str | Path) -> PolicySource:
    """Read a policy file, JSON or YAML, or Cedar policies in a file whose name ends in `.cedar`.

    Raises:
        InputError: naming file and line.
    """
    source = as_path(path)
    text = read_text_at_most(source)
    if source.suffix.lower() == ".cedar":
        return PolicySource({"format": "cedar", "cedar": text}, {("cedar",): 1}, str(source))
    return parse_policy(text, file=str(source))


def _is_json(text: str) -> bool:
    try:
        decode_json(text.lstrip("\ufeff \t\r\n"))
    except InputError:
        return False
    return True


@dataclass(slots=True)
class _Walker:
    """Turns a stream of opened, closed and scalar values into paths."""

    lines: dict[DataPath, int] = field(default_factory=dict)
    path: list[str | int] = field(default_factory=list)
    is_mapping: list[bool] = field(default_factory=list)
    key: tuple[str, int] | None = None

    def value(self, line: int) -> None:
        """Note the place of a value and step to it."""
        if not self.is_mapping:
            self.lines[()] = line
            return
        if self.is_mapping[-1]:
            assert self.key is not None
            self.path[-1], line = self.key
            self.key = None
        else:
            last = self.path[-1]
            assert isinstance(last, int)
            self.path[-1] = last + 1
        self.lines[tuple(self.path)] = line

    def open(self, line: int, *, mapping: bool) -> None:
        self.value(line)
        self.is_mapping.append(mapping)
        self.path.append("" if mapping else -1)

    def close(self) -> None:
        self.is_mapping.pop()
        self.path.pop()

    def wants_key(self) -> bool:
        return bool(self.is_mapping) and self.is_mapping[-1] and self.key is None


_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]]|[^\s{}\[\],:"]+|\r\n?|\n')


def _json_lines(text: str) -> dict[DataPath, int]:
    walker, line = _Walker(), 1
    for match in _TOKEN.finditer(text.lstrip("\ufeff")):
        token = match.group()
        if token[0] in "\r\n":
            line += 1
        elif token in "{[":
            walker.open(line, mapping=token == "{")
        elif token in "}]":
            walker.close()
        elif walker.wants_key():
            walker.key = (json.loads(token), line)
        else:
            walker.value(line)
    return walker.lines


def _yaml_lines(text: str) -> dict[DataPath, int]:
    import yaml

    walker = _Walker()
    for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.ScalarEvent):
            if walker.wants_key():
                walker.key = (_yaml_key(event), line)
            else:
                walker.value(line)
        elif isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            walker.open(line, mapping=isinstance(event, yaml.MappingStartEvent))
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            walker.close()
    return walker.lines


def _yaml_key(event: yaml.ScalarEvent) -> str:
    value = yaml_scalar(event)
    return value if isinstance(value, str) else json.dumps(value)
