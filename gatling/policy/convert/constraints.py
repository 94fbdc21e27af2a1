"""What members and short texts beside the name of a tool want of its arguments, composed of classes of words.

| key, value or text | becomes, for the tool's parameter |
| --- | --- |
| `max_lines: 2000`, `size_gb: {at_most: 200}`, `rpm 100..900`, `not more than 4 lessons` | bounds |
| `services: [nginx]`, `only wholesaler: [A, B]`, `agency: Seapix, PolyFoto`, `queues "short" and "long"` | one of these values |
| `path_prefix: [/var/log/]`, `paths: /srv/*`, `email_domains: acme.com` | places, prefixes, endings |
| `never_under: [/audit/]`, `deny_paths`, `namespace: {notIn: [vault]}`, `not the rooms "Aula"` | none of these |
| `cabin = economy and price <= 600` | all of these |

Each word must be a parameter's, the tool's, or of a class that says how the rest is meant. What has another word is not understood.
"""

from __future__ import annotations

import re
from typing import Any

from gatling.policy.convert.qualities import NOTHING, When, bounds_in, condition, joined
from gatling.policy.language import keys
from gatling.policy.language.amounts import amount_of
from gatling.policy.language.arguments import MODIFIERS, parameter_named, place_of
from gatling.policy.language.deeds import root
from gatling.policy.language.lexicon import Lexicon
from gatling.policy.language.matching import words_for
from gatling.policy.reading.conditions import RESERVED, SUBJECTS
from gatling.schema.arguments import is_free_text_name
from gatling.schema.words import split_words
from gatling.tools.spec import Parameter

NEGATIVE = frozenset(
    "never not no deny denied forbidden exclude excluded excludes excluding except blocked block disallowed without none but".split()
)
_POSITIVE = frozenset(
    "only allowed allow permitted may can if in on to under within inside of for from at into be is are the a an with must list these "
    "following either any where when which its and or approved known accepted valid".split()
)
_STARTS = frozenset("prefix prefixes starting starts begins beginning under below startswith".split())
_ENDS = frozenset("suffix suffixes ending ends domain domains endswith".split())
_GENERIC = frozenset(
    "path paths value values name names list parameter field fields numbers address addresses values set sets kind kinds type types".split()
)
_SHORT = {
    "dst": "destination", "dest": "destination", "src": "source", "dport": "port", "amt": "amount", "qty": "quantity", "nr": "number",
    "repos": "repo", "env": "environment", "ns": "namespace", "dir": "directory", "addr": "address",
}  # fmt: skip
_TARGETS = frozenset("destination target to recipient recipients".split())
_TARGETED = frozenset("host hostname url domain recipient destination target to address email".split())
_PER_CALL = re.compile(
    r"\b(?:per|for|in|at|each|every)\s+(?:(?:one|a|each|every|single)\s+)*(?:requests?|orders?|jobs?|calls?|times?|messages?|transactions?|bookings?|"
    r"runs?|cases?|entry|entries|once)\b|\beach time\b|\bat once\b|\bat a time\b",
    re.IGNORECASE,
)
_MORE = re.compile(
    r"(?:longer|more|larger|bigger|higher|greater|above|beyond|everything else|anything else|others?|no others?)\b[^;]*"
    r"\b(?:not|never|no|refused?|forbidden|impossible|stop)\b[^;]*",
    re.IGNORECASE,
)
"""What is beyond the bound that stands before it is not granted anyway."""
_COMPARED = re.compile(r"(?P<key>[A-Za-z][\w .-]*?)\s*(?P<op>==|!=|=|:)\s*(?P<value>[^=<>]+)")
_ELEMENT = re.compile(
    r"(?P<key>[A-Za-z][\w .-]*?)\s+(?P<op>not in|in|is not|is|one of|none of)\s*[(\[{]?(?P<value>[^()\[\]{}=<>]+?)[)\]}]?"
)
_ENDING = re.compile(
    r"(?P<key>[A-Za-z][\w .-]*?)\s+(?:(?:is|are|must be|must|does|do)\s+)?(?P<not>not\s+|never\s+)?(?P<how>ends?|ending|starts?|starting|begins?|beginning)\s+(?:with|in|by)\s+"
    r"(?P<value>[^\s,;]+)",
    re.IGNORECASE,
)
_QUOTED = re.compile(
    r"\"([^\"]+)\"|'([^']+)'|`([^`]+)`|\u201c([^\u201d]+)\u201d|\u201e([^\u201c\u201d]+)[\u201c\u201d]"
)
_RANGE = re.compile(r"(?:from\s+)?(-?\d[\d.,]*)\s*(?:\.\.|to|-|\u2013)\s*(-?\d[\d.,]*)")
_MAX_TEXT = 400

