"""A process that is killed at any moment loses no decision whose call ran."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gatling.guard import AuditLog
from gatling.guard.log import read_entries, verify
from tests import sizes


@pytest.mark.skipif(not hasattr(os, "fork"), reason="writers are forked")
def test_every_call_that_ran_is_in_the_log(tmp_path: Path) -> None:
    """200 kills with --thorough, fewer else."""
    count = sizes.num_cases(many=200, few=25)
    script = Path(__file__).with_name("killed_writers.py")
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    subprocess.run([sys.executable, str(script), str(tmp_path), str(count), "7"], check=True, env=environment)
    ran = (tmp_path / "ran").read_text().splitlines()
    assert ran.count("start") >= count // 2  # these came to work
    calls = [line for line in ran if line != "start"]
    assert calls
    assert not [line for line in calls if line.startswith("denied")]
    AuditLog(tmp_path / "log").close()  # mends what the last one left
    found = verify(tmp_path / "log")
    assert (found.problems, found.notes) == ([], [])
    logged = {entry["call_id"] for entry in read_entries(tmp_path / "log") if entry["event"] == "decision"}
    assert not set(calls) - logged
    assert len(logged) - len(set(calls)) <= count  # one each that was written and never returned


def test_what_a_killed_writer_leaves_is_mended(tmp_path: Path) -> None:
    """Cut at every byte of the last entry, sealed or not: what was sealed stays, half an entry goes."""
    from tests.guard.test_log import filled

    log_folder = tmp_path / "log"
    filled(log_folder, 3)
    path, head = log_folder / "000001.jsonl", (log_folder / "head").read_bytes()
    before = path.read_bytes()
    filled(log_folder, 1)
    after = path.read_bytes()
    for end in [*range(len(before), len(after), 97), len(after) - 1, len(after)]:
        path.write_bytes(after[:end])
        (log_folder / "head").write_bytes(head)
        is_whole = end == len(after)
        found = verify(log_folder)
        assert found.is_sound is (is_whole or end == len(before))
        assert len(found.notes) == int(is_whole)
        AuditLog(log_folder).close()
        entries = list(read_entries(log_folder))
        assert [e["event"] for e in entries[:3]] == ["decision"] * 3
        assert [e["event"] for e in entries[3:]] == (
            ["decision"] if is_whole else ["mended"] if end > len(before) else []
        )
        assert verify(log_folder).is_sound


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_forked_process_writes_to_the_same_chain(tmp_path: Path) -> None:
    code = (
        "import os, sys\n"
        "from gatling.guard import AuditLog\n"
        "log = AuditLog(sys.argv[1], max_bytes=2_000)\n"
        "log.write({'event': 'before'})\n"
        "child = os.fork()\n"
        "for n in range(30): log.write({'event': 'parent' if child else 'child', 'n': n})\n"
        "if child: os.waitpid(child, 0)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "log")], check=True)
    events = [entry["event"] for entry in read_entries(tmp_path / "log")]
    assert (events.count("before"), events.count("parent"), events.count("child")) == (1, 30, 30)
    assert verify(tmp_path / "log").is_sound
