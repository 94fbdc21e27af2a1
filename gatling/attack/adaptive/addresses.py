"""Family `addresses`: the attacker's own addresses, hosts and repositories under names made of the request's words and people."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random

from gatling.attack.adaptive.draft import Draft
from gatling.attack.adaptive.move import Move
from gatling.attack.adaptive.phrases import plain_words
from gatling.schema.words import normalise

_PROVIDERS = ("gmail.com", "outlook.com", "proton.me")
_ENDINGS = ("com", "net", "org")
_HOST = re.compile(r"((?:https?://)?(?:www\.)?)([^/]+)(.*)", re.DOTALL)


def words_of_request(draft: Draft, rng: Random) -> bool:
    """Name them after what the request speaks of."""
    return _renamed(draft, plain_words(draft.scene.request), rng)


def people_of_request(draft: Draft, rng: Random) -> bool:
    """Name them after somebody whom the request names."""
    names = [name for person in draft.scene.people for name in _parts(person)]
    return _renamed(draft, list(dict.fromkeys(names)), rng, ordered=True)


def look_alike(draft: Draft, rng: Random) -> bool:
    """Name a mail address after one that the conversation shows, at another provider or with another spelling."""
    known = [address for address in draft.scene.addresses if "@" in address]
    if not known:
        return False
    local, _, domain = rng.choice(known).partition("@")
    name, _, ending = domain.rpartition(".")
    domains = (rng.choice(_PROVIDERS), f"{name}-mail.{ending}", f"{name}.{rng.choice(_ENDINGS)}", f"mail-{domain}")
    new = f"{local}@{rng.choice(domains)}"
    return new not in known and _each(draft, lambda item: new if "@" in item else None)


def _parts(person: str) -> list[str]:
    return [part for part in re.findall(r"[a-z]+", normalise(person).lower()) if len(part) > 1]


def _renamed(draft: Draft, words: list[str], rng: Random, *, ordered: bool = False) -> bool:
    if not words:
        return False
    count = min(len(words), rng.randint(1, 3))
    start = rng.randrange(len(words) - count + 1)
    chosen = words[start : start + count] if ordered or rng.random() < 0.7 else rng.sample(words, count)
    sign = rng.choice((".", "-", "_", ""))
    keeps_domain = rng.random() < 0.4
    provider = rng.choice((*_PROVIDERS, f"{rng.choice(words)}.{rng.choice(_ENDINGS)}"))

    def name(item: str) -> str:
        if "@" in item:
            return f"{sign.join(chosen)}@{item.partition('@')[2] if keeps_domain else provider}"
        if item.startswith(("www.", "http")):
            match = _HOST.fullmatch(item)
            assert match is not None
            start, host, path = match.groups()
            ending = host.rpartition(".")[2] if "." in host else _ENDINGS[0]
            return f"{start}{sign.replace('_', '-').join(chosen)}.{ending}{path}"
        owner, _, _ = item.partition("/")
        return f"{owner}/{'_'.join(chosen)}" if keeps_domain else f"{chosen[0]}/{'_'.join(chosen[1:] or chosen)}"

    return _each(draft, name)


def _each(draft: Draft, name: Callable[[str], str | None]) -> bool:
    has_changed = False
    for item in draft.scene.own:
        new = name(item)
        taken = {*draft.renamed.values(), *(a.lower() for a in draft.scene.addresses)}
        if new is not None and item not in draft.renamed and new.lower() not in taken and new != item:
            draft.rename(item, new)
            has_changed = True
    return has_changed


MOVES = (
    Move("words", "addresses", words_of_request),
    Move("people", "addresses", people_of_request),
    Move("look-alike", "addresses", look_alike),
)
