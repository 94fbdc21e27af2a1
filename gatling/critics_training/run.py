"""`gatling train-energy` and `gatling calibrate`: from trace files to `critics.json` and `calibration.json`."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from gatling.attack.corrupter import mutation_names
from gatling.critics_training.calibrate import Scored, calibrate, check_promise, check_rates
from gatling.critics_training.examples import Example, ExampleMaker, examples_of_files
from gatling.critics_training.fit import FitConfig, cross_energies, energies, fit_hierarchy, fit_scope, fit_weights
from gatling.energy.calibration import CALIBRATION_NAME, Calibration
from gatling.energy.composite import CRITICS_NAME, CompositeEnergy
from gatling.energy.critics.critic import Critic
from gatling.energy.critics.hierarchy import HierarchyCritic
from gatling.energy.critics.latent import LatentCritic
from gatling.energy.critics.table import CRITICS
from gatling.energy.finding import Source
from gatling.errors import ConfigError, TrainingError
from gatling.evaluation.separation import auroc
from gatling.runtime import RuntimeEncoders
from gatling.runtime.folder import copy_encoders, encoders_digest
from gatling.schema.files import atomic_write

Advance = Callable[[int], None]
Floats = NDArray[np.float64]
MAX_FOLDS = 12


@dataclass(frozen=True)
class Trained:
    """What a run gives."""

    critics: CompositeEnergy
    calibration: Calibration
    figures: dict[str, Any]
    """On suites that the scoring network had not seen; weights and lines were fitted on the same scores."""


def train_critics(
    files: Sequence[Path],
    folder: Path,
    config: FitConfig,
    *,
    mutations: str,
    per_trace: int,
    limit: int,
    suite_by: str,
    max_false_alarms: float,
    max_escalations: float,
    on_trace: Advance = lambda count: None,
    on_step: Advance = lambda count: None,
) -> Trained:
    """Train all critics on trace files, with the encoders of a model folder.

    Raises:
        ConfigError: if a setting is out of range, or there are too few groups; before anything is fitted.
        TrainingError: if no plan is compliant or none is a violation.
    """
    if config.hidden < 3 or config.hidden % 3:
        raise ConfigError(f"--hidden is {config.hidden}, it must be a multiple of 3")
    check_rates(max_false_alarms, max_escalations)
    latent = LatentCritic(RuntimeEncoders.from_folder(folder))
    maker = ExampleMaker(latent, suite_by=suite_by)
    names = mutation_names(mutations) if per_trace else []
    examples = examples_of_files(
        files, maker, mutations=names, per_trace=per_trace, limit=limit, seed=config.seed, advance=on_trace
    )
    if not any(e.is_usable and e.is_violation for e in examples) or all(e.is_violation for e in examples):
        raise TrainingError("the critics need compliant plans, and violations that name a node to blame")
    check_promise(len({e.context for e in examples if not e.is_violation}), max_false_alarms)
    examples = with_folds(examples, config.seed)
    raw = cross_energies(examples, config, on_step)
    weights = fit_weights(examples, raw)
    learned: dict[str, Critic] = {
        Source.HIERARCHY: HierarchyCritic(fit_hierarchy(examples, config, on_step)),
        Source.SCOPE: fit_scope(examples, config),
    }
    formulas: dict[str, Critic] = {name: kind.read({}, "") for name, kind in CRITICS.items() if not kind.is_learned}
    critics = CompositeEnergy(
        {name: ({**formulas, **learned, Source.LATENT: latent})[name] for name in CRITICS},
        weights,
        encoders_digest(folder),
    )
    content = critics.to_json(training=_stated(files, config, mutations, per_trace, limit, suite_by, examples))
    critics = replace(critics, digest=hashlib.sha256(content).hexdigest())
    scored = Scored.of(examples, raw, weights)
    calibration = calibrate(
        scored, critics_digest=critics.digest, max_false_alarms=max_false_alarms, max_escalations=max_escalations
    )
    figures = {"content": content, "auroc": _auroc_of_all(scored), "ablation": _ablation(examples, raw)}
    return Trained(critics, calibration, figures)


def with_folds(examples: Sequence[Example], seed: int) -> list[Example]:
    """Return the examples with suites that can be left out one at a time: 2 to `MAX_FOLDS` of them.

    More are joined, and a single one is cut by context, both by digest.

    Raises:
        ConfigError: if there is only one context.
    """
    suites = {e.suite for e in examples}
    if 2 <= len(suites) <= MAX_FOLDS:
        return list(examples)
    whole = len(suites) > MAX_FOLDS

    def fold(example: Example) -> str:
        name = example.suite if whole else example.context
        digest = hashlib.sha256(f"{seed}:{name}".encode()).digest()
        return f"fold {int.from_bytes(digest[:4], 'big') % (MAX_FOLDS if whole else 4)}"

    folded = [replace(e, suite=fold(e)) for e in examples]
    if len({e.suite for e in folded}) < 2:
        raise ConfigError("the traces have a single context: there is nothing to leave out and to measure on")
    return folded


def _auroc_of_all(scored: Scored) -> dict[str, float]:
    """Return the area under the ROC curve of each critic and of all, by plan."""
    truth = torch.tensor(scored.is_violation)
    found = {str(s): round(auroc(torch.tensor(scored.critics[s]), truth), 4) for s in CRITICS}
    return {**found, "composite": round(auroc(torch.tensor(scored.composite), truth), 4)}


def _ablation(examples: Sequence[Example], raw: Sequence[dict[str, Floats]]) -> dict[str, float]:
    """Return the composite's AUROC with one critic left out at a time, the weights fitted anew."""
    found = {}
    for source in CRITICS:
        weights = fit_weights(examples, raw, without=frozenset([source]))
        scored = Scored.of(examples, raw, weights)
        found[str(source)] = round(auroc(torch.tensor(scored.composite), torch.tensor(scored.is_violation)), 4)
    return found


