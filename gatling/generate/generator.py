"""The trace generator: every trace a pure function of the settings, its split and its index.

- Traces come in families. A family is one organisation with one policy; four contexts (a role and a request each) play in it,
  each with one compliant plan and some violating ones. Families never share a context, so splitting by family splits by context.
- A label is never assumed: the oracle decides it by the family's full rules (`Governance.rulebook`), and what it reads in the
  policy's text must not say otherwise. A family in which either fails is drawn anew, and counted.
- What a request determines is known (`Asked`), so calls beyond it are violations where the policy says that calls need a
  request.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from typing import Any

from gatling.errors import ConfigError
from gatling.generate.governance import Governance, govern
from gatling.generate.tasks import Step, Task, TaskMaker, copied
from gatling.generate.tools import Naming, Tool, dressed, producers
from gatling.generate.violations import KIND_OF_RULE, Situation, bring_in, edit, temptation
from gatling.generate.wording import word_request
from gatling.generate.world import World, a_date
from gatling.generate.writing import count_nodes, write_policy
from gatling.policy import Asked, Judgement, Oracle, recognise
from gatling.policy.globs import squashed
from gatling.schema import ExecutionPlan, GovernanceContext
from gatling.schema.trace import PlanEdge, PlanNode
from gatling.tools import ToolSpec

GENERATOR_VERSION = 2
"""Raised when the same settings give other traces."""
CONTEXTS = 4
"""Contexts of a family."""
SPLITS = {"train": 0.9, "val": 0.02, "test": 0.02, "unseen_domains": 0.03, "unseen_vendor": 0.03}
"""Shares of the traces. The first three share domains but no context; the others' tools occur nowhere else."""
MAX_POLICY_NODES = 4_000
_ATTEMPTS = 60
_VENDOR_WEIGHT = {"office": 3.0}
"""Vendors that are drawn more often than their number of domains says: tools of agents, rather than of cloud APIs."""
_TEXT_DOMAINS = frozenset(
    "mailbox team_chat file_storage web_browsing notes news social_media helpdesk gmail drive docs chat blogger youtube".split()
)
"""Domains of which most agents have some tool: where text from other people comes in."""
_TEMPTED_SHARE = 0.6
"""Of the requests: they also ask for something that a rule forbids, if there is such a rule."""
_EDGE_OBJECTS_SHARE = 0.3
_HELD_OUT_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class GeneratedTrace:
    """One trace as plain data, with what the manifest counts."""

    data: dict[str, Any]
    domain: str
    dialect: str
    verdict: str
    """What the oracle reads in the policy's own text: compliant, violation, or undecided where only prose says it."""


@dataclass
class Counts:
    """What happened while traces were made."""

    redrawn: int = 0
    """Families drawn anew because a plan could not be made, or because an edit broke no rule."""
    contradicted: int = 0
    """Families drawn anew because the policy's text said otherwise than its rules. A fault of the generator."""


