"""From policy data to a rulebook: the explicit rules of every dialect that is read.

What restricts counts wherever it stands; what grants counts only where it is clear whom and what it grants. So the walk goes
through every mapping, but below a key that it does not know it takes denials and requirements only and reports the rest.

Known keys, by their words, in any case and with any separators:

    allow lists       `allowed_operations`, `permitted tools`, `allowlist`, ...: names, patterns, or objects with conditions
    deny lists        `forbidden_operations`, `blockedActions`, `denylist`, ...
    limits            `scope_limits`, `limits`, `quotas`: {"tool.argument": n}, {"tool": {"argument": n}}, {"max_records": n}
    roles             {role: a policy of its own}, `inherits` inside
    destinations      `allowed_domains`, `blocked_recipients`, ...: hosts, addresses, patterns; a list, or by tool
    provenance        `provenance_requirements`, `max_tier`, `trusted_sources_only`
    sensitivity       `max_sensitivity`
    requests          `explicit_request_required`
    order             `requires_before`, `prerequisites`: {tool: tools that must come before it}
    scopes            `granted_scopes` and `required_scopes`, here or in a role
    statements        access management, see `statements`
    tool entries      `tools`: {name: {"input_schema": JSON Schema, limits, conditions}}
    rules             a list of objects: a sentence with `applies_to`, or an effect, operations and conditions
    default           allow or deny
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from gatling.policy.argument_schema import unknown_keywords
from gatling.policy.rules import ORDER_OPERATORS, Clause, ClauseKind, Condition, Operator, Rulebook, Unrecognised
from gatling.policy.source import DataPath, PolicySource
from gatling.policy.statements import is_statement, read_statement
from gatling.policy.tree import Effect, effect_of_key
from gatling.schema.plain import check_plain
from gatling.schema.words import split_words

_TOOL_WORDS = frozenset(
    "operation operations tool tools action actions function functions call calls method methods api apis command commands "
    "capability capabilities permission permissions endpoint endpoints".split()
)
_LIST_WORDS = frozenset("list allowlist denylist blocklist blacklist whitelist".split())
_PLACE_WORDS = frozenset(
    "domain domains destination destinations recipient recipients host hosts url urls address addresses site sites email "
    "emails endpoint egress outbound".split()
)
_LIMIT_WORDS = frozenset(
    "limit limits quota quotas cap caps ceiling ceilings bound bounds threshold thresholds".split()
)
_VOLUME_WORDS = frozenset(
    "limit limits max maximum rows records results items volume files entries count size page n top k num number".split()
)
_EXCEPT_WORDS = frozenset("except excepting excluding unless without but other than".split())
_MODAL_WORDS = frozenset(
    "never not only must cannot may no except unless without always forbidden prohibited denied banned allowed permitted "
    "required requires needs approval".split()
)
_ABOUT = frozenset(
    "company language environment status jurisdiction license licence created modified changelog timezone purpose locale "
    "version description title name id sid comment comments note notes owner author date effective updated review tags "
    "metadata meta domain organization organisation department contact contacts reviewed approved by classification "
    "revision last url schema policy".split()
)
_CONTAINERS = frozenset(
    "policy access control controls permissions permission rules rule authorization authorisation security governance settings "
    "guardrails constraints restrictions operations tools scope config spec general global common defaults".split()
)
_TRUST = {
    "internal": 1, "system": 1, "user": 1, "partner": 2, "signed": 2, "verified": 2, "trusted": 2,
    "public": 3, "untrusted": 3, "external": 3, "any": 3,
}  # fmt: skip
_EXPRESSION = re.compile(r"\s*([\w.]{1,200})\s*(<=|>=|==|!=|<|>)\s*('[^']{0,200}'|\"[^\"]{0,200}\"|[\w.+-]{1,200})\s*")


@lru_cache(maxsize=16_384)
def _words(key: str) -> frozenset[str]:
    return frozenset(split_words(key))


_FALLING = (Operator.AT_MOST, Operator.BELOW)
_RISING = (Operator.AT_LEAST, Operator.ABOVE)


def _only_more_trust(conditions: tuple[Condition, ...], operators: tuple[Operator, ...]) -> tuple[Condition, ...]:
    """Leave undecided what would make less trust an advantage: a grant only for tier 3, a denial only for tier 1."""
    return tuple(
        Condition("prose", Operator.UNKNOWN, f"{c}: asks for less trust")
        if c.subject.startswith("tier") and c.operator not in (*operators, Operator.UNKNOWN)
        else c
        for c in conditions
    )


_LENIENT_NOT = frozenset(("dont", "cannot", "cant", "mustnt"))
_EFFECT_WORDS = frozenset(
    "allow allowed allows allowlist permit permitted permits whitelist grant granted grants authorized authorised approved "
    "accept accepted deny denied denies denylist forbid forbidden forbids block blocked blocklist blacklist prohibit prohibited "
    "disallow disallowed restricted banned never call not".split()
)
_ALL = frozenset(("all", "any", "everything", "everyone", "anyone", "everybody"))
_NOT_A_NAME = re.compile(r"[\s,|{}\[\]()^$\\!]")


@lru_cache(maxsize=16_384)
def _effect(key: str) -> Effect:
    """Return the effect that a key or a word states, negations such as `dont` included."""
    effect = effect_of_key(key)
    if effect is Effect.ALLOW and _words(key) & _LENIENT_NOT:
        return Effect.DENY
    if effect is Effect.NONE and _words(key) & {
        "block",
        "blocks",
        "ban",
        "bans",
        "prohibits",
        "disallows",
        "rejects",
        "stop",
    }:
        return Effect.DENY
    return effect


@dataclass
class _Reader:
    """Collects the clauses of one policy."""

    lines: dict[DataPath, int]
    clauses: list[Clause] = field(default_factory=list)
    unrecognised: list[Unrecognised] = field(default_factory=list)
    default: Effect = Effect.NONE
    inherits: dict[str, tuple[str, ...]] = field(default_factory=dict)
    inherits_from: dict[str, tuple[DataPath, int | None]] = field(default_factory=dict)
    scopes: list[tuple[tuple[str, ...], frozenset[str]]] = field(default_factory=list)
    cedar: list[tuple[DataPath, str]] = field(default_factory=list)
    role_names: frozenset[str] = frozenset()

    def add(self, clause: Clause) -> None:
        when = _only_more_trust(clause.when, _RISING if clause.kind is not ClauseKind.ALLOW else _FALLING)
        checks = _only_more_trust(clause.checks, _FALLING)
        self.clauses.append(replace(clause, when=when, checks=checks, line=self.lines.get(clause.path)))

    def skip(self, path: DataPath, reason: str) -> None:
        self.unrecognised.append(Unrecognised(path, reason, self.lines.get(path)))


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the walk is: the path, for which roles and tools, and whether what is granted here counts."""

    path: DataPath
    roles: tuple[str, ...] = ()
    tools: tuple[str, ...] = ("*",)
    may_grant: bool = True

    def at(self, part: str | int) -> _Place:
        return replace(self, path=(*self.path, part))

    def clause(self, kind: ClauseKind, *, tools: tuple[str, ...] | None = None, **rest: Any) -> Clause:
        return Clause(kind, self.tools if tools is None else tools, self.path, "native", self.roles, **rest)


