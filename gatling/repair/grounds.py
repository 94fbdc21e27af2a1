"""What edits may stand on: values that the policy or the request names. Nothing else may come into a plan.

- Of the policy: upper bounds, destinations without a wildcard, tools that are granted by name. Of clauses that bind the role.
- Of the request: numbers, days, addresses, URLs, account numbers and handles as they stand there. A place in a sentence with a
  negation or a refusal ("never write to ...", "stop mailing ...") is not taken, nor one that something came from.
- A value for another argument than a destination must stand in both, and never under a name that vouches for something:
  otherwise a rule "only if `approved_by` is the manager" would be satisfied by writing it down.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

from gatling.policy.bounds import squashed_path
from gatling.policy.clauses import Clause, ClauseKind, Condition, Operator
from gatling.policy.dialects.argument_schema import ArgumentSchema
from gatling.policy.globs import matches
from gatling.policy.places import Destination, parse_place
from gatling.policy.recognise import recognise
from gatling.policy.rules import Rulebook
from gatling.repair.tools import is_genuine, is_weaker
from gatling.request import Request
from gatling.request.asking import request_as_written
from gatling.request.handed import read_request
from gatling.schema import GovernanceContext
from gatling.schema.arguments import ArgumentPath, dotted, is_limit
from gatling.schema.lazy import cached_property
from gatling.schema.words import split_words

MAX_NAMED = 64
"""Places, numbers or days that are taken from one request."""

_PLACES = {
    "url": re.compile(r"[a-z][a-z0-9+.-]{1,20}://[^\s<>\"'`,;]{1,2000}", re.IGNORECASE),
    "address": re.compile(r"[\w.+'-]{1,64}@(?:[\w-]{1,63}\.)*[\w-]{1,63}"),
    "account": re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{6,30}|\d{8,20}"),
    "handle": re.compile(r"[#@][\w-]{1,64}"),
    "host": re.compile(r"(?:[\w-]{1,63}\.){1,8}[a-z]{2,24}", re.IGNORECASE),
}
_IS_PATTERN = re.compile(r"[*?/]")  # a wildcard, or a network of machines
_WORD = re.compile(r"[^\s<>\"'`,;()]+")
_SOURCES = frozenset(("from", "by", "of"))
_VOUCHING = frozenset(
    "approve approved approval approver confirm confirmed confirmation consent authorize authorized authorise authorised auth "
    "verified verify reviewed reviewer signed signature token role roles owner user identity mfa justification reason ticket "
    "purpose classification sensitivity trusted allow allowed override force".split()
)


class Grounds:
    """What a context names.

    Args:
        context: policy, role and request.
        rules: of the context's policy, where they are read already.
        enforces_volume: whoever runs a plan sees to it that no call touches more than its `scope_volume`. Without, a call's
            stated volume is lowered only along with an argument that holds the call to it.
    """

    def __init__(
        self, context: GovernanceContext, rules: Rulebook | None = None, *, enforces_volume: bool = False
    ) -> None:
        self.rules = recognise(context.policy, strict=False) if rules is None else rules
        self.role = context.user_role
        self.enforces_volume = enforces_volume
        self._written = request_as_written(context)

    # --- the request --------------------------------------------------------------------------------------------------

    @cached_property
    def request(self) -> Request:
        return read_request(self._written)

    def may_be_meant(self, amount: float, old: float) -> bool:
        """Tell whether a request that does not name `old` names this amount, and no other number that it could be."""
        return self.request.numbers == (amount,) and old != amount

    @cached_property
    def request_places(self) -> tuple[str, ...]:
        """Addresses, URLs, accounts and handles that the request names and does not refuse, in its order; none that
        something came from. Bare hosts look like file names."""
        found: dict[str, None] = {}
        before = ""
        for word in _WORD.findall(self._written):
            text = word.rstrip(".!?:")
            is_place = place_kind(text) not in ("", "host") and before not in _SOURCES
            if is_place and len(found) < MAX_NAMED and self.request.states(text):
                found[text] = None
            before = word.casefold()
        return tuple(found)

    def states(self, value: Any) -> bool:
        """Tell whether the request names a value, or a person by the name in the address, in a way that permits any call."""
        return self.request.states(value) or (isinstance(value, str) and self.request.names(value))

    # --- the policy ---------------------------------------------------------------------------------------------------

    def _conditions(self, tool: str) -> Iterator[tuple[Clause, Condition]]:
        """Yield what a call of a tool must meet, also where one condition alone forbids it."""
        for clause in self.rules.clauses_for(tool, self.role):
            if clause.kind is ClauseKind.ALLOW:
                yield from ((clause, condition) for condition in clause.when)
            elif clause.kind is ClauseKind.REQUIRE:
                yield from ((clause, check) for check in clause.checks)
            elif len(clause.when) == 1:
                yield clause, clause.when[0]

    def bounds(self, tool: str, path: ArgumentPath) -> tuple[float, ...]:
        """Return what bounds a number from above, the largest first. Path `()` is the stated volume; limits keep its bounds
        too."""
        wanted = squashed_path(dotted(path))
        found: set[float] = set()
        for clause, condition in self._conditions(tool):
            subject, _, name = condition.subject.partition(":")
            is_of_argument = subject == "argument" and bool(path) and squashed_path(name) == wanted
            if is_of_argument or (subject == "volume" and (not path or is_limit(path))):
                found |= _upper(condition, clause.kind is ClauseKind.DENY)
            elif isinstance(condition.value, ArgumentSchema) and len(path) == 1 and clause.kind is not ClauseKind.DENY:
                found |= _schema_upper(condition.value, path[0])
        return tuple(sorted(found, reverse=True))

    def policy_places(self, tool: str) -> tuple[str, ...]:
        """Destinations without a wildcard that clauses about a tool let it send to."""
        found: dict[str, None] = {}
        for clause, condition in self._conditions(tool):
            is_list = condition.subject in ("destination", "host") and condition.operator is Operator.LIKE
            if is_list and clause.kind is not ClauseKind.DENY:
                found |= dict.fromkeys(p for p in condition.value if not _IS_PATTERN.search(p))
        return tuple(found)[:MAX_NAMED]

    def lets_pass(self, tool: str, place: Destination) -> bool:
        """Tell whether no list of destinations is against a place; true where none speaks of it."""
        for clause, condition in self._conditions(tool):
            if condition.subject not in ("destination", "host"):
                continue
            is_named = any(_is_at(place, pattern) for pattern in condition.value)
            if is_named != ((condition.operator is Operator.LIKE) != (clause.kind is ClauseKind.DENY)):
                return False
        return True

    def choices(self, tool: str, path: ArgumentPath) -> tuple[str, ...]:
        """Return texts that a clause lets an argument have."""
        wanted = squashed_path(dotted(path))
        found: dict[str, None] = {}
        for clause, condition in self._conditions(tool):
            subject, _, name = condition.subject.partition(":")
            if clause.kind is ClauseKind.DENY or subject != "argument" or squashed_path(name) != wanted:
                continue
            values = condition.value if isinstance(condition.value, tuple) else (condition.value,)
            is_list = condition.operator in (Operator.IN, Operator.EQUALS, Operator.LIKE)
            texts = [v for v in values if isinstance(v, str) and "*" not in v and "?" not in v]
            found |= dict.fromkeys(texts if is_list else [])
        return tuple(found)[:MAX_NAMED]

    def schemas(self, tool: str) -> list[ArgumentSchema]:
        """Return the JSON Schemas that the policy has for a tool's arguments, as far as they are read."""
        return [c.value for _, c in self._conditions(tool) if isinstance(c.value, ArgumentSchema)]

    @cached_property
    def granted(self) -> tuple[str, ...]:
        """Tools that a clause grants to the role by name and none forbids outright, in the policy's order."""
        roles = self.rules.roles_of(self.role)
        named = [
            tool
            for clause in self.rules.clauses
            if clause.kind is ClauseKind.ALLOW and not clause.is_complement and clause.is_for(roles)
            for tool in clause.tools
            if "*" not in tool and "?" not in tool
        ]
        return tuple(tool for tool in dict.fromkeys(named) if not self._is_forbidden(tool))

    def may_stand_in(self, new: str, old: str) -> bool:
        """Tell whether the policy grants a tool that does less than another to the same kind of thing, or that a name which the
        policy does not grant only looks like."""
        if new not in self.granted:
            return False
        return is_weaker(new, old) or (old not in self.granted and is_genuine(new, old))

    def _is_forbidden(self, tool: str) -> bool:
        return any(c.kind is ClauseKind.DENY and not c.when for c in self.rules.clauses_for(tool, self.role))

    # --- what may be written ------------------------------------------------------------------------------------------

    def replacements(self, tool: str, path: ArgumentPath, old: str, *, is_destination: bool) -> list[tuple[str, str]]:
        """Return the texts that may stand in place of another, each with `request` or `policy`, the request's first.

        A place that the request names has none.
        """
        if is_destination and old.casefold() in map(str.casefold, self.request_places):
            return []
        if is_destination:
            kind = place_kind(old)
            is_asked = self.request.asks_for(tool)
            by_request = [p for p in self.request_places if is_asked and place_kind(p) == kind]
            by_policy = [p for p in self.policy_places(tool) if place_kind(p) == kind]
            named = dict.fromkeys(by_policy, "policy") | dict.fromkeys(by_request, "request")
            found = [(place, named[place]) for place in dict.fromkeys([*by_request, *by_policy])]
        elif any(not _VOUCHING.isdisjoint(split_words(part)) for part in path if isinstance(part, str)):
            found = []
        else:
            found = [(text, "request") for text in self.choices(tool, path) if self.states(text)]
        return [(text, who) for text, who in found if text.casefold() != old.casefold()]


