"""Reading and writing: every format round-trips, everything malformed is refused with its place."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from gatling.errors import InputError
from gatling.schema import ReadReport, parse_plan, parse_trace, read_traces, write_traces
from gatling.schema.files import SUFFIXES, trace_files
from tests.builders import context, many_traces, node, plan, record


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_format_round_trips(tmp_path: Path, suffix: str) -> None:
    extra = record(custom={"kept": [1, 2.5, None]}, meta={"suite": "x"}, request="Ünïcode ✓")
    traces = [*many_traces(5), parse_trace(extra)]
    path = tmp_path / f"t{suffix}"
    assert write_traces(path, traces) == len(traces)
    back = list(read_traces(path))
    assert [t.to_dict() for t in back] == [t.to_dict() for t in traces]
    assert back[-1].to_dict()["custom"] == {"kept": [1, 2.5, None]}


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_truncated_file_is_an_error(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"t{suffix}"
    write_traces(path, many_traces(50))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(InputError, match="t"):
        list(read_traces(path))


def test_defaults_and_extras() -> None:
    n = parse_plan(plan({"tool_name": "t", "node_id": "a", "colour": "red"})).nodes[0]
    assert (n.arguments, n.provenance_tier, n.scope_volume, n.scope_sensitivity) == ({}, 3, 1, 1)
    assert n.model_dump()["colour"] == "red"


def test_edges_as_pairs_and_as_objects_are_the_same() -> None:
    nodes = [node("a", "x"), node("b", "y")]
    pair = parse_plan(plan(*nodes, edges=[["x", "y"]]))
    assert pair.digest == parse_plan(plan(*nodes, edges=[{"source": "x", "target": "y"}])).digest
    named = parse_plan(plan(*nodes, edges=[{"source": "x", "target": "y", "argument": "to"}]))
    assert named.digest != pair.digest
    assert pair.model_dump(mode="json")["edges"] == [["x", "y"]]


def test_policy_text_is_parsed() -> None:
    as_yaml = parse_trace(record(governance_context=context("domain: Files\nlimit: 5\nlist: [a, 'b']\n")))
    as_json = parse_trace(record(governance_context=context('{"list": ["a", "b"], "limit": 5, "domain": "Files"}')))
    assert as_yaml.governance_context.policy == {"domain": "Files", "limit": 5, "list": ["a", "b"]}
    assert as_yaml.governance_context.digest == as_json.governance_context.digest


def deep(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(levels):
        value = {"k": value}
    return value


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    (
        "no tool",
        record(execution_plan=plan({"node_id": "a"})),
        r"execution_plan\.nodes\[0\]\.tool_name: missing",
    ),
    ("blank tool", record(execution_plan=plan(node(" "))), r"nodes\[0\]\.tool_name: empty"),
    ("tier 4", record(execution_plan=plan(node(provenance_tier=4))), r"provenance_tier: .*3, found 4"),
    ("tier text", record(execution_plan=plan(node(provenance_tier="1"))), r"provenance_tier: .*'1'"),
    ("volume 0", record(execution_plan=plan(node(scope_volume=0))), r"scope_volume: .*found 0"),
    ("volume true", record(execution_plan=plan(node(scope_volume=True))), r"scope_volume: .*True"),
    (
        "twice",
        record(execution_plan=plan(node(), node())),
        r"nodes\[1\]\.node_id: 'n1' is also the id of nodes\[0\]",
    ),
    ("loop", record(execution_plan=plan(edges=[["n1", "n1"]])), r"edges\[0\]: the edge joins 'n1' to itself"),
    ("unknown", record(execution_plan=plan(edges=[["n1", "zz"]])), r"edges\[0\]: no node has the id 'zz'"),
    ("triple", record(execution_plan=plan(edges=[["n1", "n1", "n1"]])), r"edges\[0\]: an edge of 3 items"),
    ("no node", record(execution_plan={"nodes": []}), r"execution_plan\.nodes: .*at least 1"),
    (
        "cycle",
        record(execution_plan=plan(node("a", "a"), node("b", "b"), edges=[["a", "b"], ["b", "a"]])),
        r"edges: the edges form a cycle: . -> . -> .",
    ),
    ("deep", record(governance_context=context(deep(80))), "nested deeper than 64"),
    ("bad yaml", record(governance_context=context("a: [1, 2\n")), r"policy: line \d+ of the text: not YAML"),
    (
        "yaml twice",
        record(governance_context=context("a: 1\na: 2\n")),
        "line 2 of the text: key 'a' stands twice",
    ),
    ("yaml bomb", record(governance_context=context("a: &x [1]\nb: [*x, *x]\n")), "anchors and aliases"),
    ("yaml tag", record(governance_context=context("a: !!python/object:os.system x\n")), "the tag"),
    ("yaml inf", record(governance_context=context("a: .inf\n")), r"policy\.a: inf is not a finite number"),
    ("yaml deep", record(governance_context=context("a: " + "[" * 5000)), "nested deeper than 64"),
    ("policy list", record(governance_context=context("- a\n")), "the policy text is a list"),
    ("label", record("fine"), r"label: .*'compliant' or 'violation', found 'fine'"),
    (
        "template",
        record(execution_plan=plan(node("t", "{path}{{x"), node("u", "{path}{{x"))),
        r"'\{path\}\{\{x' is also",
    ),
    ("long key", record(governance_context=context({"k" * 2000: 1})), "a key of 2000 characters, at most 1000"),
    ("blame", record("violation", violating_nodes=["zz"]), r"violating_nodes\[0\]: no node has the id 'zz'"),
]


@pytest.mark.parametrize(("value", "message"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED])
def test_refused_with_file_line_and_path(tmp_path: Path, value: dict[str, Any], message: str) -> None:
    path = tmp_path / "gold.jsonl"
    path.write_text(json.dumps(record()) + "\n\n" + json.dumps(value) + "\n")
    with pytest.raises(InputError, match=rf"^{path}:3: .*{message}") as caught:
        list(read_traces(path))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"label": ', "not JSON"),
        (
            '{"governance_context": {"policy": {"a": 1, "a": 2}}}',
            r"governance_context\.policy: key 'a' stands twice",
        ),
        ('{"x": NaN}', "x: nan is not a finite number"),
        ('{"x": [1e999]}', r"x\[0\]: inf is not a finite number"),
        ('{"x": "\\ud800"}', "x: a lone surrogate"),
        ('{"x": ' + "9" * 5000 + "}", "digits"),
        ("[" * 100_000, "nested deeper than 64"),
        ("[]", "a list, wanted an object"),
    ],
)
def test_lines_that_are_no_plain_json(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "gold.jsonl"
    path.write_text(line + "\n")
    with pytest.raises(InputError, match=rf"{path}:1: .*{message}"):
        list(read_traces(path))


def test_skip_counts_and_reports(tmp_path: Path) -> None:
    path = tmp_path / "gold.jsonl.gz"
    lines = [json.dumps(record()), "{", json.dumps(record("fine")), json.dumps(record())]
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    report = ReadReport()
    assert len(list(read_traces(path, on_error="skip", report=report))) == 2
    assert report.num_read == 2
    assert [m.split(": ")[0] for m in report.skipped] == [f"{path}:2", f"{path}:3"]


def test_missing_files_and_unknown_names(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        list(read_traces(tmp_path / "none.jsonl"))
    with pytest.raises(InputError, match="must end in one of"):
        list(read_traces(tmp_path / "none.csv"))


def test_a_plan_is_the_same_under_other_names_and_orders() -> None:
    a = parse_plan(plan(node("a", "1"), node("b", "2"), node("b", "3", scope_volume=2), edges=[["1", "2"], ["1", "3"]]))
    b = parse_plan(plan(node("b", "x", scope_volume=2), node("a", "y"), node("b", "z"), edges=[["y", "z"], ["y", "x"]]))
    c = parse_plan(plan(node("b", "x", scope_volume=2), node("a", "y"), node("b", "z"), edges=[["y", "z"], ["z", "x"]]))
    assert a.digest == b.digest != c.digest


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text("old\n")

    def broken() -> Any:
        yield many_traces(1)[0]
        raise RuntimeError("disk")

    with pytest.raises(RuntimeError):
        write_traces(path, broken())
    assert path.read_text() == "old\n"
    assert list(tmp_path.iterdir()) == [path]


def test_the_files_of_a_folder(tmp_path: Path) -> None:
    for name in ("b.jsonl", "a.parquet", "c.jsonl.gz"):
        write_traces(tmp_path / "set" / name, many_traces(2))
    (tmp_path / "set" / "notes.txt").write_text("no traces")
    (tmp_path / "set" / ".hidden.jsonl").write_text("{")
    names = [path.name for path in trace_files(tmp_path / "set")]
    assert names == ["a.parquet", "b.jsonl", "c.jsonl.gz"]
    assert trace_files(tmp_path / "set" / "b.jsonl") == [tmp_path / "set" / "b.jsonl"]
    with pytest.raises(InputError, match=r"no trace file .* name one of its folders: set"):
        trace_files(tmp_path)
    with pytest.raises(InputError, match="no such file"):
        trace_files(tmp_path / "none.jsonl")
    with pytest.raises(InputError, match="must end in"):
        trace_files(tmp_path / "set" / "notes.txt")
