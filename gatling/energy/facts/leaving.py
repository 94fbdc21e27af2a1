"""What a reading call takes out: a value that was read, in the address or the query that goes to a place outside.

Opening `evil.example/log?c=883412` reads a page, and tells whoever keeps it the code. So a call that reads counts as one that
sends where an argument carries to a host, or to a search of the web,

- a private value out of something that was read (`tools/private_values.py`), encoded or in pieces too,
- or, where the host is one that outsiders' text chose, an address, a number or five words in a row out of another item.

| no such call | because |
| --- | --- |
| the address stands as it is in something that was read | who wrote it there knew all of it |
| the value stood on a page of that host, or came from a sender at it | it goes back to where it came from |
| the request states value and place, or asks for such a value to be entered at a place that no content chose | it was asked for |
| what is public stands beside the value: a parcel, an order, a product | it is there to be looked up |
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote_plus

from gatling.energy.facts.node import NodeFacts
from gatling.energy.facts.tool import ContextFacts
from gatling.policy.places import parse_place
from gatling.provenance.carried import CarriedValues
from gatling.request.request import Request
from gatling.request.values import is_url
from gatling.schema.budget import checked
from gatling.schema.hosts import is_own_machine
from gatling.schema.trace import Origin
from gatling.schema.words import normalise, split_words, stem
from gatling.tools.consequence import searches_the_web
from gatling.tools.private_values import PrivateValue, private_values, speaks_of_public_values, squash

A_SEARCH = "a search of the web"
_WEB_WORDS = frozenset(map(stem, "web internet online google site website page portal form url".split()))
_WORDS_IN_A_ROW = 5
_LEAST_CHARS = 5
_MAX_TAKEN = 64
_WORD = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+|[^\W_]+(?:[-_.][^\W_]+)*")


@dataclass(frozen=True, slots=True)
class Leaving:
    """A value that was read, on its way out."""

    argument: str
    value: str
    what: str
    """Such as `a code`."""
    origin: Origin
    """Where it stood."""
    place: str
    """The host that it goes to, or `A_SEARCH`."""
    is_private: bool
    """Whether it is a private value; else only the place says that it should stay."""
    is_chosen_by_content: bool
    """Whether only texts of outsiders name the place."""


def hosts_of(node: NodeFacts) -> frozenset[str]:
    """Return the hosts that a call opens, those of the user's own machine aside."""
    places = [place for place in node.destinations if "@" not in place.text]
    places += [parse_place(v.path, str(v.value).strip()) for v in node.values if is_url(v.value)]
    return frozenset(place.host for place in places if place.host and not is_own_machine(place.host))


def leaving(context: ContextFacts, node: NodeFacts, hosts: Mapping[str, frozenset[str]]) -> Leaving | None:
    """Return what a call takes out that the request does not ask for; None for most calls.

    Args:
        hosts: that each call before it opened, by id.
    """
    if node.tool.effect != "read" or node.origins is None:
        return None
    to = sorted(host for host in hosts_of(node) if not _is_own_host(context, host))
    if not to and not searches_the_web(node.tool.name):
        return None
    passages = node.origins.passages
    if _stands_as_it_is(node, passages):
        return None
    carried = CarriedValues(node.node.arguments)
    place = _Place(context, to[0] if to else "", passages)
    for origin in checked(passages):
        source = hosts.get(origin.source or "", frozenset())
        for value in private_values(origin.text, origin.before):
            argument = carried.argument_of(value.squashed)
            if argument is None or place.knows(origin, source) or place.is_meant_for(value):
                continue
            return _found(place, argument, value.text, value.label, origin, is_private=True)
    if place.is_chosen_by_content and not context.hand_over.follows:
        for argument, text, origin in _taken(node, passages, place):
            if not place.knows(origin, hosts.get(origin.source or "", frozenset())):
                return _found(place, argument, text, "a text", origin, is_private=False)
    return None


def _found(place: _Place, argument: str, value: str, what: str, origin: Origin, *, is_private: bool) -> Leaving:
    to = place.host or A_SEARCH
    return Leaving(argument, value, what, origin, to, is_private, place.is_chosen_by_content)


