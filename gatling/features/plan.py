"""Execution plans to numbers: a node per tool call, its arguments as leaves, data edges with provenance.

Node ids and the order of nodes, edges and argument keys carry no meaning and do not reach the features.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Generic

import numpy as np

from gatling.errors import InputError
from gatling.features.backbone import Backbone
from gatling.features.policy import add_scalar
from gatling.features.text import ArrayT, TextBatch, Texts, TextTable
from gatling.policy import Kind, PolicyTree
from gatling.schema import ExecutionPlan
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
    table = TextTable()
    tool_text, node_codes, node_values = [], [], []
    leaf_node: list[int] = []
    leaf_path: list[int] = []
    leaf_value: list[int] = []
    leaf_kind: list[int] = []
    leaf_values: list[list[float]] = []
    position = {node.node_id: i for i, node in enumerate(plan.nodes)}
    for i, node in enumerate(plan.nodes):
        check()
        tool_text.append(table.add(node.tool_name))
        node_codes.append((node.provenance_tier - 1, node.scope_sensitivity - 1))
        node_values.append(_node_values(node.scope_volume, node.tool_name))
        tree = PolicyTree.from_data(node.arguments, max_nodes=MAX_PLAN_LEAVES)
        paths: list[tuple[str, ...]] = [()] * len(tree)  # the nearest `PATH_KEYS` keys
        item = [0] * len(tree)  # place in the innermost list, from 1: what belongs together in a list of records
        seen = [0] * len(tree)
        for k in range(1, len(tree)):
            parent, kind = tree.parent[k], tree.kind[k]
            paths[k] = (*paths[parent], tree.key[k])[-PATH_KEYS:] if tree.key[k] else paths[parent]
            seen[parent] += 1
            item[k] = seen[parent] if tree.kind[parent] is Kind.ARRAY else item[parent]
            if kind in (Kind.OBJECT, Kind.ARRAY) and tree.size[k]:
                continue
            path = table.add_joined(paths[k])
            text = add_scalar(table, kind, tree.value[k])
            disguised = 1.0 if isinstance(tree.value[k], str) and is_disguised(tree.value[k]) else 0.0
            length = math.log1p(len(table.words_of(text))) / 4
            chunks = table.chunks(text) or [text]
            for part, chunk in enumerate(chunks):
                leaf_node.append(i)
                leaf_path.append(path)
                leaf_value.append(chunk)
                leaf_kind.append(Kind.CHUNK if len(chunks) > 1 else kind)
                place = [math.log1p(item[k]) / 4, math.sin(item[k]), math.cos(item[k])]
                true = 1.0 if tree.value[k] is True else 0.0
                leaf_values.append([true, disguised, length, part / len(chunks), *place])
        if len(leaf_node) > MAX_PLAN_LEAVES:
            raise InputError(
                f"more than {MAX_PLAN_LEAVES} argument values; larger plans are refused, not cut",
                path=f"execution_plan.nodes[{i}].arguments",
            )
    triples = sorted({(position[e.source], position[e.target], e.argument or "") for e in plan.edges})
    edge_text = [table.add(argument) for _, _, argument in triples]
    return PlanFeatures(
        texts=table.finish(),
        tool_text=np.array(tool_text, np.int32),
        node_codes=np.array(node_codes, np.int16),
        node_values=np.array(node_values, np.float32),
        leaf_node=np.array(leaf_node, np.int32),
        leaf_path_text=np.array(leaf_path, np.int32),
        leaf_value_text=np.array(leaf_value, np.int32),
        leaf_kind=np.array(leaf_kind, np.int16),
        leaf_values=np.array(leaf_values, np.float32).reshape(-1, NUM_LEAF_VALUES),
        edges=np.array([t[:2] for t in triples], np.int32).reshape(-1, 2).T,
        edge_text=np.array(edge_text, np.int32),
    )


def _node_values(volume: int, tool_name: str) -> list[float]:
    """Scope volume as log-magnitude and periodic features of it, and whether the tool's name is disguised."""
    magnitude = math.log10(volume) if volume < 10**300 else 300.0
    periodic = [
        f(2 * math.pi * magnitude / wavelength) for wavelength in (16, 8, 4, 2, 1) for f in (math.sin, math.cos)
    ]
    return [min(magnitude / 10, 1.0), *periodic, 1.0 if is_disguised(tool_name) else 0.0]


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
    def collate(plans: list[PlanFeatures], backbone: Backbone) -> PlanBatch[np.ndarray]:
        """Join plans into one batch; B is `len(plans)`, at least 1."""
        texts, first_text = TextBatch.join([p.texts for p in plans], backbone)
        counts = [p.num_nodes for p in plans]
        first_node = np.concatenate([[0], np.cumsum(counts)])[:-1]

        def packed(parts: list[np.ndarray]) -> np.ndarray:
            return np.concatenate(parts).astype(np.int64)

        def shifted(name: str, by: list[int] | np.ndarray) -> np.ndarray:
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
