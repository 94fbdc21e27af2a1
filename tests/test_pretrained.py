"""The model that ships with the package: found without a path, offline, the same everywhere.

Everything that needs no trained weights is tested with a small model in its place. Tests of the shipped files are skipped
while there are none.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

import gatling
from gatling.cli import main
from gatling.cli.table import leaves
from gatling.critics_training import run as critics_run
from gatling.energy.calibration import CALIBRATION_NAME
from gatling.energy.composite import CRITICS_NAME
from gatling.hub.hub import write_folder
from gatling.runtime import folder
from gatling.schema import parse_trace, write_traces
from gatling.training.config import TrainingConfig
from gatling.training.loop import fit
from tests.builders import SMALL, context, many_traces, node, plan, record
from tests.energy.critics import made_up_calibration, made_up_critics
from tests.sizes import num_cases

ROOT = Path(__file__).resolve().parent.parent
SHIPPED = folder.PRETRAINED
MAX_BYTES = 12_000_000
SECTIONS = [
    "What it is",
    "Intended use",
    "How to load it",
    "Training data and licences",
    "How it was made",
    "Figures",
    "Limits",
]
shipped = pytest.mark.skipif(
    not folder.has_pretrained(), reason="THE SHIPPED MODEL IS ABSENT: make it with scripts/pretrain.py"
)

# Each command that takes a model without needing one, with the flags it does need. A new one belongs here.
WITHOUT_MODEL = {
    "evaluate": ["--dataset", "gold.jsonl"],
    "score": ["--input", "gold.jsonl", "--output", "scores.jsonl"],
    "policy test": ["policy.json", "--per-mutation", "2"],
    "audit": ["plan.json", "--policy", "policy.json", "--role", "clerk", "--request", "Read the file q3.txt."],
    "repair": ["plan.json", "--policy", "policy.json", "--role", "clerk", "--request", "Read the file q3.txt."],
    "explain": ["plan.json", "--policy", "policy.json", "--role", "clerk", "--request", "Read the file q3.txt."],
    "train-energy": [
        *("--dataset", "gold.jsonl", "--output", "trained", "--networks", "1", "--steps", "5"),
        *("--max-false-alarms", "0.3", "--max-escalations", "0.4"),
    ],
    "train-reranker": [
        *("--dataset", "gold.jsonl", "--val-dataset", "gold.jsonl", "--output", "trained"),
        *("--epochs", "1", "--hidden-dim", "8"),
    ],
    "bench": ["agentdojo", "--suites", "banking", "--limit", "1"],
}

OFFLINE = """
import socket, sys

class NoSocket(socket.socket):
    def __init__(self, *args, **kwargs):
        raise SystemExit("a socket was opened")

def refuse(*args, **kwargs):
    raise SystemExit("a host was looked up")

socket.socket, socket.getaddrinfo, socket.create_connection = NoSocket, refuse, refuse
from pathlib import Path
import gatling
from gatling.runtime import folder
folder.PRETRAINED = Path(sys.argv[1])
from tests.builders import context, plan
model = gatling.load(precision="fp32")
for latent in (model.governance.encode(context()), model.execution.encode(plan())):
    print(latent.numpy().tobytes().hex())
loaded = {"huggingface_hub", "requests", "urllib3", "httpx", "aiohttp"} & sys.modules.keys()
sys.exit(f"a network client was loaded: {loaded}" if loaded else 0)
"""


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("small")
    write_traces(place / "gold.jsonl", many_traces(12))
    settings = {"dataset": (place / "gold.jsonl",), "checkpoint_dir": place, "store_dir": place / "store"}
    fit(TrainingConfig(**SMALL, **settings, epochs=1, precision="fp32"))
    write_folder(place / "best.pt", place / "model", card="", is_half=True)
    critics = replace(made_up_critics(), encoders=folder.encoders_digest(place / "model"))
    (place / "model" / CRITICS_NAME).write_bytes(critics.to_json())
    digest = hashlib.sha256((place / "model" / CRITICS_NAME).read_bytes()).hexdigest()
    calibration = replace(made_up_calibration(line=1e6), critics_digest=digest)
    (place / "model" / CALIBRATION_NAME).write_bytes(calibration.to_json())
    return place / "model"


@pytest.fixture(params=["small", pytest.param("shipped", marks=shipped)])
def bundled(request: pytest.FixtureRequest, small: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The small model in the place of the shipped one, and then the shipped one."""
    place = small if request.param == "small" else SHIPPED
    monkeypatch.setattr(folder, "PRETRAINED", place)
    return place


def offline(place: Path) -> str:
    env = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", OFFLINE, str(place)], env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_loads_offline_and_gives_the_same_latents_in_every_process(bundled: Path) -> None:
    """In a process that has no network, and in this one, whose hash seed is another."""
    model = gatling.load(precision="fp32")
    here = [
        latent.numpy().tobytes().hex()
        for latent in (model.governance.encode(context()), model.execution.encode(plan()))
    ]
    assert offline(bundled).split() == here


@pytest.mark.parametrize(
    "line", ["socket.create_connection(('127.0.0.1', 9))", "socket.socket()", "import huggingface_hub.errors"]
)
def test_the_offline_test_would_notice(line: str) -> None:
    head, tail = OFFLINE.split("from pathlib")[0], OFFLINE[OFFLINE.index("loaded = ") :]
    done = subprocess.run([sys.executable, "-c", head + line + "\n" + tail], capture_output=True, text=True)
    assert done.returncode == 1
    assert re.search("a socket was opened|a host was looked up|a network client was loaded", done.stderr)


