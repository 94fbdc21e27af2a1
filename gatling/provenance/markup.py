"""HTML as blocks of text with whether a person sees them, and whose they are: the page's own, quoted, or
an advertisement. One pass, linear whatever the text is; nothing that could be read is dropped.

The agent reads the source and not the page, so what a browser hides is text too: comments, declarations, attributes, and what stands
in a tag where no browser looks. The standard library's `html.parser` is quadratic in unclosed tags and fails on some (`<![`).
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from gatling.provenance.styles import (
    MAX_CLASSES,
    WHITE,
    Colour,
    Sheet,
    Style,
    background_of,
    hides,
    hides_by_class,
    style_of,
)

_BLOCKS = frozenset(
    "p div li td th tr h1 h2 h3 h4 h5 h6 section article form ul ol table body title br blockquote pre option label".split()
)
_VOID = frozenset("br input img hr meta link area base col embed source track wbr".split())
_UNSEEN = frozenset("script style template noscript".split())
_TELLING = _UNSEEN | {"aside", "blockquote", "input", "dialog"}
"""Tags that say something of how a block looks without an attribute."""
_WHOLE_PAGE = frozenset(("html", "body"))
"""Many pages hide these until they are loaded."""
_CONTROLS = frozenset("form input select textarea button".split())
"""Tags that an agent acts on by their ids."""
_TARGETS = ("href", "action", "src")
_SHOWN = ("alt", "title", "placeholder", "aria-label", "value", "name")
_FLAGS = frozenset(
    "hidden disabled checked selected required readonly multiple autofocus autoplay controls loop muted open async defer novalidate "
    "itemscope allowfullscreen default ismap reversed nowrap "
    "playsinline crossorigin download contenteditable inert nomodule formnovalidate scoped seamless draggable spellcheck compact noshade".split()
)
_SELF_CLOSING = frozenset("p li td th tr option".split())
"""A second one ends the first."""
_PROSE_WORDS = 4
"""From so many words on an attribute that no browser shows is text."""
_STYLES = frozenset(("class", "style"))
_MAX_OPEN = 512
_MAX_NAME_CHARS = 2_000
_MAX_UNCLOSED = 16

_TAG = re.compile(r"</?([a-zA-Z][^\s/>]*)")
_ATTRIBUTE = re.compile(r"[\s/]*([^\s/>=][^\s/>=]*|=+)(?:\s*=\s*)?")
_BARE = re.compile(r"[^\s>]*")
_SPACES = re.compile(r"[\s/]*")
_WORD = re.compile(r"(?<![\w-])[^\W_]+(?![\w-])")
_SENTENCE = re.compile(r"(?<![\w-])(?:[^\W\d_]+\s){3}[^\W\d_]+(?![\w-])")
_PLAIN_TAG = re.compile(r"[a-z][a-z0-9:_.-]*")
_END_OF_RAW = {tag: re.compile(rf"</{tag}", re.IGNORECASE) for tag in ("script", "style")}

_QUOTES = re.compile(
    r"(?:gmail|yahoo|protonmail|zmail|moz-cite|outlook)[\w-]*quote[\w-]*|yahoo_quoted|moz-cite-prefix|divRplyFwdMsg",
    re.IGNORECASE,
)
_INSERTED = frozenset(
    "ad ads advert adverts advertisement advertisements advertising adsense adsbygoogle adslot adbox adbanner sponsored "
    "promo promos promoted".split()
)
"""Words of a class or an id that say that others pay for what stands there."""
_PARTS = re.compile(r"[^a-z0-9]+")

Attributes = list[tuple[str, str | None]]


@dataclass(frozen=True, slots=True)
class Look:
    """How a block looks to who opens the page."""

    is_hidden: bool = False
    is_quoted: bool = False
    """Whether it stands in what mail programs and pages mark as somebody else's words."""
    is_inserted: bool = False
    """Whether it is an advertisement, or what stands aside of what the page is about."""


@dataclass(frozen=True, slots=True)
class Block:
    text: str
    look: Look


_SEEN = Look()


def blocks_of(text: str) -> list[Block]:
    """Return the blocks of a page in order, and how each looks; targets of links and forms stand beside their text."""
    tokens = list(_tokens(text))
    raw = (
        tokens[i + 1][1] for i, (kind, name, _) in enumerate(tokens[:-1]) if kind == "start" and name.lower() == "style"
    )
    page = _Page(Sheet(raw))
    for kind, content, attributes in tokens:
        if kind == "text":
            page.add(content)
        elif kind == "hidden":
            page.hide(content)
        elif kind == "start":
            page.open(content, attributes)
        else:
            page.close(content, attributes)
    page.flush()
    return page.blocks


