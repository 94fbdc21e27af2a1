"""What heads a document: its name, whose it is, when it was touched, whom to ask. Told piece by piece, and never by one word alone.

    agent-access.yml -- platform guild, reviewed 2025-02-18
    last touched: 12.01.2025 by IT (Darko)
    rev 12 / 2025-02-08 / checked by head librarian (A. Tremblay)

Each piece between commas, bars and dashes is a file, a date, a version, an address, who did what to the document, or a name: a few
words of which none rules, does anything, or is of a tool. One of the first five kinds is there, or a word of documents and of their
agents. `badge holders` is no heading, and neither is `valid from March`: they may say for whom and when the rules hold.
"""

from __future__ import annotations

import re

from gatling.policy.language.concern import tools_of
from gatling.policy.language.lexicon import Lexicon
from gatling.policy.language.nature import DATED, has_verb, is_ruling, is_state
from gatling.policy.language.times import time_said
from gatling.schema.words import split_words

_MAX_CHARS = 240
_APART = re.compile(r"\s*(?:[,;|/\u00b7\u2022()\[\]]|\s[-\u2013\u2014]{1,2}\s|:\s|\.\s|\.$)\s*")
_FILE = re.compile(r"(?:[~.]{0,2}/)?(?:[\w.-]+/)*[\w-]+\.(?!\d)[a-z]{2,12}|/?(?:[\w.-]+/){1,6}[\w.-]+")
_VERSION = re.compile(
    r"(?:v|ver|version|rev|revision|edition|ed|no|page|p|sheet|ticket|issue)\.? ?#?[\w.-]{0,12}\d[\w.-]{0,8}",
    re.IGNORECASE,
)
_ADDRESS = re.compile(
    r"(?:\S+@\S+|https?://\S+|#[\w-]+|@[\w-]+|(?:ext|tel|phone|fax|room|no|extension)\.? ?[-+\d][\d ./-]*|-\d{2,5}|\+?\d[\d ()/-]{6,})",
    re.IGNORECASE,
)
_DONE = (
    r"(?:touched|edited|reviewed|updated|changed|written|prepared|maintained|checked|approved|agreed|adopted|compiled|drawn up|kept|owned|exported|"
    r"generated|pasted|printed|issued|published|revised|created|drafted|translated|adapted|copied|borrowed|typed|signed|laminated)"
)
_EDITED = re.compile(
    rf"(?:last |first |next |originally |also )?{_DONE}(?: (?:by|on|in|at|from|for|with)(?: the| our| an?)? (?P<who>[\w.@' -]{{1,40}}))?",
    re.IGNORECASE,
)
_LABEL = re.compile(
    r"(?:last|next|owner|author|contact|maintainers?|keeper|editor|source|version|revision|rev|date|last (?:update|change|edit|review)|questions?|"
    r"slack|pager|channel|phone|mail|e-mail|team|file|document|project|status|responsible|issuer|supervisor)",
    re.IGNORECASE,
)
_HEADS = frozenset(
    "policy policies rules rulebook permissions rights access agent assistant bot helper chatbot copilot agents".split()
)
_SPARED = frozenset("no every own off per and head night".split())


def is_provenance(text: str, lexicon: Lexicon) -> bool:
    """Tell whether a piece of text is what heads a document, and nothing else."""
    plain = " ".join(re.sub(r"[*_`\"#]{1,3}(?=\w)|(?<=\w)[*_`\"]{1,3}", "", text).split()).strip(" .-#=*")
    if not plain or len(plain) > _MAX_CHARS or "?" in plain or "!" in plain:
        return False
    plain = re.sub(r"\b([A-Z])\. (?=[A-Z])", r"\1 ", plain)
    plain = re.sub(r"\b(?:Mr|Mrs|Ms|Dr|Fr|Hr|St|Sr|Prof|dept)\. ", " ", plain, flags=re.IGNORECASE)
    pieces = [piece.strip(" .:") for piece in _APART.split(plain) if piece.strip(" .:-")]
    kinds = [_kind(piece, lexicon) for piece in pieces]
    return bool(kinds) and all(kinds) and "anchor" in kinds


def _kind(piece: str, lexicon: Lexicon) -> str:
    """Return `anchor` for what only heads documents, `name` for a name, and nothing for anything else."""
    left = piece
    for pattern in (_FILE, _VERSION, _ADDRESS):
        if pattern.fullmatch(piece):
            return "anchor"
    if _LABEL.fullmatch(piece):
        return "anchor"
    left = " ".join(DATED.sub(" ", _ADDRESS.sub(" ", _VERSION.sub(" ", left))).split()).strip(" .:-")
    if not left:
        return "anchor"
    label = re.match(rf"{_LABEL.pattern} (?=\S)", left, re.IGNORECASE)
    if found := _EDITED.fullmatch(left):
        who = found.group("who")
        return "anchor" if not who or _is_name(who, lexicon) else ""
    if left != piece and label and _is_name(left[label.end() :], lexicon):
        return "anchor"
    if not _is_name(left, lexicon):
        return ""
    return (
        "anchor"
        if left != piece and len(left.split()) <= 2 and left[:1].isupper()
        else "anchor"
        if not _HEADS.isdisjoint(split_words(left))
        else "name"
    )


def _is_name(text: str, lexicon: Lexicon) -> bool:
    words = [w for w in split_words(text) if w.isalnum()]
    return (
        0 < len(words) <= 6
        and not any(c.isdigit() for c in text)
        and not is_ruling(text, spared=_SPARED)
        and not is_state(text)
        and not has_verb(text)
        and not time_said(text)
        and not tools_of(text, lexicon)
        and not any(w.endswith(("ing", "only")) for w in words)
    )
