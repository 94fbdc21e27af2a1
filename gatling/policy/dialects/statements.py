"""Access-management statements: Effect, Action or NotAction, Resource or NotResource, Condition.

As access management of the large clouds reads them: names without regard to case, `*` and `?` as wildcards, a Deny that
matches wins. `s3:GetObject` also names the tool `s3_get_object`. Condition keys name arguments: `gatling:limit`, `s3:max-keys`
and `limit` all mean the part behind the last colon; `aws:PrincipalTag/x` and other session keys are not read.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import Any

from gatling.policy.clauses import Clause, ClauseKind, Condition, Operator, Unrecognised
from gatling.policy.reading.reader import Dialect, Reader, RulePosition
from gatling.policy.reading.rule_objects import read_rules
from gatling.policy.source import DataPath

_OPERATORS = {
    "stringequals": Operator.IN,
    "stringnotequals": Operator.NOT_IN,
    "stringequalsignorecase": Operator.IN,
    "stringlike": Operator.LIKE,
    "stringnotlike": Operator.NOT_LIKE,
    "arnlike": Operator.LIKE,
    "arnequals": Operator.LIKE,
    "numericequals": Operator.EQUALS,
    "numericnotequals": Operator.DIFFERS,
    "numericlessthan": Operator.BELOW,
    "numericlessthanequals": Operator.AT_MOST,
    "numericgreaterthan": Operator.ABOVE,
    "numericgreaterthanequals": Operator.AT_LEAST,
    "bool": Operator.EQUALS,
}
_SPECIAL = {"scopevolume": "volume", "provenancetier": "tier", "scopesensitivity": "sensitivity"}
_TEXT = {"description": "text", "type": "string"}
_NAMES = {"description": "a name or a list of names", "type": ["string", "array"], "items": _TEXT}
_STATEMENT = {
    "description": "a statement with Effect, Action and Resource",
    "type": "object",
    "required": ["Effect"],
    "properties": {
        "Sid": _TEXT,
        "Effect": {"description": "Allow or Deny", "enum": ["Allow", "Deny"]},
        **dict.fromkeys(("Action", "NotAction", "Resource", "NotResource"), _NAMES),
        "Principal": {"description": "*", "enum": ["*", {"AWS": "*"}]},
        "Condition": {"description": "operators, each with keys and values", "type": "object"},
    },
    "additionalProperties": False,
}
_STATEMENTS = {
    "description": "a list of statements",
    "anyOf": [_STATEMENT, {"type": "array", "description": "a list of statements", "items": _STATEMENT}],
}
_SPACES = re.compile(r"[\s,;|]")
_SESSION_PREFIXES = ("aws:", "iam:", "sts:", "saml:", "cognito-identity.")
_READ = frozenset("effect action notaction resource notresource condition sid principal id description".split())


class StatementsDialect(Dialect):
    """A list under a key that says `statement`, and statements wherever rules stand."""

    name = "statements"
    summary = "access-management statements: Effect, Action, Resource, Condition"
    format = "iam"
    members = MappingProxyType({"Statement": _STATEMENTS, "Version": _TEXT, "Id": _TEXT})
    role_members = MappingProxyType({"Statement": _STATEMENTS})

    def is_member(self, words: frozenset[str], value: Any) -> bool:
        return not words.isdisjoint(("statement", "statements")) and isinstance(value, (dict, list))

    def read_member(self, reader: Reader, key: str, value: Any, place: RulePosition) -> None:
        read_rules(reader, value if isinstance(value, list) else [value], place)

    def is_rule(self, value: dict[str, Any], *, is_listed: bool) -> bool:
        return is_statement(value) and (not is_listed or "Effect" in value or "Action" in value)

    def read_rule(self, reader: Reader, value: dict[str, Any], place: RulePosition) -> None:
        clause, problems = read_statement(value, place.path, place.roles)
        for problem in problems:
            reader.skip(problem.path, problem.reason)
        if clause is not None and clause.kind is ClauseKind.ALLOW and not place.may_grant:
            reader.skip(place.path, "grants below a key that is not known grant nothing")
        elif clause is not None:
            reader.add(clause)


def is_statement(value: Any) -> bool:
    """Tell whether a mapping looks like a statement: an effect, and actions."""
    if not isinstance(value, dict):
        return False
    keys = {key.lower() for key in value}
    return "effect" in keys and bool(keys & {"action", "notaction"})


def read_statement(
    value: dict[str, Any], path: DataPath, roles: tuple[str, ...]
) -> tuple[Clause | None, list[Unrecognised]]:
    """Return the clause of a statement, and what of it is not read; no clause if its effect or actions are not."""
    lower = {key.lower(): (key, item) for key, item in value.items()}
    if (
        len(lower) < len(value)
        or {"action", "notaction"} <= lower.keys()
        or {"resource", "notresource"} <= lower.keys()
    ):
        return None, [Unrecognised(path, "a statement that says one thing twice")]
    problems = [
        Unrecognised((*path, key), "not a part of a statement that is read")
        for low, (key, _) in lower.items()
        if low not in _READ
    ]

    def patterns(name: str) -> tuple[str, ...] | None:
        item = lower[name][1] if name in lower else None
        items = [item] if isinstance(item, str) else item
        if isinstance(items, list) and items and all(isinstance(i, str) and not _SPACES.search(i) for i in items):
            return tuple(items)
        return None

    kind = {"allow": ClauseKind.ALLOW, "deny": ClauseKind.DENY}.get(str(lower["effect"][1]).strip().lower())
    name = "notaction" if "notaction" in lower else "action"
    tools = patterns(name)
    if kind is None or tools is None:
        return None, [*problems, Unrecognised(path, "a statement without a known effect or a list of actions")]
    conditions: list[Condition] = []
    for key, operator in (("resource", Operator.LIKE), ("notresource", Operator.NOT_LIKE)):
        if key in lower:
            resources = patterns(key)
            if resources is None:
                conditions.append(Condition("resource", Operator.UNKNOWN, f"{lower[key][0]} is not a list of patterns"))
            elif resources != ("*",) or key == "notresource":
                conditions.append(Condition("resource", operator, resources))
    principal = lower.get("principal", ("", "*"))[1]
    if principal not in ("*", {"AWS": "*"}):
        conditions.append(Condition("session", Operator.UNKNOWN, "a statement for certain principals is not read"))
    if "condition" in lower:
        conditions += _conditions(lower["condition"][1])
    clause = Clause(
        kind, tools, path, "statements", roles, tuple(conditions), is_complement=name == "notaction", is_squashed=True
    )
    return clause, problems


def _conditions(block: Any) -> list[Condition]:
    if not isinstance(block, dict):
        return [Condition("argument", Operator.UNKNOWN, "Condition is not a mapping")]
    found = []
    for name, tests in block.items():
        operator = _OPERATORS.get(name.lower().removesuffix("ifexists"))
        for key, wanted in tests.items() if isinstance(tests, dict) else [(name, tests)]:
            found.append(_condition(name, operator, key, wanted))
    return found


def _condition(name: str, operator: Operator | None, key: str, wanted: Any) -> Condition:
    argument = key.rsplit(":", 1)[-1]
    is_of_session = key.lower().startswith(_SESSION_PREFIXES)
    if operator is None or "/" in key or is_of_session or name.lower().endswith("ifexists"):
        return Condition("argument", Operator.UNKNOWN, f"the condition {name} on {key} is not read")
    subject = _SPECIAL.get(argument.lower().replace("_", ""), f"argument:{argument}")
    items = wanted if isinstance(wanted, list) else [wanted]
    if operator in (Operator.IN, Operator.NOT_IN, Operator.LIKE, Operator.NOT_LIKE):
        if all(isinstance(item, str) for item in items) and items:
            return Condition(subject, operator, tuple(items))
    elif name.lower() == "bool":
        value = {"true": True, "false": False}.get(str(wanted).lower())
        if value is not None:
            return Condition(subject, operator, value)
    elif len(items) == 1:
        try:
            number = float(items[0])
        except (TypeError, ValueError, OverflowError):
            number = float("nan")
        if number == number and abs(number) != float("inf"):
            return Condition(subject, operator, int(number) if number.is_integer() else number)
    return Condition("argument", Operator.UNKNOWN, f"the condition {name} on {key} is not read")
