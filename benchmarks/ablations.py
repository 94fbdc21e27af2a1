"""What each part of adversarial training is worth: one small training run a row, all else equal.

    uv run python benchmarks/ablations.py --generated DIR [--real FILE...] --output OUT

Every run sees the compliant traces of DIR/train once, with a model of width 128, seed 0. It is measured on DIR/unseen_domains
and its mutants (made here, three a trace), and on `--real` files, which no run trains on. OUT keeps models and figures;
what is there is not done again.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from gatling.encoders import DualEncoder
from gatling.evaluation import embed_corpus, evaluate_embedded
from gatling.store.corpus import Corpus
from gatling.store.store import Store

BASE: dict[str, Any] = {
    "hidden-dim": 128, "batch-size": 32, "epochs": 1, "learning-rate": 1e-3, "group-by": "policy", "group-run": 4,
    "hard-negatives": 3, "mutations": "all", "margin-weight": 2.0, "alignment-weight": 1.5, "val-split": 0.02, "test-split": 0,
}  # fmt: skip
ROWS: dict[str, dict[str, Any]] = {
    "all parts": {},
    "no hard negatives": {"hard-negatives": 0, "mutations": None},
    "violations of the data only": {"mutations": None},
    "no near misses": {"no-near-misses": True},
    "no curriculum": {"curriculum": 0},
    "contexts of one policy apart": {"group-run": 1},
    "no context masking": {"no-context-masking": True},
    "no word table": {"no-word-table": True},
    "security margin 0": {"security-margin": 0},
    "256 contexts a step": {"effective-batch-size": 256},
    "2,048 contexts a step": {"effective-batch-size": 2048},
}
FIGURES = ("nn_accuracy", "positive_similarity", "negative_similarity", "auroc", "pairs_ranked", "pairs_beyond_margin")
COLUMNS = ("NN", "positive", "negative", "AUROC", "pairs ranked", "pairs beyond the margin")


def gatling(*arguments: str | Path) -> None:
    print("+ gatling", *arguments, flush=True)
    subprocess.run([sys.executable, "-m", "gatling", *map(str, arguments)], check=True, stdout=subprocess.DEVNULL)


def read(path: Path, store: Path) -> Corpus:
    return Corpus.from_shards(Store(folder=store).open([path]).shards)


def flags(settings: dict[str, Any]) -> list[str]:
    words: list[str] = []
    for name, value in settings.items():
        if value is True:
            words.append(f"--{name}")
        elif value is not None:
            words += [f"--{name}", str(value)]
    return words


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--generated", type=Path, required=True)
    parser.add_argument("--real", type=Path, nargs="*", default=[])
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--rows", nargs="*", default=list(ROWS), choices=list(ROWS))
    options = parser.parse_args()
    out: Path = options.output
    out.mkdir(parents=True, exist_ok=True)
    attacked = out / "unseen_domains.parquet"
    if not attacked.is_file():
        source = options.generated / "unseen_domains"
        gatling("corrupt", "--input", source, "--output", attacked, "--per-trace", "3", "--keep-input")
    sets = {"unseen domains": attacked, **{path.name.split(".")[0]: path for path in options.real}}
    corpora = {where: read(path, out / "store") for where, path in sets.items()}
    results: dict[str, dict[str, Any]] = {}
    for name in options.rows:
        folder = out / name.replace(" ", "_").replace(",", "")
        if not (folder / "best.pt").is_file():
            places = {"dataset": options.generated / "train", "checkpoint-dir": folder, "report-dir": folder / "report"}
            gatling("train", *flags({**BASE, **ROWS[name], **places, "store-dir": out / "store"}))
        model = DualEncoder.from_pretrained(folder / "best.pt", precision="fp32")
        results[name] = {where: evaluate_embedded(embed_corpus(model, corpus)) for where, corpus in corpora.items()}
        print(name, results[name], flush=True)
    (out / "results.json").write_text(json.dumps(results, indent=1))
    for where in sets:
        print(f"\n### {where}\n")
        print("| run |", " | ".join(COLUMNS), "|\n| --- |" + " ---: |" * len(COLUMNS))
        for name, figures in results.items():
            values = (figures[where].get(key) for key in FIGURES)
            print(f"| {name} |", " | ".join("-" if v is None else f"{v:.3f}" for v in values), "|")


if __name__ == "__main__":
    main()
