"""`gatling evaluate`: a model measured on labelled traces."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gatling.cli.flags import STDIN, OnErrorFlag, PrecisionFlag, by_commas
from gatling.errors import ConfigError, InputError


@dataclass(frozen=True, kw_only=True, slots=True)
class Evaluate:
    """Measure a model on labelled traces, beside baselines that need no training.

    gatling evaluate --dataset labelled.jsonl --report-dir report

    The baselines are word counts and the presence of untrusted calls. Prints tables and writes the figures as JSON.
    Retrieval is measured on compliant traces, among all of them (a sample of 10,000 where there are more) and in galleries
    of stated sizes; AUROC, false alarms and the gap to compliant plans of the same context where violations are labelled,
    over all, by type and by source. Keeps some 25 kB a distinct context or plan in memory, mostly for the TF-IDF baseline.
    """

    model: Path | None = None
    """A checkpoint (.pt) or a model folder. Default: the model that ships with Gatling."""
    dataset: tuple[Path, ...]
    """Trace files or folders of them, one or several. - reads JSON Lines from stdin."""
    output: Path | None = None
    """Write the figures here as JSON."""
    report_dir: Path | None = None
    """Also write a page with pictures to this folder."""
    galleries: str = "100,1000,10000"
    """Sizes of galleries, by commas: so many contexts with one compliant plan each. Larger ones than the set are cut to it."""
    group_by: str = "source"
    """What the tables by source are by: a field of the trace by its dotted path, such as meta.suite, several by commas."""
    rerank: bool = False
    """Judge by latents and re-ranker together: energies, and the order of the 20 plans that are nearest to a context."""
    precision: PrecisionFlag = "auto"
    """auto takes the fastest that keeps a cosine of 0.999 to fp32."""
    on_error: OnErrorFlag = "stop"
    """What to do with a record that is refused."""

    def __post_init__(self) -> None:
        if not self.dataset:
            raise ConfigError("--dataset names no file")
        if self.dataset.count(STDIN) > 1:
            raise ConfigError("--dataset names - twice, standard input can be read only once")

    def run(self) -> int:
        """Measure, print the tables, write the JSON; return the exit status."""
        import time

        from gatling.cli.console import note, print_line, print_table
        from gatling.cli.documents import dump_json, trace_sources
        from gatling.cli.model import announce_model
        from gatling.cli.progress import Progress
        from gatling.encoders import DualEncoder
        from gatling.encoders.dual import NO_RERANKER
        from gatling.evaluation.embed import in_chunks
        from gatling.evaluation.report import write_report
        from gatling.evaluation.score import CHUNK
        from gatling.evaluation.summary import Evaluation
        from gatling.evaluation.tables import summary_tables
        from gatling.schema import ReadReport, read_traces
        from gatling.schema.files import atomic_write

        galleries = gallery_sizes(self.galleries)
        sources = [source for path in self.dataset for source in trace_sources(path)]
        model = DualEncoder.from_pretrained(self.model, precision=None if self.precision == "auto" else self.precision)
        used = announce_model(self.model)
        if self.rerank and model.reranker is None:
            raise ConfigError(f"--rerank: {NO_RERANKER}")
        evaluation = Evaluation(model, galleries=galleries, group_by=self.group_by, rerank=self.rerank)
        skipped = 0
        started = time.perf_counter()
        with Progress("evaluating", unit="traces") as progress:
            for source in sources:
                report = ReadReport()
                for chunk in in_chunks(read_traces(source, on_error=self.on_error, report=report), CHUNK):
                    evaluation.add(chunk)
                    progress.advance(len(chunk))
                skipped += len(report.skipped)
        if not progress.count:
            raise InputError("no trace", file=", ".join(map(str, self.dataset)))
        seconds = time.perf_counter() - started
        embedded, summary = evaluation.finish()
        summary = {
            "model": used.name,
            "model_sha256": used.sha256,
            "dataset": [str(path) for path in self.dataset],
            "precision": model.governance.precision,
            "reranked": self.rerank,
            "num_skipped": skipped,
            "traces_per_second": progress.count / seconds,
            **summary,
        }
        if not summary["num_compliant"]:
            note("warning: no compliant trace, so there is no retrieval accuracy")
        if self.output:
            with atomic_write(self.output) as stream:
                stream.write(dump_json(summary))
        for title, columns, rows in summary_tables(summary):
            print_table(title, tuple(columns), rows)
        if skipped:
            note(f"{skipped} records were skipped")
        if self.report_dir:
            page = write_report(
                self.report_dir, title="Evaluation report", notes=[], summary=summary, embedded=embedded
            )
            print_line(f"report: {page}")
        return 0


def gallery_sizes(text: str) -> list[int]:
    """Return the sizes that --galleries names. Raises: ConfigError."""
    from gatling.evaluation.retrieval import MAX_GALLERY

    names = by_commas(text)
    for name in names:
        if not (name.isascii() and name.isdecimal()) or not 1 <= int(name) <= MAX_GALLERY:
            raise ConfigError(f"--galleries has {name!r}, wanted whole numbers from 1 to {MAX_GALLERY}, by commas")
    return [int(name) for name in names]
