"""Conditions of clauses, decided for one call: what each subject (`policy.clauses`) is compared with."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from gatling.policy.alike import Paths, is_path_name
from gatling.policy.bounds import squashed_path
from gatling.policy.calls import MAX_COMPARED, Call, PlanCalls
from gatling.policy.clauses import ORDER_OPERATORS, Clause, Condition, Operator
from gatling.policy.compare import ABSENT, NEGATED, CheckResult, Manner, bare, compare, compare_all
from gatling.policy.formulas import decide_formula
from gatling.policy.globs import matches
from gatling.policy.path_patterns import names_paths
from gatling.policy.places import is_blocked, is_listed
from gatling.policy.program_rules import decide_program
from gatling.policy.prose.evidence import SessionFacts
from gatling.policy.rules import Rulebook
from gatling.schema.budget import checked
from gatling.schema.lazy import cached_property
from gatling.schema.words import split_words, stem
from gatling.tools.call_scope import sensitivity_of_call, volume_in

_MIN_TELLING = 6


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request is known to ask for: the calls it needs, by node."""

    node_ids: frozenset[str]


OWN = ("native", "prose")
"""Dialects in which a name is a person's word for an argument, and no other system's own."""


@dataclass
class Evidence:
    """Everything that conditions may look at."""

    rules: Rulebook
    role: str
    session: dict[str, Any]
    facts: PlanCalls
    asked: Asked | None
    counts: dict[tuple[int, bool], int] = field(default_factory=dict)

    @cached_property
    def known(self) -> SessionFacts:
        return SessionFacts(self.session)

    def count(self, clause: Clause, tool: str) -> int:
        """Return how many calls of the plan a clause names; seen from a tool that it does not name, those it may mean too."""
        is_named = clause.names(tool)
        key = (id(clause), is_named)
        if key not in self.counts:
            self.counts[key] = sum(
                count
                for name, count in self.facts.tool_counts.items()
                if clause.names(name) or (not is_named and clause in self.rules.clauses_like(name, self.role))
            )
        return self.counts[key]


def decide(
    condition: Condition, call: Call, situation: Evidence, clause: Clause, *, is_any: bool = False
) -> CheckResult:
    """Decide a condition.

    Args:
        is_any: one value that fits is enough, values are compared leniently, and a value that is not there differs from
            all. For what triggers a denial; otherwise every value must fit, strictly.
    """
    subject, operator, wanted = condition.subject, condition.operator, condition.value
    if operator is Operator.UNKNOWN:
        return CheckResult(None, found=str(wanted))
    name, _, path = subject.partition(":")
    match name:
        case "argument":
            return _argument(condition, path, call, clause, is_any=is_any)
        case "formula":
            return decide_formula(
                wanted,
                call,
                situation.session,
                is_any=is_any,
                compare_one=lambda one: decide(one, call, situation, clause, is_any=is_any),
                beside=lambda one: found_beside(one, call, clause, is_any=is_any, is_stated=True),
            )
        case "volume":
            result = compare(call.node.scope_volume, operator, wanted, "scope_volume")
            volume = 0 if "scope_volume" in call.node.model_fields_set else volume_in(call.node.arguments)
            return (
                _unless(result, volume, condition, "scope_volume", "by its arguments", is_any=is_any)
                if volume
                else result
            )
        case "sensitivity":
            result = compare(call.node.scope_sensitivity, operator, wanted, "scope_sensitivity")
            if "scope_sensitivity" in call.node.model_fields_set:
                return result
            level = sensitivity_of_call(call.node.tool_name)
            return _unless(result, level, condition, "scope_sensitivity", "by the tool's name", is_any=is_any)
        case "tier":
            if path and not call.argument(path):
                return ABSENT
            return compare(call.node.provenance_tier, operator, wanted, path or "provenance_tier")
        case "destination" | "host":
            return _destination(call, operator, wanted, only_hosts=name == "host", is_any=is_any)
        case "command" | "path" | "table":
            return decide_program(call, name, operator, wanted, only_programs=path == "program")
        case "resource":
            return _resource(call, operator, wanted, is_any=is_any)
        case "fact":
            return situation.known.fact(path, operator, wanted)
        case "record":
            return situation.known.record(call, path, operator, wanted)
        case "topic":
            return _topic(call, wanted, situation.known)
        case "mentions":
            return _mentions(call, wanted, situation.known)
        case "words":
            from gatling.policy.prose.doubtful import may_be_meant  # its words take time to load

            meant = f"in words that are not checked: {wanted}"
            return CheckResult(None, found=meant) if may_be_meant(call.node.tool_name, wanted) else CheckResult(True)
        case "session":
            return _session(situation.session, path, operator, wanted, is_any=is_any)
        case "count":
            return compare(situation.count(clause, call.node.tool_name), operator, wanted, None)
        case "calls":
            return compare(len(situation.facts.counted), operator, wanted, None)
        case "scopes":
            held = situation.rules.granted_scopes(situation.role)
            return CheckResult(not held.isdisjoint(wanted), found=", ".join(sorted(held)) or "no scope")
        case "before":
            tools = situation.facts.ancestors(call.node.node_id)
            return CheckResult(any(matches(p, t) for p in wanted for t in checked(tools)), found="no such call before")
        case "request":
            if situation.asked is None:
                return CheckResult(None, found="whether the request asks for the call")
            return CheckResult(call.node.node_id in situation.asked.node_ids, found="a call that nobody asked for")
        case "schema":
            failure = wanted.first_failure(call.node.arguments)
            return (
                CheckResult(True)
                if failure is None
                else CheckResult(False, failure[0], f"{failure[2]}, not {failure[1]}")
            )
        case _:
            raise AssertionError(subject)


