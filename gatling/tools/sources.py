"""Where tools come from: catalogues that are named, and documents that are told apart by what stands in them.

A new one is a file with a reader, and a row here. Rows name their readers as `module:function`, so that a catalogue is imported
only when it is asked for; a reader of a catalogue may stand in a room that this one may not import.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol

from gatling.tools.spec import ToolSpec


class CatalogueReader(Protocol):
    """Yields tools. Raises: MissingExtraError where what it reads is not installed, InputError for what it refuses."""

    def __call__(self) -> Iterable[ToolSpec]: ...


class DocumentReader(Protocol):
    """Yields the tools of a decoded document; `domain` serves where it states none. Raises: InputError with the path."""

    def __call__(self, document: dict[str, Any], domain: str) -> Iterable[ToolSpec]: ...


@dataclass(frozen=True, slots=True)
class ToolSource:
    """A catalogue that has a name."""

    name: str
    summary: str
    reader: str
    """A `CatalogueReader`, as `module:function`."""
    extra: str = ""
    """The optional dependency that it needs."""

    def read(self) -> Iterable[ToolSpec]:
        reader: CatalogueReader = _load(self.reader)
        return reader()


@dataclass(frozen=True, slots=True)
class ToolDocument:
    """A kind of file."""

    name: str
    summary: str
    is_one: Callable[[dict[str, Any]], bool]
    """Tells by its keys whether a document is of this kind."""
    reader: str
    """A `DocumentReader`, as `module:function`."""

    def read(self, document: dict[str, Any], domain: str) -> Iterable[ToolSpec]:
        reader: DocumentReader = _load(self.reader)
        return reader(document, domain)


def _load(address: str) -> Any:
    module, _, name = address.partition(":")
    return getattr(import_module(module), name)


_SOURCES = (
    ToolSource("builtin", "ships with the package", "gatling.tools.files:read_builtin"),
    ToolSource("google", "all of Google's APIs", "gatling.tools.readers.google:read_google", extra="google"),
    ToolSource("aws", "all of Amazon's services", "gatling.tools.readers.aws:read_aws", extra="aws"),
    ToolSource(
        "agentdojo",
        "the tools of AgentDojo's suites",
        "gatling.bench.agentdojo.tools:read_agentdojo",
        extra="agentdojo",
    ),
)
SOURCES: dict[str, ToolSource] = {source.name: source for source in _SOURCES}

_DOCUMENTS = (
    ToolDocument("gatling", "an own catalogue", lambda d: "format" in d, "gatling.tools.files:read_own"),
    ToolDocument(
        "openapi", "an OpenAPI document", lambda d: "openapi" in d, "gatling.tools.readers.openapi:openapi_tools"
    ),
    ToolDocument(
        "mcp",
        "a saved MCP `tools/list` or a list of tools",
        lambda d: "tools" in d or "result" in d,
        "gatling.tools.readers.mcp:mcp_tools",
    ),
)
DOCUMENTS: dict[str, ToolDocument] = {document.name: document for document in _DOCUMENTS}
"""Kinds of files; the first that a document is one of reads it."""


def sources_help() -> str:
    """Return one sentence for help texts: which catalogues there are, and which files."""
    names = [f"{s.name} (extra: {s.extra})" if s.extra else s.name for s in SOURCES.values()]
    return f"{', '.join(names)}, or files: {', '.join(d.summary for d in DOCUMENTS.values())}"