def recognise(policy: dict[str, Any] | PolicySource) -> Rulebook:
    """Read the explicit rules of a policy. What is not read is listed in the result, never dropped."""
    source = policy if isinstance(policy, PolicySource) else PolicySource(policy)
    check_plain(source.data)
    reader = _Reader(source.lines, role_names=frozenset(_role_names(source.data)))
    _block(reader, source.data, _Place(()))
    return Rulebook(
        tuple(reader.clauses),
        reader.default,
        tuple(reader.unrecognised),
        reader.inherits,
        reader.inherits_from,
        reader.role_names,
        tuple(reader.scopes),
        tuple(reader.cedar),
    )


def _role_names(policy: dict[str, Any]) -> Iterator[str]:
    """Yield the names under `roles`, wherever the key stands near the root."""
    for key, value in policy.items():
        if _words(key) & {"role", "roles"} and isinstance(value, dict):
            yield from value
        elif isinstance(value, dict) and _words(key) <= _CONTAINERS:
            yield from _role_names(value)


def _block(reader: _Reader, block: dict[str, Any], place: _Place) -> None:
    """Read a mapping that is a policy, or a part of one. Depth is bounded by the decoder, 64."""
    for key, value in block.items():
        _member(reader, key, value, place.at(key))


def _member(reader: _Reader, key: str, value: Any, place: _Place) -> None:
    words = _words(key)
    for is_it, read in _MEMBERS:
        if is_it(words, value):
            read(reader, key, value, place)
            return
    effect = _effect(key)
    is_list_of_tools = words <= _EFFECT_WORDS | _TOOL_WORDS | _LIST_WORDS
    if effect is Effect.ALLOW and is_list_of_tools:
        _effect_list(reader, effect, value, place)
    elif effect is Effect.DENY and not words & _EXCEPT_WORDS:
        _effect_list(reader, effect, value, place)
        if not is_list_of_tools:
            reader.skip(place.path, "what the other words of the key mean is not read")
    elif isinstance(value, dict) and value and words and words <= _CONTAINERS:
        _block(reader, value, place)
    elif effect is Effect.NONE and (words & _LIMIT_WORDS or words & {"max", "maximum"}):
        _limits(reader, key, value, place)
    elif (isinstance(value, str) and words and not words <= _ABOUT and len(split_words(value)) >= 4) or (
        isinstance(value, str) and _is_ruling(value)
    ):
        _prose(reader, value, place)
    elif isinstance(value, list) and words & _CONTAINERS:
        _rules(reader, value, place)
    elif isinstance(value, (dict, list)) and value:
        reader.skip(place.path, "not a part that is read; only what restricts counts in it")
        _restrictions(reader, value, replace(place, may_grant=False))
    elif not words <= _ABOUT and value not in ([], {}, None, ""):
        reader.skip(place.path, "not a part that is read")


def _is_ruling(text: str) -> bool:
    """Tell whether a description says what may or may not be done."""
    words = split_words(text)
    return len(words) >= 3 and not _MODAL_WORDS.isdisjoint(words)


def _restrictions(reader: _Reader, value: dict[str, Any] | list[Any], place: _Place) -> None:
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, child in items:
        if isinstance(child, dict) and is_statement(child):
            _statement(reader, child, place.at(key))
        elif isinstance(value, dict):
            if (
                isinstance(child, (dict, list))
                or effect_of_key(str(key)) is Effect.DENY
                or _words(str(key)) & _LIMIT_WORDS
            ):
                _member(reader, str(key), child, place.at(key))
        elif isinstance(child, dict):
            _block(reader, child, place.at(key))
        elif isinstance(child, list):
            _restrictions(reader, child, place.at(key))


# --- allow and deny lists -------------------------------------------------------------------------------------------


def _effect_list(reader: _Reader, effect: Effect, value: Any, place: _Place) -> None:
    kind = ClauseKind.ALLOW if effect is Effect.ALLOW else ClauseKind.DENY
    if kind is ClauseKind.ALLOW and not place.may_grant:
        reader.skip(place.path, "grants below a key that is not known grant nothing")
    elif isinstance(value, str):
        _named(reader, kind, value, place)
    elif isinstance(value, list):
        for i, item in enumerate(value):
            if isinstance(item, str):
                _named(reader, kind, item, place.at(i))
            elif isinstance(item, dict):
                _rule(reader, item, place.at(i), effect)
            else:
                reader.skip((*place.path, i), "not the name of a tool")
    elif isinstance(value, dict):
        for name, item in value.items():
            _named_with(reader, effect, name, item, place.at(name))
    elif value is not None:
        reader.skip(place.path, "not a list of tools")


def _named(reader: _Reader, kind: ClauseKind, text: str, place: _Place) -> None:
    """Read one entry of a list of tools: a name or a pattern, several by commas, or what is none."""
    name = text.strip()
    if name[:1] in ("!", "-") and kind is ClauseKind.ALLOW:  # all but this one
        reader.add(place.clause(ClauseKind.DENY, tools=(name[1:].strip(),)))
    elif name and not _NOT_A_NAME.search(name):
        tools = ("*",) if kind is ClauseKind.DENY and name.lower() in _ALL else (name,)
        reader.add(place.clause(kind, tools=tools))
    else:
        if kind is ClauseKind.DENY:
            for part in re.split(r"[,|;]", name):
                if part.strip() and not _NOT_A_NAME.search(part.strip()):
                    reader.add(place.clause(kind, tools=(part.strip(),)))
        _prose(reader, text, place)


