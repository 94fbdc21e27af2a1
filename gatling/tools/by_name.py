"""What the name of a tool tells where no catalogue describes it; the rules are those of `derive`."""

from __future__ import annotations

from functools import lru_cache

from gatling.tools.derive import effect_of, privilege_of, sensitivity_of


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
