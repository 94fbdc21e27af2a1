"""Make the model that ships with Gatling, from nothing but this repository and the extra `google`.

    uv run --extra google python -m scripts.pretrain                          # gatling/assets/pretrained
    uv run --extra google python -m scripts.pretrain --results figures.md     # again, for a card with these figures
    uv run --extra google python -m scripts.pretrain --smoke                  # every step in a minute, elsewhere

Generated traces of the bundled catalogue and of one with several hundred domains more, training, the re-ranker, the folder with
its card. No recorded or real suite is trained on. Repeat the command after a stop: generating goes on where it was, training from
its newest checkpoint, and what is done is not done again; the re-ranker begins anew.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional as F

from gatling.attack.corrupter import mutation_names
from gatling.cli import main as gatling
from gatling.cli.documents import read_json
from gatling.cli.progress import Progress
from gatling.cli.train_progress import ConsoleReporter
from gatling.encoders import DualEncoder
from gatling.encoders.dual import read_checkpoint
from gatling.encoders.precision import has_native_bf16
from gatling.errors import GatlingError, InputError, TrainingError
from gatling.evaluation import embed_corpus
from gatling.evaluation.separation import Metrics
from gatling.evaluation.tables import format_value
from gatling.generate.generator import Generator
from gatling.hub.hub import write_folder, write_reranker
from gatling.runtime.folder import PRETRAINED, copy_encoders
from gatling.schema.files import atomic_write
from gatling.store.corpus import Corpus
from gatling.store.store import Store
from gatling.tools import ToolSpec, load_catalog, read_catalog, write_catalog
from gatling.training.config import TrainingConfig
from gatling.training.loop import FitResult, fit
from gatling.training.reranking import RerankerConfig, measured, train_reranker
from scripts import model_card
from scripts.mixing import Mixing, choose, write_mixed

ROOT = Path(__file__).resolve().parent.parent
COMMAND = "uv run --extra google python -m scripts.pretrain"
MAX_BYTES = 12_000_000
MIN_COSINE = 0.9999

SEED = 0
TRACES = 24_000
"""Of each of the two catalogues. More of them taught the words of their domains, and nothing of others."""
TRAINING: dict[str, Any] = {
    "latent_dim": 1024,
    "hidden_dim": 64,
    "num_layers": 1,
    "num_heads": 8,
    "batch_size": 64,
    "epochs": 2,
    "learning_rate": 1e-3,
    "group_by": "policy",
    "group_run": 4,
    "hard_negatives": 3,
    "mutations": "all",
    "margin_weight": 2.0,
    "alignment_weight": 1.0,
    "renamed_words": 0.3,
    "num_workers": 1,
    "device": "cpu",
}
SMOKE_TRACES = 240
SMOKE_TRAINING = {**TRAINING, "hidden_dim": 32, "epochs": 2}


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """What is made, and where."""

    work: Path = ROOT / "runs" / "pretrain"
    output: Path = PRETRAINED
    command: str = COMMAND
    code: str = "that of this repository"
    traces: int = TRACES
    training: dict[str, Any] = field(default_factory=lambda: TRAINING)
    seed: int = SEED
    """Of the training: weights, order, mutants, spellings."""

    @property
    def generated(self) -> Path:
        return self.work / "generated"

    @property
    def wide_catalog(self) -> Path:
        return self.work / "wide.json.gz"

    @property
    def attacked(self) -> Path:
        return self.work / "attacked.parquet"

    @property
    def wide(self) -> Path:
        """Traces of the wide catalogue, whose own unseen domains choose the epoch."""
        return self.work / "wide"


def main(argv: Sequence[str] | None = None) -> int:
    """Run all steps that are not done; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--smoke", action="store_true", help="tiny numbers, and other folders")
    parser.add_argument("--work", type=Path, help="where data and checkpoints go (default: runs/pretrain)")
    parser.add_argument("--output", type=Path, help="the model folder (default: gatling/assets/pretrained)")
    parser.add_argument("--code", help="what the card says of the code, such as a commit")
    parser.add_argument("--seed", type=int, default=SEED, help="of the training; the data stay the same (default: 0)")
    parser.add_argument("--results", type=Path, help="measured figures for the card, as Markdown")
    options = parser.parse_args(argv)
    recipe = Recipe()
    if options.smoke:
        work = ROOT / "runs" / "pretrain-smoke"
        recipe = Recipe(work=work, command=f"{COMMAND} --smoke", traces=SMOKE_TRACES, training=SMOKE_TRAINING)
    recipe = replace(recipe, work=options.work or recipe.work, code=options.code or recipe.code, seed=options.seed)
    output = options.output or (recipe.work / "pretrained" if options.smoke else PRETRAINED)
    try:
        return run(replace(recipe, output=output), _read_results(options.results))
    except GatlingError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def _read_results(path: Path | None) -> str | None:
    if path is None:
        return None
    try:
        results = path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot be read: {error}", file=str(path)) from None
    if "|" not in results:
        raise InputError("no figures: it must hold a Markdown table", file=str(path))
    return results


