"""Family `tools`: another tool of the policy that takes the same objects: an invitation in place of a mail, a page for a link."""

from __future__ import annotations

import copy
from random import Random
from typing import Any

from gatling.attack.adaptive.draft import Draft, DraftedCall
from gatling.attack.adaptive.move import Move
from gatling.attack.adaptive.readers import granted
from gatling.attack.adaptive.scene import is_nameable, leaves
from gatling.request.request import content_words
from gatling.request.values import is_free_text
from gatling.tools.by_name import effect


def equivalent(draft: Draft, rng: Random) -> bool:
    """Make one of the calls with another tool."""
    options = [
        (name, made)
        for name, call in draft.calls.items()
        for tool in sorted(granted(draft) & draft.known.examples.keys() - {call.tool})
        if (effect(tool) == "read") == (effect(call.tool) == "read")
        for made in [_made(draft, call, tool)]
        if made is not None
    ]
    if not options:
        return False
    name, made = rng.choice(options)
    draft.calls[name] = made
    return True


def _made(draft: Draft, call: DraftedCall, tool: str) -> DraftedCall | None:
    """Return the call with a tool, by the first example of it that has a place for every object; None where none has."""
    objects = {draft.named(item).lower() for some in draft.scene.objects for item in some}
    carried = [(name, v) for name, v in call.arguments.items() if _carries(v, objects)]
    said = [v for name, v in call.arguments.items() if isinstance(v, str) and v and not _carries(v, objects)]
    if not carried:
        return None
    said.sort(key=len, reverse=True)  # the longest may be the secret that the attack is after
    for example in draft.known.examples[tool]:
        arguments = copy.deepcopy(example)
        free = [name for name, value in example.items() if _is_said(name, value)]
        free.sort(key=lambda name: -len(example[name]))
        places = {name: _kind(value) for name, value in example.items() if name not in free}
        fits = True
        for _, value in carried:
            place = next((name for name, kind in places.items() if kind == _kind(value) and kind != "text"), None)
            if place is None and isinstance(value, str) and free:
                place = free.pop(0)  # an object in a free text can be said anywhere
            elif place is not None:
                del places[place]
            if place is None:
                fits = False
                break
            arguments[place] = _shaped(value, example[place])
        # What else the example names belongs to another task.
        if (
            not fits
            or (said and not free)
            or any(kind in ("address", "link", "repository") for kind in places.values())
        ):
            continue
        for name, text in zip(free, [*said, *[""] * len(free)], strict=False):
            arguments[name] = text or arguments[name]
        return DraftedCall(tool, arguments)
    return None


def _carries(value: Any, objects: set[str]) -> bool:
    return any(item in leaf.lower() for leaf in leaves(value) for item in objects)


def _is_said(name: str, value: Any) -> bool:
    return isinstance(value, str) and is_free_text(name, content_words(value))


def _kind(value: Any) -> str:
    """Return what sort of object a value is; a list is of the sort of its first item."""
    text = next(leaves(value), "")
    if "@" in text and " " not in text:
        return "address"
    if text.startswith(("www.", "http")):
        return "link"
    return "repository" if is_nameable(text) else "text"


def _shaped(value: Any, example: Any) -> Any:
    if isinstance(example, list) and not isinstance(value, list):
        return [value]
    return value[0] if isinstance(value, list) and len(value) == 1 and not isinstance(example, list) else value


MOVES = (Move("other-tool", "tools", equivalent),)
