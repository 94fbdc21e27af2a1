"""The client: it hands on bytes, loads nothing, and whatever goes wrong ends with status 2."""

from __future__ import annotations

import dataclasses
import json
import os
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from gatling.cli import main
from gatling.cli.hook import Hook
from gatling.hook import wire
from gatling.hook.client import SWITCHES, VALUES, HookError, identity_of, settings_of
from gatling.hook.place import Place, PlaceError
from gatling.hook.resident import Reply
from tests.hook.events import before, decision_of

EVENT = json.dumps(before("Read", {"file_path": "notes.txt"})).encode()
NO_START = ("--model=/nowhere", "--timeout-s=20")


def test_what_the_resident_answers_goes_out(client: Any, resident: Any, place: Place) -> None:
    seen: list[tuple[dict[str, str], bytes]] = []

    def answer(settings: dict[str, str], event: bytes) -> Reply:
        seen.append((settings, event))
        return Reply(0, b'{"a": 1}\n', b"a note\n")

    resident(place, answer)
    done = client(EVENT, "--mode", "warn")
    assert (done.returncode, done.stdout, done.stderr) == (0, b'{"a": 1}\n', b"a note\n")
    [(settings, event)] = seen
    assert event == EVENT
    assert settings["mode"] == "warn"
    assert settings["role"] == "developer"
    assert os.path.isabs(settings["policy"])


def test_the_socket_is_this_users_alone(resident: Any, place: Place, run_folder: Path) -> None:
    resident(place, lambda settings, event: Reply())
    assert stat.S_IMODE(os.stat(run_folder).st_mode) == 0o700
    assert stat.S_IMODE(os.stat(place.socket).st_mode) == 0o600


def test_the_client_loads_nothing(resident: Any, place: Place) -> None:
    resident(place, lambda settings, event: Reply())
    code = (
        "import sys; before = set(sys.modules); sys.argv = ['gatling', 'hook', '--policy', 'p', '--role', 'r']\n"
        "from gatling.entry import main\n"
        "status = main(); print(status, *sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", code], input=EVENT, capture_output=True, check=True)
    status, *loaded = done.stdout.decode().split()
    assert status == "0"
    own = {"gatling", "gatling.entry", "gatling.hook", "gatling.hook.client", "gatling.hook.place", "gatling.hook.wire"}
    assert set(loaded) - own <= {"__future__", "_socket", "zlib", "_signal"}


def test_the_client_costs_what_python_costs(resident: Any, place: Place, client: Any) -> None:
    """Processor time, as other processes do not change it; half of the bound is Python's own start."""
    resident(place, lambda settings, event: Reply())

    def cost(run: Callable[[], Any]) -> float:
        found = []
        for _ in range(5):
            earlier = os.times()
            run()
            later = os.times()
            found.append(later.children_user + later.children_system - earlier.children_user - earlier.children_system)
        return min(found)

    bare = cost(lambda: subprocess.run([sys.executable, "-c", "pass"], check=True))
    assert cost(lambda: client(EVENT)) <= bare + 0.03


def test_the_flags_are_those_of_the_help() -> None:
    assert [field.name for field in dataclasses.fields(Hook)] == [*VALUES, *SWITCHES]


def test_the_command_of_the_help_asks_the_client(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, str]] = []
    monkeypatch.setattr("gatling.hook.client.main", lambda words: asked.append(settings_of(words)) or 2)
    words = "hook --policy p --role r --lenient --mode warn --on-escalate deny --timeout-s 5 --log l --no-stop".split()
    assert main(words) == 2
    assert asked == [
        {
            "policy": os.path.abspath("p"),
            "role": "r",
            "lenient": "1",
            "mode": "warn",
            "on_escalate": "deny",
            "timeout_s": "5.0",
            "log": os.path.abspath("l"),
        }
    ]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--policy", "p"], "--role is missing"),
        (["--role", "r"], "--policy is missing"),
        (["--policy"], "--policy needs a value"),
        (["--policy", "a", "--policy", "b", "--role", "r"], "given twice"),
        (["--polcy", "p"], "there is no flag --polcy"),
        (["p"], "there is no flag p"),
    ],
)
def test_wrong_flags(words: list[str], why: str) -> None:
    with pytest.raises(HookError, match=why):
        settings_of(words)


# --- faults: none lets a call run -------------------------------------------------------------------------------------


