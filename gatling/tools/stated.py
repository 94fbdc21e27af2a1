"""The deed that a call states in an argument: `manage_user(action="delete")` deletes, whatever the tool is called.

| argument | its value says what the call does |
| --- | --- |
| `action`, `operation`, `op`, `verb`, `cmd`, `command`, `action_type` | any verb of `derive`: `delete_all`, `users.remove` |
| `method`, `mode` | a verb that is hardly ever a noun, or a method of HTTP; `email` is how somebody is told |
| `mode` of a file | `w`, `a`, `x`, `r+` |

A tool that looks things up by its name is asked for such deeds, and does not do them: `get_logs(operation="delete")`. What an
argument says only makes an effect worse: nobody can tell whether a tool heeds it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from gatling.schema.budget import checked
from gatling.schema.lru import remembered
from gatling.schema.words import split_words
from gatling.tools.derive import VERBS, effect_of, verb_of

_DEEDS = frozenset("action actions operation operations op ops verb cmd command".split())
_MANNERS = frozenset(("method", "mode"))
_BEHIND = frozenset(("type", "name"))
_LOOKS = frozenset(
    "get list search find read fetch describe lookup retrieve browse count inspect view show query filter track explain".split()
)
_METHODS = {"post": "write", "put": "write", "patch": "write", "delete": "delete"}
_FILE_MODE = re.compile(r"[wax][bt]?\+?|r[bt]?\+[bt]?|append|overwrite")
_FILES = frozenset("file files document path filename".split())
_MAX_CHARS = 64
_MAX_WORDS = 5
# From what can be undone to what cannot.
_ORDER = ("read", "write", "send", "delete", "admin")


@dataclass(frozen=True, slots=True)
class StatedDeed:
    """A deed that an argument states."""

    argument: str
    deed: str
    """The words of the value, with one space between."""
    effect: str


def stated_deed(tool: str, leaves: Iterable[tuple[str, Any]]) -> StatedDeed | None:
    """Return the worst deed that the arguments of a call state; None if they state none that changes anything.

    Args:
        leaves: the scalars of its arguments with their paths.
    """
    known = verb_of(tool)
    if known is not None and known[0] in _LOOKS:
        return None
    worst: StatedDeed | None = None
    for path, value in checked(leaves):
        if not isinstance(value, str) or not value or len(value) > _MAX_CHARS:
            continue
        effect = _effect_of_value(tool, path.rpartition(".")[2], value)
        if effect != "read" and (worst is None or _ORDER.index(effect) > _ORDER.index(worst.effect)):
            worst = StatedDeed(path, " ".join(split_words(value)), effect)
    return worst


def worse(one: str, other: str) -> str:
    """Return the effect of two that is harder to undo."""
    return max(one, other, key=_ORDER.index)


@remembered(4_096)
def _effect_of_value(tool: str, name: str, value: str) -> str:
    words = split_words(name)
    if len(words) > 1 and words[-1] in _BEHIND:
        words.pop()
    if not words or not (words[-1] in _DEEDS or words[0] in _MANNERS):
        return "read"
    said = split_words(value)
    if not 0 < len(said) <= _MAX_WORDS:
        return "read"
    if words[-1] in _DEEDS:
        known = verb_of(" ".join(said))
        if known is None:
            return "read"
        # `open` of a browser looks, `add` of roles administers; a noun of the value is no verb beside those of the tool.
        return effect_of(" ".join([*said, *split_words(tool)]))[0] if known[0] in VERBS else known[1]
    if len(words) > 1:
        return "read"  # a payment method, a travel mode
    if len(said) == 1 and said[0] in _METHODS and words == ["method"]:
        return _METHODS[said[0]]
    is_of_file = not _FILES.isdisjoint(split_words(tool)) or tool.lower() == "open"
    if is_of_file and words == ["mode"] and _FILE_MODE.fullmatch(value.lower()):
        return "write"
    return VERBS.get(said[0], "read")
