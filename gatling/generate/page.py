"""The policy under way: its data, its sentences, and how its keys are written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from gatling.generate.governance import Governance
from gatling.schema.words import split_words

ALLOW_KEYS = ("allowed_operations",) * 4 + (
    "allowed_tools",
    "permitted_actions",
    "allowlist",
    "allowed_calls",
    "permitted_tools",
    "allow",
)


DENY_KEYS = ("forbidden_operations",) * 4 + (
    "denied_tools",
    "prohibited_actions",
    "denylist",
    "blocked_operations",
    "never_allowed_tools",
    "deny",
)


LIMIT_KEYS = ("scope_limits",) * 4 + ("limits", "quotas", "usage_limits", "scope_limits")


@dataclass(slots=True)
class Page:
    """The policy under way."""

    rng: Random
    g: Governance
    data: dict[str, Any] = field(default_factory=dict)
    prose: list[tuple[str, list[str]]] = field(default_factory=list)
    """(sentence, tools that it is about)."""
    rules: list[dict[str, Any]] = field(default_factory=list)
    style: Callable[[str], str] = str
    grants_are_prose: bool = False

    def form(self) -> tuple[bool, bool]:
        """Draw whether a rule is written as data, and whether in prose."""
        x = self.rng.random()
        return x < 0.82, x > 0.6

    def say(self, shapes: tuple[str, ...], tools: list[str], **words: Any) -> None:
        self.prose.append((self.rng.choice(shapes).format(tools=_named(self.rng, tools), **words), tools))

    def put(self, key: str, value: Any) -> None:
        self.data[self.style(key)] = value


NEVER = ("Never call {tools}.", "{tools} must not be used.", "Do not use {tools} under any circumstances.", "{tools} is off limits.",
          "Nobody may call {tools}.")  # fmt: skip


def _named(rng: Random, tools: list[str]) -> str:
    if len(tools) == 1:
        name = tools[0]
        return name if rng.random() < 0.7 else " ".join(split_words(name))
    return ", ".join(tools[:-1]) + " and " + tools[-1]
