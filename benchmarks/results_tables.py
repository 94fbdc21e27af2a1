"""The Markdown that results.py prints, from what it writes to results.json."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gatling.evaluation.tables import Row, format_value, markdown, with_interval

Figures = dict[str, Any]
RERANKED = " re-ranked"
"""How a model's name ends where it is measured with its re-ranker."""
RATES = ("recall_at_fpr_1", "recall_at_fpr_5", "fpr_at_recall_95", "fpr_at_recall_99_9")


def print_tables(results: Figures, generated: Sequence[str], shared: Sequence[str]) -> None:
    """Print every table, a model at a time; cues first on their own, as they are the same for all."""
    print("Figures in brackets are 95 % intervals. `*`: the shallow cue named has the higher figure on the same rows.")
    models = results["models"]
    names = [*generated, *shared]
    first = next(iter(models.values()))["rows"]
    by_latents = {name: found for name, found in models.items() if not name.endswith(RERANKED)}
    if len(by_latents) > 1:
        table("Models side by side", *comparison_table(by_latents, names))
    if len(by_latents) > 2:
        table("All models: mean, least and most", *spread_table(by_latents, names))
    if len(models) > len(by_latents):
        table("Latents, and latents with the re-ranker", *reranked_table(models, names))
    table("Shallow cues: AUROC", *cue_table(first, names, results["node_baseline"]))
    for model, found in models.items():
        rows = found["rows"]
        if generated:
            table(f"{model}: retrieval in galleries", *gallery_table(found["galleries"], generated))
            table(f"{model}: separation", *separation_table(rows, generated, {}))
            for name in generated:
                if name in found["violation_types"]:
                    table(f"{model}: {name}, by type of violation", *type_table(found["violation_types"][name]))
        if shared:
            table(f"{model}: real traces, retrieval", *retrieval_table(rows, shared))
            table(f"{model}: real traces, separation", *separation_table(rows, shared, results["node_baseline"]))


