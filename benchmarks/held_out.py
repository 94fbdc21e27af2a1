"""Large sets to measure a model on that was trained on `gatling generate --seed S`: more traces of its held-out splits, and the
same attacked by the Corrupter.

    uv run python benchmarks/held_out.py --traces train=8000 test=25000 unseen_domains=25000 unseen_vendor=6000 --output held_out

Writes OUTPUT/generated and OUTPUT/corrupted, the two folders that results.py takes. Trace i of a split is what `gatling generate`
with the same seed writes there, so nothing but `train`, which serves the shallow cues, was trained on.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from gatling.cli import main as gatling
from gatling.generate.generator import Generator
from gatling.schema import parse_trace
from gatling.schema.files import write_records
from gatling.tools import load_catalog

ATTACKED = 4_000
PER_TRACE = 3


def sized(text: str) -> tuple[str, int]:
    name, _, count = text.partition("=")
    return name, int(count)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--traces", type=sized, nargs="+", required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    generator = Generator(load_catalog(["builtin"]), seed=options.seed)
    out: Path = options.output
    for split, count in options.traces:
        records = (generator.trace(split, i).data for i in range(count))
        write_records(out / "generated" / split / "part-00000.parquet", records)
        gold = (r for i in range(count) if parse_trace(r := generator.trace(split, i).data).is_compliant)
        source = out / f"{split}.jsonl.gz"
        write_records(source, (r for _, r in zip(range(ATTACKED), gold, strict=False)))
        attacked = str(out / "corrupted" / split / "part-00000.parquet")
        flags = ["--per-trace", str(PER_TRACE), "--keep-input"]
        if gatling(["corrupt", "--input", str(source), "--output", attacked, *flags]):
            raise SystemExit(1)
    (out / "sizes.json").write_text(json.dumps(dict(options.traces)))


if __name__ == "__main__":
    main()
