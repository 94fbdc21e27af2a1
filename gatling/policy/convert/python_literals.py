"""Assignments of literals in Python to one tree with lines: mappings, lists, tuples, `dict(..)` and names that were assigned before.

Nothing is executed. What is no literal is refused, so the source is then read as text.
"""

from __future__ import annotations

import ast
import re
from typing import Any

from gatling.errors import InputError
from gatling.policy.source import DataPath, PolicySource

MAX_DEPTH = 24
"""Brackets within brackets; deeper is refused."""


def is_python(text: str) -> bool:
    """Tell whether a text assigns mappings or lists to names, as Python does."""
    return (
        bool(re.search(r"^[A-Za-z_][\w, ]*(?:\s*:\s*[\w\[\], .]+)?\s*=\s*(?:[\[{(]|dict\()", text, re.MULTILINE))
        and _parsed(text) is not None
    )


def _parsed(text: str) -> ast.Module | None:
    depth = deepest = 0
    for char in text:
        depth += (char in "([{") - (char in ")]}")
        deepest = max(deepest, depth)
    if deepest > MAX_DEPTH:
        return None
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def python_of(text: str, file: str | None) -> PolicySource:
    """Read the assignments of a text. Raises: InputError for what is no literal."""
    module = _parsed(text)
    if module is None:
        raise InputError(f"no Python, or more than {MAX_DEPTH} brackets within each other", file=file)
    data: dict[str, Any] = {}
    lines: dict[DataPath, int] = {}
    known: dict[str, Any] = {}
    for statement in module.body:
        if (
            isinstance(statement, ast.Expr)
            and isinstance(statement.value, ast.Constant)
            and isinstance(statement.value.value, str)
        ):
            continue  # what a text by itself says is a comment
        value = statement.value if isinstance(statement, (ast.Assign, ast.AnnAssign)) else None
        targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
        if value is None or len(targets) != 1:
            raise InputError("no assignment of a literal", file=file, line=statement.lineno)
        target = targets[0]
        names = target.elts if isinstance(target, ast.Tuple) else [target]
        values = value.elts if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) else [value]
        if len(names) != len(values) or not all(isinstance(n, ast.Name) for n in names):
            raise InputError("no assignment of literals to names", file=file, line=statement.lineno)
        for name, node in zip(names, values, strict=True):
            assert isinstance(name, ast.Name)
            found = _plain(node, (name.id,), known, lines, file)
            known[name.id] = found
            if isinstance(found, (dict, list)) or len(names) == 1:
                data[name.id] = found
                lines[name.id,] = statement.lineno
    return PolicySource(data, lines, file)


def _plain(node: ast.expr, path: DataPath, known: dict[str, Any], lines: dict[DataPath, int], file: str | None) -> Any:
    """Return a literal as plain data. Depth is bounded by the brackets that were counted."""
    lines.setdefault(path, node.lineno)
    match node:
        case ast.Constant(value=value) if value is None or isinstance(value, (str, int, float, bool)):
            return value
        case ast.Name(id=name) if name in known:
            return known[name]
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=value)) if isinstance(value, (int, float)):
            return -value
        case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items):
            return [_plain(item, (*path, i), known, lines, file) for i, item in enumerate(items)]
        case ast.Dict(keys=heads, values=nodes):
            pairs = [
                (h.value if isinstance(h, ast.Constant) else known.get(h.id) if isinstance(h, ast.Name) else None, v)
                for h, v in zip(heads, nodes, strict=True)
            ]
        case ast.Call(func=ast.Name(id="dict"), args=[], keywords=keywords) if all(k.arg for k in keywords):
            pairs = [(k.arg, k.value) for k in keywords]
        case ast.Call(func=ast.Name(id="set" | "frozenset" | "list" | "tuple"), args=[only], keywords=[]):
            return _plain(only, path, known, lines, file)
        case _:
            raise InputError("no literal", file=file, line=node.lineno)
    result: dict[str, Any] = {}
    for key, inner in pairs:
        if not isinstance(key, str) or key in result:
            raise InputError("a key that is no text, or stands twice", file=file, line=inner.lineno)
        result[key] = _plain(inner, (*path, key), known, lines, file)
    return result
