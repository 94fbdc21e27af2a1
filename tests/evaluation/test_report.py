"""The report: a page that stands alone, and pictures that say what they show."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path

import torch
from matplotlib.patches import Polygon

from gatling.evaluation.pictures import embedding_map, similarity_histogram, training_curve
from gatling.evaluation.report import write_report
from gatling.evaluation.summary import evaluate_corpus
from gatling.store.corpus import Corpus
from tests.builders import many_traces
from tests.models import embedded, small_model


def test_the_report_is_written_whole(tmp_path: Path) -> None:
    model = small_model()
    e, summary = evaluate_corpus(model, Corpus.from_traces(many_traces(9)))
    history = [{"epoch": i, "train/loss": 1 / i, "val/loss": 2 / i, "val/nn_accuracy": 0.5} for i in (1, 2)]
    notes = ["**N.** <script>"]
    page = write_report(tmp_path / "r", title="T", notes=notes, summary=summary, embedded=e, history=history)
    text = (page.parent / "report.md").read_text()
    shown = page.read_text()
    for name in ("training_curve.png", "similarity_histogram.png", "embedding_map.png"):
        assert f"({name})" in text
        image = (page.parent / name).read_bytes()
        assert image.startswith(b"\x89PNG")
        assert f'src="data:image/png;base64,{base64.b64encode(image).decode()}"' in shown
    assert json.loads((page.parent / "report.json").read_text())["num_compliant"] == 9
    assert "| deletion | 5 |" in text
    assert "<td>deletion</td><td>5</td>" in shown
    assert "| 9, all there are (100 asked for) | 20 |" in text
    # the page stands alone: no link to another file, no script, and what notes say is text
    assert "<strong>N.</strong> &lt;script&gt;" in shown
    assert set(re.findall(r'(?:src|href)="(\w+:|#)', shown)) == {"data:", "#"}
    assert re.findall(r'(?:src|href)="(?!data:|#)', shown) == []
    assert "<script" not in shown


def test_pictures_say_what_they_show() -> None:
    e, _ = evaluate_corpus(small_model(), Corpus.from_traces(many_traces(9)))
    histogram, latents = similarity_histogram(e), embedding_map(e)
    assert histogram.get_suptitle() == "Similarity of contexts and plans, 9 contexts"
    for figure in (histogram, latents):
        (axis,) = figure.axes
        assert axis.get_xlabel()
        assert axis.get_ylabel()
    names = [text.get_text() for text in histogram.legends[0].get_texts()]
    assert names == [
        "own compliant plan (n = 9)", "own violating plan (n = 5)", "compliant plan of another context (n = 72)"
    ]  # fmt: skip
    outlines = [patch for patch in histogram.axes[0].patches if isinstance(patch, Polygon)]
    assert [patch.get_fill() for patch in outlines] == [False] * 3
    assert len({patch.get_linestyle() for patch in outlines}) == 3
    assert [text.get_text() for text in latents.legends[0].get_texts()] == [
        "contexts (n = 9)", "compliant plans (n = 9)", "violating plans (n = 5)"
    ]  # fmt: skip
    assert {text.get_text() for text in histogram.axes[0].texts} == {
        "aim: own plan above 0.85",
        "aim: others below 0.2",
    }


def test_training_curves_have_whole_epochs_and_aims() -> None:
    history = [{"epoch": i, "train/loss": 1.0, "val/loss": 2.0, "val/nn_accuracy": 0.5} for i in (1, 2, 3)]
    figure = training_curve(history)
    assert figure.get_suptitle() == "Training, 3 epochs"
    for axis in figure.axes:
        assert axis.get_xlabel() == "epoch"
        assert all(float(tick).is_integer() for tick in axis.get_xticks())
    assert {float(line.get_ydata()[0]) for line in figure.axes[1].lines} == {0.5, 0.85, 0.2}
    assert training_curve(history[:1]).get_suptitle() == "Training, 1 epoch"


def test_a_single_plan_has_a_map() -> None:
    z = torch.eye(2)
    (axis,) = embedding_map(embedded(z[:1], z[:1], [0], [True])).axes
    assert axis.get_xlabel() == "first axis (0 % of the variance)"
