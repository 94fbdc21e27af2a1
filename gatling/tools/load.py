"""One list of tools from several catalogues, each named by a word or a file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib.resources import as_file, files
from pathlib import Path

from gatling.bench.agentdojo.tools import read_agentdojo
from gatling.errors import ConfigError, InputError
from gatling.tools.files import merged, read_catalog, read_document, specs_of
from gatling.tools.readers.aws import read_aws
from gatling.tools.readers.google import read_google
from gatling.tools.readers.mcp import mcp_tools
from gatling.tools.readers.openapi import openapi_tools
from gatling.tools.spec import ToolSpec

NAMES = ("builtin", "google", "aws", "agentdojo")


def load_catalog(names: Sequence[str]) -> list[ToolSpec]:
    """Read catalogues into one list, sorted by vendor, domain and name.

    Args:
        names: each `builtin` (ships with the package), `google`, `aws`, `agentdojo` (extras of these names), or a file: an
            own catalogue, a saved MCP `tools/list`, an OpenAPI document. The builtin selection from a vendor gives way
            where all of that vendor is asked for.

    Raises:
        ConfigError: for no name, or one that is neither.
        MissingExtraError: for a catalogue whose extra is not installed.
        InputError: for a file that is refused, or two different tools of one vendor, domain and name.
    """
    if not names:
        raise ConfigError(f"no catalogue is named; it must be some of {', '.join(NAMES)} or files")
    specs: list[ToolSpec] = []
    for name in dict.fromkeys(names):
        found = _read(name)
        specs += (s for s in found if s.vendor not in names) if name == "builtin" else found
    return merged(specs)


def _read(name: str) -> Iterable[ToolSpec]:
    if name == "builtin":
        with as_file(files("gatling") / "assets" / "catalog.json.gz") as path:
            return read_catalog(path)
    if name == "google":
        return read_google()
    if name == "aws":
        return read_aws()
    if name == "agentdojo":
        return read_agentdojo()
    if not Path(name).is_file():
        raise ConfigError(f"no catalogue {name!r}: it is no file, and not one of {', '.join(NAMES)}")
    return read_file(name)


def read_file(path: str | Path) -> list[ToolSpec]:
    """Read a file of any of the three kinds, told apart by content. Raises: InputError with file and path."""
    document = read_document(path)
    domain = Path(path).name.split(".")[0]
    try:
        if not isinstance(document, dict):
            raise InputError("must be an object")
        if "format" in document:
            return specs_of(document)
        if "openapi" in document:
            return list(openapi_tools(document, domain))
        if "tools" in document or "result" in document:
            return list(mcp_tools(document, domain))
        raise InputError("neither an own catalogue, nor an MCP tools/list result, nor OpenAPI 3.0 or 3.1")
    except InputError as error:
        raise error.at(str(path), error.line) from None