OPERATORS = {
    "max": "<=", "maximum": "<=", "at most": "<=", "<=": "<=", "lte": "<=", "le": "<=", "up to": "<=", "number not above": "<=",
    "not above": "<=", "not more than": "<=", "no more than": "<=", "below or equal": "<=", "limit": "<=", "ceiling": "<=", "cap": "<=",
    "min": ">=", "minimum": ">=", "at least": ">=", ">=": ">=", "gte": ">=", "ge": ">=", "not below": ">=", "from": ">=", "to": "<=",
    "<": "<", "lt": "<", "below": "<", "under": "<", "less than": "<", ">": ">", "gt": ">", "above": ">", "over": ">", "more than": ">",
    "greater than": ">", "exceeds": ">", "equals": "equals", "eq": "equals", "==": "equals", "=": "equals", "is": "equals", "equal": "equals",
    "string equals": "in", "ne": "not_in", "!=": "not_in", "not equals": "not_in", "is not": "not_in", "in": "in", "one of": "in",
    "any of": "in", "allowed": "in", "only": "in", "enum": "in", "values": "in", "not in": "not_in", "none of": "not_in", "not one of": "not_in",
    "not": "not_in", "forbidden": "not_in", "denied": "not_in", "except": "not_in", "excluding": "not_in", "like": "like", "matches": "like",
    "pattern": "like", "glob": "like", "prefix": "prefix", "starts with": "prefix", "not like": "not_like",
}  # fmt: skip
"""Names of operators, as words, with the native ones."""


def operator_of(name: str) -> str:
    """Return the native operator, or `prefix`, that a name means; empty if none."""
    return OPERATORS.get(name.strip().lower(), "") or OPERATORS.get(" ".join(split_words(name)).lower(), "")


def wanted(tool: str, key: str, value: Any, lexicon: Lexicon) -> When | None:
    """Return what a member wants of the calls of a tool whose parameters are known; None if not all of it is understood."""
    if isinstance(value, str) and value.strip().lower() in NOTHING:
        return {}
    items = value if isinstance(value, list) else [value]
    if items and all(isinstance(i, str) and i.strip() and set(i.strip()) <= {"*"} for i in items):
        return {}
    if tool not in lexicon.specs:
        return condition(tool, key, value, lexicon)
    found = _keyed(tool, key, value, lexicon)
    if found is not None:
        return _safe(found)
    return None if NEGATIVE.intersection(split_words(key)) else condition(tool, key, value, lexicon)


def _safe(found: When) -> When:
    return {f"arguments.{name}" if _is_taken(name) else name: bounds for name, bounds in found.items()}


def _is_taken(name: str) -> bool:
    """Tell whether the format has another meaning for the name of a parameter, so that it is written with a prefix."""
    return "." not in name and ("_".join(split_words(name)) in RESERVED or "_".join(split_words(name)) in SUBJECTS)


