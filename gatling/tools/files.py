"""Catalogue files: the own format, `.json` or `.json.gz`.

`{"format": "gatling-catalog", "version": 1, "tools": [...]}`, sorted by vendor, domain and name. The bytes depend on the
tools alone (no time in the gzip header), so that a rebuilt file can be compared with the shipped one.
"""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterable
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from gatling.errors import InputError
from gatling.schema.files import as_path, atomic_write, read_text_at_most
from gatling.schema.plain import canonical_json, decode_text, join_path
from gatling.tools.spec import ToolSpec

FORMAT = "gatling-catalog"
VERSION = 1
SUFFIXES = (".json", ".json.gz", ".yaml", ".yml")


def merged(specs: Iterable[ToolSpec]) -> list[ToolSpec]:
    """Sort by vendor, domain and name; keep equal duplicates once.

    Raises:
        InputError: if two tools share vendor, domain and name but differ.
    """
    found: dict[tuple[str, str, str], ToolSpec] = {}
    for spec in specs:
        key = (spec.vendor, spec.domain, spec.name)
        if found.setdefault(key, spec) != spec:
            raise InputError(f"two different tools are called {spec.name!r} in {spec.vendor}/{spec.domain}")
    return [found[key] for key in sorted(found)]


def catalog_bytes(specs: Iterable[ToolSpec]) -> bytes:
    """Return the uncompressed content of a catalogue file: one tool a line."""
    lines = ",\n".join(canonical_json(spec.to_dict()) for spec in merged(specs))
    return f'{{"format":"{FORMAT}","version":{VERSION},"tools":[\n{lines}\n]}}\n'.encode()


def write_catalog(path: str | Path, specs: Iterable[ToolSpec]) -> None:
    """Write a catalogue; a name that ends in `.json.gz` is compressed. The same tools give the same bytes."""
    path = as_path(path)
    if not path.name.endswith((".json", ".json.gz")):
        raise InputError("the name must end in .json or .json.gz", file=str(path))
    content = catalog_bytes(specs)
    if path.name.endswith(".gz"):
        stream = io.BytesIO()
        with gzip.GzipFile(filename="", mode="wb", fileobj=stream, compresslevel=9, mtime=0) as packed:
            packed.write(content)
        content = stream.getvalue()
    with atomic_write(path) as file:
        file.write(content)


def read_document(path: str | Path) -> Any:
    """Read one JSON or YAML document, compressed or not, to plain data. Raises: InputError with the file."""
    path = as_path(path)
    if not path.name.endswith(SUFFIXES):
        raise InputError(f"the name must end in one of {', '.join(SUFFIXES)}", file=str(path))
    try:
        return decode_text(read_text_at_most(path))
    except InputError as error:
        raise error.at(str(path), error.line) from None


def specs_of(document: Any) -> list[ToolSpec]:
    """Return the tools of a decoded catalogue. Raises: InputError with the path."""
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise InputError(f"must be {FORMAT!r}", path="format")
    if document.get("version") != VERSION:
        raise InputError(f"version {document.get('version')!r} is not read, only {VERSION}", path="version")
    tools = document.get("tools")
    if not isinstance(tools, list):
        raise InputError("must be a list", path="tools")
    return merged(ToolSpec.from_dict(tool, join_path("tools", i)) for i, tool in enumerate(tools))


def read_own(document: dict[str, Any], domain: str) -> list[ToolSpec]:
    """The same as a reader of documents; every tool states its own domain."""
    return specs_of(document)


def read_builtin() -> list[ToolSpec]:
    """Return the tools of the catalogue that ships with the package."""
    with as_file(files("gatling") / "assets" / "catalog.json.gz") as path:
        return read_catalog(path)


def read_catalog(path: str | Path) -> list[ToolSpec]:
    """Read a catalogue that `write_catalog` wrote. Raises: InputError with file and path."""
    document = read_document(path)
    try:
        return specs_of(document)
    except InputError as error:
        raise error.at(str(path), None) from None
