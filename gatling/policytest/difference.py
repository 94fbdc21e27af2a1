"""The calls on which two policies disagree, found by asking both about calls that are made to tell them apart.

Only tools and roles whose rules differ are looked at: where all clauses about a tool and a role are the same, so is every
verdict. For each of the others a call is fitted to either policy, and then changed

- at the bounds of every clause that only one of them has: just inside, on it, just outside; each value of a list;
- in how often it is made, where the number of calls is bounded;
- by the Corrupter.

Each plan is judged as one that the request asks for, and as one that it does not.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from random import Random
from typing import Any, Literal

from gatling.attack import CallPool
from gatling.policy import Asked, Clause, Judgement, Oracle, PolicySource, Rulebook, Undecided
from gatling.policy.access import NOBODY_NAMED
from gatling.policy.calls import Call
from gatling.policy.clauses import ORDER_OPERATORS, ClauseKind, Condition, Operator
from gatling.policy.dialects.argument_schema import ArgumentSchema
from gatling.policy.oracle import Compliance
from gatling.policytest.attack import attack
from gatling.policytest.changes import shown_call
from gatling.policytest.fitting import CallDraft, fill, meet, opposite
from gatling.policytest.seeds import Fitted, SeedMaker
from gatling.policytest.values import example
from gatling.schema import ExecutionPlan, GovernanceContext, PlanNode, Trace
from gatling.schema.plain import canonical_json
from gatling.tools import ToolSpec

Direction = Literal["widened", "narrowed"]
UNNAMED_TOOL = "unlisted_tool"
"""Stands for every tool that neither policy names."""
_RANK: dict[Compliance, int] = {"violation": 0, "undecided": 1, "compliant": 2}
_SHOWN: dict[Compliance, str] = {"violation": "deny", "undecided": "open", "compliant": "allow"}
_MAX_CHOICES = 24
_MAX_REPEATS = 64
_MAX_CORRUPTED = 40
"""Pairs of a tool and a role on which the Corrupter is tried."""
_PER_MUTATION = 2
_MAX_ALIKE = 12
"""Pairs whose rules differ in the same way that are looked at in full; of more, one call each is judged."""
_SOMEBODY = "mira@example.net"
_ODD_TEXTS = ("", "zzz", "../../etc/passwd", "a" * 400)


@dataclass(frozen=True, slots=True)
class Changed:
    """Calls whose verdict changes in one way, for one reason."""

    direction: Direction
    tools: tuple[str, ...]
    """The first is that of the example."""
    roles: tuple[str, ...]
    before: str
    """deny, open or allow."""
    after: str
    why_before: str
    why_after: str
    example: str
    """The call, on one line."""
    plan: ExecutionPlan
    session: dict[str, Any]
    is_asked: bool
    """Whether the request asks for it."""
    count: int
    """Calls that were found."""

    def to_dict(self) -> dict[str, Any]:
        nodes = [
            {"tool_name": n.tool_name, "arguments": n.arguments, "provenance_tier": n.provenance_tier}
            for n in self.plan.nodes
        ]
        return {
            "direction": self.direction,
            "tools": list(self.tools),
            "roles": list(self.roles),
            "before": self.before,
            "after": self.after,
            "why_before": self.why_before,
            "why_after": self.why_after,
            "example": self.example,
            "calls": nodes,
            "session": self.session,
            "is_asked": self.is_asked,
            "count": self.count,
        }


@dataclass(frozen=True, slots=True)
class Difference:
    changes: tuple[Changed, ...]
    """The widened ones first."""
    silent: tuple[tuple[str, str], ...]
    """Tools and roles whose rules differ and that one policy allows, of which no call was found that they judge differently."""
    only_a: tuple[str, ...]
    """Rules that only the first policy has, by path and line."""
    only_b: tuple[str, ...]
    judged: int
    """Plans that both judged."""

    def count(self, direction: Direction) -> int:
        return sum(change.direction == direction for change in self.changes)

    def to_dict(self) -> dict[str, Any]:
        return {
            "is_same": not self.changes,
            "is_widened": bool(self.count("widened")),
            "widened": self.count("widened"),
            "narrowed": self.count("narrowed"),
            "judged": self.judged,
            "changes": [change.to_dict() for change in self.changes],
            "rules_only_in_a": list(self.only_a),
            "rules_only_in_b": list(self.only_b),
            "silent": [{"tool": tool, "role": role} for tool, role in self.silent],
        }


@dataclass(slots=True)
class _Found:
    """What was seen of one way in which verdicts change."""

    tools: dict[str, None]
    roles: dict[str, None]
    node: PlanNode
    plan: ExecutionPlan
    session: dict[str, Any]
    is_asked: bool
    whys: tuple[str, str]
    argument: str = ""
    """The argument that a rule is broken by; shown first."""
    count: int = 0


@dataclass
class _Comparison:
    a: Oracle
    b: Oracle
    found: dict[tuple[Compliance, Compliance, str, str], _Found] = field(default_factory=dict)
    changed: set[tuple[str, str]] = field(default_factory=set)
    seen: set[str] = field(default_factory=set)
    judged: int = 0

    def ask(self, roles: Sequence[str], session: dict[str, Any], plan: ExecutionPlan) -> None:
        """Judge a plan under both, and note each call on which they disagree. `roles` are those that have the same rules."""
        role = roles[0]
        key = f"{role}\n{canonical_json(session)}\n{plan.digest}"
        if key in self.seen:
            return
        self.seen.add(key)
        self.judged += 1
        context = GovernanceContext.model_construct(policy={}, user_role=role, session_context=session)
        for asked in (Asked(frozenset(n.node_id for n in plan.nodes)), Asked(frozenset())):
            old, new = (oracle.judge(context, plan, asked=asked) for oracle in (self.a, self.b))
            for node in plan.nodes:
                before, after = _verdict(old, node.node_id), _verdict(new, node.node_id)
                if before == after:
                    continue
                whys = _why(old, node.node_id), _why(new, node.node_id)
                broken = [
                    v.argument for j in (old, new) for v in j.violations if v.node_id == node.node_id and v.argument
                ]
                own = self.found.setdefault(
                    (before, after, *whys),
                    _Found({}, {}, node, plan, session, bool(asked.node_ids), whys, broken[0] if broken else ""),
                )
                own.tools[node.tool_name] = None
                own.roles |= dict.fromkeys(roles)
                own.count += 1
                self.changed |= {(node.tool_name, role) for role in roles}

    def changes(self) -> tuple[Changed, ...]:
        made = []
        for (before, after, *_), own in self.found.items():
            many = len([n for n in own.plan.nodes if n.tool_name == own.node.tool_name])
            times = f"{many} times " if many > 1 else ""
            made.append(
                Changed(
                    direction="widened" if _RANK[after] > _RANK[before] else "narrowed",
                    tools=tuple(own.tools),
                    roles=tuple(sorted(own.roles)),
                    before=_SHOWN[before],
                    after=_SHOWN[after],
                    why_before=own.whys[0],
                    why_after=own.whys[1],
                    example=times + _example(own.node, own.argument),
                    plan=own.plan,
                    session=own.session,
                    is_asked=own.is_asked,
                    count=own.count,
                )
            )
        order = {"deny": 0, "open": 1, "allow": 2}
        return tuple(sorted(made, key=lambda c: (c.direction == "narrowed", -abs(order[c.before] - order[c.after]))))


def difference(
    policies: tuple[PolicySource, PolicySource],
    rules: tuple[Rulebook, Rulebook],
    specs: Sequence[ToolSpec] = (),
    *,
    roles: Sequence[str] | None = None,
    traces: Iterable[Trace] = (),
    seed: int = 0,
    progress: Callable[[int], None] = lambda count: None,
) -> Difference:
    """Return the calls whose verdict differs between two policies, with an example of each.

    Args:
        rules: of the policies.
        specs: what is known of the tools.
        roles: only these. Default: all that one of them names, and somebody whom neither names.
        traces: whose plans are judged too.
        seed: decides the calls that are made.
        progress: told after each tool and role: 1.
    """
    oracles = Oracle(rules[0]), Oracle(rules[1])
    makers = tuple(SeedMaker(p.data, o, specs, seed) for p, o in zip(policies, oracles, strict=True))
    found = _Comparison(*oracles)
    for trace in traces:
        context = trace.governance_context
        if roles is None or context.user_role in roles:
            found.ask([context.user_role], context.session_context, trace.execution_plan)
    named = {*makers[0].roles, *makers[1].roles}
    pairs = list(_pairs(makers, oracles, roles if roles is not None else [*sorted(named), NOBODY_NAMED]))
    pool = CallPool(specs)
    allowed: set[tuple[str, str]] = set()
    alike: Counter[str] = Counter()
    for number, pair in enumerate(pairs):
        role = pair.roles[0]
        alike[pair.kind] += 1
        if alike[pair.kind] > _MAX_ALIKE and pair.tool != UNNAMED_TOOL:
            found.ask(
                pair.roles, {}, makers[0].trace("diff", role, [makers[0].call(pair.tool, role)], {}).execution_plan
            )
            progress(1)
            continue
        for maker in makers:
            fitted = maker.fit(role, [pair.tool], is_decided=True)
            if not fitted.problem:
                allowed |= {(pair.tool, r) for r in pair.roles}
            for calls, session in _variants(Random(f"{seed}:{pair.tool}:{role}"), fitted, pair.clauses):
                found.ask(pair.roles, session, maker.trace("diff", role, calls, session).execution_plan)
            if number < _MAX_CORRUPTED and not fitted.problem:
                start = maker.trace(f"diff/{pair.tool}", role, fitted.calls, fitted.session)
                for mutant in attack([start], maker.oracle, pool, per_mutation=_PER_MUTATION, seed=seed):
                    found.ask([role], fitted.session, mutant.plan)
        progress(1)
    silent = tuple((p.tool, r) for p in pairs for r in p.roles if (p.tool, r) in allowed - found.changed)
    only_a, only_b = _only(rules[0], rules[1]), _only(rules[1], rules[0])
    return Difference(found.changes(), silent, only_a, only_b, found.judged)


# --- which tools and roles ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Pair:
    """A tool and roles about which the policies say different things."""

    tool: str
    roles: tuple[str, ...]
    """The rules about the tool are the same for all of them."""
    clauses: list[Clause]
    """What only one of the policies has."""
    kind: str
    """What pairs have in common that differ in the same way."""


def _pairs(makers: tuple[SeedMaker, ...], oracles: tuple[Oracle, Oracle], roles: Sequence[str]) -> Iterator[_Pair]:
    """Yield the tools and roles about which the policies say different things."""
    has_cedar = any(oracle.rules.cedar for oracle in oracles)  # it may say other things of each role
    for tool in _tools(makers):
        found: dict[str, _Pair] = {}
        for role in roles:
            a, b = (oracle.rules.clauses_for(tool, role) for oracle in oracles)
            in_a, in_b = {_form(c): c for c in a}, {_form(c): c for c in b}
            differing = [c for form, c in (in_a | in_b).items() if (form in in_a) != (form in in_b)]
            rest = [_rest(oracle, tool, role) for oracle in oracles]
            if not differing and rest[0] == rest[1]:
                continue
            around = [sorted({f"{c.kind} {bool(c.when)}" for c in clauses}) for clauses in (a, b)]
            kind = canonical_json([sorted(map(_form, differing)), repr(rest), around])
            whole = canonical_json([sorted(in_a), sorted(in_b), repr(rest), role if has_cedar else ""])
            same = found.get(whole)
            found[whole] = _Pair(tool, (*same.roles, role) if same else (role,), differing, kind)
        yield from found.values()


def _tools(makers: tuple[SeedMaker, ...]) -> list[str]:
    """Return the tools that one of the policies names, some that their patterns mean, and one that neither names."""
    names: dict[str, None] = {}
    for maker in makers:
        names |= dict.fromkeys(maker.some(lambda tool: False))
        names |= dict.fromkeys(maker.rules.named_tools())
        for clause in maker.rules.clauses:
            if clause.tools == ("*",):
                continue
            patterns = [tool for tool in clause.tools if set(tool) & set("*?")]
            if patterns or clause.is_complement:
                names |= dict.fromkeys(maker.some(lambda tool, c=clause: c.names(tool)))
                names |= dict.fromkeys(map(fill, patterns))
    return [*names, UNNAMED_TOOL]


def _form(clause: Clause) -> str:
    """Return what a clause says of a call that it is about, however and wherever it is written."""
    tools = sorted(clause.tools) if any(c.subject == "count" for c in clause.checks) else []
    parts = [
        str(clause.kind),
        sorted(map(_text, clause.when)),
        sorted(map(_text, clause.checks)),
        clause.exception,
        tools,
    ]
    return canonical_json(parts)


def _text(condition: Condition) -> str:
    value = condition.value
    shown = canonical_json(value.data) if isinstance(value, ArgumentSchema) else repr(value)
    if isinstance(value, tuple) and condition.operator in (
        Operator.IN,
        Operator.NOT_IN,
        Operator.LIKE,
        Operator.NOT_LIKE,
    ):
        shown = repr(sorted(map(repr, value)))
    return f"{condition.subject}\n{condition.operator}\n{shown}"


def _rest(oracle: Oracle, tool: str, role: str) -> tuple[Any, ...]:
    """Return what else decides about a call: the default, scopes, other engines, parts that are not read."""
    rules = oracle.rules
    has_grants = any(c.kind is ClauseKind.ALLOW for c in rules.clauses)
    texts = tuple(text for _, text in rules.cedar)
    item = oracle.granting_item(tool, role)
    is_open = oracle.is_open(tool), item.place if item else ""
    return rules.is_allow_by_default, rules.granted_scopes(role), texts, has_grants, is_open


def _only(here: Rulebook, there: Rulebook) -> tuple[str, ...]:
    def whole(clause: Clause) -> str:
        return canonical_json([_form(clause), sorted(clause.tools), sorted(clause.roles), clause.is_complement])

    known = {whole(clause) for clause in there.clauses}
    return tuple(dict.fromkeys(clause.place for clause in here.clauses if whole(clause) not in known))


# --- calls that tell them apart -------------------------------------------------------------------------------------------


def _variants(
    rng: Random, fitted: Fitted, clauses: Sequence[Clause]
) -> Iterator[tuple[list[CallDraft], dict[str, Any]]]:
    """Yield the fitted calls, and with the last one moved to every bound of some clauses."""
    yield fitted.calls, fitted.session
    for clause in clauses:
        for condition in (*clause.when, *clause.checks):
            if condition.subject in ("count", "calls"):
                yield from _repeated(fitted, condition)
            if condition.operator is Operator.VALID:
                yield from _of_schema(rng, fitted, condition.value)
                continue
            if condition.subject == "before":
                yield [_copied(fitted.calls)[-1]], fitted.session
            for aim in _aims(condition):
                calls, session = _copied(fitted.calls), copy.deepcopy(fitted.session)
                if condition.subject in ("destination", "host") and not Call(calls[-1].node("call")).destinations:
                    calls[-1].arguments["to"] = [_SOMEBODY]
                if meet(rng, calls[-1], aim, session):
                    yield calls, session
            name, _, path = condition.subject.partition(":")
            if name == "argument" and path:
                calls = _copied(fitted.calls)
                if _drop(calls[-1].arguments, path):
                    yield calls, fitted.session


def _copied(calls: Sequence[CallDraft]) -> list[CallDraft]:
    own = [copy.copy(call) for call in calls]
    place = {id(old): new for old, new in zip(calls, own, strict=True)}
    for call in own:
        call.arguments = copy.deepcopy(call.arguments)
        call.sources = [place[id(source)] for source in call.sources]
    return own


def _aims(condition: Condition) -> Iterator[Condition]:
    """Yield what a call can be made to keep, or to miss, so that it stands on either side of a condition."""
    yield condition
    other = opposite(condition)
    if other is not None:
        yield other
    if condition.operator in ORDER_OPERATORS:
        yield Condition(condition.subject, Operator.EQUALS, condition.value)
    elif isinstance(condition.value, tuple):
        wanted = {Operator.NOT_IN: Operator.IN, Operator.NOT_LIKE: Operator.LIKE}.get(
            condition.operator, condition.operator
        )
        for value in islice(condition.value, _MAX_CHOICES):
            yield Condition(condition.subject, wanted, (value,))


def _repeated(fitted: Fitted, condition: Condition) -> Iterator[tuple[list[CallDraft], dict[str, Any]]]:
    if not isinstance(condition.value, (int, float)):
        return
    for times in (int(condition.value), int(condition.value) + 1):
        if 1 < times <= _MAX_REPEATS:
            calls = _copied(fitted.calls)
            yield [*calls, *(copy.copy(calls[-1]) for _ in range(times - 1))], fitted.session


def _of_schema(rng: Random, fitted: Fitted, schema: ArgumentSchema) -> Iterator[tuple[list[CallDraft], dict[str, Any]]]:
    """Yield the call with each argument of a schema at its bounds, left out, of another kind, and with one too many."""
    data = schema.data if isinstance(schema.data, dict) else {}
    last = fitted.calls[-1].arguments

    def with_(**changes: Any) -> tuple[list[CallDraft], dict[str, Any]]:
        calls = _copied(fitted.calls)
        calls[-1].arguments |= changes
        return calls, fitted.session

    calls = _copied(fitted.calls)
    if meet(rng, calls[-1], Condition("schema", Operator.VALID, schema), {}):
        yield calls, fitted.session
    yield with_(one_too_many=1)
    for name, part in data.get("properties", {}).items():
        if name in last:
            calls = _copied(fitted.calls)
            del calls[-1].arguments[name]
            yield calls, fitted.session
        if not isinstance(part, dict):
            continue
        values = [example(rng, name, ArgumentSchema({**part, "$defs": data.get("$defs", {})})), True, *_ODD_TEXTS]
        values += [*part.get("enum", ())][:_MAX_CHOICES]
        for key in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"):
            if isinstance(part.get(key), (int, float)):
                values += [part[key] - 1, part[key], part[key] + 1]
        for key in ("minLength", "maxLength"):
            if isinstance(part.get(key), int) and part[key] < 10_000:
                values += ["a" * part[key], "a" * (part[key] + 1)]
        yield from (with_(**{name: value}) for value in values)


def _drop(arguments: dict[str, Any], path: str) -> bool:
    *outer, last = path.split(".")
    inner: Any = arguments
    for part in outer:
        inner = inner.get(part) if isinstance(inner, dict) else None
    return isinstance(inner, dict) and inner.pop(last, None) is not None


# --- what is said of it ---------------------------------------------------------------------------------------------------


def _verdict(judgement: Judgement, node_id: str) -> Compliance:
    if any(v.node_id == node_id for v in judgement.violations):
        return "violation"
    return "undecided" if any(_is_about(item, node_id) for item in judgement.undecided) else "compliant"


def _is_about(item: Undecided, node_id: str) -> bool:
    """Tell whether an open question is about a call; a sentence, which is reported once, is about all."""
    return item.node_id in (node_id, None) or (item.clause is not None and item.clause.is_sentence)


def _why(judgement: Judgement, node_id: str) -> str:
    for violation in judgement.violations:
        if violation.node_id == node_id:
            place = violation.clause.place if violation.clause else "no rule grants it"
            return place if violation.clause is None else f"{place} wants {violation.wanted}"
    for item in judgement.undecided:
        if _is_about(item, node_id):
            return f"{item.clause.place}: {item.reason}" if item.clause else item.reason
    return "allowed"


def _example(node: PlanNode, argument: str) -> str:
    """Return a call on one line, with the argument that matters in front, and its scope and trust where these matter."""
    head = argument.partition(".")[0]
    first = {key: value for key, value in node.arguments.items() if key == head}
    shown = shown_call(node.model_copy(update={"arguments": {**first, **node.arguments}}))
    scope = {"scope_volume": "volume", "scope_sensitivity": "sensitivity"}.get(argument)
    shown += f" {scope} {getattr(node, argument)}" if scope else ""
    return f"{shown} tier {node.provenance_tier}" if node.provenance_tier > 1 else shown
