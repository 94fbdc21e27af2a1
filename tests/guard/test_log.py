"""The audit log: written before a call runs, found out when it is changed, without values."""

from __future__ import annotations

import json
import os
import random
import shutil
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gatling.energy import Code, Finding, Source
from gatling.errors import ConfigError, InputError
from gatling.guard import AuditLog, Decision, Session
from gatling.guard.log import LogError, LogKey, chain, read_entries, verify, writer
from gatling.guard.log.chain import segments
from gatling.guard.log.entry import entry_of_decision
from gatling.guard.log.masks import Masks, kind_of
from gatling.testing import FixedGuard, assistant, node, tool_call
from tests import sizes

SECRETS = {"password": "hunter2", "note": "API_KEY=k-4711", "to": "ann@example.com", "amount": 987654}


def session(log: AuditLog, **settings: Any) -> Session:
    guard = FixedGuard({"pay": "escalate", "wipe": "deny"}, default="allow", deadline_ms=None)
    return Session(guard, log=log, **{"policy": {"a": 1}, "role": "clerk", "id": "s1", **settings})


def filled(folder: Path, count: int = 12, **settings: Any) -> AuditLog:
    log = AuditLog(folder, **settings)
    held = session(log)
    for n in range(count):
        held.judge(("read", "pay", "wipe")[n % 3], {**SECRETS, "n": n})
    log.close()
    return log


def test_every_decision_is_an_entry_with_codes_and_digests_and_no_values(tmp_path: Path) -> None:
    log = AuditLog(tmp_path / "log")
    held = session(log)
    decisions = [held.judge(tool, SECRETS, call_id=tool) for tool in ("read", "pay", "wipe")]
    held.approvals.approve(decisions[1].pending, by="ann")
    decisions.append(held.judge("pay", SECRETS))
    held.child("c").check(assistant(tool_call("read", "m1"), tool_call("wipe", "m2")))
    entries = list(read_entries(tmp_path / "log"))
    assert [e["seq"] for e in entries] == [1, 2, 3, 4, 5, 6]
    assert [e["verdict"] for e in entries] == ["allow", "escalate", "deny", "allow", "allow", "deny"]
    assert [e["may_run"] for e in entries] == [True, False, False, True, True, False]
    assert entries[3]["approval"]["by"] == "ann"
    assert entries[1]["pending"] == decisions[1].pending
    assert {e["session"] for e in entries} == {"s1", "s1/c"}
    assert entries[2]["reasons"] == [{"argument": None, "clause": None, "code": "forbidden", "source": "oracle"}]
    assert (entries[0]["policy"], entries[0]["model"]) == (decisions[0].policy_digest, "fixed")
    kinds = {name: value["kind"] for name, value in entries[0]["arguments"].items()}
    assert kinds == {"password": "secret", "note": "secret", "to": "email", "amount": "number"}
    assert entries[0]["arguments"] == entries[3]["arguments"]  # the same values match
    written = b"".join(p.read_bytes() for p in (tmp_path / "log").iterdir())
    values = [b"hunter2", b"k-4711", b"ann@example.com", b"987654", b"energy", b"0.9"]
    assert not [value for value in values if value in written]
    assert decisions[0].call_digest.encode() not in written  # who has the log cannot try values


def test_an_entry_does_not_depend_on_energies(tmp_path: Path) -> None:
    entries = []
    for energies in ((1.2, 1.1), (1.01, 7.0)):
        found = [
            Finding(Source.FLOW, Code.LEAK, "n1", "to", None, f"off by {energies[0]}", "less", energies[0]),
            Finding(Source.HIERARCHY, Code.NOT_ASKED, "n1", None, None, f"off by {energies[1]}", "less", energies[1]),
        ]
        reasons = tuple(sorted(found, key=lambda finding: -finding.energy))
        decision = Decision("deny", reasons, True, "p", "q", "m", 1.0, tool_name="pay", call_digest="c")
        entries.append(entry_of_decision("s", node("pay"), decision, Masks(b"k" * 32)))
    assert entries[0] == entries[1]
    assert [reason["code"] for reason in entries[0]["reasons"]] == ["leak", "not_asked"]


