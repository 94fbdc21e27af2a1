"""The latent term: how far each single call lies from its context in the encoders' space.

    e = 1 - cos(z_g, z_e(node)), in [0, 2]

A node is encoded as a plan of its own with trust and scope taken off, and the context without its denials: a plan's worst
node then never gets better by removing trust, widening scope, adding a call or adding a denial, which no encoder of whole
plans can promise. Trust, scope and denials are judged by the other critics and by the oracle.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from gatling.energy.facts import NodeFacts, PlanFacts
from gatling.energy.finding import Code, Finding, Source
from gatling.errors import ConfigError
from gatling.policy import ClauseKind, Rulebook
from gatling.policy.source import DataPath
from gatling.request.request import content_words
from gatling.request.values import is_free_text
from gatling.runtime import RuntimeEncoders
from gatling.schema import GovernanceContext, PlanNode
from gatling.schema.budget import checked
from gatling.schema.lazy import cached_property
from gatling.schema.lru import LruCache
from gatling.schema.plain import canonical_json

_MAX_CALLS = 4_096
Precision = Literal["fp32", "fp64"]
_TOLERANCE: dict[Precision, float] = {"fp64": 0.0, "fp32": 1e-5}
"""How far an energy may be from the one in double precision. Measured: 1e-7 in fp32."""


class LatentCritic:
    """Args:
    encoders: in float32, as they were read.
    precision: what latents are computed in. Whatever it is, an energy is within `tolerance` of the one in `exact`.

    Raises:
        ConfigError: if the precision is another.
    """

    def __init__(self, encoders: RuntimeEncoders, precision: Precision = "fp32") -> None:
        if precision not in get_args(Precision):
            raise ConfigError(f"precision is {precision!r}, plans are judged in {' or '.join(get_args(Precision))}")
        self._source = encoders
        self.encoders = (encoders if precision == "fp32" else encoders.exact).for_energy
        self.tolerance = _TOLERANCE[precision]
        self._latents: LruCache[bytes, NDArray[np.float64]] = LruCache(_MAX_CALLS)

    @cached_property
    def exact(self) -> LatentCritic:
        """The same in double precision, where what is encoded together and by how many threads moves an energy by 1e-15."""
        return LatentCritic(self._source, "fp64")

    def context_latent(self, context: GovernanceContext, rules: Rulebook) -> NDArray[np.float64]:
        """Return z_g of a context without its denials, `(D,)`; worth keeping for as long as the context lasts."""
        denials = {c.path for c in rules.clauses if c.kind is ClauseKind.DENY}
        policy = _without(context.policy, denials)
        bare = GovernanceContext.model_construct(
            policy=policy, user_role=context.user_role, session_context=context.session_context
        )
        return np.asarray(self.encoders.governance.encode(bare)[0], np.float64)

    def __call__(self, facts: PlanFacts) -> NDArray[np.float64]:
        """Return the energy of every node, `(nodes,)`, before calibration; 0 where the context's latent was not asked for."""
        z_g = facts.context.z_g
        return np.zeros(len(facts.nodes)) if z_g is None else self.of_nodes(facts.nodes, z_g)

    def to_dict(self) -> dict[str, Any]:
        return {}  # the encoders stand in files of their own

    def of_nodes(self, nodes: Sequence[NodeFacts], z_g: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the energies of some nodes, `(nodes,)`, before calibration.

        The latents of the last 4,096 distinct calls are kept: a running agent's past, and what a repair leaves as it was, is
        encoded once.
        """
        calls = [node.node for node in checked(nodes)]
        # Of a call whose free text is muted, the worse of the two readings: the words of a request cost nothing to quote.
        muted = {i: _without_free_text(calls[i]) for i, node in enumerate(nodes) if node.is_muted}
        latents = self._encoded([*calls, *muted.values()])
        cosine = np.array([np.einsum("d,d->", z_e, z_g) for z_e in latents])
        np.minimum.at(cosine, list(muted), cosine[len(calls) :])
        return np.asarray(np.clip(1 - cosine[: len(calls)], 0, 2), np.float64)

    def _encoded(self, calls: Sequence[PlanNode]) -> list[NDArray[np.float64]]:
        keys = [_key(node) for node in checked(calls)]
        known = {key: found for key in keys if (found := self._latents.find(key)) is not None}
        missing = {key: node for key, node in zip(keys, calls, strict=True) if key not in known}
        if missing:
            bare = [_bare(node) for node in missing.values()]
            encoded = np.asarray(self.encoders.execution.encode_calls(bare), np.float64)
            for key, z_e in zip(missing, encoded, strict=True):
                known[key] = self._latents.put(key, z_e)
        return [known[key] for key in keys]

    def finding(self, facts: PlanFacts, i: int, energy: float) -> Finding:
        node = facts.nodes[i].node
        return Finding(
            source=Source.LATENT,
            code=Code.UNUSUAL,
            node_id=node.node_id,
            argument=None,
            clause=None,
            found=f"{node.tool_name} with these arguments lies far from this context",
            wanted="a call like those that such contexts have",
            energy=energy,
        )


class NoLatent:
    """Stands in for the latent term where there are no encoders: nothing to say."""

    def __call__(self, facts: PlanFacts) -> NDArray[np.float64]:
        return np.zeros(len(facts.nodes))

    def to_dict(self) -> dict[str, Any]:
        return {}

    def finding(self, facts: PlanFacts, i: int, energy: float) -> Finding:
        raise AssertionError("it has no energy to explain")


def _key(node: PlanNode) -> bytes:
    return hashlib.blake2b(canonical_json([node.tool_name, node.arguments]).encode(), digest_size=16).digest()


def _bare(node: PlanNode) -> PlanNode:
    """Return the call alone: full trust, least scope."""
    return node.with_fields({"provenance_tier": 1, "scope_volume": 1, "scope_sensitivity": 1})


def _without_free_text(node: PlanNode) -> PlanNode:
    return node.with_fields({"arguments": _less(node.arguments, "")})


def _less(value: Any, path: str) -> Any:
    """Return arguments without their free text. Depth is bounded by the schema."""
    if isinstance(value, dict):
        return {k: _less(v, f"{path}.{k}") for k, v in value.items() if not _is_free(v, f"{path}.{k}")}
    if isinstance(value, (list, tuple)):
        return [_less(v, path) for v in value if not _is_free(v, path)]
    return value


def _is_free(value: Any, path: str) -> bool:
    return isinstance(value, str) and is_free_text(path, content_words(value))


def _without(data: Any, paths: set[DataPath], here: DataPath = ()) -> Any:
    """Return the data without the parts at some paths, and without what is empty then. Depth is bounded by the schema."""
    if not isinstance(data, (dict, list)):
        return data
    items = data.items() if isinstance(data, dict) else enumerate(data)
    kept = [(k, _without(v, paths, (*here, k))) for k, v in items if (*here, k) not in paths]
    kept = [(k, v) for k, v in kept if not (isinstance(v, (dict, list)) and not v)]
    return dict(kept) if isinstance(data, dict) else [v for _, v in kept]