def _keyed(tool: str, key: str, value: Any, lexicon: Lexicon) -> When | None:
    words = [w.lower() for w in split_words(key) if w.isalnum()]
    words = [part for w in words for part in split_words(_SHORT.get(w, w))]
    is_negative = len(NEGATIVE.intersection(words)) % 2 == 1
    said = frozenset(words)
    rest = [w for w in words if w not in NEGATIVE | _POSITIVE]
    plain = [w for w in rest if w not in _STARTS | _ENDS or parameter_named(tool, w, lexicon)]
    exact = next((p for p in lexicon.specs[tool].parameters if p.name.lower() == key.strip().lower()), None)
    if exact is not None:
        plain = []
    if not plain and exact is None and len(words) == 1 and words[0] in ("from", "to"):
        plain = words
    bounding = [w for w in plain if operator_of(w) in ("<=", ">=", "<", ">") and not parameter_named(tool, w, lexicon)]
    named = [w for w in plain if w not in bounding]
    name = exact or (_parameter(named, tool, lexicon) if named else _only_one(value, tool, lexicon))
    if isinstance(value, dict):
        return None if name is None or bounding else _operated(name, value, tool, is_negative=is_negative)
    items = value if isinstance(value, list) else [value]
    if not items or any(isinstance(i, (dict, list)) or i is None for i in items):
        return None
    if exact is not None:
        is_negative, said = False, frozenset()
    if isinstance(value, str) and name is not None and (_QUOTED.search(value) or bounds_in(value)[0]):
        return None if is_negative or bounding else texts(tool, f"{name.name} {value}", lexicon)
    if name is None:
        return None
    amounts = [amount_of(i) for i in items]
    if bounding:
        if (
            len(items) != 1
            or amounts[0] is None
            or name.type not in ("number", "integer")
            or is_negative
            or amounts[0].currency
        ):
            return None
        operator = operator_of(bounding[0]) if len(bounding) == 1 else operator_of(" ".join(bounding))
        return _bound(name, operator, amounts[0].number) if operator else None
    if isinstance(value, str):
        items = [part for part in re.split(r"\s*[,;|]\s*", value.strip()) if part]
    if said & _ENDS and not parameter_named(tool, "domain", lexicon):
        items = [i if "*" in str(i) else f"*@{str(i).lstrip('@')}" if "." in str(i) else f"*{i}" for i in items]
    return _valued(name, items, is_negative=is_negative, is_prefix=bool(said & _STARTS))


def _only_one(value: Any, tool: str, lexicon: Lexicon) -> Parameter | None:
    """Return the parameter that a value must be of, where its key names none: the only place, the only text, the only number."""
    items = value if isinstance(value, list) else [value]
    parameters = lexicon.specs[tool].parameters
    if all(amount_of(i) is not None and not isinstance(i, bool) for i in items):
        found = [p for p in parameters if p.type in ("number", "integer")]
    elif all(isinstance(i, str) and i.startswith(("/", "~")) for i in items):
        found = [p for p in parameters if p.name == place_of(tool, lexicon)]
    elif all(isinstance(i, str) for i in items):
        found = [
            p
            for p in parameters
            if p.type == "string" and not is_free_text_name(p.name) and "id" not in split_words(p.name)
        ]
    else:
        return None
    return found[0] if len(found) == 1 else None


def _bound(parameter: Parameter, operator: str, number: Any) -> When:
    bounds = {operator: number}
    if operator in ("<=", "<"):
        bounds["min"] = 0  # what does not say how much may be any much
    return {parameter.name: bounds}


def _parameter(words: list[str], tool: str, lexicon: Lexicon) -> Parameter | None:
    """Return the parameter of a tool that words name, or nearly."""
    spec = lexicon.specs.get(tool)
    if spec is None or not words:
        return None
    text = " ".join(words)
    for p in spec.parameters:
        if "_".join(words) == p.name.lower() or [root(w) for w in words] == [root(w) for w in split_words(p.name)]:
            return p
    telling = [w for w in words_for(text) if w not in MODIFIERS]
    found = parameter_named(tool, text, lexicon) if telling else None
    if found is None and len(shorter := [w for w in words if w not in _GENERIC and w not in _ENDS]) < len(words):
        found = parameter_named(tool, " ".join(shorter), lexicon) if shorter else None
    if found is None and _TARGETS.intersection(words):
        near = [p for p in spec.parameters if _TARGETED.intersection(split_words(p.name))]
        found = near[0] if len(near) == 1 and len(words) == 1 else None
    return found