def _named_with(reader: _Reader, effect: Effect, name: str, item: Any, place: _Place) -> None:
    """Read one member of a mapping below an allow or a deny key: a tool with conditions, or a role with tools."""
    if isinstance(item, bool):
        if item or effect is Effect.ALLOW:
            reader.add(
                place.clause(ClauseKind.ALLOW if item and effect is Effect.ALLOW else ClauseKind.DENY, tools=(name,))
            )
    elif isinstance(item, dict):
        _rule(reader, {"tool": name, **item}, place, effect)
    elif isinstance(item, list) and _is_role(reader, name):
        _effect_list(reader, effect, item, replace(place, roles=(name,)))
    elif effect is Effect.DENY:  # by group or by role, whatever it is: all of it is forbidden, to everybody
        reader.add(place.clause(ClauseKind.DENY, tools=(name,)))
        _effect_list(reader, effect, item, place)
        if not isinstance(item, list):
            reader.skip(place.path, "neither a tool with conditions nor a role of this policy")
    else:
        reader.skip(place.path, "neither a tool with conditions nor a role of this policy")


def _is_role(reader: _Reader, name: str) -> bool:
    return name in reader.role_names


# --- rules as objects -----------------------------------------------------------------------------------------------

_NAME_KEYS = ("tool", "tools", "operation", "operations", "action", "actions", "name", "applies_to", "function")
_WHEN_KEYS = ("when", "condition", "conditions", "if", "where")
_MUST_KEYS = ("constraints", "require", "must", "only_if", "arguments")
_TEXT_KEYS = ("rule", "text", "statement", "sentence")
_QUIET_KEYS = frozenset(("id", "sid", "description", "reason", "comment", "title", "severity", "priority", "note"))


def _strings(value: Any) -> tuple[str, ...] | None:
    items = [value] if isinstance(value, str) else value
    if isinstance(items, list) and items and all(isinstance(item, str) and item for item in items):
        return tuple(items)
    return None


def _tool_names(rule: dict[str, Any]) -> tuple[tuple[str, ...] | None, list[str]]:
    """Return the tools that a rule names and the keys that named them; a name with spaces in it is a description.

    `name` counts only where no other key does.
    """
    found: dict[str, tuple[str, ...]] = {}
    for key in _NAME_KEYS:
        names = _strings(rule.get(key))
        if names and not any(_NOT_A_NAME.search(name) for name in names):
            found[key] = names
    if len(found) > 1:
        found.pop("name", None)
    return tuple(dict.fromkeys(n for names in found.values() for n in names)) or None, list(found)


def _rules(reader: _Reader, value: list[Any], place: _Place) -> None:
    for i, item in enumerate(value):
        here = place.at(i)
        if isinstance(item, str):
            _prose(reader, item, here)
        elif isinstance(item, dict):
            if is_statement(item) and ("Effect" in item or "Action" in item):
                _statement(reader, item, here)
            else:
                _rule(reader, item, here, Effect.NONE)
        else:
            reader.skip(here.path, "not a rule")


def _stated_effect(rest: dict[str, Any], effect: Effect) -> tuple[Effect, bool]:
    """Take the effect out of a rule; tell also whether one is stated that is not known. Of several, the strictest."""
    found: list[Effect] = []
    unknown = False
    for key in ("effect", "decision"):
        if key in rest:
            value = rest.pop(key)
            stated = _effect(value) if isinstance(value, str) else Effect.NONE
            found.append(stated)
            unknown = unknown or stated is Effect.NONE
    for key in ("action", "permission", "access"):  # may also name the tool
        value = rest.get(key)
        if isinstance(value, str) and _effect(value) is not Effect.NONE and _words(value) <= _EFFECT_WORDS:
            found.append(_effect(rest.pop(key)))
    if Effect.DENY in found:
        return Effect.DENY, unknown
    return (Effect.ALLOW if Effect.ALLOW in found else effect), unknown


def _roles_of(rest: dict[str, Any]) -> tuple[tuple[str, ...], bool]:
    """Take the roles out of a rule; tell also whether they are clear. No roles: everybody."""
    names: list[str] = []
    is_clear = True
    for key in ("roles", "role"):
        if key not in rest:
            continue
        value = rest.pop(key)
        found = _strings([part.strip() for part in value.split(",")] if isinstance(value, str) else value)
        if found is None or any(name[:1] in ("!", "-") for name in found):
            is_clear = False
        elif not any(name.lower() in _ALL or name == "*" for name in found):
            names += found
    return tuple(names), is_clear


