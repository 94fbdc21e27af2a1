"""What a world is: kinds of items that hold text, kinds of records that are looked up, and acts. All of it is data.

A world stands in `data/worlds_*.yaml`, a toolbox (mail, files, web and the like, which any world may have beside its own tools)
in `data/toolboxes.yaml`, both in the same form:

    helpdesk:
      domain: customer support
      user: support agent
      items: {ticket: "4{4d} | customer | reply"}           # id pattern | who writes it | flags
      records: {order: "HA-{6d} | turntable, speaker | total:money status:paid/shipped"}   # id | labels | fields
      acts:
        - issue refund(order_id:order amount:money reason=goodwill) | refund {amount} on {order_id}
      talk: [sentences of everyday text]

An act is a tool that changes something. Behind `|` stand the ways to ask for it; `{argument}` is filled with the value as
people say it. A phrase that begins with `@de` is German, and so on. An argument without mention is the agent's own.
A `~` stands for a space in the name of a kind.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

from gatling.errors import ConfigError

_ACT = re.compile(r"^([a-z0-9 ]+)\(([^)]*)\)\s*\|\s*(.+)$")


@dataclass(frozen=True, slots=True)
class Argument:
    name: str
    type: str
    """A type of values, the name of a kind, alternatives `a/b/c`, or empty for a constant."""
    default: Any = None


@dataclass(frozen=True, slots=True)
class Act:
    box: str
    """The world or toolbox that it belongs to."""
    name: str
    arguments: tuple[Argument, ...]
    phrases: tuple[str, ...]
    foreign: tuple[tuple[str, str], ...]
    """(language, phrase)."""

    @property
    def key(self) -> str:
        return f"{self.box}/{self.name.replace(' ', '-')}"

    def type_of(self, name: str) -> str:
        return next(a.type for a in self.arguments if a.name == name)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of items (they hold text) or of records (they are looked up)."""

    box: str
    name: str
    id_pattern: str
    labels: tuple[str, ...]
    """Of records: what they are called. `person`: people's names."""
    fields: tuple[tuple[str, str], ...]
    writer: str = ""
    """Of items: customer, outsider, colleague, public or self."""
    flags: frozenset[str] = frozenset()

    @property
    def is_item(self) -> bool:
        return bool(self.writer)


@dataclass(frozen=True, slots=True)
class World:
    name: str
    domain: str
    user: str
    items: tuple[Kind, ...]
    records: tuple[Kind, ...]
    acts: tuple[Act, ...]
    talk: tuple[str, ...]


def _act(box: str, line: str) -> Act:
    match = _ACT.match(line)
    if match is None:
        raise ConfigError(f"{box}: not an act: {line!r}")
    name, inside, rest = match.groups()
    arguments = []
    for part in inside.split():
        if "=" in part:
            key, text = part.split("=", 1)
            arguments.append(Argument(key, "", _constant(text)))
        else:
            key, kind = part.split(":", 1)
            arguments.append(Argument(key, kind.replace("~", " ")))
    phrases, foreign = [], []
    for phrase in (p.strip() for p in rest.split("|")):
        if phrase.startswith("@"):
            language, text = phrase[1:].split(" ", 1)
            foreign.append((language, text))
        else:
            phrases.append(phrase)
    return Act(box, name.strip(), tuple(arguments), tuple(phrases), tuple(foreign))


def _constant(text: str) -> Any:
    known = {"null": None, "true": True, "false": False}
    if text in known:
        return known[text]
    return int(text) if text.lstrip("-").isdigit() else text.replace("_", " ")


def _fields(text: str) -> tuple[tuple[str, str], ...]:
    return tuple((key, kind) for key, kind in (part.split(":", 1) for part in text.split()))


def _kind(box: str, name: str, line: str, *, is_item: bool) -> Kind:
    parts = [p.strip() for p in line.split("|")] + ["", ""]
    if is_item:
        return Kind(box, name, parts[0], (), (), parts[1], frozenset(parts[2].split()))
    labels = tuple(label.strip() for label in parts[1].split(","))
    return Kind(box, name, parts[0], labels, _fields(parts[2]))


def _world(name: str, data: Mapping[str, Any]) -> World:
    items = tuple(_kind(name, k, v, is_item=True) for k, v in (data.get("items") or {}).items())
    records = tuple(_kind(name, k, v, is_item=False) for k, v in (data.get("records") or {}).items())
    acts = tuple(_act(name, line) for line in data["acts"])
    return World(name, data["domain"], data.get("user", "user"), items, records, acts, tuple(data.get("talk", ())))


@lru_cache(maxsize=1)
def _read() -> tuple[dict[str, World], dict[str, World]]:
    import yaml

    worlds: dict[str, World] = {}
    boxes: dict[str, World] = {}
    folder = resources.files("gatling.generate.conversations") / "data"
    for file in sorted(folder.iterdir(), key=lambda f: f.name):
        if file.name.endswith(".yaml"):
            into = boxes if file.name == "toolboxes.yaml" else worlds
            data = yaml.load(file.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
            into.update({name: _world(name, part) for name, part in data.items()})
    return worlds, boxes


def load_worlds() -> dict[str, World]:
    """Return all worlds by name."""
    return _read()[0]


def load_toolboxes() -> dict[str, World]:
    """Return the toolboxes by name."""
    return _read()[1]


def plural(noun: str) -> str:
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return noun[:-1] + "ies"
    return noun + ("es" if noun.endswith(("s", "x", "ch", "sh")) else "s")