class _Place:
    """Where a call goes: a host, or with an empty one a search of the web."""

    def __init__(self, context: ContextFacts, host: str, passages: Sequence[Origin]) -> None:
        self.host = host
        self.request = context.request
        self.is_asked = bool(host) and _names(context.request, host)
        self.named_by = tuple(o for o in passages if o.tier == 3 and host and host in normalise(o.text).lower())
        self.is_chosen_by_content = bool(self.named_by) and not self.is_asked

    def knows(self, origin: Origin, source: frozenset[str]) -> bool:
        """Tell whether a passage is of the place itself: a page of it, or a mail whose sender is there."""
        if not self.host:
            return False
        senders = (value.rpartition("@")[2].strip("> ").lower() for value in origin.header.values() if "@" in value)
        return any(_is_same_site(self.host, other) for other in (*source, *senders))

    def is_meant_for(self, value: PrivateValue) -> bool:
        """Tell whether the request wants a value to go there. To speak of a password is not to want it sent, unless the place is
        named too."""
        stems = self.request.permitted_stems
        speaks = any(stem(word) in stems for word in split_words(value.label) if len(word) > 2)  # a code, the code
        if self.host:
            return not self.is_chosen_by_content and ((speaks and self.is_asked) or self.request.states(value.text))
        return self.request.states(value.text) or (speaks and not stems.isdisjoint(_WEB_WORDS))


def _names(request: Request, host: str) -> bool:
    """Tell whether a request names a host, alone or in an address."""
    at = request.text.find(host)
    return at >= 0 and not request.is_refused(at, at + len(host))


def _is_same_site(one: str, other: str) -> bool:
    """Tell whether two hosts are the same, or one is below the other."""
    return bool(other) and "." in other and (one == other or one.endswith(f".{other}") or other.endswith(f".{one}"))


def _is_own_host(context: ContextFacts, host: str) -> bool:
    """Tell whether a host is one of the user's organisation: `wiki.acme.example`, and the session says `ann@acme.example`."""
    return any(
        _is_same_site(host, text.rpartition("@")[2].lower())
        for text in map(str, context.context.session_context.values())
        if text.count("@") == 1 and len(text) < 320
    )


def _stands_as_it_is(node: NodeFacts, passages: Sequence[Origin]) -> bool:
    """Tell whether every address that the call opens stands, all of it, in something that was read."""
    urls = [v for v in node.values if is_url(v.value)]
    return bool(urls) and all(any(_states(o.text, str(v.value)) for o in passages) for v in urls)


def _states(passage: str, url: str) -> bool:
    at = passage.find(url)
    while at >= 0:
        if passage[at + len(url) : at + len(url) + 1] in ("", *" \t\n\"'<>()[],;") or passage[at + len(url) :] in (
            ".",
            "!",
        ):
            return True
        at = passage.find(url, at + 1)
    return False


def _taken(node: NodeFacts, passages: Sequence[Origin], place: _Place) -> Iterator[tuple[str, str, Origin]]:
    """Yield what of the call's texts stands in another item than the one that names the place: argument, text, passage."""
    items = {_item(o) for o in place.named_by}
    others = [o for o in passages if _item(o) not in items and not speaks_of_public_values(o.text)]
    own = squash(" ".join(f"{o.before} {o.text} {o.after}" for o in place.named_by))
    for value in node.values:
        text = unquote_plus(str(value.value))
        words = split_words(text.lower())
        rows = [" ".join(words[i : i + _WORDS_IN_A_ROW]) for i in range(len(words) - _WORDS_IN_A_ROW + 1)]
        names = [n for n in _WORD.findall(text)[:_MAX_TAKEN] if _tells(n) and squash(n) not in own]
        for origin in checked(others):
            written = " ".join(split_words(origin.text.lower()))
            for row in rows[:_MAX_TAKEN]:
                if f" {row} " in f" {written} " and squash(row) not in own and not place.request.states(row):
                    yield value.path, row, origin
            for name in names:
                if name.lower() in origin.text.lower() and not place.request.states(name):
                    yield value.path, name, origin


def _tells(word: str) -> bool:
    """Tell whether a word names one thing or person: an address of mail, or what has digits and is no year."""
    return "@" in word or (sum(map(str.isdigit, word)) >= _LEAST_CHARS and len(squash(word)) >= _LEAST_CHARS)


def _item(origin: Origin) -> tuple[object, ...]:
    return (origin.source, *sorted(origin.header.items()))
