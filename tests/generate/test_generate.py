"""The generator: what a trace is a function of, that labels hold, that splits are apart; and the run that writes it all."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from gatling.cli import main
from gatling.errors import ConfigError
from gatling.features import context_features
from gatling.generate.dataset import Settings, run_generation
from gatling.generate.generator import CONTEXTS, GeneratedTrace, Generator
from gatling.generate.violations import EDITS
from gatling.policy import Oracle, recognise
from gatling.policy.globs import squashed
from gatling.schema import parse_trace, read_traces
from gatling.tools import ToolSpec, load_catalog
from tests.sizes import num_cases

SAMPLE = 3_000


@pytest.fixture(scope="module")
def specs() -> list[ToolSpec]:
    return load_catalog(["builtin"])


@pytest.fixture(scope="module")
def generator(specs: list[ToolSpec]) -> Generator:
    return Generator(specs)


@pytest.fixture(scope="module")
def records(generator: Generator) -> list[GeneratedTrace]:
    return [generator.trace("train", i) for i in range(SAMPLE)]


def test_a_trace_depends_on_settings_split_and_index_alone(
    specs: list[ToolSpec], records: list[GeneratedTrace]
) -> None:
    fresh = Generator(specs)
    for index in (SAMPLE - 1, 17, SAMPLE // 2, 18, 0):  # in any order, in a new process as in this one
        assert fresh.trace("train", index) == records[index]
    assert fresh.trace("val", 17) != records[17]
    assert Generator(specs, seed=1).trace("train", 17) != records[17]


def test_every_trace_is_one_that_is_read_back(records: list[GeneratedTrace]) -> None:
    for record in records:
        trace = parse_trace(json.loads(json.dumps(record.data)))
        assert trace.to_dict() == json.loads(json.dumps(record.data))
        assert bool(trace.violating_nodes) != trace.is_compliant


def test_the_policy_text_never_says_otherwise(generator: Generator, records: list[GeneratedTrace]) -> None:
    """With Cedar's engine, where it is installed, deciding what is written in Cedar."""
    found: Counter[tuple[str, str]] = Counter()
    for record in records[: num_cases(many=SAMPLE, few=1_500)]:
        trace = parse_trace(record.data)
        verdict = (
            Oracle(recognise(trace.governance_context.policy, strict=False))
            .judge(trace.governance_context, trace.execution_plan)
            .verdict
        )
        assert verdict in (trace.label, "undecided"), record.data
        found[trace.label, verdict] += 1
    assert generator.counts.contradicted == 0
    assert found["violation", "violation"] > SAMPLE / 10  # text alone decides many
    assert found["violation", "undecided"] > SAMPLE / 10  # and prose or the request many others


