"""Policies and a log in the latent space."""

from __future__ import annotations

import json
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gatling.cli import main
from gatling.policy import Oracle, PolicySource, recognise
from gatling.policymap import MappedPolicy, PolicyMap, drift, far_requests
from gatling.policymap.drift import _holm, _p_value
from gatling.policymap.page import label_heights, map_page, places
from gatling.runtime import RuntimeEncoders
from gatling.schema import Trace, parse_trace

MAIL = ["read_mail", "search_mail", "send_mail", "archive_mail"]
POLICIES: dict[str, dict[str, Any]] = {
    "office": {"domain": "mail", "allowed_operations": MAIL},
    "branch": {"domain": "mail", "allowed_operations": [*MAIL, "label_mail"]},
    "newcomer": {"domain": "mail", "allowed_operations": MAIL[:3]},
    "warehouse": {"domain": "database", "allowed_operations": ["run_query", "list_tables", "drop_table"]},
}


@cache
def encoders() -> RuntimeEncoders:
    return RuntimeEncoders.from_folder()


def mapped(data: dict[str, dict[str, Any]] = POLICIES) -> PolicyMap:
    sources = {name: PolicySource(policy) for name, policy in data.items()}
    return PolicyMap([MappedPolicy(n, s, recognise(s)) for n, s in sources.items()], encoders())


def trace(request: str, tool: str, number: int = 0, **arguments: Any) -> Trace:
    return parse_trace(
        {
            "governance_context": {
                "policy": {},
                "user_role": "clerk",
                "session_context": {"user_request": request},
            },
            "execution_plan": {
                "nodes": [{"node_id": "n0", "tool_name": tool, "arguments": arguments, "provenance_tier": 1}],
                "edges": [],
            },
            "label": "compliant",
            "id": f"t{number}",
        }
    )


def mails(count: int) -> list[Trace]:
    orders = [i * 7 % 10 for i in range(count)]  # in every window all of them
    return [trace(f"Read the mail about order {k}", "read_mail", i, subject=f"order {k}") for i, k in enumerate(orders)]


def test_policies_about_the_same_things_are_nearest() -> None:
    found = mapped()
    names = [policy.name for policy in found.policies]
    for i in range(3):
        assert "warehouse" not in [names[j] for j in found.nearest(i, 2)]
    assert np.allclose(found.similarity, found.similarity.T)
    assert np.allclose(np.diag(found.similarity), 1)


def test_what_differs_is_said_from_both_sides() -> None:
    found = mapped()
    near = {one.name: one for one in found.neighbours(0, 3)}
    assert (near["branch"].only_here, near["branch"].only_there) == ((), ("label_mail",))
    assert (near["newcomer"].only_here, near["newcomer"].only_there) == (("archive_mail",), ())
    assert near["warehouse"].only_there == ("run_query", "list_tables", "drop_table")


def test_a_tool_that_the_neighbours_grant_is_a_gap_and_the_oracle_agrees() -> None:
    (gap,) = mapped().gaps(2, 2)
    assert gap.tool == "archive_mail"
    assert set(gap.granted_by) == {"office", "branch"}
    assert gap.is_checked


def test_a_tool_that_is_forbidden_is_no_gap() -> None:
    data = {**POLICIES, "newcomer": {**POLICIES["newcomer"], "forbidden_operations": ["archive_mail"]}}
    assert mapped(data).gaps(2, 2) == []


def test_a_request_that_no_allowed_plan_is_near_to_is_found() -> None:
    odd = trace("Rent a crane for the harbour on Sunday", "rent_crane", 99, place="harbour", day="Sunday")
    policy = POLICIES["office"]
    oracle = Oracle(recognise(PolicySource(policy)))
    far, line, allowed = far_requests(oracle, policy, [*mails(30), odd], encoders())
    assert allowed == 30
    assert far[0].number == 31
    assert far[0].own_plan == "violation"
    assert all(one.similarity < line for one in far)
    assert len(far) <= 3


def test_without_an_allowed_plan_every_request_is_far() -> None:
    policy = POLICIES["warehouse"]
    far, line, allowed = far_requests(Oracle(recognise(PolicySource(policy))), policy, mails(3), encoders())
    assert (len(far), line, allowed) == (3, -1.0, 0)


