"""What comments of a notation say, and texts that a page shows beside its own: they grant nothing, and may forbid."""

from __future__ import annotations

import re
from collections.abc import Iterator

_MARKS = {
    "data": ("#",),
    "ini": ("#", ";"),
    "toml": ("#",),
    "blocks": ("#", "//"),
    "properties": ("#", "!"),
    "values": ("#",),
    "sudoers": ("#",),
    "robots": ("#",),
    "codeowners": ("#",),
    "iptables": ("#",),
}
"""What starts a comment, by the kind of the source."""
_TAGGED = re.compile(r"<!--(.*?)-->", re.DOTALL)
_SLASHED = re.compile(r"/\*(.*?)\*/", re.DOTALL)
_SHOWN = re.compile(
    r"\b(?:title|alt|aria-label|content|summary|placeholder|data-[\w-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')",
    re.IGNORECASE,
)


def comments_of(text: str, kind: str) -> list[tuple[int, str]]:
    """Return the comments of a source, each with its line; those in a row are one."""
    if kind == "data" and text.lstrip()[:1] in "{[":
        return []
    if kind in ("xml", "html"):
        return list(_within(text, _TAGGED)) + (list(_within(text, _SHOWN)) if kind == "html" else [])
    marks = _MARKS.get(kind, ())
    if not marks:
        return []
    found: list[tuple[int, str]] = []
    last = -1
    own = re.compile(rf"\s*(?:{'|'.join(map(re.escape, marks))})+[!]?\s?(.*)$")
    behind = re.compile(rf"\s(?:{'|'.join(map(re.escape, marks))})+\s*(.*)$")
    for number, line in enumerate(text.splitlines(), 1):
        whole = own.match(line)
        match = whole or behind.search(re.sub(r"\"[^\"]*\"|'[^']*'", lambda m: " " + "_" * (len(m.group()) - 1), line))
        said = line[match.start(1) :].strip() if match else ""
        if not said:
            continue
        if whole and number == last + 1 and not found[-1][1].endswith((".", ":", "!", "?", ";")) and said[:1].islower():
            found[-1] = (found[-1][0], f"{found[-1][1]} {said}")
        else:
            found.append((number, said))
        last = number if whole else -1
    if kind == "blocks":
        found += _within(text, _SLASHED)
    return found


def _within(text: str, pattern: re.Pattern[str]) -> Iterator[tuple[int, str]]:
    line, place = 1, 0
    for match in pattern.finditer(text):
        line += text.count("\n", place, match.start())
        place = match.start()
        said = " ".join(next((g for g in match.groups() if g), "").split())
        if said:
            yield line, said
