"""Rego as lines of tokens: each rule with what it wants of the input, as far as that is one comparison after the other.

    allow if { input.tool == "book_hotel"; input.args.nights <= 2 }     allow tool=book_hotel nights<=2

A condition of any other form stays in the line as it is, so that the line is not understood and grants nothing.
"""

from __future__ import annotations

import re

_DEFAULT = re.compile(r"default\s+\w+\s*:?=\s*(?:false|\"deny\"|\"ask\")\s*")
_HEAD = re.compile(r"\s*(\w+)(?:\s*:?=\s*(?:true|\"\w+\"))?(?:\s+contains\s+\w+)?\s*(?:if\s*)?(\{)?\s*(.*)$")
_SAME = re.compile(r"input\.(?:[\w]+\.)*(\w+)\s*==\s*\"([^\"]+)\"|\"([^\"]+)\"\s*==\s*input\.(?:[\w]+\.)*(\w+)")
_COMPARED = re.compile(r"input\.(?:[\w]+\.)*(\w+)\s*(<=|>=|<|>)\s*(-?\d+(?:\.\d+)?)")


def is_rego(text: str) -> bool:
    return bool(re.search(r"^\s*package\s+[\w.]+\s*$", text, re.MULTILINE)) and "input." in text


def lines_of_rego(text: str) -> str:
    """Return the rules as lines of tokens, each in the line that it starts in; comments stay."""
    found: list[str] = []
    start, body, depth = 0, "", 0
    for number, raw in enumerate(text.splitlines()):
        found.append("")
        line, mark, said = raw.partition("#")
        if mark:
            found[number] = f"# {said.strip()}"
        line = line.strip()
        if not line or re.match(r"(?:package|import)\b", line):
            continue
        if depth == 0 and _DEFAULT.fullmatch(line):
            found[number] = "default: deny"
            continue
        if depth == 0:
            start, body = number, ""
        body = f"{body}; {line}" if body and not body.endswith("{") else f"{body} {line}".strip()
        depth += line.count("{") - line.count("}")
        if depth <= 0:
            found[start] = _line(body)
            depth, body = 0, ""
    if body:
        found[start] = body
    return "\n".join(found)


def _line(body: str) -> str:
    match = _HEAD.match(body)
    if match is None:
        return body
    name, _, rest = match.groups()
    conditions = [part.strip() for part in re.split(r"[;\n]", rest.rstrip("} ")) if part.strip()]
    tokens = []
    for condition in conditions:
        if same := _SAME.fullmatch(condition):
            key, value = (same.group(1), same.group(2)) if same.group(1) else (same.group(4), same.group(3))
            tokens.append(f'{key}="{value}"' if " " in value else f"{key}={value}")
        elif compared := _COMPARED.fullmatch(condition):
            tokens.append("".join(compared.groups()))
        else:
            tokens.append(f"({condition})")
    return " ".join([name, *tokens]) if tokens else body