def _stated(
    files: Sequence[Path],
    config: FitConfig,
    mutations: str,
    per_trace: int,
    limit: int,
    suite_by: str,
    examples: Sequence[Example],
) -> dict[str, Any]:
    return {
        "files": [file.name for file in files],
        **asdict(config),
        "mutations": mutations,
        "per_trace": per_trace,
        "limit": limit,
        "suite_by": suite_by,
        "suites": sorted({e.suite for e in examples}),
        "examples": {kind: sum(e.kind == kind for e in examples) for kind in ("given", "mutant", "near_miss")},
        "violations": int(np.sum([e.is_violation for e in examples])),
    }


def write_critics(trained: Trained, folder: Path, output: Path) -> None:
    """Write critics and calibration into a model folder; encoders are copied along if it is another than `folder`."""
    copy_encoders(folder, output)
    _write(output / CRITICS_NAME, trained.figures["content"])
    _write(output / CALIBRATION_NAME, trained.calibration.to_json())


def recalibrate(
    files: Sequence[Path],
    folder: Path,
    *,
    mutations: str,
    per_trace: int,
    limit: int,
    max_false_alarms: float,
    max_escalations: float,
    seed: int,
    on_trace: Advance = lambda count: None,
) -> tuple[Calibration, Scored]:
    """Calibrate the critics of a model folder on trace files: their compliant plans, and violations with their mutants.

    Raises:
        ConfigError, CheckpointError: see `calibrate` and `CompositeEnergy.read`.
    """
    check_rates(max_false_alarms, max_escalations)
    latent = LatentCritic(RuntimeEncoders.from_folder(folder))
    critics = CompositeEnergy.read(folder / CRITICS_NAME, latent, encoders=encoders_digest(folder))
    names = mutation_names(mutations) if per_trace else []
    maker = ExampleMaker(latent if critics.uses_latent else None)
    examples = examples_of_files(
        files, maker, mutations=names, per_trace=per_trace, limit=limit, seed=seed, advance=on_trace
    )
    if all(e.is_violation for e in examples):
        raise TrainingError("no plan is compliant: there is nothing to hold false alarms against")
    raw = [energies(e, critics.hierarchy, critics.scope) for e in examples]
    scored = Scored.of(examples, raw, critics.weights)
    calibration = calibrate(
        scored, critics_digest=critics.digest, max_false_alarms=max_false_alarms, max_escalations=max_escalations
    )
    return calibration, scored


def _write(path: Path, content: bytes) -> None:
    with atomic_write(path) as stream:
        stream.write(content)
