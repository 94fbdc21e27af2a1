"""Places that a call sends to or speaks of: addresses, hosts, web addresses.

*Destinations* are where data goes, as the names of arguments say. What a call *mentions* besides may be one too: a server or a
proxy, what stands in JSON or as `name=value` inside a text, a header behind a line break, a link or an image in what is sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from gatling.policy.globs import matches
from gatling.schema.arguments import is_destination_name, is_free_text_name, name_words
from gatling.schema.budget import check, checked
from gatling.schema.hosts import addresses_in_name, ip_of, is_in_network, is_own_machine, spelt_host
from gatling.schema.paths import decoded
from gatling.schema.words import normalise, split_words

# For calls with one of these verbs, these arguments too.
SENDING_VERBS = frozenset(
    "send share invite forward post export upload publish transfer email mail notify message pay wire submit".split()
)
_SENDING_KEYS = frozenset("email emails address addresses user users domain site phone number account iban".split())
# Names of what is a machine, if its value is the name or the number of one.
_MACHINES = frozenset(
    "server servers hostname hosts ip ips proxy proxies base domain domains site sites website gateway relay smtp imap mirror "
    "registry upstream broker brokers bootstrap dsn nameserver nameservers resolver peer peers addr address addresses".split()
)

_LABEL = r"[\w-]{1,63}"
_HOST = re.compile(rf"(?:{_LABEL}\.)+{_LABEL}\.?")
_ADDRESS = re.compile(rf"[\w.+'-]{{1,64}}@((?:{_LABEL}\.)*{_LABEL}\.?)")
_URL = re.compile(r"(?:[a-z][a-z0-9+.-]{0,20}:)?/{1,4}([^/?#]*)(?:[/?#].*)?", re.IGNORECASE | re.DOTALL)
_AUTHORITY = re.compile(r"[a-z][a-z0-9+.-]{0,20}://([^/?#]{1,2048})")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]{1,20}:[/\\]", re.IGNORECASE)
_BETWEEN = re.compile(r"[,;\s]+")
_BRACKETED = re.compile(r"(?:^|[/@])\[([0-9a-f:.%]{2,60})\]", re.IGNORECASE)
_TOP_LEVEL = re.compile(r"[^\W\d_]{2,63}")
_LINK = re.compile(
    r"(?:(?:https?|ftp|wss?):)?//[^\s\"'<>()\[\]{}|^`]{1,2048}|\bwww\.[^\s\"'<>()\[\]{}|\\^`]{1,2048}", re.IGNORECASE
)
_PLAIN_LINK = re.compile(r"(?:https?://|www\.)[^/?#@\\]+(?:/[^?]*)?\??", re.IGNORECASE)
_OF_A_LINK = re.compile(r"<a\s(?:[^<>]*\s)?href\s*=\s*[\"']?", re.IGNORECASE)
_LOADING = re.compile(r"(?:[\w-]\(|=)\s*[\"']?\s*$")
_MAX_BEFORE = 200
_PARTS = re.compile(r"[,;\r\n]+")
_NAMED = re.compile(r"\s*([^<>@:/]{0,200}?)\s*<\s*[^<>@\s]+@[^<>@\s]+>\s*|()\s*[^<>@\s]+@[^<>@\s]+\s*")
MAX_NAMED_CHARS = 20_000
_MAX_CHARS = 300
# `git@host:path`, a host or an address with a port, and names under which most machines are.
_COPIED = re.compile(rf"[\w.+-]{{1,64}}@((?:{_LABEL}\.)+{_LABEL}):\S*")
_AT_PORT = re.compile(rf"(?:(?:{_LABEL}\.)+[^\W\d_]{{2,63}}|\d{{1,3}}(?:\.\d{{1,3}}){{3}}):\d{{1,5}}")
_COMMON = re.compile(
    rf"(?:{_LABEL}\.)+(?:com|org|net|edu|gov|io|co|info|biz|dev|app|ai|me|eu|uk|de|fr|ch|at|nl|us|ru|cn)|\d{{1,3}}(?:\.\d{{1,3}}){{3}}"
)
_NUMBERED = re.compile(r"(?<![\w.-])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\w.-])")
_OF_PACKAGES = frozenset(
    "version versions package packages module modules dependency library release tag build".split()
)
_EVERYBODY = re.compile(
    r"(?:public|anyone|everyone|everybody|world)(?:[ _-](?:with|who|has|have|on|the|web|link|internet|read|write|can|view|edit))*"
)
_BREAKS = re.compile(r"[\t\r\n]+")
_UNCLEAR = re.compile(r"[./:@%]")
_GOES_ON = re.compile(r"[\w-]|\.\w")


@dataclass(frozen=True, slots=True)
class Destination:
    """One place that a call sends to."""

    argument: str
    text: str
    """One address, URL, host or name, in lower case."""
    host: str
    """The part behind `@` or of a URL, in lower case; empty for a name, a number, or what cannot be taken apart."""


@dataclass(frozen=True, slots=True)
class Mention:
    """A place that a call speaks of, which may be a destination."""

    place: Destination
    is_shown: bool
    """It is only shown to whoever reads what is sent: a link, an image."""
    is_plain_link: bool = False
    """It is a link in prose, which nothing opens by itself and which carries no data."""


def parse_place(argument: str, text: str) -> Destination:
    """Take one address, URL or host apart; what is not wholly understood has no host."""
    part = text.strip("<>()\"'").lower()
    host = ""
    if address := _ADDRESS.fullmatch(part):
        host = address.group(1)
    elif url := _URL.fullmatch(part.replace("\\", "/")):
        host = _authority(url.group(1))
    elif "@" not in part:
        host = _authority(re.split(r"[/?#]", part, maxsplit=1)[0]) if "." in part else ""
    return Destination(argument, part, host.rstrip("."))


def readings_of_place(argument: str, text: str) -> Iterator[Destination]:
    """Yield a place as it is parsed, and with each other host that some reader finds in it: of `https://acme.com\\@evil.com` a
    browser opens the one, and a library that follows the standard the other."""
    place = parse_place(argument, text)
    yield place
    found = _AUTHORITY.match(place.text)
    authority = found.group(1) if found else ""
    hosts: list[str] = []
    if "\\" in authority and not {"@", "."}.isdisjoint(authority.partition("\\")[2]):
        hosts.append(_authority(authority))
    if authority.count("@") > 1:
        hosts.append(_authority(authority.split("@", 2)[1]))
    for host in dict.fromkeys(host.rstrip(".") for host in hosts):
        if host != place.host:
            yield Destination(argument, place.text, host)


def _authority(text: str) -> str:
    """Return the host of `user@host:port`, or nothing if it is no plain host."""
    host = re.sub(r":\d{0,5}$", "", text.rpartition("@")[2])
    return host if _HOST.fullmatch(host) or re.fullmatch(_LABEL, host) else ""


def sends(tool: str) -> bool:
    return not SENDING_VERBS.isdisjoint(split_words(tool))


def destinations(tool: str, arguments: dict[str, Any]) -> list[Destination]:
    """Return the places that data goes to: what arguments with such names hold, keys of mappings and parts of lists included, and
    any whole address or URL elsewhere."""
    is_sending = sends(tool)
    found: list[Destination] = []
    stack: list[tuple[str, Any, bool]] = [("", arguments, False)]
    while stack:
        check()
        path, value, is_place = stack.pop()
        if isinstance(value, dict):
            for key, child in reversed(value.items()):
                if is_place and ("@" in key or "." in key):
                    found += [place for part in _BETWEEN.split(key) if part for place in readings_of_place(path, part)]
                named = is_destination_name(key) or (is_sending and not _SENDING_KEYS.isdisjoint(split_words(key)))
                stack.append((f"{path}.{key}" if path else key, child, is_place or named))
        elif isinstance(value, (list, tuple)):
            stack.extend((path, child, is_place) for child in reversed(value))
        elif isinstance(value, str) and value:
            parts = [part for part in _BETWEEN.split(value) if part]
            if not is_place and _SCHEME.match(value.lstrip()) and _SCHEME.match(parts[0]):
                parts = parts[:1]
            elif not is_place and not all(map(_ADDRESS.fullmatch, (p.lower() for p in parts))):
                parts = parts if _SCHEME.match(value.lstrip()) else []
            found += [place for part in checked(parts) for place in readings_of_place(path, part)]
        elif is_place and isinstance(value, (int, float)) and not isinstance(value, bool):
            found.append(Destination(path, repr(value), ""))
    return found


def display_words(text: str) -> list[str]:
    """Return the words of names beside addresses, if a text is nothing but addresses, with names or without: in lower case, as
    `destinations` finds them."""
    if "<" not in text or len(text) > MAX_NAMED_CHARS:
        return []
    found: list[str] = []
    for part in checked(filter(str.strip, _PARTS.split(text))):
        named = _NAMED.fullmatch(part)
        if named is None:
            return []
        found += [word.strip("<>()\"'").lower() for word in _BETWEEN.split(named.group(1) or "") if word]
    return found


def mentions(
    leaves: Iterable[tuple[str, Any]], inner: Iterable[tuple[str, Any]], *, is_sent: bool, reads: bool
) -> Iterator[Mention]:
    """Yield the places that a call mentions besides its destinations.

    Args:
        leaves: the scalars of its arguments with their paths.
        inner: what stands inside its texts, with paths.
        is_sent: its texts are sent to somebody.
        reads: it only reads, so that an address of mail in it is what is looked for.
    """
    for path, value in leaves:
        if isinstance(value, str) and is_free_text_name(path):
            if is_sent:
                yield from _shown(path, value)
        elif isinstance(value, str) and _SCHEME.match(value.lstrip()) and _BREAKS.search(value.strip()):
            for place in readings_of_place(path, _BREAKS.sub("", value.strip())):  # as browsers read it
                yield Mention(place, is_shown=False)
        elif _is_machine(path) and not is_destination_name(path):
            yield from _machine(path, value)
        elif isinstance(value, str):
            yield from _anywhere(path, value, reads=reads)
    for path, value in inner:
        machine = list(_machine(path, value)) if _is_machine(path) else []
        yield from machine
        if machine or not isinstance(value, str):
            continue
        for part in (
            _BETWEEN.split(value)[:64] if is_destination_name(path) or _SCHEME.match(value) or "@" in value else ()
        ):
            for place in readings_of_place(path, part):
                is_host = "." in place.host or ip_of(place.host)
                if is_host and not (reads and _ADDRESS.fullmatch(place.text)):
                    yield Mention(place, is_shown=False)


def _is_machine(path: str) -> bool:
    return any(not _MACHINES.isdisjoint(name_words(key)) for key in path.split("."))


def _anywhere(path: str, value: str, *, reads: bool) -> Iterator[Mention]:
    """Yield the machine that a whole value is by its form, or whoever it opens something to."""
    text = value.strip().lower()
    if len(text) > _MAX_CHARS or is_destination_name(path) or not _OF_PACKAGES.isdisjoint(name_words(path)):
        return
    if numbered := _NUMBERED.search(text):
        yield Mention(Destination(path, text, numbered.group()), is_shown=False)
    if reads:
        return
    if _EVERYBODY.fullmatch(text):
        yield Mention(Destination(path, text, ""), is_shown=False)
    elif copied := _COPIED.fullmatch(text):
        yield Mention(Destination(path, text, copied.group(1)), is_shown=False)
    elif _AT_PORT.fullmatch(text) or _COMMON.fullmatch(text):
        yield Mention(Destination(path, text, text.partition(":")[0]), is_shown=False)


def _machine(path: str, value: Any) -> Iterator[Mention]:
    if isinstance(value, int) and not isinstance(value, bool):
        value = ip_of(str(value))
    if not isinstance(value, str) or not value:
        return
    for part in _BETWEEN.split(value.strip())[:64]:
        place = parse_place(path, part)
        host = spelt_host(place.host or part)
        last = host.rpartition(".")[2]
        if ip_of(host) or is_own_machine(host) or ("." in host and place.host and _TOP_LEVEL.fullmatch(last)):
            yield Mention(Destination(path, place.text, place.host or host), is_shown=False)


def _shown(path: str, text: str) -> Iterator[Mention]:
    known: set[tuple[str, str, bool]] = set()
    has_image, tag, scanned = "![" in text, -1, 0
    for match in checked(_LINK.finditer(text)):
        opened, closed = text.rfind("<", scanned, match.start()), text.rfind(">", scanned, match.start())
        tag = tag if opened == closed == -1 else opened if opened > closed else -1
        scanned = match.start()
        link = match.group().rstrip(".,;:!?")
        is_plain = bool(_PLAIN_LINK.fullmatch(link)) and not _is_loaded(text, scanned, tag, has_image=has_image)
        for place in readings_of_place(path, link):
            key = place.text, place.host, is_plain
            if key not in known and (place.host or "%" in place.text):
                known.add(key)
                yield Mention(place, is_shown=True, is_plain_link=is_plain)


def _is_loaded(text: str, start: int, tag: int, *, has_image: bool) -> bool:
    """Tell whether whoever shows a text may open a web address in it unasked: an image, a style, anything in a tag but a link.

    Args:
        start: where the address starts.
        tag: where the tag that it is in starts; -1 if it is in none.
        has_image: the text has an image as Markdown writes it, here or elsewhere.
    """
    before = text[max(0, start - _MAX_BEFORE) : start]
    if 0 <= tag < start - 1:
        return start - tag > _MAX_BEFORE or _OF_A_LINK.fullmatch(text, tag, start) is None
    is_of_markdown = before.rstrip(" <").endswith(("](", "]:"))
    return (is_of_markdown and has_image) or _LOADING.search(before) is not None


# --- lists of places ----------------------------------------------------------------------------------------------------


def is_listed(place: Destination, patterns: tuple[str, ...]) -> bool | None:
    """Tell whether a place is on a list of allowed ones: to the letter, so a look-alike host is not."""
    if any(_is_at(place.text, place.host, p) for p in checked(patterns)):
        return True
    return False if place.host or not all("." in p for p in patterns) else None  # a name, and the policy lists hosts


def is_blocked(place: Destination, patterns: tuple[str, ...]) -> bool | None:
    """Tell whether a place is on a list of forbidden ones: leniently, in every spelling, with all hosts below a listed one."""
    spellings = dict.fromkeys(_spellings(place))
    for text, host in spellings:
        for pattern in checked(patterns):
            bare = pattern.removeprefix("*").lstrip(".@")
            if _is_at(text, host, pattern) or (host and (host == bare or host.endswith("." + bare))):
                return True
            if host and is_own_machine(host) and is_own_machine(bare):
                return True
            if not host and bare and bare in text:
                return True
    for text, host in spellings:
        inside = addresses_in_name(host) if host and not ip_of(host) else ()
        for pattern in checked(patterns):
            bare = pattern.removeprefix("*").lstrip(".@")
            if any(_is_at(address, address, pattern) for address in inside) or _is_within(bare, text):
                return None
            if "@" in bare and "+" in text and re.sub(r"\+[^@]*@", "@", text) == bare:
                return None
    return None if all(not host and _UNCLEAR.search(text) for text, host in spellings) else False


def _spellings(place: Destination) -> Iterator[tuple[str, str]]:
    """Yield a place as it is written, and as whoever opens it may read it: decoded, numbers of machines in one form."""
    text, host = (normalise(part).casefold().replace("\u3002", ".") for part in (place.text, place.host))
    bracketed = _BRACKETED.search(text)
    host = spelt_host(bracketed.group(1) if bracketed and not host else host)
    yield text.rstrip("."), host
    plain = _BREAKS.sub("", decoded(place.text)[0]).casefold().replace("\u3002", ".").removeprefix("mailto:")
    if plain != text:
        read = parse_place(place.argument, plain)
        yield read.text, spelt_host(read.host)


def _is_within(bare: str, text: str) -> bool:
    """Tell whether a listed host or address stands in a longer text as a whole: `evil.com` in `https://a.com/?to=evil.com`."""
    if "." not in bare or len(bare) >= len(text):
        return False
    start = text.find(bare)
    while start >= 0:
        check()
        before = text[start - 1] if start else " "
        if not (before.isalnum() or before in "-_") and not _GOES_ON.match(text, start + len(bare)):
            return True
        start = text.find(bare, start + 1)
    return False


def _is_at(text: str, host: str, pattern: str) -> bool:
    """A pattern names a whole address, or a host: `acme.com` and `@acme.com` mean the host, `*.acme.com` its parts;
    `10.20.0.0/16` is a network of machines."""
    if "/" in pattern:
        return is_in_network(host, pattern)
    if not host and "@" in text and ("*" in pattern or "?" in pattern):
        return False  # it is not understood: `eve@evil.com<ann@acme.com`
    return matches(pattern, text) or (bool(host) and matches(pattern.removeprefix("@"), host))