def _rule(reader: _Reader, rule: dict[str, Any], place: _Place, effect: Effect) -> None:
    """Read one rule object; `effect` is that of the list it stands in."""
    rest = dict(rule)
    effect, has_unknown_effect = _stated_effect(rest, effect)
    tools, keys = _tool_names(rest)
    for key in keys:
        rest.pop(key)
    if len(keys) == 0 or "name" in keys:
        pass
    else:
        rest.pop("name", None)  # the rule's own name
    roles, is_clear = _roles_of(rest)
    here = replace(place, tools=tools or place.tools, roles=(roles if is_clear else ()) or place.roles)
    if effect is Effect.ALLOW and (not is_clear or len(keys) > 1 or has_unknown_effect):
        reader.skip(here.path, "it is not clear whom or what this grants")
        return
    if has_unknown_effect or not is_clear:
        _prose(reader, "an effect or roles that are not read", here)
    if isinstance(rest.get("rules"), list) and not any(k in rest for k in _TEXT_KEYS):  # a section
        _rules(reader, rest.pop("rules"), here.at("rules"))
        rest.pop("section", None)
    text = next((rest.pop(key) for key in _TEXT_KEYS if isinstance(rest.get(key), str)), None)
    when = [c for key in _WHEN_KEYS if key in rest for c in _conditions(rest.pop(key))]
    must = [c for key in _MUST_KEYS if key in rest for c in _conditions(rest.pop(key))]
    quiet = [str(rest.pop(k)) for k in list(rest) if k in _QUIET_KEYS and isinstance(rest[k], (str, int, float))]
    is_vague = tools is None and not when
    if effect is Effect.DENY and must:  # `must` of a denial: what lifts it, or what triggers it? Not read as either
        _prose(reader, "a denial with constraints", here)
        when, must = [*when, *must], []
    if effect is not Effect.NONE and not is_vague:
        kind = ClauseKind.ALLOW if effect is Effect.ALLOW else ClauseKind.DENY
        if kind is ClauseKind.ALLOW and not here.may_grant:
            reader.skip(here.path, "grants below a key that is not known grant nothing")
        else:
            reader.add(here.clause(kind, when=tuple(when)))
    if must:
        reader.add(here.clause(ClauseKind.REQUIRE, when=tuple(when), checks=tuple(must)))
    if text is not None:
        _prose(reader, text, here)
    elif not must and is_vague and not quiet and not rest and effect is Effect.NONE and not when:
        reader.skip(here.path, "an empty rule")
    elif (effect is Effect.NONE and not must and when) or (effect is not Effect.NONE and is_vague):
        reader.skip(here.path, "a rule that says neither which calls it is about nor what they must be")
    for said in quiet:
        if _is_ruling(said) or (
            text is None and effect is Effect.NONE and not must and not rest and len(said.split()) > 3
        ):
            _prose(reader, said, here)
    for key, value in rest.items():
        if isinstance(value, (dict, list)) or _words(key) & (_LIMIT_WORDS | {"max", "maximum", "tier", "sensitivity"}):
            _member(reader, key, value, here.at(key))
        elif value not in (None, ""):
            _prose(reader, f"{key}: {value}", here.at(key))


def _prose(reader: _Reader, text: str, place: _Place) -> None:
    reader.add(place.clause(ClauseKind.REQUIRE, checks=(Condition("prose", Operator.UNKNOWN, text),)))


def _statement(reader: _Reader, value: dict[str, Any], place: _Place) -> None:
    clause, problems = read_statement(value, place.path, place.roles)
    for problem in problems:
        reader.skip(problem.path, problem.reason)
    if clause is None:
        return
    if clause.kind is ClauseKind.ALLOW and not place.may_grant:
        reader.skip(place.path, "grants below a key that is not known grant nothing")
    else:
        reader.add(clause)


# --- conditions -----------------------------------------------------------------------------------------------------

_SUBJECTS = {
    "tier": "tier", "provenance_tier": "tier", "max_tier": "tier", "provenance": "tier",
    "volume": "volume", "scope_volume": "volume",
    "sensitivity": "sensitivity", "scope_sensitivity": "sensitivity",
    "destination": "destination", "destinations": "destination",
}  # fmt: skip
_KEYED_OPERATORS = {
    "max": Operator.AT_MOST, "maximum": Operator.AT_MOST, "at_most": Operator.AT_MOST, "<=": Operator.AT_MOST,
    "lte": Operator.AT_MOST, "le": Operator.AT_MOST, "min": Operator.AT_LEAST, "minimum": Operator.AT_LEAST,
    "at_least": Operator.AT_LEAST, ">=": Operator.AT_LEAST, "gte": Operator.AT_LEAST, "ge": Operator.AT_LEAST,
    "<": Operator.BELOW, "lt": Operator.BELOW, ">": Operator.ABOVE, "gt": Operator.ABOVE,
    "equals": Operator.EQUALS, "eq": Operator.EQUALS, "==": Operator.EQUALS, "is": Operator.EQUALS,
    "not_equals": Operator.DIFFERS, "ne": Operator.DIFFERS, "!=": Operator.DIFFERS,
    "in": Operator.IN, "one_of": Operator.IN, "allowed": Operator.IN, "any_of": Operator.IN, "enum": Operator.IN,
    "not_in": Operator.NOT_IN, "none_of": Operator.NOT_IN, "forbidden": Operator.NOT_IN, "denied": Operator.NOT_IN,
    "like": Operator.LIKE, "matches": Operator.LIKE, "pattern": Operator.LIKE, "glob": Operator.LIKE,
    "not_like": Operator.NOT_LIKE,
}  # fmt: skip
_SYMBOLS = {o.value: o for o in (*ORDER_OPERATORS, Operator.EQUALS, Operator.DIFFERS)}


_RESERVED = frozenset(
    "any all or and not none field op operator value values role user_role tool tool_name argument subject key action "
    "principal regex expression".split()
)


def _conditions(value: Any) -> list[Condition]:
    """Read a mapping of subjects to what they must be, an expression such as `amount <= 500`, or a list of either."""
    if isinstance(value, str):
        match = _EXPRESSION.fullmatch(value)
        if not match:
            return [Condition("prose", Operator.UNKNOWN, value)]
        name, symbol, wanted = match.groups()
        return [_condition(name, _SYMBOLS[symbol], _literal(wanted))]
    if isinstance(value, list):
        return [c for item in value for c in _conditions(item)]
    if not isinstance(value, dict):
        return [Condition("prose", Operator.UNKNOWN, f"{value!r} is not a condition")]
    found = []
    for name, wanted in value.items():
        words = split_words(name)
        if "_".join(words) in _RESERVED:
            found.append(Condition("prose", Operator.UNKNOWN, f"conditions with {name} are not read"))
            continue
        if isinstance(wanted, dict) and wanted:
            for key, bound in wanted.items():
                operator = _KEYED_OPERATORS.get("_".join(split_words(key)) or key)
                found.append(
                    _condition(name, operator, bound)
                    if operator
                    else Condition("prose", Operator.UNKNOWN, f"the operator {key} on {name} is not read")
                )
        elif len(words) > 1 and words[0] in ("max", "min", "maximum", "minimum") and name not in _SUBJECTS:
            operator = Operator.AT_MOST if words[0].startswith("max") else Operator.AT_LEAST
            found.append(_condition("_".join(words[1:]), operator, wanted))
        elif name == "max_tier":
            found.append(_condition("tier", Operator.AT_MOST, wanted))
        else:
            found.append(_condition(name, Operator.IN if isinstance(wanted, list) else Operator.EQUALS, wanted))
    return found


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


