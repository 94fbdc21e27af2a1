"""The store gives back what it was given, once tokenised, whatever the chunks, the processes and the accidents."""

from __future__ import annotations

import dataclasses
import io
import json
import logging
from collections.abc import Sequence
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gatling.errors import InputError
from gatling.features import context_features, plan_features
from gatling.schema import Trace, parse_trace, read_traces, write_traces
from gatling.store import store as store_module
from gatling.store.corpus import Corpus, number_digests
from gatling.store.pairs import Pairs
from gatling.store.shards import Shard, ShardBuilder
from gatling.store.splits import split_corpus
from gatling.store.store import Store, Stored
from gatling.training.batches import EpochBatches
from tests.builders import many_traces, node, plan, record
from tests.sizes import num_cases

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
FILES = sorted(SHARED.glob("*.jsonl.gz"))


def assert_same(a: Any, b: Any, place: str = "") -> None:
    """Equal bit for bit: types, shapes and bytes."""
    if dataclasses.is_dataclass(a):
        for one in dataclasses.fields(a):
            assert_same(getattr(a, one.name), getattr(b, one.name), f"{place}.{one.name}")
    elif isinstance(a, np.ndarray):
        assert (a.dtype, a.shape, a.tobytes()) == (b.dtype, b.shape, b.tobytes()), place
    elif isinstance(a, torch.Tensor):
        assert torch.equal(a, b), place
    elif isinstance(a, Sequence) and not isinstance(a, str):
        assert len(a) == len(b), place
        for x, y in zip(a, b, strict=True):
            assert_same(x, y, place)
    else:
        assert a == b, place


def assert_holds(traces: list[Trace]) -> None:
    """A shard of the traces gives their very features, of equal ones those of the first."""
    builder, content = ShardBuilder(), io.BytesIO()
    for trace in traces:
        builder.add(trace, "g")
    builder.write(content)
    shard = Shard(content.getvalue())
    contexts: set[int] = set()
    plans: set[int] = set()
    assert shard.is_compliant.tolist() == [t.is_compliant for t in traces]
    for trace, context, own_plan in zip(traces, shard.context.tolist(), shard.plan.tolist(), strict=True):
        assert shard.context_digest[context].tobytes().hex() == trace.governance_context.digest[:32]
        assert shard.plan_digest[own_plan].tobytes().hex() == trace.execution_plan.digest[:32]
        if context not in contexts:
            assert_same(context_features(trace.governance_context), shard.context_features(context))
        if own_plan not in plans:
            assert_same(plan_features(trace.execution_plan), shard.plan_features(own_plan))
        contexts.add(context)
        plans.add(own_plan)


texts = st.sampled_from(["", "read_file", "Забудь", "\u200bdelete", "10,000.5 EUR", "..", "*", "x " * 40, "naïve ＡＢ"])
scalars = st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats(-1e9, 1e9) | texts
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4), max_leaves=25
)
objects = st.dictionaries(texts, values, max_size=5)


@settings(max_examples=num_cases(many=30, few=10))
@given(objects, objects, st.lists(st.tuples(objects, st.integers(1, 10**12)), min_size=1, max_size=5), st.data())
def test_features_come_back_bit_for_bit(policy: Any, session: Any, calls: Any, data: Any) -> None:
    nodes = [node("tool " * (i + 1), f"n{i}", arguments=a, scope_volume=v) for i, (a, v) in enumerate(calls)]
    pairs = [(i, j) for j in range(len(nodes)) for i in range(j)]
    edges = data.draw(st.lists(st.sampled_from(pairs), unique=True)) if pairs else []
    record_ = {
        "governance_context": {"policy": policy, "user_role": "clerk", "session_context": session},
        "execution_plan": {"nodes": nodes, "edges": [{"source": f"n{i}", "target": f"n{j}"} for i, j in edges]},
        "label": "compliant",
    }
    assert_holds([parse_trace(record_), *many_traces(2)])


def test_large_contexts_come_back_in_the_same_blocks() -> None:
    policy = {f"rule {i}": {"never": ["delete " * 30, i, {"deep": [i] * 3}]} for i in range(60)}
    trace = parse_trace(record(governance_context={"policy": policy, "user_role": "r", "session_context": {}}))
    assert len(context_features(trace.governance_context).blocks) > 2
    assert_holds([trace])


