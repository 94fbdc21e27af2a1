"""Whose text a tool returns, by the words of its name: one answer for provenance, critics, Corrupter and generator.

The first row that applies:

| name | authorship |
| --- | --- |
| no verb that the catalogue knows | `unknown` |
| reads the web (`web`, `page`, `url`, `browse`, ...), or the content of one file (`read_file`, `download_...`) | `text` |
| reads what nobody outside can write: balance, IBAN, the clock, the own profile; calculators | `own` |
| has to do with records: mail, messages, events, transactions, tickets, files, products, ... | `records` |
| any other | `unknown` |

Two thresholds are put to it. Provenance mistrusts what is not known to be `own`; `shows_outside_text` wants evidence that
outsiders write there, as a feature that nearly every tool has tells nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Literal

from gatling.schema.words import split_words
from gatling.tools.derive import effect_of, verb_of

Authorship = Literal["own", "records", "text", "unknown"]
"""`own`: first-party data. `records`: records that outsiders can create, with fields that the system attests. `text`: pages and
files, all of which outsiders may have written. `unknown`: the name does not tell."""

_PAGES = frozenset(
    "web webpage webpages page pages url urls website site html http browse browser fetch crawl scrape rss feed news article "
    "articles wiki wikipedia google bing duckduckgo internet".split()
)
_FILES = frozenset("file files document documents doc docs attachment attachments pdf note notes text content".split())
_OWN = (
    ("balance",), ("balances",), ("iban",), ("whoami",), ("clock",), ("timezone",), ("current", "time"), ("current", "date"),
    ("current", "day"), ("current", "user"), ("my", "profile"), ("own", "profile"), ("my", "account"), ("own", "account"),
    ("my", "settings"), ("own", "settings"),
)  # fmt: skip
_CALCULATES = frozenset("calculate compute calculator convert".split())
_RECORDS = frozenset(
    "email emails mail mails inbox message messages sms channel channels chat thread threads comment comments review reviews "
    "rating ratings post posts tweet ticket tickets issue issues event events calendar meeting meetings appointment invite "
    "invitation transaction transactions payment payments order orders bill bills invoice invoices contact contacts customer "
    "customers feedback form description product products listing listings response responses reservation booking bookings task "
    "tasks request requests user users".split()
)


@lru_cache(4_096)
def authorship(tool_name: str) -> Authorship:
    """Return whose text a tool returns, by the table of this file's header."""
    words = split_words(tool_name)
    verb = verb_of(tool_name)
    effect, _ = effect_of(tool_name)
    if verb is None and not any(_holds(words, own) for own in _OWN):
        return "unknown"
    if effect == "read" or verb is None:
        is_list = verb is not None and verb[0] in ("list", "search", "find")
        if not _PAGES.isdisjoint(words) or (not is_list and not _FILES.isdisjoint(words)):
            return "text"
        if any(_holds(words, own) for own in _OWN):
            return "own"
    elif not _PAGES.isdisjoint(words):
        return "text"
    if words[0] in _CALCULATES and _FILES.isdisjoint(words):
        return "own"
    return "records" if outsiders_write(words) else "unknown"


def shows_outside_text(tool_name: str) -> bool:
    """Tell whether a tool reads, and its name is evidence that outsiders write what it returns."""
    return effect_of(tool_name)[0] == "read" and authorship(tool_name) in ("records", "text")


def outsiders_write(words: Iterable[str]) -> bool:
    """Tell whether words name things that outsiders can write."""
    return not (_PAGES | _FILES | _RECORDS).isdisjoint(words)


def _holds(words: list[str], wanted: tuple[str, ...]) -> bool:
    return any(tuple(words[i : i + len(wanted)]) == wanted for i in range(len(words)))