def _condition(name: str, operator: Operator, wanted: Any) -> Condition:
    for prefix in ("arguments.", "args.", "argument:", "parameters."):
        name = name.removeprefix(prefix)
    if name.lower() in _RESERVED:
        return Condition("prose", Operator.UNKNOWN, f"conditions on {name} are not read")
    subject = _SUBJECTS.get("_".join(split_words(name)))
    if subject is None:
        subject = name if name.startswith("session:") else f"argument:{name}"
        if name.startswith(("session.", "session_context.", "user.")):
            subject = "session:" + name.split(".", 1)[1]
    if subject == "tier":
        wanted = trust_tier(wanted)
        if operator is Operator.EQUALS and wanted == 1:
            operator = Operator.AT_MOST  # the most trusted
        if wanted is None:
            return Condition("prose", Operator.UNKNOWN, f"{name} names no tier")
    if subject == "destination" and operator in ORDER_OPERATORS:
        subject = f"argument:{name}"  # how many there are
    if subject == "destination":
        operator = {Operator.IN: Operator.LIKE, Operator.EQUALS: Operator.LIKE, Operator.NOT_IN: Operator.NOT_LIKE}.get(
            operator, operator
        )
    if operator in (Operator.IN, Operator.NOT_IN, Operator.LIKE, Operator.NOT_LIKE):
        items = wanted if isinstance(wanted, list) else [wanted]
        if operator in (Operator.LIKE, Operator.NOT_LIKE) and any(_is_regex(item) for item in items):
            return Condition(
                "prose", Operator.UNKNOWN, f"{name} {operator} {wanted!r}: a regular expression is not read"
            )
        if subject == "destination":
            items = [_destination_pattern(item) if isinstance(item, str) and "." in item else None for item in items]
        plain = all(isinstance(i, str) for i in items) if "LIKE" in operator.name else not _has_nested(items)
        if items and plain:
            return Condition(subject, operator, tuple(items))
    elif operator in ORDER_OPERATORS:
        if isinstance(wanted, (int, float)) and not isinstance(wanted, bool):
            return Condition(subject, operator, wanted)
    elif not isinstance(wanted, (dict, list)) and wanted is not None:
        return Condition(subject, operator, wanted)
    return Condition("prose", Operator.UNKNOWN, f"{name} {operator} {wanted!r} is not read")


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
        found = [_TRUST[w] for w in words if w in _TRUST]
        if found and all(w in _TRUST or w in ("only", "source", "sources", "or", "tier") for w in words):
            return min(found)
    return None


# --- sections -------------------------------------------------------------------------------------------------------


def _limits(reader: _Reader, key: str, value: Any, place: _Place) -> None:
    """Limits: a number is for the calls of the place, a mapping by tool, role, argument, or tool and argument joined by a dot."""
    words = [w for w in split_words(key) if w not in ("max", "maximum", "limit", "limits", "scope", "per")]
    subject = _level_subject(words)
    if isinstance(value, bool) or value is None or (_words(key) & {"min", "minimum"} and isinstance(value, dict)):
        reader.skip(place.path, "not a limit")
    elif isinstance(value, (int, float)):
        _limit(reader, place, words, value, key)
    elif isinstance(value, dict):
        for name, bound in value.items():
            _limit_member(reader, name, bound, place.at(name), subject)
    else:
        reader.skip(place.path, "not a limit")


def _limit_member(reader: _Reader, name: str, bound: Any, here: _Place, subject: str | None) -> None:
    """Read one member of a mapping of limits; `subject` is what the mapping as a whole bounds, if that is a level."""
    is_open = here.tools == ("*",)
    if _is_role(reader, name) and not here.roles:
        if isinstance(bound, dict):
            _limits(reader, "limits", bound, replace(here, roles=(name,)))
        else:
            reader.skip(here.path, "a limit for a role that does not say of what")
    elif subject is not None:
        if isinstance(bound, int) and not isinstance(bound, bool):
            tools = ("*",) if name.lower() in _ALL | {"default"} else (name,)
            check = Condition(subject, Operator.AT_MOST, bound)
            reader.add(here.clause(ClauseKind.REQUIRE, tools=tools, checks=(check,)))
        else:
            reader.skip(here.path, "not a level")
    elif isinstance(bound, dict):
        if is_open and not _is_generic(name):
            _limits(reader, "limits", bound, replace(here, tools=(name,)))
        else:  # an argument with operators
            reader.add(here.clause(ClauseKind.REQUIRE, checks=tuple(_conditions({name: bound}))))
    elif not isinstance(bound, (int, float)) or isinstance(bound, bool) or "*" in name.rpartition(".")[2]:
        reader.skip(here.path, "not a limit")
    elif _words(name) & {"min", "minimum"}:
        reader.add(here.clause(ClauseKind.REQUIRE, checks=tuple(_conditions({name: bound}))))
    else:
        head, dot, argument = name.rpartition(".")
        words = [w for w in split_words(argument if dot else name) if w not in ("max", "maximum")]
        if dot and argument:
            _limit(reader, replace(here, tools=(head,)) if is_open else here, words, bound, argument)
        elif is_open and here.path and not _is_generic(name):
            _limit(reader, replace(here, tools=(name,)), [], bound, name)
            _limit(reader, here, words, bound, name, only_argument=True)
        else:
            _limit(reader, here, words, bound, name)


def _level_subject(words: list[str]) -> str | None:
    """Return sensitivity or tier if that is what the words bound."""
    for word, subject in (("sensitivity", "sensitivity"), ("tier", "tier"), ("provenance", "tier"), ("trust", "tier")):
        if word in words:
            return subject
    return None


def _is_generic(name: str) -> bool:
    """Tell whether a limit's name says what is counted (`max_records`, `limit`), not which tool (`list_events`)."""
    words = _words(name)
    return bool(words & {"max", "maximum", "min", "per"}) or words <= _VOLUME_WORDS | {"amount", "calls", "recipients"}


