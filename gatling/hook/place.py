"""Where the resident process listens: a socket in a folder that only this user can enter.

| system | the folder, unless `GATLING_RUN` names one |
| --- | --- |
| Linux and others | `$XDG_RUNTIME_DIR/gatling`, else `/tmp/gatling-UID` |
| macOS | `$TMPDIR/gatling-UID`, which is this user's own |
| Windows | `%LOCALAPPDATA%\\gatling\\run` |

Where there are no Unix sockets (Windows, or `GATLING_PORT=1`) it listens on a port of the loopback interface, and a file in the
folder holds the port and a token that both sides have to know.
"""

from __future__ import annotations

import _socket  # `socket` loads enums, selectors and collections, which take longer than the whole call
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

HAS_UNIX_SOCKETS = hasattr(_socket, "AF_UNIX") and sys.platform != "win32"
_MAX_PATH = 100
"""Unix sockets have paths of 104 bytes at most on some systems."""


class PlaceError(Exception):
    """The folder is not private, or cannot be made."""


class Place:
    """The files of one resident process.

    Args:
        identity: what tells residents apart: version, interpreter, model. Its checksum names the files; the resident
            compares all of it.

    Raises:
        PlaceError: if the folder is not this user's alone, or cannot be made.
    """

    def __init__(self, identity: bytes) -> None:
        import zlib

        self.identity = identity
        self.folder = _private_folder()
        base = os.path.join(self.folder, f"guard-{zlib.crc32(identity):08x}")
        self.uses_port = not HAS_UNIX_SOCKETS or os.environ.get("GATLING_PORT") == "1"
        self.socket = base + (".port" if self.uses_port else ".sock")
        self.lock = base + ".lock"
        self.errors = base + ".err"
        if not self.uses_port and len(os.fsencode(self.socket)) > _MAX_PATH:
            raise PlaceError(f"{self.socket} is too long for a socket: set GATLING_RUN to a shorter folder")

    def connect(self, timeout_s: float) -> tuple[_socket.socket, bytes]:
        """Return a connected socket and the token, empty for a Unix socket. Raises: OSError, PlaceError."""
        if not self.uses_port:
            caller = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
            return _connected(caller, self.socket, timeout_s), b""
        with open(self.socket, "rb") as stream:
            port, _, token = stream.read(200).partition(b" ")
        if not port.isdigit() or len(token) != 64:
            raise PlaceError(f"{self.socket} holds no port and token")
        caller = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
        return _connected(caller, ("127.0.0.1", int(port)), timeout_s), token


def _connected(caller: _socket.socket, address: Any, timeout_s: float) -> _socket.socket:
    try:
        caller.settimeout(timeout_s)
        caller.connect(address)
    except BaseException:
        caller.close()
        raise
    return caller


def _private_folder() -> str:
    path = _folder()
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        try:  # noqa: SIM105 - `contextlib` is not loaded yet
            os.mkdir(path, 0o700)
        except FileExistsError:
            pass
        found = os.lstat(path)
    except OSError as error:
        raise PlaceError(f"{path}: {error.strerror or error}") from None
    if found.st_mode & 0o170000 != 0o040000:
        raise PlaceError(f"{path} is no folder")
    if sys.platform != "win32" and (found.st_uid != os.getuid() or found.st_mode & 0o077):
        raise PlaceError(
            f"{path} has to be this user's, with mode 0700: whoever else can enter it could answer for the guard"
        )
    return path


def _folder() -> str:
    named = os.environ.get("GATLING_RUN")
    if named:
        return os.path.abspath(named)
    if sys.platform == "win32":
        home = os.environ.get("LOCALAPPDATA") or os.path.join(os.path.expanduser("~"), "AppData", "Local")
        return os.path.join(home, "gatling", "run")
    own = os.environ.get("XDG_RUNTIME_DIR") if sys.platform != "darwin" else None
    if own and os.path.isdir(own):
        return os.path.join(own, "gatling")
    shared = os.environ.get("TMPDIR") if sys.platform == "darwin" else None
    return os.path.join(shared or "/tmp", f"gatling-{os.getuid()}")
