"""From the dataset setting to three corpora."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gatling.attack.corrupter import mutation_names
from gatling.errors import ConfigError, TrainingError
from gatling.generate.demonstration import synthetic_traces
from gatling.schema import Trace
from gatling.schema.files import trace_files
from gatling.store.corpus import Corpus, shard_of
from gatling.store.splits import Splits, split_corpus
from gatling.store.store import Store
from gatling.training.config import DEFAULT_DATASET, TrainingConfig
from gatling.training.mutants import MutantMaker
from gatling.training.reporter import Reporter

log = logging.getLogger(__name__)

DEMONSTRATION_PASSES = 4
SMALL_GALLERY = 10
_VALIDATED_ON = 1_000
_DIGEST_CHUNK = 1_000_000


@dataclass(frozen=True, slots=True)
class TrainingData:
    splits: Splits
    is_demonstration: bool
    """The 12 synthetic traces, validated on themselves."""
    num_passes: int
    maker: MutantMaker | None
    """Makes hard negatives of the training traces, if --mutations asks for them."""
    digest: str
    """Identifies the training traces and their order; a resumed run must find the same."""


def load_data(config: TrainingConfig, reporter: Reporter) -> TrainingData:
    """Read and split the data.

    Raises:
        InputError: for a file or record that is refused.
        ConfigError: if there are too few groups for the splits.
        TrainingError: if there is no compliant trace to train on, or none to validate on.
    """
    mutations = mutation_names(config.mutations) if config.mutations else []
    given = config.dataset or ((DEFAULT_DATASET,) if DEFAULT_DATASET.is_file() else ())
    if not given:
        if config.val_dataset:
            raise ConfigError(f"--val-dataset needs --dataset, as there is no {DEFAULT_DATASET}")
        reporter.note(
            f"No --dataset and no {DEFAULT_DATASET}: DEMONSTRATION on 12 synthetic traces, trained and validated on the same "
            "12. It shows that the pipeline runs and says nothing about quality."
        )
        corpus = Corpus.from_traces(synthetic_traces(), config.group_by, keep_records=bool(mutations))
        splits = Splits(train=corpus, val=corpus, test=corpus.subset(np.zeros(0, np.int64)))
        maker = MutantMaker(corpus, mutations) if mutations else None
        return TrainingData(splits, True, DEMONSTRATION_PASSES * config.passes_per_epoch, maker, _digest(corpus))

    corpus, num_missing = _read(given, config, reporter)
    if not corpus.num_compliant:
        raise TrainingError(
            f"{', '.join(map(str, given))}: no compliant trace among {len(corpus)}; there is nothing to train on"
        )
    if num_missing == len(corpus) and config.group_by != "context":
        raise ConfigError(f"--group-by is {config.group_by!r}, but no trace has such a field")
    if num_missing:
        reporter.note(f"{num_missing} of {len(corpus)} traces lack a field of --group-by and are grouped by context.")
    _report_contradictions(corpus, reporter)
    val_share = 0.0 if config.val_dataset else config.val_split
    splits = split_corpus(corpus, val_share=val_share, test_share=config.test_split, seed=config.seed)
    digest = _digest(corpus)
    if config.val_dataset:
        val = _read_validation(config, corpus, reporter)
        splits = Splits(train=splits.train, val=val, test=splits.test)
        digest = hashlib.sha256(f"{digest}{_digest(val)}".encode()).hexdigest()
    elif not config.val_split:
        reporter.note("--val-split is 0: validating on the training traces; the figures say nothing about new data.")
        splits = Splits(train=splits.train, val=splits.train, test=splits.test)
    if 0 < splits.val.num_compliant < SMALL_GALLERY:
        reporter.note(
            f"Only {splits.val.num_compliant} compliant traces to validate on: accuracy among so few plans means little."
        )
    maker = None
    if mutations:
        maker = MutantMaker(splits.train, mutations)
        if not maker.applies():
            reporter.note(
                "--mutations applies to none of the first 200 compliant traces: no hard negative may be made."
            )
        val, test = (attacked(corpus, mutations, seed=config.seed) for corpus in (splits.val, splits.test))
        splits = Splits(train=splits.train, val=val, test=test)
    return TrainingData(splits, False, config.passes_per_epoch, maker, digest)


def attacked(corpus: Corpus, mutations: list[str], *, seed: int) -> Corpus:
    """Add every mutant and near miss of up to 1,000 of a corpus's compliant traces, spread evenly."""
    rows = np.flatnonzero(corpus.is_compliant)
    if not len(rows):
        return corpus
    rows = rows[np.linspace(0, len(rows) - 1, min(len(rows), _VALIDATED_ON)).astype(int)]
    traces: list[Trace] = []
    groups: dict[str, str] = {}
    for row, mutant in MutantMaker(corpus, mutations).mutants(rows, seed=seed):
        source = corpus.source_names[corpus.source[row]] or None
        made = [mutant.trace, *([mutant.near_miss] if mutant.near_miss else [])]
        traces += [trace.model_copy(update={"source": source}) for trace in made]
        groups[mutant.trace.governance_context.digest] = corpus.group_names[int(corpus.group[row])]
    return corpus.extended(shard_of(traces, lambda trace: groups[trace.governance_context.digest], keep_records=True))


def _read(given: tuple[Path, ...], config: TrainingConfig, reporter: Reporter) -> tuple[Corpus, int]:
    """Return the traces of files and folders, and how many of them lack a field of --group-by."""
    stored = Store(folder=config.store_dir).open(
        [file for path in given for file in trace_files(path)],
        group_by=config.group_by,
        on_error=config.on_error,
        keep_records=config.mutations is not None,
        on_progress=reporter.reading,
    )
    for path, messages in stored.skipped.items():
        reporter.note(f"{path}: {len(messages)} records skipped")
    return Corpus.from_shards(stored.shards), stored.num_missing


def _read_validation(config: TrainingConfig, corpus: Corpus, reporter: Reporter) -> Corpus:
    val, _ = _read(config.val_dataset, config, reporter)
    if not val.num_compliant:
        raise TrainingError(
            f"{', '.join(map(str, config.val_dataset))}: no compliant trace among {len(val)}; there is nothing to validate on"
        )
    both = np.vstack([corpus.contexts.digests(), val.contexts.digests()])
    num_shared = len(both) - len(np.unique(both, axis=0))
    if num_shared:
        reporter.note(f"{num_shared} of {len(val.contexts)} contexts of --val-dataset stand in --dataset too.")
    return val


def _digest(corpus: Corpus) -> str:
    names, contexts, plans = (rows.digests() for rows in (corpus.group_names, corpus.contexts, corpus.plans))
    digest = hashlib.sha256()
    for start in range(0, len(corpus), _DIGEST_CHUNK):
        rows = slice(start, start + _DIGEST_CHUNK)
        parts = (names[corpus.group[rows]], contexts[corpus.context[rows]], plans[corpus.plan[rows]])
        digest.update(np.hstack([*parts, corpus.is_compliant[rows, None]]).tobytes())
    return digest.hexdigest()


def _report_contradictions(corpus: Corpus, reporter: Reporter) -> None:
    count = corpus.pairs.num_contradictions
    if count:
        reporter.note(f"{count} plans are labelled compliant and violation in one context; they count as compliant.")