def _operated(parameter: Parameter, value: dict[str, Any], tool: str, *, is_negative: bool) -> When | None:
    """Read `{at_most: 200}`, `{notIn: [..]}`."""
    result: When = {}
    for key, bound in value.items():
        operator = operator_of(key)
        if not operator or is_negative:
            return None
        if operator in ("<=", ">=", "<", ">"):
            amount = amount_of(bound)
            if amount is None or parameter.type not in ("number", "integer") or amount.currency:
                return None
            one: When | None = {parameter.name: {operator: amount.number}}
            if operator in ("<=", "<") and not any(operator_of(k) in (">=", ">") for k in value):
                one = _bound(parameter, operator, amount.number)
        else:
            items = bound if isinstance(bound, list) else [bound]
            if operator in ("in", "not_in") and isinstance(bound, str):
                items = [part.strip() for part in re.split(r"[,;|]", bound) if part.strip()]
            one = _valued(
                parameter, items, is_negative=operator in ("not_in", "not_like"), is_prefix=operator == "prefix"
            )
        both = joined(result, one) if one is not None else None
        if both is None:
            return None
        result = both
    return result or None


def _valued(
    parameter: Parameter, items: list[Any], *, is_negative: bool = False, is_prefix: bool = False
) -> When | None:
    """Return that an argument is one of some values or places, or none of them."""
    if not items or any(isinstance(i, (dict, list)) or i is None for i in items):
        return None
    if parameter.type == "boolean" or any(isinstance(i, bool) for i in items):
        said = (
            items[0]
            if isinstance(items[0], bool)
            else {keys.ALLOW: True, keys.DENY: False}.get(keys.effect_of_value(items[0]))
        )
        if parameter.type != "boolean" or len(items) != 1 or said is None:
            return None
        return {parameter.name: {"equals": said is not is_negative}}
    if parameter.type in ("number", "integer"):
        numbers = [amount_of(i) for i in items]
        if any(n is None or n.currency for n in numbers):
            return None
        return {parameter.name: {"not_in" if is_negative else "in": [n.number for n in numbers if n]}}
    values = [str(i).strip().strip("`") for i in items]
    if any(not v or len(v) > 120 or len(v.split()) > 5 or re.search(r"\.\.|[<>=]", v) for v in values) or any(
        map(_is_phrase, values)
    ):
        return None
    if all(set(v) <= {"*", "/"} for v in values):
        return {} if not is_negative else None
    is_path = any(v.startswith(("/", "~")) for v in values) or (is_prefix and all(v.endswith("/") for v in values))
    forms: list[str] = []
    for value in values:
        if is_prefix and "*" not in value:
            forms.append(f"{value}*")
        elif is_path and "*" not in value:
            folder = value.rstrip("/")
            forms += [folder, f"{folder}/*"]
        else:
            forms.append(value)
            if is_negative and value.endswith("/*"):
                forms.append(value.removesuffix("/*"))
    operator = "like" if any("*" in f for f in forms) else "in"
    return {parameter.name: {f"not_{operator}" if is_negative else operator: forms}}


def _is_phrase(value: str) -> bool:
    """Tell whether a value says more than a name does: a condition, an effect."""
    return bool(
        re.search(
            r"\b(?:only|except|unless|not|never|if|when|but|without|with|until|after|before|ask|other|all|any|every|per|everything)\b",
            value,
            re.IGNORECASE,
        )
    )


def texts(tool: str, text: str, lexicon: Lexicon) -> When | None:
    """Read clauses: `price max 80; agency: Seapix, PolyFoto`; None if not all of them are understood."""
    spec = lexicon.specs.get(tool)
    if spec is None or len(text) > _MAX_TEXT:
        return None
    result: When = {}
    for clause in _clauses(_PER_CALL.sub(" ", text), tool, lexicon):
        one = {} if result and _MORE.fullmatch(clause) else _clause(tool, clause, lexicon)
        both = joined(result, one) if one is not None else None
        if both is None:
            return None
        result = both
    return _safe(result) if result else None


