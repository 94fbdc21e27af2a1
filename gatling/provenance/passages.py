"""Cutting what a tool returned into passages: pieces that one author wrote in one breath.

| output | passages |
| --- | --- |
| a record (an object of JSON or YAML) | its short fields together, `key: value; ...`; each sentence of its texts |
| text, Markdown, mail, code, logs | each sentence or list item; lines that are quoted, or belong to a signature, as they are |
| HTML | each block that is seen; each comment or invisible block, as hidden; links and forms with their targets |

- A passage knows the fields around it that say whose it is or what item it belongs to (`ItemHeader`): sender, owner, file name,
  title, URL. Whoever writes a text does not always choose these; `tier` says how far they may be believed.
- Linear in the output. Nothing is dropped.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

from gatling.errors import InputError
from gatling.provenance.sources import ToolOutput
from gatling.schema.arguments import leaf_text
from gatling.schema.plain import check_plain, decode_json, decode_yaml

MAX_PASSAGE_CHARS = 400
"""A longer sentence is cut at white space."""
MAX_DEPTH = 32
_SHORT_FIELD_CHARS = 60
_MAX_HEADER_CHARS = 200
_MAX_LITERAL_CHARS = 100_000

HEADERS = frozenset(
    "sender from author owner by user username filename file_name name path title subject url link id id_ channel repo "
    "repository page source from_address from_name sender_name email thread to recipients customer assignee account vendor".split()
)
"""Names of fields that say whose a record is, or what it is."""

_SENTENCE_END = re.compile(
    r"(?<=[.!?:])[\"')\]]*\s+(?=[\"'(\[*_]*[^\W\d_]|[\"'(\[]*\d)|\s*\n\s*(?:\n\s*)*|\s+(?=[-*\u2022]\s+[A-Z])"
)
_ABBREVIATION = re.compile(
    r"\b(?:mr|mrs|ms|dr|prof|st|no|nr|vs|etc|e\.g|i\.e|approx|inc|ltd|co|dept|fig|tel|art|str)\.$", re.IGNORECASE
)
_LOOKS_LIKE_YAML = re.compile(r"\A\s*(?:- )?[\w ]{1,40}:(?:\s|$)")
_LOOKS_LIKE_HTML = re.compile(
    r"<(?:html|body|div|p|a|form|span|table|ul|li|h[1-6]|!--|br|input|article|section)\b|<!--", re.IGNORECASE
)
_INVISIBLE = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0|opacity\s*:\s*0(?![.\d]*[1-9])|color\s*:\s*(?:white|#fff)",
    re.IGNORECASE,
)
_BLOCKS = frozenset(
    "p div li td th tr h1 h2 h3 h4 h5 h6 section article form ul ol table body title br blockquote pre option label".split()
)
_VOID = frozenset("br input img hr meta link area base col embed source track wbr".split())
_HEAD_LINE = re.compile(
    r"\s*(from|to|cc|subject|date|sent|sender|author|by|title|owner|re|reply-to): ?([^\n]{0,300})(?:\n|\Z)",
    re.IGNORECASE,
)
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


def passages_of(part: Any, rule: ToolOutput) -> list[Passage]:
    """Return the passages of one part of a result, in order."""
    cutter = _Cutter(rule)
    cutter.take(_data_of(part) if isinstance(part, str) else part, (), (), 0)
    return cutter.found


class _Cutter:
    def __init__(self, rule: ToolOutput) -> None:
        self.rule = rule
        self.found: list[Passage] = []
        self.part = 0

    def take(self, data: Any, path: tuple[str, ...], header: tuple[tuple[str, str], ...], depth: int) -> None:
        if isinstance(data, dict) and depth < MAX_DEPTH:
            self._record(data, path, header, depth)
        elif isinstance(data, (list, tuple)) and depth < MAX_DEPTH:
            scalars = [text for item in data if not isinstance(item, (dict, list, tuple)) and (text := leaf_text(item))]
            if scalars and all(len(text) <= _SHORT_FIELD_CHARS and "\n" not in text for text in scalars):
                self._add(", ".join(scalars), path, header, is_record=True)
                data = [item for item in data if isinstance(item, (dict, list, tuple))]
            for item in data:
                self.take(item, path, header, depth + 1)
        elif isinstance(data, (dict, list, tuple)):
            self._add(str(data), path, header)
        elif text := leaf_text(data):
            self._text(text, path, header)

    def _record(
        self, data: dict[str, Any], path: tuple[str, ...], header: tuple[tuple[str, str], ...], depth: int
    ) -> None:
        short: list[str] = []
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
            if text and key.lower() in HEADERS and "\n" not in text:
                own.append((key.lower(), text[:_MAX_HEADER_CHARS]))
            elif text and not key.isidentifier():
                own.append(("name", key[:_MAX_HEADER_CHARS]))
        inner = (*header, *own)[-12:]
        if short:
            self._add("; ".join(short), path, inner, is_record=True)
        for key, value in long:
            named = inner if key.isidentifier() else (*inner, ("name", key[:_MAX_HEADER_CHARS]))
            self.take(value, (*path, key), named, depth + 1)

    def _text(self, text: str, path: tuple[str, ...], header: tuple[tuple[str, str], ...]) -> None:
        inner = _data_of(text) if path or text[:1] in "{[" else text
        if not isinstance(inner, str):
            self.take(inner, path, header, len(path) + 1)
            return
        if _LOOKS_LIKE_HTML.search(text):
            reader = _Html()
            reader.feed(text)
            reader.close()
            for block, is_hidden in reader.blocks():
                self._sentences(block, path, header, is_hidden=is_hidden)
        else:
            self._sentences(text, path, header)

    def _sentences(
        self, text: str, path: tuple[str, ...], header: tuple[tuple[str, str], ...], *, is_hidden: bool = False
    ) -> None:
        self.part += 1
        head, text = _mail_head(text)
        if head:
            header = (*header, *head)[-12:]
            self._add("; ".join(f"{key}: {value}" for key, value in head), path, header, is_record=True)
        is_hidden = is_hidden or len(_INVISIBLE_CHARS.findall(text)) > 8
        for sentence in sentences(text):
            self._add(sentence, path, header, is_hidden=is_hidden)

    def _add(
        self,
        text: str,
        path: tuple[str, ...],
        header: tuple[tuple[str, str], ...],
        *,
        is_record: bool = False,
        is_hidden: bool = False,
    ) -> None:
        if is_record:
            self.part += 1
        tier = 1 if self.rule.output == "trusted" else 2 if is_record and path and self.rule.tier(path, "") == 2 else 3
        self.found += [Passage(piece, header, tier, is_record, is_hidden, self.part) for piece in _cut(text)]


def _mail_head(text: str) -> tuple[tuple[tuple[str, str], ...], str]:
    """Return the fields that a text starts with as mails do, and the rest; lines further down count as text."""
    found: list[tuple[str, str]] = []
    at = 0
    while len(found) < 8 and (match := _HEAD_LINE.match(text, at)):
        found.append((match.group(1).lower(), match.group(2).strip()[:_MAX_HEADER_CHARS]))
        at = match.end()
    return (tuple(found), text[at:]) if found else ((), text)


def sentences(text: str) -> Iterator[str]:
    """Yield the sentences, lines and list items of a text; what is longer than a passage may be is cut."""
    start = 0
    pieces: list[str] = []
    for match in _SENTENCE_END.finditer(text):
        piece = text[start : match.start()]
        if "\n" not in match.group() and (_ABBREVIATION.search(piece[-8:]) or len(piece.split()) < 2):
            continue
        pieces.append(piece)
        start = match.end()
    pieces.append(text[start:])
    for piece in pieces:
        yield from _cut(piece)


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
        if len(text) <= _MAX_LITERAL_CHARS:
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


class _Html(HTMLParser):
    """Blocks of text with whether they are seen; targets of links and forms stand beside their text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._out: list[tuple[str, bool]] = []
        self._text: list[str] = []
        self._hidden: list[tuple[str, bool]] = []

    @property
    def _is_hidden(self) -> bool:
        return bool(self._hidden) and self._hidden[-1][1]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag in _BLOCKS:
            self._flush()
        hidden = (
            self._is_hidden
            or tag in ("script", "style", "template", "noscript")
            or "hidden" in given
            or given.get("aria-hidden") == "true"
            or bool(_INVISIBLE.search(given.get("style", "")))
            or (tag == "input" and given.get("type") == "hidden")
        )
        if hidden != self._is_hidden:
            self._flush()
        if tag not in _VOID and len(self._hidden) < 512:
            self._hidden.append((tag, hidden))
        for name in ("href", "action", "src"):
            if given.get(name):
                self._text.append(f" ({given[name]}) ")
        for name in ("alt", "title", "placeholder", "aria-label", "value", "name"):
            if given.get(name):
                self._text.append(f" {given[name]} ")
        if tag in _VOID and hidden != self._is_hidden:
            self._out.append(("".join(self._text), True))
            self._text = []

    def handle_endtag(self, tag: str) -> None:
        if tag in _BLOCKS:
            self._flush()
        for i in range(len(self._hidden) - 1, max(-1, len(self._hidden) - 16), -1):
            if self._hidden[i][0] == tag:
                was = self._is_hidden
                if was != (self._hidden[i - 1][1] if i else False):
                    self._flush()
                del self._hidden[i:]
                return

    def handle_data(self, data: str) -> None:
        self._text.append(data)

    def handle_comment(self, data: str) -> None:
        self._flush()
        self._out.append((data, True))

    def _flush(self) -> None:
        text = "".join(self._text)
        self._text = []
        if text.strip():
            self._out.append((text, self._is_hidden))

    def blocks(self) -> list[tuple[str, bool]]:
        self._flush()
        return self._out
