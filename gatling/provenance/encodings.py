"""What a text says once it is decoded: a value that was read may leave as base64, hex or back to front.

| written as | where |
| --- | --- |
| percent escapes, HTML entities, `\\u0041` and `\\x41` | the whole text |
| base64 (plain and URL-safe), base32, hex (also `68 65 6c` and `68:65:6c`) | each run of its characters, and the whole without white space |
| rot13, back to front | the whole text, see `scrambled` |

Two layers are undone. A decoding counts where it is text; whether it stands anywhere is for the index to say, so that a word that
happens to decode is none. Linear: runs do not overlap, and no decoding is longer than what it was made of.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import html
import re
from collections.abc import Iterator
from urllib.parse import unquote

MIN_CHARS = 4
"""Of a decoding; less stands everywhere."""
_MAX_RUNS = 256
_LETTERS, _DIGITS = 6, 10
"""So many make a text that is not another one by accident when it is scrambled."""
_LOOKED_AT = 1_000
_LAYERS = 2

_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{6,}={0,2}")
_BASE32 = re.compile(r"[A-Z2-7]{8,}={0,6}")
_HEX = re.compile(r"(?:0[xX])?((?:[0-9a-fA-F]{2}){4,}|(?:[0-9a-fA-F]{2}[ :-]){3,}[0-9a-fA-F]{2})(?![0-9a-fA-F])")
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2}))")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#x[0-9a-fA-F]{1,6}|\w{2,8});")
_SPACES = re.compile(r"\s+")


def decoded(text: str) -> tuple[str, ...]:
    """Return what a text and the runs in it decode to, nearest first; empty for most texts."""
    found: dict[str, None] = {}
    layer = [text]
    for _ in range(_LAYERS):
        layer = [d for t in layer for d in _decodings(t) if d not in found and d != text]
        found.update(dict.fromkeys(layer))
        if not layer:
            break
    return tuple(found)


def scrambled(text: str) -> tuple[str, ...]:
    """Return a text by rot13 and back to front: every text has both, so they count only where they are found."""
    if sum(map(str.isalpha, text[:_LOOKED_AT])) < _LETTERS and sum(map(str.isdigit, text[:_LOOKED_AT])) < _DIGITS:
        return ()  # 42 is 24 back to front
    return codecs.encode(text, "rot13"), text[::-1]


def _decodings(text: str) -> Iterator[str]:
    if "%" in text and (plain := unquote(text)) != text:
        yield plain
    if "&" in text and _ENTITY.search(text) and (plain := html.unescape(text)) != text:
        yield plain
    if "\\" in text and (plain := _ESCAPE.sub(_character, text)) != text:
        yield plain
    flat = _SPACES.sub("", text)
    for candidate in [text] if flat == text else [text, flat]:
        left = _MAX_RUNS
        for pattern, decode in ((_HEX, _from_hex), (_BASE64, _from_base64), (_BASE32, _from_base32)):
            for match in pattern.finditer(candidate):
                if (said := _as_text(decode(match.group()))) is not None:
                    yield said
                    left -= 1
                if left <= 0:
                    break


def _character(match: re.Match[str]) -> str:
    code = int(match.group(1) or match.group(2), 16)
    return "" if 0xD800 <= code < 0xE000 else chr(code)


def _from_hex(run: str) -> bytes:
    digits = re.sub(r"^0[xX]|[ :-]", "", run)
    return bytes.fromhex(digits)


def _from_base64(run: str) -> bytes:
    run = run.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(run + "=" * (-len(run) % 4))
    except binascii.Error:
        return b""


def _from_base32(run: str) -> bytes:
    run = run.rstrip("=")
    try:
        return base64.b32decode(run + "=" * (-len(run) % 8))
    except binascii.Error:
        return b""


def _as_text(data: bytes) -> str | None:
    """Return bytes as the text that they are; None for what is none."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return text if len(text.strip()) >= MIN_CHARS and all(c.isprintable() or c in "\n\r\t" for c in text) else None
