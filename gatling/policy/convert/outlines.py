"""Outlines: lines without marks whose indentation says what stands below what, the last of which end with a verdict.

box office
  tickets
    sell yes
    refund only with approval
"""

from __future__ import annotations

import re
from typing import Any

from gatling.errors import InputError
from gatling.policy.language.effects import effect_in
from gatling.policy.source import DataPath, PolicySource

MAX_DEPTH = 24
_MARK = re.compile(r"\s*(?:[-*+#>|\u2022]|\d+[.)]|\[)")
_WIDE = 12
"""Words of a line; what has more is a sentence."""


def is_outline(text: str) -> bool:
    """Tell whether the lines of a text are an outline: short, unmarked, on three levels at least, some of them with a verdict."""
    lines = [line for line in text.expandtabs(4).splitlines() if line.strip()]
    levels = {len(line) - len(line.lstrip()) for line in lines}
    if len(lines) < 4 or len(levels) < 3 or any(_MARK.match(line) or len(line.split()) > _WIDE for line in lines):
        return False
    if any(re.search(r"[.;:{}=]\s*$|[{}<>]", line) for line in lines):
        return False
    return sum(bool(_verdict(line.strip())[1]) for line in lines) >= 2


def outline_of(text: str, file: str | None) -> PolicySource:
    """Read an outline as mappings. Raises: InputError."""
    lines = [(n, line.rstrip()) for n, line in enumerate(text.expandtabs(4).splitlines(), 1) if line.strip()]
    data: dict[str, Any] = {}
    where: dict[DataPath, int] = {}
    stack: list[tuple[int, dict[str, Any], DataPath]] = [(-1, data, ())]
    for i, (number, line) in enumerate(lines):
        indent = len(line) - len(line.lstrip())
        while stack[-1][0] >= indent:
            stack.pop()
        _, target, path = stack[-1]
        following = lines[i + 1][1] if i + 1 < len(lines) else ""
        is_above = len(following) - len(following.lstrip()) > indent
        key, value = (line.strip(), "") if is_above else _verdict(line.strip())
        if key in target:
            raise InputError(f"the line {key} stands twice", file=file, line=number)
        if len(stack) > MAX_DEPTH:
            raise InputError(f"more than {MAX_DEPTH} levels", file=file, line=number)
        target[key] = {} if is_above else value
        where[*path, key] = number
        if is_above:
            stack.append((indent, target[key], (*path, key)))
    return PolicySource(data, where, file)


def _verdict(line: str) -> tuple[str, str]:
    """Split a line into what it is about and its verdict; the verdict is empty where there is none."""
    words = line.split()
    for at in range(1, len(words)):
        said = effect_in(" ".join(words[at:]))
        if said.effect and (not said.rest or said.effect == "ask"):
            return " ".join(words[:at]), " ".join(words[at:])
    return line, ""
