"""One conversion: the source by its kind to readings, the readings to a policy that loads strictly."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any

from gatling.errors import InputError
from gatling.policy.convert.documents import names_of_text, row_rules, rows_source, statements_of
from gatling.policy.convert.keyed import KeyedReader, role_keys
from gatling.policy.convert.lists import read_list_of
from gatling.policy.convert.sources import KINDS, data_of, ini_of, kind_of
from gatling.policy.convert.writer import settle, write
from gatling.policy.language.keys import may_name_tool
from gatling.policy.language.lexicon import Lexicon
from gatling.policy.language.sentences import read_sentence
from gatling.policy.language.statement import NativeRule, Reading, Statement
from gatling.policy.language.times import explained
from gatling.policy.native.schema import FORMAT
from gatling.policy.recognise import policy_problems
from gatling.policy.source import PolicySource
from gatling.schema.arguments import walk
from gatling.tools.spec import ToolSpec

MAX_CHARS = 1_000_000
MAX_LINES = 10_000
MAX_COMPARISONS = 5_000_000
"""Tools that are known times lines of the source: each line is compared with each."""


@dataclass(frozen=True, slots=True)
class Conversion:
    """What became of a source."""

    kind: str
    readings: tuple[Reading, ...]
    policy: dict[str, Any]
    text: str
    """The policy as YAML, with the lines of the source as comments."""

    @property
    def is_complete(self) -> bool:
        """Whether everything was understood, and nothing was read more narrowly than it may be meant."""
        return all(reading.status in ("understood", "remark") for reading in self.readings)

    @property
    def open(self) -> tuple[Reading, ...]:
        """The readings that need a decision."""
        return tuple(reading for reading in self.readings if reading.status == "open")


def convert(
    text: str,
    *,
    file: str | None = None,
    kind: str = "auto",
    tools: Mapping[str, ToolSpec] | Iterable[str] = (),
) -> Conversion:
    """Convert a policy to the native format. It never grants what no line of the source grants.

    Args:
        kind: one of `KINDS`, or auto.
        tools: the tools that there are, with what is known of them or by name; words are matched to these, and to names that
            stand in the source.

    Raises:
        InputError: if the source is not of its kind, or too long; with file and line where known.
    """
    if len(text) > MAX_CHARS:
        raise InputError(f"a policy of {len(text)} characters, at most {MAX_CHARS} are converted", file=file)
    if text.count("\n") > MAX_LINES:
        raise InputError(f"a policy of {text.count(chr(10))} lines, at most {MAX_LINES} are converted", file=file)
    if not text.strip():
        raise InputError("empty", file=file)
    try:
        kind = kind_of(text, file) if kind == "auto" else kind
    except InputError as error:
        raise error.at(file, error.line) from None
    if kind not in KINDS:
        raise InputError(f"the kind {kind!r} is not one of {', '.join(KINDS)}", file=file)
    specs = dict(tools) if isinstance(tools, Mapping) else {}
    names = list(tools)
    return _settled([explained(r) for r in _read(text, file, kind, names, specs)], file, kind, specs, names)


Decide = Callable[[Reading, NativeRule], tuple[str, tuple[NativeRule, ...]] | None]
"""Asked about an item that is to decide: the answer as it was given and the rules that take its place; None leaves it open."""


def decided(
    made: Conversion,
    decide: Decide,
    *,
    file: str | None = None,
    tools: Mapping[str, ToolSpec] | Iterable[str] = (),
) -> Conversion:
    """Return a conversion in which somebody was asked about each open item, in the order of the source."""
    readings = []
    for reading in made.readings:
        rules: list[NativeRule] = []
        answers: list[str] = []
        for rule in reading.rules:
            answer = decide(reading, rule) if rule.kind == "review" else None
            if answer is None:
                rules.append(rule)
            else:
                answers.append(answer[0])
                rules += answer[1]
        readings.append(replace(reading, rules=tuple(rules), answers=(*reading.answers, *answers)))
    return _settled(readings, file, made.kind, dict(tools) if isinstance(tools, Mapping) else {}, list(tools))


def _settled(
    readings: list[Reading], file: str | None, kind: str, specs: dict[str, ToolSpec], names: list[str]
) -> Conversion:
    settled, policy, origin = settle(readings, specs, names)
    opened = sum(reading.status == "open" for reading in settled)
    head = [
        f"Converted by `gatling policy convert`{f' from {file}' if file else ''}, read as {kind}.",
        f"To decide: {opened}. See `review`, whose items leave open the calls that they may be about."
        if opened
        else "Nothing is left to decide.",
    ]
    return Conversion(kind, tuple(settled), policy, write(policy, settled, origin, head))


def _read(text: str, file: str | None, kind: str, names: list[str], specs: dict[str, ToolSpec]) -> Iterable[Reading]:
    if kind in ("data", "ini"):
        source = data_of(text, file) if kind == "data" else ini_of(text, file)
        return _keyed(source, names, specs)
    if PurePath(file or "").suffix.lower() == ".cedar":
        statement = Statement(1, "Cedar policies, as they stand")
        return [Reading(statement, (NativeRule("member", key="cedar", value=text, reason="cedar"),))]
    if kind != "text":
        return read_list_of(kind, text)
    lexicon = Lexicon([*names, *names_of_text(text)], specs)
    _check_size(lexicon, text.count("\n") + text.count(". "), file)
    lexicon.is_closed = bool(names)
    readings: list[Reading] = []
    for said in statements_of(text, lexicon):
        if isinstance(said, tuple):
            statement, row = said
            rules, _ = row_rules(row)
            source = rows_source([(statement.line, rule) for rule in rules])
            reader = KeyedReader(source, lexicon, role_keys(source.data))
            reader.block(source.data, (), statement.context)
            merged = tuple(rule for reading in reader.readings for rule in reading.rules)
            note = "; ".join(dict.fromkeys(reading.note for reading in reader.readings if reading.note))
            readings.append(Reading(statement, merged, note))
        elif said.value == "heading":
            readings.append(Reading(said))
        else:
            readings.append(read_sentence(said, lexicon))
    return readings


def _check_size(lexicon: Lexicon, statements: int, file: str | None) -> None:
    if len(lexicon.names) * statements > MAX_COMPARISONS:
        raise InputError(
            f"{len(lexicon.names)} tools and {statements} statements are too many; convert it in parts", file=file
        )


def _keyed(source: PolicySource, names: list[str], specs: dict[str, ToolSpec]) -> Iterable[Reading]:
    found: list[str] = []
    for path, value in walk(source.data):
        found += [part for part in path[-1:] if isinstance(part, str) and may_name_tool(part)]
        found += names_of_text(value) if isinstance(value, str) else []
    lexicon = Lexicon([*names, *found], specs)
    _check_size(lexicon, sum(1 for _ in walk(source.data)), source.file)
    lexicon.roles = role_keys(source.data)
    lexicon.is_closed = bool(names)
    return KeyedReader(source, lexicon, role_keys(source.data)).read()


__all__ = ["FORMAT", "Conversion", "convert", "policy_problems"]
