"""The table of tool sources: every row can be imported, and one more is one row."""

from __future__ import annotations

import json
import re
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gatling.errors import ConfigError, InputError
from gatling.tools import ToolSpec, load_catalog
from gatling.tools.derive import make_tool
from gatling.tools.sources import DOCUMENTS, SOURCES, ToolDocument, ToolSource, sources_help


def _spec(name: str, domain: str) -> ToolSpec:
    return make_tool(name, domain=domain, vendor="moon", description="On the moon.", parameters=())


def test_every_reader_is_there() -> None:
    for row in (*SOURCES.values(), *DOCUMENTS.values()):
        module, _, name = row.reader.partition(":")
        assert callable(getattr(__import__(module, fromlist=[name]), name)), row


def test_documents_and_help_name_every_source() -> None:
    root = Path(__file__).parents[2]
    for text in (
        (root / "docs" / "catalogue.md").read_text(),
        (root / "gatling" / "cli" / "catalog.py").read_text(),
        (root / "gatling" / "cli" / "generate.py").read_text(),
    ):
        assert all(re.search(rf"\b{name}\b", text) for name in SOURCES)


def test_a_source_of_ones_own_is_a_reader_and_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    def read_moon() -> Iterator[ToolSpec]:
        yield _spec("read_crater", "moon")

    module = types.ModuleType("moon_tools")
    module.read_moon = read_moon  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "moon_tools", module)
    assert "moon" not in sources_help()
    with pytest.raises(ConfigError, match="builtin, google, aws, agentdojo$"):
        load_catalog(["moon"])
    monkeypatch.setitem(SOURCES, "moon", ToolSource("moon", "what is up there", "moon_tools:read_moon", extra="rocket"))
    assert [s.name for s in load_catalog(["moon"])] == ["read_crater"]
    assert len(load_catalog(["moon", "builtin"])) == len(load_catalog(["builtin"])) + 1
    assert "moon (extra: rocket)" in sources_help()


def test_a_document_of_ones_own_is_a_reader_and_a_row(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def read_functions(document: dict[str, Any], domain: str) -> Iterator[ToolSpec]:
        for name in document["functions"]:
            yield _spec(name, domain)

    module = types.ModuleType("function_lists")
    module.read_functions = read_functions  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "function_lists", module)
    path = tmp_path / "crew.json"
    path.write_text(json.dumps({"functions": ["walk", "fly"]}))
    with pytest.raises(
        InputError, match=r"crew\.json: neither an own catalogue, nor an OpenAPI document, nor a saved MCP"
    ):
        load_catalog([str(path)])
    row = ToolDocument("functions", "a list of functions", lambda d: "functions" in d, "function_lists:read_functions")
    monkeypatch.setitem(DOCUMENTS, "functions", row)
    assert [(s.name, s.domain) for s in load_catalog([str(path)])] == [("fly", "crew"), ("walk", "crew")]
    assert sources_help().endswith("a list of functions")
