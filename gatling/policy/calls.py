"""What the oracle reads of a plan: each call's arguments as leaves, where it sends to, what comes before it.

Linear in the size of the plan; computed on demand.
"""

from __future__ import annotations

import graphlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from gatling.policy.alike import (
    MAX_KEYS,
    Paths,
    is_alike,
    is_besides,
    is_form_of,
    is_limit_of_same_kind,
    is_near,
    may_be_path,
    says_all,
)
from gatling.policy.bounds import squashed_path
from gatling.policy.compare import MAX_LIST_CHARS, bare
from gatling.policy.globs import squashed_name
from gatling.policy.inner import inner_leaves
from gatling.policy.numbers import readings
from gatling.policy.path_values import PathValue, path_values
from gatling.policy.places import Destination, Mention, destinations, display_words, mentions, sends
from gatling.schema import ExecutionPlan, PlanNode
from gatling.schema.arguments import dotted_leaves, is_free_text_name, is_limit, is_receiver_name, leaves
from gatling.schema.budget import check, checked
from gatling.schema.lazy import cached_property
from gatling.schema.lru import remembered
from gatling.tools.derive import effect_of
from gatling.tools.programs import Program, programs_of

MAX_COMPARED = 10_000
"""Of a call, so many values are compared that only may be what a rule names; then it is open."""
MAX_NAMES = 2_000
"""Of a call with more different names of arguments, any further one may be the one that a rule names."""


@dataclass
class Call:
    """One node, as rules see it."""

    node: PlanNode
    compared: int = 0
    """How many values were compared that only may be what a rule names."""

    @cached_property
    def leaves(self) -> list[tuple[str, Any]]:
        return dotted_leaves(self.node.arguments)

    @cached_property
    def inner(self) -> list[tuple[str, Any]]:
        """Scalars that stand inside the texts of this call, with paths (`policy.inner`)."""
        return inner_leaves(self.leaves)

    @cached_property
    def acts(self) -> bool:
        """Whether it does more than read, by the name of its tool."""
        return effect_of(self.node.tool_name)[0] != "read"

    @cached_property
    def _by_name(self) -> dict[str, list[Any]]:
        """Argument values by squashed path, whole lists and mappings included; those of mappings in a list have its path."""
        found: dict[str, list[Any]] = {}
        stack: list[tuple[str, Any]] = [("", self.node.arguments)]
        while stack:
            check()
            where, item = stack.pop()
            if isinstance(item, (list, tuple)):
                stack.extend((where, child) for child in item if isinstance(child, (dict, list, tuple)))
                continue
            for key, child in item.items():
                path = f"{where}{squashed_name(key)}"
                found.setdefault(path, []).append(child)
                if isinstance(child, (dict, list, tuple)):
                    stack.append((path + ".", child))
        return found

    def argument(self, path: str) -> list[Any]:
        """Return the values under a dotted path; several if names differ in case or separators only, none if absent."""
        return self._by_name.get(squashed_path(path), [])

    def others(self, path: str, *, is_number: bool, paths: Paths, is_stated: bool) -> list[tuple[str, Any]]:
        """Return what this call has besides an argument that may be the same: the same name further down or in a text, a name
        like it, for numbers another word for an amount or a page size. With their paths.

        Args:
            is_number: a number is compared.
            paths: also what is the path of a file, under names that say so or under any.
            is_stated: the argument itself is there, so that what else there is must be clearer.
        """
        key = (path, is_number, paths, is_stated)
        if key not in self._others:
            found = self._find_others(path, is_number=is_number, paths=paths, is_stated=is_stated)
            self._others[key] = list({(where, repr(leaf)): (where, leaf) for where, leaf in found}.values())
        return self._others[key]

    @cached_property
    def _others(self) -> dict[tuple[str, bool, Paths, bool], list[tuple[str, Any]]]:
        return {}

    def _find_others(self, path: str, *, is_number: bool, paths: Paths, is_stated: bool) -> Iterator[tuple[str, Any]]:
        squashed = squashed_path(path)
        fits = ("limit" if is_stated else "alike") if is_number else ("form" if is_stated else "near")
        known: dict[str, bool] = {}
        may_say_all = is_number and is_limit(path)
        for i, (where, leaf) in enumerate(checked((*self.leaves, *self.inner))):
            if where not in known:
                own = squashed_path(where)
                is_it = own.startswith(squashed + ".") or (own == squashed and i < len(self.leaves))
                known[where] = not is_it and (len(known) >= MAX_NAMES or _may_be(where, path, fits))
            if may_say_all and says_all(where, leaf):
                yield where, -1  # which may mean all
            elif known[where]:
                if not is_number or readings(leaf, where)[0]:
                    yield where, leaf
            elif paths and squashed_path(where) != squashed and may_be_path(where, leaf, paths):
                yield where, leaf
        if paths == "any":
            yield from self.program_paths
        if is_number and is_receiver_name(path):
            receivers = self.receivers
            if len(receivers) > 1 or not is_stated:
                yield ", ".join(receivers), list(receivers.values())

    @cached_property
    def by_text(self) -> dict[str, str]:
        """Paths by the bare text that stands there, free text aside: where else in this call is a value that a rule forbids?"""
        return {
            bare(leaf): path
            for path, leaf in checked((*self.leaves, *self.inner))
            if isinstance(leaf, str) and len(leaf) <= MAX_LIST_CHARS and not is_free_text_name(path)
        }

    @cached_property
    def receivers(self) -> dict[str, Any]:
        """Values of the arguments at the top that name who receives something: `to`, `cc`, `bcc`."""
        return {key: value for key, value in self.node.arguments.items() if is_receiver_name(key) and value}

    @cached_property
    def destinations(self) -> list[Destination]:
        """Places that data goes to (`policy.places`)."""
        return destinations(self.node.tool_name, self.node.arguments)

    @cached_property
    def display_names(self) -> frozenset[tuple[str, str]]:
        """Words of the names of people beside their addresses, `Ann Lee <ann@acme.com>`, with the arguments that they are in."""
        return frozenset(
            (path, word) for path, leaf in checked(self.leaves) if isinstance(leaf, str) for word in display_words(leaf)
        )

    @cached_property
    def mentions(self) -> list[Mention]:
        """Places that it mentions besides."""
        is_sent = bool(self.destinations) or sends(self.node.tool_name)
        return list(mentions(self.leaves, self.inner, is_sent=is_sent and self.acts, reads=not self.acts))

    @cached_property
    def programs(self) -> tuple[Program, ...]:
        """The arguments that are programs, read."""
        return programs_of(self.node.tool_name, self.node.arguments)

    @cached_property
    def path_values(self) -> list[PathValue]:
        """The values that are paths, or may be, beside its programs (`policy.path_values`)."""
        read = {program.argument for program in self.programs if program.language != "http"}
        return path_values(self.node.tool_name, self.node.arguments, self.leaves, self.inner, read)

    @cached_property
    def program_paths(self) -> list[tuple[str, str]]:
        """The paths that its programs touch, each with the argument that the program is."""
        return [
            (program.argument, thing.text)
            for program in self.programs
            for action in program.actions
            for thing in action.things
            if thing.kind == "path" and thing.text not in ("", "-")
        ]

    @cached_property
    def program_hosts(self) -> list[Destination]:
        """The machines that its programs go to."""
        return [
            Destination(program.argument, thing.text, thing.text if thing.is_known else "")
            for program in self.programs
            for action in program.actions
            for thing in action.things
            if thing.kind == "host"
        ]

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