def _clauses(text: str, tool: str, lexicon: Lexicon) -> list[str]:
    """Split a text where another parameter or another bound begins."""
    kept = _QUOTED.sub(
        lambda m: m.group().replace(",", "\x00").replace(";", "\x01").replace(" ", "\x02").replace(".", "\x03"), text
    )
    parts = re.split(r";|\.\s+(?=[A-Z])|\.$", kept)
    found: list[str] = []
    for part in parts:
        last = ""
        for piece in re.split(r"(,\s+|\s+(?:and|&&|with|but)\s+|,(?=\S))", part):
            is_mark = bool(re.fullmatch(r",\s*|\s+(?:and|&&|with|but)\s+", piece))
            if (
                last
                and not is_mark
                and _opens(piece, tool, lexicon)
                and re.search(r"(,\s*|\s+(?:and|&&|with|but)\s+)$", last)
            ):
                found.append(re.sub(r"(?:,\s*|\s+(?:and|&&|with|but)\s+)$", "", last))
                last = piece
            else:
                last += piece
        found.append(last)
    back = (
        p.replace("\x00", ",").replace("\x01", ";").replace("\x02", " ").replace("\x03", ".").strip(" ,.")
        for p in found
    )
    return [p for p in back if p]


def _opens(piece: str, tool: str, lexicon: Lexicon) -> bool:
    """Tell whether a piece begins with a parameter or a bound, so that it says something of its own."""
    said = re.sub(r"^(?:only|not|in|on|the|for|with|to|from|of|but|a|an)\s+", "", piece.strip(), flags=re.IGNORECASE)
    head = re.match(r"[A-Za-z][\w-]*", said)
    if head and _parameter([w.lower() for w in split_words(head.group())], tool, lexicon) is not None:
        return True
    return bool(
        re.match(
            r"(?:up to|at most|no more|not more|no longer|not longer|no higher|max|maximum|more than|over|above|below|under|<|>|not the)\b",
            piece.strip(),
            re.IGNORECASE,
        )
    )


def _clause(tool: str, clause: str, lexicon: Lexicon) -> When | None:
    text = re.sub(r"`([\w.-]+)`", r"\1", clause).strip(" ,.:")
    for pattern in (_COMPARED, _ELEMENT):
        match = pattern.fullmatch(clause.strip(" ,."))
        if match is None:
            continue
        words = [w.lower() for w in split_words(match.group("key")) if w.isalnum() and w.lower() not in _POSITIVE]
        name = _parameter([w for w in words if w not in NEGATIVE], tool, lexicon)
        if name is None or bounds_in(match.group("value"))[0] or _RANGE.fullmatch(match.group("value").strip()):
            continue
        is_negative = match.group("op") in ("!=", "not in", "is not", "none of") or bool(NEGATIVE & set(words))
        return _valued(name, _items(match.group("value")), is_negative=is_negative)
    if match := _ENDING.fullmatch(text):
        words = [w.lower() for w in split_words(match.group("key")) if w.isalnum()]
        name = _parameter([w for w in words if w not in _POSITIVE], tool, lexicon)
        value = match.group("value").strip("\"'`")
        form = f"*{value}" if match.group("how").lower().startswith("end") else f"{value}*"
        return (
            _valued(name, [form], is_negative=bool(match.group("not")))
            if name is not None and not NEGATIVE & set(words)
            else None
        )
    plain = re.sub(
        r"\b(?:no|not) (?:longer|higher|larger|bigger|greater|fewer|more) than\b|\bno more than\b|\bnot over\b",
        "at most",
        text,
        flags=re.IGNORECASE,
    )
    plain = re.sub(r"\bor (?:lower|less|fewer|shorter|smaller)\b", "or less", plain, flags=re.IGNORECASE)
    bounds, rest = bounds_in(plain)
    if bounds:
        return _bounded(tool, bounds, rest, lexicon)
    found = _RANGE.search(plain)
    numbers = [amount_of(g) for g in found.groups()] if found else []
    if found and all(numbers):
        pairs = [(">=", numbers[0]), ("<=", numbers[1])]
        return _bounded(tool, pairs, f"{plain[: found.start()]} {plain[found.end() :]}", lexicon)
    return _listed(tool, clause, lexicon)


_UNITS = frozenset(
    "percent pct degrees degree euros euro eur dollars usd pounds gbp minutes hours days kg gb mb kb pieces items number of".split()
)
_FILLERS = frozenset(
    "the a an of only is are must be for in to with and each one single no stay stays at maximum total own has have most s this may it value amount".split()
)


