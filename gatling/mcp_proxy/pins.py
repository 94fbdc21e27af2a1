"""Which descriptions of tools a person has accepted: the digest of each, in a file.

A description is an order to the model: a server that was harmless when it was looked at may change it later. All that a server
says of a tool counts, not its description alone. The first server that is seen where there is no file is taken at its word.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from gatling.errors import InputError
from gatling.schema.machine import replace_file
from gatling.schema.plain import canonical_json, decode_json

VERSION = 1
MAX_TOOLS = 10_000


def digest_of(tool: dict[str, Any]) -> str:
    """Return the digest of all that a server says of a tool."""
    return hashlib.sha256(canonical_json(tool).encode()).hexdigest()


class Pins:
    """The accepted digests by tool.

    Raises:
        InputError: if the file is none of pins.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._accepted: dict[str, str] | None = _read(path)

    @property
    def is_new(self) -> bool:
        """Whether nobody has accepted anything yet."""
        return self._accepted is None

    def fault_of(self, tool: dict[str, Any]) -> str:
        """Return why a tool may not be used; empty if its description is an accepted one."""
        known = (self._accepted or {}).get(tool["name"])
        if known is None:
            return "its description was never accepted"
        return "" if known == digest_of(tool) else "its description is not the one that was accepted"

    def accept(self, tools: list[dict[str, Any]]) -> list[str]:
        """Accept what a server says of its tools, in place of all before; return what has changed.

        Raises:
            InputError: for too many tools.
            OSError: if the file cannot be written.
        """
        if len(tools) > MAX_TOOLS:
            raise InputError(f"{len(tools)} tools, at most {MAX_TOOLS} are pinned")
        new = {tool["name"]: digest_of(tool) for tool in tools}
        old = self._accepted or {}
        changes = [f"new: {name}" for name in new if name not in old]
        changes += [f"changed: {name}" for name in new if name in old and old[name] != new[name]]
        changes += [f"gone: {name}" for name in old if name not in new]
        text = json.dumps({"version": VERSION, "tools": dict(sorted(new.items()))}, indent=2) + "\n"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        part = self.path.with_name(f"{self.path.name}.{os.getpid()}.part")
        part.write_text(text, encoding="utf-8")
        replace_file(part, self.path)
        self._accepted = new
        return changes


def _read(path: Path) -> dict[str, str] | None:
    try:
        data = decode_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (InputError, UnicodeDecodeError) as error:
        raise InputError(f"no pins: {error}", file=str(path)) from None
    tools = data.get("tools") if isinstance(data, dict) and data.get("version") == VERSION else None
    if not isinstance(tools, dict) or not all(isinstance(digest, str) for digest in tools.values()):
        raise InputError(f"no pins of version {VERSION}", file=str(path))
    return tools