def _tokens(text: str) -> Iterator[tuple[str, str, Attributes]]:
    """Yield texts, hidden texts, start and end tags; what is not closed ends with the text."""
    at, size = 0, len(text)
    while at < size:
        start = text.find("<", at)
        if start != at:
            yield "text", _unescaped(text[at : start if start >= 0 else size]), []
        if start < 0:
            return
        if text.startswith("<!--", start):
            at = _after(text, "-->", start + 4)
            yield "hidden", text[start + 4 : at - 3 if text.startswith("-->", at - 3) else at], []
        elif text.startswith("<![CDATA[", start):
            at = _after(text, "]]>", start + 9)
            yield "hidden", text[start + 9 : at - 3 if text.startswith("]]>", at - 3) else at], []
        elif text[start + 1 : start + 2] in ("!", "?"):
            at = _after(text, ">", start + 2)
            content = text[start + 2 : at].rstrip(">")
            if " ".join(content.lower().split()) != "doctype html":
                yield "hidden", content, []
        elif tag := _TAG.match(text, start):
            name = tag.group(1)
            attributes, at = _attributes(text, tag.end())
            yield ("end" if text[start + 1] == "/" else "start"), name, attributes
            raw = _END_OF_RAW.get(name.lower()) if text[start + 1] != "/" else None
            if raw is not None:
                end = raw.search(text, at)
                yield "text", text[at : end.start() if end else size], []
                at = end.start() if end else size
        else:
            yield "text", "<", []
            at = start + 1


def _after(text: str, mark: str, at: int) -> int:
    found = text.find(mark, at)
    return len(text) if found < 0 else found + len(mark)


def _attributes(text: str, at: int) -> tuple[Attributes, int]:
    """Return the attributes of a tag and where it ends. A value whose quote is not closed goes on to the end of the text."""
    found: Attributes = []
    while at < len(text):
        at = _SPACES.match(text, at).end()  # type: ignore[union-attr]
        if text[at : at + 1] == ">":
            return found, at + 1
        match = _ATTRIBUTE.match(text, at)
        if match is None:
            break
        name, at = match.group(1).lower(), match.end()
        if "=" not in text[match.end(1) : at]:
            found.append((name, None))
            continue
        quote = text[at : at + 1]
        if quote in ('"', "'"):
            end = text.find(quote, at + 1)
            end = len(text) if end < 0 else end
            found.append((name, _unescaped(text[at + 1 : end])))
            at = end + 1
        else:
            bare = _BARE.match(text, at)
            found.append((name, _unescaped(bare.group())))  # type: ignore[union-attr]
            at = bare.end()  # type: ignore[union-attr]
    return found, len(text)


def _unescaped(text: str) -> str:
    try:
        return html.unescape(text)
    except ValueError:  # the number of a character with thousands of digits
        return text


def _num_words(text: str) -> int:
    return len(_WORD.findall(text))


def _is_said(name: str, value: str) -> bool:
    """Tell whether the value of an attribute is text."""
    if "@" in value:
        return True
    return bool(_SENTENCE.search(value)) if name in _STYLES else _num_words(value) >= _PROSE_WORDS


def _is_inserted(tag: str, given: dict[str, str]) -> bool:
    if tag == "aside" or any(name.startswith("data-ad-") for name in given):
        return True
    words = _PARTS.split(
        f"{given.get('class', '')} {given.get('id', '')} {given.get('aria-label', '')}".lower()[:_MAX_NAME_CHARS]
    )
    return not _INSERTED.isdisjoint(words)


def _is_quote(given: dict[str, str]) -> bool:
    return given.get("type") == "cite" or bool(_QUOTES.search(f"{given.get('class', '')} {given.get('id', '')}"))


