"""Which lines of a mail its sender wrote himself, and which he quotes, forwards or signs with: told by the marks of mail programs.

| lines | whose |
| --- | --- |
| that start with `>`, or stand in a block of what is quoted | somebody else's |
| `On .. wrote:` | somebody else's, as are the quoted lines below it; where none is, all that follows |
| `Forwarded message`, `Original Message`, the head of another mail further down | somebody else's, to the end |
| `-- ` and what follows | the sender's, but no part of what he says |

Whoever is quoted chooses what stands in the quote: nothing in it ends it, and whether the name beside it is true nobody knows. One
pass over the lines.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from gatling.request.pasted_marks import FORWARDED, HEAD_LINE, HEAD_SENDER
from gatling.schema.budget import checked

Kind = Literal["own", "cited", "forwarded", "signature"]

_MAX_HEAD_LINES = 12
_MAX_LINE_CHARS = 600
"""A longer line is no mark."""
_QUOTED = re.compile(r"[ \t]{0,8}>(?!=)")
_SIGNATURE = re.compile(r"[ \t]{0,8}--[ \t\u00a0]{0,4}")
_MAY_MARK = re.compile(
    r"forwarded|original|weitergeleitet|urspr|transf|d'origine|reenviado|inoltrato|originale|:\s*\Z", re.IGNORECASE
)
_FORWARDS = re.compile(r"forwarded|weitergeleitet|transf|reenviado|inoltrato", re.IGNORECASE)
_WROTE = re.compile(r"[ \t]*(?:on|am|le|el|il|den|op) [^\n]*\d", re.IGNORECASE)
_HEAD_LINE = re.compile(HEAD_LINE, re.IGNORECASE)
_FIELD = re.compile(r"\w[\w .-]{0,40}:|[ \t]{1,8}\S")
"""A line of a mail's head, or what goes on from the line before."""
_OF_MAILS = re.compile(
    r"^[ \t]{0,4}\**(?:subject|betreff|objet|asunto|oggetto|sent|gesendet|envoy\u00e9|enviado|inviato)\**[ \t\u00a0]?:",
    re.IGNORECASE | re.MULTILINE,
)
"""An itinerary has a from, a to and a date, too."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Lines of a text, one after another, of one kind."""

    kind: Kind
    claim: str
    """What says who wrote it, where it is quoted: a name, or the line above it. Nobody vouches for it."""
    start: int
    end: int
    """The first line, and the one behind the last."""


def pieces_of(lines: Sequence[str], *, sender: str = "", quoted: Sequence[bool] = ()) -> list[Piece]:
    """Return the lines of a text as pieces, in order; each line is in one of them.

    Args:
        sender: who sent it, as the service says: a text that starts with the head of a mail by somebody else is a forwarded one.
        quoted: of a page, whether each line stands in a block of what is quoted.
    """

    def is_quoted(i: int) -> bool:
        return bool(_QUOTED.match(lines[i])) or (i < len(quoted) and quoted[i])

    def next_of(i: int) -> int:
        return next((n for n in range(i, len(lines)) if lines[n].strip()), len(lines))

    found: list[Piece] = []

    open_kind: Kind = "own"
    open_claim, open_at = "", 0

    def begin(kind: Kind, claim: str, at: int) -> None:
        nonlocal open_kind, open_claim, open_at
        if (kind, claim) != (open_kind, open_claim):
            if open_at < at:
                found.append(Piece(open_kind, open_claim, open_at, at))
            open_kind, open_claim, open_at = kind, claim, at

    leading = _end_of_leading_head(lines, sender)
    own: Kind = "own"
    claim = ""
    i = 0
    for _ in checked(lines):
        if i >= len(lines):
            break
        if not lines[i].strip():  # goes with what is above
            if open_kind in ("cited", "forwarded"):
                begin(own, "", i)
            i += 1
            continue
        mark = None if i < leading else _mark_at(lines, i)
        if is_quoted(i):
            begin("cited", claim, i)
            i += 1
        elif mark is not None:
            kind, said_by, size = mark
            below = next_of(i + size)
            if below == len(lines):  # nothing is quoted
                break
            begin(kind, said_by, i)
            if kind != "cited" or not is_quoted(below):
                break
            claim, i = said_by, below
        else:
            if _SIGNATURE.fullmatch(lines[i].rstrip("\r")):
                own = "signature"
            claim = ""
            begin(own, claim, i)
            i += 1
    if open_at < len(lines):
        found.append(Piece(open_kind, open_claim, open_at, len(lines)))
    return found


def _end_of_leading_head(lines: Sequence[str], sender: str) -> int:
    """Return behind which line the head ends that a text starts with; 0 where it is none of this mail, but of one that is forwarded."""
    end = next((i for i, line in enumerate(lines) if not _FIELD.match(line)), len(lines))
    claimed = HEAD_SENDER.search("\n".join(lines[: min(end, _MAX_HEAD_LINES)])) if sender else None
    if claimed is not None:
        named, known = claimed.group(1).strip().lower(), sender.strip().lower()
        if not (named in known or known in named):
            return 0
    return end


def _mark_at(lines: Sequence[str], i: int) -> tuple[Kind, str, int] | None:
    """Return what a mark at a line announces, who is said to have written it, and how many lines the mark has."""
    line = lines[i]
    if len(line) > _MAX_LINE_CHARS:
        return None
    if _MAY_MARK.search(line) and FORWARDED.search(line.rstrip("\r")):
        if not _WROTE.match(line):
            sender = HEAD_SENDER.search("\n".join(lines[i + 1 : i + 1 + _MAX_HEAD_LINES]))
            return "forwarded" if _FORWARDS.search(line) else "cited", sender.group(1).strip() if sender else "", 1
        return "cited", line.strip(), 1
    if _WROTE.match(line) and i + 1 < len(lines) and len(lines[i + 1]) <= _MAX_LINE_CHARS:
        both = f"{line.rstrip()} {lines[i + 1].strip()}"  # mail programs break long lines
        if _MAY_MARK.search(both) and FORWARDED.match(both):
            return "cited", both.strip(), 2
    if _HEAD_LINE.match(line):
        head = []
        for other in lines[i : i + _MAX_HEAD_LINES]:
            if len(other) > _MAX_LINE_CHARS or not _HEAD_LINE.match(other):
                break
            head.append(other)
        text = "\n".join(head)
        sender = HEAD_SENDER.search(text)
        if sender is not None and ("@" in sender.group(1) or _OF_MAILS.search(text)):
            return "cited", sender.group(1).strip(), 1
    return None