def test_a_call_that_cannot_be_read_is_written_down_too(tmp_path: Path) -> None:
    log = AuditLog(tmp_path)
    held = session(log)
    held.judge("read", "{", call_id="c1")
    held.judge("read", {"n": 1}, call_id="c2")
    held.judge("read", {"n": 2}, call_id="c2")  # another call under an id that waits
    entries = [(e["event"], e["call_id"], e["verdict"]) for e in read_entries(tmp_path)]
    assert entries == [("unjudged", "c1", "deny"), ("decision", "c2", "allow"), ("unjudged", "c2", "deny")]
    log.close()
    (tmp_path / "head").unlink()
    assert held.judge("read", "{").verdict == "deny"


def test_the_same_values_differ_under_another_key(tmp_path: Path) -> None:
    digests = set()
    for n in range(2):
        filled(tmp_path / str(n), 1)
        [entry] = read_entries(tmp_path / str(n))
        digests |= {entry["arguments"]["to"]["digest"], entry["call"], entry["plan"]}
    assert len(digests) == 6


def test_an_untouched_log_is_sound_over_files_and_restarts(tmp_path: Path) -> None:
    for _ in range(3):
        filled(tmp_path, 9, max_bytes=3_000)
    found = verify(tmp_path)
    assert (found.is_sound, found.num_entries, found.first_seq, found.last_seq, found.notes) == (True, 27, 1, 27, [])
    assert len(segments(tmp_path)) > 3
    if os.name == "posix":
        assert {stat.S_IMODE(p.stat().st_mode) for p in tmp_path.iterdir()} == {0o600}


Manipulation = Callable[[Path, random.Random], str]


def _lines(folder: Path, rng: random.Random) -> tuple[Path, list[bytes]]:
    path = folder / rng.choice([p.name for p in folder.glob("*.jsonl")])
    return path, path.read_bytes().splitlines(keepends=True)


def remove_a_line(folder: Path, rng: random.Random) -> str:
    path, lines = _lines(folder, rng)
    del lines[rng.randrange(len(lines))]
    path.write_bytes(b"".join(lines))
    return "remove a line"


def remove_the_end(folder: Path, rng: random.Random) -> str:
    path = sorted(folder.glob("*.jsonl"))[-1]
    data = path.read_bytes()
    path.write_bytes(data[: rng.randrange(len(data))])
    return "cut off the end"


def remove_whole_lines_at_the_end(folder: Path, rng: random.Random) -> str:
    path = sorted(folder.glob("*.jsonl"))[-1]
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[: rng.randrange(len(lines))]))
    return "cut off whole lines at the end"


def change_a_byte(folder: Path, rng: random.Random) -> str:
    path, lines = _lines(folder, rng)
    data = bytearray(b"".join(lines))
    data[rng.randrange(len(data))] ^= rng.randrange(1, 256)
    path.write_bytes(data)
    return "change a byte"


def insert_bytes(folder: Path, rng: random.Random) -> str:
    path, lines = _lines(folder, rng)
    data = b"".join(lines)
    place = rng.randrange(len(data) + 1)
    path.write_bytes(data[:place] + rng.choice([b" ", b"\n", b"{}", b"0", lines[0]]) + data[place:])
    return f"insert bytes in {path.name} at {place}"


def swap_lines(folder: Path, rng: random.Random) -> str:
    path, lines = _lines(folder, rng)
    if len(lines) < 2:
        return change_a_byte(folder, rng)
    a, b = rng.sample(range(len(lines)), 2)
    lines[a], lines[b] = lines[b], lines[a]
    path.write_bytes(b"".join(lines))
    return "swap lines"


def repeat_a_line(folder: Path, rng: random.Random) -> str:
    path, lines = _lines(folder, rng)
    place = rng.randrange(len(lines))
    lines.insert(rng.randrange(len(lines) + 1), lines[place])
    path.write_bytes(b"".join(lines))
    return "repeat a line"


def change_a_field(folder: Path, rng: random.Random) -> str:
    path, lines = _lines(folder, rng)
    place = rng.randrange(len(lines))
    entry = json.loads(lines[place])
    name = rng.choice(sorted(entry))
    entry[name] = rng.choice([None, 0, "allow", "other", True, []])
    line = json.dumps(entry, sort_keys=True, separators=(",", ":")).encode() + b"\n"
    if line == lines[place]:
        return change_a_byte(folder, rng)
    lines[place] = line
    path.write_bytes(b"".join(lines))
    return f"change {name}"


def remove_a_file(folder: Path, rng: random.Random) -> str:
    path = rng.choice([*folder.glob("*.jsonl"), folder / "head"])
    path.unlink()
    return f"remove {path.name}"


