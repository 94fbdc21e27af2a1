"""For a mutant that no rule stops: which rule would, tried out before it is proposed.

A remedy is a part of a policy, such as `scope_limits: {"search_files.limit": 10}`. It is proposed only if the oracle, with it
beside the policy's own clauses, denies the mutant and still lets the seed pass. Its figures are the seed's.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from gatling.attack import MUTATIONS
from gatling.policy import Asked, Clause, ClauseKind, Oracle, Rulebook, recognise
from gatling.policy.calls import Call
from gatling.policytest.attack import Attacked
from gatling.policytest.changes import Change
from gatling.policytest.seeds import judged

_EXAMPLE_HOST = "example.com"
_TIERS = {1: "internal", 2: "partner", 3: "public"}


@dataclass(frozen=True, slots=True)
class Remedy:
    text: str
    """What to do, in one sentence."""
    rule: dict[str, Any] | None
    """A part of a policy that stops the mutant; None if none was found."""
    needs_request: bool
    """The rule, or the clause, denies where it is known what was asked for; else the call is undecided instead of allowed."""
    clause: Clause | None
    """The clause of the policy that comes nearest."""
    why: str
    """Why nothing stops the mutant."""


@dataclass(frozen=True, slots=True)
class RuleKind:
    """A kind of rule."""

    headline: str
    """With `{tool}` and `{place}`, the tool with its argument."""
    about: str
    subjects: tuple[str, ...]
    """What conditions of such rules speak of."""
    rule: Callable[[Attacked, Change], dict[str, Any] | None]


def _limit(mutant: Attacked, change: Change) -> dict[str, Any] | None:
    if change.old is None:
        return None
    if change.argument == "scope_volume":
        return {"scope_limits": {change.tool: {"max_records": change.old.scope_volume}}}
    values = Call(change.old).argument(change.argument)
    number = values[0] if values else None
    if isinstance(number, str) and number.isdigit():
        number = int(number)
    if isinstance(number, bool) or not isinstance(number, (int, float)):
        return None
    return {"scope_limits": {f"{change.tool}.{change.argument}": number}}


def _sensitivity(mutant: Attacked, change: Change) -> dict[str, Any] | None:
    if change.old is None:
        return None
    return {"max_sensitivity": {change.tool: change.old.scope_sensitivity}}


def _destinations(mutant: Attacked, change: Change) -> dict[str, Any] | None:
    if change.new is None or not Call(change.new).destinations:
        return None
    own = [n for n in mutant.seed.execution_plan.nodes if n.tool_name == change.tool]
    places = [d.host or d.text for n in own for d in Call(n).destinations]
    return {"allowed_destinations": {change.tool: list(dict.fromkeys(places)) or [_EXAMPLE_HOST]}}


def _tier(mutant: Attacked, change: Change) -> dict[str, Any] | None:
    if change.new is None or change.new.provenance_tier == 1:
        return None
    most = change.old.provenance_tier if change.old else change.new.provenance_tier - 1
    is_value = change.argument and change.argument in change.new.arguments
    return {"provenance_requirements": {f"{change.tool}.{change.argument}" if is_value else change.tool: _TIERS[most]}}


def _request(mutant: Attacked, change: Change) -> dict[str, Any] | None:
    return {"explicit_request_required": [change.tool]}


def _before(mutant: Attacked, change: Change) -> dict[str, Any] | None:
    plan = mutant.seed.execution_plan
    here = {n.node_id: n.tool_name for n in plan.nodes}
    own = {n.node_id for n in plan.nodes if n.tool_name == change.tool}
    earlier = [here[e.source] for e in plan.edges if e.target in own]
    return {"requires_before": {change.tool: earlier[0]}} if earlier else None


def _forbid(mutant: Attacked, change: Change) -> dict[str, Any] | None:
    return {"forbidden_operations": [change.tool]}


RULE_KINDS = {
    "limit": RuleKind("bound `{place}`", "how much `{place}` may be", ("volume", "argument"), _limit),
    "sensitivity": RuleKind(
        "set a highest sensitivity for `{tool}`", "its sensitivity", ("sensitivity",), _sensitivity
    ),
    "destinations": RuleKind(
        "list destinations for `{tool}`", "where it sends to", ("destination", "host"), _destinations
    ),
    "tier": RuleKind("set a highest provenance tier for `{place}`", "where its content comes from", ("tier",), _tier),
    "request": RuleKind("require a request for `{tool}`", "whether it was asked for", ("request",), _request),
    "before": RuleKind("say what must come before `{tool}`", "what must come before it", ("before",), _before),
    "forbid": RuleKind("forbid `{tool}`", "this call", (), _forbid),
}
"""Rules that may stop a mutation; its row in `MUTATIONS` names them."""


def remedy_for(mutant: Attacked, change: Change, oracle: Oracle) -> Remedy:
    """Return what would stop a mutant, or the mutation's general advice where no rule of these kinds does."""
    rules, mutation = oracle.rules, MUTATIONS[mutant.mutation]
    kinds = [RULE_KINDS[name] for name in mutation.stopped_by]
    place = f"{change.tool}.{change.argument}" if _is_argument(change) else change.tool
    grant = _grant(rules, mutant, change.tool)
    if mutation.needs_named_grants and (grant is None or grant.is_complement or "*" in grant.tools):
        kinds = []  # one name more or less changes nothing where all are granted
    later: Remedy | None = None
    for kind in kinds:
        rule = kind.rule(mutant, change)
        if rule is None or (kind is RULE_KINDS["forbid"] and grant is not None and change.tool in grant.tools):
            continue
        stops = _stops(rule, mutant, rules)
        if stops is None:
            continue
        near, why = _why(mutant, change, rules, kind, place)
        text = f"{kind.headline.format(tool=change.tool, place=place)}: {on_one_line(rule)}"
        schema = _schema_clause(rules, mutant, change) if kind is RULE_KINDS["limit"] else None
        if schema is not None:
            text += f", or a `maximum` in {schema.place}"
        found = Remedy(text, rule, not stops, near, why)
        if stops:
            return found
        later = later or found
    known = _with_request(oracle, mutant)
    if known:
        why = f"nobody says at run time what was asked for; where it is known, {known[0].place} denies it"
        return Remedy("no rule to add: let no plan pass that is undecided", None, True, known[0], why)
    if later is not None:
        return later
    near, why = _why(mutant, change, rules, next(iter(kinds), RULE_KINDS["forbid"]), place)
    return Remedy(mutation.remedy.format(tool=change.tool, place=place), None, False, near, why)


