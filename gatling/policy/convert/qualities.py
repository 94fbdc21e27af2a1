"""What a record wants of the arguments of a call, as conditions: bounds, values, places; or that it is not understood.

| key and value | becomes, for the tool's parameter |
| --- | --- |
| `max_cost_usd: 2000`, `up to 40 kg`, `<= 1000`, `(1000..10000]`, `between 12 and 18` | bounds |
| `carriers: [DSV, Maersk]`, `channel: portal` | one of these values |
| `hazardous_goods: never`, `published: false` | a switch |
| `path: kv/dev/*`, `/archive/public` | a place, written plainly |

Each word of a key must be in the name of a parameter or of the tool, or say only how the bound is meant. Whatever else is there
is not understood, and the grant that it qualifies is none.
"""

from __future__ import annotations

import re
from typing import Any

from gatling.policy.language import keys
from gatling.policy.language.amounts import AMOUNT, Amount, amount_of
from gatling.policy.language.arguments import parameter_for, parameter_named, place_of
from gatling.policy.language.lexicon import Lexicon
from gatling.policy.language.matching import words_for
from gatling.policy.language.times import is_time, time_said
from gatling.policy.reading.conditions import KEYED_OPERATORS, RESERVED
from gatling.schema.arguments import is_destination_name
from gatling.schema.words import split_words
from gatling.tools.derive import effect_of

When = dict[str, dict[str, Any]]
NOTHING = frozenset(
    "none any all - \u2013 \u2014 * n/a na unlimited everything everywhere anything unrestricted no_limit no_limits".split()
) | {"", "no limit", "no limits", "no restriction", "no restrictions", "not applicable"}
"""Values that say that nothing is wanted."""
_UPPER = frozenset("max maximum limit limits most cap ceiling upto up below under budget".split())
_LOWER = frozenset("min minimum least from".split())
_ABOVE = frozenset("above over beyond exceeding".split())
_RATES = frozenset(
    "day daily week weekly month monthly hour hourly minute year yearly quarter rate today days_of".split()
) - {"days_of"}
_OBJECTS = frozenset(
    "resource resources object objects path paths target in under prefix key location folder directory scope file files url bucket".split()
)
_N = rf"({AMOUNT})"
_SHAPES: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = tuple(
    (re.compile(expression, re.IGNORECASE), operators)
    for expression, operators in (
        (rf"[\[]\s*{_N}\s*(?:\.\.|,|-|\u2013|to|;)\s*{_N}\s*[\]]", (">=", "<=")),
        (rf"[(\]]\s*{_N}\s*(?:\.\.|,|-|\u2013|to|;)\s*{_N}\s*[\]]", (">", "<=")),
        (rf"[\[]\s*{_N}\s*(?:\.\.|,|-|\u2013|to|;)\s*{_N}\s*[)\[]", (">=", "<")),
        (rf"(?:between|from)\s+{_N}\s+(?:and|to)\s+{_N}", (">=", "<=")),
        (rf"{_N}\s*(?:\.\.|-|\u2013|to|:)\s*{_N}", (">=", "<=")),
        (
            rf"(?:above|over|more than|exceeding|>)\s*{_N}\s*,?\s*(?:and|but)?\s*(?:up to|at most|<=)\s*{_N}",
            (">", "<="),
        ),
        (
            rf"(?:up to(?: and including)?|at most|no more than|not more than|max(?:imum)?\.?(?: of)?|limit(?:ed to)?|not exceeding|not over|"
            rf"not above|<=|=<|\u2264|within)\s*{_N}(?:\s*(?:or less|max))?",
            ("<=",),
        ),
        (rf"{_N}\s*(?:or less|or fewer|or below|max(?:imum)?|at most|tops)", ("<=",)),
        (rf"(?:below|under|less than|fewer than|smaller than|shorter than|<)\s*{_N}", ("<",)),
        (rf"(?:at least|no less than|min(?:imum)?\.?(?: of)?|>=|\u2265|from)\s*{_N}", (">=",)),
        (rf"{_N}\s*(?:or more|and more|and above|upwards|or over)", (">=",)),
        (rf"(?:above|over|more than|greater than|longer than|larger than|exceeding|beyond|>)\s*{_N}", (">",)),
    )
)


