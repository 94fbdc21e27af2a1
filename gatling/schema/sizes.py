"""How much is taken: every bound on what a user, an agent or a tool hands in, and the count that is made before all else.

Counting is the cheapest thing to do with data: it ends as soon as there is too much. So a plan is counted in the caller's own
thread, before it is copied, checked or judged, and what is too large costs nobody anything.

| what | bound |
| --- | --- |
| values of a plan, lists and mappings included | `MAX_PLAN_VALUES` |
| its texts, names and keys together | `MAX_PLAN_CHARS` |
| calls, edges | `MAX_PLAN_NODES`, `MAX_PLAN_EDGES` |
| nodes of a policy, a role and a session as one tree | `MAX_POLICY_NODES` |
| texts of a policy, and of a session | `MAX_POLICY_CHARS`, `MAX_SESSION_CHARS` |
| a text, a key, a name | `MAX_STRING_CHARS`, `MAX_KEY_CHARS`, `MAX_NAME_CHARS` |
| an integer, nesting | `MAX_INT_BITS`, `MAX_DEPTH` |
| a message, a conversation | `MAX_MESSAGE_VALUES`, `MAX_MESSAGES`, `MAX_CONVERSATION_CHARS` |
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gatling.errors import InputError

MAX_DEPTH = 64
MAX_STRING_CHARS = 1_000_000
MAX_KEY_CHARS = 1_000
MAX_NAME_CHARS = 1_000
"""Of a tool's name and of the id of a call."""
MAX_INT_BITS = 4_096
MAX_TEXT_CHARS = 64_000_000
"""Of a file."""
MAX_PLAN_NODES = 4_096
MAX_PLAN_EDGES = 65_536
MAX_PLAN_VALUES = 131_072
MAX_PLAN_LEAVES = 65_536
"""Of these so many scalars, which become rows of the encoder."""
MAX_PLAN_CHARS = 8_000_000
"""Passages that its calls can have come from aside."""
MAX_ORIGINS = 16
"""Of one call."""
MAX_ORIGIN_CHARS = 2_000
"""Of each of its texts, and of a field of its header."""
MAX_HEADER_FIELDS = 64
MAX_POLICY_NODES = 65_536
MAX_POLICY_CHARS = 8_000_000
MAX_SESSION_CHARS = 4_000_000
MAX_MESSAGES = 100_000
MAX_MESSAGE_VALUES = 65_536
"""Of a message or an output of a tool. Each is traced, which takes 65 us of a processor; no model reads so many."""
MAX_CONVERSATION_CHARS = 4_000_000
"""Of all texts, keys and arguments together. A character costs some 55 bytes of memory, 350 in scripts where each is a word."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much data there is."""

    values: int
    """Scalars, lists and mappings."""
    chars: int
    """Of texts and keys."""


def size_of(data: Any, what: str, *, max_values: int, max_chars: int) -> Size:
    """Count plain data and objects made of it; nothing of it is changed or called.

    Args:
        what: the data's name in errors.

    Raises:
        InputError: if there is more, with the path at which that was certain.
    """
    num_values = num_chars = 0
    stack: list[Any] = [data]
    while stack:
        item = stack.pop()
        kind = type(item)
        if kind is str:
            num_chars += len(item)
            if num_chars > max_chars:
                return _refuse(data, what, max_values, max_chars)
            continue
        if kind is int or kind is float or kind is bool or item is None:
            continue
        if kind is list or kind is tuple:
            num_values += len(item)
            if num_values > max_values:
                return _refuse(data, what, max_values, max_chars)
            stack += item
            continue
        entries = item if kind is dict else getattr(item, "__dict__", None) or {}
        num_values += len(entries)
        if num_values > max_values:
            return _refuse(data, what, max_values, max_chars)
        keys = list(entries)
        try:
            num_chars += len("".join(keys))
        except TypeError:  # keys that are no text, of which nobody counts the characters
            num_chars += sum(len(key) for key in keys if type(key) is str)
        stack += list(entries.values())
    return Size(num_values, num_chars)


def _refuse(data: Any, what: str, max_values: int, max_chars: int) -> Size:
    """Count again, with the path to each value, and say where it is too much."""
    num_values = num_chars = 0
    # Each entry links to the one above, so that a path is made for what is refused only.
    stack: list[tuple[Any, Any]] = [(data, (what, None))]
    while stack:
        item, link = stack.pop()
        kind = type(item)
        if kind is str:
            num_chars += len(item)
            if num_chars > max_chars:
                raise InputError(f"more than {max_chars} characters in all", path=_path(link))
            continue
        if kind is int or kind is float or kind is bool or item is None:
            continue
        if kind is dict:
            entries = item
        elif kind is list or kind is tuple:
            num_values += len(item)
            if num_values > max_values:
                raise InputError(f"more than {max_values} values in all", path=_path(link))
            stack += [(child, (i, link)) for i, child in enumerate(item)]
            continue
        else:
            entries = getattr(item, "__dict__", None) or {}
        num_values += len(entries)
        if num_values > max_values:
            raise InputError(f"more than {max_values} values in all", path=_path(link))
        for key, child in list(entries.items()):
            num_chars += len(key) if type(key) is str else 0
            stack.append((child, (key, link)))
    return Size(num_values, num_chars)


def plan_size(plan: Any) -> Size:
    """Count a plan, as plain data or as an object. Raises: InputError if it is larger than any that is judged."""
    parts = plan if isinstance(plan, dict) else getattr(plan, "__dict__", {})
    for name, most in (("nodes", MAX_PLAN_NODES), ("edges", MAX_PLAN_EDGES)):
        given = parts.get(name)
        if isinstance(given, (list, tuple)) and len(given) > most:
            raise InputError(f"{len(given)} {name}, at most {most} are taken", path=name)
    nodes = parts.get("nodes")
    calls = [_without_origins(node) for node in nodes] if isinstance(nodes, (list, tuple)) else nodes
    counted = size_of(calls, "nodes", max_values=MAX_PLAN_VALUES, max_chars=MAX_PLAN_CHARS)
    edges = size_of(parts.get("edges"), "edges", max_values=8 * MAX_PLAN_EDGES, max_chars=MAX_PLAN_CHARS)
    return Size(counted.values + edges.values, counted.chars + edges.chars)


def _without_origins(node: Any) -> Any:
    """Return what counts of a call: not the passages that it can have come from, which have bounds of their own for each call."""
    parts = node if isinstance(node, dict) else getattr(node, "__dict__", {})
    return {key: part for key, part in parts.items() if key != "origins"}


def _path(link: Any) -> str:
    parts: list[str] = []
    while link is not None and len(parts) < MAX_DEPTH:
        part, link = link
        parts.append(f"[{part}]" if isinstance(part, int) else f".{str(part)[:80]}")
    return "".join(reversed(parts)).lstrip(".")
