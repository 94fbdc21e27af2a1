"""Places within places: of two entries the one for the narrower place says all that may be done there.

| the entries of a role | become |
| --- | --- |
| `assets/**`: read, write; `assets/final/**`: read | `write` on `assets/**` without `assets/final/**` |
| `/archive` for all; `/archive/secret` for some | the grant to all without `/archive/secret` |
| `assets/final/**`: nothing, or nothing that is known | every grant on `assets/**` without it |
| a place and one within it that both bound the same tools | an item: which of the tools are meant is not clear |
| a tool on `data/**`, another one on `data/out/**` | both as they stand: each line speaks of its own tool |
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from gatling.policy.globs import matches
from gatling.policy.language.statement import NativeRule, Reading, Statement, is_no_grant, no_grant, review
from gatling.schema.arguments import walk
from gatling.tools.spec import ToolSpec

_MAX_COMPARISONS = 400_000
"""Wide patterns times places within them; with more of them no grant for a place is written."""
_MAX_PLACE = 300
_EVERYWHERE = "*"
_LITERAL = str.maketrans({"*": "\x00", "?": "\x01"})


def lies_within(narrow: str, wide: str) -> bool:
    """Tell whether all that `narrow` matches is matched by `wide`, which is another pattern. A `*` of `narrow` is matched by none but a `*`."""
    return narrow != wide and matches(wide, narrow.translate(_LITERAL))


@dataclass
class _Place:
    """What entries say of one value or pattern of a parameter."""

    tools: dict[tuple[str, ...], set[str]] = field(default_factory=dict)
    """What is granted there, by the roles that it is granted to."""
    heads: set[tuple[str, ...]] = field(default_factory=set)
    """The roles for which the place is a key above what is granted: other lines of other tools say nothing of it."""

    def add(self, roles: tuple[str, ...], tools: Iterable[str], *, is_head: bool) -> None:
        self.tools.setdefault(roles, set()).update(tools)
        if is_head:
            self.heads.add(roles)


class _Places:
    """All places of a source, by parameter."""

    def __init__(self, readings: list[Reading], names: Collection[str], specs: Mapping[str, ToolSpec]) -> None:
        self.specs = specs
        self.names = {*names, *(tool for reading in readings for rule in reading.rules for tool in rule.tools)}
        self.said: dict[str, dict[str, _Place]] = {}
        self.wide = 0
        for reading in readings:
            for rule in reading.rules:
                if rule.kind == "grant":
                    self._grant(rule, reading.statement)
        for reading in readings:
            self._without_grant(reading)

    def _grant(self, rule: NativeRule, statement: Statement) -> None:
        self.wide += len(rule.tools) * _is_everywhere(statement)
        for name, wanted in rule.when.items():
            for pattern in _patterns(wanted):
                self.wide += len(rule.tools) * ("*" in pattern or "?" in pattern)
                place = self.said.setdefault(name, {}).setdefault(pattern, _Place())
                place.add(rule.roles, rule.tools, is_head=self._is_head(pattern, statement))

    def _without_grant(self, reading: Reading) -> None:
        """Note a place at which nothing is granted, or something that is not understood."""
        statement = reading.statement
        if any(rule.kind != "review" for rule in reading.rules) or statement.beside or statement.is_comment:
            return
        if reading.is_part and not isinstance(statement.value, (dict, list)):
            return  # it says whose or what the entry around it is
        tools = {tool for rule in reading.rules if is_no_grant(rule) for tool in rule.tools}
        heads = [key for key in statement.above if is_place(key) and self._is_head(key, statement)]
        within = [leaf for _, leaf in walk(statement.value) if is_place(leaf)] if not heads else []
        for key in heads or (within if tools or not reading.rules else []):
            for places in self.said.values():
                places.setdefault(key, _Place()).add(statement.context.roles, tools, is_head=bool(heads) or not tools)

    def _is_head(self, pattern: str, statement: Statement) -> bool:
        """Tell whether a place is a key, and no tool is one above it."""
        for key in statement.above:
            if key in self.names:
                return False
            if key.rstrip("/*") == pattern.rstrip("/*") and is_place(key):
                return True
        return False

    def _has(self, tool: str, name: str) -> bool:
        """Tell whether a tool may have a parameter."""
        spec = self.specs.get(tool)
        return spec is None or any(parameter.name == name for parameter in spec.parameters)

    @property
    def are_too_many(self) -> bool:
        return self.wide * sum(len(places) for places in self.said.values()) > _MAX_COMPARISONS

    def taken_out(self, tool: str, rule: NativeRule, name: str, wide: list[str], *, is_head: bool) -> list[str]:
        """Return the places that a grant of a tool does not reach, as narrower entries speak of them."""
        found: list[str] = []
        places = self.said.get(name, {})
        beside = {
            t
            for pattern in wide
            if pattern in places
            for roles, tools in places[pattern].tools.items()
            if _meet(roles, rule.roles)
            for t in tools
        } | set(rule.tools)
        for pattern, place in places.items():
            if pattern in wide or not any(lies_within(pattern, w) for w in wide):
                continue
            if any(tool in tools for tools in place.tools.values()):
                found.append(pattern)
            for roles, tools in place.tools.items():
                is_said = (
                    (is_head and roles in place.heads) or bool(tools & beside) or (not tools and roles in place.heads)
                )
                own = tools | place.tools.get((), set())
                if _meet(roles, rule.roles) and is_said and tool not in own:
                    found += _with_folder(pattern)
        return list(dict.fromkeys(found))

    def narrowed(self, reading: Reading) -> Reading:
        rules: list[NativeRule] = []
        for rule in reading.rules:
            rules += self._narrowed(rule, reading.statement) if rule.kind == "grant" else [rule]
        return replace(reading, rules=tuple(rules))

    def _narrowed(self, rule: NativeRule, statement: Statement) -> Iterator[NativeRule]:
        """Yield a grant without what narrower entries say, once for all tools of which they say the same."""
        is_everywhere = _is_everywhere(statement)
        forms: dict[str, tuple[dict[str, Any], list[str]]] = {}
        for tool in rule.tools:
            when = dict(rule.when)
            for name in self.said:
                wanted = when.get(name)
                if wanted is None and is_everywhere and self._has(tool, name):
                    wanted = {}
                    wide = [_EVERYWHERE]
                elif isinstance(wanted, dict) and wanted.get("like"):
                    wide = list(wanted["like"])
                else:
                    continue
                is_head = wide == [_EVERYWHERE] or any(self._is_head(w, statement) for w in wide)
                inner = self.taken_out(tool, rule, name, wide, is_head=is_head)
                if inner:
                    barred = list(dict.fromkeys([*wanted.get("not_like", ()), *inner]))
                    when[name] = {**wanted, "not_like": barred}
            forms.setdefault(repr(when), (when, []))[1].append(tool)
        for when, tools in forms.values():
            yield replace(rule, tools=tuple(tools), when=when)


def separated(readings: list[Reading], names: Collection[str], specs: Mapping[str, ToolSpec]) -> list[Reading]:
    """Take out of each grant for a place what narrower entries say of places within it.

    Args:
        names: the tools that there are, where that is known.
        specs: those of them that were described.
    """
    places = _Places(readings, names, specs)
    if places.said:
        if places.are_too_many:
            return [replace(r, rules=tuple(_unplaced(rule, r) for rule in r.rules)) for r in readings]
        readings = [places.narrowed(reading) for reading in readings]
    return _doubly_bound(readings)


def _doubly_bound(readings: list[Reading]) -> list[Reading]:
    """Leave to somebody which tools are meant, where a role's tools are bound to a place, and elsewhere to one within it."""
    bound: dict[tuple[str, tuple[str, ...], str], dict[str, int]] = {}
    for index, reading in enumerate(readings):
        for rule in reading.rules:
            if rule.kind != "requirement" or rule.when:
                continue
            for name, wanted in rule.require.items():
                patterns = wanted.get("like", ()) if isinstance(wanted, dict) else ()
                for tool in rule.tools:
                    for pattern in patterns:
                        bound.setdefault((tool, rule.roles, name), {}).setdefault(pattern, index)
    doubtful: dict[int, dict[str, None]] = {}
    steps = 0
    for (tool, _, _), patterns in bound.items():
        steps += len(patterns) ** 2
        for narrow, index in patterns.items():
            if steps > _MAX_COMPARISONS or any(
                other != index and lies_within(narrow, wide) for wide, other in patterns.items()
            ):
                doubtful.setdefault(index, {})[tool] = None
    why = "a place within another one that is bound too; which tools are meant is not clear"
    return [
        replace(r, rules=(*r.rules, review(r.statement.text, why, tuple(doubtful[i])))) if i in doubtful else r
        for i, r in enumerate(readings)
    ]


