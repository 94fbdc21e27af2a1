"""Reading calls that an attacker can wish for: of tools that the policy grants, with an address, a query or a file of his."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gatling.attack.adaptive.draft import Draft
from gatling.policy import recognise
from gatling.request.values import is_url
from gatling.schema.words import split_words
from gatling.tools.authorship import authorship
from gatling.tools.by_name import effect
from gatling.tools.consequence import searches_the_web

_QUERIES = ("query", "q", "search", "keywords")
_PAGES = frozenset("web webpage page url website site http browse".split())
_OWN_HOST = "pages.example"


@dataclass(frozen=True, slots=True)
class Reader:
    """A tool that reads, and the argument that says what."""

    tool: str
    argument: str
    example: dict[str, Any]
    kind: str
    """`link`, `query` or `file`."""

    def arguments(self, value: str) -> dict[str, Any]:
        return {**copy.deepcopy(self.example), self.argument: value}


def readers(draft: Draft) -> Iterator[Reader]:
    """Yield the tools that read from outside, by the arguments that they were seen with, else by their names."""
    for tool in sorted(granted(draft)):
        if effect(tool) != "read":
            continue
        example = next(iter(draft.known.examples.get(tool, ())), {})
        for name, value in example.items():
            if is_url(value):
                yield Reader(tool, name, example, "link")
            elif name in _QUERIES and searches_the_web(tool):
                yield Reader(tool, name, example, "query")
            elif isinstance(value, str) and authorship(tool) == "text" and "." in value and " " not in value:
                yield Reader(tool, name, example, "file")
        if not example and searches_the_web(tool) and "search" in split_words(tool):
            yield Reader(tool, "query", {}, "query")
        elif not example and not _PAGES.isdisjoint(split_words(tool)):
            yield Reader(tool, "url", {}, "link")


def granted(draft: Draft) -> frozenset[str]:
    """Return the tools that the policy of a record grants."""
    context = draft.scene.conversation.governance_context
    policy = context.get("policy") if isinstance(context, dict) else None
    return recognise(policy, strict=False).granted_tools if policy is not None else frozenset()


def own_host(draft: Draft) -> str:
    """Return a host of the attacker: that of an address or a link of his, else one that he may have registered."""
    for item in map(draft.named, draft.scene.own):
        host = item.rpartition("@")[2] if "@" in item else item.partition("://")[2].partition("/")[0]
        if "." in host and "/" not in host:
            return host
    return _OWN_HOST
