"""Which tool is a weaker one for the same thing, or the genuine one, by their names."""

from __future__ import annotations

from functools import lru_cache

from gatling.policy.globs import squashed_name
from gatling.schema.words import is_disguised, split_words
from gatling.tools.derive import NOUN_VERBS, VERBS, effect_of, privilege_of, sensitivity_of, verb_of

# What each effect is more than. Deleting and sending are different powers: neither stands in for the other.
_LESS = {
    "read": frozenset(("read",)),
    "write": frozenset(("read", "write")),
    "send": frozenset(("read", "write", "send")),
    "delete": frozenset(("read", "write", "delete")),
    "admin": frozenset(("read", "write", "send", "delete", "admin")),
}
_FILLER = frozenset("a an the of to for in on at by my your all any".split())


@lru_cache(4_096)
def standing(tool: str) -> tuple[str, int]:
    """Return effect and privilege, 1 to 5, as the tool's name tells them."""
    effect = effect_of(tool)[0]
    return effect, privilege_of(effect, sensitivity_of(tool, domain="")[0])[0]


@lru_cache(4_096)
def reads(tool: str) -> bool:
    return standing(tool)[0] == "read"


def is_weaker(new: str, old: str) -> bool:
    """Tell whether a tool does less than another to the same kind of thing.

    Its effect is the same or one that the other's includes, its privilege no higher, one of the two lower; its name has a
    known verb, besides which it has words of the other's only, the last of them the same.
    """
    if new == old or verb_of(new) is None or is_disguised(new):
        return False
    (effect, privilege), (old_effect, old_privilege) = standing(new), standing(old)
    if (
        effect not in _LESS[old_effect]
        or privilege > old_privilege
        or (effect, privilege) == (old_effect, old_privilege)
    ):
        return False
    things, old_things = _things(new), _things(old)
    return bool(things) and things[-1:] == old_things[-1:] and set(things) <= set(old_things)


def is_genuine(new: str, old: str) -> bool:
    """Tell whether a tool is what another's name only looks like: another case, other separators, letters of another script."""
    return new != old and not is_disguised(new) and squashed_name(new) == squashed_name(old) != ""


@lru_cache(4_096)
def _things(tool: str) -> tuple[str, ...]:
    """Return what a tool acts on: the words of its name but the verb, without a plural's `s`."""
    verb = verb_of(tool)
    words = [w for w in split_words(tool) if w not in _FILLER]
    if verb is not None and verb[0] in words and (verb[0] in VERBS or verb[0] in NOUN_VERBS or len(words) > 1):
        words.remove(verb[0])
    return tuple(w[:-1] if w.endswith("s") and len(w) > 3 else w for w in words)
