"""What a world holds: records that are looked up, and items that people wrote, made of parts."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from gatling.generate.conversations.spec import Kind
from gatling.generate.world import Person


@dataclass(slots=True, eq=False)
class Record:
    kind: Kind
    id: str | int
    label: str
    fields: dict[str, Any]
    person: Person | None = None
    notes: str = ""
    """Free text that somebody else may have written."""

    @property
    def said(self) -> str:
        return self.label if self.person or self.label[:1].isupper() else f"the {self.label}"


@dataclass(slots=True)
class Part:
    text: str
    role: str = "body"
    """body, quote, signature, comment, advertisement, hidden, field, form or link."""
    by: str = ""


@dataclass(slots=True, eq=False)
class Item:
    kind: Kind
    id: str | int
    title: str
    author: Person
    day: date
    parts: list[Part] = field(default_factory=list)
    form: str = "json"
    """How it is shown: json, yaml, text, markdown, html or raw."""
    extra: dict[str, Any] = field(default_factory=dict)
    sticky: bool = False
    """Whether every search shows it too."""
