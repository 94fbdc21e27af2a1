"""Cutting what a tool returned into passages: pieces that one author wrote in one breath.

| output | passages |
| --- | --- |
| a record (an object of JSON or YAML) | its short fields together, `key: value; ...`; each sentence of its texts |
| text, Markdown, logs | each sentence or list item |
| code | each line; a colon ends nothing there |
| tables | each row; the line that heads the columns goes with it (`tables.py`) |
| mail | the same; what it quotes or forwards apart from what its sender says, and so is his signature (`quotes.py`) |
| HTML | each block that is seen; each comment or invisible block, as hidden; links and forms with their targets (`markup.py`) |

- A passage knows the fields around it that say whose it is or what item it belongs to (its header): sender, owner, file name,
  title, URL. Only what the service filled in is taken for one: of what somebody wrote (a page, a file, the body of a record) nothing
  is, though it may look like a mail's head or a record of its own.
- What a mail quotes is not by who sent it: its header does not name him as the writer, only as who cites (`CITED_BY`) or forwards
  it. Whom the quote names stands beside that, as a claim. An advertisement on a page is not the page's own (`INSERTED`).
- Linear in the output. Nothing is dropped but names of fields and what is markup alone.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gatling.errors import InputError
from gatling.provenance.markup import Block, blocks_of
from gatling.provenance.quotes import Kind, pieces_of
from gatling.provenance.sources import ToolOutput
from gatling.provenance.tables import headings
from gatling.schema.arguments import leaf_text
from gatling.schema.plain import check_plain, decode_json, decode_yaml

MAX_PASSAGE_CHARS = 400
"""A longer sentence is cut at white space."""
MAX_DEPTH = 32
_SHORT_FIELD_CHARS = 60
_MAX_HEADER_CHARS = 200
_PROSE_KEY_WORDS = 6
_MAX_LITERAL_CHARS = 100_000

HEADERS = frozenset(
    "sender from author owner by user username filename file_name name path title subject url link id id_ channel repo "
    "repository page source from_address from_name sender_name email thread to recipients customer assignee account vendor".split()
)
"""Names of fields that say whose a record is, or what it is."""
WRITERS = frozenset("sender from author owner sender_name from_name from_address".split())
"""Those of them that say who wrote it."""
_PEOPLE = WRITERS | frozenset("by user username email to recipients customer assignee account vendor".split())
CITED_BY, FORWARDED_BY = "cited_by", "forwarded_by"
"""In the header of what a mail quotes: who sent the mail."""
CLAIMED = "claimed"
"""In the same: who is said to have written it."""
INSERTED = "inserted"
"""In the header of an advertisement, and of what stands aside of what a page is about."""
_APART = frozenset((CITED_BY, FORWARDED_BY, INSERTED))

_SENTENCE_END = re.compile(
    r"(?<=[.!?:])[\"')\]]*\s+(?=[\"'(\[*_]*[^\W\d_]|[\"'(\[]*\d)|\s*\n\s*(?:\n\s*)*|\s+(?=[-*\u2022]\s+[A-Z])"
)
_SPACES = re.compile(r"\s+")
_TWO_WORDS = re.compile(r"\s*\S+\s+\S")
_ABBREVIATION = re.compile(
    r"\b(?:mr|mrs|ms|dr|prof|st|no|nr|vs|etc|e\.g|i\.e|approx|inc|ltd|co|dept|fig|tel|art|str)\.$", re.IGNORECASE
)
_ODD_ESCAPE = re.compile(r"\\[^\n'\"abfnrtvx0-7NuU]")
"""No record that Python prints has one; the parser warns of it."""
_LOOKS_LIKE_YAML = re.compile(r"\A\s*(?:- )?[\w ]{1,40}:(?:\s|$)")
_LOOKS_LIKE_HTML = re.compile(
    r"<(?:html|body|div|p|a|form|span|table|ul|li|h[1-6]|!--|br|input|article|section)\b|<!--"
    r"|<(?:aside|b|i|u|s|em|strong|small|font|center|mark|blockquote|details|dialog|template|style|script|label|button|main|nav"
    r"|header|footer|ol|tr|td|ins|del)"
    r"(?:\s[^<>]{0,400})?>",
    re.IGNORECASE,
)
_HEAD_LINE = re.compile(
    r"\s*(from|to|cc|subject|date|sent|sender|author|by|title|owner|re|reply-to): ?([^\n]{0,300})(?:\n|\Z)",
    re.IGNORECASE,
)
_CODE = re.compile(
    r"^\s{0,8}(?:```|def \w|class \w|import \w|from [\w.]{1,80} import |return\b|(?:var|let|const|function|func|fn|public|private|static) \w"
    r"|(?:if|for|while|else|elif|try|with|except)\b[^\n]{0,200}:$|[\w.]{1,80}(?:\[[^\]\n]{0,80}\])? ?(?:[-+*/|:]?=) ?[\w\[({\"'-])"
    r"|[;{}]$|\w\([^)\n]{0,200}\)[;{]?$",
    re.MULTILINE,
)
_COMMENT = re.compile(r"^\s*(?:#|//|/\*|\*|--)|\s(?:#|//) ")
"""Of a text that holds code."""
_DELIMITERS = (("<<", ">>"), ("```", "```"))
_INVISIBLE_CHARS = re.compile("[\u200b-\u200f\u2060-\u2064\U000e0000-\U000e007f]")


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a tool's output."""

    text: str
    header: tuple[tuple[str, str], ...] = ()
    """Fields around it that say whose it is or what it belongs to: name and value."""
    tier: int = 3
    """The best that may be said of who wrote it, 1 to 3."""
    is_record: bool = False
    """Whether it is the short fields of a record and no running text."""
    is_hidden: bool = False
    """Whether a person who looks at the item does not see it."""
    part: int = 0
    """Passages of one text have the same number, so that neighbours are known."""
    heading: str = ""
    """Of a row of a table: the line that says what its columns hold."""
    records: tuple[tuple[int, int], ...] = ()
    """The records of lists that it stands in, the outermost first: the number of the list in `Cut.lists`, and the place in it."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A list of records that a service returned."""

    name: str
    """The field that it stands in; empty for the output as a whole."""
    records: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Cut:
    """A part of a result, cut up."""

    passages: list[Passage]
    lists: list[Listed]
    """Of what somebody wrote there is none."""


