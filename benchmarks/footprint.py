"""What guarding costs before it guards: size of the installation, import, a cold audit, memory.

    uv run python benchmarks/footprint.py
    uv run python benchmarks/footprint.py --python /some/environment/bin/python --check

Each figure is the least of several runs in processes of their own, in processor time of all threads, so that other work on the
machine counts little. The size is that of the interpreter's own packages; give an environment that holds the core alone
(`.ci/core` does). `--check` fails if a bound does not hold. The bounds of time are those of a core to itself that runs a loop in
`REFERENCE_S`; where the loop takes longer, on a slower or a busy machine, the bounds are wider by as much.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import process_time

BOUNDS = {"size MB": 250.0, "import s": 0.5, "audit s": 1.0, "memory MB": 250.0}
TIMES = ("import s", "audit s")
REFERENCE_S = 0.17
"""What `sum(i * i for i in range(3_000_000))` takes of the core that the bounds are of."""
POLICY = {"allowed_operations": ["read_file", "send_email"], "scope_limits": {"read_file.limit": 10}}
PLAN = {
    "nodes": [
        {"tool_name": "read_file", "node_id": "n1", "arguments": {"path": "report.txt"}, "provenance_tier": 1},
        {"tool_name": "send_email", "node_id": "n2", "arguments": {"to": "ann@example.com"}, "provenance_tier": 1},
    ],
    "edges": [["n1", "n2"]],
}
AUDIT = "audit plan.json --policy policy.json --role clerk --request".split()
REQUEST = "Read report.txt and mail it to ann@example.com."
SIZE = """
import pathlib, sysconfig
files = (p for p in pathlib.Path(sysconfig.get_path("purelib")).rglob("*") if p.is_file())
print(sum(p.stat().st_size for p in files if "__pycache__" not in p.parts))
"""
# A child's own usage, measured from outside of it: what starting the interpreter takes is part of it.
MEASURE = """
import json, subprocess, sys
from time import process_time
sys.path.insert(0, sys.argv[1])
from machine import peak_memory
done = subprocess.run(sys.argv[2:], capture_output=True, text=True)
import os
used = os.times()
print(json.dumps([done.returncode, used.children_user + used.children_system, peak_memory(of_children=True), done.stderr[-500:]]))
"""


def measured(command: list[str], place: str) -> tuple[float, float]:
    """Return processor seconds and peak memory in MB of a command."""
    schema = Path(__file__).resolve().parent.parent / "gatling" / "schema"
    code = [sys.executable, "-c", MEASURE, str(schema), *command]
    done = subprocess.run(code, capture_output=True, text=True, cwd=place, check=True)
    status, seconds, memory, said = json.loads(done.stdout)
    if status not in (0, 3, 4):
        raise SystemExit(f"{' '.join(command)} failed: {said}")
    return seconds, (memory or 0) / 2**20


def reference() -> float:
    """Return what the loop takes of this core now."""
    start = process_time()
    sum(i * i for i in range(3_000_000))
    return process_time() - start


def figures(python: str, repeats: int) -> tuple[dict[str, float], float]:
    """Return the figures, and how much slower this machine was meanwhile than the one that the bounds are of, at least 1."""
    with tempfile.TemporaryDirectory() as place:
        Path(place, "plan.json").write_text(json.dumps(PLAN))
        Path(place, "policy.json").write_text(json.dumps(POLICY))
        size = subprocess.run([python, "-c", SIZE], capture_output=True, text=True, cwd=place, check=True).stdout
        timed = "import time; a = time.process_time(); import gatling.guard; print(time.process_time() - a)"
        imports, audits, loops = [], [], []
        for _ in range(repeats + 1):
            done = subprocess.run([python, "-c", timed], capture_output=True, text=True, cwd=place, check=True)
            imports.append(float(done.stdout))
            loops.append(reference())
            audits.append(measured([python, "-m", "gatling", *AUDIT, REQUEST], place))
    found = {
        "size MB": int(size) / 1e6,
        "import s": min(imports),
        "audit s": min(seconds for seconds, _ in audits),
        "memory MB": max(memory for _, memory in audits),
    }
    return found, max(1.0, median(loops) / REFERENCE_S)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # else every run compiles every file
    found, slower = figures(options.python, options.repeats)
    bounds = {name: bound * (slower if name in TIMES else 1.0) for name, bound in BOUNDS.items()}
    print(f"This machine was {slower:.2f} times slower than the bounds' own.\n")
    print("| what | found | bound |\n| --- | ---: | ---: |")
    for name, value in found.items():
        print(f"| {name} | {value:.2f} | {bounds[name]:.2f} |")
    over = [name for name, value in found.items() if value > bounds[name]]
    if options.check and over:
        raise SystemExit(f"above the bound: {', '.join(over)}")


if __name__ == "__main__":
    main()