def listening(place: Place, serve: Callable[[socket.socket], None]) -> socket.socket:
    """Answer at a place with whatever `serve` does with the connection."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(place.socket)
    listener.listen(8)

    def accept() -> None:
        caller, _ = listener.accept()
        with caller, suppress(OSError):  # the client does not wait for all of it
            serve(caller)

    threading.Thread(target=accept, daemon=True).start()
    return listener


def after_reading(data: bytes) -> Callable[[socket.socket], None]:
    def serve(caller: socket.socket) -> None:
        wire.read(caller.recv)
        caller.sendall(data)

    return serve


def wait(caller: socket.socket) -> None:
    wire.read(caller.recv)
    time.sleep(5)


def drip(caller: socket.socket) -> None:
    """One byte now and then: no single read takes too long, and all of them do."""
    wire.read(caller.recv)
    for byte in wire.pack((b"0", b"x" * 100, b"")):
        time.sleep(0.3)
        caller.sendall(bytes([byte]))


ALLOWING = wire.pack((b"0", b"", b""))


@pytest.mark.parametrize(
    ("serve", "why"),
    [
        (lambda caller: None, b"cut off"),
        (after_reading(b""), b"cut off"),
        (after_reading(b"HTTP/1.1 200 OK\r\n\r\n"), b"not a message"),
        (after_reading(ALLOWING[:-3]), b"cut off"),
        (after_reading(wire.MAGIC + b"\x03\xff\xff\xff\xff"), b"more than"),
        (after_reading(wire.MAGIC + b"\xff"), b"255 parts"),
        (after_reading(wire.pack((b"0", b""))), b"not enough values"),
        (after_reading(wire.pack((b"1", b"", b""))), b"unknown status"),
        (after_reading(wire.pack((b"", b"", b""))), b"unknown status"),
        (wait, b"in time"),
        (drip, b"in time"),
    ],
    ids="closes silent garbage truncated huge parts few status empty waits drips".split(),
)
def test_a_resident_that_answers_wrongly(serve: Any, why: bytes, client: Any, place: Place) -> None:
    listener = listening(place, serve)
    with listener:
        done = client(EVENT, "--timeout-s=1.5")
    assert (done.returncode, done.stdout) == (2, b"")
    assert why in done.stderr
    assert b"may not run" in done.stderr


def test_an_answer_that_is_right_is_taken(client: Any, place: Place) -> None:
    """The near miss of all those above."""
    with listening(place, after_reading(ALLOWING)):
        assert client(EVENT).returncode == 0


def test_a_model_that_cannot_be_loaded(client: Any, run_folder: Path) -> None:
    done = client(EVENT, *NO_START)
    assert done.returncode == 2
    assert b"did not start: /nowhere" in done.stderr


def test_a_socket_that_nobody_serves_any_more(client: Any, run_folder: Path) -> None:
    place = Place(identity_of("/nowhere", is_lenient=False))
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(place.socket)
    done = client(EVENT, *NO_START)
    assert done.returncode == 2
    assert b"did not start" in done.stderr


def test_a_resident_of_another_version(client: Any, resident: Any, place: Place) -> None:
    resident(place, lambda settings, event: Reply())
    place.identity = b"another"
    done = client(EVENT)
    assert done.returncode == 2
    assert b"another version" in done.stderr


def test_an_error_while_answering(client: Any, resident: Any, place: Place) -> None:
    def answer(settings: dict[str, str], event: bytes) -> Reply:
        raise MemoryError("no room")

    resident(place, answer)
    done = client(EVENT)
    assert done.returncode == 2
    assert b"MemoryError: no room" in done.stderr


def test_an_event_that_is_too_large(client: Any, resident: Any, place: Place) -> None:
    resident(place, lambda settings, event: Reply())
    done = client(b"x" * (wire.MAX_BYTES + 1))
    assert done.returncode == 2
    assert b"more than" in done.stderr


def test_stdin_that_does_not_end(resident: Any, place: Place, client: Any) -> None:
    resident(place, lambda settings, event: Reply())
    reading, writing = os.pipe()
    try:
        done = client(None, "--timeout-s=1", stdin=reading)
    finally:
        os.close(reading)
        os.close(writing)
    assert done.returncode == 2
    assert b"no answer in time" in done.stderr


def test_stdout_that_is_closed(resident: Any, place: Place, tmp_path: Path) -> None:
    resident(place, lambda settings, event: Reply(0, b'{"a": 1}\n'))
    (tmp_path / "p.yaml").write_text("allowed_operations: [Read]\n")
    command = f"{sys.executable} -m gatling hook --policy p.yaml --role r"
    for closed in (f"{command} >&-", f"{command} > /dev/full"):
        done = subprocess.run(closed, shell=True, input=EVENT, capture_output=True, cwd=tmp_path)
        assert done.returncode == 2, closed


def test_flags_that_there_are_not(client: Any, run_folder: Path) -> None:
    for flags in (["--nothing"], ["--timeout-s=0"], ["--timeout-s=soon"], ["--role=again"]):
        assert client(EVENT, *flags).returncode == 2


def test_a_folder_that_others_can_enter(client: Any, run_folder: Path) -> None:
    run_folder.mkdir(mode=0o755)
    run_folder.chmod(0o755)
    done = client(EVENT)
    assert done.returncode == 2
    assert b"0700" in done.stderr


def test_a_folder_that_is_a_link(client: Any, run_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    run_folder.symlink_to(tmp_path / "elsewhere")
    done = client(EVENT)
    assert done.returncode == 2
    assert b"is no folder" in done.stderr


@pytest.mark.parametrize(
    ("platform", "variables", "folder"),
    [
        ("linux", {"GATLING_RUN": "{}/a"}, "{}/a"),
        ("linux", {"XDG_RUNTIME_DIR": "{}"}, "{}/gatling"),
        ("darwin", {"TMPDIR": "{}", "XDG_RUNTIME_DIR": "/nowhere"}, f"{{}}/gatling-{os.getuid()}"),
        ("win32", {"LOCALAPPDATA": "{}"}, "{}/gatling/run"),
    ],
)
def test_folders_of_systems(
    platform: str, variables: dict[str, str], folder: str, monkeypatch: pytest.MonkeyPatch, run_folder: Path
) -> None:
    home = run_folder.parent
    for name in ("GATLING_RUN", "XDG_RUNTIME_DIR", "TMPDIR", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value.format(home))
    monkeypatch.setattr("gatling.hook.place.sys.platform", platform)
    monkeypatch.setattr("gatling.hook.place.HAS_UNIX_SOCKETS", platform != "win32")
    place = Place(b"")
    assert place.folder == folder.format(home)
    assert place.socket.endswith(".port" if platform == "win32" else ".sock")
    assert stat.S_IMODE(os.stat(place.folder).st_mode) == 0o700


def test_a_path_that_is_too_long(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GATLING_RUN", str(tmp_path / ("x" * 120)))
    with pytest.raises(PlaceError, match="too long"):
        Place(b"")


# --- a port with a token, where there are no Unix sockets -------------------------------------------------------------


@pytest.fixture
def port_place(run_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setenv("GATLING_PORT", "1")
    return Place(identity_of("", is_lenient=False))


def test_a_port_with_a_token(client: Any, resident: Any, port_place: Place) -> None:
    resident(port_place, lambda settings, event: Reply(0, b"answered"))
    assert stat.S_IMODE(os.stat(port_place.socket).st_mode) == 0o600
    done = client(EVENT)
    assert (done.returncode, done.stdout) == (0, b"answered")


@pytest.mark.parametrize("change", ["token", "garbage", "reflects", "knows nothing"])
def test_a_port_of_somebody_else(change: str, client: Any, resident: Any, port_place: Place) -> None:
    asked = []
    resident(port_place, lambda settings, event: asked.append(event) or Reply(0, b"answered"))
    port, _, token = Path(port_place.socket).read_bytes().partition(b" ")
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        caller, _ = listener.accept()
        with caller:
            sent = caller.recv(1 << 16)
            nonce, message = sent[:16], sent[16:]
            caller.sendall(
                message if change == "reflects" else wire.pack((b"0", b"", b""), token=b"0" * 64, nonce=nonce)
            )

    if change == "token":
        Path(port_place.socket).write_bytes(port + b" " + token[::-1])
    elif change == "garbage":
        Path(port_place.socket).write_bytes(b"nothing")
    else:
        threading.Thread(target=serve, daemon=True).start()
        Path(port_place.socket).write_bytes(b"%d %s" % (listener.getsockname()[1], token))
    with listener:
        done = client(EVENT, "--timeout-s=10")
    assert (done.returncode, done.stdout) == (2, b"")
    assert asked == []


def test_what_claude_code_makes_of_an_answer() -> None:
    """The measure of the other tests: only these let a call run."""
    assert decision_of(1, b"") == "run"
    assert decision_of(0, b"") == "run"
    assert decision_of(2, b"") == "deny"
    assert decision_of(0, b'{"hookSpecificOutput": {"permissionDecision": "ask"}}') == "ask"
