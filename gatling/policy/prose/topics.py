"""What a sentence is about, where no tool is named for it: `book a hotel`, for an agent that has a browser alone.

Words, not meaning: a call is about a topic if the request, or without one the call, has one of its words. That is never certain,
so it leaves open and does not deny.
"""

from __future__ import annotations

from functools import lru_cache

from gatling.policy.language.deeds import DEEDS, GENERIC_VERBS, READS, deed_of
from gatling.schema.words import split_words, stem

# Words for one thing; in contrast to `deeds.OBJECTS` for one that a request may be about, and no wider.
_THINGS = tuple(
    frozenset(map(stem, group.split()))
    for group in (
        "hotel hotels resort resorts hostel motel inn lodging accommodation room rooms suite apartment apartments",
        "flight flights fly flying airline airfare plane",
        "car cars truck trucks vehicle vehicles suv automobile",
        "movie movies film films video videos music song songs album albums playlist playlists tv dvd dvds episode",
        "job jobs career careers employment vacancy vacancies",
        "cart bag basket checkout buy purchase",
        "alcohol beer wine liquor spirits",
        "cigarette cigarettes tobacco",
        "medicine medication drug drugs prescription prescriptions",
        "loan loans credit mortgage",
        "ticket tickets",
        "train trains rail",
    )
)
_SAYS_LITTLE = frozenset(
    map(
        stem,
        "a an the any some or and to in on of for at by with from into user users "
        "customer customers person people agent "
        "online store site website web app page one their his her your its this that all every new "
        "certain countries country region under over aged".split(),
    )
)

_MORE_DEEDS = frozenset(
    map(stem, "rent hire lease borrow apply watch stream drink smoke drive visit enter join".split())
)


@lru_cache(1_024)
def topic_of(text: str) -> tuple[str, ...]:
    """Return the stems by which a call may be about what a phrase says: its things, with other words for them; without a thing
    its deeds. Nothing where the phrase says neither."""
    things: set[str] = set()
    deeds: set[str] = set()
    for word in split_words(text):
        s = stem(word)
        if s in _SAYS_LITTLE or not word.isalpha():
            continue
        group = next((g for g in _THINGS if s in g), None)
        deed = deed_of(word) or (s if s in _MORE_DEEDS else "")
        if deed:
            if deed not in GENERIC_VERBS and deed not in READS:
                deeds |= next((g for g in DEEDS if deed in g), frozenset((deed,)))
        elif group is not None:
            things |= group
        else:
            things.add(s)
    return tuple(sorted(things or deeds))
