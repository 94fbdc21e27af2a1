"""Execution plans to numbers: a node per tool call, its arguments as leaves, data edges with provenance.

Node ids and the order of nodes, edges and argument keys carry no meaning and do not reach the features.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Generic

import numpy as np

from gatling.errors import InputError
from gatling.features.backbone import Backbone
from gatling.features.policy import add_scalar
from gatling.features.text import ArrayT, TextBatch, Texts, TextTable, WordRows
from gatling.policy import Kind
from gatling.policy.tree import scalar_kind
from gatling.schema import ExecutionPlan, PlanNode
from gatling.schema.budget import check
from gatling.schema.sizes import MAX_PLAN_LEAVES
from gatling.schema.words import is_disguised

NUM_NODE_VALUES = 12
NUM_LEAF_VALUES = 7
PATH_KEYS = 3
NUM_TIERS = 3
NUM_SENSITIVITIES = 5


@dataclass(frozen=True, slots=True)
class PlanFeatures:
    """One plan as arrays: V nodes, A argument leaves, E edges."""

    texts: Texts
    tool_text: np.ndarray
    """`(V,)` int32."""
    node_codes: np.ndarray
    """`(V, 2)` int16: tier - 1, sensitivity - 1."""
    node_values: np.ndarray
    """`(V, NUM_NODE_VALUES)` float32, see `_node_values`."""
    leaf_node: np.ndarray
    """`(A,)` int32: the node that the argument leaf belongs to."""
    leaf_path_text: np.ndarray
    """`(A,)` int32."""
    leaf_value_text: np.ndarray
    """`(A,)` int32."""
    leaf_kind: np.ndarray
    """`(A,)` int16."""
    leaf_values: np.ndarray
    """`(A, NUM_LEAF_VALUES)` float32."""
    edges: np.ndarray
    """`(2, E)` int32: source and target node."""
    edge_text: np.ndarray
    """`(E,)` int32: the argument that receives the data, empty if it is not known."""

    @property
    def num_nodes(self) -> int:
        return len(self.tool_text)

    @property
    def size(self) -> int:
        """Rows that the plan adds to a batch."""
        return self.num_nodes + len(self.leaf_node)


def plan_features(plan: ExecutionPlan) -> PlanFeatures:
    """Turn a plan into arrays. Raises: InputError if its arguments have more than `MAX_PLAN_LEAVES` values."""
    found = _Collected()
    position = {node.node_id: i for i, node in enumerate(plan.nodes)}
    for i, node in enumerate(plan.nodes):
        check()
        found.add(node)
        if len(found.leaf_node) > MAX_PLAN_LEAVES:
            raise _too_many(f"execution_plan.nodes[{i}].arguments")
    return found.finish(sorted({(position[e.source], position[e.target], e.argument or "") for e in plan.edges}))


def call_features(calls: Iterable[PlanNode], *, max_size: int) -> Iterator[PlanFeatures]:
    """Turn calls that have nothing to do with each other into arrays, as many together as have some size.

    What they have in common, the names of tools and arguments, is there once.

    Raises:
        InputError: if the arguments of one have more than `MAX_PLAN_LEAVES` values.
    """
    found = _Collected()
    for i, call in enumerate(calls):
        check()
        before = len(found.leaf_node)
        found.add(call)
        if len(found.leaf_node) - before > MAX_PLAN_LEAVES:
            raise _too_many(f"calls[{i}].arguments")
        if len(found.tool_text) + len(found.leaf_node) >= max_size:
            yield found.finish([])
            found = _Collected()
    if found.tool_text:
        yield found.finish([])


def _too_many(path: str) -> InputError:
    return InputError(f"more than {MAX_PLAN_LEAVES} argument values; larger plans are refused, not cut", path=path)


class _Collected:
    """Nodes and argument leaves so far."""

    def __init__(self) -> None:
        self.table = TextTable()
        self.tool_text: list[int] = []
        self.node_codes: list[tuple[int, int]] = []
        self.node_values: list[tuple[float, ...]] = []
        self.leaf_node: list[int] = []
        self.leaf_path: list[int] = []
        self.leaf_value: list[int] = []
        self.leaf_kind: list[int] = []
        self.leaf_values: list[tuple[float, ...]] = []

    def add(self, node: PlanNode) -> None:
        table, i = self.table, len(self.tool_text)
        self.tool_text.append(table.add(node.tool_name))
        self.node_codes.append((node.provenance_tier - 1, node.scope_sensitivity - 1))
        self.node_values.append(_node_values(node.scope_volume, node.tool_name))
        for keys, item, kind, value in _leaves(node.arguments):
            path = table.add_joined(keys)
            text = add_scalar(table, kind, value)
            disguised = 1.0 if isinstance(value, str) and is_disguised(value) else 0.0
            length = math.log1p(len(table.words_of(text))) / 4
            place = (math.log1p(item) / 4, math.sin(item), math.cos(item))
            true = 1.0 if value is True else 0.0
            chunks = table.chunks(text) or [text]
            for part, chunk in enumerate(chunks):
                self.leaf_node.append(i)
                self.leaf_path.append(path)
                self.leaf_value.append(chunk)
                self.leaf_kind.append(Kind.CHUNK if len(chunks) > 1 else kind)
                self.leaf_values.append((true, disguised, length, part / len(chunks), *place))

    def finish(self, edges: list[tuple[int, int, str]]) -> PlanFeatures:
        """Return the arrays. Edges are source, target and argument, in the order that they shall have."""
        edge_text = [self.table.add(argument) for _, _, argument in edges]
        return PlanFeatures(
            texts=self.table.finish(),
            tool_text=np.array(self.tool_text, np.int32),
            node_codes=np.array(self.node_codes, np.int16),
            node_values=np.array(self.node_values, np.float32),
            leaf_node=np.array(self.leaf_node, np.int32),
            leaf_path_text=np.array(self.leaf_path, np.int32),
            leaf_value_text=np.array(self.leaf_value, np.int32),
            leaf_kind=np.array(self.leaf_kind, np.int16),
            leaf_values=np.array(self.leaf_values, np.float32).reshape(-1, NUM_LEAF_VALUES),
            edges=np.array([e[:2] for e in edges], np.int32).reshape(-1, 2).T,
            edge_text=np.array(edge_text, np.int32),
        )


def _leaves(arguments: dict[str, Any]) -> Iterator[tuple[tuple[str, ...], int, Kind, Any]]:
    """Yield the scalars of arguments, and what is empty, in the order of their keys.

    Yields:
        The nearest `PATH_KEYS` keys; the place in the innermost list, from 1, which tells what belongs together in a list of
        records; kind and value.

    Raises:
        InputError: if there are more than `MAX_PLAN_LEAVES` values, mappings and lists.
    """
    waiting: list[tuple[tuple[str, ...], int, Any]] = [((), 0, arguments)]
    num_seen = 0
    while waiting:
        check()
        keys, item, value = waiting.pop()
        num_seen += 1
        if num_seen > MAX_PLAN_LEAVES:
            raise InputError(f"more than {MAX_PLAN_LEAVES} nodes; larger contexts are refused, not cut")
        if isinstance(value, dict):
            if value:
                inner = [((*keys, key)[-PATH_KEYS:] if key else keys, item, value[key]) for key in sorted(value)]
                waiting.extend(reversed(inner))
            elif num_seen > 1:  # no argument at all is none
                yield keys, item, Kind.OBJECT, None
        elif isinstance(value, (list, tuple)):
            if value:
                waiting.extend((keys, place, value[place - 1]) for place in range(len(value), 0, -1))
            else:
                yield keys, item, Kind.ARRAY, None
        else:
            yield keys, item, scalar_kind(value), value


def _node_values(volume: int, tool_name: str) -> tuple[float, ...]:
    """Scope volume as log-magnitude and periodic features of it, and whether the tool's name is disguised."""
    return (*_magnitude(volume if volume < 10**300 else 10**300), 1.0 if is_disguised(tool_name) else 0.0)


