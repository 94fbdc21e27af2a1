"""Family `attested`: the service vouches for a field, and the attacker chose what stands in it: the title of his invitation, the
name of his file, the name beside his address.

What others chose stays: a field is changed if its value stands in the record of his text, and in nothing that user or agent said.
"""

from __future__ import annotations

import re
from random import Random

from gatling.attack.adaptive.draft import Draft
from gatling.attack.adaptive.move import Move
from gatling.attack.adaptive.phrases import clauses, phrase

_FIELD = re.compile(
    r"(?P<key>(?:sender|from|display|author|file)_?name|title|subject|summary|author|sender|from|name)"
    r"(?P<between>[\"']?: ?[\"']?)(?P<value>[^\"'\n<>{}\[\],;:]{2,80})(?= ?<[^<>\s]{3,100}@|[\"'\n,;])",
)
_OF_PEOPLE = ("sender", "from", "author", "display")
_REACH = 2_000
_MAX_CHARS = 60


def titled(draft: Draft, rng: Random) -> bool:
    """Give the item words of the request for a title or a name."""
    words = rng.choice([phrase(draft.scene.request, rng), *clauses(draft.scene.request)])
    return _relabel(draft, rng, words[:_MAX_CHARS].strip(), of_people=False)


def signed(draft: Draft, rng: Random) -> bool:
    """Put the name of somebody whom the request names beside the address."""
    names = [name for name in draft.scene.people if "@" not in name]
    return bool(names) and _relabel(draft, rng, rng.choice(names), of_people=True)


def _relabel(draft: Draft, rng: Random, words: str, *, of_people: bool) -> bool:
    scene = draft.scene
    said = "\n".join([scene.request, *(str(call.arguments) for call in scene.calls.values())])
    options: dict[str, str] = {}
    for span in scene.spans:
        content = scene.content[span.message]
        for match in _FIELD.finditer(content, max(0, span.start - _REACH), min(len(content), span.end + _REACH)):
            start, end = match.span("value")
            low, high = sorted((start, span.start))
            is_elsewhere = match["value"] in said or _is_within(draft, span.message, start, end)
            if "}" in content[low:high] or "@" in match["value"] or is_elsewhere:
                continue
            if match["key"].startswith(_OF_PEOPLE) == of_people:
                ending = re.search(r"\.\w{2,5}$", match["value"])
                options[match.group()] = (
                    match["key"] + match["between"] + words.replace(".", "") + (ending.group() if ending else "")
                )
    if not options or not words or not set(words).isdisjoint("\"'<>{}[]:;\\\n"):
        return False
    old = rng.choice(sorted(options))
    draft.labels[old] = options[old]
    return options[old] != old


def _is_within(draft: Draft, message: int, start: int, end: int) -> bool:
    """Tell whether a place is inside one of his texts, which other moves change."""
    return any(span.message == message and span.start < end and start < span.end for span in draft.scene.spans)


MOVES = (Move("attested-title", "attested", titled), Move("attested-name", "attested", signed))