def _limit(
    reader: _Reader, place: _Place, words: list[str], bound: int | float, name: str, *, only_argument: bool = False
) -> None:
    """Add one upper bound on what `words` name: an argument, the volume, or how many calls."""
    if isinstance(bound, float) and bound.is_integer():
        bound = int(bound)
    joined = "_".join(w for w in words if w not in ("max", "maximum"))
    if joined in ("per_request", "calls", "calls_per_request", "per_plan", "times", "invocations", "requests"):
        subject = "calls" if place.tools == ("*",) else "count"
        checks = [Condition(subject, Operator.AT_MOST, bound)]
    elif (level := _level_subject(words)) is not None:
        checks = [Condition(level, Operator.AT_MOST, bound)]
    elif not words or (set(words) <= _VOLUME_WORDS and not only_argument):
        checks = [Condition("volume", Operator.AT_MOST, bound)]
        said = split_words(name)
        if words or set(said) & {"limit", "max", "maximum"}:  # `max_limit` bounds the argument `limit` too
            bare = "_".join(w for w in said if w not in ("max", "maximum"))
            checks += [Condition(f"argument:{n}", Operator.AT_MOST, bound) for n in dict.fromkeys((bare, name)) if n]
    else:
        names = dict.fromkeys((joined, name))
        checks = [Condition(f"argument:{n}", Operator.AT_MOST, bound) for n in names]
    reader.add(place.clause(ClauseKind.REQUIRE, checks=tuple(checks)))


_INHERITS = ("inherits", "extends", "inherits_from")


def _roles(reader: _Reader, key: str, value: Any, place: _Place) -> None:
    if isinstance(value, list) and all(isinstance(item, dict) for item in value):
        named = [(i, item, item.get("name", item.get("role"))) for i, item in enumerate(value)]
        blocks = [(i, {k: v for k, v in item.items() if k not in ("name", "role")}, n) for i, item, n in named]
    elif isinstance(value, dict):
        blocks = [(name, item, name) for name, item in value.items()]
    else:
        reader.skip(place.path, "not a mapping of roles")
        return
    for part, block, name in blocks:
        here = place.at(part)
        if not isinstance(name, str) or place.roles or (isinstance(block, dict) and {"name", "role"} & block.keys()):
            reader.skip(here.path, "a role without one clear name, or inside another role")
            if isinstance(block, dict):
                _restrictions(reader, block, replace(here, may_grant=False))
        elif isinstance(block, dict):
            parents: list[str] = []
            for word in _INHERITS:
                names = _strings(block[word]) if word in block else ()
                if names is None or any(_NOT_A_NAME.search(n) for n in names):
                    reader.skip((*here.path, word), "not a list of roles")
                else:
                    parents += names
            if parents:
                reader.inherits[name] = tuple(parents)
                path = next((*here.path, word) for word in _INHERITS if word in block)
                reader.inherits_from[name] = path, reader.lines.get(path)
            rest = {k: v for k, v in block.items() if k not in _INHERITS}
            is_all = name.lower() in _ALL | {"*", "default"}
            _block(
                reader, rest, replace(here, roles=() if is_all else (name,), may_grant=place.may_grant and not is_all)
            )
        elif isinstance(block, list) and _strings(block):
            _effect_list(reader, Effect.ALLOW, block, replace(here, roles=(name,)))
        else:
            reader.skip(here.path, "not a role's permissions")


def _denied_by_role(reader: _Reader, key: str, value: Any, place: _Place) -> None:
    """Denials under the names of roles; what is not a list of tools is left unread."""
    for role, tools in value.items():
        _effect_list(reader, Effect.DENY, tools, replace(place.at(role), roles=(role,)))


def _names_places(words: frozenset[str], value: Any) -> bool:
    """Tell whether a key lists where data may or may not go; `domains` alone may be anything."""
    is_clear = bool(words & {"destination", "destinations", "recipient", "recipients", "egress"})
    has_effect = _effect(" ".join(sorted(words))) is not Effect.NONE
    return (
        bool(words & _PLACE_WORDS)
        and not words & _TOOL_WORDS
        and (has_effect or (is_clear and not isinstance(value, str)))
    )


def _destinations(reader: _Reader, key: str, value: Any, place: _Place) -> None:
    operator = Operator.NOT_LIKE if _effect(key) is Effect.DENY else Operator.LIKE
    if not isinstance(value, dict):
        _destination_list(reader, operator, value, place)
        return
    if not value:
        reader.skip(place.path, "no destinations")
    for name, items in value.items():
        here = place.at(name)
        stated = _effect(name)
        if stated is not Effect.NONE and _words(name) <= _EFFECT_WORDS | _PLACE_WORDS:
            _destination_list(reader, Operator.NOT_LIKE if stated is Effect.DENY else Operator.LIKE, items, here)
        elif _is_role(reader, name):
            _destination_list(reader, operator, items, replace(here, roles=(name,)))
        else:
            _destination_list(reader, operator, items, replace(here, tools=(name,)))


def _destination_list(reader: _Reader, operator: Operator, items: Any, place: _Place) -> None:
    if isinstance(items, str):
        items = [part for part in re.split(r"[,;\s]+", items) if part]
    patterns = _strings(items)
    if patterns is None and items == []:
        if operator is Operator.NOT_LIKE:
            return
        patterns = ()
    cleaned = tuple(_destination_pattern(p) for p in patterns) if patterns is not None else ()
    if patterns is None or None in cleaned:
        reader.skip(place.path, "not a list of hosts and addresses")
    if patterns is not None:
        known = tuple(p for p in cleaned if p is not None)
        reader.add(place.clause(ClauseKind.REQUIRE, checks=(Condition("destination", operator, known),)))


def _destination_pattern(text: str) -> str | None:
    """Return a pattern in the form that is compared: lower case, no scheme, path, port or final dot; None if it is none."""
    pattern = re.sub(r"^[a-z][a-z0-9+.-]*://", "", text.strip().lower())
    pattern = re.sub(r"(:\d+)?(/\*?)?$", "", pattern).rstrip(".")
    if pattern.startswith("."):
        pattern = "*" + pattern
    return pattern if pattern and pattern.isascii() and not re.search(r"[\s,;/:]", pattern) else None