def run(recipe: Recipe, results: str | None) -> int:
    """Make the data, train, check and write the model; return the exit status."""
    recipe.work.mkdir(parents=True, exist_ok=True)
    if not recipe.wide_catalog.is_file():
        write_catalog(recipe.wide_catalog, wide_catalog())
    status = 0
    for catalog, output in (("builtin", recipe.generated), (str(recipe.wide_catalog), recipe.wide)):
        with _timed(recipe, "generate", unless=(output / "manifest.json").is_file()):
            generate = ["generate", "--catalog", catalog, "--traces", str(recipe.traces), "--seed", str(SEED)]
            status = status or gatling([*generate, "--output", str(output)])
    if status:
        return status
    result = train(recipe)
    if not result.is_complete:
        print("stopped; repeat the command to go on", file=sys.stderr)
        return 130
    if status := attack(recipe):
        return status
    write_model(recipe, result, results)
    return 0


def attack(recipe: Recipe) -> int:
    """Attack the compliant traces of the validation domains, on which the weight of the deep layers is chosen."""
    if recipe.attacked.is_file():
        return 0
    source = str(recipe.wide / "unseen_domains")
    return gatling(["corrupt", "--input", source, "--output", str(recipe.attacked), "--per-trace", "3", "--keep-input"])


def mixed(recipe: Recipe, trained: Path) -> tuple[Path, Mixing]:
    """Return the checkpoint with the weights of the deep layers that were chosen, and what they were chosen by."""
    store = Store(folder=recipe.work / "store")
    unseen = sorted((recipe.wide / "unseen_domains").glob("*.parquet"))
    plain, attacked = (Corpus.from_shards(store.open(paths).shards) for paths in (unseen, [recipe.attacked]))
    mixing = choose(trained, plain, attacked)
    path = recipe.work / "mixed.pt"
    write_mixed(trained, mixing, path)
    return path, mixing


def wide_catalog() -> list[ToolSpec]:
    """Return the bundled tools and Google's, without all that the bundled catalogue keeps unseen.

    Its unseen domains stay unseen, Google's in whatever version, and so does its unseen vendor.
    """
    bundled = load_catalog(["builtin"])
    generator = Generator(bundled, seed=SEED)
    unseen = {domain for split in ("unseen_domains", "unseen_vendor") for domain in generator.domains(split)}
    products = {product_of(domain) for _, domain in unseen}
    kept = [spec for spec in bundled if (spec.vendor, spec.domain) not in unseen]
    return [*kept, *(spec for spec in load_catalog(["google"]) if product_of(spec.domain) not in products)]


def product_of(domain: str) -> str:
    """Return what is left of a domain's name without its version: `dns` of `dns.v1beta2`."""
    return domain.split(".")[0]


def train(recipe: Recipe) -> FitResult:
    """Train, or go on from the newest checkpoint."""
    folder = recipe.work / "checkpoints"
    has_checkpoint = any(folder.glob("checkpoint_epoch_*.pt")) or (folder / "interrupted.pt").is_file()
    is_done = (folder / f"checkpoint_epoch_{recipe.training['epochs']}.pt").is_file()
    config = TrainingConfig(
        **recipe.training,
        seed=recipe.seed,
        dataset=(recipe.generated / "train", recipe.wide / "train"),
        val_dataset=(recipe.wide / "unseen_domains",),
        test_split=0.0,
        checkpoint_dir=folder,
        checkpoint_every=1,
        report_dir=recipe.work / "report",
        store_dir=recipe.work / "store",
        resume=folder if has_checkpoint else None,
    )
    with _timed(recipe, "train", unless=is_done):
        return fit(config, ConsoleReporter())


def write_model(recipe: Recipe, result: FitResult, results: str | None) -> None:
    """Write the folder in the work folder, check it there, and then where it belongs.

    Raises:
        TrainingError: if it is larger than `MAX_BYTES`, or a latent of the validation set has moved by more than `MIN_COSINE`.
    """
    assert result.best_path is not None
    tried = recipe.work / "tried"
    checkpoint, mixing = mixed(recipe, result.best_path)
    trained = write_folder(checkpoint, tried, card="", is_half=True)
    written = DualEncoder.from_pretrained(tried, precision="fp32")
    lowest = lowest_cosine(trained, written, result.data.splits.val)
    if lowest < MIN_COSINE:
        raise TrainingError(f"float16 moves a latent to a cosine of {lowest:.6f}, it must be at least {MIN_COSINE}")
    reranker = rerank(recipe, tried, written, result)
    values = card_values(recipe, result, mixing, num_bytes=_size(tried), lowest_cosine=lowest)
    values["reranking"] = "\n".join(model_card.reranking_table(reranker))
    card = model_card.render(values, results)
    size = _size(tried) + len(card.encode())
    if size > MAX_BYTES:
        raise TrainingError(f"the model takes {size} bytes, it must be at most {MAX_BYTES}")
    write_folder(checkpoint, recipe.output, card=card, is_half=True)
    copy_encoders(tried, recipe.output)
    print(f"{recipe.output}: {size / 1e6:.2f} MB, lowest cosine to the trained model {lowest:.7f}")