def swap_files(folder: Path, rng: random.Random) -> str:
    a, b = rng.sample(sorted(folder.glob("*.jsonl")), 2)
    first, second = a.read_bytes(), b.read_bytes()
    a.write_bytes(second)
    b.write_bytes(first)
    return "swap files"


def change_the_head(folder: Path, rng: random.Random) -> str:
    path = folder / "head"
    data = bytearray(path.read_bytes())
    data[rng.randrange(len(data))] ^= rng.randrange(1, 256)
    path.write_bytes(data)
    return "change the head"


def chain_anew(folder: Path, rng: random.Random) -> str:
    """What somebody does who knows how the log is made, and has no key: another one for all that follows."""
    path = rng.choice(sorted(folder.glob("*.jsonl")))
    key = LogKey(bytes(rng.randrange(256) for _ in range(32)))
    from gatling.guard.log.chain import line_of

    lines, previous = [], None
    for line in path.read_bytes().splitlines():
        entry = json.loads(line)
        del entry["mac"]
        seq, before = entry.pop("seq"), entry.pop("previous")
        made, previous = line_of({**entry, "verdict": "allow"}, seq, previous or before, key)
        lines.append(made)
    path.write_bytes(b"".join(lines))
    return "chain anew with another key"


MANIPULATIONS: list[Manipulation] = [
    remove_a_line,
    remove_the_end,
    remove_whole_lines_at_the_end,
    change_a_byte,
    insert_bytes,
    swap_lines,
    repeat_a_line,
    change_a_field,
    remove_a_file,
    swap_files,
    change_the_head,
    chain_anew,
]


def test_every_manipulation_is_found(tmp_path: Path) -> None:
    """1,000 with --thorough, fewer else."""
    filled(tmp_path / "log", 20, max_bytes=4_000)
    assert verify(tmp_path / "log").is_sound
    missed = []
    for n in range(sizes.num_cases(many=1_000, few=120)):
        rng = random.Random(n)
        copy = tmp_path / "copy"
        shutil.copytree(tmp_path / "log", copy)
        done = MANIPULATIONS[n % len(MANIPULATIONS)](copy, rng)
        if verify(copy).is_sound:
            missed.append((n, done))
        shutil.rmtree(copy)
    assert not missed


def test_what_is_found_is_said_with_file_and_line(tmp_path: Path) -> None:
    filled(tmp_path, 6)
    path = tmp_path / "000001.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join((*lines[:2], *lines[3:])))
    problems = verify(tmp_path).problems
    assert problems[0] == f"{path}:3: entry 4 stands where entry 3 should be: lines were removed, added or reordered"
    assert any("entries were cut off" in problem for problem in problems)
    with pytest.raises(LogError):
        list(read_entries(tmp_path))


def test_an_older_state_put_back_is_found_by_what_was_kept_elsewhere(tmp_path: Path) -> None:
    filled(tmp_path / "log", 3)
    shutil.copytree(tmp_path / "log", tmp_path / "old")
    filled(tmp_path / "log", 3)
    now = verify(tmp_path / "log")
    anchor = now.last_seq, now.last_mac
    assert verify(tmp_path / "old").is_sound  # as it was
    assert not verify(tmp_path / "old", anchor=anchor).is_sound
    filled(tmp_path / "log", 3)
    assert verify(tmp_path / "log", anchor=anchor).is_sound


