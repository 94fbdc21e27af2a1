"""Catalogue tools as the generator uses them: what each parameter holds, what feeds what, how a family writes names."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from random import Random

from gatling.schema.lazy import cached_property
from gatling.schema.words import split_words
from gatling.tools import Parameter, ToolSpec
from gatling.tools.authorship import outsiders_write

# What a string parameter holds, by the last of its words that is known.
_KIND_BY_WORD = {
    **dict.fromkeys("email emails mail recipient recipients attendee attendees cc bcc invitee invitees participants to".split(), "email"),
    **dict.fromkeys("url uri link website webhook endpoint callback".split(), "url"),
    **dict.fromkeys("date day deadline since until birthday".split(), "date"),
    **dict.fromkeys("time datetime timestamp start end".split(), "datetime"),
    **dict.fromkeys("amount price total fee budget salary cost sum balance".split(), "money"),
    **dict.fromkeys("phone mobile fax".split(), "phone"),
    **dict.fromkeys("person passenger guest driver employee owner author assignee contact patient student payee".split(), "person"),
    **dict.fromkeys("path file filename folder directory key prefix".split(), "path"),
    **dict.fromkeys("query q search keyword keywords term terms text_filter filter".split(), "query"),
    **dict.fromkeys("body text content message comment description note notes reason summary details instructions".split(), "text"),
    **dict.fromkeys("title subject name label topic headline".split(), "title"),
    **dict.fromkeys("city location place address origin destination from".split(), "city"),
    **dict.fromkeys("country region".split(), "country"),
    **dict.fromkeys("currency".split(), "currency"),
    **dict.fromkeys("language locale lang".split(), "language"),
    **dict.fromkeys("password secret token pin passphrase".split(), "secret"),
    **dict.fromkeys("iban account".split(), "account"),
    **dict.fromkeys("command script code sql statement".split(), "command"),
    **dict.fromkeys("id ids identifier number arn uuid".split(), "id"),
}  # fmt: skip
_FORMATS = {
    "email": "email", "date": "date", "datetime": "datetime", "url": "url", "path": "path", "money": "money", "iban": "account",
    "phone": "phone", "person": "person", "time": "datetime", "currency": "currency", "byte": "text", "id": "id",
}  # fmt: skip
_QUIET = frozenset("etag kind fieldmask fields mask token alt key quota callback page cursor metadata dry".split())
_ENTITY_NOISE = frozenset("list of google protobuf longrunning response result v1 v2".split())


@dataclass(frozen=True)
class Slot:
    """A parameter, with what it holds."""

    parameter: Parameter
    name: str
    """As this family writes it."""

    @cached_property
    def words(self) -> tuple[str, ...]:
        return tuple(split_words(self.parameter.name))

    @cached_property
    def entity(self) -> str:
        """The entity whose identifier it holds: `message` for `message_id`; empty if it holds none."""
        form = self.parameter.format
        if form.endswith(".id"):
            return form.removesuffix(".id")
        if self.words and self.words[-1] in ("id", "ids") and len(self.words) > 1:
            return " ".join(self.words[:-1])
        return ""

    @cached_property
    def kind(self) -> str:
        p = self.parameter
        if p.enum:
            return "enum"
        if p.type == "boolean":
            return "flag"
        if p.type in ("integer", "number"):
            return "money" if self._kind_by_words == "money" else "count"
        if p.type == "object":
            return "object"
        if self.entity:
            return "id"
        return _FORMATS.get(p.format) or self._kind_by_words or "title"

    @cached_property
    def _kind_by_words(self) -> str:
        return next((_KIND_BY_WORD[w] for w in reversed(self.words) if w in _KIND_BY_WORD), "")

    @property
    def is_list(self) -> bool:
        return self.parameter.type == "array"

    @cached_property
    def is_quiet(self) -> bool:
        """Plumbing that no request would mention."""
        return not _QUIET.isdisjoint(self.words) or self.parameter.type == "object"


@dataclass(frozen=True)
class Tool:
    """A catalogue tool under the name that this family gives it."""

    spec: ToolSpec
    name: str
    slots: tuple[Slot, ...]

    @cached_property
    def words(self) -> tuple[str, ...]:
        return tuple(split_words(self.spec.name))

    @property
    def effect(self) -> str:
        return self.spec.effect

    @cached_property
    def limit(self) -> Slot | None:
        return next((s for s in self.slots if s.parameter.name == self.spec.limit_parameter), None)

    @cached_property
    def returned(self) -> str:
        """The entity that comes back, without `list of`."""
        return " ".join(w for w in self.spec.returns.split() if w not in _ENTITY_NOISE)

    @property
    def returns_many(self) -> bool:
        return self.spec.returns.startswith("list of")

    @cached_property
    def shows_outside_text(self) -> bool:
        words = (*self.words, *self.returned.split(), *split_words(self.spec.domain))
        return self.effect == "read" and outsiders_write(words)

    @property
    def is_safe(self) -> bool:
        return self.effect == "read"

    @cached_property
    def names_an_item(self) -> bool:
        """Looks up something that a request can point to: a mail on a topic, a file by its path."""
        kinds = {s.kind for s in self.slots if not s.parameter.enum}
        return self.is_safe and bool(self.returned) and not kinds.isdisjoint(("query", "title", "path", "id"))


_SEPARATED = re.compile(r"[A-Za-z0-9]+")


@dataclass(frozen=True)
class Naming:
    """How a family writes the names of tools and parameters: as the catalogue does, or in one style throughout."""

    style: str
    prefix: str = ""

    @classmethod
    def pick(cls, rng: Random) -> Naming:
        style = rng.choice(("own",) * 6 + ("snake", "camel", "pascal", "kebab"))
        return cls(style, rng.choice(("", "", "", "mcp_", "tool_", "app_")) if style == "snake" else "")

    def tool(self, name: str) -> str:
        return name if self.style == "own" else self.prefix + self._write(name)

    def parameter(self, name: str) -> str:
        return name if self.style in ("own", "pascal", "kebab") else self._write(name)

    def _write(self, name: str) -> str:
        words = [w.lower() for part in _SEPARATED.findall(name) for w in _camel(part)]
        if self.style == "snake":
            return "_".join(words)
        if self.style == "kebab":
            return "-".join(words)
        joined = "".join(w.capitalize() for w in words)
        return joined if self.style == "pascal" else joined[:1].lower() + joined[1:]


def _camel(part: str) -> list[str]:
    return re.findall(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+", part)


def dressed(spec: ToolSpec, naming: Naming) -> Tool:
    """Give a tool the family's names; two parameters that would get one name keep their own."""
    names = [naming.parameter(p.name) for p in spec.parameters]
    if len(set(names)) < len(names) or not all(names):
        names = [p.name for p in spec.parameters]
    slots = tuple(Slot(p, n) for p, n in zip(spec.parameters, names, strict=True))
    return Tool(spec, naming.tool(spec.name) or spec.name, slots)


def producers(tools: Iterable[Tool]) -> dict[str, list[Tool]]:
    """Return, by entity, the reading tools whose output holds one."""
    found: dict[str, list[Tool]] = defaultdict(list)
    for tool in tools:
        if tool.effect == "read" and tool.returned:
            found[tool.returned].append(tool)
            last = tool.returned.split()[-1]
            if last != tool.returned:
                found[last].append(tool)
    return dict(found)
