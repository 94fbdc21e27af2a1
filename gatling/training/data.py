"""From the dataset setting to three corpora."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass

import numpy as np

from gatling.data.corpus import Corpus, shard_of
from gatling.data.corrupter.corrupter import mutation_names
from gatling.data.mutants import MutantMaker
from gatling.data.shards import Shard
from gatling.data.splits import Splits, split_corpus
from gatling.data.store import Store
from gatling.data.synthetic import synthetic_traces
from gatling.errors import ConfigError, TrainingError
from gatling.schema import Trace
from gatling.schema.files import trace_files
from gatling.training.config import DEFAULT_DATASET, TrainingConfig
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
        TrainingError: if no compliant trace is left to train on.
    """
    mutations = mutation_names(config.mutations) if config.mutations else []
    given = config.dataset or ((DEFAULT_DATASET,) if DEFAULT_DATASET.is_file() else ())
    if not given:
        reporter.note(
            f"No --dataset and no {DEFAULT_DATASET}: DEMONSTRATION on 12 synthetic traces, trained and validated on the same "
            "12. It shows that the pipeline runs and says nothing about quality."
        )
        corpus = Corpus.from_traces(synthetic_traces(), config.group_by, keep_records=bool(mutations))
        splits = Splits(train=corpus, val=corpus, test=corpus.subset(np.zeros(0, np.int64)))
        maker = MutantMaker(corpus, mutations) if mutations else None
        return TrainingData(splits, True, DEMONSTRATION_PASSES * config.passes_per_epoch, maker, _digest(corpus))

    stored = Store(folder=config.store_dir).open(
        [file for path in given for file in trace_files(path)],
        group_by=config.group_by,
        on_error=config.on_error,
        keep_records=bool(mutations),
        on_progress=reporter.reading,
    )
    corpus = Corpus.from_shards(stored.shards)
    for path, messages in stored.skipped.items():
        reporter.note(f"{path}: {len(messages)} records skipped")
    if not corpus.num_compliant:
        raise TrainingError(
            f"{', '.join(map(str, given))}: no compliant trace among {len(corpus)}; there is nothing to train on"
        )
    missing = stored.num_missing
    if missing == len(corpus) and config.group_by != "context":
        raise ConfigError(f"--group-by is {config.group_by!r}, but no trace has such a field")
    if missing:
        reporter.note(f"{missing} of {len(corpus)} traces lack a field of --group-by and are grouped by context.")
    _report_contradictions(corpus, reporter)
    splits = split_corpus(corpus, val_share=config.val_split, test_share=config.test_split, seed=config.seed)
    if mutations:
        corpus = Corpus.from_shards([*stored.shards, _mutants_to_validate_on(splits, mutations, config)])
        splits = split_corpus(corpus, val_share=config.val_split, test_share=config.test_split, seed=config.seed)
    if 0 < splits.val.num_compliant < SMALL_GALLERY:
        reporter.note(
            f"Only {splits.val.num_compliant} compliant traces to validate on: accuracy among so few plans means little."
        )
    if not config.val_split:
        reporter.note("--val-split is 0: validating on the training traces; the figures say nothing about new data.")
        splits = Splits(train=splits.train, val=splits.train, test=splits.test)
    maker = MutantMaker(splits.train, mutations) if mutations else None
    return TrainingData(splits, False, config.passes_per_epoch, maker, _digest(corpus))


def _mutants_to_validate_on(splits: Splits, mutations: list[str], config: TrainingConfig) -> Shard:
    """Make mutants and near misses of up to 1,000 compliant traces each of the validation and the test split.

    They share context and group with their traces, so they fall on the same side.
    """
    traces: list[Trace] = []
    groups: dict[str, str] = {}
    for corpus in (splits.val, splits.test):
        rows = np.flatnonzero(corpus.is_compliant)
        rows = rows[np.linspace(0, len(rows) - 1, min(len(rows), _VALIDATED_ON)).astype(int)]
        maker = MutantMaker(corpus, mutations)
        for row, mutant in maker.mutants(rows, seed=config.seed):
            source = corpus.source_names[corpus.source[row]] or None
            made = [mutant.trace, *([mutant.near_miss] if mutant.near_miss else [])]
            traces += [t.model_copy(update={"source": source}) for t in made]
            groups[mutant.trace.governance_context.digest] = corpus.group_names[int(corpus.group[row])]
    return shard_of(traces, lambda trace: groups[trace.governance_context.digest], keep_records=True)


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
