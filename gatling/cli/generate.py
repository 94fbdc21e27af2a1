"""`gatling generate`: settings, progress, and what was made."""

from __future__ import annotations

import difflib
import resource
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from gatling.cli.console import Progress, err, print_table
from gatling.errors import ConfigError
from gatling.generate.cluster import available_cores
from gatling.generate.dataset import MANIFEST_NAME, Settings, run_generation
from gatling.generate.generator import SPLITS
from gatling.tools import ToolSpec, load_catalog

if TYPE_CHECKING:
    from gatling.cli.commands import Generate


def run_generate(command: Generate) -> int:
    """Make the data set, print the counts of its splits; return the exit status."""
    settings = Settings(
        traces=command.traces,
        seed=command.seed,
        violations_per_trace=command.violations_per_trace,
        unseen_vendor=None if command.unseen_vendor == "none" else command.unseen_vendor,
        format=command.format,
        shard_size=command.shard_size,
    )
    specs = load_catalog([name.strip() for name in command.catalog.split(",") if name.strip()])
    if command.domains is not None:
        specs = _only(specs, command.domains)
    workers = command.workers if command.workers is not None else available_cores()
    started = time.perf_counter()
    with Progress("generating", unit="traces", total=settings.traces) as progress:
        manifest = run_generation(
            command.output, settings, specs, workers=workers, engine=command.engine, progress=progress.advance
        )
    seconds = time.perf_counter() - started
    rows: list[tuple[str, ...]] = [
        (
            name,
            str(split["traces"]),
            str(split["by_label"].get("compliant", 0)),
            str(split["by_label"].get("violation", 0)),
            str(len(split["domains"])),
        )
        for name, split in manifest["splits"].items()
    ]
    for name in SPLITS:
        if name not in manifest["splits"]:
            err.print(
                f"no split {name}: the catalogue has too few domains, or no such vendor besides others", highlight=False
            )
    print_table(f"{command.output}", ("split", "traces", "compliant", "violations", "domains"), rows)
    print(
        f"{manifest['traces']} traces, {manifest['bytes'] / 1e6:.1f} MB; counts and digests: {command.output / MANIFEST_NAME}"
    )
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    rate = f"{seconds:.1f} s, {manifest['traces'] / seconds:.0f} traces/s with {workers} workers"
    err.print(f"{rate}, at most {peak / 1024:.0f} MB a process", highlight=False)
    return 0


def _only(specs: Sequence[ToolSpec], domains: str) -> list[ToolSpec]:
    names = {name.strip() for name in domains.split(",") if name.strip()}
    known = {s.domain for s in specs} | {f"{s.vendor}/{s.domain}" for s in specs}
    for name in sorted(names - known):
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"; did you mean {near[0]}?" if near else "; see `gatling catalog list`"
        raise ConfigError(f"--domains names {name!r}, which no tool of the catalogue is in{hint}")
    if not names:
        raise ConfigError("--domains names no domain")
    return [s for s in specs if s.domain in names or f"{s.vendor}/{s.domain}" in names]
