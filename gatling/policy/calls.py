"""What the oracle reads of a plan: each call's arguments as leaves, where it sends to, what comes before it.

Linear in the size of the plan; computed on demand.
"""

from __future__ import annotations

import graphlib
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from functools import cached_property
from typing import Any

from gatling.policy.compare import readings
from gatling.policy.globs import squashed_name
from gatling.schema import ExecutionPlan, PlanNode
from gatling.schema.arguments import dotted_leaves, is_amount, is_destination_name, is_limit, leaves
from gatling.schema.words import split_words
from gatling.tools.naming import singular

# For calls with one of these verbs, these arguments too.
SENDING_VERBS = frozenset(
    "send share invite forward post export upload publish transfer email mail notify message pay wire submit".split()
)
_SENDING_KEYS = frozenset("email emails address addresses user users domain site phone number account iban".split())

_LABEL = r"[\w-]{1,63}"
_HOST = re.compile(rf"(?:{_LABEL}\.)+{_LABEL}\.?")
_ADDRESS = re.compile(rf"[\w.+'-]{{1,64}}@((?:{_LABEL}\.)*{_LABEL}\.?)")
_URL = re.compile(r"(?:[a-z][a-z0-9+.-]{0,20}:)?/{1,4}([^/?#]*)(?:[/?#].*)?", re.IGNORECASE | re.DOTALL)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]{1,20}:[/\\]", re.IGNORECASE)
_MONEY = frozenset(
    "amount total price cost fee sum spend spending payment transfer payout value charge debit money eur usd gbp".split()
)
_LIKE = 0.8
_MAX_KEYS = 8
_MAX_LIKE = 40
_BETWEEN = re.compile(r"[,;\s]+")


@dataclass(frozen=True, slots=True)
class Destination:
    """One place that a call sends to."""

    argument: str
    text: str
    """One address, URL, host or name, in lower case."""
    host: str
    """The part behind `@` or of a URL, in lower case; empty for a name, a number, or what cannot be taken apart."""


def parse_place(argument: str, text: str) -> Destination:
    """Take one address, URL or host apart; what is not wholly understood has no host."""
    part = text.strip("<>()\"'").lower()
    host = ""
    if address := _ADDRESS.fullmatch(part):
        host = address.group(1)
    elif url := _URL.fullmatch(part.replace("\\", "/")):
        host = _authority(url.group(1))
    elif "@" not in part:
        host = _authority(re.split(r"[/?#]", part, maxsplit=1)[0]) if "." in part else ""
    return Destination(argument, part, host.rstrip("."))


def _authority(text: str) -> str:
    """Return the host of `user@host:port`, or nothing if it is no plain host."""
    host = re.sub(r":\d{0,5}$", "", text.rpartition("@")[2])
    return host if _HOST.fullmatch(host) or re.fullmatch(_LABEL, host) else ""


