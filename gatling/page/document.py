"""The frame of every page that Gatling writes: one file, no script, nothing from outside, and text that stays text.

- What stands on a page may be written by an attacker. `text` is the only way for it onto a page: it escapes, and it shows what a
  person would not see or what turns letters around (controls, marks of direction, blanks that are none) as `U+202E`.
- The policy in the head of the page forbids scripts, frames, images and requests altogether; styles count if they are ours, by
  their digest. So if an escape were missing after all, nothing would run.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Iterator
from html import escape
from itertools import groupby
from operator import itemgetter

_BLANKS = re.compile("[\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\ufe00-\ufe0f\U000e0100-\U000e01ef]")
"""Printable, as Python sees it, and nothing to be seen: fillers, an empty pattern of dots, selectors of variants."""
_EMOJI = "\ufe0f"
_SYMBOLS_FROM = "\u2000"
_STYLE = """\
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; padding: 0 1rem; max-width: 70rem; }
h1 { font-size: 1.3rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; }
.odd { font: 600 .75em/1 ui-monospace, monospace; border: 1px solid; border-radius: 3px; padding: 0 2px; unicode-bidi: isolate; }
"""


def document(
    title: str, body: Iterable[str], *, style: str = "", has_images: bool = False, has_forms: bool = False
) -> Iterator[str]:
    """Yield a page in pieces.

    Args:
        title: plain text.
        body: pieces of HTML.
        style: beside that of all pages. It is ours: nothing of what was read may stand in it.
        has_images: whether the page brings images in itself, as `data:`.
        has_forms: whether it may send forms to where it came from.
    """
    css = _STYLE + style
    policy = content_policy(css, has_images=has_images, has_forms=has_forms)
    yield (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        f'<meta name="referrer" content="{"same-origin" if has_forms else "no-referrer"}">\n'  # forms say where they come from
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(plain(title))}</title>\n<style>{css}</style>\n</head>\n<body>\n"
    )
    yield from body
    yield "\n</body>\n</html>\n"


def content_policy(css: str, *, has_images: bool = False, has_forms: bool = False) -> str:
    """Return the Content-Security-Policy of a page with this style."""
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    parts = ["default-src 'none'", f"style-src 'sha256-{digest}'", "base-uri 'none'"]
    parts += ["img-src data:"] if has_images else []
    parts += ["form-action 'self'" if has_forms else "form-action 'none'"]
    return "; ".join(parts)


def text(value: object, most: int | None = None) -> str:
    """Return a text as HTML that stands between tags, never inside one: escaped, and with nothing in it unseen.

    Args:
        most: characters that are shown; how many more there are is said.
    """
    found = str(value).replace("\r\n", "\n")
    more = 0 if most is None else len(found) - most
    if more > 0:
        found = found[:most]
    shown = escape(found) if _is_plain(found) else "".join(_pieces(found))
    return f'{shown}<span class="cut"> ... {more:,} more characters</span>' if more > 0 else shown


def plain(value: object, most: int = 200) -> str:
    """Return a text for a place where no element can stand, such as a title: what is unseen is left out as `?`. Not escaped."""
    found = str(value)[:most]
    return found if _is_plain(found) else "".join("?" if is_odd else c for c, is_odd in _marked(found))


def _is_plain(found: str) -> bool:
    return found.isascii() and found.replace("\n", "").isprintable()


def _marked(found: str) -> Iterator[tuple[str, bool]]:
    """Yield each character with whether it would not be seen. The selector that makes an emoji of a symbol is left alone."""
    last = ""
    for c in found:
        is_odd = not (c.isprintable() or c in "\n\t") or _BLANKS.match(c) is not None
        yield c, is_odd and not (c == _EMOJI and last > _SYMBOLS_FROM and last != _EMOJI)
        last = c


def _pieces(found: str) -> Iterator[str]:
    """Yield a text in pieces: as it is, and a mark for each run of a character that would not be seen."""
    for is_odd, run in groupby(_marked(found), itemgetter(1)):
        characters = (c for c, _ in run)
        if not is_odd:
            yield escape("".join(characters))
            continue
        for c, same in groupby(characters):
            count = sum(1 for _ in same)
            yield f'<span class="odd">U+{ord(c):04X}{f" x {count:,}" if count > 1 else ""}</span>'
