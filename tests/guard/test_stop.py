"""The kill switch: a flag in a folder that every process looks at."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gatling.cli import main
from gatling.energy import Code
from gatling.errors import ConfigError, InputError
from gatling.guard import Session, StopSwitch
from gatling.guard.stop import state_folder
from gatling.testing import FixedGuard


def session(**settings: object) -> Session:
    return Session(FixedGuard(default="allow", deadline_ms=None), policy={}, role="r", **settings)  # type: ignore[arg-type]


def test_a_flag_stops_a_session_and_its_children_and_no_other(tmp_path: Path) -> None:
    stops = StopSwitch(tmp_path)
    assert (stops.flags(), stops.clear("a")) == ([], False)
    stops.stop("a", by="ann", why="odd")
    assert [bool(stops.is_stopped(name)) for name in ("a", "a/b", "a/b/c", "ab", "b", "b/a")] == [True] * 3 + [
        False
    ] * 3
    stops.stop(by="bob")
    assert stops.is_stopped("b") == "all sessions were stopped"
    assert [(f.session, f.by, f.why) for f in stops.flags()] == [("a", "ann", "odd"), ("all", "bob", "")]
    assert stops.clear()
    assert stops.is_stopped("a/b") == "the session a was stopped"


def test_ids_are_any_text(tmp_path: Path) -> None:
    stops = StopSwitch(tmp_path)
    for name in ("../../etc", "a" * 1_000, "\0", "con", "ÄÖ ", "*"):
        stops.stop(name)
        assert stops.is_stopped(name)
    assert not stops.is_stopped("other")
    assert {path.parent for path in tmp_path.rglob("*.json")} == {tmp_path / "stop"}


def test_what_cannot_be_looked_at_counts_as_stopped(tmp_path: Path) -> None:
    (tmp_path / "stop").write_text("a file where the folder should be")
    decision = session(stops=StopSwitch(tmp_path)).judge("read", {})
    assert (decision.is_allowed, decision.reasons[0].code) == (False, Code.STOPPED)
    broken = StopSwitch(tmp_path / "other")
    broken.stop("a")
    next((tmp_path / "other" / "stop").iterdir()).write_text("{")  # still a flag
    assert broken.is_stopped("a")
    with pytest.raises(InputError, match="no flag of gatling"):
        broken.flags()


def test_the_folder_of_each_system(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GATLING_STATE", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", lambda: Path("/h"))
    monkeypatch.setenv("LOCALAPPDATA", "/h/local")
    wanted = {
        "linux": "/h/.local/state/gatling",
        "darwin": "/h/Library/Application Support/gatling",
        "win32": "/h/local/gatling",
    }
    for platform, folder in wanted.items():
        monkeypatch.setattr(sys, "platform", platform)
        assert state_folder() == Path(folder)

    def homeless() -> Path:
        raise RuntimeError("no home")

    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(Path, "home", homeless)
    with pytest.raises(ConfigError, match="set GATLING_STATE"):
        state_folder()
    monkeypatch.setenv("GATLING_STATE", "/x")
    assert state_folder() == Path("/x")


def test_another_process_stops_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = (
        "import sys\n"
        "from gatling.guard import Session\n"
        "from gatling.testing import FixedGuard\n"
        "held = Session(FixedGuard(default='allow', deadline_ms=None), policy={}, role='r', id='s1')\n"
        "for line in sys.stdin: print(held.judge('read', {}).verdict, flush=True)\n"
    )
    environment = {**os.environ, "GATLING_STATE": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as other:
        assert other.stdin is not None
        assert other.stdout is not None

        def ask() -> str:
            other.stdin.write("\n")  # type: ignore[union-attr]
            other.stdin.flush()  # type: ignore[union-attr]
            return other.stdout.readline().strip()  # type: ignore[union-attr]

        assert ask() == "allow"
        monkeypatch.setenv("GATLING_STATE", str(tmp_path))
        assert main(["stop", "s1", "--why", "test"]) == 0
        assert ask() == "deny"
        assert main(["stop", "s1", "--clear"]) == 0
        assert ask() == "allow"
        assert main(["stop", "--all"]) == 0
        assert ask() == "deny"
        other.stdin.close()


def test_the_command_lists_and_refuses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state = ["--state", str(tmp_path)]
    assert main(["stop", "s1", "--by", "ann", "--why", "odd [calls]", *state]) == 0
    assert main(["stop", *state]) == 0
    assert "s1  by ann" in (out := capsys.readouterr().out)
    assert "odd [calls]" in out
    assert main(["stop", "s2", "--clear", *state]) == 1
    for wrong in (["s1", "--all"], ["--clear"], ["all"]):
        assert main(["stop", *wrong, *state]) == 2
