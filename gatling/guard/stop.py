"""The kill switch: a flag in a folder, which every process looks at before every call.

    gatling stop SESSION      # or --all

A flag is a file, so that it works between processes, containers that share a folder, and after a restart. There is nothing that
must run, and nothing to subscribe to. What cannot be looked at counts as stopped.

| system | the folder, unless `GATLING_STATE` names one |
| --- | --- |
| Linux and others | `$XDG_STATE_HOME/gatling`, else `~/.local/state/gatling` |
| macOS | `~/Library/Application Support/gatling` |
| Windows | `%LOCALAPPDATA%\\gatling` |
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from gatling.errors import ConfigError, InputError
from gatling.schema.machine import replace_file

ALL = "all"
_FOLDER = "stop"


def state_folder() -> Path:
    """Return the folder for what processes of one user share: flags and pending approvals. It need not be there yet.

    Raises:
        ConfigError: if this user has no folder of her own, as in some containers.
    """
    try:
        return _state_folder()
    except RuntimeError:
        raise ConfigError(
            "this user has no home folder: set GATLING_STATE to a folder for stops and approvals"
        ) from None


def _state_folder() -> Path:
    if named := os.environ.get("GATLING_STATE"):
        return Path(named)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "gatling"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "gatling"
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "gatling"


@dataclass(frozen=True, slots=True)
class Flag:
    """A stop that somebody has ordered."""

    session: str
    """`all` for every session."""
    by: str
    at: float
    why: str


class StopSwitch:
    """The flags of a folder.

    Args:
        folder: by default that of `state_folder()`, looked up once.
    """

    def __init__(self, folder: str | Path | None = None) -> None:
        self.folder = (state_folder() if folder is None else Path(folder)) / _FOLDER
        self._all = self.folder / f"{ALL}.json"

    def stop(self, session: str = ALL, *, by: str = "", why: str = "") -> None:
        """Stop a session, or all of them, from now on. Raises: OSError if the flag cannot be set."""
        self.folder.mkdir(parents=True, exist_ok=True)
        flag = {"session": session, "by": by, "at": time.time(), "why": why}
        path = self._flag(session)
        part = path.with_suffix(f".{os.getpid()}.part")
        part.write_text(json.dumps(flag) + "\n", encoding="utf-8")
        replace_file(part, path)

    def clear(self, session: str = ALL) -> bool:
        """Take a flag back; return whether there was one. One for all sessions is not taken back by the name of one."""
        path = self._flag(session)
        is_set = path.exists()
        path.unlink(missing_ok=True)
        return is_set

    def is_stopped(self, session: str) -> str:
        """Return why nothing of a session may run any more; empty if it may. A child stops with its parents."""
        names = session.split("/")
        try:
            if _is_there(self._all):
                return "all sessions were stopped"
            for n in range(1, len(names) + 1):
                name = "/".join(names[:n])
                if _is_there(self._flag(name)):
                    return f"the session {name} was stopped"
        except OSError as error:
            return f"whether the session was stopped cannot be told: {error.strerror or error}"
        return ""

    def flags(self) -> list[Flag]:
        """Return the flags that are set, the newest last. Raises: InputError for a file that is none."""
        found = []
        for path in sorted(self.folder.glob("*.json")) if self.folder.is_dir() else []:
            try:
                data = json.loads(path.read_text(encoding="utf-8"))
                flag = Flag(str(data["session"]), str(data["by"]), float(data["at"]), str(data["why"]))
            except (ValueError, KeyError, TypeError) as error:
                raise InputError(f"no flag of gatling: {error}", file=str(path)) from None
            found.append(flag)
        return sorted(found, key=lambda flag: flag.at)

    def _flag(self, session: str) -> Path:
        """Return the file of a session's flag. Ids are any text, so the name is a digest."""
        if session == ALL:
            return self._all
        return self.folder / f"{hashlib.sha256(session.encode()).hexdigest()[:32]}.json"


def _is_there(path: Path) -> bool:
    """Tell whether a file is there. Raises: OSError where it cannot be told, where `Path.exists` would say no."""
    try:
        os.stat(path)
    except FileNotFoundError:
        return False
    return True
