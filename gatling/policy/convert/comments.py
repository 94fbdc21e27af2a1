"""What comments of a notation say, and texts that a page shows beside its own: they grant nothing, and may forbid."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from gatling.policy.language.administration import is_administrative
from gatling.policy.language.nature import is_remark

_MARKS = {
    "data": ("#",),
    "ini": ("#", ";"),
    "toml": ("#",),
    "blocks": ("#", "//"),
    "cedar": ("//",),
    "properties": ("#", "!"),
    "python": ("#",),
    "rego": ("#",),
    "values": ("#",),
    "sudoers": ("#",),
    "robots": ("#",),
    "codeowners": ("#",),
    "iptables": ("#",),
    "sql": ("--",),
}
"""What starts a comment, by the kind of the source."""
_TAGGED = re.compile(r"<!--(.*?)-->", re.DOTALL)
_SLASHED = re.compile(r"/\*(.*?)\*/", re.DOTALL)
_INCLUDED = re.compile(r"\s*#(?:include(?:dir)?\b|\d)")
"""`#includedir /etc/sudoers.d` and `#1000` are no comments there."""
_DOCSTRING = re.compile(r"^(?:\"\"\"(.*?)\"\"\"|'''(.*?)'''|\"([^\"\n]*)\"$)", re.DOTALL | re.MULTILINE)
_SHOWN = re.compile(
    r"\b(?:title|alt|aria-label|content|summary|placeholder|data-[\w-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment, with the lines on which it starts and ends."""

    line: int
    text: str
    last: int
    is_behind: bool = False
    """It ends a line that says something."""
    is_text: bool = False
    """The notation says that it is no comment: a title that a page shows, a docstring, what is included."""


_STATED = re.compile(r"[\w-]+(?: [\w-]+)?\s*[:=]\s")
"""`owner: Marek` is a line of its own, though it starts with a small letter."""


def _is_own(text: str) -> bool:
    """Tell whether a line says something of the document by itself."""
    return is_remark(text) or is_administrative(text)


def comments_of(text: str, kind: str) -> list[Comment]:
    """Return the comments of a source; lines in a row of which one goes on with the sentence before are one."""
    if kind == "data" and text.lstrip()[:1] in "{[":
        return []
    if kind in ("xml", "html"):
        return list(_within(text, _TAGGED)) + (list(_within(text, _SHOWN, is_text=True)) if kind == "html" else [])
    marks = _MARKS.get(kind, ())
    if not marks:
        return []
    found: list[Comment] = []
    last = -1
    own = re.compile(rf"\s*(?:{'|'.join(map(re.escape, marks))})+[!]?\s?(.*)$")
    behind = re.compile(rf"\s(?:{'|'.join(map(re.escape, marks))})+\s*(.*)$")
    for number, line in enumerate(text.splitlines(), 1):
        whole = own.match(line)
        match = whole or behind.search(re.sub(r"\"[^\"]*\"|'[^']*'", lambda m: " " + "_" * (len(m.group()) - 1), line))
        said = line[match.start(1) :].strip() if match else ""
        if not said:
            continue
        is_text = kind == "sudoers" and bool(_INCLUDED.match(line))
        is_next = bool(whole) and number == last + 1 and said[:1].islower() and not _STATED.match(said)
        if (
            is_next
            and not found[-1].text.endswith((".", ":", "!", "?", ";"))
            and not _is_own(found[-1].text)
            and not _is_own(said)
            and not (is_text or found[-1].is_text)
        ):
            found[-1] = Comment(found[-1].line, f"{found[-1].text} {said}", number)
        else:
            found.append(Comment(number, said, number, is_behind=not whole, is_text=is_text))
        last = number if whole else -1
    if kind in ("blocks", "sql"):
        found += _within(text, _SLASHED)
    if kind == "python":
        found += _within(text, _DOCSTRING, is_text=True)
    return found


def _within(text: str, pattern: re.Pattern[str], *, is_text: bool = False) -> Iterator[Comment]:
    lines = text.splitlines()
    line, place = 1, 0
    for match in pattern.finditer(text):
        line += text.count("\n", place, match.start())
        place = match.start()
        said = " ".join(next((g for g in match.groups() if g), "").split())
        before = lines[line - 1].split(match.group().splitlines()[0])[0] if match.group() and line <= len(lines) else ""
        if said:
            yield Comment(line, said, line + match.group().count("\n"), is_behind=bool(before.strip()), is_text=is_text)