def place_kind(text: str) -> str:
    """Return what a place looks like: url, address, account, handle or host; empty for anything else, such as a name."""
    return next((kind for kind, pattern in _PLACES.items() if pattern.fullmatch(text)), "")


def _is_at(place: Destination, pattern: str) -> bool:
    own = parse_place("", pattern).text
    return (
        matches(pattern, place.text)
        or own == place.text
        or bool(place.host and matches(pattern.lstrip("@"), place.host))
    )


def _upper(condition: Condition, is_forbidding: bool) -> set[float]:
    """Return the largest number that a condition lets pass, if it bounds from above; one less where it wants less."""
    value = condition.value
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return set()
    if is_forbidding:
        offsets = {Operator.ABOVE: 0, Operator.AT_LEAST: -1}
    else:
        offsets = {Operator.AT_MOST: 0, Operator.BELOW: -1, Operator.EQUALS: 0}
    offset = offsets.get(condition.operator)
    return set() if offset is None or not math.isfinite(value) else {value + offset}


def _schema_upper(schema: ArgumentSchema, name: Any) -> set[float]:
    whole = schema.resolve(schema.data)
    part = schema.resolve(whole.get("properties", {}).get(name)) if isinstance(whole, dict) else None
    return {part["maximum"]} if isinstance(part, dict) and "maximum" in part else set()
