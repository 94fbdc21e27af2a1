"""Grants, denials and limits in each dialect: native lists, access-management statements, scopes, schemas, Cedar."""

from __future__ import annotations

import re
from random import Random
from typing import Any

from gatling.generate.page import ALLOW_KEYS, DENY_KEYS, LIMIT_KEYS, NEVER, Page
from gatling.generate.tools import Tool
from gatling.schema.words import split_words


def write_native(page: Page) -> None:
    rng, g = page.rng, page.g
    if list(g.granted) == [None] and not g.inherits and rng.random() < 0.07 and len(g.denied) <= 1:
        page.grants_are_prose = True
        for tool in g.granted[None]:
            page.say(("{tools} may be used.", "You may call {tools}.", "Use of {tools} is fine."), [tool])
        for tool in g.denied.get(None, ()):
            page.say(NEVER, [tool])
        return
    allow, deny = rng.choice(ALLOW_KEYS), rng.choice(DENY_KEYS)
    blocks: dict[str, dict[str, Any]] = {}
    for role, tools in g.granted.items():
        value: Any = list(tools)
        shape = rng.random()
        if shape < 0.06:
            value = dict.fromkeys(tools, True)
        elif shape < 0.14:
            value = [{"operation": t} for t in tools]
        elif shape < 0.22:
            value = _with_wildcards(tools, list(g.tools))
        (blocks.setdefault(role, {}) if role else page.data)[page.style(allow)] = value
    for role, tools in g.denied.items():
        structured, prose = page.form()
        if g.is_allow_by_default:
            structured = True
        if structured:
            (blocks.setdefault(role, {}) if role else page.data)[page.style(deny)] = list(tools)
        if prose or not structured:
            who = f" as {role}" if role else ""
            page.say(tuple(shape.rstrip(".") + who + "." for shape in NEVER) if role else NEVER, list(tools))
    if None not in g.denied and rng.random() < 0.4:
        page.put(deny, [])
    for role, parent in g.inherits.items():
        blocks.setdefault(role, {})["inherits"] = parent
        blocks.setdefault(parent, {})
    if blocks:
        page.put(rng.choice(("roles", "roles", "role_permissions")), blocks)


def write_statements(page: Page) -> None:
    rng, g = page.rng, page.g
    statements: list[dict[str, Any]] = []
    by_role: dict[str, list[dict[str, Any]]] = {}

    def add(effect: str, tools: list[str], role: str | None, condition: dict[str, Any] | None = None) -> None:
        actions = [_action(rng, g.tools[t]) for t in tools]
        statement: dict[str, Any] = {
            "Effect": effect,
            "Action": actions if len(actions) > 1 or rng.random() < 0.5 else actions[0],
        }
        if rng.random() < 0.5:
            statement = {"Sid": f"{effect}{len(statements) + 1}", **statement}
        statement["Resource"] = "*"
        if condition:
            statement["Condition"] = condition
        (by_role.setdefault(role, []) if role else statements).append(statement)

    for role, tools in g.granted.items():
        half = len(tools) // 2 if len(tools) > 3 and rng.random() < 0.5 else 0
        for part in (tools[:half], tools[half:]):
            if part:
                add("Allow", part, role)
    for role, tools in g.denied.items():
        structured, prose = page.form()
        if structured:
            add("Deny", list(tools), role)
        if prose or not structured:
            who = f" as {role}" if role else ""
            page.say(tuple(shape.rstrip(".") + who + "." for shape in NEVER), list(tools))
    for (tool, name), most in g.limits.items():
        structured, prose = page.form()
        if structured:
            add("Deny", [tool], None, {"NumericGreaterThan": {f"{g.tools[tool].spec.domain}:{name}": most}})
        if prose or not structured:
            _say_limit(page, tool, name, most)
    for (tool, name), values in g.allowed_values.items():
        structured, prose = page.form()
        if structured:
            slot = next(slot for slot in g.tools[tool].slots if slot.name == name)
            others = [
                v for v in slot.parameter.enum if v not in values
            ]  # StringNotEquals would catch a missing value too
            add("Deny", [tool], None, {"StringEquals": {name: others}})
        if prose or not structured:
            _say_values(page, tool, name, values)
    if rng.random() < 0.7:
        page.data["Version"] = "2012-10-17"
    page.data["Statement"] = statements
    roles: dict[str, dict[str, Any]] = {role: {"Statement": found} for role, found in by_role.items()}
    for role, parent in g.inherits.items():
        roles.setdefault(role, {})["inherits"] = parent
        roles.setdefault(parent, {})
    if roles:
        page.put("roles", roles)


def write_scopes(page: Page) -> None:
    rng, g = page.rng, page.g
    page.put(
        rng.choice(("required_scopes", "tool_scopes", "operation_scopes")),
        {t: list(s) for t, s in g.required_scopes.items()},
    )
    granted = {role: list(scopes) for role, scopes in g.granted_scopes.items()}
    if None in granted:
        page.put("granted_scopes", granted[None])
    elif rng.random() < 0.5:
        page.put("granted_scopes", granted)
    else:
        page.put("roles", {role: {page.style("granted_scopes"): scopes} for role, scopes in granted.items()})
    write_limits(page)
    write_values(page)


