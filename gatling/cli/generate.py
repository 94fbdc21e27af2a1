"""`gatling generate`: settings, progress, and what was made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from gatling.cli.flags import by_commas
from gatling.errors import ConfigError

if TYPE_CHECKING:
    from gatling.tools import ToolSpec


@dataclass(frozen=True, kw_only=True, slots=True)
class Generate:
    """Make traces, or whole conversations, to train on.

    gatling generate --traces 10000 --output data/made

    Policies have many shapes, and an oracle decides the labels. Writes OUTPUT/SPLIT/part-*.parquet for the splits train,
    val, test (no context in common), unseen_domains and unseen_vendor (no tool in common with the others), and
    OUTPUT/manifest.json. The same settings give the same bytes, whatever --workers. A run that was stopped goes on where it
    was: repeat the command.

    gatling generate --conversations --count 3000 --output made.jsonl.gz

    Conversations of agents with all that they read: honest work in which the request delegates, attacks inside the items that
    it names, obeyed and resisted, and the honest twins of attacks, where the request points at the same text. Labels are exact.
    One JSON line each, gzipped where the name ends so; record i depends on --seed and i alone. `meta` names world (suite), goal
    and wording, so that a split can leave whole ones out.
    """

    output: Path
    """The folder: new, or of a run with the same settings that was stopped. With --conversations a file, .jsonl or .jsonl.gz."""
    traces: int | None = None
    """How many, over all splits."""
    conversations: bool = False
    """Make conversations instead of traces."""
    count: int = 1_000
    """How many conversations."""
    worlds: str | None = None
    """Only conversations of these worlds, by commas, such as helpdesk,clinic. Default: all."""
    without_worlds: str | None = None
    """No conversations of these worlds, by commas: the worlds that a model is measured on."""
    without_goals: str | None = None
    """No attacks whose goal begins with one of these, by commas, such as leak:,bank/transfer-money."""
    catalog: str = "builtin"
    """Which catalogues, by commas: builtin, google, aws, agentdojo (extras of these names), or files."""
    domains: str | None = None
    """Only tools of these domains, by commas, such as mailbox,calendar or office/mailbox. Default: all."""
    seed: int = 0
    """Seeds everything."""
    violations_per_trace: float = 1.5
    """Violating plans for each compliant one, on average, in steps of 0.25 up to 10; 0 makes gold traces only."""
    unseen_vendor: str = "aws"
    """Whose tools stand in the split unseen_vendor only; none for no such split."""
    format: Literal["parquet", "jsonl"] = "parquet"
    """The format of the files."""
    shard_size: int = 50_000
    """Traces a file, at most."""
    workers: int | None = None
    """Processes. Default: one a core."""
    engine: Literal["local", "ray"] = "local"
    """ray runs on a Ray cluster (extra: ray): that of RAY_ADDRESS, else one started here; OUTPUT must be seen by all machines."""

    def run(self) -> int:
        """Make the data set, print its counts; return the exit status."""
        if self.conversations:
            return self._run_conversations()
        if self.traces is None:
            raise ConfigError("say how many: --traces N, or --conversations --count N")
        for name in ("worlds", "without_worlds", "without_goals"):
            if getattr(self, name) is not None:
                raise ConfigError(f"--{name.replace('_', '-')} goes with --conversations")
        import time

        from gatling.cli.console import err, print_table
        from gatling.cli.progress import Progress
        from gatling.cores import num_cores
        from gatling.generate.dataset import MANIFEST_NAME, Settings, run_generation
        from gatling.generate.generator import SPLITS
        from gatling.schema.machine import peak_memory
        from gatling.tools import load_catalog

        settings = Settings(
            traces=self.traces,
            seed=self.seed,
            violations_per_trace=self.violations_per_trace,
            unseen_vendor=None if self.unseen_vendor == "none" else self.unseen_vendor,
            format=self.format,
            shard_size=self.shard_size,
        )
        specs = load_catalog(by_commas(self.catalog))
        if self.domains is not None:
            specs = _only(specs, self.domains)
        workers = self.workers if self.workers is not None else num_cores()
        started = time.perf_counter()
        with Progress("generating", unit="traces", total=settings.traces) as progress:
            manifest = run_generation(
                self.output, settings, specs, workers=workers, engine=self.engine, progress=progress.advance
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
                    f"no split {name}: the catalogue has too few domains, or no such vendor besides others",
                    highlight=False,
                )
        print_table(f"{self.output}", ("split", "traces", "compliant", "violations", "domains"), rows)
        print(
            f"{manifest['traces']} traces, {manifest['bytes'] / 1e6:.1f} MB; counts and digests: {self.output / MANIFEST_NAME}"
        )
        peaks = [peak for of_children in (False, True) if (peak := peak_memory(of_children=of_children))]
        memory = f", at most {max(peaks) / 2**20:.0f} MB a process" if peaks else ""
        rate = f"{seconds:.1f} s, {manifest['traces'] / seconds:.0f} traces/s with {workers} workers"
        err.print(f"{rate}{memory}", highlight=False)
        return 0

    def _run_conversations(self) -> int:
        import time

        from gatling.cli.console import err, print_table
        from gatling.cli.progress import Progress
        from gatling.generate.conversations import ConversationMaker, choose_worlds, write_conversations

        if self.traces is not None:
            raise ConfigError("--traces goes without --conversations; --count says how many conversations")
        maker = ConversationMaker(
            seed=self.seed,
            worlds=choose_worlds(by_commas(self.worlds or ""), by_commas(self.without_worlds or "")),
            without=tuple(by_commas(self.without_goals or "")),
        )
        started = time.perf_counter()
        with Progress("generating", unit="conversations", total=self.count) as progress:
            counts = write_conversations(self.output, maker, self.count, progress=progress.advance)
        seconds = time.perf_counter() - started
        print_table(f"{self.output}", ("kind", "conversations"), [(kind, str(n)) for kind, n in counts.by_kind.items()])
        print(
            f"{counts.total} conversations in {counts.worlds} worlds; {counts.goals} goals in {counts.wordings} wordings"
        )
        err.print(f"{seconds:.1f} s, {counts.total / max(seconds, 1e-9):.0f} conversations/s", highlight=False)
        return 0


def _only(specs: Sequence[ToolSpec], domains: str) -> list[ToolSpec]:
    import difflib

    names = set(by_commas(domains))
    known = {s.domain for s in specs} | {f"{s.vendor}/{s.domain}" for s in specs}
    for name in sorted(names - known):
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"; did you mean {near[0]}?" if near else "; see `gatling catalog list`"
        raise ConfigError(f"--domains names {name!r}, which no tool of the catalogue is in{hint}")
    if not names:
        raise ConfigError("--domains names no domain")
    return [s for s in specs if s.domain in names or f"{s.vendor}/{s.domain}" in names]