class Generator:
    """Makes traces from a catalogue.

    Args:
        specs: the tools.
        violations_per_trace: violating plans for each compliant one, on average over a family.
        unseen_vendor: whose tools stand in the split of that name only.
    """

    def __init__(
        self,
        specs: Sequence[ToolSpec],
        *,
        seed: int = 0,
        violations_per_trace: float = 1.5,
        unseen_vendor: str | None = "aws",
    ) -> None:
        if not 0 <= violations_per_trace <= 10:
            raise ConfigError(f"--violations-per-trace is {violations_per_trace}, it must be in [0, 10]")
        self.specs = specs
        self.seed = seed
        self.violations_per_trace = violations_per_trace
        self.unseen_vendor = unseen_vendor
        self.counts = Counts()
        self.pools = self._make_pools()
        """For each split its domains, (vendor, domain), and the numbers of their tools."""
        self.tool = lru_cache(maxsize=40_000)(self._dress)
        self._last = lru_cache(maxsize=2)(self._family)

    def _make_pools(self) -> dict[str, dict[tuple[str, str], list[int]]]:
        """Return for each split its domains and their tools, by number."""
        domains: dict[tuple[str, str], list[int]] = {}
        for i, spec in enumerate(self.specs):
            if any(not p.name.startswith("_") for p in spec.parameters):
                domains.setdefault((spec.vendor, spec.domain), []).append(i)
        vendors = {vendor for vendor, _ in domains}
        held_vendor = self.unseen_vendor if self.unseen_vendor in vendors and len(vendors) > 1 else None
        usable = [d for d in domains if d[0] != held_vendor and len(domains[d]) >= 4]
        ranked = sorted(usable, key=lambda d: _digest(self.seed, "held out", *d))
        held = set(ranked[: round(_HELD_OUT_SHARE * len(ranked))]) if len(ranked) >= 10 else set()
        seen = {d: t for d, t in domains.items() if d[0] != held_vendor and d not in held}
        if not seen:
            raise ConfigError("the catalogue has no tool with a parameter; there is nothing to make traces of")
        pools = dict.fromkeys(("train", "val", "test"), seen)
        if held:
            pools["unseen_domains"] = {d: domains[d] for d in sorted(held)}
        if held_vendor:
            pools["unseen_vendor"] = {d: t for d, t in domains.items() if d[0] == held_vendor}
        return pools

    @property
    def splits(self) -> list[str]:
        """The splits that this catalogue can fill."""
        return [name for name in SPLITS if name in self.pools]

    def domains(self, split: str) -> list[tuple[str, str]]:
        """Return (vendor, domain) of the tools in a split."""
        return list(self.pools[split])

    @property
    def family_size(self) -> int:
        return CONTEXTS + int(CONTEXTS * self.violations_per_trace)

    def trace(self, split: str, index: int) -> GeneratedTrace:
        """Return one trace."""
        return self._last(split, index // self.family_size)[index % self.family_size]

    def forget(self) -> None:
        """Drop the family that was made last."""
        self._last.cache_clear()

    def _dress(self, number: int, naming: Naming) -> Tool:
        return dressed(self.specs[number], naming)

    def _family(self, split: str, number: int) -> list[GeneratedTrace]:
        for attempt in range(_ATTEMPTS):
            rng = Random(_digest(self.seed, split, number, attempt))
            try:
                return _Family(self, split, number, rng).records()
            except _Redraw as reason:
                if reason.is_contradiction:
                    self.counts.contradicted += 1
                else:
                    self.counts.redrawn += 1
        raise ConfigError(
            f"no family of traces could be made in {_ATTEMPTS} attempts (split {split}, family {number}): the catalogue has too "
            "few tools that change or send something"
        )


class _Redraw(Exception):
    """This draw leads nowhere."""

    def __init__(self, reason: str, *, is_contradiction: bool = False) -> None:
        super().__init__(reason)
        self.is_contradiction = is_contradiction


def _digest(*parts: object) -> int:
    return int.from_bytes(hashlib.blake2b(json.dumps(parts).encode(), digest_size=8).digest(), "big")


class _Family:
    """One organisation, its policy, four contexts."""

    def __init__(self, generator: Generator, split: str, number: int, rng: Random) -> None:
        self.generator, self.split, self.number, self.rng = generator, split, number, rng
        self.world = World.make(rng)
        self.size = _policy_size(rng)
        tools, others, self.domain = self._pick_tools()
        richness = min(1.0, self.size / 120)
        self.g: Governance = govern(rng, self.world, tools, richness=richness)
        self.policy = write_policy(rng, self.g, size=self.size, others=others)
        self.num_nodes = count_nodes(self.policy)
        if self.num_nodes > MAX_POLICY_NODES:
            raise _Redraw("too large a policy")
        self.rules = Oracle(self.g.rulebook())
        self.read = Oracle(recognise(self.policy, strict=False), use_cedar=False)  # the same with and without the extra
        makers = producers(tools)
        self.makers = makers
        self.node_name = rng.choice(("n{}", "n{}", "node{}", "step_{}", "call-{}", "{}"))
        self.has_edge_objects = rng.random() < _EDGE_OBJECTS_SHARE
        self.session = self._session()

    def _pick_tools(self) -> tuple[list[Tool], list[Tool], str]:
        """Return the family's tools, tools of other domains, and the main domain."""
        rng, pool = self.rng, self.generator.pools[self.split]
        domains = list(pool)
        weights = [_VENDOR_WEIGHT.get(vendor, 1.0) for vendor, _ in domains]
        main = rng.choices(domains, weights)[0]
        naming = Naming.pick(rng)
        wanted = max(3, min(24, int(self.size * rng.uniform(0.15, 0.4))))
        numbers = list(pool[main]) if len(pool[main]) <= wanted else rng.sample(pool[main], wanted)
        office = [d for d in domains if d[0] == "office"] or domains
        for _ in range(rng.choice((0, 0, 1, 1, 2)) if wanted > 4 else rng.choice((0, 0, 1))):
            extra = pool[rng.choice(office)]
            numbers += rng.sample(extra, min(len(extra), rng.randint(2, 5)))
        if rng.random() < 0.75:  # most agents read something that others wrote
            texts = [d for d in domains if d[1] in _TEXT_DOMAINS]
            if texts:
                extra = pool[rng.choice(texts)]
                numbers += rng.sample(extra, min(len(extra), 4))
        tools: dict[str, Tool] = {}
        for i in dict.fromkeys(numbers):
            tool = self.generator.tool(i, naming)
            tools.setdefault(squashed(tool.name), tool)
        others: dict[str, Tool] = {}
        if self.size > 25:
            for _ in range(min(12, 1 + self.size // 40)):
                for i in pool[rng.choice(domains)][:40]:
                    tool = self.generator.tool(i, naming)
                    if squashed(tool.name) not in tools:
                        others[squashed(tool.name)] = tool
        if all(t.is_safe for t in tools.values()) or len(tools) < 3:
            raise _Redraw("only tools that look things up")
        return list(tools.values()), list(others.values()), f"{main[0]}/{main[1]}"

    def _session(self) -> dict[str, Any]:
        rng, user = self.rng, self.world.user
        session: dict[str, Any] = {
            "user_id": rng.choice((user.email, user.email.split("@")[0], f"user_{rng.randint(1, 999):03d}"))
        }
        if rng.random() < 0.6:
            session["user_name"] = user.name
        if rng.random() < 0.5:
            session["organization"] = self.world.organisation
        if rng.random() < 0.2:
            session["date"] = a_date(rng)
        if rng.random() < 0.15:
            session["locale"] = rng.choice(("en-US", "en-GB", "de-DE", "fr-FR"))
        return session

    # --- contexts -----------------------------------------------------------------------------------------------

    def records(self) -> list[GeneratedTrace]:
        rate = self.generator.violations_per_trace
        found: list[GeneratedTrace] = []
        before: Situation | None = None
        for i in range(CONTEXTS):
            count = int((i + 1) * rate) - int(i * rate)
            before = self._context(found, before, count)
        return found

    def _context(self, found: list[GeneratedTrace], before: Situation | None, count: int) -> Situation:
        """Add a compliant trace and its violations."""
        rng = self.rng
        for _ in range(8):
            situation = self._situation(before)
            request = word_request(rng, self.world, self._asked_for(situation))
            situation.request = request
            session = dict(self.session)
            session["user_request"] = request
            if rng.random() < 0.15:
                session = {"user_request": session.pop("user_request"), **session}
            steps = copied(situation.tasks)
            nodes, edges, asked = self._lay_out(steps)
            if len(nodes) > 100:
                continue
            context = GovernanceContext.model_construct(
                policy=self.policy, user_role=situation.role, session_context=session
            )
            judged = self.rules.judge(context, _plan(nodes, edges), asked=Asked(asked))
            if judged.verdict == "compliant":
                break
        else:
            raise _Redraw("no compliant plan")
        self._add(found, context, nodes, edges, asked, judged, None)
        plans = {json.dumps([nodes, edges])}
        for _ in range(count):
            self._add_violation(found, situation, context, plans)
        return situation

    def _situation(self, before: Situation | None) -> Situation:
        """Choose role and tasks; now and then those of the context before, with what nobody had asked for there asked."""
        rng, g = self.rng, self.g
        if before is not None and before.injected is not None and rng.random() < 0.45:
            tasks = list(before.tasks)
            tasks.insert(rng.randint(0, len(tasks)), before.injected)
            return Situation(g, before.role, tasks, before.maker, before.permitted)
        roles = [r for r in self.world.roles if len(g.permitted(r)) >= 2]
        if not roles:
            raise _Redraw("nobody may do anything")
        role = rng.choice(roles)
        permitted = g.permitted(role)
        usable = [g.tools[n] for n in permitted]
        may = set(permitted)
        makers = {e: kept for e, tools in self.makers.items() if (kept := [t for t in tools if t.name in may])}
        readers = [t for t in usable if t.names_an_item]
        earlier = {t: g.tools[e] for t, e in g.before.items() if e in may}
        maker = TaskMaker(self.world, makers, readers, g.limits, g.allowed_values, g.domains, earlier)
        goals = [t for t in usable if t.name not in g.before or t.name in earlier]
        if not goals:
            raise _Redraw("nothing can be done")
        acting = [t for t in goals if not t.is_safe] or goals
        tasks = []
        for _ in range(rng.choice((1, 1, 1, 2, 2, 2, 3, 3, 4))):
            goal = rng.choice(acting if rng.random() < 0.62 else goals)
            tasks.append(maker.make(rng, goal, may_delegate=g.tiers.get(goal.name, 3) == 3))
        counted = [g.tools[t] for t, most in g.counts.items() if t in may and most > 1]
        if counted and rng.random() < 0.4:
            goal = rng.choice(counted)  # as often as the policy lets a plan
            tasks[-1] = maker.bulk(rng, goal, min(90, g.counts[goal.name]))
        elif rng.random() < 0.04:
            goal = rng.choice(acting)
            most = min(90, g.counts.get(goal.name, 90))
            if most > 1:
                tasks[-1] = maker.bulk(rng, goal, min(most, int(2 ** rng.uniform(1, 6.5))))
        situation = Situation(g, role, tasks, maker, permitted)
        self._tempt(situation)
        if not g.needs_request and rng.random() < 0.3:
            free_goals = [t for t in goals if t.name not in g.explicit]
            if free_goals:
                situation.extra = maker.make(rng, rng.choice(free_goals), may_delegate=False)
                for step in situation.extra.steps:
                    step.asked = False
                tasks.insert(rng.randint(0, len(tasks)), situation.extra)
        return situation

    def _tempt(self, situation: Situation) -> None:
        """Let the request ask, besides, for something that a rule forbids; the compliant plan leaves it out."""
        rng, g = self.rng, self.g
        if rng.random() > _TEMPTED_SHARE:
            return
        free = TaskMaker(self.world, self.makers, situation.maker.readers, {}, {}, None, {})
        for _ in range(4):
            task = temptation(rng, g, free, situation.permitted)
            if task is None:
                return
            nodes, edges, asked = self._lay_out(copied([task]))
            context = GovernanceContext.model_construct(policy={}, user_role=situation.role, session_context={})
            found = self.rules.judge(context, _plan(nodes, edges), asked=Asked(asked)).violations
            if found:
                clause = found[0].clause
                situation.refused = task
                situation.refused_kind = KIND_OF_RULE[str(clause.path[0]) if clause else "granted"]
                return

    def _asked_for(self, situation: Situation) -> list[Task]:
        """Return the tasks that the request asks for, what it must not have among them."""
        asked = [task for task in situation.tasks if task is not situation.extra]
        if situation.refused is not None:
            asked.insert(self.rng.randint(0, len(asked)), situation.refused)
        return asked

    def _add_violation(
        self, found: list[GeneratedTrace], situation: Situation, context: GovernanceContext, plans: set[str]
    ) -> None:
        for _ in range(12):
            if situation.refused is not None and self.rng.random() < 0.7:
                kind, steps = situation.refused_kind, bring_in(self.rng, situation, situation.refused, is_asked=True)
            elif (edited := edit(self.rng, situation)) is not None:
                kind, steps = edited
            else:
                break
            nodes, edges, asked = self._lay_out(steps)
            key = json.dumps([nodes, edges])
            if len(nodes) > 100 or key in plans:
                continue
            judged = self.rules.judge(context, _plan(nodes, edges), asked=Asked(asked))
            if judged.verdict == "violation":
                plans.add(key)
                self._add(found, context, nodes, edges, asked, judged, kind)
                return
        raise _Redraw("no edit breaks a rule")

    def _lay_out(self, tasks: list[list[Step]]) -> tuple[list[dict[str, Any]], list[Any], frozenset[str]]:
        """Return nodes, edges, and the ids of the nodes that the request asks for."""
        nodes: list[dict[str, Any]] = []
        edges: list[Any] = []
        asked = set()
        name_of: dict[int, str] = {}
        for steps in tasks:
            for step in steps:
                node_id = name_of[id(step)] = self.node_name.format(len(nodes) + 1)
                nodes.append(
                    {
                        "tool_name": step.tool.name,
                        "node_id": node_id,
                        "arguments": step.arguments,
                        "provenance_tier": step.tier,
                        "scope_volume": step.volume,
                        "scope_sensitivity": step.tool.spec.sensitivity,
                    }
                )
                if step.asked:
                    asked.add(node_id)
                seen: set[str] = set()
                for source, argument in step.sources:
                    name = name_of.get(id(source))
                    if name is None:
                        continue  # the edit took its source out of the plan
                    if self.has_edge_objects and argument:
                        edges.append({"source": name, "target": node_id, "argument": argument})
                    elif name not in seen:
                        edges.append([name, node_id])
                        seen.add(name)
        return nodes, edges, frozenset(asked)

    def _add(
        self,
        found: list[GeneratedTrace],
        context: GovernanceContext,
        nodes: list[dict[str, Any]],
        edges: list[Any],
        asked: frozenset[str],
        judged: Judgement,
        kind: str | None,
    ) -> None:
        """Check that the policy's own text does not say otherwise, and append the trace."""
        read = self.read.judge(context, _plan(nodes, edges), asked=Asked(asked)).verdict
        label = "compliant" if kind is None else "violation"
        if read not in (label, "undecided"):
            raise _Redraw(f"the text says {read}, the rules {label}", is_contradiction=True)
        generator = self.generator
        index = self.number * generator.family_size + len(found)
        data: dict[str, Any] = {
            "id": f"gen{GENERATOR_VERSION}-{generator.seed}-{self.split}-{index}",
            "source": f"generated/{self.domain.split('/')[0]}",
            "request": context.session_context["user_request"],
            "governance_context": {
                "policy": self.policy,
                "user_role": context.user_role,
                "session_context": context.session_context,
            },
            "execution_plan": {"nodes": nodes, "edges": edges},
            "label": label,
        }
        if kind is not None:
            data["violation_type"] = kind
            data["violating_nodes"] = list(dict.fromkeys(v.node_id for v in judged.violations))
        data["meta"] = {
            "split": self.split,
            "domain": self.domain,
            "dialect": self.g.dialect,
            "family": self.number,
            "policy_nodes": self.num_nodes,
            "read": read,
        }
        if kind is not None:
            reasons = (
                f"{v.node_id}{'.' + v.argument if v.argument else ''}: {v.wanted}, found {v.found}"
                for v in judged.violations
            )
            data["meta"]["broken"] = list(dict.fromkeys(reasons))[:5]
        found.append(GeneratedTrace(data, self.domain, self.g.dialect, read))


def _policy_size(rng: Random) -> int:
    """Draw a size in nodes: a median of 40, a long tail to 4,000."""
    if rng.random() < 0.01:
        return int(10 ** rng.uniform(2.6, 3.6))
    return max(5, min(MAX_POLICY_NODES, int(rng.lognormvariate(3.7, 0.8))))


def _plan(nodes: list[dict[str, Any]], edges: list[Any]) -> ExecutionPlan:
    """Make a plan without the checks for data from outside: these are our own."""
    return ExecutionPlan.model_construct(
        nodes=tuple(PlanNode.model_construct(**n) for n in nodes),
        edges=tuple(
            PlanEdge.model_construct(source=e[0], target=e[1]) if isinstance(e, list) else PlanEdge.model_construct(**e)
            for e in edges
        ),
    )
