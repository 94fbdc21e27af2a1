"""The native policy format, version 1, as JSON Schema (2020-12). It is the only list of what a policy may hold.

`gatling policy schema` prints it, and `native.check` holds policies against it. Every member is closed: a key or a value that
is not here is an error. The `description` of a part says what is wanted there, for editors and in errors.

What a dialect adds (`format: iam`) it says itself (`Dialect.members`).
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from gatling.policy.clauses import TIME_OPERATORS, Operator
from gatling.policy.dialects.table import DIALECTS
from gatling.policy.formulas import PATTERN as FORMULA_PATTERN
from gatling.policy.reading.conditions import KEYED_OPERATORS, TRUST
from gatling.policy.reading.vocabulary import DESCRIPTIVE, PROSE
from gatling.policy.times import DAYS_PATTERN, HOURS_PATTERN

FORMAT = "gatling/1"
FORMATS = tuple(row.format for row in DIALECTS.values() if row.format)
"""Formats of other systems that a policy may name."""
_Schema = dict[str, Any]

_TOOL_WORDS = ("operations", "tools", "actions")
_PLACE_WORDS = ("domains", "recipients", "destinations", "hosts", "urls", "addresses", "emails")
_PROGRAM_WORDS = ("commands", "paths", "tables")
_DENIALS = ("forbidden", "denied", "blocked")


def _ref(name: str) -> _Schema:
    return {"$ref": f"#/$defs/{name}"}


def _any(*schemas: _Schema, wanted: str) -> _Schema:
    return {"description": wanted, "anyOf": list(schemas)}


def _list(items: _Schema, wanted: str) -> _Schema:
    return {"description": wanted, "type": "array", "items": items}


def _map(values: _Schema, wanted: str) -> _Schema:
    return {"description": wanted, "type": "object", "additionalProperties": values}


def _closed(members: _Schema, wanted: str) -> _Schema:
    return {"description": wanted, "type": "object", "properties": members, "additionalProperties": False}


_TEXT = {"description": "text", "type": "string", "minLength": 1}
_NUMBER = {"description": "a number", "type": "number"}
_SCALAR = {"description": "text, a number, true or false", "type": ["string", "number", "boolean"]}
_SCALARS = {"description": "a list of values", "type": "array", "items": _SCALAR, "minItems": 1}
_TEXTS = _any(_TEXT, _list(_TEXT, "a list of sentences"), wanted="text or a list of sentences")

_EXPRESSION = r"^\s*[\w.]{1,200}\s*(<=|>=|==|!=|<|>)\s*('[^']{0,200}'|\"[^\"]{0,200}\"|[\w.+-]{1,200})\s*$"

# Conditions, names and tiers in all the ways that a rule may write them.
_WHEN = ("when", "if", "condition", "conditions", "where")
_MUST = ("require", "must", "constraints", "only_if")
_NAMING = ("tool", "tools", "operation", "operations", "applies_to", "function")
_REMARKS = ("id", "sid", "title", "description", "reason", "comment", "note", "severity", "priority")


def _rule_members() -> _Schema:
    return {
        **{key: {"description": "text or a number", "type": ["string", "number"]} for key in _REMARKS},
        **dict.fromkeys(_NAMING, _ref("names")),
        **dict.fromkeys(_WHEN, _ref("conditions")),
        "role": _ref("role_names"),
        "roles": _ref("role_names"),
    }


def _wanted_by(operator: Operator) -> _Schema:
    if operator in TIME_OPERATORS:
        return _ref("hours" if operator is Operator.HOURS else "days")
    is_of_many = operator in (Operator.IN, Operator.NOT_IN, Operator.LIKE, Operator.NOT_LIKE)
    return _ref("values") if is_of_many else dict(_SCALAR)


def _spans(pattern: str, wanted: str) -> _Schema:
    span = {"description": wanted, "type": "string", "pattern": pattern}
    return _any(span, {**_list(span, f"a list of {wanted}"), "minItems": 1}, wanted=wanted)


def _defs() -> _Schema:
    name = {
        "description": "a name, or a pattern with * and ?",
        "type": "string",
        "pattern": r"^[^\s,|{}\[\]()^$\\!\-][^\s,|{}\[\]()^$\\!]*$",
    }
    operators = {key: _wanted_by(operator) for key, operator in sorted(KEYED_OPERATORS.items())}
    rule = _rule_members()
    must = dict.fromkeys(_MUST, _ref("conditions"))
    grant = {**rule, **must}
    return {
        "name": name,
        "names": _any(_ref("name"), _list(_ref("name"), "a list of names"), wanted="a name or a list of names"),
        "values": _any(_SCALAR, _SCALARS, wanted="a value or a list of values"),
        "operators": {
            **_closed(operators, "operators with what they compare with, such as {max: 5}"),
            "minProperties": 1,
        },
        "hours": _spans(HOURS_PATTERN, "hours such as 08:00-17:30"),
        "days": _spans(DAYS_PATTERN, "days such as mon-fri"),
        "role_name": {
            "description": "the name of a role, which may have spaces",
            "type": "string",
            "pattern": r"^[^\s,|{}\[\]()^$\\!\-]([^,|{}\[\]()^$\\!\r\n\t]*[^\s,|{}\[\]()^$\\!])?$",
        },
        "role_names": _any(
            _ref("role_name"), _list(_ref("role_name"), "a list of roles"), wanted="a role or a list of roles"
        ),
        "expression": {
            "description": "an expression such as `amount <= 500` or `end - start <= 4 hours`",
            "type": "string",
            "pattern": f"{_EXPRESSION}|{FORMULA_PATTERN}",
        },
        "condition": _any(
            _ref("expression"),
            _map(
                _any(_SCALAR, _SCALARS, _ref("operators"), wanted="a value, a list of values or operators"),
                "a mapping of arguments to what they must be",
            ),
            wanted="an expression such as `amount <= 500`, or a mapping of arguments to what they must be",
        ),
        "conditions": _any(
            _ref("condition"), _list(_ref("condition"), "a list of conditions"), wanted="conditions on a call"
        ),
        "grant": _closed(grant, "a tool with `when`, `require` or `roles`"),
        "denial": _closed(rule, "a tool with `when` or `roles`"),
        "allowed": _any(
            _ref("name"),
            _list(_any(_ref("name"), _ref("grant"), wanted="a name or a grant"), "a list of names and grants"),
            _map(
                _any(
                    {"type": "boolean", "description": "true or false"}, _ref("grant"), wanted="true, false or a grant"
                ),
                "a mapping of tools to true or to a grant",
            ),
            wanted="a list of names and grants",
        ),
        "denied": _any(
            _ref("name"),
            _list(_any(_ref("name"), _ref("denial"), wanted="a name or a denial"), "a list of names and denials"),
            _map(
                _any({"const": True, "description": "true"}, _ref("denial"), wanted="true or a denial"),
                "a mapping of tools to true or to a denial",
            ),
            wanted="a list of names and denials",
        ),
        "limit": _any(
            _NUMBER,
            {
                "description": "a number, a word without digits, or a list of allowed values",
                "type": "string",
                "pattern": r"^[^\s\d]+$",
            },
            {"description": "true or false", "type": "boolean"},
            _SCALARS,
            _ref("operators"),
            wanted="a number, a word, a list of allowed values, or operators such as {max: 5}",
        ),
        "limits": _map(
            _any(
                _ref("limit"),
                _map(_ref("limit"), "a mapping of arguments to limits"),
                wanted="a limit, or a mapping of arguments to limits",
            ),
            "a mapping of `tool.argument` to limits",
        ),
        "places": _list(_TEXT, "a list of hosts and addresses"),
        "destinations": _any(
            _ref("places"),
            {"description": "one host or address", "type": "string", "pattern": r"^\S+$"},
            _map(_ref("places"), "a mapping of tools to places"),
            wanted="a list of hosts and addresses, or a mapping of tools to such lists",
        ),
        "patterns": _any(
            _list(_TEXT, "a list of patterns"),
            _map(_list(_TEXT, "a list of patterns"), "a mapping of tools to patterns"),
            wanted="a list of patterns with * and ?, or a mapping of tools to such lists",
        ),
        "tier": _any(
            {"description": "1, 2 or 3", "type": "integer", "minimum": 1, "maximum": 3},
            {"description": f"one of {', '.join(TRUST)}", "enum": sorted(TRUST)},
            wanted="a tier, 1 to 3, or a word such as internal",
        ),
        "provenance": _any(
            _map(
                _any(
                    _ref("tier"),
                    _closed(
                        {"max_tier": _ref("tier"), "argument": _TEXT, "unless": _TEXT, "description": _TEXT},
                        "a tier with `argument` or `unless`",
                    ),
                    wanted="a tier, 1 to 3, or a word such as internal",
                ),
                "a mapping of tools to tiers",
            ),
            _list(
                {
                    **_closed(
                        {
                            **dict.fromkeys(("tool", "tools", "operation", "operations", "applies_to"), _ref("names")),
                            **dict.fromkeys(("argument", "unless", "id", "description"), _TEXT),
                            **dict.fromkeys(("max_tier", "tier"), _ref("tier")),
                        },
                        "an operation with `max_tier`",
                    ),
                    "anyOf": [{"required": ["max_tier"]}, {"required": ["tier"]}],
                },
                "a list of requirements",
            ),
            wanted="a mapping of tools to tiers",
        ),
        "sensitivity": {"description": "a level, 1 to 5", "type": "integer", "minimum": 1, "maximum": 5},
        "rule": _any(
            _TEXT,
            _closed(
                {
                    **grant,
                    **dict.fromkeys(("rule", "text", "statement", "sentence", "section", "otherwise"), _TEXT),
                    "action": _TEXT,
                    "actions": _ref("names"),
                    "requires": _any(_ref("condition"), _TEXT, wanted="a condition"),
                    "effect": _ref("effect"),
                    "decision": _ref("effect"),
                    "limits": _ref("limits"),
                    "scope_limits": _ref("limits"),
                    "rules": _list(_ref("rule"), "a list of rules"),
                },
                "a rule",
            ),
            wanted="a sentence or a rule",
        ),
        "review_item": _any(
            _TEXT,
            {
                **_closed(
                    {
                        "text": _TEXT,
                        "reason": _TEXT,
                        "line": {"description": "a line of the text it is from", "type": "integer", "minimum": 1},
                        **dict.fromkeys(_NAMING, _ref("names")),
                        "may_grant": _any(
                            _ref("names"),
                            {
                                **_closed({"tools": _ref("names"), "roles": _ref("role_names")}, "tools, and for whom"),
                                "required": ["tools"],
                            },
                            wanted="a tool, a list of tools, or {tools, roles}",
                        ),
                    },
                    "what must be decided: `text`, with `reason`, `line`, `tools`, `may_grant`",
                ),
                "required": ["text"],
            },
            wanted="a sentence, or {text, reason, line, tools, may_grant}",
        ),
        "effect": {"description": "allow or deny", "enum": ["allow", "permit", "deny", "forbid", "block"]},
        "entry": _closed(_entry_members(grant), "a tool with `allowed`, `input_schema`, `limits`"),
        "named_entry": {**_closed({**_entry_members(grant), "name": _ref("name")}, "a tool"), "required": ["name"]},
    }


def _entry_members(grant: _Schema) -> _Schema:
    schema = {"description": "a JSON Schema", "type": "object"}
    switch = {"description": "true or false", "type": "boolean"}
    members = {key: value for key, value in grant.items() if key not in _NAMING}
    return {
        **members,
        **dict.fromkeys(("input_schema", "inputSchema", "parameters", "arguments_schema", "schema"), schema),
        **dict.fromkeys(("allowed", "enabled"), switch),
        "required": _list(_TEXT, "a list of parameters"),
        "returns": _TEXT,
        **dict.fromkeys(("limits", "scope_limits"), _map(_ref("limit"), "a mapping of arguments to limits")),
    }


def _block_members() -> _Schema:
    """Return what may stand at the top and in a role alike."""
    count = {"description": "a number", "type": "number", "minimum": 0}
    return {
        **{f"allowed_{what}": _ref("allowed") for what in _TOOL_WORDS},
        **{f"{how}_{what}": _ref("denied") for how in _DENIALS for what in _TOOL_WORDS},
        **{f"{how}_{what}": _ref("destinations") for how in ("allowed", *_DENIALS) for what in _PLACE_WORDS},
        **{f"{how}_{what}": _ref("patterns") for how in ("allowed", *_DENIALS) for what in _PROGRAM_WORDS},
        "scope_limits": _ref("limits"),
        "limits": _ref("limits"),
        "max_records": count,
        "max_calls": count,
        "max_tier": _ref("tier"),
        "max_sensitivity": _any(
            _ref("sensitivity"),
            _map(_ref("sensitivity"), "a mapping of tools to levels"),
            wanted="a level, 1 to 5, or a mapping of tools to levels",
        ),
        "provenance_requirements": _ref("provenance"),
        "trusted_sources_only": _list(_ref("name"), "a list of tools"),
        "explicit_request_required": _any(
            {"const": True, "description": "true"}, _ref("names"), wanted="true or a list of tools"
        ),
        "requires_before": _map(_ref("names"), "a mapping of tools to what must come before them"),
        "rules": _list(_ref("rule"), "a list of sentences and rules"),
        **dict.fromkeys(sorted(PROSE), _TEXTS),
    }


def _descriptive() -> _Schema:
    value = {
        "description": "text, a number or a list of text",
        "type": ["string", "number", "array"],
        "items": {"type": ["string", "number"], "description": "text"},
    }
    members: _Schema = dict.fromkeys(sorted(DESCRIPTIVE), value)
    members["metadata"] = _map(_TEXT, "a mapping of text")
    members["role"] = {
        "description": "a title of four words or more; what each role may do stands under `roles`",
        "type": "string",
        "pattern": r"^\s*\S+(\s+\S+){3,}\s*$",
    }
    return members


@lru_cache(maxsize=32)
def _built(formats: tuple[str, ...]) -> _Schema:
    block = _block_members()
    role = {
        **block,
        "description": _TEXT,
        **dict.fromkeys(("inherits", "extends", "inherits_from"), _ref("role_names")),
    }
    top: _Schema = {}
    defs = _defs()
    for name in formats:
        dialect = next(row for row in DIALECTS.values() if row.format == name)
        top |= dialect.members
        role |= dialect.role_members
        for entry in ("entry", "named_entry"):
            defs[entry]["properties"] = {**defs[entry]["properties"], **dialect.entry_members}
    names = [FORMAT, *(row.format for row in DIALECTS.values() if row.format)]  # of now: rows may be added
    entries = _map(_ref("entry"), "a mapping of tools to what is said of them")
    listed = _list(_ref("named_entry"), "a list of tools, each with its name")
    defs["role"] = _any(
        _list(_ref("name"), "a list of tools"), _closed(role, "what the role may do"), wanted="what the role may do"
    )
    members = {
        "format": _any(
            {"enum": names, "description": f"one of {', '.join(names)}"},
            _list({"enum": names, "description": f"one of {', '.join(names)}"}, "a list of formats"),
            wanted=f"one of {', '.join(names)}",
        ),
        **_descriptive(),
        **block,
        "roles": _map(_ref("role"), "a mapping of roles to what they may do"),
        **dict.fromkeys(
            ("tools", "operations"), _any(entries, listed, wanted="a mapping of tools to what is said of them")
        ),
        "sections": _list(_ref("rule"), "a list of sections"),
        "review": _list(_ref("review_item"), "a list of what somebody must decide"),
        "default": {"description": "allow or deny", "enum": ["allow", "deny"]},
        **top,
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:gatling:policy:1",
        "title": "Gatling policy, version 1",
        **_closed(members, "a policy"),
        "$defs": defs,
    }


def native_schema(formats: Iterable[str] = ()) -> _Schema:
    """Return the JSON Schema of a policy, with what the named formats add to it; a copy of the caller's own."""
    return copy.deepcopy(_built(tuple(dict.fromkeys(formats))))