@dataclass
class Call:
    """One node, as rules see it."""

    node: PlanNode

    @cached_property
    def leaves(self) -> list[tuple[str, Any]]:
        return dotted_leaves(self.node.arguments)

    @cached_property
    def _by_name(self) -> dict[str, list[Any]]:
        """Argument values by squashed path, whole lists and mappings included."""
        found: dict[str, list[Any]] = {}
        stack: list[tuple[str, Any]] = [("", self.node.arguments)]
        while stack:
            where, item = stack.pop()
            for key, child in item.items():
                path = f"{where}{squashed_name(key)}"
                found.setdefault(path, []).append(child)
                if isinstance(child, dict):
                    stack.append((path + ".", child))
        return found

    def argument(self, path: str) -> list[Any]:
        """Return the values under a dotted path; several if names differ in case or separators only, none if absent."""
        return self._by_name.get(".".join(squashed_name(part) for part in path.split(".")), [])

    def alike(self, path: str) -> list[tuple[str, Any]]:
        """Return the numbers of this call that may be what an argument of that name is: the same name further down, a name like
        it, or another word for an amount or for a page size. With their paths."""
        return [(where, leaf) for where, leaf in self._named(path, _is_alike) if readings(leaf, where)[0]]

    def nearly(self, path: str) -> list[tuple[str, Any]]:
        """Return the scalars of this call under the same name further down, or under a name like it, with their paths."""
        return self._named(path, _is_near)

    def _named(self, path: str, fits: Callable[[str, str], bool]) -> list[tuple[str, Any]]:
        wanted = path.rpartition(".")[2]
        known: dict[str, bool] = {}
        found: list[tuple[str, Any]] = []
        for where, leaf in self.leaves:
            if where not in known:
                known[where] = any(fits(key, wanted) for key in where.split(".")[-_MAX_KEYS:])
            if known[where]:
                found.append((where, leaf))
        return found

    @cached_property
    def destinations(self) -> list[Destination]:
        """Places that data goes to: what arguments with such names hold, keys of mappings and parts of lists included, and
        any whole address or URL elsewhere."""
        sends = not SENDING_VERBS.isdisjoint(split_words(self.node.tool_name))
        found: list[Destination] = []
        stack: list[tuple[str, Any, bool]] = [("", self.node.arguments, False)]
        while stack:
            path, value, is_place = stack.pop()
            if isinstance(value, dict):
                for key, child in reversed(value.items()):
                    if is_place and ("@" in key or "." in key):
                        found += [parse_place(path, part) for part in _BETWEEN.split(key) if part]
                    named = is_destination_name(key) or (sends and not _SENDING_KEYS.isdisjoint(split_words(key)))
                    stack.append((f"{path}.{key}" if path else key, child, is_place or named))
            elif isinstance(value, (list, tuple)):
                stack.extend((path, child, is_place) for child in reversed(value))
            elif isinstance(value, str) and value:
                parts = [part for part in _BETWEEN.split(value) if part]
                if is_place:
                    found += [parse_place(path, part) for part in parts]
                elif _SCHEME.match(value.lstrip()) or all(map(_ADDRESS.fullmatch, (p.lower() for p in parts))):
                    found += [parse_place(path, part) for part in parts[:1] if _SCHEME.match(part)] or [
                        parse_place(path, part) for part in parts
                    ]
            elif is_place and isinstance(value, (int, float)) and not isinstance(value, bool):
                found.append(Destination(path, repr(value), ""))
        return found

    @cached_property
    def resources(self) -> list[str]:
        named = [
            str(leaf)
            for name in ("resource", "resource_arn", "arn", "resources")
            for value in self.argument(name)
            for _, leaf in leaves(value)
            if leaf is not None
        ]
        other = [v for _, v in self.leaves if isinstance(v, str) and v.lower().startswith("arn:")]
        return list(dict.fromkeys([*named, *other]))


def _is_money(name: str) -> bool:
    return is_amount(name) or not _MONEY.isdisjoint(map(singular, split_words(name)))


def _is_alike(name: str, wanted: str) -> bool:
    both_are = (_is_money(name) and _is_money(wanted)) or (is_limit(name) and is_limit(wanted))
    return both_are or _is_near(name, wanted)


def _is_near(name: str, wanted: str) -> bool:
    a, b = squashed_name(name), squashed_name(wanted)
    if a == b:
        return True
    return 4 <= len(a) <= _MAX_LIKE and 4 <= len(b) <= _MAX_LIKE and SequenceMatcher(None, a, b).ratio() >= _LIKE


@dataclass
class PlanCalls:
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
    def tool_counts(self) -> Counter[str]:
        return Counter(node.tool_name for node in self.plan.nodes)

    @cached_property
    def _before(self) -> dict[str, frozenset[str]]:
        """For each node the tools from which data reaches it; one pass in topological order."""
        tool = {node.node_id: node.tool_name for node in self.plan.nodes}
        parents = {node_id: self._parents.get(node_id, []) for node_id in tool}
        found: dict[str, frozenset[str]] = {}
        for node_id in graphlib.TopologicalSorter(parents).static_order():
            found[node_id] = frozenset().union(*(found[p] | {tool[p]} for p in dict.fromkeys(parents[node_id])))
        return found

    def ancestors(self, node_id: str) -> frozenset[str]:
        """Return the tools of all calls from which data reaches a call."""
        return self._before[node_id]
