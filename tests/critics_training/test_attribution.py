"""`gatling train-attribution`: conversations become a judge that a guard goes by; what it cannot learn from is refused."""

from __future__ import annotations

import gzip
import json
import math
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gatling.cli import main
from gatling.critics_training.attribution import (
    AttributionConfig,
    _line,
    fit_head,
    fit_trees,
    lines_of,
    reached,
    train_attribution,
)
from gatling.critics_training.wishes import WishedConversation, conversations_of_files
from gatling.energy.attribution_judge import ATTRIBUTION_NAME, JUDGED_FEATURES, SIGNS, AttributionJudge
from gatling.energy.bare_judge import BARE_NAME, BareJudge
from gatling.energy.critics.attribution import DirectiveHead, grams
from gatling.errors import CheckpointError, ConfigError, InputError, TrainingError
from gatling.guard import Guard
from gatling.guard.replay import replay
from gatling.runtime.folder import pretrained_folder
from gatling.tools.consequence import CONSEQUENCES
from tests.sizes import num_cases

pytest.importorskip("lightgbm")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("made") / "made.jsonl.gz"
    assert main(["generate", "--conversations", "--count", "60", "--seed", "3", "--output", str(path)]) == 0
    return path


@pytest.fixture(scope="module")
def read(made: Path) -> list[WishedConversation]:
    """All of them, as they are learned from."""
    return conversations_of_files([made], limit=60, workers=1)


def records(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]


def write(
    name: str, found: list[dict[str, Any]], change: Callable[[int, dict[str, Any]], None] = lambda i, r: None
) -> Path:
    for i, record in enumerate(found):
        change(i, record)
    Path(name).write_text("".join(json.dumps(record) + "\n" for record in found))
    return Path(name)


def in_suites(count: int) -> Callable[[int, dict[str, Any]], None]:
    def change(i: int, record: dict[str, Any]) -> None:
        record["meta"]["set"] = f"suite {i % count}"

    return change


