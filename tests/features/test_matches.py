"""Late interaction: what is kept of every word's nearest one, against a reference by loops; parts, order and bounds."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest

from gatling.errors import InputError
from gatling.features import WordVectors, context_features, matches, plan_features
from gatling.features.matches import (
    COVERED_DIM,
    LEAF_DIM,
    NODE_DIM,
    NUM_PARTS,
    TEXT_DIM,
    Part,
    PlanMatches,
    WordRows,
    context_words,
    plan_matches,
)
from gatling.features.words import LEXICON_DIM
from gatling.generate.generator import Generator
from gatling.schema import parse_context, parse_plan
from gatling.schema.words import split_words
from gatling.tools import load_catalog
from tests.builders import context, node, plan

VECTORS = WordVectors()
POLICY = {
    "domain": "Files",
    "allowed_operations": ["read_file", "send_email"],
    "forbidden_operations": ["delete_file"],
    "scope_limits": {"send_email.recipients": 3},
}
CONTEXT = context(POLICY, role="night auditor", user_request="Mail the report to ann@example.com.", channel="phone")
PLAN = plan(
    node("read_file", "n1", arguments={"path": "report.txt"}),
    node("send_email", "n2", arguments={"to": "ann@example.com", "cc": ["zoltan@elsewhere.net"]}, provenance_tier=3),
    edges=[["n1", "n2"]],
)
WORDS_OF = {
    Part.NEUTRAL: ["Files", "3"],
    Part.ALLOWED: ["read_file", "send_email"],
    Part.DENIED: ["delete_file"],
    Part.KEY: ["domain", "allowed_operations", "forbidden_operations", "scope_limits", "send_email.recipients"],
    Part.SESSION: ["phone"],
    Part.ROLE: ["night auditor"],
    Part.REQUEST: ["Mail the report to ann@example.com."],
}


def held(given_plan: dict[str, Any], given_context: dict[str, Any]) -> PlanMatches:
    features = plan_features(parse_plan(given_plan))
    words = context_words(context_features(parse_context(given_context)), VECTORS)
    return plan_matches(features, WordRows.of(features.texts, VECTORS), words)


def row(word: str) -> tuple[np.ndarray, np.ndarray, float]:
    vector = VECTORS([word])[0].astype(np.float64)
    meaning, spelling = vector[:LEXICON_DIM], vector[LEXICON_DIM:]
    length = np.linalg.norm(meaning)
    return (
        meaning / (length or 1),
        spelling / np.linalg.norm(spelling),
        float(np.clip(length, 0.05, 1) if length else 1),
    )


def mean_of(text: str) -> np.ndarray:
    rows = [row(word) for word in split_words(text)]
    total = sum(np.concatenate([m, s]) * weight for m, s, weight in rows)
    return np.asarray(total / np.linalg.norm(total))


def reference(text: str) -> list[float]:
    """What stands of a text in its row, by loops."""
    words = split_words(text)
    weights = [row(word)[2] for word in words]
    columns: list[list[float]] = [[] for _ in range(6)]
    for part in Part:
        theirs = [w for t in WORDS_OF[part] for w in split_words(t)]
        for channel in (0, 1):
            nearest = [max(0.0, *(float(row(w)[channel] @ row(t)[channel]) for t in theirs)) for w in words]
            columns[channel].append(float(np.average(nearest, weights=weights)))
            columns[2 + channel].append(min(nearest))
        columns[4].append(max(0.0, *(float(mean_of(text) @ mean_of(t)) for t in WORDS_OF[part])))
        columns[5].append(float(any(split_words(text) == split_words(t) for t in WORDS_OF[part])))
    return [value for column in columns for value in column] + [1.0]


def test_a_text_is_held_against_every_part_as_by_loops() -> None:
    found = held(PLAN, CONTEXT)
    assert found.nodes.shape == (2, NODE_DIM)
    assert found.leaves.shape == (3, LEAF_DIM)
    np.testing.assert_allclose(found.nodes[1, :TEXT_DIM], reference("send_email"), atol=1e-5)
    by_value = {"report.txt": "path", "ann@example.com": "to", "zoltan@elsewhere.net": "cc"}
    rows = [reference(path) + reference(value) for value, path in by_value.items()]
    got = found.leaves[:, : 2 * TEXT_DIM]
    for wanted in rows:
        assert min(float(np.abs(got[i] - wanted).max()) for i in range(3)) < 1e-5


def test_what_the_parts_say_of_a_forbidden_call_and_of_a_stranger() -> None:
    found = held(plan(node("delete_file", arguments={"to": "zoltan@elsewhere.net"})), CONTEXT)
    same = found.nodes[0, 5 * NUM_PARTS : 6 * NUM_PARTS]
    assert same.tolist() == [float(part is Part.DENIED) for part in Part]
    asked = held(plan(node(arguments={"to": "ann@example.com"})), CONTEXT)
    spelling = TEXT_DIM + NUM_PARTS + Part.REQUEST
    assert asked.leaves[0, spelling] == pytest.approx(1.0, abs=1e-5)
    assert found.leaves[0, spelling] < 0.8


def test_covered_is_the_share_of_a_part_that_the_plan_takes_up() -> None:
    found = held(PLAN, CONTEXT)
    words = [w for text in WORDS_OF[Part.REQUEST] for w in split_words(text)]
    own = [
        w
        for text in ("read_file", "path", "report.txt", "send_email", "to", "ann@example.com", "cc")
        for w in split_words(text)
    ]
    own += split_words("zoltan@elsewhere.net")
    weights = [row(w)[2] for w in words]
    for channel in (0, 1):
        nearest = [max(0.0, *(float(row(w)[channel] @ row(o)[channel]) for o in own)) for w in words]
        wanted = np.average(nearest, weights=weights)
        assert found.covered[channel * NUM_PARTS + Part.REQUEST] == pytest.approx(wanted, abs=1e-5)
    assert found.covered.shape == (COVERED_DIM,)


def test_neither_ids_nor_any_order_counts() -> None:
    found = held(PLAN, CONTEXT)
    nodes = [
        {**n, "node_id": f"x{i}", "arguments": dict(reversed(n["arguments"].items()))}
        for i, n in enumerate(PLAN["nodes"])
    ]
    turned = held(
        {"nodes": nodes[::-1], "edges": [["x0", "x1"]]}, {**CONTEXT, "policy": dict(reversed(POLICY.items()))}
    )
    np.testing.assert_allclose(turned.nodes[::-1], found.nodes, atol=1e-6)
    np.testing.assert_allclose(np.sort(turned.leaves, axis=0), np.sort(found.leaves, axis=0), atol=1e-6)
    np.testing.assert_allclose(turned.covered, found.covered, atol=1e-6)


def test_the_first_of_the_names_of_a_request_counts() -> None:
    words = context_words(context_features(parse_context(context(goal="win", task="lose", note="x"))), VECTORS)
    assert words.texts[Part.REQUEST] == {("lose",)}
    assert words.texts[Part.SESSION] == {("win",), ("x",)}
    none = context_words(context_features(parse_context(context(note="x"))), VECTORS)
    assert not none.texts[Part.REQUEST]


@pytest.mark.parametrize(
    ("given_plan", "given_context"),
    [
        (plan(node("x")), {"policy": {}, "user_role": "", "session_context": {}}),
        (plan(node("-", arguments={"b": "", "a": None, "c": [], "d": {}})), CONTEXT),
        (plan(node("é中文", arguments={"n": 10**15, "t": True, "x": -0.0})), context({"a": ["*"]}, user_request="")),
    ],
)
def test_records_without_words(given_plan: dict[str, Any], given_context: dict[str, Any]) -> None:
    found = held(given_plan, given_context)
    for values in (found.nodes, found.leaves, found.covered):
        assert np.isfinite(values).all()
        assert values[..., : 4 * NUM_PARTS].min(initial=0.0) >= 0


def test_a_block_of_words_at_a_time_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = held(PLAN, CONTEXT)
    monkeypatch.setattr(matches, "_BLOCK_PAIRS", 50)
    for words in (1, 2, 5):
        monkeypatch.setattr(matches, "_BLOCK_WORDS", words)
        parts = held(PLAN, CONTEXT)
        np.testing.assert_allclose(parts.nodes, whole.nodes, atol=1e-5)
        np.testing.assert_allclose(parts.covered, whole.covered, atol=1e-5)


def test_a_long_text_costs_what_its_distinct_words_cost() -> None:
    """180,000 words of four kinds: gathered one by one, their rows would take 460 MB."""
    text = "red green blue yellow " * 45_000
    features = plan_features(parse_plan(plan(node(arguments={"note": text}))))
    tracemalloc.start()
    rows = WordRows.of(features.texts, VECTORS)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 250e6
    np.testing.assert_allclose(np.linalg.norm(rows.means[rows.offsets[1:] > rows.offsets[:-1]], axis=1), 1.0, atol=1e-4)


def test_too_many_pairs_are_refused_and_not_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matches, "MAX_PAIRS", 100)
    with pytest.raises(InputError, match="more than 100 pairs"):
        held(PLAN, CONTEXT)


def test_generated_traces_have_numbers_of_one_length() -> None:
    generator = Generator(load_catalog(["builtin"]))
    for i in range(20):
        data = generator.trace("train", i).data
        found = held(data["execution_plan"], data["governance_context"])
        assert found.nodes.shape[1] == NODE_DIM
        assert found.leaves.shape[1] == LEAF_DIM
        assert np.isfinite(found.leaves).all()
