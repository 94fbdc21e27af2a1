"""What training on generated traces is worth on real ones: generated alone, real alone, and both, with equal numbers of steps.

    uv run python benchmarks/transfer.py --generated DIR --real FILE... --report FILE... --output OUT

Real traces are split by task: 30 % of the tasks are for testing. Each of the three trainings sees the same number of compliant
traces (`--gold`), in one epoch (generated), as many as that takes (real), or three (both). Then each model is measured on the
held-out tasks, file by file, on `--report`, which no training reads, and on the splits of DIR with unseen domains and an unseen
vendor. OUT keeps the models, the reports and results.json. Finished steps are not repeated.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from gatling.schema import Trace, read_traces
from gatling.schema.files import trace_files, write_traces
from gatling.store.groups import GroupKey

GROUP_BY = "meta.suite,meta.user_task|meta.task|meta.case|meta.annotation_id"
TEST_SHARE = 0.3
EPOCHS_OF_BOTH = 3


def is_test(trace: Trace, key: GroupKey) -> bool:
    """Tell by a keyed digest of the trace's task, whatever file it stands in."""
    digest = hashlib.sha256(key(trace).encode()).digest()
    return int.from_bytes(digest[:8], "big") < TEST_SHARE * 2**64


def with_gold(traces: Iterator[Trace], count: int) -> Iterator[Trace]:
    """Yield traces until `count` compliant ones have passed."""
    for trace in traces:
        if trace.is_compliant:
            if count == 0:
                return
            count -= 1
        yield trace


def read_all(paths: list[Path]) -> Iterator[Trace]:
    return chain.from_iterable(read_traces(p) for path in paths for p in trace_files(path))


def gatling(*arguments: str | Path) -> None:
    print("+ gatling", *arguments, flush=True)
    subprocess.run([sys.executable, "-m", "gatling", *map(str, arguments)], check=True)


def prepare(options: argparse.Namespace) -> dict[str, tuple[Path, int]]:
    """Write the training files; return each with its number of epochs."""
    out: Path = options.output
    key = GroupKey(GROUP_BY)
    real, generated, both = out / "real.jsonl.gz", out / "generated.jsonl.gz", out / "both.jsonl.gz"
    if not both.is_file():
        for path in options.real:
            write_traces(out / "test" / path.name, (t for t in read_traces(path) if is_test(t, key)))
        write_traces(real, (t for t in read_all(options.real) if not is_test(t, key)))
        source = [options.generated / "train"]
        write_traces(generated, with_gold(read_all(source), options.gold))
    num_real = sum(t.is_compliant for t in read_traces(real))
    if not both.is_file():
        rest = max(0, options.gold // EPOCHS_OF_BOTH - num_real)
        write_traces(both, chain(read_traces(real), with_gold(read_all(source), rest)))
    return {
        "generated": (generated, 1),
        "real": (real, max(1, round(options.gold / num_real))),
        "both": (both, EPOCHS_OF_BOTH),
    }


def figures(report: dict[str, Any]) -> dict[str, Any]:
    keys = ("num_compliant", "num_violations", "nn_accuracy", "positive_similarity", "negative_similarity", "auroc")
    tfidf = report.get("baselines", {}).get("tfidf", {})
    return {k: report.get(k) for k in keys} | {f"tfidf_{k}": tfidf.get(k) for k in ("nn_accuracy", "auroc")}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--generated", type=Path, required=True)
    parser.add_argument("--real", type=Path, nargs="+", required=True)
    parser.add_argument("--report", type=Path, nargs="*", default=[])
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--gold", type=int, default=12_000, help="compliant traces that each training sees")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    out: Path = options.output
    tests = [out / "test" / path.name for path in options.real]
    tests += [*options.report, *(options.generated / s for s in ("test", "unseen_domains", "unseen_vendor"))]
    results: dict[str, dict[str, Any]] = {}
    for name, (data, epochs) in prepare(options).items():
        folder = out / name
        if not (folder / "report" / "report.json").is_file():
            gatling(
                "train", "--dataset", data, "--epochs", str(epochs), "--group-by", GROUP_BY if name == "real" else "context",
                "--val-split", "0.03", "--test-split", "0.01", "--seed", str(options.seed), "--checkpoint-dir", folder,
                "--report-dir", folder / "report", "--store-dir", out / "store",
            )  # fmt: skip
        results[name] = {}
        for test in tests:
            label = f"{test.parent.name}/{test.name}" if test.is_dir() else test.name
            report = folder / f"{label.replace('/', '_')}.json"
            if not report.is_file():
                gatling("evaluate", "--model", folder / "best.pt", "--dataset", test, "--output", report)
            results[name][label] = figures(json.loads(report.read_text()))
    (out / "results.json").write_text(json.dumps(results, indent=2) + "\n")
    print_table(results)


def print_table(results: dict[str, dict[str, Any]]) -> None:
    def shown(value: float | None) -> str:
        return "-" if value is None else f"{value:.3f}"

    print("| test set | compliant | violations | NN: " + " / ".join(results) + " (TF-IDF) | AUROC: same order |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for label, first in next(iter(results.values())).items():
        nn = (
            " / ".join(shown(r[label]["nn_accuracy"]) for r in results.values())
            + f" ({shown(first['tfidf_nn_accuracy'])})"
        )
        auroc = " / ".join(shown(r[label]["auroc"]) for r in results.values()) + f" ({shown(first['tfidf_auroc'])})"
        print(f"| {label} | {first['num_compliant']} | {first['num_violations']} | {nn} | {auroc} |")


if __name__ == "__main__":
    main()
