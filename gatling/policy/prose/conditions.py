"""Sentences about who somebody is, or in which state a thing is.

    Users under 18 cannot book a hotel.
    An order can only be cancelled if its status is 'pending'.

They become a phrase, what it is about, and conditions on facts of the session or on the record that a call names. A fact is a field of
the session at whatever depth (`user_profile.age`); a record is an object of the session that has a field of the call's, of the same
name and value (`order_id`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from gatling.policy.clauses import Condition, Operator
from gatling.policy.reading.conditions import EXPRESSION, facts

_PEOPLE = r"(?:users?|customers?|clients?|guests?|persons?|people|anyone|anybody|someone|visitors?|players?|travell?ers?|patients?|applicants?)"
_CANNOT = (
    r"(?:cannot|can't|can not|could not|may not|may never|must not|must never|shall not|can never|(?:is|are) (?:not|never) (?:allowed|permitted) to|"
    r"(?:is|are) (?:forbidden|prohibited|barred) (?:to|from))"
)
_YEARS = r"(?:[ -]years?)?(?:[ -]old|[ -]of[ -]age)?"
_ARTICLE = r"(?:(?:an?|the|any|valid|their|his|her|own) )*"
_NAME = r"[a-z][\w' -]{1,38}?[a-z]"
_EXPRESSION = EXPRESSION.pattern

_TOO_YOUNG = re.compile(
    rf"(?:an? |any |no )?{_PEOPLE} (?:(?:who|that) (?:is|are) |aged |of age |age )*(?P<side>under|below|younger than|over|above|older than) (?:the age of )?"
    rf"(?P<age>\d{{1,3}}){_YEARS} {_CANNOT} (?P<what>.+)"
)
_OLD_ENOUGH = re.compile(
    rf"(?:an? |any |all |the )?{_PEOPLE} (?:must|has to|have to|need to|needs to) be (?:at least |over |aged )?(?P<age>\d{{1,3}}){_YEARS}"
    rf"(?: or (?:older|over|above|more))? to (?P<what>.+)"
)
_MINORS = re.compile(rf"minors {_CANNOT} (?P<what>.+)")
_UNFIT = re.compile(rf"(?:an? |any )?(?:un|non-?)(?P<fact>[a-z]{{4,30}}) {_PEOPLE} {_CANNOT} (?P<what>.+)")
_WITHOUT = re.compile(
    rf"(?:an? |any )?{_PEOPLE} (?:without|who (?:have|has) no|who lacks?) {_ARTICLE}(?P<fact>{_NAME}) {_CANNOT} (?P<what>.+)"
)
_MUST_HAVE = re.compile(
    rf"(?:an? |any |all |the )?{_PEOPLE} must (?:be|have|hold|own) {_ARTICLE}(?P<fact>{_NAME}) to (?P<what>.+)"
)
_ONLY_WITH = re.compile(
    rf"only {_PEOPLE} (?:with|who (?:have|has|hold|own|are)|having|holding) {_ARTICLE}(?P<fact>{_NAME}) (?:may|can|are allowed to|are permitted to) (?P<what>.+)"
)
_REQUIRES = re.compile(
    rf"(?:(?P<what>.+?) )?(?:requires?|needs?|is only allowed if|are only allowed if|only if|is allowed only if) (?P<test>{_EXPRESSION})"
)
_TAIL = r"(?:,? (?:and|so|but) (?:you|the agent|this|it) .+)?"
_VALUES = r"(?P<values>['\"\u2018\u201c]?\w[\w -]{0,40}['\"\u2019\u201d]?(?:(?:,| or|, or) ['\"\u2018\u201c]?\w[\w -]{0,40}['\"\u2019\u201d]?){0,8})"
_STATE = re.compile(
    rf"(?:an? |the |any |no )?(?P<thing>[a-z]+) (?:(?:can|may) only|(?:can|may|must) (?:be )?only|(?:can|may)) be (?P<verb>[a-z]+)(?P<only> only)? (?:if|when|while) "
    rf"(?:its|their|the(?: [a-z]+'s)?) (?P<field>[a-z]+) (?:is|are) (?:still )?{_VALUES}{_TAIL}"
)
_STATED = re.compile(rf"only (?P<verb>[a-z]+) (?P<thing>[a-z]+) (?:that|which) (?:is|are) (?:still )?{_VALUES}{_TAIL}")
_QUOTES = "'\"\u2018\u2019\u201c\u201d "


@dataclass(frozen=True, slots=True)
class Conditional:
    """What a sentence wants of the calls that are about a phrase."""

    what: str
    checks: tuple[Condition, ...]
    verbs: tuple[str, ...] = ()
    """What is done to the thing, in the forms that a tool's name may have; empty where `what` is a phrase of its own."""
    thing: str = ""


def conditional_of(sentence: str) -> Conditional | None:
    """Return a sentence as a condition on facts or records; None for one of no such form."""
    text = " ".join(sentence.replace("\u2019", "'").split()).rstrip(".! ").lower()
    for pattern in (_TOO_YOUNG, _OLD_ENOUGH, _MINORS):
        if match := pattern.fullmatch(text):
            said = match.groupdict()
            is_upper = (said.get("side") or "") in ("over", "above", "older than")
            age = int(said.get("age") or 18)
            operator = Operator.AT_MOST if is_upper else Operator.AT_LEAST
            return Conditional(said["what"], (Condition("fact:age", operator, age),))
    for pattern in (_UNFIT, _WITHOUT, _MUST_HAVE, _ONLY_WITH):
        if match := pattern.fullmatch(text):
            fact = match.group("fact").strip()
            return Conditional(match.group("what"), (Condition(f"fact:{fact}", Operator.EQUALS, True),))
    for pattern in (_STATE, _STATED):
        if (match := pattern.fullmatch(text)) and (
            "only" in match.group().split()[:8] or match.groupdict().get("only")
        ):
            said = match.groupdict()
            values = tuple(v.strip(_QUOTES) for v in re.split(r",\s*or |,| or ", said["values"]) if v.strip(_QUOTES))
            field = said.get("field") or "status"
            check = Condition(f"record:{field}", Operator.IN, values)
            return Conditional(f"{said['verb']} {said['thing']}", (check,), _bases(said["verb"]), said["thing"])
    match = _REQUIRES.fullmatch(" ".join(sentence.split()).rstrip(". "))
    if match:
        return Conditional(match.group("what") or "", facts(match.group("test")))
    return None


def _bases(verb: str) -> tuple[str, ...]:
    """Return what a participle may be of: `modified` of `modify`, `cancelled` of `cancel`, `returned` of `return`."""
    found = [verb, verb.removesuffix("d"), verb.removesuffix("ed"), f"{verb.removesuffix('ied')}y"]
    stripped = verb.removesuffix("ed")
    if len(stripped) > 3 and stripped[-1] == stripped[-2]:
        found.append(stripped[:-1])
    return tuple(dict.fromkeys(found))
