"""What the name of a tool tells where no catalogue describes it; the rules are those of `derive`."""

from __future__ import annotations

from functools import lru_cache

from gatling.schema.words import split_words
from gatling.tools.derive import effect_of, privilege_of, sensitivity_of

_OUTSIDE_TEXT = frozenset(
    "message messages email emails mail inbox page web webpage article review reviews comment comments post feed news ticket "
    "thread attachment document file files event events channel chat issue note notes form description search result results "
    "transaction transactions bill invoice product url website".split()
)


@lru_cache(4_096)
def effect(tool: str) -> str:
    """Return the effect that a tool's name tells: read, write, delete, admin or send."""
    return effect_of(tool)[0]


def privilege(tool: str) -> int:
    """Return the standing that a tool's name tells, 1 to 5."""
    return privilege_of(effect(tool), sensitivity(tool))[0]


@lru_cache(4_096)
def sensitivity(tool: str) -> int:
    """Return the sensitivity that a tool's name tells, 1 to 5."""
    return sensitivity_of(tool, domain="")[0]


@lru_cache(4_096)
def shows_outside_text(tool: str) -> bool:
    """Tell by its name whether a tool's output holds text that outsiders can write."""
    return effect(tool) == "read" and not _OUTSIDE_TEXT.isdisjoint(split_words(tool))
