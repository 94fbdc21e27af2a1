"""What is public is a list under test; imports point one way; light things stay light."""

from __future__ import annotations

import ast
import dataclasses
import re
import subprocess
import sys
import time
from pathlib import Path

import gatling
from gatling.training.config import TrainingConfig

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "gatling"

# A room may import those before it. `errors` is open to all.
ORDER = [
    # the core: no torch
    "schema",
    "page",
    "tools",
    "policy",
    "features",
    "request",
    "provenance",
    "adapters",
    "runtime",
    "energy",
    "repair",
    "guard",
    "testing",
    # what agents are put behind: no torch
    "hook",
    "mcp_proxy",
    "server",  # `serve` needs an extra, and `postgres` another one
    "integrations",  # each file needs the framework that it is for
    # traces and attacks: no torch
    "generate",
    "attack",
    "policytest",
    "policymap",
    # with torch
    "encoders",
    "objectives",
    "store",
    "evaluation",
    "bench",
    "training",
    "critics_training",
    "hub",
    "cli",
]


def test_exported_names() -> None:
    names = ["Decision", "DualEncoder", "ExecutionEncoder", "GovernanceEncoder", "Guard", "Session", "load"]
    assert gatling.__all__ == names
    for name in gatling.__all__:
        assert getattr(gatling, name) is not None


def test_imports_point_one_way() -> None:
    wrong = []
    for path in PACKAGE.rglob("*.py"):
        room = path.relative_to(PACKAGE).parts[0]
        if room not in ORDER:
            continue
        for item in ast.walk(ast.parse(path.read_text())):
            names = [item.module] if isinstance(item, ast.ImportFrom) and item.module else []
            names += [a.name for a in item.names] if isinstance(item, ast.Import) else []
            for name in names:
                parts = name.split(".")
                if parts[0] != "gatling" or len(parts) < 2 or parts[1] not in ORDER:
                    continue
                allowed = parts[1:] == ["training", "config"] and room == "cli"
                if ORDER.index(parts[1]) > ORDER.index(room) and not allowed:
                    wrong.append(f"{path.relative_to(ROOT)} imports {name}")
    assert not wrong


def test_every_room_is_in_the_order() -> None:
    rooms = {p.name for p in PACKAGE.iterdir() if (p / "__init__.py").is_file()}
    assert rooms == set(ORDER)


def test_docs_import_from_packages_and_never_from_their_files() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    found = [
        line
        for page in pages
        for line in re.findall(r"^(?:from|import) +(gatling\S*)", page.read_text(), flags=re.MULTILINE)
    ]
    assert len(found) > 10
    assert [n for n in found if n.count(".") > 1 and not (ROOT / n.replace(".", "/")).is_dir()] == []


CORE = ORDER[: ORDER.index("guard") + 1]
NOT_IN_THE_CORE = {
    "torch", "pyarrow", "torchmetrics", "matplotlib", "huggingface_hub", "jaxtyping", "safetensors", "tokenizers", "beartype",
}  # fmt: skip
# What one system has and another has not: only inside a function that has an answer for the other.
ONE_SYSTEM = {"resource", "fcntl", "msvcrt", "winreg", "pwd", "grp", "termios", "posix", "tty", "pty"}


def imported(tree: ast.AST, *, at_top: bool) -> set[str]:
    """Return the top-level names of the modules that are imported, at the top of the file only or anywhere."""
    items = list(tree.body if at_top and isinstance(tree, ast.Module) else ast.walk(tree))
    found = {i.module for i in items if isinstance(i, ast.ImportFrom) and i.module}
    found |= {a.name for i in items if isinstance(i, ast.Import) for a in i.names}
    return {name.partition(".")[0] for name in found}


def test_the_core_imports_nothing_of_an_extra() -> None:
    lazy = {"gatling/schema/files.py": {"pyarrow"}}  # for the formats that need it
    for room in [*CORE, *("generate", "attack", "policytest")]:
        for path in (PACKAGE / room).rglob("*.py"):
            allowed = lazy.get(str(path.relative_to(ROOT)), set())
            assert imported(ast.parse(path.read_text()), at_top=False) & NOT_IN_THE_CORE <= allowed, path


def test_no_import_binds_to_one_operating_system() -> None:
    for path in [*PACKAGE.rglob("*.py"), *(ROOT / "source").rglob("*.py"), *(ROOT / "scripts").rglob("*.py")]:
        tree = ast.parse(path.read_text())
        assert not imported(tree, at_top=True) & ONE_SYSTEM, path
        if path != PACKAGE / "schema" / "machine.py":
            assert not imported(tree, at_top=False) & ONE_SYSTEM, path


def test_a_missing_extra_is_one_sentence() -> None:
    code = (
        "import sys\n"
        "class NoTorch:\n"
        "    def find_spec(name, path=None, target=None):\n"
        "        if name == 'torch': raise ModuleNotFoundError('no torch', name='torch')\n"
        "sys.meta_path.insert(0, NoTorch)\n"
        "import gatling, gatling.errors, gatling.cli\n"
        "try: gatling.load()\n"
        "except gatling.errors.MissingExtraError as error: print(error)\n"
        "print(gatling.cli.main(['score', '--input', 'a.jsonl', '--output', 'b.jsonl']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    sentence = "needs the extra 'train': pip install 'gatling-jepa[train]'"
    assert done.stdout.splitlines() == [f"gatling.load {sentence}", "1"]
    assert done.stderr.splitlines() == [f"error: `gatling score` {sentence}"]


def test_light_imports_load_no_torch() -> None:
    code = "import sys; import gatling, gatling.guard, gatling.cli, gatling.policytest; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_help_answers_without_torch() -> None:
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "gatling", "--help"], capture_output=True, text=True
    )
    assert done.returncode == 0
    assert not any(line.rstrip().endswith("| torch") for line in done.stderr.splitlines())
    assert time.perf_counter() - started < 10  # a hang, not a benchmark


def test_the_flags_of_train_are_a_list() -> None:
    assert [f.name for f in dataclasses.fields(TrainingConfig)] == [
        "dataset", "val_dataset", "on_error", "store_dir", "latent_dim", "hidden_dim", "num_layers", "num_heads", "dropout",
        "backbone", "word_table", "batch_size", "effective_batch_size",
        "epochs", "learning_rate", "temperature", "learn_temperature", "gradient_clip",
        "security_margin", "margin_weight", "alignment_weight", "hard_negatives", "mutations",
        "near_misses", "curriculum", "group_run", "context_masking", "renamed_words", "weight_decay", "warmup_steps",
        "passes_per_epoch", "val_split", "test_split", "group_by", "early_stopping_patience", "max_steps", "seed",
        "device", "precision", "num_workers", "checkpoint_dir", "checkpoint_every", "report_dir", "resume",
        "tensorboard", "push_to_hub", "organization", "hf_repo_name",
    ]  # fmt: skip


def test_no_salted_hash_and_no_unsafe_loader() -> None:
    for path in [*PACKAGE.rglob("*.py"), *(ROOT / "source").rglob("*.py"), *(ROOT / "scripts").rglob("*.py")]:
        for item in ast.walk(ast.parse(path.read_text())):
            if isinstance(item, ast.Call) and isinstance(item.func, ast.Name):
                assert item.func.id not in {"hash", "eval", "exec"}, path
            if isinstance(item, ast.keyword) and item.arg == "weights_only":
                assert isinstance(item.value, ast.Constant), path
                assert item.value.value is True, path
            if isinstance(item, (ast.Import, ast.ImportFrom)):
                modules = [getattr(item, "module", None), *(a.name for a in item.names)]
                assert "pickle" not in modules, path
