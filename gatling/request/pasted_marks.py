"""Where pasted text begins and ends in a message: the marks of `pasted.py`, each found in one pass."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from gatling.request.others_texts import CANONICAL, CANONICAL_DATA, OTHERS, may_announce
from gatling.schema.budget import checked

# Names of tags that hold what somebody else wrote, by a word of theirs.
_TAGS_OF_OTHERS = re.compile(
    rf"(?:{OTHERS}|html|body|files?|pdf|results?|search|retrieved|sources?|tool|untrusted|external|forwarded|transcription|pasted)"
)
_TAGS_OF_THE_USER = frozenset(
    "task tasks instruction instructions request requests query question questions prompt user goal goals rule rules order todo "
    "ask role persona requirements constraints".split()
)
_INLINE_TAGS = frozenset(
    "b i u em strong span a br p s code kbd sub sup small big mark hr img li ul ol h1 h2 h3 h4 h5 h6 del ins".split()
)
_WORDS = re.compile(r"[^\W\d_]+")
_TAG = re.compile(r"<([A-Za-z][\w:.-]{0,40})(?:\s[^<>\n]{0,200})?>")
_END_TAG = re.compile(r"</([A-Za-z][\w:.-]{0,40})\s{0,8}>")
_AT_LINE_START = re.compile(r"(?:\A|\n)[ \t]{0,8}\Z")
_FENCE = re.compile(r"^[ \t]{0,8}(?:`{3,}|~{3,})[^`\n]*$", re.MULTILINE)
_TRIPLE = re.compile(r"\"\"\"|'''")
_QUOTED_LINE = re.compile(r"^[ \t]{0,8}[>|\u2502](?!=)[^\n]*(?:\n(?:[ \t]{0,8}\n)?[ \t]{0,8}>[^\n]*)*", re.MULTILINE)
_BEGIN = re.compile(r"^[ \t]{0,8}[-=*#<\[]{2,20}[ \t]*(?:begin|start)\b[^\n]{0,60}$", re.IGNORECASE | re.MULTILINE)
_END = re.compile(r"^[ \t]{0,8}[-=*#<\[]{2,20}[ \t]*(?:end|stop)\b[^\n]{0,60}$", re.IGNORECASE | re.MULTILINE)
_BB_QUOTE = re.compile(r"\[(?:quote|mail|email|cite)\b[^\]\n]{0,80}\]", re.IGNORECASE)
_BB_END = re.compile(r"\[/(?:quote|mail|email|cite)\]", re.IGNORECASE)
FORWARDED = re.compile(
    r"^[ \t]*(?:[-_=*]{2,}[ \t]*)?(?:begin )?"
    r"(?:(?:forwarded|original|weitergeleitete|urspr\u00fcngliche)[ \t](?:message|mail|e-?mail|nachricht)\b"
    r"|(?:message (?:transf\u00e9r\u00e9|d'origine)|mensaje (?:reenviado|original)|messaggio (?:inoltrato|originale))\b)"
    r"[^\n]{0,60}$"
    r"|^[ \t]*(?:on|am|le|el|il|den|op) [^\n]{5,160} "
    r"(?:wrote|schrieb|a \u00e9crit|escribi\u00f3|ha scritto|skrev|schreef)[^\n]{0,80}:[ \t]*$"
    r"|\bforwarded (?:message|mail|e-?mail)\b[^\n:]{0,40}:",
    re.IGNORECASE | re.MULTILINE,
)
"""The line above a text that a mail program quotes or forwards."""
_FIELD = (
    r"(?:from|sender|von|de|da|to|an|\u00e0|para|cc|bcc|subject|betreff|objet|asunto|oggetto|date|datum|sent|reply-to|gesendet|"
    r"envoy\u00e9|enviado|inviato)"
)
HEAD_LINE = rf"^[ \t]{{0,4}}\**{_FIELD}\**[ \t\u00a0]?:[^\n]*(?:\n|\Z)"
_HEAD = re.compile(rf"(?:{HEAD_LINE}){{1,12}}", re.IGNORECASE | re.MULTILINE)
HEAD_SENDER = re.compile(
    r"^[ \t]{0,4}\**(?:from|sender|von|de|da)\**[ \t\u00a0]?:\**[ \t\u00a0]*(\S[^\n]*)", re.IGNORECASE | re.MULTILINE
)
_PARAGRAPH_IN_QUOTES = re.compile(r"(?:^|(?<=: )|(?<=:\n))[ \t]{0,8}[\"\u201c\u201e\u00ab](?=[^\n]{30})", re.MULTILINE)
_END_OF_QUOTES = re.compile(r"[\"\u201d\u201c\u00bb][ \t.]{0,8}$", re.MULTILINE)
_OPENING = re.compile(r"\s{0,8}[\"\u201c\u201e\u00ab\u2018]")
_CLOSING = {'"': '"', "\u201c": '\u201d"', "\u201e": '\u201c\u201d"', "\u00ab": "\u00bb", "\u2018": "\u2019"}
_RETRIEVED = re.compile(
    r"^[ \t]*\W{0,4}(?:(?:retrieved|relevant|search|knowledge|source|supporting)[ \t](?:base[ \t])?"
    r"(?:context|documents?|passages?|results?|articles?|chunks?|snippets?|excerpts?)|documents?|"
    r"search results?|passages?|web results?|attachments?)\W{0,4}:\W{0,3}$",
    re.IGNORECASE | re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Region:
    start: int
    end: int
    inner_start: int
    inner_end: int
    is_foreign: bool


def user_regions(text: str) -> list[Region]:
    """Return what is pasted in a message of the user, in order."""
    return _regions(text, _user_marks(text), _announced(text))


def prompt_regions(text: str) -> list[Region]:
    """Return the documents in a system prompt, in order."""
    return _regions(text, _prompt_marks(text), [])


def _announced(text: str) -> list[tuple[int, bool]]:
    if not may_announce(text):
        return []
    from gatling.request.announced import announced  # its patterns take time to make

    return announced(text)


Mark = Iterator[Region]


def _regions(text: str, marks: list[Mark], intros: list[tuple[int, bool]]) -> list[Region]:
    """Return the regions of all marks, none inside another: the first that starts decides.

    Args:
        intros: where a sentence that announces a text ends, and whether somebody else wrote that text. One right before a mark
            says whose it is; any other makes all that follows pasted.
    """
    found: list[Region] = []
    announced: list[Region] = []
    regions = sorted((r for mark in checked(marks) for r in mark), key=lambda r: (r.start, -r.end))
    for at, is_foreign in intros:
        after = next((i for i, r in enumerate(regions) if r.start >= at), None)
        if after is not None and not text[at : regions[after].start].strip():
            regions[after] = replace(regions[after], is_foreign=regions[after].is_foreign or is_foreign)
        else:
            end = _end_of_quotation(text, at)
            announced.append(Region(at, end, at, end, is_foreign))
    for region in sorted([*regions, *announced], key=lambda r: (r.start, -r.end)):
        if not found or region.start >= found[-1].end:
            found.append(region)
    return found


def _end_of_quotation(text: str, at: int) -> int:
    """Return where a text ends that was announced: behind the last quotation mark, if it starts with one."""
    start = _OPENING.match(text, at)
    if start is None:
        return len(text)
    end = max(text.rfind(mark, start.end()) for mark in _CLOSING[start.group().strip()])
    return end + 1 if end > 0 else len(text)


def _user_marks(text: str) -> list[Mark]:
    return [
        _tags(text, data_too=True),
        _between(text, _FENCE, goes_on=True),
        _between(text, _TRIPLE, goes_on=False),
        _quoted(text),
        _to_the_last(text, _BEGIN, _END),
        _to_the_last(text, _BB_QUOTE, _BB_END),
        _to_the_end(text, FORWARDED),
        _heads(text),
        _in_quotes(text),
    ]


def _prompt_marks(text: str) -> list[Mark]:
    return [_tags(text, data_too=False), _to_the_end(text, FORWARDED), _to_the_end(text, _RETRIEVED)]


def _tags(text: str, *, data_too: bool) -> Mark:
    """Yield what stands in tags, to the last end tag of that name; of several with a name, from the first on."""
    if "<" not in text:
        return
    ends: dict[str, tuple[int, int]] = {}
    first_end: dict[str, list[tuple[int, int]]] = {CANONICAL: [], CANONICAL_DATA: []}
    for match in checked(_END_TAG.finditer(text)):
        name = match.group(1).lower()
        ends[name] = match.span()
        if name in first_end:
            first_end[name].append(match.span())
    for spans in first_end.values():
        spans.reverse()
    beyond = 0
    for match in checked(_TAG.finditer(text)):
        name = match.group(1).lower()
        if match.start() < beyond:
            continue
        if name in first_end:
            spans = first_end[name]
            while spans and spans[-1][0] < match.end():
                spans.pop()
            end = spans[-1] if spans else (len(text), len(text))
            yield Region(match.start(), end[1], match.end(), end[0], name == CANONICAL)
            beyond = end[1]
            continue
        words = _WORDS.findall(name)
        if name in _INLINE_TAGS or not _TAGS_OF_THE_USER.isdisjoint(words):
            continue
        is_foreign = any(_TAGS_OF_OTHERS.fullmatch(word) for word in words)
        if not is_foreign and not data_too:
            continue
        end = ends.get(name, (0, 0))
        if end[0] >= match.end():
            yield Region(match.start(), end[1], match.end(), end[0], is_foreign)
            beyond = end[1]
        elif is_foreign and _AT_LINE_START.search(text[max(0, match.start() - 9) : match.start()]):
            yield Region(match.start(), len(text), match.end(), len(text), True)
            return


def _between(text: str, mark: re.Pattern[str], *, goes_on: bool) -> Mark:
    """Yield what stands between the first mark and the last; without a second to the end, where such a mark goes on."""
    spans = [m.span() for m in checked(mark.finditer(text))]
    if len(spans) > 1:
        yield Region(spans[0][0], spans[-1][1], spans[0][1], spans[-1][0], False)
    elif spans and goes_on:
        yield Region(spans[0][0], len(text), spans[0][1], len(text), False)


def _quoted(text: str) -> Mark:
    for match in checked(_QUOTED_LINE.finditer(text)):
        yield Region(*match.span(), *match.span(), True)


def _to_the_end(text: str, mark: re.Pattern[str]) -> Mark:
    match = mark.search(text)
    if match is not None and text[match.end() :].strip():
        yield Region(match.start(), len(text), match.end(), len(text), True)


def _to_the_last(text: str, begin: re.Pattern[str], end: re.Pattern[str]) -> Mark:
    """Yield what stands from the first begin to the last end behind it, else to the end."""
    first = begin.search(text)
    if first is not None:
        last = max((m.span() for m in checked(end.finditer(text, first.end()))), default=(len(text), len(text)))
        yield Region(first.start(), last[1], first.end(), last[0], True)


def _heads(text: str) -> Mark:
    """Yield what starts as a mail does: a sender among other fields, or a sender with an address."""
    for match in checked(_HEAD.finditer(text)):
        sender = HEAD_SENDER.search(match.group())
        if sender is not None and (match.group().strip().count("\n") or "@" in sender.group(1)):
            yield Region(match.start(), len(text), match.start(), len(text), True)
            return


def _in_quotes(text: str) -> Mark:
    match = _PARAGRAPH_IN_QUOTES.search(text)
    if match is None:
        return
    end = max((m.end() for m in checked(_END_OF_QUOTES.finditer(text, match.end()))), default=0)
    if end:
        yield Region(match.start(), end, match.end(), end - 1, False)
