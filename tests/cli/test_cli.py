"""The command line as a user meets it: exit statuses, messages, files."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gatling.cli import main
from gatling.schema import read_traces, write_traces
from gatling.training.config import TrainingConfig
from gatling.training.loop import fit
from tests.builders import SMALL, many_traces, record

SMALL_FLAGS = ["--latent-dim", "48", "--hidden-dim", "32", "--num-heads", "4", "--precision", "fp32"]


@pytest.fixture
def model() -> str:
    write_traces("gold.jsonl", many_traces(24))
    fit(TrainingConfig(**SMALL, dataset=(Path("gold.jsonl"),), epochs=1, precision="fp32"))
    return "checkpoints/best.pt"


def test_train_evaluate_score(capsys: pytest.CaptureFixture[str]) -> None:
    write_traces("gold.jsonl.gz", many_traces(24))
    assert main(["train", "--dataset", "gold.jsonl.gz", "--epochs", "2", "--batch-size", "8", *SMALL_FLAGS]) == 0
    assert "Best model" in capsys.readouterr().out
    common = ["--model", "checkpoints/best.pt"]
    assert main(["evaluate", *common, "--dataset", "gold.jsonl.gz", "--output", "report.json"]) == 0
    report = json.loads(Path("report.json").read_text())
    wanted = {
        "loss",
        "traces_per_second",
        "positive_similarity",
        "negative_similarity",
        "nn_accuracy",
        "gallery_size",
        "effective_rank",
        "auroc",
        "fpr_at_recall_95",
    }
    assert wanted <= report.keys()
    assert report["gallery_size"] == report["num_compliant"] == 24
    assert {"tfidf", "tier3"} == report["baselines"].keys()
    assert main(["score", *common, "--input", "gold.jsonl.gz", "--output", "scores.jsonl"]) == 0
    scores = [json.loads(line) for line in Path("scores.jsonl").read_text().splitlines()]
    traces = list(read_traces("gold.jsonl.gz"))
    assert [(s["id"], s["label"]) for s in scores] == [(t.id, t.label) for t in traces]
    assert all(set(s) == {"id", "label", "energy"} and 0 <= s["energy"] <= 2 for s in scores)


def test_evaluate_reports_and_takes_several_files(model: str) -> None:
    arguments = ["evaluate", "--model", model, "--dataset", "gold.jsonl", "gold.jsonl", "--report-dir", "rep"]
    assert main(arguments) == 0
    assert Path("rep/report.md").is_file()


def test_evaluate_takes_galleries_and_groups(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["evaluate", "--model", model, "--dataset", "gold.jsonl", "--output", "r.json", "--group-by", "label"]
    assert main([*arguments, "--galleries", "2, 5,500"]) == 0
    report = json.loads(Path("r.json").read_text())
    count = report["num_compliant"]
    assert [g["num_contexts"] for g in report["galleries"]] == [2, 5, count]
    assert set(report["sources"]) == {"compliant", "violation"}
    assert f"{count}, all there are (500 asked for)" in capsys.readouterr().out
    assert main([*arguments, "--galleries", "5,0"]) == 2
    assert "--galleries has '0', wanted whole numbers from 1 to 10000, by commas" in capsys.readouterr().err


def test_a_folder_stands_for_its_files(model: str) -> None:
    for name in ("a.jsonl", "b.parquet"):
        write_traces(Path("set") / name, many_traces(6))
    assert main(["evaluate", "--model", model, "--dataset", "set", "--output", "r.json"]) == 0
    assert json.loads(Path("r.json").read_text())["num_compliant"] == 12
    assert main(["score", "--model", model, "--input", "set", "--output", "s.jsonl"]) == 0
    assert len(Path("s.jsonl").read_text().splitlines()) == 18


def test_bad_input_is_one_sentence_and_status_2(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("bad.jsonl").write_text(json.dumps(record()) + "\n" + json.dumps(record("fine")) + "\n")
    for command in (
        ["evaluate", "--model", model, "--dataset", "bad.jsonl"],
        ["score", "--model", model, "--input", "bad.jsonl", "--output", "s.jsonl"],
        ["train", "--dataset", "bad.jsonl", *SMALL_FLAGS],
    ):
        capsys.readouterr()
        assert main(command) == 2
        error = capsys.readouterr().err.strip().splitlines()
        assert error[-1] == "error: bad.jsonl:2: label: Input should be 'compliant' or 'violation', found 'fine'"
    assert not Path("s.jsonl").exists()
    assert main(["score", "--model", model, "--input", "bad.jsonl", "--output", "s.jsonl", "--on-error", "skip"]) == 0
    assert len(Path("s.jsonl").read_text().splitlines()) == 1
    assert "1 records were skipped" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "status", "message"),
    [
        (["evaluate", "--model", "none.pt", "--dataset", "gold.jsonl"], 1, "none.pt: no such file"),
        (
            ["score", "--model", "gold.jsonl", "--input", "gold.jsonl", "--output", "s.jsonl"],
            1,
            "not a checkpoint",
        ),
        (["train", "--dataset", "none.jsonl"], 2, "none.jsonl: no such file"),
        (["train", "--dataset", "notes.txt"], 2, "must end in one of"),
        (["train", "--dataset", "empty.jsonl", *SMALL_FLAGS], 1, "no compliant trace among 0"),
        (["train", "--resume", "none", *SMALL_FLAGS], 1, "none: no such file"),
        (["train", "--dataset", *SMALL_FLAGS], 2, "--dataset names no file"),
        (["train", "--dataset", "gold.jsonl", "--val-dataset", *SMALL_FLAGS], 2, "--val-dataset names no file"),
        (["push", "--model", "x.pt", "--report", "list.json"], 2, "not a report"),
    ],
)
def test_errors(command: list[str], status: int, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    write_traces("gold.jsonl", many_traces(3))
    Path("empty.jsonl").touch()
    Path("notes.txt").touch()
    Path("list.json").write_text("[1]")
    assert main(command) == status
    assert message in capsys.readouterr().err


def test_a_setting_out_of_range_is_status_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["train", "--batch-size", "0"])
    assert caught.value.code == 2
    assert "--batch-size is 0, it must be at least 1" in capsys.readouterr().err


def test_schema_describes_a_trace(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    schema = json.loads(capsys.readouterr().out)
    assert set(schema["required"]) == {"governance_context", "execution_plan", "label"}
    assert schema["$defs"]["PlanNode"]["properties"]["provenance_tier"]["maximum"] == 3


def test_ctrl_c_saves_and_says_how_to_go_on() -> None:
    write_traces("gold.jsonl", many_traces(40))
    arguments = [
        sys.executable,
        "-m",
        "gatling",
        "train",
        "--dataset",
        "gold.jsonl",
        "--epochs",
        "4000",
        *SMALL_FLAGS,
    ]
    process = subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    metrics = Path("checkpoints/metrics.jsonl")
    deadline = time.monotonic() + 60
    while not (metrics.is_file() and metrics.stat().st_size) and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Interrupted; go on with --resume checkpoints/" in error
    assert "Traceback" not in error
    resume = error.strip().splitlines()[-1].rsplit(" ", 1)[-1]
    assert (
        main(
            [
                "train",
                "--dataset",
                "gold.jsonl",
                "--epochs",
                "4000",
                "--max-steps",
                "1",
                "--resume",
                resume,
                *SMALL_FLAGS,
            ]
        )
        == 0
    )