@pytest.mark.skipif(not FILES, reason=f"the development data are not at hand in {SHARED}")
@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
def test_real_traces_come_back_bit_for_bit(path: Path) -> None:
    traces = list(read_traces(path))
    assert_holds(traces[:: max(1, len(traces) // 15)])


@pytest.fixture
def gold(tmp_path: Path) -> Path:
    path = tmp_path / "gold.jsonl"
    write_traces(path, many_traces(30))
    return path


def open_store(*files: Path, chunk: int = 8, processes: int = 1, **options: Any) -> Stored:
    return Store(folder=Path("cache"), chunk_traces=chunk, num_processes=processes).open(list(files), **options)


def no_tokenising(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*_: Any) -> None:
        raise AssertionError("tokenised again")

    monkeypatch.setattr(store_module, "tokenise", refuses)


def test_a_file_is_tokenised_once_whatever_its_name(gold: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counts: list[int] = []
    first = open_store(gold, on_progress=counts.append)
    assert len(first.shards) == 6
    assert counts[-1] == 45
    assert Path("cache/.gitignore").read_text() == "*\n"
    no_tokenising(monkeypatch)
    moved = gold.rename(gold.with_name("other.jsonl"))
    again = open_store(moved)
    assert [len(shard) for shard in again.shards] == [len(shard) for shard in first.shards]
    with pytest.raises(AssertionError, match="again"):
        open_store(moved, group_by="source")
    moved.write_text(moved.read_text() + "\n")
    with pytest.raises(AssertionError, match="again"):
        open_store(moved)


def test_chunks_and_files_change_no_trace(gold: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.parquet"
    write_traces(other, [*many_traces(40)[20:], *many_traces(3)])
    whole = Corpus.from_traces([*read_traces(gold), *read_traces(other)])
    parts = Corpus.from_shards(open_store(gold, other).shards)
    assert_same(list(whole.contexts), list(parts.contexts))
    assert_same(list(whole.plans), list(parts.plans))
    assert list(whole.group_names) == list(parts.group_names)
    for name in ("context", "plan", "is_compliant", "source", "violation_type", "group"):
        assert_same(getattr(whole, name), getattr(parts, name), name)
    assert_same(whole.contexts.digests(), parts.contexts.digests())
    assert_same(whole.plans.digests(), parts.plans.digests())


def test_several_processes_write_the_same_bytes(gold: Path) -> None:
    open_store(gold)
    one = {p.name: p.read_bytes() for p in Path("cache").rglob("0*")}
    Path("cache").rename("before")
    open_store(gold, processes=2)
    assert {p.name: p.read_bytes() for p in Path("cache").rglob("0*")} == one
    gold.write_text(gold.read_text() + "{}\n")
    with pytest.raises(InputError, match=r"gold\.jsonl:46: governance_context: missing"):
        open_store(gold, processes=2)


@pytest.mark.parametrize("damage", [lambda b: b[:-100], lambda b: b[:500] + b"\0\1\2\3" + b[504:], lambda b: b""])
def test_a_damaged_shard_is_built_again_with_a_warning(
    gold: Path, damage: Any, caplog: pytest.LogCaptureFixture
) -> None:
    open_store(gold)
    paths = sorted(Path("cache").rglob("*.arrow"))
    before = [path.read_bytes() for path in paths]
    paths[2].write_bytes(damage(before[2]))
    with caplog.at_level(logging.WARNING):
        open_store(gold)
    assert [r.getMessage() for r in caplog.records] == [f"{paths[2]} is damaged; it is built again from {gold}"]
    assert [path.read_bytes() for path in paths] == before


@pytest.mark.parametrize("text", ["", "{", "[]", '{"num_shards": "x"}', '{"num_shards": 7}'])
def test_a_damaged_manifest_is_built_again(gold: Path, text: str) -> None:
    open_store(gold)
    manifest = next(Path("cache").rglob("manifest.json"))
    whole = manifest.read_text()
    manifest.write_text(text)
    assert sum(map(len, open_store(gold).shards)) == 45
    assert manifest.read_text() == whole


def test_a_killed_build_goes_on_from_its_finished_shards(gold: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = store_module.tokenise

    def dies(chunk: Any, *rest: Any) -> Any:
        if chunk.target.stem == "00003":
            raise KeyboardInterrupt
        return real(chunk, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(store_module, "tokenise", dies)
        with pytest.raises(KeyboardInterrupt):
            open_store(gold)
    assert sorted(p.name for p in Path("cache").rglob("*.arrow")) == ["00000.arrow", "00001.arrow", "00002.arrow"]
    assert not list(Path("cache").rglob("manifest.json"))
    times = {p: p.stat().st_mtime_ns for p in Path("cache").rglob("*.arrow")}
    assert sum(map(len, open_store(gold).shards)) == 45
    assert all(p.stat().st_mtime_ns == t for p, t in times.items())


def test_refused_records_are_reported_each_time(gold: Path, caplog: pytest.LogCaptureFixture) -> None:
    lines = gold.read_text().splitlines()
    lines[9:9] = ["{", json.dumps({**record(), "label": "good"})]
    gold.write_text("\n".join(lines))
    with pytest.raises(InputError, match=r"gold\.jsonl:10: not JSON"):
        open_store(gold)
    for _ in range(2):
        caplog.clear()
        stored = open_store(gold, on_error="skip")
        assert sum(map(len, stored.shards)) == 45
        assert [m.split(": ")[0][-2:] for m in stored.skipped[gold]] == ["10", "11"]
        assert sum("skipped" in r.getMessage() for r in caplog.records) == 2
    with pytest.raises(InputError, match=r"gold\.jsonl:10: not JSON"):
        open_store(gold)


def test_a_plan_that_is_too_large_is_a_refused_record(gold: Path) -> None:
    huge = record(execution_plan=plan(node("t", "a", arguments={"x": [[0] * 300] * 300})))
    gold.write_text(json.dumps(huge) + "\n" + gold.read_text())
    with pytest.raises(InputError, match=r"gold\.jsonl:1: .*more than 65536"):
        open_store(gold)
    stored = open_store(gold, on_error="skip")
    assert sum(map(len, stored.shards)) == 45
    assert len(stored.skipped[gold]) == 1


def test_a_shard_in_another_process_is_mapped_there_and_not_sent(gold: Path) -> None:
    shard = open_store(gold, chunk=100).shards[0]
    sent = bytes(ForkingPickler.dumps(shard))
    assert len(sent) < 500
    back = ForkingPickler.loads(sent)
    assert_same(back.context_features(3), shard.context_features(3))
    corpus = Corpus.from_shards([shard])
    batches = EpochBatches(corpus, batch_size=8, num_negatives=1, seed=0, epoch=0)
    assert_same(ForkingPickler.loads(bytes(ForkingPickler.dumps(batches)))[1], batches[1])


rows = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 9), st.booleans()), max_size=40)


@given(rows)
def test_pairs_are_those_of_a_plain_loop(traces: list[tuple[int, int, bool]]) -> None:
    columns = [np.array([t[i] for t in traces], np.int32) for i in (0, 1)]
    is_compliant = np.array([t[2] for t in traces], bool)
    pairs = Pairs(*columns, is_compliant, num_contexts=7)
    compliant = {(c, p) for c, p, good in traces if good}
    for context in range(7):
        wanted = [p for c, p, good in traces if c == context and not good and (c, p) not in compliant]
        assert pairs.violations(context).tolist() == wanted
        for one in range(10):
            assert bool(pairs.is_compliant(np.array(context), np.array(one))) == ((context, one) in compliant)
    assert pairs.num_contradictions == len({(c, p) for c, p, good in traces if not good} & compliant)
    members: dict[int, list[int]] = {}
    for i, (c, _, good) in enumerate(traces):
        if good:
            members.setdefault(c, []).append(i)
    assert pairs.members.tolist() == [i for some in members.values() for i in some]
    assert np.diff(pairs.member_offsets).tolist() == [len(some) for some in members.values()]


@settings(max_examples=num_cases(many=25, few=10))
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 12)), min_size=30, max_size=60))
def test_groups_joined_through_contexts_stay_together(links: list[tuple[int, int]]) -> None:
    traces = [parse_trace(record(request=f"r{context}", source=f"s{group}")) for context, group in links]
    corpus = Corpus.from_traces([*traces, *many_traces(9)], "source")
    splits = split_corpus(corpus, val_share=0.3, test_share=0, seed=1)
    for column in ("context", "group"):
        assert not set(getattr(splits.train, column).tolist()) & set(getattr(splits.val, column).tolist())


def test_digests_that_share_a_half_are_told_apart() -> None:
    digests = np.zeros((6, 16), np.uint8)
    digests[:, 15] = [1, 2, 1, 3, 2, 0]
    number, place = number_digests([digests[:2], digests[2:]])
    assert number.tolist() == [0, 1, 0, 2, 1, 3]
    assert place.tolist() == [0, 1, 3, 5]
