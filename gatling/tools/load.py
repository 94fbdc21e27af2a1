"""One list of tools from several catalogues, each named by a word or a file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from gatling.errors import ConfigError, InputError
from gatling.tools.files import merged, read_document
from gatling.tools.sources import DOCUMENTS, SOURCES
from gatling.tools.spec import ToolSpec


def load_catalog(names: Sequence[str]) -> list[ToolSpec]:
    """Read catalogues into one list, sorted by vendor, domain and name.

    Args:
        names: each one of `SOURCES`, or a file of a kind in `DOCUMENTS`. The builtin selection from a vendor gives way
            where all of that vendor is asked for.

    Raises:
        ConfigError: for no name, or one that is neither.
        MissingExtraError: for a catalogue whose extra is not installed.
        InputError: for a file that is refused, or two different tools of one vendor, domain and name.
    """
    if not isinstance(names, (list, tuple)) or not all(isinstance(name, str) for name in names):
        raise ConfigError(f"the catalogues are a {type(names).__name__}, wanted a list of names and files")
    if not names:
        raise ConfigError(f"no catalogue is named; it must be some of {', '.join(SOURCES)} or files")
    specs: list[ToolSpec] = []
    for name in dict.fromkeys(names):
        found = _read(name)
        specs += (s for s in found if s.vendor not in names) if name == "builtin" else found
    return merged(specs)


def _read(name: str) -> Iterable[ToolSpec]:
    if name in SOURCES:
        return SOURCES[name].read()
    if not Path(name).is_file():
        raise ConfigError(f"no catalogue {name!r}: it is no file, and not one of {', '.join(SOURCES)}")
    return read_file(name)


def read_file(path: str | Path) -> list[ToolSpec]:
    """Read a file of any kind in `DOCUMENTS`, told apart by content. Raises: InputError with file and path."""
    document = read_document(path)
    try:
        if isinstance(document, list) and document:
            document = {"tools": document}  # as they are handed to a model
        if not isinstance(document, dict):
            raise InputError("must be an object, or a list of tools that is not empty")
        for kind in DOCUMENTS.values():
            if kind.is_one(document):
                return list(kind.read(document, Path(path).name.split(".")[0]))
        raise InputError(f"neither {', nor '.join(kind.summary for kind in DOCUMENTS.values())}")
    except InputError as error:
        raise error.at(str(path), error.line) from None
