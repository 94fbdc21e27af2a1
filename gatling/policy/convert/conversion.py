"""One conversion: the source by its kind to readings, the readings to a policy that loads strictly."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any

from gatling.errors import InputError
from gatling.policy.convert.account import accounted, sentences_in_keys
from gatling.policy.convert.cedar import attached_in_cedar, read_cedar
from gatling.policy.convert.comments import Comment, comments_of
from gatling.policy.convert.documents import names_of_text, row_rules, rows_source, statements_of, unlisted
from gatling.policy.convert.entry_rows import read_entry_row
from gatling.policy.convert.keyed import KeyedReader, role_keys, sibling_roles
from gatling.policy.convert.latex import is_latex, lines_of_latex
from gatling.policy.convert.legends import approving_marks, is_legend, legend_of
from gatling.policy.convert.lines import read_tuple
from gatling.policy.convert.lists import read_list_of
from gatling.policy.convert.meta import question_of, read_answer, read_any
from gatling.policy.convert.named_lines import placed, read_named_line, roles_of_document
from gatling.policy.convert.named_sets import with_sets
from gatling.policy.convert.notes import Comments, check_comments, marked, noted, notes_of
from gatling.policy.convert.outlines import is_outline, outline_of
from gatling.policy.convert.places import separated
from gatling.policy.convert.record_words import Around, column_kind
from gatling.policy.convert.records import RecordReader, fits
from gatling.policy.convert.remarks import Attached, attached_in_lines, attached_in_tree, nowhere, remarks
from gatling.policy.convert.rule_lines import read_rule_lines
from gatling.policy.convert.sources import KINDS, TREES, kind_of, tree_of
from gatling.policy.convert.sql_grants import read_sql_grants
from gatling.policy.convert.tables import delimiter_of, is_html, lines_of_html, read_row, rows_of_csv
from gatling.policy.convert.writer import settle, write
from gatling.policy.language.keys import may_name_tool
from gatling.policy.language.lexicon import Lexicon
from gatling.policy.language.nature import is_default, is_remark
from gatling.policy.language.sentences import read_sentence
from gatling.policy.language.statement import NativeRule, Reading, Statement, review
from gatling.policy.language.times import explained
from gatling.policy.native.schema import FORMAT
from gatling.policy.reading.vocabulary import is_prose
from gatling.policy.recognise import policy_problems
from gatling.policy.source import DataPath, PolicySource
from gatling.schema.arguments import walk
from gatling.tools.spec import ToolSpec

MAX_CHARS = 1_000_000
MAX_LINES = 10_000
MAX_AGAIN = 100_000
"""The same, for what is read once more by the words of all tools; with more of them, what is not understood stays so."""
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
    comments: Comments = "items",
) -> Conversion:
    """Convert a policy to the native format. It never grants what no line of the source grants.

    Args:
        kind: one of `KINDS`, or auto.
        tools: the tools that there are, with what is known of them or by name; words are matched to these, and to names that
            stand in the source.
        comments: notes, where somebody says of this document that its comments are no rules.

    Raises:
        InputError: if the source is not of its kind, or too long; with file and line where known.
    """
    check_comments(comments)
    if len(text) > MAX_CHARS:
        raise InputError(f"a policy of {len(text)} characters, at most {MAX_CHARS} are converted", file=file)
    if text.count("\n") > MAX_LINES:
        raise InputError(f"a policy of {text.count(chr(10))} lines, at most {MAX_LINES} are converted", file=file)
    if not text.strip():
        raise InputError("empty", file=file)
    is_guess = kind == "auto"
    try:
        kind = kind_of(text, file) if is_guess else kind
    except InputError as error:
        raise error.at(file, error.line) from None
    if kind not in KINDS:
        raise InputError(f"the kind {kind!r} is not one of {', '.join(KINDS)}", file=file)
    specs = dict(tools) if isinstance(tools, Mapping) else {}
    names = list(tools)
    try:
        readings = list(_read(text, file, kind, names, specs, are_notes=comments == "notes"))
    except InputError:
        if not is_guess or kind not in ("blocks", "python", "rego"):
            raise
        kind = "text"  # it only looked like that
        readings = list(_read(text, file, kind, names, specs, are_notes=comments == "notes"))
    return _settled(separated([explained(r) for r in readings], names, specs), file, kind, specs, names)


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
    noted_as = sum(reading.is_noted for reading in settled)
    head = [
        f"Converted by `gatling policy convert`{f' from {file}' if file else ''}, read as {kind}.",
        f"To decide: {opened}. See `review`, whose items leave open the calls that they may be about."
        if opened
        else "Nothing is left to decide.",
        *([f"Comments: {noted_as} taken for notes and not for rules, as --comments notes says."] if noted_as else []),
    ]
    return Conversion(kind, tuple(settled), policy, write(policy, settled, origin, head))


def _read(
    text: str, file: str | None, kind: str, names: list[str], specs: dict[str, ToolSpec], *, are_notes: bool
) -> list[Reading]:
    if PurePath(file or "").suffix.lower() == ".cedar" and kind == "text":
        closed = _closed(Lexicon([*names, *names_of_text(text)], specs), names, specs, text.count("\n"))
        beside = _beside(comments_of(text, "cedar"), closed, attached_in_cedar(text), are_notes=are_notes)
        return accounted([*read_cedar(text), *beside], closed)
    if kind in TREES:
        source = tree_of(kind, text, file)
        source = PolicySource(with_sets(source.data), source.lines, source.file)
        lexicon = _lexicon_of(source, names, specs)
        comments = comments_of(text, kind)
        closed = _closed(lexicon, names, specs, len(comments) + sum(1 for _ in walk(source.data)))
        readings, taken = _keyed(source, lexicon, closed, comments)
        said = [Comment(s.line, s.text, s.line, is_text=True) for s in sentences_in_keys(source, taken)]
        attached = _beside(comments, closed, attached_in_tree(source, closed, text, readings), are_notes=are_notes)
        readings = [*marked(readings), *attached, *remarks(said, closed)]
        return accounted(list(noted(readings)) if are_notes else readings, closed)
    lexicon = Lexicon([*names, *names_of_text(text)], specs)
    parts = text.count("\n") + text.count(". ")
    _check_size(lexicon, parts, file)
    lexicon.is_closed = bool(names)
    closed = _closed(lexicon, names, specs, parts)
    granted = (
        read_sql_grants(text, closed) if kind == "text" and PurePath(file or "").suffix.lower() not in _PAGES else None
    )
    listing = (
        granted
        if granted is not None
        else None
        if PurePath(file or "").suffix.lower() in _PAGES
        else read_rule_lines(text, closed, least=3 if kind == "text" else 1)
    )
    if listing is not None:
        made, said_beside = listing
        return accounted(
            [*made, *_beside(said_beside, closed, attached_in_lines(made, text), are_notes=are_notes)], closed
        )
    if kind != "text":
        listed = read_list_of(kind, text)
        listed = _again(listed, closed) if closed.is_closed else listed
        return accounted([*listed, *_beside(comments_of(text, kind), closed, are_notes=are_notes)], closed)
    shown: list[Comment] = []
    if PurePath(file or "").suffix.lower() in ("", ".txt") and is_outline(text):
        source = outline_of(text, file)
        lexicon = _lexicon_of(source, names, specs)
        return accounted(_keyed(source, lexicon, _closed(lexicon, names, specs, parts), [])[0], closed)
    if is_html(text):
        shown, text = comments_of(text, "html"), lines_of_html(text)
    if is_latex(text):
        text = lines_of_latex(text)
    delimiter = delimiter_of(text) if _is_values(file) else ""
    if delimiter:
        rows = ((Statement(line, said), row) for line, said, row in rows_of_csv(text, delimiter))
        shown = comments_of(text, "values")
        marks = {name: effect for comment in shown for name, effect in legend_of(comment.text).items()}
        approving = frozenset(mark for comment in shown for mark in approving_marks(comment.text))
        readings = [
            found for statement, row in rows for found in _row(statement, row, lexicon, closed, marks, approving)
        ]
    else:
        readings = _statements(text, lexicon, closed)
    attached = _beside(shown, closed, attached_in_lines(readings, text), are_notes=are_notes)
    return accounted([*readings, *attached], closed)


_PAGES = frozenset((".md", ".csv", ".tsv", ".psv", ".html", ".rst", ".tex", ".eml"))


def _beside(
    comments: list[Comment], lexicon: Lexicon, attached: Attached = nowhere, *, are_notes: bool
) -> list[Reading]:
    """Read comments and what else stands beside a source; in a document whose comments are notes only the latter."""
    if not are_notes:
        return list(remarks(comments, lexicon, attached))
    texts = [comment for comment in comments if comment.is_text]
    return [*notes_of(c for c in comments if not c.is_text), *remarks(texts, lexicon, attached)]


def _statements(text: str, lexicon: Lexicon, closed: Lexicon) -> list[Reading]:
    """Read the sentences, lines and rows of a text."""
    readings: list[Reading] = []
    statements = list(statements_of(text, lexicon))
    legend = {
        name: effect
        for said in statements
        if isinstance(said, Statement) and closed.is_closed and is_legend(said.text)
        for name, effect in legend_of(said.text).items()
    }
    approving = frozenset(
        mark for said in statements if isinstance(said, Statement) for mark in approving_marks(said.text)
    )
    plain = [said for said in statements if isinstance(said, Statement)]
    named_roles = closed.roles | (roles_of_document(plain, closed) if closed.is_closed else frozenset())
    question = ""
    for said in unlisted(statements):
        if isinstance(said, tuple):
            readings += _row(*said, lexicon, closed, legend, approving)
        elif closed.is_closed and question_of(said.text):
            question = question_of(said.text)
            readings.append(Reading(said, is_part=True))
        elif said.value == "heading":
            readings.append(Reading(said, is_part=not said.is_heading))
        elif closed.is_closed and is_legend(said.text):
            readings.append(Reading(said, is_part=True))
        else:
            named = read_named_line(said, closed, named_roles, legend) if closed.is_closed and not question else None
            if named is not None:
                readings.append(named)
                continue
            found = read_sentence(said, lexicon)
            answer = read_answer(question, said, closed) if question and closed.is_closed else None
            if answer is not None:
                found = answer
            elif question:
                asked = replace(said, text=f"{question}? {said.text}", context=said.context.with_(effect="deny"))
                found = Reading(asked, (review(asked.text, "an answer that is not understood"),))
            elif closed.is_closed and (found.status != "understood" or not fits(found, closed)):
                before, is_bounded = _before(readings)
                found = read_any(said, closed, before, is_bounded=is_bounded)
            question = ""
            readings.append(placed(found, closed, readings) if closed.is_closed else found)
    return _again(readings, closed) if closed.is_closed else readings


def _again(readings: list[Reading], lexicon: Lexicon) -> list[Reading]:
    """Read lines once more by their values, where they were not understood."""
    result = []
    for reading in readings:
        if reading.status != "open":
            result.append(reading)
        elif is_default(reading.statement.text):
            result.append(replace(reading, rules=(NativeRule("default", value="deny"),)))
        else:
            result.append(read_tuple(reading, lexicon) or reading)
    return result


def _before(readings: list[Reading]) -> tuple[tuple[str, ...], bool]:
    """Return the tools of the last sentence that granted or bounded some, and whether it said how much of all of them."""
    for reading in readings[:-4:-1]:
        grants = [rule for rule in reading.rules if rule.kind == "grant"]
        found = [rule for rule in reading.rules if rule.kind in ("grant", "requirement") and rule.tools]
        if found:
            bounded = {
                tool for rule in found if any(_has_most(c) for c in (rule.when, rule.require)) for tool in rule.tools
            }
            tools = tuple(dict.fromkeys(tool for rule in found for tool in rule.tools))
            return tools, bool(bounded) and all(tool in bounded for rule in grants for tool in rule.tools)
        if reading.rules:
            break
    return (), False


def _has_most(conditions: dict[str, Any]) -> bool:
    return any(isinstance(wanted, dict) and {"<=", "<", "max"} & wanted.keys() for wanted in conditions.values())


def _is_values(file: str | None) -> bool:
    return PurePath(file or "").suffix.lower() in (".csv", ".tsv", ".psv")


def _row(
    statement: Statement,
    row: dict[str, str],
    lexicon: Lexicon,
    closed: Lexicon,
    legend: dict[str, str],
    approving: frozenset[str],
) -> list[Reading]:
    """Read one row of a table: by the tool that it names, by the names of its columns, else by the words of all its cells."""
    found = (
        read_entry_row(row, statement, closed, closed.roles, legend, approving)
        if closed.is_closed and closed.specs
        else None
    )
    if found and all(reading.status == "understood" for reading in found[:1]):
        return found
    by_words = _row_by_words(statement, row, lexicon, closed, legend)
    return found if found and by_words.status != "understood" else [by_words]


def _row_by_words(
    statement: Statement, row: dict[str, str], lexicon: Lexicon, closed: Lexicon, legend: dict[str, str]
) -> Reading:
    rules, _ = row_rules(row)
    source = rows_source([(statement.line, rule) for rule in rules])
    reader = KeyedReader(source, lexicon, role_keys(source.data))
    reader.block(source.data, (), statement.context)
    known = _joined(statement, reader.readings)
    is_decided = any(rule.kind in ("grant", "denial") for rule in known.rules)
    if not closed.is_closed:
        return replace(known, rules=(*known.rules, *_asides(row)))
    if known.status == "understood" and is_decided and not legend:
        return known
    context = statement.context
    around = Around(context.effect, context.roles, bool(context.roles), doubt=context.doubt)
    records = RecordReader(PolicySource({}, {}), closed, KeyedReader(PolicySource({}, {}), closed, frozenset()))
    records.legend = legend
    again = _joined(statement, read_row(row, statement.line, statement.text, records, around))
    return again if again.rules or again.note else known


def _asides(row: dict[str, str]) -> tuple[NativeRule, ...]:
    """Return an item for each cell that is a sentence: it may be about other calls than its row."""
    told = (
        cell
        for header, cell in row.items()
        if (is_prose(cell) or column_kind(header) == "note")
        and len(cell.split()) > 1
        and not is_remark(cell, key=header)
    )
    return tuple(review(cell, "a sentence beside a rule") for cell in told)


def _joined(statement: Statement, readings: list[Reading]) -> Reading:
    merged = tuple(rule for reading in readings for rule in reading.rules)
    note = "; ".join(dict.fromkeys(reading.note for reading in readings if reading.note))
    return Reading(statement, merged, note)


def _check_size(lexicon: Lexicon, statements: int, file: str | None) -> None:
    if len(lexicon.names) * statements > MAX_COMPARISONS:
        raise InputError(
            f"{len(lexicon.names)} tools and {statements} statements are too many; convert it in parts", file=file
        )


def _lexicon_of(source: PolicySource, names: list[str], specs: dict[str, ToolSpec]) -> Lexicon:
    """Return the tools that are known, and those whose names stand in a tree."""
    found: list[str] = []
    for path, value in walk(source.data):
        found += [part for part in path[-1:] if isinstance(part, str) and may_name_tool(part)]
        found += names_of_text(value) if isinstance(value, str) else []
    lexicon = Lexicon([*names, *found], specs)
    _check_size(lexicon, sum(1 for _ in walk(source.data)), source.file)
    lexicon.roles = role_keys(source.data) | (sibling_roles(source.data, lexicon) if names else frozenset())
    lexicon.is_closed = bool(names)
    return lexicon


def _keyed(
    source: PolicySource, lexicon: Lexicon, closed: Lexicon, comments: list[Comment]
) -> tuple[list[Reading], set[DataPath]]:
    """Read a tree; return what became of it, and the members of entries that were read."""
    known = KeyedReader(source, lexicon, role_keys(source.data)).read()
    is_read = not any(r.status == "open" for r in known) and _are_known(known, closed)
    is_read = is_read and all(fits(reading, closed) for reading in known)
    reader = RecordReader(source, closed, KeyedReader(source, lexicon, lexicon.roles))
    if not closed.is_closed or (is_read and not reader.bindings):
        return known, set()
    reader.legend = {name: effect for c in comments for name, effect in legend_of(c.text).items()}
    return reader.read(), reader.taken


def _are_known(readings: list[Reading], lexicon: Lexicon) -> bool:
    """Tell whether all rules are about tools that there are, or patterns of them."""
    named = (
        t for r in readings for rule in r.rules if rule.kind in ("grant", "denial", "requirement") for t in rule.tools
    )
    return all("*" in tool or lexicon.exact(tool) for tool in named)


def _closed(lexicon: Lexicon, names: list[str], specs: dict[str, ToolSpec], parts: int) -> Lexicon:
    """Return the tools that there are: those that are known, where they are, and no name that only the source has.

    Args:
        parts: of the source, each of which is compared with each of the tools.
    """
    if not names:
        return lexicon
    if len(names) * parts > MAX_AGAIN:
        return Lexicon(names, specs)
    closed = Lexicon(names, specs)
    closed.roles, closed.is_closed = lexicon.roles, True
    return closed


__all__ = ["FORMAT", "Conversion", "convert", "policy_problems"]
