from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import torch

from gatling.errors import ConfigError
from gatling.generate.demonstration import synthetic_traces
from gatling.schema import Trace, parse_trace
from gatling.store.corpus import Corpus
from gatling.store.groups import GroupKey
from gatling.store.splits import split_corpus
from gatling.training.batches import EpochBatches
from tests.builders import many_traces, node, plan, record


def test_the_demonstration_set() -> None:
    traces = synthetic_traces()
    assert len(traces) == 12
    assert len({t.governance_context.digest for t in traces}) == 12
    assert Counter(t.governance_context.policy["domain"] for t in traces) == {
        "Calendar": 4,
        "FileSystem": 4,
        "Database": 4,
    }
    assert all(t.is_compliant for t in traces)
    for trace in traces:  # every call is allowed, and within the limits that the policy states
        policy = trace.governance_context.policy
        for call in trace.execution_plan.nodes:
            assert call.tool_name in policy["allowed_operations"]
            for name, value in call.arguments.items():
                limit = policy["scope_limits"].get(f"{call.tool_name}.{name}")
                assert limit is None or value <= limit


def test_distinct_contexts_and_plans_are_kept_once() -> None:
    corpus = Corpus.from_traces([*many_traces(4), *many_traces(4)])
    assert len(corpus) == 12
    assert len(corpus.contexts) == 4
    assert len(corpus.plans) == 6
    assert corpus.num_compliant == 8


def groups_of(corpus: Corpus) -> set[str]:
    return {corpus.group_names[i] for i in corpus.group.tolist()}


def test_no_group_on_two_sides_and_order_does_not_matter() -> None:
    traces = many_traces(40)
    for group_by in ("context", "source,id"):
        corpus = Corpus.from_traces(traces, group_by)
        splits = split_corpus(corpus, val_share=0.2, test_share=0.1, seed=3)
        sides = [groups_of(part) for part in (splits.train, splits.val, splits.test)]
        assert not sides[0] & sides[1]
        assert not sides[0] & sides[2]
        assert not sides[1] & sides[2]
        assert [len(s) for s in sides] == [28, 8, 4]
        back = split_corpus(Corpus.from_traces(traces[::-1], group_by), val_share=0.2, test_share=0.1, seed=3)
        assert groups_of(back.val) == sides[1]
        other = split_corpus(corpus, val_share=0.2, test_share=0.1, seed=4)
        assert groups_of(other.val) != sides[1]


def test_a_context_never_stands_on_two_sides_whatever_the_grouping() -> None:
    traces = [parse_trace({**t.to_dict(), "id": f"{i}"}) for i, t in enumerate(many_traces(40))]
    splits = split_corpus(Corpus.from_traces(traces, "id"), val_share=0.2, test_share=0.2, seed=0)
    contexts = [set(part.context.tolist()) for part in (splits.train, splits.val, splits.test)]
    assert not contexts[0] & contexts[1]
    assert not contexts[0] & contexts[2]
    assert not contexts[1] & contexts[2]


def test_group_by_fields() -> None:
    trace = parse_trace(record(source="s", meta={"suite": "x", "case": 7}))
    assert GroupKey("source")(trace) == "s"
    assert GroupKey("meta.suite,meta.task|meta.case")(trace) == "x\x1f7"
    assert GroupKey("meta.none")(trace) == trace.governance_context.digest
    assert GroupKey("policy")(trace) == GroupKey("policy")(parse_trace(record(request="other")))


def test_too_few_groups_is_a_clear_error() -> None:
    with pytest.raises(ConfigError, match="2 groups .* are too few"):
        split_corpus(Corpus.from_traces(many_traces(2)), val_share=0.1, test_share=0.1, seed=0)


def test_an_epoch_holds_every_compliant_trace_once() -> None:
    corpus = Corpus.from_traces(many_traces(21))
    batches = EpochBatches(corpus, batch_size=8, num_negatives=2, seed=0, epoch=0)
    drawn = np.concatenate(batches.batches)
    assert sorted(drawn) == np.flatnonzero(corpus.is_compliant).tolist()
    assert [len(b) for b in batches.batches] == [7, 7, 7]
    other = EpochBatches(corpus, batch_size=8, num_negatives=2, seed=0, epoch=1)
    assert not np.array_equal(np.concatenate(other.batches), drawn)


def test_violations_are_negatives_of_their_own_context_and_never_positives() -> None:
    corpus = Corpus.from_traces(many_traces(10))
    batches = EpochBatches(corpus, batch_size=10, num_negatives=1, seed=0, epoch=0)
    batch = batches[0]
    has = batch.negative_row[:, 0] >= 0
    assert int(has.sum()) == 5
    compliant = set(corpus.plan[corpus.is_compliant].tolist())
    assert len(set(batch.plan_row.tolist())) == len(compliant)
    assert not set(batch.plan_row.tolist()) & set(batch.negative_row[has].flatten().tolist())


def test_a_compliant_plan_is_never_a_negative_of_its_context() -> None:
    """Contexts a and b; plan p is compliant in both, q in a only, under other node names each time."""

    def trace(request: str, tool: str, node_id: str, label: str = "compliant") -> Trace:
        return parse_trace(record(label, request=request, execution_plan=plan(node(tool, node_id))))

    traces = [trace("a", "p", "1"), trace("a", "q", "2"), trace("b", "p", "3"), trace("a", "p", "4", "violation")]
    corpus = Corpus.from_traces(traces)
    assert len(corpus.plans) == 2
    batches = EpochBatches(corpus, batch_size=3, num_negatives=2, seed=0, epoch=0)
    batch = batches[0]
    assert (batch.negative_row < 0).all()  # the same plan with both labels is no negative
    rows = batches.batches[0]
    is_shared = batches.is_shared(batch.context_id, batch.plan_id)
    for i, one in enumerate(rows):
        for j, other in enumerate(rows):
            expected = i != j and (corpus.plan[other] == 0 or corpus.context[one] == 0)
            assert bool(is_shared[i, j]) == expected


def test_traces_of_one_context_are_spread_over_the_epoch() -> None:
    traces = many_traces(8, violations=False)
    more = [
        parse_trace({**t.to_dict(), "execution_plan": {"nodes": [{"tool_name": f"read{k}", "node_id": "a"}]}})
        for t in traces
        for k in range(3)
    ]
    corpus = Corpus.from_traces(more)
    batches = EpochBatches(corpus, batch_size=8, num_negatives=0, seed=0, epoch=0)
    repeats = [len(b) - len(np.unique(corpus.context[b])) for b in batches.batches]
    assert sum(repeats) <= 6  # 24 traces of 8 contexts; a plain shuffle repeats about 8


@pytest.mark.parametrize("num_workers", [0, 2])
def test_batches_depend_on_seed_epoch_and_step_only(num_workers: int) -> None:
    corpus = Corpus.from_traces(many_traces(12))

    def make() -> EpochBatches:
        return EpochBatches(corpus, batch_size=4, num_negatives=1, seed=5, epoch=2)

    whole = list(make().loader(start=0, num_workers=0))
    late = list(make().loader(start=1, num_workers=num_workers))
    assert len(late) == len(whole) - 1
    for a, b in zip(whole[1:], late, strict=True):
        assert torch.equal(a.negative_row, b.negative_row)
        assert torch.equal(a.policy.texts.word_vectors, b.policy.texts.word_vectors)
        assert torch.equal(a.plan.tool_text, b.plan.tool_text)