def rerank(recipe: Recipe, folder: Path, model: DualEncoder, result: FitResult) -> dict[str, Metrics]:
    """Train the re-ranker of the encoders in a folder on what they were trained on, write it there, and return its figures on the
    validation domains with their mutants, which also set its scales."""
    config = RerankerConfig(seed=recipe.seed)
    unseen = Corpus.from_shards(Store(folder=recipe.work / "store").open([recipe.attacked]).shards)
    corpus = result.data.splits.train
    with (
        _timed(recipe, "rerank", unless=False),
        Progress("matching", unit="traces", total=corpus.num_compliant) as progress,
    ):
        mutations = mutation_names(recipe.training["mutations"])
        found = train_reranker(model, corpus, unseen, config, mutations=mutations, on_example=progress.advance)
    figures = measured(found, model, unseen)
    stated = {**asdict(config), "compliant_traces": corpus.num_compliant}
    write_reranker(found, folder, folder, training=stated, figures=figures)
    return figures


def lowest_cosine(model: DualEncoder, other: DualEncoder, corpus: Corpus) -> float:
    """Return the lowest cosine between the latents of two models, over the contexts and plans of a corpus."""
    a, b = embed_corpus(model, corpus), embed_corpus(other, corpus)
    pairs = ((a.z_g, b.z_g), (a.z_e, b.z_e))
    return min(float(F.cosine_similarity(x.double(), y.double()).min()) for x, y in pairs)


def card_values(
    recipe: Recipe, result: FitResult, mixing: Mixing, *, num_bytes: int, lowest_cosine: float
) -> dict[str, Any]:
    """Return what the template of the card asks for."""
    assert result.best_path is not None
    best = read_checkpoint(result.best_path)
    specs = read_catalog(recipe.wide_catalog)
    wide = {"tools": len(specs), "domains": len({(spec.vendor, spec.domain) for spec in specs})}
    seconds = _read_seconds(recipe)
    metrics = {k.removeprefix("val/"): v for k, v in best["metrics"].items() if k.startswith("val/")}
    model = DualEncoder.create(
        **{k: recipe.training[k] for k in ("latent_dim", "hidden_dim", "num_layers", "num_heads")}
    )
    return {
        **recipe.training,
        "parameters": f"{sum(p.numel() for p in model.parameters()):,}",
        "size": f"{num_bytes / 1e6:.1f}",
        "lowest_cosine": f"{int(lowest_cosine * 1e6) / 1e6:.6f}",  # rounded down
        "generated_traces": f"{recipe.traces:,}",
        "seed": SEED,
        "training_seed": recipe.seed,
        "wide_tools": f"{wide['tools']:,}",
        "wide_domains": f"{wide['domains']:,}",
        "command": recipe.command,
        "code": recipe.code,
        "traces_per_epoch": f"{result.data.splits.train.num_compliant:,}",
        "best_epoch": best["epoch"],
        "machine": seconds["machine"],
        "generate_minutes": f"{seconds['generate'] / 60:.1f}",
        "train_minutes": f"{seconds['train'] / 60:.1f}",
        "rerank_minutes": f"{seconds.get('rerank', 0.0) / 60:.1f}",
        **{f"{what}_mix": f"{getattr(mixing, what):+.2f}" for what in ("retrieval", "energy")},
        "mixing": "\n".join(model_card.mixing_table(mixing)),
        "val_gallery": format_value(int(metrics["gallery_size"])),
        "validation": "\n".join(model_card.table(metrics)),
    }


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())


@contextmanager
def _timed(recipe: Recipe, step: str, *, unless: bool) -> Iterator[None]:
    """Add the time that a step takes to that of earlier runs, for the card; not if there is nothing left to do in it."""
    started = time.perf_counter()
    try:
        yield
    finally:
        if not unless:
            seconds = _read_seconds(recipe)
            seconds[step] = seconds.get(step, 0.0) + time.perf_counter() - started
            with atomic_write(recipe.work / "seconds.json") as stream:
                stream.write(json.dumps({**seconds, "machine": _machine()}).encode())


def _read_seconds(recipe: Recipe) -> dict[str, Any]:
    path = recipe.work / "seconds.json"
    return read_json(path) if path.is_file() else {"generate": 0.0, "train": 0.0, "machine": _machine()}


def _machine() -> str:
    info = Path("/proc/cpuinfo")
    names = [line for line in info.read_text().splitlines() if line.startswith("model name")] if info.is_file() else []
    name = names[0].split(":", 1)[1].strip() if names else platform.machine()
    precision = "bf16" if has_native_bf16(torch.device("cpu")) else "fp32"
    threads = torch.get_num_threads()
    return f"{os.cpu_count()} cores of {name}, {threads} threads, torch {torch.__version__}, {precision} training"


if __name__ == "__main__":
    sys.exit(main())
