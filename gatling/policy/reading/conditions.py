"""Conditions on calls: mappings of subjects to what they must be, and expressions such as `amount <= 500`."""

from __future__ import annotations

import re
from typing import Any

from gatling.policy.clauses import ORDER_OPERATORS, TIME_OPERATORS, Condition, Operator
from gatling.policy.formulas import formula_of
from gatling.policy.reading.vocabulary import is_prose
from gatling.policy.times import days_of, hours_of
from gatling.schema.hosts import network_of
from gatling.schema.words import split_words

TRUST = {
    "internal": 1, "system": 1, "user": 1, "partner": 2, "signed": 2, "verified": 2, "trusted": 2,
    "public": 3, "untrusted": 3, "external": 3, "any": 3,
}  # fmt: skip


EXPRESSION = re.compile(r"\s*([\w.]{1,200})\s*(<=|>=|==|!=|<|>)\s*('[^']{0,200}'|\"[^\"]{0,200}\"|[\w.+-]{1,200})\s*")


SUBJECTS = {
    "tier": "tier", "provenance_tier": "tier", "max_tier": "tier", "provenance": "tier",
    "volume": "volume", "scope_volume": "volume",
    "sensitivity": "sensitivity", "scope_sensitivity": "sensitivity",
    "destination": "destination", "destinations": "destination",
}  # fmt: skip


KEYED_OPERATORS = {
    "max": Operator.AT_MOST, "maximum": Operator.AT_MOST, "at_most": Operator.AT_MOST, "<=": Operator.AT_MOST,
    "lte": Operator.AT_MOST, "le": Operator.AT_MOST, "min": Operator.AT_LEAST, "minimum": Operator.AT_LEAST,
    "at_least": Operator.AT_LEAST, ">=": Operator.AT_LEAST, "gte": Operator.AT_LEAST, "ge": Operator.AT_LEAST,
    "<": Operator.BELOW, "lt": Operator.BELOW, ">": Operator.ABOVE, "gt": Operator.ABOVE,
    "equals": Operator.EQUALS, "eq": Operator.EQUALS, "==": Operator.EQUALS, "is": Operator.EQUALS,
    "not_equals": Operator.DIFFERS, "ne": Operator.DIFFERS, "!=": Operator.DIFFERS,
    "in": Operator.IN, "one_of": Operator.IN, "allowed": Operator.IN, "any_of": Operator.IN, "enum": Operator.IN,
    "not_in": Operator.NOT_IN, "none_of": Operator.NOT_IN, "forbidden": Operator.NOT_IN, "denied": Operator.NOT_IN,
    "like": Operator.LIKE, "matches": Operator.LIKE, "pattern": Operator.LIKE, "glob": Operator.LIKE,
    "not_like": Operator.NOT_LIKE, "hours": Operator.HOURS, "days": Operator.DAYS,
}  # fmt: skip


SYMBOLS = {o.value: o for o in (*ORDER_OPERATORS, Operator.EQUALS, Operator.DIFFERS)}


RESERVED = frozenset(
    "any all or and not none field op operator value values role user_role tool tool_name argument subject key action "
    "principal regex expression".split()
)


def conditions_of(value: Any) -> list[Condition]:
    """Read a mapping of subjects to what they must be, an expression such as `amount <= 500`, or a list of either."""
    if isinstance(value, str):
        formula = formula_of(value)
        if formula is not None:
            return [Condition("formula", Operator.HOLDS, formula)]
        match = EXPRESSION.fullmatch(value)
        if not match:
            return [Condition("prose" if is_prose(value) else "unread", Operator.UNKNOWN, value)]
        name, symbol, wanted = match.groups()
        return [_condition(name, SYMBOLS[symbol], _literal(wanted))]
    if isinstance(value, list):
        return [c for item in value for c in conditions_of(item)]
    if not isinstance(value, dict):
        return [Condition("unread", Operator.UNKNOWN, f"{value!r} is not a condition")]
    found = []
    for name, wanted in value.items():
        words = split_words(name)
        if "_".join(words) in RESERVED:
            hint = f"; an argument of that name is written arguments.{name}"
            found.append(Condition("unread", Operator.UNKNOWN, f"conditions with {name} are not read{hint}"))
            continue
        if isinstance(wanted, dict) and wanted:
            for key, bound in wanted.items():
                operator = KEYED_OPERATORS.get("_".join(split_words(key)) or key)
                found.append(
                    _condition(name, operator, bound)
                    if operator
                    else Condition("unread", Operator.UNKNOWN, f"the operator {key} on {name} is not read")
                )
        elif len(words) > 1 and words[0] in ("max", "min", "maximum", "minimum") and name not in SUBJECTS:
            operator = Operator.AT_MOST if words[0].startswith("max") else Operator.AT_LEAST
            found.append(_condition("_".join(words[1:]), operator, wanted))
        elif name == "max_tier":
            found.append(_condition("tier", Operator.AT_MOST, wanted))
        else:
            found.append(_condition(name, Operator.IN if isinstance(wanted, list) else Operator.EQUALS, wanted))
    return found


def facts(test: object) -> tuple[Condition, ...]:
    """Return what `age >= 18` or `{age: {min: 18}}` wants of the session, where no tool is named that could have the argument."""
    return tuple(
        Condition(f"fact:{c.subject.removeprefix('argument:')}", c.operator, c.value)
        if c.subject.startswith("argument:")
        else c
        for c in conditions_of(test)
    )