def passages_of(part: Any, rule: ToolOutput, *, is_written: bool = False) -> list[Passage]:
    """Return the passages of one part of a result, in order; `is_written` as of `cut`."""
    return cut(part, rule, is_written=is_written).passages


def cut(part: Any, rule: ToolOutput, *, is_written: bool = False) -> Cut:
    """Return the passages of one part of a result, in order, with the lists of records that they stand in.

    Args:
        is_written: whether all of it is what somebody wrote, as a page or a file is: then it has no header.
    """
    cutter = _Cutter(rule, is_written)
    cutter.take(_data_of(part) if isinstance(part, str) else part, (), (), 0)
    return Cut(cutter.found, cutter.lists)


class _Cutter:
    def __init__(self, rule: ToolOutput, is_written: bool) -> None:
        self.rule = rule
        self.is_written = is_written
        self.found: list[Passage] = []
        self.lists: list[Listed] = []
        self.records: tuple[tuple[int, int], ...] = ()
        self.part = 0

    def take(self, data: Any, path: tuple[str, ...], header: tuple[tuple[str, str], ...], depth: int) -> None:
        if isinstance(data, dict) and depth < MAX_DEPTH:
            self._record(data, path, header, depth)
        elif isinstance(data, (list, tuple)) and depth < MAX_DEPTH:
            scalars = [text for item in data if not isinstance(item, (dict, list, tuple)) and (text := leaf_text(item))]
            if scalars and all(len(text) <= _SHORT_FIELD_CHARS and "\n" not in text for text in scalars):
                self._add(", ".join(scalars), path, header, is_record=True)
                data = [item for item in data if isinstance(item, (dict, list, tuple))]
            self._list(data, path, header, depth)
        elif isinstance(data, (dict, list, tuple)):
            self._add(str(data), path, header)
        elif text := leaf_text(data):
            self._text(text, path, header, depth)

    def _list(
        self, data: Sequence[Any], path: tuple[str, ...], header: tuple[tuple[str, str], ...], depth: int
    ) -> None:
        around = self.records
        records = tuple(item for item in data if isinstance(item, dict))
        is_list = len(records) == len(data) > 1 and not self.is_written
        if is_list:
            self.lists.append(Listed(path[-1] if path else "", records))
        number = len(self.lists) - 1
        for i, item in enumerate(data):
            self.records = (*around, (number, i)) if is_list else around
            self.take(item, path, header, depth + 1)
        self.records = around

    def _record(
        self, data: dict[str, Any], path: tuple[str, ...], header: tuple[tuple[str, str], ...], depth: int
    ) -> None:
        short: list[str] = []
        shown: set[str] = set()
        long: list[tuple[str, Any]] = []
        own: list[tuple[str, str]] = []
        for key, value in data.items():
            if isinstance(value, (dict, list, tuple)):
                flat = (
                    value
                    if not isinstance(value, dict) and all(not isinstance(v, (dict, list, tuple)) for v in value)
                    else None
                )
                texts = [leaf_text(v) for v in flat] if flat is not None else []
                if flat is not None and not texts:
                    continue
                if (
                    flat is not None
                    and sum(map(len, texts)) <= _SHORT_FIELD_CHARS * 4
                    and not any("\n" in t or len(t) > _SHORT_FIELD_CHARS for t in texts)
                ):
                    short.append(f"{key}: {', '.join(texts)}")
                    shown.add(key)
                    if key.lower() in HEADERS:
                        own.append((key.lower(), ", ".join(texts)[:_MAX_HEADER_CHARS]))
                else:
                    long.append((key, value))
                continue
            text = leaf_text(value)
            if text and (len(text) > _SHORT_FIELD_CHARS or "\n" in text):
                long.append((key, value))
            elif text:
                short.append(f"{key}: {text}")
                shown.add(key)
            if text and key.lower() in HEADERS and "\n" not in text:
                own.append((key.lower(), text[:_MAX_HEADER_CHARS]))
            elif text and not key.isidentifier():
                own.append(("name", key[:_MAX_HEADER_CHARS]))
        inner = header if self.is_written else (*header, *own)[-12:]
        if short:
            self._add("; ".join(short), path, inner, is_record=True, is_attested=self._attests(path, data, shown))
        for key in data:
            if _is_prose(key) and key not in shown:
                self._sentences(key, path, inner)
        for key, value in long:
            is_name = not key.isidentifier() and not self.is_written
            named = (*inner, ("name", key[:_MAX_HEADER_CHARS])) if is_name else inner
            self.take(value, (*path, key), named, depth + 1)

    def _attests(self, path: tuple[str, ...], data: dict[str, Any], keys: set[str]) -> bool:
        """Tell whether the system vouches for every one of some fields of a record."""
        return not self.is_written and all(self.rule.tier((*path, key), data[key]) <= 2 for key in keys)

    def _text(self, text: str, path: tuple[str, ...], header: tuple[tuple[str, str], ...], depth: int) -> None:
        inner = _data_of(text) if depth < MAX_DEPTH and (path or text[:1] in "{[") else text
        if not isinstance(inner, str) and not (text[:1] not in "{[" and self._cites(text, path, header)):
            was, self.is_written = self.is_written, True  # the writer of the text chose its fields
            self.take(inner, path, header, depth + 1)
            self.is_written = was
            return
        if _LOOKS_LIKE_HTML.search(text):
            self._page(blocks_of(text), path, header)
        else:
            self._sentences(text, path, header)

    def _page(self, blocks: list[Block], path: tuple[str, ...], header: tuple[tuple[str, str], ...]) -> None:
        headers = [header] * len(blocks)
        if self._may_cite(path, header):
            lines = [" ".join(block.text.split()) for block in blocks]
            quoted = [block.look.is_quoted for block in blocks]
            for piece in pieces_of(lines, sender=_sender(header), quoted=quoted):
                headers[piece.start : piece.end] = [_of_piece(header, piece.kind, piece.claim)] * (
                    piece.end - piece.start
                )
        for block, own in zip(blocks, headers, strict=True):
            if block.look.is_inserted:
                own = (*own[-11:], (INSERTED, "advertisement"))
            self._sentences(block.text, path, own, is_hidden=block.look.is_hidden, is_cut=True)

    def _may_cite(self, path: tuple[str, ...], header: tuple[tuple[str, str], ...]) -> bool:
        """Tell whether a text is one that somebody sent, as far as the service says so; what a page or a file quotes is its own."""
        return not self.is_written and (bool(path) or bool(_sender(header)))

    def _cites(self, text: str, path: tuple[str, ...], header: tuple[tuple[str, str], ...]) -> bool:
        """Tell whether a text quotes another, which it does whatever else it may be read as."""
        return self._may_cite(path, header) and any(
            piece.kind in ("cited", "forwarded") for piece in pieces_of(text.split("\n"), sender=_sender(header))
        )

    def _sentences(
        self,
        text: str,
        path: tuple[str, ...],
        header: tuple[tuple[str, str], ...],
        *,
        is_hidden: bool = False,
        is_cut: bool = False,
    ) -> None:
        self.part += 1
        head, text = _mail_head(text)
        if head:
            if not self.is_written and not path:
                header = (*header, *((key, value[:_MAX_HEADER_CHARS]) for key, value in head))[-12:]
            self._add("; ".join(f"{key}: {value}" for key, value in head), path, header, is_record=True)
        is_hidden = is_hidden or len(_INVISIBLE_CHARS.findall(text)) > 8
        if is_cut or not self._may_cite(path, header):
            self._lines(text.split("\n"), path, header, is_hidden=is_hidden)
            return
        lines = text.split("\n")
        for piece in pieces_of(lines, sender=_sender(header)):
            self.part += 1
            own = _of_piece(header, piece.kind, piece.claim)
            self._lines(lines[piece.start : piece.end], path, own, is_hidden=is_hidden)

    def _lines(
        self, lines: list[str], path: tuple[str, ...], header: tuple[tuple[str, str], ...], *, is_hidden: bool
    ) -> None:
        """Take lines of one text, rows of tables with what heads them."""
        of_tables = headings(lines) if len(lines) > 1 else [""]
        start = 0
        for i in range(1, len(lines) + 1):
            if i == len(lines) or of_tables[i] or of_tables[start]:
                for sentence in sentences("\n".join(lines[start:i])):
                    self._add(sentence, path, header, is_hidden=is_hidden, heading=of_tables[start])
                start = i

    def _add(
        self,
        text: str,
        path: tuple[str, ...],
        header: tuple[tuple[str, str], ...],
        *,
        is_record: bool = False,
        is_hidden: bool = False,
        is_attested: bool = False,
        heading: str = "",
    ) -> None:
        if is_record:
            self.part += 1
        is_attested = is_attested or (is_record and bool(path) and self.rule.tier(path, "") == 2)
        tier = 1 if self.rule.output == "trusted" else 2 if is_attested else 3
        heading = heading[:MAX_PASSAGE_CHARS]
        self.found += [
            Passage(piece, header, tier, is_record, is_hidden, self.part, heading, self.records) for piece in _cut(text)
        ]