def test_families_balance_labels_and_vary_all_else(records: list[GeneratedTrace]) -> None:
    labels = Counter(r.data["label"] for r in records)
    assert labels["compliant"] * 1.5 == labels["violation"]
    assert {r.dialect for r in records} == {"native", "statements", "scopes", "schema", "cedar"}
    assert {r.data.get("violation_type") for r in records} == {None, *EDITS}
    sizes = sorted(r.data["meta"]["policy_nodes"] for r in records)
    assert sizes[0] < 15
    assert 25 < sizes[len(sizes) // 2] < 110
    assert sizes[-1] > 500
    lengths = sorted(len(r.data["execution_plan"]["nodes"]) for r in records)
    assert lengths[0] == 1
    assert lengths[-1] > 20
    requests = {r.data["request"] for r in records}
    words = sorted(len(q.split()) for q in requests)
    assert words[0] <= 5
    assert words[-1] > 60
    assert len({r.domain for r in records}) > 60


def test_untrusted_values_also_occur_in_honest_plans(records: list[GeneratedTrace]) -> None:
    share = {
        label: sum(max(n["provenance_tier"] for n in r.data["execution_plan"]["nodes"]) == 3 for r in some) / len(some)
        for label in ("compliant", "violation")
        if (some := [r for r in records if r.data["label"] == label])
    }
    assert share["compliant"] > 0.15
    assert share["violation"] < share["compliant"] + 0.15


def test_plans_are_as_long_whether_compliant_or_not(records: list[GeneratedTrace]) -> None:
    mean = {
        label: sum(len(r.data["execution_plan"]["nodes"]) for r in some) / len(some)
        for label in ("compliant", "violation")
        if (some := [r for r in records if r.data["label"] == label])
    }
    assert abs(mean["compliant"] - mean["violation"]) < 0.6


def test_some_compliant_calls_sit_right_at_their_limit(specs: list[ToolSpec]) -> None:
    found = at_limit = 0
    generator = Generator(specs, violations_per_trace=0)
    for i in range(3_000):
        data = generator.trace("train", i).data
        limits: dict[str, Any] = data["governance_context"]["policy"].get("scope_limits", {})
        for node in data["execution_plan"]["nodes"]:
            for name, value in node["arguments"].items():
                bound = limits.get(f"{node['tool_name']}.{name}")
                if isinstance(bound, int) and isinstance(value, int):
                    found += 1
                    at_limit += value == bound
                    assert value <= bound
    assert found > 10
    assert 0.1 < at_limit / found < 0.9


def test_the_request_names_the_targets_that_it_determines(records: list[GeneratedTrace]) -> None:
    """Addresses of compliant calls that come from the request stand in it, by name or in full."""
    told = total = 0
    for record in records:
        if record.data["label"] != "compliant":
            continue
        request = record.data["request"].lower()
        for node in record.data["execution_plan"]["nodes"]:
            if node["provenance_tier"] != 1:
                continue
            for value in node["arguments"].values():
                if isinstance(value, str) and re.fullmatch(r"[\w.\-]+@[\w.\-]+", value):
                    total += 1
                    told += value in request or re.split(r"[._\d@]", value)[0] in request
    assert total > 50
    assert told / total > 0.7  # the rest are calls that nobody asked for, where the policy does not mind


def test_edges_fit_types(records: list[GeneratedTrace]) -> None:
    """Data flows along the order of calls, and an edge that names its argument names one that the call has."""
    for record in records:
        plan = record.data["execution_plan"]
        place = {n["node_id"]: i for i, n in enumerate(plan["nodes"])}
        for edge in plan["edges"]:
            source, target = (edge["source"], edge["target"]) if isinstance(edge, dict) else edge
            assert place[source] < place[target]
            if isinstance(edge, dict):
                assert edge["argument"] in plan["nodes"][place[target]]["arguments"]


def test_splits_share_no_context_and_unseen_ones_no_tool(specs: list[ToolSpec], generator: Generator) -> None:
    contexts: dict[str, set[str]] = {}
    count = num_cases(many=600, few=150)
    for split in generator.splits:
        contexts[split] = {parse_trace(generator.trace(split, i).data).governance_context.digest for i in range(count)}
    names = list(contexts)
    assert names == ["train", "val", "test", "unseen_domains", "unseen_vendor"]
    for i, a in enumerate(names):
        for b in names[i + 1 :]:
            assert not contexts[a] & contexts[b]
    seen = set(generator.domains("train"))
    assert not seen & set(generator.domains("unseen_domains"))
    assert {vendor for vendor, _ in generator.domains("unseen_vendor")} == {"aws"}
    assert "aws" not in {vendor for vendor, _ in seen}
    held = {s.name for s in specs if (s.vendor, s.domain) not in seen}
    for i in range(0, 2_000, num_cases(many=10, few=50)):
        for node in generator.trace("train", i).data["execution_plan"]["nodes"]:
            assert node["tool_name"] not in held


def test_a_catalogue_too_poor_is_refused(specs: list[ToolSpec]) -> None:
    reading = [s for s in specs if s.effect == "read"][:20]
    with pytest.raises(ConfigError, match="too few tools that change or send something"):
        Generator(reading).trace("train", 0)


def test_traces_are_small_enough_for_the_features(records: list[GeneratedTrace]) -> None:
    largest = max(records, key=lambda r: r.data["meta"]["policy_nodes"])
    assert context_features(parse_trace(largest.data).governance_context).num_tokens > 500


def test_family_size_follows_the_rate(specs: list[ToolSpec]) -> None:
    for rate, size in ((0, CONTEXTS), (1.0, 2 * CONTEXTS), (1.5, 10), (3.0, 16)):
        generator = Generator(specs, violations_per_trace=rate)
        assert generator.family_size == size
        labels = [generator.trace("train", i).data["label"] for i in range(size)]
        assert labels.count("compliant") == CONTEXTS
    with pytest.raises(ConfigError, match="violations-per-trace is 11"):
        Generator(specs, violations_per_trace=11)


def test_values_stay_within_the_bounds_of_their_parameters(specs: list[ToolSpec], generator: Generator) -> None:
    by_name = {s.name: s for s in specs}
    checked = 0
    for i in range(SAMPLE):
        data = generator.trace("train", i).data
        if data["label"] == "violation":
            continue
        for node in data["execution_plan"]["nodes"]:
            spec = by_name.get(node["tool_name"])
            arguments = {squashed(name): value for name, value in node["arguments"].items()}
            for parameter in spec.parameters if spec else ():
                value = arguments.get(squashed(parameter.name))
                if parameter.is_required:
                    assert squashed(parameter.name) in arguments
                if parameter.enum and isinstance(value, str):
                    assert value in parameter.enum
                if parameter.maximum is not None and isinstance(value, (int, float)):
                    checked += 1
                    assert value <= parameter.maximum
    assert checked > 50


# --- runs -----------------------------------------------------------------------------------------------------------


TRACES = num_cases(many=2_000, few=600)
SIZE = ["--traces", str(TRACES), "--shard-size", str(TRACES * 3 // 20)]


def generate(folder: Path, *flags: str) -> int:
    return main(["generate", *SIZE, "--output", str(folder), *flags])


def content(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.mark.slow
def test_the_same_bytes_with_any_number_of_workers_and_after_a_kill(tmp_path: Path) -> None:
    assert generate(tmp_path / "one", "--workers", "1") == 0
    command = [sys.executable, "-m", "gatling", "generate", *SIZE, "--workers", "2"]
    killed = subprocess.Popen(
        [*command, "--output", str(tmp_path / "two")], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 60
    while not list((tmp_path / "two").glob(".parts/train-*")) and time.monotonic() < deadline:
        time.sleep(0.02)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    assert not (tmp_path / "two" / "manifest.json").exists()
    done = sorted((tmp_path / "two" / "train").glob("part-*.parquet"))
    assert done
    damaged = done[0].read_bytes()[:-10]
    done[0].write_bytes(damaged)  # a part that is not whole is made again
    assert generate(tmp_path / "two", "--workers", "2") == 0
    assert content(tmp_path / "one") == content(tmp_path / "two")
    ids = [t.id for path in sorted((tmp_path / "two").glob("*/part-*")) for t in read_traces(path)]
    assert len(ids) == len(set(ids)) == TRACES


def test_a_manifest_counts_what_is_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert generate(tmp_path / "d", "--format", "jsonl", "--workers", "1", "--violations-per-trace", "1") == 0
    manifest = json.loads((tmp_path / "d" / "manifest.json").read_text())
    traces = [t for path in sorted((tmp_path / "d").glob("*/part-*.jsonl")) for t in read_traces(path)]
    assert manifest["traces"] == len(traces) == TRACES
    assert manifest["by_label"] == dict(Counter(t.label for t in traces))
    assert sum(manifest["by_domain"].values()) == sum(manifest["by_dialect"].values()) == TRACES
    assert sum(s["traces"] for s in manifest["splits"].values()) == TRACES
    assert manifest["families_contradicted"] == 0
    assert generate(tmp_path / "d", "--format", "jsonl", "--workers", "1", "--violations-per-trace", "1") == 0
    assert generate(tmp_path / "d", "--format", "jsonl", "--violations-per-trace", "2") == 2
    assert "violations_per_trace differ" in capsys.readouterr().err
    (tmp_path / "d" / "train" / "part-00000.jsonl").write_text("")
    assert generate(tmp_path / "d", "--format", "jsonl", "--violations-per-trace", "1") == 2
    assert "is not the file that" in capsys.readouterr().err


def test_a_folder_with_other_things_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    assert generate(tmp_path) == 2
    assert "holds other files" in capsys.readouterr().err
    assert [p.name for p in tmp_path.iterdir()] == ["notes.txt"]


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--domains", "mailbx"], "did you mean mailbox?"),
        (["--traces", "0"], "--traces is 0, it must be in [1, 10000000000]"),
        (["--workers", "0"], "--workers is 0"),
        (["--catalog", "nonsense"], "nonsense"),
    ],
)
def test_bad_settings_are_one_sentence(
    flags: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["generate", "--traces", "10", "--output", str(tmp_path / "d"), *flags]) == 2
    assert message in capsys.readouterr().err


def test_only_some_domains(tmp_path: Path) -> None:
    assert generate(tmp_path / "d", "--domains", "mailbox,office/calendar", "--workers", "1") == 0
    manifest = json.loads((tmp_path / "d" / "manifest.json").read_text())
    assert set(manifest["by_domain"]) == {"office/mailbox", "office/calendar"}
    assert list(manifest["splits"]) == ["train", "val", "test"]  # too few domains to hold some out


@pytest.mark.extra
@pytest.mark.slow
def test_ray_makes_the_same_bytes(tmp_path: Path, specs: list[ToolSpec]) -> None:
    pytest.importorskip("ray")
    settings = Settings(traces=600, shard_size=100)
    run_generation(tmp_path / "here", settings, specs)
    run_generation(tmp_path / "there", settings, specs, workers=2, engine="ray")
    assert content(tmp_path / "here") == content(tmp_path / "there")
