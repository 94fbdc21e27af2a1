"""From the dataset setting to three corpora."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass

from gatling.data.corpus import Corpus, GroupKey
from gatling.data.splits import Splits, split_corpus
from gatling.data.synthetic import synthetic_traces
from gatling.errors import ConfigError, InputError, TrainingError
from gatling.schema import ReadReport, read_traces
from gatling.training.config import DEFAULT_DATASET, TrainingConfig
from gatling.training.reporter import Reporter

log = logging.getLogger(__name__)

DEMONSTRATION_PASSES = 4
SMALL_GALLERY = 10


@dataclass(frozen=True, slots=True)
class TrainingData:
    splits: Splits
    is_demonstration: bool
    """The 12 synthetic traces, validated on themselves."""
    num_passes: int
    digest: str
    """Identifies the training traces and their order; a resumed run must find the same."""


def load_data(config: TrainingConfig, reporter: Reporter) -> TrainingData:
    """Read and split the data.

    Raises:
        InputError: for a file or record that is refused.
        ConfigError: if there are too few groups for the splits.
        TrainingError: if no compliant trace is left to train on.
    """
    files = config.dataset or ((DEFAULT_DATASET,) if DEFAULT_DATASET.is_file() else ())
    corpus = Corpus()
    key = GroupKey(config.group_by)
    if not files:
        reporter.note(
            f"No --dataset and no {DEFAULT_DATASET}: DEMONSTRATION on 12 synthetic traces, trained and validated on the same "
            "12. It shows that the pipeline runs and says nothing about quality."
        )
        for trace in synthetic_traces():
            corpus.add(trace, key(trace))
        splits = Splits(train=corpus, val=corpus, test=corpus.subset([]))
        return TrainingData(splits, True, DEMONSTRATION_PASSES * config.passes_per_epoch, _digest(corpus))

    for path in files:
        report = ReadReport()
        for trace in read_traces(path, on_error=config.on_error, report=report):
            try:
                corpus.add(trace, key(trace))
            except InputError as error:
                raise error.at(str(path), None) from None
            if len(corpus.examples) % 100 == 0:
                reporter.reading(len(corpus.examples))
        if report.skipped:
            reporter.note(f"{path}: {len(report.skipped)} records skipped, {report.num_read} read")
    reporter.reading(len(corpus.examples))
    if not corpus.num_compliant:
        raise TrainingError(
            f"{', '.join(map(str, files))}: no compliant trace among {len(corpus.examples)}; there is nothing to train on"
        )
    missing = key.num_missing
    if missing == len(corpus.examples) and config.group_by != "context":
        raise ConfigError(f"--group-by is {config.group_by!r}, but no trace has such a field")
    if missing:
        reporter.note(
            f"{missing} of {len(corpus.examples)} traces lack a field of --group-by and are grouped by context."
        )
    _report_contradictions(corpus, reporter)
    splits = split_corpus(corpus, val_share=config.val_split, test_share=config.test_split, seed=config.seed)
    if 0 < splits.val.num_compliant < SMALL_GALLERY:
        reporter.note(
            f"Only {splits.val.num_compliant} compliant traces to validate on: accuracy among so few plans means little."
        )
    if not config.val_split:
        reporter.note("--val-split is 0: validating on the training traces; the figures say nothing about new data.")
        splits = Splits(train=splits.train, val=splits.train, test=splits.test)
    return TrainingData(splits, False, config.passes_per_epoch, _digest(corpus))


def _digest(corpus: Corpus) -> str:
    digest = hashlib.sha256()
    contexts, plans = corpus.context_digests, corpus.plan_digests
    for e in corpus.examples:
        digest.update(f"{e.group}:{contexts[e.context]}:{plans[e.plan]}:{e.is_compliant}\n".encode())
    return digest.hexdigest()


def _report_contradictions(corpus: Corpus, reporter: Reporter) -> None:
    compliant = {(e.context, e.plan) for e in corpus.examples if e.is_compliant}
    both = {(e.context, e.plan) for e in corpus.examples if not e.is_compliant} & compliant
    if both:
        reporter.note(
            f"{len(both)} plans are labelled compliant and violation in one context; they count as compliant."
        )