def _patterns(wanted: Any) -> list[str]:
    if isinstance(wanted, dict):
        found = [*wanted.get("like", ()), *wanted.get("in", ()), wanted.get("equals")]
    else:
        found = wanted if isinstance(wanted, list) else [wanted]
    return [pattern for pattern in found if isinstance(pattern, str)]


def _meet(some: tuple[str, ...], others: tuple[str, ...]) -> bool:
    return not some or not others or not set(some).isdisjoint(others)


def is_place(value: Any) -> bool:
    """Tell whether a key or a value may be a path, or a pattern of paths."""
    return isinstance(value, str) and 1 < len(value) <= _MAX_PLACE and "/" in value and not any(map(str.isspace, value))


def _is_everywhere(statement: Statement) -> bool:
    """Tell whether an entry names every place: what says that is no condition of its grants."""
    said = [*statement.above, *(leaf for _, leaf in walk(statement.value))]
    return any(isinstance(leaf, str) and leaf and set(leaf) <= {"*", "/"} for leaf in said)


def _with_folder(pattern: str) -> list[str]:
    """Return a place, the folder that it is below, and, as it may be a folder itself, what is below it."""
    folder = pattern.rstrip("*").rstrip("/")
    if pattern.endswith(("/*", "/**")) and folder:
        return [folder, pattern]
    return [pattern] if "*" in pattern or "/" not in pattern else [pattern, f"{folder}/*"]


def _unplaced(rule: NativeRule, reading: Reading) -> NativeRule:
    is_placed = rule.kind == "grant" and any(isinstance(w, dict) and "like" in w for w in rule.when.values())
    return no_grant(reading.statement.text, "too many places to be compared", rule.tools) if is_placed else rule
