"""`gatling calibrate --dataset` with traces that say what was read: they give the lines that their conversations give."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from gatling.cli import main
from gatling.critics_training.attribution import worst_of
from gatling.critics_training.own_lines import with_own_lines
from gatling.critics_training.wished_traces import traces_with_origins
from gatling.critics_training.wishes import conversations_of_files
from gatling.energy.attribution_judge import ATTRIBUTION_NAME, AttributionJudge
from gatling.energy.calibration import CALIBRATION_NAME
from gatling.guard.replay import replay
from gatling.runtime.folder import pretrained_folder
from gatling.schema import parse_trace
from gatling.schema.files import write_traces
from gatling.testing import FixedGuard

RATE = 0.2
FLAGS = ["--max-escalations", str(RATE), "--max-false-alarms", str(RATE), "--per-trace", "0", "--json"]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """Conversations with one text of the user and some calls; the traces of them; and these without origins."""
    folder = tmp_path_factory.mktemp("traces")
    made, traces, bare = folder / "made.jsonl", folder / "traces.jsonl", folder / "bare.jsonl"
    assert main(["generate", "--conversations", "--count", "40", "--seed", "3", "--output", str(made)]) == 0
    records, kept, without = [], [], []
    for line in made.read_text().splitlines():
        record = json.loads(line)
        if record["label"] != "compliant" or sum(m["role"] == "user" for m in record["messages"]) != 1:
            continue
        calls = list(replay(FixedGuard(), record["messages"], record["governance_context"]))
        if not calls:
            continue
        records.append(line)
        trace = {
            "id": record["id"],
            "label": "compliant",
            "governance_context": calls[-1].context.model_dump(mode="json"),
            "execution_plan": calls[-1].plan.model_dump(mode="json"),
        }
        kept.append(parse_trace(trace))
        for node in trace["execution_plan"]["nodes"]:
            node.pop("origins", None)
        without.append(parse_trace(trace))
    made.write_text("\n".join(records) + "\n")
    write_traces(traces, kept)
    write_traces(bare, without)
    return made, traces, bare


def test_a_trace_scores_as_its_conversation(files: tuple[Path, Path, Path]) -> None:
    made, traces, bare = files
    judge = AttributionJudge.read(pretrained_folder() / ATTRIBUTION_NAME)
    told = {c.task: c for c in conversations_of_files([made], limit=100, workers=1) if any(x.origins for x in c.calls)}
    read = traces_with_origins([traces], limit=100)
    scores = [worst_of(c, judge.head, judge.trees).escalated for c in read]
    wanted = [worst_of(c, judge.head, judge.trees).escalated for c in told.values()]
    assert len(scores) > 10
    assert sorted(scores) == pytest.approx(sorted(wanted))
    assert [c.task for c in read] == list(told)
    assert [c.request for c in read] == [c.request for c in told.values()]
    assert traces_with_origins([bare], limit=100) == []
    assert len(traces_with_origins([traces], limit=3)) <= 3


def test_the_command_sets_both_kinds_of_lines(
    files: tuple[Path, Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    _, traces, bare = files
    shutil.copytree(pretrained_folder(), "guard")
    before = AttributionJudge.read(Path("guard") / ATTRIBUTION_NAME)
    assert main(["calibrate", "--model", "guard", "--dataset", str(traces), "--output", "own", *FLAGS]) == 0
    figures = json.loads(capsys.readouterr().out)
    own = AttributionJudge.read(Path("own") / ATTRIBUTION_NAME)
    read = traces_with_origins([traces], limit=100)
    wanted = with_own_lines(before, read, max_escalations=RATE, max_false_alarms=RATE)
    assert own.lines == wanted.lines != before.lines
    assert figures["own_lines"] == own.figures["own"]
    assert (Path("own") / CALIBRATION_NAME).is_file()

    assert main(["calibrate", "--model", "guard", "--dataset", str(bare), "--output", "other", *FLAGS]) == 0
    told = capsys.readouterr()
    assert json.loads(told.out)["own_lines"] is None
    assert f"no trace says what the agent had read: {ATTRIBUTION_NAME} stays as it is" in " ".join(told.err.split())
    assert not (Path("other") / ATTRIBUTION_NAME).exists()
