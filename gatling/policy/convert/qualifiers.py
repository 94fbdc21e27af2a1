"""What stands beside the name of a tool: an effect, roles, limits, values, places, an approval, or what nobody reads."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from gatling.policy.clauses import TIME_OPERATORS, Operator
from gatling.policy.language import keys
from gatling.policy.language.amounts import amount_of
from gatling.policy.language.lexicon import Lexicon, role_names
from gatling.policy.language.nature import is_remark
from gatling.policy.language.restrictions import APPROVED, argument_for, currency_rules, is_count, within
from gatling.policy.language.statement import Context, NativeRule
from gatling.policy.language.times import is_time
from gatling.policy.reading.conditions import EXPRESSION, KEYED_OPERATORS, conditions_of, destination_pattern
from gatling.policy.reading.vocabulary import PLACE_WORDS, words_of
from gatling.schema.arguments import is_destination_name
from gatling.schema.words import split_words

_EFFECTS = frozenset(
    "effect decision verdict permission allow allowed enabled action type then access policy rule status".split()
)
_WHEN = frozenset("when if condition conditions where".split())
_MUST = frozenset("require must constraints only_if arguments args parameters params".split())
_QUIET = frozenset("id sid description title comment note reason severity priority name label why rationale".split())
_UPPER = frozenset("max maximum limit limits most cap ceiling upto up budget".split())
_RATES = frozenset("day daily week weekly month monthly hour hourly minute year yearly rate per".split())
_NOT_ARGUMENTS = frozenset(
    "limit limits cap ceiling up to at most upto per call single each value transaction request".split()
)
_CALLS = frozenset("calls call uses invocations times".split())


@dataclass
class Qualified:
    """What was read of the members beside a tool."""

    effect: str = ""
    roles: tuple[str, ...] = ()
    when: dict[str, Any] = field(default_factory=dict)
    rules: list[NativeRule] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)


def qualify(members: dict[str, Any], tools: tuple[str, ...], lexicon: Lexicon, context: Context) -> Qualified:
    """Read the members beside a tool; what is not understood is listed, and a grant with such a part is none."""
    said = Qualified(roles=context.roles)
    for key, value in members.items():
        if keys.names_role(key):
            _roles(said, key, value, context)
    for key, value in members.items():
        words = words_of(key)
        if keys.names_role(key):
            continue
        if key.lower() in _QUIET and isinstance(value, (str, int, float)) and is_remark(str(value), key=key):
            continue
        if key.lower() in _EFFECTS and keys.effect_of_value(value):
            effect = keys.effect_of_value(value)
            said.effect = (
                keys.DENY
                if keys.DENY in (effect, said.effect)
                else keys.ASK
                if keys.ASK in (effect, said.effect)
                else effect
            )
        elif key.lower() in ("disabled", "forbidden", "denied", "blocked") and isinstance(value, bool):
            said.effect = keys.DENY if value else said.effect
        elif key.lower() in ("input_schema", "inputschema") and isinstance(value, dict):
            continue
        elif keys.effect_of_key(key) == keys.ASK:
            _approval(said, key, value, tools, lexicon)
        elif key.lower() in _WHEN:
            _conditions(said, key, value, into=said.when)
        elif key.lower() in _MUST:
            _must(said, key, value, tools, lexicon, context)
        elif (
            is_destination_name(key)
            and all(
                isinstance(v, str) and ("@" in v or "." in v) for v in (value if isinstance(value, list) else [value])
            )
        ) or (words & PLACE_WORDS and (keys.effect_of_key(key) or isinstance(value, list))):
            _places(said, key, value, tools)
        elif (
            words & {"path", "paths", "folder", "folders", "directory", "directories"}
            and keys.effect_of_key(key) != keys.DENY
        ):
            _paths(said, key, value, tools, lexicon)
        else:
            _bound(said, key, value, tools, lexicon)
    return said


def _roles(said: Qualified, key: str, value: Any, context: Context) -> None:
    names = value.split(",") if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(n, str) and n.strip() for n in names) or context.roles:
        said.unread.append(key)
    elif not any(n.strip().lower() in ("*", "all", "everyone", "any") for n in names):
        if any(n.strip()[:1] in "!-" for n in names):
            said.unread.append(key)
            return
        said.roles = tuple(dict.fromkeys(form for n in names for form in role_names(n)))


def _approval(said: Qualified, key: str, value: Any, tools: tuple[str, ...], lexicon: Lexicon) -> None:
    amount = amount_of(value)
    words = words_of(key)
    if value is False:
        return
    if amount is not None and words & {"above", "over", "limit", "threshold", "from"}:
        for tool in tools:
            argument = argument_for(tool, lexicon, is_count(tool) and not amount.currency)
            when = {argument: {">": amount.number}}
            said.rules.append(NativeRule("requirement", (tool,), said.roles, when=when, require=APPROVED))
            said.rules.append(NativeRule("requirement", (tool,), said.roles, require={argument: {"min": 0}}))
            said.rules += currency_rules((tool,), said.roles, amount.currency, lexicon)
        return
    said.rules.append(NativeRule("requirement", tools, said.roles, require=APPROVED))
    if value is not True and not isinstance(value, str):
        said.unread.append(key)


def _conditions(said: Qualified, key: str, value: Any, *, into: dict[str, Any]) -> None:
    """Copy conditions that the native format reads: `amount <= 500`, `{amount: {max: 500}}`."""
    items = value if isinstance(value, list) else [value]
    for item in items:
        if isinstance(item, str) and not EXPRESSION.fullmatch(item):
            said.unread.append(f"{key}: {item}")
            continue
        found = conditions_of(item)
        if not found or any(c.operator is Operator.UNKNOWN or not c.subject.startswith("argument:") for c in found):
            said.unread.append(key)
            continue
        if isinstance(item, dict):
            into.update(item)
        else:
            match = EXPRESSION.fullmatch(item)
            assert match is not None
            name, symbol, _ = match.groups()
            wanted = found[0].value
            into.setdefault(name, {})
            if isinstance(into[name], dict):
                into[name][symbol] = wanted


def _must(said: Qualified, key: str, value: Any, tools: tuple[str, ...], lexicon: Lexicon, context: Context) -> None:
    if isinstance(value, dict):
        inner = qualify(value, tools, lexicon, context)
        said.rules += inner.rules
        said.unread += inner.unread
        if inner.effect or inner.when:
            said.unread.append(key)
        return
    must: dict[str, Any] = {}
    _conditions(said, key, value, into=must)
    if must:
        said.rules.append(NativeRule("requirement", tools, said.roles, require=must))


def _places(said: Qualified, key: str, value: Any, tools: tuple[str, ...]) -> None:
    items = value if isinstance(value, list) else [value]
    if items and all(isinstance(i, str) and destination_pattern(i) and ("." in i or "@" in i) for i in items):
        native = "blocked_domains" if keys.effect_of_key(key) == keys.DENY else "allowed_domains"
        said.rules.append(NativeRule("places", tools, value=items, key=native))
    else:
        said.unread.append(key)


def _paths(said: Qualified, key: str, value: Any, tools: tuple[str, ...], lexicon: Lexicon) -> None:
    items = value if isinstance(value, list) else [value]
    if items and all(isinstance(i, str) and i.startswith(("/", "~/", "./")) and ".." not in i for i in items):
        for tool in tools:
            said.rules.append(
                NativeRule("requirement", (tool,), said.roles, require=within(tuple(items), tool, lexicon))
            )
    else:
        said.unread.append(key)


def is_rate(key: str) -> bool:
    """Tell whether a limit is over time: the guard sees one conversation."""
    words = words_of(key)
    return bool(words & _RATES - {"per"}) or (
        "per" in words and not words & {"call", "transaction", "request", "payment"}
    )


def _bound(said: Qualified, key: str, value: Any, tools: tuple[str, ...], lexicon: Lexicon) -> None:
    """Read a limit or the values of one argument: `max_amount: €450`, `amount: {max: "500"}`, `currency: [EUR]`."""
    words = split_words(key)
    if isinstance(value, str):
        value = re.sub(
            r"^(?:max\.?|maximum|up to|at most|<=|no more than)\s*(?=[\d\u20ac$\u00a3])",
            "",
            value.strip(),
            flags=re.IGNORECASE,
        )
    if is_rate(key) or (is_time(value) and not any(lexicon.parameter(t, frozenset(split_words(key))) for t in tools)):
        said.unread.append(key)
    elif isinstance(value, dict):
        _operators(said, key, value, tools)
    elif isinstance(value, list):
        if value and all(isinstance(v, (str, int, float)) for v in value) and keys.effect_of_key(key) != keys.DENY:
            name = "_".join(w for w in words if w not in ("allowed", "only", "permitted")) or key
            name = _singular_argument(name, tools, lexicon) if keys.effect_of_key(key) else key
            said.rules.append(NativeRule("requirement", tools, said.roles, require={name: {"in": value}}))
        else:
            said.unread.append(key)
    elif set(words) & (_UPPER | {"min", "minimum"}) and amount_of(value) is not None:
        amount = amount_of(value)
        assert amount is not None
        is_lower = bool(set(words) & {"min", "minimum"})
        left = [w for w in words if w not in _UPPER | {"min", "minimum"} | _NOT_ARGUMENTS]
        for tool in tools:
            if set(words) & _CALLS:
                said.unread.append(key)
                return
            argument = "_".join(left) or argument_for(tool, lexicon, is_count(tool) and not amount.currency)
            if left and set(left) <= {"spend", "spending", "payment", "cost", "eur", "usd", "gbp", "euros"}:
                argument = argument_for(tool, lexicon, amount_is_count=False)
            bounds = {"min": amount.number} if is_lower else {"max": amount.number}
            if not is_lower and tool != "*":
                bounds = {"min": 0, **bounds}
            said.rules.append(NativeRule("requirement", (tool,), said.roles, require={argument: bounds}))
            said.rules += currency_rules((tool,), said.roles, amount.currency, lexicon)
    elif (
        amount_of(value) is not None
        and isinstance(value, str) is False
        and key.lower() in ("amount", "records", "rows", "count", "total")
    ):
        bounds = {"min": 0, "max": value}
        said.rules.append(NativeRule("requirement", tools, said.roles, require={key: bounds}))
    else:
        said.unread.append(key)


def _operators(said: Qualified, key: str, value: dict[str, Any], tools: tuple[str, ...]) -> None:
    bounds: dict[str, Any] = {}
    for name, bound in value.items():
        operator = KEYED_OPERATORS.get("_".join(split_words(name)) or name) or KEYED_OPERATORS.get(name)
        amount = amount_of(bound)
        if operator is None or operator in TIME_OPERATORS:
            said.unread.append(f"{key}.{name}")
        elif amount is not None and not amount.currency:
            bounds[name] = amount.number
        elif amount is not None:
            bounds[name] = amount.number
            said.rules += currency_rules(tools, said.roles, amount.currency, Lexicon(()))
        elif isinstance(bound, (str, list)) and bound:
            bounds[name] = bound
        else:
            said.unread.append(f"{key}.{name}")
    if bounds:
        said.rules.append(NativeRule("requirement", tools, said.roles, require={key: bounds}))


def _singular_argument(name: str, tools: tuple[str, ...], lexicon: Lexicon) -> str:
    from gatling.tools.naming import singular

    return singular(name)