def table(title: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
    if rows:
        print(f"\n### {title}\n", *markdown(columns, rows), sep="\n")


def best_cue(auroc: float, beside: dict[str, float]) -> str:
    """Name the best of the other judges, and mark it if it beats the model."""
    if not beside:
        return "-"
    name = max(beside, key=lambda cue: beside[cue])
    return f"{name} {beside[name]:.3f}" + (" *" if beside[name] > auroc else "")


def marked(value: float | None, other: float | None) -> str:
    """Return the other judge's figure, marked where it is the higher."""
    wins = value is not None and other is not None and other > value
    return format_value(other) + (" *" if wins else "")


def others(row: Figures, node: Figures) -> dict[str, float]:
    beside = {name: found["auroc"] for name, found in row["beside"].items() if "auroc" in found}
    return beside | ({"node baseline": node["auroc"]} if "auroc" in node else {})


def cue_table(rows: Figures, names: Sequence[str], nodes: Figures) -> tuple[Sequence[str], list[Row]]:
    cues = list(dict.fromkeys(cue for name in names for cue in rows[name]["beside"]))
    shown: list[Row] = []
    for name in names:
        found = others(rows[name], nodes.get(name, {}))
        if found:
            counts = (str(rows[name]["num_compliant"]), str(rows[name]["num_violations"]))
            shown.append((name, *counts, *(format_value(found.get(cue)) for cue in [*cues, "node baseline"])))
    return ("rows", "compliant", "violations", *cues, "node baseline"), shown


def gallery_table(galleries: Figures, names: Sequence[str]) -> tuple[Sequence[str], list[Row]]:
    columns = ("rows", "gallery", "draws", "NN", "TF-IDF", "with violations", "NN", "TF-IDF", "positive", "negative")
    shown: list[Row] = []
    for name in names:
        for g in galleries[name]:
            words = g["tfidf"]
            shown.append(
                (
                    name,
                    f"{g['num_contexts']}" + ("" if g["num_contexts"] == g["asked_for"] else " (all)"),
                    str(g["num_draws"]),
                    format_value(g["accuracy"]),
                    marked(g["accuracy"], words["accuracy"]),
                    f"{g['hard_gallery_size']:.0f}",
                    format_value(g["hard_accuracy"]),
                    marked(g["hard_accuracy"], words["hard_accuracy"]),
                    format_value(g.get("positive_similarity")),
                    format_value(g.get("negative_similarity")),
                )
            )
    return columns, shown


def comparison_table(models: Figures, names: Sequence[str]) -> tuple[Sequence[str], list[Row]]:
    """Put the main figures of all models beside each other, galleries of up to 1,000; `*`: word counts find more than any."""
    kinds = ("NN", "positive / negative", "pairs ranked right", "AUROC")
    columns = ("rows", "gallery", "TF-IDF: NN", *(f"{kind}, {model}" for kind in kinds for model in models))
    shown: list[Row] = []
    for name in names:
        found = [_main_figures(model, name) for model in models.values()]
        best = max((float(figures["NN"]) for figures in found if figures["NN"] != "-"), default=None)
        words = marked(best, found[0]["words"])
        shown.append((name, found[0]["size"], words, *(figures[kind] for kind in kinds for figures in found)))
    return columns, shown


def spread_table(models: Figures, names: Sequence[str]) -> tuple[Sequence[str], list[Row]]:
    """Put the mean of each main figure over all models, such as trainings with several seeds, with the least and the most."""
    kinds = ("NN", "positive", "negative", "pairs ranked right", "AUROC")
    shown: list[Row] = []
    for name in names:
        found = [_main_figures(model, name) for model in models.values()]
        for figures in found:
            figures["positive"], figures["negative"] = figures["positive / negative"].split(" / ")
        cells = [_spread(kind, found) for kind in kinds]
        words = marked(max(float(figures["NN"]) for figures in found), found[0]["words"])
        shown.append((name, found[0]["size"], words, *cells))
    return ("rows", "gallery", "TF-IDF: NN", *kinds), shown


def reranked_table(models: Figures, names: Sequence[str]) -> tuple[Sequence[str], list[Row]]:
    """Put what the latents find beside what the re-ranker makes of it, as means over all models that have one."""
    kinds = ("NN", "NN with violations", "pairs ranked right", "AUROC")
    judges = ("latents", "re-ranked")
    pairs = [(models[name.removesuffix(RERANKED)], found) for name, found in models.items() if name.endswith(RERANKED)]
    shown: list[Row] = []
    for name in names:
        found = [[_main_figures(model, name) for model in judge] for judge in zip(*pairs, strict=True)]
        cells = [_spread(kind, figures) for kind in kinds for figures in found]
        best = max((float(figures["NN"]) for figures in found[1] if figures["NN"] != "-"), default=None)
        shown.append((name, found[0][0]["size"], marked(best, found[0][0]["words"]), *cells))
    return ("rows", "gallery", "TF-IDF: NN", *(f"{kind}, {judge}" for kind in kinds for judge in judges)), shown


def _spread(kind: str, found: Sequence[Figures]) -> str:
    """Return the mean of a figure with the least and the most, or the figure where there is one model."""
    values = [float(figures[kind].split()[0]) for figures in found if figures[kind] != "-"]
    if len(values) < len(found):
        return "-"
    return f"{np.mean(values):.3f}" + (f" ({min(values):.3f} to {max(values):.3f})" if len(values) > 1 else "")


def _main_figures(model: Figures, name: str) -> dict[str, Any]:
    row = model["rows"][name]
    galleries = [g for g in model["galleries"].get(name, []) if g["num_contexts"] <= 1_000]
    if galleries:
        g = galleries[-1]
        size, nn, hard, words, pair = g["num_contexts"], g["accuracy"], g["hard_accuracy"], g["tfidf"]["accuracy"], g
    else:
        size, nn, words, pair = row["gallery_size"], row.get("nn_accuracy"), row["tfidf"].get("nn_accuracy"), row
        hard = row.get("nn_accuracy_hard")
    similarities = (format_value(pair.get(f"{which}_similarity")) for which in ("positive", "negative"))
    return {
        "size": str(size),
        "words": words,
        "NN": format_value(nn),
        "NN with violations": format_value(hard),
        "positive / negative": " / ".join(similarities),
        "pairs ranked right": format_value(row.get("pairs_ranked")),
        "AUROC": with_interval(row, "auroc") if "auroc" in row else "-",
    }


def retrieval_table(rows: Figures, names: Sequence[str]) -> tuple[Sequence[str], list[Row]]:
    columns = ("rows", "contexts", "gallery", "NN", "TF-IDF", "with violations", "NN", "TF-IDF", "positive", "negative")
    shown: list[Row] = []
    for name in names:
        row, words = rows[name], rows[name]["tfidf"]
        shown.append(
            (
                name,
                str(row["num_contexts"]),
                str(row["gallery_size"]),
                format_value(row.get("nn_accuracy")),
                marked(row.get("nn_accuracy"), words.get("nn_accuracy")),
                format_value(row.get("gallery_size_hard")),
                format_value(row.get("nn_accuracy_hard")),
                marked(row.get("nn_accuracy_hard"), words.get("nn_accuracy_hard")),
                format_value(row.get("positive_similarity")),
                format_value(row.get("negative_similarity")),
            )
        )
    return columns, shown


def separation_table(rows: Figures, names: Sequence[str], nodes: Figures) -> tuple[Sequence[str], list[Row]]:
    columns = ("rows", "compliant", "violations", "AUROC", "recall at 1 % false alarms", "recall at 5 %",
               "false alarms at 95 % recall", "at 99.9 %", "pairs ranked right", "beyond the margin", "mean gap",
               "best shallow cue (AUROC)")  # fmt: skip
    shown: list[Row] = []
    for name in names:
        row = rows[name]
        if "auroc" in row:
            counts = (str(row["num_compliant"]), str(row["num_violations"]))
            measured = (
                with_interval(row, k) for k in ("auroc", *RATES, "pairs_ranked", "pairs_beyond_margin", "mean_gap")
            )
            shown.append((name, *counts, *measured, best_cue(row["auroc"], others(row, nodes.get(name, {})))))
    return columns, shown


def type_table(types: Figures) -> tuple[Sequence[str], list[Row]]:
    columns = ("type", "violations", "AUROC", "false alarms at 95 % recall", "at 99.9 %", "pairs ranked right",
               "beyond the margin", "mean gap", "best shallow cue (AUROC)")  # fmt: skip
    keys = ("auroc", "fpr_at_recall_95", "fpr_at_recall_99_9", "pairs_ranked", "pairs_beyond_margin", "mean_gap")
    shown: list[Row] = []
    for name, found in types.items():
        beside = {k.removeprefix("auroc_"): v for k, v in found.items() if k.startswith("auroc_")}
        beside = {k: v for k, v in beside.items() if k not in ("low", "high")}
        measured = (with_interval(found, key) for key in keys)
        shown.append((name, str(found["num_violations"]), *measured, best_cue(found.get("auroc", 0.0), beside)))
    return columns, shown