def _sender(header: tuple[tuple[str, str], ...]) -> str:
    return next((value for key, value in reversed(header) if key in WRITERS), "")


def _of_piece(header: tuple[tuple[str, str], ...], kind: Kind, claim: str) -> tuple[tuple[str, str], ...]:
    """Return the header of a piece of a mail: of what is quoted without those who wrote or got the mail."""
    if kind in ("own", "signature"):
        return header
    items = [(key, value) for key, value in header if key not in _PEOPLE]
    by = FORWARDED_BY if kind == "forwarded" else CITED_BY
    return (*items[-10:], (by, _sender(header)), *([(CLAIMED, claim[:_MAX_HEADER_CHARS])] if claim else []))


def is_set_apart(header: Mapping[str, str], *, is_hidden: bool) -> bool:
    """Tell whether a passage is no part of what the item says that it stands in: nobody sees it, or it is somebody else's."""
    return is_hidden or not _APART.isdisjoint(header)


def _is_prose(key: str) -> bool:
    """Tell whether the name of a field is a text that somebody wrote."""
    return len(key) > _SHORT_FIELD_CHARS or len(key.split()) >= _PROSE_KEY_WORDS


def _mail_head(text: str) -> tuple[tuple[tuple[str, str], ...], str]:
    """Return the fields that a text starts with as mails do, and the rest; lines further down count as text."""
    found: list[tuple[str, str]] = []
    at = 0
    while len(found) < 8 and (match := _HEAD_LINE.match(text, at)):
        found.append((match.group(1).lower(), match.group(2).strip()))
        at = match.end()
    return (tuple(found), text[at:]) if found else ((), text)