def _provenance(reader: _Reader, key: str, value: Any, place: _Place) -> None:
    if _effect(key) is Effect.DENY or _words(key) & _LENIENT_NOT | _words(key) & _EXCEPT_WORDS:
        reader.skip(place.path, "denied sources are not read")
    elif isinstance(value, list) and all(isinstance(item, str) for item in value):  # trusted_sources_only: [tools]
        if any(trust_tier(item) is not None or _NOT_A_NAME.search(item) for item in value):
            reader.skip(place.path, "a list of sources is not read; name the tools")
            return
        for i, item in enumerate(value):
            check = Condition("tier", Operator.AT_MOST, 2)
            reader.add(place.at(i).clause(ClauseKind.REQUIRE, tools=(item,), checks=(check,)))
    elif isinstance(value, list):
        for i, item in enumerate(value):
            _provenance_item(reader, item, place.at(i), None)
    elif isinstance(value, dict):
        for name, item in value.items():
            here = place.at(name)
            head, dot, argument = name.rpartition(".")
            is_general = name.lower() in _ALL | {"default", "max_tier", "tier", "*"}
            if isinstance(item, dict):
                _provenance_item(reader, item, here, None if is_general else (name,))
            elif is_general:
                _tier_clause(reader, here, ("*",), None, trust_tier(item), "")
            else:
                _tier_clause(reader, here, (name,), None, trust_tier(item), "")
                if dot and head:
                    _tier_clause(reader, here, (head,), argument, trust_tier(item), "")
    else:
        _tier_clause(reader, place, None, None, trust_tier(value), "")


def _provenance_item(reader: _Reader, item: Any, place: _Place, tools: tuple[str, ...] | None) -> None:
    if not isinstance(item, dict):
        reader.skip(place.path, "not a provenance requirement")
        return
    named = _tool_names(item)[0] or tools
    stated = [trust_tier(v) for k, v in item.items() if _words(k) & {"tier", "trust", "source", "sources"}]
    tier = None if None in stated or not stated else min(t for t in stated if t is not None)
    unless = item.get("unless", item.get("except", ""))
    _tier_clause(reader, place, named, item.get("argument"), tier, unless if isinstance(unless, str) else "a condition")


def _tier_clause(
    reader: _Reader, place: _Place, tools: tuple[str, ...] | None, argument: Any, tier: int | None, unless: str
) -> None:
    if tier is None:
        reader.skip(place.path, "not a tier from 1 to 3 or a word such as internal, partner or public")
        return
    subject = f"tier:{argument}" if isinstance(argument, str) else "tier"
    check = Condition(subject, Operator.AT_MOST, tier)
    reader.add(place.clause(ClauseKind.REQUIRE, tools=tools, checks=(check,), exception=unless))


def _requests(reader: _Reader, key: str, value: Any, place: _Place) -> None:
    check = Condition("request", Operator.EQUALS, "asks for the call")
    if value is True or (isinstance(value, str) and value.lower() in _ALL | {"yes", "always", "true", "*"}):
        reader.add(place.clause(ClauseKind.REQUIRE, checks=(check,)))
        return
    tools = _strings([part.strip() for part in value.split(",")] if isinstance(value, str) else value)
    for i, tool in enumerate(tools or ()):
        here = place.at(i) if isinstance(value, list) else place
        if _NOT_A_NAME.search(tool):
            _prose(reader, tool, here)
        else:
            reader.add(here.clause(ClauseKind.REQUIRE, tools=(tool,), checks=(check,)))
    if tools is None and value not in (False, []):
        reader.skip(place.path, "not a list of tools")


def _before(reader: _Reader, key: str, value: Any, place: _Place) -> None:
    """What must come before a tool: of several, each."""
    if not isinstance(value, dict):
        reader.skip(place.path, "not a mapping of tools to what must come before them")
        return
    for tool, earlier in value.items():
        names = _strings(earlier)
        if names is None or any(_NOT_A_NAME.search(n) for n in names):
            reader.skip((*place.path, tool), "not the name of a tool")
        for name in names or ():
            check = Condition("before", Operator.IN, (name,))
            reader.add(place.at(tool).clause(ClauseKind.REQUIRE, tools=(tool,), checks=(check,)))


def _granted_scopes(reader: _Reader, key: str, value: Any, place: _Place) -> None:
    lists = [(place.roles, value)] if not isinstance(value, dict) else [((role,), v) for role, v in value.items()]
    for roles, items in lists:
        scopes = _strings(items.split() if isinstance(items, str) else items)
        if place.roles and roles != place.roles:
            scopes = None
        if scopes is None or not place.may_grant:
            reader.skip(place.path, "not a list of scopes, or not clear whose")
        else:
            reader.scopes.append((roles, frozenset(scopes)))


def _required_scopes(reader: _Reader, key: str, value: Any, place: _Place) -> None:
    """Any one of a tool's scopes is needed, and enough."""
    if not isinstance(value, dict):
        reader.skip(place.path, "not a mapping of tools to scopes")
        return
    for tool, items in value.items():
        scopes, here = _strings(items), place if place.path[-1:] == (tool,) else place.at(tool)
        if scopes is None:
            reader.skip(here.path, "not a list of scopes")
            continue
        condition = Condition("scopes", Operator.IN, scopes)
        if place.may_grant:
            reader.add(replace(here.clause(ClauseKind.ALLOW, tools=(tool,), when=(condition,)), dialect="scopes"))
        reader.add(replace(here.clause(ClauseKind.REQUIRE, tools=(tool,), checks=(condition,)), dialect="scopes"))


def _tools(reader: _Reader, key: str, value: Any, place: _Place) -> None:
    entries: list[tuple[str | int, Any, Any]]
    if isinstance(value, dict):
        entries = [(name, item, name) for name, item in value.items()]
    else:
        entries = [(i, item, item.get("name")) for i, item in enumerate(value)]
    for part, item, name in entries:
        here = place.at(part)
        if not isinstance(item, dict) or not isinstance(name, str) or not name:
            reader.skip(here.path, "not an entry for a tool")
            continue
        _tool(reader, name, dict(item), here)


_SCHEMA_KEYS = ("input_schema", "inputSchema", "parameters", "arguments_schema", "schema")