def bounds_in(text: str) -> tuple[list[tuple[str, Amount]], str]:
    """Take the bounds out of a text; return them with what is left of it."""
    for pattern, operators in _SHAPES:
        match = re.search(rf"(?<![\w<>=]){pattern.pattern}(?!\w)", text, re.IGNORECASE)
        if match is None:
            continue
        amounts = [amount_of(group) for group in match.groups() if group]
        found = [(operator, amount) for operator, amount in zip(operators, amounts, strict=True) if amount is not None]
        if len(found) != len(operators):
            continue
        currency = next((a.currency for _, a in found if a.currency), "")
        found = [(o, Amount(a.number, a.currency or currency, a.is_size)) for o, a in found]
        return found, f"{text[: match.start()]} {text[match.end() :]}".strip(" ,;")
    return [], text


def currency_in(value: Any) -> str:
    """Return the currency of an amount or of bounds; empty if there is none."""
    amount = amount_of(value)
    if amount is not None:
        return amount.currency
    bounds = bounds_in(value)[0] if isinstance(value, str) else []
    return next((a.currency for _, a in bounds if a.currency), "")


def bounds_for(tool: str, bounds: list[tuple[str, Amount]], words: tuple[str, ...], lexicon: Lexicon) -> When | None:
    """Return bounds as conditions on the parameter of a tool that words beside them, or their unit, mean; None if it is not clear."""
    name = parameter_for(tool, bounds[0][1], words, lexicon)
    if not name:
        return None
    return _bounded(tool, name, bounds, lexicon)


def _bounded(tool: str, name: str, bounds: list[tuple[str, Amount]], lexicon: Lexicon) -> When:
    when: When = {name: {operator: amount.number for operator, amount in bounds}}
    if not any(operator in (">", ">=") for operator, _ in bounds):
        when[name]["min"] = 0
    currency = next((a.currency for _, a in bounds if a.currency), "")
    stated = lexicon.parameter(tool, frozenset(("currency",)))
    if currency and stated and stated != name:
        when[stated] = {"in": [currency]}
    return when


def condition(tool: str, key: str, value: Any, lexicon: Lexicon, *, is_limit: bool = False) -> When | None:
    """Return what one member wants of the calls of a tool; None if that is not understood.

    Args:
        is_limit: it stands under a key that says that bounds follow.
    """
    wanted = _condition(tool, key, value, lexicon, is_limit=is_limit)
    return wanted and {
        f"arguments.{name}" if name.lower() in RESERVED else name: bounds for name, bounds in wanted.items()
    }


def _condition(tool: str, key: str, value: Any, lexicon: Lexicon, *, is_limit: bool) -> When | None:
    text = value.strip() if isinstance(value, str) else value
    if isinstance(text, str) and text.lower() in NOTHING:
        return {}
    if (
        isinstance(text, str)
        and text.lower() in ("read only", "read-only", "readonly")
        and effect_of(tool)[0] == "read"
    ):
        return {}
    if isinstance(text, str) and text.startswith(("http://", "https://")):
        return _url(tool, text, lexicon)
    words = frozenset(split_words(key))
    if (words & _RATES and not _is_parameter(tool, key, lexicon)) or (is_time(value) and not isinstance(value, bool)):
        return None
    if isinstance(value, dict):
        return _operators(tool, key, value, lexicon)
    if words & _OBJECTS and not isinstance(value, bool) and amount_of(value) is None:
        placed = _placed(tool, value, lexicon)
        if placed is not None:
            return placed
    if isinstance(text, str):
        bounds, rest = bounds_in(text)
        if bounds:
            return _keyed_bounds(tool, f"{key} {rest}", bounds, lexicon)
    amount = amount_of(text)
    if amount is not None:
        operator = "<=" if words & _UPPER or is_limit else ">=" if words & _LOWER else ">" if words & _ABOVE else ""
        return _keyed_bounds(tool, key, [(operator, amount)], lexicon) if operator else None
    return _values(tool, key, value, lexicon)


def _url(tool: str, text: str, lexicon: Lexicon) -> When | None:
    """Read the address of a page and of those below it, for the parameter that is one."""
    spec = lexicon.specs.get(tool)
    names = (
        [p.name for p in spec.parameters if {"url", "uri", "link", "href"} & set(split_words(p.name))]
        if spec
        else ["url"]
    )
    if len(names) != 1 or not re.fullmatch(r"https?://[\w.-]+(?::\d+)?(?:/[\w./~*-]*)?", text) or ".." in text:
        return None
    return {names[0]: {"like": [text] if text.endswith("*") else [text, f"{text.rstrip('/')}/*"]}}


