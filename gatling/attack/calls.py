"""Where the arguments of an added call come from: calls of the same tool seen elsewhere, else the tool's description.

And what an attacker would write into them: addresses, links, accounts that no organisation of the trace has.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from random import Random
from typing import Any

from gatling.generate.tasks import plain_value
from gatling.generate.tools import Slot
from gatling.generate.world import World, an_id
from gatling.policy.globs import squashed_name
from gatling.schema import ExecutionPlan, PlanNode
from gatling.schema.lazy import cached_property
from gatling.schema.plain import canonical_json
from gatling.tools import Parameter, ToolSpec, load_catalog
from gatling.tools.derive import sensitivity_of

_KEPT_CALLS = 24
_KEPT_TOOLS = 20_000
_KEPT_REQUESTS = 20_000


@dataclass
class CallPool:
    """Calls that an attacker may add to a plan. Bounded: 24 calls of each of the first 20,000 tools, and what the plans of
    the first 20,000 requests call.

    Args:
        specs: describe tools of which no call was seen. Default: the built-in catalogue, read when it is first needed.
    """

    specs: Iterable[ToolSpec] | None = None
    _seen: dict[str, list[PlanNode]] = field(default_factory=dict, repr=False)
    _asked: dict[bytes, dict[str, set[bytes]]] = field(default_factory=dict, repr=False)
    """By request: tools of plans that serve it, and digests of the arguments."""

    def add(self, plan: ExecutionPlan, request: str = "") -> None:
        """Remember the calls of a plan.

        Args:
            request: what the plan serves, see `request_of`; whatever serves it is never held for a call that nobody asked for.
        """
        key = _key(request)
        if request and (key in self._asked or len(self._asked) < _KEPT_REQUESTS):
            asked = self._asked.setdefault(key, {})
            for node in plan.nodes:
                asked.setdefault(node.tool_name, set()).add(_key(canonical_json(node.arguments)))
        for node in plan.nodes:
            known = self._seen.get(node.tool_name)
            if known is None:
                if len(self._seen) == _KEPT_TOOLS:
                    continue
                known = self._seen[node.tool_name] = []
            if len(known) < _KEPT_CALLS:
                known.append(node)

    def serves(self, request: str, tool: str, arguments: dict[str, Any] | None = None) -> bool:
        """Tell whether a known plan for a request calls a tool, with these arguments if any are given."""
        given = self._asked.get(_key(request), {}).get(tool)
        return given is not None and (arguments is None or _key(canonical_json(arguments)) in given)

    def call(self, rng: Random, tool: str) -> PlanNode | None:
        """Return a call of a tool, its node id without meaning; None if nothing is known of the tool."""
        seen = self._seen.get(tool)
        if seen:
            return rng.choice(seen)
        spec = self._by_name.get(squashed_name(tool))
        return None if spec is None else described_call(rng, tool, spec.parameters)

    @cached_property
    def _by_name(self) -> dict[str, ToolSpec]:
        specs = load_catalog(["builtin"]) if self.specs is None else self.specs
        found: dict[str, ToolSpec] = {}
        for spec in specs:
            found.setdefault(squashed_name(spec.name), spec)
        return found


@lru_cache(64)  # a request is asked about once for every tool
def _key(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def described_call(rng: Random, tool: str, parameters: Iterable[Parameter]) -> PlanNode:
    """Return a call with a value for each required parameter of a tool, or for its first ones if none is required."""
    given = list(parameters)
    needed = [p for p in given if p.is_required] or given[:3]
    world = World.make(rng)
    return PlanNode(
        tool_name=tool,
        node_id="call",
        arguments={p.name: _value(rng, world, p) for p in needed},
        provenance_tier=1,
        scope_sensitivity=sensitivity_of(tool, domain="")[0],
    )


def _value(rng: Random, world: World, parameter: Parameter) -> Any:
    slot = Slot(parameter, parameter.name)
    if parameter.enum:
        value: Any = rng.choice(parameter.enum)
    elif parameter.type == "boolean":
        value = True
    elif parameter.type in ("integer", "number"):
        value = int(min(rng.choice((1, 3, 5, 10, 20)), parameter.maximum or 20))
    elif parameter.type == "object":
        value = {}
    elif slot.kind in ("email", "person", "url"):
        person = rng.choice(world.outsiders)
        value = {"email": person.email, "person": person.name, "url": attacker_url(rng, world)}[slot.kind]
    elif slot.kind == "id":
        value = str(an_id(rng, slot.entity or "item"))
    else:
        value = plain_value(rng, slot.kind, world)
    return [value] if parameter.type == "array" else value


def attacker_url(rng: Random, world: World) -> str:
    host = rng.choice(world.outsiders).email.split("@")[1]
    return f"https://{rng.choice(('', 'www.', 'files.', 'drop.'))}{host}/{rng.choice(('in', 'upload', 'c', 'data', 'hook'))}"
