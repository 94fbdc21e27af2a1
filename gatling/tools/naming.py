"""Names to words: entities (`ListMessagesResponse` is about a message) and one-line descriptions of our own."""

from __future__ import annotations

import re

from gatling.schema.words import split_words
from gatling.tools.derive import verb_of

MAX_DESCRIPTION_CHARS = 240
# What API schemas add to the name of the thing itself.
_WRAPPERS = frozenset("response result results output list request reply summary summaries".split())
_SINGULAR_AS_IS = ("ss", "us", "is", "news", "series", "status", "address", "alias")


def singular(word: str) -> str:
    """Return the singular of an English noun, by its ending: `policies` is `policy`."""
    if len(word) < 4 or not word.endswith("s") or word.endswith(_SINGULAR_AS_IS):
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "xes", "ches", "shes")):
        return word[:-2]
    return word[:-1]


def entity(name: str) -> str:
    """Return the words of an entity's name, without what API schemas wrap it in; `Empty` gives an empty string."""
    words = split_words(name)
    while len(words) > 1 and words[-1] in _WRAPPERS:
        words.pop()
    while len(words) > 1 and words[0] in ("list", "lists", "search", "get", "describe", "batch", "batchget"):
        words.pop(0)
    if words in (["empty"], []):
        return ""
    return " ".join([*words[:-1], singular(words[-1])])


def list_of(name: str) -> str:
    """Return what `ToolSpec.returns` holds for many of an entity."""
    one = entity(name)
    return f"list of {one}" if one else ""


def describe(name: str, domain: str, *, prefix: str = "") -> str:
    """Describe a tool from its name alone: `gmail.users.messages.list` is `List users messages (gmail).`"""
    parts = [split_words(part) for part in name.removeprefix(prefix).split(".")]
    domain_words = split_words(domain)
    if len(parts) > 1 and parts[0] == domain_words[: len(parts[0])]:
        parts = parts[1:]
    verb = verb_of(name.removeprefix(prefix))
    # A dotted name says the thing first and what is done to it last.
    words = [*parts[-1], *(word for part in parts[:-1] for word in part)]
    if verb and verb[0] in words:
        words.remove(verb[0])
        words.insert(0, verb[0])
    return f"{' '.join(words).capitalize()} ({re.sub('[_-]', ' ', domain)})."


def shorten(text: str) -> str:
    """Return the first sentence of a description, on one line, of at most `MAX_DESCRIPTION_CHARS`."""
    line = " ".join(text.split())
    end = line.find(". ")
    return (line[: end + 1] if end >= 0 else line)[:MAX_DESCRIPTION_CHARS]
