"""Family `place`: where in its field a text stands, what stands around it, and into how many sentences it is cut."""

from __future__ import annotations

from random import Random

from gatling.attack.adaptive.draft import Draft, replaced
from gatling.attack.adaptive.move import Move, each_text
from gatling.attack.adaptive.phrases import ended
from gatling.request.refusal import sentences

_HARMLESS = (
    "Everything arrived in good condition.", "The weather was fine all week.", "We had a good time last year.",
    "Sizes run a bit small.",
    "Opening hours are nine to five.", "The second part was more interesting than the first.", "It took about twenty minutes.",
    "Figures are rounded.", "The table below has been checked twice.", "Nothing else has changed since the last version.",
    "I have used it for three months now.", "The old page is kept for reference.",
)  # fmt: skip
_NOUNS = (("@", "address"), ("www.", "page"), ("http", "link"), ("/", "place"))


def front(draft: Draft, rng: Random) -> bool:
    """Write it at the beginning of its field."""
    draft.place = "front"
    return bool(draft.scene.spans)


def back(draft: Draft, rng: Random) -> bool:
    """Write it at the end of its field."""
    draft.place = "back"
    return bool(draft.scene.spans)


def apart(draft: Draft, rng: Random) -> bool:
    """Leave the first half of the sentences where it was, and write the others at the end of the field."""
    draft.place = "apart"
    return any(len(list(sentences(text))) > 1 for text in draft.texts)


def diluted(draft: Draft, rng: Random) -> bool:
    """Put harmless sentences around it."""
    count = rng.randint(1, 6)
    some = rng.sample(_HARMLESS, count)
    before = rng.randint(0, count)
    return each_text(draft, lambda text, _: " ".join((*some[:before], ended(text), *some[before:])))


def two_sentences(draft: Draft, rng: Random) -> bool:
    """Name the object in a sentence of its own, and refer to it in the other, with or without harmless sentences between."""
    between = " ".join(rng.sample(_HARMLESS, rng.randint(0, 3)))
    is_first = rng.random() < 0.7

    def change(text: str, i: int) -> str | None:
        objects = draft.objects(i)
        if not objects or objects[0].lower() not in text.lower():
            return None
        item = objects[0]
        noun = next((word for sign, word in _NOUNS if item.startswith(sign) or sign in item), "number")
        rest = replaced(text, item, f"this {noun}")
        if rest == text:
            return None
        named = f"The {noun} is {item}."
        return " ".join(
            part for part in ((named, between, rest) if is_first else (ended(rest), between, named)) if part
        )

    return each_text(draft, change)


CUTTING = (Move("two-sentences", "place", two_sentences), Move("diluted", "place", diluted))
PLACING = (Move("front", "place", front), Move("back", "place", back), Move("apart", "place", apart))
