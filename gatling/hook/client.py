"""The client: an event comes in on stdin, goes to the resident process as it is, and what that answers goes out.

Claude Code runs it before and after every call, so it loads nothing: it hands on bytes, and does not look into them. It ends with
0 if the resident process has answered, and with 2 and a sentence on stderr for whatever else happens: that status is the only
one with which Claude Code keeps a call from running.
"""

from __future__ import annotations

import os
import sys
import time

from gatling.hook.place import Place, PlaceError
from gatling.hook.wire import MAX_BYTES, NONCE_BYTES, WireError, answered, pack, read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

BLOCK = 2
VALUES = (
    "policy", "role", "model", "sources", "log", "approvals", "mode", "on_escalate", "deadline_ms", "timeout_s", "idle_minutes",
)  # fmt: skip
"""The flags that take a value; the fields of `gatling.cli.hook.Hook` (a test compares them)."""
SWITCHES = ("lenient", "stop")
_PATHS = ("policy", "model", "sources", "log", "approvals")
TIMEOUT_S = 30.0
_DETACHED = 0x00000208
"""DETACHED_PROCESS and CREATE_NEW_PROCESS_GROUP of Windows."""
STARTS_ELSEWHERE = 75
"""What a resident process ends with if another one holds the lock."""


class HookError(Exception):
    """Why the call may not run; the message is for stderr."""


def main(words: list[str]) -> int:
    """Answer one event; return the exit status, 0 or 2."""
    try:
        sys.stdout.flush()
        status, out, err = _answer(words)
        _write(2, err)
        _write(1, out)
        _set_alarm(0)
        return status
    except BaseException as error:  # also an interrupt: what ends this in any other way would let the call run
        _refuse(error)
        return BLOCK


def identity_of(model: str, *, is_lenient: bool) -> bytes:
    """Return what a resident process has to have in common with its clients."""
    from gatling import __version__

    parts = (__version__, sys.executable, os.path.dirname(__file__), model, "lenient" if is_lenient else "")
    return "\0".join(parts).encode()


def settings_of(words: list[str]) -> dict[str, str]:
    """Return the flags by name; paths are absolute. Raises: HookError."""
    found: dict[str, str] = {}
    rest = list(words)
    while rest:
        word = rest.pop(0)
        flag, sign, value = word.partition("=")
        name = flag[2:].replace("-", "_") if flag.startswith("--") else ""
        if name in SWITCHES and not sign:
            value = "1"
        elif name not in VALUES:
            raise HookError(f"there is no flag {word}; `gatling hook --help` lists them")
        elif not sign:
            if not rest:
                raise HookError(f"{flag} needs a value")
            value = rest.pop(0)
        if name in found:
            raise HookError(f"{flag} is given twice")
        found[name] = os.path.abspath(value) if name in _PATHS else value
    for name in ("policy", "role"):
        if name not in found and "stop" not in found:
            raise HookError(f"--{name} is missing")
    return found


def _answer(words: list[str]) -> tuple[int, bytes, bytes]:
    settings = settings_of(words)
    try:
        timeout_s = float(settings.pop("timeout_s", TIMEOUT_S))
    except ValueError:
        timeout_s = 0.0
    if not 0 < timeout_s <= 3600:
        raise HookError("--timeout-s has to be a number above 0 and of 3600 at most")
    ends = time.monotonic() + timeout_s
    _set_alarm(timeout_s + 0.5)
    is_stop = settings.pop("stop", None) is not None
    event = b"" if is_stop else _stdin()
    place = Place(identity_of(settings.get("model", ""), is_lenient="lenient" in settings))
    flat = tuple(item.encode() for pair in sorted(settings.items()) for item in pair)
    parts = (b"stop" if is_stop else b"event", place.identity, b"\0".join(flat), event)
    return ask(place, parts, ends, starts=None if is_stop else lambda: _start(place, settings))