def test_old_files_are_thrown_away_and_not_missed(tmp_path: Path) -> None:
    filled(tmp_path, 40, max_bytes=3_000, keep_files=3)
    found = verify(tmp_path)
    assert (found.is_sound, found.last_seq, len(segments(tmp_path))) == (True, 40, 3)
    assert found.first_seq > 20
    (tmp_path / f"{segments(tmp_path)[0]:06d}.jsonl").unlink()
    assert not verify(tmp_path).is_sound
    for wrong in ({"keep_files": 1}, {"max_bytes": 0}):
        with pytest.raises(ConfigError):
            AuditLog(tmp_path, **wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("how", ["removed", "replaced", "shortened", "head"])
def test_a_log_that_was_changed_denies(tmp_path: Path, how: str) -> None:
    log = AuditLog(tmp_path / "log")
    held = session(log)
    assert held.judge("read", {}).is_allowed
    path = tmp_path / "log" / "000001.jsonl"
    if how == "removed":
        path.unlink()
    elif how == "replaced":
        data = path.read_bytes()
        path.unlink()
        path.write_bytes(data)
    elif how == "shortened":
        path.write_bytes(b"")
    else:
        (tmp_path / "log" / "head").write_bytes(b"x" * 512)
    for mode in ("enforce", "shadow"):
        decision = session(log, mode=mode).judge("read", {})
        if how == "replaced":
            continue  # the same bytes in another file: refused once, then it is the log
        assert (decision.is_allowed, decision.reasons[0].code) == (False, Code.FAULT)
        assert "log" in decision.reasons[0].found
    if how != "replaced":
        with pytest.raises(LogError):
            AuditLog(tmp_path / "log")


def test_a_full_disk_denies_and_leaves_no_half_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = AuditLog(tmp_path)
    held = session(log)
    held.judge("read", {"n": 1})
    room = [40]
    write, has_places = os.write, writer._HAS_PLACES

    def full(descriptor: int, data: Any) -> int:
        if not room[0]:
            raise OSError(28, "No space left on device")
        room[0] -= (some := min(room[0], len(data)))
        return write(descriptor, bytes(data)[:some])

    monkeypatch.setattr(writer, "_HAS_PLACES", False)  # as on Windows
    monkeypatch.setattr("gatling.guard.log.writer.os.write", full)
    decision = held.judge("read", {"n": 2})
    assert (decision.is_allowed, "No space left" in decision.reasons[0].found) == (False, True)
    monkeypatch.setattr("gatling.guard.log.writer.os.write", write)
    assert held.judge("read", {"n": 4}).is_allowed
    monkeypatch.setattr(writer, "_HAS_PLACES", has_places)
    assert held.judge("read", {"n": 3}).is_allowed
    found = verify(tmp_path)
    assert (found.is_sound, found.num_entries) == (True, 3)
    assert held.plan is not None
    assert [n.arguments["n"] for n in held.plan.nodes] == [1, 4, 3]


def test_threads_and_logs_of_one_folder_share_the_chain(tmp_path: Path) -> None:
    logs = [AuditLog(tmp_path, max_bytes=5_000) for _ in range(3)]

    def work(number: int) -> None:
        held = session(logs[number % 3], id=f"s{number}")
        for n in range(15):
            held.judge("read", {"n": n})

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    entries = list(read_entries(tmp_path))
    assert len(entries) == 90
    assert all(sum(e["session"] == f"s{n}" for e in entries) == 15 for n in range(6))
    assert verify(tmp_path).is_sound


def test_a_key_that_another_process_is_just_writing_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "key"
    path.touch()
    looks: list[float] = []

    def sleep(seconds: float) -> None:
        looks.append(seconds)
        if len(looks) == 3:
            path.write_text("ab" * 32 + "\n")

    monkeypatch.setattr(chain.time, "sleep", sleep)
    assert LogKey.read_or_make(path).secret == LogKey.read(path).secret
    assert len(looks) == 3
    path.write_text("")
    with pytest.raises(InputError, match="no key"):  # of a process that was killed while it wrote
        LogKey.read_or_make(path)
    assert 0 < sum(looks) < 5


def test_keys(tmp_path: Path) -> None:
    filled(tmp_path / "log", 2, key=b"k" * 32)
    assert not (tmp_path / "log" / "key").exists()
    assert verify(tmp_path / "log", LogKey(b"k" * 32)).is_sound
    assert not verify(tmp_path / "log", LogKey(b"x" * 32)).is_sound
    with pytest.raises(LogError, match="not sealed with this key"):
        AuditLog(tmp_path / "log", key=b"x" * 32)
    with pytest.raises(InputError, match="wanted at least 16"):
        AuditLog(tmp_path / "other", key=b"short")
    (tmp_path / "key").write_text("no hex")
    with pytest.raises(InputError, match="no key"):
        LogKey.read(tmp_path / "key")
    for folder in (tmp_path / "gone", tmp_path / "log"):
        with pytest.raises(InputError):
            verify(folder)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="there is no log"):
        verify(tmp_path / "empty", LogKey(b"k" * 32))


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("ann@example.com", "email"),
        ("https://x.org/a", "url"),
        ("2026-11-29", "date"),
        ("1,250.50", "number"),
        ("DE89370400440532013000", "account"),
        ("+49 170 1234567", "phone"),
        ("/etc/passwd", "path"),
        ("report.txt", "word"),
        ("Dear Ann, hello.", "text"),
        ("token=abc", "secret"),
        ("4111111111111111", "secret"),
        (7, "number"),
    ],
)
def test_kinds(value: Any, kind: str) -> None:
    assert kind_of(value) == kind