@remembered(16_384)
def _may_be(where: str, path: str, fits: str) -> bool:
    """Tell whether one of the innermost keys of a path may be the argument that a rule names.

    Args:
        fits: how like it must be, in `_FITS`.
    """
    wanted, is_like = path.rpartition(".")[2], _FITS[fits]
    return any(is_like(key, wanted) for key in where.split(".")[-MAX_KEYS:])


def _counts_too(name: str, wanted: str) -> bool:
    return is_form_of(name, wanted) or is_limit_of_same_kind(name, wanted) or is_besides(name, wanted)


_FITS: dict[str, Callable[[str, str], bool]] = {
    "form": is_form_of,
    "near": is_near,
    "alike": is_alike,
    "limit": _counts_too,
}


def _is_again(node: PlanNode, before: PlanNode) -> bool:
    own, other = node.arguments, before.arguments
    same_keys = node.tool_name == before.tool_name and own.keys() == other.keys()
    return same_keys and sum(own[key] != other[key] for key in own) <= 1


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
    def retried(self) -> dict[str, str]:
        """For each call that only makes another once more, after an error, the first of them: one tool, the same arguments but
        one at most."""
        nodes: dict[str, PlanNode] = {}
        found: dict[str, str] = {}
        for node in checked(self.plan.nodes):
            before = nodes.get(node.retries) if node.retries else None
            if before is not None and _is_again(node, before):
                found[node.node_id] = found.get(before.node_id, before.node_id)
            nodes[node.node_id] = node
        return found

    @cached_property
    def counted(self) -> list[PlanNode]:
        """The calls that count against limits: not those that only read, failed before, and are made once more.

        A change, a mail or a payment may have been done all the same, whatever its result says, so each of them counts."""
        return [
            node
            for node in self.plan.nodes
            if node.node_id not in self.retried or effect_of(node.tool_name)[0] != "read"
        ]

    @cached_property
    def tool_counts(self) -> Counter[str]:
        """How many calls of each tool count."""
        return Counter(node.tool_name for node in self.counted)

    @cached_property
    def _before(self) -> dict[str, int]:
        """For each node the tools from which data reaches it, as bits in the order of `tool_counts`; one pass in topological
        order. Sets would take the square of the number of tools."""
        bit = {tool: 1 << i for i, tool in enumerate(self.tool_counts)}
        tool = {node.node_id: bit[node.tool_name] for node in self.plan.nodes}
        parents = {node_id: self._parents.get(node_id, []) for node_id in tool}
        found: dict[str, int] = {}
        for node_id in checked(graphlib.TopologicalSorter(parents).static_order()):
            found[node_id] = 0
            for parent in dict.fromkeys(parents[node_id]):
                found[node_id] |= found[parent] | tool[parent]
        return found

    def ancestors(self, node_id: str) -> frozenset[str]:
        """Return the tools of all calls from which data reaches a call."""
        before = self._before[node_id]
        return frozenset(tool for i, tool in enumerate(self.tool_counts) if before >> i & 1)