def test_every_command_with_an_optional_model_is_tested() -> None:
    optional = {
        name
        for name, row in leaves().items()
        for f in dataclasses.fields(row.load())
        if f.name == "model" and f.default is None
    }
    # Two need labelled conversations: tests/cli/test_attack_command.py, tests/critics_training/test_attribution.py. Three say to
    # programs, and not to people, what they do: tests/hook, tests/mcp_proxy, tests/server. One
    # replays a log: tests/cli/test_log_command.py. One says whether a model is whole: tests/cli/test_doctor.py.
    elsewhere = {"attack", "doctor", "train-attribution", "hook", "mcp-proxy", "log", "serve"}
    assert {n for n in optional if n not in elsewhere} == WITHOUT_MODEL.keys()


@pytest.mark.parametrize("command", WITHOUT_MODEL)
def test_commands_take_the_bundled_model_and_say_so(
    bundled: Path, command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_traces("gold.jsonl", many_traces(6))
    Path("policy.json").write_text(json.dumps(context()["policy"]))
    Path("plan.json").write_text(json.dumps(plan(node(arguments={"path": "q3.txt"}, provenance_tier=1))))
    if command == "bench":
        pytest.importorskip("agentdojo", reason="THE EXTRA agentdojo IS NOT INSTALLED")
    # What is learned is a matter of tests/cli/test_guard_commands.py.
    few = partial(critics_run.fit_weights, steps=num_cases(many=600, few=5))
    monkeypatch.setattr(critics_run, "fit_weights", few)
    assert main([*command.split(), *WITHOUT_MODEL[command]]) == 0
    digest = hashlib.sha256((bundled / "config.json").read_bytes()).hexdigest()
    assert f"model: bundled, digest {digest[:12]}\n" in capsys.readouterr().err
    assert main([*command.split(), *WITHOUT_MODEL[command], "--model", str(bundled)]) == 0
    assert f"model: {bundled}, digest {digest[:12]}\n" in capsys.readouterr().err


def test_the_model_of_a_figure_stands_beside_it(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder, "PRETRAINED", small)
    write_traces("gold.jsonl", many_traces(6))
    assert main(["evaluate", "--dataset", "gold.jsonl", "--output", "r.json"]) == 0
    report = json.loads(Path("r.json").read_text())
    assert report["model"] == "bundled"
    assert report["model_sha256"] == hashlib.sha256((small / "config.json").read_bytes()).hexdigest()


@pytest.mark.parametrize("command", ["evaluate", "score"])  # `policy test` then goes on without
def test_without_a_bundled_model_commands_say_what_to_do(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(folder, "PRETRAINED", Path("none"))
    write_traces("gold.jsonl", many_traces(6))
    assert main([*command.split(), *WITHOUT_MODEL[command]]) == 1
    error = capsys.readouterr().err.strip().splitlines()
    assert error[-1].startswith("error: no model is bundled with this copy of Gatling: name one with --model")
    assert not Path("scores.jsonl").exists()


@shipped
def test_the_shipped_files_are_few_and_small() -> None:
    files = {path.name: path.stat().st_size for path in SHIPPED.iterdir()}
    encoders = {"governance_encoder.safetensors", "execution_encoder.safetensors", "reranker.safetensors"}
    assert (
        set(files)
        == {
            "config.json",
            "README.md",
            "reranker.json",
            "attribution.json",
            "bare.json",
            "critics.json",
            "calibration.json",
        }
        | encoders
    )
    assert sum(files.values()) <= MAX_BYTES


@shipped
def test_the_shipped_model_knows_an_unrequested_deletion() -> None:
    model = gatling.load(precision="fp32")
    assert model.hparams["governance_encoder"]["latent_dim"] == 1024
    good = record(request="Read the file plans/march.txt and tell me what it says.")
    bad = record("violation", request="Read the file plans/march.txt and tell me what it says.")
    bad["execution_plan"]["nodes"] = [
        {"tool_name": "delete_user", "node_id": "n1", "arguments": {"user": "eve"}, "provenance_tier": 3}
    ]
    energies = model.energy([parse_trace(good), parse_trace(bad)]).tolist()
    assert energies[0] < energies[1]


@shipped
def test_the_card_has_its_sections_and_no_gap() -> None:
    card = (SHIPPED / "README.md").read_text()
    assert re.findall(r"^## (.*)$", card, flags=re.MULTILINE) == SECTIONS
    assert "$" not in card
    assert "No suite of a benchmark was trained on" in card
    assert "**" in card  # the chosen weights of the deep layers


def test_the_wheel_holds_every_asset(tmp_path: Path) -> None:
    uv = shutil.which("uv")
    if uv is None:
        pytest.skip("uv is not installed")
    copy = tmp_path / "copy"
    for name in ("gatling", "source"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE", "NOTICE"):
        shutil.copy(ROOT / name, copy)
    if not folder.has_pretrained():
        (copy / "gatling" / "assets" / "pretrained").mkdir(exist_ok=True)
        (copy / "gatling" / "assets" / "pretrained" / "config.json").write_text("{}")
    done = subprocess.run(
        [uv, "build", "--wheel", "--offline", "--out-dir", "out"], cwd=copy, capture_output=True, text=True
    )
    if done.returncode and "uv-build" in done.stderr + done.stdout:
        pytest.skip("uv's build backend is not at hand offline")
    assert done.returncode == 0, done.stderr
    (wheel,) = (copy / "out").glob("*.whl")
    assets = {str(p.relative_to(copy)) for p in (copy / "gatling" / "assets").rglob("*") if p.is_file()}
    assert assets <= set(zipfile.ZipFile(wheel).namelist())