def sentences(text: str) -> Iterator[str]:
    """Yield the sentences, lines and list items of a text; what is longer than a passage may be is cut."""
    text = _SPACES.sub(lambda run: "\n" if "\n" in run.group() else " ", text)
    start = 0
    code = _CodeLines(text) if ":" in text and _CODE.search(text) else None
    for match in _SENTENCE_END.finditer(text):
        end = match.start()
        if code is not None and text[end - 1 : end] == ":" and "\n" not in match.group() and code.holds(end):
            continue
        if "\n" not in match.group() and (
            _ABBREVIATION.search(text[max(start, end - 8) : end]) or not _TWO_WORDS.match(text, start, end)
        ):
            continue
        yield from _cut(text[start:end])
        start = match.end()
    yield from _cut(text[start:])


class _CodeLines:
    """Which lines of a text are code, asked in order."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._end = -1
        self._is_code = self._is_fenced = False

    def holds(self, at: int) -> bool:
        """Tell whether a place is in a line of code."""
        while self._end < at:
            start = self._end + 1
            self._end = self._text.find("\n", start)
            self._end = len(self._text) if self._end < 0 else self._end
            line = self._text[start : self._end]
            self._is_fenced ^= line.lstrip().startswith("```")
            self._is_code = self._is_fenced or bool(_CODE.search(line) or _COMMENT.search(line))
        return self._is_code


def _cut(text: str) -> Iterator[str]:
    """Yield a text in pieces of at most `MAX_PASSAGE_CHARS`, with single spaces."""
    text = " ".join(text.split())
    start = 0
    while len(text) - start > MAX_PASSAGE_CHARS:
        at = text.rfind(" ", start + MAX_PASSAGE_CHARS // 2, start + MAX_PASSAGE_CHARS)
        at = at if at > 0 else start + MAX_PASSAGE_CHARS
        yield text[start:at]
        start = at + (text[at : at + 1] == " ")
    if start < len(text):
        yield text[start:]


def _data_of(text: str) -> Any:
    """Return the data that a text is, or the text. Unlike a tier, a passage is no claim: what looks like a record may be read as one."""
    text = text.strip()
    for start, end in _DELIMITERS:
        if text.startswith(start) and text.endswith(end) and len(text) >= len(start) + len(end):
            text = text[len(start) : -len(end)].strip()
    if text[:1] in ("{", "["):
        try:
            return decode_json(text)
        except InputError:
            pass
        if len(text) <= _MAX_LITERAL_CHARS and not _ODD_ESCAPE.search(text.replace("\\\\", "")):
            try:
                data = ast.literal_eval(text)  # what Python prints for a record
                check_plain(data)
            except (ValueError, SyntaxError, MemoryError, RecursionError, InputError):
                return text
            return data
    if _LOOKS_LIKE_YAML.match(text):
        try:
            data = decode_yaml(text)
        except InputError:
            return text
        return data if isinstance(data, (dict, list)) else text
    return text
