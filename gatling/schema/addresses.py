"""Addresses in text: mail addresses, web addresses, file names, account, card and phone numbers, each in one spelling.

A word-by-word comparison takes `acme-co.uk` for `acme.co.uk`; an address is the same only if all of its characters are. Text is
cut at white space and brackets and each piece is looked at once, so the cost is linear in the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gatling.schema.budget import checked

MAX_PREFIXES = 32
"""Of a web address, as many shorter forms are known; those with the fewest segments are left out last."""

_PIECE = re.compile(r"[^\s\"'<>()\[\]{}|\\^`,;]+")
_INNER = re.compile(r"[:=?&#]+")
_EMAIL = re.compile(r"[\w.+-]{1,128}@[\w-]{1,128}(?:\.[\w-]{1,128}){1,16}")
_HOST = re.compile(r"[\w-]{1,255}(?:\.[\w-]{1,255}){1,64}")
_SCHEME = re.compile(
    r"\W{0,8}[a-z][a-z0-9+.-]{0,31}://", re.IGNORECASE
)  # at the start, once: `http://x.com://y.com` is on x.com
_WEB = re.compile(r"https?://", re.IGNORECASE)
_ENDING = re.compile(r"\.[^\W\d_]{2,16}$")
_NUMBER = re.compile(
    r"(?<![\w.])(?:"
    r"[a-z]{2}\d{2}[a-z0-9]{10,30}"  # IBAN
    r"|[a-z]{2}\d{8,30}"  # what passes for one
    r"|[a-z]{2}\d{2}(?: [a-z0-9]{4}){3,7}(?: [a-z0-9]{1,3})?"  # in groups of four
    r"|\d{4}(?:[ -]\d{4}){2,4}"  # card
    r"|\+\d{1,4}(?:[ ()./-]{1,3}\d{1,5}){1,7}"  # phone
    r"|\+?\d{7,40}"
    r")(?![\w])"
)
_HAS_DIGIT = re.compile(r"\d")  # every address has a full stop, every number a digit
_EDGES = ".:!?*_~/"


def addresses(text: str) -> Iterator[tuple[str, bool]]:
    """Yield each address of a lower-case text, and whether it is the whole of it."""
    whole = text.strip()
    for address, start, end in located(text):
        yield address, text[start:end] == whole


def one_address(text: str) -> str | None:
    """Return the one spelling of a text that is an address as a whole; None for any other, such as a URL of another scheme than
    the web's. The text is in lower case."""
    whole = text.strip()
    if "." not in whole and not _HAS_DIGIT.search(whole):  # most texts, told at once
        return None
    if "://" in whole and not _WEB.match(whole):  # another service than the host's pages
        return None
    return next((address for address, start, end in located(whole) if (start, end) == (0, len(whole))), None)


def located(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield each address of a lower-case text in its one spelling, and where the piece that it stands in starts and ends."""
    for match in checked(_NUMBER.finditer(text)):
        yield re.sub(r"[^a-z0-9]", "", match.group()), match.start(), match.end()
    if "." not in text:
        return
    for match in checked(_PIECE.finditer(text)):
        piece = match.group()
        if "." not in piece:
            continue
        address = _address(piece)
        if address:
            yield address, match.start(), match.end()
        inner = _INNER.split(piece)
        if len(inner) > 1:
            at = match.start()
            for part in inner:
                at = text.index(part, at)
                found = _address(part)
                if found and not (address or "").startswith(found):
                    yield found, at, at + len(part)
                at += len(part)


def _address(piece: str) -> str | None:
    scheme = _SCHEME.match(piece)
    piece = piece[scheme.end() if scheme else 0 :].strip(_EDGES).removeprefix("mailto:").removeprefix("www.")
    if "@" in piece and _EMAIL.fullmatch(piece):
        return piece
    path = re.split(r"[?#:]", piece, maxsplit=1)[0]
    host, slash, _ = path.partition("/")
    if _HOST.fullmatch(host):
        return piece if slash or _ENDING.search(host) else None
    return path if slash and path == piece and last_part(path) else None  # a file in a folder


def shorter(address: str) -> list[str]:
    """Return what an address is part of, the longest first: the domain of a mail address, the folders and host of a page.

    A file's folder says little about who named it: nothing.
    """
    if "@" in address:
        return [address.rsplit("@", 1)[1]]
    bare = re.split(r"[?#]", address, maxsplit=1)[0].rstrip("/")
    parts = bare.split("/")
    if "." not in parts[0]:
        return []
    found = ["/".join(parts[:n]) for n in range(min(len(parts) - 1, MAX_PREFIXES), 0, -1)]
    return [bare, *found] if bare != address else found


def last_part(address: str) -> str | None:
    """Return the file name at the end of a path, if there is one."""
    name = address.rsplit("/", 1)[-1]
    return name if name != address and _ENDING.search(name) else None
