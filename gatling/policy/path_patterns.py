"""Whether a text leads to one of the places that a rule lists, as paths are read (`schema.paths`).

Two ways to ask. A place must be listed: as written and as it is read, and so must every other path that stands in the text.
Or it must not be: then it is enough that it is, in any reading. None where that cannot be told:

| text | rule | a listed place? | a forbidden one? |
| --- | --- | --- | --- |
| `/a/../b` | `/a/*` | no | no |
| `notes.txt`, of an unknown folder | `/a/*` | open | no |
| `etc/passwd`, `../etc/passwd` | `/etc/*` | open, no | open, yes |
| `/etc`, `/` | `/etc/*` | no | open: what is below is |
| `/e*/passwd`, `$DIR/passwd` | `/etc/*` | no, open | open |
| `~/x` | `/home/ann/*` | open | open |
| `/home/ann/.ssh/x` | `~/.ssh/*` | open | yes |
| `/ok /etc/passwd` | `/ok*`, `/etc/*` | open | yes |
| `https://x/a.com/b` | `https://*.com/*` | no | no |
| `http://a.com/b`, `a.com/b` | `https://a.com/*` | no | open |
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from gatling.policy.globs import matches
from gatling.schema.paths import PathReading, decoded, is_absolute, pieces, read_path

MAX_CHARS = 32_768
"""A longer text is no path that any system opens, however it is encoded."""

_SIGNS = re.compile(r"[/\\%~$`]|\.\.|[^\x00-\x7f]|file:", re.IGNORECASE)
_PARTS = frozenset("/\\\u2044\u2215\uff0f\uff3c")
_ROOTED = re.compile(r"\s*(?:[a-z*]{1,12}://|[/\\~]|[A-Za-z]:[\\/]|\*+[/\\]|\./|file:/)", re.IGNORECASE)
_OF_SPELLING = re.compile(r"[*?][^/\\]*[/\\]\.\.(?:[/\\]|$)|^\s*file:/*[*?]|%", re.IGNORECASE)
"""A pattern of how paths are written, `*/../*`, `file:*` or `*%*`: held against the text as it stands, and not resolved."""
_ROOTS = re.compile(r"/|~/?|[a-z]:/?")


@dataclass(frozen=True, slots=True)
class _Pattern:
    texts: tuple[str, ...]
    """In the one spelling, in lower case; several where it may be meant in several ways."""
    homes: tuple[str, ...]
    """The same with the home that it is in left out."""
    has_wildcard: bool
    is_of_spelling: bool = False

    @property
    def is_absolute(self) -> bool:
        return is_absolute(self.texts[0])

    @property
    def is_of_any_home(self) -> bool:
        return self.texts[0].startswith("~")

    def matches(self, text: str) -> bool:
        return any(self._fits(pattern, text) for pattern in self.texts)

    def matches_home(self, text: str) -> bool:
        return any(self._fits(pattern, text) for pattern in self.homes)

    def matches_page(self, text: str) -> bool:
        """Tell whether a web address is one, whatever its scheme is; it may have none."""
        wanted = _page(self.texts[0])
        found = _page(text) or _page(read_path("https://" + text.lstrip("/")).text.casefold())
        return bool(wanted and found and self._fits(wanted[1], found[1]) and self._fits(wanted[2], found[2]))

    def _fits(self, pattern: str, text: str) -> bool:
        if not self.has_wildcard:
            return pattern == text
        wanted, found = _page(pattern), _page(text)
        if wanted and found:  # no wildcard reaches from the host into the path
            return all(map(matches, wanted, found))
        return matches(pattern, text)


def _page(text: str) -> tuple[str, str, str] | None:
    """Return scheme, host and the rest of a web address in its one spelling; of a pattern that ends with its host, any rest."""
    scheme, separator, behind = text.partition("://")
    if not separator or "/" in scheme:
        return None
    host, slash, rest = behind.partition("/")
    return scheme, host, "*" if host.endswith("*") and not rest else slash + rest


@lru_cache(maxsize=4_096)
def _read_pattern(text: str, is_pattern: bool) -> _Pattern:
    has_wildcard = is_pattern and ("*" in text or "?" in text)
    if has_wildcard and _OF_SPELLING.search(text):
        return _Pattern((text.casefold(),), (), has_wildcard, is_of_spelling=True)
    reading = read_path(text)
    texts, homes = [reading.text.casefold()], [reading.below_home.casefold()]
    if has_wildcard and "/**/" in texts[0]:
        texts.append(texts[0].replace("/**/", "/"))
    return _Pattern(tuple(texts), tuple(filter(None, homes)), has_wildcard)


def names_paths(choices: object) -> bool:
    """Tell whether what a rule compares with starts at a root, a drive, a home or any folder."""
    items = choices if isinstance(choices, tuple) else (choices,)
    return any(isinstance(item, str) and _ROOTED.match(item) for item in items)


@lru_cache(maxsize=32)
def _read_all(text: str) -> tuple[PathReading, ...]:
    """Return where a text leads, and then where each further path in it does; many rules ask about one text."""
    return tuple(map(read_path, (text, *pieces(text))))


def concerns_paths(text: str, choices: tuple[object, ...], *, is_lenient: bool) -> bool:
    """Tell whether a comparison is one of paths: the text has a sign of one, or a choice does."""
    if len(text) > MAX_CHARS:
        return False
    if any(isinstance(c, str) and ("/" in c or "\\" in c or c[:1] in ("~", ".")) for c in choices):
        return True
    if not _SIGNS.search(text):
        return False
    return is_lenient or not _PARTS.isdisjoint(decoded(text)[0])


def is_listed(text: str, choices: tuple[str, ...], *, is_pattern: bool, is_as_written: bool) -> bool | None:
    """Tell whether all of a text leads to listed places.

    Args:
        is_as_written: whether the text fits as it stands.
    """
    patterns = [_read_pattern(choice, is_pattern) for choice in choices]
    reading, *further = _read_all(text)
    spelt = reading.text.casefold()
    if not any(p.matches(spelt) for p in patterns):
        if not reading.is_certain:
            return None
        is_relative = not reading.is_absolute and not reading.climbs and bool(re.match(r"[\w.]", spelt))
        if is_relative and patterns and all(p.is_absolute for p in patterns):
            return None
        return None if any(_same_home(p, reading) is not None for p in patterns) else False
    if not reading.is_certain:
        return None
    if not all(any(p.matches(other.text.casefold()) for p in patterns) for other in further):
        return None
    folder = text[:-1].casefold() if text.endswith("/") else ""  # its name with `/` behind it is no other spelling
    is_as_written |= bool(folder) and any(
        matches(c.casefold(), folder) if is_pattern else c.casefold() == folder for c in choices
    )
    return True if is_as_written or text.strip()[:5].lower() == "file:" else None


def is_forbidden(text: str, choices: tuple[str, ...], *, is_pattern: bool, acts: bool) -> bool | None:
    """Tell whether some of a text leads to a forbidden place.

    Args:
        acts: the call does more than read, so that it may change what is below a folder.
    """
    patterns = [_read_pattern(choice, is_pattern) for choice in choices]
    written = text.strip().casefold()
    if any(p.is_of_spelling and p.matches(written) for p in patterns):
        return True
    answer: bool | None = False
    for reading in _read_all(text):
        for pattern in patterns:
            leads = _leads_to(pattern, reading, acts=acts)
            if leads:
                return True
            answer = None if leads is None else answer
    return answer


def _leads_to(pattern: _Pattern, reading: PathReading, *, acts: bool) -> bool | None:
    spelt = reading.text.casefold()
    if pattern.matches(spelt):
        return True
    home = _same_home(pattern, reading)
    if home is not None:
        return True if home else None
    if reading.open_at is not None:
        return None if _may_meet(pattern, reading, spelt) else False
    if not reading.is_certain and pattern.is_absolute:
        return None
    if not reading.is_absolute and "://" not in pattern.texts[0]:
        tail = spelt
        while tail.startswith("../"):
            tail = tail[3:]
        if pattern.is_absolute or pattern.texts[0].startswith("*"):
            return (True if reading.climbs else None) if tail and pattern.matches("/" + tail) else False
        return False
    if "://" in pattern.texts[0]:
        return None if pattern.matches_page(spelt) else False
    if not pattern.is_absolute:  # `secrets/*`, of an unknown folder
        named = pattern.texts[0]
        is_path = "/" in named.strip("*") or named.startswith(".")
        return None if is_path and not named.startswith("*") and matches("*/" + named, spelt) else False
    return None if _holds(pattern, spelt, acts=acts) else False


def _same_home(pattern: _Pattern, reading: PathReading) -> bool | None:
    """Tell whether both are the same below a home of which one does not say whose it is: True if the pattern means any."""
    if not reading.below_home or not pattern.homes:
        return None
    if not (pattern.is_of_any_home or reading.text.startswith("~")):
        return None
    return pattern.is_of_any_home if pattern.matches_home(reading.below_home.casefold()) else None


def _holds(pattern: _Pattern, folder: str, *, acts: bool) -> bool:
    """Tell whether what a pattern names may be in a folder, or below a name of it."""
    for text in pattern.texts:
        head = re.split(r"[*?]", text, maxsplit=1)[0] if pattern.has_wildcard else text
        if not pattern.has_wildcard and folder.startswith(text.rstrip("/") + "/"):
            return True
        if head == folder.rstrip("/") + "/":
            return True
        if (acts or _ROOTS.fullmatch(folder)) and head.startswith(folder.rstrip("/") + "/"):
            return True
    return False


def _may_meet(pattern: _Pattern, reading: PathReading, spelt: str) -> bool:
    """Tell whether a path with variables or wildcards may be one that the pattern names, by how both start and end."""
    start, end = reading.open_at or (0, len(spelt))
    head, tail = (spelt[:start], spelt[end:]) if len(spelt) == len(reading.text) else ("", "")
    for text in pattern.texts:
        parts = re.split(r"[*?]", text) if pattern.has_wildcard else [text]
        first, last = parts[0], parts[-1]
        starts = head.startswith(first) or first.startswith(head)
        if starts and (tail.endswith(last) or last.endswith(tail)):
            return True
    return False