def write_schemas(page: Page) -> None:
    rng, g = page.rng, page.g
    entries: dict[str, dict[str, Any]] = {}
    for name, tool in g.tools.items():
        if not any(name in tools for tools in g.granted.values()) and rng.random() < 0.5:
            continue
        properties: dict[str, Any] = {}
        for slot in tool.slots[:12]:
            part: dict[str, Any] = {"type": slot.parameter.type}
            if slot.parameter.enum and not slot.is_list:
                part["enum"] = list(g.allowed_values.get((name, slot.name), slot.parameter.enum))
            most = g.limits.get((name, slot.name))
            if most is not None and slot.parameter.type == "string":  # a schema bounds numbers only
                _say_limit(page, name, slot.name, most)
            elif most is not None:
                part["maxItems" if slot.is_list else "maximum"] = most
            properties[slot.name] = part
        entries[name] = {rng.choice(("input_schema", "parameters")): {"type": "object", "properties": properties}}
        for (tool_name, argument), values in g.allowed_values.items():
            if tool_name == name and argument not in properties:
                _say_values(page, name, argument, values)
        for (tool_name, argument), most in g.limits.items():
            if tool_name == name and argument not in properties:
                _say_limit(page, name, argument, most)
    everywhere = set(g.granted.get(None, ())) if list(g.granted) == [None] and not g.inherits else set()
    if everywhere and rng.random() < 0.6:
        for name, entry in entries.items():
            if name in everywhere:
                entry["allowed"] = True
            elif name in g.denied.get(None, ()):
                entry["allowed"] = False
        page.put("tools", entries)
        leftover = [
            n
            for n in g.denied.get(None, ())
            if n not in entries or "allowed" not in entries[n] or entries[n]["allowed"]
        ]
        if leftover:
            page.put(rng.choice(DENY_KEYS), leftover)
        for role, tools in g.denied.items():
            if role is not None:
                page.put("roles", {role: {page.style("forbidden_operations"): list(tools)}})
        return
    write_native(page)
    page.put("tools", entries)


def write_cedar(page: Page) -> None:
    rng, g = page.rng, page.g
    lines: list[str] = []

    def add(effect: str, tool: str, role: str | None, condition: str = "") -> None:
        who = f'principal in Role::"{role}"' if role else "principal"
        when = f" when {{ {condition} }}" if condition else ""
        lines.append(f'{effect}({who}, action == Action::"{tool}", resource){when};')

    children: dict[str, list[str]] = {}
    for child, parent in g.inherits.items():
        children.setdefault(parent, []).append(child)
    for effect, lists in (("permit", g.granted), ("forbid", g.denied)):
        for role, tools in lists.items():
            for tool in tools:
                for who in [role, *children.get(role, ())] if role else [None]:
                    add(effect, tool, who)
    for (tool, name), most in g.limits.items():
        slot = next(s for s in g.tools[tool].slots if s.name == name)
        if slot.parameter.type == "integer" and re.fullmatch(r"[A-Za-z_]\w*", name):
            add("forbid", tool, None, f"context.arguments has {name} && context.arguments.{name} > {most}")
        else:
            _say_limit(page, tool, name, most)
    write_values(page)
    text = "\n".join(lines)
    page.put(rng.choice(("cedar", "cedar_policies")), text if rng.random() < 0.5 else lines)


def write_limits(page: Page) -> None:
    rng, g = page.rng, page.g
    flat: dict[str, int] = {}
    for (tool, name), most in g.limits.items():
        structured, prose = page.form()
        if structured:
            shape = rng.random()
            if shape < 0.75 and "." not in tool:
                flat[f"{tool}.{name}"] = most
            elif shape < 0.9:
                page.rules.append({"operation": tool, "constraints": {name: {"max": most}}})
            else:
                page.rules.append({"effect": "deny", "operation": tool, "when": {name: {">": most}}})
        if prose or not structured:
            _say_limit(page, tool, name, most)
    if flat:
        nested: dict[str, Any] = {}
        for key, most in flat.items():
            tool, name = key.rsplit(".", 1)
            nested.setdefault(tool, {})[name] = most
        page.put(rng.choice(LIMIT_KEYS), nested if rng.random() < 0.35 else flat)


def write_values(page: Page) -> None:
    for (tool, name), values in page.g.allowed_values.items():
        structured, prose = page.form()
        if structured:
            page.rules.append({"operation": tool, "constraints": {name: {"in": list(values)}}})
        if prose or not structured:
            _say_values(page, tool, name, values)


def _say_limit(page: Page, tool: str, name: str, most: int) -> None:
    words = " ".join(split_words(name))
    shapes = (
        "{tools}: {w} is at most {n}.", "Keep the {w} of {tools} at or below {n}.", "{tools} never with a {w} above {n}.",
        "No more than {n} for {w} in {tools}.",
    )  # fmt: skip
    page.say(shapes, [tool], w=words, n=most)


def _say_values(page: Page, tool: str, name: str, values: tuple[str, ...]) -> None:
    words = " ".join(split_words(name))
    shapes = (
        "{tools} takes {v} as {w} and nothing else.",
        "For {tools}, the {w} is {v}.",
        "Only {v} as {w} of {tools}.",
    )
    page.say(shapes, [tool], w=words, v=" or ".join(values))


def _with_wildcards(granted: list[str], every: list[str]) -> list[str]:
    """Write names that share a first part as one pattern, where no other tool has it."""
    found: list[str] = []
    for name in granted:
        cut = max(name.find("_"), name.find("."))
        head = name[: cut + 1]
        if len(head) > 2 and all(other in granted for other in every if other.startswith(head)):
            pattern = head + "*"
            if pattern not in found:
                found.append(pattern)
        else:
            found.append(name)
    return found


def _action(rng: Random, tool: Tool) -> str:
    """Write a tool as an action, `mail:SendNow`: the same letters in the same order."""
    words = split_words(tool.name)
    if len(words) < 2 or any(not w.isalnum() for w in words) or rng.random() < 0.3:
        return tool.name
    return f"{words[0]}:{''.join(w.capitalize() for w in words[1:])}"
