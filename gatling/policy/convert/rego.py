"""Rego as a tree of rules: each with its effect, and what it wants of the input as members.

    allow if { input.tool == "book_hotel"; input.args.nights <= 2 }     {effect: allow, tool: book_hotel, where: {nights: {"<=": 2}}}

A condition of any other form becomes a member as it stands, which is not understood, so that such a rule grants nothing.
"""

from __future__ import annotations

import re
from typing import Any

from gatling.errors import InputError
from gatling.policy.source import DataPath, PolicySource

MAX_CONDITIONS = 64
"""Of one rule; a longer one is refused."""
_PATH = r"input(?:\.\w+)*\.(\w+)"
_DEFAULT = re.compile(r"default\s+(\w+)\s*:?=\s*(\w+|\"\w*\")\s*")
_SET = re.compile(r"(\w+)\s*:?=\s*[\[{](.*)[\]}]\s*", re.DOTALL)
_HEAD = re.compile(r"\s*(\w+)(?:\s*:?=\s*(true|\"\w+\"))?(?:\s+contains\s+\w+)?\s*(?:if\s*)?(\{)?\s*(.*)$", re.DOTALL)
_TOOL = frozenset("tool tool_name action operation function name method call".split())
_ROLE = frozenset("role roles user_role group".split())
_EFFECTS = {
    "allow": "allow", "allowed": "allow", "permit": "allow", "deny": "deny", "denied": "deny", "forbid": "deny", "block": "deny", "ask": "ask",
    "needs_human": "ask", "needs_approval": "ask", "require_approval": "ask", "requires_approval": "ask", "escalate": "ask", "confirm": "ask",
    "approval": "ask", "needs_confirmation": "ask", "hold": "ask", "review": "ask",
}  # fmt: skip


def is_rego(text: str) -> bool:
    return bool(re.search(r"^\s*package\s+[\w.]+\s*$", text, re.MULTILINE)) and "input." in text


def rego_of(text: str, file: str | None) -> PolicySource:
    """Read the rules of a package. Raises: InputError for brackets that nothing closes."""
    data: dict[str, Any] = {"rules": []}
    lines: dict[DataPath, int] = {("rules",): 1}
    sets: dict[str, list[str]] = {}
    for number, said in _statements(text, file):
        if re.match(r"(?:package|import)\b", said):
            continue
        if default := _DEFAULT.fullmatch(said):
            if default.group(2).strip('"') in ("false", "deny", "ask", "refuse"):
                if _EFFECTS.get(default.group(1), "allow") == "allow":
                    data["default"] = "deny"
                    lines["default",] = number
                continue
        elif (named := _SET.fullmatch(said)) and "input." not in said:
            sets[named.group(1)] = re.findall(r"\"([^\"]*)\"", named.group(2))
            continue
        data["rules"].append(_rule(said, sets))
        lines["rules", len(data["rules"]) - 1] = number
    return PolicySource(data, lines, file)


def _statements(text: str, file: str | None) -> list[tuple[int, str]]:
    """Return the statements of a text without comments, each with the line that it starts on; bodies may go over several."""
    found: list[tuple[int, str]] = []
    start, body, depth = 0, "", 0
    for number, raw in enumerate(text.splitlines(), 1):
        line = re.sub(r"(\"[^\"]*\")|#.*", lambda m: m.group(1) or "", raw).strip()
        if not line:
            continue
        if depth == 0:
            start, body = number, ""
        body = f"{body}\n{line}" if body else line
        plain = re.sub(r"\"[^\"]*\"", "", line)
        depth += sum(plain.count(c) for c in "{[(") - sum(plain.count(c) for c in "}])")
        if depth <= 0:
            found.append((start, body))
            depth, body = 0, ""
    if body:
        raise InputError("a bracket that nothing closes", file=file, line=start)
    return found