def _bounded(tool: str, bounds: list[Any], rest: str, lexicon: Lexicon) -> When | None:
    """Return bounds of the parameter that the words beside them name, or of the only number that the tool takes."""
    spec = lexicon.specs[tool]
    words = [w.lower() for w in split_words(rest) if w.isalnum()]
    if any(w in NEGATIVE for w in words):
        return None
    own = set(words_for(tool))
    numbers = [p for p in spec.parameters if p.type in ("number", "integer")]
    telling = [w for w in words if w not in _FILLERS]
    named = _parameter(telling, tool, lexicon) if telling else None
    if named is None:
        left = [w for w in telling if w not in _UNITS and root(w) not in own]
        by_unit = [p for p in numbers if any(root(w) in map(root, split_words(p.name)) for w in telling)]
        if left and not (len(by_unit) == 1 and all(root(w) in map(root, split_words(by_unit[0].name)) for w in left)):
            return None
        chosen = (
            by_unit if len(by_unit) == 1 else numbers if not [w for w in telling if w in _UNITS and by_unit] else []
        )
        named = chosen[0] if len(chosen) == 1 else None
    if named is None or named.type not in ("number", "integer"):
        return None
    result: When = {named.name: {operator: amount.number for operator, amount in bounds}}
    if not any(operator in (">", ">=") for operator, _ in bounds):
        result[named.name]["min"] = 0
    currency = next((a.currency for _, a in bounds if a.currency), "")
    stated = lexicon.parameter(tool, frozenset(("currency",)))
    if currency and stated and stated != named.name:
        result[stated] = {"in": [currency]}
    return result


def _listed(tool: str, clause: str, lexicon: Lexicon) -> When | None:
    """Read a parameter and its values, whatever stands between them: `queues "short" and "long" only`, `not the rooms "Aula"`."""
    spec = lexicon.specs[tool]
    quoted = [next(g for g in m.groups() if g) for m in _QUOTED.finditer(clause)]
    words = list(re.findall(r"[\w#@.*/+-]+", _QUOTED.sub(" ", clause) if quoted else clause))
    lower = [w.lower().strip(".") for w in words]
    is_negative = bool(NEGATIVE.intersection(lower) - {"but"})
    name: Parameter | None = None
    values: list[str] = []
    for i, word in enumerate(lower):
        if word in NEGATIVE | _POSITIVE or word in _FILLERS or not word:
            continue
        parts = [w.lower() for w in split_words(word)]
        hit = _parameter(parts, tool, lexicon) if parts and not values else None
        if hit is not None and (name is None or hit.name == name.name):
            name = hit
        elif name is not None or not quoted:
            values.append(words[i])
        else:
            return None
    if quoted:
        if values:
            return None
        if name is None:
            strings = [p for p in spec.parameters if p.type == "string" and _TARGETED.intersection(split_words(p.name))]
            name = (
                strings[0] if len(strings) == 1 and re.match(r"(?:only )?to\b", clause.strip(), re.IGNORECASE) else None
            )
        return _valued(name, quoted, is_negative=is_negative) if name is not None and name.type == "string" else None
    if name is None or not values or name.type not in ("string", "array"):
        return None
    tail = re.split(rf"(?i)\b{re.escape(words[lower.index(values[0].lower())])}", clause, maxsplit=1)
    said = values[0] + (tail[1] if len(tail) > 1 else "")
    return _valued(name, _items(re.sub(r"\bonly\b", " ", said, flags=re.IGNORECASE)), is_negative=is_negative)


def _items(text: str) -> list[str]:
    quoted = [next(g for g in m.groups() if g) for m in _QUOTED.finditer(text)]
    if quoted and not re.sub(r"\b(?:and|or)\b|[\s,;|/]", "", _QUOTED.sub("", text)):
        return quoted
    parts = re.split(r"\s*(?:,|\||;|\band\b|\bor\b)\s*", text.strip(" ()[]{}.\"'`"))
    if any(re.match(r"(?:the|an?|our|your|their|its|his|her)\s", part, re.IGNORECASE) for part in parts):
        return []  # `in the address book` names no value
    return [part.strip(" \"'`") for part in parts if part.strip(" \"'`")]