def is_condition(value: Any) -> bool:
    """Tell whether a value is written as conditions are: a mapping, or an expression."""
    return isinstance(value, dict) or (
        isinstance(value, str) and (EXPRESSION.fullmatch(value) is not None or formula_of(value) is not None)
    )


def _literal(text: str) -> Any:
    if text[0] in "'\"":
        return text[1:-1]
    if text in ("true", "false"):
        return text == "true"
    try:
        return int(text)
    except ValueError:
        try:
            return float(text) if any(c.isdigit() for c in text) else text
        except ValueError:
            return text


_ARGUMENT_PREFIXES = ("arguments.", "args.", "argument:", "parameters.")


def _condition(name: str, operator: Operator, wanted: Any) -> Condition:
    plain = next((name.removeprefix(p) for p in _ARGUMENT_PREFIXES if name.startswith(p)), name)
    said = "_".join(split_words(plain))
    is_argument = plain != name and (said in RESERVED or said in SUBJECTS)  # what the prefix is needed for
    name = plain
    subject = f"argument:{name}" if is_argument else SUBJECTS.get("_".join(split_words(name)))
    if name.lower() in RESERVED and not is_argument:
        return Condition("unread", Operator.UNKNOWN, f"conditions on {name} are not read")
    if subject is None:
        subject = name if name.startswith("session:") else f"argument:{name}"
        if name.startswith(("session.", "session_context.", "user.")):
            subject = "session:" + name.split(".", 1)[1]
    if subject == "tier":
        wanted = trust_tier(wanted)
        if operator is Operator.EQUALS and wanted == 1:
            operator = Operator.AT_MOST  # the most trusted
        if wanted is None:
            return Condition("unread", Operator.UNKNOWN, f"{name} names no tier")
    if subject == "destination" and operator in ORDER_OPERATORS:
        subject = f"argument:{name}"  # how many there are
    if subject == "destination":
        operator = {Operator.IN: Operator.LIKE, Operator.EQUALS: Operator.LIKE, Operator.NOT_IN: Operator.NOT_LIKE}.get(
            operator, operator
        )
    if operator in TIME_OPERATORS:
        spans = tuple(wanted) if isinstance(wanted, list) else (wanted,)
        is_text = all(isinstance(span, str) for span in spans) and subject.startswith(("argument:", "session:"))
        if is_text and (hours_of(spans) if operator is Operator.HOURS else days_of(spans)):
            return Condition(subject, operator, spans)
        of = "hours such as 08:00-17:30" if operator is Operator.HOURS else "days such as mon-fri"
        return Condition("unread", Operator.UNKNOWN, f"{name}: {wanted!r} is not read; wanted {of}")
    if operator in (Operator.IN, Operator.NOT_IN, Operator.LIKE, Operator.NOT_LIKE):
        items: list[Any] = wanted if isinstance(wanted, list) else [wanted]
        if subject == "destination":
            items = [network_of(item) or item if isinstance(item, str) else item for item in items]
        if operator in (Operator.LIKE, Operator.NOT_LIKE) and any(_is_regex(item) for item in items):
            return Condition(
                "unread", Operator.UNKNOWN, f"{name} {operator} {wanted!r}: a regular expression is not read"
            )
        if subject == "destination":
            items = [destination_pattern(item) if isinstance(item, str) and "." in item else None for item in items]
        is_plain = all(isinstance(i, str) for i in items) if "LIKE" in operator.name else not _has_nested(items)
        if items and is_plain:
            return Condition(subject, operator, tuple(items))
    elif operator in ORDER_OPERATORS:
        if isinstance(wanted, (int, float)) and not isinstance(wanted, bool):
            return Condition(subject, operator, wanted)
    elif not isinstance(wanted, (dict, list)) and wanted is not None:
        return Condition(subject, operator, wanted)
    return Condition("unread", Operator.UNKNOWN, f"{name} {operator} {wanted!r} is not read")


def _is_regex(item: Any) -> bool:
    return isinstance(item, str) and re.search(r"[\\^$+()|\[\]{}]|\.\*", item) is not None


def _has_nested(items: list[Any]) -> bool:
    return any(isinstance(item, (dict, list)) for item in items)


def trust_tier(value: Any) -> int | None:
    """Return the tier that a number or a word such as `internal` stands for; None if it is neither."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if 1 <= value <= 3 else None
    if isinstance(value, str):
        words = split_words(value)
        found = [TRUST[w] for w in words if w in TRUST]
        if found and all(w in TRUST or w in ("only", "source", "sources", "or", "tier") for w in words):
            return min(found)
    return None


def destination_pattern(text: str) -> str | None:
    """Return a pattern in the form that is compared: lower case, no scheme, path, port or final dot; None if it is none.

    A network of machines, `10.20.0.0/16` or `10.20.*`, is written with its length.
    """
    network = network_of(text)
    if network:
        return network
    pattern = re.sub(r"^[a-z][a-z0-9+.-]*://", "", text.strip().lower())
    pattern = re.sub(r"(:\d+)?(/\*?)?$", "", pattern).rstrip(".")
    if pattern.startswith("."):
        pattern = "*" + pattern
    return pattern if pattern and pattern.isascii() and not re.search(r"[\s,;/:]", pattern) else None
