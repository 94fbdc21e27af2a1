"""No circle of imports in the package."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent / "gatling"


def modules(root: Path) -> dict[str, Path]:
    """Return the files of a package by the names of their modules."""
    found = {}
    for path in root.rglob("*.py"):
        parts = path.relative_to(root.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def statements(body: list[ast.stmt]) -> Iterator[ast.Import | ast.ImportFrom]:
    """Yield the imports that run when the module is loaded."""
    for item in body:
        if isinstance(item, (ast.Import, ast.ImportFrom)):
            yield item
        elif isinstance(item, ast.If):
            if "TYPE_CHECKING" not in ast.unparse(item.test):
                yield from statements(item.body)
            yield from statements(item.orelse)
        elif isinstance(item, (ast.ClassDef, ast.With)):
            yield from statements(item.body)
        elif isinstance(item, ast.Try):
            yield from statements([*item.body, *(s for h in item.handlers for s in h.body), *item.orelse])


def arrows(files: dict[str, Path]) -> dict[str, set[str]]:
    """Return what each module imports: when it is loaded; a command line's module also later, and for types."""
    found = {}
    for name, path in files.items():
        tree = ast.parse(path.read_text("utf-8"))
        everywhere = (s for s in ast.walk(tree) if isinstance(s, (ast.Import, ast.ImportFrom)))
        targets = set()
        for item in everywhere if ".cli." in name else statements(tree.body):
            if isinstance(item, ast.Import):
                targets |= {alias.name for alias in item.names}
            else:
                assert item.level == 0, f"{name}: a relative import"
                inner = {alias.name: f"{item.module}.{alias.name}" for alias in item.names}
                targets |= {full if full in files else str(item.module) for full in inner.values()}
        found[name] = targets & files.keys() - {name}
    return found


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Return the strongly connected components of more than one module (Kosaraju's two passes, without recursion)."""
    order: list[str] = []
    seen: set[str] = set()
    for root in graph:
        stack = [(root, iter(sorted(graph[root])))] if root not in seen else []
        seen.add(root)
        while stack:
            name, targets = stack[-1]
            fresh = next((t for t in targets if t not in seen), None)
            if fresh is None:
                order.append(name)
                stack.pop()
            else:
                seen.add(fresh)
                stack.append((fresh, iter(sorted(graph[fresh]))))
    back: dict[str, set[str]] = {name: set() for name in graph}
    for name, targets_of in graph.items():
        for target in targets_of:
            back[target].add(name)
    found, left = [], set(graph)
    for root in reversed(order):
        component, waiting = [], [root]
        while waiting:
            name = waiting.pop()
            if name in left:
                left.remove(name)
                component.append(name)
                waiting.extend(back[name])
        if len(component) > 1:
            found.append(sorted(component))
    return found


def test_there_is_no_circle() -> None:
    graph = arrows(modules(PACKAGE))
    assert len(graph) > 100
    assert "gatling.errors" in graph["gatling.schema.files"]
    assert circles(graph) == []


def test_a_circle_would_be_found(tmp_path: Path) -> None:
    root = tmp_path / "shop"
    (root / "cli").mkdir(parents=True)
    for name, text in {
        "__init__": "",
        "a": "from shop import b\nfrom shop.c import x",
        "b": "if True:\n    import shop.c",
        "c": "class K:\n    from shop.a import y",
        "d": "from shop import a\nif TYPE_CHECKING:\n    import shop.e",
        "e": "def f():\n    import shop.d",
        "f": "import shop.d\nimport shop.e",
        "cli/__init__": "",
        "cli/g": "def f():\n    from shop.cli.h import x",
        "cli/h": "if TYPE_CHECKING:\n    from shop.cli import g",
    }.items():
        (root / f"{name}.py").write_text(text)
    assert sorted(circles(arrows(modules(root)))) == [["shop.a", "shop.b", "shop.c"], ["shop.cli.g", "shop.cli.h"]]