def _rule(said: str, sets: dict[str, list[str]]) -> dict[str, Any]:
    match = _HEAD.match(said)
    name, value, opened, rest = match.groups() if match else ("", None, None, said)
    value = (value or "").strip('"')
    effect = _EFFECTS.get(value) or (_EFFECTS.get(name.lower(), "") if value in ("", "true") else "")
    rule: dict[str, Any] = {"effect": effect} if effect else {"rule": said}
    body = rest.rstrip()
    body = body.removesuffix("}") if opened else body
    parts = [part.strip() for part in re.split(r"[;\n]", body) if part.strip()]
    if len(parts) > MAX_CONDITIONS:
        rule["condition"] = f"{len(parts)} conditions"
        return rule
    where: dict[str, dict[str, Any]] = {}
    for part in parts:
        found = _condition(part, sets)
        if found is None:
            rule[f"condition {len(rule)}"] = part
            continue
        key, operator, wanted = found
        if key in _TOOL and operator == "in" and "tool" not in rule:
            rule["tool"] = wanted
        elif key in _ROLE and operator == "in" and "roles" not in rule:
            rule["roles"] = wanted
        elif operator in ("not_in", "not_like") and operator in where.get(key, {}):
            where[key][operator] += wanted
        elif key in _TOOL | _ROLE or operator in where.get(key, {}):
            rule[f"condition {len(rule)}"] = part
        else:
            where.setdefault(key, {})[operator] = wanted
    if where:
        rule["where"] = where
    return rule


def _values(text: str, sets: dict[str, list[str]]) -> list[str] | None:
    """Return the values of a set that is written or named; None if it is neither."""
    plain = text.strip().removesuffix("[_]").strip()
    if plain in sets:
        return sets[plain]
    if re.fullmatch(r"[\[{]\s*\"[^\"]*\"(?:\s*,\s*\"[^\"]*\")*\s*[\]}]", plain):
        return re.findall(r"\"([^\"]*)\"", plain)
    return None


def _condition(text: str, sets: dict[str, list[str]]) -> tuple[str, str, Any] | None:
    """Read one condition: of what, with which operator, what; None if it is of no form that is known."""
    is_negative = bool(re.match(r"not\s+", text))
    plain = re.sub(r"^not\s+", "", text)
    if found := re.fullmatch(rf"(endswith|startswith)\(\s*{_PATH}\s*,\s*\"([^\"]+)\"\s*\)", plain):
        form = f"*{found.group(3)}" if found.group(1) == "endswith" else f"{found.group(3)}*"
        return found.group(2), "not_like" if is_negative else "like", [form]
    if found := re.fullmatch(rf"{_PATH}\s+in\s+(.+)", plain):
        values = _values(found.group(2), sets)
        return (found.group(1), "not_in" if is_negative else "in", values) if values is not None else None
    if (found := re.fullmatch(rf"(\w+)\[{_PATH}\]", plain)) and found.group(1) in sets:
        return found.group(2), "not_in" if is_negative else "in", sets[found.group(1)]
    if is_negative and (found := re.fullmatch(_PATH, plain)):
        return found.group(1), "equals", False
    if is_negative:
        return None
    if found := re.fullmatch(rf"{_PATH}\s*(==|!=)\s*(.+)", plain):
        key, sign, said = found.groups()
        operator = "in" if sign == "==" else "not_in"
        if re.fullmatch(r"\"[^\"]*\"", said):
            return key, operator, [said.strip('"')]
        if said in ("true", "false"):
            return key, "equals", (said == "true") is (sign == "==")
        if re.fullmatch(r"-?\d+(?:\.\d+)?", said):
            return key, operator, [float(said) if "." in said else int(said)]
        values = _values(said, sets) if sign == "==" else None
        return (
            (key, "in", values)
            if values is not None and (said.endswith("[_]") or said.rstrip().endswith("[_]"))
            else None
        )
    if found := re.fullmatch(rf"\"([^\"]*)\"\s*==\s*{_PATH}", plain):
        return found.group(2), "in", [found.group(1)]
    if found := re.fullmatch(rf"{_PATH}\s*(<=|>=|<|>)\s*(-?\d+(?:\.\d+)?)", plain):
        return found.group(1), found.group(2), float(found.group(3)) if "." in found.group(3) else int(found.group(3))
    if found := re.fullmatch(_PATH, plain):
        return found.group(1), "equals", True
    return None
