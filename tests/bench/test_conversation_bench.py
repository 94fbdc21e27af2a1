"""The figures of labelled conversations, against ones computed by hand from six of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gatling.adapters import Conversation
from gatling.bench.conversations import LabelledResult, bench_page, bench_tables, read_labelled, result_of, summarise
from gatling.energy import Verdict
from gatling.errors import InputError
from gatling.guard.conversations import JudgedCall, JudgedConversation
from tests.cli.conversations import record, write


def call(name: str, verdict: Verdict, energy: float, tier: int = 1) -> JudgedCall:
    return JudgedCall(name, "tool", verdict, energy, (), tier, False)


def labelled(label: str, *calls: JudgedCall, blame: list[str] | None = None, **meta: Any) -> LabelledResult:
    notes = {"label": label, "violating_calls": blame, "meta": meta}
    conversation = Conversation([], "a", "f.jsonl", [3], None, notes)
    return result_of(conversation, JudgedConversation("a", calls), by="meta.kind")


# Honest: weights 6 (allowed), 3 (escalated), 1 (denied). Attacked: weights 2 (stopped in one of two calls, and its worst call is
# none of them), 1 (stopped in both), 1 (not stopped; two calls of the same energy, and the first is not to blame).
RESULTS = [
    labelled("compliant", call("a", "allow", 0.1), kind="benign", copies=3, sample_weight=2.0, user_task="u1"),
    labelled(
        "compliant", call("a", "allow", 0.1), call("b", "escalate", 0.9, 3), kind="benign", copies=3, user_task="u2"
    ),
    labelled("compliant", call("a", "deny", 1e9), call("b", "escalate", 0.9), kind="resisted", user_task="u3"),
    labelled(
        "violation",
        call("a", "deny", 2.0),
        call("b", "deny", 1.0, 3),
        call("c", "allow", 0.2),
        blame=["b", "c"],
        kind="attack",
        copies=2,
        user_task="u1",
        injection_task="i1",
    ),
    labelled(
        "violation", call("a", "escalate", 0.9), call("b", "deny", 3.0), blame=["a", "b"], kind="attack", user_task="u2"
    ),
    labelled("violation", call("a", "allow", 0.5), call("b", "allow", 0.5), blame=["b"], kind="attack", user_task="u3"),
]


def figures() -> dict[str, Any]:
    found: dict[str, Any] = summarise({"f.jsonl": RESULTS}, by="meta.kind")["files"]["f.jsonl"]
    return found


def test_figures_computed_by_hand() -> None:
    found = figures()
    assert (found["num_compliant"], found["num_violations"], found["num_tasks"]) == (3, 3, 4)
    # Energies of violations 2, 3, 0.5 against 0.1, 0.9, 1e9: five of the nine pairs are in order.
    assert found["auroc"] == pytest.approx(5 / 9)
    assert found["recall_at_fpr_1"] == found["recall_at_fpr_5"] == 0.0  # none is above the denial of an honest one
    shares = {name: found[name] for name in ("untouched", "escalated", "denied")}
    assert shares == pytest.approx({"untouched": 0.6, "escalated": 0.3, "denied": 0.1})
    assert found["stopped"] == pytest.approx(3 / 4)
    assert found["stopped_all"] == pytest.approx(1 / 4)
    assert found["localised"] == pytest.approx(1 / 3)
    tier3 = found["tier3"]
    assert tier3["auroc"] == pytest.approx((0.5 * 1 + 0.5 * 2 + 1 * 2 + 0.5 * 2 * 1) / 9)
    assert tier3["untouched"] == pytest.approx(0.7)
    assert tier3["stopped"] == pytest.approx(1 / 2)
    assert tier3["stopped_all"] == 0.0


def test_every_figure_has_an_interval_around_it() -> None:
    found = figures()
    for name in ("auroc", "untouched", "escalated", "denied", "stopped", "stopped_all", "localised", "recall_at_fpr_1"):
        assert found[f"{name}_low"] <= found[name] <= found[f"{name}_high"], name
        assert found[f"{name}_low"] < found[f"{name}_high"], name


def test_tasks_are_drawn_and_not_records() -> None:
    alike = [
        labelled("compliant", call("a", v, 0.1), user_task=f"u{i % 2}")
        for i in range(60)
        for v in (("allow", "deny")[i % 2],)
    ]
    apart = [
        labelled("compliant", call("a", v, 0.1), user_task=f"u{i}")
        for i in range(60)
        for v in (("allow", "deny")[i % 2],)
    ]
    by_task, by_record = (summarise({"f": some})["files"]["f"] for some in (alike, apart))
    assert (by_task["untouched_low"], by_task["untouched_high"]) == (0.0, 1.0)
    assert 0.3 < by_record["untouched_low"] < 0.5 < by_record["untouched_high"] < 0.7


def test_shares_by_a_field_are_over_all_its_conversations() -> None:
    groups = figures()["groups"]
    assert list(groups) == ["attack", "benign", "resisted"]
    assert groups["benign"]["untouched"] == pytest.approx(6 / 9)
    assert groups["resisted"]["denied"] == 1.0
    attack = groups["attack"]
    assert (attack["num_compliant"], attack["num_violations"]) == (0, 3)
    assert (attack["untouched"], attack["denied"]) == (pytest.approx(1 / 4), pytest.approx(3 / 4))


def test_suites_of_a_file_stand_below_it() -> None:
    some = [labelled("compliant", call("a", "allow", 0.1), suite=name) for name in ("b", "a", "b")]
    found = summarise({"f": some})["files"]["f"]
    assert {name: part["num_compliant"] for name, part in found["suites"].items()} == {"a": 1, "b": 2}
    assert "auroc" not in found
    assert "stopped" not in found
    assert "suites" not in summarise({"f": some[1:2]})["files"]["f"]


def test_tables_and_page_show_the_figures() -> None:
    summary = summarise({"f.jsonl": RESULTS}, by="meta.kind")
    titles = [title for title, _, _ in bench_tables(summary)]
    assert len(titles) == 4
    page = bench_page(summary)
    assert "| f.jsonl | 3 | 0.600 (" in page
    assert "| f.jsonl | 3 | 0.750 (" in page
    assert "| f.jsonl, resisted | 1 | 0 | 0.000 (" in page
    only_honest = summarise({"f.jsonl": RESULTS[:3]})
    assert len(bench_tables(only_honest)) == 2


def test_violations_that_blame_no_call_count_for_energies_only() -> None:
    found = summarise({"f": [*RESULTS, labelled("violation", call("a", "allow", 0.0))]})["files"]["f"]
    assert found["num_violations"] == 4
    assert found["stopped"] == pytest.approx(3 / 4)
    assert found["auroc"] == pytest.approx(5 / 12)


def test_what_cannot_be_counted_is_refused_with_file_and_line() -> None:
    with pytest.raises(InputError, match=r"^f\.jsonl:3: violating_calls: no call of the conversation has the id 'z'"):
        labelled("violation", call("a", "allow", 0.0), blame=["z"])
    good = record("a", label="compliant")
    for fields, message in (
        ({"label": "fine"}, "label: 'fine', wanted compliant or violation"),
        ({"label": "violation", "violating_calls": [3]}, "violating_calls: wanted a list of ids of calls"),
        ({"label": "compliant", "meta": {"copies": 0}}, "meta.copies: 0, wanted a number above 0"),
        ({"label": "compliant", "meta": {"sample_weight": "x"}}, "meta.sample_weight: 'x', wanted a number above 0"),
    ):
        write("c.jsonl", good, record("b", **fields))
        with pytest.raises(InputError) as caught:
            read_labelled(Path("c.jsonl"))
        assert str(caught.value) == f"c.jsonl:2: {message}"


def test_a_limit_takes_conversations_evenly() -> None:
    write("c.jsonl", *(record(str(i), label="compliant") for i in range(10)))
    assert [found.id for found in read_labelled(Path("c.jsonl"), limit=3)] == ["0", "3", "6"]
    assert len(read_labelled(Path("c.jsonl"), limit=11)) == 10