def on_one_line(rule: dict[str, Any]) -> str:
    """Write a part of a policy on one line, as YAML reads it."""
    return ", ".join(f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in rule.items())


def _stops(rule: dict[str, Any], mutant: Attacked, rules: Rulebook) -> bool | None:
    """Tell whether a rule denies the mutant: True at once, False where the request is known, None if it does not help."""
    more = recognise(rule, strict=False)
    joined = dataclasses.replace(rules, clauses=rules.clauses + more.clauses)
    oracle, context = Oracle(joined), mutant.seed.governance_context
    if more.unrecognised or judged(oracle, context, mutant.seed.execution_plan).violations:
        return None
    if oracle.judge(context, mutant.plan).violations:
        return True
    return False if _with_request(oracle, mutant) else None


def _with_request(oracle: Oracle, mutant: Attacked) -> list[Clause]:
    """Return the clauses that deny a mutant where it is known what was asked for."""
    asked = Asked(frozenset(n.node_id for n in mutant.plan.nodes) - mutant.unasked)
    judgement = oracle.judge(mutant.seed.governance_context, mutant.plan, asked=asked)
    return [v.clause for v in judgement.violations if v.clause is not None]


def _grant(rules: Rulebook, mutant: Attacked, tool: str) -> Clause | None:
    """Return the clause that grants a tool, one that names it before one with a pattern; None if the default does."""
    clauses = rules.clauses_for(tool, mutant.seed.governance_context.user_role)
    grants = [c for c in clauses if c.kind is ClauseKind.ALLOW]
    return next((c for c in grants if tool in c.tools and not c.is_complement), next(iter(grants), None))


def _schema_clause(rules: Rulebook, mutant: Attacked, change: Change) -> Clause | None:
    clauses = rules.clauses_for(change.tool, mutant.seed.governance_context.user_role)
    return next((c for c in clauses if c.dialect == "schema" and _is_argument(change)), None)


def _is_argument(change: Change) -> bool:
    nodes = [n for n in (change.old, change.new) if n is not None]
    return bool(change.argument) and any(Call(n).argument(change.argument) for n in nodes)


# --- why nothing stops it ---------------------------------------------------------------------------------------------


def _why(mutant: Attacked, change: Change, rules: Rulebook, kind: RuleKind, place: str) -> tuple[Clause | None, str]:
    """Return the nearest clause, and why the mutant passes."""
    own = rules.clauses_for(change.tool, mutant.seed.governance_context.user_role)
    grant = _grant(rules, mutant, change.tool)
    granted = (
        f"{grant.place} grants it"
        if grant
        else "the default allows it"
        if rules.is_allow_by_default
        else "it is granted"
    )
    nearest = next(_near(rules, own, kind, change), None)
    about = kind.about.format(tool=change.tool, place=place)
    if nearest is None:
        near, why = grant, f"{granted}, no explicit rule says {about}" if kind.subjects else granted
    elif nearest in own:
        near, why = nearest, f"{granted}, {nearest.place} does not stop it"
    else:
        near, why = nearest, f"{granted}, {nearest.place} is about {', '.join(nearest.tools[:3])} only"
    doubts = [u for u in mutant.judgement.undecided if u.clause in own and u.clause is not grant]
    doubts.sort(key=lambda u: u.clause is not nearest)
    if doubts and doubts[0].clause is not None:
        why += f"; undecided by {doubts[0].clause.place}: {doubts[0].reason}"
    return near, why


def _near(rules: Rulebook, own: tuple[Clause, ...], kind: RuleKind, change: Change) -> Iterator[Clause]:
    """Yield restricting clauses about the same thing: first of this tool, then of others."""
    for clauses in (own, rules.clauses):
        for clause in clauses:
            for condition in (*clause.when, *clause.checks) if clause.kind is not ClauseKind.ALLOW else ():
                subject, _, path = condition.subject.partition(":")
                if subject == "volume" and change.argument != "scope_volume":
                    continue
                if subject in kind.subjects and (subject != "argument" or path.lower() == change.argument.lower()):
                    yield clause