def _unless(
    result: CheckResult, concluded: int, condition: Condition, field_name: str, how: str, *, is_any: bool
) -> CheckResult:
    """Return a result on what a call does not state, or that it is open, where what is concluded makes it worse."""
    if result.holds is is_any or compare(concluded, condition.operator, condition.value, None).holds is result.holds:
        return result
    return CheckResult(None, field_name, f"not stated, {how} {concluded}")


def _argument(condition: Condition, path: str, call: Call, clause: Clause, *, is_any: bool) -> CheckResult:
    """Compare an argument; by a native rule also what the call has besides that may be it, which may leave open what is fine."""
    is_native = clause.dialect in OWN
    values = call.argument(path)
    manner = Manner(is_native, call.acts)
    if is_native and all(value is None for value in values) and condition.operator not in ORDER_OPERATORS:
        values = []
    result = compare_all(values, condition.operator, condition.value, path, is_any=is_any, manner=manner)
    if not is_native or result.holds is not (not is_any) or (not values and condition.operator in NEGATED):
        return result
    return found_beside(condition, call, clause, is_any=is_any, is_stated=bool(values)) or result


def found_beside(
    condition: Condition, call: Call, clause: Clause, *, is_any: bool = False, is_stated: bool
) -> CheckResult | None:
    """Return that a condition on an argument is open, because of what else the call has that may be it; None if nothing is.

    Args:
        is_any: as of `decide`.
        is_stated: the argument itself is there.
    """
    operator, wanted = condition.operator, condition.value
    path = condition.subject.partition(":")[2]
    paths: Paths = ""
    is_unwanted = is_any != (operator in NEGATED)
    if names_paths(wanted) and (is_path_name(path) or is_unwanted):
        paths = "any" if is_unwanted else "named"
    elif is_path_name(path) and is_unwanted and operator not in ORDER_OPERATORS:
        paths = "all"
    if is_unwanted and operator not in (Operator.LIKE, Operator.NOT_LIKE, *ORDER_OPERATORS):
        for choice, text in _telling(wanted if isinstance(wanted, tuple) else (wanted,)):
            other = call.by_text.get(text)
            if other is not None and squashed_path(other) != squashed_path(path):
                return CheckResult(None, path, f"{other} is {choice}; {condition}")
    others = call.others(path, is_number=operator in ORDER_OPERATORS, paths=paths, is_stated=is_stated)
    call.compared += len(others)
    if call.compared > MAX_COMPARED:
        return CheckResult(None, path, f"more values than are compared may be {path}")
    for other, value in checked(others):
        beside = compare(value, operator, wanted, other, is_any=is_any, manner=Manner(clause.dialect in OWN, call.acts))
        if beside.holds is not (not is_any) and not beside.is_absent:
            stated = "is stated" if is_stated else "is not stated"
            return CheckResult(None, path, f"{path} {stated}, but {other} too; {condition}")
    return None


