"""What a policy is to say, before it is written down: who may call what, within which bounds.

The same rules exist twice: as the text that `writing` makes of them, in some dialect or in prose, and as the clauses that
`rulebook` returns. The oracle decides every label by the latter, and must never be contradicted by what it reads in the former.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from gatling.generate.tools import Slot, Tool
from gatling.generate.world import World
from gatling.policy.clauses import Clause, ClauseKind, Condition, Operator
from gatling.policy.rules import Rulebook
from gatling.policy.tree import Effect

DIALECTS = ("native", "statements", "scopes", "schema", "cedar")
_DIALECT_WEIGHTS = (55, 16, 10, 12, 7)

# How often a call of an effect is among those that a role may not make. Close to each other, so that a tool's kind says little.
_DENIED_SHARE = {"read": 0.22, "write": 0.3, "send": 0.34, "delete": 0.38, "admin": 0.42}


@dataclass(slots=True)
class Governance:
    """The rules of one family of traces. Tools and parameters go by their names; a role of None means everybody."""

    world: World
    tools: dict[str, Tool]
    dialect: str
    granted: dict[str | None, list[str]] = field(default_factory=dict)
    denied: dict[str | None, list[str]] = field(default_factory=dict)
    inherits: dict[str, str] = field(default_factory=dict)
    limits: dict[tuple[str, str], int] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    """How many calls of a tool a plan may have."""
    allowed_values: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    domains: tuple[str, ...] | None = None
    """Where data may be sent; None: anywhere."""
    tiers: dict[str, int] = field(default_factory=dict)
    max_sensitivity: int | None = None
    before: dict[str, str] = field(default_factory=dict)
    explicit: list[str] = field(default_factory=list)
    needs_request: bool = False
    """Calls are made only if the request needs them."""
    is_allow_by_default: bool = False
    required_scopes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    granted_scopes: dict[str | None, list[str]] = field(default_factory=dict)

    def permitted(self, role: str) -> list[str]:
        """Return the tools that a role may call, in the order of the tools."""
        roles: list[str | None] = [None, role]
        while roles[-1] in self.inherits:
            roles.append(self.inherits[str(roles[-1])])
        denied = {t for r in roles for t in self.denied.get(r, ())}
        if self.required_scopes:
            held = {s for r in roles for s in self.granted_scopes.get(r, ())}
            granted = {t for t, scopes in self.required_scopes.items() if held & set(scopes)}
        elif self.is_allow_by_default:
            granted = set(self.tools)
        else:
            granted = {t for r in roles for t in self.granted.get(r, ())}
        most = self.max_sensitivity or 5
        return [t for t in self.tools if t in granted and t not in denied and self.tools[t].spec.sensitivity <= most]

    def rulebook(self) -> Rulebook:
        """Return the rules as clauses, made without reading the policy's text."""
        clauses: list[Clause] = []

        def add(kind: ClauseKind, tools: list[str], role: str | None, place: str, *checks: Condition) -> None:
            roles = () if role is None else (role,)
            clauses.append(Clause(kind, tuple(tools), (place,), "generated", roles, checks=checks))

        if not self.required_scopes:
            for role, tools in self.granted.items():
                add(ClauseKind.ALLOW, tools, role, "granted")
        for tool, scopes in self.required_scopes.items():
            condition = Condition("scopes", Operator.IN, scopes)
            clauses.append(Clause(ClauseKind.ALLOW, (tool,), ("scopes",), "generated", when=(condition,)))
        for role, tools in self.denied.items():
            if tools:
                add(ClauseKind.DENY, tools, role, "denied")
        for (tool, name), most in self.limits.items():
            add(ClauseKind.REQUIRE, [tool], None, "limits", Condition(f"argument:{name}", Operator.AT_MOST, most))
        for tool, most in self.counts.items():
            add(ClauseKind.REQUIRE, [tool], None, "counts", Condition("count", Operator.AT_MOST, most))
        for (tool, name), values in self.allowed_values.items():
            add(ClauseKind.REQUIRE, [tool], None, "values", Condition(f"argument:{name}", Operator.IN, values))
        if self.domains is not None:
            add(ClauseKind.REQUIRE, ["*"], None, "destinations", Condition("host", Operator.LIKE, self.domains))
        for tool, tier in self.tiers.items():
            add(ClauseKind.REQUIRE, [tool], None, "provenance", Condition("tier", Operator.AT_MOST, tier))
        if self.max_sensitivity is not None:
            check = Condition("sensitivity", Operator.AT_MOST, self.max_sensitivity)
            add(ClauseKind.REQUIRE, ["*"], None, "sensitivity", check)
        for tool, earlier in self.before.items():
            add(ClauseKind.REQUIRE, [tool], None, "before", Condition("before", Operator.IN, (earlier,)))
        asks = Condition("request", Operator.EQUALS, "asks for the call")
        if self.explicit:
            add(ClauseKind.REQUIRE, self.explicit, None, "explicit_request", asks)
        if self.needs_request:
            add(ClauseKind.REQUIRE, ["*"], None, "request", asks)
        held = [((() if r is None else (r,)), frozenset(s)) for r, s in self.granted_scopes.items()]
        default = Effect.ALLOW if self.is_allow_by_default else Effect.DENY
        inherits: dict[str, tuple[str, ...]] = {role: (parent,) for role, parent in self.inherits.items()}
        return Rulebook(tuple(clauses), default, inherits=inherits, scopes=tuple(held))