def _is_parameter(tool: str, key: str, lexicon: Lexicon) -> bool:
    return parameter_named(tool, key, lexicon) is not None


def _keyed_bounds(tool: str, key: str, bounds: list[tuple[str, Amount]], lexicon: Lexicon) -> When | None:
    if time_said(key):
        return None
    parameter = parameter_named(tool, key, lexicon)
    if parameter is not None and parameter.type in ("number", "integer"):
        return _bounded(tool, parameter.name, bounds, lexicon)
    return bounds_for(tool, bounds, words_for(key), lexicon)


def _operators(tool: str, key: str, value: dict[str, Any], lexicon: Lexicon) -> When | None:
    parameter = parameter_named(tool, key, lexicon)
    name = parameter.name if parameter else "" if tool in lexicon.specs else key
    wanted: dict[str, Any] = {}
    for operator, bound in value.items():
        known = KEYED_OPERATORS.get("_".join(split_words(operator)) or operator)
        amount = amount_of(bound)
        if known is None or not (amount is not None or (isinstance(bound, (str, list)) and bound)):
            return None
        wanted[operator] = amount.number if amount is not None else bound
    return {name: wanted} if name and wanted else None


def _values(tool: str, key: str, value: Any, lexicon: Lexicon) -> When | None:
    """Read values of one parameter: a list of them, one, or a switch."""
    parameter = parameter_named(tool, key, lexicon)
    if parameter is None:
        if tool in lexicon.specs or not isinstance(value, list) or key == "environment":
            return None
        items = value if value and all(isinstance(v, (str, int, float)) for v in value) else None
        return {key: {"in": items}} if items and not words_for(key)[1:] and not is_destination_name(key) else None
    if parameter.type == "boolean" or isinstance(value, bool):
        switch = (
            value if isinstance(value, bool) else {keys.ALLOW: True, keys.DENY: False}.get(keys.effect_of_value(value))
        )
        return {parameter.name: {"equals": switch}} if switch is not None and parameter.type == "boolean" else None
    items = value if isinstance(value, list) else [part for part in re.split(r"\s*[,;|]\s*", str(value)) if part]
    if not items or not all(isinstance(v, (str, int, float)) and not isinstance(v, bool) for v in items):
        return None
    if parameter.type in ("number", "integer"):
        numbers = [amount_of(v) for v in items]
        return None if any(n is None for n in numbers) else {parameter.name: {"in": [n.number for n in numbers if n]}}
    if any(isinstance(v, str) and (len(v.split()) > 2 or keys.effect_of_value(v)) for v in items):
        return None
    if is_destination_name(parameter.name) and any(isinstance(v, str) and re.search(r"[@.]", v) for v in items):
        return None
    if any(isinstance(v, str) and "*" in v for v in items):
        return {parameter.name: {"like": items}}
    return {parameter.name: {"in": items}}


def _placed(tool: str, value: Any, lexicon: Lexicon) -> When | None:
    """Read places: folders, paths, patterns of resources."""
    items = value if isinstance(value, list) else [value]
    name = place_of(tool, lexicon)
    is_path = all(isinstance(i, str) and re.fullmatch(r"[\w./~*{}@:-]+", i) and ".." not in i for i in items)
    if not name or not items or not is_path or not all("/" in i or "*" in i for i in items):
        return None
    if all(set(i) <= {"*", "/"} for i in items):
        return {}
    reads = (
        effect_of(tool)[0] == "read"
    )  # a folder itself may be listed, but not be deleted where only what is in it may be
    below = [
        form
        for item in items
        for form in (
            [item, *([item.removesuffix("/*")] if reads and item.endswith("/*") else [])]
            if "*" in item
            else [item.rstrip("/"), f"{item.rstrip('/')}/*"]
        )
    ]
    return {name: {"like": below}}


def joined(left: When, right: When) -> When | None:
    """Return both conditions at once; None if they say different things of one argument in the same way."""
    result = {name: dict(wanted) for name, wanted in left.items()}
    for name, wanted in right.items():
        for operator, bound in wanted.items():
            if result.setdefault(name, {}).setdefault(operator, bound) != bound:
                return None
    return result