def ask(
    place: Place, parts: tuple[bytes, ...], ends: float, *, starts: Callable[[], Any] | None
) -> tuple[int, bytes, bytes]:
    """Ask the resident process, and start it if there is none.

    Args:
        starts: starts one and returns its process; None if there has to be one.

    Raises:
        HookError: if there is no whole answer in time.
    """
    started = None
    while True:
        left = ends - time.monotonic()
        if left <= 0:
            raise HookError("the guard did not answer in time")
        try:
            caller, token = place.connect(left)
        except (FileNotFoundError, ConnectionRefusedError):
            if starts is None:
                raise HookError("no guard runs") from None
            if started is None:
                started = starts()
            status = started.poll()
            if status not in (None, 0, STARTS_ELSEWHERE):
                raise HookError(f"the guard did not start: {_last_line(place.errors)}") from None
            time.sleep(0.02)
            continue
        except PermissionError:
            if sys.platform != "win32":
                raise
            time.sleep(0.02)  # the file is just being replaced
            continue
        except TimeoutError:
            raise HookError("the guard did not answer in time") from None
        with_nonce = os.urandom(NONCE_BYTES) if token else b""
        try:
            caller.settimeout(max(left, 0.001))
            caller.sendall(with_nonce + pack(parts, token=token, nonce=with_nonce))
            status_part, out, err = read(caller.recv, token=token, nonce=answered(with_nonce))
        except TimeoutError:
            raise HookError("the guard did not answer in time") from None
        except ConnectionError:
            raise HookError("the connection to the guard was cut off") from None
        finally:
            caller.close()
        if status_part not in (b"0", b"2"):
            raise HookError("the guard answered with an unknown status")
        return int(status_part), out, err


def _start(place: Place, settings: dict[str, str]) -> Any:
    """Start a resident process that outlives this one."""
    import subprocess

    command = [sys.executable, "-m", "gatling.hook.resident"]
    for name in ("model", "idle_minutes"):
        if name in settings:
            command.append(f"--{name.replace('_', '-')}={settings[name]}")
    if "lenient" in settings:
        command.append("--lenient")
    with open(os.open(place.errors, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "wb") as errors:
        if errors.tell() > 1_000_000:
            errors.truncate(0)
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=errors,
            stderr=errors,
            cwd=place.folder,
            close_fds=True,
            start_new_session=True,
            creationflags=_DETACHED if sys.platform == "win32" else 0,
        )


def _last_line(path: str) -> str:
    try:
        with open(path, "rb") as stream:
            stream.seek(max(0, os.path.getsize(path) - 2_000))
            lines = stream.read().decode(errors="replace").strip().splitlines()
    except OSError:
        return "it did not say why"
    return lines[-1] if lines else "it did not say why"


def _stdin() -> bytes:
    pieces, size = [], 0
    while piece := os.read(0, 1 << 16):
        pieces.append(piece)
        size += len(piece)
        if size > MAX_BYTES - (1 << 16):
            raise HookError(f"the event has more than {MAX_BYTES - (1 << 16):,} bytes")
    return b"".join(pieces)


def _set_alarm(seconds: float) -> None:
    """End with status 2 after so long, whatever this waits for: stdin, a pipe that nobody reads. 0 for never."""
    if sys.platform == "win32":  # no such signal; a thread ends the process as well
        while _alarms:
            _alarms.pop().release()
        if seconds:
            import _thread

            _alarms.append(_thread.allocate_lock())
            _alarms[0].acquire()
            _thread.start_new_thread(_wait, (_alarms[0], seconds))
        return
    import _signal  # type: ignore[import-not-found]  # `signal` loads enums

    _signal.signal(_signal.SIGALRM, _late)
    _signal.setitimer(_signal.ITIMER_REAL, seconds)


_alarms: list[Any] = []


def _wait(alarm: Any, seconds: float) -> None:
    if not alarm.acquire(timeout=seconds):
        _late()


def _late(*_: object) -> None:
    os.write(2, b"gatling hook: no answer in time, so the call may not run\n")
    os._exit(BLOCK)


def _write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def _refuse(error: BaseException) -> None:
    known = (HookError, PlaceError, WireError)
    why = str(error) if isinstance(error, known) else f"{type(error).__name__}: {error}"
    try:  # noqa: SIM105 - `contextlib` is not loaded yet
        _write(2, f"gatling hook: {why}, so the call may not run\n".encode(errors="replace"))
    except OSError:  # nobody hears it; the status says it
        pass
