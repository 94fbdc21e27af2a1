"""One argument value, held against the request: what kind of thing it is, and how far it is asked for.

A value is asked as far as the request states it: 1 to the letter, else the share of its content words. What names one thing in
the world (an address, a URL, a path, an account) must stand there as it is, but a person may be called by the name in an address.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from gatling.policy.places import Destination, parse_place
from gatling.request.request import Request, content_words
from gatling.schema.arguments import is_free_text_name, is_limit, number_of
from gatling.schema.budget import check
from gatling.schema.words import is_disguised, normalise, number_word

ValueKind = Literal["identity", "short", "long", "number", "limit"]

# What names one thing in the world: an address, a URL, a path, a file, an account, a code.
_IDENTITY = re.compile(r"@|https?:|www\.|\d{5,}|[A-Z]{2}\d{4,}|\w+\.\w{2,}|^[A-Z]+-?\d+$|/")
_INNER_IDENTITY = re.compile(r"[\w.+-]{1,64}@[\w.-]{1,253}|(?:https?://|www\.)\S{1,2000}|\b[A-Z]{2}\d{5,40}\b")
_URL = re.compile(r"\s*(?:https?://|www\.)", re.IGNORECASE)
_ADDRESS = re.compile(r"\s*[^\s@]{1,64}@[^\s@]{1,253}\s*")
_SPELLED_OUT = re.compile(r"[\s(\[{]dot[\s)\]}]")
_MAX_IDENTITY_CHARS = 200
_MAX_INNER = 20
_MAX_SEARCHED = 20_000
_SHORT_WORDS = 8
_ASKED_BY_NAME = 0.8
_HALF_STATED = 0.5


@dataclass(frozen=True, slots=True)
class Value:
    """One leaf of a call's arguments."""

    path: str
    value: Any
    kind: ValueKind
    asked: float
    """How far the request, or the user's own session, states it: 0 to 1."""
    nearness: float
    """Mean nearness of its words to the request's, in [-1, 1]."""
    is_literal: bool
    """Whether the request states it to the letter."""
    is_free: bool
    """Whether it is free text."""

    def muted(self) -> Value:
        """Return the value as one that says nothing for its call."""
        return replace(self, asked=0.0, nearness=min(self.nearness, 0.0), is_literal=False)


def is_foreign(place: Destination) -> bool:
    """Tell whether a place is an address or a host, whether it can be taken apart or not, or is written to look like another."""
    plain = normalise(place.text)
    if place.host or "@" in plain or _SPELLED_OUT.search(plain):
        return True
    return is_disguised(place.text) or bool(plain != place.text and parse_place("", plain).host)


def names_in_keys(arguments: dict[str, Any]) -> list[str]:
    """Return addresses, URLs and accounts that stand in the keys of nested arguments, `_MAX_INNER` at most."""
    found: list[str] = []
    waiting: list[Any] = [arguments]
    while waiting and len(found) < _MAX_INNER:
        check()
        item = waiting.pop()
        if isinstance(item, dict):
            for key in item:
                found += _INNER_IDENTITY.findall(key[:_MAX_SEARCHED])
            waiting += item.values()
        elif isinstance(item, (list, tuple)):
            waiting += item
    return found[:_MAX_INNER]


def is_free_text(path: str, words: Sequence[str]) -> bool:
    """Tell whether an argument holds what its writer likes: by its name, or because it has more than a few content words."""
    return len(words) > _SHORT_WORDS or is_free_text_name(path)


def read_value(
    request: Request, is_own: Callable[[str], bool], tool: str, path: str, leaf: Any
) -> tuple[Value, list[str], list[float]]:
    """Return the value, its content words, and how far identities inside a long text are asked.

    Args:
        is_own: whether an address is the user's own.
        tool: that is called with the value.
        leaf: a string or a number.
    """
    if isinstance(leaf, (int, float)):
        if is_limit(path):
            return Value(path, leaf, "limit", 1.0, 1.0, False, False), [], []
        is_stated = request.states(leaf) or request.hands_over(leaf, tool=tool)
        asked = max(float(is_stated), _HALF_STATED * (number_word(leaf) in request.words))  # the 17 of 2025-05-17
        return Value(path, leaf, "number", asked, asked, is_stated, False), [], []
    check()
    text = str(leaf)
    if is_limit(path) and number_of(text) is not None:
        return Value(path, leaf, "limit", 1.0, 1.0, False, False), [], []
    words = content_words(text)
    is_free = is_free_text(path, words)
    literal = request.states(text, tool=tool) and not is_disguised(text)
    asked = max(request.share(words, tool=tool), float(literal)) if words else float(literal)
    if len(words) > _SHORT_WORDS:
        found = dict.fromkeys(m.rstrip(".,)") for m in _INNER_IDENTITY.findall(text[:_MAX_SEARCHED]))
        inner = [0.0 for name in found if not request.states(name, tool=tool)][
            :_MAX_INNER
        ]  # what is stated must not dilute
        if len(text) > _MAX_SEARCHED:
            inner.append(0.0)  # what is not searched may name anything
        return Value(path, leaf, "long", asked, asked, literal, is_free), words, inner
    check()
    near = request.nearness(words)
    nearness = max(sum(near) / len(near) if near else 0.0, float(literal))
    is_identity = len(text) >= _MAX_IDENTITY_CHARS or bool(_IDENTITY.search(text))
    if request.refuses(text, tool=tool):  # that the request names it speaks against the call
        return Value(path, leaf, "identity", 0.0, min(nearness, 0.0), False, is_free), words, []
    if is_identity:
        stated = max(float(literal), float(is_own(text)))
        # A name may stand in other words than the request's, a number or an address may not.
        if not any(c in text for c in "@./") and all(w in request.words for w in words if w.isdigit()):
            stated = max(stated, asked)
        if parse_place("", text).host and not is_disguised(text) and request.names(text, tool=tool):
            stated = max(stated, _ASKED_BY_NAME)
        return Value(path, leaf, "identity", stated, nearness, literal, is_free), words, []
    return Value(path, leaf, "short", asked, nearness, literal, is_free), words, []


def is_url(value: Any) -> bool:
    return isinstance(value, str) and bool(_URL.match(value))


def is_address(value: Any) -> bool:
    return isinstance(value, str) and len(value) < 400 and bool(_ADDRESS.fullmatch(value))