class _Page:
    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet
        self.blocks: list[Block] = []
        self._text: list[str] = []
        self._open: list[tuple[str, Look, Colour | None]] = []
        """The tags around: how what stands in them looks, and the colour behind it."""

    @property
    def _look(self) -> Look:
        return self._open[-1][1] if self._open else _SEEN

    def add(self, text: str) -> None:
        self._text.append(text)

    def hide(self, text: str) -> None:
        self.flush()
        if text.strip():
            self.blocks.append(Block(text, replace(self._look, is_hidden=True)))

    def flush(self) -> None:
        text = "".join(self._text)
        self._text = []
        if text.strip():
            self.blocks.append(Block(text, self._look))

    def open(self, written: str, attributes: Attributes) -> None:
        tag = written.lower()
        given = {name: value or "" for name, value in attributes}
        if tag in _BLOCKS:
            self.flush()
        if tag in _SELF_CLOSING and self._open and self._open[-1][0] == tag:
            self._open.pop()
        around = self._look
        look, background = self._look_of(tag, given, around, self._open[-1][2] if self._open else WHITE)
        if look != around:
            self.flush()
        if tag not in _VOID and len(self._open) < _MAX_OPEN:
            self._open.append((tag, look, background))
        elif tag not in _VOID and look != around:
            self._open[-1] = self._open[-1][0], look, background
        if not _PLAIN_TAG.fullmatch(tag):  # no tag: `Ann <ann@acme.com>`
            self.add(f"<{written}>")
        for target in _TARGETS:
            self._text += [f" ({value}) " for name, value in attributes if name == target and value]
        for shown in _SHOWN:
            self._text += [f" {value} " for name, value in attributes if name == shown and value]
        if tag in _CONTROLS and given.get("id", "") not in ("", given.get("name", "")):
            self.add(f" {given['id']} ")
        if tag in _VOID and look != around:
            self._add_beside(look)
        self._unseen(attributes)

    def _look_of(
        self, tag: str, given: dict[str, str], around: Look, background: Colour | None
    ) -> tuple[Look, Colour | None]:
        if not given and tag not in _TELLING and not self._sheet:
            return around, background
        style = style_of(given["style"]) if "style" in given else {}
        if tag == "font" and "color" in given:
            style.setdefault("color", given["color"].lower())
        if "bgcolor" in given:
            style.setdefault("background-color", given["bgcolor"].lower())
        classes = given.get("class", "").split()[:MAX_CLASSES]
        rules = self._sheet.styles(tag, classes, given.get("id", ""))
        for rule in (*rules, style):
            background = background_of(rule, background)
        is_shown = "display" in style and style["display"] != "none"
        hidden = (
            around.is_hidden
            or tag in _UNSEEN
            or "hidden" in given
            or given.get("aria-hidden", "").lower() == "true"
            or (tag == "input" and given.get("type", "").lower() == "hidden")
            or (tag == "dialog" and "open" not in given)
            or (tag not in _WHOLE_PAGE and not is_shown and hides_by_class(classes))
            or (tag not in _WHOLE_PAGE and any(hides(self._seen_again(rule, is_shown), background) for rule in rules))
            or hides(style, background)
        )
        is_quoted = around.is_quoted or tag == "blockquote" or _is_quote(given)
        return Look(hidden, is_quoted, around.is_inserted or _is_inserted(tag, given)), background

    @staticmethod
    def _seen_again(rule: Style, is_shown: bool) -> Style:
        """Return a rule without what a style on the element itself undoes."""
        if is_shown and "!important" not in rule.get("display", ""):
            return {name: value for name, value in rule.items() if name != "display"}
        return rule

    def _add_beside(self, look: Look) -> None:
        """Take what was gathered as it looks, whatever is around it."""
        self.blocks.append(Block("".join(self._text), look))
        self._text = []

    def _unseen(self, attributes: Attributes) -> None:
        """Take what attributes say that no browser shows."""
        for name, value in attributes:
            if value and name not in _TARGETS and name not in _SHOWN and _is_said(name, value):
                self.hide(value)
        names = [name for name, value in attributes if (value is None and name not in _FLAGS) or "@" in name]
        if any(map(_num_words, names)) or any("@" in name for name in names):
            self.hide(" ".join(names))

    def close(self, written: str, attributes: Attributes) -> None:
        tag = written.lower()
        if tag in _BLOCKS:
            self.flush()
        if attributes:  # an end tag has none
            self.hide(" ".join(f"{name} {value or ''}" for name, value in attributes))
        if not _PLAIN_TAG.fullmatch(tag):
            self.add(f"</{written}>")
        for i in range(len(self._open) - 1, max(-1, len(self._open) - _MAX_UNCLOSED), -1):
            if self._open[i][0] == tag:
                if self._look != (self._open[i - 1][1] if i else _SEEN):
                    self.flush()
                del self._open[i:]
                return
