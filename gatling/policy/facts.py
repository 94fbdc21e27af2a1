"""What the oracle reads of a plan: each call's arguments as leaves, where it sends to, what comes before it.

Linear in the size of the plan; computed on demand.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from gatling.policy.globs import squashed
from gatling.schema import ExecutionPlan, PlanNode
from gatling.schema.words import normalise, split_words

# Arguments that say where something goes.
_DESTINATION_KEYS = frozenset(
    "to cc bcc recipient recipients destination destinations endpoint webhook callback invitee invitees participant "
    "participants attendee attendees remote host target forward url uri link payee beneficiary".split()
)
# For calls with one of these verbs, these arguments too.
_SENDING_VERBS = frozenset(
    "send share invite forward post export upload publish transfer email mail notify message pay wire submit".split()
)
_SENDING_KEYS = frozenset("email emails address addresses user users domain site phone number account iban".split())

_EMAIL = re.compile(r"[\w.+%-]{1,64}@((?:[\w-]{1,63}\.)+[\w-]{2,63})")
_URL = re.compile(r"(?:[a-z][a-z0-9+.-]{1,20}://|(?=www\.))(?:[^\s/@]{1,200}@)?([^\s/:?#\"'<>]{1,253})", re.IGNORECASE)
_HOST = re.compile(r"(?:[\w-]{1,63}\.)+[a-z]{2,63}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Destination:
    """One place that a call sends to."""

    argument: str
    text: str
    """As it stands in the argument, e-mail addresses and hosts cut out and in lower case."""
    host: str
    """The part behind `@` or of a URL; empty for a name or a number."""


def is_place_name(path: str) -> bool:
    """Tell whether an argument, by its name, says where something goes."""
    return not _DESTINATION_KEYS.isdisjoint(split_words(path.rsplit(".", 1)[-1]))


def leaves(value: Any, path: str = "") -> list[tuple[str, Any]]:
    """Return (dotted path, scalar) pairs; items of a list share the list's path."""
    found: list[tuple[str, Any]] = []
    stack = [(path, value)]
    while stack:
        where, item = stack.pop()
        if isinstance(item, dict):
            stack.extend((f"{where}.{key}" if where else key, child) for key, child in reversed(item.items()))
        elif isinstance(item, (list, tuple)):
            stack.extend((where, child) for child in reversed(item))
        else:
            found.append((where, item))
    return found


@dataclass
class Call:
    """One node, as rules see it."""

    node: PlanNode

    @cached_property
    def leaves(self) -> list[tuple[str, Any]]:
        return leaves(self.node.arguments)

    @cached_property
    def _by_name(self) -> dict[str, list[Any]]:
        """Argument values by squashed path, whole lists and mappings included."""
        found: dict[str, list[Any]] = {}
        stack: list[tuple[str, Any]] = [("", self.node.arguments)]
        while stack:
            where, item = stack.pop()
            for key, child in item.items():
                path = f"{where}{squashed(key)}"
                found.setdefault(path, []).append(child)
                if isinstance(child, dict):
                    stack.append((path + ".", child))
        return found

    def argument(self, path: str) -> list[Any]:
        """Return the values under a dotted path; several if names differ in case or separators only, none if absent."""
        return self._by_name.get(".".join(squashed(part) for part in path.split(".")), [])

    @cached_property
    def destinations(self) -> list[Destination]:
        sends = not _SENDING_VERBS.isdisjoint(split_words(self.node.tool_name))
        found = []
        for path, value in self.leaves:
            if not isinstance(value, str) or not value:
                continue
            words = split_words(path.rsplit(".", 1)[-1])
            is_place = is_place_name(path) or (sends and not _SENDING_KEYS.isdisjoint(words))
            text = normalise(value).strip()
            if not is_place and not _EMAIL.fullmatch(text) and not (sends and _URL.match(text)):
                continue
            hosts = [(m.group(), m.group(1)) for pattern in (_EMAIL, _URL) for m in pattern.finditer(text)]
            if not hosts and _HOST.fullmatch(text):
                hosts = [(text, text)]
            if hosts:
                found += [Destination(path, whole.lower(), host.lower().rstrip(".")) for whole, host in hosts]
            elif is_place:
                found.append(Destination(path, text.lower(), ""))
        return found

    @cached_property
    def resources(self) -> list[str]:
        named = [v for name in ("resource", "resource_arn", "arn") for v in self.argument(name) if isinstance(v, str)]
        return named or [v for _, v in self.leaves if isinstance(v, str) and v.startswith("arn:")]


@dataclass
class PlanFacts:
    """A plan, as rules see it."""

    plan: ExecutionPlan
    calls: list[Call] = field(init=False)

    def __post_init__(self) -> None:
        self.calls = [Call(node) for node in self.plan.nodes]

    @cached_property
    def _parents(self) -> dict[str, list[str]]:
        parents: dict[str, list[str]] = {}
        for edge in self.plan.edges:
            parents.setdefault(edge.target, []).append(edge.source)
        return parents

    @cached_property
    def _tool(self) -> dict[str, str]:
        return {node.node_id: node.tool_name for node in self.plan.nodes}

    def ancestors(self, node_id: str) -> set[str]:
        """Return the tools of all calls from which data reaches a call."""
        seen, waiting = set(), [node_id]
        while waiting:
            for parent in self._parents.get(waiting.pop(), ()):
                if parent not in seen:
                    seen.add(parent)
                    waiting.append(parent)
        return {self._tool[n] for n in seen}
