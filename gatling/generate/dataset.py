"""A generation run: parts of a data set, each a file, made in any order by any number of processes.

- A part is a pure function of the settings, its split and its number, so the files are the same bytes whatever made them.
- A finished part has a note in `.parts/`; a run that was killed goes on with the parts that have none. A file without its note
  is made again, and nothing is ever appended to, so no trace is lost or doubled.
- `manifest.json` is written last: the settings, counts by split, domain, dialect, label and type, and the digest of every file.
- The tools that were used stand beside it in `catalog.json.gz`, so a run can be repeated without the extras it was made with.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import multiprocessing
import os
import shutil
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from gatling.cluster import end_with
from gatling.errors import ConfigError, InputError
from gatling.generate.generator import CONTEXTS, GENERATOR_VERSION, SPLITS, Generator
from gatling.schema.files import atomic_write, write_records
from gatling.schema.machine import held
from gatling.schema.plain import decode_json
from gatling.tools import ToolSpec, read_catalog, write_catalog

FORMATS = ("parquet", "jsonl")
CATALOG_NAME = "catalog.json.gz"
MANIFEST_NAME = "manifest.json"
_NOTES = ".parts"
_LOCK = ".lock"
_REPORT_EVERY = 500

Engine = Literal["local", "ray"]


@dataclass(frozen=True, slots=True)
class Settings:
    """What the bytes of a data set depend on, besides the catalogue."""

    traces: int
    seed: int = 0
    violations_per_trace: float = 1.5
    unseen_vendor: str | None = "aws"
    format: str = "parquet"
    shard_size: int = 50_000
    catalog_sha256: str = ""

    def __post_init__(self) -> None:
        for name, low, high in (("traces", 1, 10**10), ("shard_size", 1, 10**7), ("seed", 0, 2**32 - 1)):
            value = getattr(self, name)
            if not low <= value <= high:
                raise ConfigError(f"--{name.replace('_', '-')} is {value}, it must be in [{low}, {high}]")
        if (self.violations_per_trace * CONTEXTS) % 1:
            raise ConfigError(
                f"--violations-per-trace is {self.violations_per_trace}, it must be a multiple of {1 / CONTEXTS}: "
                f"{CONTEXTS} compliant traces share a policy, and their violations are whole ones"
            )
        if self.format not in FORMATS:
            raise ConfigError(f"--format is {self.format!r}, it must be one of {', '.join(FORMATS)}")

    def to_dict(self) -> dict[str, Any]:
        return {"generator_version": GENERATOR_VERSION, **dataclasses.asdict(self)}


@dataclass(frozen=True, slots=True)
class Part:
    """One file to make: traces `start` to `stop` of a split."""

    folder: str
    settings: Settings
    split: str
    number: int
    start: int
    stop: int

    @property
    def name(self) -> str:
        return f"{self.split}/part-{self.number:05d}.{self.settings.format}"


def plan_parts(folder: Path, settings: Settings, splits: Sequence[str]) -> list[Part]:
    """Return the parts of a data set: every split cut into files of `shard_size` traces, the last one shorter."""
    shares = {name: SPLITS[name] for name in splits}
    counts = {name: int(settings.traces * share / sum(shares.values())) for name, share in shares.items()}
    counts["train"] += settings.traces - sum(counts.values())
    size = settings.shard_size
    return [
        Part(str(folder), settings, split, number, start, min(start + size, count))
        for split, count in counts.items()
        for number, start in enumerate(range(0, count, size))
    ]


@lru_cache(maxsize=1)
def _generator(folder: str, settings: Settings) -> Generator:
    specs = read_catalog(Path(folder) / CATALOG_NAME)
    return make_generator(specs, settings)


def make_generator(specs: Sequence[ToolSpec], settings: Settings) -> Generator:
    return Generator(
        specs,
        seed=settings.seed,
        violations_per_trace=settings.violations_per_trace,
        unseen_vendor=settings.unseen_vendor,
    )


_made: Any = None  # a counter that the processes of a run share, for the progress bar


def _share_counter(counter: Any) -> None:
    global _made
    _made = counter


def _start_worker(counter: Any, parent: int) -> None:
    _share_counter(counter)
    end_with(parent)


def make_part(part: Part) -> dict[str, Any]:
    """Write one file and its note; return the note: its name, size, digest and counts."""
    generator = _generator(part.folder, part.settings)
    generator.counts.redrawn = generator.counts.contradicted = 0
    generator.forget()  # what is counted must not depend on which part this process made before
    by: dict[str, Counter[str]] = {
        key: Counter() for key in ("domain", "dialect", "label", "violation_type", "reading")
    }

    def records() -> Iterator[dict[str, Any]]:
        for i in range(part.start, part.stop):
            record = generator.trace(part.split, i)
            by["domain"][record.domain] += 1
            by["dialect"][record.dialect] += 1
            by["label"][record.data["label"]] += 1
            by["reading"][f"{record.data['label']}/{record.verdict}"] += 1
            if "violation_type" in record.data:
                by["violation_type"][record.data["violation_type"]] += 1
            done = i + 1 - part.start
            if _made is not None and (done % _REPORT_EVERY == 0 or i + 1 == part.stop):
                with _made.get_lock():
                    _made.value += done % _REPORT_EVERY or _REPORT_EVERY
            yield record.data

    path = Path(part.folder) / part.name
    write_records(path, records())
    note = {
        "name": part.name,
        "split": part.split,
        "traces": part.stop - part.start,
        "bytes": path.stat().st_size,
        "sha256": _file_digest(path),
        "by": {key: dict(sorted(counter.items())) for key, counter in by.items()},
        **dataclasses.asdict(generator.counts),
    }
    with atomic_write(_note_path(part)) as stream:
        stream.write(json.dumps(note).encode())
    return note


def _note_path(part: Part) -> Path:
    return Path(part.folder) / _NOTES / f"{part.split}-{part.number:05d}.json"


def _file_digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def run_generation(
    folder: Path,
    settings: Settings,
    specs: Sequence[ToolSpec],
    *,
    workers: int = 1,
    engine: Engine = "local",
    progress: Callable[[int], None] = lambda count: None,
) -> dict[str, Any]:
    """Make a data set, or finish one that was begun with the same settings; return its manifest.

    Args:
        progress: called with the number of traces that were made or found since the last call.

    Raises:
        ConfigError: if the folder holds something else, or a setting is out of range.
    """
    if workers < 1:
        raise ConfigError(f"--workers is {workers}, it must be at least 1")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"--output {folder} cannot be made a folder: {error.strerror}") from None
    with _only_run(folder):
        return _run(folder, settings, specs, workers=workers, engine=engine, progress=progress)


@contextmanager
def _only_run(folder: Path) -> Iterator[None]:
    """Hold the folder's lock. Raises: ConfigError if another run has it. The lock ends with the process."""
    with ExitStack() as stack:
        try:
            stack.enter_context(held(folder / _LOCK))
        except BlockingIOError:
            raise ConfigError(f"--output {folder}: another run is writing there") from None
        yield


