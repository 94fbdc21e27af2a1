"""`gatling evaluate` and `gatling score`: both stream the traces and show progress."""

from __future__ import annotations

import json
import time
from itertools import chain

from gatling.cli.commands import Evaluate, PrecisionFlag, Score
from gatling.cli.console import Progress, dump_json, err, out, print_table
from gatling.cli.model import announce_model
from gatling.encoders import DualEncoder
from gatling.encoders.base import Precision
from gatling.errors import ConfigError, InputError
from gatling.evaluation.embed import in_chunks
from gatling.evaluation.report import write_report
from gatling.evaluation.retrieval import MAX_GALLERY
from gatling.evaluation.score import CHUNK, ScoreJob, score_chunk, scoring_model
from gatling.evaluation.summary import Evaluation
from gatling.evaluation.tables import summary_tables
from gatling.generate.cluster import available_cores, on_ray
from gatling.schema import ReadReport, read_traces
from gatling.schema.files import atomic_write, trace_files


def _precision(flag: PrecisionFlag) -> Precision | None:
    return None if flag == "auto" else flag


def gallery_sizes(text: str) -> list[int]:
    """Return the sizes that --galleries names. Raises: ConfigError."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if not (name.isascii() and name.isdecimal()) or not 1 <= int(name) <= MAX_GALLERY:
            raise ConfigError(f"--galleries has {name!r}, wanted whole numbers from 1 to {MAX_GALLERY}, by commas")
    return [int(name) for name in names]


def run_evaluate(command: Evaluate) -> int:
    """Measure, print the tables, write the JSON; return the exit status."""
    galleries = gallery_sizes(command.galleries)
    files = [file for path in command.dataset for file in trace_files(path)]
    model = DualEncoder.from_pretrained(command.model, precision=_precision(command.precision))
    used = announce_model(command.model)
    evaluation = Evaluation(model, galleries=galleries, group_by=command.group_by)
    skipped = 0
    started = time.perf_counter()
    with Progress("evaluating", unit="traces") as progress:
        for path in files:
            report = ReadReport()
            for chunk in in_chunks(read_traces(path, on_error=command.on_error, report=report), CHUNK):
                evaluation.add(chunk)
                progress.advance(len(chunk))
            skipped += len(report.skipped)
    if not progress.count:
        raise InputError("no trace", file=", ".join(map(str, command.dataset)))
    seconds = time.perf_counter() - started
    embedded, summary = evaluation.finish()
    summary = {
        "model": used.name,
        "model_sha256": used.sha256,
        "dataset": [str(path) for path in command.dataset],
        "precision": model.governance.precision,
        "num_skipped": skipped,
        "traces_per_second": progress.count / seconds,
        **summary,
    }
    if not summary["num_compliant"]:
        err.print("warning: no compliant trace, so there is no retrieval accuracy", highlight=False, soft_wrap=True)
    if command.output:
        with atomic_write(command.output) as stream:
            stream.write(dump_json(summary))
    for title, columns, rows in summary_tables(summary):
        print_table(title, tuple(columns), rows)
    if skipped:
        err.print(f"{skipped} records were skipped", highlight=False, soft_wrap=True)
    if command.report_dir:
        page = write_report(command.report_dir, title="Evaluation report", notes=[], summary=summary, embedded=embedded)
        out.print(f"report: {page}", highlight=False, soft_wrap=True)
    return 0


def run_score(command: Score) -> int:
    """Write one line a trace; return the exit status."""
    files = trace_files(command.input)
    if not command.output.name.endswith(".jsonl"):
        raise InputError("the name must end in .jsonl", file=str(command.output))
    report = ReadReport()
    traces = chain.from_iterable(read_traces(path, on_error=command.on_error, report=report) for path in files)
    model, precision = str(command.model.resolve()) if command.model else None, _precision(command.precision)
    scoring_model(model, precision)  # a model that cannot be read is refused before the first trace
    announce_model(command.model)
    jobs = (ScoreJob(model, precision, chunk) for chunk in in_chunks(traces, CHUNK))
    scored = on_ray(score_chunk, jobs, workers=available_cores()) if command.engine == "ray" else map(score_chunk, jobs)
    with Progress("scoring", unit="traces") as progress, atomic_write(command.output) as stream:
        for lines in scored:
            stream.writelines((json.dumps(line, ensure_ascii=False) + "\n").encode() for line in lines)
            progress.advance(len(lines))
    err.print(f"{command.output}: {progress.count} traces scored", highlight=False, soft_wrap=True)
    if report.skipped:
        err.print(f"{len(report.skipped)} records were skipped", highlight=False, soft_wrap=True)
    return 0