@lru_cache(1_024)
def _magnitude(volume: int) -> tuple[float, ...]:
    magnitude = math.log10(volume)
    periodic = [
        f(2 * math.pi * magnitude / wavelength) for wavelength in (16, 8, 4, 2, 1) for f in (math.sin, math.cos)
    ]
    return min(magnitude / 10, 1.0), *periodic


@dataclass(frozen=True, slots=True)
class PlanBatch(Generic[ArrayT]):
    """B plans; nodes, leaves and edges of all of them, packed."""

    texts: TextBatch[ArrayT]
    tool_text: ArrayT
    """`(V,)` int64."""
    node_codes: ArrayT
    """`(V, 2)` int64: tier - 1, sensitivity - 1."""
    node_values: ArrayT
    """`(V, NUM_NODE_VALUES)` float32."""
    leaf_node: ArrayT
    """`(A,)` int64, ascending."""
    leaf_path_text: ArrayT
    leaf_value_text: ArrayT
    leaf_kind: ArrayT
    """`(A,)` int64 each."""
    leaf_values: ArrayT
    """`(A, NUM_LEAF_VALUES)` float32."""
    edges: ArrayT
    """`(2, E)` int64."""
    edge_text: ArrayT
    """`(E,)` int64."""
    sample: ArrayT
    """`(V,)` int64: which plan, ascending."""
    num_plans: int

    @staticmethod
    def collate(plans: list[PlanFeatures], backbone: Backbone, rows: WordRows | None = None) -> PlanBatch[np.ndarray]:
        """Join plans into one batch; B is `len(plans)`, at least 1."""
        texts, first_text = TextBatch.join([p.texts for p in plans], backbone, rows)
        counts = [p.num_nodes for p in plans]
        first_node = np.concatenate([[0], np.cumsum(counts)])[:-1]

        def packed(parts: list[np.ndarray]) -> np.ndarray:
            return parts[0].astype(np.int64) if len(parts) == 1 else np.concatenate(parts).astype(np.int64)

        def shifted(name: str, by: list[int] | np.ndarray) -> np.ndarray:
            if len(plans) == 1:  # which begins at 0
                return getattr(plans[0], name).astype(np.int64)  # type: ignore[no-any-return]
            return packed([getattr(p, name) + first for p, first in zip(plans, by, strict=True)])

        return PlanBatch(
            texts=texts,
            tool_text=shifted("tool_text", first_text),
            node_codes=packed([p.node_codes for p in plans]),
            node_values=np.concatenate([p.node_values for p in plans]),
            leaf_node=shifted("leaf_node", first_node),
            leaf_path_text=shifted("leaf_path_text", first_text),
            leaf_value_text=shifted("leaf_value_text", first_text),
            leaf_kind=packed([p.leaf_kind for p in plans]),
            leaf_values=np.concatenate([p.leaf_values for p in plans]),
            edges=np.concatenate([p.edges + first for p, first in zip(plans, first_node, strict=True)], axis=1).astype(
                np.int64
            ),
            edge_text=shifted("edge_text", first_text),
            sample=np.repeat(np.arange(len(plans)), counts),
            num_plans=len(plans),
        )

    @staticmethod
    def of_calls(calls: PlanFeatures, backbone: Backbone, rows: WordRows) -> PlanBatch[np.ndarray]:
        """Return a batch in which each node is a plan of its own. They share texts, which runs on arrays alone can do
        (`gatling.runtime`)."""
        one = PlanBatch.collate([calls], backbone, rows)
        return replace(one, sample=np.arange(calls.num_nodes), num_plans=calls.num_nodes)