@contextmanager
def _termination_as_interrupt() -> Iterator[None]:
    """Let a termination signal end the run as Ctrl-C does."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)


def _run(
    folder: Path,
    settings: Settings,
    specs: Sequence[ToolSpec],
    *,
    workers: int,
    engine: Engine,
    progress: Callable[[int], None],
) -> dict[str, Any]:
    settings = _claim(folder, settings, specs)
    parts = plan_parts(folder, settings, make_generator(specs, settings).splits)
    if (folder / MANIFEST_NAME).is_file():
        progress(settings.traces)
        return _finished(folder, settings)
    for leftover in folder.glob("*/.part-*.tmp"):
        leftover.unlink()
    planned = {part.name for part in parts}
    for found in sorted(folder.glob("*/part-*")):
        if str(found.relative_to(folder)) not in planned:
            raise ConfigError(f"{found} is not a file of this data set; give an empty or a new folder")
    notes = {part.name: note for part in parts if (note := _found(part)) is not None}
    progress(sum(note["traces"] for note in notes.values()))
    missing = [part for part in parts if part.name not in notes]
    if engine == "ray":
        made = _with_ray(missing, workers, progress)
    elif workers == 1:
        made = _alone(missing, progress)
    else:
        made = _with_processes(missing, workers, progress)
    with _termination_as_interrupt():
        notes |= {note["name"]: note for note in made}
    manifest = _manifest(settings, [notes[part.name] for part in parts])
    with atomic_write(folder / MANIFEST_NAME) as stream:
        stream.write((json.dumps(manifest, indent=2) + "\n").encode())
    shutil.rmtree(folder / _NOTES)
    return manifest


def _claim(folder: Path, settings: Settings, specs: Sequence[ToolSpec]) -> Settings:
    """Write the catalogue and the settings down, or check that they are those of the run that was begun here."""
    catalog, begun = folder / CATALOG_NAME, folder / _NOTES / "settings.json"
    if not catalog.is_file():
        if any(p.name not in (_NOTES, _LOCK) for p in folder.iterdir()):
            raise ConfigError(f"--output {folder} holds other files; give an empty or a new folder")
        write_catalog(catalog, specs)
    fresh = folder / f".{CATALOG_NAME}.new.json.gz"
    write_catalog(fresh, specs)
    digest = _file_digest(fresh)
    fresh.unlink()
    settings = dataclasses.replace(settings, catalog_sha256=digest)
    if digest != _file_digest(catalog):
        raise ConfigError(f"{catalog} is not the catalogue of this run: it is of another run, or damaged")
    known = None
    if (folder / MANIFEST_NAME).is_file():
        known = _settings_of(folder / MANIFEST_NAME)
    elif begun.is_file():
        known = _read_json(begun)
    if known is None:
        with atomic_write(begun) as stream:
            stream.write(json.dumps(settings.to_dict()).encode())
    elif known != settings.to_dict():
        changed = [key for key, value in settings.to_dict().items() if known.get(key) != value]
        raise ConfigError(f"--output {folder} was begun with other settings: {', '.join(changed)} differ")
    return settings


def _settings_of(manifest: Path) -> Any:
    data = _read_json(manifest)
    if (
        not isinstance(data, dict)
        or not isinstance(data.get("settings"), dict)
        or not isinstance(data.get("files"), list)
    ):
        raise ConfigError(f"{manifest} is not a manifest of gatling generate; remove the folder to start over")
    return data["settings"]


def _read_json(path: Path) -> Any:
    try:
        return decode_json(path.read_text("utf-8"))
    except InputError as error:
        raise error.at(str(path), None) from None


def _found(part: Part) -> dict[str, Any] | None:
    """Return the note of a part that is finished and whole."""
    note_path, path = _note_path(part), Path(part.folder) / part.name
    if not note_path.is_file() or not path.is_file():
        return None
    note: dict[str, Any] = _read_json(note_path)
    return note if path.stat().st_size == note["bytes"] and _file_digest(path) == note["sha256"] else None


def _finished(folder: Path, settings: Settings) -> dict[str, Any]:
    manifest: dict[str, Any] = _read_json(folder / MANIFEST_NAME)
    for file in manifest["files"]:
        path = folder / file["name"]
        if not path.is_file() or _file_digest(path) != file["sha256"]:
            raise ConfigError(
                f"{path} is not the file that {folder / MANIFEST_NAME} lists; remove the folder to start over"
            )
    return manifest


def _alone(parts: list[Part], progress: Callable[[int], None]) -> Iterator[dict[str, Any]]:
    counter = multiprocessing.get_context("spawn").Value("q", 0)
    _share_counter(_Reporting(counter, progress))
    try:
        for part in parts:
            yield make_part(part)
    finally:
        _share_counter(None)


class _Reporting:
    """A counter that tells a callback of every change."""

    def __init__(self, counter: Any, progress: Callable[[int], None]) -> None:
        self._counter, self._progress = counter, progress

    def get_lock(self) -> Any:
        return self._counter.get_lock()

    @property
    def value(self) -> int:
        return int(self._counter.value)

    @value.setter
    def value(self, new: int) -> None:
        self._progress(new - self._counter.value)
        self._counter.value = new


def _with_processes(parts: list[Part], workers: int, progress: Callable[[int], None]) -> Iterator[dict[str, Any]]:
    context = multiprocessing.get_context("spawn")
    counter = context.Value("q", 0)
    seen = 0
    with ProcessPoolExecutor(workers, context, initializer=_start_worker, initargs=(counter, os.getpid())) as pool:
        waiting = {pool.submit(make_part, part) for part in parts}
        try:
            while waiting:
                done, waiting = wait(waiting, timeout=0.5, return_when=FIRST_COMPLETED)
                now = counter.value
                progress(now - seen)
                seen = now
                for future in done:
                    yield future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in list(multiprocessing.active_children()):
                process.terminate()
            raise


def _with_ray(parts: list[Part], workers: int, progress: Callable[[int], None]) -> Iterator[dict[str, Any]]:
    """Run the same function on a Ray cluster. The folder must be one that every machine of the cluster sees."""
    from gatling.cluster import on_ray

    for note in on_ray(make_part, parts, workers=workers):
        progress(note["traces"])
        yield note


def _manifest(settings: Settings, notes: list[dict[str, Any]]) -> dict[str, Any]:
    def total(which: Iterable[dict[str, Any]], key: str) -> dict[str, int]:
        counter: Counter[str] = Counter()
        for note in which:
            counter.update(note["by"][key])
        return dict(sorted(counter.items()))

    splits = list(dict.fromkeys(note["split"] for note in notes))
    digest = hashlib.sha256("".join(note["sha256"] for note in notes).encode()).hexdigest()
    return {
        "settings": settings.to_dict(),
        "traces": sum(note["traces"] for note in notes),
        "bytes": sum(note["bytes"] for note in notes),
        "sha256": digest,
        "by_label": total(notes, "label"),
        "by_dialect": total(notes, "dialect"),
        "by_violation_type": total(notes, "violation_type"),
        "by_domain": total(notes, "domain"),
        "by_label_and_what_the_policy_text_says": total(notes, "reading"),
        "families_redrawn": sum(note["redrawn"] for note in notes),
        "families_contradicted": sum(note["contradicted"] for note in notes),
        "splits": {
            split: {
                "traces": sum(n["traces"] for n in notes if n["split"] == split),
                "by_label": total((n for n in notes if n["split"] == split), "label"),
                "domains": list(total((n for n in notes if n["split"] == split), "domain")),
            }
            for split in splits
        },
        "files": [{key: note[key] for key in ("name", "traces", "bytes", "sha256")} for note in notes],
    }
