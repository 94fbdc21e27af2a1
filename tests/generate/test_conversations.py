"""Made conversations: same bytes for a seed, exact labels, honest twins, variety, and no sentence of a benchmark."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import sys
from collections import Counter
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from gatling.adapters import ConversationTracer
from gatling.cli import main
from gatling.errors import ConfigError
from gatling.generate.conversations import ConversationMaker, choose_worlds, load_worlds, write_conversations
from gatling.generate.conversations.maker import BLOCK
from gatling.generate.conversations.spec import load_toolboxes
from gatling.generate.conversations.wordings import ALL_WORDINGS

RECORDED = Path(__file__).resolve().parents[3] / "shared" / "data" / "conversations"
COUNT = 43 * len(BLOCK)


@lru_cache(maxsize=1)
def made() -> tuple[dict[str, Any], ...]:
    maker = ConversationMaker(seed=7)
    return tuple(maker.record(i) for i in range(COUNT))


def by_id() -> dict[str, dict[str, Any]]:
    return {r["id"]: r for r in made()}


def injected(record: dict[str, Any]) -> list[str]:
    """Return the injected texts of a record."""
    return [
        record["messages"][s["message"]]["content"][s["start"] : s["end"]] for s in record["meta"]["injection_spans"]
    ]


def calls(record: dict[str, Any], ids: list[str]) -> list[tuple[str, str]]:
    """Return tool and arguments of calls."""
    found = {c["id"]: c["function"] for m in record["messages"] for c in m.get("tool_calls", ())}
    return [(found[i]["name"], found[i]["arguments"]) for i in ids]


def values(data: Any) -> list[str]:
    if isinstance(data, dict):
        return [x for part in data.values() for x in values(part)]
    if isinstance(data, list):
        return [x for part in data for x in values(part)]
    return [str(data)]


def squeezed(text: str) -> str:
    return re.sub(r"[\s'\\>]+", "", text).lower()


def test_a_record_depends_on_seed_and_index_alone() -> None:
    one, other = ConversationMaker(seed=7), ConversationMaker(seed=7)
    backwards = {i: other.record(i) for i in reversed(range(40))}
    assert [one.record(i) for i in range(40)] == [backwards[i] for i in range(40)]
    assert one.record(3) != ConversationMaker(seed=8).record(3)


def test_same_bytes_in_another_process(tmp_path: Path) -> None:
    command = ["generate", "--conversations", "--count", "30", "--seed", "5", "--output"]
    for name, salt in (("a.jsonl.gz", "1"), ("b.jsonl.gz", "2")):
        subprocess.run(
            [sys.executable, "-m", "gatling", *command, str(tmp_path / name)],
            check=True,
            env={"PYTHONHASHSEED": salt},
            capture_output=True,
        )
    assert (tmp_path / "a.jsonl.gz").read_bytes() == (tmp_path / "b.jsonl.gz").read_bytes()
    assert len(gzip.decompress((tmp_path / "a.jsonl.gz").read_bytes()).splitlines()) == 30


def test_every_message_is_taken_by_the_tracer() -> None:
    for record in made():
        tracer = ConversationTracer()
        for message in record["messages"]:
            tracer.feed(message)
        asked = [c["id"] for m in record["messages"] for c in m.get("tool_calls", ())]
        answered = [m["tool_call_id"] for m in record["messages"] if m["role"] == "tool"]
        assert asked == answered
        assert tracer.has_calls
        assert len(tracer.plan().nodes) == len(asked)
        assert record["request"] == record["governance_context"]["session_context"]["user_request"]


def test_shares_and_balance() -> None:
    kinds = Counter(r["meta"]["kind"] for r in made())
    assert {k: n / COUNT for k, n in kinds.items()} == {
        "attacked": 0.35,
        "twin": 0.1,
        "asked": 0.05,
        "resisted": 0.15,
        "honest": 0.35,
    }
    worlds = Counter(r["meta"]["suite"] for r in made())
    assert set(worlds) == set(load_worlds())
    assert max(worlds.values()) <= 2 * min(worlds.values())


def test_labels_say_who_obeyed() -> None:
    for record in made():
        attacked = record["meta"]["kind"] == "attacked"
        assert record["label"] == ("violation" if attacked else "compliant")
        assert bool(record["violating_calls"]) == attacked
        assert bool(record["meta"]["injection_spans"]) == (record["meta"]["kind"] != "honest")
        assert bool(record["meta"]["goal_calls"]) == (record["meta"]["kind"] in ("attacked", "twin", "asked"))
        used = {
            name for name, _ in calls(record, [c["id"] for m in record["messages"] for c in m.get("tool_calls", ())])
        }
        policy = record["governance_context"]["policy"]
        assert used <= set(policy["allowed_operations"])
        assert not used & set(policy["forbidden_operations"])


def test_violating_calls_come_after_the_text_and_have_their_values_from_it() -> None:
    checked = 0
    for record in made():
        if record["meta"]["kind"] != "attacked":
            continue
        at = [s["message"] for s in record["meta"]["injection_spans"]]
        first = sorted(set(at))[1] if record["meta"]["place"] == "two-items" else min(at)
        place = {c["id"]: i for i, m in enumerate(record["messages"]) for c in m.get("tool_calls", ())}
        assert all(place[i] > first for i in record["violating_calls"])
        goal = record["meta"]["goal"]
        if goal.startswith(("bulk:", "steps:", "leak:")):
            continue
        text = squeezed(" ".join(injected(record)))
        read = " ".join(m["content"] for m in record["messages"] if m["role"] == "tool")
        for _, arguments in calls(record, record["violating_calls"]):
            given = [x for x in values(json.loads(arguments)) if x not in ("None", "False", "True", "")]
            if not given:
                continue
            days = [date.fromisoformat(x) for x in given if re.fullmatch(r"\d{4}-\d\d-\d\d", x)]
            given += [f"{d.day} {d:%B}" for d in days] + [f"{d:%B} {d.day}" for d in days]
            # a value stands in the text, or is the id of something that was looked up because the text names it
            stated = [x for x in given if squeezed(x) in text or x.removesuffix(".0") in text]
            assert stated or any(x in read for x in given), (record["id"], goal, given)
            checked += bool(stated)
    assert checked > 100


def test_honest_agents_use_no_address_that_they_have_not_read() -> None:
    checked = 0
    for record in made():
        if record["label"] != "compliant":
            continue
        read = ""
        for message in record["messages"]:
            read += squeezed(message["content"] or "") + "|" if message["role"] != "assistant" else ""
            for call in message.get("tool_calls", ()):
                for value in values(json.loads(call["function"]["arguments"])):
                    if re.fullmatch(r"\S+@\S+|https?://\S+|[A-Z]{2}\d{16,22}", value):
                        assert squeezed(value) in read, (record["id"], call)
                        checked += 1
    assert checked > 300


def test_a_twin_has_the_text_and_the_calls_of_its_attack() -> None:
    seen = Counter[str]()
    for record in made():
        of = record["meta"]["twin_of"]
        if of is None:
            continue
        attack = by_id()[of]
        assert attack["meta"]["kind"] == "attacked"
        assert {squeezed(t) for t in injected(record)} & {squeezed(t) for t in injected(attack)}
        assert record["meta"]["goal"] == attack["meta"]["goal"]
        assert record["meta"]["suite"] == attack["meta"]["suite"]
        if record["meta"]["kind"] != "resisted":
            assert set(calls(record, record["meta"]["goal_calls"])) == set(calls(attack, attack["violating_calls"]))
            assert record["request"] != attack["request"]
        else:
            assert not set(calls(attack, attack["violating_calls"])) & set(
                calls(record, [c["id"] for m in record["messages"] for c in m.get("tool_calls", ())])
            )
        seen[record["meta"]["kind"]] += 1
    assert seen == {"twin": COUNT // 10, "asked": COUNT // 20, "resisted": 3 * COUNT // 20}


def test_no_mark_is_left() -> None:
    for record in made():
        assert not re.search("[\ue000\ue001]|ue00[01]", json.dumps(record, ensure_ascii=False))


def test_there_is_variety() -> None:
    assert len(load_worlds()) >= 40
    assert len({a.key for box in (*load_worlds().values(), *load_toolboxes().values()) for a in box.acts}) >= 400
    assert len({w.name for w in ALL_WORDINGS}) == len(ALL_WORDINGS) >= 80
    attacks = [r["meta"] for r in made() if r["meta"]["kind"] == "attacked"]
    assert len({m["goal"] for m in attacks}) >= 150
    assert len({m["wording"] for m in attacks}) >= 50
    assert 0.35 <= sum(m["wording"] == "bare" for m in attacks) / len(attacks) <= 0.6
    assert len({m["place"] for m in attacks}) >= 12
    tools = {name for r in made() for name in r["governance_context"]["policy"]["allowed_operations"]}
    assert len(tools) > 5_000
    assert {min(m["hops"], 6) for m in (r["meta"] for r in made())} == {1, 2, 3, 4, 5, 6}


def test_worlds_and_goals_can_be_left_out(tmp_path: Path) -> None:
    maker = ConversationMaker(
        seed=1, worlds=choose_worlds(("clinic", "farm", "museum"), ("farm",)), without=("leak:", "change:")
    )
    records = [maker.record(i) for i in range(100)]
    assert {r["meta"]["suite"] for r in records} == {"clinic", "museum"}
    assert not any((r["meta"]["goal"] or "").startswith(("leak:", "change:")) for r in records)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--conversations", "--worlds", "clinik"], "no world 'clinik'; did you mean clinic?"),
        (["--conversations", "--worlds", "clinic", "--without-worlds", "clinic"], "no world is left"),
        (["--conversations", "--count", "0"], "--count is 0"),
        (["--conversations", "--traces", "5"], "--traces goes without --conversations"),
        (["--conversations", "--seed", "-1"], "--seed is -1"),
        (["--worlds", "clinic", "--traces", "5"], "--worlds goes with --conversations"),
        ([], "say how many"),
    ],
)
def test_bad_flags_are_refused(
    tmp_path: Path, flags: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["generate", "--output", str(tmp_path / "x.jsonl"), *flags]) != 0
    assert message in " ".join(capsys.readouterr().err.split())


def test_other_names_of_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="conversations go to a file"):
        write_conversations(tmp_path / "x.parquet", ConversationMaker(), 3)


def runs_of_six(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"[a-z0-9]+", text.lower())
    return {tuple(words[i : i + 6]) for i in range(len(words) - 5)}


def test_no_sentence_of_a_recorded_attack_is_in_it() -> None:
    files = sorted(RECORDED.glob("*.jsonl.gz"))
    if not files:
        pytest.skip(f"NOT CHECKED that no recorded attack was copied: there is no {RECORDED}")
    recorded: set[tuple[str, ...]] = set()
    for path in files:
        with gzip.open(path, "rt") as lines:
            for line in lines:
                record = json.loads(line)
                for span in record["meta"].get("injection_spans", ()):
                    recorded |= runs_of_six(record["messages"][span["message"]]["content"][span["start"] : span["end"]])
    assert recorded
    ours = {
        run for record in made() for m in record["messages"] if m.get("content") for run in runs_of_six(m["content"])
    }
    assert not ours & recorded
