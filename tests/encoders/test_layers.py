"""Layers against naive references."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from gatling.encoders.execution import GATv2
from gatling.encoders.governance import GovernanceEncoder, tree_mask
from gatling.encoders.segments import segment_max, segment_softmax, segment_sum
from gatling.encoders.tensors import as_tensors
from gatling.features import PolicyBatch, WordVectors, context_features
from gatling.schema import parse_context
from tests.builders import SMALL, context


def test_segment_reductions_equal_loops() -> None:
    rows, segment = torch.randn(9, 3), torch.tensor([0, 0, 0, 1, 3, 3, 3, 3, 3])
    soft = segment_softmax(rows * 50, segment, 4)
    for s in (0, 1, 3):
        keep = segment == s
        assert torch.allclose(soft[keep], (rows[keep] * 50).softmax(0))
        assert torch.allclose(segment_sum(rows, segment, 4)[s], rows[keep].sum(0))
        assert torch.equal(segment_max(rows, segment, 4)[s], rows[keep].amax(0))
    assert not segment_sum(rows, segment, 4)[2].any()
    assert not segment_max(rows, segment, 4)[2].any()


def test_gatv2_equals_its_formula() -> None:
    layer = GATv2(8, 2, 3)
    x, features = torch.randn(4, 8), torch.randn(5, 3)
    edges = torch.tensor([[0, 1, 2, 3, 0], [1, 1, 1, 0, 2]])
    out = layer(x, edges, features)
    source, target, edge = layer.source(x), layer.target(x), layer.edge(features)
    for i in range(4):
        incoming = [e for e in range(5) if edges[1, e] == i]
        expected = layer.bias.clone()
        for head in range(2):
            part = slice(4 * head, 4 * head + 4)
            scores = [
                layer.attention[head]
                @ nn.functional.leaky_relu(source[edges[0, e], part] + target[i, part] + edge[e, part], 0.2)
                for e in incoming
            ]
            weights = torch.stack(scores).softmax(0) if scores else []
            for weight, e in zip(weights, incoming, strict=True):
                expected = expected.clone()
                expected[part] += weight * source[edges[0, e], part]
        assert torch.allclose(out[i], expected, atol=1e-6)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_gatv2_equals_the_library_of_the_field() -> None:
    library = pytest.importorskip("torch_geometric.nn", reason="torch_geometric is the reference of this test")
    ours = GATv2(16, 4, 6)
    theirs = library.GATv2Conv(16, 4, heads=4, edge_dim=6, add_self_loops=False)
    with torch.no_grad():
        theirs.lin_l.weight.copy_(ours.source.weight)
        theirs.lin_l.bias.copy_(ours.source.bias)
        theirs.lin_r.weight.copy_(ours.target.weight)
        theirs.lin_r.bias.copy_(ours.target.bias)
        theirs.lin_edge.weight.copy_(ours.edge.weight)
        theirs.att.copy_(ours.attention[None])
        theirs.bias.copy_(ours.bias)
    x, features = torch.randn(7, 16), torch.randn(12, 6)
    edges = torch.stack([torch.randint(7, (12,)), torch.randint(7, (12,))])
    assert torch.allclose(ours(x, edges, features), theirs(x, edges, features), atol=1e-6)


def batch_of(policy: object) -> PolicyBatch[torch.Tensor]:
    return as_tensors(PolicyBatch.collate([context_features(parse_context(context(policy)))], WordVectors()))


def test_the_mask_follows_the_tree() -> None:
    batch = batch_of({"a": {"x": 1, "y": {"z": 2}}, "b": 3})
    (blocks,) = batch.blocks
    ancestor, child, sibling, near = tree_mask(blocks)[0]
    # tokens: 0 root, 1 policy, 2 a, 3 a.x, 4 a.y, 5 a.y.z, 6 b, 7 session_context, 8 user_role
    assert ancestor[5, 4]
    assert ancestor[5, 2]
    assert not ancestor[4, 5]
    assert child[4, 5]
    assert not child[2, 5]
    assert sibling[3, 4]
    assert not sibling[3, 5]
    assert not near[3, 5]
    for token in range(9):
        for seen in (0, 1, 7, 8, token):
            assert near[token, seen]
            assert near[seen, token]
    assert not near[:9, 9:].any()


def test_an_edit_outside_the_mask_does_not_reach_a_token_in_one_layer() -> None:
    torch.manual_seed(0)
    encoder = GovernanceEncoder(**SMALL).eval()
    layer = encoder.layers[0]
    batch = batch_of({"a": {"x": 1, "y": {"z": 2}}, "b": 3})
    groups = [encoder._group(b) for b in batch.blocks]
    from gatling.encoders.governance import _Merge

    merge = _Merge.of(groups, len(batch.sample))
    x = torch.randn(len(batch.sample), SMALL["hidden_dim"])
    edited = x.clone()
    edited[5] += 1  # a.y.z
    difference = (layer(x, groups, merge) - layer(edited, groups, merge)).abs().amax(1)
    assert difference[3] == 0  # a.x: neither ancestor, child nor sibling of a.y.z
    assert difference[6] == 0  # b
    assert all(difference[i] > 0 for i in (0, 1, 4, 5))


def test_attention_over_blocks_equals_one_dense_mask_in_a_block(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cutting into blocks only hides what the tree does not connect: the first layer of a policy of few branches agrees."""
    import gatling.features.policy as module

    torch.manual_seed(0)
    encoder = GovernanceEncoder(**{**SMALL, "num_layers": 1}).eval()
    policy = {"a": {f"k{i}": i for i in range(20)}, "b": {f"m{i}": i for i in range(20)}}
    whole = batch_of(policy)
    monkeypatch.setattr(module, "BLOCK_TOKENS", 26)  # 4 global tokens, and each branch of 21 tokens whole
    cut = batch_of(policy)
    assert sum(len(b.index) for b in whole.blocks) == 1
    assert sum(len(b.index) for b in cut.blocks) == 2

    def run(batch: PolicyBatch[torch.Tensor]) -> torch.Tensor:
        from gatling.encoders.governance import _Merge

        groups = [encoder._group(b) for b in batch.blocks]
        x = torch.linspace(-1, 1, len(batch.sample) * SMALL["hidden_dim"]).view(len(batch.sample), -1).sin()
        return encoder.layers[0](x, groups, _Merge.of(groups, len(batch.sample)))

    is_global = torch.zeros(len(whole.sample), dtype=torch.bool)
    for blocks in whole.blocks:
        is_global[blocks.index[blocks.is_global]] = True
    branch_heads = torch.tensor([p == 1 for p in context_features(parse_context(context(policy))).parent.tolist()])
    inner = ~is_global & ~branch_heads  # heads of branches have siblings in the other block
    assert torch.allclose(run(whole)[inner], run(cut)[inner], atol=1e-5)
