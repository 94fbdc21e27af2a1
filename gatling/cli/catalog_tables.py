"""Tables of catalogues: one row a domain or a tool, or one tool in full."""

from __future__ import annotations

from collections import Counter

from rich.markup import escape

from gatling.cli.console import print_table, printable
from gatling.cli.documents import print_json
from gatling.errors import ConfigError
from gatling.tools.spec import DERIVED, EFFECTS, Parameter, ToolSpec

MAX_SUGGESTIONS = 5


def list_domains(specs: list[ToolSpec], *, as_json: bool, with_tools: bool) -> None:
    """Print one row a domain, or one row a tool where a domain was asked for. JSON is the tools in full."""
    if as_json:
        print_json([s.to_dict() for s in specs])
        return
    if with_tools:
        rows: list[tuple[str, ...]] = [
            (s.name, s.vendor, s.effect, str(s.privilege), str(s.sensitivity)) for s in specs
        ]
        _print(f"{len(specs)} tools", ("tool", "vendor", "effect", "privilege", "sensitivity"), rows)
        return
    domains: dict[tuple[str, str], Counter[str]] = {}
    for s in specs:
        domains.setdefault((s.vendor, s.domain), Counter())[s.effect] += 1
    rows = [
        (domain, vendor, str(sum(counts.values())), *(str(counts[effect]) for effect in EFFECTS))
        for (vendor, domain), counts in domains.items()
    ]
    _print(f"{len(specs)} tools in {len(rows)} domains", ("domain", "vendor", "tools", *EFFECTS), rows)


def show_tools(specs: list[ToolSpec], name: str, *, as_json: bool) -> None:
    """Print every tool of that name: several vendors and domains may have one. Raises: ConfigError if none has."""
    found = [s for s in specs if s.name == name]
    if not found:
        near = sorted({s.name for s in specs if name.lower() in s.name.lower()})[:MAX_SUGGESTIONS]
        hint = f"; near: {', '.join(near)}" if near else ""
        raise ConfigError(f"no tool is called {name!r}{hint}")
    if as_json:
        print_json([s.to_dict() for s in found])
        return
    for s in found:
        evidence = dict(s.evidence)
        rows: list[tuple[str, ...]] = [
            ("description", s.description, ""),
            ("permissions", "\n".join(s.permissions) or "-", "stated"),
            ("returns", s.returns or "-", "stated"),
            *((key, _text(getattr(s, key)), evidence[key]) for key in DERIVED),
        ]
        _print(f"{s.vendor} / {s.domain} / {s.name}", ("field", "value", "evidence"), rows)
        if s.parameters:
            shown: list[tuple[str, ...]] = [
                (p.name, _type(p), "yes" if p.is_required else "", _values(p)) for p in s.parameters
            ]
            _print("parameters", ("parameter", "type", "required", "values"), shown)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-" if value is None else str(value)


def _type(parameter: Parameter) -> str:
    kind = f"{parameter.type} of {parameter.item_type}" if parameter.item_type else parameter.type
    return f"{kind} ({parameter.format})" if parameter.format else kind


def _values(parameter: Parameter) -> str:
    parts = []
    if parameter.enum:
        parts.append("|".join(parameter.enum))
    if parameter.minimum is not None:
        parts.append(f"from {parameter.minimum:g}")
    if parameter.maximum is not None:
        parts.append(f"to {parameter.maximum:g}")
    if parameter.default is not None:
        parts.append(f"default {parameter.default}")
    return ", ".join(parts)


def _print(title: str, columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    """Print a table of text that others wrote: no markup, no control characters."""
    print_table(_plain(title), columns, [tuple(map(_plain, row)) for row in rows])


def _plain(text: str) -> str:
    return escape(printable(text))