def _tool(reader: _Reader, name: str, entry: dict[str, Any], place: _Place) -> None:
    roles, is_clear = _roles_of(entry)
    here = replace(place, tools=(name,), roles=roles or place.roles)
    for key in _SCHEMA_KEYS:
        schema = entry.get(key)
        if isinstance(schema, dict):
            entry.pop(key)
            _schema(reader, schema, entry, here.at(key))
            entry.pop("required", None)
    entry.pop("name", None)
    scopes = _strings(entry.pop("scopes")) if _strings(entry.get("scopes")) else None
    if scopes:
        _required_scopes(reader, "", {name: list(scopes)}, here)
    switches = [entry.pop(key) for key in ("allowed", "enabled") if key in entry]
    if any(switch is False for switch in switches):
        reader.add(here.clause(ClauseKind.DENY))
    elif not all(switch is True for switch in switches) or not is_clear:
        reader.skip(here.path, "a switch that is neither true nor false, or roles that are not clear")
    elif switches:
        _effect_list(reader, Effect.ALLOW, name, here)
    for key in ("returns", "title", "description"):
        if isinstance(entry.get(key), str) and not _is_ruling(entry[key]):
            entry.pop(key)
    if entry:
        _rule(reader, {"tool": name, **entry}, here, Effect.NONE)


def _schema(reader: _Reader, schema: dict[str, Any], entry: dict[str, Any], place: _Place) -> None:
    if "properties" not in schema and "type" not in schema and all(isinstance(v, dict) for v in schema.values()):
        schema = {"type": "object", "properties": schema}  # parameters by name, as function catalogues have them
        if isinstance(entry.get("required"), list):
            schema["required"] = entry["required"]
    problems = unknown_keywords(schema)
    if problems:
        reader.skip(place.path, f"a schema that is not read whole: {problems[0]}")
        check = Condition("schema", Operator.UNKNOWN, f"the schema {problems[0]}")
    else:
        check = Condition("schema", Operator.VALID, schema)
    reader.add(replace(place.clause(ClauseKind.REQUIRE, checks=(check,)), dialect="schema"))


def _default(reader: _Reader, key: str, value: Any, place: _Place) -> None:
    """The answer to calls that no clause names. Allow only where it says just that, of the whole policy."""
    effect = _effect(value)
    is_general = _words(key) <= {"default", "effect", "action", "decision", "policy", "access", "permission"} and all(
        isinstance(part, str) and _words(part) <= _CONTAINERS - {"tools", "operations", "scope"}
        for part in place.path[:-1]
    )
    if effect is Effect.DENY and is_general and not place.roles:
        reader.default = effect
    elif (
        effect is Effect.ALLOW and is_general and not place.roles and place.may_grant and _words(value) <= _EFFECT_WORDS
    ):
        if reader.default is not Effect.DENY:  # of two, the stricter
            reader.default = effect
    else:
        reader.skip(place.path, "not a default of allow or deny for the whole policy")


def _cedar(reader: _Reader, key: str, value: Any, place: _Place) -> None:
    if place.roles or not place.may_grant or not _words(key) <= {"cedar", "policy", "policies", "text", "rules"}:
        reader.skip(place.path, "Cedar policies below a role or an unknown key are not asked")
        return
    for text in [value] if isinstance(value, str) else value:
        reader.cedar.append((place.path, text))


def _statements(reader: _Reader, key: str, value: Any, place: _Place) -> None:
    _rules(reader, value if isinstance(value, list) else [value], place)


_ROLE_WORDS = frozenset(("role", "roles"))
_ROLE_KEY_WORDS = frozenset(
    "role roles permissions permission by user users access policies definitions rbac rules".split()
)

_Test = Callable[[frozenset[str], Any], bool]
_Read = Callable[[_Reader, str, Any, _Place], None]


def _is_text(value: Any) -> bool:
    return isinstance(value, str) or (
        isinstance(value, list) and bool(value) and all(isinstance(v, str) for v in value)
    )


# The first test that holds decides what a member is.
_MEMBERS: tuple[tuple[_Test, _Read], ...] = (
    (lambda w, v: "cedar" in w and _is_text(v), _cedar),
    (lambda w, v: bool(w & {"statement", "statements"}) and isinstance(v, (dict, list)), _statements),
    (lambda w, v: "default" in w and isinstance(v, str) and len(v.split()) <= 3, _default),
    (
        lambda w, v: isinstance(v, dict) and bool(w & _ROLE_WORDS) and _effect(" ".join(sorted(w))) is Effect.DENY,
        _denied_by_role,
    ),
    (lambda w, v: bool(w & _ROLE_WORDS) and w <= _ROLE_KEY_WORDS and isinstance(v, (dict, list)), _roles),
    (
        lambda w, v: w <= {"granted", "grants", "grant", "scopes", "oauth"} and "scopes" in w and len(w) > 1,
        _granted_scopes,
    ),
    (lambda w, v: "scopes" in w and bool(w & {"required", "tool", "requires", "operation"}), _required_scopes),
    (lambda w, v: bool(w & {"request", "asked"}) and bool(w & {"explicit", "required", "requires", "must"}), _requests),
    (
        lambda w, v: (
            isinstance(v, dict)
            and (w <= {"requires", "required", "before"} or w <= {"prerequisites", "tool"})
            and len(w) < 3
        ),
        _before,
    ),
    (
        lambda w, v: bool(w & {"provenance", "tier", "trust", "sources"}) and (w & _LIMIT_WORDS == frozenset()),
        _provenance,
    ),
    (
        lambda w, v: isinstance(v, (list, dict, str)) and _names_places(w, v) and not w & {"limit", "limits", "max"},
        _destinations,
    ),
    (
        lambda w, v: (
            w <= {"tools", "operations", "functions", "catalog", "catalogue", "actions", "tool", "entries"}
            and bool(v)
            and (
                (isinstance(v, list) and all(isinstance(i, dict) and "name" in i for i in v))
                or (isinstance(v, dict) and all(isinstance(i, dict) for i in v.values()))
            )
        ),
        _tools,
    ),
    (
        lambda w, v: (
            isinstance(v, list) and bool(w & {"rules", "rule", "constraints", "sections", "clauses", "guidelines"})
        ),
        _statements,
    ),
)