def test_what_is_learned_is_what_a_guard_goes_by(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train-attribution", "--made", str(made), "--output", "guard", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert set(told) == {ATTRIBUTION_NAME, BARE_NAME}
    for figures in told.values():
        assert sum(f["honest"] + f["attacked"] for f in figures["suites"].values()) == 60
        assert len(figures["suites"]) == 6
    judge = AttributionJudge.read(Path("guard") / ATTRIBUTION_NAME)
    assert set(judge.lines) == set(CONSEQUENCES)
    assert judge.lines["reads"].deny > judge.lines["costs"].deny
    assert json.loads((Path("guard") / ATTRIBUTION_NAME).read_text())["training"]["made"] == ["made.jsonl.gz"]
    learned = {ATTRIBUTION_NAME, BARE_NAME}
    copied = {p.name for p in Path("guard").iterdir()} - learned
    assert {p.name for p in pretrained_folder().iterdir() if p.suffix in (".json", ".safetensors")} - learned == copied
    bare = BareJudge.read(Path("guard") / BARE_NAME)
    assert bare.lines.escalate < bare.lines.deny

    guard = Guard.from_pretrained("guard", deadline_ms=None, is_strict_policy=False)
    blamed, others = [], []
    for record in records(made):
        for call in replay(guard, record["messages"], record["governance_context"]):
            energies = blamed if call.call_id in (record.get("violating_calls") or ()) else others
            assert call.decision.assessment is not None
            energies.append(call.decision.assessment.node_energy[call.node.node_id])
    assert len(blamed) > 10
    assert np.median(blamed) > 3 * np.median(others)
    (Path("guard") / ATTRIBUTION_NAME).write_bytes(b"{}")
    with pytest.raises(CheckpointError, match="format_version"):
        Guard.from_pretrained("guard", deadline_ms=None)


def test_one_process_and_two_learn_the_same_bytes(made: Path) -> None:
    config = AttributionConfig(rounds=5)
    wanted = train_attribution([], config, made=[made], limit=24).to_json()
    assert train_attribution([], config, made=[made], limit=24, workers=2).to_json() == wanted


def test_a_seed_gives_the_same_trees_and_another_seed_others() -> None:
    rng = np.random.default_rng(0)
    x = rng.uniform(0, 1, (1_000, len(SIGNS)))
    y, w = (x[:, 30] + x[:, 40] > 1).astype(float), np.ones(1_000)
    wanted = fit_trees(x, y, w, AttributionConfig(rounds=10)).to_dict()
    assert fit_trees(x, y, w, AttributionConfig(rounds=10)).to_dict() == wanted
    assert fit_trees(x, y, w, AttributionConfig(rounds=10, seed=1)).to_dict() != wanted


def test_the_head_is_the_logistic_regression_that_it_says(read: list[WishedConversation]) -> None:
    conversations = read[:40]
    groups = [conversations[::2], conversations[1::2]]
    config = AttributionConfig(head_texts=2, least_word=0.0)
    head = fit_head(groups, config)
    assert len(head.words) > 50
    assert set(fit_head(groups, replace(config, least_word=0.1)).words) == {
        g for g, w in head.words.items() if abs(w) >= 0.1
    }

    def loss(head: DirectiveHead) -> float:
        """The objective, text by text: each group the same, and in it both sides."""
        total = config.head_l2 * float((head.weights**2).sum()) + config.words_l2 * sum(
            w * w for w in head.words.values()
        )
        for group in groups:
            seen: Counter[tuple[str, bool]] = Counter()
            sides: dict[bool, list[float]] = {True: [], False: []}
            for call in (call for c in group for call in c.calls if call.origins is not None):
                for text, signs, injected in zip(
                    call.texts, call.origins.signs, call.is_injected.tolist(), strict=True
                ):
                    seen[text, injected] += 1
                    if seen[text, injected] <= 2:
                        z = float(signs @ head.weights) + head.bias + sum(head.words.get(g, 0.0) for g in grams(text))
                        sides[injected].append(math.log1p(math.exp(-z if injected else z)))
            total += sum(sum(side) / len(side) for side in sides.values()) / 2 / len(groups)
        return total

    least = loss(head)
    word = max(head.words, key=lambda gram: abs(head.words[gram]))
    for by in (-0.05, 0.05):
        assert loss(replace(head, bias=head.bias + by)) > least
        assert loss(replace(head, words={**head.words, word: head.words[word] + by})) > least


def test_labels_and_spans_are_read_and_nothing_else_of_them_is_an_input(
    made: Path, read: list[WishedConversation]
) -> None:
    assert len(read) == 60
    assert any(call.is_injected.any() for c in read for call in c.calls)
    assert all(c.is_violation for c in read if any(call.is_blamed for call in c.calls))
    every = num_cases(many=1, few=3)
    found, bare = read[::every], records(made)[::every]
    assert any(call.is_injected.any() for c in found for call in c.calls)
    assert any(call.is_blamed for c in found for call in c.calls)
    for record in bare:
        record.pop("meta", None)
        record.pop("violating_calls", None)
    again = conversations_of_files([write("bare.jsonl", bare)], limit=60, workers=1)
    for one, other in zip(found, again, strict=True):
        assert [c.known.tolist() for c in one.calls] == [c.known.tolist() for c in other.calls]
        assert [c.own for c in one.calls] == [c.own for c in other.calls]
        assert not any(call.is_injected.any() or call.is_blamed for call in other.calls)


def test_a_limit_takes_conversations_evenly(made: Path, read: list[WishedConversation]) -> None:
    some = conversations_of_files([made], limit=15, workers=1)
    assert [c.task for c in some] == [c.task for c in read[::4]]


def test_trees_are_monotone_in_what_is_signed_even_where_the_data_says_otherwise() -> None:
    rng = np.random.default_rng(0)
    x = rng.uniform(0, 1, (2_000, len(SIGNS)))
    doubt, asked = list(JUDGED_FEATURES).index("order_all"), list(JUDGED_FEATURES).index("reached")
    y = (x[:, doubt] < 0.5).astype(float)  # the wrong way round
    with_wrong = fit_trees(x, y, np.ones(len(y)), AttributionConfig(rounds=20))
    assert doubt not in with_wrong.feature
    y = (x[:, doubt] - x[:, asked] > 0).astype(float)
    trees = fit_trees(x, y, np.ones(len(y)), AttributionConfig(rounds=60))
    scores = trees(x)
    assert scores[y > 0].mean() > scores[y == 0].mean() + 0.5
    worse = x.copy()
    worse[:, doubt] += 0.3
    worse[:, asked] -= 0.3
    assert (trees(worse) >= scores).all()
    assert (trees(worse) > scores).mean() > 0.3


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        (AttributionConfig(max_denials=0.0), "--max-denials is 0.0"),
        (AttributionConfig(max_denials=0.2), "--max-denials is 0.2 and --max-escalations 0.05"),
        (AttributionConfig(max_escalations=1.0), "--max-escalations 1.0"),
        (AttributionConfig(max_escalations=float("nan")), "--max-escalations nan"),
        (AttributionConfig(made_weight=0.0), "--made-weight is 0.0, it must be above 0"),
        (AttributionConfig(made_weight=-1.0), "--made-weight is -1.0"),
        (AttributionConfig(made_weight=float("nan")), "--made-weight is nan"),
    ],
)
def test_wrong_settings_are_refused(config: AttributionConfig, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        train_attribution([], config)


def some_of(made: Path, *labels: str) -> list[dict[str, Any]]:
    """A few of each label."""
    count = num_cases(many=60, few=6)
    return [r for label in labels for r in [r for r in records(made) if r["label"] == label][:count]]


def test_what_nothing_can_be_learned_from_is_refused(made: Path) -> None:
    def refused(reason: str, *files: Path) -> None:
        with pytest.raises(TrainingError, match=reason):
            train_attribution(files, AttributionConfig(rounds=2))

    refused(
        "two suites at least, and these are of 1",
        write("one.jsonl", some_of(made, "compliant", "violation"), in_suites(1)),
    )
    refused("two suites at least, and these are of 0")
    refused("no honest conversation", write("bad.jsonl", some_of(made, "violation"), in_suites(2)))
    refused("no call to blame", write("good.jsonl", some_of(made, "compliant"), in_suites(2)))
    halves = (
        write("a.jsonl", some_of(made, "violation"), in_suites(1)),
        write("b.jsonl", some_of(made, "compliant"), lambda i, r: r["meta"].update(set="b")),
    )
    refused("beside the suite 'suite 0', there is no call to blame", *halves)


def test_commands_say_it_in_a_sentence(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def told(*flags: str) -> str:
        assert main(["train-attribution", "--output", "guard", *flags]) != 0
        return capsys.readouterr().err.splitlines()[-1]

    assert "--dataset and --made are both missing" in told()
    assert "--limit is 0" in told("--made", str(made), "--limit", "0")
    assert "--max-denials is 0.5" in told("--made", str(made), "--max-denials", "0.5")
    assert "nowhere.jsonl" in told("--dataset", "nowhere.jsonl")
    assert "it must be a model folder" in told("--made", str(made), "--model", "nowhere")
    assert not (Path("guard") / ATTRIBUTION_NAME).exists()


@pytest.mark.parametrize(
    ("field", "value", "path"),
    [
        ("injection_spans", [{"message": 999, "start": 0, "end": 1}], "meta.injection_spans[0]"),
        ("injection_spans", [{"message": "x", "start": 0, "end": 1}], "meta.injection_spans[0]"),
        ("injection_spans", [{"start": 0, "end": 1}], "meta.injection_spans[0]"),
        ("injection_spans", ["x"], "meta.injection_spans[0]"),
        ("injection_spans", [{"message": 0, "start": None, "end": 1}], "meta.injection_spans[0]"),
        ("violating_calls", 5, "violating_calls"),
        ("violating_calls", [5], "violating_calls"),
        ("meta", [1], "meta"),
        ("messages", [{"role": "tool", "tool_call_id": "zz", "content": "x"}], "messages[0]"),
        ("governance_context", {"policy": {}}, "governance_context"),
    ],
)  # fmt: skip
def test_a_record_that_is_none_is_named_with_file_and_line(made: Path, field: str, value: Any, path: str) -> None:
    found = records(made)[:2]
    if field == "messages":
        found[1]["meta"].pop("injection_spans", None)
    (found[1]["meta"] if field == "injection_spans" else found[1])[field] = value
    with pytest.raises(InputError) as caught:
        conversations_of_files([write("c.jsonl", found)], limit=60, workers=1)
    assert str(caught.value).startswith("c.jsonl:2: ")
    assert path in str(caught.value)


def test_all_made_worlds_together_count_as_one_suite() -> None:
    recorded = np.arange(100) / 100
    made = {f"made {i}": np.full(50, 5.0) for i in range(1, 4)}  # any line below 5 is exceeded by all of these
    with_one, with_three = (
        _line({"shop": recorded, **dict(list(made.items())[:n])}, rate) for n, rate in ((1, 0.55), (3, 0.55))
    )
    assert with_one == with_three == pytest.approx(0.9, abs=0.02)


def test_what_is_stopped_at_any_line_counts_and_is_told() -> None:
    scores = np.array(
        [[0.0, 0.0], [1.0, 1.0], [2.0, 2.0], [np.inf, 3.0]]
    )  # a floor escalates the last, and does not deny it
    escalate, deny = lines_of({"shop": scores}, AttributionConfig(max_escalations=0.5, max_denials=0.25))
    assert (escalate, deny) == (pytest.approx(1.0, abs=1e-5), pytest.approx(2.0, abs=1e-5))
    assert reached({"shop": scores}, (escalate, deny)) == [0.5, 0.25]
    kept = lines_of({"shop": scores}, AttributionConfig(max_escalations=0.1, max_denials=0.1))
    assert kept[0] == pytest.approx(2.0, abs=1e-5), "above every score, as one in four is stopped at any line"
    assert reached({"shop": scores}, kept)[0] == 0.25