@lru_cache(maxsize=1_024)
def _telling(choices: tuple[Any, ...]) -> tuple[tuple[str, str], ...]:
    """Return the values that mean the same under any name, each with its bare text: a number of an account, a name of several
    words. `admin` does not."""
    return tuple(
        (value, bare(value))
        for value in choices
        if isinstance(value, str) and len(value) >= _MIN_TELLING and re.search(r"[\d@]|\S\s+\S", value)
    )


def _destination(
    call: Call, operator: Operator, patterns: tuple[str, ...], *, only_hosts: bool, is_any: bool
) -> CheckResult:
    """Compare where a call sends to. LIKE: everything goes to a listed place, or with `is_any` something does.

    What a call only mentions can trigger a denial, or leave open what is fine else.
    """
    places = [d for d in (*call.destinations, *call.program_hosts) if d.host or not only_hosts]
    if not places and not call.mentions:
        return CheckResult(True, None, "nowhere") if is_any and operator is Operator.NOT_LIKE else ABSENT
    is_blocking = (operator is Operator.LIKE) == is_any  # matches are what is unwanted
    unclear: CheckResult | None = None
    for place in checked(places):
        if not place.host and (place.argument, place.text) in call.display_names:
            continue
        known = is_blocked(place, patterns) if is_blocking else is_listed(place, patterns)
        if known is None:
            unclear = CheckResult(None, place.argument, f"where {place.text} is", open_value=place.text)
        elif (known == (operator is Operator.LIKE)) == is_any:
            return CheckResult(is_any, place.argument, place.text)
    for mention in checked(call.mentions):
        place = mention.place
        if is_blocking:
            known = is_blocked(place, patterns)
            if known and not mention.is_shown:
                return CheckResult(is_any, place.argument, place.text)
            is_open = known is not False
        else:
            is_open = is_listed(place, patterns) is not True
        is_linked = mention.is_plain_link and not is_blocking
        if is_open and (unclear is None or not is_linked):
            found = f"whether {place.text} is a destination"
            unclear = CheckResult(None, place.argument, found, open_value=place.text, is_linked=is_linked)
    if unclear:
        return unclear
    if not places:
        return CheckResult(True, None, "nowhere") if is_any and operator is Operator.NOT_LIKE else ABSENT
    return CheckResult(not is_any, places[0].argument, places[0].text)


def _resource(call: Call, operator: Operator, patterns: tuple[str, ...], *, is_any: bool) -> CheckResult:
    if not call.resources:
        if operator is Operator.LIKE and "*" in patterns:
            return CheckResult(True)
        return CheckResult(None, found="which resource the call is about")
    for resource in checked(call.resources):
        known = any(matches(p, resource) or (is_any and matches(p.casefold(), resource.casefold())) for p in patterns)
        if (known == (operator is Operator.LIKE)) == is_any:
            return CheckResult(is_any, "resource", resource)
    return CheckResult(not is_any, "resource", call.resources[0])


_FEW_WORDS = 24


def _topic(call: Call, words: tuple[str, ...], known: SessionFacts) -> CheckResult:
    """Tell whether a call may be about something: by the request's words, or without one by its own. It never certainly is."""
    own = (word for _, leaf in call.leaves if isinstance(leaf, str) for word in split_words(leaf))
    said = known.request_stems or frozenset(map(stem, own))
    said |= frozenset(map(stem, split_words(call.node.tool_name)))
    return CheckResult(
        None if not words or not said.isdisjoint(words) else False, found="whether the call is about that"
    )


def _mentions(call: Call, words: tuple[str, ...], known: SessionFacts) -> CheckResult:
    """Tell whether a call or the request has one of some words; longer texts say little of what it is about."""
    own = (split_words(leaf) for _, leaf in call.leaves if isinstance(leaf, str) and len(leaf) <= 400)
    said = {stem(word) for leaf in own if len(leaf) <= _FEW_WORDS for word in leaf} | known.request_stems
    return CheckResult(None if not said.isdisjoint(words) else False, found="whether the call is about that")


def _session(session: dict[str, Any], path: str, operator: Operator, wanted: Any, *, is_any: bool) -> CheckResult:
    value: Any = session
    for part in path.split("."):
        if not isinstance(value, dict) or part not in value:
            return CheckResult(None, found=f"session_context has no {path}")
        value = value[part]
    return compare(value, operator, wanted, None, is_any=is_any)