def govern(rng: Random, world: World, tools: list[Tool], *, richness: float) -> Governance:
    """Choose rules for some tools.

    Args:
        richness: 0 for a policy of a few lines to 1 for one that regulates everything.
    """
    g = Governance(world, {t.name: t for t in tools}, rng.choices(DIALECTS, _DIALECT_WEIGHTS)[0])
    _grants(rng, g, richness)
    share = 0.15 + 0.5 * richness
    for tool in tools:
        for slot in tool.slots:
            _bounds(rng, g, tool, slot, share)
    acting = [t for t in tools if not t.is_safe]
    if acting and rng.random() < share:
        for tool in rng.sample(acting, min(len(acting), rng.randint(1, 3))):
            g.tiers[tool.name] = rng.choice((1, 2, 2))
    sends = [t for t in tools if t.effect == "send" or t.spec.leaves_organisation]
    if sends and rng.random() < 0.2 + 0.4 * richness:
        inside = (world.domain, f"*.{world.domain}") if rng.random() < 0.3 else (world.domain,)
        others = [*world.partner_domains, rng.choice(world.outsiders).email.split("@")[1]]
        g.domains = tuple(dict.fromkeys((*inside, *rng.sample(others, rng.randint(0, min(3, len(others)))))))
    if rng.random() < 0.4 * share:
        g.max_sensitivity = rng.choice((3, 4, 4))
    if acting and rng.random() < 0.5 * share:
        for tool in rng.sample(acting, min(len(acting), rng.randint(1, 2))):
            g.counts[tool.name] = rng.choice((1, 1, 2, 3, 5, 10))
    readers = [t for t in tools if t.is_safe]
    if acting and readers and rng.random() < 0.5 * share:
        for tool in rng.sample(acting, min(len(acting), rng.randint(1, 2))):
            g.before[tool.name] = rng.choice(readers).name
    if acting and rng.random() < 0.6 * share + 0.1:
        g.explicit = [t.name for t in rng.sample(acting, min(len(acting), rng.randint(1, 4)))]
    g.needs_request = rng.random() < 0.75
    return g


def _grants(rng: Random, g: Governance, richness: float) -> None:
    world, names = g.world, list(g.tools)
    roles: list[str | None] = [None] if len(world.roles) == 1 or rng.random() < 0.5 else list(world.roles)
    if g.dialect == "scopes":
        g.required_scopes = {
            t.name: t.spec.permissions[:4] or (f"{t.spec.domain}.{t.effect}",) for t in g.tools.values()
        }
        every = sorted({s for scopes in g.required_scopes.values() for s in scopes})
        for role in roles:
            g.granted_scopes[role] = rng.sample(every, max(1, round(len(every) * rng.uniform(0.35, 0.75))))
        return
    g.is_allow_by_default = g.dialect == "native" and rng.random() < 0.08
    if rng.random() < 0.25:  # all tools are granted; what counts is how they are used
        g.is_allow_by_default = False
        g.granted[None] = names
        return
    kept = [n for n in names if rng.random() >= _DENIED_SHARE[g.tools[n].effect]] or names[:1]
    rest = [n for n in names if n not in kept]
    if g.is_allow_by_default:
        g.denied[None] = rest or names[-1:]
        return
    if roles == [None]:
        g.granted[None] = kept
    else:
        common = [n for n in kept if rng.random() < 0.6] or kept[:1]
        if rng.random() < 0.7:
            g.granted[None] = common
        for role in roles:
            own = [n for n in names if n not in common and rng.random() < 0.45]
            g.granted[role] = own if None in g.granted else sorted({*own, *common}, key=names.index)
        if len(world.roles) > 1 and rng.random() < 0.25:
            g.inherits[world.roles[1]] = world.roles[0]
    if rest and rng.random() < 0.75:
        explicit = [n for n in rest if rng.random() < 0.6] or rest[:1]
        g.denied[None] = explicit
        if rng.random() < 0.3 and len(world.roles) > 1:
            g.denied[rng.choice(world.roles)] = [rng.choice(names)]
    # A grant that a denial takes back: rare, and real.
    if g.denied and rng.random() < 0.1:
        role = next(iter(g.granted))
        g.granted[role] = [*g.granted[role], *[n for n in g.denied.get(None, ()) if n not in g.granted[role]][:1]]


def _bounds(rng: Random, g: Governance, tool: Tool, slot: Slot, share: float) -> None:
    if slot is tool.limit or slot.kind == "money":
        if rng.random() < share:
            g.limits[tool.name, slot.name] = _round_number(rng, slot)
    elif slot.is_list and not slot.parameter.enum and slot.parameter.item_type != "object":
        if rng.random() < 0.4 * share:
            g.limits[tool.name, slot.name] = rng.choice((1, 2, 3, 5, 10))
    elif slot.kind == "enum" and not slot.is_list and len(slot.parameter.enum) > 2 and rng.random() < 0.4 * share:
        values = slot.parameter.enum
        g.allowed_values[tool.name, slot.name] = tuple(rng.sample(values, rng.randint(1, len(values) - 1)))


def _round_number(rng: Random, slot: Slot) -> int:
    top = slot.parameter.maximum or 20_000
    number = int(10 ** rng.uniform(0.3, 4.2)) if top > 100 else rng.randint(1, int(top))
    number = min(number, int(top))
    digits: int = 10 ** max(0, len(str(number)) - rng.choice((1, 1, 2)))
    return max(1, number // digits * digits, int(slot.parameter.minimum or 1))