def test_traffic_that_stays_as_it_is_does_not_drift() -> None:
    assert not any(one.is_drift for one in drift(mails(80), encoders(), windows=4))


def test_traffic_that_changes_drifts_and_the_tool_is_named() -> None:
    later = [trace(f"Delete table {i}", "drop_table", i, table=f"t{i}") for i in range(40)]
    first, *moved = drift([*mails(60), *later], encoders(), windows=5)
    assert not first.is_drift
    assert [one.is_drift for one in moved] == [False, True, True]
    assert {shift.tool for shift in moved[-1].shifts} == {"read_mail", "drop_table"}
    assert (moved[-1].first, moved[-1].last) == (81, 100)


def test_a_short_log_has_no_windows() -> None:
    assert drift(mails(39), encoders()) == []


def test_the_p_value_is_that_of_all_deals() -> None:
    rng = np.random.default_rng(3)
    first, other = rng.normal(size=(5, 4)), rng.normal(size=(5, 4)) + 0.7
    both = np.concatenate([first, other])
    distance, p = _p_value(first, other, np.random.default_rng(0))
    deals = []
    for chosen in combinations(range(10), 5):
        rest = [i for i in range(10) if i not in chosen]
        deals.append(np.linalg.norm(both[list(chosen)].mean(0) - both[rest].mean(0)))
    assert distance == pytest.approx(np.linalg.norm(first.mean(0) - other.mean(0)))
    assert p == pytest.approx(np.mean(np.array(deals) >= distance - 1e-12), abs=0.04)


def test_holm_by_hand() -> None:
    assert _holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert _holm([]) == []


def test_places_keep_the_distances_that_two_dimensions_can() -> None:
    corners = np.array([[0.0, 0, 0], [3, 0, 0], [0, 1, 0]])
    where, share = places(corners)
    assert share == pytest.approx(1)
    assert where.min() >= 0
    assert where.max() == pytest.approx(1)
    drawn = np.linalg.norm(where[:, None] - where[None], axis=-1)
    real = np.linalg.norm(corners[:, None] - corners[None], axis=-1)
    assert np.allclose(drawn / drawn.max(), real / real.max(), atol=1e-6)
    assert places(np.ones((3, 4)))[1] == 1.0


def test_names_that_would_stand_on_each_other_are_moved() -> None:
    x, y = np.array([10.0, 12, 500, 11]), np.array([100.0, 101, 100, 103])
    heights = label_heights(x, y)
    assert heights[0] == 100
    assert heights[2] == 100
    close = sorted(heights[i] for i in (0, 1, 3))
    assert np.diff(close).min() >= 19


def test_names_on_the_page_are_escaped() -> None:
    data = {"<script>a": POLICIES["office"], "b&c": {**POLICIES["branch"], "allowed_operations": ["<b>"]}}
    found = mapped(data)
    page = map_page(found, [found.neighbours(i, 1) for i in range(2)])
    assert "<script>" not in page
    assert "<b>" not in page
    assert "&lt;script&gt;a" in page


def test_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    for name, policy in POLICIES.items():
        Path(f"{name}.json").write_text(json.dumps(policy))
    log = [trace.to_dict() for trace in mails(45)]
    Path("log.jsonl").write_text("".join(json.dumps(one) + "\n" for one in log))
    files = [f"{name}.json" for name in POLICIES]
    assert (
        main(["policy", "map", *files, "--nearest", "2", "--traces", "log.jsonl", "--output", "map.html", "--json"])
        == 0
    )
    said = json.loads(capsys.readouterr().out)
    assert said["policies"][2]["not_covered"][0]["tool"] == "archive_mail"
    assert said["log"]["allowed_plans"] == 45
    assert len(said["log"]["drift"]) == 1
    assert Path("map.html").read_text().count("<circle") == 4
    assert main(["policy", "map", *files, "--nearest", "2", "--traces", "log.jsonl"]) == 0
    out = capsys.readouterr().out
    assert "says nothing of archive_mail, granted by" in out
    assert "0 windows of 1 differ from the first" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["a.json"], "needs two policies or more"), (["a.json", "a.json"], "names a.json twice")],
)
def test_what_is_refused(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("a.json").write_text(json.dumps(POLICIES["office"]))
    assert main(["policy", "map", *arguments]) == 2
    assert said in capsys.readouterr().err
